/*
 * timing_error.c - how far core profiles are from cycle counts of their RTL.
 *
 * Usage: timing_error [--all] [CSV ELF_DIR]   (tests/timing/...)
 *
 * CSV has a row per measured region: config, imem_wait, dmem_wait, shared_port,
 * workload (PROGRAM/REGION), march, cycles, among other columns. The program is
 * ELF_DIR/MARCH/PROGRAM.elf; which region has which number is in regions.csv
 * beside the CSV; a program that is not in there has one, number 1. A region
 * begins and ends with a store to the marker, and takes the cycles between the
 * two accesses.
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

#include "cpu/pipe.h"
#include "sim/machine.h"

enum {
    MARKER = 0x10000007,
    CSR_MTVEC = 0x305,
    CSR_MEPC = 0x341,
    NAME = 64,
    PROGRAMS = 256,
    LINE = 4096
};

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

/* A store to the marker. */
typedef struct Mark {
    size_t insn; /* in the stream */
    uint8_t id;  /* 0: the end of the region */
} Mark;

/* What a program executes. */
typedef struct Stream {
    char name[NAME], march[NAME];
    PipeInsn *insn;
    size_t insns, capacity;
    Mark *mark;
    size_t marks;
    uint8_t *memory; /* what it was loaded to */
    uint64_t base, bytes;
    uint64_t x[32], mtvec;
    InsnDecoder *decoder;
} Stream;

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
    Stream *stream[PROGRAMS];
    size_t streams;
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

/* -- the stream of a program ---------------------------------------------- */

static uint32_t half_at(const Stream *s, uint64_t address)
{
    uint64_t offset = address - s->base;
    uint16_t half = 0;
    if (offset < s->bytes && s->bytes - offset >= 2) {
        memcpy(&half, s->memory + offset, 2);
    }
    return half;
}

static bool long_at(const Stream *s, uint64_t address)
{
    return (half_at(s, address) & 3) == 3;
}

static PipeInsn *append(Stream *s, uint64_t pc, uint32_t word)
{
    s->insn = grown(s->insn, s->insns, sizeof(*s->insn));
    PipeInsn *i = &s->insn[s->insns++];
    Insn in = insn_decode(s->decoder, word);
    pipe_decode(&in, i);
    i->pc = pc;
    i->next = pc + i->size;
    i->a = s->x[i->rs1];
    i->b = in.reads_rs2 ? s->x[i->rs2] : (uint64_t)in.imm;
    return i;
}

/* Where the last one went is known when the next one comes. */
static void link_last(Stream *s, uint64_t next)
{
    PipeInsn *i = &s->insn[s->insns - 1];
    const uint64_t line = i->pc + i->size;
    i->next = next;
    i->next_long = long_at(s, next);
    i->line_long = long_at(s, line);
    i->line_high_long = long_at(s, line + 2);
}

/* What traps does not retire. A handler that begins by reading mepc tells where
 * it was. */
static bool has_trapped(const Stream *s, const HartCommit *c, uint64_t *pc)
{
    const bool reads_mepc =
        (c->word & 0x7f) == 0x73 && c->word >> 20 == CSR_MEPC;
    *pc = c->rd_value;
    return s->mtvec && c->pc == s->mtvec && reads_mepc;
}

static void take_insn(void *opaque, Hart *hart, const HartCommit *c)
{
    Stream *s = opaque;
    if (s->insns) {
        uint64_t pc;
        if (has_trapped(s, c, &pc)) {
            link_last(s, pc);
            append(s, pc, half_at(s, pc) | half_at(s, pc + 2) << 16);
        }
        link_last(s, c->pc);
    }
    PipeInsn *i = append(s, c->pc, c->word);
    i->address = c->mem_va;
    if (i->kind == PIPE_STORE && c->mem_va == MARKER) {
        s->mark = grown(s->mark, s->marks, sizeof(*s->mark));
        s->mark[s->marks++] = (Mark){s->insns - 1, (uint8_t)c->mem_value};
    }
    if (c->rd < 32 && c->rd && !c->rd_is_f) {
        s->x[c->rd] = c->rd_value;
    }
    for (unsigned k = 0; k < c->csrs; k++) {
        if (c->csr[k].number == CSR_MTVEC) {
            s->mtvec = c->csr[k].value;
        }
    }
}

