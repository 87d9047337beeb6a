// A machine without a cpu and a driver outside of it: the driver of
// tests/soc/virtio_kit.h through a port of the machine, and a small guest on
// its network: ARP, DHCP, one TCP connection.
#ifndef TESTS_SIM_VIRTIO_GUEST_H
#define TESTS_SIM_VIRTIO_GUEST_H

#include <deque>

#include "tests/sim/machine_kit.h"
#include "tests/soc/virtio_kit.h"

namespace virtio
{

// What Ring and negotiate() need of a system.
struct Guest {
    struct Registers {
        Guest *guest;
        void write(hwaddr offset, uint64_t value, unsigned size = 4)
        {
            guest->store(OWN + offset, value, size);
        }
        uint64_t read(hwaddr offset, unsigned size = 4)
        {
            return guest->load(OWN + offset, size);
        }
    } b{this};
    kit::Kit k;
    MemoryPort *port = nullptr;
    uint8_t *memory = nullptr;

    static std::string description(const std::string &device)
    {
        return "version: 1\nname: kit\nclock: 100MHz\n"
               "buses:\n  main: {width: 64}\n"
               "memories:\n"
               "  - {name: ram, bus: main, at: 0x80000000, size: 2MiB}\n"
               "devices:\n"
               "  - {name: plic0, type: plic, bus: main, at: 0x0c000000}\n"
               "  - {name: dev0, bus: main, at: 0x10001000, irq: plic0.1, " +
               device + "}\n";
    }
    explicit Guest(const std::string &device) : k(description(device))
    {
        if (!k.m) {
            return;
        }
        port = machine_add_port(k.m, "driver", "main", "driver", nullptr);
        memory = static_cast<uint8_t *>(
            memory_region_get_ram_ptr(&machine_memory(k.m, 0)->region));
    }
    PortTx tx(hwaddr addr)
    {
        PortTx t{};
        t.addr = t.va = addr;
        t.issue = machine_time(k.m);
        t.kind = ACCESS_LOAD;
        return t;
    }
    void store(hwaddr addr, uint64_t value, unsigned size)
    {
        MemoryWorld *outer = memory_world_enter(machine_world(k.m));
        PortTx t = tx(addr);
        t.kind = ACCESS_STORE;
        port_store(port, &t, size, value);
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_OK), t.result);
        memory_world_enter(outer);
    }
    uint64_t load(hwaddr addr, unsigned size)
    {
        MemoryWorld *outer = memory_world_enter(machine_world(k.m));
        PortTx t = tx(addr);
        uint64_t value = port_load(port, &t, size);
        memory_world_enter(outer);
        return value;
    }
    uint64_t version() { return load(OWN + VIRTIO_VERSION, 4); }
    uint32_t reg(hwaddr offset)
    {
        return static_cast<uint32_t>(b.read(offset));
    }
    uint8_t *at(hwaddr addr) { return memory + (addr - RAM); }
    uint64_t get(hwaddr addr, unsigned size)
    {
        return virtio_get(at(addr), size);
    }
    void put(hwaddr addr, unsigned size, uint64_t value)
    {
        virtio_put(at(addr), size, value);
    }
    void put(hwaddr addr, const std::string &bytes)
    {
        memcpy(at(addr), bytes.data(), bytes.size());
    }
    std::string text(hwaddr addr, size_t len)
    {
        return std::string(reinterpret_cast<char *>(at(addr)), len);
    }
    void run_us(uint64_t us)
    {
        machine_run(k.m, machine_time(k.m) + us * 1000000);
    }
};

// -- frames -------------------------------------------------------------------

inline std::string be(uint64_t value, unsigned size)
{
    std::string bytes;
    for (unsigned i = size; i--;) {
        bytes += static_cast<char>(i < 8 ? value >> 8 * i : 0);
    }
    return bytes;
}

inline uint64_t be_at(const std::string &bytes, size_t at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | static_cast<uint8_t>(bytes.at(at + i));
    }
    return value;
}

