"""The instructions of this repository, from cpu/*.def: names, encoding pictures,
operand kinds. What they do is QEMU's word against the hart's.
"""
import collections
import pathlib
import re

Insn = collections.namedtuple("Insn", "name isa bits fixed kind semantics size")

# What QEMU 7.2 has of it, by the `isa` column.
BOTH = {"I", "M", "A", "F", "D", "ZFH", "ZFHD", "CSR", "FENCEI", "ZBA", "ZBB", "ZBS", "ZBC", "S", "SVINVAL"}


def _picture(text):
    """(value of the fixed bits, mask of them)"""
    text = text.replace(" ", "")
    return int(text.replace(".", "0"), 2), int(text.replace("0", "1").replace(".", "0"), 2)


def load(root, xlen):
    """Instructions of this width that both sides have: (32-bit ones, 16-bit ones)"""
    long, short = [], []
    cpu = pathlib.Path(root) / "cpu"
    for file in sorted(cpu.glob("insn*.def")):
        pattern = r'^INSN\((\w+),\s*(\w+),\s*"([01. ]+)",\s*(\w+),\s*(\w+),\s*(.*)\)$'
        for name, isa, picture, kind, _, semantics in re.findall(pattern, file.read_text(), re.M):
            width = int(isa[-2:]) if isa[-2:] in ("32", "64") else xlen
            base = isa[:-2] if isa[-2:] in ("32", "64") else isa
            if width == xlen and base in BOTH:
                long.append(Insn(name, base, *_picture(picture), kind, semantics, 4))
    for name, width, picture in re.findall(r'^RVC\((\w+),\s*(\w+),\s*"([01. ]+)"', (cpu / "rvc.def").read_text(), re.M):
        if width in ("ANY", str(xlen)):
            short.append(Insn(name, "C", *_picture(picture), "RVC", "", 2))
    assert len(long) > 150 and len(short) > 30
    return long, short
