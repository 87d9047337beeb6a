"""Registers of foreign devices, from CMSIS-SVD files.

usage: svd_test.py SOCSCOPE FIRMWARE_FOLDER     (as cli_test.py, whose kit it uses)
"""
import os
import pathlib
import sys
import unittest

import cli_test
from cli_test import BOARD, Case, elf, finish, li, sw

SVD = """<?xml version="1.0"?>
<device><name>CHIP</name><size>32</size><access>read-write</access><resetValue>0</resetValue>
<peripherals>
  <peripheral><name>ADC1</name><baseAddress>0x40012000</baseAddress>
    <addressBlock><offset>0</offset><size>0x400</size><usage>registers</usage></addressBlock>
    <registers>
      <register><name>SR</name><description>status</description><addressOffset>0</addressOffset><resetValue>0x3</resetValue>
        <modifiedWriteValues>oneToClear</modifiedWriteValues>
        <fields><field><name>AWD</name><bitOffset>0</bitOffset><bitWidth>1</bitWidth></field>
          <field><name>EOC</name><bitRange>[1:1]</bitRange></field></fields></register>
      <register><name>CR</name><addressOffset>0x04</addressOffset>
        <fields><field><name>MODE</name><lsb>4</lsb><msb>5</msb><enumeratedValues>
          <enumeratedValue><name>idle</name><value>0</value></enumeratedValue>
          <enumeratedValue><name>scan</name><value>#10</value></enumeratedValue></enumeratedValues></field></fields></register>
      <register><name>DR</name><addressOffset>0x08</addressOffset><access>read-only</access><resetValue>0x155</resetValue></register>
      <register><name>KEY</name><addressOffset>0x0c</addressOffset><access>write-only</access></register>
      <register><dim>4</dim><dimIncrement>8</dimIncrement><name>SQ[%s]</name><addressOffset>0x10</addressOffset>
        <resetValue>7</resetValue></register>
      <cluster><dim>2</dim><dimIncrement>0x10</dimIncrement><name>CH%s</name><addressOffset>0x80</addressOffset>
        <register><name>CFG</name><addressOffset>4</addressOffset><size>16</size></register></cluster>
    </registers></peripheral>
  <peripheral derivedFrom="ADC1"><name>ADC2</name><baseAddress>0x40013000</baseAddress></peripheral>
</peripherals></device>
"""
ENTRY = "  - {name: adc0, type: registers, bus: main, at: 0x40012000, svd: chip.svd, peripheral: ADC2}\n"


def lw(rd, rs, offset):
    return [offset << 20 | rs << 15 | 2 << 12 | rd << 7 | 0x03]


def store(address, value):
    return li(5, address) + li(6, value) + sw(6, 5)


def load(address):
    return li(5, address) + lw(7, 5, 0)


BASE = 0x40012000
PROGRAM = (load(BASE) + store(BASE, 2) + load(BASE) + store(BASE + 4, 0x20) + store(BASE + 4, 0) + load(BASE + 8) +
           store(BASE + 8, 1) + load(BASE + 8) + store(BASE + 12, 5) + load(BASE + 12) + load(BASE + 0x18) +
           store(BASE + 0x94, 0xabcd) + load(BASE + 0x94) + load(BASE + 0x40) + finish(0))


