-- schema.sql - the tables of a run database, version 1 (docs/database.md).
--
-- Units: times are picoseconds since power-on, cycles are those of the
-- initiator's clock domain unless a column says otherwise, sizes are bytes.
-- 64-bit values and addresses are stored as the int64 with the same bits.
-- No indexes: they would cost more than the rows while a machine runs.
-- tx_row and beat_row are private: how they are stored may change, the views
-- tx and beat may not.

create table run(key text primary key, value) without rowid;

-- Dictionaries ---------------------------------------------------------------

create table clock(id integer primary key, name text, hz integer);
create table initiator(id integer primary key, name text, kind text,
    owner text, part text, clock_id integer, priority integer, bus text);
create table bus(id integer primary key, name text, width_bytes integer,
    clock_id integer, overhead_cycles integer, arbitration text);
create table region(id integer primary key, name text, type text, bus text,
    address integer, size integer, device text);
create table region_map(time integer, region_id integer, address integer,
    mapped integer);
create table symbol(id integer primary key, address integer, size integer,
    name text);
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
    (6, 'split widened'), (7, 'unaligned split widened');
create table cause(id integer primary key, name text);

-- Every transaction and its beats ----------------------------------------------

-- status: bits 0..7 result, 8 unaligned, 9 split, 10 widened,
-- 16 the beats are rows of beat_row. va is null where it equals pa.
create table tx_row(id integer primary key, site integer, time integer,
    cycle integer, pa integer, va integer, offset integer, value integer,
    status integer, wait_cycles integer, bus_cycles integer,
    target_cycles integer, blocker_id integer, beats integer);
create table beat_row(tx integer, seq integer, bus_id integer,
    region_id integer, offset integer, size integer, value integer,
    time integer, cycles integer, cause_id integer);

-- The joins are written so that SQLite walks tx_row in order.
create view tx as
select t.id as rowid, t.time, t.cycle, i.name as initiator, k.name as kind,
    s.dir, coalesce(t.va, t.pa) as va, t.pa, s.size, t.value,
    r.name as region, t.offset, e.name as result, t.wait_cycles,
    t.bus_cycles, t.target_cycles, b.name as blocker, s.pc,
    y.name as symbol, t.beats, f.name as flags, t.site, s.initiator_id,
    s.region_id, s.symbol_id, t.blocker_id
from tx_row t cross join site s on s.id = t.site
left join initiator i on i.id = s.initiator_id
left join kind k on k.id = s.kind_id
left join region r on r.id = s.region_id
left join result_name e on e.id = t.status & 255
left join initiator b on b.id = t.blocker_id
left join symbol y on y.id = s.symbol_id
left join flag_name f on f.id = (t.status >> 8) & 7;

-- A transaction with one beat equal to itself has no row in beat_row. Its time
-- is that of cycle + wait: floor(n * 10^12 / hz) without leaving 64 bits.
create view beat as
select t.id as tx, 0 as seq, u.name as bus, r.name as region, t.offset,
    s.size, s.dir, t.value,
    case when t.wait_cycles = 0 then t.time else
        (t.cycle + t.wait_cycles) / c.hz * 1000000000000
        + (t.cycle + t.wait_cycles) % c.hz * 1000000 / c.hz * 1000000
        + (t.cycle + t.wait_cycles) % c.hz * 1000000 % c.hz * 1000000 / c.hz
    end as time,
    t.bus_cycles + t.target_cycles as cycles, 'access' as cause,
    s.bus_id, s.region_id
from tx_row t cross join site s on s.id = t.site
left join initiator i on i.id = s.initiator_id
left join clock c on c.id = i.clock_id
left join bus u on u.id = s.bus_id
left join region r on r.id = s.region_id
where t.beats = 1 and t.status & 66560 = 0
union all
select b.tx, b.seq, u.name, r.name, b.offset, b.size, s.dir, b.value, b.time,
    b.cycles, a.name, b.bus_id, b.region_id
from beat_row b cross join tx_row t on t.id = b.tx
cross join site s on s.id = t.site
left join bus u on u.id = b.bus_id
left join region r on r.id = b.region_id
left join cause a on a.id = b.cause_id;

create table tx_site(site integer primary key, accesses integer,
    errors integer, bytes integer, beats integer, wait_cycles integer,
    bus_cycles integer, target_cycles integer);

-- Events -----------------------------------------------------------------------

create table mmio(tx integer, time integer, cycle integer, initiator text,
    region text, offset integer, register text, dir text, size integer,
    value integer, result text, pc integer, symbol text);
create table fault(time integer, cycle integer, hart text, pc integer,
    symbol text, cause integer, cause_name text, tval integer);
create table irq(time integer, source text, line integer, level integer);
create table input(time integer, device text, bytes blob);
create table log(time integer, level text, text text);
create table phase(id integer, seq integer, begin_ps integer, end_ps integer,
    begin_cycle integer, end_cycle integer, cycles integer);

-- Summaries, written at the end ------------------------------------------------

create table traffic(initiator text, region text, kind text, dir text,
    size integer, accesses integer, errors integer, beats integer,
    bytes integer, bytes_moved integer, wait_cycles integer,
    bus_cycles integer, target_cycles integer, initiator_id integer,
    region_id integer);
create table hart(name text, clock_hz integer, profile text,
    profile_source text, cycles integer, instructions integer,
    idle_cycles integer, traps integer, interrupts integer,
    blocks_decoded integer, blocks_dropped integer, walks integer);
create table hart_cycles(hart text, category text, cycles integer);
create table pc_cost(hart text, pc integer, bytes integer, symbol text,
    entries integer, instructions integer, cycles integer);
create table function_cost(hart text, symbol text, cycles integer,
    instructions integer, entries integer);
create table bus_load(bus text, width_bytes integer, clock_hz integer,
    elapsed_cycles integer, busy_cycles integer, transactions integer,
    beats integer, bytes integer, wait_cycles integer, peak_bytes integer,
    fetch_cycles integer);
create table contention(bus text, initiator text, blocker text,
    waits integer, wait_cycles integer);
create table split_cost(region text, kind text, dir text, size integer,
    accesses integer, beats integer, extra_beats integer, amplification real);
create table hot_address(region text, type text, offset integer,
    granule integer, register text, dir text, accesses integer,
    bytes integer, wait_cycles integer, bus_cycles integer,
    target_cycles integer);

create table metric(name text primary key, unit text, definition text,
    sql text, exactness text, value numeric) without rowid;
create table check_result(name text, ok integer, detail text);
-- A column of one name has one unit, in whatever table.
create table column_unit(name text primary key, unit text) without rowid;
insert into column_unit values ('time', 'ps'), ('begin_ps', 'ps'),
    ('end_ps', 'ps'), ('cycle', 'cycles'), ('begin_cycle', 'cycles'),
    ('end_cycle', 'cycles'), ('cycles', 'cycles'), ('wait_cycles', 'cycles'),
    ('bus_cycles', 'cycles'), ('target_cycles', 'cycles'),
    ('idle_cycles', 'cycles'), ('overhead_cycles', 'cycles'),
    ('elapsed_cycles', 'cycles'), ('busy_cycles', 'cycles'),
    ('fetch_cycles', 'cycles'), ('size', 'bytes'), ('offset', 'bytes'),
    ('granule', 'bytes'), ('bytes', 'bytes'), ('bytes_moved', 'bytes'),
    ('width_bytes', 'bytes'), ('peak_bytes', 'bytes'), ('hz', 'Hz'),
    ('clock_hz', 'Hz');
