"""Random instruction streams on socscope and on QEMU: after every case registers,
CSRs, memory and page tables must be equal.

Usage: lockstep.py SOCSCOPE [--insns N] [--mix MIX ...] [--width 32|64 ...] [--seed N] [--cases N] [--rounds N]
                   [--keep DIR]

Each program is one (width, mix, seed); with --insns programs are made until
each width and mix has executed that many instructions of random code on
socscope (its trap handlers and checks not counted). At a difference the
program runs again, looking closer: which round, which instruction, and all
registers before and after it on both sides.
"""
import argparse
import concurrent.futures
import contextlib
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

import generate
import tables

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NONE = 0xFFFFFFFF
TIMEOUT_S = 120
CPU = "h=false,sstc=false,Zfh=true,svinval=true,svpbmt=false"
ISA = "gc_zicntr_zihpm_zfh_zba_zbb_zbc_zbs_svinval"
CSRS = ("fcsr mstatus satp medeleg mideleg mie mip stvec sscratch sepc scause stval mcounteren scounteren mcountinhibit "
        "pmpaddr15 sstatus").split()
MODES = {0: "U", 1: "S", 3: "M"}


class Program:
    """A plan as an ELF, and what runs of it print."""

    def __init__(self, socscope, folder, plan):
        self.socscope, self.folder, self.plan = socscope, folder, plan
        folder.mkdir(parents=True, exist_ok=True)
        self.name = f"rv{plan.xlen} {plan.mix} seed {plan.seed}"
        self.files = plan.files()

    def build(self, detail=0, case=NONE, round_=NONE, points=()):
        """The ELF for one kind of look."""
        plan, xlen = self.plan, self.plan.xlen
        bounds = plan.cases[case].boundaries() if case != NONE else []
        points = (list(points) + [NONE] * 3)[:3]
        files = dict(self.files)
        files["plan"] = struct.pack("<QIIIII3I", plan.seed, len(plan.cases), len(bounds), case, round_, detail, *points)
        files["boundaries"] = struct.pack(f"<{len(bounds)}H", *bounds) or bytes(2)
        source = "    .section .plan, \"a\"\n"
        for symbol, data in files.items():
            (self.folder / f"{symbol}.bin").write_bytes(data)
            source += f"    .balign 4096\n    .globl {symbol}\n{symbol}: .incbin \"{symbol}.bin\"\n"
        (self.folder / "plan.S").write_text(source)
        elf = self.folder / f"detail{detail}.elf"
        abi = "ilp32" if xlen == 32 else "lp64"
        gcc = ["riscv64-unknown-elf-gcc", "-misa-spec=2.2", f"-mabi={abi}", "-mcmodel=medany", "-ffreestanding", "-nostdlib", "-O2",
               "-std=gnu11", "-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra", f"-I{ROOT}"]
        objects = []
        for path, march in (HERE / "guest.S", "imafdc"), (HERE / "guest.c", "imac"), (self.folder / "plan.S", "imac"):
            objects.append(self.folder / (path.name + ".o"))
            if path.parent == HERE and objects[-1].exists():
                continue
            self.check([*gcc, f"-march=rv{xlen}{march}", "-c", path, "-o", objects[-1]])
        self.check([*gcc, f"-march=rv{xlen}imac", "-T", HERE / "guest.ld", *objects, "-lgcc", "-o", elf])
        return elf

    def check(self, command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{command[0]}: {done.stderr}")

    def run(self, elf, who):
        xlen = self.plan.xlen
        if who == "QEMU":
            cpu = f"rv{xlen},{CPU}" + (",svnapot=true" if self.plan.napot else "")
            command = [f"qemu-system-riscv{xlen}", "-M", "virt", "-cpu", cpu, "-bios", "none", "-display", "none", "-serial",
                       "stdio", "-monitor", "none", "-kernel", elf]
        else:
            isa = f"rv{xlen}{ISA}" + ("_svnapot" if self.plan.napot else "")
            command = [self.socscope, "run", HERE / f"lockstep{xlen}.yaml", elf, "--progress", "never", "--set",
                       f"cpus.cpu0.isa={isa}", "-o", self.folder / "run"]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
            out, status, errors = done.stdout, done.returncode, done.stderr.decode("latin-1").strip()[-300:]
        except subprocess.TimeoutExpired as late:
            out, status, errors = late.stdout or b"", None, "did not end"
        lines = out.decode("latin-1").replace("\r", "").splitlines()
        return lines, status, errors

    def both(self, elf):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(self.run, elf, who) for who in ("socscope", "QEMU")]
            return [run.result() for run in runs]

    def executed(self):
        """Instructions of random code in the run of socscope before."""
        windows = {base & (1 << 64) - 1 for t in self.plan.tables for base in (t.code_s, t.code_u)} | {tables.CODE}
        with contextlib.closing(sqlite3.connect(self.folder / "run" / "run.db")) as db:
            rows = db.execute("SELECT pc, instructions FROM pc_cost").fetchall()
        return sum(n for pc, n in rows if any(0 <= (pc & (1 << 64) - 1) - base < tables.CODE_BYTES for base in windows))

    def compare(self):
        """None, or the text of a report."""
        (ours, our_status, our_errors), (theirs, their_status, their_errors) = self.both(self.build())
        self.traps = sum(int(line.split()[3], 16) for line in ours if line.startswith("case"))
        self.instructions = self.executed() if our_status == 0 else 0
        if ours == theirs and our_status == their_status == 0 and len(ours) == len(self.plan.cases):
            return None
        text = f"{self.name}: socscope status {our_status} ({our_errors}), QEMU {their_status} ({their_errors})\n"
        bad = [n for n in range(len(self.plan.cases)) if ours[n:n + 1] != theirs[n:n + 1] or not ours[n:n + 1]]
        if not bad:
            return text + "\n".join(ours[-3:] + theirs[-3:])
        text += f"{len(bad)} of {len(self.plan.cases)} cases differ: {bad[:20]}\n"
        return text + self.closer(bad[0])

    def closer(self, case):
        """Which round, which instruction."""
        c = self.plan.cases[case]
        text = self.describe(case)
        ours, theirs = (lines for lines, _, _ in self.both(self.build(1, case)))
        rounds = [line.split()[1:] for line in ours if line.startswith("round")]
        others = [line.split()[1:] for line in theirs if line.startswith("round")]
        # a difference in memory only shows behind the last round
        bad = next((int(a[0], 16) for a, b in zip(rounds, others) if a != b), min(len(rounds), len(others)))
        bad = min(bad, self.plan.rounds - 1)
        text += f"first in round {bad}\n"
        ours, theirs = (lines for lines, _, _ in self.both(self.build(2, case, bad)))
        scan = [line.split()[1:] for line in ours if line.startswith("at")]
        other = [line.split()[1:] for line in theirs if line.startswith("at")]
        bounds = c.boundaries()
        first = next((n for n, (a, b) in enumerate(zip(scan, other)) if a != b), min(len(scan), len(other)))
        if first >= len(bounds):
            return text + "no difference when stopped at any instruction\n" + self.listing(case, None)
        points = [bounds[first - 1], bounds[first]] if first else [bounds[0]]
        runs = [split_dumps(lines) for lines, _, _ in self.both(self.build(3, case, bad, points))]
        text += f"differs when stopped at +{bounds[first]:x}, behind this:\n"
        text += self.listing(case, points[0])
        for point in points:
            a, b = (run.get(point, []) for run in runs)
            text += f"stopped at +{point:x}:\n" + show(a, b, point == points[0] and len(points) > 1)
        return text

    def describe(self, case):
        c = self.plan.cases[case]
        text = (f"case {case}: mode {MODES[c.mode]}, table {c.table}, pmp {c.pmp}, flags {c.flags}, mstatus {c.status:#x}, "
                f"medeleg {c.medeleg:#x}, mideleg {c.mideleg:#x}, mie {c.mie:#x}\n")
        if c.table:
            t = self.plan.tables[c.table]
            mask = (1 << self.plan.xlen) - 1
            text += f"  {t.tables.mode}: S code {t.code_s & mask:#x}, U code {t.code_u & mask:#x}, data {t.data & mask:#x}\n"
        if c.pmp:
            text += "  pmp " + " ".join(f"{a:x}/{f:02x}" for a, f in zip(*self.plan.pmps[c.pmp])) + "\n"
        return text

    def listing(self, case, point):
        """Disassembly, with an arrow at `point`, or around it."""
        c = self.plan.cases[case]
        path = self.folder / "case.bin"
        path.write_bytes(c.code())
        arch = f"riscv:rv{self.plan.xlen}"
        done = subprocess.run(["riscv64-unknown-elf-objdump", "-D", "-b", "binary", "-m", arch, "-M", "numeric,no-aliases", path],
                              capture_output=True, text=True)
        out = ""
        for line in done.stdout.splitlines():
            head = line.split(":")[0].strip()
            try:
                offset = int(head, 16)
            except ValueError:
                continue
            if point is None or abs(offset - point) <= 24:
                out += ("  -> " if offset == point else "     ") + line.strip() + "\n"
        return out


