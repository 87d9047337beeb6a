// quick_test.cc - the short way of plain payloads is invisible: the same
// payloads, once plain and once by the general way, get the same answers.
#include <algorithm>
#include <array>
#include <random>

#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const uint64_t ram = 0x80000000, slow = 0x80004000, rom = 0x80010000;
const uint64_t io = 0x10000000, cycle = 20000; // ps
const char *const board_text =
    "version: 1\nname: quick\nclock: 50MHz\n"
    "buses:\n  main: {width: 32}\n  free: {width: 32, timing: none}\n"
    "memories:\n"
    "  - {name: ram, bus: [main, free], at: 0x80000000, size: 16KiB}\n"
    "  - {name: slow, bus: [main, free], at: 0x80004000, size: 8KiB,"
    " wait_states: 2}\n"
    "  - {name: rom, bus: [main, free], at: 0x80010000, size: 4KiB,"
    " kind: rom}\n";

// A device that sees when it is asked.
struct Clerk {
    const MemoryWorld *world = nullptr;
    MemoryRegion mr = {};
    MemoryRegionOps ops = {};
    std::vector<std::array<uint64_t, 4>> seen;

    void map(::Machine *m, const char *bus)
    {
        world = machine_world(m);
        ops.read = [](void *opaque, hwaddr addr, unsigned size) {
            return static_cast<Clerk *>(opaque)->note(addr, size, 0);
        };
        ops.write = [](void *opaque, hwaddr addr, uint64_t data,
                       unsigned size) {
            static_cast<Clerk *>(opaque)->note(addr, size, data);
        };
        ops.valid.min_access_size = ops.impl.min_access_size = 1;
        ops.valid.max_access_size = ops.impl.max_access_size = 4;
        MemoryWorld *outer = memory_world_enter(machine_world(m));
        memory_region_init_io(&mr, nullptr, &ops, this, "clerk", 0x1000);
        memory_region_add_subregion(&machine_find_bus(m, bus)->root, io, &mr);
        memory_world_enter(outer);
    }
    void unmap(::Machine *m)
    {
        MemoryWorld *outer = memory_world_enter(machine_world(m));
        memory_region_del_subregion(mr.container, &mr);
        memory_region_fini(&mr);
        memory_world_enter(outer);
    }
    uint64_t note(hwaddr addr, unsigned size, uint64_t data)
    {
        EXPECT_EQ(memory_world_current(), world);
        seen.push_back({addr, size, data, world->now});
        return 0xfedcba9876543210 * seen.size(); // more than is asked for
    }
};

// One machine with two ports, and what came of the payloads.
struct Side {
    Board board{board_text};
    socscope::Machine soc;
    socscope::TargetPort<32> timed, untimed;
    Initiator to_timed, to_free;
    Clerk clerk;
    std::vector<std::array<uint64_t, 4>> answers;

    explicit Side(const std::string &name)
        : soc((name + "soc").c_str(), board.m),
          timed((name + "timed").c_str(), soc, "main"),
          untimed((name + "free").c_str(), soc, "free"),
          to_timed((name + "a").c_str(), [](Initiator &) {}),
          to_free((name + "b").c_str(), [](Initiator &) {})
    {
        to_timed.socket.bind(timed.socket);
        to_free.socket.bind(untimed.socket);
        clerk.map(board.m, "main");
    }
    ~Side() { clerk.unmap(board.m); }

