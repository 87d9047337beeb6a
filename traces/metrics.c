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
    {"cache_accesses", "lines",
     "Look-ups of lines in caches; an access that crosses into another line "
     "has two.",
     "select coalesce(sum(accesses), 0) from cache_level", "modelled"},
    {"cache_misses", "lines", "Look-ups that did not find their line.",
     "select coalesce(sum(misses), 0) from cache_level", "modelled"},
    {"cache_writebacks", "lines",
     "Dirty lines that were written back to make room.",
     "select coalesce(sum(writebacks), 0) from cache_level", "modelled"},
    {"cache_bytes", "bytes",
     "Bytes that caches moved: lines fetched and written back, stores passed "
     "on.",
     "select coalesce(sum(bytes), 0) from cache_level", "modelled"},
    {"late_requests", "requests",
     "Requests that generators and players issued after they were due, or "
     "not at all.",
     "select coalesce(sum(late + missed), 0) from traffic_source", "exact"},
    {"late_cycles_max", "cycles",
     "Cycles of its initiator by which the latest of those was late.",
     "select coalesce(max(late_cycles_max), 0) from traffic_source",
     "modelled"},
    {"posted_stores", "stores",
     "Stores that went into a posted-write buffer (posted_cost).",
     "select coalesce(sum(stores), 0) from posted_cost", "exact"},
    {"posted_beats", "beats",
     "Beats that posted stores took on the bus, combined.",
     "select coalesce(sum(beats), 0) from posted_cost", "exact"},
    {"posted_beats_saved", "beats",
     "Beats that they would have taken one by one, less those they took.",
     "select coalesce(sum(beats_saved), 0) from posted_cost", "exact"},
    {"posted_stall_cycles", "cycles",
     "Bus cycles that stores waited for room in a posted-write buffer.",
     "select coalesce(sum(stall_cycles), 0) from posted_cost", "modelled"},
    {"posted_avoided_cycles", "cycles",
     "Bus cycles that posted stores would have taken their initiators on an "
     "idle bus, less those they took.",
     "select coalesce(sum(avoided_cycles), 0) from posted_cost", "modelled"},
    {"posted_flushes", "flushes",
     "Times that posted stores were made to drain, whatever the cause.",
     "select coalesce(sum(flushes), 0) from posted_flush", "exact"},
    {"checks_run", "checks", "Invariants checked when the run was closed.",
     "select count(*) from check_result", "exact"},
    {"checks_failed", "checks", "Invariants that did not hold.",
     "select coalesce(sum(not ok), 0) from check_result", "exact"},

    /* -- tables ------------------------------------------------------------ */
    {"timing", "table",
     "How the harts' cycles were worked out: the timing profile, its level "
     "(none: a cycle per instruction; table: a cost per class and hazards; "
     "pipeline: the core's own), where its costs come from, and which are "
     "estimates.",
     "select profile, timing_level as level, profile_source as source, "
     "timing_estimates as estimates, count(*) as harts from hart "
     "group by 1, 2, 3, 4 order by min(rowid)",
     "exact"},
    {"cycles_by_category", "table",
     "What each hart's cycles were spent on. executing: the timing profile's "
     "cycles; wait, bus, target: cycles of loads, stores and atomics beyond "
     "it; fetch_stall: cycles of fetches beyond it; walk: waiting for page "
     "tables; idle: asleep. At level pipeline fetches are part of executing "
     "(fetch_stall is 0), and wait, bus and target are those of the data port, "
     "which may go on while the hart executes.",
     "select hart, category, cycles, round(100.0 * cycles / nullif("
     "sum(cycles) over (partition by hart), 0), 1) as share_percent "
     "from hart_cycles where cycles <> 0 order by rowid",
     "modelled"},
    {"cycles_by_hart", "table",
     "cycles_by_category with a row per hart: its cycles, and the share of "
     "each "
     "category.",
     "select hart, sum(cycles) as cycles, "
     "round(100.0 * sum(cycles) filter (where category = 'executing') / "
     "nullif(sum(cycles), 0), 1) as executing_percent, "
     "round(100.0 * sum(cycles) filter (where category = 'wait') / "
     "nullif(sum(cycles), 0), 1) as wait_percent, "
     "round(100.0 * sum(cycles) filter (where category = 'bus') / "
     "nullif(sum(cycles), 0), 1) as bus_percent, "
     "round(100.0 * sum(cycles) filter (where category = 'target') / "
     "nullif(sum(cycles), 0), 1) as target_percent, "
     "round(100.0 * sum(cycles) filter (where category = 'fetch_stall') / "
     "nullif(sum(cycles), 0), 1) as fetch_stall_percent, "
     "round(100.0 * sum(cycles) filter (where category = 'walk') / "
     "nullif(sum(cycles), 0), 1) as walk_percent, "
     "round(100.0 * sum(cycles) filter (where category = 'idle') / "
     "nullif(sum(cycles), 0), 1) as idle_percent "
     "from hart_cycles group by hart order by min(rowid)",
     "modelled"},
    {"cycles_by_function", "table",
     "Cycles by the function of the code that spent them, idle excluded; "
     "instructions: begun (one that traps does not retire); calls: how often "
     "the function's first instruction began a block; source: its line.",
     "with at as (select y.name, l.file || ':' || l.line as source, "
     "min(y.address) from symbol y join source_line l "
     "on l.address = y.address group by y.name) "
     "select coalesce(f.symbol, '(no symbol)') as function, "
     "sum(f.cycles) as cycles, round(100.0 * sum(f.cycles) / nullif("
     "sum(sum(f.cycles)) over (), 0), 1) as share_percent, "
     "sum(f.instructions) as instructions, "
     "round(1.0 * sum(f.cycles) / nullif(sum(f.instructions), 0), 2) as cpi, "
     "sum(f.entries) as calls, max(at.source) as source from function_cost f "
     "left join at on at.name = f.symbol group by f.symbol "
     "order by 2 desc, 1",
     "modelled"},
    {"cycles_by_line", "table",
     "Cycles by source line of the code that spent them, idle excluded. A "
     "basic "
     "block of several lines gives each its share by bytes of code. accesses, "
     "bytes, stall_cycles: of recorded loads, stores and atomics; stall_cycles "
     "are waiting for the bus, on the bus and in the target.",
     "select coalesce(file || ':' || line, '(no line)') as source, "
     "coalesce(symbol, '(no symbol)') as function, sum(cycles) as cycles, "
     "round(100.0 * sum(cycles) / nullif(sum(sum(cycles)) over (), 0), 1) "
     "as share_percent, sum(instructions) as instructions, "
     "sum(accesses) as accesses, sum(bytes) as bytes, "
     "sum(stall_cycles) as stall_cycles from line_cost "
     "group by file, line, symbol order by 3 desc, 1, 2",
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
     "target_cycles, cycles, round(100.0 * cycles / "
     "nullif(sum(cycles) over (), 0), 1) as share_percent from sums "
     "order by cycles desc, accesses desc, region, what",
     "modelled"},
    {"bus_utilisation", "table",
     "Per bus: cycles it was held per cycle of the run, bytes moved per byte "
     "it could have moved. Buses that moved something; instruction fetches are "
     "not arbitrated and not in these figures. Of a crossbar: its busiest "
     "target, and a line BUS > TARGET for each. BUS -> FAR: what passed a "
     "bridge.",
     "select bus, width_bits, clock_mhz, transactions, beats, bytes, "
     "busy_cycles, round(100.0 * busy_cycles / nullif(elapsed_cycles, 0), 1) "
     "as busy_percent, round(100.0 * bytes / nullif(peak_bytes, 0), 1) "
     "as of_peak_percent, wait_cycles from "
     "(select bus, 8 * width_bytes as width_bits, "
     "clock_hz / 1000000.0 as clock_mhz, transactions, beats, bytes, "
     "busy_cycles, elapsed_cycles, peak_bytes, wait_cycles, rowid as b, "
     "0 as n, 0 as r from bus_load "
     "union all select t.bus || ' > ' || coalesce(t.target, '(no target)'), "
     "8 * l.width_bytes, l.clock_hz / 1000000.0, t.transactions, t.beats, "
     "t.bytes, t.busy_cycles, t.elapsed_cycles, "
     "t.elapsed_cycles * l.width_bytes, t.wait_cycles, l.rowid, 1, t.rowid "
     "from bus_target t join bus_load l on l.bus = t.bus "
     "union all select g.bus || ' -> ' || g.far_bus, null, null, "
     "g.transactions, null, g.bytes, null, null, null, null, l.rowid, 2, "
     "g.rowid from bridge g join bus_load l on l.bus = g.bus) "
     "where transactions > 0 order by b, n, r",
     "modelled"},
    {"caches", "table",
     "Per cache: look-ups of lines, how many found theirs, lines fetched and "
     "written back, stores passed on to memory, bytes of all these.",
     "select cache, size / 1024.0 as size_kib, ways, "
     "line_bytes as line_bytes, replacement, accesses, misses, "
     "round(100.0 * hits / nullif(accesses, 0), 2) as hit_percent, fills, "
     "writebacks, throughs, bytes from cache_level order by rowid",
     "modelled"},
    {"bus_contention", "table",
     "Who waited for whom on which bus: times, and cycles of the bus. (slot): "
     "for its own slot of a TDM bus, with nobody in the way.",
     "select bus, coalesce(initiator, '?') as initiator, "
     "coalesce(blocker, '(slot)') as blocked_by, waits, wait_cycles, "
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
    {"register_fields", "table",
     "Fields of device registers that software wrote: how often, how often to "
     "another value than the register's access before had there, and the last "
     "such change.",
     "select region || '.' || register || '.' || field as field, writes, "
     "changes, last_before || '->' || last_value as last_change "
     "from field_change order by changes desc, writes desc, field",
     "exact"},
    {"polling_loops", "table",
     "Loops that read one device register, of recorded accesses: at least 4 "
     "reads in a row by one initiator from one pc, all of the same value and "
     "with no other device access of that initiator between them. cycles: of "
     "the initiator, from the issue of the first read to the issue of the one "
     "that gave another value (else of the last). ended_by: what ended the "
     "last loop there; null: not another value.",
     "select p.initiator, p.region || '.' || coalesce(nullif(p.register, ''), "
     "printf('0x%x', p.offset)) as register, "
     "coalesce(p.symbol, '(no symbol)') as function, "
     "iif(p.pc is null, '(none)', printf('0x%x', p.pc)) as pc, p.loops, "
     "p.reads, p.cycles, round(100.0 * p.cycles * 1e12 / nullif(c.hz, 0) / "
     "nullif((select value from run where key = 'time_ps'), 0), 1) "
     "as of_run_percent, p.longest_cycles, printf('0x%x', p.last_value) "
     "as value, iif(p.end_value is null, null, printf('0x%x', p.end_value)) "
     "as ended_by from polling_loop p "
     "left join initiator i on i.id = p.initiator_id "
     "left join clock c on c.id = i.clock_id "
     "order by p.cycles desc, p.rowid",
     "modelled"},
    {"size_splits", "table",
     "Accesses cut into several beats because the bus or the device is "
     "narrower; amplification: beats per access.",
     "select coalesce(region, '(nothing there)') as region, kind, dir, "
     "size as size_bytes, accesses, beats, extra_beats, amplification "
     "from split_cost order by extra_beats desc, region, kind, dir, size",
     "exact"},
    {"posted_writes", "table",
     "Stores that waited in a buffer and were combined: per region the bursts "
     "and beats they became, those saved, and cycles of the bus. avoided: what "
     "the stores would have taken on an idle bus one by one, less what they "
     "took, stalls for want of room included.",
     "select region, buffer, stores, bytes, bursts, beats, lone_beats, "
     "beats_saved, round(1.0 * stores / nullif(bursts, 0), 2) "
     "as stores_per_burst, stalls, stall_cycles, avoided_cycles, errors "
     "from posted_cost order by stores desc, region",
     "modelled"},
    {"posted_flush_causes", "table",
     "What made posted stores drain: times, stores that were waiting, and "
     "cycles of the bus for which an initiator waited for it. full: no room "
     "for another store; timeout: the oldest waited long enough; access: by "
     "the same initiator, other than a posted store; initiator: by another "
     "one; fence, interrupt: of the hart; map, explicit: asked for through "
     "the memory API; stop: the run was over.",
     "select region, buffer, cause, flushes, stores, "
     "round(1.0 * stores / nullif(flushes, 0), 2) as stores_per_flush, "
     "wait_cycles from posted_flush order by region, flushes desc, cause",
     "modelled"},
    {"phase_cycles", "table",
     "Phases that the guest marked (id), or that began with what a console "
     "said (name), in cycles of the first hart.",
     "select seq, id, name, round(begin_ps / 1000000.0, 3) as begin_us, "
     "cycles, "
     "round(100.0 * cycles / nullif((select max(cycles) from hart), 0), 1) "
     "as share_percent from phase order by seq",
     "modelled"},
    {"failures", "table", "Transactions answered with anything but ok.",
     "select initiator, coalesce(region, '(nothing there)') as region, kind, "
     "dir, size as size_bytes, errors from traffic where errors > 0 "
     "order by errors desc, initiator, region, kind, dir, size",
     "exact"},

    /* -- traffic ----------------------------------------------------------- */
    {"read_write_mix", "table",
     "Accesses and bytes asked for by kind and direction, with the share of "
     "each in all.",
     "select kind, dir, sum(accesses) as accesses, "
     "round(100.0 * sum(accesses) / nullif(sum(sum(accesses)) over (), 0), 1) "
     "as share_percent, sum(bytes) as bytes, round(100.0 * sum(bytes) / "
     "nullif(sum(sum(bytes)) over (), 0), 1) as of_bytes_percent "
     "from traffic group by kind, dir order by 3 desc, kind, dir",
     "exact"},
    {"access_sizes", "table",
     "Accesses by size; amplification: beats per access, and bytes that the "
     "beats moved per byte asked for.",
     "select coalesce(region, '(nothing there)') as region, kind, dir, "
     "size as size_bytes, sum(accesses) as accesses, sum(beats) as beats, "
     "round(1.0 * sum(beats) / nullif(sum(accesses), 0), 3) "
     "as beats_per_access, sum(bytes) as bytes, "
     "sum(bytes_moved) as moved_bytes, "
     "round(1.0 * sum(bytes_moved) / nullif(sum(bytes), 0), 3) "
     "as moved_per_asked from traffic group by region, kind, dir, size "
     "order by 5 desc, 1, kind, dir, size",
     "exact"},
    {"regions_untouched", "table",
     "Regions of the map that no transaction reached, instruction fetches "
     "included.",
     "select name as region, type, printf('0x%x', address) as address, "
     "size as size_bytes from region where id not in (select region_id "
     "from traffic where accesses > 0 and region_id is not null) order by id",
     "exact"},
    {"registers_untouched", "table",
     "Registers that no recorded access reached, of devices that one did "
     "(regions_untouched has the others); arrays when it reached none of "
     "their registers.",
     "select r.name || '.' || d.name || iif(d.registers > 1, '[]', '') "
     "as register, printf('0x%x', d.offset) as offset, d.access, d.registers "
     "from device_register d join region r on r.id = d.region_id "
     "where d.touched = 0 and d.region_id in (select region_id "
     "from device_register where touched > 0) "
     "order by d.region_id, d.offset, d.rowid",
     "exact"},
    {"traffic_sources", "table",
     "What generators and players did, and what was asked of them. late: "
     "requests issued after they were due, because their initiator had as many "
     "under way as it may have; missed: due, and never issued. Either by at "
     "most "
     "late_cycles_max, as far as the run goes. longest_cycles: "
     "from due (of a closed loop: from issue) to done. MB/s: of the time from "
     "the first issue to the last completion.",
     "select initiator, pace, outstanding, requests, bytes, "
     "round(1000000.0 * bytes / nullif(end_ps - begin_ps, 0), 2) as mb_per_s, "
     "round(asked_bytes_per_s / 1000000.0, 2) as asked_mb_per_s, "
     "late, missed, late_cycles_max, longest_cycles from traffic_source "
     "order by rowid",
     "exact"},
    {"traffic_over_time", "table",
     "Recorded bytes per initiator and window of time (traffic_window); an "
     "access counts where it was issued, the last window ends with the run. "
     "of_peak: bytes moved per byte its bus could have moved. A burst that "
     "began late in a window may make more than 100.",
     "with w as (select *, min(end_ps, coalesce((select value from run where "
     "key = 'time_ps'), end_ps)) - begin_ps as ps from traffic_window) "
     "select w.initiator, i.part, w.begin_ps / 1000000.0 as begin_us, "
     "sum(w.accesses) as accesses, sum(w.bytes) as bytes, "
     "round(1000000.0 * sum(w.bytes) / nullif(max(w.ps, 0), 0), 3) "
     "as mb_per_s, round(1e14 * sum(w.bytes_moved) / nullif(max(w.ps, 0), 0) "
     "/ nullif(b.width_bytes * c.hz, 0), 1) as of_peak_percent "
     "from w left join initiator i on i.id = w.initiator_id "
     "left join bus b on b.name = i.bus left join clock c on c.id = b.clock_id "
     "group by w.initiator_id, w.begin_ps order by w.initiator_id, w.begin_ps",
     "exact"},
    {"bus_load_over_time", "table",
     "Recorded bytes moved per bus and window of time, by initiators that sit "
     "on it; instruction fetches are not arbitrated and left out. of_peak: "
     "per byte it could have moved.",
     "with w as (select *, min(end_ps, coalesce((select value from run where "
     "key = 'time_ps'), end_ps)) - begin_ps as ps from traffic_window "
     "where kind <> 'fetch') "
     "select b.name as bus, w.begin_ps / 1000000.0 as begin_us, "
     "sum(w.accesses) as transactions, sum(w.bytes_moved) as moved_bytes, "
     "round(1000000.0 * sum(w.bytes_moved) / nullif(max(w.ps, 0), 0), 3) "
     "as mb_per_s, round(1e14 * sum(w.bytes_moved) / nullif(max(w.ps, 0), 0) "
     "/ nullif(b.width_bytes * c.hz, 0), 1) as of_peak_percent, "
     "b.width_bytes * c.hz / 1000000.0 as peak_mb_per_s, "
     "sum(w.wait_cycles) as wait_cycles "
     "from w join initiator i on i.id = w.initiator_id "
     "join bus b on b.name = i.bus left join clock c on c.id = b.clock_id "
     "group by b.id, w.begin_ps order by b.id, w.begin_ps",
     "modelled"},

    /* -- latency ----------------------------------------------------------- */
    {"latency", "table",
     "Cycles of the initiator from issue to done, of recorded transactions; "
     "mean of the whole and of its parts: waiting for others, on the bus, in "
     "the target. pN: N of 100 accesses took no longer; exact below 64 "
     "cycles, else the longest of a class an eighth of a power of two wide. "
     "The mean and the longest are exact.",
     "with h as (select *, sum(accesses) over (partition by initiator_id, "
     "region_id, dir, part order by cycles_from) as seen, sum(accesses) over "
     "(partition by initiator_id, region_id, dir, part) as n "
     "from latency_histogram) "
     "select h.initiator, i.part, "
     "coalesce(h.region, '(nothing there)') as region, dir, "
     "max(n) as accesses, "
     "round(1.0 * sum(cycles) filter (where h.part = 'total') / max(n), 2) "
     "as mean_cycles, "
     "min(cycles_max) filter (where h.part = 'total' and 2 * seen >= n) "
     "as p50_cycles, "
     "min(cycles_max) filter (where h.part = 'total' and 10 * seen >= 9 * n) "
     "as p90_cycles, "
     "min(cycles_max) filter (where h.part = 'total' and 100 * seen >= 99 * n) "
     "as p99_cycles, "
     "max(cycles_max) filter (where h.part = 'total') as max_cycles, "
     "round(1.0 * sum(cycles) filter (where h.part = 'wait') / max(n), 2) "
     "as mean_wait_cycles, "
     "round(1.0 * sum(cycles) filter (where h.part = 'bus') / max(n), 2) "
     "as mean_bus_cycles, "
     "round(1.0 * sum(cycles) filter (where h.part = 'target') / max(n), 2) "
     "as mean_target_cycles "
     "from h left join initiator i on i.id = h.initiator_id "
     "group by initiator_id, region_id, dir "
     "order by sum(cycles) filter (where h.part = 'total') desc, initiator_id, "
     "region_id, dir",
     "modelled"},

    /* -- places ------------------------------------------------------------ */
    {"hot_pages", "table",
     "Pages of 4 KiB of memories by recorded accesses, instruction fetches "
     "left out, with the initiators' cycles spent on them.",
     "select region, printf('0x%x', offset) as page, "
     "sum(accesses) as accesses, sum(bytes) as bytes, "
     "sum(wait_cycles + bus_cycles + target_cycles) as cycles "
     "from hot_page group by region, offset order by 3 desc, region, offset",
     "modelled"},
    {"hot_pcs", "table",
     "Instructions by the cycles of their recorded loads, stores and atomics; "
     "the first 1000.",
     "select printf('0x%x', s.pc) as pc, "
     "coalesce(y.name, '(no symbol)') as function, "
     "sum(x.accesses) as accesses, sum(x.bytes) as bytes, "
     "sum(x.wait_cycles + x.bus_cycles + x.target_cycles) as cycles, "
     "round(100.0 * sum(x.wait_cycles + x.bus_cycles + x.target_cycles) / "
     "nullif(sum(sum(x.wait_cycles + x.bus_cycles + x.target_cycles)) "
     "over (), 0), 1) as share_percent "
     "from tx_site x join site s on s.id = x.site "
     "left join symbol y on y.id = s.symbol_id "
     "join kind k on k.id = s.kind_id "
     "where s.pc is not null and k.name <> 'fetch' group by s.pc "
     "order by 5 desc, 3 desc, s.pc limit 1000",
     "modelled"},
    {"alignment", "table",
     "Recorded accesses at addresses that are no multiple of their size, by "
     "instruction: the beats they took beyond one each, and all their cycles.",
     "select coalesce(y.name, '(no symbol)') as function, "
     "iif(s.pc is null, '(none)', printf('0x%x', s.pc)) as pc, "
     "coalesce(r.name, '(nothing there)') as region, s.dir, "
     "s.size as size_bytes, sum(x.unaligned) as unaligned, "
     "sum(x.unaligned_beats) - sum(x.unaligned) as extra_beats, "
     "sum(x.unaligned_cycles) as cycles "
     "from tx_site x join site s on s.id = x.site "
     "left join symbol y on y.id = s.symbol_id "
     "left join region r on r.id = s.region_id "
     "join kind k on k.id = s.kind_id "
     "where x.unaligned > 0 and k.name <> 'fetch' "
     "group by s.pc, s.region_id, s.dir, s.size "
     "order by 8 desc, 6 desc, s.pc, r.name, s.dir, s.size",
     "modelled"},
    {0},
};
