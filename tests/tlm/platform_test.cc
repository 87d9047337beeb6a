// platform_test.cc - a whole platform: generators of traffic, a machine with
// its firmware, foreign targets of which one waits, everything recorded once.
// TLM_TRANSACTIONS in the environment: how many (10000).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "sim/tlm/checker.h"
#include "sim/tlm/probe.h"
#include "sim/tlm/signals.h"
#include "tests/sim/machine_kit.h"
#include "tests/tlm/db_kit.h"
#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const char *const board_text =
    "version: 1\nname: platform\nclock: 100MHz\n"
    "cpus:\n  - {name: cpu0, isa: rv32imac_zicsr_zifencei, bus: main, "
    "fetch: code, reset: 0x80000000}\n"
    "buses:\n  main: {width: 32}\n  code: {width: 32}\n"
    "memories:\n"
    "  - {name: ram, bus: [main, code], at: 0x80000000, size: 64KiB}\n"
    "devices:\n"
    "  - {name: plic0, type: plic, bus: main, at: 0x0c000000, out: "
    "[cpu0.mei]}\n"
    "  - {name: timer0, type: timer, bus: main, at: 0x18000000, irq: plic0.1}\n"
    "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}\n";
const uint64_t ram = 0x80000000, first = 0x40000000, second = 0x41000000;

socscope::RegionSettings place(uint64_t address)
{
    socscope::RegionSettings s;
    s.bus = "main";
    s.address = address;
    s.size = 0x1000;
    return s;
}

TEST(TlmPlatform, EveryTransactionIsRecordedOnce)
{
    const char *given = std::getenv("TLM_TRANSACTIONS");
    const unsigned all =
        given ? static_cast<unsigned>(std::atoi(given)) : 10000u;
    Board board(board_text);
    board.load({kit::addi(kit::s0, kit::s0, 1), kit::j(-4)});
    socscope::Machine soc("soc", board.m);
    socscope::TlmRegion<32> quick("quick", soc, place(first));
    socscope::TlmRegion<32> slow("slow", soc, place(second));
    Foreign fast("fast"), lazy("lazy");
    fast.delay = ns(30);
    lazy.waits = ns(200);
    socscope::ProtocolChecker<32> at_fast("at_fast"), at_lazy("at_lazy");
    quick.socket.bind(at_fast.target);
    at_fast.initiator.bind(fast.socket);
    slow.socket.bind(at_lazy.target);
    at_lazy.initiator.bind(lazy.socket);
    socscope::MultiTargetPort<32> ports("ports", soc, "main");
    std::vector<std::unique_ptr<Initiator>> generators;
    unsigned running = 4;
    for (unsigned g = 0; g < 4; g++) {
        generators.push_back(std::make_unique<Initiator>(
            ("generator" + std::to_string(g)).c_str(), [&, g](Initiator &i) {
                std::mt19937 r(g);
                for (unsigned n = 0; n < all / 4; n++) {
                    const unsigned kind = r() % 64;
                    const uint64_t to = kind == 0   ? second
                                        : kind < 16 ? first
                                                    : ram + 0x8000;
                    uint32_t value = n;
                    sc_time delay;
                    EXPECT_EQ(i.access(r() % 2 ? tlm::TLM_READ_COMMAND
                                               : tlm::TLM_WRITE_COMMAND,
                                       to + 4 * (r() % 1000), &value, 4, delay),
                              tlm::TLM_OK_RESPONSE);
                    sc_core::wait(delay + ns(10 * (r() % 8)));
                }
                if (--running == 0) {
                    sc_core::sc_stop();
                }
            }));
        generators.back()->socket.bind(ports.socket);
    }
    Recording trace(soc, "tlm_platform_test.db", 1u << ACCESS_TLM);
    tlm::tlm_global_quantum::instance().set(sc_time(1, sc_core::SC_US));
    sc_core::sc_report_handler::set_actions("/OSCI/SystemC",
                                            sc_core::SC_DO_NOTHING);
    sc_core::sc_start();
    trace.end();
    for (unsigned g = 0; g < 4; g++) {
        EXPECT_EQ(trace.number("select count(*) from tx where initiator = "
                               "'ports." +
                               std::to_string(g) + "'"),
                  all / 4);
        EXPECT_EQ(port_transactions(ports.port(g)), all / 4);
    }
    EXPECT_EQ(trace.number("select count(*) from tx"), all / 4 * 4);
    EXPECT_EQ(trace.number("select count(*) from tx where region = 'quick'"),
              fast.calls);
    EXPECT_EQ(trace.number("select count(*) from tx where region = 'slow'"),
              lazy.calls);
    EXPECT_EQ(at_fast.violations().size() + at_lazy.violations().size(), 0u);
    EXPECT_GT(hart_counters(machine_hart(board.m, 0)).instructions, all / 2);
}

