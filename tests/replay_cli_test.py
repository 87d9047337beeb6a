"""Input of an earlier run, once more: `run --replay`, as a user types it.

usage: replay_cli_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import os
import pathlib
import sys
import unittest

import cli_test
from cli_test import BOARD, Case, ECHO, elf


class Replay(Case):
    def setUp(self):
        super().setUp()
        self.write("echo.elf", elf(ECHO))

    def echo(self, out, *args, stdin=""):
        done = self.run_board("echo.elf", "--serial", "stdio", "-o", out, "--quiet", *args, stdin=stdin, status=5)
        return done.stdout, self.rows("select time, device, hex(bytes) from input order by rowid", f"{out}/run.db")

    def test_the_same_input_at_the_same_time(self):
        text, rows = self.echo("a", stdin="hello?\nq")
        self.assertEqual(text, "hello?\nq")
        self.assertGreater(len(rows), 0)
        # What stdin says now is not read.
        again, same = self.echo("b", "--replay", "a/run.db", stdin="something else q")
        self.assertEqual((again, same), (text, rows))
        totals = "select initiator, region, kind, dir, size, accesses from traffic order by 1, 2, 3, 4, 5"
        self.assertEqual(self.rows(totals, "a/run.db"), self.rows(totals, "b/run.db"))
        self.assertEqual(self.good("diff", "a/run.db", "b/run.db", "--fail-on", "cycles > +0").returncode, 0)

    def test_over_the_database_that_it_reads(self):
        text, rows = self.echo("a", stdin="xyzq")
        self.assertEqual(self.echo("a", "--replay", "a/run.db"), (text, rows))

    def test_scripts_answer_by_themselves(self):
        self.write("s.txt", "wait 2ms\nsend hi\nwait 2ms\nsend q\n")
        first = self.run_board("echo.elf", "--serial", "script:s.txt", "-o", "a", "--quiet", status=5)
        again = self.run_board("echo.elf", "--serial", "script:s.txt", "-o", "b", "--quiet", "--replay", "a/run.db", status=5)
        self.assertEqual((first.stdout, again.stdout), ("hiq", "hiq"))

    def test_what_cannot_be_replayed(self):
        self.bad("run", "board.yaml", "echo.elf", "--replay", "none.db", says=["none.db"])
        self.write("text.db", "no database\n")
        self.bad("run", "board.yaml", "echo.elf", "--replay", "text.db", says=["text.db"])
        self.echo("a", stdin="q")
        self.write("other.yaml", BOARD.replace("uart0", "serial0"))
        self.bad("run", "other.yaml", "echo.elf", "--replay", "a/run.db", says=["uart0", "description"])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
