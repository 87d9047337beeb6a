"""socscope calibrate and timing profiles as a user meets them.

usage: calibrate_cli_test.py SOCSCOPE
"""
import csv
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

SOCSCOPE = ""
TIMING = pathlib.Path(__file__).resolve().parent / "timing"
ELF = TIMING / "elf"
MICRO = ELF / "rv32imc" / "micro.elf"
HEAD = "march,workload,imem_wait,dmem_wait,cycles\n"


class Calibrate(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.write("board.yaml", f"extends: {TIMING}/core.yaml\nname: mine\ncpus: [{{name: cpu0, timing: inorder-3stage}}]\n")
        self.write("regions.csv", (TIMING / "regions.csv").read_text())

    def tearDown(self):
        self.scratch.cleanup()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run_it(self, *args, cwd=None):
        return subprocess.run([SOCSCOPE, *map(str, args)], cwd=cwd or self.folder, capture_output=True, text=True, timeout=100)

    def good(self, *args, cwd=None):
        done = self.run_it(*args, cwd=cwd)
        self.assertEqual((done.returncode, done.stderr.replace("micro done\n", "")), (0, ""))
        return done.stdout

    def bad(self, *args):
        done = self.run_it(*args)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertTrue(done.stderr.startswith("socscope: error: "), done.stderr)
        return done.stderr[len("socscope: error: "):-1]

    def hazard3(self):
        """The rows of hazard3-min without wait states, as a file of its own."""
        rows = csv.DictReader((TIMING / "rtl-cycles-micro.csv").read_text().splitlines())
        keep = [r for r in rows if r["config"] == "hazard3-min" and r["imem_wait"] == r["dmem_wait"] == "0"]
        self.assertEqual(len(keep), 76)
        names = HEAD.strip().split(",")
        return self.write("hazard3.csv", HEAD + "".join(",".join(r[n] for n in names) + "\n" for r in keep))

    def test_profile_runs_elsewhere(self):
        rows = self.hazard3()
        self.write("sub/x", "")
        text = self.good("calibrate", "board.yaml", rows, ELF, "-o", "sub/core.yaml")
        self.assertIn("76 regions\n  table of inorder-3stage (cpu0): mean error 9.51 %, largest 96.70 %, 53 within 1 %\n"
                      "  fitted: mean error 1.68 %, largest 45.66 %, 63 within 1 %\n", text)
        self.assertRegex(text, r"(?m)^mul +1 +34$")
        self.assertRegex(text, r"(?m)^fdiv +16 +-  no region has any$")
        self.assertRegex(text, r"(?m)^  \+45\.66 +\d+ +\d+ +-\d+  micro/lw_sw, rv32imc, w\(0,0\)$")
        self.assertEqual(sum(", w(0,0)" in line for line in text.splitlines()), 76)
        self.assertIn("what that leaves goes with misaligned targets of branches and jumps (a 32-bit instruction at 2 mod 4): "
                      "correlation 0.98, +1.00 cycles each", text)
        self.assertIn("nearest first\n  hazard3-min, pipeline: mean error 0.00 %", text)
        self.assertTrue(text.endswith("\nwritten: sub/core.yaml\n"))

        source = "calibrated from hazard3.csv (76 regions), mean error 1.68 %, largest 45.66 %"
        profile = (self.folder / "sub/core.yaml").read_text()
        self.assertIn('extends: "../board.yaml"\n', profile)
        self.assertIn(source, profile)
        # from anywhere, as it is, and resolved; the same cycles as printed
        for n, config in enumerate(("sub/core.yaml", "out0/config.resolved.yaml")):
            self.good("run", self.folder / config, MICRO, "--quiet", "-o", self.folder / f"out{n}", cwd="/")
            db = sqlite3.connect(self.folder / f"out{n}" / "run.db")
            self.assertEqual(db.execute("select profile, timing_level, profile_source, timing_estimates from hart").fetchall(),
                             [("inorder-3stage", "table", source, "amo, fp, fma, fdiv, fsqrt (not measured)")])
            db.close()
        trust = self.good("report", "out0/run.db", "trust")
        self.assertIn(f"timing: inorder-3stage, table; {source}; estimate: amo, fp,", " ".join(trust.split()))
        report = json.loads(self.good("report", "out0/run.db", "--json"))
        timing = next(m for m in report["metrics"] if m["name"] == "timing")
        self.assertEqual(timing["rows"], [["inorder-3stage", "table", source, "amo, fp, fma, fdiv, fsqrt (not measured)", 1]])
        self.assertIn("identical", self.good("diff", "out0/run.db", "out1/run.db"))

        # again from there: what is fitted stays
        again = self.good("calibrate", "sub/core.yaml", rows, ELF, "-o", "twice.yaml")
        self.assertIn("(cpu0): mean error 1.68 %", again)
        self.assertEqual((self.folder / "twice.yaml").read_text().split("timing:")[1], profile.split("timing:")[1])

    def test_what_is_printed_reads_as_timing(self):
        text = self.good("calibrate", "board.yaml", self.hazard3(), ELF)
        timing = text.splitlines()[-1]
        self.assertTrue(timing.startswith("timing: {profile: inorder-3stage, level: table, source: "))
        self.write("pasted.yaml", f"extends: board.yaml\ncpus:\n  - name: cpu0\n    {timing}\n")
        self.good("run", "pasted.yaml", MICRO, "--quiet")

    def test_errors(self):
        rows = self.write("rows.csv", HEAD + "rv32imc,csr/alu,0,0,1804\n")
        self.assertIn("calibrate takes a description, measured cycles and a folder", self.bad("calibrate", "board.yaml", rows))
        self.assertEqual(self.bad("calibrate", "board.yaml", rows, ELF, "--cpu", "cpu1"),
                         'board.yaml: no cpu "cpu1"; did you mean "cpu0"?')
        self.assertEqual(self.bad("calibrate", "board.yaml", rows, ELF, "-o", "board.yaml"),
                         "-o board.yaml: is the description itself; name another file")
        self.assertIn("no/board.yaml", self.bad("calibrate", "no/board.yaml", rows, ELF))
        self.assertEqual(self.bad("calibrate", "board.yaml", "no.csv", ELF), "no.csv: No such file or directory")
        self.assertIn("rows.csv:2: no/rv32imc/csr.elf", self.bad("calibrate", "board.yaml", "rows.csv", "no"))
        self.assertIn("--marker", self.bad("calibrate", "board.yaml", rows, ELF, "--marker", "x"))
        # nothing marks there
        self.assertIn("has no region 8 (csr/alu)", self.bad("calibrate", "board.yaml", rows, ELF, "--marker", "0x10000006"))
        self.assertEqual(self.bad("calibrate", "board.yaml", rows, ELF, "--rows", "march=rv32im"),
                         f"{rows}: no row to fit, --rows leaves all out; write one line for each region that was measured")
        done = self.run_it("calibrate", "board.yaml", rows, ELF, "-o", "no/core.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "socscope: error: no/core.yaml: No such file or directory\n")

    def test_timing_option(self):
        for timing, level in (("ibex-small", "pipeline"), ("ibex-small:table", "table"), ("ibex-small:none", "none")):
            self.good("run", "board.yaml", MICRO, "--quiet", "--timing", timing, "-o", level)
            db = sqlite3.connect(self.folder / level / "run.db")
            self.assertEqual(db.execute("select timing_level from hart").fetchone(), (level,))
            db.close()
        self.assertIn("  timing: ibex-small, pipeline; estimate: interrupt entry, wfi,", self.good("report", "pipeline/run.db", "overview"))
        self.assertIn("  timing: none\n", self.good("report", "none/run.db", "overview"))
        self.assertIn("cpus.cpu0.timing: ibex-small:pipeline -> ibex-small:table\n", self.good("diff", "pipeline/run.db", "table/run.db"))
        self.assertIn('unknown level "tabel"; write none, table or pipeline',
                      self.bad("run", "board.yaml", MICRO, "--timing", "ibex-small:tabel"))
        self.assertIn('write "ibex-small:table"', self.bad("run", "board.yaml", MICRO, "--timing", "ibex-small",
                                                            "--set", "cpus.cpu0.isa=rv32gc"))


if __name__ == "__main__":
    SOCSCOPE = os.path.abspath(sys.argv.pop(1))
    unittest.main()
