"""A frame buffer with and without posted stores: fewer beats and cycles, the same picture, every store to be found again.

usage: posted_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import json
import os
import pathlib
import sqlite3
import sys
import unittest

import cli_test
from cli_test import CONFIGS, Case

FRAME = """extends: %s
name: frame
buses: {main: {width: 64}}
memories:
  - {name: fb, bus: main, at: 0x90000000, size: 8KiB, wait_states: {read: 3, write: {first: 4, next: 1}},
     posted: {merge: line, timeout: 200}}
"""
CAUSES = {"full", "timeout", "access", "initiator", "fence", "interrupt", "map", "explicit", "stop"}


class Frame(Case):
    def setUp(self):
        super().setUp()
        self.write("frame.yaml", FRAME % (CONFIGS / "mcu.yaml"))
        self.pixels = cli_test.FIRMWARE / "rv32/pixels.elf"

    def draw(self, out, *options, trace="--trace"):
        self.good("run", "frame.yaml", self.pixels, "-o", out, "--quiet", trace, *options)
        db = f"{out}/run.db"
        if trace == "--trace":
            self.assertIn("\n0 of ", self.good("check", db).stdout)
        plain = sqlite3.connect(self.dir / db)
        self.assertEqual(plain.execute("select * from check_result where ok = 0").fetchall(), [])
        metric = dict(plain.execute("select name, value from metric"))
        plain.close()
        return db, metric

    def test_fewer_beats_and_cycles_and_the_same_picture(self):
        off, none = self.draw("off", "--set", "memories.fb.posted=none")
        picture = "select pa, value from tx where region = 'fb' and kind = 'load' and initiator = 'cpu0' order by pa"
        stored = ("select pa, size, value, pc from tx where region = 'fb' and kind = 'store'"
                  " and initiator = 'cpu0' order by rowid")
        load = "select beats, bytes, busy_cycles from bus_load where bus = 'main'"
        self.assertEqual(none["posted_stores"], 0)
        self.assertEqual(self.rows("select * from posted_cost", off), [])
        for merge in "word", "line", "ascending":
            on, metric = self.draw(merge, "--set", f"memories.fb.posted.merge={merge}")
            self.assertLess(metric["cycles"], none["cycles"])
            self.assertEqual(metric["instructions"], none["instructions"])
            self.assertGreater(len(self.rows(picture, on)), 6000)  # all pixels are read at the end
            self.assertEqual(self.rows(picture, on), self.rows(picture, off))
            self.assertEqual(self.rows(stored, on), self.rows(stored, off))
            (beats, _, busy), (lone, _, lone_busy) = self.rows(load, on)[0], self.rows(load, off)[0]
            self.assertLess(busy, lone_busy)
            self.assertEqual(lone - beats, metric["posted_beats_saved"])
            self.assertEqual(metric["posted_stores"], len(self.rows(stored, on)))
            self.assertGreater(metric["posted_avoided_cycles"], none["cycles"] - metric["cycles"])

    def test_a_store_when_issued_and_its_beats_when_flushed(self):
        db, metric = self.draw("on")
        flags = self.rows("select flags, beats, count(*) from tx where region = 'fb' and kind = 'store' and"
                          " initiator = 'cpu0' group by 1, 2", db)
        self.assertEqual(flags, [("coalesced", 0, metric["posted_stores"])])
        bursts = dict(self.rows("select rowid, size from tx where initiator = 'fb.posted'", db))
        beats = [b for b in self.rows("select tx, time, offset, size, value, cause from beat where region = 'fb'", db)
                 if b[0] in bursts]
        self.assertEqual(len(beats), metric["posted_beats"])
        self.assertEqual({b[5] for b in beats}, {"flush"})
        self.assertEqual(sum(b[3] for b in beats), sum(bursts.values()))
        self.assertEqual(self.rows("select kind, owner, part from initiator where name = 'fb.posted'", db),
                         [("posted", "fb", "posted")])
        self.assertEqual(self.rows("select name from flag_name where id = 8", db), [("coalesced",)])
        # A byte drains after it was stored, with the value it had: replayed in order of time both are one picture.
        frame, drained, unseen = {}, {}, []
        for initiator, time, pa, size, value in self.rows(
                "select initiator, time, pa, size, value from tx where region = 'fb' and kind = 'store' and"
                " initiator = 'cpu0' order by time, rowid", db):
            for i in range(size):
                frame[pa + i] = (time, value >> 8 * i & 0xff)
        for _, time, offset, size, value, _ in sorted(beats, key=lambda beat: beat[1]):
            for i in range(size):
                drained[0x90000000 + offset + i] = (time, value >> 8 * i & 0xff)
        for pa, (time, value) in frame.items():
            at, byte = drained.get(pa, (0, -1))
            if at < time or byte != value:
                unseen.append(hex(pa))
        self.assertEqual(unseen, [])

    def test_what_is_reported(self):
        db, metric = self.draw("on", "--set", "memories.fb.posted.depth=1")
        causes = dict(self.rows("select cause, sum(stores) from posted_flush group by 1", db))
        self.assertLessEqual(set(causes), CAUSES)
        self.assertLessEqual({"full", "timeout", "access", "fence"}, set(causes))
        self.assertEqual(sum(causes.values()), metric["posted_stores"])
        cost = self.rows("select stores, bytes, beats, lone_beats, beats_saved, stalls, stall_cycles, spent_cycles,"
                         " lone_cycles, avoided_cycles, errors from posted_cost", db)
        stores, size, beats, lone, saved, stalls, stalled, spent, alone, avoided, errors = cost[0]
        self.assertEqual((lone - beats, alone - spent, errors), (saved, avoided, 0))
        self.assertEqual(spent, stores + stalled)  # one cycle each, and the waits
        self.assertGreater(stalls, 0)
        self.assertEqual(self.rows("select sum(wait_cycles) from posted_flush where cause = 'full'", db), [(stalled,)])
        self.assertEqual(self.rows("select sum(wait_cycles) from tx where flags = 'coalesced'", db), [(stalled,)])
        self.assertEqual(self.rows("select distinct blocker from tx where flags = 'coalesced' and wait_cycles > 0", db),
                         [("fb.posted",)])
        report = self.good("report", db, "posted").stdout
        for word in "Posted writes", "What made them drain", f"{metric['posted_beats_saved']:,}", "timeout":
            self.assertIn(word, report)
        self.draw("other", "--set", "memories.fb.posted.depth=4")
        diff = json.loads(self.good("diff", "--json", db, "other/run.db").stdout)
        self.assertIn("posted_stall_cycles", json.dumps(diff))

    def test_tracing_changes_no_cycle(self):
        _, traced = self.draw("a")
        _, counted = self.draw("b", trace="--stats=json:b.json")
        for name in "cycles", "posted_beats", "posted_stall_cycles", "posted_flushes", "wait_cycles":
            self.assertEqual(traced[name], counted[name], name)

    def test_map_says_so(self):
        say = self.good("map", "frame.yaml", "--explain", "0x90000010", "-s", "4", "-w").stdout
        self.assertIn("  posted: by an initiator on main it waits in fb.posted (depth 16, merge line)\n", say)
        say = self.good("map", "frame.yaml", "--explain", "0x90000010", "-s", "4").stdout
        self.assertIn("  posted: what waits in fb.posted drains first\n", say)
        say = self.good("map", "frame.yaml", "--explain", "0x80000010", "-s", "4", "-w").stdout
        self.assertNotIn("posted", say)

    def test_one_line_for_what_is_wrong(self):
        for value, says in (("{depth: 99}", "depth: 99 is"), ("{line: 20}", "line: 20 is not a power of two"),
                            ("{merge: all}", 'merge: unknown value "all"'), ("never", "section posted is")):
            self.bad("run", "frame.yaml", self.pixels, "--set", f"memories.fb.posted={value}", says=[says])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
