/*
 * config_text.c - a Config back to YAML: resolved, one file, nothing implied.
 *
 * Model    Every value that has an effect is written, in the file's own syntax;
 *          reading it back gives the same Config. Parameters a description left
 *          out stay out.
 * Units    as read: bits, bytes, hertz; the largest unit that divides.
 * Source   docs/config.md.
 *          Files (`file`) are absolute: what is written can be run from
 *          anywhere.
 * Missing  comments of the original. Below a folder whose name is not UTF-8
 *          paths stay relative to it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/config_cache.h"
#include "sim/config_node.h"

typedef struct Unit {
    uint64_t factor;
    const char *name;
} Unit;

static void put_unit(FILE *out, uint64_t value, const Unit *unit)
{
    while (unit->factor > 1 && (value == 0 || value % unit->factor != 0)) {
        unit++;
    }
    fprintf(out, "%" PRIu64 "%s", value / unit->factor, unit->name);
}

static void put_hz(FILE *out, uint64_t hz)
{
    static const Unit units[] = {
        {1000000000, "GHz"}, {1000000, "MHz"}, {1000, "kHz"}, {1, "Hz"}};
    put_unit(out, hz, units);
}

static void put_time(FILE *out, uint64_t ps)
{
    static const Unit units[] = {{PS_PER_SECOND, "s"},
                                 {1000000000, "ms"},
                                 {1000000, "us"},
                                 {1000, "ns"},
                                 {1, "ps"}};
    put_unit(out, ps, units);
}

static void put_size(FILE *out, uint64_t bytes)
{
    static const Unit units[] = {{UINT64_C(1) << 30, "GiB"},
                                 {UINT64_C(1) << 20, "MiB"},
                                 {UINT64_C(1) << 10, "KiB"},
                                 {1, ""}};
    put_unit(out, bytes, units);
}

/* The code point at *s, which is valid UTF-8; steps over it. */
static uint32_t next_character(const unsigned char **s)
{
    uint32_t c = *(*s)++;
    if (c >= 0xc0) {
        c &= c >= 0xf0 ? 0x07 : c >= 0xe0 ? 0x0f : 0x1f;
        while ((**s & 0xc0) == 0x80) {
            c = c << 6 | (*(*s)++ & 0x3f);
        }
    }
    return c;
}

/* Quoted, ASCII only: YAML folds some characters when they stand there raw. */
static void put_text(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', out);
    while (*s) {
        uint32_t c = next_character(&s);
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (char)c);
        } else if (c >= ' ' && c < 0x7f) {
            fputc((char)c, out);
        } else {
            fprintf(out, "\\U%08" PRIx32, c);
        }
    }
    fputc('"', out);
}

static bool is_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t left = strlen(text), n = 1;
    for (; left && n; left -= n, s += n) {
        n = config_yaml_character(s, left);
    }
    return n != 0;
}

static void put_file(FILE *out, const char *path)
{
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *whole = NULL;
    if (here && is_utf8(here) &&
        asprintf(&whole, "%s/%s", strcmp(here, "/") != 0 ? here : "", path) <
            0) {
        whole = NULL;
    }
    put_text(out, whole ? whole : path);
    free(whole);
    free(here);
}

static void put_wait_parts(FILE *out, uint32_t first, uint32_t next)
{
    if (first == next) {
        fprintf(out, "%" PRIu32, first);
    } else {
        fprintf(out, "{first: %" PRIu32 ", next: %" PRIu32 "}", first, next);
    }
}

static void put_waits(FILE *out, const ConfigWaits *w)
{
    fprintf(out, "wait_states: ");
    if (w->read_first == w->write_first && w->read_next == w->write_next &&
        w->read_first == w->read_next) {
        fprintf(out, "%" PRIu32, w->read_first);
        return;
    }
    fprintf(out, "{read: ");
    put_wait_parts(out, w->read_first, w->read_next);
    fprintf(out, ", write: ");
    put_wait_parts(out, w->write_first, w->write_next);
    fputc('}', out);
}

static const char *bool_text(bool value)
{
    return value ? "true" : "false";
}

static void put_posted(FILE *out, const ConfigPosted *p)
{
    if (!p->there) {
        return;
    }
    fprintf(out,
            ", posted: {depth: %" PRIu32 ", merge: %s, line: %" PRIu32
            ", timeout: %" PRIu32 ", accept: %" PRIu32
            ", domain: %s, from: %" PRIu64 ", size: %" PRIu64 "}",
            p->depth, posted_merge_name[p->merge], p->line, p->timeout,
            p->accept, p->domain, p->from, p->size);
}

/* A profile of the configuration's own is written with all its costs. */
static void put_timing(FILE *out, const ConfigCpu *cpu)
{
    const TimingProfile *p = cpu->profile;
    if (cpu->level == TIMING_NONE) {
        fprintf(out, "timing: none");
        return;
    }
    if (p == timing_profile_find(p->name)) {
        fprintf(out, "timing: %s:%s", p->name, timing_level_name[cpu->level]);
        return;
    }
    fprintf(out, "timing: {profile: %s, level: %s, source: ", p->name,
            timing_level_name[cpu->level]);
    put_text(out, p->source);
    if (p->estimates) {
        fprintf(out, ", estimates: ");
        put_text(out, p->estimates);
    }
    for (unsigned i = 0; !p->core && i < COST_NUM; i++) {
        fprintf(out, ", %s: %u", timing_cost_name[i], timing_cost(p, i));
    }
    fputc('}', out);
}

