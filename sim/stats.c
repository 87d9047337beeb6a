/*
 * stats.c - one table of values, written as JSON or CSV: both have the same
 * keys in the same order.
 *
 * Units    in the names: seconds are the host's, simulated_seconds the guest's.
 * Missing  devices and buses: they are in the database.
 */
#include "sim/stats.h"

#include <inttypes.h>

enum { MAX_VALUES = 24 };

typedef struct StatsValue {
    const char *key;
    bool real;
    uint64_t number;
    double fraction;
} StatsValue;

typedef struct StatsRow {
    const char *name;
    StatsValue value[MAX_VALUES];
    unsigned values;
} StatsRow;

static void add(StatsRow *row, const char *key, uint64_t number)
{
    if (row->values < MAX_VALUES) {
        row->value[row->values++] = (StatsValue){.key = key, .number = number};
    }
}

static void add_real(StatsRow *row, const char *key, double fraction)
{
    if (row->values < MAX_VALUES) {
        row->value[row->values++] =
            (StatsValue){.key = key, .real = true, .fraction = fraction};
    }
}

static double mips(uint64_t instructions, double seconds)
{
    return seconds > 0 ? (double)instructions / seconds / 1e6 : 0;
}

static StatsRow make_row(const char *name, const StatsRun *run,
                         const HartCounters *c, uint64_t transactions,
                         double simulated)
{
    StatsRow row = {.name = name};
    add(&row, "cycles", c->cycles);
    add(&row, "instructions", c->instructions);
    add_real(&row, "seconds", run->seconds);
    add_real(&row, "mips", mips(c->instructions, run->seconds));
    add(&row, "transactions", transactions);
    add_real(&row, "simulated_seconds", simulated);
    add(&row, "exit_status", (uint64_t)run->exit_status);
    add(&row, "idle", c->idle);
    add(&row, "traps", c->traps);
    add(&row, "interrupts", c->interrupts);
    add(&row, "fetch_stall", c->fetch_stall);
    add(&row, "data_wait", c->data_wait);
    add(&row, "data_bus", c->data_bus);
    add(&row, "data_target", c->data_target);
    add(&row, "walk", c->walk);
    add(&row, "walks", c->walks);
    add(&row, "blocks_decoded", c->blocks_decoded);
    add(&row, "blocks_dropped", c->blocks_dropped);
    return row;
}

/* Sums, but cycles: those of the first hart, as in the limits and the trace;
 * without harts, of the machine's clock. */
static StatsRow make_total(Machine *m, const StatsRun *run)
{
    HartCounters sum = {.cycles =
                            clock_cycle_in(machine_clock(m), machine_time(m))};
    double simulated = (double)machine_time(m) / 1e12;
    for (unsigned i = 0; i < machine_harts(m); i++) {
        HartCounters c = hart_counters(machine_hart(m, i));
        sum.cycles = i == 0 ? c.cycles : sum.cycles;
        sum.instructions += c.instructions;
        sum.idle += c.idle;
        sum.traps += c.traps;
        sum.interrupts += c.interrupts;
        sum.fetch_stall += c.fetch_stall;
        sum.data_wait += c.data_wait;
        sum.data_bus += c.data_bus;
        sum.data_target += c.data_target;
        sum.walk += c.walk;
        sum.walks += c.walks;
        sum.blocks_decoded += c.blocks_decoded;
        sum.blocks_dropped += c.blocks_dropped;
    }
    return make_row("total", run, &sum, machine_transactions(m), simulated);
}

static StatsRow make_hart(Machine *m, const StatsRun *run, unsigned i)
{
    Hart *hart = machine_hart(m, i);
    HartCounters c = hart_counters(hart);
    uint64_t transactions = port_transactions(hart_fetch_port(hart)) +
                            port_transactions(hart_data_port(hart));
    MemoryPort *walk = hart_walk_port(hart);
    transactions += walk ? port_transactions(walk) : 0;
    return make_row(hart_config(hart)->name, run, &c, transactions,
                    (double)hart_time(hart) / 1e12);
}

static void put_value(FILE *out, const StatsValue *v)
{
    if (v->real) {
        fprintf(out, "%.9g", v->fraction);
    } else {
        fprintf(out, "%" PRIu64, v->number);
    }
}

/* Names and stop reasons are plain text of ours: nothing to escape. */
static void put_json(FILE *out, const StatsRow *row, const StatsRun *run,
                     bool named)
{
    fprintf(out, named ? "{\"name\": \"%s\"" : "{\"stop\": \"%s\"",
            named ? row->name : run->stop);
    for (unsigned i = 0; i < row->values; i++) {
        fprintf(out, ", \"%s\": ", row->value[i].key);
        put_value(out, &row->value[i]);
    }
    putc('}', out);
}

static void put_csv(FILE *out, const StatsRow *row, bool heading)
{
    if (heading) {
        fputs("name", out);
        for (unsigned i = 0; i < row->values; i++) {
            fprintf(out, ",%s", row->value[i].key);
        }
        putc('\n', out);
    }
    fputs(row->name, out);
    for (unsigned i = 0; i < row->values; i++) {
        putc(',', out);
        put_value(out, &row->value[i]);
    }
    putc('\n', out);
}

void stats_write(Machine *m, const StatsRun *run, StatsFormat format, FILE *out)
{
    StatsRow total = make_total(m, run);
    if (format == STATS_CSV) {
        put_csv(out, &total, true);
        for (unsigned i = 0; i < machine_harts(m); i++) {
            StatsRow row = make_hart(m, run, i);
            put_csv(out, &row, false);
        }
        return;
    }
    fputs("{\"total\": ", out);
    put_json(out, &total, run, false);
    fputs(",\n \"harts\": [", out);
    for (unsigned i = 0; i < machine_harts(m); i++) {
        StatsRow row = make_hart(m, run, i);
        fputs(i ? ",\n  " : "\n  ", out);
        put_json(out, &row, run, true);
    }
    fputs("]}\n", out);
}
