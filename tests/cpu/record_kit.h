// record_kit.h - the records of a run, read back as one row per access.
//
// It reads them by memory/record.h alone; traces/ does the same for the store.
#ifndef TESTS_CPU_RECORD_KIT_H
#define TESTS_CPU_RECORD_KIT_H

#include <cstdint>
#include <gtest/gtest.h>
#include <ostream>
#include <string>
#include <vector>

#include "memory/port.h"

enum : uint32_t {
    KIND_FETCH = 1u << ACCESS_FETCH,
    KIND_LOAD = 1u << ACCESS_LOAD,
    KIND_STORE = 1u << ACCESS_STORE,
    KIND_AMO = 1u << ACCESS_AMO,
    KIND_DATA = KIND_LOAD | KIND_STORE | KIND_AMO,
    KIND_ALL = (1u << ACCESS_KINDS) - 1,
};

// One access, with all that its records and its site say of it.
struct Seen {
    unsigned kind = 0, dir = 0, port = 0, region = 0;
    uint32_t size = 0, info = 0, blocker = 0;
    uint64_t cycle = 0, pc = 0, va = 0, pa = 0, value = 0;
    uint64_t wait = 0, bus = 0, target = 0, beats = 0;
    std::vector<uint64_t> beat = {}; // of beat and place records, all fields

    bool operator==(const Seen &o) const
    {
        return kind == o.kind && dir == o.dir && port == o.port &&
               region == o.region && size == o.size && info == o.info &&
               blocker == o.blocker && cycle == o.cycle && pc == o.pc &&
               va == o.va && pa == o.pa && value == o.value && wait == o.wait &&
               bus == o.bus && target == o.target && beats == o.beats &&
               beat == o.beat;
    }
};
inline std::ostream &operator<<(std::ostream &os, const Seen &s)
{
    os << access_kind_name[s.kind] << " port " << s.port << " cycle " << s.cycle
       << std::hex << " pc " << s.pc << " va " << s.va << " pa " << s.pa
       << " value " << s.value << " info " << s.info << std::dec << " size "
       << s.size << " wait " << s.wait << " bus " << s.bus << " target "
       << s.target << " beats " << s.beats << ":" << std::hex;
    for (uint64_t field : s.beat) {
        os << " " << field;
    }
    return os << std::dec;
}

// Takes what a world records. It must outlive the world's last run and be
// detached before it goes.
class Recording
{
  public:
    Recording(MemoryWorld *w, uint32_t kinds, size_t room = RECORD_ROOM)
        : world(w), buffer(room + GUARD)
    {
        recorder_init(&rec);
        rec.kinds = kinds;
        rec.buffer = rec.next = buffer.data();
        rec.end = buffer.data() + room;
        rec.beats = true;
        rec.full = [](MemoryRecorder *r) {
            auto *self = static_cast<Recording *>(r->opaque);
            self->handed_over++;
            self->take();
        };
        rec.opaque = this;
        memory_world_set_recorder(world, &rec);
    }
    ~Recording()
    {
        memory_world_set_recorder(world, nullptr);
        recorder_fini(&rec);
    }
    Recording(const Recording &) = delete;
    Recording &operator=(const Recording &) = delete;

    // What was recorded up to now.
    const std::vector<Seen> &rows()
    {
        take();
        return seen;
    }
    unsigned handed_over = 0;
    uint64_t in_runs = 0; // accesses that came behind a run's head

  private:
    enum { GUARD = 1 << 15 }; // records behind the end that nobody may write

