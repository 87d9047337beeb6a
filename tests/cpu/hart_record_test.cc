// hart_record_test.cc - what a hart records at full speed is what it records
// one access at a time: whatever kinds are wanted, however small the buffer,
// with and without wait states.

#include <random>

#include "tests/cpu/hart_kit.h"
#include "tests/cpu/record_kit.h"

namespace
{

using namespace rv;

enum : uint64_t { DATA = RAM + 0x8000, STEP_OVER = RAM + 0x7000 };
enum : unsigned { BODY = 160, INSTRUCTIONS = 9000 };

struct Memory {
    const char *name;
    unsigned bus;
    uint32_t first, next;
};
const Memory MEMORIES[] = {
    {"ideal", 0, 0, 0}, {"no_waits", 4, 0, 0}, {"waits", 4, 2, 1}};

struct Way {
    const char *name;
    bool fast;
    unsigned seed; // of the slices; 0: in one piece
    uint64_t steps;
};

struct End {
    std::vector<uint64_t> state;
    std::vector<Seen> rows;
    unsigned handed_over;
    uint64_t in_runs;
};

// A loop of random instructions. x8 points between two pages of data, x9 to the
// end of the code's own page, x18 to the device; x31 counts.
std::vector<uint32_t> random_loop(std::mt19937 &dice, unsigned xlen)
{
    auto below = [&](unsigned n) { return static_cast<unsigned>(dice() % n); };
    auto reg = [&] { return 10 + below(8); };
    auto offset = [&](unsigned log) { // seldom misaligned
        unsigned at = below(4000);
        return static_cast<int>(below(12) ? at >> log << log : at) - 2000;
    };
    const unsigned widest = xlen == 32 ? 3 : 4;
    std::vector<uint32_t> code;
    while (code.size() < BODY) {
        const unsigned log = below(widest);
        const Width width = static_cast<Width>(log);
        switch (below(16)) {
        case 0:
        case 1:
        case 2: code.push_back(load(width, reg(), offset(log), 8)); break;
        case 3:
        case 4: code.push_back(store(width, reg(), offset(log), 8)); break;
        case 5: // data in a page that has code
            code.push_back(below(2) ? load(W, reg(), -16, 9)
                                    : store(W, reg(), -16, 9));
            break;
        case 6:
            code.push_back(below(2) ? load(W, reg(), 8, 18)
                                    : store(H, reg(), 4, 18));
            break;
        case 7: {
            const unsigned rs1 = 8;
            code.push_back(below(3)   ? amo(0, 4, reg(), reg(), rs1)
                           : below(2) ? lr(4, reg(), rs1)
                                      : sc(4, reg(), reg(), rs1));
            break;
        }
        case 8: // over the next instruction, perhaps
            code.push_back(branch(below(2) ? NE : LT, reg(), reg(), 8));
            code.push_back(load(W, reg(), offset(2), 8));
            break;
        case 9: code.push_back(jal(zero, 4)); break;
        case 10: code.push_back(below(3) ? csrr(reg(), MCYCLE) : ECALL); break;
        case 11: code.push_back(0x00010001); break; // two c.nop
        case 12: // a fld or flw: i-type, 0x07
            code.push_back(i_type(offset(3), 8, below(2) ? 3 : 2, 1, 0x07));
            break;
        case 13: code.push_back(muldiv(below(8), reg(), reg(), reg())); break;
        default:
            code.push_back(op(static_cast<Alu>(below(8)), reg(), reg(), reg()));
            break;
        }
    }
    code.push_back(addi(31, 31, 1));
    code.push_back(jal(zero, -4 * static_cast<int>(code.size())));
    return code;
}

struct Profile {
    unsigned xlen;
    const char *profile;
};

class HartRecord : public testing::TestWithParam<std::tuple<Profile, int>>
{
  protected:
    HartRecord()
        : xlen(std::get<0>(GetParam()).xlen),
          profile(std::get<0>(GetParam()).profile),
          memory(MEMORIES[std::get<1>(GetParam())])
    {
    }

