// How a hart is run must not be visible: with inline entries or without, in one
// piece or in slices, random code ends in the same state with the same counts.
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "cpu/hart.h"
#include "soc/bus.h"

namespace
{

const uint64_t kBase = 0x80000000;
const uint64_t kSize = 0x10000;

struct Kind {
    const char *isa, *profile;
};

struct Board {
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    EventQueue events;
    ClockDomain clock;
    Bus bus;
    WaitStates waits;
    MemoryRegion root, ram;
    AddressSpace as;
    Hart *hart = nullptr;

    Board(const Kind &kind, bool fast, uint32_t wait_states)
    {
        event_queue_init(&events, world);
        clock_init(&clock, "clock", 100000000);
        EXPECT_TRUE(bus_init(&bus, "main", &clock, &events, 4, nullptr));
        bus.model.id = 1;
        wait_states_init(&waits, "ram", &clock);
        waits.read_first = waits.write_first = wait_states;
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", kSize, nullptr);
        ram.timing = &waits.model;
        memory_region_add_subregion(&root, kBase, &ram);
        address_space_init(&as, &root, "as");
        HartConfig config = {};
        config.name = "hart";
        EXPECT_TRUE(hart_isa_parse(kind.isa, &config.isa, nullptr));
        config.profile = timing_profile_find(kind.profile);
        config.level = timing_profile_level(config.profile);
        config.clock = &clock;
        config.reset_pc = kBase;
        config.fetch_as = config.data_as = &as;
        config.fetch_timing = config.data_timing = &bus.model;
        config.fast = fast;
        hart = hart_new(&config, nullptr);
        EXPECT_NE(nullptr, hart);
    }
    ~Board()
    {
        hart_free(hart);
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &ram);
        memory_region_fini(&ram);
        memory_region_fini(&root);
        bus_fini(&bus);
        event_queue_fini(&events);
        memory_world_enter(before);
        memory_world_free(world);
    }
    uint8_t *host()
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
    }
    void load(const std::vector<uint32_t> &code, uint64_t offset = 0)
    {
        memcpy(host() + offset, code.data(), 4 * code.size());
    }
};

// Everything a run leaves behind that somebody could look at.
std::vector<uint64_t> state_of(Board &b)
{
    std::vector<uint64_t> s = {hart_pc(b.hart), hart_privilege(b.hart)};
    for (unsigned i = 0; i < 32; i++) {
        s.push_back(hart_x(b.hart, i));
    }
    for (unsigned csr : {0x300u, 0x341u, 0x342u, 0x343u, 0xb00u, 0xb02u}) {
        uint64_t v = 0;
        hart_read_csr(b.hart, csr, &v);
        s.push_back(v);
    }
    HartCounters c = hart_counters(b.hart);
    for (uint64_t v : {c.cycles, c.instructions, c.idle, c.traps, c.fetch_stall,
                       c.data_wait, c.data_bus, c.data_target}) {
        s.push_back(v);
    }
    s.push_back(port_transactions(hart_data_port(b.hart)));
    s.push_back(port_transactions(hart_fetch_port(b.hart)));
    s.push_back(b.bus.lane.transactions);
    s.push_back(b.bus.lane.busy_cycles);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < kSize; i++) {
        sum = sum * 31 + b.host()[i];
    }
    s.push_back(sum);
    return s;
}

// A handler that steps over whatever trapped, 4 bytes on.
const std::vector<uint32_t> kHandler = {
    0x341f1f73, // csrrw x30, mepc, x30
    0x004f0f13, // addi x30, x30, 4
    0x341f1f73, // csrrw x30, mepc, x30
    0x30200073, // mret
};

std::vector<uint32_t> random_code(std::mt19937 &rng, size_t n)
{
    std::vector<uint32_t> code = {
        0x00008097, // auipc x1, 8: the data
        0x00001117, // auipc x2, 1: the handler, at 0x1004
        0x30511073, // csrw mtvec, x2
    };
    while (code.size() < n) {
        uint32_t rd = 3 + rng() % 27, rs1 = rng() % 30, rs2 = rng() % 30;
        uint32_t f3 = rng() % 8, imm = rng() & 0xfff;
        uint32_t r = rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7;
        switch (rng() % 9) {
        case 0: code.push_back(r | 0x33 | (rng() % 2) << 25); break; // R, M
        case 1: code.push_back(imm << 20 | (r & 0xfffff) | 0x13); break;
        case 2: code.push_back((rng() & 0xfffff000) | rd << 7 | 0x37); break;
        case 3: // load near x1
        case 4:
            code.push_back(imm << 20 | 1 << 15 | f3 << 12 | rd << 7 | 0x03);
            break;
        case 5:
        case 6: // store near x1, sometimes misaligned or reserved
            code.push_back((imm >> 5) << 25 | rs2 << 20 | 1 << 15 |
                           (rng() % 4) << 12 | (imm & 31) << 7 | 0x23);
            break;
        case 7: // a short branch forward
            code.push_back(rs2 << 20 | rs1 << 15 | f3 << 12 |
                           (2 + 2 * (rng() % 3)) << 8 | 0x63);
            break;
        default: code.push_back(static_cast<uint32_t>(rng())); break;
        }
        uint32_t &w = code.back();
        uint32_t opcode = w & 0x7f;
        bool strays = opcode == 0x6f || opcode == 0x67 || opcode == 0x73 ||
                      (w & 3) != 3 ||
                      (opcode == 0x63 && (w >> 31 || w >> 25 || (w & 0x80)));
        if (strays) {
            w = 0x00000013; // nop: jumps elsewhere would end the program
        }
    }
    code.push_back(0x0000006f); // j .
    return code;
}

