// dmi_test.cc - direct pointers and the short way of a port: who gets them, and
// that they are taken back whenever an access has to be seen.
#include <cinttypes>

#include "memory/watch.h"
#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const char *const board_text =
    "version: 1\nname: dmi\nclock: 100MHz\n"
    "buses:\n  main: {width: 32}\n"
    "memories:\n"
    "  - {name: ram, bus: main, at: 0x80000000, size: 64KiB}\n"
    "  - {name: slow, bus: main, at: 0x80010000, size: 4KiB, wait_states: 3}\n"
    "devices:\n"
    "  - {name: timer0, type: timer, bus: main, at: 0x18000000}\n"
    "  - {name: crc0, type: tlm, bus: main, at: 0x40000000, library: crc.so}\n";
const uint64_t ram = 0x80000000, slow = 0x80010000, timer = 0x18000000;

MemoryPort *dma_port(::Machine *m)
{
    for (unsigned i = 0; i < machine_devices(m); i++) {
        Device *dev = machine_device(m, i)->dev;
        if (dev->cls == &foreign_class) {
            return &reinterpret_cast<ForeignDevice *>(dev)->dma;
        }
    }
    return nullptr;
}

bool is_open(const MemoryPort *port, uint64_t address)
{
    return port->entry &&
           port->entry[(address >> PAGE_BITS) % PORT_ENTRIES].read_tag ==
               (address & ~uint64_t{PAGE_SIZE_BYTES - 1});
}

// Work of one initiator: what it read, how long that took, what it was given.
std::string work(Initiator &i)
{
    std::string seen;
    auto say = [&](uint64_t n) { seen += std::to_string(n) + " "; };
    for (unsigned n = 0; n < 40; n++) {
        for (uint64_t at : {ram + 4 * n, slow + 4 * n, timer + 4}) {
            uint32_t value = n * 2654435761U;
            sc_time delay = ns(n % 3);
            EXPECT_EQ(i.access(tlm::TLM_WRITE_COMMAND, at, &value, 4, delay),
                      tlm::TLM_OK_RESPONSE);
            EXPECT_EQ(i.access(tlm::TLM_READ_COMMAND, at, &value, 4, delay),
                      tlm::TLM_OK_RESPONSE);
            say(value);
            say(delay.value());
            sc_core::wait(delay);
        }
    }
    tlm::tlm_dmi d;
    EXPECT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, slow + 8, d));
    say(d.get_start_address());
    say(d.get_end_address());
    say(d.get_write_latency().value());
    return seen;
}

std::string totals(MemoryPort *port)
{
    std::string seen;
    uint32_t rows;
    const PortTraffic *t = port_traffic(port, &rows);
    for (uint32_t i = 0; i < rows; i++) {
        seen += std::string(t[i].mr ? memory_region_name(t[i].mr) : "-") + " " +
                std::to_string(t[i].kind) + " " + std::to_string(t[i].dir) +
                " " + std::to_string(t[i].accesses) + " " +
                std::to_string(t[i].beats) + " " + std::to_string(t[i].bus) +
                " " + std::to_string(t[i].target) + "; ";
    }
    return seen;
}

// The port of a device of `type: tlm` has all that a socket's own has.
TEST(TlmDmi, DevicesGoTheShortWayToo)
{
    Board plain(board_text), device(board_text);
    socscope::Machine one("one", plain.m), two("two", device.m);
    one.set_dmi(socscope::Dmi::timed);
    two.set_dmi(socscope::Dmi::timed);
    socscope::TargetPort<32> own("own", one, "main");
    socscope::TargetPort<32> dma("dma", two, dma_port(device.m));
    std::string expected, seen;
    Initiator first("first", [&](Initiator &i) { expected = work(i); });
    Initiator second("second", [&](Initiator &i) { seen = work(i); });
    first.socket.bind(own.socket);
    second.socket.bind(dma.socket);
    sc_core::sc_start();
    EXPECT_TRUE(first.ended && second.ended);
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(totals(dma.port()), totals(own.port()));
    for (uint64_t at : {ram, slow}) {
        EXPECT_TRUE(is_open(own.port(), at)) << std::hex << at;
        EXPECT_TRUE(is_open(dma.port(), at)) << std::hex << at;
    }
    EXPECT_EQ(dma.dmi_grants(), 1u);
    // A change closes the entry of a device, and takes its pointer back.
    MemoryWorld *outer = memory_world_enter(machine_world(device.m));
    memory_region_set_enabled(&device.memory("slow")->region, false);
    memory_world_enter(outer);
    EXPECT_FALSE(is_open(dma.port(), slow));
    EXPECT_EQ(second.withdrawn.size(), 1u);
}

