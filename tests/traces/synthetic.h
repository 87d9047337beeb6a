/*
 * synthetic.h - a machine of paper for the tests of traces/: two initiators, a
 * few regions and buses, and random transactions of which the test knows the
 * rows. It writes the records by hand, as memory/record.h says, so it is an
 * independent reading of that page.
 */
#ifndef TESTS_TRACES_SYNTHETIC_H
#define TESTS_TRACES_SYNTHETIC_H

#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <sqlite3.h>
#include <string>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "traces/reader.h"
#include "traces/store.h"

namespace synthetic
{

using std::string;
using std::vector;

// -- small helpers ----------------------------------------------------------

inline string temporary(const string &name)
{
    static unsigned n;
    return string(BINARY_DIR) + "/trace-" + std::to_string(getpid()) + "-" +
           std::to_string(n++) + "-" + name;
}

using Row = vector<string>;

// All rows as text; NULL is "NULL".
inline vector<Row> rows_of(sqlite3 *db, const string &sql)
{
    vector<Row> rows;
    sqlite3_stmt *stmt = nullptr;
    if (sqlite3_prepare_v2(db, sql.c_str(), -1, &stmt, nullptr) != SQLITE_OK) {
        return {{"error: " + string(sqlite3_errmsg(db))}};
    }
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        Row row;
        for (int c = 0; c < sqlite3_column_count(stmt); c++) {
            auto text =
                reinterpret_cast<const char *>(sqlite3_column_text(stmt, c));
            row.push_back(text ? text : "NULL");
        }
        rows.push_back(row);
    }
    if (rc != SQLITE_DONE) {
        rows.push_back({"error: " + string(sqlite3_errmsg(db))});
    }
    sqlite3_finalize(stmt);
    return rows;
}

inline vector<Row> rows_of_file(const string &path, const string &sql)
{
    sqlite3 *db = nullptr;
    sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    vtab_register(db);
    vector<Row> rows = rows_of(db, sql);
    sqlite3_close(db);
    return rows;
}

inline string one(const string &path, const string &sql)
{
    vector<Row> rows = rows_of_file(path, sql);
    return rows.empty() ? "no row" : rows[0][0];
}

inline string text_of(uint64_t v)
{
    return std::to_string(static_cast<int64_t>(v));
}

inline string message(Error *&err)
{
    string text = err ? error_message(err) : "";
    error_free(err);
    err = nullptr;
    return text;
}

inline string read_file(const string &path)
{
    string text;
    if (FILE *f = fopen(path.c_str(), "rb")) {
        char buf[4096];
        for (size_t n; (n = fread(buf, 1, sizeof(buf), f)) > 0;) {
            text.append(buf, n);
        }
        fclose(f);
    }
    return text;
}

inline void write_file(const string &path, const string &text)
{
    FILE *f = fopen(path.c_str(), "wb");
    fwrite(text.data(), 1, text.size(), f);
    fclose(f);
}

// -- the machine --------------------------------------------------------------

struct Beat {
    uint32_t region, size, cause;
    uint64_t offset, value, begin, cost;
};

struct Symbol {
    uint64_t address, size;
    string name;
};

// A decoded block.
struct Run {
    uint32_t site;
    uint64_t pc;
    const MemoryPlace *at;
    vector<FetchStep> steps;
};

struct Machine {
    std::mt19937_64 random;
    ClockDomain fast, slow;
    MemoryRegion ram{}, flash{}, uart{}, gpio{};
    string names[4] = {"ram", "flash", "uart0", "gpio0"};
    TimingModel main_timing{};
    Bus bus{};
    MemoryPort fetch{}, data{}, dma{};
    vector<MemoryPlace> place;
    std::map<std::tuple<int, uint32_t, int, int, uint32_t>, PortTraffic>
        traffic;
    vector<PortTraffic> flat[3];
    vector<BusWait> waits;
    vector<Run> runs;
    vector<Symbol> symbols;
    MemoryRecorder *rec = nullptr;
    vector<Row> tx, beats; // what must be in the database
    uint64_t cycle = 1000;
    std::map<int, uint64_t> last;

