#!/usr/bin/env python3
"""Replays every reference transcript; each must come out byte for byte.

usage: golden_test.py MEMORY_REPLAY FOLDER
"""
import concurrent.futures
import difflib
import os
import pathlib
import subprocess
import sys

PAIRS = 487  # as many as there are; fewer found is a failure
SHOWN = 5    # differences printed


def replay(program, script):
    """What is wrong with one script's transcript, as lines; none: nothing."""
    expect = script.with_suffix(".expect")
    if not expect.exists():
        return [f"== {script.stem}: there is no {expect.name}"]
    want = expect.read_bytes()
    try:
        run = subprocess.run([program, str(script)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return [f"== {script.stem}: not done after 60 s"]
    if run.returncode == 0 and run.stdout == want and not run.stderr:
        return []
    said = run.stderr.decode(errors="replace").strip()
    diff = difflib.unified_diff(want.decode(errors="replace").splitlines(),
                                run.stdout.decode(errors="replace").splitlines(),
                                expect.name, "here", lineterm="", n=4)
    return [f"== {script.stem}: exit status {run.returncode} {said[:2000]}", *diff]


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    scripts = sorted(folder.glob("*.script"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda s: replay(program, s), scripts))
    failed = [s.stem for s, wrong in zip(scripts, results) if wrong]
    for wrong in [r for r in results if r][:SHOWN]:
        print("\n".join(wrong[:40]))
    print(f"{len(scripts) - len(failed)} of {len(scripts)} transcripts equal")
    if failed:
        print("different: " + " ".join(failed))
    if len(scripts) < PAIRS:
        print(f"only {len(scripts)} pairs in {folder}; there are {PAIRS}")
    return 1 if failed or len(scripts) < PAIRS else 0


if __name__ == "__main__":
    sys.exit(main())
