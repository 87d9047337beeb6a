/*
 * summary.c - what is written when a run ends: totals, tables derived from
 * them, metric values, the completeness statement, invariants.
 *
 * Model    Totals come from the counters of ports, harts and buses, which count
 *          always; the invariants compare them with what was recorded.
 * Units    cycles of the initiator's clock; of the bus's in bus_load and
 *          contention.
 */
#include <stdio.h>
#include <string.h>

#include "traces/store.h"

/* -- totals handed in ----------------------------------------------------- */

static const char *region_name(TraceStore *ts, uint32_t id,
                               const MemoryRegion *mr)
{
    const StoreRegion *r = dictionary_region(ts, id, mr);
    return r ? r->name : NULL;
}

void trace_add_port_totals(TraceStore *ts, MemoryPort *port)
{
    handover_drain(ts);
    dictionary_initiator(ts, port);
    uint32_t n;
    const PortTraffic *t = port_traffic(port, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (t[i].accesses) {
            store_run(ts,
                      "insert into traffic values(?,?,?,?,?,?,?,?,?,?,?,?,"
                      "?,?,nullif(?,0))",
                      "ttttuuuuuuuuuii", port->name,
                      region_name(ts, t[i].region_id, t[i].mr),
                      access_kind_name[t[i].kind], dictionary_dir(t[i].dir),
                      (uint64_t)t[i].size, t[i].accesses, t[i].errors,
                      t[i].beats, t[i].accesses * t[i].size, t[i].bytes_moved,
                      t[i].wait, t[i].bus, t[i].target, (int64_t)port->id,
                      (int64_t)t[i].region_id);
        }
    }
}

void summary_hart(TraceStore *ts, const HartFigures *h)
{
    handover_drain(ts);
    const HartCounters *c = &h->counters;
    store_run(ts, "insert into hart values(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
              "tuttuuuuuuuutt", h->name, h->clock_hz, h->profile,
              h->profile_source, c->cycles, c->instructions, c->idle, c->traps,
              c->interrupts, c->blocks_decoded, c->blocks_dropped, c->walks,
              h->timing_level, h->timing_estimates);
    uint64_t other = c->data_wait + c->data_bus + c->data_target +
                     c->fetch_stall + c->walk + c->idle;
    const struct {
        const char *name;
        uint64_t cycles;
    } category[] = {
        {"executing", c->cycles - other},
        {"wait", c->data_wait},
        {"bus", c->data_bus},
        {"target", c->data_target},
        {"fetch_stall", c->fetch_stall},
        {"walk", c->walk},
        {"idle", c->idle},
    };
    for (unsigned i = 0; i < sizeof(category) / sizeof(category[0]); i++) {
        store_run(ts, "insert into hart_cycles values(?,?,?)", "ttu", h->name,
                  category[i].name, category[i].cycles);
    }
}

void summary_block(TraceStore *ts, const char *hart, uint64_t pc,
                   uint64_t bytes, uint64_t entries, uint64_t instructions,
                   uint64_t cycles)
{
    dictionary_seal_symbols(ts);
    uint32_t id = dictionary_symbol(ts, pc);
    const char *symbol = dictionary_symbol_name(ts, id);
    store_run(ts, "insert into pc_cost values(?,?,?,?,?,?,?)", "tuutuuu", hart,
              pc, bytes, symbol, entries, instructions, cycles);
    bool begins = id && ts->symbol[id - 1].address == pc;
    store_run(ts, "insert into function_cost values(?,?,?,?,?)", "ttuuu", hart,
              symbol, cycles, instructions, begins ? entries : UINT64_C(0));
    lines_block(ts, hart, pc, bytes, instructions, cycles);
}