    explicit Machine(uint64_t seed) : random(seed)
    {
        clock_init(&fast, "fast", 333333333); // no whole period
        clock_init(&slow, "slow", 50000000);
        MemoryRegion *all[] = {&ram, &flash, &uart, &gpio};
        for (unsigned i = 0; i < 4; i++) {
            all[i]->id = 3 + i;
            all[i]->name = const_cast<char *>(names[i].c_str());
            all[i]->size = i < 2 ? 0x10000 : 0x100;
            all[i]->ram = i < 2;
            all[i]->readonly = i == 1;
        }
        main_timing.name = "main";
        main_timing.id = 7;
        port(fetch, "cpu0.fetch", 1, &fast);
        port(data, "cpu0.data", 2, &fast);
        port(dma, "dma0", 3, &slow);
        bus.model = main_timing;
        bus.clock = &fast;
        bus.width = 4;
        add_place(&ram, 0x80000000, 0);                            // 0
        add_place(&flash, 0x20000000, 0);                          // 1
        add_place(&uart, 0x10000000, 0);                           // 2
        add_place(nullptr, 0, 0);                                  // 3
        add_place(&ram, 0x80000000, UINT64_C(0xffffffff00000000)); // 4
        add_place(&gpio, 0x10001000, 0);                           // 5
        add_place(&flash, 0x20000000 - 0x4000, 0x4000);            // 6
        symbols = {{0x20000000, 0x40, "_start"}, {0x20000040, 0x100, "main"},
                   {0x20000080, 0x20, "inner"},  {0x20000200, 0, "label"},
                   {0x20000240, 0, "label2"},    {0x20000060, 0, "in_main"},
                   {0x20000040, 0x10, "alias"}};
    }

    void port(MemoryPort &p, const char *name, uint16_t id, ClockDomain *clk)
    {
        p.name = name;
        p.id = id;
        p.clock = clk;
        p.timing = &main_timing;
    }

    void add_place(MemoryRegion *mr, uint64_t base, uint64_t va_offset)
    {
        MemoryPlace p{};
        p.mr = mr;
        p.region_id = mr ? mr->id : 0;
        p.id = static_cast<uint32_t>(place.size() + 1);
        p.base = base;
        p.va_offset = va_offset;
        p.bus = 7;
        for (unsigned w = 0; mr && mr->ram && w < 2; w++) {
            for (unsigned l = 0; l < 4; l++) {
                unsigned n = l == 3 ? 2 : 1;
                p.cost[w][l].beats = static_cast<uint16_t>(n);
                p.cost[w][l].beat_first = static_cast<uint16_t>(3 + w);
                p.cost[w][l].beat_next = 2;
                p.cost[w][l].bus = static_cast<uint16_t>(n);
                p.cost[w][l].target =
                    static_cast<uint16_t>(3 + w + 2 * (n - 1) - n);
            }
        }
        place.push_back(p);
    }

    uint64_t below(uint64_t n) { return random() % n; }

    // The spec in words: the innermost sized symbol around pc; else the last
    // label without size, if no other symbol begins between.
    string symbol_at(uint64_t pc) const
    {
        const Symbol *best = nullptr;
        for (const Symbol &s : symbols) {
            if (s.size && pc >= s.address && pc - s.address < s.size &&
                (!best || s.address > best->address)) {
                best = &s;
            }
        }
        if (best) {
            return best->name;
        }
        for (const Symbol &s : symbols) {
            if (s.address <= pc && (!best || s.address > best->address)) {
                best = &s;
            }
        }
        return best && !best->size ? best->name : "NULL";
    }

    // -- one transaction, as it must be in tx

