/*
 * hart_bench.c - one run with a recorder that nothing stands behind.
 *
 * Usage: hart_bench CONFIG ELF off|data|all|dma
 * Runs the program to its end and prints the user-CPU seconds of the run and
 * how many records were made. `data`: loads, stores and atomics are recorded
 * into a buffer that is emptied when it is full; `all`: fetches too; `dma`:
 * nothing is, but four channels of dma0 copy all the time, each a quarter of
 * the first RAM. What the guest prints goes to stdout.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/machine.h"
#include "soc/dma.h"

/* Small enough for the second-level cache of most processors. */
enum { BUFFER_RECORDS = 2 * RECORD_ROOM };

static void empty_buffer(MemoryRecorder *rec)
{
    uint64_t *emptied = rec->opaque;
    *emptied += (uint64_t)(rec->next - rec->buffer);
    rec->next = rec->buffer;
}

static void print_byte(void *opaque, const char *device, uint8_t byte,
                       uint64_t time_ps)
{
    putchar(byte);
}

static double user_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

static int fail(Error *err)
{
    fprintf(stderr, "hart_bench: error: %s\n",
            err ? error_message(err) : "no memory");
    error_free(err);
    return 2;
}

static uint32_t kinds_of(const char *what)
{
    const uint32_t data =
        1u << ACCESS_LOAD | 1u << ACCESS_STORE | 1u << ACCESS_AMO;
    return !strcmp(what, "data")  ? data
           : !strcmp(what, "all") ? data | 1u << ACCESS_FETCH
                                  : 0;
}

static int measure(Machine *m, uint32_t kinds)
{
    MemoryRecorder rec;
    recorder_init(&rec);
    MemoryRecord *buffer = malloc(BUFFER_RECORDS * sizeof(*buffer));
    if (!buffer) {
        return fail(NULL);
    }
    rec.buffer = rec.next = buffer;
    rec.end = buffer + BUFFER_RECORDS;
    rec.kinds = kinds;
    rec.full = empty_buffer;
    uint64_t emptied = 0;
    rec.opaque = &emptied;
    if (kinds) {
        memory_world_set_recorder(machine_world(m), &rec);
    }
    double before = user_seconds();
    MachineStop stop = machine_run(m, TIME_NEVER);
    double seconds = user_seconds() - before;
    memory_world_set_recorder(machine_world(m), NULL);
    empty_buffer(&rec);
    free(buffer);
    recorder_fini(&rec);
    fprintf(stderr, "%.3f s %" PRIu64 " records\n", seconds, emptied);
    return stop == MACHINE_FINISHED ? machine_exit_status(m) : 1;
}

/* What a hart would store to dma0: all channels copy the third quarter of the
 * RAM to the fourth, in bursts of 64 bytes. */
static bool start_dma(Machine *m)
{
    enum { START_BURSTS_OF_64 = 1 << 0 | 6 << 4, CHANNELS = 4 };
    MachineDevice *dma = machine_find_device(m, "dma0");
    MachineMemory *ram = NULL;
    for (unsigned i = 0; i < machine_memories(m); i++) {
        ram = !ram && !machine_memory(m, i)->rom ? machine_memory(m, i) : ram;
    }
    if (!dma || !ram) {
        return false;
    }
    uint64_t quarter = memory_region_size(&ram->region) / 4;
    const struct {
        unsigned reg;
        uint64_t value;
    } store[] = {{DMA_SRC, ram->address + 2 * quarter},
                 {DMA_DST, ram->address + 3 * quarter},
                 {DMA_LEN, quarter},
                 {DMA_CTRL, START_BURSTS_OF_64}};
    for (unsigned n = 0; n < CHANNELS; n++) {
        for (unsigned i = 0; i < sizeof(store) / sizeof(store[0]); i++) {
            unsigned reg = n * DMA_CHANNEL_REGS + store[i].reg;
            PortTx tx = {.addr = dma->address + 4 * reg, .kind = ACCESS_STORE};
            port_store(&dma->bus->api, &tx, 4, store[i].value);
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: hart_bench CONFIG ELF off|data|all|dma\n");
        return 2;
    }
    Error *err = NULL;
    const char *const none[] = {NULL};
    Config *cfg = config_load(argv[1], none, &err);
    Machine *m = cfg ? machine_new(cfg, &err) : NULL;
    if (!m || !machine_load_elf(m, argv[2], &err)) {
        return fail(err);
    }
    machine_set_serial(m, print_byte, NULL);
    MemoryWorld *outer = memory_world_enter(machine_world(m));
    if (!strcmp(argv[3], "dma") && !start_dma(m)) {
        fprintf(stderr, "hart_bench: no dma0 and RAM in %s\n", argv[1]);
        return 2;
    }
    memory_world_enter(outer);
    int status = measure(m, kinds_of(argv[3]));
    machine_free(m);
    config_free(cfg);
    return status;
}
