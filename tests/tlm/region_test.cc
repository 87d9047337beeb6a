// region_test.cc - foreign targets in the machine's map: what they are asked,
// what their answers and delays become. Oracles: the foreign memory itself, and
// hand arithmetic for time.
#include <algorithm>
#include <random>
#include <stdexcept>

#include "tests/sim/machine_kit.h"
#include "tests/tlm/db_kit.h"
#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const char *const board_text =
    "version: 1\nname: region\nclock: 50MHz\n"
    "cpus:\n  - {name: cpu0, isa: rv32imac_zicsr_zifencei, bus: main, "
    "fetch: code, reset: 0x80000000}\n"
    "buses:\n  main: {width: 32}\n  code: {width: 32}\n"
    "memories:\n"
    "  - {name: ram, bus: [main, code], at: 0x80000000, size: 64KiB}\n"
    "devices:\n"
    "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}\n";
const char *const no_hart_text =
    "version: 1\nname: region\nclock: 50MHz\n"
    "buses:\n  main: {width: 64}\n"
    "memories:\n  - {name: ram, bus: main, at: 0x80000000, size: 64KiB}\n";

const uint64_t ram = 0x80000000, window = 0x40000000;
const uint64_t cycle = 20000; // ps

socscope::RegionSettings place(uint64_t address = window,
                               unsigned max_payload = 8)
{
    socscope::RegionSettings s;
    s.bus = "main";
    s.address = address;
    s.size = 0x1000;
    s.max_payload = max_payload;
    return s;
}

/* -- through the map ------------------------------------------------------ */