    void expect(const MemoryPort &p, const MemoryPlace &at, unsigned kind,
                unsigned dir, uint64_t pa, uint32_t size, uint64_t value,
                uint64_t pc, uint64_t when, unsigned result, uint64_t wait,
                uint64_t bus_cycles, uint64_t target, unsigned blocker,
                const string &flags, const vector<Beat> &own, uint64_t count)
    {
        static const char *const dirs[] = {"", "r", "w", "rw"};
        static const char *const results[] = {"ok", "error", "decode",
                                              "error decode", "access"};
        static const char *const who[] = {"NULL", "cpu0.fetch", "cpu0.data",
                                          "dma0"};
        auto time = [&](uint64_t c) {
            return static_cast<uint64_t>(static_cast<ClockWide>(c) *
                                         1000000000000u / p.clock->hz);
        };
        string region = at.mr ? at.mr->name : "NULL";
        string offset = at.mr ? text_of(pa - at.base) : "NULL";
        bool has_pc = pc || kind == ACCESS_FETCH;
        tx.push_back({std::to_string(tx.size() + 1),
                      text_of(time(when)),
                      text_of(when),
                      p.name,
                      access_kind_name[kind],
                      dirs[dir],
                      text_of(pa + at.va_offset),
                      text_of(pa),
                      std::to_string(size),
                      size > 8 ? "NULL" : text_of(value),
                      region,
                      offset,
                      results[result],
                      text_of(wait),
                      text_of(bus_cycles),
                      text_of(target),
                      who[blocker],
                      has_pc ? text_of(pc) : "NULL",
                      has_pc ? symbol_at(pc) : "NULL",
                      text_of(count),
                      flags});
        vector<Beat> list = own;
        if (list.empty() && count == 1) {
            list.push_back({at.region_id, size, BEAT_ACCESS, pa - at.base,
                            value, wait, bus_cycles + target});
        }
        uint64_t moved = 0;
        for (size_t i = 0; i < list.size(); i++) {
            const Beat &b = list[i];
            const char *name = "NULL";
            for (MemoryRegion *mr : {&ram, &flash, &uart, &gpio}) {
                name = mr->id == b.region ? mr->name : name;
            }
            beats.push_back(
                {std::to_string(tx.size()), std::to_string(i), "main", name,
                 b.region ? text_of(b.offset) : "NULL", std::to_string(b.size),
                 dirs[dir], own.empty() && size > 8 ? "NULL" : text_of(b.value),
                 text_of(time(when + b.begin)), text_of(b.cost),
                 beat_cause_name[b.cause]});
            moved += b.size;
        }
        PortTraffic &t = traffic[{p.id, at.region_id, static_cast<int>(kind),
                                  static_cast<int>(dir), size}];
        t.mr = at.mr;
        t.region_id = at.region_id;
        t.size = size;
        t.kind = static_cast<uint8_t>(kind);
        t.dir = static_cast<uint8_t>(dir);
        t.accesses++;
        t.errors += result != 0;
        t.beats += count;
        t.bytes_moved += moved;
        t.wait += wait;
        t.bus += bus_cycles;
        t.target += target;
    }

    uint32_t site_of(MemoryPort &p, const MemoryPlace &at, unsigned kind,
                     unsigned dir, uint32_t size, uint64_t pc)
    {
        MemorySite s{};
        s.port = &p;
        s.place = &at;
        s.pc = pc;
        s.size = size;
        s.kind = static_cast<uint8_t>(kind);
        s.dir = static_cast<uint8_t>(dir);
        return recorder_site(rec, &s);
    }

    void put(uint32_t site, uint32_t info, uint64_t address, uint64_t value,
             uint64_t when)
    {
        *rec->next++ = MemoryRecord{site, info, address, value, when};
    }

    uint64_t some_value(uint32_t size)
    {
        uint64_t v = random();
        return size >= 8 ? v : v & ((UINT64_C(1) << 8 * size) - 1);
    }

    uint64_t advance()
    {
        cycle += below(40);
        return cycle;
    }

    uint64_t some_pc() { return 0x20000000 + 2 * below(0x180); }

    // A load or store through an open page: one head says it all.
    struct Inline {
        const MemoryPlace *at;
        bool write;
        uint32_t size;
        uint64_t pa, pc, value, when;
    };

    Inline some_inline(uint64_t pc, uint64_t when)
    {
        const MemoryPlace *at = &place[below(8) ? 0 : 4];
        bool write = below(2);
        uint32_t size = 1u << below(4);
        uint64_t pa = at->base + size * below(0x100);
        return {at, write, size, pa, pc, some_value(size), when};
    }

    void put_inline(const Inline &a)
    {
        put(site_of(data, *a.at, a.write ? ACCESS_STORE : ACCESS_LOAD,
                    a.write ? DIR_WRITE : DIR_READ, a.size, a.pc),
            0, a.pa, a.value, a.when);
    }

