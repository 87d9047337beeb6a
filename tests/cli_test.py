"""The program as its user sees it: help, runs, exit statuses, files, and one line for everything that is wrong.

usage: cli_test.py SOCSCOPE FIRMWARE_FOLDER     (the folder holds rv32/NAME.elf and rv64/NAME.elf)

Descriptions and small ELF files are made here, so that a message can be held against what was written.
"""
import csv
import json
import os
import pathlib
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SOCSCOPE, FIRMWARE = "", pathlib.Path()
CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "configs"

BOARD = """version: 1
name: board
clock: 50MHz
cpus:
  - {name: cpu0, isa: rv32imac_zicsr_zifencei, bus: main, reset: 0x80000000}
buses:
  main: {width: 32}
memories:
  - {name: ram, bus: main, at: 0x80000000, size: 4MiB}
devices:
  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000, irq: plic0.10}
  - {name: clint0, type: clint, bus: main, at: 0x02000000, timer: [cpu0.mti], soft: [cpu0.msi]}
  - {name: plic0, type: plic, bus: main, at: 0x0c000000, out: [cpu0.mei]}
  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}
"""


# -- a few instructions and an ELF file around them ------------------------------------------------------------------

def li(rd, value):
    low = value & 0xfff
    low -= 0x1000 if low & 0x800 else 0
    return [(value - low) & 0xfffff000 | rd << 7 | 0x37, (low & 0xfff) << 20 | rd << 15 | rd << 7 | 0x13]


def sw(rs2, rs1):
    return [rs2 << 20 | rs1 << 15 | 2 << 12 | 0x23]


def sb(rs2, rs1):
    return [rs2 << 20 | rs1 << 15 | 0x23]


LOOP = [0x0000006f]  # j .
WFI = [0x10500073, 0xffdff06f]


def say(text):
    return li(8, 0x10000000) + [word for c in text for word in li(10, ord(c)) + sb(10, 8)]


def finish(status):
    return li(5, 0x00100000) + li(6, 0x3333 | status << 16) + sw(6, 5) + LOOP


# Sends back every byte it gets; 'q' ends the run with status 5.
ECHO = li(8, 0x10000000) + li(11, ord("q")) + [
    0x00544283, 0x0012f293, 0xfe028ce3, 0x00044503, 0x00a40023, 0xfeb516e3] + finish(5)


def elf(words, address=0x80000000, machine=243, width=32, kind=2):
    code = b"".join(struct.pack("<I", word) for word in words)
    ident = b"\x7fELF" + bytes([1 if width == 32 else 2, 1, 1]) + bytes(9)
    if width == 32:
        head = struct.pack("<HHIIIIIHHHHHH", kind, machine, 1, address, 52, 0, 0, 52, 32, 1, 40, 0, 0)
        segment = struct.pack("<IIIIIIII", 1, 84, address, address, len(code), len(code), 7, 4)
    else:
        head = struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, address, 64, 0, 0, 64, 56, 1, 64, 0, 0)
        segment = struct.pack("<IIQQQQQQ", 1, 7, 120, address, address, len(code), len(code), 4)
    return ident + head + segment + code


class Case(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.scratch.name)
        self.write("board.yaml", BOARD)
        self.write("hello.elf", elf(say("hello\n") + finish(0)))
        self.write("loop.elf", elf(LOOP))
        self.addCleanup(self.scratch.cleanup)

    def write(self, name, content):
        path = self.dir / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def files(self):
        return sorted(str(p.relative_to(self.dir)) for p in self.dir.rglob("*"))

    def call(self, *args, stdin="", **options):
        return subprocess.run([SOCSCOPE, *map(str, args)], input=stdin, text=True, capture_output=True, timeout=60,
                              errors="replace", **{"cwd": self.dir, **options})

    def good(self, *args, status=0, **options):
        done = self.call(*args, **options)
        self.assertEqual(done.returncode, status, f"{args}: {done.stderr}")
        return done

    def rows(self, query, db="out/run.db"):
        """Rows as tuples, read by the program itself: it has the tables tx and beat."""
        return [tuple(row.values()) for row in json.loads(self.good("sql", "--json", db, query).stdout)]

    def run_board(self, firmware, *args, status=0, **options):
        return self.good("run", "board.yaml", firmware, *args, status=status, **options)

    def bad(self, *args, says, status=2, creates=()):
        """Exactly one line on stderr, with all of `says` in it; nothing on stdout; no file made."""
        before = self.files()
        done = self.call(*args)
        self.assertEqual(done.returncode, status, f"{args}: {done.stderr}")
        self.assertRegex(done.stderr, r"\Asocscope: error: [^\n]+\n\Z", args)
        self.assertEqual(done.stdout, "", args)
        for text in says:
            self.assertIn(text, done.stderr, args)
        self.assertEqual(sorted(set(self.files()) - set(before)), sorted(creates), args)
        return done.stderr


