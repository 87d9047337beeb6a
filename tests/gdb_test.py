"""The gdb stub with the real gdb: a session of each kind, on both widths, end to end.

usage: gdb_test.py SOCSCOPE FIRMWARE_FOLDER     (the folder holds rv32/NAME.elf and rv64/NAME.elf)

A session is a script that gdb-multiarch runs against a run that waits for it (-S); what gdb printed is held against what
the firmware (tests/firmware/debug.c, harts.S) must have done by then, and the run ends as it would have without gdb.
"""
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import unittest

SOCSCOPE, FIRMWARE = "", pathlib.Path()
SOURCE = pathlib.Path(__file__).resolve().parent / "firmware"

BOARD = """version: 1
name: board
clock: 50MHz
quantum: 1us
cpus:
  - {name: "%(harts)s", isa: rv%(width)simac_zicsr_zifencei, bus: main, reset: 0x80000000}
buses:
  main: {width: 32}
memories:
  - {name: ram, bus: main, at: 0x80000000, size: 4MiB}
devices:
  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}
  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000}
  - {name: dma0, type: dma, bus: main, at: 0x18003000, master: main}
  - {name: clint0, type: clint, bus: main, at: 0x02000000, timebase: 10MHz, timer: ["%(harts)s.mti"], soft: ["%(harts)s.msi"]}
"""


def line_of(mark, name="debug.c"):
    """Where `at: MARK` is in a source."""
    for number, text in enumerate((SOURCE / name).read_text().splitlines(), 1):
        if re.search(rf"/\* at: {mark} ?\*/", text):
            return number
    raise ValueError(mark)


