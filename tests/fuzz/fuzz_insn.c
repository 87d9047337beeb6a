/*
 * fuzz_insn.c - any words as code, in any privilege, behind any page tables and
 * physical memory protection. A hart with a little RAM and a device runs them
 * three times: at full speed; at full speed in small slices of time; and access
 * by access with every instruction reported. All must end in the same state
 * after the same cycles.
 *
 * Input    byte 0: bit 0 RV64, bit 1 few extensions, bit 2 trap on misaligned,
 *          bit 3 a bus with wait states, bit 4 the "none" profile, bit 5 no
 *          PMP, bit 6 walks set A and D, bit 7 a Setup follows byte 1; byte 1:
 *          slice length; then instructions.
 */
#include <string.h>

#include "cpu/hart.h"
#include "memory/world.h"
#include "soc/bus.h"
#include "tests/fuzz/fuzz.h"

enum {
    RAM_PAGES = 16,
    RAM_BYTES = RAM_PAGES << 12,
    CODE = 0x100, /* offsets in RAM; the prologue is at 0 */
    CODE_BYTES = 0x5f00,
    TABLES = 0x8000,
    S_HANDLER = 0xef00,
    M_HANDLER = 0xff00,
    MAX_INSNS = 600,
    MAX_EVENTS = 4,
};
#define RAM_BASE UINT64_C(0x80000000)
#define ALIAS_BASE UINT64_C(0x40000000) /* the same pages, once more */
#define DEVICE_BASE UINT64_C(0x10000000)
#define CYCLE_PS UINT64_C(10000)
#define END_PS (6000 * CYCLE_PS)

/* How the code begins. All zero: in M, nothing in its way. */
typedef struct Setup {
    uint8_t mode;      /* bits 0..1: U, S, M, M; 2..3: bare, Sv39, Sv48, Sv39 */
    uint8_t status[3]; /* exclusive or into mstatus, but MPP */
    uint8_t medeleg[2], mideleg[2], mie[2];
    uint8_t menvcfg, senvcfg, mcounteren, scounteren;
    struct {
        uint8_t addr[2], cfg;
    } pmp[3];
    uint8_t pmp_all; /* exclusive or into the configuration of all memory */
    struct {
        uint8_t at, line; /* cycles / 32; interrupt input, bit 7: level */
    } event[MAX_EVENTS];
    uint8_t pte[RAM_PAGES][2]; /* exclusive or into the leaf of a RAM page */
} Setup;

typedef struct Board {
    MemoryWorld *outer, *world;
    ClockDomain clock;
    EventQueue events;
    MemoryRegion root, ram, device;
    WaitStates waits;
    Bus bus;
    AddressSpace as;
    Hart *hart;
    uint64_t touched;   /* accesses of the device */
    uint64_t committed; /* instructions reported */
    uint64_t trapped;
} Board;

static uint64_t word16(const uint8_t b[2])
{
    return b[0] | (uint64_t)b[1] << 8;
}

/* -- a device that counts: order and number of accesses show
 * -------------------------------------------------------------------------- */

static uint64_t device_read(void *opaque, hwaddr addr, unsigned size)
{
    Board *b = opaque;
    return ++b->touched * UINT64_C(0x0101010101010101) + addr;
}

static void device_write(void *opaque, hwaddr addr, uint64_t value,
                         unsigned size)
{
    Board *b = opaque;
    b->touched += value ^ addr;
}

