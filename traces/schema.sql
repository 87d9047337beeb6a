-- schema.sql - the tables of a run database, version 2 (docs/database.md).
--
-- Units: times are picoseconds since power-on, cycles are those of the
-- initiator's clock domain unless a column says otherwise, sizes are bytes.
-- 64-bit values and addresses are stored as the int64 with the same bits.
-- No indexes: they would cost more than the rows while a machine runs.
-- tx, beat and tx_group are virtual tables over chunk_data (vtab_*.c):
-- socscope and the loadable extension have them; how they are stored may
-- change, their columns may not. What older versions wrote stays readable: a
-- version adds, and says here how the one before was stored (1: tx and beat
-- were views of plain tables).

create table run(key text primary key, value) without rowid;

-- Dictionaries ---------------------------------------------------------------

create table clock(id integer primary key, name text, hz integer);
create table initiator(id integer primary key, name text, kind text,
    owner text, part text, clock_id integer, priority integer, bus text);
create table bus(id integer primary key, name text, width_bytes integer,
    clock_id integer, overhead_cycles integer, arbitration text,
    kind text, burst_beats integer, outstanding integer);
create table region(id integer primary key, name text, type text, bus text,
    address integer, size integer, device text);
create table region_map(time integer, region_id integer, address integer,
    mapped integer, size integer);
create table symbol(id integer primary key, address integer, size integer,
    name text);
-- Only lines whose code ran or accessed memory; ranges do not overlap.
create table source_line(address integer primary key, size integer,
    file text, line integer);
create table kind(id integer primary key, name text, recorded integer);
create table site(id integer primary key, initiator_id integer,
    kind_id integer, dir text, size integer, pc integer, symbol_id integer,
    region_id integer, bus_id integer);
create table result_name(id integer primary key, name text);
insert into result_name values (0, 'ok'), (1, 'error'), (2, 'decode'),
    (3, 'error decode'), (4, 'access'), (5, 'error access'),
    (6, 'decode access'), (7, 'error decode access');
create table flag_name(id integer primary key, name text);
insert into flag_name values (0, ''), (1, 'unaligned'), (2, 'split'),
    (3, 'unaligned split'), (4, 'widened'), (5, 'unaligned widened'),
    (6, 'split widened'), (7, 'unaligned split widened'), (8, 'coalesced'),
    (9, 'unaligned coalesced'), (10, 'split coalesced'),
    (11, 'unaligned split coalesced'), (12, 'widened coalesced'),
    (13, 'unaligned widened coalesced'), (14, 'split widened coalesced'),
    (15, 'unaligned split widened coalesced'), (16, 'strobed'),
    (17, 'unaligned strobed'), (18, 'split strobed'),
    (19, 'unaligned split strobed'), (20, 'widened strobed'),
    (21, 'unaligned widened strobed'), (22, 'split widened strobed'),
    (23, 'unaligned split widened strobed'), (24, 'coalesced strobed'),
    (25, 'unaligned coalesced strobed'), (26, 'split coalesced strobed'),
    (27, 'unaligned split coalesced strobed'),
    (28, 'widened coalesced strobed'),
    (29, 'unaligned widened coalesced strobed'),
    (30, 'split widened coalesced strobed'),
    (31, 'unaligned split widened coalesced strobed');
create table cause(id integer primary key, name text);

-- Every transaction and its beats ----------------------------------------------

-- A chunk holds rows [row0, row0 + rows) of tx, recorded in
-- [first_time, last_time] (last: begun); buffer: of the order of hand-over.
create table chunk(id integer primary key, row0 integer, rows integer,
    records integer, first_time integer, last_time integer, buffer integer);
create table chunk_data(id integer primary key, codec integer, body blob);
-- Private: what a record's site is beyond rows [site, ...) of site: the address
-- of its region's begin, va - pa, five 16-bit costs (bus, target, beats, cycles
-- of the first and of a later beat; fetch runs: for 2 and for 4 bytes), and for
-- fetch runs 9 bytes per instruction (16-bit offset and cycle, word, size), all
-- little-endian.
create table record_site(id integer primary key, site integer, base integer,
    va_offset integer, costs blob, steps blob);

create table tx_site(site integer primary key, accesses integer,
    errors integer, bytes integer, beats integer, wait_cycles integer,
    bus_cycles integer, target_cycles integer, unaligned integer,
    split integer, unaligned_beats integer, unaligned_cycles integer);

-- Events -----------------------------------------------------------------------

create table register(id integer primary key, region_id integer,
    offset integer, name text);
create table device_register(region_id integer, name text, offset integer,
    size integer, registers integer, stride integer, access text,
    touched integer);
-- Parts of registers of devices, and what their values are called.
create table register_field(id integer primary key, region_id integer,
    register text, name text, low integer, bits integer, access text);
