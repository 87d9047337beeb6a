// commit_log_test.cc - lines as Spike writes them; names of CSRs; disassembly.

#include <cstdio>
#include <gtest/gtest.h>
#include <string>

#include "sim/commit_log.h"
#include "sim/csr_name.h"
#include "sim/disasm.h"
#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

const char *const wide_cpu = "  - {name: cpu0, isa: rv64gc_zba, bus: main, "
                             "reset: 0x80000000}\n";
const char *const f_cpu = "  - {name: cpu0, isa: rv32imf, bus: main, reset: "
                          "0x80000000}\n";

std::string lines(const char *cpu, std::vector<HartCommit> commits,
                  bool disassemble = false)
{
    Kit k(board(cpu));
    EXPECT_EQ(k.error, "");
    char *text = nullptr;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CommitLog *log = commit_log_new(out, disassemble);
    for (const HartCommit &c : commits) {
        commit_log_line(log, machine_hart(k.m, 0), &c);
    }
    commit_log_free(log);
    fclose(out);
    std::string result(text, size);
    free(text);
    return result;
}

HartCommit commit(uint64_t pc, uint32_t word, unsigned size)
{
    HartCommit c = {};
    c.pc = pc;
    c.word = word;
    c.size = static_cast<uint8_t>(size);
    c.privilege = HART_M;
    c.rd = 32;
    return c;
}

HartCommit to_register(HartCommit c, unsigned rd, uint64_t value,
                       bool is_f = false)
{
    c.rd = static_cast<uint8_t>(rd);
    c.rd_value = value;
    c.rd_is_f = is_f;
    return c;
}

HartCommit to_csr(HartCommit c, unsigned number, uint64_t value)
{
    c.csr[c.csrs].number = static_cast<uint16_t>(number);
    c.csr[c.csrs++].value = value;
    return c;
}

HartCommit with_memory(HartCommit c, unsigned dir, unsigned size, uint64_t va,
                       uint64_t value = 0)
{
    c.mem = static_cast<uint8_t>(dir);
    c.mem_size = static_cast<uint8_t>(size);
    c.mem_va = va;
    c.mem_value = value;
    return c;
}

std::string csr(unsigned number)
{
    char buf[32];
    return csr_name(number, buf, sizeof(buf));
}

std::string disassembled(HartIsa isa, uint32_t word)
{
    char buf[64];
    Disasm *d = disasm_new(&isa);
    disasm_text(d, 0x80000000, word, buf, sizeof(buf));
    disasm_free(d);
    return buf;
}

const HartIsa full = {64, ISA_RV64 | ISA_I | ISA_M | ISA_A | ISA_F | ISA_D |
                              ISA_C | ISA_ZICSR | ISA_ZBA | ISA_S};

} // namespace

TEST(CommitLog, Registers)
{
    EXPECT_EQ(lines(one_cpu,
                    {to_register(commit(0x80000000, 0x297, 4), 5, 0x80000000)}),
              "core   0: 3 0x80000000 (0x00000297) x5  0x80000000\n");
    EXPECT_EQ(
        lines(one_cpu, {to_register(commit(0x80000004, 0x4505, 2), 10, 1)}),
        "core   0: 3 0x80000004 (0x4505) x10 0x00000001\n");
    EXPECT_EQ(lines(one_cpu, {commit(0x80000000, 0x6f, 4)}),
              "core   0: 3 0x80000000 (0x0000006f)\n");
    HartCommit c = to_register(commit(0x80000000, 0x297, 4), 5, 0x80000000);
    c.privilege = HART_U;
    EXPECT_EQ(lines(wide_cpu, {c}),
              "core   0: 0 0x0000000080000000 (0x00000297) x5  "
              "0x0000000080000000\n");
    // x0 is never written; f0 is
    EXPECT_EQ(lines(wide_cpu, {to_register(commit(0x10, 1, 2), 0, 5)}),
              "core   0: 3 0x0000000000000010 (0x0001)\n");
    EXPECT_EQ(
        lines(wide_cpu, {to_register(commit(0x10, 0xd0000053, 4), 0,
                                     UINT64_C(0xffffffff3f800000), true)}),
        "core   0: 3 0x0000000000000010 (0xd0000053) f0  "
        "0xffffffff3f800000\n");
    // without D a float is 32 bits wide
    EXPECT_EQ(lines(f_cpu, {to_register(commit(0x10, 0xd0000053, 4), 12,
                                        UINT64_C(0xffffffff3f800000), true)}),
              "core   0: 3 0x00000010 (0xd0000053) f12 0x3f800000\n");
}