    void expect_inline(const Inline &a)
    {
        uint64_t offset = a.pa - a.at->base;
        vector<Beat> own;
        if (a.size == 8) {
            own.push_back({a.at->region_id, 4, BEAT_SPLIT, offset,
                           a.value & 0xffffffff, 0, 3u + a.write});
            own.push_back({a.at->region_id, 4, BEAT_SPLIT, offset + 4,
                           a.value >> 32, 3u + a.write, 2});
        }
        unsigned n = a.size == 8 ? 2 : 1;
        expect(data, *a.at, a.write ? ACCESS_STORE : ACCESS_LOAD,
               a.write ? DIR_WRITE : DIR_READ, a.pa, a.size, a.value, a.pc,
               a.when, 0, 0, n, 3 + a.write + 2 * (n - 1) - n, 0,
               n == 2 ? "split" : "", own, n);
    }

    void inline_data()
    {
        uint64_t pc = some_pc();
        const Inline a = some_inline(pc, advance());
        record_room(rec, 1);
        put_inline(a);
        expect_inline(a);
    }

    // A block of instructions, or a part of it, and what they access: behind
    // the head, each at the cycle of its instruction or later, but before the
    // next one.
    void fetch_run()
    {
        if (runs.size() < 8 || below(10) == 0) {
            Run run;
            run.pc = some_pc();
            run.at = below(3) ? &place[1] : &place[6];
            uint16_t offset = 0, at = 0;
            for (uint64_t n = 1 + below(9); n > 0; n--) {
                FetchStep s{};
                s.offset = offset;
                s.cycle = at;
                s.size = below(2) ? 4 : 2;
                s.word = static_cast<uint32_t>(some_value(s.size));
                offset = static_cast<uint16_t>(offset + s.size);
                at = static_cast<uint16_t>(at + 1 + below(3));
                run.steps.push_back(s);
            }
            MemorySite key{};
            key.port = &fetch;
            key.place = run.at;
            key.pc = run.pc;
            key.kind = ACCESS_FETCH;
            key.dir = DIR_READ;
            key.run_length = static_cast<uint16_t>(run.steps.size());
            key.run = run.steps.data();
            run.site = recorder_fetch_site(rec, &key);
            runs.push_back(run);
        }
        const Run &run = runs[below(runs.size())];
        uint64_t first = below(run.steps.size());
        uint64_t count = 1 + below(run.steps.size() - first);
        uint64_t when = advance();
        vector<vector<Inline>> made(count);
        uint32_t accesses = 0;
        for (uint64_t i = 0; i < count && below(4); i++) {
            const FetchStep *s = &run.steps[first + i];
            uint64_t room = i + 1 < count ? s[1].cycle - s->cycle : 3u;
            for (uint64_t n = below(3), late = 0; n > 0; n--, accesses++) {
                late += below(room - late);
                made[i].push_back(
                    some_inline(run.pc + s->offset, when + s->cycle + late));
            }
        }
        cycle += run.steps.back().cycle + 2u;
        record_room(rec, 1 + accesses);
        put(run.site, accesses, run.pc, count << 32 | first, when);
        for (uint64_t i = 0; i < count; i++) {
            const FetchStep &s = run.steps[first + i];
            uint64_t pc = run.pc + s.offset;
            uint64_t pa = pc - run.at->va_offset;
            expect(fetch, *run.at, ACCESS_FETCH, DIR_READ, pa, s.size, s.word,
                   pc, when + s.cycle, 0, 0, 1, 2, 0,
                   pa % s.size ? "unaligned" : "", {}, 1);
            for (const Inline &a : made[i]) {
                put_inline(a);
                expect_inline(a);
            }
        }
    }

