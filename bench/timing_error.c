/*
 * timing_error.c - how far core profiles are from cycle counts of their RTL.
 *
 * Usage: timing_error [--all] [CSV ELF_DIR]   (tests/timing/...)
 *
 * CSV has a row per measured region: config, imem_wait, dmem_wait, shared_port,
 * workload (PROGRAM/REGION), march, cycles, among other columns. The program is
 * ELF_DIR/MARCH/PROGRAM.elf, run on tests/timing/core.yaml; which region has
 * which number is in regions.csv beside the CSV; a program that is not in there
 * has one, number 1. A region begins and ends with a store to the marker, and
 * takes the cycles between the two accesses.
 *
 * Prints, per configuration and wait states, how many regions there are, the
 * mean and the largest error, and where it is; with --all each region beyond
 * the limit. Exit status 1 if a configuration is beyond its limits. Rows of
 * configurations without a profile are counted.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine.h"

enum { MARKER = 0x10000007, NAME = 64, LINE = 4096 };

/* The names of the CSV, and what may be wrong: percent of a region or cycles,
 * and percent on average. */
static const struct Profile {
    const char *config, *core;
    double percent, cycles, mean;
} profiles[] = {
    {"ibex-small", "ibex-small", 0.5, 2, 0.5},
    {"ibex-maxperf", "ibex-maxperf", 0.5, 2, 0.5},
    {"pico-fast", "picorv32-fast", 0.5, 2, 0.5},
    {"pico-default", "picorv32-default", 0.5, 2, 0.5},
    {"pico-fastc", "picorv32-compressed", 0.5, 2, 0.5},
    {"hazard3-min", "hazard3-min", 3, 4, 0.5},
    {"hazard3-rp2350", "hazard3-rp2350", 3, 4, 0.5},
    {"cv32e40p", "cv32e40p", 3, 4, 0.5},
};
enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

typedef struct Row {
    char workload[NAME], march[NAME];
    uint8_t profile;
    uint8_t fetch_wait, data_wait;
    bool shared;
    uint64_t cycles;
} Row;

typedef struct Region {
    char program[NAME], name[NAME];
    uint8_t id;
} Region;

typedef struct Bench {
    const char *elf_dir;
    Row *row;
    size_t rows, others;
    Region *region;
    size_t regions;
} Bench;

static void *grown(void *array, size_t n, size_t size)
{
    void *more = n & (n - 1) ? array : realloc(array, (n ? 2 * n : 1) * size);
    if (!more) {
        fprintf(stderr, "timing_error: error: no memory\n");
        exit(2);
    }
    return more;
}

static int fail(const char *what, Error *err)
{
    fprintf(stderr, "timing_error: error: %s%s%s\n", what, *what ? ": " : "",
            err ? error_message(err) : "no memory");
    exit(2);
}

/* -- a program on the board ----------------------------------------------- */

typedef struct Cycles {
    uint64_t took[256];
    bool there[256];
} Cycles;

/* The byte that programs mark regions with. */
typedef struct Marker {
    MemoryRegion region;
    const ClockDomain *clock;
    MemoryWorld *world;
    Cycles *cycles;
    uint64_t begun;
    uint8_t id;
} Marker;

static uint64_t marker_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void marker_write(void *opaque, hwaddr addr, uint64_t value,
                         unsigned size)
{
    Marker *m = opaque;
    const uint64_t now = clock_cycle_in(m->clock, m->world->now);
    m->cycles->took[m->id] = now - m->begun;
    m->cycles->there[m->id] = true;
    m->id = (uint8_t)value;
    m->begun = now;
}

