/* exec_common.h - the arithmetic that both widths of the interpreter use, and
 * the words of insn_fp.def. */
#ifndef CPU_EXEC_COMMON_H
#define CPU_EXEC_COMMON_H

#include <string.h>

#include "cpu/exec_fp.h"
#include "cpu/hart_private.h"

/* What an interpreter records (exec.inc, OBSERVED). */
#define OBSERVE_DATA_ONLY 1 /* loads and stores */
#define OBSERVE_ALL 2       /* fetches too */

/* Writes the head of a fetch run from op o, the block's number `first`, to the
 * end. Returns where the next record goes. */
static __attribute__((noinline)) MemoryRecord *
run_open(MemoryRecorder *rec, const Block *b, const Op *o, uint32_t first,
         uint64_t base)
{
    if (o->code == INSN_END || b->fetched) {
        return rec->next;
    }
    MemoryRecord run = b->fetch;
    run.info = 0;
    for (; o->code != INSN_END; o++) {
        run.info += op_is_recorded(o);
    }
    run.value = (uint64_t)(b->count - first) << 32 | first;
    run.cycle = base;
    record_put(rec->next, run);
    return rec->next + 1;
}

/* Ends the run that is open before op number `end`: the accesses that were made
 * follow its head, up to `next`. Gives `next` back to rec. */
static __attribute__((noinline)) void
run_close(MemoryRecorder *rec, MemoryRecord *next, const Block *b, uint32_t end)
{
    if (b->fetched) { /* there is none */
        rec->next = next;
        return;
    }
    MemoryRecord *run = next - 1;
    while (run->site != b->fetch.site) {
        run--;
    }
    uint32_t first = (uint32_t)run->value;
    run->value = (uint64_t)(end - first) << 32 | first;
    run->info = (uint32_t)(next - run - 1);
    rec->next = next;
}

static inline uint32_t divw_signed(uint32_t a, uint32_t b)
{
    if (b == 0) {
        return UINT32_MAX;
    }
    return a == 0x80000000u && b == UINT32_MAX
               ? a
               : (uint32_t)((int32_t)a / (int32_t)b);
}

static inline uint32_t remw_signed(uint32_t a, uint32_t b)
{
    if (b == 0) {
        return a;
    }
    return a == 0x80000000u && b == UINT32_MAX
               ? 0
               : (uint32_t)((int32_t)a % (int32_t)b);
}

/* -- Zbb, Zbc; v holds `width` bits, 32 or 64, and zeros above -- */

static inline unsigned zeros_above(uint64_t v, unsigned width)
{
    return v ? (unsigned)__builtin_clzll(v) - (64 - width) : width;
}

static inline unsigned zeros_below(uint64_t v, unsigned width)
{
    return v ? (unsigned)__builtin_ctzll(v) : width;
}

static inline uint64_t rotate_right(uint64_t v, uint64_t by, unsigned width)
{
    unsigned n = (unsigned)by & (width - 1), back = -n & (width - 1);
    return width == 32 ? (uint32_t)v >> n | (uint32_t)v << back
                       : v >> n | v << back;
}

static inline uint64_t rotate_left(uint64_t v, uint64_t by, unsigned width)
{
    return rotate_right(v, -by, width);
}

/* Each byte that has a bit set becomes 0xff. */
static inline uint64_t bytes_or(uint64_t v)
{
    uint64_t ones = UINT64_C(0x0101010101010101);
    v |= v >> 4; /* bit 0 of a byte gathers the seven above it */
    v |= v >> 2;
    v |= v >> 1;
    return (v & ones) * 0xff;
}

/* The low half of the product of a and b without carries. */
static inline uint64_t clmul(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (; b; b &= b - 1) {
        product ^= a << __builtin_ctzll(b);
    }
    return product;
}

/* Its bits from `first` on, which is width - 1 or width. */
static inline uint64_t clmul_from(uint64_t a, uint64_t b, unsigned width,
                                  unsigned first)
{
    uint64_t product = 0;
    for (unsigned i = first - width + 1; i < width; i++) {
        product ^= b >> i & 1 ? a >> (first - i) : 0;
    }
    return product;
}

#define AMO_FUNCTIONS(width)                                                   \
    static uint64_t amo##width##_swap(uint64_t old, uint64_t operand)          \
    {                                                                          \
        return operand;                                                        \
    }                                                                          \
    static uint64_t amo##width##_add(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return old + operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_xor(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return old ^ operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_and(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return old & operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_or(uint64_t old, uint64_t operand)            \
    {                                                                          \
        return old | operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_min(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return (int##width##_t)old < (int##width##_t)operand ? old : operand;  \
    }                                                                          \
    static uint64_t amo##width##_max(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return (int##width##_t)old > (int##width##_t)operand ? old : operand;  \
    }                                                                          \
    static uint64_t amo##width##_minu(uint64_t old, uint64_t operand)          \
    {                                                                          \
        return (uint##width##_t)old < (uint##width##_t)operand ? old           \
                                                               : operand;      \
    }                                                                          \
    static uint64_t amo##width##_maxu(uint64_t old, uint64_t operand)          \
    {                                                                          \
        return (uint##width##_t)old > (uint##width##_t)operand ? old           \
                                                               : operand;      \
    }
AMO_FUNCTIONS(32)
AMO_FUNCTIONS(64)
#undef AMO_FUNCTIONS

#endif
