#!/usr/bin/env python3
"""Writes the seed corpora: make_seeds.py DIR SCRIPTS CONFIG...

codec: small chunks, and records for some. config: the given descriptions, and some with --set texts. elf: small complete
executables of both widths. gdb: packets of every kind. insn: instructions of every major opcode. script: the
reference scripts given, and random choices. trace: changes of a database, one each and several.
"""
import random
import struct
import sys
from pathlib import Path


def elf(xlen):
    wide = xlen == 64
    word = "<Q" if wide else "<I"
    ehdr, phdr, shdr, sym = (64, 56, 64, 24) if wide else (52, 32, 40, 16)
    code = bytes.fromhex("13051002") * 4
    base, strings = 0x80000000, b"\0main\0table\0tohost\0"
    code_at = ehdr + phdr
    sym_at = code_at + len(code)

    def words(*values):
        return b"".join(struct.pack(word, v) for v in values)

    def symbol(name, value, size, info, section):
        at = strings.index(name + b"\0")
        if wide:
            return struct.pack("<IBBHQQ", at, info, 0, section, value, size)
        return struct.pack("<IIIBBH", at, value, size, info, 0, section)

    symbols = bytes(sym) + symbol(b"main", base, 8, 0x12, 1) \
        + symbol(b"table", base + 8, 8, 0x11, 1) + symbol(b"tohost", base + 4, 0, 0x10, 1)
    str_at = sym_at + len(symbols)
    sh_at = str_at + len(strings)

    def section(kind, flags, addr, at, size, link, entry):
        return struct.pack("<II", 0, kind) + words(flags, addr, at, size) \
            + struct.pack("<II", link, 0) + words(1, entry)

    program = struct.pack("<I", 1) + (struct.pack("<I", 5) if wide else b"") \
        + words(code_at, base, base, len(code), len(code) + 64) \
        + (b"" if wide else struct.pack("<I", 5)) + words(4)
    sections = bytes(shdr) + section(1, 6, base, code_at, len(code), 0, 0) \
        + section(2, 0, 0, sym_at, len(symbols), 3, sym) + section(3, 0, 0, str_at, len(strings), 0, 0)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    head = ident + struct.pack("<HHI", 2, 243, 1) + words(base, ehdr, sh_at) \
        + struct.pack("<IHHHHHH", 0, ehdr, phdr, 1, shdr, 4, 0)
    return head + program + code + symbols + strings + sections


WORDS = [
    0x00000013, 0x00a50533, 0x40a50533, 0x02a50533, 0x02b54533, 0x00052503, 0x00a52023, 0x00351503, 0x00a50463, 0xfe0518e3,
    0x0080006f, 0x00008067, 0x00000517, 0x12345537, 0x100525af, 0x18b525af, 0x00b525af, 0xc0102573, 0x30002573, 0x30051073,
    0x34051573, 0x0000000f, 0x0000100f, 0x00000073, 0x00100073, 0x30200073, 0x10500073, 0x0015051b, 0x00a5053b, 0x00053503,
    0x00a53023, 0x1005352f, 0x45054501, 0x85aa952e, 0x4188c188, 0xa001bfdd, 0x80829002, 0xffffffff, 0x00000000,
]


# Columns of a chunk: a site with three records; new, named, the same again.
THREE_RECORDS = {0: bytes([10, 0, 4, 3, 0x80, 1, 0, 0]), 1: bytes([1, 2, 0]), 2: bytes([16])}


def chunk(records, sites, columns):
    """docs/trace-format.md, nothing compressed; the target sets the checksum."""
    blob = b"SCT\1" + bytes(8) + struct.pack("<III", records, sites, 0)
    for i in range(13):
        column = columns.get(i, b"")
        blob += struct.pack("<II", len(column), len(column)) + column
    return blob


# What gdb sends to tests/fuzz/fuzz_gdb.c: lines become packets.
PACKETS = b"""qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+
vMustReplyEmpty
?
Hg0
Hc-1
qTStatus
qfThreadInfo
qsThreadInfo
qThreadExtraInfo,1
qC
qAttached
qXfer:features:read:target.xml:0,3ffb
g
p20
p341
p1041
P1041=0000000000000000
P20=20000080
P5=78563412
P381=0000000080000080
m80000000,40
M80001000,4:01020304
X80001000,3:abc
Z0,80000020,4
Z1,80000028,2
Z2,80001000,4
Z3,80001000,8
Z4,10000000,1
z2,80001000,4
vCont?
vCont;c
vCont;s:1;c
vCont;s:2
vCont;r80000020,80000038:1;c:2
s
c80000020
C05
S05;80000020
qRcmd,68656c70
qRcmd,6d6170
qRcmd,726567696f6e73
qRcmd,7374617473
qRcmd,7472616365206f6e
qRcmd,6578706c61696e20307831303030303030302031
qRcmd,7265736574
qRcmd,7068617365
T1
D
k
vKill;1
QStartNoAckMode""".split(b"\n")


