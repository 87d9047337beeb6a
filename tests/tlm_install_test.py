"""The bridge as others get it: installs, builds the examples against the
installed tree with CMake and with pkg-config, runs them, and runs a board with
a model from a shared library.

usage: tlm_install_test.py BUILD_FOLDER SOURCE_FOLDER
"""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import zlib

BUILD, SOURCE = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
EXAMPLES = SOURCE / "examples/systemc"
FLAGS = os.environ.get("SANITIZE", "")
sys.argv[1:] = []


def run(*args, status=0, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


# Reads a block with the accelerator, sleeps until the interrupt, compares.
FIRMWARE = r"""
    .option norvc
    .globl _start
_start:
    la t0, trap
    csrw mtvec, t0
    li s0, 0x40000000          # the accelerator
    li s1, 0x0c000000          # the PLIC
    li t0, 1
    sw t0, 28(s1)              # priority of source 7
    li t1, 0x2000
    add t1, s1, t1
    li t0, 128
    sw t0, 0(t1)               # enable it
    la t0, block
    sw t0, 0(s0)
    li t0, 1000
    sw t0, 4(s0)
    li t0, 0x800
    csrw mie, t0
    li t0, 1
    sw t0, 8(s0)               # go
    wfi
    lw t0, 12(s0)
    li t1, 2
    bne t0, t1, wrong          # done
    lw t0, 16(s0)
    la t1, expected
    lw t1, 0(t1)
    bne t0, t1, wrong
    sw zero, 12(s0)            # the interrupt goes
    li a0, 0
    j end
trap:
wrong:
    li a0, 1
end:
    li t0, 0x100000
    slli a0, a0, 16
    li t1, 0x3333
    bnez a0, 1f
    li t1, 0x5555
1:  or a0, a0, t1
    sw a0, 0(t0)
2:  j 2b
    .align 3
expected: .word EXPECTED
block: .fill 1000, 1, 0x5a
"""


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="tlm-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.prefix = cls.dir / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.socscope = cls.prefix / "bin/socscope"
        cls.env = dict(os.environ, SYSTEMC_DISABLE_COPYRIGHT_MESSAGE="1",
                       PKG_CONFIG_PATH=str(next(cls.prefix.rglob("pkgconfig"))))
        cls.build = cls.dir / "build"
        run("cmake", "-G", "Ninja", "-S", EXAMPLES, "-B", cls.build, f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            f"-DCMAKE_CXX_FLAGS={FLAGS}", env=cls.env)
        run("cmake", "--build", cls.build, "-j2", env=cls.env)
        source, elf = cls.dir / "crc.S", cls.dir / "crc.elf"
        source.write_text(FIRMWARE.replace("EXPECTED", str(zlib.crc32(b"\x5a" * 1000))))
        run("riscv64-unknown-elf-gcc", "-march=rv32imac_zicsr", "-mabi=ilp32", "-nostdlib", "-Wl,-N", "-Wl,-Ttext=0x80000000",
            source, "-o", elf)
        cls.elf = elf
        cls.board = cls.dir / "crc.yaml"
        shutil.copy(EXAMPLES / "crc.yaml", cls.board)
        shutil.copy(cls.build / "crc.so", cls.dir)

    def board_with(self, old, new):
        path = self.dir / "changed.yaml"
        text = self.board.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))
        return path

    def error(self, board, *words):
        done = run(self.socscope, "run", board, self.elf, status=2, env=self.env)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word, lines[0])
        return lines[0]

    # -- programs --------------------------------------------------------------

    def test_programs_run(self):
        for name, config in (("testbench", "board"), ("foreign", "traffic"), ("two", "board")):
            with self.subTest(name):
                done = run(self.build / name, EXAMPLES / f"{config}.yaml", env=self.env)
                self.assertTrue(done.stdout.startswith(("timer:", "foreign:", "two:")), done.stdout)
                self.assertNotIn("Warning", done.stdout + done.stderr)

    def test_pkg_config_is_enough(self):
        flags = run("pkg-config", "--cflags", "--libs", "socscope-tlm", env=self.env).stdout.split()
        program = self.dir / "by_pkg_config"
        run("c++", *FLAGS.split(), EXAMPLES / "testbench.cc", "-o", program, *flags)
        self.assertIn("0 wrong, 0 violations", run(program, EXAMPLES / "board.yaml", env=self.env).stdout)

    def test_another_standard_is_explained(self):
        flags = run("pkg-config", "--cflags", "--libs", "socscope-tlm", env=self.env).stdout.split()
        flags = [f for f in flags if not f.startswith("-std")]
        run("c++", *FLAGS.split(), "-std=c++20", "-shared", "-fPIC", EXAMPLES / "crc.cc", "-o", self.dir / "cxx20.so",
            *flags)
        self.error(self.board_with("crc.so", "cxx20.so"), "changed.yaml:", "cxx20.so", "C++", "pkg-config socscope-tlm")

    # -- type: tlm -------------------------------------------------------------

    def test_a_model_by_name(self):
        out = self.dir / "out"
        done = run(self.socscope, "run", self.board, self.elf, "-o", out, "--trace", env=self.env)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("exit status 0", done.stderr)
        run(self.socscope, "check", out / "run.db")
        sql = "SELECT count(*) FROM tx WHERE initiator = 'crc0.dma' AND kind = 'tlm' AND region = 'ram'"
        rows = run(self.socscope, "sql", out / "run.db", sql, "-csv").stdout.split()
        self.assertEqual(rows[-1], "16")  # 1000 bytes in pieces of 64
        sql = "SELECT count(*) FROM tx WHERE initiator LIKE 'cpu0%' AND region = 'crc0'"
        self.assertEqual(run(self.socscope, "sql", out / "run.db", sql, "-csv").stdout.split()[-1], "6")
        with sqlite3.connect(out / "run.db") as db:
            self.assertEqual(db.execute("select value from run where key = 'complete'").fetchone()[0], 1)

    def test_parameters_pass_through(self):
        board = self.board_with("poly: 0xedb88320", "poly: 0x82f63b78")  # another polynomial
        run(self.socscope, "run", board, self.elf, "--quiet", status=1, env=self.env)
        self.error(self.board_with("word_ns: 4", "word_ns: four"), "changed.yaml:", "crc0", "word_ns", "four")
        self.error(self.board_with("word_ns: 4", "speed: 4"), "crc0", 'no parameter "speed"')
        self.error(self.board_with("{poly: 0xedb88320, word_ns: 4}", "fast"), "with: write {name: value, ...}")

    def test_libraries_that_are_none(self):
        self.error(self.board_with("crc.so", "missing.so"), "changed.yaml:", "crc0", "missing.so")
        (self.dir / "text.so").write_text("no library")
        self.error(self.board_with("crc.so", "text.so"), "text.so", "name a shared library")
        source = self.dir / "empty.c"
        source.write_text("int nothing;\n")
        run("cc", "-shared", "-fPIC", source, "-o", self.dir / "empty.so")
        self.error(self.board_with("crc.so", "empty.so"), "empty.so", "socscope_tlm_abi", "SOCSCOPE_TLM_MODEL")

    def test_a_throwing_model_ends_with_one_line_and_a_closed_database(self):
        flags = run("pkg-config", "--cflags", "--libs", "socscope-tlm", env=self.env).stdout.split()
        source = self.dir / "throws.cc"
        text = (EXAMPLES / "crc.cc").read_text()
        for name, old in (("access", "const uint64_t at = p.get_address();"), ("thread", "uint32_t crc = ~0U;")):
            self.assertIn(old, text)
            throw = f'if (where_ == "{name}") {{ throw std::runtime_error("the model broke"); }}'
            text = text.replace(old, f"{old} {throw}", 1)
        text = text.replace("uint32_t poly_;", "std::string where_; uint32_t poly_;")
        text = text.replace("poly_(", 'where_(place.text("where", "")), poly_(', 1)
        source.write_text(text)
        run("c++", *FLAGS.split(), "-shared", "-fPIC", source, "-o", self.dir / "throws.so", *flags)
        for name in ("access", "thread"):
            with self.subTest(name):
                path, out = self.board_with("crc.so", "throws.so"), self.dir / name
                path.write_text(path.read_text().replace("word_ns: 4", f"where: {name}"))
                done = run(self.socscope, "run", path, self.elf, "-o", out, "--trace", "--quiet", status=2,
                           env=self.env)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn("the model broke", done.stderr)
                run(self.socscope, "check", out / "run.db")

    def test_without_the_bridge_it_is_an_error(self):
        alone = self.dir / "alone/bin"
        alone.mkdir(parents=True)
        shutil.copy(self.socscope, alone)
        done = run(alone / "socscope", "run", self.board, self.elf, status=2, env=self.env)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("type: tlm needs the SystemC bridge", done.stderr)
        self.assertIn("crc0", run(self.socscope, "map", self.board).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
