/*
 * fuzz_gdb.c - any bytes as what gdb sends: each well-formed packet has one
 * well-formed reply, the machine can go on whatever was asked for, and runs
 * that nobody changed come to the same end.
 *
 * Input    a byte: bit 0 one hart or two, bit 1 RV64, bit 2 bytes as they are
 *          (else lines, each made a packet); then what is sent.
 */
#include <string.h>

#include "sim/gdb.h"
#include "sim/machine_debug.h"
#include "tests/fuzz/fuzz.h"

#define RAM UINT64_C(0x80000000)
enum { SLICE_NS = 20, SLICES = 8, RUN_NS = 20000 };

static const char board[] =
    "version: 1\nname: fuzz\nclock: 100MHz\nquantum: 100ns\n"
    "cpus:\n  - {name: \"cpu[0-%c]\", isa: rv%simac_zicsr, bus: main, reset: "
    "0x80000000}\n"
    "buses:\n  main: {width: 32}\n"
    "memories:\n  - {name: ram, bus: main, at: 0x80000000, size: 16KiB}\n"
    "devices:\n"
    "  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000}\n"
    "  - {name: clint0, type: clint, bus: main, at: 0x02000000, timebase: "
    "100MHz, timer: [cpu0.mti]}\n"
    "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}\n";

/* Counts in memory and prints, under a timer interrupt; then ends: status 5.
 * Assembled by hand from RV32I. */
static const uint32_t code[] = {
    0x00001517, /* auipc a0, 1       data */
    0x100005b7, /* lui a1, 0x10000   uart */
    0x00000297, /* auipc t0, 0 */
    0x03c28293, /* addi t0, t0, 60   handler */
    0x30529073, /* csrw mtvec, t0 */
    0x08000293, /* li t0, 0x80 */
    0x30429073, /* csrw mie, t0 */
    0x30046073, /* csrsi mstatus, 8 */
    0x00052303, /* loop: lw t1, 0(a0) */
    0x00130313, /* addi t1, t1, 1 */
    0x00652023, /* sw t1, 0(a0) */
    0x00658023, /* sb t1, 0(a1) */
    0x0c800393, /* li t2, 200 */
    0xfe7318e3, /* bne t1, t2, loop */
    0x001002b7, /* lui t0, 0x100 */
    0x00053337, /* lui t1, 0x53 */
    0x33330313, /* addi t1, t1, 0x333 */
    /* handler at 0x44: */
    0x0062a023, /* sw t1, 0(t0)      the end, or what the interrupt finds */
    0x02004e37, /* lui t3, 0x2004    mtimecmp */
    0xfff00e93, /* li t4, -1 */
    0x01de2223, /* sw t4, 4(t3) */
    0x30200073, /* mret */
};

typedef struct Wire {
    uint64_t replies, bad;
    uint8_t last;
} Wire;

/* Each call has a whole packet, or an acknowledgement. */
static void sent(void *opaque, const void *bytes, size_t len)
{
    Wire *w = opaque;
    const uint8_t *b = bytes;
    FUZZ_CHECK(len > 0);
    if (len == 1) {
        FUZZ_CHECK(b[0] == '+' || b[0] == '-');
        w->bad += b[0] == '-';
        return;
    }
    FUZZ_CHECK(len >= 4 && b[0] == '$' && b[len - 3] == '#');
    uint8_t sum = 0;
    for (size_t i = 1; i < len - 3; i++) {
        FUZZ_CHECK(b[i] != '$' && b[i] != '#');
        sum = (uint8_t)(sum + b[i]);
    }
    char digits[3];
    snprintf(digits, sizeof(digits), "%02x", sum);
    FUZZ_CHECK(!memcmp(digits, b + len - 2, 2));
    w->last = b[1];
    w->replies += len == 4 || b[1] != 'O' || b[2] == 'K';
}

static void go_on(Machine *m, Gdb *g)
{
    for (int i = 0; i < SLICES && gdb_state(g) == GDB_RUNNING; i++) {
        uint64_t until = machine_time(m) + SLICE_NS * UINT64_C(1000);
        MachineStop stop = machine_run(m, until);
        gdb_ran(g, stop, machine_exit_status(m), "");
    }
}

/* One line as a packet. */
static void send_packet(Machine *m, Gdb *g, Wire *w, const uint8_t *text,
                        size_t len)
{
    char tail[4];
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + text[i]);
    }
    if (memchr(text, '$', len) || memchr(text, '#', len)) {
        return; /* as bytes, another time */
    }
    const bool stopped = gdb_state(g) == GDB_STOPPED;
    const uint64_t before = w->replies;
    snprintf(tail, sizeof(tail), "#%02x", sum);
    gdb_input(g, "$", 1);
    gdb_input(g, text, len);
    gdb_input(g, tail, 3);
    FUZZ_CHECK(!stopped || w->replies == before + 1 ||
               (w->replies == before && gdb_state(g) != GDB_STOPPED));
    go_on(m, g);
}

static void send_lines(Machine *m, Gdb *g, Wire *w, const uint8_t *data,
                       size_t size)
{
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        send_packet(m, g, w, data, len);
        if (gdb_state(g) == GDB_RUNNING) {
            gdb_input(g, "\3", 1);
            go_on(m, g);
        }
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
}

static Machine *new_machine(uint8_t how, Config **cfg)
{
    char text[sizeof(board) + 8];
    Error *err = NULL;
    snprintf(text, sizeof(text), board, how & 1 ? '1' : '0',
             how & 2 ? "64" : "32");
    *cfg = config_parse(text, strlen(text), "fuzz.yaml", NULL, &err);
    if (!*cfg) {
        fprintf(stderr, "%s\n", error_message(err));
    }
    FUZZ_CHECK(*cfg);
    Machine *m = machine_new(*cfg, &err);
    FUZZ_CHECK(m);
    return m;
}

/* The machine of that kind, as new but for its time. */
static Machine *reset_machine(uint8_t how)
{
    static Machine *machines[4]; /* with their descriptions: to the end */
    static Config *cfg[4];
    static uint8_t ram[16 << 10];
    Machine **m = &machines[how & 3];
    if (!*m) {
        *m = new_machine(how, &cfg[how & 3]);
    }
    machine_reset(*m);
    memcpy(ram, code, sizeof(code));
    FUZZ_CHECK(hart_debug(machine_hart(*m, 0), RAM, ram, sizeof(ram), true) ==
               sizeof(ram));
    const uint64_t end = machine_time(*m) + RUN_NS * UINT64_C(1000);
    machine_set_limits(*m, &(MachineLimits){UINT64_MAX, UINT64_MAX, end});
    return *m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Wire wire = {0};
    if (!size) {
        return 0;
    }
    Machine *m = reset_machine(data[0]);
    Gdb *g = gdb_new(m, sent, &wire, NULL);
    FUZZ_CHECK(g);
    if (data[0] & 4) {
        gdb_input(g, data + 1, size - 1);
        go_on(m, g);
    } else {
        send_lines(m, g, &wire, data + 1, size - 1);
        FUZZ_CHECK(wire.bad == 0);
    }
    gdb_free(g);
    machine_run(m, machine_time(m) + 1000000);
    return 0;
}