    End run(const std::vector<uint32_t> &code, const Way &way, uint32_t kinds,
            size_t room)
    {
        BoardOptions o;
        o.xlen = xlen;
        o.isa = "imafdc_zicsr_zifencei";
        o.profile = profile;
        o.fast = way.fast;
        o.bus = memory.bus;
        o.read_first = o.write_first = memory.first;
        o.read_next = o.write_next = memory.next;
        Board b(o);
        b.put_code(RAM, code);
        b.put_code(STEP_OVER, {csr(1, 30, MEPC, 30), addi(30, 30, 4),
                               csr(1, 30, MEPC, 30), MRET});
        b.set(1, STEP_OVER);
        b.set(2, 3u << 13); // mstatus.FS
        b.put_code(RAM + 0x6000, {csrw(MTVEC, 1), csrw(MSTATUS, 2)});
        hart_set_pc(b.hart, RAM + 0x6000);
        hart_step(b.hart, 2);
        hart_set_pc(b.hart, RAM);
        b.set(8, DATA + 0x1000);
        b.set(9, RAM + 0x1000);
        b.set(18, IO);
        std::mt19937_64 bytes(5);
        for (uint64_t at = 0; at < 0x2000; at += 8) {
            b.put64(DATA + at, bytes());
        }

        Recording recording(b.world, kinds, room);
        hart_step(b.hart, way.steps);
        hart_limit(b.hart, INSTRUCTIONS);
        std::mt19937_64 cuts(way.seed);
        while (hart_counters(b.hart).instructions < INSTRUCTIONS) {
            hart_run(b.hart, hart_time(b.hart) +
                                 (way.seed ? cuts() % 2000000 : PS_PER_SECOND));
        }
        End end = {
            {}, recording.rows(), recording.handed_over, recording.in_runs};
        HartCounters c = hart_counters(b.hart);
        end.state = {hart_pc(b.hart), c.cycles,      c.instructions,
                     c.traps,         c.fetch_stall, c.data_wait,
                     c.data_bus,      c.data_target};
        for (unsigned i = 0; i < 32; i++) {
            end.state.push_back(b.x(i));
            end.state.push_back(hart_f(b.hart, i));
        }
        if (kinds == KIND_ALL) {
            EXPECT_EQ(port_transactions(hart_fetch_port(b.hart)) +
                          port_transactions(hart_data_port(b.hart)),
                      end.rows.size() + 2); // those of the two csrw
        }
        return end;
    }

