// port_test.cc - the target socket: what payloads do to memory and devices,
// what they cost, what they answer. Oracle: an array of bytes and a table of
// what lies where.
#include <algorithm>
#include <map>
#include <random>

#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const char *const board_text =
    "version: 1\nname: port\nclock: 50MHz\n"
    "buses:\n  main: {width: 32}\n  free: {width: 32, timing: none}\n"
    "memories:\n"
    "  - {name: low,  bus: main, at: 0x80000000, size: 8KiB}\n"
    "  - {name: high, bus: main, at: 0x80002000, size: 8KiB, wait_states: 2}\n"
    "  - {name: rom,  bus: main, at: 0x80004000, size: 4KiB, kind: rom}\n"
    "  - {name: fast, bus: free, at: 0x10000, size: 64KiB}\n"
    "  - {name: code, bus: free, at: 0x40000, size: 4KiB, kind: rom}\n"
    "devices:\n"
    "  - {name: uart0,  type: ns16550a, bus: main, at: 0x10000000, "
    "wait_states: 1}\n"
    "  - {name: timer0, type: timer, bus: main, at: 0x18000000}\n";

const uint64_t low = 0x80000000, rom = 0x80004000, hole = 0x80005000;
const uint64_t uart_scratch = 0x10000007, timer_base = 0x18000000;

uint64_t accesses(socscope::TargetPort<32> &port)
{
    return port_transactions(port.port());
}

// One platform: a port on a bus, and an initiator whose thread is the test.
struct Platform {
    Board board{board_text};
    socscope::Machine soc{"soc", board.m};
    socscope::TargetPort<32> port;
    Initiator initiator;

    Platform(const char *bus, std::function<void(Platform &)> body)
        : port("port", soc, bus),
          initiator("initiator", [this, body](Initiator &) { body(*this); })
    {
        initiator.socket.bind(port.socket);
    }
    void run()
    {
        sc_core::sc_start();
        EXPECT_TRUE(initiator.ended);
    }
};

/* -- random payloads against bytes ---------------------------------------- */

struct Oracle {
    std::map<uint64_t, uint8_t> ram; // what lies at each address
    std::map<uint64_t, uint8_t> fixed;

    bool holds(uint64_t a) const { return ram.count(a) || fixed.count(a); }
    uint8_t at(uint64_t a) const
    {
        auto it = ram.find(a);
        return it != ram.end() ? it->second : fixed.at(a);
    }
};

struct Random {
    std::mt19937_64 engine{20260101};
    uint64_t below(uint64_t n) { return engine() % n; }
    std::vector<uint8_t> bytes(size_t n)
    {
        std::vector<uint8_t> v(n);
        for (uint8_t &b : v) {
            b = static_cast<uint8_t>(engine());
        }
        return v;
    }
};

// A payload and what should come of it, byte by byte.
struct Case {
    Payload p;
    std::vector<uint8_t> data, enables, expected;
    std::vector<bool> known; // false: any value (a byte that was refused)
    bool ok = true;
    uint64_t moved = 0; // bytes
    uint64_t spans = 0; // bytes of transactions

    Case(Random &r, Oracle &o)
    {
        static const uint64_t places[] = {low,     low + 0xff0, low + 0x1ff0,
                                          rom,     rom - 24,    hole - 20,
                                          low - 8, low + 0x3f00};
        unsigned len =
            static_cast<unsigned>(1 + r.below(r.below(4) ? 16 : 300));
        data = r.bytes(len);
        uint64_t address = places[r.below(8)] + r.below(32);
        tlm::tlm_command command = r.below(20) == 0 ? tlm::TLM_IGNORE_COMMAND
                                   : r.below(2)     ? tlm::TLM_READ_COMMAND
                                                    : tlm::TLM_WRITE_COMMAND;
        Initiator::fill(p, command, address, data.data(), len);
        if (r.below(3) == 0) {
            p.set_streaming_width(static_cast<unsigned>(1 + r.below(len + 8)));
        }
        if (r.below(2)) {
            enables.resize(1 + r.below(r.below(2) ? 8 : len + 4));
            for (uint8_t &b : enables) {
                b = r.below(3) ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
            }
            p.set_byte_enable_ptr(enables.data());
            p.set_byte_enable_length(static_cast<unsigned>(enables.size()));
        }
        predict(o);
    }

