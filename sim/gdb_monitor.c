/*
 * gdb_monitor.c - the commands of gdb's `monitor`: what gdb does not know of a
 * machine.
 *
 * Model    A table of words; output goes to gdb's console before the reply.
 *          Nothing here changes the machine but reset.
 * Units    cycles of the hart, seconds of simulated time.
 * Missing  nothing known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/explain.h"
#include "sim/gdb_private.h"

enum { WORDS = 6 };

typedef struct Words {
    char *word[WORDS]; /* the first is the command */
    unsigned count;
} Words;

/* Prints to f; false: the words are wrong. */
typedef bool MonitorFn(Gdb *g, const Words *w, FILE *f);

static const HartConfig *config_of(const Gdb *g)
{
    return hart_config(gdb_hart(g));
}

static bool print_map(Gdb *g, const Words *w, FILE *f)
{
    for (unsigned i = 0; i < machine_buses(g->machine); i++) {
        MachineBus *mb = machine_bus(g->machine, i);
        if (machine_buses(g->machine) > 1) {
            fprintf(f, "bus %s\n", mb->name);
        }
        explain_map(&mb->as, f);
    }
    return w->count == 1;
}

static bool number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* explain ADDR [SIZE] [w], where the current mode has ADDR. */
static bool print_explain(Gdb *g, const Words *w, FILE *f)
{
    uint64_t address, size = 4;
    hwaddr pa;
    bool write = w->count > 2 && !strcmp(w->word[w->count - 1], "w");
    unsigned numbers = w->count - write;
    if (numbers < 2 || numbers > 3 || !number(w->word[1], &address) ||
        (numbers == 3 && !number(w->word[2], &size)) ||
        (size != 1 && size != 2 && size != 4 && size != 8)) {
        return false;
    }
    if (!hart_translate(gdb_hart(g), address, &pa)) {
        fprintf(f, "0x%" PRIx64 " is not mapped in %s's mode\n", address,
                config_of(g)->name);
        return true;
    }
    if (pa != address) {
        fprintf(f, "0x%" PRIx64 " is at 0x%" PRIx64 "\n", address, pa);
    }
    explain_access(config_of(g)->data_as, pa, (unsigned)size, write, f);
    return true;
}

static void print_region(FILE *f, uint64_t address, MemoryRegion *mr,
                         const char *name, const char *type)
{
    uint64_t size = int128_get64(mr->size);
    if (size) {
        fprintf(f, "0x%012" PRIx64 "-0x%012" PRIx64 "  %-14s %s\n", address,
                address + (size - 1), name, type);
    }
}

static bool print_regions(Gdb *g, const Words *w, FILE *f)
{
    for (unsigned i = 0; i < machine_memories(g->machine); i++) {
        MachineMemory *mm = machine_memory(g->machine, i);
        print_region(f, mm->address, &mm->region, mm->name,
                     mm->rom ? "rom" : "ram");
    }
    for (unsigned i = 0; i < machine_devices(g->machine); i++) {
        MachineDevice *md = machine_device(g->machine, i);
        print_region(f, md->address, &md->dev->mmio, md->dev->name,
                     md->dev->cls->name);
    }
    return w->count == 1;
}

static bool print_stats(Gdb *g, const Words *w, FILE *f)
{
    fprintf(f,
            "%.6f s simulated, %" PRIu64 " transactions\n"
            "%-12s %14s %14s %12s %10s %10s\n",
            (double)machine_time(g->machine) / 1e12,
            machine_transactions(g->machine), "hart", "cycles", "instructions",
            "idle", "traps", "interrupts");
    for (unsigned i = 0; i < machine_harts(g->machine); i++) {
        Hart *hart = machine_hart(g->machine, i);
        HartCounters c = hart_progress(hart);
        fprintf(f,
                "%-12s %14" PRIu64 " %14" PRIu64 " %12" PRIu64 " %10" PRIu64
                " %10" PRIu64 "\n",
                hart_config(hart)->name, c.cycles, c.instructions, c.idle,
                c.traps, c.interrupts);
    }
    return w->count == 1;
}

static bool set_trace(Gdb *g, const Words *w, FILE *f)
{
    if (w->count != 2 ||
        (strcmp(w->word[1], "on") != 0 && strcmp(w->word[1], "off") != 0)) {
        return false;
    }
    if (!machine_debug_trace(g->machine, !strcmp(w->word[1], "on"))) {
        fputs("no transactions are recorded; start the run with -o DIR "
              "--trace\n",
              f);
    }
    return true;
}

static bool print_phase(Gdb *g, const Words *w, FILE *f)
{
    unsigned phase = machine_debug_phase(g->machine);
    const char *name = machine_debug_phase_name(g->machine);
    if (name) {
        fprintf(f, "in phase %s\n", name);
    } else if (phase) {
        fprintf(f, "in phase %u\n", phase);
    } else {
        fputs("in no phase; phases are known with -o DIR\n", f);
    }
    return w->count == 1;
}

static bool reset(Gdb *g, const Words *w, FILE *f)
{
    if (w->count == 1) {
        machine_debug_note(g->machine, "reset", 5);
        machine_reset(g->machine);
        fputs(
            "harts and devices are reset, memories keep what is in them; now: "
            "maintenance flush register-cache\n",
            f);
    }
    return w->count == 1;
}

static const struct {
    const char *name, *words, *summary;
    MonitorFn *fn;
} commands[] = {
    {"map", "", "the memory map: tree, flat view, what hides what", print_map},
    {"regions", "", "memories and devices, one a line", print_regions},
    {"explain", "ADDR [SIZE] [w]", "what an access there would do, and why",
     print_explain},
    {"stats", "", "cycles, instructions, traps of each hart", print_stats},
    {"trace", "on|off", "records transactions from now on, or no more",
     set_trace},
    {"phase", "", "the phase of the run, of the guest's or --phase-on",
     print_phase},
    {"reset", "", "as the reset button", reset},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *f)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        fprintf(f, "%-8s %-16s %s\n", commands[i].name, commands[i].words,
                commands[i].summary);
    }
}

static void split(Words *w, char *command)
{
    char *rest;
    *w = (Words){.count = 0};
    for (char *word = strtok_r(command, " \t\n", &rest); word;
         word = strtok_r(NULL, " \t\n", &rest)) {
        if (w->count == WORDS) {
            return; /* more than any command takes */
        }
        w->word[w->count++] = word;
    }
}

static void perform(Gdb *g, const Words *w, FILE *f)
{
    const char *name = w->count ? w->word[0] : "help";
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (!strcmp(commands[i].name, name)) {
            if (!commands[i].fn(g, w, f)) {
                fprintf(f, "it takes: monitor %s %s\n", name,
                        commands[i].words);
            }
            return;
        }
    }
    if (strcmp(name, "help") != 0) {
        fprintf(f, "no command \"%.40s\"; there are:\n", name);
    }
    help(f);
}

void gdb_monitor(Gdb *g, char *command)
{
    Words w;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) {
        gdb_fail(g, ENOMEM);
        return;
    }
    split(&w, command);
    perform(g, &w, f);
    if (fclose(f) == 0 && text) {
        gdb_say(g, text);
        gdb_reply(g, "OK");
    } else {
        gdb_fail(g, ENOMEM);
    }
    free(text);
}