static int fail(const char *what, Error *err)
{
    fprintf(stderr, "timing_error: error: %s%s%s\n", what, *what ? ": " : "",
            err ? error_message(err) : "no memory");
    exit(2);
}

static void run_program(Stream *s, const char *path)
{
    static const char *const set[] = {"cpus.cpu0.timing=none",
                                      "cpus.cpu0.isa=rv32imac_zicsr", NULL};
    const MachineOptions options = {.commits = true};
    Error *err = NULL;
    Config *cfg = config_load(SOURCE_DIR "/configs/virt32.yaml", set, &err);
    Machine *m = cfg ? machine_new_with(cfg, &options, &err) : NULL;
    if (!m || !machine_load_elf(m, path, &err)) {
        fail("", err);
    }
    MachineMemory *dram = machine_memory(m, 0);
    s->base = dram->address;
    s->bytes = 1 << 20;
    s->memory = malloc(s->bytes);
    s->decoder = insn_decoder_new(&hart_config(machine_hart(m, 0))->isa);
    if (!s->memory || !s->decoder) {
        fail(path, NULL);
    }
    memcpy(s->memory, memory_region_get_ram_ptr(&dram->region), s->bytes);
    machine_set_commit(m, take_insn, s);
    MachineStop stop = machine_run(m, TIME_NEVER);
    if (stop != MACHINE_FINISHED || machine_exit_status(m) != 0) {
        error_set(&err, "it did not end well: %s, exit status %d",
                  machine_stop_name(stop), machine_exit_status(m));
        fail(path, err);
    }
    link_last(s, s->insn[s->insns - 1].pc + 4);
    insn_decoder_free(s->decoder);
    free(s->memory);
    machine_free(m);
    config_free(cfg);
}

static Stream *stream_of(Bench *b, const char *name, const char *march)
{
    for (size_t i = 0; i < b->streams; i++) {
        if (!strcmp(b->stream[i]->name, name) &&
            !strcmp(b->stream[i]->march, march)) {
            return b->stream[i];
        }
    }
    Stream *s = calloc(1, sizeof(*s));
    if (!s || b->streams == PROGRAMS) {
        fail(name, NULL);
    }
    b->stream[b->streams++] = s;
    snprintf(s->name, NAME, "%s", name);
    snprintf(s->march, NAME, "%s", march);
    char path[LINE];
    snprintf(path, sizeof(path), "%s/%s/%s.elf", b->elf_dir, march, name);
    run_program(s, path);
    return s;
}

/* -- what is measured and what the model says ----------------------------- */

static void program_of(const Row *r, char *name)
{
    snprintf(name, NAME, "%.*s", (int)strcspn(r->workload, "/"), r->workload);
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

typedef struct Cycles {
    uint64_t took[256];
    bool there[256];
} Cycles;

static void measure(const Stream *s, const Row *r, Cycles *c)
{
    const PipeCore *core = pipe_core_find(profiles[r->profile].core);
    Pipe *p = pipe_new(core, s->insn[0].pc, r->fetch_wait, r->shared);
    if (!p) {
        fail("", NULL);
    }
    memset(c, 0, sizeof(*c));
    uint64_t begun = 0;
    uint8_t id = 0;
    for (size_t i = 0, mark = 0; i < s->insns; i++) {
        uint64_t at = pipe_issue(p, &s->insn[i]);
        pipe_answer(p, r->data_wait);
        if (mark < s->marks && s->mark[mark].insn == i) {
            const uint8_t next = s->mark[mark++].id;
            c->took[id] = at - begun;
            c->there[id] = true;
            id = next;
            begun = at;
        }
    }
    pipe_free(p);
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
    const Stream *measured = NULL;
    Cycles cycles;
    for (size_t i = first; i < b->rows; i++) {
        const Row *r = &b->row[i];
        char name[NAME];
        if (!same_setting(r, setting)) {
            continue;
        }
        program_of(r, name);
        const Stream *s = stream_of(b, name, r->march);
        if (s != measured) {
            measure(s, r, &cycles);
            measured = s;
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
    for (size_t i = 0; i < b->streams; i++) {
        free(b->stream[i]->insn);
        free(b->stream[i]->mark);
        free(b->stream[i]);
    }
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
