"""Symbols and phases of whole systems, as a user asks for them: --symbols, --phase-on, on the demo firmware.

usage: system_cli_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

import cli_test
from cli_test import CONFIGS, Case

FUNCTIONS = "select symbol, sum(cycles), sum(instructions), sum(entries) from function_cost group by 1 order by 1"
PHASES = "select seq, id, name, begin_ps, end_ps, cycles from phase order by seq"


class Phases(Case):
    def app(self, *options, out="out", **more):
        return self.good("run", f"{CONFIGS}/mcu.yaml", cli_test.FIRMWARE / "rv32/app.elf", "-o", out, *options, **more)

    def test_begin_with_what_the_console_says(self):
        options = ["--phase-on", "=boot", "--phase-on", "app: 32=banner", "--phase-on", r"RISC-V\ncore =first line",
                   "--phase-on", "mean=mean", "--phase-on", "  33=wide", "--phase-on", "a=b=never", "--phase-on", r"\x61pp: done\n=end"]
        done = self.app("--quiet", *options)
        self.assertEqual(done.stderr, "socscope: warning: --phase-on ...=never: its text never came on a console; see"
                         " console.log for what did\n")
        rows = self.rows(PHASES)
        self.assertEqual([r[2] for r in rows if r[2]], ["boot", "banner", "first line", "mean", "wide", "end"])
        self.assertTrue(all((r[1] is None) != (r[2] is None) for r in rows))
        self.assertEqual(rows[0][3], 0)
        for before, behind in zip(rows, rows[1:]):
            self.assertLessEqual(before[4], behind[3])
        # Each begins with the store that puts out the last byte of its text.
        self.app("--quiet", "--trace=mmio", *options, out="traced")
        self.assertEqual(self.rows(PHASES, "traced/run.db"), rows)
        stores = self.rows("select time, value from mmio where region = 'uart0' and offset = 0 and dir = 'w' order by time", "traced/run.db")
        said = "".join(chr(v) for _, v in stores)
        self.assertEqual(said, (self.dir / "traced/console.log").read_text())
        for name, text in (("banner", "app: 32"), ("first line", "RISC-V\ncore "), ("mean", "mean"), ("wide", "  33"), ("end", "app: done\n")):
            at = next(r[3] for r in rows if r[2] == name)
            self.assertEqual(at, stores[said.index(text) + len(text) - 1][0], name)

    def test_the_guest_ends_only_its_own(self):
        """What runs on an ns16550a may clear its scratch register: no phase of the host's ends."""
        # lui t0, 0x10000; sb x0, 7(t0); li t1, 'x'; sb t1, 0(t0); sb x0, 7(t0); sb 5, 7; sb 0, 7; the end
        self.write("scratch.elf", cli_test.elf([0x100002b7, 0x000283a3, 0x07800313, 0x00628023, 0x000283a3, 0x00500313, 0x006283a3,
                                                0x000283a3, 0x001003b7, 0x00005e37, 0x555e0e13, 0x01c3a023]))
        self.good("run", f"{CONFIGS}/mcu.yaml", "scratch.elf", "-o", "out", "--quiet", "--phase-on", "=first", "--phase-on", "x=second")
        rows = self.rows(PHASES)
        self.assertEqual([r[1:3] for r in rows], [(None, "first"), (None, "second"), (5, None)])
        self.assertEqual((rows[0][4], rows[1][4]), (rows[1][3], rows[2][3]))
        self.assertIsNotNone(rows[2][4])

    def test_same_however_it_is_run(self):
        options = ["--quiet", "--phase-on", "core=core", "--phase-on", "words=words"]
        self.app(*options)
        rows = self.rows(PHASES)
        for more in (["--no-fast-path"], ["--trace=all"], ["--quantum", "10ns"]):
            self.app(*options, *more, out="again")
            self.assertEqual(self.rows(PHASES, "again/run.db"), rows, more)
        self.assertIn("Metrics: all", self.good("diff", "out/run.db", "again/run.db").stdout)

    def test_in_report_and_diff_and_as_moments(self):
        options = ["--quiet", "--phase-on", "core=core", "--phase-on", "total=total"]
        self.app(*options, "--trace", "--trace-from", "phase=core", "--trace-to", "phase=total")
        report = self.good("report", "out/run.db", "phases").stdout
        self.assertRegex(report, r"seq +id +name +begin us +cycles")
        self.assertRegex(report, r"\n +\d+ +- +core +[0-9.,]+ ")
        begin, end = (r[3] for r in self.rows(PHASES) if r[2])
        # Recording begins and ends behind the stores that begin the phases.
        window, = self.rows("select begin_ps, end_ps, begin_cause, end_cause from trace_window")
        self.assertEqual(window[2:], ("phase=core", "phase=total"))
        for at, moment in zip(window, (begin, end)):
            self.assertTrue(0 <= at - moment < 200000, (at, moment))
        self.assertGreater(self.rows("select count(*) from tx")[0][0], 1000)
        self.app(*options, "--set", "sram.wait_states=2", out="slow")
        diff = self.good("diff", "out/run.db", "slow/run.db").stdout
        section = diff[diff.index("\nPhases\n"):].split("\n\n")[0]
        self.assertRegex(section, r"\n  core +[0-9,]+ +[0-9,]+ +\+[0-9,]+ +\+[0-9.]+ %")
        self.assertLess(section.index("core"), section.index("total"))

    def test_other_consoles(self):
        """What a program says through tohost is a console, too, and each is looked at by itself."""
        self.good("run", f"{CONFIGS}/spike32.yaml", cli_test.FIRMWARE / "rv32/semihosting.elf", "--semihosting", "-o", "out", "--quiet",
                  "--phase-on", "e=said", status=9)
        self.assertEqual([r[2] for r in self.rows(PHASES)], ["said"])

    def test_wrong(self):
        elf = cli_test.FIRMWARE / "rv32/app.elf"
        for text, says in (("text", ["--phase-on", '"text" names no phase', "TEXT=NAME"]), ("text=", ["TEXT=NAME"]),
                           ("a=" + "b" * 64, ["63"]), ("a=b\nc", ["TEXT=NAME"]), (r"\q=b", ["--phase-on", r"no such escape \q"])):
            self.bad("run", f"{CONFIGS}/mcu.yaml", elf, "-o", "out", "--phase-on", text, says=says)
        self.bad("run", f"{CONFIGS}/mcu.yaml", elf, "--phase-on", "a=b", says=["--phase-on", "-o DIR"])
        self.bad("run", f"{CONFIGS}/mcu.yaml", elf, "-o", "out", "--trace", "--trace-from", "phase=b", "--phase-on", "a=b",
                 "--trace-to", "phase=c", says=["--trace-to", "c"])