inline uint16_t checksum(const std::string &bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); i += 2) {
        sum += static_cast<uint32_t>(be_at(bytes + '\0', i, 2));
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

constexpr uint64_t MAC = 0x525400123456, ALL = 0xffffffffffff;
constexpr uint32_t GUEST_IP = 0x0a00020f, GATEWAY = 0x0a000202;

inline std::string ip_packet(uint64_t to_mac, uint32_t from, uint32_t to,
                             unsigned protocol, const std::string &payload)
{
    std::string head = be(0x4500, 2) + be(20 + payload.size(), 2) + be(0, 4) +
                       be(64, 1) + be(protocol, 1) + be(0, 2) + be(from, 4) +
                       be(to, 4);
    head.replace(10, 2, be(checksum(head), 2));
    return be(to_mac, 6) + be(MAC, 6) + be(0x0800, 2) + head + payload;
}

inline std::string dhcp(unsigned type, uint32_t offered)
{
    std::string options = be(0x63825363, 4) + be(0x350100 | type, 3);
    if (offered) {
        options +=
            be(0x3204, 2) + be(offered, 4) + be(0x3604, 2) + be(GATEWAY, 4);
    }
    options += be(0xff, 1);
    std::string bootp = be(0x01010600, 4) + be(0x12345678, 4) + be(0, 20) +
                        be(MAC, 6) + std::string(10 + 192, '\0') + options;
    std::string udp =
        be(68, 2) + be(67, 2) + be(8 + bootp.size(), 2) + be(0, 2) + bootp;
    return ip_packet(ALL, 0, 0xffffffff, 17, udp);
}

inline std::string arp(unsigned operation, uint64_t to_mac, uint32_t to_ip)
{
    return be(to_mac ? to_mac : ALL, 6) + be(MAC, 6) + be(0x0806, 2) +
           be(0x000108000604, 6) + be(operation, 2) + be(MAC, 6) +
           be(GUEST_IP, 4) + be(to_mac, 6) + be(to_ip, 4);
}

enum : unsigned { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

// A network card with its driver, and the guest's side of one connection.
struct NetGuest : Guest {
    static constexpr unsigned BUFFERS = 8;
    std::unique_ptr<Ring<Guest>> rx, tx_ring;
    std::vector<std::pair<uint64_t, std::string>> heard; // time, frame
    uint64_t gateway_mac = 0;
    uint32_t address = 0;
    // the connection
    uint16_t port_here = 0, port_there = 0;
    uint32_t peer = 0, sent = 0, received = 0;
    bool open = false, closed = false, listens = false;
    std::string data;

    explicit NetGuest(const std::string &device)
        : Guest("type: virtio-net, " + device)
    {
        if (!k.m) {
            return;
        }
        EXPECT_TRUE(negotiate(*this, 0));
        rx = std::make_unique<Ring<Guest>>(*this, 0, BUFFERS, RAM + 0x10000);
        tx_ring =
            std::make_unique<Ring<Guest>>(*this, 1, BUFFERS, RAM + 0x20000);
        driver_ok(*this);
        for (unsigned i = 0; i < BUFFERS; i++) {
            rx->add({{buffer(i), 2048, true}});
        }
        rx->kick();
    }
    static hwaddr buffer(unsigned i) { return RAM + 0x100000 + i * 0x1000; }
    void send(const std::string &frame)
    {
        hwaddr at = RAM + 0x180000 + tx_ring->next_desc * 0x1000;
        put(at, std::string(12, '\0') + frame);
        tx_ring->add({{at, 12 + static_cast<uint32_t>(frame.size()), false}});
        tx_ring->kick();
    }
    void tcp(unsigned flags, const std::string &payload = "")
    {
        std::string segment = be(port_here, 2) + be(port_there, 2) +
                              be(sent, 4) + be(received, 4) + be(0x50, 1) +
                              be(flags, 1) + be(0x2000, 2) + be(0, 4) + payload;
        std::string pseudo =
            be(GUEST_IP, 4) + be(peer, 4) + be(6, 2) + be(segment.size(), 2);
        segment.replace(16, 2, be(checksum(pseudo + segment), 2));
        sent += static_cast<uint32_t>(payload.size()) +
                (flags & (SYN | FIN) ? 1u : 0u);
        send(ip_packet(gateway_mac, GUEST_IP, peer, 6, segment));
    }
    void connect(uint16_t port)
    {
        port_here = 40000;
        port_there = port;
        peer = GATEWAY;
        tcp(SYN);
    }
    void tcp_in(const std::string &f)
    {
        size_t at = 14 + (be_at(f, 14, 1) & 15) * 4;
        unsigned flags = static_cast<unsigned>(be_at(f, at + 13, 1));
        uint32_t sequence = static_cast<uint32_t>(be_at(f, at + 4, 4));
        if (flags & RST) {
            closed = true;
            return;
        }
        if (flags & SYN && listens) {
            peer = static_cast<uint32_t>(be_at(f, 26, 4));
            port_there = static_cast<uint16_t>(be_at(f, at, 2));
            port_here = static_cast<uint16_t>(be_at(f, at + 2, 2));
            received = sequence + 1;
            listens = false;
            tcp(SYN | ACK);
            open = true;
            return;
        }
        if (flags & SYN) {
            received = sequence + 1;
            open = true;
            tcp(ACK);
            return;
        }
        size_t end = 14 + be_at(f, 16, 2);
        std::string payload =
            f.substr(at + (be_at(f, at + 12, 1) >> 4) * 4,
                     end - at - (be_at(f, at + 12, 1) >> 4) * 4);
        if (sequence != received || (payload.empty() && !(flags & FIN))) {
            return;
        }
        data += payload;
        received += static_cast<uint32_t>(payload.size());
        if (flags & FIN) {
            received++;
            closed = true;
        }
        tcp(ACK);
    }
    void hear(const std::string &f)
    {
        heard.emplace_back(machine_time(k.m), f);
        uint64_t type = be_at(f, 12, 2);
        if (type == 0x0806 && be_at(f, 20, 2) == 2) {
            gateway_mac = be_at(f, 22, 6);
        } else if (type == 0x0806 && be_at(f, 38, 4) == GUEST_IP) {
            gateway_mac = be_at(f, 22, 6);
            send(arp(2, gateway_mac, static_cast<uint32_t>(be_at(f, 28, 4))));
        } else if (type == 0x0800 && be_at(f, 23, 1) == 17 &&
                   be_at(f, 36, 2) == 68) {
            address = static_cast<uint32_t>(be_at(f, 58, 4));
        } else if (type == 0x0800 && be_at(f, 23, 1) == 6) {
            tcp_in(f);
        }
    }
    // Goes on for some time, and deals with what arrives.
    void live(uint64_t us = 50)
    {
        run_us(us);
        while (rx->done()) {
            unsigned head = 0;
            uint32_t len = rx->take(&head);
            hwaddr at = get(rx->desc + 16 * head, 8);
            if (len > 12) {
                hear(text(at + 12, len - 12));
            }
            rx->add({{at, 2048, true}});
            rx->kick();
        }
        b.write(VIRTIO_INTERRUPT_ACK, 1);
    }
    template <typename F> bool until(F done, unsigned steps = 4000)
    {
        for (unsigned i = 0; i < steps && !done(); i++) {
            live();
        }
        return done();
    }
};

} // namespace virtio

#endif