class Svd(Case):
    def setUp(self):
        super().setUp()
        self.write("chip.svd", SVD)
        self.write("adc.yaml", BOARD + ENTRY)
        self.write("adc.elf", elf(PROGRAM))

    def test_a_peripheral_that_stores(self):
        done = self.good("run", "adc.yaml", "adc.elf", "-o", "out", "--trace=mmio", "--guest-errors")
        for text in ("DR is read-only", "KEY is write-only", "no register at offset 0x40 to read"):
            self.assertIn(text, done.stderr)
        self.assertEqual(self.rows("select register, dir, value, fields from mmio where region = 'adc0' order by tx"), [
            ("SR", "r", 3, "EOC=1 AWD=1"), ("SR", "w", 2, "EOC=1 AWD=0"), ("SR", "r", 1, "EOC=0 AWD=1"),
            ("CR", "w", 0x20, "MODE=scan"), ("CR", "w", 0, "MODE=idle"), ("DR", "r", 0x155, None), ("DR", "w", 1, None),
            ("DR", "r", 0x155, None), ("KEY", "w", 5, None), ("KEY", "r", 0, None), ("SQ[1]", "r", 7, None),
            ("CH1.CFG", "w", 0xabcd, None), ("CH1.CFG", "r", 0xabcd, None), ("", "r", 0, None)])
        self.assertEqual(self.rows("select last_before, last_value from field_change where field = 'MODE'"), [(2, 0)])
        self.assertEqual(self.rows("select name, offset, registers, stride, access from device_register d where region_id = "
                                   "(select id from region where name = 'adc0') order by offset"), [
            ("SR", 0, 1, 4, "w1c"), ("CR", 4, 1, 4, "rw"), ("DR", 8, 1, 4, "r"), ("KEY", 12, 1, 4, "w"), ("SQ", 16, 4, 8, "rw"),
            ("CH0.CFG", 0x84, 1, 2, "rw"), ("CH1.CFG", 0x94, 1, 2, "rw")])
        self.assertEqual(self.rows("select size from region where name = 'adc0'"), [(0x400,)])
        self.good("check", "out/run.db")
        (text,), = self.rows("select value from run where key = 'config'")
        self.write("again.yaml", text)
        self.good("run", "again.yaml", "adc.elf", "-o", "again", "--trace=mmio")
        self.assertEqual(self.rows("select value from run where key = 'config'", "again/run.db"), [(text,)])

    def test_names_for_a_device_of_ours(self):
        self.write("named.yaml", BOARD + "  - {name: t0, type: timer, bus: main, at: 0x40012000, svd: chip.svd, peripheral: ADC1}\n")
        self.good("run", "named.yaml", "adc.elf", "-o", "out", "--trace=mmio")
        self.assertEqual(self.rows("select register, fields from mmio where region = 't0' and dir = 'w' limit 2"),
                         [("SR", "EOC=1 AWD=0"), ("CR", "MODE=scan")])

    def test_without_a_file_everything_stores(self):
        self.write("adc.yaml", BOARD + "  - {name: adc0, type: registers, bus: main, at: 0x40012000}\n")
        done = self.good("run", "adc.yaml", "adc.elf", "-o", "out", "--trace=mmio", "--guest-errors")
        self.assertNotIn("adc0", done.stderr)
        self.assertEqual(self.rows("select value from mmio where region = 'adc0' and dir = 'r' and offset in (8, 148) order by tx"),
                         [(0,), (1,), (0xabcd,)])

    def test_what_is_wrong_has_a_line(self):
        for old, new, says in (
                ("</peripherals></device>", "</peripherals>", ["chip.svd:", "CMSIS-SVD"]),
                ("<addressOffset>0x04</addressOffset>", "<addressOffset>four</addressOffset>", ["chip.svd:11", "four"]),
                ("[1:1]", "[1-1]", ["chip.svd:10", "bitRange"]), ("<msb>5</msb>", "<msb>77</msb>", ["chip.svd:12", "77"]),
                ("<name>ADC2</name>", "<name>ADC3</name>", ["chip.svd:3", "no peripheral", "ADC1"]),
                ("<size>16</size>", "<size>3</size>", ["chip.svd:20", "whole bytes"]),
                ("<dimIncrement>8</dimIncrement>", "<dimIncrement>2</dimIncrement>", ["chip.svd:17"])):
            self.assertIn(old, SVD)
            self.write("chip.svd", SVD.replace(old, new))
            self.bad("map", "adc.yaml", says=["adc.yaml:", *says])
        self.write("chip.svd", "not xml")
        self.bad("map", "adc.yaml", says=["adc.yaml:", "chip.svd:1"])
        self.bad("map", "adc.yaml", "--set", "adc0.svd=/nowhere.svd", says=["/nowhere.svd"])
        self.write("chip.svd", SVD)
        self.write("any.yaml", BOARD + ENTRY.replace(", peripheral: ADC2", ""))
        self.bad("map", "any.yaml", says=["peripheral: NAME"])
        self.write("any.yaml", BOARD + ENTRY.replace("svd: chip.svd, ", ""))
        self.bad("map", "any.yaml", says=["svd: FILE"])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cli_test.SOCSCOPE, cli_test.FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