static void put_cpu(FILE *out, const ConfigCpu *cpu)
{
    fprintf(out, "  - {name: %s, isa: ", cpu->name);
    put_text(out, cpu->isa_text);
    fprintf(out, ", ");
    put_timing(out, cpu);
    fprintf(out, ", clock: ");
    put_hz(out, cpu->clock_hz);
    fprintf(out,
            ", reset: 0x%08" PRIx64
            ", bus: %s, fetch: %s, misaligned: %s, modes: %s, mmu: %s, "
            "hardware_ad: %s, pmp: %u, priority: %u",
            cpu->reset, cpu->bus, cpu->fetch,
            cpu->misaligned == HART_TRAP ? "trap" : "split",
            cpu->isa.extensions & ISA_S ? "msu" : "mu", config_mmus[cpu->mmu],
            bool_text(cpu->hardware_ad), cpu->pmp, cpu->priority);
    config_put_cache(out, "icache", true, &cpu->icache);
    config_put_cache(out, "dcache", false, &cpu->dcache);
    fputs("}\n", out);
}

static void put_buses(FILE *out, const char *key, const char *const *bus)
{
    fprintf(out, "%s: [", key);
    for (const char *const *b = bus; *b; b++) {
        fprintf(out, "%s%s", b == bus ? "" : ", ", *b);
    }
    fputc(']', out);
}

static void put_slots(FILE *out, const ConfigBus *bus)
{
    fputs("slots: [", out);
    for (unsigned i = 0; i < bus->slots; i++) {
        fprintf(out, "%s%s", i ? ", " : "",
                bus->slot[i] ? bus->slot[i] : "nobody");
    }
    fprintf(out, "], slot: %" PRIu32 ", spare: %s, ", bus->slot_cycles,
            bus->spare ? "next" : "nobody");
}

static void put_bus(FILE *out, const ConfigBus *bus)
{
    fprintf(out, "  %s: {width: %u, clock: ", bus->name, bus->width * 8);
    put_hz(out, bus->clock_hz);
    fprintf(out, ", kind: %s, arbitration: %s, overhead: %" PRIu32 ", ",
            bus->crossbar ? "crossbar" : "shared",
            config_arbitrations[bus->arbitration], bus->overhead);
    fprintf(out, "burst: %" PRIu32 ", outstanding: %" PRIu32 ", ", bus->burst,
            bus->outstanding);
    if (bus->arbitration == BUS_TDM) {
        put_slots(out, bus);
    }
    if (bus->parent) {
        put_buses(out, "parent", bus->parent);
        fprintf(out,
                ", latency: {request: %" PRIu32 ", response: %" PRIu32 "}, ",
                bus->request, bus->response);
    }
    put_waits(out, &bus->waits);
    fprintf(out, "%s}\n", bus->untimed ? ", timing: none" : "");
}

static void put_overlap(FILE *out, int priority, bool overlap)
{
    fprintf(out, ", priority: %d, overlap: %s", priority, bool_text(overlap));
}

static void put_memory(FILE *out, const ConfigMemory *memory)
{
    fprintf(out, "  - {name: %s, ", memory->name);
    put_buses(out, "bus", memory->bus);
    fprintf(out, ", at: 0x%08" PRIx64 ", size: ", memory->address);
    put_size(out, memory->size);
    fprintf(out, ", kind: %s, ", memory->rom ? "rom" : "ram");
    put_waits(out, &memory->waits);
    put_posted(out, &memory->posted);
    put_overlap(out, memory->priority, memory->overlap);
    if (memory->file) {
        fprintf(out, ", file: ");
        put_file(out, memory->file);
    }
    if (memory->prefetch) {
        fprintf(out, ", prefetch: ");
        put_size(out, memory->prefetch);
    }
    for (unsigned i = 0; i < memory->words; i++) {
        fprintf(out, "%s0x%08" PRIx32, i ? ", " : ", words: [",
                memory->word[i]);
    }
    fprintf(out, memory->words ? "]}\n" : "}\n");
}

/* Lines NAME=TEXT as a map. */
static void put_texts(FILE *out, const char *lines)
{
    fputc('{', out);
    for (const char *at = lines; *at;) {
        const char *eq = strchr(at, '='), *end = strchr(at, '\n');
        char *name = strndup(at, (size_t)(eq - at));
        char *text = strndup(eq + 1, (size_t)(end - eq - 1));
        if (name && text) {
            fputs(at == lines ? "" : ", ", out);
            put_text(out, name);
            fputs(": ", out);
            put_text(out, text);
        }
        free(name);
        free(text);
        at = end + 1;
    }
    fputc('}', out);
}