void trace_add_bus_totals(TraceStore *ts, const Bus *bus, uint64_t end_ps)
{
    handover_drain(ts);
    if (end_ps > ts->end_ps) {
        ts->end_ps = end_ps;
    }
    const BusTotals sum = bus_totals(bus);
    uint64_t end = end_ps > sum.end ? end_ps : sum.end;
    uint64_t elapsed = clock_cycle_at(bus->clock, end);
    store_run(ts, "insert into bus_load values(?,?,?,?,?,?,?,?,?,?,0)",
              "tuuuuuuuuu", bus->model.name, (uint64_t)bus->width,
              bus->clock->hz, elapsed, sum.busy_cycles, sum.transactions,
              sum.beats, sum.bytes, sum.wait_cycles,
              elapsed * bus->width * sum.lanes);
    for (const BusLane *l = &bus->lane; bus->crossbar && l; l = l->next) {
        if (l->transactions) {
            store_run(ts, "insert into bus_target values(?,?,?,?,?,?,?,?)",
                      "ttuuuuuu", bus->model.name, l->name, elapsed,
                      l->busy_cycles, l->transactions, l->beats, l->bytes,
                      l->wait_cycles);
        }
    }
    for (const Bridge *b = bus->bridges; b; b = b->next) {
        store_run(ts, "insert into bridge values(?,?,?,?,?,?)", "ttuuuu",
                  bus->model.name, b->far_bus->model.name, (uint64_t)b->request,
                  (uint64_t)b->response, b->transactions, b->bytes);
    }
    for (uint32_t i = 0; i < bus->waits; i++) {
        const BusWait *w = &bus->wait[i];
        store_run(ts, "insert into contention values(?,?,?,?,?)", "tttuu",
                  bus->model.name, dictionary_initiator_name(ts, w->initiator),
                  dictionary_initiator_name(ts, w->blocker), w->waits,
                  w->cycles);
    }
}

void trace_add_cache_totals(TraceStore *ts, const L1 *l1, const char *hart,
                            const char *part, const MemoryPort *port)
{
    handover_drain(ts);
    const L1Config *c = &l1->config;
    const L1Counters *n = &l1->counters;
    store_run(ts,
              "insert into cache_level values(?,?,?,1,?,?,?,?,?,?,?,?,?,?,?,?,"
              "?,?)",
              "tttuuutuuuuuuuuui", l1->name, hart, part, c->size,
              (uint64_t)c->ways, (uint64_t)c->line,
              l1_replacement_name[c->replacement], n->accesses, n->hits,
              n->misses, n->fills, n->writebacks, n->throughs, n->bytes,
              n->passed, n->invalidations, (int64_t)port->id);
}

/* -- derived tables ------------------------------------------------------- */

/* Instead of the ports' own counters. */
static const char traffic_of_rows[] =
    "insert into traffic select i.name, r.name, k.name, s.dir, s.size,"
    " sum(x.accesses), sum(x.errors), sum(x.beats), sum(x.bytes),"
    " sum(case when x.beats then x.bytes else 0 end), sum(x.wait_cycles),"
    " sum(x.bus_cycles), sum(x.target_cycles), s.initiator_id, s.region_id"
    " from tx_site x join site s on s.id = x.site"
    " left join initiator i on i.id = s.initiator_id"
    " left join region r on r.id = s.region_id"
    " left join kind k on k.id = s.kind_id"
    " group by s.initiator_id, s.region_id, s.kind_id, s.dir, s.size;";

static const char derive[] =
    "create temp table f as select hart, symbol, sum(cycles) as cycles,"
    " sum(instructions) as instructions, sum(entries) as entries"
    " from function_cost group by hart, symbol;"
    "delete from function_cost;"
    "insert into function_cost select * from f order by hart, cycles desc,"
    " symbol;"
    "drop table f;"
    "insert into split_cost select region, kind, dir, size, sum(accesses),"
    " sum(beats), sum(beats) - sum(accesses),"
    " 1.0 * sum(beats) / sum(accesses) from traffic"
    /* of caches, beats are lines */
    " where initiator_id not in (select initiator_id from cache_level)"
    " or region_id in (select id from region where type = 'io')"
    " group by region, kind, dir, size having sum(beats) > sum(accesses);"
    "update bus_load set fetch_cycles = (select coalesce(sum(bus_cycles +"
    " target_cycles), 0) from traffic t join initiator i"
    " on i.id = t.initiator_id where i.bus = bus_load.bus"
    " and t.kind = 'fetch' and i.id not in"
    " (select initiator_id from cache_level));";