def split_dumps(lines):
    dumps, now = {}, None
    for line in lines:
        words = line.split()
        if words[0] == "dump":
            now = dumps.setdefault(int(words[1], 16), [])
        elif now is not None:
            now.append(words)
    return dumps


def named(dump):
    """name -> value of everything in a dump; traps are numbered"""
    out, traps = {}, 0
    for words in dump:
        if words[0] == "trap":
            out[f"trap {traps}"] = " ".join(words[1:])
            traps += 1
        elif words[0] in ("x", "f"):
            first = 1 if words[0] == "x" else 0
            out.update({f"{words[0]}{n + first}": v for n, v in enumerate(words[1:])})
        elif words[0] == "csr":
            out.update(zip(CSRS, words[1:]))
        elif words[0] == "memory":
            out["memory hash"] = words[1]
    return out


def show(ours, theirs, full):
    a, b = named(ours), named(theirs)
    text = ""
    for name in list(a) + [n for n in b if n not in a]:
        if a.get(name) != b.get(name):
            text += f"  DIFFERS {name}: socscope {a.get(name)}, QEMU {b.get(name)}\n"
    if full or not text:
        text += "  " + " ".join(f"{n}={v}" for n, v in a.items()) + "\n"
    return text


def check_program(args, folder, width, mix, seed):
    """Runs one program; (it was equal, instructions)"""
    begin = time.monotonic()
    plan = generate.Plan(ROOT, width, mix, seed, args.cases, args.rounds)
    program = Program(args.socscope.resolve(), folder / f"{width}-{mix}-{seed}", plan)
    report = program.compare()
    print(f"{program.name}: {'DIFFERENT' if report else 'equal'}, {program.instructions} instructions, {program.traps} traps, "
          f"{time.monotonic() - begin:.1f} s")
    if report:
        print(report)
    sys.stdout.flush()
    return not report, program.instructions


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("socscope", type=pathlib.Path)
    parser.add_argument("--insns", type=int, default=1, help="of random code, per width and mix")
    parser.add_argument("--mix", nargs="+", default=list(generate.MIXES), choices=generate.MIXES)
    parser.add_argument("--width", nargs="+", type=int, default=[32, 64])
    parser.add_argument("--seed", type=int, default=1, help="of the first program")
    parser.add_argument("--cases", type=int, default=250, help="per program")
    parser.add_argument("--rounds", type=int, default=60, help="of each case, with new registers")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the programs; else they are deleted")
    args = parser.parse_args()
    bad = []
    with tempfile.TemporaryDirectory() as scratch:
        for width in args.width:
            for mix in args.mix:
                executed, seed = 0, args.seed
                while executed < args.insns:
                    equal, count = check_program(args, args.keep or pathlib.Path(scratch), width, mix, seed)
                    if not equal:
                        bad.append(f"rv{width} {mix} seed {seed}")
                    if not count:
                        break
                    executed += count
                    seed += 1
                print(f"rv{width} {mix}: {executed} instructions in {seed - args.seed} programs")
    for name in bad:
        print("FAILED", name)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
