"""Random page tables and PMP settings for a plan: what addresses a case finds.

The guest's own pages are mapped where they are, for S: text, what its trap
handler writes, the code window (to read instructions). Cases run at two
addresses of the code window, one for S and one for U, and load and store in the
data window: 64 pages of every kind over 16 pages of scratch memory.
"""
import struct

TEXT, CODE, SCRATCH, SHARED, TABLES = 0x80000000, 0x80400000, 0x80800000, 0x80C00000, 0x81000000
HOLE = 0x18000000
CODE_BYTES, SCRATCH_PAGES, DATA_PAGES = 0x80000, 16, 64
V, R, W, X, U, G, A, D = (1 << n for n in range(8))
N = 1 << 63


class Tables:
    """Tables of one satp, at `base` (physical)."""

    def __init__(self, mode, base):
        self.mode, self.base = mode, base
        self.index_bits, self.levels = {"sv32": (10, 2), "sv39": (9, 3), "sv48": (9, 4)}[mode]
        self.entry = 4 if mode == "sv32" else 8
        self.pages = [{}]

    def put(self, va, pte, level=0):
        """A leaf for va at this level; `pte` has its physical address in it."""
        page = 0
        for at in range(self.levels - 1, level, -1):
            entries, index = self.pages[page], self.index(va, at)
            if index not in entries:
                entries[index] = (self.base + 4096 * len(self.pages)) >> 12 << 10 | V
                self.pages.append({})
            page = ((entries[index] >> 10 << 12) - self.base) >> 12
            assert 0 <= page < len(self.pages)
        self.pages[page][self.index(va, level)] = pte

    def index(self, va, level):
        return va >> 12 + level * self.index_bits & (1 << self.index_bits) - 1

    def span(self, level):
        return 4096 << level * self.index_bits

    def range(self, va, pa, size, flags):
        for at in range(0, size, 4096):
            self.put(va + at, leaf(pa + at, flags))

    def satp(self):
        return self.base >> 12 | {"sv32": 1 << 31, "sv39": 8 << 60, "sv48": 9 << 60}[self.mode]

    def bytes(self):
        out = b""
        for entries in self.pages:
            page = bytearray(4096)
            for index, pte in entries.items():
                page[index * self.entry:(index + 1) * self.entry] = pte.to_bytes(self.entry, "little")
            out += bytes(page)
        return out


def leaf(pa, flags):
    return pa >> 12 << 10 | flags


def data_page(rng, t, holes, clean, napot):
    """A leaf for a page of the data window. clean: it has A and D if it may be used."""
    target = SCRATCH + 4096 * rng.randrange(SCRATCH_PAGES)
    user = U if rng.random() < 0.6 else 0
    extra = rng.choice((0, 0, G)) | rng.choice((0, 0, 0x100, 0x200, 0x300))
    full = V | R | W | rng.choice((0, X)) | A | D | user | extra
    wide, dirty = t.entry == 8, not clean
    kinds = [
        (45, lambda: leaf(target, full)),
        (12, lambda: leaf(target, (full & ~W))),
        (6, lambda: leaf(target, V | X | A | D | user)),
        (6 * dirty, lambda: leaf(target, full & ~D)),
        (5 * dirty, lambda: leaf(target, full & ~A)),
        (6 * dirty, lambda: leaf(target, full & ~(A | D))),
        (4, lambda: leaf(target, full & ~V)),
        (2, lambda: leaf(target, full & ~R)),
        (1, lambda: leaf(target, V | extra)),            # a pointer on the last level
        (1, lambda: leaf(target, V | A | extra)),
        # QEMU 7.2 does not look at these bits where it has Svnapot
        (3 * (wide and not napot), lambda: leaf(target, full | 1 << rng.randrange(54, 61))),
        (1 * wide, lambda: leaf(target, full | rng.randrange(1, 4) << 61)),
        (3 * wide, lambda: leaf(SCRATCH | 0x8000, full & ~rng.choice((0, dirty * (A | D))) | N)),
        (1 * wide, lambda: leaf(SCRATCH | 0x4000, full | N)),
        (4 * holes, lambda: leaf(HOLE, full)),
    ]
    return rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()