// Two models of the platform, not the machine's business, in the same trace.
TEST(TlmPlatform, AProbePutsOthersTransactionsIntoTheTrace)
{
    Board board(board_text);
    board.load({kit::addi(kit::s0, kit::s0, 1), kit::j(-4)});
    socscope::Machine soc("soc", board.m);
    socscope::Probe<32> probe("camera", soc, "frame_buffer");
    Foreign buffer("buffer");
    buffer.delay = ns(70);
    Initiator camera("sensor", [&](Initiator &i) {
        for (uint32_t n = 0; n < 20; n++) {
            uint32_t value = n + 1;
            EXPECT_EQ(i.write(4 * n, &value, 4), tlm::TLM_OK_RESPONSE);
        }
        uint32_t value;
        EXPECT_EQ(i.read(0x10000, &value, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        sc_core::sc_stop();
    });
    camera.socket.bind(probe.target);
    probe.initiator.bind(buffer.socket);
    Recording trace(soc, "tlm_probe_test.db");
    sc_core::sc_report_handler::set_actions("/OSCI/SystemC",
                                            sc_core::SC_DO_NOTHING);
    sc_core::sc_start();
    trace.end();
    const std::string mine = "initiator = 'camera' and kind = 'tlm' and "
                             "region = 'frame_buffer'";
    EXPECT_EQ(trace.number("select count(*) from tx where " + mine), 21);
    EXPECT_EQ(trace.number("select sum(target_cycles) from tx where " + mine),
              21 * 7);
    EXPECT_EQ(
        trace.number("select value from tx where offset = 76 and " + mine), 20);
    EXPECT_EQ(trace.number("select time from tx where offset = 76 and " + mine),
              19 * 70000);
}

/* -- wires ----------------------------------------------------------------- */

// A signal wakes a sleeping hart; a pin of the machine is a signal; reset.
TEST(TlmPlatform, WiresGoBothWays)
{
    using namespace kit;
    Board board(board_text);
    board.load(li(t0, 1 << 11) + Code{csrw(MIE, t0), wfi} + li(t1, 0x80000800) +
               li(t2, 0x55) + Code{sw(t2, 0, t1)} + Code{j(0)});
    socscope::Machine soc("soc", board.m);
    sc_core::sc_signal<bool> line("line"), period("period"), reset("reset");
    // 20 MHz and 4 ns are no multiples: edges come at the kernel's time.
    socscope::SignalIn in("in", soc, "cpu0.mei");
    socscope::SignalOut out("out", soc, "timer0.irq");
    socscope::ResetIn button("button", soc);
    in.in(line);
    out.out(period);
    button.in(reset);
    socscope::TargetPort<32> port("port", soc, "main");
    std::vector<uint64_t> edges;
    Initiator initiator("initiator", [&](Initiator &i) {
        uint32_t mark = 0;
        sc_core::wait(sc_time(5, sc_core::SC_US));
        EXPECT_EQ(i.read32(ram + 0x800), 0u);
        line.write(true);
        sc_core::wait(sc_time(1, sc_core::SC_US));
        EXPECT_EQ(i.read32(ram + 0x800), 0x55u);
        line.write(false);
        i.write32(ram + 0x800, 0);
        const uint64_t before =
            hart_counters(machine_hart(board.m, 0)).instructions;
        EXPECT_GT(before, 5u);
        reset.write(true); // and it sleeps again
        sc_core::wait(sc_time(2, sc_core::SC_US));
        EXPECT_EQ(i.read32(ram + 0x800), 0u);
        EXPECT_EQ(i.debug(tlm::TLM_READ_COMMAND, ram + 0x800, &mark, 4), 4u);
        line.write(true); // it began anew, so it wakes once more
        sc_core::wait(sc_time(1, sc_core::SC_US));
        EXPECT_EQ(i.read32(ram + 0x800), 0x55u);
        // The timer counts 300 cycles of 10 ns.
        i.write32(0x18000004, 300);
        i.write32(0x18000000, 5); // on, with its interrupt
        const uint64_t begin = now_ps();
        sc_core::wait(period.posedge_event());
        edges.push_back(now_ps() - begin);
        EXPECT_TRUE(period.read());
        sc_core::sc_stop();
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_report_handler::set_actions("/OSCI/SystemC",
                                            sc_core::SC_DO_NOTHING);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    ASSERT_EQ(edges.size(), 1u);
    EXPECT_NEAR(static_cast<double>(edges[0]), 3000000.0, 40000.0);
}

TEST(TlmPlatform, WiresThatAreNoneAreErrors)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    auto message = [&](const char *name, const char *wire, bool in) {
        try {
            if (in) {
                socscope::SignalIn s(name, soc, wire);
            } else {
                socscope::SignalOut s(name, soc, wire);
            }
        } catch (const socscope::Failure &f) {
            return std::string(f.what());
        }
        return std::string("accepted");
    };
    EXPECT_NE(message("a", "cpu0.xyz", true).find("mei"), std::string::npos);
    EXPECT_NE(message("b", "plic0", true).find("plic0.10"), std::string::npos);
    EXPECT_NE(message("c", "plic0.9999", true).find("0 to"), std::string::npos);
    EXPECT_NE(message("d", "timer0.1", true).find("no interrupt inputs"),
              std::string::npos);
    EXPECT_NE(message("e", "timer0.xyz", false).find("output"),
              std::string::npos);
    EXPECT_EQ(message("f", "plic0.10", true), "accepted");
    EXPECT_EQ(message("g", "timer0.irq", false), "accepted");
}

/* -- direct pointers of others --------------------------------------------- */

class Lender : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<Lender> socket;
    std::vector<uint8_t> memory = std::vector<uint8_t>(4096);
    unsigned calls = 0;
    explicit Lender(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
        socket.register_b_transport(this, &Lender::b_transport);
        socket.register_get_direct_mem_ptr(this, &Lender::dmi);
    }
    void withdraw() { socket->invalidate_direct_mem_ptr(0, 15); }

  private:
    void b_transport(Payload &p, sc_time &t)
    {
        calls++;
        uint8_t *at = &memory[p.get_address()];
        std::memcpy(p.is_write() ? at : p.get_data_ptr(),
                    p.is_write() ? p.get_data_ptr() : at, p.get_data_length());
        t += ns(100);
        p.set_dmi_allowed(true);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bool dmi(Payload &, tlm::tlm_dmi &d)
    {
        d.set_start_address(0);
        d.set_end_address(0x7ff);
        d.set_dmi_ptr(memory.data());
        d.set_read_latency(ns(50));
        d.allow_read();
        return true;
    }
};

TEST(TlmPlatform, PointersOfATargetAreUsedUntilWithdrawn)
{
    Board board("version: 1\nname: l\nclock: 100MHz\nbuses:\n  main: {width: "
                "32}\nmemories:\n  - {name: ram, bus: main, at: 0x80000000, "
                "size: 4KiB}\n");
    socscope::Machine soc("soc", board.m);
    socscope::TlmRegion<32> region("region", soc, place(first));
    Lender lender("lender");
    region.socket.bind(lender.socket);
    socscope::TargetPort<32> port("port", soc, "main");
    Initiator initiator("initiator", [&](Initiator &i) {
        uint32_t value = 0;
        auto cost = [&](tlm::tlm_command c, uint64_t at) {
            sc_time t;
            EXPECT_EQ(i.access(c, first + at, &value, 4, t),
                      tlm::TLM_OK_RESPONSE);
            sc_core::wait(t);
            return t.value() / 1000;
        };
        const auto read = tlm::TLM_READ_COMMAND, write = tlm::TLM_WRITE_COMMAND;
        EXPECT_EQ(cost(read, 4), 110u); // a cycle of the bus, and the target
        lender.memory[4] = 42;
        EXPECT_EQ(cost(read, 4), 60u); // through the pointer
        EXPECT_EQ(value, 42u);
        EXPECT_EQ(lender.calls, 1u);
        value = 7;
        EXPECT_EQ(cost(write, 4), 110u); // it is for reading
        EXPECT_EQ(cost(read, 0x800), 110u);
        EXPECT_EQ(lender.calls, 3u);
        EXPECT_EQ(region.direct_accesses(), 1u);
        std::vector<uint8_t> other(4096, 9); // it moves
        lender.withdraw();
        lender.memory.swap(other);
        EXPECT_EQ(cost(read, 4), 110u);
        EXPECT_EQ(value, 0x09090909u);
        EXPECT_EQ(lender.calls, 4u);
        EXPECT_EQ(port_transactions(port.port()), 5u);
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
}

} // namespace
