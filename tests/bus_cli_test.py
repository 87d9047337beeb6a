"""Crossbars, bridges and slots as a user meets them: socscope run, report,
check, diff on the demo firmware.

Usage: bus_cli_test.py SOCSCOPE FIRMWARE_DIR CONFIGS_DIR
"""
import os
import subprocess
import sys
import tempfile
import unittest

SOCSCOPE, FIRMWARE, CONFIGS = map(os.path.abspath, sys.argv[1:4])

BOARDS = {
    "bridge": """
buses:
  apb: {parent: main, width: 8, clock: 20MHz, latency: {request: 2, response: 1}}
devices: [{name: uart0, bus: apb}, {name: plic0, bus: apb}]
""",
    "crossbar": """
buses:
  main: {kind: crossbar, burst: 8, outstanding: 2}
""",
    "far-ram": """
buses:
  main: {arbitration: tdm, slots: [cpu0, dma0, nobody], slot: 2, spare: next}
  mem: {parent: main, latency: 1, arbitration: tdm, slots: [cpu0, dma0], slot: 4}
memories: [{name: sram, bus: [mem, code]}]
""",
}


class Buses(unittest.TestCase):
    def tool(self, *args, status=0):
        p = subprocess.run([SOCSCOPE, *args], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(status, p.returncode, p.stdout + p.stderr)
        return p.stdout

    def test_runs_are_whole_and_alike_with_and_without_the_fast_path(self):
        waits = {}
        with tempfile.TemporaryDirectory() as d:
            for name, board in BOARDS.items():
                config = os.path.join(d, name + ".yaml")
                with open(config, "w", encoding="utf-8") as f:
                    f.write(f"extends: {os.path.join(CONFIGS, 'mcu.yaml')}\n{board}")
                dbs = []
                for option in ("--progress=never", "--no-fast-path"):
                    out = os.path.join(d, name + option)
                    elf = os.path.join(FIRMWARE, "rv32", "app.elf")
                    self.tool("run", config, elf, "-o", out, "--trace=beat", option, "--limit-insns", "300000", status=124)
                    dbs.append(os.path.join(out, "run.db"))
                    self.assertIn("0 of ", self.tool("check", dbs[-1]))
                diff = self.tool("diff", *dbs)
                self.assertTrue("identical" in diff or ("Metrics: all" in diff and "Transactions: all" in diff), diff)
                buses = self.tool("report", dbs[0], "buses")
                if name == "crossbar":
                    self.assertIn("main > sram", buses)
                else:
                    self.assertIn("main -> ", buses)
                waits[name] = self.tool("sql", dbs[0], "select sum(wait_cycles) from contention where blocker is null")
        self.assertRegex(waits["far-ram"], r"[1-9]")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
