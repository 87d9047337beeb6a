"""Traffic without a cpu, as a user asks for it: generators, and how runs of machines without cpus end.

usage: traffic_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import itertools
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import cli_test
from cli_test import CONFIGS, Case

HEAD = """version: 1
name: traffic
clock: 100MHz
buses:
  main: {width: 32, arbitration: round-robin}
memories:
  - {name: ram, bus: main, at: 0x80000000, size: 1MiB, wait_states: {read: {first: 2, next: 0}}}
devices:
"""
STUDY = [
    "{name: lcd, type: generator, bus: main, base: 0x80000000, range: 64KiB, burst: 16, rate: 100MiB, outstanding: 4, count: 200}",
    "{name: copy, type: generator, bus: main, base: 0x80020000, range: 64KiB, burst: 16, directions: rw, count: 100}",
    "{name: core, type: generator, bus: main, base: 0x80040000, range: 64KiB, pattern: random, reads: 60, think: 5, until: 20us}",
]
TX = ("time, cycle, initiator, dir, pa, size, value, region, result, wait_cycles, bus_cycles, target_cycles, blocker, beats,"
      " flags")


class TrafficCase(Case):
    def machine(self, name, entries, head=HEAD):
        self.write(name, head + "".join(f"  - {e}\n" for e in entries))

    def trace(self, config, *options, out="out", check=True):
        """The rows of tx; no invariant may fail, at close or from the rows."""
        self.good("run", config, "-o", out, "--trace", "--quiet", *options)
        if check:
            self.good("check", f"{out}/run.db")
        return self.rows(f"select {TX} from tx order by rowid", f"{out}/run.db")


class Runs(TrafficCase):
    def test_without_firmware(self):
        self.machine("m.yaml", STUDY)
        done = self.good("run", "m.yaml", "-o", "out", "--trace")
        self.assertRegex(done.stderr, r"exit status 0; [0-9.]+ s simulated, [0-9,]+ cycles, [0-9,]+ transactions")
        text = self.good("report", "out/run.db").stdout
        self.assertTrue(text.startswith("traffic, exit status 0\n"), text)
        for part in ("Traffic sources", "lcd.master", "Who blocked whom", "Latency"):
            self.assertIn(part, text)
        for part in ("no hart", "Functions", "Source lines", "instructions"):
            self.assertNotIn(part, text)
        sources = dict((r[0], r[1:]) for r in self.rows(
            "select initiator, type, pace, requests, bytes, asked_bytes_per_s, late from traffic_source"))
        self.assertEqual(sources["lcd.master"], ("generator", "open", 200, 200 * 64, 104857600, 0))
        self.assertEqual(sources["copy.master"][:4], ("generator", "closed", 100, 6400))
        self.assertEqual(self.rows("select sum(requests), sum(bytes) from traffic_source"),
                         self.rows("select count(*), sum(size) from tx"))
        # The run ends when the last request is complete.
        self.assertEqual(self.rows("select max(end_ps) from traffic_source"),
                         self.rows("select value from run where key = 'time_ps'"))
        self.assertEqual(self.rows("select name, kind, owner from initiator where kind = 'generator' order by name"),
                         [(f"{n}.master", "generator", n) for n in ("copy", "core", "lcd")])

    def test_any_order_of_entries(self):
        first = None
        for order in itertools.permutations(STUDY):
            self.machine("m.yaml", order)
            rows = self.trace("m.yaml", check=first is None)
            first = first or rows
            self.assertEqual(rows, first)
        self.assertGreater(sum(r[9] for r in first), 1000)  # they did contend

    def test_tracing_changes_nothing(self):
        self.machine("m.yaml", STUDY)
        rows = self.trace("m.yaml")
        self.good("run", "m.yaml", "-o", "plain", "--quiet")
        query = "select initiator, sum(accesses), sum(wait_cycles), sum(beats) from traffic group by 1"
        self.assertEqual(self.rows(query, "plain/run.db"), self.rows(query))
        self.assertEqual(sum(r[1] for r in self.rows(query)), len(rows))

    def test_limits(self):
        endless = STUDY[0].replace(", count: 200", "")
        self.machine("m.yaml", [endless] + STUDY[1:])
        self.bad("run", "m.yaml", says=["m.yaml:9: lcd", "count or until", "--limit-time"])
        self.assertEqual(self.call("run", "m.yaml", "--limit-insns", "5").returncode, 2)  # nobody counts them
        done = self.good("run", "m.yaml", "--limit-time", "50us", "-o", "out", status=124)
        self.assertIn("limit on time", done.stderr)
        self.assertEqual(self.rows("select value from run where key = 'time_ps'"), [(50000000,)])
        due = 50e-6 * 104857600 / 64  # whole requests of 64 bytes, and the first
        self.assertEqual(self.rows("select requests from traffic_source where initiator = 'lcd.master'"), [(int(due) + 1,)])
        self.good("run", "m.yaml", "--limit-time", "50us", "-o", "out", "--quiet", "--set", "lcd.rate=800MiB", status=124)
        requests, missed, late = self.rows("select requests, missed, late_cycles_max from traffic_source"
                                           " where initiator = 'lcd.master'")[0]
        self.assertAlmostEqual(requests + missed, 50e-6 * 8 * 104857600 / 64, delta=5)  # up to four are under way
        self.assertGreater(missed, requests)
        self.assertGreater(late, 2500)
        self.good("run", "m.yaml", "--limit-cycles", "5000", "--quiet", "-o", "out", status=124)
        self.assertEqual(self.rows("select value from run where key = 'time_ps'"), [(50000000,)])

    def test_who_needs_firmware(self):
        self.machine("m.yaml", STUDY)
        self.bad("run", "m.yaml", "hello.elf", says=["m.yaml", "no cpu", "hello.elf", "--load"])
        self.bad("run", "board.yaml", says=["board.yaml", "firmware"])
        self.good("run", "m.yaml", "--load", "hello.elf", "--quiet")
        self.machine("empty.yaml", ["{name: test0, type: sifive-test, bus: main, at: 0x100000}"])
        self.bad("run", "empty.yaml", says=["empty.yaml", "nothing would happen"])

    def test_priorities(self):
        waits = {}
        for first in ("lcd", "copy"):
            self.machine("m.yaml", [e.replace("}", f", master_priority: {int(f'name: {first},' not in e)}}}") for e in STUDY])
            rows = self.trace("m.yaml", "--set", "main.arbitration=fixed")
            waits[first] = sum(r[9] for r in rows if r[2] == "copy.master")
        self.assertLess(waits["copy"], waits["lcd"])
        self.assertEqual(self.rows("select priority from initiator where name = 'copy.master'"), [(0,)])

    def test_beside_a_hart(self):
        """Generators do not end a run that has a cpu; quantum, fast path and recording change no result."""
        self.write("m.yaml", f"extends: {CONFIGS}/mcu.yaml\ndevices:\n" + "".join(
            f"  - {e.replace('0x800', '0x803')}\n" for e in STUDY))
        results = set()
        query = "select initiator, sum(accesses), sum(wait_cycles), sum(beats) from traffic where kind <> 'fetch' group by 1"
        for options in ([], ["--no-fast-path"], ["--quantum", "100ps"], ["--trace"]):
            self.good("run", "m.yaml", cli_test.FIRMWARE / "rv32/compute-small.elf", "-o", "out", "--quiet", "--limit-insns", "20000",
                      *options, status=124)
            cycles = self.rows("select value from run where key = 'cycles'")
            results.add(tuple(cycles + self.rows(query)))
        self.assertEqual(len(results), 1, results)
        waits = {row[0]: row[2] for row in next(iter(results))[1:]}
        self.assertGreater(min(waits["cpu0"], waits["core.master"], waits["lcd.master"]), 100, waits)

    def starve(self):
        self.write("m.yaml", f"extends: {CONFIGS}/mcu.yaml\nbuses:\n  main: {{arbitration: fixed}}\ncpus:\n  - {{name: cpu0, priority: 5}}\n"
                   "devices:\n  - {name: all, type: generator, bus: main, base: 0x80300000, range: 64KiB, outstanding: 4}\n")

    def test_a_limit_ends_a_starved_hart(self):
        self.starve()
        done = self.good("run", "m.yaml", cli_test.FIRMWARE / "rv32/compute-small.elf", "-o", "out", "--limit-time", "100us", status=124)
        self.assertIn("limit on time", done.stderr)
        self.good("check", "out/run.db")
        waited, = self.rows("select sum(wait_cycles) from traffic where initiator = 'cpu0'")
        self.assertGreater(waited[0], 4000)

    def test_signals_end_a_starved_hart(self):
        self.starve()
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            running = subprocess.Popen([cli_test.SOCSCOPE, "run", "m.yaml", cli_test.FIRMWARE / "rv32/compute-small.elf", "-o", "out"],
                                       cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            while not blocks(running.pid, number):
                self.assertIsNone(running.poll())
                time.sleep(0.01)
            running.send_signal(number)
            try:
                _, error = running.communicate(timeout=60)
            finally:
                running.kill()
            self.assertEqual(running.returncode, status)
            self.assertRegex(error, "socscope: interrupted; .* transactions")
            self.good("check", "out/run.db")
            self.assertEqual(self.rows("select key, value from run where key in ('complete', 'stop') order by 1"),
                             [("complete", 1), ("stop", "interrupted")])


def blocks(pid, number):
    """Has the run begun? It blocks the signals that end it, and looks for them."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        mask = next(line for line in f if line.startswith("SigBlk:"))
    return int(mask.split()[1], 16) >> (number - 1) & 1