/* -- completeness --------------------------------------------------------- */

/* Did the ports count transactions while recording was off? */
static bool is_partial(TraceStore *ts)
{
    if (!ts->has_counted || ts->error) {
        return false;
    }
    sqlite3_stmt *stmt = NULL;
    uint64_t all = 0;
    int rc =
        sqlite3_prepare_v2(ts->db,
                           "select coalesce(sum(accesses), 0) from traffic t"
                           " join kind k on k.name = t.kind where k.recorded",
                           -1, &stmt, NULL);
    if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        all = (uint64_t)sqlite3_column_int64(stmt, 0);
    }
    sqlite3_finalize(stmt);
    return all != ts->counted;
}

/* Why tx is not all that the ports counted; NULL: it is. */
static const char *why_not_all(TraceStore *ts)
{
    return ts->recovered ? "skipped: the run was killed, its counters are gone"
           : !trace_filter_is_open(&ts->filter)
               ? "skipped: the filter left some out"
           : ts->ring.dropped ? "skipped: only the last ones were kept"
           : is_partial(ts)   ? "skipped: recording was not on all the time"
                              : NULL;
}

void trace_set_grants(TraceStore *ts, const char *text)
{
    snprintf(ts->grants, sizeof(ts->grants), "%s", text);
}

/* Is there a way into memory that ports do not see? */
static size_t write_grants(const TraceStore *ts, char *text, size_t size)
{
    int n = *ts->grants
                ? snprintf(text, size,
                           " Direct pointers into memory were given: %s; what "
                           "went through them is in no table.",
                           ts->grants)
                : snprintf(text, size,
                           " Every access entered through a port: no direct "
                           "window into memory was open beside them.");
    return (size_t)n;
}

static void write_completeness(TraceStore *ts)
{
    char kinds[128] = "", left_out[128] = "";
    for (unsigned k = 0; k < ACCESS_KINDS; k++) {
        char *to = ts->recorder.kinds >> k & 1 ? kinds : left_out;
        size_t n = strlen(to);
        snprintf(to + n, sizeof(kinds) - n, "%s%s", n ? ", " : "",
                 access_kind_name[k]);
    }
    char text[2600];
    if (!ts->recording) {
        snprintf(text, sizeof(text),
                 "No transaction was recorded (run with --trace); the "
                 "summaries count all of them.");
        if (*ts->grants) {
            size_t n = strlen(text);
            write_grants(ts, text + n, sizeof(text) - n);
        }
    } else {
        snprintf(text, sizeof(text),
                 "Every transaction of these kinds is a row of tx: %s%s%s; "
                 "beats are %s; none was dropped. Not recorded: accesses of "
                 "debuggers and loaders, bytes of a value beyond the eighth. "
                 "Instruction fetches without a "
                 "cache take their cycles but neither wait for other "
                 "initiators nor delay them.",
                 kinds, *left_out ? "; left out: " : "", left_out,
                 ts->recorder.beats ? "rows of beat"
                                    : "not recorded where they are several");
        size_t n = strlen(text);
        n += write_grants(ts, text + n, sizeof(text) - n);
        if (!trace_filter_is_open(&ts->filter)) {
            n += (size_t)snprintf(text + n, sizeof(text) - n,
                                  " %llu transactions were left out by the "
                                  "filter (trace_spec).",
                                  (unsigned long long)ts->left_out);
        }
        if (ts->kept_of) {
            n += (size_t)snprintf(text + n, sizeof(text) - n,
                                  " Only the last %llu before the trigger were "
                                  "kept, %llu before them were not.",
                                  (unsigned long long)ts->kept_of,
                                  (unsigned long long)ts->ring.dropped);
        }
        if (is_partial(ts)) {
            snprintf(text + n, sizeof(text) - n,
                     " Recording was not on all the time, but as trace_window "
                     "says.");
        }
    }
    trace_set_run(ts, "completeness", text);
    trace_set_run_number(ts, "tx_left_out", ts->left_out);
    trace_set_run_number(ts, "tx_not_kept", ts->ring.dropped);
}

/* -- invariants ----------------------------------------------------------- */

