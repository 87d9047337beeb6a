"""Floating point on three: socscope, QEMU and cpu/fp.h by itself must print the
same hashes of results and flags, for every F and D instruction in every rounding
mode, in both widths.

Usage: fp_compare.py SOCSCOPE FIRMWARE_DIR CONFIG_DIR FP_HOST PROGRAM ROUNDS

PROGRAM (tests/firmware/fp.c) was compiled with these ROUNDS per instruction and
mode; FP_HOST is the same file compiled for this machine. A missing QEMU or ELF
is a failure.
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

TIMEOUT_S = 1800
MODES = 6


def run(command):
    """Console lines, or what went wrong."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return None, str(problem)
    lines = done.stdout.decode("latin-1").replace("\r\n", "\n").splitlines()
    if done.returncode != 0 or lines[-1:] != ["fp: done"]:
        return None, f"exit status {done.returncode}, {len(lines)} lines; {done.stderr.decode('latin-1').strip()[-300:]}"
    return lines, None


def compare(width, who, lines, expected):
    """Complaints about lines, word by word: `instruction mode hash mode hash ...`"""
    bad = []
    if len(lines) != len(expected):
        bad.append(f"rv{width}: {who} printed {len(lines)} lines, cpu/fp.h {len(expected)}")
    for mine, theirs in zip(lines, expected):
        a, b = mine.split(), theirs.split()
        if len(a) != len(b) or a[0] != b[0]:
            bad.append(f"rv{width}: {who} printed {mine!r}, cpu/fp.h {theirs!r}")
            continue
        bad += [f"rv{width}: {a[0]} {a[n - 1]}: {who} {a[n]}, cpu/fp.h {b[n]}" for n in range(2, len(a), 2) if a[n] != b[n]]
    return bad


def main():
    socscope, firmware, configs, fp_host = (pathlib.Path(arg).resolve() for arg in sys.argv[1:5])
    program, rounds = sys.argv[5:7]
    bad = []
    compared = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool, tempfile.TemporaryDirectory() as scratch:
        jobs = {}
        for width in 32, 64:
            elf = firmware / f"rv{width}" / f"{program}.elf"
            jobs[width] = {
                "cpu/fp.h": pool.submit(run, [fp_host, str(width), rounds]),
                "QEMU": pool.submit(run, [f"qemu-system-riscv{width}", "-M", "virt", "-bios", "none", "-nographic",
                                          "-serial", "stdio", "-monitor", "none", "-kernel", elf]),
                "socscope": pool.submit(run, [socscope, "run", configs / f"virt{width}.yaml", elf, "--progress", "never",
                                              "-o", f"{scratch}/{width}"]),
            }
        for width, runs in jobs.items():
            results = {who: job.result() for who, job in runs.items()}
            bad += [f"rv{width}: {who}: {why}" for who, (_, why) in results.items() if why]
            expected = results.pop("cpu/fp.h")[0]
            for who, (lines, _) in results.items():
                if lines and expected:
                    wrong = compare(width, who, lines, expected)
                    compared += len(lines) - 1
                    bad += wrong
                    print(f"rv{width}: {who}: {len(lines) - 1} instructions, {MODES} modes, {rounds} rounds, "
                          f"{len(wrong)} differences")
    for line in bad:
        print("FAILED", line)
    sys.exit(bool(bad) or not compared)


main()
