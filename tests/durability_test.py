"""What a trace survives: kill -9, a full disk, being read while it is written; and the stock sqlite3 shell.

usage: durability_test.py SOCSCOPE FIRMWARE_FOLDER EXTENSION [KILLS]     (KILLS: 4)
"""
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import time
import unittest

import cli_test
from cli_test import CONFIGS, Case

EXTENSION, KILLS = "", 4
SUMS = "count(*), sum(time), sum(pa), sum(value), max(time), sum(wait_cycles + bus_cycles + target_cycles)"


class Durability(Case):
    def command(self, out, *args, firmware="records"):
        return [cli_test.SOCSCOPE, "run", str(CONFIGS / "virt32.yaml"),
                str(cli_test.FIRMWARE / "rv32" / f"{firmware}.elf"), "-o", out, "--trace", "--quiet", *args]

    def background(self, out, *args, **which):
        return subprocess.Popen(self.command(out, *args, **which), cwd=self.dir, stdout=subprocess.DEVNULL)

    def wait_for_rows(self, db):
        """Until the first chunk is in the file."""
        for _ in range(600):
            time.sleep(0.05)
            done = self.call("sql", "--json", db, "select count(*) from chunk")
            if done.returncode == 0 and list(json.loads(done.stdout)[0].values())[0] > 0:
                return
        self.fail(f"{db} stays empty: {done.stderr}")

    def test_kill_9(self):
        dice = random.Random(5)
        whole = self.command("whole", "--limit-insns", "2500000")
        self.assertEqual(subprocess.run(whole, cwd=self.dir, stdout=subprocess.DEVNULL).returncode, 124)
        most = self.rows("select count(*) from tx", "whole/run.db")[0][0]
        for i in range(KILLS):
            running = self.background("killed", "--trace-threads", str(i % 3))
            self.wait_for_rows("killed/run.db")
            time.sleep(dice.random() / 12)
            running.send_signal(signal.SIGKILL)
            running.wait()
            self.assertTrue((self.dir / "killed/run.db-tail").exists())
            committed = self.rows("select count(*) from tx", "killed/run.db")[0][0]
            said = self.good("recover", "killed/run.db").stdout
            rows = self.rows(f"select {SUMS} from tx where rowid <= {most}", "killed/run.db")
            total = self.rows("select count(*) from tx", "killed/run.db")[0][0]
            self.assertEqual(said, f"killed/run.db: {total} transactions\n")
            self.assertGreaterEqual(total, committed)
            prefix = f"select {SUMS} from tx where rowid <= {min(most, total)}"
            self.assertEqual(rows, self.rows(prefix, "whole/run.db"))
            self.assertEqual(self.rows("select sum(accesses) from tx_site", "killed/run.db"), [(total,)])
            self.assertFalse((self.dir / "killed/run.db-tail").exists())
            self.good("report", "killed/run.db")
        self.assertEqual(self.good("check", "killed/run.db").returncode, 0)

    def test_a_run_that_goes_on_is_not_recovered(self):
        running = self.background("live", firmware="compute")
        try:
            self.wait_for_rows("live/run.db")
            self.bad("recover", "live/run.db", says=["live/run.db-tail", "still going on"])
            # and can be read: each look sees what is committed
            before = self.rows("select count(*), max(rowid) from tx", "live/run.db")[0]
            time.sleep(0.3)
            after = self.rows("select count(*), max(rowid) from tx", "live/run.db")[0]
            self.assertEqual(before[0], before[1])
            self.assertGreater(after[0], before[0])
        finally:
            running.send_signal(signal.SIGINT)
            running.wait()
        self.assertEqual(self.rows("select value from run where key = 'complete'", "live/run.db"), [(1,)])
        self.assertEqual(sorted(os.listdir(self.dir / "live")),
                         ["config.resolved.yaml", "console.log", "run.db", "stats.json"])

    def test_a_full_disk_ends_the_run_with_an_error(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        done = subprocess.run(self.command("out", "--limit-insns", "30000000", firmware="compute"), cwd=self.dir,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=small_files)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Asocscope: error: [^\n]+\n\Z")
        # what was committed is there, and says that it is not all
        (rows,), = self.rows("select count(*) from tx")
        self.assertGreater(rows, 100000)
        self.assertEqual(self.rows("select max(rowid) from tx"), [(rows,)])
        self.assertEqual(self.rows("select value from run where key = 'complete'"), [(0,)])

    def test_threads_change_no_record(self):
        files = []
        for threads in ("0", "1", "4"):
            command = self.command(threads, "--limit-insns", "300000", "--trace-threads", threads)
            self.assertEqual(subprocess.run(command, cwd=self.dir, stdout=subprocess.DEVNULL).returncode, 124)
            files.append(self.good("sql", f"{threads}/run.db", "select * from tx", "--csv").stdout)
            self.assertEqual(self.good("diff", "0/run.db", f"{threads}/run.db").returncode, 0)
        self.assertEqual(files[0], files[1])
        self.assertEqual(files[0], files[2])

    def test_durable(self):
        self.assertEqual(subprocess.run(self.command("d", "--trace-durable", "--limit-insns", "100000"), cwd=self.dir,
                                        stdout=subprocess.DEVNULL).returncode, 124)
        self.assertEqual(self.rows("select value from run where key = 'durable'", "d/run.db"), [(1,)])

    def test_the_stock_shell(self):
        command = self.command("out", "--limit-insns", "200000")
        self.assertEqual(subprocess.run(command, cwd=self.dir, stdout=subprocess.DEVNULL).returncode, 124)
        for query in ("select count(*), sum(size) from tx", "select kind, dir, count(*) from tx group by 1, 2",
                      "select * from tx where pa between 0x80000000 and 0x80000100 limit 20",
                      "select rowid, symbol from tx where region = 'uart0'", "select count(*) from beat where tx = 100",
                      "select t.rowid, b.seq from tx t join beat b on b.tx = t.rowid where t.rowid between 5 and 9"):
            shell = subprocess.run(["sqlite3", "-json", "out/run.db", f".load {EXTENSION}", query], cwd=self.dir,
                                   capture_output=True, text=True)
            self.assertEqual(shell.returncode, 0, shell.stderr)
            got = [tuple(row.values()) for row in json.loads(shell.stdout or "[]")]
            self.assertEqual(got, self.rows(query), query)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    EXTENSION = os.path.abspath(sys.argv[3])
    if len(sys.argv) > 4:
        KILLS = int(sys.argv[4])
    unittest.main(argv=sys.argv[:1])
