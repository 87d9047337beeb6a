"""What a user is told about the cycles between two configurations: the causes
that `socscope diff` names sum to the difference, agree with both reports, and
the largest is what was changed. Real firmware on pairs of machines that differ
in bus width, wait states, cache size, profile, and two of these at once.

Usage: explain_cycles_test.py SOCSCOPE FIRMWARE_DIR CONFIGS_DIR
"""
import collections
import json
import os
import subprocess
import sys
import tempfile
import unittest

SOCSCOPE, FIRMWARE, CONFIGS = map(os.path.abspath, sys.argv[1:4])

CACHED = """
memories: [{name: sram, wait_states: 8}]
cpus:
  - name: cpu0
    icache: {size: 8KiB, ways: 2, line: 32, fill_overhead: 2}
    dcache: {size: 8KiB, ways: 2, line: 32, fill_overhead: 2}
"""

# The code of app lies in both.
SPLIT = """
memories:
  - {name: sram, size: 8KiB}
  - {name: sram2, bus: [main, code], at: 0x80002000, size: 4088KiB, kind: ram}
"""

WIDTH = ["--set", "buses.main.width=8"]
CODE_WIDTH = ["--set", "buses.code.width=16"]
WAITS = ["--set", "memories.sram.wait_states=3"]
IBEX = ["--timing", "ibex-small"]
SMALL_D = ["--set", "cpus.cpu0.dcache.size=256"]
SMALL_I = ["--set", "cpus.cpu0.icache.size=512"]
NO_D = ["--set", "cpus.cpu0.dcache=none"]


