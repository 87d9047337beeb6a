/*
 * guest.c - runs the cases of a plan and prints what became of each.
 *
 * Model    A case is a piece of random code. Its registers and the scratch
 *          memory are drawn from the plan's seed and the case's number; it runs
 *          for some rounds, each with new registers. Every trap is recorded and
 *          the instruction skipped. What is left of registers, CSRs, scratch
 *          memory and page tables goes into a hash.
 *          The trap handler of S runs with paging on; it writes `shared` only.
 * Missing  What QEMU 7.2 does differently from the manuals is left out of the
 *          record: README.md lists it.
 */
#include "tests/lockstep/guest.h"

#define CODE UINT64_C(0x80400000)
#define CODE_BYTES 0x80000
#define SCRATCH UINT64_C(0x80800000)
#define SCRATCH_PAGES 15 /* the 16th is for locked PMP entries */
#define TABLES UINT64_C(0x81000000)
#define HOLE UINT64_C(0x18000000)
#define UART ((volatile uint8_t *)0x10000000)
#define FINISHER ((volatile uint32_t *)0x100000)
#define MTIMECMP ((volatile uint32_t *)0x2004000)
#define MSIP ((volatile uint32_t *)0x2000000)

enum { MAX_TRAPS = 100, LOGGED = 100 };
enum { U = 0, S = 1, M = 3 };

extern const Plan plan;
extern const Case cases[];
extern const Table tables[];
extern const Pmp pmps[];
extern const uint8_t pristine[];
extern const uint64_t table_pages[];
extern const uint16_t boundaries[];
extern const uint64_t special[64];
void load_floats(Frame *frame), save_floats(Frame *frame);

/* What both trap handlers write. */
static struct Shared {
    uint64_t hash;
    uint32_t traps;
    ux window[4];   /* where the code window is, by mode */
    ux end;         /* of the case, from there */
    ux cause, tval; /* of the trap that was recorded last */
    struct {
        ux cause, epc, tval, status;
    } log[LOGGED];
} shared __attribute__((section(".shared")));
Frame s_frame __attribute__((section(".shared")));
Frame frame;
static const Case *running; /* NULL: no case runs, so no trap may come */

