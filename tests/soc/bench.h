// A device on a bench: a world, an event queue, a clock, a register port and
// ears for everything it tells its host. No machine around it.
#ifndef TESTS_SOC_BENCH_H
#define TESTS_SOC_BENCH_H

#include <cstdint>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "soc/device.h"
#include "soc/event.h"

struct World {
    MemoryWorld *world, *outer;
    World() : world(memory_world_new()), outer(memory_world_enter(world)) {}
    ~World()
    {
        memory_world_enter(outer);
        memory_world_free(world);
    }
    World(const World &) = delete;
    World &operator=(const World &) = delete;
};

template <typename T> struct Bench : World {
    EventQueue queue;
    ClockDomain clock;
    DeviceHost host;
    T *model;
    Device *dev;
    std::string scope; // " ps:level" per edge of the watched pin
    std::string sent;  // bytes of serial_out
    std::vector<uint64_t> sent_at;
    std::vector<std::string> errors;
    std::vector<uint64_t> ended; // when a traffic source did
    std::vector<int> finished;
    std::vector<unsigned> phases;
    unsigned ready = 0, resets = 0;
    std::string incoming; // offered to serial_in; kept until taken

    // `prepare` fills parameters before init.
    template <typename F>
    Bench(const DeviceClass &cls, uint64_t hz, F prepare) : host{}
    {
        event_queue_init(&queue, world);
        clock_init(&clock, "bench", hz);
        host.opaque = this;
        host.serial_out = [](void *self, Device *, uint8_t byte) {
            auto *b = static_cast<Bench *>(self);
            b->sent += static_cast<char>(byte);
            b->sent_at.push_back(b->now());
        };
        host.serial_ready = [](void *self, Device *) {
            auto *b = static_cast<Bench *>(self);
            b->ready++;
            b->feed();
        };
        host.finish = [](void *self, Device *, int status) {
            static_cast<Bench *>(self)->finished.push_back(status);
        };
        host.reset_request = [](void *self, Device *) {
            static_cast<Bench *>(self)->resets++;
        };
        host.phase = [](void *self, Device *, unsigned id) {
            static_cast<Bench *>(self)->phases.push_back(id);
        };
        host.traffic_ended = [](void *self, Device *) {
            auto *b = static_cast<Bench *>(self);
            b->ended.push_back(b->now());
        };
        host.guest_error = [](void *self, Device *, const char *text) {
            static_cast<Bench *>(self)->errors.push_back(text);
        };
        model = static_cast<T *>(std::calloc(1, cls.size));
        dev = reinterpret_cast<Device *>(model); // its first member
        dev->cls = &cls;
        dev->name = "dut";
        dev->events = &queue;
        dev->clock = &clock;
        dev->host = &host;
        for (const ParamSpec *p = cls.params; p && p->name; p++) {
            char *at = reinterpret_cast<char *>(dev) + p->offset;
            if (p->type == PARAM_UINT || p->type == PARAM_HZ ||
                p->type == PARAM_SIZE || p->type == PARAM_TIME) {
                *reinterpret_cast<uint64_t *>(at) = p->preset;
            } else if (p->type == PARAM_STRING || p->type == PARAM_FILE) {
                *reinterpret_cast<const char **>(at) = p->text;
            }
        }
        prepare(model);
        EXPECT_TRUE(cls.init(dev, nullptr));
    }
    Bench(const DeviceClass &cls, uint64_t hz = 1000000000)
        : Bench(cls, hz, [](T *) {})
    {
        reset();
    }
    ~Bench()
    {
        memory_region_fini(&dev->mmio);
        if (dev->cls->fini) {
            dev->cls->fini(dev);
        }
        std::free(model);
        event_queue_fini(&queue);
    }
    void reset() { dev->cls->reset(dev); }
    void watch(Irq *pin)
    {
        pin->opaque = this;
        pin->set = [](void *self, unsigned, bool level) {
            auto *b = static_cast<Bench *>(self);
            b->scope += " " + std::to_string(b->now()) + (level ? ":1" : ":0");
        };
    }
    uint64_t now() const { return event_now(&queue); }
    void run_to(uint64_t ps)
    {
        event_run_until(&queue, ps);
        world->now = ps;
    }
    void run(uint64_t ps) { run_to(now() + ps); }
    // Bytes come in as a host brings them: one by one until refused.
    void feed()
    {
        while (
            !incoming.empty() &&
            dev->cls->serial_in(dev, static_cast<uint8_t>(incoming.front()))) {
            incoming.erase(0, 1);
        }
    }
    MemTxResult try_write(hwaddr offset, uint64_t value, unsigned size)
    {
        return memory_region_dispatch_write(
            &dev->mmio, offset, value, static_cast<MemOp>(__builtin_ctz(size)),
            MemTxAttrs{});
    }
    MemTxResult try_read(hwaddr offset, unsigned size, uint64_t *value)
    {
        *value = 0;
        return memory_region_dispatch_read(
            &dev->mmio, offset, value, static_cast<MemOp>(__builtin_ctz(size)),
            MemTxAttrs{});
    }
    void write(hwaddr offset, uint64_t value, unsigned size = 4)
    {
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_OK),
                  try_write(offset, value, size))
            << "offset " << offset;
    }
    uint64_t read(hwaddr offset, unsigned size = 4)
    {
        uint64_t value = 0;
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_OK),
                  try_read(offset, size, &value))
            << "offset " << offset;
        return size == 8 ? value : value & ((UINT64_C(1) << (8 * size)) - 1);
    }
};

#endif
