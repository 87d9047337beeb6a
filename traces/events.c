/*
 * events.c - what happens besides transactions: phases, faults, log lines,
 * input, interrupt lines.
 */
#include "traces/store.h"

static void phase_end(TraceStore *ts, uint64_t time_ps, uint64_t cycle)
{
    if (ts->phase_open) {
        store_run(ts,
                  "update phase set end_ps = ?1, end_cycle = ?2,"
                  " cycles = ?2 - begin_cycle where seq = ?3",
                  "uui", time_ps, cycle, (int64_t)ts->phases);
        ts->phase_open = false;
    }
}

static void phase_change(TraceStore *ts, bool begins, unsigned id,
                         const char *name, uint64_t time_ps, uint64_t cycle)
{
    phase_end(ts, time_ps, cycle);
    if (begins) {
        ts->phases++;
        ts->phase_open = true;
        store_run(ts,
                  "insert into phase(id, seq, begin_ps, begin_cycle, name)"
                  " values(?,?,?,?,?)",
                  name ? "niuut" : "iiuut", (int64_t)id, (int64_t)ts->phases,
                  time_ps, cycle, name);
    }
    store_commit_some(ts);
}

void trace_phase(TraceStore *ts, unsigned id, bool begins, uint64_t time_ps,
                 uint64_t cycle)
{
    phase_change(ts, begins, id, NULL, time_ps, cycle);
}

void trace_phase_named(TraceStore *ts, const char *name, uint64_t time_ps,
                       uint64_t cycle)
{
    phase_change(ts, true, 0, name, time_ps, cycle);
}

void trace_window(TraceStore *ts, bool begins, uint64_t time_ps, uint64_t cycle,
                  const char *cause)
{
    if (begins) {
        ts->windows++;
        store_run(ts, "insert into trace_window values(?,null,?,null,?,null)",
                  "uut", time_ps, cycle, cause);
    } else {
        store_run(ts,
                  "update trace_window set end_ps = ?, end_cycle = ?,"
                  " end_cause = ? where rowid = ?",
                  "uuti", time_ps, cycle, cause, (int64_t)ts->windows);
    }
    store_commit_some(ts);
}

void trace_set_counted(TraceStore *ts, uint64_t transactions)
{
    ts->has_counted = true;
    ts->counted = transactions;
}

/* Machine cause register, Privileged Architecture 20211203, table 3.6. */
const char *trace_cause_name(uint64_t cause)
{
    static const char *const exceptions[] = {
        "instruction address misaligned",
        "instruction access fault",
        "illegal instruction",
        "breakpoint",
        "load address misaligned",
        "load access fault",
        "store address misaligned",
        "store access fault",
        "environment call from U mode",
        "environment call from S mode",
        "reserved",
        "environment call from M mode",
        "instruction page fault",
        "load page fault",
        "reserved",
        "store page fault",
    };
    bool interrupt = cause >> 63 || (cause >> 31) == 1;
    uint64_t code = cause & 0x7fffffff;
    if (!interrupt) {
        return code < 16 ? exceptions[code] : "reserved";
    }
    switch (code) {
    case HART_SSI: return "supervisor software interrupt";
    case HART_STI: return "supervisor timer interrupt";
    case HART_SEI: return "supervisor external interrupt";
    case HART_MSI: return "machine software interrupt";
    case HART_MTI: return "machine timer interrupt";
    case HART_MEI: return "machine external interrupt";
    default: return "interrupt";
    }
}

void trace_fault(TraceStore *ts, const char *hart, uint64_t time_ps,
                 uint64_t cycle, uint64_t pc, uint64_t cause, uint64_t tval)
{
    dictionary_seal_symbols(ts);
    store_run(ts, "insert into fault values(?,?,?,?,?,?,?,?)", "uutututu",
              time_ps, cycle, hart, pc,
              dictionary_symbol_name(ts, dictionary_symbol(ts, pc)), cause,
              trace_cause_name(cause), tval);
    store_commit_some(ts);
}

void trace_log(TraceStore *ts, uint64_t time_ps, const char *level,
               const char *text)
{
    store_run(ts, "insert into log values(?,?,?)", "utt", time_ps, level, text);
    store_commit_some(ts);
}

void trace_input(TraceStore *ts, const char *device, uint64_t time_ps,
                 const void *bytes, size_t len)
{
    store_run(ts, "insert into input values(?,?,?)", "utb", time_ps, device,
              bytes, len);
    store_commit_some(ts);
}

void trace_irq(TraceStore *ts, uint64_t time_ps, const char *source,
               unsigned line, bool level)
{
    store_run(ts, "insert into irq values(?,?,?,?)", "utii", time_ps, source,
              (int64_t)line, (int64_t)level);
    store_commit_some(ts);
}