class Session(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.dir = pathlib.Path(self.folder.name)

    def board(self, width=32, harts=1):
        path = self.dir / f"board-{width}-{harts}.yaml"
        path.write_text(BOARD % {"width": width, "harts": "cpu0" if harts == 1 else f"cpu[0-{harts - 1}]"})
        return path

    def start(self, elf, *options, width=32, harts=1, gdb=("--gdb", "0", "-S")):
        """A run, and where gdb finds it."""
        run = subprocess.Popen([SOCSCOPE, "run", self.board(width, harts), FIRMWARE / f"rv{width}/{elf}.elf", *gdb, *options],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        line = run.stderr.readline()
        self.assertRegex(line, "^socscope: gdb: target remote ")
        return run, line.split()[-1]

    def gdb(self, where, elf, script, width=32):
        """What gdb prints (both streams) while it runs the script."""
        path = self.dir / "script.gdb"
        path.write_text(f"set pagination off\nset width 0\nset confirm off\ntarget remote {where}\n{script}")
        done = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", "-x", path, FIRMWARE / f"rv{width}/{elf}.elf"],
                              cwd=SOURCE.parent.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertNotRegex(done.stdout, "Error in sourced|warning:|Remote failure|packet error")
        return done.stdout

    def session(self, elf, script, *options, width=32, harts=1):
        run, where = self.start(elf, *options, width=width, harts=harts)
        said = self.gdb(where, elf, script, width)
        out, err = run.communicate(timeout=60)
        return said, run.returncode, out, err

    def expect(self, said, *patterns):
        """Each comes in the rest of what was said, in this order."""
        at = 0
        for pattern in patterns:
            found = re.compile(pattern, re.M).search(said, at)
            if not found:
                self.fail(f"{pattern!r} is not in\n{said[at:]}\n--- of\n{said}")
            at = found.end()

    # -- one hart ------------------------------------------------------------------------------------------------------

    def test_breaks_steps_and_watches(self):
        for width in (32, 64):
            said, status, out, err = self.session("debug", f"""
info threads
break main
continue
tbreak square
continue
backtrace
finish
break debug.c:{line_of("summed")}
break square if x == 5
continue
print x
step
next
continue
print sum
print squares
info registers pc
delete
watch total
continue
backtrace
delete
rwatch corner.x
continue
delete
awatch corner.y
continue
print corner
delete
awatch *(unsigned char *)0x10000007
continue
info symbol $pc
delete
watch to[3]
continue
print to[3]
delete
x/i $pc
stepi
continue
""", width=width)
            self.expect(said, rf"1 +Thread 1 \(cpu0 \[running\], M mode\) _start \(\)",
                        "Breakpoint 1, main ",
                        "Temporary breakpoint 2, .*square \\(x=.*0\\)",
                        r"#0 .*square \(x=", r"#1 .*sum_squares \(n=.*8\)", r"#2 .*main \(\)",
                        "Value returned is .* = 0",
                        "Breakpoint 4, .*square ", r"^\$\d = 5",
                        "Breakpoint 3, sum_squares", r"= 140", r"= \{0, 1, 4, 9, 16, 25, 36, 49\}",
                        rf"pc +0x{'0' * 0}8000.*sum_squares",
                        "Hardware watchpoint 5: total", "Old value = 0", "New value = 140", "main \\(\\)",
                        "Hardware read watchpoint 6: corner.x", "Value = 3",
                        "Hardware access .* watchpoint 7: corner.y", "Old value = 4", "New value = 143",
                        r"= \{x = 3, y = 143\}",
                        "Hardware access .* watchpoint 8: ", "Value = 0 ", "store_1|main",
                        "dma0.master has written 0x", "Hardware watchpoint 9: to\\[3\\]", "New value = 4099", r"= 4099",
                        "exited with code 0214")
            self.assertEqual((status, out), (140, "debug: worked\n"), err)

    def test_watches_what_is_written_to_a_device(self):
        """gdb stops at `watch` when it reads something else than before: what was written, which the device cannot be asked for."""
        said, status, out, err = self.session("app", r"""
monitor phase
watch *(unsigned char *)0x10000000
continue
continue
continue
continue
monitor phase
print/c *(unsigned char *)0x10000000
delete
watch *(unsigned char *)0x10000000 if *(unsigned char *)0x10000000 == '3'
continue
x/xb 0x10000000
delete
continue
""", "-o", str(self.dir / "out"), "--phase-on", "=begin", "--phase-on", "app:=banner")
        values = re.findall(r"(Old|New) value = (.*)", said)
        no = "<unreadable>"
        self.assertEqual([v for _, v in values],
                         [no, "97 'a'", "97 'a'", "112 'p'", "112 'p'", no, no, "58 ':'", "32 ' '", "51 '3'"], said)
        self.expect(said, "^in phase begin$", "^in phase banner$", "= 58 ':'", "watchpoint 2: ", r"0x10000000:\s+0x33", "exited normally")

    # -- registers, memory ---------------------------------------------------------------------------------------------

    def test_registers_and_memory(self):
        for width in (32, 64):
            top = "f" * (width // 4 - 1)
            said, status, out, err = self.session("debug", f"""
break square
continue
monitor reset
maintenance flush register-cache
info registers pc
continue
print/x $mscratch = 0x12345678
print/x $mscratch
print/x $misa & 0xffff
print $mcycle > 100
print $minstret > 100 && $minstret == $instret
print $mcycle = 5
print $mcycle
print $priv
print/x $mtvec
print/x $a0 = -16
info registers a0
print $zero
set var total = 77
print total
set {{int}}&squares[2] = 0x01020304
x/4xb &squares[2]
x/2i $pc
print $x10 == $a0
info all-registers mhartid
delete
print/x $mepc = 0x80000003
stepi
monitor regions
continue
""", width=width)
            self.expect(said, r"^pc +0x80000000\s", "Breakpoint 1, ", "= 0x12345678$", "= 0x12345678$", "= 0x1105$", "= 1$", "= 1$", "= 5$", "= 5$", r"= 3$",
                        "= 0x80000", rf"= 0x{top}0$", rf"^a0 +0x{top}0\s+-16$", "= 0$", "^.* = 77$",
                        "squares.8>:\\s+0x04\\s+0x03\\s+0x02\\s+0x01", "=> 0x8000", "= 1$", "mhartid +0x0",
                        "0x000080000000-0x0000803fffff +ram +ram", "0x000010000000-0x000010000007 +uart0 +ns16550a")
            self.assertEqual(out, "debug: worked\n", err)

    def test_what_is_no_memory_is_refused(self):
        said, status, out, err = self.session("debug", """
python
for text in ("x/xb 0x10000000", "x/xw 0x40000000", "set {int}0x10000000 = 65", "watch *(int *)0x40000000",
             "continue", "delete", "print $mhartid = 4", "monitor explain", "monitor nonsense"):
    try:
        gdb.execute(text)
    except gdb.error as e:
        print("refused:", e)
end
continue
""")
        self.assertIn("Cannot access memory at address 0x10000000", said)
        self.assertIn("Cannot access memory at address 0x40000000", said)
        self.expect(said, "Could not insert hardware watchpoint 1", "refused: Could not write register .mhartid",
                    'it takes: monitor explain ADDR', 'no command "nonsense"')
        self.assertEqual((status, out), (140, "debug: worked\n"), err)  # nothing was written to the console

    # -- interrupts ----------------------------------------------------------------------------------------------------

    def test_steps_pass_over_interrupts(self):
        for width in (32, 64):
            said, status, out, err = self.session("debug", f"""
break debug.c:{line_of("ticks")}
continue
tbreak debug.c:{line_of("work")}
continue
python
seen = set()
for i in range(150):
    gdb.execute("stepi", to_string=True)
    seen.add(gdb.newest_frame().name())
print("frames", sorted(seen))
end
print ticks > 1
tbreak debug.c:{line_of("tick")}
continue
stepi
backtrace 1
delete
continue
""", width=width)
            self.expect(said, r"frames \['work_under_ticks'\]", "= 1$", "Temporary breakpoint .*trap_handler",
                        "#0 .*trap_handler")
            self.assertEqual((status, out), (140, "debug: worked\n"), err)

    # -- several harts -------------------------------------------------------------------------------------------------

    def test_two_harts(self):
        for width in (32, 64):
            said, status, out, err = self.session("harts", """
info threads
hbreak second_store
continue
info threads
thread 1
print $mhartid
thread 2
print $mhartid
delete
break first_store thread 1
continue
stepi
print $mhartid
delete
break second_store if *((int *)&counts + 1) == 60
continue
x/1dw (char *)&counts + 4
delete
watch *(int *)&counts
continue
delete
set scheduler-locking on
thread 2
stepi 50
thread 1
set scheduler-locking off
detach
""", width=width, harts=2)
            self.expect(said, r"\* 1 +Thread 1 \(cpu0 \[running\], M mode\)", r"2 +Thread 2 \(cpu1 ",
                        "Thread 2 hit Breakpoint 1, second", r"1 +Thread 1 .*first", r"\* 2 +Thread 2 .*second",
                        r"\[Switching to thread 1", "= 0$", r"\[Switching to thread 2", "= 1$",
                        "Thread 1 hit Breakpoint 2, first", "= 0$",
                        "Thread 2 hit Breakpoint 3, second", "counts.*:\\s+60$",
                        "Thread 1 hit Hardware watchpoint 4", "detached")
            self.assertEqual(status, 7, err)

    # -- ends ----------------------------------------------------------------------------------------------------------

    def test_kill_and_limits(self):
        said, status, out, err = self.session("debug", "break main\ncontinue\nkill\n")
        self.assertEqual(status, 137)
        self.assertIn("killed by gdb", err)
        said, status, out, err = self.session("debug", "continue\n", "--limit-insns", "1000")
        self.assertEqual(status, 124)
        self.expect(said, "stopped by the limit on instructions", "exited with code 0174")

    def test_interrupt_and_reconnect(self):
        """gdb comes to a guest that runs, interrupts it, leaves, comes back."""
        elf = FIRMWARE / "rv32/debug.elf"
        run, where = self.start("debug", "--quiet", gdb=("--gdb", "unix:" + str(self.dir / "socket"), "-S"))
        self.gdb(where, "debug", "set {unsigned short}(&main) = 0xa001\ndetach\n")  # c.j .
        gdb = subprocess.Popen(["gdb-multiarch", "-nx", "-q", "-ex", "set confirm off", elf], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: (gdb.kill(), gdb.communicate()))
        said = b""

        def say(text):
            gdb.stdin.write(text.encode() + b"\n")
            gdb.stdin.flush()

        def wait(text):
            """Until gdb has printed it; forgets all before."""
            nonlocal said
            while text.encode() not in said:
                self.assertTrue(select.select([gdb.stdout], [], [], 30)[0], f"no {text!r} in {said}")
                said += os.read(gdb.stdout.fileno(), 4096)
            said = said.split(text.encode(), 1)[1]

        say(f"target remote {where}")
        wait("main ()")
        for _ in range(3):
            say("continue")
            wait("Continuing.")
            gdb.send_signal(signal.SIGINT)  # it may reach the stub even before the command
            wait("received signal SIGINT")
            wait("main ()")
        say("detach")
        wait("detached]")
        say(f"target remote {where}")
        wait("main ()")
        say("kill\nquit")
        gdb.communicate(timeout=30)
        self.assertEqual(run.wait(timeout=30), 137)
        self.assertFalse((self.dir / "socket").exists())

    # -- the guest does not notice -------------------------------------------------------------------------------------

    def database(self, name, *options, script=None, elf="debug", harts=1):
        folder = self.dir / name
        if script is None:
            subprocess.run([SOCSCOPE, "run", self.board(32, harts), FIRMWARE / f"rv32/{elf}.elf", "-o", folder, *options],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        else:
            self.session(elf, script, "-o", str(folder), *options, harts=harts)
        rows = subprocess.run([SOCSCOPE, "sql", folder / "run.db", "-csv",
                               "select time, cycle, initiator, kind, dir, va, size, value, pc, result, wait_cycles, bus_cycles "
                               "from tx order by rowid"], capture_output=True, text=True, check=True).stdout
        stats = json.loads((folder / "stats.json").read_text())
        total = stats["total"] if "total" in stats else stats
        return rows, {k: v for k, v in total.items() if "second" not in k and "mips" not in k}

    def test_the_guest_does_not_notice(self):
        for elf, harts, places in (("debug", 1, ("square", "trap_handler")), ("harts", 2, ("second_store", "first_store"))):
            alone = self.database("alone", "--trace=data", elf=elf, harts=harts)
            self.assertGreater(len(alone[0]), 10000)
            self.assertEqual(self.database("goes-on", "--trace=data", elf=elf, harts=harts, script="continue\n"), alone)
            stops = f"break {places[0]}\nhbreak {places[1]}\nwatch *(int *)0x80000800\n" + "continue\nstepi\n" * 5 + \
                    "delete\ncontinue\n"
            self.assertEqual(self.database("stops", "--trace=data", elf=elf, harts=harts, script=stops)[0], alone[0])

    def test_what_gdb_changes_is_kept_as_input(self):
        self.database("changed", script="break square\ncontinue\nset var total = 5\nprint $a0 = 3\ndelete\ncontinue\n")
        rows = subprocess.run([SOCSCOPE, "sql", self.dir / "changed/run.db", "-csv",
                               "select time > 0, device, cast(bytes as text) from input"],
                              capture_output=True, text=True).stdout.splitlines()[1:]
        self.assertEqual([row.split(",")[:2] for row in rows], [["1", "gdb"]] * 2, rows)
        self.assertRegex(rows[0], "[MX]800")
        self.assertRegex(rows[1], "Pa=03000000")

    def test_trace_on_and_off(self):
        rows, _ = self.database("window", "--trace=store", script=f"""
monitor trace off
break sum_squares
continue
monitor trace on
break debug.c:{line_of("summed")}
continue
monitor trace off
delete
continue
""")
        stores = rows.splitlines()[1:]
        self.assertGreater(len(stores), 8)
        self.assertLess(len(stores), 40)

    def test_the_page(self):
        """docs/gdb.md: its session, with what it says it prints."""
        block = re.search(r"^```gdb\n(.*?)^```", (SOURCE.parent.parent / "docs/gdb.md").read_text(), re.M | re.S)[1]
        lines = block.splitlines()
        commands = [line[6:] for line in lines if line.startswith("(gdb) ")]
        self.assertGreater(len(commands), 10)
        run = subprocess.Popen([SOCSCOPE, "run", SOURCE.parent.parent / "configs/mcu.yaml", FIRMWARE / "rv32/debug.elf",
                                "--gdb", "0", "-S"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        said = self.gdb(run.stderr.readline().split()[-1], "debug", "\n".join(commands[1:]) + "\n")
        expected = [line for line in lines if not line.startswith(("(gdb) ", "$ "))]
        # Counts depend on how the board is timed, which is for others to test.
        self.expect(said, *(re.sub(r"\d{3,}", r"\\d+", re.escape(line)) if line.startswith("cpu0") else re.escape(line)
                            for line in expected))
        self.assertEqual(run.wait(timeout=60), 140)

    # -- options -------------------------------------------------------------------------------------------------------

    def test_options(self):
        elf = FIRMWARE / "rv32/debug.elf"
        for options, message in (
                (["-S"], "-S waits for gdb to start the guest; add --gdb PORT"),
                (["--gdb", "somewhere"], '--gdb: "somewhere" is no place to wait at; write PORT, HOST:PORT or unix:PATH'),
                (["--gdb", "70000"], '--gdb: "70000" is no place'),
                (["--gdb", "unix:"], "--gdb unix:: name a file"),
                (["--gdb", "unix:/nowhere/at/all"], "--gdb unix:/nowhere/at/all: No such file or directory; name a file"),
        ):
            done = subprocess.run([SOCSCOPE, "run", self.board(), elf, *options], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertTrue(done.stderr.startswith("socscope: error: " + message), done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        run, where = self.start("debug")
        self.assertRegex(where, r"^127\.0\.0\.1:\d+$")  # nobody else can reach it
        port = where.split(":")[1]
        second = subprocess.run([SOCSCOPE, "run", self.board(), elf, "--gdb", port], capture_output=True, text=True)
        self.assertEqual(second.returncode, 2)
        self.assertIn(f"--gdb {port}: Address already in use; 0 takes any free port", second.stderr)
        run.send_signal(signal.SIGTERM)  # while it waits for gdb
        self.assertEqual(run.wait(timeout=30), 143)
        run, where = self.start("debug", gdb=("--gdb", "tcp::0"))  # nobody comes: it runs
        self.assertEqual(run.wait(timeout=30), 140)


if __name__ == "__main__":
    SOCSCOPE, FIRMWARE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
