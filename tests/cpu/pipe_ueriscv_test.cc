// pipe_ueriscv_test.cc - rules of ue-riscv that no measured region shows alone.

#include <gtest/gtest.h>
#include <string>

#include "cpu/pipe_private.h"

namespace
{

PipeInsn insn(PipeKind kind, uint8_t rd, uint8_t rs1, uint8_t rs2,
              int32_t address = 0)
{
    PipeInsn i = {};
    i.kind = kind;
    i.size = 4;
    i.rd = kind == PIPE_STORE ? 0 : rd;
    i.rs1 = rs1;
    i.field[0] = rd;
    i.field[1] = rs1;
    i.field[2] = rs2;
    i.address = address;
    return i;
}

const PipeInsn kLoad = insn(PIPE_LOAD, 10, 8, 0);
const PipeInsn kStore = insn(PIPE_STORE, 0, 8, 9);
const PipeInsn kAlu = insn(PIPE_ALU, 20, 21, 22);

// Cycles from the first one's issue to that of `last`, when the data of the
// first is late and so is the line of the second.
uint64_t cycles(const PipeInsn &first, const PipeInsn &last,
                uint32_t data_wait = 0, uint32_t line_wait = 0)
{
    PipeStates *s = pipe_states_new(&pipe_ueriscv[0], false);
    Pipe *p = pipe_states_begin(s, 0);
    uint64_t begun = pipe_issue(p, &first);
    pipe_answer(p, data_wait);
    uint32_t kept = pipe_states_keep(s);
    const uint64_t now = pipe_now(p);
    p = pipe_states_resume(s, kept, 0);
    if (line_wait) {
        pipe_late(p, line_wait);
    }
    const uint64_t end = now + pipe_issue(p, &last) - begun;
    pipe_states_free(s);
    return end;
}

TEST(UeRiscv, FieldsAreComparedWhateverTheyMean)
{
    EXPECT_EQ(cycles(kLoad, kAlu), 1u);
    EXPECT_EQ(cycles(kLoad, insn(PIPE_ALU, 20, 10, 22)), 2u);
    EXPECT_EQ(cycles(kLoad, insn(PIPE_ALU, 10, 21, 22)), 2u);
    EXPECT_EQ(cycles(kLoad, insn(PIPE_ALU, 20, 21, 10)), 2u);
    EXPECT_EQ(cycles(kStore, insn(PIPE_ALU, 0, 0, 0)), 1u);
}

TEST(UeRiscv, SomeWaitBehindAnAccess)
{
    for (PipeKind kind :
         {PIPE_MUL, PIPE_MULH, PIPE_DIV, PIPE_CSR, PIPE_FENCE, PIPE_SYSTEM}) {
        EXPECT_EQ(cycles(kLoad, insn(kind, 20, 21, 22)), 2u);
        EXPECT_EQ(cycles(kStore, insn(kind, 20, 21, 22)), 2u);
        EXPECT_EQ(cycles(kAlu, insn(kind, 20, 21, 22)), 1u);
    }
}

TEST(UeRiscv, OneIssuesWhileAnAccessWaits)
{
    EXPECT_EQ(cycles(kLoad, kAlu, 11), 1u);
    EXPECT_EQ(cycles(kLoad, insn(PIPE_ALU, 20, 10, 22), 11), 13u);
    EXPECT_EQ(cycles(kLoad, kLoad, 11), 13u); // its access
}

TEST(UeRiscv, LinesComeMeanwhile)
{
    EXPECT_EQ(cycles(kAlu, kAlu, 0, 10), 11u);
    EXPECT_EQ(cycles(insn(PIPE_DIV, 1, 2, 3), kAlu, 0, 10), 35u);
    EXPECT_EQ(cycles(insn(PIPE_DIV, 1, 2, 3), kAlu, 0, 40), 41u);
    EXPECT_EQ(cycles(kLoad, kAlu, 11, 10), 13u);
    EXPECT_EQ(cycles(kLoad, kAlu, 11, 13), 14u);
    // Nothing is left to wait for.
    EXPECT_EQ(cycles(kLoad, insn(PIPE_MUL, 10, 10, 10), 0, 10), 11u);
}

TEST(UeRiscv, AStoredWordIsLoadedLater)
{
    // The access is a cycle later, so what is behind it is two.
    EXPECT_EQ(cycles(kStore, insn(PIPE_LOAD, 10, 8, 0)), 2u);
    EXPECT_EQ(cycles(kStore, insn(PIPE_LOAD, 10, 8, 0, 4)), 1u);
    EXPECT_EQ(cycles(kStore, insn(PIPE_LOAD, 10, 7, 0)), 1u);
}

} // namespace