static void put_param(FILE *out, const ConfigParam *param)
{
    fprintf(out, ", %s: ", param->spec->name);
    switch (param->spec->type) {
    case PARAM_UINT: fprintf(out, "%" PRIu64, param->number); break;
    case PARAM_SIZE: put_size(out, param->number); break;
    case PARAM_HZ: put_hz(out, param->number); break;
    case PARAM_BOOL: fputs(bool_text(param->number != 0), out); break;
    case PARAM_TIME: put_time(out, param->number); break;
    case PARAM_FILE: put_file(out, param->text); break;
    case PARAM_STRING: put_text(out, param->text); break;
    case PARAM_TEXTS: put_texts(out, param->text); break;
    case PARAM_MEMORY:
    case PARAM_DEVICE:
    case PARAM_MASTER: fputs(param->text, out); break;
    }
}

static void put_wire(FILE *out, const Config *cfg, const ConfigWire *wire)
{
    for (unsigned i = 0; i < cfg->cpus; i++) {
        if (strcmp(cfg->cpu[i].name, wire->target) == 0) {
            fprintf(out, "%s.%s", wire->target, config_check_line(wire->line));
            return;
        }
    }
    fprintf(out, "%s.%u", wire->target, wire->line);
}

/* Wires of one pin follow one another. */
static void put_wires(FILE *out, const Config *cfg, const ConfigDevice *dev)
{
    for (unsigned i = 0; i < dev->wires; i++) {
        const ConfigWire *wire = &dev->wire[i];
        bool list = wire->pin->count > 1;
        bool first = i == 0 || wire[-1].pin != wire->pin;
        bool last = i + 1 == dev->wires || wire[1].pin != wire->pin;
        if (first) {
            fprintf(out, ", %s: %s", wire->pin->name, list ? "[" : "");
        } else {
            fprintf(out, ", ");
        }
        put_wire(out, cfg, wire);
        fputs(last && list ? "]" : "", out);
    }
}

static void put_device(FILE *out, const Config *cfg, const ConfigDevice *dev)
{
    fprintf(out, "  - {name: %s, type: %s, bus: %s", dev->name, dev->cls->name,
            dev->bus);
    if (dev->svd) {
        fprintf(out, ", svd: ");
        put_text(out, dev->svd);
    }
    if (dev->peripheral) {
        fprintf(out, ", peripheral: ");
        put_text(out, dev->peripheral);
    }
    if (dev->cls->mmio_size) {
        fprintf(out, ", at: 0x%08" PRIx64 ", ", dev->address);
        put_waits(out, &dev->waits);
        put_posted(out, &dev->posted);
        if (dev->flush_posted) {
            fprintf(out, ", flush_posted: true");
        }
        put_overlap(out, dev->priority, dev->overlap);
    }
    for (unsigned i = 0; i < dev->params; i++) {
        put_param(out, &dev->param[i]);
    }
    put_wires(out, cfg, dev);
    fprintf(out, "}\n");
}

static void put_boot(FILE *out, const ConfigBoot *boot)
{
    const char *const key[] = {"bios",   "kernel", "initrd",
                               "append", "dtb",    "console"};
    const char *const text[] = {boot->bios,   boot->kernel, boot->initrd,
                                boot->append, boot->dtb,    boot->console};
    fprintf(out, "\nboot: {seed: %" PRIu64, boot->seed);
    if (boot->stub_given) {
        fprintf(out, ", stub: 0x%08" PRIx64, boot->stub);
    }
    for (unsigned i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
        if (text[i]) {
            fprintf(out, ", %s: ", key[i]);
            put_text(out, text[i]);
        }
    }
    fputc('}', out);
}

static void put_config(FILE *out, const Config *cfg)
{
    fprintf(out, "version: 1\nname: %s\nclock: ", cfg->name);
    put_hz(out, cfg->clock_hz);
    fprintf(out, "\nquantum: ");
    put_time(out, cfg->quantum_ps);
    put_boot(out, &cfg->boot);
    fprintf(out, "\n\ncpus:%s\n", cfg->cpus ? "" : " []");
    for (unsigned i = 0; i < cfg->cpus; i++) {
        put_cpu(out, &cfg->cpu[i]);
    }
    fprintf(out, "\nbuses:%s\n", cfg->buses ? "" : " {}");
    for (unsigned i = 0; i < cfg->buses; i++) {
        put_bus(out, &cfg->bus[i]);
    }
    fprintf(out, "\nmemories:%s\n", cfg->memories ? "" : " []");
    for (unsigned i = 0; i < cfg->memories; i++) {
        put_memory(out, &cfg->memory[i]);
    }
    fprintf(out, "\ndevices:%s\n", cfg->devices ? "" : " []");
    for (unsigned i = 0; i < cfg->devices; i++) {
        put_device(out, cfg, &cfg->device[i]);
    }
    fprintf(out, "\nlimits: {unmapped: %s}\n",
            cfg->unmapped_fault ? "fault" : "ignore");
}

char *config_text(const Config *cfg)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        abort(); /* no memory, as the arena does */
    }
    put_config(out, cfg);
    if (fclose(out) != 0) {
        abort();
    }
    return text;
}
