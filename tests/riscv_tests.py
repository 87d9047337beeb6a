"""Runs conformance tests that report through `tohost` and counts what they say.

usage: riscv_tests.py SOCSCOPE CONFIGS FOLDER [NAME...]

Every ELF file of FOLDER (and below) whose name begins with rv32 or rv64 runs on CONFIGS/spike32.yaml or spike64.yaml; with
NAMEs, those whose name contains one of them. Exit status 0: all passed.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

LIMIT = 20_000_000  # instructions


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def run(socscope, configs, path):
    config = configs / f"spike{path.name[2:4]}.yaml"
    try:
        done = subprocess.run([socscope, "run", config, path, "--limit-insns", str(LIMIT)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=120)
    except subprocess.TimeoutExpired:
        return False, "no end after 120 s"
    last = (done.stderr.strip().splitlines() or [""])[-1]
    return done.returncode == 0 and "test passed" in last, last.removeprefix("socscope: ").split(";")[0]


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    socscope, configs, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    names = sys.argv[4:]
    tests = sorted(p for p in folder.rglob("rv*") if p.name[:4] in ("rv32", "rv64") and p.is_file() and is_elf(p) and
                   (not names or any(name in p.name for name in names)))
    if not tests:
        print(f"riscv_tests: no ELF file in {folder} has a name that begins with rv32 or rv64", file=sys.stderr)
        return 2
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (passed, said) in zip(tests, pool.map(lambda p: run(socscope, configs, p), tests)):
            if not passed:
                failed += 1
                print(f"FAILED {path.relative_to(folder)}: {said}")
    print(f"{len(tests) - failed} of {len(tests)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