def make_table(rng, xlen, number, holes, clean, napot):
    """(Tables, code_s, code_u, data, usable pages of data, code is writable)"""
    mode = "sv32" if xlen == 32 else rng.choice(("sv39", "sv48"))
    t = Tables(mode, TABLES + number * 0x10000)
    t.range(TEXT, TEXT, 0x10000, V | R | X | A | D)
    t.range(SHARED, SHARED, 0x4000, V | R | W | A | D)
    t.put(CODE, leaf(CODE, V | R | A | D), 1)
    top = {"sv32": 0, "sv39": -1 << 38, "sv48": -1 << 47}[mode]
    high = top and rng.random() < 0.5
    code_s = (top if high else 0) + 0x40000000
    code_u, data = 0x50000000, 0x1A000000  # nothing is there without translation
    if top and rng.random() < 0.5:
        data += rng.choice((0x3F00000000, top, top + 0x1F80000000))
    writable = rng.random() < 0.3
    for va, user in (code_s, 0), (code_u, U):
        flags = V | R | X | A | (W | D if writable else 0) | user
        if rng.random() < 0.5:
            t.put(va, leaf(CODE, flags), 1)
        else:
            t.range(va, CODE, CODE_BYTES, flags)
    pages = DATA_PAGES
    kind = rng.random()
    if kind < 0.15:  # a superpage
        t.put(data, leaf(SCRATCH, V | R | W | A | D | rng.choice((0, U))), 1)
        pages = SCRATCH_PAGES
    elif kind < 0.2:  # a misaligned one, an unreadable one, one not accessed
        t.put(data, leaf(SCRATCH, rng.choice((V | X | A | D, V | R | W | A | D | U) + (() if clean else (V | R | W,)))) | rng.choice((0, 1 << 10)), 1)
        pages = SCRATCH_PAGES
    else:
        for page in range(DATA_PAGES):
            t.put(data + 4096 * page, data_page(rng, t, holes, clean, napot))
        if napot:  # some of the 64 KiB pages in all their parts
            for group in range(0, DATA_PAGES, 16):
                if rng.random() < 0.2:
                    pte = leaf(SCRATCH | 0x8000, V | R | W | U | A | D | N)
                    for page in range(16):
                        t.put(data + 4096 * (group + page), pte)
    assert len(t.pages) <= 16
    return t, code_s, code_u, data, pages, writable


# -- PMP
OFF, TOR, NA4, NAPOT = 0, 8, 16, 24
PR, PW, PX, LOCK = 1, 2, 4, 0x80


def napot(base, size):
    return (base >> 2) | (size // 8 - 1)


def everything(xlen):
    """One entry that lets everybody do everything."""
    addr, cfg = [0] * 16, [0] * 16
    addr[15], cfg[15] = (1 << (32 if xlen == 32 else 54)) - 1, NAPOT | PR | PW | PX
    return addr, cfg


def make_locked(rng):
    """Two entries on the last scratch page that bind M too."""
    base = SCRATCH + 4096 * (SCRATCH_PAGES - 1)
    out = []
    for _ in range(2):
        size = 8 << rng.randrange(0, 9)
        at = base + rng.randrange(4096 // size) * size
        out.append((napot(at, size), NAPOT | LOCK | rng.choice((0, PR, PR | PW, PX, PR | PX))))
    return out


def make_pmp(rng, locked, tables):
    addr, cfg = [0] * 16, [0] * 16
    for n, (a, c) in enumerate(locked):
        addr[n], cfg[n] = a, c
    n = len(locked)
    while n < 11:
        perms = rng.choice((0, PR, PR | PW, PR | PW, PX, PR | PX, PR | PW | PX))
        page = SCRATCH + 4096 * rng.randrange(SCRATCH_PAGES - 1)
        # pointers are often near the beginning of a page
        at = page + 4 * rng.choice((rng.randrange(1024), rng.randrange(16)))
        kind = rng.choice((OFF, TOR, TOR, NA4, NAPOT, NAPOT))
        if kind == TOR:
            if n + 1 >= 11:
                break
            addr[n], cfg[n] = at >> 2, OFF | perms
            addr[n + 1] = (at >> 2) + rng.choice((1, 2, 3, 5, 64, 1024, 4096))
            cfg[n + 1] = TOR | perms
            n += 2
            continue
        if kind == NAPOT:
            size = 8 << rng.choice((0, 1, 2, 5, 8, 9, 10, 11))
            addr[n] = napot(at & ~(size - 1), size)
        else:
            addr[n] = at >> 2
        cfg[n] = kind | perms
        n += 1
    rest = [(SCRATCH, 0x10000, rng.choice((PR | PW, PR | PW, PR | PW | PX, PR, 0))), (CODE, CODE_BYTES, PR | PW | PX),
            (TEXT, 0x400000, PR | PX), (SHARED, 0x4000, PR | PW), (TABLES, 0x1000000, PR | PW)]
    if rng.random() < 0.2 and tables:  # a page of some table nobody can read
        t = rng.choice(tables)
        rest[0] = (t.base + 4096 * rng.randrange(len(t.pages)), 4096, 0)
        for i, entries in enumerate(t.pages):  # not one the guest's own handlers need
            if rest[0][0] == t.base + 4096 * i and (i < 4 or t.entry == 8 and i < 5):
                rest[0] = (SCRATCH, 0x10000, PR | PW)
    for i, (base, size, perms) in enumerate(rest):
        addr[11 + i], cfg[11 + i] = napot(base, size), NAPOT | perms
    return addr, cfg


def pack_pmp(pmp):
    return struct.pack("<16Q16B", *pmp[0], *pmp[1])
