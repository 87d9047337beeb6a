/*
 * fuzz_insn.c - any words as code: a hart with a little RAM runs them twice, at
 * full speed and access by access in small slices of time. Both must end in the
 * same state after the same cycles.
 *
 * Input    byte 0: bit 0 RV64, bit 1 without C, bit 2 trap on misaligned, bit 3
 *          a bus with wait states, bit 4 the "none" profile; byte 1: slice
 *          length; then instructions.
 */
#include <string.h>

#include "cpu/hart.h"
#include "soc/bus.h"
#include "tests/fuzz/fuzz.h"

enum {
    RAM_BYTES = 1 << 16,
    HANDLER = 0xff00, /* offset of the trap handler */
    MAX_INSNS = 400,
};
#define RAM_BASE UINT64_C(0x80000000)
#define END_PS UINT64_C(40000000) /* 4000 cycles */

typedef struct Board {
    MemoryWorld *outer, *world;
    ClockDomain clock;
    EventQueue events;
    MemoryRegion root, ram;
    WaitStates waits;
    Bus bus;
    AddressSpace as;
    Hart *hart;
} Board;

/* mepc += 4; mret: an instruction that traps is stepped over. */
static const uint32_t handler[] = {
    0x34029073, /* csrw mscratch, t0 */
    0x341022f3, /* csrr t0, mepc */
    0x00428293, /* addi t0, t0, 4 */
    0x34129073, /* csrw mepc, t0 */
    0x340022f3, /* csrr t0, mscratch */
    0x30200073, /* mret */
};
/* mtvec = RAM_BASE + HANDLER: x5 holds it */
static const uint32_t prologue[] = {0x30529073 /* csrw mtvec, t0 */};

static void put_code(Board *b, const uint8_t *code, size_t size)
{
    uint8_t *ram = memory_region_get_ram_ptr(&b->ram);
    size_t room = HANDLER - sizeof(prologue);
    memcpy(ram, prologue, sizeof(prologue));
    memcpy(ram + sizeof(prologue), code, size < room ? size : room);
    memcpy(ram + HANDLER, handler, sizeof(handler));
}

static HartConfig hart_config_of(Board *b, uint8_t flags, bool fast)
{
    HartConfig c = {
        .name = "cpu0",
        .profile = timing_profile_find(flags & 16 ? "none" : "generic-table"),
        .clock = &b->clock,
        .reset_pc = RAM_BASE,
        .misaligned = flags & 4 ? HART_TRAP : HART_SPLIT,
        .fetch_as = &b->as,
        .data_as = &b->as,
        .fast = fast};
    const char *isa =
        flags & 1 ? "rv64imac_zicsr_zifencei" : "rv32imac_zicsr_zifencei";
    const char *plain =
        flags & 1 ? "rv64ima_zicsr_zifencei" : "rv32ima_zicsr_zifencei";
    FUZZ_CHECK(hart_isa_parse(flags & 2 ? plain : isa, &c.isa, NULL));
    if (flags & 8) {
        c.fetch_timing = c.data_timing = &b->bus.model;
    }
    return c;
}

static void board_init(Board *b, uint8_t flags, bool fast, const uint8_t *code,
                       size_t size)
{
    memset(b, 0, sizeof(*b));
    b->world = memory_world_new();
    FUZZ_CHECK(b->world);
    b->outer = memory_world_enter(b->world);
    clock_init(&b->clock, "clk", 100000000);
    event_queue_init(&b->events, b->world);
    memory_region_init(&b->root, NULL, "root", UINT64_MAX);
    memory_region_init_ram(&b->ram, NULL, "ram", RAM_BYTES, NULL);
    wait_states_init(&b->waits, "ram", &b->clock);
    b->waits.read_first = 2;
    b->waits.read_next = 1;
    b->waits.write_first = 1;
    b->ram.timing = &b->waits.model;
    memory_region_add_subregion(&b->root, RAM_BASE, &b->ram);
    address_space_init(&b->as, &b->root, "as");
    FUZZ_CHECK(bus_init(&b->bus, "main", &b->clock, &b->events, 4, NULL));
    b->bus.model.id = 1;
    put_code(b, code, size);
    HartConfig config = hart_config_of(b, flags, fast);
    b->hart = hart_new(&config, NULL);
    FUZZ_CHECK(b->hart);
    for (unsigned i = 1; i < 32; i++) { /* most point into the data */
        hart_set_x(b->hart, i, RAM_BASE + 0x8000 + i * 0x3f7);
    }
    hart_set_x(b->hart, 5, RAM_BASE + HANDLER);
    hart_set_x(b->hart, 6, UINT64_MAX);
    hart_set_x(b->hart, 7, 0x80000000);
}

static void board_fini(Board *b)
{
    memory_world_enter(b->world);
    hart_free(b->hart);
    bus_fini(&b->bus);
    address_space_destroy(&b->as);
    memory_region_del_subregion(&b->root, &b->ram);
    memory_region_fini(&b->ram);
    memory_region_fini(&b->root);
    event_queue_fini(&b->events);
    memory_world_enter(b->outer);
    memory_world_free(b->world);
}

static void board_run(Board *b, uint64_t slice)
{
    memory_world_enter(b->world);
    hart_limit(b->hart, MAX_INSNS);
    for (uint64_t until = slice;; until += slice) {
        hart_run(b->hart, until < END_PS ? until : END_PS);
        if (until >= END_PS ||
            hart_counters(b->hart).instructions >= MAX_INSNS) {
            return;
        }
    }
}

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
    FUZZ_CHECK(hart_time(a->hart) == hart_time(b->hart));
    FUZZ_CHECK(hart_pc(a->hart) == hart_pc(b->hart));
    FUZZ_CHECK(hart_pc(a->hart) % 2 == 0);
    FUZZ_CHECK(hart_privilege(a->hart) == hart_privilege(b->hart));
    FUZZ_CHECK(hart_x(a->hart, 0) == 0);
    for (unsigned i = 1; i < 32; i++) {
        FUZZ_CHECK(hart_x(a->hart, i) == hart_x(b->hart, i));
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    Board fast, slow;
    board_init(&fast, data[0], true, data + 2, size - 2);
    board_init(&slow, data[0], false, data + 2, size - 2);
    board_run(&fast, END_PS);
    board_run(&slow, (data[1] + UINT64_C(1)) * 25000);
    compare(&fast, &slow);
    board_fini(&slow);
    board_fini(&fast);
    return 0;
}