static void check(TraceStore *ts, const char *name, bool ok, const char *detail)
{
    store_run(ts, "insert into check_result values(?,?,?)", "tit", name,
              (int64_t)ok, detail);
}

static void check_skipped(TraceStore *ts, const char *name, const char *why)
{
    store_run(ts, "insert into check_result values(?,null,?)", "tt", name, why);
}

/* Holds when the SQL has no row; else the first one says why not. */
static void check_sql(TraceStore *ts, const char *name, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = ts->error ? SQLITE_ABORT
                       : sqlite3_prepare_v2(ts->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        check(ts, name, false, text ? (const char *)text : "?");
    } else if (rc == SQLITE_DONE) {
        check(ts, name, true, "");
    } else if (!ts->error) {
        store_fail(ts, rc);
    }
    sqlite3_finalize(stmt);
}

/* What tx has more than the ports, per initiator and kind. */
static const char more_than_ports[] =
    "create temp table more as select initiator_id, kind_id,"
    " sum(accesses) as accesses, sum(bytes) as bytes, sum(errors) as errors,"
    " sum(beats) as beats, sum(wait_cycles) as wait_cycles,"
    " sum(bus_cycles) as bus_cycles, sum(target_cycles) as target_cycles from"
    " (select s.initiator_id, s.kind_id, x.accesses, x.bytes, x.errors,"
    " x.beats, x.wait_cycles, x.bus_cycles, x.target_cycles"
    " from tx_site x join site s on s.id = x.site union all"
    " select t.initiator_id, k.id, -t.accesses, -t.bytes, -t.errors, -t.beats,"
    " -t.wait_cycles, -t.bus_cycles, -t.target_cycles from traffic t"
    " join kind k on k.name = t.kind where k.recorded) group by 1, 2";

#define SAME_AS_PORTS(column)                                                  \
    "select printf('%s, %s: tx %+d against the ports: ', i.name, k.name, "     \
    "m." column ") || '" column "' from more m"                                \
    " left join initiator i on i.id = m.initiator_id"                          \
    " left join kind k on k.id = m.kind_id where m." column " <> 0"

static void check_records(TraceStore *ts)
{
    static const struct {
        const char *name, *sql;
        bool stored; /* holds of any rows, not only of all */
    } same[] = {
        {"rows = counters", SAME_AS_PORTS("accesses"), false},
        {"bytes", SAME_AS_PORTS("bytes"), false},
        {"errors", SAME_AS_PORTS("errors"), false},
        {"beats", SAME_AS_PORTS("beats"), false},
        {"wait cycles", SAME_AS_PORTS("wait_cycles"), false},
        {"bus cycles", SAME_AS_PORTS("bus_cycles"), false},
        {"target cycles", SAME_AS_PORTS("target_cycles"), false},
        {"rows stored",
         "select printf('tx has %d rows, %d were recorded', a, b) from"
         " (select (select coalesce(sum(rows), 0) from chunk) as a,"
         " (select coalesce(sum(accesses), 0) from tx_site) as b)"
         " where a <> b",
         true},
        {"windows of time",
         "select printf('tx has %d rows, traffic_window %d', a, b) from"
         " (select (select coalesce(sum(accesses), 0) from tx_site) as a,"
         " (select coalesce(sum(accesses), 0) from traffic_window) as b)"
         " where a <> b",
         true},
        {"latency parts",
         "select printf('tx has %d cycles of %s, latency_histogram %d', a,"
         " part, b) from (select part, sum(cycles) as b, (select case part"
         " when 'wait' then sum(wait_cycles) when 'bus' then sum(bus_cycles)"
         " when 'target' then sum(target_cycles) else sum(wait_cycles +"
         " bus_cycles + target_cycles) end from tx_site) as a"
         " from latency_histogram group by part) where a <> b",
         true},
    };
    const char *partly = why_not_all(ts);
    store_script(ts, more_than_ports);
    unsigned n = sizeof(same) / sizeof(same[0]);
    for (unsigned i = 0; i < n; i++) {
        if (partly && !same[i].stored) {
            check_skipped(ts, same[i].name, partly);
        } else {
            check_sql(ts, same[i].name, same[i].sql);
        }
    }
    store_script(ts, "drop table more");
    char detail[128];
    if (ts->has_counted) {
        uint64_t told = ts->rows + ts->left_out + ts->ring.dropped;
        snprintf(detail, sizeof(detail),
                 "%llu transactions are rows or left out, the ports counted "
                 "%llu",
                 (unsigned long long)told, (unsigned long long)ts->counted);
        bool same_number = told == ts->counted;
        check(ts, "rows + left out = counters", same_number,
              same_number ? "" : detail);
    }
    uint64_t backwards = 0;
    for (uint32_t i = 0; i < ts->initiators; i++) {
        backwards += ts->initiator[i].backwards;
    }
    snprintf(detail, sizeof(detail),
             "%llu transactions were issued before the one recorded before",
             (unsigned long long)backwards);
    check(ts, "time per initiator", backwards == 0, backwards ? detail : "");
    if (!ts->recorder.beats) {
        return;
    }
    snprintf(detail, sizeof(detail),
             "%llu transactions have more or fewer beats than they say",
             (unsigned long long)ts->counts.beats_missing);
    check(ts, "beats stored", ts->counts.beats_missing == 0,
          ts->counts.beats_missing ? detail : "");
    trace_set_run_number(ts, "beat_bytes", ts->counts.beat_bytes);
    if (partly) {
        check_skipped(ts, "bytes moved", partly);
        return;
    }
    check_sql(ts, "bytes moved",
              "select printf('beats moved %d bytes, the ports counted %d', a,"
              " b) from (select (select value from run where"
              " key = 'beat_bytes') as a, (select coalesce(sum(bytes_moved),"
              " 0) from traffic t join kind k on k.name = t.kind"
              " where k.recorded and region_id is not null) as b)"
              " where a <> b");
}