#define READ_CSR(name)                                                         \
    ({                                                                         \
        ux v_;                                                                 \
        __asm__ volatile("csrr %0, " #name : "=r"(v_));                        \
        v_;                                                                    \
    })
#define WRITE_CSR(name, value)                                                 \
    __asm__ volatile("csrw " #name ", %0" ::"r"((ux)(value)) : "memory")
#define SET_CSR(name, value)                                                   \
    __asm__ volatile("csrs " #name ", %0" ::"r"((ux)(value)) : "memory")
#define CLEAR_CSR(name, value)                                                 \
    __asm__ volatile("csrc " #name ", %0" ::"r"((ux)(value)) : "memory")

/* -- console
 * -------------------------------------------------------------------------- */

static void put(char c)
{
    while (!(UART[5] & 0x20)) {
    }
    UART[0] = (uint8_t)c;
}

static void puts_(const char *s)
{
    while (*s) {
        put(*s++);
    }
}

static void put_hex(uint64_t v)
{
    int shift = 60;
    while (shift && !(v >> shift)) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        put("0123456789abcdef"[v >> shift & 15]);
    }
}

static void put_value(const char *name, uint64_t v)
{
    put(' ');
    puts_(name);
    put_hex(v);
}

static void stop(unsigned status)
{
    *FINISHER = status ? status << 16 | 0x3333 : 0x5555;
    for (;;) {
    }
}

/* -- numbers
 * -------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value;
    hash ^= hash << 13;
    hash ^= hash >> 7;
    hash ^= hash << 17;
    return hash + UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t random_state;

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* -- traps
 * -------------------------------------------------------------------------- */

/* The instruction at pc, which `mode` executed; 0: not in its window. */
static uint32_t code_word(unsigned mode, ux pc)
{
    ux offset = pc - shared.window[mode];
    if (offset >= CODE_BYTES - 2 || (pc & 1)) {
        return 0;
    }
    const uint16_t *p = (const uint16_t *)((ux)CODE + offset);
    return (p[0] & 3) == 3 ? p[0] | (uint32_t)p[1] << 16 : p[0];
}

/* AMOs fault as stores. QEMU 7.2 reads first, and says so; where reading and
 * writing fail for different reasons, it has the wrong one. */
static ux amo_cause(ux cause, uint32_t word)
{
    if ((word & 0x7f) != 0x2f || word >> 27 == 2) {
        return cause;
    }
    return cause == 4                                 ? 6
           : cause == 5 || cause == 13 || cause == 15 ? 7
                                                      : cause;
}

static int is_svinval(uint32_t word)
{
    return (word & 0xfe007fff) == 0x16000073 || word == 0x18000073 ||
           word == 0x18100073;
}

/* Records a trap. Returns where to go on, or 1: nowhere. */
static ux trap(ux cause, ux epc, ux tval, ux status, unsigned mode, ux ra)
{
    const ux interrupt = (ux)1 << (8 * sizeof(ux) - 1);
    const uint32_t word = cause & interrupt ? 0 : code_word(mode, epc);
    cause = amo_cause(cause, word);
    if (cause == 3) { /* QEMU 7.2 has 0 there */
        tval = 0;
    }
    if (cause == 2 && is_svinval(word)) { /* and 0 there */
        tval = word;
    }
    shared.hash = mix(mix(mix(mix(shared.hash, cause), epc), tval), status);
    shared.cause = cause;
    shared.tval = tval;
    if (shared.traps < LOGGED) {
        shared.log[shared.traps].cause = cause;
        shared.log[shared.traps].epc = epc;
        shared.log[shared.traps].tval = tval;
        shared.log[shared.traps].status = status;
    }
    if (++shared.traps > MAX_TRAPS) {
        return 1;
    }
    if (cause & interrupt) {
        return epc;
    }
    if (cause <= 1 || cause == 12) { /* nothing there: back to the caller */
        return code_word(mode, ra) ? ra : 1;
    }
    if (!word || epc == shared.window[mode] + shared.end) {
        return 1;
    }
    return epc + ((word & 3) == 3 ? 4 : 2);
}

/* SD SIE MIE SPIE MPIE SPP MPP FS MPRV SUM MXR TVM TW TSR */
#define STATUS_BITS ((ux)0x7e79aa | (ux)1 << (8 * sizeof(ux) - 1))

/* Of mstatus in a trap to M. 1: the case is over. */
int m_trap_c(void)
{
    const ux cause = READ_CSR(mcause), epc = READ_CSR(mepc);
    const ux interrupt = (ux)1 << (8 * sizeof(ux) - 1);
    if (!running) {
        puts_("trap in the guest");
        put_value("cause ", cause);
        put_value("epc ", epc);
        put_value("tval ", READ_CSR(mtval));
        put('\n');
        stop(1);
    }
    if (cause == 9 && epc == (ux)s_finish) {
        for (unsigned i = 1; i < 32; i++) {
            frame.x[i] = s_frame.x[i];
        }
        return 1;
    }
    if (cause & interrupt) {
        WRITE_CSR(mip, 0);
        *MSIP = 0;
    }
    unsigned mode = (unsigned)(frame.status >> 11 & 3);
    ux next = trap(cause, epc, READ_CSR(mtval), frame.status & STATUS_BITS,
                   mode, frame.x[1]);
    frame.mprv = mode == M ? frame.status & MPRV : 0;
    WRITE_CSR(mcause, shared.cause);
    WRITE_CSR(mtval, shared.tval);
    if (next != 1) {
        WRITE_CSR(mepc, next);
    }
    return next == 1;
}

/* The same of sstatus and S. */
int s_trap_c(void)
{
    const ux cause = READ_CSR(scause), epc = READ_CSR(sepc);
    const ux interrupt = (ux)1 << (8 * sizeof(ux) - 1);
    unsigned mode = s_frame.status & 0x100 ? S : U;
    ux next = trap(cause, epc, READ_CSR(stval), s_frame.status & STATUS_BITS,
                   mode, s_frame.x[1]);
    WRITE_CSR(scause, shared.cause);
    WRITE_CSR(stval, shared.tval);
    if (cause & interrupt) {
        ux code = cause & 15;
        if (code == 1) {
            WRITE_CSR(sip, 0);
        } else { /* only M can take it away */
            CLEAR_CSR(sie, (ux)1 << code);
        }
    }
    if (next != 1) {
        WRITE_CSR(sepc, next);
    }
    return next == 1;
}

/* -- one case
 * -------------------------------------------------------------------------- */

static void copy(void *to, const void *from, size_t bytes)
{
    uint32_t *d = to;
    const uint32_t *s = from;
    for (size_t i = 0; i < bytes / 4; i++) {
        d[i] = s[i];
    }
}

static void *active_table(const Case *c)
{
    return (void *)(ux)(TABLES + tables[c->table].first * UINT64_C(4096));
}

static void pmp_configure(const uint8_t cfg[16])
{
    ux v[16 / sizeof(ux)];
    copy(v, cfg, 16);
#if __riscv_xlen == 64
    WRITE_CSR(pmpcfg0, v[0]);
    WRITE_CSR(pmpcfg2, v[1]);
#else
    WRITE_CSR(pmpcfg0, v[0]);
    WRITE_CSR(pmpcfg1, v[1]);
    WRITE_CSR(pmpcfg2, v[2]);
    WRITE_CSR(pmpcfg3, v[3]);
#endif
    __asm__ volatile("sfence.vma" ::: "memory");
}

static void pmp_set(const Pmp *p)
{
#define ADDRESS(n) WRITE_CSR(pmpaddr##n, p->addr[n])
    ADDRESS(0);
    ADDRESS(1);
    ADDRESS(2);
    ADDRESS(3);
    ADDRESS(4);
    ADDRESS(5);
    ADDRESS(6);
    ADDRESS(7);
    ADDRESS(8);
    ADDRESS(9);
    ADDRESS(10);
    ADDRESS(11);
    ADDRESS(12);
    ADDRESS(13);
    ADDRESS(14);
    ADDRESS(15);
#undef ADDRESS
    pmp_configure(p->cfg);
}

static void pmp_off(void)
{
    static const uint8_t none[16] __attribute__((aligned(8)));
    pmp_configure(none);
}

/* Everything as it is when round 0 begins. */
static void case_begin(const Case *c, unsigned number)
{
    random_state = mix(plan.seed, number) | 1;
    shared.hash = plan.seed;
    uint64_t *word = (uint64_t *)(ux)SCRATCH;
    for (unsigned i = 0; i < SCRATCH_PAGES * 512; i++) {
        word[i] = draw();
    }
    copy((void *)(ux)(CODE + c->place), pristine + c->code, c->bytes);
    copy(active_table(c), table_pages + tables[c->table].first * 512,
         tables[c->table].pages * 4096);
    __asm__ volatile("fence.i" ::: "memory");
}

/* An address for one of the registers that loads and stores go by. */
static ux pointer(const Case *c)
{
    uint64_t r = draw();
    if ((c->flags & CASE_HOLES) && (r & 31) == 0) {
        return (ux)(HOLE + (r >> 32 & 0xff0));
    }
    uint64_t base = c->flags & CASE_VIRTUAL ? tables[c->table].data : SCRATCH;
    uint64_t page = 1 + (r >> 8 & 0xffff) * (c->pointer_pages - 2) / 0x10000;
    uint64_t in_page = r >> 32 & 0xfff;
    if (r >> 5 & 1) { /* near its beginning, and the end of the one before */
        in_page = (in_page & 63) - 32;
    }
    uint64_t at = base + page * 4096 + in_page;
    if (c->flags & CASE_ALIGNED) {
        at &= ~UINT64_C(15);
    } else if (r >> 6 & 1) {
        at &= ~UINT64_C(7);
    }
    return (ux)at;
}

static uint64_t random_value(void)
{
    uint64_t r = draw();
    switch (r & 7) {
    case 0:
    case 1: return special[r >> 8 & 63];
    case 2: return (uint64_t)(int64_t)(int8_t)(r >> 8);
    case 3: return (uint64_t)(int64_t)(int32_t)(r >> 8);
    default: return draw();
    }
}

static uint64_t random_float(void)
{
    uint64_t r = draw(), boxed = UINT64_C(0xffffffff) << 32;
    switch (r & 7) {
    case 0:
    case 1: return special[r >> 8 & 63];
    case 2: return boxed | special[r >> 8 & 63] >> 32;
    case 3:
    case 4: return boxed | (uint32_t)(r >> 8);
    case 5: return boxed | 0xffff0000 | (uint16_t)(r >> 8);
    /* numbers of like exponents meet */
    case 6:
        return (r & UINT64_C(0x800fffffffffffff)) | (1019 + (r >> 4 & 7)) << 52;
    default: return draw();
    }
}

static void round_begin(const Case *c)
{
    static const uint8_t pointers[] = {2, 10, 11, 12, 13};
    const unsigned x1 = 1;
    frame.x[x1] = 0;
    for (unsigned i = 2; i < 32; i++) {
        frame.x[i] = (ux)random_value();
    }
    for (unsigned i = 0; i < sizeof(pointers); i++) {
        frame.x[pointers[i]] = pointer(c);
    }
    for (unsigned i = 0; i < 32; i++) {
        frame.f[i] = random_float();
    }
    uint64_t r = draw();
    frame.fcsr = (ux)(r & 31) | (uint32_t)(r >> 8) % 5 << 5;
    frame.mprv = c->status & MPRV;

    const Table *t = &tables[c->table];
    shared.window[M] = (ux)CODE;
    shared.window[S] = c->table ? (ux)t->code_s : (ux)CODE;
    shared.window[U] = c->table ? (ux)t->code_u : (ux)CODE;
    shared.end = c->place + c->end;
    pmp_set(&pmps[c->pmp]);
    SET_CSR(mstatus, 0x6000);
    load_floats(&frame);
    WRITE_CSR(satp, t->satp);
    WRITE_CSR(medeleg, c->medeleg);
    WRITE_CSR(mideleg, c->mideleg);
    WRITE_CSR(mip, 0);
    WRITE_CSR(mie, c->mie);
    WRITE_CSR(mcounteren, c->mcounteren);
    WRITE_CSR(scounteren, c->scounteren);
    WRITE_CSR(stvec, s_trap);
    WRITE_CSR(sscratch, draw());
    WRITE_CSR(sepc, draw() & ~UINT64_C(1));
    WRITE_CSR(scause, draw() & 15);
    WRITE_CSR(mcause, 0);
    WRITE_CSR(mtval, 0);
    /* A and D bits of earlier rounds stay; what is cached of them does not. */
    __asm__ volatile("sfence.vma" ::: "memory");
    CLEAR_CSR(mstatus, STATUS_BITS);
    /* MIE comes from MPIE, with mret */
    SET_CSR(mstatus, (c->status & ~(ux)(MPRV | 8)) | c->mode << 11 |
                         (c->status & 8) << 4);
    WRITE_CSR(mepc, shared.window[c->mode] + c->place);
}

static ux csr_left[16];
enum { CSRS = sizeof(csr_left) / sizeof(csr_left[0]) };

/* Takes the CSRs and puts back what the guest needs. */
static void round_end(void)
{
    ux *v = csr_left;
    *v++ = READ_CSR(mstatus) & STATUS_BITS;
    *v++ = READ_CSR(satp);
    *v++ = READ_CSR(medeleg);
    *v++ = READ_CSR(mideleg) & 0x222;
    *v++ = READ_CSR(mie) & 0xaaa;
    *v++ = READ_CSR(mip) & 0x222;
    *v++ = READ_CSR(stvec);
    *v++ = READ_CSR(sscratch);
    *v++ = READ_CSR(sepc);
    *v++ = READ_CSR(scause);
    *v++ = READ_CSR(stval);
    *v++ = READ_CSR(mcounteren) & 7;
    *v++ = READ_CSR(scounteren) & 7;
    *v++ = READ_CSR(mcountinhibit) & 5;
    *v++ = READ_CSR(pmpaddr15);
    *v++ = READ_CSR(sstatus) & STATUS_BITS;
    WRITE_CSR(satp, 0);
    WRITE_CSR(mie, 0);
    /* An access that an entry matches by half fails in M, too. */
    pmp_off();
    *MSIP = 0;
    SET_CSR(mstatus, 0x6000);
    save_floats(&frame);
}

static void hash_frame(void)
{
    for (unsigned i = 1; i < 32; i++) {
        shared.hash = mix(shared.hash, frame.x[i]);
    }
    for (unsigned i = 0; i < 32; i++) {
        shared.hash = mix(shared.hash, frame.f[i]);
    }
    shared.hash = mix(shared.hash, frame.fcsr);
    for (unsigned i = 0; i < CSRS; i++) {
        shared.hash = mix(shared.hash, csr_left[i]);
    }
}

static void round_run(const Case *c)
{
    shared.traps = 0;
    round_begin(c);
    running = c;
    enter(&frame);
    running = NULL;
    round_end();
    hash_frame();
}

/* Scratch memory and page tables. */
static void hash_memory(const Case *c)
{
    const uint64_t *word = (const uint64_t *)(ux)SCRATCH;
    for (unsigned i = 0; i < SCRATCH_PAGES * 512; i++) {
        shared.hash = mix(shared.hash, word[i]);
    }
    word = active_table(c);
    for (unsigned i = 0; i < tables[c->table].pages * 512; i++) {
        shared.hash = mix(shared.hash, word[i]);
    }
}

/* -- looking closer
 * -------------------------------------------------------------------------- */

static void dump(const Case *c)
{
    for (unsigned i = 0; i < shared.traps && i < LOGGED; i++) {
        puts_("trap");
        put_value("cause=", shared.log[i].cause);
        put_value("epc=", shared.log[i].epc);
        put_value("tval=", shared.log[i].tval);
        put_value("status=", shared.log[i].status);
        put('\n');
    }
    puts_("x");
    for (unsigned i = 1; i < 32; i++) {
        put_value("", frame.x[i]);
    }
    puts_("\nf");
    for (unsigned i = 0; i < 32; i++) {
        put_value("", frame.f[i]);
    }
    puts_("\ncsr");
    put_value("", frame.fcsr);
    for (unsigned i = 0; i < CSRS; i++) {
        put_value("", csr_left[i]);
    }
    uint64_t before = shared.hash;
    hash_memory(c);
    puts_("\nmemory");
    put_value("", shared.hash);
    shared.hash = before;
    puts_("\nend\n");
}

/* The focus round, left in front of the instruction at `offset`. */
static void run_to(const Case *c, unsigned number, unsigned offset)
{
    case_begin(c, number);
    for (unsigned r = 0; r < plan.focus_round; r++) {
        round_run(c);
    }
    volatile uint16_t *p = (volatile uint16_t *)(ux)(CODE + c->place + offset);
    Case cut;
    copy(&cut, c, sizeof(cut));
    cut.end = offset;
    p[0] = 0x0073; /* ecall */
    p[1] = 0x0000;
    __asm__ volatile("fence.i" ::: "memory");
    shared.hash = 0;
    round_run(&cut);
}

static void look_closer(const Case *c, unsigned number)
{
    if (plan.detail == DETAIL_SCAN) {
        for (unsigned i = 0; i < plan.boundaries; i++) {
            run_to(c, number, boundaries[i]);
            hash_memory(c);
            puts_("at");
            put_value("", boundaries[i]);
            put_value("", shared.hash);
            put('\n');
        }
    } else {
        for (unsigned i = 0; i < 3; i++) {
            if (plan.points[i] != NONE) {
                run_to(c, number, plan.points[i]);
                puts_("dump");
                put_value("", plan.points[i]);
                put('\n');
                dump(c);
            }
        }
    }
}

void guest_main(void)
{
    MTIMECMP[1] = UINT32_MAX;
    MTIMECMP[0] = UINT32_MAX;
    for (unsigned n = 0; n < plan.cases; n++) {
        const Case *c = &cases[n];
        const int focus = n == plan.focus_case;
        if (focus && plan.detail >= DETAIL_SCAN) {
            look_closer(c, n);
            break;
        }
        case_begin(c, n);
        unsigned traps = 0;
        for (unsigned r = 0; r < c->rounds; r++) {
            round_run(c);
            traps += shared.traps;
            if (focus && plan.detail == DETAIL_ROUNDS) {
                puts_("round");
                put_value("", r);
                put_value("", shared.hash);
                put('\n');
            }
        }
        hash_memory(c);
        puts_("case");
        put_value("", n);
        put_value("", shared.hash);
        put_value("", traps);
        put('\n');
    }
    stop(0);
}
