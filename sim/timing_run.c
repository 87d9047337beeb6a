#include "sim/timing_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_node.h"

enum { PATH = 4096 };
#define MAX_INSTRUCTIONS UINT64_C(4000000000) /* a program ends before */

/* The byte that programs mark regions with. */
typedef struct Marker {
    MemoryRegion region;
    Hart *hart;
    MemoryWorld *world;
    TimingRun *run;
    uint64_t begun;
    uint8_t id;
    TimingCommitFn *fn;
    void *opaque;
} Marker;

static uint64_t marker_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void marker_write(void *opaque, hwaddr addr, uint64_t value,
                         unsigned size)
{
    Marker *m = opaque;
    const uint64_t now =
        clock_cycle_in(hart_config(m->hart)->clock, m->world->now);
    m->run->cycles[m->id] = now - m->begun;
    m->run->there[m->id] = true;
    m->id = (uint8_t)value;
    m->begun = now;
}

static const MemoryRegionOps marker_ops = {
    .read = marker_read,
    .write = marker_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static void committed(void *opaque, Hart *hart, const HartCommit *commit)
{
    Marker *m = opaque;
    if (hart == m->hart) {
        m->fn(m->opaque, hart, m->id, commit);
    }
}

static void marker_place(Marker *m, uint64_t address)
{
    const HartConfig *hc = hart_config(m->hart);
    hwaddr inside, len = 1;
    MemoryWorld *before = memory_world_enter(m->world);
    MemoryRegion *below = address_space_translate(
        hc->data_as, address, &inside, &len, true, MEMTXATTRS_UNSPECIFIED);
    memory_region_init_io(&m->region, NULL, &marker_ops, m, "marker", 1);
    m->region.timing = below ? below->timing : NULL;
    memory_region_add_subregion_overlap(hc->data_as->root, address, &m->region,
                                        INT32_MAX);
    memory_world_enter(before);
}

static void marker_remove(Marker *m)
{
    MemoryWorld *before = memory_world_enter(m->world);
    memory_region_del_subregion(hart_config(m->hart)->data_as->root,
                                &m->region);
    memory_region_fini(&m->region);
    memory_world_enter(before);
}

const ConfigCpu *timing_cpu(const TimingBoard *board, const Config *cfg,
                            Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, board->cpu ? board->cpu : "");
    for (unsigned i = 0; i < cfg->cpus; i++) {
        if (!board->cpu || !strcmp(cfg->cpu[i].name, board->cpu)) {
            return &cfg->cpu[i];
        }
        config_hint_offer(&hint, cfg->cpu[i].name);
    }
    if (board->cpu && cfg->cpus) {
        error_set(errp, "%s: no cpu \"%.60s\"; %s", board->config, board->cpu,
                  config_hint_text(&hint, ""));
    } else {
        error_set(errp, "%s: there is no cpu; write one below \"cpus:\"",
                  board->config);
    }
    return NULL;
}

/* -- the board of a row --------------------------------------------------- */

enum { SETS = 5, SET = 1400 };

static bool is_shared(const TimingRow *r, const ConfigCpu *cpu)
{
    return (r->shared_given && r->shared) || !strcmp(cpu->fetch, cpu->bus);
}

/* Has the board the ports and wait states of the row? */
static bool check_board(const char *csv, const TimingRow *r, const Config *cfg,
                        const ConfigCpu *cpu, Error **errp)
{
    const bool shared = is_shared(r, cpu);
    if (shared && r->shared_given && !r->shared) {
        return error_set(errp,
                         "%s:%u: shared_port 0, but %s of %s has the bus %s "
                         "for both; give it a \"fetch:\" bus of its own",
                         csv, r->line, cpu->name, cfg->file, cpu->bus);
    }
    if (shared && r->fetch_wait != r->data_wait) {
        return error_set(errp,
                         "%s:%u: wait states %u and %u on one bus, %s; give %s "
                         "of %s a \"fetch:\" bus of its own",
                         csv, r->line, r->fetch_wait, r->data_wait, cpu->bus,
                         cpu->name, cfg->file);
    }
    for (unsigned i = 0; i < cfg->buses; i++) {
        const ConfigBus *b = &cfg->bus[i];
        const uint32_t wait = !strcmp(b->name, cpu->bus) ? r->data_wait
                              : !shared && !strcmp(b->name, cpu->fetch)
                                  ? r->fetch_wait
                                  : 0;
        if (b->untimed && wait) {
            return error_set(errp,
                             "%s:%u: wait states on the bus %s, which %s gives "
                             "\"timing: none\"; leave that out",
                             csv, r->line, b->name, cfg->file);
        }
    }
    return true;
}