const Invariant total_invariants[] = {
    {"busy <= elapsed", "select printf('%s was busy for %d of %d cycles', bus,"
                        " busy_cycles, elapsed_cycles) from bus_load"
                        " where busy_cycles > elapsed_cycles"},
    {"bus waits",
     "select printf('%s waited %d cycles, initiators on it %d', bus,"
     " wait_cycles, n) from (select b.bus, b.wait_cycles,"
     " coalesce((select sum(c.wait_cycles) from contention c"
     " where c.bus = b.bus), 0) as n from bus_load b)"
     " where n <> wait_cycles"},
    {"cycles by category",
     "select printf('%s has %d cycles, its categories %d', h.name,"
     " h.cycles, sum(c.cycles)) from hart h join hart_cycles c"
     " on c.hart = h.name group by h.name having"
     " sum(c.cycles) <> h.cycles or min(c.cycles) < 0"},
    {"cycles by function",
     "select printf('%s ran for %d cycles, its functions %d', name,"
     " busy, n) from (select name, cycles - idle_cycles as busy,"
     " coalesce((select sum(f.cycles) from function_cost f"
     " where f.hart = name), 0) as n from hart) where n <> busy"},
    {"instructions by function",
     /* one that traps is begun but does not retire */
     "select printf('%s retired %d instructions in %d traps, its"
     " functions began %d', name, instructions, traps, n) from"
     " (select name, instructions, traps,"
     " coalesce((select sum(f.instructions) from function_cost f"
     " where f.hart = name), 0) as n from hart)"
     " where n not between instructions and instructions + traps"},
    {"cycles by line",
     "select printf('%s spent %d cycles, its source lines %d', hart, cycles,"
     " n) from (select hart, sum(cycles) as cycles, (select sum(l.cycles)"
     " from line_cost l where l.hart = f.hart) as n from function_cost f"
     " group by hart) where n <> cycles"},
    {"hits + misses",
     "select printf('%s: %d accesses, %d hits, %d misses', cache, accesses,"
     " hits, misses) from cache_level where hits + misses <> accesses"},
    {"bytes per bus",
     "select printf('%s moved %d bytes, initiators on it %d, bridges to it"
     " %d', bus, bytes, n, over) from (select b.bus, b.bytes, (select "
     "sum(bytes_moved)"
     " from traffic t join initiator i on i.id = t.initiator_id"
     " where i.bus = b.bus and t.kind <> 'fetch') as n,"
     " (select sum(bytes) from bridge g where g.far_bus = b.bus) as over,"
     " (select sum(c.bytes) from cache_level c join initiator i"
     " on i.id = c.initiator_id where i.bus = b.bus and c.part = 'fetch')"
     " as lines,"
     " (select sum(errors) from traffic t"
     " join initiator i on i.id = t.initiator_id"
     " where i.bus = b.bus or exists (select 1 from bridge g"
     " where g.far_bus = b.bus)) as errors from bus_load b)"
     " where coalesce(n, 0) + coalesce(lines, 0) + coalesce(over, 0) <> bytes"
     " and errors = 0"},
    {"posted stores",
     "select printf('%s posted %d stores, %d drained', region, stores, n) from"
     " (select region, stores, (select coalesce(sum(f.stores), 0) from"
     " posted_flush f where f.region_id = p.region_id) as n"
     " from posted_cost p) where n > stores or (n < stores and (select value"
     " from run where key = 'stop') <> 'interrupted')"},
    {"posted beats",
     "select printf('%s took %d beats, its regions %d', name, n, beats) from"
     " (select i.name, sum(p.beats) as beats, (select coalesce(sum(t.beats),"
     " 0) from traffic t where t.initiator_id = i.id) as n from posted_cost p"
     " join initiator i on i.id = p.initiator_id group by i.id)"
     " where n <> beats"},
    {"busy <= elapsed per target",
     "select printf('%s was busy with %s for %d of %d cycles', bus, target,"
     " busy_cycles, elapsed_cycles) from bus_target"
     " where busy_cycles > elapsed_cycles"},
    {"bytes per target",
     "select printf('%s moved %d bytes, its targets %d', bus, bytes, n) from"
     " (select b.bus, b.bytes, (select sum(t.bytes) from bus_target t"
     " where t.bus = b.bus) as n from bus_load b) where n <> bytes"},
    {0},
};