static const MemoryRegionOps device_ops = {
    .read = device_read,
    .write = device_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

/* -- what the hart calls
 * -------------------------------------------------------------------------- */

static uint64_t read_time(void *opaque)
{
    Board *b = opaque;
    return b->world->now / (10 * CYCLE_PS);
}

static void write_stimecmp(void *opaque, Hart *hart, uint64_t value)
{
    hart_set_irq(hart, HART_STI, read_time(opaque) >= value);
}

static void semihosting(void *opaque, Hart *hart)
{
    Board *b = opaque;
    hart_set_x(hart, 10, ++b->touched);
}

static void committed(void *opaque, Hart *hart, const HartCommit *c)
{
    Board *b = opaque;
    b->committed++;
    FUZZ_CHECK(c->size == 2 || c->size == 4);
    FUZZ_CHECK(c->rd <= 32 && c->csrs <= 3 && c->mem_size <= 8 + 56);
    FUZZ_CHECK(c->rd == 32 || c->rd_is_f || c->rd_value == hart_x(hart, c->rd));
}

static void trapped(void *opaque, Hart *hart, uint64_t cause, uint64_t tval,
                    uint64_t pc)
{
    Board *b = opaque;
    b->trapped++;
    FUZZ_CHECK(cause < 16);
}

/* -- a board
 * -------------------------------------------------------------------------- */

/* How a board runs the program. */
typedef enum Way { WHOLE, SLICED, CALLED } Way;

static HartConfig hart_config_of(Board *b, const Setup *s, uint8_t flags,
                                 Way way)
{
    static const HartMmu mmu[] = {HART_MMU_BARE, HART_MMU_SV39, HART_MMU_SV48,
                                  HART_MMU_SV39};
    HartConfig c = {
        .name = "cpu0",
        .profile = timing_profile_find(flags & 16 ? "none" : "generic-table"),
        .clock = &b->clock,
        .reset_pc = RAM_BASE,
        .misaligned = flags & 4 ? HART_TRAP : HART_SPLIT,
        .pmp_entries = flags & 32 ? 0 : 16,
        .hardware_ad = flags & 64,
        .fetch_as = &b->as,
        .data_as = &b->as,
        .fast = way != CALLED,
        .read_time = read_time,
        .semihosting = semihosting,
        .commit = way == CALLED ? committed : NULL,
        .trapped = trapped,
        .opaque = b};
    const char *isa =
        flags & 2
            ? (flags & 1 ? "rv64ima_zicsr_zifencei" : "rv32ima_zicsr_zifencei")
        : flags & 1 ? "rv64gc_zicntr_zihpm_zicond_zicboz_zfh_zba_zbb_zbc_"
                      "zbs_sstc_svadu_svinval_svnapot"
                    : "rv32gc_zicntr_zihpm_zicond_zicboz_zfh_zba_zbb_zbc_"
                      "zbs_sstc_svadu_svinval";
    FUZZ_CHECK(hart_isa_parse(isa, &c.isa, NULL));
    if (!(flags & 2)) {
        c.isa.extensions |= ISA_S;
        c.mmu = flags & 1 ? mmu[s->mode >> 2 & 3] : HART_MMU_SV32;
        c.write_stimecmp = write_stimecmp;
    }
    if (flags & 8) {
        c.fetch_timing = c.data_timing = &b->bus.model;
    }
    return c;
}

static void board_init(Board *b, const Setup *s, uint8_t flags, Way way)
{
    memset(b, 0, sizeof(*b));
    b->world = memory_world_new();
    FUZZ_CHECK(b->world);
    b->outer = memory_world_enter(b->world);
    clock_init(&b->clock, "clk", 100000000);
    event_queue_init(&b->events, b->world);
    memory_region_init(&b->root, NULL, "root", UINT64_MAX);
    memory_region_init_ram(&b->ram, NULL, "ram", RAM_BYTES, NULL);
    memory_region_init_io(&b->device, NULL, &device_ops, b, "device", 0x1000);
    wait_states_init(&b->waits, "ram", &b->clock);
    b->waits.read_first = 2;
    b->waits.read_next = 1;
    b->waits.write_first = 1;
    b->ram.timing = &b->waits.model;
    memory_region_add_subregion(&b->root, RAM_BASE, &b->ram);
    memory_region_add_subregion(&b->root, DEVICE_BASE, &b->device);
    address_space_init(&b->as, &b->root, "as");
    FUZZ_CHECK(bus_init(&b->bus, "main", &b->clock, &b->events, 4, NULL));
    b->bus.model.id = 1;
    HartConfig config = hart_config_of(b, s, flags, way);
    b->hart = hart_new(&config, NULL);
    FUZZ_CHECK(b->hart);
}

static void board_fini(Board *b)
{
    memory_world_enter(b->world);
    hart_free(b->hart);
    bus_fini(&b->bus);
    address_space_destroy(&b->as);
    memory_region_del_subregion(&b->root, &b->device);
    memory_region_del_subregion(&b->root, &b->ram);
    memory_region_fini(&b->device);
    memory_region_fini(&b->ram);
    memory_region_fini(&b->root);
    event_queue_fini(&b->events);
    memory_world_enter(b->outer);
    memory_world_free(b->world);
}

/* -- page tables: all of RAM where it is, and at ALIAS_BASE
 * -------------------------------------------------------------------------- */

enum { PTE_V = 1, PTE_U = 16, PTE_FULL = 0xcf /* D A X W R V */ };

static void put_pte(uint8_t *ram, unsigned page, uint64_t index, bool wide,
                    uint64_t pte)
{
    memcpy(ram + TABLES + page * 4096 + index * (wide ? 8 : 4), &pte,
           wide ? 8 : 4);
}

static uint64_t table_at(unsigned page)
{
    return (RAM_BASE + TABLES + page * UINT64_C(4096)) >> 12 << 10 | PTE_V;
}

/* A leaf for a page of RAM, as the input has changed it: flags, a bit of the
 * address, RSW, and in the top bits N and PBMT. */
static uint64_t leaf(const Setup *s, unsigned page, bool wide)
{
    uint64_t change = word16(s->pte[page]), user = (s->mode & 3) ? 0 : PTE_U;
    uint64_t pte = ((RAM_BASE >> 12) + page) << 10 | PTE_FULL | user;
    pte ^= (change & 0x3ff) | (change & 0x1000 ? UINT64_C(0x2000) : 0);
    if (wide) {
        pte ^= change >> 14 << 61 & UINT64_C(0xa000000000000000);
    }
    return pte;
}

/* Returns satp. */
static uint64_t put_tables(uint8_t *ram, const Setup *s, uint8_t flags)
{
    const bool wide = flags & 1;
    const unsigned mode = wide ? s->mode >> 2 & 3 : 4;
    if (!(s->mode >> 2 & 3)) {
        return 0;
    }
    const uint64_t root = (RAM_BASE + TABLES) >> 12;
    if (!wide) {
        put_pte(ram, 0, RAM_BASE >> 22, false, table_at(1));
        put_pte(ram, 0, ALIAS_BASE >> 22, false, table_at(1));
        for (unsigned i = 0; i < RAM_PAGES; i++) {
            put_pte(ram, 1, i, false, leaf(s, i, false));
        }
        return root | UINT64_C(1) << 31;
    }
    unsigned top = 0;
    if (mode == 2) {
        put_pte(ram, top, 0, true, table_at(top + 1));
        top++;
    }
    put_pte(ram, top, RAM_BASE >> 30, true, table_at(top + 1));
    put_pte(ram, top, ALIAS_BASE >> 30, true, table_at(top + 1));
    put_pte(ram, top + 1, 0, true, table_at(top + 2));
    for (unsigned i = 0; i < RAM_PAGES; i++) {
        put_pte(ram, top + 2, i, true, leaf(s, i, true));
    }
    return root | UINT64_C(8 /* Sv39 */) << 60 | (uint64_t)(mode == 2) << 60;
}

/* -- the program
 * -------------------------------------------------------------------------- */

/* xepc += 4, xret: an instruction that traps is stepped over. */
static void put_handler(uint8_t *at, uint32_t scratch, uint32_t epc,
                        uint32_t ret)
{
    const uint32_t code[] = {
        scratch << 20 | 5 << 15 | 1 << 12 | 0x73, /* csrw xscratch, t0 */
        epc << 20 | 2 << 12 | 5 << 7 | 0x73,      /* csrr t0, xepc */
        0x00428293,                               /* addi t0, t0, 4 */
        epc << 20 | 5 << 15 | 1 << 12 | 0x73,     /* csrw xepc, t0 */
        scratch << 20 | 2 << 12 | 5 << 7 | 0x73,  /* csrr t0, xscratch */
        ret,
    };
    memcpy(at, code, sizeof(code));
}

/* CSRs to write before the code begins, by instructions of M mode. */
typedef struct CsrValue {
    uint32_t csr;
    uint64_t value;
} CsrValue;
enum { MAX_CSRS = 24 };

static unsigned list_csrs(CsrValue *c, const Setup *s, uint8_t flags,
                          uint64_t satp)
{
    const unsigned mode = s->mode & 3;
    const uint64_t mpp = mode == 0 || (mode == 1 && (flags & 2)) ? 0
                         : mode == 1                             ? 1
                                                                 : 3;
    uint64_t status = s->status[0] | (uint64_t)s->status[1] << 8 |
                      (uint64_t)s->status[2] << 16;
    status = ((status ^ 0x6000) & ~UINT64_C(0x1800)) | mpp << 11;
    CsrValue *begin = c;
    if (!(flags & 32)) {
        uint64_t cfg = (uint64_t)((s->pmp_all ^ 0x1f) & 0x7f) << 24;
        for (unsigned i = 0; i < 3; i++) { /* not locked, so that code begins */
            *c++ =
                (CsrValue){0x3b0 + i, (RAM_BASE >> 2) + word16(s->pmp[i].addr)};
            cfg |= (uint64_t)(s->pmp[i].cfg & 0x7f) << 8 * i;
        }
        *c++ = (CsrValue){0x3b3, UINT64_MAX};
        *c++ = (CsrValue){0x3a0, cfg};
    }
    if (!(flags & 2)) {
        *c++ = (CsrValue){0x105, RAM_BASE + S_HANDLER};
        *c++ = (CsrValue){0x302, word16(s->medeleg)};
        *c++ = (CsrValue){0x303, word16(s->mideleg)};
        *c++ = (CsrValue){0x180, satp};
        *c++ = (CsrValue){0x106, s->scounteren};
        *c++ = (CsrValue){0x10a, s->senvcfg};
    }
    *c++ = (CsrValue){0x306, s->mcounteren};
    *c++ = (CsrValue){0x30a, s->menvcfg | (uint64_t)(s->menvcfg & 8) << 60};
    *c++ = (CsrValue){0x304, word16(s->mie)};
    *c++ = (CsrValue){0x305, RAM_BASE + M_HANDLER};
    *c++ = (CsrValue){0x341, RAM_BASE + CODE};
    *c++ = (CsrValue){0x300, status};
    return (unsigned)(c - begin);
}

/* Everything in its place, and the hart about to execute the first word. */
static void board_load(Board *b, const Setup *s, uint8_t flags,
                       const uint8_t *code, size_t size)
{
    uint8_t *ram = memory_region_get_ram_ptr(&b->ram);
    memory_world_enter(b->world);
    memcpy(ram + CODE, code, size < CODE_BYTES ? size : CODE_BYTES);
    put_handler(ram + M_HANDLER, 0x340, 0x341, 0x30200073);
    put_handler(ram + S_HANDLER, 0x140, 0x141, 0x10200073);
    CsrValue csr[MAX_CSRS];
    unsigned n = list_csrs(csr, s, flags, put_tables(ram, s, flags));
    for (unsigned i = 0; i < n; i++) { /* csrw csr, x[i + 1] */
        uint32_t word = csr[i].csr << 20 | (i + 1) << 15 | 1 << 12 | 0x73;
        memcpy(ram + 4 * i, &word, 4);
        hart_set_x(b->hart, i + 1, csr[i].value);
    }
    memcpy(ram + 4 * n, &(const uint32_t){0x30200073}, 4); /* mret */
    hart_step(b->hart, n + 1);
    FUZZ_CHECK(hart_pc(b->hart) == RAM_BASE + CODE && !b->trapped);
    for (unsigned i = 1; i < 32; i++) { /* most point into the data */
        uint64_t base = i % 4 == 3 ? ALIAS_BASE : RAM_BASE;
        hart_set_x(b->hart, i, base + 0x6000 + i * 0x3f7);
        hart_set_f(b->hart, i, UINT64_MAX << 32 | i * 0x08421084u);
    }
    hart_set_x(b->hart, 6, UINT64_MAX);
    hart_set_x(b->hart, 7, 0x80000000);
    hart_set_x(b->hart, 28, DEVICE_BASE);
}

/* Runs up to `end` in slices. */
static void board_run_to(Board *b, uint64_t end, uint64_t slice)
{
    for (uint64_t at = hart_time(b->hart); at < end;) {
        at = end - at > slice ? at + slice : end;
        hart_run(b->hart, at);
    }
}

static void board_run(Board *b, const Setup *s, uint64_t slice)
{
    memory_world_enter(b->world);
    hart_limit(b->hart, MAX_INSNS);
    uint64_t at = hart_time(b->hart);
    for (unsigned i = 0; i < MAX_EVENTS; i++) {
        at += s->event[i].at * (32 * CYCLE_PS);
        board_run_to(b, at < END_PS ? at : END_PS, slice);
        hart_set_irq(b->hart, s->event[i].line & 15, s->event[i].line & 128);
    }
    board_run_to(b, END_PS, slice);
}

/* -- what must be equal
 * -------------------------------------------------------------------------- */

static void compare(Board *a, Board *b)
{
    HartCounters p = hart_counters(a->hart), q = hart_counters(b->hart);
    FUZZ_CHECK(p.instructions == q.instructions);
    FUZZ_CHECK(p.instructions <= MAX_INSNS);
    FUZZ_CHECK(p.cycles == q.cycles && p.idle == q.idle);
    FUZZ_CHECK(p.traps == q.traps && p.interrupts == q.interrupts);
    FUZZ_CHECK(p.fetch_stall == q.fetch_stall);
    FUZZ_CHECK(p.data_wait == q.data_wait && p.data_bus == q.data_bus &&
               p.data_target == q.data_target);
    FUZZ_CHECK(p.walk == q.walk && p.walks == q.walks);
    FUZZ_CHECK(hart_time(a->hart) == hart_time(b->hart));
    FUZZ_CHECK(hart_pc(a->hart) == hart_pc(b->hart));
    FUZZ_CHECK(hart_pc(a->hart) % 2 == 0);
    FUZZ_CHECK(hart_privilege(a->hart) == hart_privilege(b->hart));
    FUZZ_CHECK(hart_asleep(a->hart) == hart_asleep(b->hart));
    FUZZ_CHECK(a->touched == b->touched && a->trapped == b->trapped);
    FUZZ_CHECK(a->trapped == p.traps);
    FUZZ_CHECK(hart_x(a->hart, 0) == 0);
    for (unsigned i = 0; i < 32; i++) {
        FUZZ_CHECK(hart_x(a->hart, i) == hart_x(b->hart, i));
        FUZZ_CHECK(hart_f(a->hart, i) == hart_f(b->hart, i));
    }
    for (unsigned csr = 0; csr < 4096; csr++) {
        uint64_t v = 0, w = 0;
        bool has = hart_read_csr(a->hart, csr, &v);
        FUZZ_CHECK(has == hart_read_csr(b->hart, csr, &w) && v == w);
    }
    FUZZ_CHECK(memcmp(memory_region_get_ram_ptr(&a->ram),
                      memory_region_get_ram_ptr(&b->ram), RAM_BYTES) == 0);
    FUZZ_CHECK(port_transactions(hart_data_port(a->hart)) ==
               port_transactions(hart_data_port(b->hart)));
    FUZZ_CHECK(port_transactions(hart_fetch_port(a->hart)) ==
               port_transactions(hart_fetch_port(b->hart)));
    if (hart_walk_port(a->hart)) {
        FUZZ_CHECK(port_transactions(hart_walk_port(a->hart)) ==
                   port_transactions(hart_walk_port(b->hart)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    const uint8_t flags = data[0];
    const uint64_t slice = (data[1] + UINT64_C(1)) * 25000;
    Setup setup = {.mode = 2};
    data += 2;
    size -= 2;
    if (flags & 128) {
        size_t n = size < sizeof(setup) ? size : sizeof(setup);
        memcpy(&setup, data, n);
        data += n;
        size -= n;
    }
    Board board[3];
    for (unsigned way = WHOLE; way <= CALLED; way++) {
        Board *b = &board[way];
        board_init(b, &setup, flags, (Way)way);
        board_load(b, &setup, flags, data, size);
        board_run(b, &setup, way == WHOLE ? END_PS : slice);
    }
    compare(&board[WHOLE], &board[SLICED]);
    compare(&board[WHOLE], &board[CALLED]);
    FUZZ_CHECK(board[CALLED].committed ==
               hart_counters(board[CALLED].hart).instructions);
    for (unsigned way = WHOLE; way <= CALLED; way++) {
        board_fini(&board[way]);
    }
    return 0;
}