# -- help ------------------------------------------------------------------------------------------------------------

class Help(Case):
    def test_every_command_of_the_list_explains_itself(self):
        text = self.good("--help").stdout
        names = re.findall(r"^  ([a-z]+)  ", text, re.M)
        self.assertEqual(names, ["run", "report", "diff", "sql", "check", "export", "expand", "recover", "map", "devices",
                                 "help"])
        self.assertEqual(self.good("help").stdout, text)
        for name in names[:-1]:
            explained = self.good(name, "--help").stdout
            self.assertTrue(explained.startswith(f"usage: socscope {name} "), explained)
            self.assertEqual(self.good("help", name).stdout, explained)
            self.assertTrue(all(len(line) <= 100 for line in explained.splitlines()))

    def test_every_option_of_the_help_works(self):
        """What --help names must be known: an option it lists is never an "unknown option"."""
        for name in ("run", "report", "diff", "sql", "check", "export", "expand", "map"):
            for option in set(re.findall(r"(?<![\w-])--?[a-z][a-z-]+", self.good(name, "--help").stdout)) - {"--help"}:
                error = self.call(name, option, "1").stderr
                self.assertNotIn("unknown option", error, f"{name} {option}")

    def test_version(self):
        self.assertRegex(self.good("--version").stdout, r"\Asocscope \d+\.\d+\.\d+\n\Z")

    def test_mistakes_get_a_suggestion(self):
        self.bad(says=["socscope --help"])
        self.bad("rnu", says=['unknown command "rnu"', 'did you mean "run"?'])
        self.bad("help", "mapp", says=['did you mean "map"?'])
        self.bad("run", "--trce", says=["unknown option --trce", 'did you mean "--trace"?'])
        self.bad("run", "-z", "board.yaml", "hello.elf", says=["unknown option -z"])
        self.bad("run", "--limit-insns", says=["--limit-insns needs a value"])
        self.bad("run", "--quiet=1", "board.yaml", "hello.elf", says=["--quiet takes no value"])
        self.bad("run", "board.yaml", says=["socscope run CONFIG FIRMWARE"])
        self.bad("run", "board.yaml", "hello.elf", "more", says=["socscope run CONFIG FIRMWARE"])
        self.bad("report", says=["socscope report RUN.db"])
        self.bad("sql", "x.db", says=["SELECT"])
        self.bad("diff", "a.db", says=["socscope diff A.db B.db"])
        self.bad("check", says=["socscope check RUN.db"])
        self.bad("export", "a.db", says=["--format csv|jsonl"])
        self.bad("expand", "a.db", says=["-o PLAIN.db"])
        self.bad("map", says=["socscope map CONFIG"])
        self.bad("devices", "a", "b", says=["socscope devices"])


# -- runs ------------------------------------------------------------------------------------------------------------

