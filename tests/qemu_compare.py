"""The same ELF files on socscope and on QEMU's `virt` board: the console and the
exit status must agree.

Usage: qemu_compare.py SOCSCOPE FIRMWARE_DIR CONFIG_DIR

Every program runs on every board of its width; `compute` runs in one width on
one board, because it takes half a billion instructions. Lines that begin with
`own:` come from devices QEMU does not have, or where QEMU 7.2 differs from the
architecture; they are compared with OWN below instead. A missing QEMU, ELF or
board is a failure.
"""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BOARDS = {"rv32": ["mcu", "virt32", "sifive_e"], "rv64": ["virt64"]}
PROGRAMS = ["access", "app", "compute", "compute-small", "interrupts", "status", "streams", "uart", "hifive"]
ONCE = {"compute": ("rv32", "virt32"), "hifive": ("rv32", "sifive_e")}
# Boards that only run their own programs; they end by semihosting.
OWN_PROGRAMS = {"sifive_e": ["hifive"]}
SEMIHOSTING = {"sifive_e"}
TIMEOUT_S = 240

# (program, board): what must stand in the `own:` lines of socscope, as patterns.
# Misaligned accesses to a device or to nothing never succeed by half: each is a
# trap, or (a load that reads two aligned words) a value.
MISALIGNED = r"own: (load|store) \d at [0-9a-f]{8}: (trap [57] at [0-9a-f]{8}|[0-9a-f]{8})"
ORDER = r"own: order 11 3 7"
OWN = {
    ("interrupts", "mcu"): [ORDER, r"own: timer once 1, periodic 4, right",
                              r"own: gpio edges 5 and 2, pins 15 and 12, right", r"own: dma while working \d+, right",
                              r"own: dma two channels, right", r"own: dma to nothing, status 4, right"],
    ("interrupts", "virt32"): [ORDER],
    ("interrupts", "virt64"): [ORDER],
    ("hifive", "sifive_e"): [r"own: pwm periods 4", r"own: rtc alarms 1", r"own: flash 9d6018, as executed"],
    ("app", "mcu"): [r"own: frames copied by the DMA engine"],
    ("access", "mcu"): [MISALIGNED],
    ("access", "virt32"): [MISALIGNED],
    ("access", "virt64"): [MISALIGNED],
}


def run(command):
    """Console bytes and exit status; a hang is None."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as late:
        return late.stdout or b"", None, b"timeout"
    return done.stdout, done.returncode, done.stderr


def split_own(console):
    lines = console.replace(b"\r\n", b"\n").splitlines(keepends=True)
    own = [line for line in lines if line.startswith(b"own:")]
    return b"".join(line for line in lines if not line.startswith(b"own:")), own


def first_difference(a, b):
    a, b = a.splitlines(), b.splitlines()
    for n in range(max(len(a), len(b))):
        x = a[n] if n < len(a) else b"(end)"
        y = b[n] if n < len(b) else b"(end)"
        if x != y:
            return f"line {n + 1}: socscope {x!r}, QEMU {y!r}"
    return "line ends differ"


def own_complaint(program, board, own):
    """The `own:` lines must be the expected ones: every line fits a pattern and
    every pattern has a line."""
    patterns = OWN.get((program, board), [])
    lines = [line.decode("latin-1").rstrip("\n") for line in own]
    for line in lines:
        if not any(re.fullmatch(p, line) for p in patterns):
            return f"unexpected {line!r}"
    for pattern in patterns:
        if not any(re.fullmatch(pattern, line) for line in lines):
            return f"no line like {pattern!r}"
    return None


def main():
    socscope, firmware, configs = (pathlib.Path(arg).resolve() for arg in sys.argv[1:4])
    bad = []
    jobs = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool, \
            tempfile.TemporaryDirectory() as scratch:
        for width, boards in BOARDS.items():
            qemu = f"qemu-system-riscv{width[2:]}"
            if not shutil.which(qemu):
                bad.append(f"{qemu} is missing; scripts/setup.sh installs it")
                continue
            for program in PROGRAMS:
                only_width, only_board = ONCE.get(program, (width, None))
                elf = firmware / width / f"{program}.elf"
                if width != only_width:
                    continue
                if not elf.exists():
                    bad.append(f"{elf} is missing")
                    continue
                machine = ["-M", only_board, "-semihosting"] if only_board in SEMIHOSTING else ["-M", "virt"]
                theirs = pool.submit(run, [qemu, *machine, "-bios", "none", "-nographic", "-serial", "stdio",
                                           "-monitor", "none", "-kernel", elf])
                for board in boards:
                    if only_board in (None, board) and program in OWN_PROGRAMS.get(board, [program]):
                        ours = pool.submit(run, [socscope, "run", configs / f"{board}.yaml", elf, "--progress", "never",
                                                 "-o", f"{scratch}/{program}-{board}",
                                                 *["--semihosting"] * (board in SEMIHOSTING)])
                        jobs[program, board] = ours, theirs
        for (program, board), (ours, theirs) in jobs.items():
            our_console, our_status, our_errors = ours.result()
            their_console, their_status, their_errors = theirs.result()
            our_text, own = split_own(our_console)
            their_text, _ = split_own(their_console)
            why = None
            if their_status is None:
                why = "QEMU did not end"
            elif our_status != their_status:
                why = f"exit status {our_status}, QEMU {their_status}; {our_errors.decode('latin-1').strip()[-300:]}"
            elif our_text != their_text:
                why = first_difference(our_text, their_text)
            elif not their_text:
                why = f"QEMU printed nothing; {their_errors.decode('latin-1').strip()[-300:]}"
            else:
                why = own_complaint(program, board, own)
            print(f"{program} on {board}: {why or 'equal'}")
            if why:
                bad.append(f"{program} on {board}: {why}")
    print(f"{len(jobs)} comparisons, {len(bad)} wrong")
    for line in bad:
        print("FAILED", line)
    sys.exit(bool(bad) or not jobs)


main()
