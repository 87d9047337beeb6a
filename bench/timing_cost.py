#!/usr/bin/env python3
"""What honest time costs: user seconds of `compute` under each timing profile, as ratios to the untimed run (`none`).

Usage: bench/timing_cost.py [--check] [ROUNDS] [BUILD]     (5, build/release)
All runs are made in each round, on configs/mcu.yaml; of each the least counts. The runs beside another initiator
(bench/contended.yaml) end after fewer instructions, and so does the run that they are compared with. With --check the exit
status is 1 when a goal is missed.
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
FEW_RUNS = {"none, alone": ("configs/mcu.yaml", [], None),
            "beside DMA, 1/16 of the bus": ("bench/contended.yaml", ["--set", "dma1.rate=12500000"], 3),
            "beside DMA, 1/4 of the bus": ("bench/contended.yaml", ["--set", "dma1.rate=50000000"], 3),
            "beside DMA without a pause": ("bench/contended.yaml", [], 3)}


def seconds(build, config, options, status=0):
    """User seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = subprocess.run([build / "socscope", "run", ROOT / config, build / "firmware/rv32/compute.elf",
                          "--progress", "never", *options], capture_output=True, text=True)
    if out.returncode != status or (not status and "10 of 10 kernels right" not in out.stdout):
        sys.exit(f"timing_cost: error: {options} failed\n{out.stderr}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    """Prints a line per run."""
    args = [a for a in sys.argv[1:] if a != "--check"]
    rounds = int(args[0]) if args else 5
    build = pathlib.Path(args[1] if len(args) > 1 else ROOT / "build/release").resolve()
    best = dict.fromkeys([*RUNS, *FEW_RUNS], float("inf"))
    for _ in range(rounds):
        for name, (options, _) in RUNS.items():
            best[name] = min(best[name], seconds(build, "configs/mcu.yaml", options))
        for name, (config, options, _) in FEW_RUNS.items():
            best[name] = min(best[name], seconds(build, config, ["--timing", "none", "--limit-insns", str(FEW), *options], 124))
    missed = False
    for alone, runs in ("none", RUNS), ("none, alone", FEW_RUNS):
        for name, (*_, goal) in runs.items():
            ratio = best[name] / best[alone]
            missed |= goal is not None and ratio > goal
            verdict = "" if goal is None else f"<= {goal}  {'ok' if ratio <= goal else 'MISSED'}"
            print(f"{name:40} {best[name]:6.2f} s  {ratio:5.2f} x  {verdict}".rstrip())
    sys.exit(missed and "--check" in sys.argv)


main()