class HartRun : public testing::TestWithParam<Kind>
{
};

TEST_P(HartRun, HowItIsRunIsInvisible)
{
    const bool pipeline = timing_profile_find(GetParam().profile)->core;
    for (unsigned seed = 0; seed < (pipeline ? 12 : 60); seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        std::vector<uint32_t> code = random_code(rng, 600);
        uint32_t waits = seed % 3;
        std::vector<std::vector<uint64_t>> ends;
        for (int way = 0; way < 4; way++) {
            Board b(GetParam(), way != 1, waits);
            b.load(code);
            b.load(kHandler, 0x1004);
            hart_limit(b.hart, 5000);
            uint64_t end = 20000 * UINT64_C(10000);
            if (way == 3) {
                hart_step(b.hart, 300);
            }
            std::mt19937 cuts(seed + 1000);
            for (uint64_t t = 0; way == 2 && t < end; t += cuts() % 400000) {
                hart_run(b.hart, t);
            }
            hart_run(b.hart, end);
            ends.push_back(state_of(b));
        }
        ASSERT_EQ(ends[0], ends[1]) << "without inline entries";
        ASSERT_EQ(ends[0], ends[2]) << "in slices";
        ASSERT_EQ(ends[0], ends[3]) << "stepped at first";
    }
}

// Another initiator: moves bytes between places of the data at random times,
// and interrupts after some of them.
struct Other {
    Board &b;
    MemoryPort port;
    Event due;
    std::mt19937 rng;
    PortRequest rq;
    uint8_t data[64] = {};
    unsigned moves = 0;

    Other(Board &board, unsigned seed) : b(board), rng(seed + 7)
    {
        EXPECT_TRUE(port_init(&port, &b.as, "other", &b.clock, &b.bus.model, 0,
                              nullptr));
        event_init(&b.events, &due, "other", EVENT_NORMAL, act, this);
        event_schedule(&b.events, &due, 500000);
        b.events.opaque = b.hart;
        b.events.shortened = [](void *hart, uint64_t horizon) {
            hart_stop_before(static_cast<Hart *>(hart), horizon);
        };
    }
    ~Other()
    {
        event_cancel(&b.events, &due);
        port_fini(&port);
    }
    static void act(void *opaque, uint64_t when)
    {
        Other *o = static_cast<Other *>(opaque);
        o->rq = {};
        o->rq.tx.addr = kBase + 0x7800 + 8 * (o->rng() % 500);
        o->rq.tx.issue = when;
        o->rq.tx.kind = ACCESS_DMA;
        o->rq.buf = o->data;
        o->rq.len = 1 + o->rng() % 64;
        o->rq.is_write = o->rng() % 2;
        o->rq.opaque = o;
        o->rq.done = [](PortRequest *rq) {
            Other *self = static_cast<Other *>(rq->opaque);
            hart_set_irq(self->b.hart, HART_MEI, self->moves++ % 8 == 7);
            uint64_t gap = self->rng() % 3 ? self->rng() % 8 : self->rng() % 90;
            event_schedule(&self->b.events, &self->due,
                           rq->tx.done + gap * 10000);
        };
        port_request(&o->port, &o->rq);
    }
    void run(uint64_t until)
    {
        while (hart_time(b.hart) < until) {
            uint64_t horizon = std::min(until, event_horizon(&b.events));
            if (hart_run(b.hart, horizon) == HART_STOP_LIMIT) {
                break;
            }
            event_run_until(&b.events, hart_time(b.hart));
        }
    }
};