static const MemoryRegionOps marker_ops = {
    .read = marker_read,
    .write = marker_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

/* Lies over what is there, and takes as long. */
static void marker_place(Marker *m, Machine *machine)
{
    const HartConfig *hc = hart_config(machine_hart(machine, 0));
    hwaddr inside, len = 1;
    MemoryRegion *below = address_space_translate(
        hc->data_as, MARKER, &inside, &len, true, MEMTXATTRS_UNSPECIFIED);
    m->clock = hc->clock;
    m->world = hart_data_port(machine_hart(machine, 0))->world;
    MemoryWorld *before = memory_world_enter(m->world);
    memory_region_init_io(&m->region, NULL, &marker_ops, m, "marker", 1);
    m->region.timing = below->timing;
    memory_region_add_subregion_overlap(hc->data_as->root, MARKER, &m->region,
                                        1);
    memory_world_enter(before);
}

static void run_program(const Row *r, const char *path, Cycles *cycles)
{
    char timing[NAME], code[NAME], data[NAME];
    const char *set[] = {timing, code, data,
                         r->shared ? "cpus.cpu0.fetch=main" : NULL, NULL};
    snprintf(timing, NAME, "cpus.cpu0.timing=%s", profiles[r->profile].core);
    snprintf(code, NAME, "buses.code.wait_states=%u", r->fetch_wait);
    snprintf(data, NAME, "buses.main.wait_states=%u", r->data_wait);
    const MachineOptions options = {0};
    Error *err = NULL;
    Config *cfg = config_load(SOURCE_DIR "/tests/timing/core.yaml", set, &err);
    Machine *m = cfg ? machine_new_with(cfg, &options, &err) : NULL;
    if (!m || !machine_load_elf(m, path, &err)) {
        fail("", err);
    }
    memset(cycles, 0, sizeof(*cycles));
    Marker marker = {.cycles = cycles};
    marker_place(&marker, m);
    MachineStop stop = machine_run(m, TIME_NEVER);
    if (stop != MACHINE_FINISHED || machine_exit_status(m) != 0) {
        error_set(&err, "it did not end well: %s, exit status %d",
                  machine_stop_name(stop), machine_exit_status(m));
        fail(path, err);
    }
    MemoryWorld *before = memory_world_enter(marker.world);
    memory_region_del_subregion(hart_config(machine_hart(m, 0))->data_as->root,
                                &marker.region);
    memory_world_enter(before);
    machine_free(m);
    config_free(cfg);
}

/* -- what is measured and what the model says ----------------------------- */

static void program_of(const Row *r, char *name)
{
    snprintf(name, NAME, "%.*s", (int)strcspn(r->workload, "/"), r->workload);
}

static bool same_program(const Row *a, const Row *b)
{
    return !strncmp(a->workload, b->workload, strcspn(a->workload, "/") + 1) &&
           !strcmp(a->march, b->march);
}

/* 0: there is none. */
static uint8_t region_of(const Bench *b, const Row *r, const char *program)
{
    const char *slash = strchr(r->workload, '/');
    bool known = false;
    for (size_t i = 0; i < b->regions; i++) {
        bool same = !strcmp(b->region[i].program, program);
        known |= same;
        if (same && slash && !strcmp(b->region[i].name, slash + 1)) {
            return b->region[i].id;
        }
    }
    return known ? 0 : 1;
}

typedef struct Summary {
    size_t rows, beyond;
    double sum, worst;
    char where[NAME];
} Summary;

static bool same_setting(const Row *a, const Row *b)
{
    return a->profile == b->profile && a->fetch_wait == b->fetch_wait &&
           a->data_wait == b->data_wait && a->shared == b->shared;
}

static void compare(const Row *r, uint64_t model, bool all, Summary *sum)
{
    const struct Profile *p = &profiles[r->profile];
    double cycles = (double)model - (double)r->cycles;
    double percent = 100 * cycles / (double)r->cycles;
    bool beyond = fabs(cycles) > p->cycles && fabs(percent) > p->percent;
    sum->rows++;
    sum->beyond += beyond;
    sum->sum += fabs(percent);
    if (fabs(cycles) > p->cycles && fabs(percent) > fabs(sum->worst)) {
        sum->worst = percent;
        snprintf(sum->where, NAME, "%s", r->workload);
    }
    if (beyond && all) {
        printf("  %s, %s: %" PRIu64 " cycles, RTL %" PRIu64 ", %+.2f %%\n",
               r->workload, r->march, model, r->cycles, percent);
    }
}

/* All rows of the setting of row `first`. True: within the limits. */
static bool report(Bench *b, size_t first, bool all)
{
    const Row *setting = &b->row[first];
    const struct Profile *p = &profiles[setting->profile];
    Summary sum = {0};
    const Row *measured = NULL;
    Cycles cycles;
    for (size_t i = first; i < b->rows; i++) {
        const Row *r = &b->row[i];
        char name[NAME];
        if (!same_setting(r, setting)) {
            continue;
        }
        program_of(r, name);
        if (!measured || !same_program(r, measured)) {
            char path[LINE];
            snprintf(path, sizeof(path), "%s/%s/%s.elf", b->elf_dir, r->march,
                     name);
            run_program(r, path, &cycles);
            measured = r;
        }
        const uint8_t id = region_of(b, r, name);
        if (!id || !cycles.there[id]) {
            Error *err = NULL;
            error_set(&err, "no such region in the program");
            fail(r->workload, err);
        }
        compare(r, cycles.took[id], all, &sum);
    }
    double mean = sum.sum / (double)sum.rows;
    bool ok = !sum.beyond && mean <= p->mean;
    char ports[NAME];
    snprintf(ports, NAME, "w(%u,%u)%s", setting->fetch_wait, setting->data_wait,
             setting->shared ? " shared" : "");
    printf("%-15s %-14s %4zu regions  mean %5.2f %%  largest %+6.2f %%  %s  "
           "%s\n",
           p->config, ports, sum.rows, mean, sum.worst, ok ? "ok" : "MISSED",
           sum.where);
    return ok;
}

/* -- the files ------------------------------------------------------------ */

/* Splits a line at its commas, in place; returns how many fields. */
static unsigned split(char *line, char **field, unsigned most)
{
    unsigned n = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *p = line; p && n < most; n++) {
        field[n] = strsep(&p, ",");
    }
    return n;
}

