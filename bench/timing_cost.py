#!/usr/bin/env python3
"""What honest time costs: user seconds of `compute` under each timing profile, as ratios to the untimed run (`none`).

Usage: bench/timing_cost.py [--check] [ROUNDS] [BUILD]     (5, build/release)
All runs are made in each round, on configs/mcu.yaml; of each the least counts. The runs beside another initiator
(bench/contended.yaml) end after fewer instructions; they are compared with the same hart and traffic on a bus that takes no
time, and with the hart alone. With --check the exit status is 1 when a goal is missed.
"""
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = "{size: 16KiB, ways: 2, line: 32}"
CORES = ["ibex-small", "ibex-maxperf", "cv32e40p", "hazard3-min", "hazard3-rp2350", "picorv32-fast", "picorv32-default",
         "picorv32-compressed", "ue-riscv"]
WAITS = ["--set", "buses.code.wait_states=1", "--set", "buses.main.wait_states=1"]
# name: options, goal
RUNS = {"none": (["--timing", "none"], None), "table": (["--timing", "generic-table"], 1.15)}
RUNS |= {f"pipeline {core}": (["--timing", core], 2) for core in CORES}
RUNS |= {f"pipeline {core}, wait state": (["--timing", core, *WAITS], 2) for core in CORES[:5]}
RUNS["L1 I+D, table"] = (["--set", f"cpus.cpu0.icache={CACHE}", "--set", f"cpus.cpu0.dcache={CACHE}"], 2)
FEW = 60000000
# Beside a DMA: what honesty costs is the ratio to the same traffic on a bus that takes no time.
TRAFFIC = {"1/16 of the bus": ["--set", "dma1.rate=12500000"], "1/4 of the bus": ["--set", "dma1.rate=50000000"],
           "1/2 of the bus": ["--set", "dma1.rate=100000000"], "without a pause": []}
CONTENDED_GOAL = 3


def seconds(build, config, options, status=0):
    """User seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = subprocess.run([build / "socscope", "run", ROOT / config, build / "firmware/rv32/compute.elf",
                          "--progress", "never", *options], capture_output=True, text=True)
    if out.returncode != status or (not status and "10 of 10 kernels right" not in out.stdout):
        sys.exit(f"timing_cost: error: {options} failed\n{out.stderr}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def tell(name, time, than, goal, more=""):
    """Prints a line; returns whether the goal is missed."""
    ratio = time / than
    verdict = "" if goal is None else f"<= {goal}  {'ok' if ratio <= goal else 'MISSED'}"
    print(f"{name:40} {time:6.2f} s  {ratio:5.2f} x  {verdict}{more}".rstrip())
    return goal is not None and ratio > goal


def main():
    """Prints a line per run."""
    args = [a for a in sys.argv[1:] if a != "--check"]
    rounds = int(args[0]) if args else 5
    build = pathlib.Path(args[1] if len(args) > 1 else ROOT / "build/release").resolve()
    best = dict.fromkeys([*RUNS, "alone", *TRAFFIC, *((name, "untimed") for name in TRAFFIC)], float("inf"))
    few = ["--timing", "none", "--limit-insns", str(FEW)]
    for _ in range(rounds):
        for name, (options, _) in RUNS.items():
            best[name] = min(best[name], seconds(build, "configs/mcu.yaml", options))
        best["alone"] = min(best["alone"], seconds(build, "configs/mcu.yaml", few, 124))
        for name, options in TRAFFIC.items():
            for key, more in (name, []), ((name, "untimed"), ["--set", "main.timing=none"]):
                best[key] = min(best[key], seconds(build, "bench/contended.yaml", [*few, *options, *more], 124))
    missed = False
    for name, (_, goal) in RUNS.items():
        missed |= tell(name, best[name], best["none"], goal)
    for name in TRAFFIC:
        missed |= tell(f"beside DMA, {name}", best[name], best[name, "untimed"], CONTENDED_GOAL,
                       f"  {best[name] / best['alone']:.1f} x the hart alone")
    sys.exit(missed and "--check" in sys.argv)


main()
