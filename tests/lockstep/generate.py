"""Random cases: pieces of code of 16 to 64 groups of instructions, and the
settings they run under. A group is one instruction, or a few that belong
together; control only ever goes to the first of a group.

x1 holds return addresses, x2 and x10..x13 pointers, x9 counts loops: nothing
else writes them. x5, x6 and x7 are free for groups that need a register.
"""
import random
import struct

import insn_table
import tables as tables_of

U, S, M = 0, 1, 3
KEPT = {1, 2, 9, 10, 11, 12, 13}
POINTERS = [2, 10, 11, 12, 13]
ALIGNED, HOLES, VIRTUAL = 1, 2, 4
SLOTS, SLOT_BYTES = 64, 8192
MIE, SIE, SUM, MXR, TVM, TW, TSR, MPRV, FS = 8, 2, 1 << 18, 1 << 19, 1 << 20, 1 << 21, 1 << 22, 1 << 17, 3 << 13
MIXES = ("m", "mu", "msu", "msu-pmp")

# CSRs that exist, or not, on both sides and can be read.
USER_CSRS = [0x001, 0x002, 0x003]
SUPERVISOR_CSRS = [0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x180]
MACHINE_CSRS = [0x300, 0x302, 0x304, 0x305, 0x306, 0x340, 0x341, 0x342, 0x343, 0x3A0, 0x3B0, 0x3B5, 0x3BF, 0xF14]
ABSENT_CSRS = [0x000, 0x008, 0x009, 0x00F, 0x044, 0x0C0, 0x101, 0x107, 0x145, 0x181, 0x200, 0x204, 0x240, 0x280, 0x308,
               0x30B, 0x345, 0x3F0, 0x400, 0x500, 0x5A8 + 1, 0x600, 0x604, 0x680, 0x6C0, 0x7C0, 0x7FF, 0x800, 0x8FF,
               0x900, 0x9C0, 0xA00, 0xBC0, 0xC20, 0xC21, 0xC22, 0xCC0, 0xD00, 0xE12, 0xF00, 0xF10, 0xFC0, 0xFFF]
CODE_AT = {"B": "branch", "J": "jump"}