    static bool is_head(const MemoryRecord &r)
    {
        return r.site < RECORD_SITE_MAX;
    }
    static void note_beat(Seen *s, uint32_t info, uint64_t offset,
                          uint64_t value, uint64_t cycles)
    {
        s->beat.insert(s->beat.end(), {info, offset, value, cycles});
    }
    // What an access that went as its site says took.
    void as_the_site_says(Seen *s, const MemorySite &site)
    {
        const InlineCost &c =
            site.place->cost[s->dir != DIR_READ][__builtin_ctz(s->size)];
        s->bus = c.bus;
        s->target = c.target;
        s->beats = c.beats;
        s->info = s->pa & (s->size - 1) ? RECORD_UNALIGNED : 0;
        uint64_t begin = 0;
        const uint32_t size = c.beats > 1 ? s->size / c.beats : 0;
        for (uint32_t at = 0; size && at < s->size; at += size) {
            const uint64_t cost = at ? c.beat_next : c.beat_first;
            const uint64_t mask = ~UINT64_C(0) >> (64 - 8 * size);
            s->info |= RECORD_SPLIT;
            note_beat(s,
                      size | BEAT_SPLIT << 8 | uint32_t{site.place->bus} << 16,
                      s->pa - site.place->base + at, s->value >> 8 * at & mask,
                      begin << 32 | cost);
            begin += cost;
        }
    }
    Seen of_site(const MemorySite &site)
    {
        Seen s;
        s.kind = site.kind;
        s.dir = site.dir;
        s.port = site.port->id;
        s.region = site.place->region_id;
        s.size = site.size;
        s.pc = site.pc;
        return s;
    }
    const MemoryRecord *access(const MemoryRecord *r, const MemoryRecord *end)
    {
        const MemorySite &site = rec.site[r->site];
        EXPECT_EQ(site.run, nullptr);
        Seen s = of_site(site);
        s.cycle = r->cycle;
        s.pa = r->address;
        s.va = r->address + site.place->va_offset;
        s.value = r->value;
        if (!(r->info & RECORD_HAS_TIMING)) {
            EXPECT_EQ(r->info, 0u);
            as_the_site_says(&s, site);
            seen.push_back(s);
            return r + 1;
        }
        s.info = r->info & ~RECORD_HAS_TIMING;
        if (++r == end || r->site != RECORD_TIMING) {
            ADD_FAILURE() << "no timing behind a head";
            return end;
        }
        s.wait = r->address >> 32;
        s.bus = r->address & UINT32_MAX;
        s.target = r->value;
        s.blocker = r->info;
        s.beats = r->cycle;
        for (r++; r < end && !is_head(*r); r++) {
            note_beat(&s, r->site == RECORD_PLACE ? RECORD_PLACE : r->info,
                      r->address, r->value, r->cycle);
        }
        seen.push_back(s);
        return r;
    }
    // The head's fetches, and each access behind the last that is not later.
    const MemoryRecord *run(const MemoryRecord *head, const MemoryRecord *end)
    {
        const MemorySite &site = rec.site[head->site];
        const uint64_t count = head->value >> 32;
        const uint64_t first = head->value & UINT32_MAX;
        const MemoryRecord *r = head + 1;
        const MemoryRecord *last = r + head->info;
        EXPECT_GT(count, 0u);
        if (first + count > site.run_length || last > end) {
            ADD_FAILURE() << "a run of " << first << "+" << count
                          << " instructions and " << head->info
                          << " accesses; there are " << site.run_length
                          << " and " << end - r << " records";
            return end;
        }
        in_runs += head->info;
        for (uint64_t i = first; i < first + count; i++) {
            Seen s = of_site(site);
            const FetchStep &step = site.run[i];
            s.size = step.size;
            s.pc = s.va = site.pc + step.offset;
            s.pa = s.pc - site.place->va_offset;
            s.cycle = head->cycle + step.cycle;
            s.value = step.word;
            as_the_site_says(&s, site);
            // What came before the run's first fetch is no access of it.
            EXPECT_TRUE(r == last || r->cycle >= s.cycle) << s;
            seen.push_back(s);
            const bool more = i + 1 < first + count;
            while (r < last &&
                   (!more || r->cycle < head->cycle + site.run[i + 1].cycle)) {
                EXPECT_EQ(r->info, 0u); // without timing
                r = access(r, last);
            }
        }
        return r;
    }
    void take()
    {
        ASSERT_LE(rec.next, rec.end) << "records beyond the buffer's end";
        for (const MemoryRecord *r = rec.buffer; r < rec.next;) {
            if (!is_head(*r) || r->site >= rec.sites) {
                ADD_FAILURE() << "a record that is no head: " << r->site;
                break;
            }
            r = rec.site[r->site].run ? run(r, rec.next) : access(r, rec.next);
        }
        rec.next = rec.buffer;
    }

    MemoryWorld *world;
    std::vector<MemoryRecord> buffer;
    MemoryRecorder rec = {};
    std::vector<Seen> seen = {};
};

// The first row in which two recordings differ, told readably.
inline void expect_same_rows(const std::vector<Seen> &want,
                             const std::vector<Seen> &got,
                             const std::string &what)
{
    for (size_t i = 0; i < want.size() && i < got.size(); i++) {
        ASSERT_EQ(want[i], got[i]) << what << ", row " << i;
    }
    ASSERT_EQ(want.size(), got.size()) << what;
}
inline std::vector<Seen> rows_of_kinds(const std::vector<Seen> &all,
                                       uint32_t kinds)
{
    std::vector<Seen> some;
    for (const Seen &s : all) {
        if (kinds >> s.kind & 1) {
            some.push_back(s);
        }
    }
    return some;
}

#endif
