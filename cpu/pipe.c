#include "cpu/pipe_private.h"

uint64_t pipe_issue(Pipe *pipe, const PipeInsn *insn)
{
    return pipe->core->issue(pipe, insn);
}

void pipe_answer(Pipe *pipe, uint32_t wait)
{
    pipe->data_wait = wait;
    if (pipe->accepted) { /* else it will be later */
        pipe->free[pipe->data_port] = pipe->answer = pipe->now + 1 + wait;
    }
}

uint64_t pipe_now(const Pipe *pipe)
{
    return pipe->now;
}

/* -- what an instruction is ------------------------------------------------ */

static uint8_t kind_of(unsigned code)
{
    switch (code) {
    case INSN_slli:
    case INSN_srli:
    case INSN_srai:
    case INSN_sll:
    case INSN_srl:
    case INSN_sra: return PIPE_SHIFT;
    case INSN_mulh:
    case INSN_mulhsu:
    case INSN_mulhu: return PIPE_MULH;
    case INSN_jalr: return PIPE_JALR;
    default: break;
    }
    switch (code < INSN_NUM ? insn_table[code].time : TIME_SYSTEM) {
    case TIME_LOAD:
    case TIME_AMO: return PIPE_LOAD;
    case TIME_STORE: return PIPE_STORE;
    case TIME_MUL: return PIPE_MUL;
    case TIME_DIV: return PIPE_DIV;
    case TIME_BRANCH: return PIPE_BRANCH;
    case TIME_JUMP: return PIPE_JAL;
    case TIME_CSR: return PIPE_CSR;
    case TIME_FENCE: return PIPE_FENCE;
    case TIME_SYSTEM: return PIPE_SYSTEM;
    default: return PIPE_ALU;
    }
}

/* Does the instruction take its operand rs1, or rs2, as a signed number? */
static bool is_signed(unsigned code, bool second)
{
    switch (code) {
    case INSN_mulhsu: return !second;
    case INSN_mulh:
    case INSN_div:
    case INSN_rem: return true;
    default: return false;
    }
}

void pipe_decode(const Insn *in, PipeInsn *to)
{
    *to = (PipeInsn){
        .kind = kind_of(in->code),
        .size = in->size,
        .rd = in->writes_rd ? in->rd : 0,
        .rs1 = in->reads_rs1 ? in->rs1 : 0,
        .rs2 = in->reads_rs2 ? in->rs2 : 0,
        .traps = in->code == INSN_ecall,
        .csr = (uint16_t)in->imm,
        .field = {in->rd, in->rs1, in->rs2},
    };
    if (in->size == 4) {
        to->field[0] = in->word >> 7 & 31;
        to->field[1] = in->word >> 15 & 31;
        to->field[2] = in->word >> 20 & 31;
    }
    if (to->kind == PIPE_LOAD || to->kind == PIPE_STORE) {
        to->address = (int32_t)in->imm;
    }
    to->jumps = to->kind == PIPE_JAL || to->kind == PIPE_JALR;
    to->writes_csr =
        to->kind == PIPE_CSR &&
        (in->code == INSN_csrrw || in->code == INSN_csrrwi || in->rs1 != 0);
}

void pipe_late(Pipe *pipe, uint32_t cycles)
{
    pipe->core->late(pipe, cycles);
}

bool pipe_takes_late(const PipeCore *core)
{
    return core->late;
}

unsigned pipe_fetches_ahead(const PipeCore *core, unsigned code)
{
    switch (kind_of(code)) {
    case PIPE_BRANCH:
    case PIPE_JAL:
    case PIPE_JALR: return core->costs.ahead;
    case PIPE_SYSTEM: return core->costs.trap_ahead;
    default: return 0;
    }
}

bool pipe_looks_ahead(const PipeCore *core)
{
    return core->costs.compressed;
}

bool pipe_has_operand(const PipeCore *core, unsigned code)
{
    const bool immediate =
        code == INSN_slli || code == INSN_srli || code == INSN_srai;
    return !immediate && (core->operands >> kind_of(code) & 1);
}

uint8_t pipe_operand(const PipeCore *core, unsigned code, uint64_t a,
                     uint64_t b)
{
    const PipeOperands v = {(uint32_t)a, (uint32_t)b, is_signed(code, false),
                            is_signed(code, true)};
    return core->operands >> kind_of(code) & 1 ? core->operand(v) : 0;
}