    unsigned xlen;
    const char *profile;
    Memory memory;
};

TEST_P(HartRecord, FullSpeedRecordsWhatSingleAccessesDo)
{
    std::mt19937 dice(xlen + memory.first);
    const std::vector<uint32_t> code = random_loop(dice, xlen);
    const size_t plenty = 1 << 20;
    const End all = run(code, {"", false, 0, 0}, KIND_ALL, plenty);
    ASSERT_EQ(all.handed_over, 0u);
    ASSERT_EQ(all.in_runs, 0u); // no access is inline there
    ASSERT_GT(all.rows.size(), INSTRUCTIONS + INSTRUCTIONS / 4);
    const Way ways[] = {{"at full speed", true, 0, 0},
                        {"in slices", true, 3, 0},
                        {"stepped at first", true, 0, 777},
                        {"access by access", false, 0, 0}};
    const std::pair<const char *, uint32_t> kinds[] = {
        {"all", KIND_ALL},
        {"data", KIND_DATA},
        {"fetches", KIND_FETCH},
        {"loads", KIND_LOAD},
        {"fetches and stores", KIND_FETCH | KIND_STORE}};
    for (const auto &[what, mask] : kinds) {
        const std::vector<Seen> want = rows_of_kinds(all.rows, mask);
        for (const Way &way : ways) {
            SCOPED_TRACE(testing::Message() << what << ", " << way.name);
            const End end = run(code, way, mask, RECORD_ROOM);
            // inline accesses come along with the kinds beside them
            expect_same_rows(want, rows_of_kinds(end.rows, mask), what);
            if (HasFatalFailure()) {
                return;
            }
            EXPECT_EQ(end.state, all.state);
            // Fetches alone are few records.
            EXPECT_TRUE(end.handed_over > 0 || !(mask & KIND_DATA));
            const bool runs = way.fast && mask == KIND_ALL;
            EXPECT_TRUE(!runs || end.in_runs > 100) << end.in_runs;
        }
    }
}

// Slow accesses take more records than the cycles they last stand for. What is
// then left of a large buffer must do for what follows at full speed.
TEST(HartRecordRoom, IsLookedForBehindSlowAccesses)
{
    BoardOptions o;
    Board b(o);
    b.device.ops.impl.max_access_size = 1; // four beats of a word
    b.put_code(RAM, {load(W, 10, 0, 18), load(W, 11, 4, 18), load(W, 12, 8, 18),
                     load(W, 13, 12, 18), addi(5, 5, -1),
                     branch(NE, 5, zero, -20), load(W, 10, 0, 8),
                     load(W, 11, 4, 8), load(W, 12, 8, 8), load(W, 13, 12, 8),
                     addi(6, 6, -1), branch(NE, 6, zero, -20), self()});
    b.set(8, DATA);
    b.set(18, IO);
    Recording recording(b.world, KIND_ALL, 1 << 16);
    size_t before = 0, most = 0;
    // Twice to have all blocks linked, then from one to the next without a
    // look at the buffer between.
    for (auto [slow, inline_] : {std::pair{2u, 2u}, {2u, 2u}, {1900u, 3000u}}) {
        before = recording.rows().size();
        b.set(5, slow);
        b.set(6, inline_);
        hart_set_pc(b.hart, RAM);
        b.run(6 * (slow + inline_));
        EXPECT_EQ(b.x(6), 0u);
        most = 10 * (slow + inline_);
    }
    EXPECT_EQ(recording.rows().size() - before, most);
}

// The most there can be: where protection cuts a page, each instruction is a
// block; all of them store, in a cycle each.
TEST(HartRecordRoom, IsForTwoInEachCycle)
{
    for (auto [xlen, cut] : {std::pair{32u, false}, {32u, true}, {64u, true}}) {
        BoardOptions o;
        o.xlen = xlen;
        Board b(o);
        HartConfig c = *hart_config(b.hart);
        c.pmp_entries = 2;
        Hart *h = hart_new(&c, nullptr);
        b.harts.push_back(h);
        std::vector<uint32_t> code(900, store(W, 10, 0, 11));
        code.push_back(jal(zero, -4 * 900));
        b.put_code(RAM, code);
        b.put_code(RAM + 0x10000, {csrw(0x3b0, 12), csrw(0x3a0, 13)});
        hart_set_x(h, 10, 0x77);
        hart_set_x(h, 11, DATA);
        hart_set_x(h, 12, (RAM + 0xffc) >> 2);
        hart_set_x(h, 13, cut ? 0x17 : 0); // NA4
        hart_set_pc(h, RAM + 0x10000);
        hart_step(h, 2);
        hart_set_pc(h, RAM);
        Recording recording(b.world, KIND_ALL, RECORD_ROOM);
        hart_limit(h, 2 + 50000);
        hart_run(h, UINT64_C(1) << 50);
        EXPECT_EQ(hart_counters(h).instructions, 50002u);
        EXPECT_EQ(recording.rows().size(), 100000u - 50000 / 901);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Harts, HartRecord,
    testing::Combine(testing::Values(Profile{32u, "generic-table"},
                                     Profile{64u, "generic-table"},
                                     Profile{32u, "ibex-maxperf"},
                                     Profile{32u, "cv32e40p"},
                                     Profile{32u, "hazard3-rp2350"},
                                     Profile{32u, "picorv32-default"},
                                     Profile{32u, "picorv32-compressed"}),
                     testing::Range(0, 3)),
    [](const testing::TestParamInfo<HartRecord::ParamType> &info) {
        const Profile &p = std::get<0>(info.param);
        std::string name = "rv" + std::to_string(p.xlen) + "_" + p.profile +
                           "_" + MEMORIES[std::get<1>(info.param)].name;
        std::replace(name.begin(), name.end(), '-', '_');
        return name;
    });

} // namespace