    void access(Initiator &who, bool general, uint64_t at, unsigned len,
                bool is_write, uint64_t value, uint64_t delay_ps)
    {
        Payload p;
        socscope::TlmAttributes attributes;
        Initiator::fill(
            p, is_write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, at,
            &value, len);
        if (general) {
            attributes.requester_id =
                (&who == &to_timed ? timed : untimed).port()->id;
            p.set_extension(&attributes);
        }
        sc_time delay = sc_time::from_value(delay_ps);
        who.socket->b_transport(p, delay);
        p.clear_extension(&attributes);
        EXPECT_EQ(memory_world_current(), memory_world_default());
        answers.push_back({delay.value(), value,
                           static_cast<uint64_t>(p.get_response_status()),
                           p.is_dmi_allowed()});
    }
    std::vector<std::array<uint64_t, 10>> totals()
    {
        std::vector<std::array<uint64_t, 10>> all;
        for (MemoryPort *port : {timed.port(), untimed.port()}) {
            uint32_t n;
            const PortTraffic *t = port_traffic(port, &n);
            for (uint32_t i = 0; i < n; i++) {
                all.push_back({t[i].region_id, t[i].size, t[i].kind, t[i].dir,
                               t[i].accesses, t[i].errors, t[i].beats, t[i].bus,
                               t[i].wait, t[i].target});
            }
        }
        std::sort(all.begin(), all.end());
        return all;
    }
};

void compare(Side &plain, Side &general)
{
    std::mt19937_64 r(1);
    auto below = [&r](uint64_t n) { return r() % n; };
    uint64_t local[2] = {0, 0}; // ps; of the two initiators
    for (unsigned n = 0; n < 6000 && !testing::Test::HasFailure(); n++) {
        const unsigned what = static_cast<unsigned>(below(300));
        if (what < 3) {
            const auto dmi = static_cast<socscope::Dmi>(what);
            plain.soc.set_dmi(dmi);
            general.soc.set_dmi(dmi);
        } else if (what < 6) {
            sc_core::wait(ns(20.0 * static_cast<double>(below(50))));
        } else if (what < 9) { // a rule of the device
            for (Side *s : {&plain, &general}) {
                MemoryWorld *outer =
                    memory_world_enter(machine_world(s->board.m));
                memory_region_set_reentrancy(
                    &s->clerk.mr, what < 8 ? MEMORY_REENTRANCY_FAULT
                                           : MEMORY_REENTRANCY_ALLOW);
                memory_world_enter(outer);
            }
        } else {
            const unsigned who = below(3) == 0;
            const uint64_t places[] = {ram, ram, ram, slow, slow, rom, io, io};
            const uint64_t base = places[below(8)];
            const unsigned len =
                below(6) ? 1U << below(4) : 1 + static_cast<unsigned>(below(8));
            const uint64_t at = base + below(0x200) * (below(9) ? 8 : 13);
            // Mostly where the last one ended, else earlier, later, anywhere.
            uint64_t begin = local[who];
            if (below(6) == 0) {
                begin = begin / (2 * cycle) * cycle;
                begin += below(5) ? below(40) * cycle : below(400000);
            }
            const uint64_t now = now_ps();
            const uint64_t delay = begin > now ? begin - now : 0;
            const bool is_write = below(2);
            const uint64_t value = r();
            for (Side *s : {&plain, &general}) {
                s->access(who ? s->to_free : s->to_timed, s == &general, at,
                          len, is_write, value, delay);
            }
            local[who] = now + plain.answers.back()[0];
            ASSERT_EQ(plain.answers.back(), general.answers.back()) << n;
            ASSERT_EQ(plain.clerk.seen, general.clerk.seen) << n;
            plain.clerk.seen.clear();
            general.clerk.seen.clear();
        }
    }
    EXPECT_EQ(plain.totals(), general.totals());
    EXPECT_GT(plain.answers.size(), 5000u);
    const Bus &a = machine_find_bus(plain.board.m, "main")->bus;
    const Bus &b = machine_find_bus(general.board.m, "main")->bus;
    EXPECT_EQ(a.lane.data_end, b.lane.data_end);
}

TEST(TlmQuick, IsInvisible)
{
    Side plain("plain_"), general("general_");
    Initiator script("script", [&](Initiator &) { compare(plain, general); });
    Foreign nobody("nobody");
    script.socket.bind(nobody.socket);
    sc_core::sc_start(sc_time(1, sc_core::SC_SEC));
    EXPECT_TRUE(script.ended);
}