// Each thing after which an access has to be seen: the pointer is taken back,
// and what is given then is what may be used.
TEST(TlmDmi, WithdrawnWhenAccessesHaveToBeSeen)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    soc.set_dmi(socscope::Dmi::timed);
    socscope::TargetPort<32> port("port", soc, "main");
    MemoryRegion *region = &board.memory("ram")->region;
    Initiator initiator("initiator", [&](Initiator &i) {
        const std::string all = "rw 80000000 8000ffff";
        // Asks as everybody does who was told: "r 80000000 80000fff".
        auto granted = [&](uint64_t at) {
            tlm::tlm_dmi d;
            char text[64];
            i.withdrawn.clear();
            if (!i.dmi(tlm::TLM_READ_COMMAND, at, d)) {
                return std::string("refused");
            }
            std::snprintf(text, sizeof(text), "%s %" PRIx64 " %" PRIx64,
                          d.is_write_allowed() ? "rw" : "r",
                          static_cast<uint64_t>(d.get_start_address()),
                          static_cast<uint64_t>(d.get_end_address()));
            return std::string(text);
        };
        // Is all that was given taken back, before fn is over?
        auto takes_back = [&](const std::function<void()> &fn) {
            EXPECT_EQ(granted(ram + 0x3000), all);
            MemoryWorld *outer = memory_world_enter(machine_world(board.m));
            fn();
            memory_world_enter(outer);
            return i.withdrawn.size() == 1 && i.withdrawn[0].first <= ram &&
                   i.withdrawn[0].second >= ram + 0xffff;
        };
        auto undo = [&](const std::function<void()> &fn) {
            EXPECT_EQ(granted(ram + 0x3000), "refused");
            EXPECT_EQ(granted(slow),
                      "rw 80010000 80010fff"); // not its business
            MemoryWorld *outer = memory_world_enter(machine_world(board.m));
            fn();
            memory_world_enter(outer);
            EXPECT_EQ(granted(ram + 0x3000), all);
        };
        unsigned hits = 0;
        EXPECT_TRUE(takes_back([&] {
            memory_watch_tell(
                [](void *n, const MemoryWatchHit *) {
                    ++*static_cast<unsigned *>(n);
                },
                &hits);
            EXPECT_TRUE(memory_watch_add(port.port()->as, ram + 0x3010, 4,
                                         DIR_WRITE, 0));
        }));
        i.write32(ram + 0x3010, 1);
        EXPECT_EQ(hits, 1u);
        undo([] { memory_watch_clear(); });
        EXPECT_TRUE(takes_back(
            [&] { memory_region_add_coalescing(region, 0x100, 0x100); }));
        undo([&] { memory_region_clear_coalescing(region); });
        EXPECT_TRUE(takes_back([&] { memory_region_set_coalescing(region); }));
        undo([&] { memory_region_clear_coalescing(region); });
        EXPECT_TRUE(takes_back([&] { soc.set_dmi(socscope::Dmi::untimed); }));
        EXPECT_EQ(granted(ram), "refused");
        soc.set_dmi(socscope::Dmi::timed);
        EXPECT_TRUE(takes_back([&] {
            memory_region_transaction_begin();
            memory_region_set_readonly(region, true);
            memory_region_transaction_commit();
        }));
        EXPECT_EQ(granted(ram), "r 80000000 8000ffff");
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
}

// It is told from inside the machine's C code, which an exception must not
// pass.
TEST(TlmDmi, AnInitiatorThatThrowsWhenItIsToldEndsTheMachineInOrder)
{
    Board board(board_text);
    socscope::Machine soc("soc", board.m);
    soc.set_dmi(socscope::Dmi::timed);
    socscope::TargetPort<32> port("port", soc, "main");
    MemoryRegion *region = &board.memory("ram")->region;
    Initiator initiator("initiator", [&](Initiator &i) {
        tlm::tlm_dmi d;
        EXPECT_TRUE(i.dmi(tlm::TLM_WRITE_COMMAND, ram, d));
        i.on_withdraw = [] { throw std::runtime_error("it broke"); };
        MemoryWorld *outer = memory_world_enter(machine_world(board.m));
        EXPECT_NO_THROW(memory_region_set_readonly(region, true));
        memory_world_enter(outer);
        EXPECT_EQ(i.withdrawn.size(), 1u);
        uint8_t bytes[3];
        sc_time delay;
        EXPECT_THROW(i.access(tlm::TLM_READ_COMMAND, ram, bytes, 3, delay),
                     std::runtime_error);
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_EQ(machine_exit_status(board.m), 1);
}

} // namespace
