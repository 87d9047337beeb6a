"""The gdb stub on the wire: packets as gdb sends them and as nobody should.

usage: gdb_packet_test.py SOCSCOPE FIRMWARE_FOLDER

Every packet that is whole has one answer, whatever is in it; what is not whole has none, or is asked for again. The guest
does not notice: at the end it runs to its exit.
"""
import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import unittest

SOCSCOPE, FIRMWARE = "", pathlib.Path()
CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "configs"
PATIENCE = 20


class Wire(unittest.TestCase):
    def setUp(self):
        self.run_ = subprocess.Popen([SOCSCOPE, "run", CONFIGS / "virt32.yaml", FIRMWARE / "rv32/debug.elf", "--gdb", "0", "-S"],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (self.run_.kill(), self.run_.communicate()))
        host, port = self.run_.stderr.readline().decode().split()[-1].split(":")
        self.place = (host, int(port))
        self.connect()

    def connect(self):
        self.wire = socket.create_connection(self.place, timeout=PATIENCE)
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as gdb does
        self.addCleanup(self.wire.close)
        self.came = b""

    def byte(self):
        if not self.came:
            self.came = self.wire.recv(65536)
            self.assertTrue(self.came, "the stub hung up")
        first, self.came = self.came[:1], self.came[1:]
        return first

    def reply(self):
        """The next packet, whose sum is right."""
        while (c := self.byte()) != b"$":
            self.assertEqual(c, b"+")
        body = b""
        while (c := self.byte()) != b"#":
            body += c
        self.assertEqual(int(self.byte() + self.byte(), 16), sum(body) & 255)
        return body.decode("latin1")

    def send(self, raw):
        self.wire.sendall(raw)

    def ask(self, text):
        body = text.encode("latin1")
        self.send(b"$%s#%02x" % (body, sum(body) & 255))
        said = self.reply()
        self.send(b"+")
        return said

    def silent(self):
        """Nothing more has come when the next answer has."""
        self.send(b"$qC#b4")
        self.assertEqual(self.reply(), "QC1")

    def finish(self):
        self.assertEqual(self.ask("D"), "OK")
        self.assertEqual(self.run_.wait(timeout=PATIENCE), 140)

    def test_what_gdb_asks(self):
        features = self.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386")
        self.assertIn("PacketSize=4000", features)
        self.assertIn("qXfer:features:read+", features)
        self.assertEqual(self.ask("?"), "T05thread:1;")
        self.assertEqual(self.ask("vCont?"), "vCont;c;C;s;S;r")
        self.assertEqual(self.ask("qfThreadInfo"), "m1")
        self.assertEqual(self.ask("qsThreadInfo"), "l")
        self.assertEqual(bytes.fromhex(self.ask("qThreadExtraInfo,1")), b"cpu0 [running], M mode")
        self.assertEqual(len(self.ask("g")), 33 * 8)
        self.assertEqual(self.ask("p20"), "00000080")
        self.assertEqual(self.ask("P5=78563412"), "OK")
        self.assertEqual(self.ask("p5"), "78563412")
        self.assertEqual(self.ask("pf55"), "00000000")  # mhartid
        self.assertEqual(self.ask("Pf55=01000000"), "E0d")  # is fixed
        self.assertEqual(self.ask("p1041"), "03000000")  # the mode
        self.assertEqual(self.ask("P1041=00000000"), "OK")
        self.assertEqual(self.ask("p1041"), "00000000")
        self.assertEqual(self.ask("P1041=02000000"), "E0d")
        self.assertEqual(self.ask("P1041=03000000"), "OK")
        self.finish()

    def test_the_description_in_pieces(self):
        self.ask("qSupported")

        def read(size):
            text = ""
            while True:
                part = self.ask(f"qXfer:features:read:target.xml:{len(text):x},{size:x}")
                text += part[1:]
                if part[0] == "l":
                    return text
                self.assertEqual(len(part), min(size, 0x3ff8) + 1)

        pieces = read(100)
        self.assertEqual(pieces, read(0x3ff8))
        self.assertEqual(pieces, read(0xffffffff))
        for feature in ("cpu", "fpu", "csr", "virtual"):
            self.assertEqual(pieces.count(f'<feature name="org.gnu.gdb.riscv.{feature}">'), 1)
        names = re.findall('reg name="(.*?)"', pieces)
        self.assertEqual(len(names), len(set(names)))
        for name in ("zero", "fp", "pc", "ft0", "mstatus", "satp", "stimecmph", "pmpaddr15", "hpmcounter31h", "priv"):
            self.assertIn(name, names)
        for nonsense in ("target.xml:ffffffffffffffff,8", "target.xml:100000,8"):
            self.assertEqual(self.ask("qXfer:features:read:" + nonsense), "l")
        self.assertEqual(self.ask("qXfer:features:read:other.xml:0,8"), "E00")
        self.assertEqual(self.ask("qXfer:auxv:read::0,8"), "")
        self.finish()

    def test_what_is_not_known_or_wrong(self):
        for text in ("", "!", "b", "qNothing", "QNothing:1", "vNothing", "vMustReplyEmpty", "\x00", "Z9,0,4", "qSupportedNot",
                     "qTStatus", "i", "R00", "A", "x80000000,4"):
            self.assertEqual(self.ask(text), "", repr(text))
        for text in ("m", "m80000000", "mzz,4", "m80000000,4:", "m10000000000000000,4", "M80000000,4", "M80000000,4:0102",
                     "M80000000,2:01g2", "M80000000,ffffffffffffffff:00", "X80000000,4:abc", "p", "px", "pffffffff", "P5",
                     "P5=1", "P5=0123456789", "G", "G00", "G" + "0" * 263, "H", "Hx0", "Hg7", "Hg", "T", "T0", "T2", "T-1", "Z0",
                     "Z0,80000000", "Z2,80000000,0", "Z2,80000000,ffffffff", "z1,x,4", "vCont;", "vCont;x", "vCont;c:9",
                     "vCont;r1", "vCont;C", "vCont;c;", "Cxx", "S", "c80000000z", "qRcmd,6", "qRcmd,zz", "qThreadExtraInfo,0",
                     "qThreadExtraInfo,9", "qXfer:features:read:target.xml:0", "qXfer:features:read:target.xml:,"):
            self.assertRegex(self.ask(text), "^E[0-9a-f]{2}$", repr(text))
        for text in ("m10000000,4", "m0,4", "M10000000,1:41", "M40000000,1:00", "Z2,40000000,4", "Z4,87fffffe,8"):
            self.assertEqual(self.ask(text), "E0e", text)
        self.assertEqual(self.ask("m87fffffe,8"), "0000")  # up to where memory ends
        self.assertEqual(self.ask("m80000000,0"), "")
        self.assertEqual(self.ask("X80000000,0:"), "OK")
        self.finish()

    def test_what_is_not_whole(self):
        self.send(b"$qC#00")  # wrong sum: again, please
        self.assertEqual(self.byte(), b"-")
        self.send(b"$qC#zz")
        self.assertEqual(self.byte(), b"-")
        self.send(b"noise }}}*** #00 $q$q$qC#b4")  # a packet begins anew at $
        self.assertEqual(self.byte(), b"+")
        self.assertEqual(self.reply(), "QC1")
        self.send(b"-")  # it was not understood
        self.assertEqual(self.reply(), "QC1")
        self.send(b"+++")
        for c in b"$qC#b4":  # byte by byte
            self.send(bytes([c]))
        self.assertEqual(self.byte(), b"+")
        self.assertEqual(self.reply(), "QC1")
        self.send(b"$" + b"m" * 100000 + b"#%02x" % (ord("m") * 100000 & 255))  # longer than PacketSize
        self.assertEqual(self.byte(), b"+")
        self.assertRegex(self.reply(), "^E[0-9a-f]{2}$")
        self.send(b"$qC#b4$qC#b4+")  # two at once
        self.assertEqual([self.reply(), self.reply()], ["QC1", "QC1"])
        longest = self.ask("m80000000,ffffffffffffffff")
        self.assertEqual(len(longest), 0x4000)
        self.silent()
        self.finish()

    def test_escapes_and_no_acknowledgements(self):
        self.assertEqual(self.ask("X80001000,4:}\x03}\x04}\x5d*"), "OK")  # # $ } *
        self.assertEqual(self.ask("m80001000,4"), "23247d2a")
        self.assertEqual(self.ask("X80001000,2:\x00\xff"), "OK")
        self.assertEqual(self.ask("m80001000,4"), "00ff7d2a")
        self.assertEqual(self.ask("QStartNoAckMode"), "OK")
        self.send(b"$qC#b4$qC#00")  # sums are not looked at any more
        while self.came.count(b"#") < 2:
            self.came += self.wire.recv(4096)
        self.assertEqual(self.came, b"$QC1#c5" * 2)
        self.came = b""
        self.send(b"$D#44")
        self.assertEqual(self.reply(), "OK")
        self.assertEqual(self.run_.wait(timeout=PATIENCE), 140)

    def test_stops(self):
        self.ask("qSupported:swbreak+;hwbreak+")
        self.assertRegex(self.ask("vCont;s:1"), "^T05thread:1;02:[0-9a-f]{8};08:[0-9a-f]{8};20:04000080;$")
        self.assertEqual(self.ask("Z1,80000010,4"), "OK")
        self.assertEqual(self.ask("Z1,80000010,4"), "OK")
        self.assertRegex(self.ask("vCont;c"), "^T05hwbreak:;thread:1;.*20:10000080;")
        self.assertEqual(self.ask("Z0,80000014,4"), "OK")
        self.assertRegex(self.ask("c"), "^T05swbreak:;")  # the break at pc does not stop it twice
        self.assertEqual(self.ask("z0,80000014,4"), "OK")
        self.assertEqual(self.ask("z1,80000010,4"), "OK")
        self.assertRegex(self.ask("vCont;r80000014,80000030:1"), "^T05thread:1;")
        pc = int.from_bytes(bytes.fromhex(self.ask("p20")), "little")
        self.assertFalse(0x80000014 <= pc < 0x80000030)
        self.assertEqual(self.ask("Z3,10000005,1"), "OK")  # LSR of the uart
        self.assertRegex(self.ask("vCont;c"), "^T05rwatch:10000005;thread:1;")
        self.assertEqual(self.ask("z3,10000005,1"), "OK")
        self.assertEqual(self.ask("?")[:3], "T05")
        self.assertEqual(self.ask("vCont;c"), "W8c")
        self.assertEqual(self.run_.wait(timeout=PATIENCE), 140)

    def test_interrupt(self):
        self.assertEqual(self.ask("M80000000,2:01a0"), "OK")  # c.j .
        for early in (False, True):
            if early:  # before the command, as gdb does it at times
                self.send(b"\x03")
            self.send(b"$vCont;c#a8")
            self.assertEqual(self.byte(), b"+")
            if not early:
                self.assertFalse(select.select([self.wire], [], [], 0.05)[0])
                self.send(b"\x03")
            self.assertRegex(self.reply(), "^T02thread:1;")
            self.send(b"+")
        self.send(b"$vCont;c#a8")
        self.wire.close()  # hangs up: the guest runs on
        self.connect()
        self.assertEqual(self.ask("?"), "T05thread:1;")
        self.assertRegex(self.ask("p20"), "^00000080$")
        self.send(b"$k#6b")
        self.assertEqual(self.run_.wait(timeout=PATIENCE), 137)

    def test_hangs_up_in_the_middle(self):
        self.assertEqual(self.ask("Z0,80000010,4"), "OK")  # goes with its gdb
        self.send(b"$m80000000,")
        self.wire.close()
        self.assertEqual(self.run_.wait(timeout=PATIENCE), 140)


if __name__ == "__main__":
    SOCSCOPE, FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