def binutils(tool, *args):
    return subprocess.run([f"riscv64-unknown-elf-{tool}", *map(str, args)], check=True, capture_output=True, text=True).stdout


class Symbols(Case):
    def setUp(self):
        super().setUp()
        self.elf = cli_test.FIRMWARE / "rv32/status.elf"
        binutils("strip", "-o", self.dir / "bare.elf", self.elf)
        self.functions(self.elf)
        self.expected = self.rows(FUNCTIONS)
        self.assertGreater(len(self.expected), 3)

    def functions(self, elf, *options, db="out/run.db"):
        self.good("run", f"{CONFIGS}/mcu.yaml", elf, "-o", "out", "--quiet", *options, status=42)
        return self.rows(FUNCTIONS, db)

    def test_of_a_stripped_firmware(self):
        self.assertEqual([r[0] for r in self.functions("bare.elf")], [None])
        text = binutils("nm", self.elf)
        self.write("System.map", text)
        self.write("sizes.map", binutils("nm", "-S", self.elf))
        moved = "".join(f"{int(line.split()[0], 16) - 0x80000000 & 0xffffffff:08x}{line[8:]}\n" for line in text.splitlines())
        self.write("moved.map", moved)
        self.write("module.map", "                 U puts\n\n" + text.replace("\n", "\t[core]\n"))
        for symbols in (self.elf, "System.map", "sizes.map", "moved.map@0x80000000", "module.map"):
            got = self.functions("bare.elf", "--symbols", symbols)
            self.assertEqual(sum(r[1] for r in got), sum(r[1] for r in self.expected))
            if symbols == self.elf or symbols == "sizes.map":
                self.assertEqual(got, self.expected, symbols)
            else: # without sizes; the largest functions have none between them
                self.assertLessEqual({"main", "_start"}, {r[0] for r in got}, symbols)
                self.assertNotIn("puts", {r[0] for r in got})
        self.assertEqual({r[0] for r in self.functions("bare.elf", "--symbols", f"{self.elf}@0x1000000")}, {None})
        self.write("tiny.map", "80000000 00000002 T tiny\n")
        self.assertEqual({r[0] for r in self.functions("bare.elf", "--symbols", "tiny.map")}, {"tiny", None})
        # In this order: the firmware's own, loaded files', those only named.
        self.write("other.map", "80000000 00100000 T everything\n")
        self.assertEqual({r[0] for r in self.functions("bare.elf", "--symbols", "other.map")}, {"everything"})
        self.assertEqual(self.functions(self.elf, "--symbols", "other.map"), self.expected)

    def test_source_lines_move_along(self):
        lines = "select file, line, sum(cycles) from line_cost where file is not null group by 1, 2 order by 1, 2"
        self.functions(self.elf)
        expected = self.rows(lines)
        self.assertGreater(len(expected), 0)
        binutils("objcopy", "--change-addresses", "-0x80000000", self.elf, self.dir / "zero.elf")
        self.assertEqual(self.functions("bare.elf", "--symbols", "zero.elf@0x80000000"), self.expected)
        self.functions("bare.elf", "--symbols", self.elf)
        self.assertEqual(self.rows(lines), expected)
        self.functions("bare.elf", "--symbols", f"{self.elf}@0x1000000")
        self.assertEqual(self.rows(lines), [])

    def test_of_an_image_that_the_guest_would_load(self):
        self.assertEqual(self.functions("bare.elf", "--load", f"{self.elf}@0x80300000"), self.expected)
        self.assertEqual([r[0] for r in self.functions("bare.elf", "--load", "bare.elf@0x80300000")], [None])
        self.good("run", f"{CONFIGS}/mcu.yaml", "bare.elf", "-o", "out", "--quiet", "--trace=load", "--symbols", self.elf,
                  "--trace-from", "main", status=42)
        self.assertRegex(self.rows("select begin_cause from trace_window")[0][0], "^main$")

    def test_64_bits(self):
        elf = cli_test.FIRMWARE / "rv64/status.elf"
        self.write("k.map", "ffffffff80000000 T kernel\n" + re.sub("(?m)^0*80", "ffffffff80", binutils("nm", elf)))
        binutils("strip", "-o", self.dir / "bare64.elf", elf)
        self.good("run", f"{CONFIGS}/virt64.yaml", "bare64.elf", "-o", "out", "--quiet", "--symbols", "k.map@0x100000000", status=42)
        self.assertIn("main", {r[0] for r in self.rows(FUNCTIONS)})
        self.bad("run", f"{CONFIGS}/virt64.yaml", "bare64.elf", "--symbols", self.elf, says=["--symbols", "32-bit", "64 bits"])

    def test_wrong(self):
        def wrong(symbols, *says):
            self.bad("run", f"{CONFIGS}/mcu.yaml", "bare.elf", "--symbols", symbols, says=["--symbols", *says])
        self.write("a.map", "80000000 T start\n80000010 main\n")
        wrong("a.map", "a.map:2", "ADDRESS TYPE NAME")
        for name, text in (("b.map", "8000000g T x\n"), ("c.map", "80000000 TT x\n"), ("d.map", "80000000 T\n"),
                           ("e.map", "11111111180000000 T x\n"), ("f.map", "80000000 T x\n\0\n")):
            self.write(name, text)
            wrong(name, f"{name}:{2 if name == 'f.map' else 1}", "ADDRESS TYPE NAME")
        self.write("none.map", "\n  U puts\n")
        wrong("none.map", "none.map", "no symbols")
        wrong("bare.elf", "bare.elf", "no symbols", "stripped")
        wrong("gone.map", "gone.map", "check the path")
        wrong(f"{self.elf}@0xzz", "0xzz")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