class Run(Case):
    def test_console_goes_to_stdout_and_one_summary_line_to_stderr(self):
        done = self.run_board("hello.elf")
        self.assertEqual(done.stdout, "hello\n")
        self.assertRegex(done.stderr, r"\Asocscope: exit status 0; [\d.]+ s simulated, [\d,]+ cycles, 25 instructions "
                                      r"\([\d.]+ MIPS\), [\d,]+ transactions\n\Z")
        self.assertEqual(self.run_board("hello.elf", "--quiet").stderr, "")

    def test_exit_status_is_the_guests(self):
        for status in (0, 1, 2, 77, 255):
            self.write("end.elf", elf(finish(status)))
            self.run_board("end.elf", status=status)

    def test_limits_give_124(self):
        for option, value, says in (("--limit-insns", "1000", "instructions"), ("--limit-cycles", "1000", "cycles"),
                                    ("--limit-time", "20us", "time")):
            done = self.run_board("loop.elf", option, value, "--stats", "json:s.json", status=124)
            self.assertIn(f"stopped by the limit on {says}", done.stderr)
            total = json.loads((self.dir / "s.json").read_text())["total"]
            self.assertEqual(total["exit_status"], 124)
            if option == "--limit-insns":
                self.assertEqual(total["instructions"], 1000)
            else:
                self.assertGreaterEqual(total["cycles"], 1000)
                self.assertLess(total["cycles"], 1010)

    def test_sleep_for_good_gives_125(self):
        self.write("wfi.elf", elf(WFI))
        self.assertIn("stuck", self.run_board("wfi.elf", status=125).stderr)

    def test_nothing_is_written_without_o(self):
        before = self.files()
        self.run_board("hello.elf")
        self.assertEqual(self.files(), before)

    def test_folder_holds_four_files(self):
        for options, rows in ((["-o", "deep/out"], False), (["--out=deep/out", "--trace"], True)):
            self.run_board("hello.elf", *options)
            out = self.dir / "deep/out"
            self.assertEqual(sorted(os.listdir(out)), ["config.resolved.yaml", "console.log", "run.db", "stats.json"])
            self.assertEqual((out / "console.log").read_text(), "hello\n")
            db = sqlite3.connect(out / "run.db")
            run = dict(db.execute("select key, value from run"))
            self.assertEqual(run["complete"], 1)
            self.assertEqual(run["exit_status"], 0)
            self.assertEqual(run["firmware"], "hello.elf")
            self.assertEqual(run["command"], " ".join(["run board.yaml hello.elf", *options]))
            self.assertEqual(run["stop"], "finished")
            self.assertEqual(run["config"], (out / "config.resolved.yaml").read_text())
            total = json.loads((out / "stats.json").read_text())["total"]
            self.assertEqual(run["cycles"], total["cycles"])
            self.assertEqual(run["instructions"], total["instructions"])
            self.assertEqual(self.rows("select count(*) from tx", out / "run.db"),
                             [(total["transactions"] if rows else 0,)])
            db.close()
            # The resolved description is one: the same run again.
            again = self.good("run", out / "config.resolved.yaml", "hello.elf", "--stats", "json:again.json")
            self.assertEqual(again.stdout, "hello\n")
            self.assertEqual(json.loads((self.dir / "again.json").read_text())["total"]["cycles"], total["cycles"])

    def test_kinds_choose_what_is_recorded(self):
        def count(kinds):
            self.run_board("hello.elf", "-o", "out", f"--trace={kinds}")
            return dict(self.rows("select kind, count(*) from tx group by kind"))
        everything = count("all")
        self.assertEqual(everything, {"fetch": 25, "store": 7})
        self.assertEqual(count("fetch"), {"fetch": 25})
        self.assertEqual(count("data"), {"store": 7})
        self.assertEqual(count("nobeats"), everything)
        self.assertEqual(count("load"), {})

    def test_trace_changes_nothing_else(self):
        stats = []
        for options in ([], ["-o", "out"], ["-o", "out", "--trace"], ["--no-fast-path"],
                        ["-o", "out", "--trace", "--no-fast-path"], ["--quantum", "3us"], ["--serial", "null"]):
            done = self.run_board("hello.elf", *options, "--stats", "json:s.json")
            total = json.loads((self.dir / "s.json").read_text())["total"]
            stats.append([total[k] for k in ("cycles", "instructions", "transactions", "simulated_seconds")])
            self.assertEqual(stats[0], stats[-1], options)

    def test_stats(self):
        self.run_board("hello.elf", "--stats", "json:a.json", "--stats", "csv:a.csv")
        stats = json.loads((self.dir / "a.json").read_text())
        keys = {"cycles", "instructions", "seconds", "mips", "transactions", "simulated_seconds", "exit_status"}
        self.assertLessEqual(keys, set(stats["total"]))
        self.assertEqual([h["name"] for h in stats["harts"]], ["cpu0"])
        self.assertLessEqual(keys | {"idle", "traps"}, set(stats["harts"][0]))
        rows = list(csv.DictReader((self.dir / "a.csv").read_text().splitlines()))
        self.assertEqual([row["name"] for row in rows], ["total", "cpu0"])
        for key in keys - {"seconds", "mips"}:
            self.assertEqual(float(rows[0][key]), float(stats["total"][key]), key)

    def test_set_timing_and_quantum_reach_the_description(self):
        self.run_board("hello.elf", "-o", "out", "--set", "main.width=64", "--timing", "generic-table", "--quantum",
                       "5us")
        text = (self.dir / "out/config.resolved.yaml").read_text()
        self.assertRegex(text, r"width: *64")
        self.assertRegex(text, r"quantum: *5us")
        slow = self.run_board("hello.elf", "--set", "ram.wait_states=9", "--stats", "json:s.json")
        self.assertEqual(slow.stdout, "hello\n")
        cycles = json.loads((self.dir / "s.json").read_text())["total"]["cycles"]
        self.run_board("hello.elf", "--stats", "json:s.json")
        self.assertGreater(cycles, json.loads((self.dir / "s.json").read_text())["total"]["cycles"] + 25 * 8)

    def test_guest_errors_are_shown_when_asked(self):
        self.write("wrong.elf", elf(li(5, 0x00100000) + li(6, 0x1234) + sw(6, 5) + finish(0)))
        self.assertNotIn("guest:", self.run_board("wrong.elf").stderr)
        line = self.run_board("wrong.elf", "--guest-errors", "--quiet").stderr
        self.assertRegex(line, r"\Asocscope: guest: [\d.]+ ms: test0: .* \(cpu0 pc 0x80000010 in M mode: "
                               r"sw t1, 0\(t0\)\)\n\Z")
        # a loop of stores to nowhere: one line, and how often at the end
        self.write("nowhere.elf", elf(li(5, 0x8000001c) + [0x30529073] + li(8, 0x40000000) + li(7, 7) +
                                      [0xfff38393, 0x00038463] + sw(6, 8) + LOOP))
        lines = self.run_board("nowhere.elf", "--guest-errors", "--quiet", "--limit-insns", "60",
                               status=124).stderr.splitlines()
        self.assertRegex(lines[0], r"cpu0: store access fault at 0x40000000: nothing is there \(cpu0 pc 0x8")
        self.assertRegex(lines[1], r"ms: 6 times in all: cpu0: store access fault at 0x40000000")
        self.assertEqual(len(lines), 2)

    def test_progress_json(self):
        running = subprocess.Popen([SOCSCOPE, "run", "board.yaml", "loop.elf", "--progress", "json", "--quiet"],
                                   cwd=self.dir, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = json.loads(running.stderr.readline())
        self.assertLessEqual({"simulated_seconds", "mips", "transactions", "db_bytes"}, set(line))
        self.assertGreater(line["instructions"], 0)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130)

    def test_stdin_that_is_no_terminal_is_not_read(self):
        self.write("echo.elf", elf(ECHO))
        self.run_board("echo.elf", "--limit-time", "5ms", stdin="q", status=124)
        done = self.run_board("echo.elf", "--serial", "stdio", "--limit-time", "1s", "-o", "out", stdin="abcq",
                              status=5)
        self.assertEqual(done.stdout, "abcq")
        db = sqlite3.connect(self.dir / "out/run.db")
        self.assertEqual(b"".join(row[0] for row in db.execute("select bytes from input order by time")), b"abcq")
        db.close()

    def test_script(self):
        self.write("echo.elf", elf(ECHO))
        script = self.write("s.txt", "send hi\\n\nexpect hi\\n\nwait 2ms\nsend q\n")
        done = self.run_board("echo.elf", "--serial", f"script:{script}", status=5)
        self.assertEqual(done.stdout, "hi\nq")
        self.write("s.txt", "send hi\ntimeout 1ms\nexpect ho\n")
        done = self.good("run", "board.yaml", "echo.elf", "--serial", "script:s.txt", "--quiet", status=1)
        self.assertRegex(done.stderr, r'\Asocscope: error: s.txt:3: "ho" did not come [^\n]*\n\Z')
        self.write("s.txt", "quit\n")
        self.run_board("loop.elf", "--serial", "script:s.txt")

    def test_file_and_null(self):
        self.assertEqual(self.run_board("hello.elf", "--serial", "file:c.txt").stdout, "")
        self.assertEqual((self.dir / "c.txt").read_text(), "hello\n")
        self.assertEqual(self.run_board("hello.elf", "--serial", "uart0=null").stdout, "")

    def test_closed_pipe_is_no_crash(self):
        self.write("many.elf", elf(say("x" * 20000) + finish(3)))
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([SOCSCOPE, "run", "board.yaml", "many.elf", "--quiet"], cwd=self.dir, stdout=writer,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        os.close(writer)
        self.assertIn(done.returncode, (2, -signal.SIGPIPE))

    def interrupted(self, number):
        running = subprocess.Popen([SOCSCOPE, "run", "board.yaml", "loop.elf", "-o", "out", "--quiet"], cwd=self.dir,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not (self.dir / "out/run.db").exists():
            time.sleep(0.01)
        time.sleep(0.3)
        running.send_signal(number)
        _, error = running.communicate(timeout=60)
        self.assertEqual(error, "")
        db = sqlite3.connect(self.dir / "out/run.db")
        run = dict(db.execute("select key, value from run"))
        db.close()
        self.assertEqual(run["complete"], 1)
        self.assertEqual(run["stop"], "interrupted")
        self.assertGreater(run["cycles"], 0)
        return running.returncode

    def test_signals_close_the_database(self):
        self.assertEqual(self.interrupted(signal.SIGINT), 130)
        self.assertEqual(self.interrupted(signal.SIGTERM), 143)

    def test_terminal(self):
        """On a terminal: typed bytes reach the guest unechoed, Ctrl-A x ends, the terminal is as before."""
        self.write("echo.elf", elf(ECHO))
        master, slave = pty.openpty()
        before = subprocess.run(["stty", "-a"], stdin=slave, capture_output=True, text=True).stdout
        running = subprocess.Popen([SOCSCOPE, "run", "board.yaml", "echo.elf", "--quiet"], cwd=self.dir, stdin=slave,
                                   stdout=slave, stderr=slave)
        deadline = time.time() + 60
        while "-icanon" not in subprocess.run(["stty", "-a"], stdin=slave, capture_output=True, text=True).stdout:
            self.assertLess(time.time(), deadline)
            time.sleep(0.02)
        os.write(master, b"ab\x01\x01c")
        seen = b""
        while b"c" not in seen and time.time() < deadline:
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 100)
        self.assertEqual(seen, b"ab\x01c")
        os.write(master, b"\x01x")
        self.assertEqual(running.wait(timeout=60), 0)
        after = subprocess.run(["stty", "-a"], stdin=slave, capture_output=True, text=True).stdout
        self.assertEqual(after, before)
        os.close(master)
        os.close(slave)


# -- conformance tests -----------------------------------------------------------------------------------------------

class Conformance(Case):
    def run_test(self, width, name, *args, status, config="spike"):
        return self.good("run", CONFIGS / f"{config}{width}.yaml", FIRMWARE / f"rv{width}/{name}.elf", "--limit-insns",
                         "100000", *args, status=status)

    def test_tohost_ends_the_run_prints_and_leaves_a_signature(self):
        for width in (32, 64):
            for config in ("spike", "virt"):
                done = self.run_test(width, "tohost", "--signature", "s.txt", "-o", "out", "--trace", status=7,
                                     config=config)
                self.assertEqual(done.stdout, "htif\ncall\n")
                self.assertIn("socscope: test 7 failed, exit status 7; ", done.stderr)
                self.assertEqual((self.dir / "s.txt").read_text(), "00000001\n12345678\ndeadbeef\n")
                self.assertEqual((self.dir / "out/console.log").read_text(), done.stdout)
                db = sqlite3.connect(self.dir / "out/run.db")
                self.assertEqual(db.execute("select level, text from log").fetchall(), [("tohost", "test 7 failed")])
                # every access to the watched bytes is a transaction as any other
                rows = self.rows("select kind, count(*) from tx where region = 'tohost' group by 1")
                self.assertEqual(rows, [("load", 5), ("store", 14)])
                self.assertEqual(db.execute("select count(*) from check_result where not ok").fetchone(), (0,))
                db.close()
        self.run_test(32, "tohost", "--signature", "s.txt", "--signature-granularity", "2", status=7)
        self.assertEqual((self.dir / "s.txt").read_text(), "0001\n0000\n5678\n1234\nbeef\ndead\n")

    def test_tohost_in_supervisor_mode_behind_page_tables(self):
        for width in (32, 64):
            done = self.run_test(width, "paged", "-o", "out", "--trace", status=0)
            self.assertEqual(done.stdout, "S")
            self.assertIn("socscope: test passed, exit status 0; ", done.stderr)
            db = sqlite3.connect(self.dir / "out/run.db")
            stores = self.rows("select va - pa from tx where region = 'tohost' and kind = 'store'")
            self.assertEqual(stores, [(-0x40000000,)] * 4)
            # the walker is an initiator of its own, and all cycles are accounted for
            walks = self.rows("select count(*) from tx where initiator = 'cpu0' and kind = 'walk'")[0][0]
            self.assertGreater(walks, 0)
            self.assertEqual(db.execute("select sum(accesses) from traffic where kind = 'walk'").fetchone(), (walks,))
            self.assertEqual(db.execute("select sum(c.cycles) - h.cycles from hart h, hart_cycles c").fetchone(), (0,))
            waited = db.execute("select cycles from hart_cycles where category = 'walk'").fetchone()[0]
            self.assertGreater(waited, 0)
            self.assertEqual(db.execute("select count(*) from check_result where not ok").fetchone(), (0,))
            db.close()

    def test_semihosting(self):
        for width in (32, 64):
            self.assertEqual(self.run_test(width, "semihosting", "--semihosting", status=9).stdout, "semi-host!\n")
            self.assertEqual(self.run_test(width, "semihosting", status=50).stdout, "")

    def test_log_of_commits(self):
        for width in (32, 64):
            w = width // 4
            done = self.run_test(width, "tohost", "--log-commits", "c.txt", status=7)
            insns = int(re.search(r"([\d,]+) instructions", done.stderr)[1].replace(",", ""))
            text = (self.dir / "c.txt").read_text()
            lines = text.splitlines()
            self.assertEqual(len(lines), insns)
            number = f"0x[0-9a-f]{{{w}}}"
            for line in lines:
                self.assertRegex(line, rf"\Acore   0: 3 {number} \(0x([0-9a-f]{{4}}|[0-9a-f]{{8}})\)"
                                       rf"( [xf]\d+ +{number}| c\d+_\w+ {number})*( mem {number}( 0x[0-9a-f]+)?)*\Z")
            self.assertEqual(lines[0], f"core   0: 3 0x{0x80000000:0{w}x} (0x00001497) x9  0x{0x80001000:0{w}x}")
            self.assertIn(f" (0x00044503) x10 0x{ord('h'):0{w}x} mem 0x{0x80002000:0{w}x}\n", text)  # lbu
            self.assertIn(f" (0xc0cc) mem 0x{0x80001004:0{w}x} 0x01010000\n", text)  # c.sw
            paged = self.run_test(width, "paged", "--log-commits", "c.txt", status=0)
            self.assertIn("test passed", paged.stderr)
            text = (self.dir / "c.txt").read_text()
            self.assertRegex(text, rf"core   0: 3 {number} \(0x18031073\) c384_satp {number}\n")
            self.assertRegex(text, rf"core   0: 1 0x0*4000[0-9a-f]+ \(0x")
            self.assertRegex(text, rf" \(0x30200073\) c768_mstatus {number}\n")  # mret
        self.run_test(32, "tohost", "--log-commits", "c.txt", "--log-disasm", status=7)
        self.assertEqual((self.dir / "c.txt").read_text().splitlines()[0],
                         "core   0: 3 0x80000000 (0x00001497) x9  0x80001000 # auipc s1, 1")

    def test_the_log_and_semihosting_change_no_result(self):
        totals = []
        for args in ([], ["--log-commits", "c.txt"], ["--semihosting"]):
            self.run_test(64, "app", "--stats", "json:s.json", *args, status=124, config="virt")
            total = json.loads((self.dir / "s.json").read_text())["total"]
            totals.append({k: v for k, v in total.items() if k not in ("seconds", "mips", "blocks_decoded",
                                                                        "blocks_dropped")})
        self.assertEqual(totals[0], totals[1])
        self.assertEqual(totals[0], totals[2])

    def test_a_folder_of_tests(self):
        script = [sys.executable, pathlib.Path(__file__).parent / "riscv_tests.py", SOCSCOPE, CONFIGS]
        tests = self.dir / "tests"
        tests.mkdir()
        done = subprocess.run([*script, tests], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        for width in (32, 64):
            (tests / f"rv{width}si-p-paged").write_bytes((FIRMWARE / f"rv{width}/paged.elf").read_bytes())
        (tests / "rv32si-p-paged.dump").write_text("no ELF file")
        done = subprocess.run([*script, tests], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "2 of 2 passed\n"))
        (tests / "rv32ui-p-bad").write_bytes((FIRMWARE / "rv32/tohost.elf").read_bytes())
        done = subprocess.run([*script, tests], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "FAILED rv32ui-p-bad: test 7 failed, exit status 7\n2 of 3 passed\n")

    def test_mistakes(self):
        self.bad("run", "board.yaml", "hello.elf", "--signature", "s.txt", says=["begin_signature", "--signature"])
        self.bad("run", "board.yaml", "hello.elf", "--log-disasm", says=["--log-commits"])
        self.bad("run", "board.yaml", "hello.elf", "--log-commits", "none/c.txt", says=["none/c.txt"])
        self.bad("run", "board.yaml", "hello.elf", "--signature-granularity", "3", says=["1, 2, 4, 8 or 16"])


# -- bad input -------------------------------------------------------------------------------------------------------

class BadInput(Case):
    def bad_board(self, old, new, says, line=None):
        self.assertIn(old, BOARD)
        text = BOARD.replace(old, new, 1)
        self.write("bad.yaml", text)
        if line is None:
            line = 1 + next(i for i, (a, b) in enumerate(zip(BOARD.splitlines(), text.splitlines())) if a != b)
        for command in (["run", "bad.yaml", "hello.elf", "-o", "out", "--trace"], ["map", "bad.yaml"]):
            self.bad(*command, says=[f"error: bad.yaml:{line}: ", *says])
        (self.dir / "bad.yaml").unlink()

    def bad_elf(self, content, says, config="board.yaml"):
        self.write("bad.elf", content)
        self.bad("run", config, "bad.elf", "-o", "out", "--trace", says=["bad.elf", *says])
        (self.dir / "bad.elf").unlink()

    def test_missing_files_and_directories(self):
        self.bad("run", "none.yaml", "hello.elf", says=["none.yaml"])
        self.bad("run", "board.yaml", "none.elf", says=["none.elf"])
        self.bad("run", ".", "hello.elf", says=["."])
        self.bad("run", "board.yaml", ".", says=["."])
        self.bad("map", "none.yaml", says=["none.yaml"])
        for command in (["report"], ["sql"]):
            query = ["select 1"] if command == ["sql"] else []
            self.bad(*command, "none.db", *query, says=["none.db"])
            self.bad(*command, ".", *query, says=["."])

    def test_elf_files(self):
        whole = elf(say("hello") + finish(0))
        self.bad_elf(b"", says=[])
        self.bad_elf(b"#!/bin/sh\necho no\n", says=[])
        for size in (4, 20, 51, 60, 83, 90, len(whole) - 1):
            self.bad_elf(whole[:size], says=[])
        self.bad_elf(elf(LOOP, machine=62), says=[])  # x86-64
        self.bad_elf(elf(LOOP, width=64), says=["64", "32"])
        self.bad_elf(elf(LOOP, kind=1), says=[])  # an object file
        self.bad_elf(elf(LOOP, address=0x20000000), says=["0x20000000"])
        self.bad_elf(elf(LOOP * 4, address=0x803ffff8), says=["0x80400000"])  # its second half
        self.bad_elf(elf(LOOP, address=0x10000000), says=["0x10000000"])  # a device
        self.write("board64.yaml", BOARD.replace("rv32", "rv64"))
        self.bad_elf(elf(LOOP), config="board64.yaml", says=["64", "32"])

    def test_real_firmware_of_the_other_width(self):
        self.write("board64.yaml", BOARD.replace("rv32", "rv64"))
        self.bad("run", "board64.yaml", FIRMWARE / "rv32/app.elf", says=["app.elf", "64", "32"])
        self.bad("run", "board.yaml", FIRMWARE / "rv64/app.elf", says=["app.elf", "64", "32"])

    def test_descriptions(self):
        self.bad_board("buses:\n", "buses: [\n", says=[], line=self.yaml_line("buses: [\n"))
        self.bad_board("width: 32", "widht: 32", says=["widht", "width"])
        self.bad_board("width: 32", "width: 33", says=["33"])
        self.bad_board("clock: 50MHz", "clock: 50MHx", says=["MHx", "MHz"])
        self.bad_board("size: 4MiB", "size: 4MeB", says=["MeB", "MiB"])
        self.bad_board("type: ns16550a", "type: ns16550", says=["ns16550", "ns16550a"])
        self.bad_board("at: 0x00100000", "at: 0x10000000", says=["test0", "uart0"])
        self.bad_board("name: clint0", "name: uart0", says=["uart0"])
        self.bad_board("bus: main, at: 0x02000000", "bus: mian, at: 0x02000000", says=["mian", "main"])
        self.bad_board("irq: plic0.10", "irq: plci0.10", says=["plci0", "plic0"])
        self.bad_board("rv32imac_zicsr_zifencei", "rv32imacq", says=["rv32imacq"])
        self.bad("run", "board.yaml", "hello.elf", "--set", "main.widht=64", says=["--set main.widht", "width"])
        self.bad("run", "board.yaml", "hello.elf", "--set", "main", says=["main"])
        self.bad("run", "board.yaml", "hello.elf", "--timing", "generic", says=["generic"])
        self.bad("run", "board.yaml", "hello.elf", "--quantum", "5", says=["quantum", "5"])

    def yaml_line(self, text):
        """Where a YAML parser notices: the line that is not part of the list any more."""
        self.write("probe.yaml", BOARD.replace("buses:\n", text, 1))
        error = self.call("map", "probe.yaml").stderr
        (self.dir / "probe.yaml").unlink()
        line = int(re.match(r"socscope: error: probe.yaml:(\d+): ", error).group(1))
        self.assertIn(line, (6, 7, 8, 9))
        return line

    def test_options(self):
        run = ["run", "board.yaml", "hello.elf"]
        self.bad(*run, "--trace", says=["add -o DIR"])
        self.bad(*run, "-o", "out", "--trace=fetch,lode", says=["lode", 'did you mean "load"?'])
        self.bad(*run, "--limit-insns", "lots", says=["--limit-insns", "lots"])
        self.bad(*run, "--limit-time", "5", says=["--limit-time", "5"])
        self.bad(*run, "--limit-time", "5mm", says=["--limit-time", "mm"])
        self.bad(*run, "--stats", "s.json", says=["json:FILE"])
        self.bad(*run, "--stats", "xml:s", says=["json:FILE"])
        self.bad(*run, "--progress", "always", says=["always", "never"])
        self.bad(*run, "--serial", "stdoi", says=["stdoi", "stdio"])
        self.bad(*run, "--serial", "script:none.txt", says=["none.txt"])
        self.write("s.txt", "expect a\nsned b\n")
        self.bad(*run, "--serial", "script:s.txt", "-o", "out", says=["s.txt:2: ", 'did you mean "send"?'])
        self.bad("map", "board.yaml", "--bus", "mian", says=["mian", "main"])
        self.bad("map", "board.yaml", "--explain", "here", says=["--explain", "here"])
        self.bad("map", "board.yaml", "--explain", "0", "-s", "3", says=["1, 2, 4 or 8"])
        self.bad("map", "board.yaml", "-w", says=["--explain"])
        self.bad("devices", "ns16550", says=["ns16550a"])

    def test_outputs_that_cannot_be_written(self):
        run = ["run", "board.yaml", "hello.elf"]
        self.bad(*run, "-o", "board.yaml", says=["board.yaml"])
        self.bad(*run, "-o", "board.yaml/deep", says=["board.yaml"])
        self.bad(*run, "-o", "", says=["-o"])
        self.bad(*run, "-o", "/proc/none/out", says=["/proc/none"])
        self.bad(*run, "--stats", "json:none/s.json", says=["none/s.json"])
        self.bad(*run, "--serial", "file:none/c.txt", says=["none/c.txt"])
        (self.dir / "taken/run.db").mkdir(parents=True)
        done = self.call(*run, "-o", "taken")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Asocscope: error: [^\n]*taken/run.db[^\n]*\n\Z")
        self.assertEqual(done.stdout, "")

    def test_databases(self):
        self.run_board("hello.elf", "-o", "out", "--trace")
        whole = (self.dir / "out/run.db").read_bytes()
        foreign = self.dir / "foreign.db"
        other = sqlite3.connect(foreign)
        other.execute("create table t(x)")
        other.commit()
        other.close()
        self.write("empty.db", b"")
        self.write("text.db", "this is no database at all\n" * 100)
        self.write("cut.db", whole[:len(whole) // 2])
        self.write("broken.db", whole[:100] + b"\xff" * (len(whole) - 100))
        for name in ("foreign.db", "empty.db", "text.db", "cut.db", "broken.db"):
            self.bad("report", name, says=[name])
            self.bad("sql", name, "select count(*) from tx", says=[name])
        self.bad("sql", "out/run.db", "selec 1", says=[])
        self.bad("sql", "out/run.db", "select nothing from tx", says=["nothing"])
        self.bad("sql", "out/run.db", "delete from run", says=[])
        self.assertEqual((self.dir / "out/run.db").read_bytes(), whole)

    def test_a_name_with_a_newline_is_still_one_line(self):
        self.bad("run", "no\nsuch.yaml", "hello.elf", says=["such.yaml"])
        self.bad("ru\nn", says=["unknown command"])

    def test_random_bytes_never_crash(self):
        """Cut and flipped versions of good files: a status of 0..2 or 124..125, never a signal."""
        import random
        dice = random.Random(7)
        good = elf(say("hi") + finish(0))
        for i in range(40):
            blob = bytearray(good)
            for _ in range(dice.randint(1, 4)):
                blob[dice.randrange(len(blob) if i % 2 else 84)] = dice.randrange(256)
            self.write("flip.elf", bytes(blob))
            done = self.call("run", "board.yaml", "flip.elf", "--limit-insns", "10000", "--quiet")
            self.assertGreaterEqual(done.returncode, 0, done.stderr)
            if done.returncode == 2:
                self.assertLessEqual(done.stderr.count("\n"), 1)


# -- reading ---------------------------------------------------------------------------------------------------------

class Reading(Case):
    def test_report(self):
        self.run_board("hello.elf", "-o", "out", "--trace")
        plain = self.good("report", "out/run.db", "--plain").stdout
        self.assertTrue(plain.isascii())
        self.assertNotIn("\x1b", plain)
        json.loads(self.good("report", "out/run.db", "--json").stdout)

    def test_map(self):
        text = self.good("map", "board.yaml").stdout
        for name in ("ram", "uart0", "clint0", "plic0", "test0"):
            self.assertIn(name, text)
        text = self.good("map", "board.yaml", "--explain", "0x10000005", "-s", "4").stdout
        self.assertIn("uart0", text)
        self.assertIn("ram", self.good("map", "board.yaml", "--explain", "0x8000_0004", "-s", "8", "-w").stdout)
        self.assertIn("uart9", self.good("map", "board.yaml", "--bus", "main", "--set", "uart0.name=uart9").stdout)

    def test_devices(self):
        table = self.good("devices").stdout
        types = [line.split()[0] for line in table.splitlines()[1:] if line and not line.startswith("socscope")]
        self.assertLessEqual({"ns16550a", "clint", "plic", "sifive-test", "timer", "gpio", "dma"}, set(types))
        for name in types:
            text = self.good("devices", name).stdout
            self.assertTrue(text.startswith(name + " - "), text)
            self.assertIn("source: ", text)
            self.assertTrue(all(len(line) <= 100 or line.startswith("  - {") for line in text.splitlines()), text)
            # The example is an entry that works, where no other entry has its place and its wires.
            example = re.search(r"^example\n((?:  - \{.*\}\n)+)", text, re.M).group(1)
            example = example.replace("0x10000000", "0x50000000").replace(f"name: {name}0", "name: probe0")
            board = re.sub(r", (timer|soft|out): \[[^]]*\]", "", BOARD) if "cpu0.m" in example else BOARD
            self.write("run.db", "cycle,address,size,dir\n0,0,4,r\n")  # what a player plays
            self.write("disk.img", bytes(512))
            self.write("example.yaml", board + example)
            self.good("map", "example.yaml")


class Firmware(Case):
    def test_real_programs(self):
        self.write("board64.yaml", BOARD.replace("rv32", "rv64"))
        for board, width in (("board.yaml", "rv32"), ("board64.yaml", "rv64")):
            done = self.good("run", board, FIRMWARE / width / "compute-small.elf", "-o", width)
            self.assertNotEqual(done.stdout, "")
            self.assertEqual((self.dir / width / "console.log").read_text(), done.stdout)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SOCSCOPE, FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