def sext(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


# -- encoding by hand, for the groups that need certain instructions
def itype(op, f3, rd, rs1, imm):
    return (imm & 0xFFF) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op


def stype(op, f3, rs1, rs2, imm):
    return (imm >> 5 & 0x7F) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (imm & 31) << 7 | op


def btype(f3, rs1, rs2, imm):
    return (imm >> 12 & 1) << 31 | (imm >> 5 & 63) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (imm >> 1 & 15) << 8 | \
        (imm >> 11 & 1) << 7 | 0x63


def jtype(rd, imm):
    return (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3FF) << 21 | (imm >> 11 & 1) << 20 | (imm >> 12 & 0xFF) << 12 | rd << 7 | 0x6F


def addi(rd, rs1, imm):
    return itype(0x13, 0, rd, rs1, imm)


def lui(rd, value):
    return (value & 0xFFFFF) << 12 | rd << 7 | 0x37


def auipc(rd, value):
    return (value & 0xFFFFF) << 12 | rd << 7 | 0x17


def csr(op, rd, number, rs1):
    """op: 1 rw, 2 rs, 3 rc, +4: rs1 is a number"""
    return number << 20 | rs1 << 15 | op << 12 | rd << 7 | 0x73


def li(rd, value):
    """Words that load a number of 32 bits, sign-extended."""
    value = sext(value, 32)
    high = (value + 0x800) >> 12
    if not high:
        return [addi(rd, 0, value)]
    low = value - (high << 12)
    return [lui(rd, high)] + ([addi(rd, rd, low)] if low else [])


def c_offset(name, imm):
    """Offset bits of a compressed jump or branch."""
    if name in ("c_j", "c_jal"):
        order = [11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5]
        return sum((imm >> bit & 1) << 12 - at for at, bit in enumerate(order))
    return (imm >> 8 & 1) << 12 | (imm >> 3 & 3) << 10 | (imm >> 6 & 3) << 5 | (imm >> 1 & 3) << 3 | (imm >> 5 & 1) << 2


class Item:
    """One instruction: its size, and its bits or what makes them once all
    offsets are known (a function of its own offset and the groups')."""

    def __init__(self, size, bits, data=False):
        self.size, self.bits, self.data, self.offset = size, bits, data, 0


class Case:
    def __init__(self, rng, plan, mix):
        self.rng, self.plan, self.mix = rng, plan, mix
        self.groups = []
        self.settle()
        for _ in range(rng.randrange(16, 65)):
            self.groups.append(self.group())
        self.groups.append([Item(4, 0x00000073)])
        self.layout()

    # -- settings
    def settle(self):
        rng, plan = self.rng, self.plan
        self.table, self.pmp, self.flags, self.status = 0, 0, 0, 0
        self.medeleg = self.mideleg = self.mie = 0
        self.mode = M
        self.pages = tables_of.SCRATCH_PAGES
        aligned = rng.random() < 0.3
        if self.mix == "m":
            self.flags = (ALIGNED | HOLES) if aligned else 0
        elif self.mix == "mu":
            self.mode = rng.choice((U, U, U, M))
            self.pmp = rng.randrange(1, len(plan.pmps))
            self.flags = ALIGNED
        else:
            self.mode = rng.choice((S, S, S, U, U, U, M))
            aligned |= self.mix == "msu-pmp"
            while True:
                self.table = rng.randrange(1, len(plan.tables))
                if aligned or not plan.tables[self.table].holes:
                    break
            self.pmp = rng.randrange(1, len(plan.pmps)) if self.mix == "msu-pmp" else 0
            self.flags = VIRTUAL | (ALIGNED if aligned else 0)
            self.pages = plan.tables[self.table].data_pages
            if self.mode == M:
                self.status |= MPRV
            if rng.random() < 0.6:
                self.medeleg = self.delegated()
                self.mideleg = rng.getrandbits(12) & 0x222
        for bit in SUM, MXR, TVM, TW, TSR:
            if rng.random() < 0.4:
                self.status |= bit
        if self.medeleg or self.mideleg:
            self.status &= ~TSR
        self.fs = rng.choice((3, 3, 3, 3, 3, 3, 3, 1, 1, 0))
        self.status |= self.fs << 13
        self.irq = rng.random() < 0.3
        if self.irq:
            self.mie = rng.getrandbits(12) & 0x222 | rng.choice((0, 8))
            self.status |= rng.choice((MIE, SIE, MIE | SIE))
        self.counters = rng.getrandbits(3), rng.getrandbits(3)
        self.now = self.mode  # of the code being made
        self.mprv = bool(self.status & MPRV)
        self.satp_free = self.mix == "m" and rng.random() < 0.3
        self.tvec_free = not self.medeleg and not self.mideleg and rng.random() < 0.3
        self.moves = not self.satp_free and not self.mprv and rng.random() < 0.5
        self.writable = self.table == 0 or plan.tables[self.table].writable
        # An AMO that may not read, on a page without D: QEMU 7.2 gets as far as A
        self.atomics = not (self.table and self.pmp) or plan.tables[self.table].clean
        choices = [(30, self.alu), (18, self.memory), (14, self.short), (12, self.floats), (8, self.branch), (3, self.jump),
                   (3, self.atomic), (2, self.reserve), (3, self.loop), (4, self.csr_access), (2, self.csr_bits),
                   (2, self.garbage), (1.5, self.environment), (2, self.constant), (0.7, self.wild_jump),
                   (1, self.change_code), (1, self.move_pointer)]
        if self.moves:
            choices.append((1.5, self.change_mode))
        if self.irq:
            choices.append((4, self.interrupt))
        if self.wild():
            choices.append((1, self.wild_access))
        if self.mprv:
            choices.append((1, self.change_mpp))
        # a case leans to some kinds
        if not self.atomics:
            choices = [c for c in choices if c[1] not in (self.atomic, self.reserve)]
        self.makers = [maker for _, maker in choices]
        self.weights = [weight * rng.choice((0.3, 1, 1, 2)) for weight, _ in choices]

    def delegated(self):
        """Never calls from S, which end a case. An AMO's fault may have the cause
        of a load in QEMU 7.2 (guest.c), so both go the same way."""
        value = self.rng.getrandbits(16) & 0x1CF
        value = value & ~0x50 | self.rng.choice((0, 0x50))
        return value & ~0xA0A0 | self.rng.choice((0, 0xA0A0))

    def wild(self):
        """Does any address at all end in a trap at worst? (With MPRV, QEMU 7.2
        mistakes pages that M runs code from for its own.)"""
        return not self.mprv and (self.table != 0 or self.pmp != 0 and self.now == U and self.mode == U)

    # -- layout
    def layout(self):
        offset = 0
        for group in self.groups:
            for item in group:
                if item.data and offset & 3:
                    offset += 2
                item.offset = offset
                offset += item.size
        self.bytes = (offset + 3) & ~3
        self.end = self.groups[-1][0].offset
        self.place = self.rng.randrange(SLOTS) * SLOT_BYTES + 2 * self.rng.randrange(2048)
        if self.rng.random() < 0.5:
            self.place &= ~3
        else:
            self.place |= 2
        # data wants words: the place of the code is a multiple of 4 then
        if any(item.data for group in self.groups for item in group):
            self.place &= ~3
        assert self.bytes <= 4096 and self.place + self.bytes <= tables_of.CODE_BYTES

    def start(self, group):
        return self.groups[min(group, len(self.groups) - 1)][0].offset

    def code(self):
        out = bytearray()
        for group in self.groups:
            for item in group:
                bits = item.bits(item.offset) if callable(item.bits) else item.bits
                out += b"\x01\x00" * ((item.offset - len(out)) // 2)  # c.nop
                out += (bits & (1 << 8 * item.size) - 1).to_bytes(item.size, "little")
        out += b"\0" * (self.bytes - len(out))
        return bytes(out)

    def boundaries(self):
        return [item.offset for group in self.groups for item in group if not item.data]

    # -- groups
    def group(self):
        words = self.rng.choices(self.makers, self.weights)[0]()
        return [item if isinstance(item, Item) else Item(4, item) for item in words]

    def ahead(self, most=8):
        """A group behind the one being made."""
        return len(self.groups) + self.rng.randrange(1, most)

    def dest(self):
        while True:
            rd = self.rng.randrange(32)
            if rd not in KEPT:
                return rd

    def fill(self, insn):
        """Its word with random operands; x registers written are never kept ones."""
        bits = insn.bits | self.rng.getrandbits(8 * insn.size) & ~insn.fixed
        if insn.kind not in ("FR", "FR1", "FR4", "FRN", "XFR", "XFN", "FL", "B", "S", "FST"):
            bits = bits & ~(31 << 7) | self.dest() << 7
        if insn.kind in ("FR", "FR1", "FR4", "FXR", "XFR") and self.rng.random() < 0.85:
            bits = bits & ~(7 << 12) | self.rng.choice((7, 7, 0, 1, 2, 3, 4)) << 12
        return bits

    def pick(self, *kinds):
        while True:
            insn = self.rng.choice(self.plan.by_kind[self.rng.choice(kinds)])
            # QEMU 7.2 leaves FS alone when an instruction that writes x raises a flag
            if self.fs != 1 or not insn.kind.startswith("FX") or "FLAGS" not in insn.semantics:
                return insn

    def alu(self):
        insn = self.pick("R", "R", "R", "R", "I", "SH", "SHW" if self.plan.xlen == 64 else "SH", "U", "R1D")
        word = self.fill(insn)
        if insn.name == "ctzw":  # QEMU 7.2 counts on above a word that is 0
            return [addi(6, 0, 1), 0x14 << 25 | 6 << 20 | (word & 31 << 15) | 1 << 12 | 6 << 7 | 0x33, word & ~(31 << 15) | 6 << 15]
        return [word]

    def floats(self):
        return [self.fill(self.pick("FR", "FR", "FR1", "FR4", "FRN", "FXR", "FXN", "FXC", "XFR", "XFN"))]

    def constant(self):
        words = li(self.dest(), self.rng.choice((self.rng.getrandbits(32), 1 << self.rng.randrange(32), -1)))
        return words

    def width(self, insn):
        """Bytes of a load or store."""
        return {"b": 1, "h": 2, "w": 4, "d": 8}[insn.name.removesuffix("u")[-1]]

    def offset_for(self, size, low, high):
        """A multiple of the size, or any if the case is not an aligned one."""
        imm = self.rng.randrange(low, high + 1)
        if self.flags & ALIGNED or self.rng.random() < 0.5:
            imm -= imm % size
        return max(low, imm)

    def memory(self, base=None):
        insn = self.pick("L", "L", "S", "S", "FL", "FST")
        while insn.name == "jalr":
            insn = self.pick("L")
        return [self.access(insn, base or self.rng.choice(POINTERS))]

    def access(self, insn, base):
        reach = self.rng.choice((32, 32, 32, 200, 2040))
        imm = self.offset_for(self.width(insn), -reach, reach)
        bits = self.fill(insn) & ~(31 << 15) | base << 15
        if insn.kind in ("S", "FST"):
            return bits & ~(0x7F << 25 | 31 << 7) | (imm >> 5 & 0x7F) << 25 | (imm & 31) << 7
        return bits & ~(0xFFF << 20) | (imm & 0xFFF) << 20

    def wild_access(self):
        if not self.wild():
            return self.memory()
        return self.memory(self.rng.choice((0, 3, 4, 8, 14, 15, 16, 17, 30, 31)))

    def move_pointer(self):
        register = self.rng.choice(POINTERS)
        return [addi(register, register, 16 * self.rng.randrange(-4, 5))]

    def atomic(self):
        insn = self.pick("A")
        while insn.name.startswith(("lr", "sc")):
            insn = self.pick("A")
        return [self.fill(insn) & ~(31 << 15) | self.rng.choice(POINTERS) << 15]

    def reserve(self):
        """lr, a few instructions, sc to the same address; or an sc without one.
        An sc that would trap is left out: QEMU 7.2 looks at the reservation
        first. So the address is one that an AMO could use, or the sc does not
        come; a reservation that is still there is not asked for."""
        wide = self.plan.xlen == 64 and self.rng.random() < 0.5
        f3 = 3 if wide else 2
        aqrl = self.rng.getrandbits(2) << 25
        base, rd = self.rng.choice(POINTERS), self.dest()
        rd = rd if rd != 6 else 5
        words = [addi(6, base, 0), itype(0x13, 7, 6, 6, -8)]
        probe = 0b01000 << 27 | 0 << 20 | 6 << 15 | f3 << 12 | 7 << 7 | 0x2F
        lr = 0b00010 << 27 | aqrl | 6 << 15 | f3 << 12 | rd << 7 | 0x2F
        sc = 0b00011 << 27 | aqrl | self.rng.randrange(32) << 20 | 6 << 15 | f3 << 12 | 5 << 7 | 0x2F
        between = [self.fill(self.pick("R", "I")) for _ in range(self.rng.randrange(3))]
        between = [w if w >> 7 & 31 != 6 else w & ~(31 << 7) for w in between]
        body = [lr] + between + [sc] * self.rng.choice((1, 1, 2))
        # the probe, an amoor of 0, traps if the sc would, and x7 stays -2 then
        return words + [addi(7, 0, -2), probe, addi(7, 7, 2), btype(0, 7, 0, 4 + 4 * len(body))] + body

    def short(self):
        while True:
            insn = self.rng.choice(self.plan.short)
            bits = self.fill_short(insn)
            if bits is not None:
                return [Item(2, bits)]

    def fill_short(self, insn):
        rng, name = self.rng, insn.name
        bits = insn.bits | rng.getrandbits(16) & ~insn.fixed
        if name in ("c_jr", "c_jalr"):
            return None
        if name in ("c_j", "c_jal", "c_beqz", "c_bnez"):
            target = self.ahead()
            mask = 0x1FFC if name in ("c_j", "c_jal") else 0x1C7C
            return lambda at: bits & ~mask | c_offset(name, self.start(target) - at)
        if name in ("c_lw", "c_ld", "c_flw", "c_fld", "c_sw", "c_sd", "c_fsw", "c_fsd"):
            bits = bits & ~(7 << 7) | (rng.choice((10, 11, 12, 13)) - 8) << 7
            if name in ("c_lw", "c_ld"):  # rd'
                bits = bits & ~(7 << 2) | (rng.choice((8, 14, 15)) - 8) << 2
            return bits
        if name in ("c_swsp", "c_sdsp", "c_fswsp", "c_fsdsp", "c_fldsp", "c_flwsp"):
            return bits
        if name == "c_addi4spn":
            return bits & ~(7 << 2) | (rng.choice((8, 14, 15)) - 8) << 2
        if name in ("c_srli", "c_srai", "c_andi", "c_sub", "c_xor", "c_or", "c_and", "c_subw", "c_addw"):
            return bits & ~(7 << 7) | (rng.choice((8, 14, 15)) - 8) << 7
        if name in ("c_addi16sp", "c_ebreak"):
            return bits if name == "c_ebreak" else None
        if name in ("c_mv", "c_add"):  # with rs2 0 they are jumps
            bits = bits & ~(31 << 2) | rng.randrange(1, 32) << 2
            return bits & ~(31 << 7) | (self.dest() or 8) << 7
        return bits & ~(31 << 7) | self.dest() << 7

    def branch(self):
        rng = self.rng
        target, f3, rs1, rs2 = self.ahead(), rng.choice((0, 1, 4, 5, 6, 7)), rng.randrange(32), rng.randrange(32)
        return [Item(4, lambda at: btype(f3, rs1, rs2, self.start(target) - at))]

    def jump(self):
        target, rd = self.ahead(), self.rng.choice((0, 0, 1))
        if self.rng.random() < 0.4:
            return [Item(4, lambda at: jtype(rd, self.start(target) - at))]
        first = Item(4, auipc(5, 0))
        if self.rng.random() < 0.4:  # c.jr, c.jalr
            step = Item(4, lambda at: addi(5, 5, self.start(target) - first.offset))
            return [first, step, Item(2, 0x8002 | rd << 12 | 5 << 7)]
        odd = self.rng.randrange(2)  # bit 0 of a target is ignored
        return [first, Item(4, lambda at: itype(0x67, 0, rd, 5, self.start(target) - first.offset + odd))]

    def loop(self):
        body = []
        for _ in range(self.rng.randrange(1, 5)):
            body += self.rng.choice((self.alu, self.floats, self.memory, self.short_plain))()
        back = -sum(item.size if isinstance(item, Item) else 4 for item in body) - 4
        return li(9, self.rng.randrange(1, 12)) + body + [addi(9, 9, -1), btype(1, 9, 0, back)]

    def short_plain(self):
        while True:
            item = self.short()[0]
            if not callable(item.bits):
                return [item]

    def wild_jump(self):
        """A call to where nothing is; the trap handler returns by x1."""
        where = 0x18000000 + 0x1000 * self.rng.randrange(16) + 2 * self.rng.randrange(64)
        if self.table and not self.mprv and self.rng.random() < 0.5:
            where = 0x20000000 + self.rng.getrandbits(24)
        return li(5, where & ~1) + [itype(0x67, 0, 1, 5, 0)]

    def garbage(self):
        """A word that is no instruction, mostly."""
        rng = self.rng
        if rng.random() < 0.2:
            return [Item(2, rng.choice((0x0000, 0x8002, 0x6101 & ~0x7C, 0x2001 if self.plan.xlen == 64 else 0x9C41, 0x9C61,
                                        0x4002, 0x6081 & ~0x107C | 0x1)))]
        word = rng.getrandbits(32)
        opcode = rng.choice((0x13, 0x33, 0x1B, 0x3B, 0x53, 0x53, 0x43, 0x47, 0x4B, 0x4F, 0x2F, 0x0B, 0x2B, 0x5B, 0x7B, 0x57,
                             0x6B, 0x77, 0x73, 0x0F, 0x1F, 0x3F, 0x5F, 0x7F, 0x03, 0x23, 0x07, 0x27, 0x63, 0x67))
        word = word & ~(0x7F | 31 << 7) | opcode | self.dest() << 7
        f3 = word >> 12 & 7
        if opcode == 0x2F:
            if not self.atomics:
                return self.garbage()
            word = word & ~(31 << 15) | rng.choice(POINTERS) << 15
            if word >> 27 in (2, 3):
                return self.garbage()
        if opcode == 0x73:  # neither CSRs nor what changes modes or waits
            word = word & ~(7 << 12) | rng.choice((0, 4)) << 12
            if f3 == 0 and word >> 20 in (0x102, 0x105, 0x302, 0x000, 0x001, 0x002):
                return self.garbage()
        if opcode == 0x0F and f3 == 2:
            return self.garbage()
        if opcode in (0x03, 0x07, 0x23, 0x27, 0x63, 0x67):  # funct3 that is reserved
            reserved = {0x03: (7,) if self.plan.xlen == 64 else (3, 6, 7), 0x07: (0, 5, 6, 7), 0x63: (2, 3), 0x67: (1, 2, 5),
                        0x23: (4, 5, 6, 7) if self.plan.xlen == 64 else (3, 4, 7), 0x27: (0, 5, 6, 7)}[opcode]
            word = word & ~(7 << 12) | rng.choice(reserved) << 12
        if self.fs == 1 and opcode == 0x53:
            return self.garbage()
        return [word]

    def environment(self):
        rng = self.rng
        words = [0x00000073, 0x00100073, 0x0000100F, 0x0FF0000F, 0x8330000F]
        words += [0x12000073 | rng.randrange(32) << 15 | rng.randrange(32) << 20, 0x16000073 | rng.randrange(32) << 15]
        if self.now != U:  # QEMU 7.2 lets U mode have them
            words += [0x18000073, 0x18100073]
        if self.now == U and self.mode == U or (self.mode == S and self.status & TW and self.now == S):
            words.append(0x10500073)
        if self.now == U and self.mode == U:
            words += [0x30200073, 0x10200073]
        if self.now == S and self.mode == S:
            words.append(0x30200073)
        return [rng.choice(words)]

    # -- CSRs
    def csr_access(self):
        rng = self.rng
        allowed = USER_CSRS * 3 + (SUPERVISOR_CSRS if self.now >= S else []) + (MACHINE_CSRS if self.now == M else [])
        everyone = USER_CSRS + SUPERVISOR_CSRS + MACHINE_CSRS + ABSENT_CSRS + [0xC00, 0xC02, 0xC01, 0x344, 0x144]
        number = rng.choice(allowed) if rng.random() < 0.75 else rng.choice(everyone)
        rd = self.dest()
        if number in (0xC00, 0xC01, 0xC02, 0x344, 0x144):  # there or not, but not what is in it
            return [csr(2, 0, number, 0)]
        if number in (1, 2, 3):
            if number == 2 and rng.random() < 0.8:
                return [csr(5, rd, 2, rng.randrange(5))]
            if number == 3 and rng.random() < 0.8:
                return [csr(5, rd, 3, rng.randrange(32))]
            # QEMU 7.2 does not write, nor mark FS, when the register to set or clear is 0
            return [csr(rng.choice((1, 5, 6, 7) if self.fs == 1 else (1, 2, 3, 5, 6, 7)), rd, number, rng.randrange(32))]
        if number in ABSENT_CSRS:
            return [csr(rng.choice((1, 2, 3, 5, 6, 7)), rd, number, rng.randrange(32))]
        if number in (0x140, 0x142, 0x143, 0x340, 0x342, 0x343):  # keep any value
            return [csr(rng.choice((1, 2, 3, 5, 6, 7)), rd, number, rng.randrange(32))]
        if number in (0x141, 0x341):  # QEMU 7.2 keeps bit 0
            return [itype(0x13, 7, 6, rng.randrange(32), -2), csr(rng.choice((1, 2)), rd, number, 6)]
        if number in (0x105, 0x305) and self.tvec_free and number == 0x105:
            return [csr(1, rd, 0x105, rng.randrange(32)), csr(2, self.dest(), 0x105, 0)]
        if number == 0x180 and self.satp_free:
            mode = rng.choice((0, 0, 1, 8, 9, 11, 15)) if self.plan.xlen == 64 else rng.randrange(2)
            words = [lui(6, rng.getrandbits(20))]
            if self.plan.xlen == 64:
                words += [itype(0x13, 1, 6, 6, 24), itype(0x13, 1, 6, 6, 8), itype(0x13, 5, 6, 6, 4), addi(7, 0, mode),
                          itype(0x13, 1, 7, 7, 60), 0 << 25 | 7 << 20 | 6 << 15 | 6 << 12 | 6 << 7 | 0x33]
            return words + [csr(1, rd, 0x180, 6), csr(2, self.dest(), 0x180, 0)]
        if number == 0x106 or number == 0x306:
            return li(6, rng.getrandbits(3)) + [csr(rng.choice((1, 2, 3)), rd, number, 6)]
        if number == 0xF14 and rng.random() < 0.3:
            return [csr(1, rd, number, 5)]
        return [csr(2, rd, number, 0)]

    def csr_bits(self):
        """Single fields of mstatus, sstatus, mie, sie, medeleg, mideleg."""
        rng = self.rng
        rd, op = self.dest(), rng.choice((2, 3))
        supervisor = self.now == S or rng.random() < 0.4
        kind = rng.random()
        if kind < 0.65:
            number, fields = 0x100, [2, 0x20, 0x100, SUM, MXR, FS]
            if not supervisor:
                number, fields = 0x300, fields + [8, 0x80, TVM, TW]
                if self.now == M and not self.satp_free and not self.moves:
                    # what is misaligned where nothing is has another mtval in QEMU 7.2
                    fields += [0x1800] if not self.mprv or self.flags & ALIGNED else []
                    fields += [MPRV] if self.table == 0 and self.mode == M else []
                if not self.medeleg and not self.mideleg:
                    fields.append(TSR)
            if self.fs == 1:
                fields.remove(FS)
            bits = 0
            for field in fields:
                bits |= field if rng.random() < 0.3 else 0
            if self.irq and self.now != M:
                bits &= ~0xA
            return li(6, bits) + [csr(op, rd, number, 6)]
        if kind < 0.85:
            number, mask = (0x104, 0x222) if supervisor else (0x304, 0xAAA)
            return li(6, rng.getrandbits(12) & mask) + [csr(rng.choice((1, 2, 3)), rd, number, 6)]
        if self.tvec_free or self.table:
            return [csr(2, rd, rng.choice((0x302, 0x303)), 0)]
        number, value = rng.choice(((0x302, self.delegated()), (0x303, rng.getrandbits(12) & 0x222)))
        return li(6, value) + [csr(rng.choice((1, 2, 3)), rd, number, 6)]

    def change_mpp(self):
        return li(6, 0x1800) + [csr(3, 0, 0x300, 6)] + ((li(6, 0x800) + [csr(2, 0, 0x300, 6)]) if self.rng.random() < 0.6 else [])

    def interrupt(self):
        """One interrupt becomes pending, after what was pending no longer is."""
        rng = self.rng
        if self.mode == M and self.now == M:
            if rng.random() < 0.2 and not self.mprv:
                # the CLINT's msip, while MIE is off: QEMU takes it at the end of a block
                return li(5, 0x2000000) + li(6, 1) + [csr(1, 0, 0x344, 0), csr(7, 0, 0x300, 8), stype(0x23, 2, 5, 6, 0),
                                                     0x0000100F, csr(6, 0, 0x300, 8)]
            return li(5, rng.choice((2, 0x20, 0x200))) + [csr(1, 0, 0x344, 5)]
        return li(5, 2) + [csr(rng.choice((1, 2)), 0, 0x144, 5)]

    # -- more
    def base(self, mode):
        t = self.plan.tables[self.table]
        return tables_of.CODE if mode == M or not self.table else t.code_s if mode == S else t.code_u

    def change_mode(self):
        """mret or sret to the next group, in a lower mode."""
        if self.now == U or self.mprv:
            return self.alu()
        rng, old = self.rng, self.now
        new = rng.choice((U, S, M)) if old == M else rng.choice((U, S))
        first = Item(4, auipc(5, 0))
        xlen = self.plan.xlen
        delta = self.base(new) - self.base(old)
        here = len(self.groups)
        literal = Item(xlen // 8, lambda at: delta + self.start(here + 1) - first.offset, data=True)
        head = [first, Item(4, lambda at: itype(0x03, 3 if xlen == 64 else 2, 6, 5, literal.offset - first.offset)),
                6 << 20 | 5 << 15 | 5 << 7 | 0x33]
        if old == M:
            body = [csr(1, 0, 0x341, 5)] + li(6, 0x21800) + [csr(3, 0, 0x300, 6)]
            body += li(6, new << 11) + [csr(2, 0, 0x300, 6), 0x30200073]
        else:
            body = [csr(1, 0, 0x141, 5)] + li(6, 0x100) + [csr(3 if new == U else 2, 0, 0x100, 6), 0x10200073]
        over = Item(4, lambda at: jtype(0, self.start(here + 1) - at))  # when the return traps
        self.now = new
        return head + body + [over, literal]

    def change_code(self):
        """Two instructions change places before they run."""
        if not self.writable or self.mprv or self.satp_free or self.pmp:
            return self.alu()
        one, two = (Item(4, self.fill(self.pick("R", "I"))) for _ in range(2))
        first = Item(4, auipc(5, 0))
        words = [first]
        words += [Item(4, lambda at: itype(0x03, 2, 6, 5, one.offset - first.offset)),
                  Item(4, lambda at: itype(0x03, 2, 7, 5, two.offset - first.offset)),
                  Item(4, lambda at: stype(0x23, 2, 5, 6, two.offset - first.offset)),
                  Item(4, lambda at: stype(0x23, 2, 5, 7, one.offset - first.offset)), 0x0000100F]
        return words + [one, two]


class Table:
    """What a case needs to know of a page table."""

    def __init__(self, holes=False, clean=True):
        self.holes, self.clean = holes, clean
        self.writable, self.data_pages = True, tables_of.SCRATCH_PAGES
        self.tables, self.code_s, self.code_u, self.data = None, tables_of.CODE, tables_of.CODE, tables_of.SCRATCH


class Plan:
    """Everything one program is made of. The same arguments make the same plan."""

    def __init__(self, root, xlen, mix, seed, cases, rounds):
        self.xlen, self.mix, self.seed, self.rounds = xlen, mix, seed, rounds
        rng = random.Random(f"{xlen} {mix} {seed}")
        self.napot = xlen == 64 and rng.random() < 0.5  # has Svnapot
        long, self.short = insn_table.load(root, xlen)
        self.by_kind = {}
        for insn in long:
            self.by_kind.setdefault(insn.kind, []).append(insn)
        self.tables = [Table()]
        for number in range(12 if mix.startswith("msu") else 0):
            t = Table(holes=rng.random() < 0.4, clean=rng.random() < 0.5)
            t.tables, t.code_s, t.code_u, t.data, t.data_pages, t.writable = \
                tables_of.make_table(rng, xlen, number, t.holes, t.clean, self.napot)
            self.tables.append(t)
        locked = tables_of.make_locked(rng) if mix in ("mu", "msu-pmp") and rng.random() < 0.5 else []
        self.pmps = [tables_of.everything(xlen)]
        for _ in range(12):
            self.pmps.append(tables_of.make_pmp(rng, locked, [t.tables for t in self.tables[1:]]))
        if locked:
            for n, (addr, cfg) in enumerate(locked):
                self.pmps[0][0][n], self.pmps[0][1][n] = addr, cfg
        self.cases = [Case(rng, self, mix) for _ in range(cases)]

    def files(self):
        """Contents of the guest's tables, by symbol."""
        code, cases, pages, tables = b"", b"", b"", b""
        first = 0
        for t in self.tables:
            if t.tables:
                data = t.tables.bytes().ljust(0x10000, b"\0")
                satp, count = t.tables.satp(), len(t.tables.pages)
                pages += data
            else:
                satp = count = 0
            mask = (1 << 64) - 1
            tables += struct.pack("<QQQQII", satp, t.code_s & mask, t.code_u & mask, t.data & mask, first, count)
            first += 16 if t.tables else 0
        for c in self.cases:
            data = c.code()
            cases += struct.pack("<16I", len(code), len(data), c.place, c.end, c.mode, c.table, c.pmp, c.flags, c.status,
                                 c.medeleg, c.mideleg, c.mie, *c.counters, self.rounds, c.pages)
            code += data
        return {"pristine": code, "cases": cases, "tables": tables, "table_pages": pages or bytes(8),
                "pmps": b"".join(tables_of.pack_pmp(p) for p in self.pmps), "special": struct.pack("<64Q", *special())}


def special():
    """Numbers at which integer and floating-point instructions change their mind."""
    out = [0, 1, 2, 3, 31, 32, 33, 63, 64, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
           0x100000000, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, (1 << 64) - 1, (1 << 64) - 2, (1 << 64) - (1 << 31)]
    doubles = [0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000,
               0x7FF0000000000001, 0xFFF8000000000001, 0x0010000000000000, 0x000FFFFFFFFFFFFF, 0x8000000000000001,
               0x7FEFFFFFFFFFFFFF, 0x41DFFFFFFFC00000, 0x41E0000000000000, 0x43E0000000000000, 0xC1E0000000000000,
               0x3FE0000000000000, 0x4004000000000000, 0x380FFFFFFFFFFFFF]
    singles = [0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0x00800000, 0x007FFFFF, 0x80000001,
               0x7F7FFFFF, 0x4EFFFFFF, 0x4F000000, 0x5F000000, 0x3F000000]
    halves = [0x3C00, 0x7C00, 0x7E00, 0x7C01, 0x0400, 0x7BFF]
    out += doubles + [0xFFFFFFFF00000000 | s for s in singles] + [0xFFFFFFFFFFFF0000 | h for h in halves]
    assert len(out) == 64, len(out)
    return out
