"""What is recorded, as a user asks for it: filters, windows, the last ones, further images, and what is said when there is nothing.

usage: trace_cli_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import os
import pathlib
import sqlite3
import sys
import unittest

import cli_test
from cli_test import Case, elf, finish, li

COLUMNS = ("time, cycle, initiator, kind, dir, va, pa, size, value, region, offset, result, wait_cycles, bus_cycles,"
           " target_cycles, blocker, pc, symbol, beats, flags")
RAM = 0x80000000


class TraceCase(Case):
    def trace(self, firmware, *options, config="board.yaml", status=0):
        """Rows of tx, keys of run, rows of trace_window, and stderr; no invariant may fail."""
        done = self.good("run", config, firmware, "-o", "out", "--quiet", *options, status=status)
        db = sqlite3.connect(self.dir / "out/run.db")
        self.assertEqual(db.execute("select name, detail from check_result where not ok").fetchall(), [])
        rows = self.rows(f"select {COLUMNS} from tx order by rowid")
        run = dict(db.execute("select key, value from run"))
        windows = db.execute("select begin_cause, end_cause, begin_cycle, end_cycle from trace_window").fetchall()
        self.symbols = dict(db.execute("select name, address from symbol"))
        db.close()
        return rows, run, windows, done.stderr


class Spec(TraceCase):
    def test_words(self):
        every, run, windows, _ = self.trace("hello.elf", "--trace")
        self.assertEqual((run["trace_spec"], run["tx_left_out"]), ("all", 0))
        self.assertEqual([w[:2] for w in windows], [("start", "end")])
        kind, pa, region = 3, 6, 9
        cases = {
            "data": lambda r: r[kind] == "store",
            "mmio": lambda r: r[region] in ("uart0", "test0"),
            "mmio,fetch": lambda r: True,
            "region=uart0": lambda r: r[region] == "uart0",
            "device=test0,region=uart0": lambda r: r[region] in ("uart0", "test0"),
            "dir=w": lambda r: r[kind] == "store",
            "dir=r": lambda r: r[kind] == "fetch",
            "fetch,addr=0x80000008-0x8000000f": lambda r: r[kind] == "fetch" and 0x80000005 <= r[pa] <= 0x8000000f,
            "addr=0x10000000+1,addr=0x80000000": lambda r: r[pa] in (0x10000000, RAM),
            "initiator=cpu0": lambda r: True,
            "tx": lambda r: True,
            "beat,all": lambda r: True,
        }
        for spec, wanted in cases.items():
            rows, run, _, error = self.trace("hello.elf", f"--trace={spec}")
            self.assertEqual(rows, [r for r in every if wanted(r)], spec)
            self.assertEqual(error, "", spec)
            self.assertEqual(run["trace_spec"], spec)
            if "=" in spec:
                self.assertEqual(len(rows) + run["tx_left_out"], 25 if "fetch" in spec else len(every), spec)

    def test_wrong_words_name_what_is_possible(self):
        def bad(*options, says):
            self.bad("run", "board.yaml", "hello.elf", "-o", "out", *options, says=says)
        bad("--trace=mio", says=['"mio"', 'did you mean "mmio"?'])
        bad("--trace=regoin=ram", says=['"regoin=ram"', "region="])
        bad("--trace=region=rom", says=['"rom"', 'did you mean "ram"?'])
        bad("--trace=initiator=core", says=['"core"', "cpu0"])
        bad("--trace=initiator=", says=["a name is missing"])
        bad("--trace=dir=x", says=['"x"', "dir=r"])
        bad("--trace=addr=8-4", says=["addr=8-4", "FROM-TO"])
        bad("--trace=addr=8+0", says=["addr=8+0", "FROM+SIZE"])
        bad("--trace=addr=here", says=['"here"', "0x1000"])
        bad("--trace=" + ",".join(["region=ram"] * 17), says=["too many names", "16"])
        bad("--trace=" + "x" * 200, says=["too long"])
        bad("--trace-from", "main", says=["--trace-from", "add --trace"])
        bad("--trace-to", "1us", says=["--trace-to", "add --trace"])
        bad("--trace-last", "5", says=["--trace-last", "add --trace"])
        bad("--trace", "--trace-last", "0", says=["--trace-last", "write 1 to"])
        bad("--trace", "--trace-trigger", "trap", says=["add --trace-last"])
        bad("--trace", "--trace-from", "10", says=['"10" has no unit'])
        bad("--trace", "--trace-from", "pc=x", says=['"x"'])
        bad("--trace", "--trace-to", "insns=", says=["--trace-to"])
        bad("--trace", "--trace-from", "main", says=["--trace-from", 'no symbol "main"', "pc=ADDRESS"])


class Windows(TraceCase):
    def program(self, *options):
        return self.trace(cli_test.FIRMWARE / "rv32/interrupts.elf", *options, "--limit-insns", "15000", status=124,
                          config=pathlib.Path(__file__).resolve().parent.parent / "configs/virt32.yaml")

    def test_a_real_program(self):
        every, whole, _, _ = self.program("--trace=fetch,store")
        symbol = self.symbols
        fetches = [i for i, r in enumerate(every) if r[3] == "fetch"]
        reached = {name: [i for i in fetches if every[i][16] == address] for name, address in symbol.items()}
        main = reached["main"][0]
        rows, run, windows, _ = self.program("--trace=fetch,store", "--trace-from", "main")
        self.assertEqual(rows, every[main:])
        self.assertEqual(windows, [("main", "end", every[main][1], whole["cycles"])])
        rows, run, windows, _ = self.program("--trace=fetch,store", "--trace-from", "main", "--trace-to", "main+4")
        behind = next(i for i in fetches if every[i][16] == symbol["main"] + 4)
        self.assertEqual(rows, every[main:behind])
        self.assertEqual((run["cycles"], run["instructions"]), (whole["cycles"], whole["instructions"]))
        self.assertIn("trace_window", run["completeness"])
        # a handler, each time up to its first call or return
        rows, _, windows, _ = self.program("--trace=fetch,store", "--trace-from", "trap_vector", "--trace-to",
                                           "trap_handler")
        self.assertEqual(rows, [r for a, b in zip(reached["trap_vector"], reached["trap_handler"])
                                for r in every[a:b]])
        self.assertEqual(len(windows), len(reached["trap_vector"]))
        self.assertGreater(len(windows), 5)
        rows, _, windows, _ = self.program("--trace=fetch,store", "--trace-from", "insns=1000", "--trace-to", "phase=1")
        mark = next(i for i, r in enumerate(every) if r[6] == 0x10000007 and r[8] == 1)
        self.assertEqual(rows, every[fetches[1000]:mark + 1])
        self.assertEqual([w[:2] for w in windows], [("insns=1000", "phase=1")])
        rows, run, windows, _ = self.program("--trace=fetch,store", "--trace-last", "50", "--trace-trigger", "put_text")
        text = reached["put_text"][0]
        self.assertEqual(rows, every[text - 50:text])
        self.assertEqual(run["tx_not_kept"], text - 50)
        self.assertEqual([w[:2] for w in windows], [("start", "put_text")])

    def test_a_symbol_that_is_misspelt(self):
        self.bad("run", "board.yaml", cli_test.FIRMWARE / "rv32/interrupts.elf", "-o", "out", "--trace", "--trace-to", "put_txt",
                 says=["--trace-to", '"put_txt"', 'did you mean "put_text"?'])

    def test_an_empty_trace_is_a_warning(self):
        for options, says in ((["--trace=load"], "no transaction of these kinds"),
                              (["--trace=store,region=ram"], "left out all 7 transactions"),
                              (["--trace", "--trace-from", "1s"], "--trace-from 1s never came")):
            rows, _, _, error = self.trace("hello.elf", *options)
            self.assertEqual(rows, [])
            self.assertRegex(error, r"\Asocscope: warning: --trace recorded nothing: [^\n]+\n\Z")
            self.assertIn(says, error)
        rows, _, _, error = self.trace("hello.elf", "--trace", "--trace-last", "3", "--trace-trigger", "trap")
        self.assertEqual(len(rows), 3)
        self.assertRegex(error, r"\Asocscope: warning: --trace-trigger trap never came[^\n]+\n\Z")
        self.assertEqual(self.trace("hello.elf")[3], "")


class Load(TraceCase):
    def test_further_elf_files_and_bytes(self):
        # A routine at 0x80001000 that prints a byte of 0x80002000 and ends the run.
        routine = li(8, 0x80002000) + [0x00044503] + li(8, 0x10000000) + [0x00a40023] + finish(3)
        self.write("more.elf", elf(routine, address=0x80001000))
        self.write("bytes.bin", b"Z")
        self.write("first.elf", elf(li(5, 0x80001000) + [0x00028067]))
        done = self.run_board("first.elf", "--load", "more.elf", "--load", "bytes.bin@0x80002000", status=3)
        self.assertEqual(done.stdout, "Z")
        app = cli_test.FIRMWARE / "rv32/interrupts.elf"
        far = [self.write("far.elf", elf(li(5, RAM) + [0x00028067], address=0x80300000)), "--load", app]
        rows, _, windows, _ = self.trace(*far, "--trace=fetch", "--trace-from", "main", "--limit-insns", "9000",
                                         status=124)
        self.assertEqual(windows[0][0], "main")
        self.assertEqual((rows[0][16], rows[0][17]), (self.symbols["main"], "main"))

    def test_what_cannot_be_loaded(self):
        def bad(text, *says):
            self.bad("run", "board.yaml", "hello.elf", "--load", text, says=["--load", *says])
        self.write("big.bin", b"x" * 100)
        bad("none.elf", "none.elf")
        bad("none.bin@0", "none.bin")
        bad("big.bin", "big.bin")
        bad("big.bin@0x40000000", "big.bin", "0x40000000", "another address")
        bad("big.bin@0x803fffff", "big.bin", "0x80400000")
        bad("big.bin@0xffffffffffffffff", "big.bin")
        bad("big.bin@here", '"here"')
        bad(".@0x80000000", "it is no file")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