static void set_waits(char *set, const TimingBoard *board, const char *bus,
                      unsigned wait)
{
    const char *next = board->bursts ? ", next: 0" : "";
    snprintf(set, SET,
             "buses.%s.wait_states={read: {first: %u%s}, write: {first: %u%s}}",
             bus, wait, next, wait, next);
}

/* What --set has to say for the board of the row. */
static bool board_sets(const TimingBoard *board, const char *csv,
                       const TimingRow *r, const char *timing,
                       char sets[SETS][SET], const char **set, Error **errp)
{
    Config *cfg = config_load(board->config, NULL, errp);
    const ConfigCpu *cpu = cfg ? timing_cpu(board, cfg, errp) : NULL;
    const bool ok = cpu && check_board(csv, r, cfg, cpu, errp);
    unsigned n = 0;
    if (ok && timing) {
        snprintf(sets[n++], SET, "cpus.%s.timing=%s", cpu->name, timing);
    }
    if (ok && is_shared(r, cpu)) {
        snprintf(sets[n++], SET, "cpus.%s.fetch=%s", cpu->name, cpu->bus);
    } else if (ok) {
        set_waits(sets[n++], board, cpu->fetch, r->fetch_wait);
    }
    if (ok) {
        set_waits(sets[n++], board, cpu->bus, r->data_wait);
    }
    for (unsigned i = 0; i < n; i++) {
        set[i] = sets[i];
    }
    set[n] = NULL;
    config_free(cfg);
    return ok;
}

static bool run_marked(Machine *m, Marker *marker, const TimingBoard *board,
                       const char *path, Error **errp)
{
    const MachineLimits limits = {MAX_INSTRUCTIONS, UINT64_MAX, UINT64_MAX};
    marker_place(marker, board->marker);
    if (marker->fn) {
        machine_set_commit(m, committed, marker);
    }
    machine_set_limits(m, &limits);
    MachineStop stop = machine_run(m, TIME_NEVER);
    marker_remove(marker);
    if (stop != MACHINE_FINISHED || machine_exit_status(m) != 0) {
        return error_set(errp,
                         "%s: did not end well (%s, exit status %d); does it "
                         "run with `socscope run`?",
                         path, machine_stop_name(stop), machine_exit_status(m));
    }
    return true;
}

bool timing_run(const TimingBoard *board, const char *csv, const TimingRow *row,
                const char *timing, TimingCommitFn *fn, void *opaque,
                TimingRun *run, Error **errp)
{
    char path[PATH], sets[SETS][SET];
    const char *set[SETS + 1];
    memset(run, 0, sizeof(*run));
    if (!board_sets(board, csv, row, timing, sets, set, errp)) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/%s/%s.elf", board->elf_dir, row->march,
             row->program);
    const MachineOptions options = {.commits = fn != NULL};
    Config *cfg = config_load(board->config, set, errp);
    const ConfigCpu *cpu = cfg ? timing_cpu(board, cfg, errp) : NULL;
    Machine *m = cpu ? machine_new_with(cfg, &options, errp) : NULL;
    bool ok = m != NULL;
    if (ok && !machine_load_elf(m, path, errp)) {
        ok = error_prepend(errp, "%s:%u: ", csv, row->line);
    }
    if (ok) {
        Marker marker = {.hart = machine_hart(m, (unsigned)(cpu - cfg->cpu)),
                         .world = machine_world(m),
                         .run = run,
                         .fn = fn,
                         .opaque = opaque};
        ok = run_marked(m, &marker, board, path, errp);
    }
    machine_free(m);
    config_free(cfg);
    return ok;
}
