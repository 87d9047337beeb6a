/*
 * metrics.c - every number the report prints, as SQL over the tables of a run.
 *
 * They read the summaries only, never tx: a report takes the same time for a
 * hundred transactions and for a thousand million. Column names carry the unit;
 * _percent columns are shares.
 */
#include "traces/store.h"

const Metric metrics[] = {
    /* -- the run ----------------------------------------------------------- */
    {"simulated_time", "us", "Simulated time from power-on to the end.",
     "select round(coalesce((select value from run where key = 'time_ps'), 0)"
     " / 1000000.0, 3)",
     "exact"},
    {"cycles", "cycles", "Cycles of the hart that has most, idle included.",
     "select coalesce(max(cycles), 0) from hart", "modelled"},
    {"instructions", "instructions", "Retired instructions of all harts.",
     "select coalesce(sum(instructions), 0) from hart", "exact"},
    {"cpi", "cycles per instruction",
     "Cycles that are not idle per retired instruction, all harts.",
     "select round(1.0 * sum(cycles - idle_cycles) / "
     "nullif(sum(instructions), 0), 3) from hart",
     "modelled"},
    {"traps", "traps", "Exceptions taken, all harts.",
     "select coalesce(sum(traps), 0) from hart", "exact"},
    {"interrupts", "interrupts", "Interrupts taken, all harts.",
     "select coalesce(sum(interrupts), 0) from hart", "exact"},
    {"transactions", "transactions",
     "Accesses of all initiators, instruction fetches included.",
     "select coalesce(sum(accesses), 0) from traffic", "exact"},
    {"bytes", "bytes", "Bytes asked for by all transactions.",
     "select coalesce(sum(bytes), 0) from traffic", "exact"},
    {"failed_transactions", "transactions",
     "Transactions answered with anything but ok.",
     "select coalesce(sum(errors), 0) from traffic", "exact"},
    {"tx_rows", "rows", "Transactions recorded in tx.",
     "select coalesce((select value from run where key = 'tx_rows'), 0)",
     "exact"},
    {"wait_cycles", "cycles",
     "Initiator cycles in which transactions waited for others on a bus.",
     "select coalesce(sum(wait_cycles), 0) from traffic", "modelled"},
    {"checks_run", "checks", "Invariants checked when the run was closed.",
     "select count(*) from check_result", "exact"},
    {"checks_failed", "checks", "Invariants that did not hold.",
     "select coalesce(sum(not ok), 0) from check_result", "exact"},

    /* -- tables ------------------------------------------------------------ */
    {"cycles_by_category", "table",
     "What each hart's cycles were spent on. executing: the timing profile's "
     "cycles; wait, bus, target: cycles of loads, stores and atomics beyond "
     "it; fetch_stall: cycles of fetches beyond it; walk: waiting for page "
     "tables; idle: asleep.",
     "select hart, category, cycles, round(100.0 * cycles / nullif("
     "sum(cycles) over (partition by hart), 0), 1) as share_percent "
     "from hart_cycles where cycles <> 0 order by rowid",
     "modelled"},
    {"cycles_by_function", "table",
     "Cycles by the function of the code that spent them, idle excluded; "
     "instructions: begun (one that traps does not retire); calls: how often "
     "the function's first instruction began a block.",
     "select coalesce(symbol, '(no symbol)') as function, "
     "sum(cycles) as cycles, round(100.0 * sum(cycles) / nullif("
     "sum(sum(cycles)) over (), 0), 1) as share_percent, "
     "sum(instructions) as instructions, "
     "round(1.0 * sum(cycles) / nullif(sum(instructions), 0), 2) as cpi, "
     "sum(entries) as calls from function_cost group by symbol "
     "order by 2 desc, 1",
     "modelled"},
    {"cycles_by_region", "table",
     "What answered: accesses, and the initiators' cycles waiting for the bus, "
     "on the bus and in the target. Fetch cycles overlap with execution.",
     "with sums as (select coalesce(region, '(nothing there)') as region, "
     "iif(kind = 'fetch', 'fetch', 'data') as what, "
     "sum(accesses) as accesses, sum(bytes) as bytes, "
     "sum(wait_cycles) as wait_cycles, sum(bus_cycles) as bus_cycles, "
     "sum(target_cycles) as target_cycles, "
     "sum(wait_cycles + bus_cycles + target_cycles) as cycles "
     "from traffic group by 1, 2) "
     "select region, what, accesses, bytes, wait_cycles, bus_cycles, "
     "target_cycles, round(100.0 * cycles / nullif(sum(cycles) over (), 0), "
     "1) as share_percent from sums "
     "order by cycles desc, accesses desc, region, what",
     "modelled"},
    {"bus_utilisation", "table",
     "Per bus: cycles it was held per cycle of the run, bytes moved per byte "
     "it could have moved. Buses that moved something; instruction fetches are "
     "not arbitrated and not in these figures.",
     "select bus, 8 * width_bytes as width_bits, "
     "clock_hz / 1000000.0 as clock_mhz, transactions, beats, bytes, "
     "busy_cycles, round(100.0 * busy_cycles / nullif(elapsed_cycles, 0), 1) "
     "as busy_percent, round(100.0 * bytes / nullif(peak_bytes, 0), 1) "
     "as of_peak_percent, wait_cycles from bus_load "
     "where transactions > 0 order by rowid",
     "modelled"},
    {"bus_contention", "table",
     "Who waited for whom on which bus: times, and cycles of the bus.",
     "select bus, coalesce(initiator, '?') as initiator, "
     "coalesce(blocker, '?') as blocked_by, waits, wait_cycles, "
     "round(1.0 * wait_cycles / nullif(waits, 0), 2) as cycles_per_wait "
     "from contention order by wait_cycles desc, bus, initiator, blocker",
     "modelled"},
    {"hot_registers", "table",
     "Device registers by accesses, with the initiators' cycles spent on them.",
     "select region || '.' || coalesce(nullif(register, ''), "
     "printf('0x%x', offset)) as register, dir, sum(accesses) as accesses, "
     "sum(bytes) as bytes, sum(wait_cycles + bus_cycles + target_cycles) "
     "as cycles from hot_address where type = 'io' group by 1, 2 "
     "order by 3 desc, 1, 2",
     "modelled"},
    {"size_splits", "table",
     "Accesses cut into several beats because the bus or the device is "
     "narrower; amplification: beats per access.",
     "select coalesce(region, '(nothing there)') as region, kind, dir, "
     "size as size_bytes, accesses, beats, extra_beats, amplification "
     "from split_cost order by extra_beats desc, region, kind, dir, size",
     "exact"},
    {"phase_cycles", "table",
     "Phases marked by the guest, in cycles of the hart that marked them.",
     "select seq, id, round(begin_ps / 1000000.0, 3) as begin_us, cycles, "
     "round(100.0 * cycles / nullif((select max(cycles) from hart), 0), 1) "
     "as share_percent from phase order by seq",
     "modelled"},
    {"failures", "table", "Transactions answered with anything but ok.",
     "select initiator, coalesce(region, '(nothing there)') as region, kind, "
     "dir, size as size_bytes, errors from traffic where errors > 0 "
     "order by errors desc, initiator, region, kind, dir, size",
     "exact"},
    {0},
};