enum { FIELDS = 64 };
static const char *const columns[] = {"config",      "imem_wait", "dmem_wait",
                                      "shared_port", "workload",  "march",
                                      "cycles"};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static FILE *open_csv(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "timing_error: error: %s: cannot be read\n", path);
        exit(2);
    }
    return f;
}

static void read_rows(Bench *b, const char *path)
{
    char line[LINE], *field[FIELDS];
    unsigned at[COLUMNS];
    FILE *f = open_csv(path);
    unsigned n = fgets(line, sizeof(line), f) ? split(line, field, FIELDS) : 0;
    for (unsigned c = 0; c < COLUMNS; c++) {
        for (at[c] = 0; at[c] < n && strcmp(field[at[c]], columns[c]);
             at[c]++) {
        }
        if (at[c] == n) {
            fprintf(stderr, "timing_error: error: %s:1: no column %s\n", path,
                    columns[c]);
            exit(2);
        }
    }
    while (fgets(line, sizeof(line), f)) {
        if (split(line, field, FIELDS) != n) {
            continue;
        }
        Row r = {.fetch_wait = (uint8_t)atoi(field[at[1]]),
                 .data_wait = (uint8_t)atoi(field[at[2]]),
                 .shared = atoi(field[at[3]]) != 0,
                 .cycles = strtoull(field[at[6]], NULL, 10)};
        while (r.profile < PROFILES &&
               strcmp(profiles[r.profile].config, field[at[0]])) {
            r.profile++;
        }
        if (r.profile == PROFILES || !r.cycles) {
            b->others++;
            continue;
        }
        snprintf(r.workload, NAME, "%s", field[at[4]]);
        snprintf(r.march, NAME, "%s", field[at[5]]);
        b->row = grown(b->row, b->rows, sizeof(r));
        b->row[b->rows++] = r;
    }
    fclose(f);
}

static void read_regions(Bench *b, const char *csv)
{
    char path[LINE], line[LINE], *field[4];
    const char *slash = strrchr(csv, '/');
    snprintf(path, sizeof(path), "%.*sregions.csv",
             slash ? (int)(slash + 1 - csv) : 0, csv);
    FILE *f = open_csv(path);
    while (fgets(line, sizeof(line), f)) {
        if (split(line, field, 4) == 3 && atoi(field[1])) {
            Region r = {.id = (uint8_t)atoi(field[1])};
            snprintf(r.program, NAME, "%s", field[0]);
            snprintf(r.name, NAME, "%s", field[2]);
            b->region = grown(b->region, b->regions, sizeof(r));
            b->region[b->regions++] = r;
        }
    }
    fclose(f);
}

static void free_all(Bench *b)
{
    free(b->row);
    free(b->region);
}

int main(int argc, char **argv)
{
    const char *csv = SOURCE_DIR "/tests/timing/rtl-cycles-micro.csv";
    Bench b = {.elf_dir = SOURCE_DIR "/tests/timing/elf"};
    bool all = argc > 1 && !strcmp(argv[1], "--all");
    argc -= all;
    argv += all;
    if (argc != 1 && argc != 3) {
        fprintf(stderr, "usage: timing_error [--all] [CSV ELF_DIR]\n");
        return 2;
    }
    if (argc == 3) {
        csv = argv[1];
        b.elf_dir = argv[2];
    }
    read_rows(&b, csv);
    read_regions(&b, csv);
    bool ok = true;
    for (size_t i = 0; i < b.rows; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++) {
            seen = same_setting(&b.row[k], &b.row[i]);
        }
        ok = (seen || report(&b, i, all)) && ok;
    }
    printf("%zu regions; %zu of configurations without a profile\n", b.rows,
           b.others);
    free_all(&b);
    return !ok;
}