    void predict(Oracle &o)
    {
        expected = data;
        known.assign(data.size(), true);
        if (p.get_command() == tlm::TLM_IGNORE_COMMAND) {
            return;
        }
        uint64_t before = 0, page = ~uint64_t{0}, string = page;
        for (size_t i = 0; i < data.size(); i++) {
            const uint64_t width = p.get_streaming_width();
            const uint64_t a = p.get_address() + i % width;
            if (!enables.empty() && !enables[i % enables.size()]) {
                continue;
            }
            moved++;
            const bool goes_on = a / 4096 == page && i / width == string;
            spans += goes_on ? a - before : 1;
            before = a;
            page = a / 4096;
            string = i / width;
            if (!o.holds(a) || (p.is_write() && !o.ram.count(a))) {
                ok = false;
                known[i] = p.is_write();
            } else if (p.is_write()) {
                o.ram[a] = data[i];
            } else {
                expected[i] = o.at(a);
            }
        }
    }
};

void check_case(Initiator &initiator, Case &c, unsigned n)
{
    const uint64_t address = c.p.get_address();
    const tlm::tlm_command command = c.p.get_command();
    const unsigned width = c.p.get_streaming_width();
    sc_time before = ns(static_cast<double>(n % 3) * 40), delay = before;
    initiator.socket->b_transport(c.p, delay);
    ASSERT_EQ(c.p.get_response_status(),
              c.ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE)
        << "payload " << n;
    ASSERT_GE(delay, before);
    if (c.moved && c.ok) {
        ASSERT_GT(delay, before) << "payload " << n;
    }
    ASSERT_EQ(c.p.get_address(), address);
    ASSERT_EQ(c.p.get_command(), command);
    ASSERT_EQ(c.p.get_streaming_width(), width);
    ASSERT_EQ(c.p.get_data_length(), c.data.size());
    ASSERT_EQ(c.p.get_data_ptr(), c.data.data());
    for (size_t i = 0; i < c.data.size(); i++) {
        if (c.known[i]) {
            ASSERT_EQ(c.data[i], c.expected[i])
                << "payload " << n << " byte " << i;
        }
    }
    sc_core::wait(delay);
}

void oracle_body(Platform &s)
{
    Random r;
    Oracle o;
    uint64_t spans = 0;
    auto put = [&](std::map<uint64_t, uint8_t> &map, const char *name,
                   uint64_t size) {
        std::vector<uint8_t> v = r.bytes(size);
        std::memcpy(s.board.bytes(name), v.data(), size);
        for (uint64_t i = 0; i < size; i++) {
            map[s.board.memory(name)->address + i] = v[i];
        }
    };
    put(o.ram, "low", 0x2000);
    put(o.ram, "high", 0x2000);
    put(o.fixed, "rom", 0x1000);
    unsigned refused = 0;
    for (unsigned n = 0; n < 4000 && !testing::Test::HasFatalFailure(); n++) {
        Case c(r, o);
        check_case(s.initiator, c, n);
        spans += c.spans;
        refused += !c.ok;
    }
    EXPECT_GT(refused, 400u);
    // What is in memory, seen without a transaction, and what was counted.
    uint64_t before = accesses(s.port), bytes = 0;
    std::vector<uint8_t> all(0x5000);
    ASSERT_EQ(s.initiator.debug(tlm::TLM_READ_COMMAND, low, all.data(), 0x5000),
              0x5000u);
    for (uint64_t i = 0; i < all.size(); i++) {
        ASSERT_EQ(all[i], o.at(low + i)) << std::hex << low + i;
    }
    EXPECT_EQ(accesses(s.port), before);
    uint32_t rows;
    const PortTraffic *t = port_traffic(s.port.port(), &rows);
    for (uint32_t i = 0; i < rows; i++) {
        EXPECT_EQ(t[i].kind, ACCESS_TLM);
        bytes += t[i].accesses * t[i].size;
    }
    EXPECT_EQ(bytes, spans); // from the first enabled byte to the last, once
}

