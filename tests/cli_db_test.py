"""diff, check, export and expand on databases of real runs.

usage: cli_db_test.py SOCSCOPE FIRMWARE_FOLDER     (the folder holds rv32/NAME.elf and rv64/NAME.elf)
"""
import bisect
import csv
import io
import json
import os
import pathlib
import re
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import cli_test
from cli_test import CONFIGS, Case


def section(elf, name):
    """Offset and size of a section of a 32-bit ELF file."""
    table, = struct.unpack_from("<I", elf, 32)
    size, count, names = struct.unpack_from("<HHH", elf, 46)
    headers = [struct.unpack_from("<10I", elf, table + i * size) for i in range(count)]
    return next((h[4], h[5]) for h in headers if elf[headers[names][4] + h[0]:].startswith(name + b"\0"))


class Databases(Case):
    @classmethod
    def setUpClass(cls):
        cls.runs = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.runs.cleanup)

    def record(self, name, *args, out, config="mcu", trace="--trace"):
        """The database of a run; made once. `out` tells two runs of the same from each other."""
        folder = pathlib.Path(self.runs.name, re.sub(r"[^a-z0-9]+", "-", " ".join((out, name, config, trace, *args))))
        if not folder.exists():
            self.good("run", CONFIGS / f"{config}.yaml", cli_test.FIRMWARE / "rv32" / f"{name}.elf", "-o", folder, trace,
                      "--quiet", *args)
        return folder / "run.db"

    def rows(self, db, query):
        return [tuple(row.values()) for row in json.loads(self.good("sql", db, query, "-json").stdout)]

    def diff(self, a, b, *args, status=0):
        return json.loads(self.good("diff", a, b, "--json", *args, status=status).stdout)

    # -- source lines ------------------------------------------------------------------------------------------------

    def test_source_lines_are_those_of_addr2line(self):
        db = self.record("app", out="a")
        lines = self.rows(db, "select address, size, file, line from source_line order by address")
        self.assertGreater(len(lines), 500)
        elf = cli_test.FIRMWARE / "rv32/app.elf"
        places = [(a + o, f, n) for a, size, f, n in lines for o in {0, (size - 1) // 2 * 2}]
        said = subprocess.run(["riscv64-unknown-elf-addr2line", "-e", elf], text=True, capture_output=True, check=True,
                              input="\n".join(f"{a:x}" for a, _, _ in places)).stdout.splitlines()
        # For included code of a library addr2line names the file that includes it.
        wrong = [(hex(a), f, n, text) for (a, f, n), text in zip(places, said, strict=True)
                 if not text.split(" (disc")[0].endswith(f"{f}:{n}" if f.startswith("tests/") else f":{n}")]
        self.assertTrue(any(f == "tests/firmware/app.c" for _, f, _ in places))
        self.assertEqual(wrong, [])
        total, = self.rows(db, "select sum(cycles), sum(instructions) from function_cost")
        self.assertEqual(self.rows(db, "select sum(cycles), sum(instructions) from line_cost"), [total])
        accesses, = self.rows(db, "select count(*), sum(size), sum(wait_cycles + bus_cycles + target_cycles) from tx "
                                  "where kind in ('load', 'store', 'amo')")
        self.assertEqual(self.rows(db, "select sum(accesses), sum(bytes), sum(stall_cycles) from line_cost"), [accesses])

    def test_code_between_functions_has_no_line(self):
        self.write("gap.c", "void mid(void);\n"
                   "__attribute__((section(\".text.3\"))) void far(void) { mid(); *(volatile int *)0x100000 = 0x5555; }\n"
                   "__attribute__((section(\".text.1\"), naked)) void _start(void) { asm(\"li sp, 0x80008000\\n call far\"); }\n")
        self.write("mid.s", ".section .text.2, \"ax\"\n.globl mid\n.type mid, @function\nmid: nop\nret\n.size mid, . - mid\n")
        gcc = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32"]
        subprocess.run([*gcc, "-O1", "-g", "-c", "gap.c"], cwd=self.dir, check=True)
        subprocess.run([*gcc, "-nostdlib", "gap.o", "mid.s", "-o", "gap.elf", "-Wl,-n,-Ttext=0x80000000,--sort-section=name"],
                       cwd=self.dir, check=True)
        self.good("run", CONFIGS / "mcu.yaml", "gap.elf", "-o", "gap", "--quiet")
        self.assertEqual(self.rows("gap/run.db", "select symbol, line, sum(instructions) n from line_cost where symbol = 'mid' or "
                                   "line = 3 group by 1, 2 order by 1"), [("_start", 3, 2), ("mid", None, 2)])

    def test_source_lines_of_a_further_image(self):
        self.write("bare.elf", cli_test.elf(cli_test.LOOP))
        self.good("run", CONFIGS / "mcu.yaml", "bare.elf", "--load", cli_test.FIRMWARE / "rv32/twin-a.elf", "-o", "more", "--quiet")
        self.assertIn(("tests/firmware/twin.c", "main"), self.rows("more/run.db", "select distinct file, symbol from line_cost"))

    def test_firmware_without_lines_or_with_damaged_ones(self):
        elf = (cli_test.FIRMWARE / "rv32/twin-a.elf").read_bytes()
        at = elf.rindex(b"tests/firmware/twin.c")
        self.write("none.elf", elf.replace(b".debug_", b".dubeg_"))
        self.write("damaged.elf", elf[:at - 200] + b"\xff" * 400 + elf[at + 200:])
        # texts that do not end within their section
        begin, size = section(elf, b".debug_line_str")
        self.write("endless.elf", elf[:begin + size - 1] + b"x" + elf[begin + size:])
        for name, most in (("none", 0), ("damaged", 1), ("endless", 1)):
            self.good("run", CONFIGS / "mcu.yaml", f"{name}.elf", "-o", name, "--quiet")
            self.assertLessEqual(self.rows(f"{name}/run.db", "select count(*) from log")[0][0], most)
        self.assertEqual(self.rows("none/run.db", "select count(*) from line_cost"), [(0,)])

    # -- report ------------------------------------------------------------------------------------------------------

    def test_every_number_of_a_report_is_a_cell_of_a_metric(self):
        for name, trace in (("app", "--trace"), ("uart", "--trace"), ("uart", "--trace=mmio"), ("app", "--quiet")):
            db = self.record(name, out="a", trace=trace)
            metrics = json.loads(self.good("report", db, "--json").stdout)["metrics"]
            cells = {cell for m in metrics for row in m.get("rows", [[m.get("value")]]) for cell in row}
            known = sorted(c for c in cells if isinstance(c, (int, float)))
            text = self.good("report", db).stdout
            self.assertLessEqual(max(map(len, text.splitlines())), 100)
            numbers = 0
            for line in text.splitlines():
                if " more: socscope report " in line or "|" in line[:40]:
                    continue
                for token in re.findall(r"(?<![^ ])-?\d{1,3}(?:,\d{3})*(?:\.\d+)?(?=[ ,]|$)", line):
                    value, digits = float(token.replace(",", "")), len(token.partition(".")[2])
                    at = bisect.bisect(known, value)
                    near = min(abs(k - value) for k in known[max(at - 1, 0):at + 1])
                    numbers += 1
                    self.assertLessEqual(near, 0.5001 * 10 ** -digits if digits else 0, f"{token} in {line!r}")
            self.assertGreater(numbers, 200 if trace != "--quiet" else 120)
        self.assertIn("Latency: not recorded; run with --trace  [latency]", text)
        self.assertIn("newlib/libc/search/qsort.c:110", text)

    def test_polling_loops_are_those_of_mmio(self):
        db = self.record("uart", out="a")
        found = self.rows(db, "select pc, register, loops, reads, cycles, longest_reads, last_value, end_value from polling_loop")
        want, run = {}, []

        def end(now):
            if len(run) >= 4:
                changed = now and now[:3] == run[0][:3]
                place = want.setdefault(run[0][1:3], [0, 0, 0, 0, 0, None])
                place[0] += 1
                place[1] += len(run)
                place[2] += (now[4] if changed else run[-1][4]) - run[0][4]
                place[3] = max(place[3], len(run))
                place[4:] = run[0][3], now[3] if changed else None
        for row in self.rows(db, "select dir, pc, register, value, cycle from mmio order by tx"):
            if not run or row[:4] != run[0][:4]:
                end(row)
                run = []
            if row[0] == "r":
                run.append(row)
        end(None)
        self.assertEqual({f[:2]: list(f[2:]) for f in found}, want)
        self.assertEqual(found[0][1], "LSR")
        cycles, = self.rows(db, "select max(cycles) from hart")[0]
        text = self.good("report", db, "polling").stdout
        self.assertRegex(text, rf"uart0\.LSR +put_text +{found[0][0]:#x} +{found[0][2]} +{found[0][3]:,} +{found[0][4]:,} +"
                               rf"{100 * found[0][4] / cycles:.1f} +0x0 +0x20\n")

    def test_sections_of_a_report(self):
        db = self.record("uart", out="a")
        said = self.bad("report", db, "nothing", says=['"nothing"', "overview"])
        names = re.findall(r"[a-z]+", said.partition("there are")[2])
        text = self.good("report", "--help").stdout
        for name in names:
            self.assertRegex(text, rf"\b{name}\b")
            self.good("report", db, name)
        self.assertLessEqual(self.good("report", db, "overview").stdout.count("\n"), 24)
        self.assertGreater(self.good("report", db, "--all", "lines").stdout.count("\n"), 30)
        self.bad("report", db, "--json", "lines", says=["--json", '"lines"'])
        self.bad("report", says=["report RUN.db"])

    # -- diff --------------------------------------------------------------------------------------------------------

    def test_the_same_run_twice_is_identical(self):
        a, b = (self.record("twin-a", out=out) for out in ("a", "b"))
        text = self.good("diff", a, b, "--fail-on", "cycles != 0").stdout
        self.assertIn("\nidentical: ", text)
        found = self.diff(a, b)
        self.assertTrue(found["identical"] and found["comparable"] and found["all_rows_equal"])

    def test_two_builds_that_differ_in_one_function(self):
        a, b = (self.record(f"twin-{x}", out=x) for x in "ab")
        found = self.diff(a, b)
        self.assertFalse(found["identical"])
        self.assertTrue(found["comparable"])
        self.assertEqual(found["config"], [])
        names = [f["name"].split(".")[0] for f in found["functions"]]
        self.assertEqual(names, ["checksum"], "and no other function")
        one, two = found["functions"][0]["cycles"]
        self.assertGreater(two, 2 * one)
        cycles = next(m for m in found["metrics"] if m["name"] == "cycles")
        self.assertEqual(cycles["change"], two - one)
        where = found["divergence"]["instruction"]
        self.assertTrue(where["found"])
        self.assertFalse(where["only_addresses"])
        for side, db in (("a", a), ("b", b)):
            self.assertTrue(where[side]["symbol"].startswith("checksum"), where)
            row, = self.rows(db, f"select time, pc, symbol, kind from tx where rowid = {where[side]['tx']}")
            self.assertEqual(row, (where[side]["time"], where[side]["pc"], where[side]["symbol"].split("+")[0], "fetch"))
        self.assertFalse(found["divergence"]["mmio"]["found"], "the firmwares print the same")
        text = self.good("diff", a, b).stdout
        self.assertRegex(text, r"the most changed first\n.*\n  checksum")

    def test_two_configurations_that_differ_in_one_wait_state(self):
        a = self.record("twin-a", out="a")
        b = self.record("twin-a", "--set", "uart0.wait_states=4", out="b")
        found = self.diff(a, b)
        self.assertEqual([(c["name"], c["a"], c["b"]) for c in found["config"]],
                         [("devices.uart0.wait_states", "1", "4")])
        first = found["regions"][0]
        self.assertEqual((first["name"], first["what"]), ("uart0", "data"))
        accesses, cycles = first["accesses"][0], first["target_cycles"]
        self.assertEqual(cycles[1] - cycles[0], 3 * accesses, "three more cycles for each access")
        self.assertEqual(len(found["regions"]), 1, "no other region cost anything else")
        self.assertFalse(found["divergence"]["instruction"]["found"])
        where = found["divergence"]["timing"]
        self.assertIn("uart0+0x", where["a"]["what"])
        self.assertIn("target 1,", where["a"]["what"])
        self.assertIn("target 4,", where["b"]["what"])
        first_access = sqlite3.connect(self.dir / a).execute("select min(tx) from mmio where region = 'uart0'").fetchone()
        self.assertEqual(where["a"]["tx"], first_access[0])
        self.assertIn("devices.uart0.wait_states: 1 -> 4", self.good("diff", a, b).stdout)

    def test_thresholds(self):
        a, b = (self.record(f"twin-{x}", out=x) for x in "ab")
        done = self.good("diff", a, b, "--fail-on", "cycles > +2%", "--fail-on", "traps > 0", "--fail-on",
                         "instructions >= 1", "--junit", "j.xml", status=1)
        lines = done.stderr.splitlines()
        self.assertEqual([line.split(": ")[:3] for line in lines],
                         [["socscope", "failed", "cycles > +2%"], ["socscope", "failed", "instructions >= 1"]])
        suite = xml.etree.ElementTree.parse(self.dir / "j.xml").getroot()[0]
        self.assertEqual([(c.get("name"), c.find("failure") is not None) for c in suite],
                         [("cycles > +2%", True), ("traps > 0", False), ("instructions >= 1", True)])
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("3", "2"))
        self.good("diff", b, a, "--fail-on", "cycles > +2%")
        self.assertTrue(self.diff(a, b, "--fail-on", "cycles > 5", status=1)["thresholds"][0]["failed"])
        self.bad("diff", a, b, "--fail-on", "cylces > 2", says=['"cylces > 2"', "no metric cylces", "cycles"])
        self.bad("diff", a, b, "--fail-on", "cycles + 2", says=['"cycles + 2"', "cycles > +2%"])
        self.bad("diff", a, "none.db", says=["none.db"])
        self.bad("diff", a, b, "--junit", "no/such/j.xml", says=["--junit no/such/j.xml"])

    def test_what_is_not_comparable_is_said_first(self):
        a = self.record("twin-a", out="a")
        others = {"quantum (ps)": self.record("twin-a", "--quantum", "2us", out="a"),
                  "trace_kinds": self.record("twin-a", out="a", trace="--trace=data")}
        self.good("run", CONFIGS / "mcu.yaml", cli_test.FIRMWARE / "rv32/twin-a.elf", "-o", "l", "--trace",
                  "--limit-insns", "3000", status=124)
        others["limits"] = "l/run.db"
        for name, b in others.items():
            found = self.diff(a, b)
            self.assertFalse(found["comparable"])
            self.assertIn(name, [h["name"] for h in found["not_comparable"]])
            self.assertTrue(self.good("diff", a, b).stdout.splitlines()[3].startswith("NOT COMPARABLE"))
        where = self.diff(a, "l/run.db")["divergence"]["instruction"]
        self.assertEqual((where["equal_before"], where["b"]), (3000, None), "one run went on")
        found = self.diff(a, others["trace_kinds"])["divergence"]
        self.assertEqual(found["instruction"]["of"], "loads and stores")
        self.assertFalse(found["instruction"]["found"])
        self.assertFalse(found["mmio"]["found"])
        self.assertGreater(found["mmio"]["compared"], 50)

    def test_a_run_that_did_not_end_is_compared_as_far_as_it_got(self):
        a = self.record("twin-a", out="a")
        killed = self.dir / "killed.db"
        self.good("expand", a, "-o", killed)
        db = sqlite3.connect(killed)
        db.executescript("update run set value = 0 where key = 'complete'; delete from traffic; delete from function_cost;"
                         "delete from check_result; update metric set value = null; delete from tx where rowid > 3000;"
                         "delete from beat where tx > 3000; delete from mmio where tx > 3000;"
                         "delete from run where key = 'tx_rows'")
        db.close()
        found = self.diff(a, killed)
        self.assertIn("the run ended properly", [h["name"] for h in found["not_comparable"]])
        self.bad("diff", a, killed, "--fail-on", "cycles > 2", says=["its run did not end"])
        self.assertIn("skipped  totals", self.good("check", killed).stdout)

    # -- check -------------------------------------------------------------------------------------------------------

    def test_check(self):
        for name, config in (("access", "virt32"), ("twin-b", "mcu")):
            db = self.record(name, out="a", config=config)
            lines = self.good("check", db).stdout.splitlines()
            self.assertTrue(all(line.startswith("ok  ") for line in lines[:-1]), lines)
            self.assertRegex(lines[-1], r"^0 of \d\d do not hold$")
        part = self.record("twin-a", "--trace-from", "main", out="a")
        self.assertIn("skipped  rows = counters: the run did not record everything", self.good("check", part).stdout)
        self.good("expand", db, "-o", "plain.db")
        plain = sqlite3.connect(self.dir / "plain.db")
        plain.execute("delete from tx where rowid = (select max(rowid) from tx)")
        plain.commit()
        plain.close()
        done = self.good("check", "plain.db", status=1)
        self.assertIn("\nFAILED   rows numbered: ", done.stdout)
        checks = json.loads(self.good("check", "plain.db", "--json", status=1).stdout)
        self.assertEqual(len(checks), done.stdout.count("\n") - 1)
        self.assertTrue(any(c["ok"] is False for c in checks))
        self.write("text.db", "this is no database\n" * 100)
        self.bad("check", "text.db", says=["text.db"])

    # -- export, expand ----------------------------------------------------------------------------------------------

    def test_exported_rows_answer_as_the_database_does(self):
        db = self.record("twin-a", out="a")
        query = "select symbol, kind, count(*) n, sum(size) s, sum(target_cycles) c, max(time) t from {} group by 1, 2 order by 1, 2"
        want = self.rows(db, query.format("tx"))
        other = sqlite3.connect(":memory:")
        rows = list(csv.reader(io.StringIO(self.good("export", db, "--format", "csv").stdout, newline="")))
        other.execute(f"create table loaded({', '.join(c + ' numeric' for c in rows[0])})")
        other.executemany(f"insert into loaded values({', '.join('?' * len(rows[0]))})",
                          [[v if v != "" else None for v in row] for row in rows[1:]])
        self.assertEqual(other.execute(query.format("loaded")).fetchall(), want)
        lines = self.good("export", db, "--format", "jsonl", "--where", "region = 'uart0'").stdout.splitlines()
        registers = sqlite3.connect(self.dir / db).execute("select tx, offset, value from mmio where region = 'uart0'")
        self.assertEqual([(r["rowid"], r["offset"], r["value"]) for r in map(json.loads, lines)], registers.fetchall())
        self.good("expand", db, "-o", "plain.db")
        self.assertEqual(sqlite3.connect(self.dir / "plain.db").execute(query.format("tx")).fetchall(), want)
        self.assertIn("identical", self.good("diff", db, "plain.db").stdout)

    def test_rows_their_csv_groups_and_summaries_agree(self):
        db = self.record("access", out="a")
        plain = sqlite3.connect(":memory:")
        rows = list(csv.reader(io.StringIO(self.good("export", db, "--format", "csv").stdout, newline="")))
        plain.execute(f"create table tx({', '.join(c + ' numeric' for c in rows[0])})")
        plain.executemany(f"insert into tx values({', '.join('?' * len(rows[0]))})",
                          ([v if v != "" else None for v in row] for row in rows[1:]))
        sums = "count(*) n, sum(size) b, sum(beats), sum(wait_cycles), sum(bus_cycles), sum(target_cycles)"
        total = "sum(accesses) n, sum(bytes) b, sum(beats), sum(wait_cycles), sum(bus_cycles), sum(target_cycles)"
        group = "accesses n, bytes b, beats, wait_cycles, bus_cycles, target_cycles"
        site = "tx_site x join site s on s.id = x.site left join region r on r.id = s.region_id join kind k on k.id = s.kind_id"
        answers = {  # of rows, of groups, and of summaries
            "region, kind, dir": (f"select region, kind, dir, {sums} from tx group by 1, 2, 3",
                                  f"select k1, k2, k3, {group} from tx_group('region, kind, dir')",
                                  f"select region, kind, dir, {total} from traffic group by 1, 2, 3",
                                  f"select r.name region, k.name kind, s.dir dir, {total} from {site} group by 1, 2, 3"),
            "pc": (f"select pc, {sums} from tx where kind = 'load' group by 1",
                   f"select k1, {group} from tx_group('pc') where kind = 'load'",
                   f"select s.pc, {total} from {site} where k.name = 'load' group by 1"),
            "longest": ("select initiator_id, region, dir, max(wait_cycles + bus_cycles + target_cycles), count(*) from tx"
                        " group by 1, 2, 3",
                        "select k1, k2, k3, max_cycles, accesses from tx_group('initiator_id, region, dir')",
                        "select initiator_id, region, dir, max(cycles_max), sum(accesses) from latency_histogram"
                        " where part = 'total' group by 1, 2, 3"),
            "windows": ("select begin_ps, count(*), sum(size) from (select begin_ps, end_ps from traffic_window group by 1) w"
                        " join tx on time >= begin_ps and time < end_ps and kind = 'store' group by 1",
                        "select begin_ps, sum(accesses), sum(bytes) from traffic_window where kind = 'store' group by 1"),
        }
        for name, (query, *others) in answers.items():
            want = sorted(self.rows(db, query), key=str)
            self.assertGreater(len(want), 3, name)
            if name != "windows":  # no table of the csv
                self.assertEqual(sorted(plain.execute(query).fetchall(), key=str), want, name)
            for other in others:
                self.assertEqual(sorted(self.rows(db, other), key=str), want, other)

    def test_files_appear_when_they_are_whole(self):
        db = self.record("twin-a", out="a")
        self.good("export", db, "--format", "csv", "--table", "mmio", "-o", "mmio.csv")
        self.assertEqual((self.dir / "mmio.csv").read_text().count("\n"), 1 + int(json.loads(self.good(
            "sql", db, "select count(*) n from mmio", "-json").stdout)[0]["n"]))
        self.bad("export", db, "--format", "csv", "--where", "nothing > 1", "-o", "x.csv", says=["nothing > 1"])
        self.bad("export", db, "--format", "csv", "-o", "no/such/x.csv", says=["no/such/x.csv"])
        self.bad("export", db, "--format", "cvs", says=["--format cvs", "csv, jsonl"])
        self.bad("export", db, "--format", "csv", "--table", "xt", says=["no table xt", "tx"])
        self.bad("expand", db, "-o", "x.db", "--where", "nothing > 1", says=["nothing > 1"])
        self.bad("expand", db, "-o", "no/such/x.db", says=["no/such/x.db"])
        before = self.files()

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, 1 << 18))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for args in (("expand", db, "-o", "x.db"), ("export", db, "--format", "csv", "-o", "x.csv")):
            done = self.call(*args, preexec_fn=small_files)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"\Asocscope: error: [^\n]+\n\Z")
            self.assertEqual(self.files(), before)

    def test_an_interrupted_expand_leaves_nothing(self):
        self.good("run", "board.yaml", "loop.elf", "-o", "long", "--trace", "--limit-insns", "200000", status=124)
        before = self.files()
        for number in (signal.SIGINT, signal.SIGTERM):
            run = subprocess.Popen([cli_test.SOCSCOPE, "expand", "long/run.db", "-o", "x.db"], cwd=self.dir,
                                   stderr=subprocess.DEVNULL)
            for _ in range(500):
                if any(".part-" in name for name in self.files()):
                    break
                time.sleep(0.01)
            run.send_signal(number)
            self.assertNotEqual(run.wait(), 0)
            self.assertEqual(self.files(), before)

    def test_units_in_headings(self):
        self.run_board("hello.elf", "-o", "out", "--trace")
        query = "select time, cycle, size from tx limit 1"
        self.assertEqual(self.good("sql", "out/run.db", query, "-csv").stdout.splitlines()[0], "time,cycle,size")
        self.assertEqual(self.good("sql", "out/run.db", query, "-csv", "--units").stdout.splitlines()[0],
                         "time [ps],cycle [cycles],size [bytes]")
        self.assertIn("time [ps]", self.good("sql", "out/run.db", query).stdout)

    def test_sql_formats(self):
        self.run_board("hello.elf", "-o", "out", "--trace")
        query = "select kind, count(*) n from tx group by kind order by kind"
        for flag in ("-csv", "--csv"):
            self.assertEqual(self.good("sql", "out/run.db", query, flag).stdout.split(),
                             ["kind,n", "fetch,25", "store,7"])
        rows = json.loads(self.good("sql", "out/run.db", query, "-json").stdout)
        self.assertEqual(rows, [{"kind": "fetch", "n": 25}, {"kind": "store", "n": 7}])
        self.assertIn("fetch", self.good("sql", "out/run.db", query).stdout)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
