// hart_pipe_test.cc - harts whose time a pipeline decides (cpu/hart_pipe.c):
// that code is kept once per state of the pipeline, and where it is when an
// interrupt comes, must not be visible.
#include <algorithm>

#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

BoardOptions options(const char *profile, uint32_t wait_states)
{
    BoardOptions o;
    o.profile = profile;
    o.bus = 4;
    o.read_first = o.write_first = wait_states;
    return o;
}

// Memory whose loads take `cycles`.
struct Slow {
    TimingModel model = {};
    const ClockDomain *clock;
    uint64_t cycles = 300; // more than is learned

    explicit Slow(const ClockDomain *c) : clock(c)
    {
        model.name = "slow";
        model.access = [](TimingModel *m, TimingRequest *rq) {
            auto *self = reinterpret_cast<Slow *>(m); // its first member
            const uint64_t cycle = clock_cycle_at(self->clock, rq->issue);
            rq->granted = rq->issue;
            rq->done = clock_time(self->clock, cycle + self->cycles);
            rq->target_ps = rq->done - rq->issue;
            rq->beats = rq->pieces;
            rq->beat_first = rq->beat_next = rq->target_ps;
        };
    }
};

// Loads that take a cycle longer in each round leave the pipeline in new states
// in each round, of which so many are kept that two with the same place in the
// table belong to one pc. The rounds take a cycle longer per load all the same.
TEST(HartPipe, ManyStatesAtOnePlace)
{
    const unsigned loads = 16, rounds = 540;
    Board b(options("cv32e40p", 0));
    Slow slow(&b.clock);
    memory_region_transaction_begin();
    b.io.timing = &slow.model;
    memory_region_transaction_commit();
    std::vector<uint32_t> code;
    for (unsigned i = 0; i < loads; i++) {
        code.push_back(load(W, a0 + i, 0, s0));
        code.push_back(jal(zero, 4)); // ends the block: there is room for more
    }
    code.push_back(jal(zero, -4 * static_cast<int>(code.size())));
    b.put_code(RAM, code);
    b.set(s0, IO);
    uint64_t last = 0;
    for (unsigned i = 0; i < rounds; i++, slow.cycles++) {
        const uint64_t begin = hart_progress(b.hart).cycles;
        hart_limit(b.hart, (i + 1) * code.size());
        hart_run(b.hart, TIME_NEVER);
        const uint64_t took = hart_progress(b.hart).cycles - begin;
        if (i > 1) { // the pipeline has filled
            ASSERT_EQ(last + loads, took) << "round " << i;
        }
        last = took;
    }
}

class HartPipeIrq : public testing::TestWithParam<const char *>
{
};

// Runs until so many have retired in all, whatever breaks.
void retire(Hart *hart, uint64_t instructions)
{
    hart_limit(hart, instructions);
    while (hart_progress(hart).instructions < instructions) {
        hart_run(hart, TIME_NEVER);
    }
}

// Takes an interrupt `before` instructions into the third round of a loop;
// returns the cycle at which the fourth is over. With breaks at all of them,
// each instruction is a block of its own.
uint64_t interrupted(const char *profile, uint32_t waits, unsigned before,
                     bool breaks)
{
    Board b(options(profile, waits));
    const std::vector<uint32_t> code = {
        load(W, a0, 0, s0),    add(a1, a0, a0),    store(W, a1, 4, s0),
        muldiv(0, a2, a1, a1), load(W, a3, 0, s0), add(a2, a2, a3),
        muldiv(4, a3, a2, s0), add(a1, a3, a3),    store(W, a1, 8, s0),
        store(W, a1, 12, s0),  load(W, a0, 8, s0), add(a1, a0, a1),
    };
    const std::vector<uint32_t> handler = {
        load(W, t1, 0, s0),
        addi(t1, t1, 1),
        csrw(MIE, zero),
        MRET,
    };
    b.set(s0, RAM + 0x8000);
    b.set(31, HANDLER);
    b.set(30, 8);
    b.run_code({csrw(MTVEC, 31), csrw(MIE, 30), csr(2, zero, MSTATUS, 30)});
    std::vector<uint32_t> loop = code;
    loop.push_back(jal(zero, -4 * static_cast<int>(code.size())));
    b.put_code(HANDLER, handler);
    b.put_code(RAM, loop);
    hart_set_pc(b.hart, RAM);
    for (size_t i = 0; breaks && i < loop.size(); i++) {
        EXPECT_TRUE(hart_set_break(b.hart, RAM + 4 * i));
    }
    const uint64_t done = hart_progress(b.hart).instructions;
    retire(b.hart, done + 2 * loop.size() + before);
    hart_set_irq(b.hart, HART_MSI, true);
    retire(b.hart, done + 4 * loop.size() + handler.size());
    EXPECT_EQ(RAM, hart_pc(b.hart));
    EXPECT_EQ(0u, b.csr(MIE));
    return hart_progress(b.hart).cycles;
}

TEST_P(HartPipeIrq, WhereItComesInABlockIsInvisible)
{
    for (uint32_t waits : {0u, 1u, 3u}) {
        for (unsigned before = 0; before < 13; before++) {
            EXPECT_EQ(interrupted(GetParam(), waits, before, true),
                      interrupted(GetParam(), waits, before, false))
                << "after " << before << " at " << waits << " wait states";
        }
    }
}

const char *const kCores[] = {
    "ibex-small",     "ibex-maxperf",     "cv32e40p",
    "hazard3-rp2350", "picorv32-default",
};

INSTANTIATE_TEST_SUITE_P(Cpu, HartPipeIrq, testing::ValuesIn(kCores),
                         [](const testing::TestParamInfo<const char *> &info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
