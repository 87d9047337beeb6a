// What is recorded of a run does not depend on how it is run, and never
// overruns the buffer: it is the smallest there may be here, so a sanitizer
// sees a record too many.
#include <memory>
#include <random>
#include <tuple>

#include "tests/cpu/hart_kit.h"

namespace
{

// kind, pc, address, value (fetches: the word), size, cycle
using Seen =
    std::tuple<unsigned, uint64_t, uint64_t, uint64_t, unsigned, uint64_t>;

// Takes buffers of RECORD_ROOM and writes down what is in them.
struct Taker {
    explicit Taker(uint32_t kinds)
    {
        recorder_init(&rec);
        rec.kinds = kinds;
        rec.opaque = this;
        rec.full = [](MemoryRecorder *r) {
            static_cast<Taker *>(r->opaque)->take();
        };
        renew();
    }
    ~Taker() { recorder_fini(&rec); }
    Taker(const Taker &) = delete;
    Taker &operator=(const Taker &) = delete;
    void renew()
    {
        rec.buffer = rec.next = buffer.get();
        rec.end = rec.buffer + RECORD_ROOM;
    }
    void take()
    {
        EXPECT_LE(rec.next, rec.end);
        uint64_t due = 0; // heads of accesses that belong to a run
        for (const MemoryRecord *r = rec.buffer; r < rec.next; r++) {
            if (r->site >= RECORD_SITE_MAX) {
                EXPECT_EQ(due, 0u);
                continue;
            }
            const MemorySite &site = rec.site[r->site];
            if (!site.run) {
                due -= due > 0;
                data.emplace_back(site.kind, site.pc, r->address, r->value,
                                  site.size, r->cycle);
                continue;
            }
            EXPECT_EQ(due, 0u) << "a run before the accesses of another";
            due = r->info;
            uint64_t first = r->value & 0xffffffff, count = r->value >> 32;
            ASSERT_LE(first + count, site.run_length);
            for (uint64_t i = first; i < first + count; i++) {
                const FetchStep &s = site.run[i];
                fetches.emplace_back(site.kind, site.pc + s.offset, 0, s.word,
                                     s.size, r->cycle + s.cycle);
            }
        }
        EXPECT_EQ(due, 0u) << "accesses of a run are missing";
        renew();
    }
    MemoryRecorder rec = {};
    std::unique_ptr<MemoryRecord[]> buffer =
        std::make_unique<MemoryRecord[]>(RECORD_ROOM);
    std::vector<Seen> fetches, data;
};

constexpr uint32_t ALL = (1u << ACCESS_KINDS) - 1;
constexpr uint64_t CYCLE = 10000; // ps

class HartRecord : public testing::TestWithParam<unsigned>
{
};

BoardOptions options_of(unsigned xlen, bool fast, unsigned waits)
{
    BoardOptions o;
    o.xlen = xlen;
    o.fast = fast;
    o.isa = "ima_zicsr_zifencei";
    o.bus = waits == 3 ? 0 : 4;
    o.read_first = waits == 3 ? 0 : waits;
    o.write_first = waits == 3 ? 0 : 2 * waits;
    return o;
}

// Runs in slices of `slice` cycles (0: in one).
void run(Board &b, uint64_t instructions, uint64_t slice)
{
    hart_limit(b.hart, hart_counters(b.hart).instructions + instructions);
    uint64_t end = hart_time(b.hart) + 100000 * CYCLE;
    for (uint64_t t = hart_time(b.hart); slice && t < end; t += slice * CYCLE) {
        hart_run(b.hart, t);
    }
    hart_run(b.hart, end);
}

// Loads, stores, jumps, traps, atomics and accesses of the device.
std::vector<uint32_t> mixed_code(std::mt19937 &rng, size_t n)
{
    using namespace rv;
    std::vector<uint32_t> code;
    while (code.size() < n) {
        unsigned r = 6 + rng() % 8;
        int at = static_cast<int>(rng() % 256) * 4;
        switch (rng() % 12) {
        case 0: code.push_back(load(W, r, at, gp)); break;
        case 1: code.push_back(store(W, r, at, gp)); break;
        case 2: code.push_back(load(BU, r, at + 1, gp)); break;
        case 3:
            code.push_back(store(H, r, at + (rng() % 4 ? 0 : 1), gp));
            break;
        case 4: code.push_back(load(W, r, at, tp)); break;
        case 5: code.push_back(store(W, r, at, tp)); break;
        case 6: code.push_back(amo(0, 4, r, r, gp)); break;
        case 7: code.push_back(branch(LTU, r, 5, 8)); break;
        case 8: code.push_back(csrr(r, MSCRATCH)); break;
        case 9: code.push_back(rng() % 4 ? jal(zero, 8) : 0xffffffff); break;
        default: code.push_back(add(r, r, 5)); break;
        }
    }
    code.push_back(nop());
    code.push_back(nop());
    return code;
}

TEST_P(HartRecord, HowItIsRunIsInvisible)
{
    for (unsigned seed = 0; seed < 8; seed++) {
        SCOPED_TRACE(seed);
        std::vector<std::vector<Seen>> fetches, data;
        for (unsigned way = 0; way < 5; way++) {
            std::mt19937 rng(seed);
            Board b(options_of(GetParam(), way != 1, seed % 4));
            b.put_code(RAM, mixed_code(rng, 400));
            b.put_code(RAM + 4 * 402, {rv::jal(rv::zero, -4 * 402)});
            b.put_code(HANDLER, {rv::csr(1, 31, MEPC, 31), rv::addi(31, 31, 4),
                                 rv::csr(1, 31, MEPC, 31), rv::MRET});
            b.set(31, HANDLER);
            b.put_code(RAM + 0x10000, {rv::csrw(MTVEC, 31)});
            hart_set_pc(b.hart, RAM + 0x10000);
            b.run(1);
            b.set(rv::gp, RAM + 0x20000);
            b.set(rv::tp, IO);
            b.set(5, 0x1234567);
            hart_set_pc(b.hart, RAM);
            Taker t(way == 4 ? ALL & ~(1u << ACCESS_FETCH) : ALL);
            memory_world_set_recorder(b.world, &t.rec);
            run(b, 4000, way == 2 ? 37 : way == 3 ? 1000 : 0);
            t.take();
            memory_world_set_recorder(b.world, nullptr);
            EXPECT_GT(t.data.size(), 500u);
            fetches.push_back(t.fetches);
            data.push_back(t.data);
        }
        for (unsigned way = 1; way < 5; way++) {
            SCOPED_TRACE(way);
            EXPECT_TRUE(data[way] == data[0]);
            EXPECT_TRUE(way == 4 || fetches[way] == fetches[0]);
        }
        EXPECT_GE(fetches[0].size(), 4000u);
    }
}

// The most there can be: where protection cuts a page, each instruction is a
// block; all of them store, in a cycle each.
TEST_P(HartRecord, TwoInEachCycleFit)
{
    using namespace rv;
    for (bool cut : {false, true}) {
        Board b(options_of(GetParam(), true, 3));
        HartConfig c = *hart_config(b.hart);
        c.pmp_entries = 2;
        Hart *h = hart_new(&c, nullptr);
        b.harts.push_back(h);
        std::vector<uint32_t> code(900, store(W, a0, 0, a1));
        code.push_back(jal(zero, -4 * 900));
        b.put_code(RAM, code);
        b.put_code(RAM + 0x10000, {csrw(0x3b0, a2), csrw(0x3a0, a3)});
        hart_set_x(h, a0, 0x77);
        hart_set_x(h, a1, RAM + 0x20000);
        hart_set_x(h, a2, (RAM + 0xffc) >> 2);
        hart_set_x(h, a3, cut ? 0x17 : 0); // NA4
        hart_set_pc(h, RAM + 0x10000);
        hart_step(h, 2);
        hart_set_pc(h, RAM);
        Taker t(ALL);
        memory_world_set_recorder(b.world, &t.rec);
        hart_limit(h, 2 + 50000);
        hart_run(h, 1000000 * CYCLE);
        t.take();
        memory_world_set_recorder(b.world, nullptr);
        EXPECT_EQ(hart_counters(h).instructions, 50002u);
        EXPECT_EQ(t.fetches.size(), 50000u);
        EXPECT_EQ(t.data.size(), 50000u - 50000 / 901);
    }
}

INSTANTIATE_TEST_SUITE_P(Widths, HartRecord, testing::Values(32u, 64u),
                         [](const testing::TestParamInfo<unsigned> &i) {
                             return "rv" + std::to_string(i.param);
                         });

} // namespace