class Explained(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name, board in (("mcu", ""), ("cached", CACHED), ("split", SPLIT)):
            with open(cls.config(name), "w", encoding="utf-8") as f:
                f.write(f"extends: {os.path.join(CONFIGS, 'mcu.yaml')}\n{board}")
        cls.runs = {}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def config(cls, board):
        return os.path.join(cls.folder.name, board + ".yaml")

    def tool(self, *args):
        p = subprocess.run([SOCSCOPE, *args], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, p.returncode, p.stdout + p.stderr)
        return p.stdout

    def run_of(self, options, board="mcu", firmware="app"):
        key = (firmware, board, *options)
        if key not in self.runs:
            out = os.path.join(self.folder.name, str(len(self.runs)))
            elf = os.path.join(FIRMWARE, "rv32", firmware + ".elf")
            self.tool("run", self.config(board), elf, "-o", out, "--trace=mmio", "--quiet", *options)
            self.runs[key] = os.path.join(out, "run.db")
        return self.runs[key]

    def metrics(self, db):
        report = json.loads(self.tool("report", db, "--json"))
        cells = {}
        for m in report["metrics"]:
            if "rows" in m:
                cells[m["name"]] = [dict(zip(m["columns"], r)) for r in m["rows"]]
            else:
                cells[m["name"]] = m.get("value")
        return cells

    def explain(self, a, b, what, region, part, **more):
        """The causes of the change from a to b; the largest is the one given."""
        first, second = self.run_of(a, **more), self.run_of(b, **more)
        diff = json.loads(self.tool("diff", first, second, "--json"))
        (hart,) = diff["where"]
        total = hart["cycles"][1] - hart["cycles"][0]
        self.assertNotEqual(0, total)
        named = sum(c["cycles"] for c in hart["causes"])
        self.assertEqual(total, named + hart["unexplained"])
        self.assertLessEqual(100 * abs(hart["unexplained"]), abs(total))
        top = hart["causes"][0]
        self.assertEqual((what, region, part), (top["what"], top["region"], top["part"]), hart)
        self.assertEqual(sorted((abs(c["cycles"]) for c in hart["causes"]), reverse=True),
                         [abs(c["cycles"]) for c in hart["causes"]])
        self.check_with_reports(first, second, hart)
        return hart

    def check_with_reports(self, first, second, hart):
        """What the diff names is what both reports count."""
        a, b = self.metrics(first), self.metrics(second)
        spent = collections.Counter()
        for sign, metrics in ((-1, a), (1, b)):
            for row in metrics["cycles_by_category"]:
                spent[row["category"]] += sign * row["cycles"]
            for row in metrics["cycles_by_region"]:
                for part in ("wait", "target"):
                    spent[row["what"], row["region"], part] += sign * row[part + "_cycles"]
        causes = collections.Counter()
        for c in hart["causes"]:
            causes[c["part"] if c["what"] == "data" else c["what"]] += c["cycles"]
            if c["what"] == "data" and c["part"] == "target" and not c["region"].startswith("sram"):
                self.assertEqual(spent["data", c["region"], "target"], c["cycles"], c)
        total = hart["cycles"][1] - hart["cycles"][0]
        categories = ("executing", "wait", "bus", "target", "fetch_stall", "walk", "idle")
        self.assertEqual(total, sum(spent[c] for c in categories))
        for part in ("wait", "bus", "target"):
            with_posted = causes[part] + (causes["posted stores"] if part == "wait" else 0)
            self.assertEqual(spent[part], with_posted, part)
        self.assertEqual(spent["fetch_stall"] + spent["executing"],
                         causes["fetch"] + causes["core"] + causes["instructions"])
        self.assertEqual(spent["idle"], causes["asleep"])

    def cycles_of(self, hart, what, *parts):
        return sum(c["cycles"] for c in hart["causes"] if c["what"] == what and (not parts or c["part"] in parts))

    def test_bus_width(self):
        data = self.explain([], WIDTH, "data", "sram", "bus")
        code = self.explain([], CODE_WIDTH, "fetch", "sram", "stall")
        both = self.explain([], WIDTH + CODE_WIDTH, "data", "sram", "bus")
        # Each cause is what it costs by itself.
        total = both["cycles"][1] - both["cycles"][0]
        for what, alone in (("data", data), ("fetch", code)):
            self.assertLessEqual(100 * abs(self.cycles_of(both, what) - self.cycles_of(alone, what)), total, what)

    def test_wait_states(self):
        hart = self.explain([], WAITS, "fetch", "sram", "stall")
        # Each of 140,120 accesses, of which 72 go to two words, takes three cycles more a word.
        self.assertEqual(3 * (140120 + 72), self.cycles_of(hart, "data", "target"))
        back = self.explain(WAITS, [], "fetch", "sram", "stall")
        self.assertEqual(-self.cycles_of(hart, "fetch"), self.cycles_of(back, "fetch"))

    def test_wait_states_of_a_device(self):
        slow = ["--set", "devices.uart0.wait_states=200"]
        self.explain([], slow, "data", "uart0", "target")

    def test_wait_states_under_a_pipeline(self):
        self.explain(IBEX, IBEX + WAITS, "fetch", "sram", "less overlap")
        self.explain(IBEX, IBEX + WIDTH, "data", "sram", "bus")

    def test_cache_size(self):
        for smaller, what, part, cache in ((SMALL_D, "data", "target", "cpu0.dcache"),
                                           (SMALL_I, "fetch", "stall", "cpu0.icache")):
            hart = self.explain([], smaller, what, "sram", part, board="cached")
            self.assertRegex(hart["causes"][0]["why"], cache + r": [0-9,]+ -> [0-9,]+ misses")
        hart = self.explain([], NO_D, "data", "sram", "target", board="cached")
        self.assertRegex(hart["causes"][0]["why"], r"cpu0.dcache: [0-9,]+ -> \(none\) misses")

    def test_code_in_two_memories(self):
        waits = ["--set", "memories.sram.wait_states=1", "--set", "memories.sram2.wait_states=2"]
        hart = self.explain([], waits, "fetch", "sram2", "stall", board="split")
        fetches = {c["region"]: c["cycles"] for c in hart["causes"] if c["what"] == "fetch"}
        self.assertEqual({"sram", "sram2"}, set(fetches))
        self.assertGreater(min(fetches.values()), 10000)

    def test_profile(self):
        hart = self.explain([], ["--timing", "inorder-5stage"], "core", "", "")
        self.assertEqual("generic-table:table -> inorder-5stage:table", hart["causes"][0]["why"])
        self.explain([], IBEX, "core", "", "")

    def test_two_at_once(self):
        hart = self.explain([], WIDTH + WAITS, "fetch", "sram", "stall")
        self.assertGreater(self.cycles_of(hart, "data", "bus"), 250000)
        self.assertGreater(self.cycles_of(hart, "data", "target"), 420360 - 1)
        hart = self.explain([], SMALL_D + ["--set", "memories.sram.wait_states=2"],
                            "data", "sram", "target", board="cached")
        self.assertLess(self.cycles_of(hart, "fetch"), 0)
        self.explain([], ["--timing", "inorder-3stage"] + WAITS, "fetch", "sram", "stall")

    def test_a_firmware_that_does_more(self):
        # It waits for an interrupt by time: more instructions fit in.
        hart = self.explain([], WAITS, "fetch", "sram", "stall", firmware="interrupts")
        more = [c for c in hart["causes"] if c["what"] == "instructions"]
        self.assertRegex(more[0]["why"], r"^\+[0-9,]+ instructions$")
        self.assertGreater(more[0]["cycles"], 0)
        self.assertNotEqual(0, self.cycles_of(hart, "asleep"))

    def test_text(self):
        text = self.tool("diff", self.run_of([]), self.run_of(WAITS))
        section = text[text.index("Where the cycles between them went: cpu0, 1,220,224 -> "):].split("\n\n")[0]
        self.assertIn("  fetch sram, stall ", section)
        self.assertRegex(section, r"\n  unexplained +\+0 +0\.0 %$")
        same = self.tool("diff", self.run_of([]), self.run_of([]))
        self.assertIn("identical", same)
        self.assertNotIn("Where", same)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
