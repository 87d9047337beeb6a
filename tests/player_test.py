"""Players: what is repeated of a database or a CSV file, when, and what is said of files that cannot be played.

usage: player_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import os
import pathlib
import random
import sys
import unittest

import cli_test
from cli_test import CONFIGS, elf, finish
from traffic_test import HEAD, STUDY, TX, TrafficCase

CSV = "cycle,address,size,dir,value\n"


class Csv(TrafficCase):
    def play(self, text, extra=""):
        self.write("a.csv", text)
        self.machine("m.yaml", [f"{{name: p, type: player, bus: main, file: a.csv{extra}}}"])
        return [r[1:2] + r[3:7] for r in self.trace("m.yaml", check=False)]

    def test_columns(self):
        rows = [(0, "w", 0x80000000, 4, 0x1234), (10, "r", 0x80000000, 4, 0x1234), (12, "w", 0x80000008, 8, -2),
                (30, "r", 0x80000008, 1, 0xfe), (40, "r", 0x80000004, 2, 0)]
        self.assertEqual(self.play(
            CSV + "0,0x80000000,4,w,0x1234\n\n10,2147483648,4,r,\r\n12,0x80000008,8,w,-2\n30,0x80000008,1,r\n"
                  '40,"0x80000004",2,rw,""'), rows)
        self.assertEqual(self.play(
            "dir,note,value,size,time,pa,cycle\nw,\"a, \"\"b\"\"\",4660,4,0,0x80000000,7\nr,,,4,100000,0x80000000,0\n"),
            rows[:2])
        self.assertEqual([r[0] for r in self.play(CSV + "5,0x80000000,4,r\n5,0x80000000,4,r\n")], [5, 6])

    def test_paces(self):
        text = "cycle,address,size,dir,cycles\n100,0x80000000,4,r,10\n130,0x80000000,4,r,1\n132,0x80000000,64,r,1\n140,0x80000000,4,r\n"
        def times(extra):
            return [r[0] for r in self.play(text, extra)]
        self.assertEqual(times(""), [100, 130, 132, 140])
        self.assertEqual(times(", scale: 50, start: 1us"), [150, 165, 166, 170])
        self.assertEqual(times(", count: 2"), [100, 130])
        # a read of 4 bytes takes 3 cycles here, the long one 18
        self.assertEqual(times(", pace: dependent"), [0, 23, 27, 52])
        self.assertEqual(times(", pace: dependent, scale: 200"), [0, 43, 48, 80])
        self.assertEqual(times(", pace: fast"), [0, 3, 6, 24])
        self.assertEqual(times(", pace: fast, outstanding: 4"), [0, 1, 2, 3])
        self.assertEqual(times(", outstanding: 1"), [100, 130, 133, 151])
        self.assertEqual(self.rows("select late, late_cycles, late_cycles_max from traffic_source"), [(2, 12, 11)])

    def test_parameters(self):
        self.write("a.csv", CSV + "0,0,4,r,\n")
        for text, says in [
            ("count: 1", ["file"]),
            ("file: none.csv", ["m.yaml:9: ", "none.csv", "No such file"]),
            ("file: .", ["m.yaml:9: "]),
            ("file: a.csv, pace: slow", ["pace of p", "recorded, dependent or fast"]),
            ("file: a.csv, pace: dependent, outstanding: 2", ["outstanding of p"]),
            ("file: a.csv, initiator: cpu0", ["a.csv:1", "initiator", "cpu0"]),
            ("file: a.csv, scale: 1000001", ["scale"]),
        ]:
            self.machine("m.yaml", [f"{{name: p, type: player, bus: main, {text}}}"])
            self.bad("run", "m.yaml", says=says)

    def test_bytes_across_a_boundary(self):
        """What crosses 4 KiB is two transactions, each with its part of the bytes."""
        self.assertEqual(self.play(CSV + "0,0x80000ffd,8,w,0x0807060504030201\n"),
                         [(0, "w", 0x80000ffd, 3, 0x030201), (1, "w", 0x80001000, 5, 0x0807060504)])

    def test_wrong(self):
        """Which file and line; tests/sim/player_csv_test.cc has all that can be wrong in one."""
        for text, says in [
            ("", ["a.csv", "empty"]),
            (CSV + "0,0x80000000,4,r,\nx,0,4,r,\n", ["a.csv:3: ", "cycle", '"x"']),
            (CSV + "0,0\0,4,r,\n", ["a.csv:2: ", "0x00"]),
        ]:
            self.write("a.csv", text)
            self.machine("m.yaml", ["{name: p, type: player, bus: main, file: a.csv}"])
            self.bad("run", "m.yaml", says=["m.yaml:9: "] + says)

    def test_anything(self):
        """Damaged files: one line of error, or a run."""
        self.machine("m.yaml", ["{name: p, type: player, bus: main, file: a.csv, pace: fast}"])
        seed = (CSV + "".join(f"{3 * i},{0x80000000 + 64 * i:#x},{1 << i % 5},{'rw'[i % 2]},{i % 3}\n" for i in range(12))).encode()
        words = [b",", b"\n", b'"', b"-", b"0x", b"18446744073709551615", b"\0", b"4096", b"w", b"time", b"\xff", b"9" * 50]
        for n in range(5):
            rng, text = random.Random(n), bytearray(seed)
            for _ in range(rng.randint(1, 6)):
                at = rng.randrange(len(text))
                text[at:at + rng.randint(0, 3)] = rng.choice(words)
            self.write("a.csv", bytes(text))
            done = self.call("run", "m.yaml", "--quiet")
            self.assertIn(done.returncode, (0, 2), (n, done.stderr))
            self.assertEqual(len(done.stderr.splitlines()), int(done.returncode == 2), (n, done.stderr))


class Replay(TrafficCase):
    def players(self, names, extra="", head=HEAD):
        self.machine("again.yaml", [f"{{name: {n}, type: player, bus: main, file: out/run.db, initiator: {n}{extra}}}"
                                    for n in names], head)

    def test_traffic_on_its_own_machine(self):
        """Same times, waits, blockers, beats and bytes."""
        self.machine("m.yaml", STUDY)
        rows = self.trace("m.yaml")
        self.players(["lcd", "copy", "core"])
        self.assertEqual(self.trace("again.yaml", out="again"), rows)
        late = self.rows("select sum(late), min(pace) from traffic_source", "again/run.db")
        self.assertEqual(late, [(0, "recorded")])

    def test_a_program_like_loop_on_an_odd_clock(self):
        """Dependent accesses keep their gaps to the cycle, whatever the period is rounded to."""
        head = HEAD.replace("100MHz", "33333333Hz")
        self.machine("m.yaml", STUDY[2:], head)
        rows = self.trace("m.yaml", check=False)
        self.players(["core"], ", pace: dependent", head)
        self.assertEqual(self.trace("again.yaml", out="again"), rows)

    def test_bytes_that_were_not_recorded(self):
        """Beats of more than 8 bytes have no value in full: such writes carry the pattern, and no other bytes."""
        self.machine("m.yaml", STUDY[1:2])
        rows = self.trace("m.yaml", "--set", "main.width=128", check=False)
        self.players(["copy"])
        self.assertEqual([r[3:6] for r in self.trace("again.yaml", out="again")], [r[3:6] for r in rows])
        values = self.rows("select count(distinct b.value), min(b.value) / 16777216, count(*) from beat b"
                           " where b.dir = 'w' group by b.tx", "again/run.db")
        self.assertEqual(values, [(1, 1, 16)] * 50)

    def test_file_beside_the_description(self):
        """Files are relative to the description; in the resolved one they are absolute, so that it runs from anywhere."""
        (self.dir / "sub").mkdir()
        self.write("sub/a.csv", CSV + "0,0x80000000,4,w,7\n")
        self.write("sub/m.yaml", HEAD + "  - {name: p, type: player, bus: main, file: a.csv, start: 10001ps}\n"
                   + "".join(f"  - {e}\n" for e in STUDY))
        rows = self.trace("sub/m.yaml", check=False)
        self.assertIn((20000, "p.master", 7), [(r[0], r[2], r[6]) for r in rows])
        resolved = (self.dir / "out/config.resolved.yaml").read_bytes()
        self.assertIn(str(self.dir / "sub/a.csv").encode(), resolved)
        (self.dir / "else/where").mkdir(parents=True)
        self.write("else/where/resolved.yaml", resolved)
        self.assertEqual(self.trace("else/where/resolved.yaml", out="again"), rows)
        self.good("run", "where/resolved.yaml", "-o", "out", "--trace", "--quiet", cwd=self.dir / "else")
        self.assertEqual((self.dir / "else/out/config.resolved.yaml").read_bytes(), resolved)
        self.assertIn("identical", self.good("diff", "out/run.db", "else/out/run.db").stdout)

    def test_export_plays_too(self):
        self.machine("m.yaml", STUDY)
        rows = self.trace("m.yaml")
        self.good("export", "out/run.db", "--format", "csv", "-o", "tx.csv")
        self.machine("again.yaml", [f"{{name: {n}, type: player, bus: main, file: tx.csv, initiator: {n}.master}}"
                                    for n in ("lcd", "copy", "core")])
        again = self.trace("again.yaml", out="again")
        self.assertEqual([r[:6] + r[7:] for r in again], [r[:6] + r[7:] for r in rows])  # but for long writes' bytes

    def test_dma_on_its_own_machine(self):
        """A DMA engine that firmware programs over another bus: its transfers alone, with the same waits."""
        memories = "  - {name: ram, bus: [main, ctl], at: 0x80000000, size: 64KiB, wait_states: 1}\n"
        head = ("version: 1\nname: dma\nclock: 50MHz\nbuses:\n  main: {width: 32}\n  ctl: {width: 32}\nmemories:\n" + memories)
        cpu = "cpus:\n  - {name: cpu0, isa: rv32i_zicsr, bus: ctl, reset: 0x80000000}\n"
        dma = "".join(f"  - {{name: dma{i}, type: dma, bus: ctl, at: 0x1800{i}000, master: main}}\n" for i in range(2))
        self.write("m.yaml", head + cpu + "devices:\n" + dma + "  - {name: test0, type: sifive-test, bus: ctl, at: 0x100000}\n")
        code = []
        for i in range(2):  # 256 bytes each, 16 and 64 at a time
            for reg, value in ((0, 0x80000000 + 0x40 * i), (8, 0x80001000 + 0x1004 * i), (16, 256), (20, 0x41 + 0x20 * i)):
                code += cli_test.li(5, 0x18000000 + 0x1000 * i + reg) + cli_test.li(6, value) + cli_test.sw(6, 5)
        wait = cli_test.li(7, 600) + [0xfff38393, 0xfe039ee3]  # addi t2, t2, -1; bnez t2, -4
        self.write("dma.elf", elf(code + wait + finish(0)))
        self.good("run", "m.yaml", "dma.elf", "-o", "out", "--trace", "--quiet")
        query = f"select {TX} from tx where kind = 'dma' order by rowid"
        rows = self.rows(query)
        self.assertGreater(len(rows), 30)
        self.assertGreater(sum(r[9] for r in rows), 50)
        self.players(["dma0", "dma1"], head=head + "devices:\n")
        self.trace("again.yaml", "--load", "dma.elf", out="again")
        self.assertEqual(self.rows(query, "again/run.db"), rows)

    def test_a_hart_in_a_closed_loop(self):
        """The loads and stores of a program, in their order, without it."""
        self.good("run", CONFIGS / "mcu.yaml", cli_test.FIRMWARE / "rv32/compute-small.elf", "-o", "out", "--trace=data",
                  "--limit-insns", "8000", "--quiet", status=124)
        query = "select dir, pa, size, value from tx where kind in ('load', 'store', 'dma') and region = 'sram' order by rowid"
        rows = self.rows(query)
        self.assertGreater(len(rows), 400)
        head = HEAD.replace("ram,", "sram,").replace("1MiB", "4MiB") + "".join(
            f"  - {{name: {name}, type: {name[:-1]}, bus: main, at: {at}}}\n"
            for name, at in (("ns16550a0", 0x10000000), ("plic0", 0x0c000000)))
        for pace in ("fast", "dependent", "recorded"):
            self.machine("again.yaml", [f"{{name: p, type: player, bus: main, file: out/run.db, initiator: cpu0.data, pace: {pace}}}"],
                         head)
            self.good("run", "again.yaml", "-o", "again", "--trace", "--quiet", "--load",
                      cli_test.FIRMWARE / "rv32/compute-small.elf")
            self.good("check", "again/run.db")
            self.assertEqual(self.rows(query, "again/run.db"), rows, pace)

    def test_whose(self):
        self.machine("m.yaml", STUDY)
        self.trace("m.yaml")
        for text, says in [
            ("", ["several", "copy.master, core.master, lcd.master"]),
            (", initiator: dma", ["dma", "copy.master"]),
        ]:
            self.machine("again.yaml", [f"{{name: p, type: player, bus: main, file: out/run.db{text}}}"])
            self.bad("run", "again.yaml", says=["again.yaml:9: out/run.db", *says])
        self.good("run", "m.yaml", "-o", "out", "--quiet")
        self.bad("run", "again.yaml", says=["again.yaml:9: out/run.db", "--trace"])

    def test_damaged_databases(self):
        self.machine("m.yaml", STUDY)
        self.trace("m.yaml")
        self.machine("again.yaml", ["{name: p, type: player, bus: main, file: bad.db, initiator: lcd, pace: fast}"])
        whole = (self.dir / "out/run.db").read_bytes()
        for n in range(10):
            rng, text = random.Random(n), bytearray(whole)
            if n % 3 == 0:
                del text[rng.randrange(100, len(text)):]
            for _ in range(0 if n % 3 == 0 else 400):
                text[rng.randrange(100, len(text))] = rng.randrange(256)
            self.write("bad.db", bytes(text))
            done = self.call("run", "again.yaml", "--quiet")
            self.assertIn(done.returncode, (0, 2), (n, done.stderr))
            self.assertEqual(len(done.stderr.splitlines()), int(done.returncode == 2), (n, done.stderr))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