TEST_P(HartRun, HowItIsRunIsInvisibleBesideOthers)
{
    for (unsigned seed = 0; seed < 12; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        std::vector<uint32_t> code = random_code(rng, 600);
        const std::vector<uint32_t> enable = {
            0x000011b7, // lui x3, 1
            0x8001b193, // sltiu x3, x3, -2048: 1
            0x00b19193, // slli x3, x3, 11: MEIE
            0x30419073, // csrw mie, x3
            0x30046073, // csrsi mstatus, 8: MIE
        };
        code.insert(code.begin() + 3, enable.begin(), enable.end());
        std::vector<std::vector<uint64_t>> ends;
        for (int way = 0; way < 3; way++) {
            Board b(GetParam(), way != 1, seed % 3);
            b.load(code);
            b.load(kHandler, 0x1004);
            Other other(b, seed);
            hart_limit(b.hart, 4000);
            const uint64_t end = 20000 * UINT64_C(10000);
            std::mt19937 cuts(seed + 1000);
            for (uint64_t t = 0; way == 2 && t < end; t += cuts() % 400000) {
                other.run(t);
            }
            other.run(end);
            ends.push_back(state_of(b));
            ends.back().push_back(other.moves);
            EXPECT_GT(other.moves, 50u);
            EXPECT_GT(hart_counters(b.hart).interrupts, 3u);
            EXPECT_GT(b.bus.lane.wait_cycles, 0u);
        }
        ASSERT_EQ(ends[0], ends[1]) << "without inline entries";
        ASSERT_EQ(ends[0], ends[2]) << "in slices";
    }
}

TEST_P(HartRun, CyclesAreCategoriesAndBlocks)
{
    Board b(GetParam(), true, 2);
    std::mt19937 rng(7);
    b.load(random_code(rng, 600));
    b.load(kHandler, 0x1004);
    hart_limit(b.hart, 5000);
    hart_run(b.hart, 100000 * UINT64_C(10000));
    HartCounters c = hart_counters(b.hart);
    uint64_t sum = 0;
    hart_visit_blocks(
        b.hart,
        [](void *opaque, uint64_t, uint64_t, uint64_t, uint64_t,
           uint64_t cycles) { *static_cast<uint64_t *>(opaque) += cycles; },
        &sum);
    EXPECT_EQ(c.cycles - c.idle, sum);
    EXPECT_GT(c.data_target, 0u);
    // A pipeline's are in no category.
    EXPECT_EQ(c.fetch_stall > 0,
              !timing_profile_find(GetParam().profile)->core);
}

// Page 0 is nobody's here, so neither address may hit an inline entry.
TEST_P(HartRun, MisalignedAccessNearZeroFaults)
{
    for (uint32_t address : {1u, 3u, 5u, 7u}) {
        Board b(GetParam(), true, 0);
        b.load({0x00001097, 0x30509073, // auipc x1, 1; csrw mtvec, x1

                address << 20 | 0x00001183, // lh x3, address(x0)
                0x0000006f});
        b.load({0x0000006f}, 0x1000);
        hart_limit(b.hart, 50);
        hart_run(b.hart, 1000000);
        uint64_t cause = 0, tval = 0;
        hart_read_csr(b.hart, 0x342, &cause);
        hart_read_csr(b.hart, 0x343, &tval);
        EXPECT_EQ(5u, cause);
        EXPECT_EQ(address, tval);
    }
}

TEST_P(HartRun, CodeThatIsOverwrittenRunsAnew)
{
    Board b(GetParam(), true, 0);
    // x5 counts: twice through an instruction that the program changes.
    b.load({0x00000297,           // auipc x5, 0
            0x00128313,           // addi x6, x5, 1     (offset 4, replaced)
            0x0182a383,           // lw x7, 24(x5)
            0x0072a223,           // sw x7, 4(x5)
            0x00140413,           // addi x8, x8, 1
            0xfe209ae3 | 0,       // placeholder, replaced below
            0x00228313});         // data: addi x6, x5, 2
    uint32_t branch = 0xfe0008e3; // beq x0, x0, -16
    memcpy(b.host() + 20, &branch, 4);
    hart_step(b.hart, 5);
    EXPECT_EQ(hart_x(b.hart, 5) + 1, hart_x(b.hart, 6));
    hart_limit(b.hart, 8);
    hart_run(b.hart, 1000000);
    EXPECT_EQ(hart_x(b.hart, 5) + 2, hart_x(b.hart, 6));
}

std::vector<Kind> kinds()
{
    std::vector<Kind> all = {{"rv64imac_zicsr_zifencei", "generic-table"},
                             {"rv32imac_zicsr_zifencei", "generic-table"}};
    for (const TimingProfile *p = timing_profiles; p->name; p++) {
        if (p->core) {
            all.push_back({"rv32imac_zicsr_zifencei", p->name});
        }
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Cpu, HartRun, testing::ValuesIn(kinds()),
                         [](const testing::TestParamInfo<Kind> &info) {
                             std::string name = std::string(info.param.isa, 4) +
                                                "_" + info.param.profile;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