TEST(TlmPort, RandomPayloadsMoveTheBytesOfTheOracle)
{
    Platform s("main", oracle_body);
    s.run();
}

/* -- payloads that are not allowed ---------------------------------------- */

void illegal_body(Platform &s)
{
    uint8_t data[4] = {1, 2, 3, 4}, odd[2] = {0xff, 0x55};
    auto answer = [&](std::function<void(Payload &)> spoil) {
        Payload p;
        sc_time delay = ns(20);
        Initiator::fill(p, tlm::TLM_WRITE_COMMAND, low, data, 4);
        spoil(p);
        s.initiator.socket->b_transport(p, delay);
        EXPECT_EQ(delay, ns(20));
        return p.get_response_status();
    };
    EXPECT_EQ(answer([](Payload &p) { p.set_data_length(0); }),
              tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(answer([](Payload &p) { p.set_streaming_width(0); }),
              tlm::TLM_BURST_ERROR_RESPONSE);
    EXPECT_EQ(answer([](Payload &p) { p.set_data_ptr(nullptr); }),
              tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(answer([&](Payload &p) { p.set_byte_enable_ptr(odd); }),
              tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    EXPECT_EQ(answer([&](Payload &p) {
                  p.set_byte_enable_ptr(odd);
                  p.set_byte_enable_length(2);
              }),
              tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    // None of them reached the memory, or was counted.
    EXPECT_EQ(s.board.bytes("low")[0], 0);
    EXPECT_EQ(accesses(s.port), 0u);
    EXPECT_EQ(
        answer([](Payload &p) { p.set_command(tlm::TLM_IGNORE_COMMAND); }),
        tlm::TLM_OK_RESPONSE);
    Payload full;
    sc_time delay;
    Initiator::fill(full, tlm::TLM_WRITE_COMMAND, low, data, 4);
    full.set_gp_option(tlm::TLM_FULL_PAYLOAD);
    s.initiator.socket->b_transport(full, delay);
    EXPECT_EQ(full.get_gp_option(), tlm::TLM_FULL_PAYLOAD_ACCEPTED);
}

TEST(TlmPort, WrongPayloadsAreAnsweredAndDoNothing)
{
    Platform s("main", illegal_body);
    s.run();
}

/* -- a device ------------------------------------------------------------ */

// Cycles of 20 ns that an access takes from now.
uint64_t cycles(Initiator &i, tlm::tlm_command command, uint64_t address,
                unsigned len)
{
    uint8_t data[64] = {};
    sc_time delay;
    EXPECT_EQ(i.access(command, address, data, len, delay),
              tlm::TLM_OK_RESPONSE);
    sc_core::wait(delay);
    EXPECT_EQ(delay.value() % 20000, 0u);
    return delay.value() / 20000;
}

void device_body(Platform &s)
{
    Initiator &i = s.initiator;
    uint8_t byte = 0x5a;
    EXPECT_EQ(i.write(uart_scratch, &byte, 1), tlm::TLM_OK_RESPONSE);
    byte = 0;
    EXPECT_EQ(i.read(uart_scratch, &byte, 1), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(byte, 0x5a);
    // A burst over byte registers: four accesses, the last is the scratch.
    uint8_t burst[4] = {};
    EXPECT_EQ(i.read(uart_scratch - 3, burst, 4), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(burst[3], 0x5a);
    // Two 32-bit registers by one payload of eight bytes.
    uint32_t pair[2] = {0, 0x12345};
    EXPECT_EQ(i.write(timer_base, pair, 8), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(i.read32(timer_base + 4), 0x12345u);
    // By byte enables only the second one.
    uint8_t only_second[8] = {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    uint32_t both[2] = {0xffffffff, 0x777};
    Payload p;
    sc_time delay;
    Initiator::fill(p, tlm::TLM_WRITE_COMMAND, timer_base, both, 8);
    p.set_byte_enable_ptr(only_second);
    p.set_byte_enable_length(8);
    i.socket->b_transport(p, delay);
    sc_core::wait(delay);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(i.read32(timer_base), 0u);
    EXPECT_EQ(i.read32(timer_base + 4), 0x777u);
    // Streaming: the same register twice, the last value stays.
    uint32_t stream[2] = {0x111, 0x222};
    Initiator::fill(p, tlm::TLM_WRITE_COMMAND, timer_base + 4, stream, 8);
    p.set_streaming_width(4);
    delay = sc_core::SC_ZERO_TIME;
    i.socket->b_transport(p, delay);
    sc_core::wait(delay);
    EXPECT_EQ(i.read32(timer_base + 4), 0x222u);
    // Sizes and alignments that the device does not take; nothing there.
    EXPECT_EQ(i.read(timer_base, burst, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(i.read(timer_base + 2, burst, 4),
              tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(i.read(hole, burst, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    // Debug access reaches memory only.
    uint64_t before = accesses(s.port);
    EXPECT_EQ(i.debug(tlm::TLM_READ_COMMAND, uart_scratch, burst, 1), 0u);
    EXPECT_EQ(i.debug(tlm::TLM_READ_COMMAND, hole - 2, burst, 4), 2u);
    socscope::TlmAttributes quiet;
    quiet.debug = true;
    Initiator::fill(p, tlm::TLM_WRITE_COMMAND, rom, both, 4);
    p.set_byte_enable_ptr(only_second + 2);
    p.set_byte_enable_length(4);
    p.set_extension(&quiet);
    delay = sc_core::SC_ZERO_TIME;
    i.socket->b_transport(p, delay);
    p.clear_extension(&quiet);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(delay, sc_core::SC_ZERO_TIME);
    EXPECT_EQ(s.board.bytes("rom")[1], 0);
    EXPECT_EQ(s.board.bytes("rom")[2], 0xff);
    EXPECT_EQ(accesses(s.port), before);
}

TEST(TlmPort, DevicesTakeWhatTheirRulesAllow)
{
    Platform s("main", device_body);
    s.run();
}

void time_body(Platform &s)
{
    Initiator &i = s.initiator;
    // A 32-bit bus at 50 MHz: a cycle per word, plus the target's wait states.
    EXPECT_EQ(cycles(i, tlm::TLM_READ_COMMAND, low, 4), 1u);
    EXPECT_EQ(cycles(i, tlm::TLM_READ_COMMAND, low, 64), 16u);
    EXPECT_EQ(cycles(i, tlm::TLM_READ_COMMAND, low + 2, 4), 2u);
    EXPECT_EQ(cycles(i, tlm::TLM_WRITE_COMMAND, low + 0x2000, 8), 6u);
    EXPECT_EQ(cycles(i, tlm::TLM_WRITE_COMMAND, uart_scratch, 1), 2u);
    // Issued between two edges of the clock: waits for the next one.
    sc_core::wait(ns(5));
    uint8_t data[8];
    sc_time delay = ns(20);
    i.access(tlm::TLM_READ_COMMAND, low, data, 4, delay);
    EXPECT_EQ(delay, ns(20 + 15 + 20));
    // A second process would find the bus taken until then; so does the same
    // one when it does not wait: the port's accesses are issued in order.
    sc_time again = ns(20);
    i.access(tlm::TLM_READ_COMMAND, low, data, 4, again);
    EXPECT_EQ(again, delay + ns(20));
    sc_core::wait(again);
    // The timer runs on the same time: one period of 1000 cycles from 10 us on.
    uint32_t load = 1000, on = 1, count = 0;
    i.write(timer_base + 4, &load, 4);
    sc_core::wait(sc_time(10, sc_core::SC_US) - sc_core::sc_time_stamp());
    uint64_t begin = now_ps() / 20000;
    i.write(timer_base, &on, 4);
    sc_time ahead = sc_time(5, sc_core::SC_US);
    i.access(tlm::TLM_READ_COMMAND, timer_base + 8, &count, 4, ahead);
    uint64_t at = (now_ps() + 5000000) / 20000;
    EXPECT_EQ(count, load - (at - begin));
    EXPECT_GE(machine_time(s.board.m), 10000000u);
}

TEST(TlmPort, DelaysAreThoseOfTheBus)
{
    Platform s("main", time_body);
    s.run();
}

/* -- direct access ------------------------------------------------------- */

void no_grant_body(Platform &s)
{
    tlm::tlm_dmi d;
    EXPECT_FALSE(s.initiator.dmi(tlm::TLM_READ_COMMAND, low, d));
    EXPECT_TRUE(d.is_none_allowed());
    Payload p;
    uint8_t data[4];
    sc_time delay;
    Initiator::fill(p, tlm::TLM_READ_COMMAND, low, data, 4);
    s.initiator.socket->b_transport(p, delay);
    EXPECT_FALSE(p.is_dmi_allowed());
    EXPECT_EQ(s.port.dmi_grants(), 0u);
}

TEST(TlmPort, NoDirectAccessWhereAccessesTakeTime)
{
    Platform s("main", no_grant_body);
    s.run();
}

// Also where accesses take no time, those of a port are in order.
void order_body(Platform &s)
{
    uint8_t data[4];
    sc_time late = ns(900), early = ns(100);
    s.initiator.access(tlm::TLM_READ_COMMAND, 0x10000, data, 4, late);
    s.initiator.access(tlm::TLM_READ_COMMAND, 0x10000, data, 4, early);
    EXPECT_EQ(late, ns(900));
    EXPECT_EQ(early, ns(900));
}

TEST(TlmPort, AccessesAreIssuedInOrder)
{
    Platform s("free", order_body);
    s.run();
}

const uint64_t fast = 0x10000, fast_size = 0x10000;

void grant_body(Platform &s)
{
    Initiator &i = s.initiator;
    Random r;
    tlm::tlm_dmi d;
    ASSERT_TRUE(i.dmi(tlm::TLM_READ_COMMAND, fast + 0x1234, d));
    EXPECT_TRUE(d.is_read_write_allowed());
    EXPECT_EQ(d.get_start_address(), fast);
    EXPECT_EQ(d.get_end_address(), fast + fast_size - 1);
    EXPECT_EQ(d.get_read_latency(), sc_core::SC_ZERO_TIME);
    // The same bytes both ways.
    for (unsigned n = 0; n < 500; n++) {
        uint64_t at = r.below(fast_size - 16);
        std::vector<uint8_t> v = r.bytes(16), back(16);
        if (n % 2) {
            std::memcpy(d.get_dmi_ptr() + at, v.data(), 16);
            ASSERT_EQ(i.read(fast + at, back.data(), 16), tlm::TLM_OK_RESPONSE);
        } else {
            ASSERT_EQ(i.write(fast + at, v.data(), 16), tlm::TLM_OK_RESPONSE);
            std::memcpy(back.data(), d.get_dmi_ptr() + at, 16);
        }
        ASSERT_EQ(back, v);
    }
    // Rights: ROM is read only, nothing is nothing.
    EXPECT_TRUE(i.dmi(tlm::TLM_READ_COMMAND, 0x40000, d));
    EXPECT_TRUE(d.is_read_allowed());
    EXPECT_FALSE(d.is_write_allowed());
    EXPECT_FALSE(i.dmi(tlm::TLM_WRITE_COMMAND, 0x40000, d));
    EXPECT_FALSE(i.dmi(tlm::TLM_READ_COMMAND, 0x90000, d));
    EXPECT_TRUE(d.is_none_allowed());
    EXPECT_EQ(s.port.dmi_grants(), 2u);
    EXPECT_TRUE(i.withdrawn.empty());
    // A page that holds code is not for direct writes, its neighbours are.
    MemoryWorld *outer = memory_world_enter(machine_world(s.board.m));
    RAMBlock *block = s.board.memory("fast")->region.ram_block;
    ram_block_set_state(machine_world(s.board.m), block, 0x5000, PAGE_CODE);
    memory_world_enter(outer);
    EXPECT_EQ(i.withdrawn.size(), 1u);
    EXPECT_FALSE(i.dmi(tlm::TLM_WRITE_COMMAND, fast + 0x5800, d));
    ASSERT_TRUE(i.dmi(tlm::TLM_READ_COMMAND, fast + 0x5800, d));
    EXPECT_FALSE(d.is_write_allowed());
    EXPECT_EQ(d.get_end_address(), fast + fast_size - 1);
    ASSERT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, fast + 0x2000, d));
    EXPECT_EQ(d.get_start_address(), fast);
    EXPECT_EQ(d.get_end_address(), fast + 0x4fff);
    ASSERT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, fast + 0x6000, d));
    EXPECT_EQ(d.get_start_address(), fast + 0x6000);
    EXPECT_EQ(d.get_end_address(), fast + fast_size - 1);
    uint8_t seen = 0;
    s.board.bytes("fast")[0x6000] = 0x42;
    std::memcpy(&seen, d.get_dmi_ptr(), 1);
    EXPECT_EQ(seen, 0x42);
    ram_block_clear_state(block, 0x5000, PAGE_CODE);
    // The map changes: withdrawn, and gone.
    i.withdrawn.clear();
    ASSERT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, fast, d));
    outer = memory_world_enter(machine_world(s.board.m));
    memory_region_set_enabled(&s.board.memory("fast")->region, false);
    memory_world_enter(outer);
    ASSERT_EQ(i.withdrawn.size(), 1u);
    EXPECT_LE(i.withdrawn[0].first, fast);
    EXPECT_GE(i.withdrawn[0].second, fast + fast_size - 1);
    EXPECT_FALSE(i.dmi(tlm::TLM_READ_COMMAND, fast, d));
    EXPECT_EQ(i.read(fast, &seen, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(TlmPort, DirectAccessIsTheSameMemoryUntilWithdrawn)
{
    Platform s("free", grant_body);
    s.run();
}

void traced_body(Platform &s)
{
    Initiator &i = s.initiator;
    tlm::tlm_dmi d;
    Payload p;
    uint8_t data[4] = {};
    sc_time delay;
    Initiator::fill(p, tlm::TLM_READ_COMMAND, fast, data, 4);
    i.socket->b_transport(p, delay);
    EXPECT_TRUE(p.is_dmi_allowed());
    ASSERT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, fast, d));
    Error *err = nullptr;
    TraceStore *store = trace_open("tlm_traced_test.db", &err);
    ASSERT_TRUE(store) << error_message(err);
    MachineTrace what = {true, UINT32_MAX, true};
    s.soc.attach_trace(store, what);
    EXPECT_EQ(i.withdrawn.size(), 1u);
    EXPECT_FALSE(i.dmi(tlm::TLM_WRITE_COMMAND, fast, d));
    Initiator::fill(p, tlm::TLM_READ_COMMAND, fast, data, 4);
    i.socket->b_transport(p, delay);
    EXPECT_FALSE(p.is_dmi_allowed());
    s.soc.detach_trace();
    EXPECT_EQ(i.withdrawn.size(), 2u);
    EXPECT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, fast, d));
    EXPECT_EQ(trace_rows(store), 1u);
    EXPECT_TRUE(trace_close(store, &err)) << error_message(err);
    std::remove("tlm_traced_test.db");
}

TEST(TlmPort, NoDirectAccessWhileRecording)
{
    Platform s("free", traced_body);
    s.run();
}

/* -- who may be wrong ---------------------------------------------------- */

TEST(TlmPort, AnUnknownBusIsAnError)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    try {
        socscope::TargetPort<32> port("port", soc, "mian");
        FAIL() << "accepted";
    } catch (const socscope::Failure &f) {
        EXPECT_NE(std::string(f.what()).find("no bus mian"), std::string::npos)
            << f.what();
    }
}

} // namespace