TEST(TlmRegion, TheTargetSeesEveryAccess)
{
    Board board(no_hart_text);
    socscope::Machine soc("soc", board.m);
    socscope::RegionSettings upper = place();
    upper.size = 0x800;
    upper.base = 0x800;
    upper.unaligned = true;
    socscope::TlmRegion<32> wide("wide", soc, upper);
    socscope::RegionSettings words = place(window + 0x10000);
    words.min_access = words.max_access = words.max_payload = 4;
    socscope::TlmRegion<32> narrow("narrow", soc, words);
    Foreign a("a"), b("b");
    b.checker.strict = false; // it leaves a payload incomplete
    wide.socket.bind(a.socket);
    narrow.socket.bind(b.socket);
    socscope::TargetPort<32> port("port", soc, "main");
    Initiator initiator("initiator", [&](Initiator &i) {
        std::mt19937_64 r(7);
        std::vector<uint8_t> mirror(0x800);
        for (unsigned n = 0; n < 2000; n++) {
            unsigned len = static_cast<unsigned>(1 + r() % 20);
            uint64_t at = r() % (0x800 - len);
            std::vector<uint8_t> v(len);
            if (n % 2) {
                for (uint8_t &byte : v) {
                    byte = static_cast<uint8_t>(r());
                }
                ASSERT_EQ(i.write(window + at, v.data(), len),
                          tlm::TLM_OK_RESPONSE);
                std::copy(v.begin(), v.end(),
                          mirror.begin() + static_cast<long>(at));
            } else {
                ASSERT_EQ(i.read(window + at, v.data(), len),
                          tlm::TLM_OK_RESPONSE);
                ASSERT_TRUE(std::equal(v.begin(), v.end(),
                                       mirror.begin() + static_cast<long>(at)))
                    << n;
            }
        }
        EXPECT_TRUE(
            std::equal(mirror.begin(), mirror.end(), a.memory.begin() + 0x800));
        // Rules of the region: words only, aligned; eight bytes are two words.
        uint8_t v[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        EXPECT_EQ(i.write(window + 0x10010, v, 8), tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(b.calls, 2u);
        EXPECT_EQ(b.memory[0x17], 8);
        EXPECT_EQ(i.read(window + 0x10001, v, 1),
                  tlm::TLM_ADDRESS_ERROR_RESPONSE);
        EXPECT_EQ(b.calls, 2u);
        // Who asks.
        socscope::TlmAttributes who;
        who.requester_id = 0x1234;
        who.secure = who.user = true;
        Payload p;
        sc_time delay;
        Initiator::fill(p, tlm::TLM_READ_COMMAND, window + 0x10000, v, 4);
        p.set_extension(&who);
        i.socket->b_transport(p, delay);
        p.clear_extension(&who);
        EXPECT_EQ(b.last.requester_id, 0x1234);
        EXPECT_TRUE(b.last.secure && b.last.user && !b.last.debug);
        i.read(window + 0x10000, v, 4);
        EXPECT_EQ(b.last.requester_id, port.port()->id);
        EXPECT_FALSE(b.last.secure || b.last.user);
        // What it answers.
        const std::pair<tlm::tlm_response_status, tlm::tlm_response_status>
            answers[] = {
                {tlm::TLM_ADDRESS_ERROR_RESPONSE,
                 tlm::TLM_ADDRESS_ERROR_RESPONSE},
                {tlm::TLM_COMMAND_ERROR_RESPONSE,
                 tlm::TLM_COMMAND_ERROR_RESPONSE},
                {tlm::TLM_BURST_ERROR_RESPONSE,
                 tlm::TLM_GENERIC_ERROR_RESPONSE},
                {tlm::TLM_INCOMPLETE_RESPONSE, tlm::TLM_GENERIC_ERROR_RESPONSE},
            };
        for (auto &pair : answers) {
            b.answer = pair.first;
            EXPECT_EQ(i.read(window + 0x10000, v, 4), pair.second);
        }
        // Nothing without side effects is known of a device.
        unsigned calls = b.calls;
        EXPECT_EQ(i.debug(tlm::TLM_READ_COMMAND, window + 0x10000, v, 4), 0u);
        EXPECT_EQ(b.calls, calls);
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
}

TEST(TlmRegion, PlacesThatAreNotPossibleAreErrors)
{
    Board board(no_hart_text);
    socscope::Machine soc("soc", board.m);
    auto message = [&](const char *name,
                       std::function<void(socscope::RegionSettings &)> spoil) {
        socscope::RegionSettings s = place();
        spoil(s);
        try {
            socscope::TlmRegion<32> region(name, soc, s);
        } catch (const socscope::Failure &f) {
            return std::string(f.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(message("r1", [](auto &s) { s.bus = "mian"; }),
              "no bus mian for r1; name one of `buses:`");
    EXPECT_NE(message("r2", [](auto &s) { s.size = 0; }), "accepted");
    EXPECT_NE(message("r3", [](auto &s) { s.address = ~uint64_t{0} - 16; }),
              "accepted");
    EXPECT_NE(message("r4", [](auto &s) { s.max_payload = 3; }), "accepted");
    EXPECT_NE(message("r5", [](auto &s) { s.min_access = 16; }), "accepted");
    EXPECT_NE(message("r6",
                      [](auto &s) {
                          s.min_access = 8;
                          s.max_access = 4;
                      }),
              "accepted");
    EXPECT_EQ(message("r7", [](auto &) {}), "accepted");
}

/* -- harts and time ------------------------------------------------------ */

// n stores of s1 = 1, 2, ... to the window, then as many loads, then the end.
kit::Code stores_and_loads(int n)
{
    using namespace kit;
    return li(s0, 0x40000000) + li(s1, 0) + li(a0, static_cast<uint32_t>(n)) +
           Code{addi(s1, s1, 1), sw(s1, 0, s0), lw(a1, 0, s0),
                bne(s1, a0, -12)} +
           finish(3);
}

struct HartPlatform {
    Board board{board_text};
    socscope::Machine soc;
    socscope::TlmRegion<32> region;
    Foreign foreign;

    HartPlatform(const std::string &name, const kit::Code &code,
                 unsigned max_payload = 4)
        : soc((name + "_soc").c_str(), board.m),
          region((name + "_region").c_str(), soc, place(window, max_payload)),
          foreign((name + "_foreign").c_str())
    {
        board.load(code);
        region.socket.bind(foreign.socket);
    }
    HartCounters counters() { return hart_counters(machine_hart(board.m, 0)); }
};

// Two machines on one kernel: the same program, targets of different speed.
TEST(TlmRegion, DelaysAreChargedToTheLastPicosecond)
{
    const int n = 50; // 100 accesses
    HartPlatform quick("quick", stores_and_loads(n));
    HartPlatform slow("slow", stores_and_loads(n));
    slow.foreign.delay = ns(31.5);
    sc_core::sc_start();
    for (HartPlatform *p : {&quick, &slow}) {
        EXPECT_EQ(p->soc.stop_reason(), MACHINE_FINISHED);
        EXPECT_EQ(p->soc.exit_status(), 3);
        EXPECT_EQ(p->foreign.calls, 2u * n);
        EXPECT_EQ(p->foreign.memory[0], n);
    }
    EXPECT_EQ(quick.soc.uncharged(), 0u);
    uint64_t charged = 31500u * (2 * n - 1) / cycle;
    EXPECT_EQ(slow.counters().cycles - quick.counters().cycles, charged);
    EXPECT_EQ(slow.counters().data_target - quick.counters().data_target,
              charged);
    EXPECT_EQ(slow.soc.uncharged(), 31500u * 2 * n - charged * cycle);
    EXPECT_EQ(slow.counters().instructions, quick.counters().instructions);
    // The targets saw the machine's own time, not the kernel's.
    for (HartPlatform *p : {&quick, &slow}) {
        auto &t = p->foreign.times;
        EXPECT_TRUE(std::is_sorted(t.begin(), t.end()));
        EXPECT_LE(t.back(), machine_time(p->board.m));
        EXPECT_EQ(t.back() % cycle, 0u);
    }
}

// A region of one machine is memory of another, through a 64-bit socket.
TEST(TlmRegion, AMachineMayBeTheTargetOfAnother)
{
    const int n = 40;
    Board front(board_text), back(board_text);
    front.load(stores_and_loads(n));
    back.load({kit::addi(kit::s0, kit::s0, 1), kit::j(-4)});
    socscope::Machine first("first", front.m), second("second", back.m);
    socscope::RegionSettings s = place();
    s.base = ram + 0x8000;
    socscope::TlmRegion<64> region("region", first, s);
    socscope::TargetPort<64> port("port", second, "main");
    region.socket.bind(port.socket);
    first.stop_at_end(true);
    sc_core::sc_start();
    EXPECT_EQ(first.exit_status(), 3);
    EXPECT_EQ(back.bytes("ram")[0x8000], n);
    EXPECT_EQ(port_transactions(port.port()), 2u * n);
    EXPECT_FALSE(second.ended());
    EXPECT_GT(hart_counters(machine_hart(back.m, 0)).instructions, 100u);
    // Neither ran away from the other, and time was charged.
    EXPECT_NEAR(static_cast<double>(machine_time(front.m)),
                static_cast<double>(machine_time(back.m)), 30.0 * cycle);
    EXPECT_GE(hart_counters(machine_hart(front.m, 0)).data_target, 2u * n - 1);
}

// A target that waits suspends the machine; the rest of the platform goes on.
TEST(TlmRegion, ATargetMayWait)
{
    HartPlatform p("p", stores_and_loads(2)); // four accesses
    p.foreign.waits = sc_time(1, sc_core::SC_US);
    socscope::TargetPort<32> port("port", p.soc, "main");
    std::vector<uint64_t> reads;
    Initiator initiator("initiator", [&](Initiator &i) {
        for (unsigned n = 0; n < 80; n++) {
            i.write32(ram + 0x8000 + 4 * n, n);
            EXPECT_EQ(i.read32(ram + 0x8000 + 4 * n), n);
            reads.push_back(now_ps());
            sc_core::wait(ns(60));
        }
    });
    initiator.socket.bind(port.socket);
    Recording trace(p.soc, "tlm_wait_test.db");
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_EQ(p.soc.exit_status(), 3);
    ASSERT_EQ(p.foreign.times.size(), 4u);
    for (unsigned n = 0; n < 3; n++) {
        uint64_t from = p.foreign.times[n], to = p.foreign.times[n + 1];
        EXPECT_GE(to - from, 1000000u);
        auto between = [&](uint64_t t) { return t >= from && t < to; };
        EXPECT_GE(std::count_if(reads.begin(), reads.end(), between), 8) << n;
    }
    // The waits are in the machine's time once each, be it as waiting for the
    // bus that others used meanwhile, be it as the target's.
    EXPECT_NEAR(
        static_cast<double>(machine_time(p.board.m) + p.soc.uncharged()),
        static_cast<double>(p.foreign.times[3] + 1000000), 20.0 * cycle);
    EXPECT_GE(p.counters().data_wait + p.counters().data_target,
              3 * 1000000u / cycle - 10);
    // The database agrees with itself and knows who was who.
    trace.end();
    EXPECT_EQ(trace.number("select count(*) from tx where initiator = 'port' "
                           "and kind = 'tlm' and region = 'ram'"),
              160);
    EXPECT_EQ(trace.number("select count(*) from tx where kind in ('load', "
                           "'store') and region = 'p_region'"),
              4);
    EXPECT_EQ(trace.number("select count(*) from region where type = 'tlm' and "
                           "name = 'p_region' and address = 0x40000000"),
              1);
    EXPECT_EQ(trace.number("select sum(target_cycles) from tx where initiator "
                           "= 'cpu0.data' or initiator = 'cpu0'"),
              static_cast<int64_t>(p.counters().data_target));
}

// An initiator that is ahead asks the machine to follow; when a target holds
// the machine up, the initiator goes on.
TEST(TlmRegion, AnAccessAheadDoesNotWaitForATarget)
{
    HartPlatform p("p", stores_and_loads(2));
    p.foreign.waits = sc_time(1, sc_core::SC_US);
    socscope::TargetPort<32> port("port", p.soc, "main");
    Initiator initiator("initiator", [&](Initiator &i) {
        uint32_t value;
        sc_time delay = ns(500);
        EXPECT_EQ(
            i.access(tlm::TLM_READ_COMMAND, ram + 0x8000, &value, 4, delay),
            tlm::TLM_OK_RESPONSE);
        EXPECT_EQ(now_ps(), 0u);
        EXPECT_EQ(delay, ns(520));
        EXPECT_EQ(p.foreign.calls, 1u);
        EXPECT_LT(machine_time(p.board.m), 500000u);
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_EQ(p.soc.exit_status(), 3);
}

// Without others they are the target's alone; here two calls per access.
TEST(TlmRegion, AWaitIsChargedLikeADelay)
{
    const int n = 5;
    HartPlatform quick("quick", stores_and_loads(n), 2);
    HartPlatform slow("slow", stores_and_loads(n), 2);
    slow.foreign.waits = ns(495);
    sc_core::sc_start();
    EXPECT_EQ(slow.foreign.calls, 4u * n);
    uint64_t charged = 990000u * (2 * n - 1) / cycle;
    EXPECT_EQ(slow.counters().cycles - quick.counters().cycles, charged);
    EXPECT_EQ(slow.counters().data_target - quick.counters().data_target,
              charged);
    EXPECT_EQ(slow.soc.uncharged(), 990000u * 2 * n - charged * cycle);
}

// An access that was suspended goes on as if nothing had been in between.
TEST(TlmRegion, AnAccessIsRecordedWholeThoughOthersComeBetween)
{
    Board board(no_hart_text);
    socscope::Machine soc("soc", board.m);
    socscope::TlmRegion<32> region("region", soc, place(window, 2));
    Foreign foreign("foreign");
    region.socket.bind(foreign.socket);
    foreign.waits = ns(500);
    socscope::TargetPort<32> one("one", soc, "main"), two("two", soc, "main");
    Initiator first("first", [&](Initiator &i) {
        uint64_t value = 0x1122334455667788;
        sc_core::wait(ns(100));
        EXPECT_EQ(i.write(window + 8, &value, 8), tlm::TLM_OK_RESPONSE);
        EXPECT_GE(now_ps(), 2100000u); // four waits, paid at once
    });
    Initiator second("second", [&](Initiator &i) {
        for (unsigned n = 0; n < 30; n++) {
            i.write32(ram + 4 * n, n);
            sc_core::wait(ns(80));
        }
    });
    first.socket.bind(one.socket);
    second.socket.bind(two.socket);
    Recording trace(soc, "tlm_between_test.db");
    sc_core::sc_start();
    EXPECT_TRUE(first.ended && second.ended);
    EXPECT_EQ(soc.uncharged(), 0u);
    trace.end();
    EXPECT_EQ(trace.number("select count(*) from beat where region = 'region' "
                           "and size = 2"),
              4);
    EXPECT_EQ(trace.number("select value from beat where region = 'region' and "
                           "offset = 12"),
              0x3344);
    EXPECT_EQ(trace.number("select count(*) from beat where region = 'ram'"),
              30);
}

// Devices find their own machine current, whatever a target did before.
TEST(TlmRegion, TheMachineIsCurrentAgainAfterwards)
{
    using namespace kit;
    HartPlatform p("p", li(s0, 0x40000000) + Code{sw(s0, 0, s0)} +
                            li(s1, 0x41000000) + Code{sw(s0, 0, s1)} +
                            finish(6));
    p.foreign.waits = ns(100);
    MemoryWorld *world = machine_world(p.board.m), *seen = nullptr;
    MemoryWorld *during = world;
    p.foreign.before = [&](Payload &) { during = memory_world_current(); };
    MemoryRegionOps ops = {};
    ops.write = [](void *opaque, hwaddr, uint64_t, unsigned) {
        *static_cast<MemoryWorld **>(opaque) = memory_world_current();
    };
    MemoryRegion device = {};
    MemoryWorld *outer = memory_world_enter(world);
    memory_region_init_io(&device, nullptr, &ops, &seen, "device", 16);
    memory_region_add_subregion(&machine_find_bus(p.board.m, "main")->root,
                                0x41000000, &device);
    memory_world_enter(outer);
    sc_core::sc_start();
    EXPECT_EQ(p.soc.exit_status(), 6);
    EXPECT_EQ(seen, world);
    EXPECT_EQ(during, outer);
    EXPECT_EQ(memory_world_current(), outer);
    memory_world_enter(world);
    memory_region_del_subregion(device.container, &device);
    memory_region_fini(&device);
    memory_world_enter(outer);
}

// One access at a time goes through a port, and it is not its own target.
TEST(TlmRegion, AWaitingAccessHoldsItsPort)
{
    Board board(no_hart_text);
    socscope::Machine soc("soc", board.m);
    socscope::TlmRegion<32> region("region", soc, place());
    Foreign foreign("foreign");
    region.socket.bind(foreign.socket);
    foreign.waits = sc_time(1, sc_core::SC_US);
    socscope::TargetPort<32> port("port", soc, "main");
    tlm::tlm_response_status inner = tlm::TLM_OK_RESPONSE;
    uint64_t second_done = 0;
    Initiator initiator("initiator", [&](Initiator &i) {
        foreign.before = [&](Payload &) {
            uint8_t byte;
            inner = i.read(ram, &byte, 1);
        };
        sc_core::sc_spawn([&] {
            i.read32(ram + 64);
            second_done = now_ps();
        });
        uint32_t value;
        EXPECT_EQ(i.read(window, &value, 4), tlm::TLM_OK_RESPONSE);
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_EQ(inner, tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_GE(second_done, 1000000u);
    EXPECT_EQ(foreign.calls, 1u);
}

// What a target sets going is seen by others on time, though the machine had
// the kernel for itself until then.
TEST(TlmRegion, TheMachineNoticesWhatATargetStarts)
{
    using namespace kit;
    HartPlatform p("p",
                   li(s0, 0x40000000) + Code{sw(s0, 0, s0)} + li(a0, 20000) +
                       Code{addi(a0, a0, -1), bne(a0, zero, -4)} + finish(4));
    sc_core::sc_event started;
    p.foreign.before = [&](Payload &) { started.notify(ns(500)); };
    uint64_t at = 0, machine = 0;
    Initiator watcher("watcher", [&](Initiator &) {
        sc_core::wait(started);
        at = now_ps();
        machine = machine_time(p.board.m);
    });
    Foreign unused("unused");
    watcher.socket.bind(unused.socket);
    sc_core::sc_start();
    EXPECT_EQ(p.soc.exit_status(), 4);
    EXPECT_TRUE(watcher.ended);
    EXPECT_GE(at, 500000u);
    EXPECT_LT(machine, at + 10 * cycle);
    EXPECT_GT(machine_time(p.board.m), 40000 * cycle);
}

TEST(TlmRegion, AThrowingTargetEndsTheRunInOrder)
{
    HartPlatform p("p", stores_and_loads(5));
    p.foreign.before = [&](Payload &) {
        if (p.foreign.calls == 4) {
            throw std::runtime_error("the model broke");
        }
    };
    Recording trace(p.soc, "tlm_throw_test.db");
    try {
        sc_core::sc_start();
        FAIL() << "nothing was thrown";
    } catch (const std::exception &e) {
        EXPECT_NE(std::string(e.what()).find("the model broke"),
                  std::string::npos);
    }
    EXPECT_EQ(p.soc.stop_reason(), MACHINE_FINISHED);
    EXPECT_EQ(p.soc.exit_status(), 1);
    EXPECT_EQ(p.foreign.calls, 4u);
    trace.end();
}

} // namespace