    // A call of the port: waits, results, beats in several regions.
    void slow_data(bool with_beats)
    {
        static const unsigned where[] = {0, 2, 2, 3, 5};
        bool is_dma = below(3) == 0;
        MemoryPort &p = is_dma ? dma : data;
        const MemoryPlace &at = place[where[below(is_dma ? 4 : 5)]];
        unsigned dir = static_cast<unsigned>(1 + below(2));
        unsigned kind = is_dma             ? ACCESS_DMA
                        : dir == DIR_WRITE ? ACCESS_STORE
                                           : ACCESS_LOAD;
        if (!is_dma && at.mr == &ram && below(2)) {
            kind = ACCESS_AMO;
            dir = DIR_BOTH;
        }
        uint32_t size =
            is_dma ? static_cast<uint32_t>(1 + below(64)) : 1u << below(4);
        uint64_t pa = at.base + below(0x80), pc = is_dma ? 0 : some_pc();
        uint64_t value = size > 8 ? 0 : some_value(size), when = advance();
        if (is_dma) { // its own clock
            when = last[3] = last[3] + below(9);
        }
        unsigned result = !at.mr ? MEMTX_DECODE_ERROR : below(9) ? 0 : 1;
        uint64_t wait = below(3) ? 0 : 1 + below(20), target = below(6);
        unsigned blocker = wait ? (is_dma ? 2 : 3) : 0;
        string flags;
        uint32_t info = result | RECORD_HAS_TIMING;
        bool odd = size <= 8 && (pa & (size - 1));
        if (odd) {
            info |= RECORD_UNALIGNED;
            flags = "unaligned ";
        }
        vector<Beat> own;
        uint64_t count = at.mr ? 1 : 0, begin = wait;
        bool widened = at.mr == &uart && !is_dma && size < 4 && below(2);
        if (widened) {
            info |= RECORD_WIDENED;
            own.push_back({at.region_id, 4, BEAT_WIDEN, (pa - at.base) & ~3u,
                           random(), begin, 5});
        } else if (at.mr && size > 4) {
            count = 0;
            for (uint32_t done = 0; done < size; count++) {
                uint32_t l = size - done < 4 ? size - done : 4;
                uint32_t region =
                    count && is_dma && below(4) == 0 ? gpio.id : at.region_id;
                uint64_t cost = 1 + below(4);
                own.push_back({region, l, BEAT_SPLIT, pa - at.base + done,
                               some_value(l), begin, cost});
                begin += cost;
                done += l;
            }
        }
        if (count > 1) {
            info |= RECORD_SPLIT;
            flags += "split ";
        }
        flags += widened ? "widened " : "";
        uint64_t bus_cycles = count + below(3);
        record_room(rec, RECORD_ROOM);
        put(site_of(p, at, kind, dir, size, pc), info, pa, value, when);
        put(RECORD_TIMING, blocker, wait << 32 | bus_cycles, target, count);
        uint32_t region = at.region_id;
        for (const Beat &b : own) {
            if (!with_beats) {
                break;
            }
            if (b.region != region) {
                region = b.region;
                put(RECORD_PLACE, 0, 0, region, 0);
            }
            put(RECORD_BEAT, b.size | b.cause << 8 | 7u << 16, b.offset,
                b.value, b.begin << 32 | b.cost);
        }
        if (!flags.empty()) {
            flags.pop_back();
        }
        expect(p, at, kind, dir, pa, size, value, pc, when, result, wait,
               bus_cycles, target, blocker, flags, own, count);
    }

    void describe(TraceStore *ts)
    {
        trace_set_run(ts, "firmware", "app.elf");
        trace_set_run(ts, "machine", "paper");
        trace_add_clock(ts, &fast);
        trace_add_clock(ts, &slow);
        trace_add_bus(ts, &bus);
        trace_add_initiator(ts, &fetch, "hart", "cpu0", "fetch");
        trace_add_initiator(ts, &data, "hart", "cpu0", "data");
        trace_add_initiator(ts, &dma, "dma", "dma0", "dma0");
        trace_add_region(ts, &ram, "ram", "main", 0x80000000, nullptr);
        trace_add_region(ts, &flash, "rom", "main", 0x20000000, nullptr);
        trace_add_region(ts, &uart, "io", "main", 0x10000000, uart_class());
        for (const Symbol &s : symbols) {
            trace_add_symbol(ts, s.address, s.size, s.name.c_str());
        }
        trace_add_line(ts, 0x20000040, 0x40, "paper.c", 1);
        trace_add_line(ts, 0x20000080, 6, "paper.c", 2);
        trace_add_line(ts, 0x20000086, 2, "paper.h", 3);
    }

    static const DeviceClass *uart_class()
    {
        static RegName registers[4];
        static DeviceClass cls;
        registers[0].name = "DATA";
        registers[1].name = "LSR";
        registers[2].name = "BIG";
        for (unsigned i = 0; i < 3; i++) {
            registers[i].offset = 4 * i;
            registers[i].size = 4;
            registers[i].access = "rw";
            registers[i].doc = "";
        }
        static const FieldName fields[] = {
            {"DATA", "CHAR", 0, 8, "rw", nullptr, ""},
            {"LSR", "READY", 0, 1, "r", "no|yes", ""},
            {nullptr, nullptr, 0, 0, nullptr, nullptr, nullptr}};
        cls.name = "paper-uart";
        cls.registers = registers;
        cls.fields = fields;
        return &cls;
    }

