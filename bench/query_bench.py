#!/usr/bin/env python3
"""What questions cost on a database of 100 M transactions.

Usage: bench/query_bench.py [--check] [--rounds N] [BUILD [DATABASE]]    (3, build/release)

Records what `compute` does in its first instructions, all kinds, with values, unless DATABASE is given and there. The measure is
user-CPU seconds of `socscope sql` (or `report`), the least of N rounds; other work on the machine disturbs it least. Every line
has its goal and whether it was met; with --check the exit status is 1 when one was not.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

INSTRUCTIONS = 83_000_000  # 100 M transactions
MEMORY_MIB = 500


def measure(command):
    """User seconds, MiB at most, and what it printed."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode()
    if child.returncode:
        sys.exit(f"query_bench: error: {' '.join(command)}: {text.strip()}")
    return usage.ru_utime, usage.ru_maxrss / 1024, text


def queries(socscope, db):
    """(what, SQL or None for a report, goal in seconds or None)"""
    def number(sql):
        return int(measure([socscope, "sql", "--csv", db, sql])[2].splitlines()[1])

    begin, end = number("select min(first_time) from chunk"), number("select max(last_time) from chunk")
    at = begin + (end - begin) // 2
    to = at + (end - begin) // 50
    value = number(f"select value from tx where kind = 'load' and time between {at} and {to} limit 1")
    return [
        ("open, count in the chunk table", "select sum(rows) from chunk", 1),
        ("report", None, 1),
        ("group by site columns", "select s.kind_id, s.region_id, s.dir, sum(x.accesses), sum(x.wait_cycles) from tx_site x "
         "join site s on s.id = x.site group by 1, 2, 3", 0.3),
        ("2 % of the time: count, sum", f"select count(*), sum(target_cycles) from tx where time between {at} and {to}", 0.15),
        ("2 % of the time: one kind", f"select count(*), max(value) from tx where time between {at} and {to} and kind = 'store'",
         0.15),
        ("one region", "select count(*), sum(wait_cycles) from tx where region = 'uart0'", 0.15),
        ("any value: one that is rare", "select rowid, time, pc from tx where value = 0x5eed5eed", 1),
        ("any value: one of every chunk", f"select count(*), min(time) from tx where value = {value}", 1),
        ("count(*)", "select count(*) from tx", None),
    ]


def main():
    args = sys.argv[1:]
    check, rounds = "--check" in args, 3
    args = [a for a in args if a != "--check"]
    if args[:1] == ["--rounds"]:
        rounds, args = int(args[1]), args[2:]
    build = Path(args[0] if args else "build/release")
    socscope, elf = str(build / "socscope"), build / "firmware/rv32/compute.elf"
    with tempfile.TemporaryDirectory() as folder:
        db = Path(args[1]) if len(args) > 1 else Path(folder) / "run.db"
        if not db.exists():
            subprocess.run([socscope, "run", "configs/virt32.yaml", str(elf), "-o", str(db.parent), "--trace", "--limit-insns",
                            str(INSTRUCTIONS), "--quiet", "--progress", "never"], stdout=subprocess.DEVNULL)
        db = str(db)
        rows = measure([socscope, "sql", "--csv", db, "select sum(rows) from chunk"])[2].splitlines()[1]
        print(f"{rows} transactions, {os.path.getsize(db) / 1e6:.1f} MB; least user seconds of {rounds} rounds, MiB of memory")
        missed = False
        for what, sql, goal in queries(socscope, db):
            command = [socscope, "sql", "--csv", db, sql] if sql else [socscope, "report", db]
            runs = [measure(command)[:2] for _ in range(rounds)]
            seconds, memory = min(r[0] for r in runs), max(r[1] for r in runs)
            bad = (goal is not None and seconds > goal) or memory > MEMORY_MIB
            missed |= bad
            limit = f"<= {goal:4.2f}  {'MISSED' if bad else 'ok'}" if goal else ""
            print(f"{what:<34} {seconds:7.3f} s {memory:6.0f} MiB  {limit}", flush=True)
    return check and missed


if __name__ == "__main__":
    sys.exit(main())