def main():
    target = Path(sys.argv[1])
    for name in ("codec", "config", "elf", "gdb", "insn", "script", "trace", "virtio"):
        (target / name).mkdir(parents=True, exist_ok=True)
    for script in Path(sys.argv[2]).glob("*.script"):
        (target / "script" / script.name).write_bytes(script.read_bytes())
    for path in map(Path, sys.argv[3:]):
        (target / "config" / path.name).write_bytes(path.read_bytes())
    choices = random.Random(1)
    for i in range(64):
        (target / "script" / f"choices{i}").write_bytes(b"\0" + choices.randbytes(40 * (i + 1)))
    for fields in range(16):
        (target / "codec" / f"empty{fields}").write_bytes(bytes([2 * fields]) + chunk(0, 0, {}))
        (target / "codec" / f"three{fields}").write_bytes(bytes([2 * fields]) + chunk(3, 1, THREE_RECORDS))
    for i in range(32):
        (target / "codec" / f"records{i}").write_bytes(bytes([1, 4 * i]) + choices.randbytes(50 * (i + 1)))
    for column in range(36):  # struct Change of fuzz_trace.c
        for how in range(7):
            change = bytes([column, column * how, how, 8 * (how + 1)]) + choices.randbytes(8)
            (target / "trace" / f"row{column}-{how}").write_bytes(bytes([1 + how % 2 * 2]) + change)
    for i in range(32):
        (target / "trace" / f"rows{i}").write_bytes(b"\3" + choices.randbytes(12 * (i + 1)))
        (target / "trace" / f"bytes{i}").write_bytes(bytes([i % 2 * 2]) + choices.randbytes(4 * (i + 1)))
    mcu = next(Path(p).read_bytes() for p in sys.argv[3:] if Path(p).name == "mcu.yaml")
    sets = [b"main.width=64", b"cpus.cpu0.timing=none", b"xip.wait_states.read.next=9", b"gpio0.remove=true"]
    (target / "config" / "set").write_bytes(mcu + b"\0" + b"\0".join(sets))
    for xlen in (32, 64):
        (target / "elf" / f"rv{xlen}").write_bytes(elf(xlen))
    (target / "elf" / "nm").write_text("80000000 T start\n80000010 00000008 t main\t[core]\n\n         U puts\n80000020 B data\n")
    for how in range(8):
        (target / "gdb" / f"all{how}").write_bytes(bytes([how]) + b"\n".join(PACKETS[:-4]))
        framed = b"".join(b"$%s#%02x+" % (p, sum(p) & 255) for p in PACKETS)
        (target / "gdb" / f"framed{how}").write_bytes(bytes([how | 4]) + framed)
    for i, packet in enumerate(PACKETS):
        points = PACKETS[choices.randrange(22, 27)]
        (target / "gdb" / f"one{i}").write_bytes(bytes([i & 3]) + points + b"\n" + packet + b"\nvCont;c\n" + packet)
    code = b"".join(struct.pack("<I", w) for w in WORDS)
    for flags in range(32):
        (target / "insn" / f"all{flags}").write_bytes(bytes([flags, flags * 7]) + code)
    for i, w in enumerate(WORDS):
        (target / "insn" / f"one{i}").write_bytes(bytes([i & 31, i]) + struct.pack("<I", w) * 4)
    for i in range(48):  # U and S mode behind page tables: a Setup of fuzz_insn.c, mostly 0
        setup = bytearray(64)
        setup[0] = i % 2 | (i // 2 % 4) << 2
        for _ in range(i // 4):
            setup[choices.randrange(1, 64)] = choices.randrange(256)
        (target / "insn" / f"setup{i}").write_bytes(bytes([0x80 | i * 5 & 0x7d, i]) + setup + code)
    for how in range(128):  # fuzz_virtio.c: a request on queue 0 and a frame or text on queue 1
        data = bytes([how | 64, 10, 9]) + struct.pack("<HBB", 0x8000, how % 14, how % 40)
        data += bytes([5, 0, 2]) + b"".join(struct.pack("<HHB", *b) for b in
                                            ((0x8000, 16, 0), (0x9000, 512, how % 2 * 2), (0xa000, 1, 2)))
        data += bytes([3, 0, 4, how]) + bytes([5, 1, 0]) + struct.pack("<HHB", 0x9000, 60 + how, 0) + bytes([3, 1, 6, how, 0, 4, 80])
        (target / "virtio" / f"driver{how}").write_bytes(data + choices.randbytes(how))


main()