    void run(unsigned transactions, bool with_beats = true)
    {
        for (unsigned i = 0; i < transactions; i++) {
            switch (below(4)) {
            case 0: slow_data(with_beats); break;
            case 1: fetch_run(); break;
            default: inline_data(); break;
            }
        }
    }

    // Gives the ports and the bus the totals of what has run.
    void count()
    {
        MemoryPort *ports[] = {&fetch, &data, &dma};
        for (auto &f : flat) {
            f.clear();
        }
        bus.lane.bytes = bus.lane.beats = bus.lane.transactions = 0;
        for (const auto &[key, t] : traffic) {
            flat[std::get<0>(key) - 1].push_back(t);
            bus.lane.transactions += t.accesses;
            bus.lane.beats += t.beats;
            bus.lane.bytes += t.bytes_moved;
        }
        for (unsigned i = 0; i < 3; i++) {
            ports[i]->traffic = flat[i].data();
            ports[i]->traffics = static_cast<uint32_t>(flat[i].size());
        }
        waits = {{2, 3, 10, 70}, {3, 2, 4, 9}};
        bus.wait = waits.data();
        bus.waits = 2;
        bus.lane.wait_cycles = 79;
        bus.lane.busy_cycles = cycle / 2;
    }

    uint64_t end_ps() const { return clock_time(&fast, cycle + 100); }

    void totals(TraceStore *ts)
    {
        count();
        trace_add_port_totals(ts, &fetch);
        trace_add_port_totals(ts, &data);
        trace_add_port_totals(ts, &dma);
        HartFigures h{};
        h.name = "cpu0";
        h.profile = "paper";
        h.profile_source = "estimate";
        h.clock_hz = fast.hz;
        h.counters.cycles = 123456789;
        h.counters.idle = 23456789;
        h.counters.instructions = 60000001;
        h.counters.traps = 3;
        h.counters.interrupts = 5;
        h.counters.fetch_stall = 1000;
        h.counters.data_wait = 2000;
        h.counters.data_bus = 3000;
        h.counters.data_target = 4000;
        summary_hart(ts, &h);
        summary_block(ts, "cpu0", 0x20000000, 8, 1, 4, 10);
        summary_block(ts, "cpu0", 0x20000040, 8, 7, 9999997, 20000000);
        summary_block(ts, "cpu0", 0x20000084, 8, 50, 50000000, 79999990);
        trace_add_bus_totals(ts, &bus, end_ps());
    }
};

// A whole run into path: what a test of the readers needs.
inline bool write_run(const string &path, uint64_t seed, unsigned transactions,
                      bool recorded = true, Machine *keep = nullptr,
                      bool with_beats = true)
{
    Error *err = nullptr;
    Machine own(seed);
    Machine &m = keep ? *keep : own;
    TraceStore *ts = trace_open(path.c_str(), &err);
    if (!ts) {
        fprintf(stderr, "%s\n", message(err).c_str());
        return false;
    }
    m.describe(ts);
    MemoryRecorder spare;
    recorder_init(&spare);
    m.rec = &spare;
    vector<MemoryRecord> buffer(1 << 16);
    spare.buffer = spare.next = buffer.data();
    spare.end = buffer.data() + buffer.size();
    spare.full = [](MemoryRecorder *r) { r->next = r->buffer; };
    if (recorded) {
        m.rec = trace_recorder(ts, 0xff, with_beats);
    }
    m.run(transactions, with_beats);
    trace_phase(ts, 1, true, 5000000, 1666);
    trace_phase(ts, 2, true, 7000000, 2333);
    trace_phase(ts, 0, false, 9000000, 3000);
    trace_fault(ts, "cpu0", 42, 7, 0x20000050, 5, 0x666);
    trace_log(ts, 43, "guest_error", "wrote a \"read-only\" register");
    trace_input(ts, "uart0", 44, "a\0b", 3);
    trace_irq(ts, 45, "uart0", 10, true);
    m.totals(ts);
    bool ok = trace_close(ts, &err);
    recorder_fini(&spare);
    if (!ok) {
        fprintf(stderr, "%s\n", message(err).c_str());
    }
    return ok;
}

} // namespace synthetic

#endif