create table register_field_value(field_id integer, value integer, name text,
    primary key(field_id, value)) without rowid;
create table register_part(register_id integer, field_id integer,
    shift integer, number integer,
    primary key(register_id, field_id)) without rowid;
create table mmio_row(tx integer, site integer, time integer, cycle integer,
    offset integer, value integer, result integer, register_id integer);
create view mmio as
select m.tx, m.time, m.cycle, i.name as initiator, r.name as region, m.offset,
    coalesce(g.name, '') as register, s.dir, s.size, m.value,
    e.name as result, s.pc, y.name as symbol,
    (select group_concat(f.name || '=' || coalesce(v.name, f.value), ' ')
        from (select f.id, f.name,
            m.value >> p.shift & (1 << f.bits) - 1 as value
            from register_part p cross join register_field f
            on f.id = p.field_id where p.register_id = m.register_id
            and p.shift + f.bits <= 8 * s.size
            and (f.access = s.dir or f.access = 'rw') order by f.low desc) f
        left join register_field_value v
        on v.field_id = f.id and v.value = f.value) as fields
from mmio_row m cross join site s on s.id = m.site
left join initiator i on i.id = s.initiator_id
left join region r on r.id = s.region_id
left join register g on g.id = m.register_id
left join result_name e on e.id = m.result
left join symbol y on y.id = s.symbol_id;
-- Field by field. before: at the last access of the same register that has it.
create view mmio_field as
with field as (select m.tx, m.time, m.cycle, s.initiator_id, s.region_id,
    g.name as register, f.id, f.name, s.dir,
    m.value >> p.shift & (1 << f.bits) - 1 as value, m.result, s.pc,
    s.symbol_id, p.number
    from mmio_row m cross join site s on s.id = m.site
    cross join register_part p on p.register_id = m.register_id
    cross join register_field f on f.id = p.field_id
        and p.shift + f.bits <= 8 * s.size
        and (f.access = s.dir or f.access = 'rw')
    join register g on g.id = m.register_id
    where m.value is not null),
change as (select *, lag(value) over
    (partition by id, number order by tx) as before from field)
select c.tx, c.time, c.cycle, i.name as initiator, r.name as region,
    c.register, c.name as field, c.dir, c.before, c.value,
    coalesce(v.name, c.value) as meaning, e.name as result, c.pc,
    y.name as symbol
from change c left join initiator i on i.id = c.initiator_id
left join region r on r.id = c.region_id
left join result_name e on e.id = c.result
left join symbol y on y.id = c.symbol_id
left join register_field_value v on v.field_id = c.id and v.value = c.value;
create table fault(time integer, cycle integer, hart text, pc integer,
    symbol text, cause integer, cause_name text, tval integer);
create table irq(time integer, source text, line integer, level integer);
create table input(time integer, device text, bytes blob);
create table log(time integer, level text, text text);
create table trace_window(begin_ps integer, end_ps integer,
    begin_cycle integer, end_cycle integer, begin_cause text, end_cause text);
create table phase(id integer, seq integer, begin_ps integer, end_ps integer,
    begin_cycle integer, end_cycle integer, cycles integer, name text);

-- Summaries, written at the end ------------------------------------------------

create table traffic(initiator text, region text, kind text, dir text,
    size integer, accesses integer, errors integer, beats integer,
    bytes integer, bytes_moved integer, wait_cycles integer,
    bus_cycles integer, target_cycles integer, initiator_id integer,
    region_id integer);
create table hart(name text, clock_hz integer, profile text,
    profile_source text, cycles integer, instructions integer,
    idle_cycles integer, traps integer, interrupts integer,
    blocks_decoded integer, blocks_dropped integer, walks integer,
    timing_level text, timing_estimates text);
create table hart_cycles(hart text, category text, cycles integer);
create table pc_cost(hart text, pc integer, bytes integer, symbol text,
    entries integer, instructions integer, cycles integer);
create table function_cost(hart text, symbol text, cycles integer,
    instructions integer, entries integer);
create table line_cost(hart text, file text, line integer, symbol text,
    instructions integer, cycles integer, accesses integer, bytes integer,
    stall_cycles integer);
create table bus_load(bus text, width_bytes integer, clock_hz integer,
    elapsed_cycles integer, busy_cycles integer, transactions integer,
    beats integer, bytes integer, wait_cycles integer, peak_bytes integer,
    fetch_cycles integer);
-- What caches did, as they count: look-ups of lines, transactions on the bus.
create table cache_level(cache text, hart text, part text, level integer,
    size integer, ways integer, line_bytes integer, replacement text,
    accesses integer, hits integer, misses integer, fills integer,
    writebacks integer, throughs integer, bytes integer, passed integer,
    invalidations integer, initiator_id integer);
