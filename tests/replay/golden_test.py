#!/usr/bin/env python3
"""Replays every reference transcript; each must come out byte for byte.

usage: golden_test.py MEMORY_REPLAY FOLDER
"""
import difflib
import pathlib
import subprocess
import sys

PAIRS = 487  # as many as there are; fewer found is a failure
SHOWN = 5    # differences printed


def show(name, want, got):
    lines = difflib.unified_diff(want.decode(errors="replace").splitlines(),
                                 got.decode(errors="replace").splitlines(),
                                 name + ".expect", "here", lineterm="", n=4)
    for _, line in zip(range(40), lines):
        print(line)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    scripts = sorted(folder.glob("*.script"))
    failed = []
    for script in scripts:
        want = script.with_suffix(".expect").read_bytes()
        run = subprocess.run([program, str(script)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=60, check=False)
        if run.returncode or run.stdout != want:
            failed.append(script.stem)
            if len(failed) <= SHOWN:
                print(f"== {script.stem}: exit status {run.returncode} "
                      f"{run.stderr.decode(errors='replace').strip()}")
                show(script.stem, want, run.stdout)
    print(f"{len(scripts) - len(failed)} of {len(scripts)} transcripts equal")
    if failed:
        print("different: " + " ".join(failed))
    if len(scripts) < PAIRS:
        print(f"only {len(scripts)} pairs in {folder}; there are {PAIRS}")
    return 1 if failed or len(scripts) < PAIRS else 0


if __name__ == "__main__":
    sys.exit(main())