static void check_totals(TraceStore *ts)
{
    for (const Invariant *i = total_invariants; i->name; i++) {
        check_sql(ts, i->name, i->sql);
    }
}

/* -- metric values -------------------------------------------------------- */

static void write_metric(TraceStore *ts, const Metric *m)
{
    sqlite3_stmt *stmt = NULL;
    int rc = ts->error ? SQLITE_ABORT
                       : sqlite3_prepare_v2(ts->db, m->sql, -1, &stmt, NULL);
    bool scalar = rc == SQLITE_OK && sqlite3_column_count(stmt) == 1;
    if (scalar) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW &&
            sqlite3_column_type(stmt, 0) == SQLITE_INTEGER) {
            store_run(ts, "update metric set value = ? where name = ?", "it",
                      (int64_t)sqlite3_column_int64(stmt, 0), m->name);
        } else if (rc == SQLITE_ROW &&
                   sqlite3_column_type(stmt, 0) == SQLITE_FLOAT) {
            store_run(ts, "update metric set value = ? where name = ?", "rt",
                      sqlite3_column_double(stmt, 0), m->name);
        }
    }
    if (rc != SQLITE_OK && rc != SQLITE_ROW && !ts->error) {
        store_fail(ts, rc);
    }
    sqlite3_finalize(stmt);
}

void summary_finish(TraceStore *ts)
{
    trace_set_run_number(ts, "tx_rows", ts->rows);
    if (ts->end_ps) {
        store_run(ts, "insert or ignore into run values('time_ps', ?)", "u",
                  ts->end_ps);
    }
    count_write(ts);
    lines_write(ts);
    polling_write(ts);
    fields_write(ts);
    registers_write(ts);
    if (ts->recovered) {
        store_script(ts, traffic_of_rows);
    }
    store_script(ts, derive);
    write_completeness(ts);
    if (ts->recording) {
        check_records(ts);
    }
    check_totals(ts);
    for (const Metric *m = metrics; m->name; m++) {
        write_metric(ts, m);
    }
}