create table bus_target(bus text, target text, elapsed_cycles integer,
    busy_cycles integer, transactions integer, beats integer, bytes integer,
    wait_cycles integer);
create table bridge(bus text, far_bus text,
    request_cycles integer, response_cycles integer, transactions integer,
    bytes integer);
create table contention(bus text, initiator text, blocker text,
    waits integer, wait_cycles integer);
create table traffic_source(initiator text, type text, pace text,
    outstanding integer, requests integer, bytes integer, errors integer,
    asked_bytes_per_s integer, late integer, late_cycles integer,
    missed integer, late_cycles_max integer, longest_cycles integer, begin_ps integer,
    end_ps integer, initiator_id integer);
create table split_cost(region text, kind text, dir text, size integer,
    accesses integer, beats integer, extra_beats integer, amplification real);
create table posted_cost(region text, buffer text, depth integer,
    merge text, stores integer, bytes integer, bursts integer,
    beats integer, lone_beats integer, beats_saved integer,
    spent_cycles integer, lone_cycles integer, avoided_cycles integer,
    stalls integer, stall_cycles integer, errors integer,
    region_id integer, initiator_id integer);
create table posted_flush(region text, buffer text, cause text,
    flushes integer, stores integer, wait_cycles integer,
    region_id integer, initiator_id integer);
create table hot_address(region text, type text, offset integer,
    granule integer, register text, dir text, accesses integer,
    bytes integer, wait_cycles integer, bus_cycles integer,
    target_cycles integer);

create table hot_page(region text, type text, offset integer,
    granule integer, dir text, accesses integer, bytes integer,
    wait_cycles integer, bus_cycles integer, target_cycles integer);
-- Of recorded transactions, like tx_site and the hot ones.
create table latency_histogram(initiator text, region text, dir text,
    part text, cycles_from integer, cycles_to integer, accesses integer,
    cycles integer, cycles_max integer, initiator_id integer,
    region_id integer);
create table traffic_window(begin_ps integer, end_ps integer, initiator text,
    region text, kind text, dir text, accesses integer, bytes integer,
    bytes_moved integer, wait_cycles integer, bus_cycles integer,
    target_cycles integer, initiator_id integer, region_id integer);

create table polling_loop(initiator text, region text, register text,
    offset integer, pc integer, symbol text, loops integer, reads integer,
    cycles integer, longest_reads integer, longest_cycles integer,
    last_value integer, end_value integer, initiator_id integer);

-- Fields of registers that were written; null: no write was a change.
create table field_change(region text, register text, field text,
    writes integer, changes integer, last_before integer, last_value integer,
    region_id integer);

create table metric(name text primary key, unit text, definition text,
    sql text, exactness text, value numeric) without rowid;
create table check_result(name text, ok integer, detail text);
-- A column of one name has one unit, in whatever table.
create table column_unit(name text primary key, unit text) without rowid;
insert into column_unit values ('time', 'ps'), ('begin_ps', 'ps'),
    ('end_ps', 'ps'), ('cycle', 'cycles'), ('begin_cycle', 'cycles'),
    ('end_cycle', 'cycles'), ('cycles', 'cycles'), ('wait_cycles', 'cycles'),
    ('bus_cycles', 'cycles'), ('target_cycles', 'cycles'),
    ('idle_cycles', 'cycles'), ('stall_cycles', 'cycles'),
    ('longest_cycles', 'cycles'), ('overhead_cycles', 'cycles'),
    ('request_cycles', 'cycles'), ('response_cycles', 'cycles'),
    ('elapsed_cycles', 'cycles'), ('busy_cycles', 'cycles'),
    ('spent_cycles', 'cycles'), ('lone_cycles', 'cycles'),
    ('avoided_cycles', 'cycles'),
    ('fetch_cycles', 'cycles'), ('unaligned_cycles', 'cycles'),
    ('cycles_from', 'cycles'), ('cycles_to', 'cycles'),
    ('cycles_max', 'cycles'), ('late_cycles', 'cycles'),
    ('late_cycles_max', 'cycles'), ('asked_bytes_per_s', 'bytes/s'), ('min_cycles', 'cycles'),
    ('max_cycles', 'cycles'), ('first_time', 'ps'), ('last_time', 'ps'),
    ('size', 'bytes'), ('offset', 'bytes'), ('granule', 'bytes'),
    ('stride', 'bytes'), ('bytes', 'bytes'), ('bytes_moved', 'bytes'),
    ('width_bytes', 'bytes'), ('line_bytes', 'bytes'),
    ('peak_bytes', 'bytes'), ('hz', 'Hz'),
    ('clock_hz', 'Hz');