// Where accesses take no time, too, one that is not plain comes in between.
TEST(TlmQuick, IsNotBeforeWhatWentTheGeneralWay)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    socscope::TargetPort<32> port("port", soc, "free");
    Initiator caller("caller", [](Initiator &i) {
        uint32_t data = 0;
        sc_time last;
        for (unsigned len : {4U, 3U, 4U}) {
            sc_time delay = len == 3 ? ns(400) : ns(200);
            i.access(tlm::TLM_READ_COMMAND, ram, &data, len, delay);
            last = delay;
        }
        EXPECT_EQ(last, ns(400));
    });
    caller.socket.bind(port.socket);
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
    EXPECT_TRUE(caller.ended);
}

// A socket of the platform's that stands for one of a port.
struct Wrapper : sc_core::sc_module {
    tlm::tlm_target_socket<32> socket{"socket"};
    explicit Wrapper(sc_core::sc_module_name name) : sc_core::sc_module(name) {}
};

TEST(TlmQuick, SocketsBindAsTheStandardOne)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    socscope::TargetPort<32> direct("direct", soc, "main");
    socscope::TargetPort<32> wrapped("wrapped", soc, "main");
    Wrapper wrapper("wrapper");
    wrapper.socket.bind(wrapped.socket);
    auto body = [](uint32_t value) {
        return [value](Initiator &i) {
            uint32_t data = value, back = 0;
            const uint64_t at = ram + value;
            EXPECT_EQ(i.write(at, &data, 4), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(i.read(at, &back, 4), tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(back, value);
            EXPECT_EQ(i.debug(tlm::TLM_READ_COMMAND, at, &back, 4), 4u);
            tlm::tlm_dmi d;
            EXPECT_TRUE(i.dmi(tlm::TLM_READ_COMMAND, ram, d));
        };
    };
    soc.set_dmi(socscope::Dmi::timed);
    Initiator first("first", body(0x1230)), second("second", body(0x560));
    first.socket.bind(direct.socket);
    second.socket.bind(wrapper.socket);
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
    EXPECT_TRUE(first.ended && second.ended);
    soc.set_dmi(socscope::Dmi::refused); // both are told
    EXPECT_EQ(first.withdrawn.size(), 1u);
    EXPECT_EQ(second.withdrawn.size(), 1u);
}

struct Caller : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<Caller> socket{"socket"};
    uint32_t data = 0x12345678;
    Payload p;
    unsigned responses = 0;

    explicit Caller(sc_core::sc_module_name name) : sc_core::sc_module(name)
    {
        socket.register_nb_transport_bw(this, &Caller::nb_transport_bw);
        SC_HAS_PROCESS(Caller);
        SC_THREAD(run);
    }
    void run()
    {
        Initiator::fill(p, tlm::TLM_WRITE_COMMAND, ram, &data, 4);
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_time delay = sc_core::SC_ZERO_TIME;
        socket->nb_transport_fw(p, phase, delay);
        sc_core::wait(ns(1000));
    }
    tlm::tlm_sync_enum nb_transport_bw(Payload &, tlm::tlm_phase &phase,
                                       sc_time &)
    {
        responses += phase == tlm::BEGIN_RESP;
        return phase == tlm::BEGIN_RESP ? tlm::TLM_COMPLETED
                                        : tlm::TLM_ACCEPTED;
    }
};

// Non-blocking calls come in by the adapter of the standard socket.
TEST(TlmQuick, NonBlockingCallsAreAnswered)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    socscope::TargetPort<32> port("port", soc, "main");
    Caller caller("caller");
    caller.socket.bind(port.socket);
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
    EXPECT_EQ(caller.responses, 1u);
    EXPECT_EQ(caller.p.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(std::memcmp(board.bytes("ram"), &caller.data, 4), 0);
}

} // namespace