TEST(CommitLog, CsrsAreSortedByNumberAmongRegisters)
{
    EXPECT_EQ(lines(one_cpu,
                    {to_csr(to_register(commit(0, 0x30051573, 4), 10, 0x1800),
                            768, 8)}),
              "core   0: 3 0x00000000 (0x30051573) x10 0x00001800 c768_mstatus "
              "0x00000008\n");
    // fflags is number 1, so before f2 and mstatus
    HartCommit c = to_csr(
        to_csr(to_register(commit(0, 0x1073553, 4), 2, 7, true), 768, 0x6000),
        1, 16);
    EXPECT_EQ(lines(wide_cpu, {c}),
              "core   0: 3 0x0000000000000000 (0x01073553) c1_fflags "
              "0x0000000000000010 f2  0x0000000000000007 c768_mstatus "
              "0x0000000000006000\n");
}

TEST(CommitLog, Memory)
{
    EXPECT_EQ(lines(one_cpu, {to_register(with_memory(commit(0, 0x52583, 4),
                                                      DIR_READ, 4, 0x80001000),
                                          11, 3)}),
              "core   0: 3 0x00000000 (0x00052583) x11 0x00000003 mem "
              "0x80001000\n");
    EXPECT_EQ(lines(one_cpu,
                    {with_memory(commit(0, 0x23, 4), DIR_WRITE, 1, 8, 0x105)}),
              "core   0: 3 0x00000000 (0x00000023) mem 0x00000008 0x5\n");
    EXPECT_EQ(
        lines(one_cpu, {with_memory(commit(0, 0x23, 4), DIR_WRITE, 2, 8, 5)}),
        "core   0: 3 0x00000000 (0x00000023) mem 0x00000008 0x0005\n");
    EXPECT_EQ(
        lines(one_cpu, {with_memory(commit(0, 0x23, 4), DIR_WRITE, 8, 8, 5)}),
        "core   0: 3 0x00000000 (0x00000023) mem 0x00000008 "
        "0x0000000000000005\n");
    EXPECT_EQ(lines(one_cpu, {to_register(with_memory(commit(0, 0x2f, 4),
                                                      DIR_BOTH, 4, 8, 6),
                                          1, 5)}),
              "core   0: 3 0x00000000 (0x0000002f) x1  0x00000005 mem "
              "0x00000008 mem 0x00000008 0x00000006\n");
}

TEST(CommitLog, DisassemblyAtTheEnd)
{
    EXPECT_EQ(lines(one_cpu,
                    {to_register(commit(0x80000000, 0x00100513, 4), 10, 1)},
                    true),
              "core   0: 3 0x80000000 (0x00100513) x10 0x00000001 # addi a0, "
              "zero, 1\n");
}

TEST(Disasm, CapstoneThenOurOwnTable)
{
    EXPECT_EQ(disassembled(full, 0x00100513), "addi a0, zero, 1");
    EXPECT_EQ(disassembled(full, 0xabcd4505), "c.li a0, 1");
    // Zba is not in every capstone 5; registers are those of the word
    std::string zba = disassembled(full, 0x20c5a533);
    EXPECT_EQ(zba, "sh1add a0, a1, a2");
    EXPECT_EQ(disassembled(full, 0xffffffff), ".4byte 0xffffffff");
    EXPECT_EQ(disassembled(full, 0xffff0000), ".2byte 0x0000");
}

TEST(Disasm, NeverWritesBeyondTheBuffer)
{
    for (uint32_t word : {0x00100513u, 0x20c5a533u, 0xffffffffu, 0u}) {
        for (size_t size = 0; size < 20; size++) {
            char buf[24];
            memset(buf, 0x55, sizeof(buf));
            Disasm *d = disasm_new(&full);
            disasm_text(d, 0, word, buf, size);
            disasm_free(d);
            EXPECT_EQ(buf[size], 0x55) << word << " " << size;
            EXPECT_TRUE(size == 0 || memchr(buf, 0, size)) << word;
        }
    }
}

TEST(CsrName, TablesOfTheManual)
{
    EXPECT_EQ(csr(0x300), "mstatus");
    EXPECT_EQ(csr(0x14d), "stimecmp");
    EXPECT_EQ(csr(0x3b0), "pmpaddr0");
    EXPECT_EQ(csr(0x3ef), "pmpaddr63");
    EXPECT_EQ(csr(0x323), "mhpmevent3");
    EXPECT_EQ(csr(0xb9f), "mhpmcounter31h");
    EXPECT_EQ(csr(0xc83), "hpmcounter3h");
    EXPECT_EQ(csr(0x7a2), "tdata2");
    EXPECT_EQ(csr(0xf14), "mhartid");
    EXPECT_EQ(csr(0x400), "unknown");
}