class Wrong(TrafficCase):
    def test_parameters(self):
        base = "base: 0x80000000, range: 4KiB"
        cases = [  # entry, what the message must say
            ("range: 4KiB", ["base"]),
            ("base: 0x80000000", ["range"]),
            (f"{base}, at: 0x1000, count: 1", ["at: a generator has no registers", "leave it out"]),
            (f"{base}, wait_states: 1, count: 1", ["wait_states"]),
            (f"{base}, priority: 1, count: 1", ["priority"]),
            (f"{base}, size: 3", ["size of g", "power of two"]),
            (f"{base}, size: 256", ["size", "256"]),
            (f"{base}, burst: 0", ["burst"]),
            (f"{base}, size: 128, burst: 33", ["burst of g", "4096"]),
            ("base: 0, range: 3", ["range of g", "no request fits"]),
            ("base: 0xfffffffffffffff0, range: 32", ["range of g", "2^64"]),
            (f"{base}, pattern: randm", ["pattern of g", "sequential, stride, random or list"]),
            (f"{base}, pattern: stride", ["stride of g", "needs it"]),
            (f"{base}, stride: 4", ["stride of g", "leave it out"]),
            (f"{base}, pattern: list", ["list of g"]),
            (f"{base}, list: '0'", ["list of g", "leave it out"]),
            (f"{base}, pattern: list, list: '0 4x'", ["list of g", "numbers"]),
            (f"{base}, pattern: list, list: '-4'", ["list of g", "numbers"]),
            (f"{base}, pattern: list, list: '0xffd'", ["list of g", "leaves the range"]),
            (f"{base}, pattern: list, list: '99999999999999999999999'", ["list of g", "leaves the range"]),
            (f"{base}, reads: 101", ["reads", "101"]),
            (f"{base}, directions: rwx", ["directions of g", "r and w"]),
            (f"{base}, rate: 1, every: 1", ["rate of g", "leave one out"]),
            (f"{base}, rate: 1, think: 1", ["think of g", "closed loop"]),
            (f"{base}, start: 2us, until: 1us", ["until of g", "later"]),
            (f"{base}, start: 5", ["start", "unit"]),
            (f"{base}, active: 2us, period: 1us", ["active of g", "period"]),
            (f"{base}, period: 1us", ["active of g", "period"]),
            (f"{base}, outstanding: 0", ["outstanding"]),
            (f"{base}, outstanding: 65", ["outstanding"]),
            (f"{base}, master_priority: 256", ["master_priority"]),
            (f"{base}, master: man", ["master", "main"]),
            (f"{base}, burts: 1", ["burts", "burst"]),
        ]
        for text, says in cases:
            self.machine("m.yaml", [f"{{name: g, type: generator, bus: main, {text}}}"])
            self.bad("run", "m.yaml", "--limit-time", "1us", says=["m.yaml:9: "] + says)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
