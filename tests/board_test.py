"""The boards with firmware of their own.

usage: board_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import os
import pathlib
import re
import sys
import unittest

import cli_test
from cli_test import CONFIGS, Case

PERIPH = """flash id 00ef4016
programmed
word 15120f0c
dma from spi right
erased ffffffff
temperature 00001580
this line went out by DMA, a byte a request
"""


class Boards(Case):
    def run_on(self, board, program, *options, status=0, out="out"):
        return self.good("run", CONFIGS / f"{board}.yaml", cli_test.FIRMWARE / "rv32" / f"{program}.elf", "-o", out, *options,
                         status=status)

    def test_peripherals_of_mcu(self):
        done = self.run_on("mcu", "periph", "--trace=mmio")
        self.assertEqual(done.stdout, PERIPH)
        self.good("check", "out/run.db")
        # Every byte of the line waited for its turn: as many requests as it has bytes.
        line = PERIPH.splitlines(keepends=True)[-1]
        self.assertEqual(self.rows("select count(*) from mmio where initiator = 'dma0.master' and region = 'uart0'"), [(len(line),)])
        self.assertEqual(self.rows("select distinct dir, register, size from mmio where initiator = 'dma0.master' and region = 'spi0' "
                                   "order by 1"), [("r", "rxdata", 4), ("w", "txdata", 4)])
        fields = dict(self.rows("select register || '.' || field, last_before || '->' || last_value from field_change "
                                "where region in ('uart0', 'spi0')"))
        self.assertEqual(fields["LCR.DLAB"], "1->0")
        self.assertEqual(fields["csmode.mode"], "2->0")
        self.assertEqual(self.rows("select fields from mmio where region = 'spi0' and register = 'csmode' limit 2"),
                         [("mode=hold",), ("mode=auto",)])
        self.assertIn("uart0.LCR.DLAB", self.good("report", "out/run.db", "registers", "--all").stdout)

    def test_parameters_reach_them(self):
        self.write("image.bin", "0123456789")
        done = self.run_on("mcu", "periph", "--set", "temp0.temperature=-12.5", "--set", "flash0.id=0x1234",
                           "--set", f"flash0.image={self.dir}/image.bin")
        self.assertEqual(done.stdout, PERIPH.replace("1580", "f380").replace("ef40", "1234"))

    def test_the_same_on_every_path(self):
        """One hart: the quantum changes nothing, nor does recording."""
        for board, program, more in (("mcu", "periph", []), ("sifive_e", "hifive", ["--semihosting"])):
            said = set()
            for options in ([], ["--quantum", "17us"], ["--trace"]):
                done = self.run_on(board, program, *more, *options)
                said.add(re.search(r"[0-9.]+ s simulated, [0-9,]+ cycles, [0-9,]+ instructions", done.stderr).group())
            self.assertEqual(len(said), 1, said)

    def test_the_watchdog_bites(self):
        done = self.run_on("mcu", "bite", "--guest-errors", status=3)
        self.assertEqual(done.stdout, "nobody feeds the watchdog\n")
        self.assertRegex(done.stderr, r"watchdog0: not fed for 2000000 cycles: the run ends with status 3")

    def test_a_reset_starts_the_board_again(self):
        """By the watchdog, from an event, and by the test finisher, from a store: the program that was loaded, from its begin."""
        said = "nobody feeds the watchdog\n"
        for limit in (0, 1, 3):
            done = self.run_on("mcu", "bite", "--guest-errors", "--set", "watchdog0.action=reset", "--limit-resets", limit, "--trace",
                               out=f"w{limit}", status=124)
            self.assertEqual(done.stdout, said * (limit + 1))
            self.assertRegex(done.stderr, r"watchdog0: not fed for 2000000 cycles: it resets the machine")
            self.assertRegex(done.stderr, r"stopped by the limit on resets, cpu0 at ")
            self.assertEqual(self.good("check", f"w{limit}/run.db").stderr, "")
        # Each time takes as long, and does the same, in the same bytes of memory.
        same = "select pc, pa, kind, value from tx where time >= {} * 40000480000 and time < {} * 40000480000 order by rowid"
        first = self.rows(same.format(0, 1), "w3/run.db")
        self.assertGreater(len(first), 100)
        for n in (1, 2):
            self.assertEqual(len(self.rows(same.format(n, n + 1), "w3/run.db")), len(first))
        for options in (["--no-fast-path"], ["--set", "harts=2", "--quantum", "10us"]):
            done = self.run_on("mcu", "bite", "--guest-errors", "--set", "watchdog0.action=reset", "--limit-resets", 2, *options, status=124)
            self.assertIn("3 times in all: watchdog0: the guest asked for a reset", done.stderr, options)
        # It counts in a word of its own image, which is loaded again.
        self.write("count.elf", cli_test.elf([0x00000297, 0x0202a303, 0x00130313, 0x0262a023, 0x001003b7, 0x00007e37, 0x777e0e13,
                                              0x01c3a023, 0]))
        self.good("run", CONFIGS / "mcu.yaml", "count.elf", "-o", "count", "--trace", "--limit-resets", 2, status=124)
        self.assertEqual(self.rows("select value from tx where kind = 'store' and pa = 0x80000020", "count/run.db"), [(1,)] * 3)
        self.bad("run", CONFIGS / "mcu.yaml", "none.elf", "--limit-resets", "-1", says=["--limit-resets", "-1"])

    def test_a_flash_that_reads_ahead(self):
        """Lines that a small icache fetches again and again, most of them one after the other."""
        cycles, lines = {}, {}
        for prefetch in (0, 32):
            self.run_on("sifive_e", "hifive", "--semihosting", "--trace=mmio", "--set", f"xip.prefetch={prefetch}", "--set",
                        "cpus.cpu0.icache={size: 256, line: 32}", "--set", "pwm0.remove=true", out=f"p{prefetch}", status=1)
            (cycles[prefetch],), = self.rows("select sum(target_cycles) from traffic where region = 'xip' and kind = 'fetch'",
                                             f"p{prefetch}/run.db")
            (lines[prefetch],), = self.rows("select fills from cache_level", f"p{prefetch}/run.db")
        self.assertEqual(cycles[0], lines[0] * (511 + 7 * 255))
        self.assertLess(cycles[32] / lines[32], 0.98 * (511 + 7 * 255), cycles)
        self.bad("map", CONFIGS / "sifive_e.yaml", "--set", "cpus.cpu0.icache=none", says=["icache", "xip", "cpu0"])

    def test_the_stub_of_the_mask_rom(self):
        """An image that jumps back to the reset address: what is there jumps to the flash."""
        self.write("image.elf", cli_test.elf([0xff9ff06f], address=0x1008))
        for words, to in ((None, 0x20400000), ("[0x200102b7, 0x00028067]", 0x20010000)):
            self.good("run", CONFIGS / "sifive_e.yaml", "image.elf", "-o", "out", "--trace",
                      *(["--set", f"memories.mrom.words={words}"] if words else []), status=125)
            self.assertEqual([pa for pa, in self.rows("select pa from tx where kind = 'fetch' order by rowid limit 4")],
                             [0x1008, 0x1000, 0x1004, to])

    def test_what_the_flashes_of_virt_hold(self):
        """Drives of QEMU's users, in the order of the options or by their numbers."""
        words = [word for at in (0x20000000, 0x22000000) for word in cli_test.li(8, at) + [0x00042503]]  # lw a0, 0(s0)
        self.write("read.elf", cli_test.elf(words + cli_test.finish(0)))
        self.write("one.img", b"1111" * 128)
        self.write("two.img", b"2222" * 128)
        one, two = ("if=pflash,format=raw,readonly=on,file=one.img", "if=pflash,file=two.img,snapshot=on")
        for drives, held in (((one, two), (0x31313131, 0x32323232)), ((one + ",unit=1", two + ",unit=0"), (0x32323232, 0x31313131)),
                             ((two + ",unit=1",), (0xffffffff, 0x32323232)), ((), (0xffffffff, 0xffffffff))):
            self.good("run", CONFIGS / "virt32.yaml", "read.elf", "-o", "out", "--trace",
                      *(option for drive in drives for option in ("-drive", drive)))
            self.assertEqual(self.rows("select region, value from tx where region like 'pflash_' order by rowid"),
                             [("pflash0", held[0]), ("pflash1", held[1])], drives)
        self.assertEqual(self.rows("select distinct type from region where name like 'pflash_'"), [("romd",)])
        for drive, says in (("if=pflash,file=one.img", "has 512 of the 33554432 bytes of pflash0"),
                            ("if=pflash,unit=2,file=one.img", 'nothing is called "pflash2"'),
                            ("if=pflash,unit=x,file=one.img", "unit=x"), ("if=pflash", "names no file")):
            self.bad("run", CONFIGS / "virt32.yaml", "read.elf", "--drive", drive, says=[says])

    def test_what_names_nothing_is_refused(self):
        board = CONFIGS / "mcu.yaml"
        for what, says in (("flash0.controller=spi9", "spi0"), ("flash0.controller=i2c0", "no sifive-spi"),
                           ("flash0.memory=ram9", "no memory is called"), ("temp0.temperature=hot", "21.5"),
                           ("flash0.select=4", "0 to 3"), ("watchdog0.action=bark", "stop or reset"),
                           ("xip.prefetch=6", "multiple of 4"), ("xip.words=[0x1_0000_0000]", "words"), ("xip.words=7", "a list")):
            self.bad("map", board, "--set", what, says=[says])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
