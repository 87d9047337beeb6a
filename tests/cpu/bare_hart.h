// bare_hart.h - what the tests of mmu.c and pmp.c share: the state of a hart
// filled in by hand, with a real walk port, and nothing that executes.
#ifndef TESTS_CPU_BARE_HART_H
#define TESTS_CPU_BARE_HART_H

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" // C11's flexible array members
#include "cpu/hart_private.h"
#pragma GCC diagnostic pop

class BareHart
{
  public:
    enum : uint64_t {
        RAM = 0x80000000,
        RAM_SIZE = 0x20000,
        HIGH = 0x380000000, // reached by 34-bit addresses only
        HIGH_SIZE = 0x4000,
        ROM = 0x20000000,
        ROM_SIZE = 0x2000,
        HOLE = 0x40000000,
    };

    explicit BareHart(unsigned xlen, HartMmu mmu = HART_MMU_BARE,
                      uint8_t pmp_entries = 0, TimingModel *timing = nullptr,
                      uint64_t extensions = 0)
        : world(memory_world_new()), outer(memory_world_enter(world)),
          state(new Hart()), h(state.get())
    {
        clock_init(&clock, "clk", 100000000);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", RAM_SIZE, nullptr);
        memory_region_init_ram(&high, nullptr, "high", HIGH_SIZE, nullptr);
        memory_region_init_rom(&rom, nullptr, "rom", ROM_SIZE, nullptr);
        memory_region_add_subregion(&root, RAM, &ram);
        memory_region_add_subregion(&root, HIGH, &high);
        memory_region_add_subregion(&root, ROM, &rom);
        address_space_init(&as, &root, "as");
        EXPECT_TRUE(
            port_init(&h->walk, &as, "cpu.walk", &clock, timing, 0, nullptr));
        h->config.isa.xlen = xlen;
        h->config.isa.extensions = ISA_I | ISA_S | extensions;
        h->config.clock = &clock;
        h->config.mmu = mmu;
        h->config.pmp_entries = pmp_entries;
        h->config.data_as = h->config.fetch_as = &as;
        pmp_reset(h);
    }
    ~BareHart()
    {
        memory_world_enter(world);
        port_fini(&h->walk);
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &high, &rom}) {
            memory_region_del_subregion(&root, mr);
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
        memory_world_enter(outer);
        memory_world_free(world);
    }
    BareHart(const BareHart &) = delete;
    BareHart &operator=(const BareHart &) = delete;

    // The host's bytes at pa, or NULL where there is no memory for all of them.
    uint8_t *bytes(uint64_t pa, uint64_t size)
    {
        struct Area {
            uint64_t at, size;
            MemoryRegion *mr;
        };
        for (const Area &a :
             {Area{RAM, RAM_SIZE, &ram}, Area{HIGH, HIGH_SIZE, &high},
              Area{ROM, ROM_SIZE, &rom}}) {
            if (pa >= a.at && pa - a.at + size <= a.size) {
                return static_cast<uint8_t *>(memory_region_get_ram_ptr(a.mr)) +
                       (pa - a.at);
            }
        }
        return nullptr;
    }
    unsigned pte_size() const { return h->config.isa.xlen / 8; }
    void put(uint64_t pa, uint64_t pte)
    {
        uint8_t *at = bytes(pa, pte_size());
        ASSERT_NE(at, nullptr);
        memcpy(at, &pte, pte_size());
    }
    uint64_t get(uint64_t pa)
    {
        uint64_t pte = 0;
        uint8_t *at = bytes(pa, pte_size());
        EXPECT_NE(at, nullptr);
        if (at) {
            memcpy(&pte, at, pte_size());
        }
        return pte;
    }

    MemoryWorld *world, *outer;
    ClockDomain clock = {};
    MemoryRegion root = {}, ram = {}, high = {}, rom = {};
    AddressSpace as = {};
    std::unique_ptr<Hart> state;
    Hart *h;
};

// How often a random test tries, unless the environment says otherwise.
inline uint64_t tries(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, nullptr, 0) : otherwise;
}

// Random choices that are the same on every machine.
class Dice
{
  public:
    explicit Dice(uint64_t seed) : engine(seed) {}
    uint64_t word() { return engine(); }
    uint64_t below(uint64_t n) { return engine() % n; }
    bool percent(unsigned n) { return below(100) < n; }

  private:
    std::mt19937_64 engine;
};

#endif
