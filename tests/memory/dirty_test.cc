// Dirty logging, rule by rule, and random writes by every way against a naive
// model with one set of pages per client.
#include <cstring>
#include <random>
#include <set>

#include "memory/dirty.h"
#include "tests/memory/memory_kit.h"

namespace
{

enum { VGA = DIRTY_MEMORY_VGA, MIG = DIRTY_MEMORY_MIGRATION };
const hwaddr kPage = PAGE_SIZE_BYTES;

// All callbacks of dirty logging, as text.
struct Log : MemoryListener {
    explicit Log(std::string *text_to, char id, bool global = false)
        : MemoryListener{}, text(text_to), name(id)
    {
        begin = [](MemoryListener *l) { of(l).put("begin"); };
        commit = [](MemoryListener *l) { of(l).put("commit"); };
        log_start = [](MemoryListener *l, MemoryRegionSection *s, int from,
                       int to) {
            of(l).put("start" + std::to_string(from) + std::to_string(to), s);
        };
        log_stop = [](MemoryListener *l, MemoryRegionSection *s, int from,
                      int to) {
            of(l).put("stop" + std::to_string(from) + std::to_string(to), s);
        };
        log_clear = [](MemoryListener *l, MemoryRegionSection *s) {
            of(l).put("clear", s);
        };
        log_global_start = [](MemoryListener *l) { of(l).put("on"); };
        log_global_stop = [](MemoryListener *l) { of(l).put("off"); };
        log_global_after_sync = [](MemoryListener *l) { of(l).put("after"); };
        if (global) {
            log_sync_global = [](MemoryListener *l) { of(l).put("syncall"); };
        } else {
            log_sync = [](MemoryListener *l, MemoryRegionSection *s) {
                of(l).put("sync", s);
            };
        }
    }
    static Log &of(MemoryListener *l) { return *static_cast<Log *>(l); }
    void put(const std::string &what, const MemoryRegionSection *s = nullptr)
    {
        char range[80] = "";
        if (s) {
            snprintf(
                range, sizeof(range), "(%s %llx %llx+%llx)",
                memory_region_name(s->mr),
                static_cast<unsigned long long>(s->offset_within_address_space),
                static_cast<unsigned long long>(s->offset_within_region),
                static_cast<unsigned long long>(int128_get64(s->size)));
        }
        *text += name + what + range + " ";
    }
    std::string *text;
    char name;
};

class Dirty : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x100000, nullptr);
        memory_region_init_ram_nomigrate(&other, nullptr, "other", 0x4000,
                                         nullptr);
        memory_region_init_rom_device(&flash, nullptr, &device.ops, &device,
                                      "flash", 0x4000, nullptr);
        memory_region_add_subregion(&root, 0, &ram);
        memory_region_add_subregion(&root, 0x200000, &other);
        memory_region_add_subregion(&root, 0x300000, &flash);
        address_space_init(&as, &root, "as");
    }
    void TearDown() override
    {
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &other, &flash}) {
            memory_region_del_subregion(&root, mr);
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
    }
    void clean_all(MemoryRegion *mr, unsigned client)
    {
        memory_region_reset_dirty(mr, 0, memory_region_size(mr), client);
    }
    bool dirty(hwaddr page, unsigned client = VGA)
    {
        return memory_region_get_dirty(&ram, page * kPage, 1, client);
    }
    std::string take()
    {
        std::string t = text;
        text.clear();
        return t;
    }
    ScopedWorld scope;
    ByteDevice device;
    MemoryRegion root{}, ram{}, other{}, flash{};
    AddressSpace as{};
    std::string text;
};

TEST_F(Dirty, NewRamIsAllDirtyForAll)
{
    for (unsigned client = 0; client < DIRTY_MEMORY_NUM; client++) {
        for (hwaddr page = 0; page < 256; page++) {
            ASSERT_TRUE(dirty(page, client));
        }
    }
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0, 0, VGA));
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0x100000, 1, VGA));
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0xfffff, UINT64_MAX, VGA));
}

TEST_F(Dirty, WhoLogs)
{
    MemoryRegion alias{};
    memory_region_init_alias(&alias, nullptr, "alias", &ram, 0, 0x1000);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&ram), 0);
    memory_region_set_log(&ram, true, VGA);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&ram), 1);
    EXPECT_TRUE(memory_region_is_logging(&ram, VGA));
    EXPECT_FALSE(memory_region_is_logging(&ram, MIG));
    memory_global_dirty_log_start();
    EXPECT_TRUE(global_dirty_log);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&ram), 5);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&flash), 4);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&other), 0);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&root), 0);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&alias), 0);
    memory_global_dirty_log_stop();
    EXPECT_FALSE(global_dirty_log);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&ram), 1);
    memory_region_set_log(&ram, true, MIG); // the 2015 generation
    EXPECT_EQ(memory_region_get_dirty_log_mask(&ram), 5);
    memory_region_set_log(&ram, false, MIG);
    memory_region_set_log(&ram, false, VGA);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&ram), 0);
    memory_region_fini(&alias);
}

TEST_F(Dirty, OnlyWhoLogsIsMarked)
{
    clean_all(&ram, VGA);
    clean_all(&ram, MIG);
    write_bytes(&as, 0x1000, {1});
    EXPECT_FALSE(dirty(1, VGA));
    memory_region_set_log(&ram, true, VGA);
    write_bytes(&as, 0x1fff, {1, 2});
    EXPECT_FALSE(dirty(0));
    EXPECT_TRUE(dirty(1));
    EXPECT_TRUE(dirty(2));
    EXPECT_FALSE(dirty(3));
    EXPECT_FALSE(dirty(1, MIG));
    memory_global_dirty_log_start();
    write_bytes(&as, 0x41000, {1});
    EXPECT_TRUE(dirty(0x41, MIG));
    EXPECT_TRUE(dirty(0x41, VGA));
    memory_global_dirty_log_stop();
    memory_region_set_log(&ram, false, VGA);
    write_bytes(&as, 0x50000, {1});
    EXPECT_FALSE(dirty(0x50, MIG));
    EXPECT_FALSE(dirty(0x50, VGA));
}

TEST_F(Dirty, WhateverTheViewSays)
{
    memory_region_transaction_begin();
    memory_region_set_log(&ram, true, VGA); // not in any view yet
    clean_all(&ram, VGA);
    write_bytes(&as, 0x3000, {1});
    EXPECT_TRUE(dirty(3));
    memory_region_transaction_commit();
    MemoryRegion alias{};
    memory_region_init_alias(&alias, nullptr, "alias", &ram, 0x5000, 0x1000);
    memory_region_add_subregion(&root, 0x800000, &alias);
    write_bytes(&as, 0x800000, {1});
    EXPECT_TRUE(dirty(5));
    memory_region_del_subregion(&root, &alias);
    memory_region_fini(&alias);
    memory_region_set_log(&ram, false, VGA);
}

TEST_F(Dirty, SetDirtyMarksForWhoLogs)
{
    clean_all(&ram, VGA);
    memory_region_set_dirty(&ram, 0x1fff, 2);
    EXPECT_FALSE(dirty(1));
    memory_region_set_log(&ram, true, VGA);
    memory_region_set_dirty(&ram, 0x1fff, 2);
    memory_region_set_dirty(&ram, 0x5000, 0);
    memory_region_set_dirty(&ram, 0xffffff, 10);
    memory_region_set_dirty(&ram, 0xff000, UINT64_MAX);
    memory_region_set_dirty(&root, 0, 10); // has no memory
    std::set<hwaddr> marked;
    for (hwaddr page = 0; page < 256; page++) {
        if (dirty(page)) {
            marked.insert(page);
        }
    }
    EXPECT_EQ(marked, (std::set<hwaddr>{1, 2, 255}));
    memory_region_set_log(&ram, false, VGA);
}

TEST_F(Dirty, RomDevice)
{
    memory_region_set_log(&flash, true, VGA);
    clean_all(&flash, VGA);
    write_bytes(&as, 0x300000, {1, 2, 3, 4}); // goes to its callbacks
    EXPECT_FALSE(memory_region_get_dirty(&flash, 0, 0x4000, VGA));
    memory_region_flush_rom_device(&flash, 0x1000, 0x1001);
    EXPECT_FALSE(memory_region_get_dirty(&flash, 0, 0x1000, VGA));
    EXPECT_TRUE(memory_region_get_dirty(&flash, 0x1000, 1, VGA));
    EXPECT_TRUE(memory_region_get_dirty(&flash, 0x2000, 1, VGA));
    EXPECT_FALSE(memory_region_get_dirty(&flash, 0x3000, 0x1000, VGA));
    memory_region_flush_rom_device(&flash, 0x3fff, UINT64_MAX);
    EXPECT_TRUE(memory_region_get_dirty(&flash, 0x3000, 1, VGA));
    memory_region_flush_rom_device(&flash, 0x4000, 1);
    memory_region_flush_rom_device(&root, 0, 1);
    memory_region_set_log(&flash, false, VGA);
}

// Its callbacks store, and mark nothing, like any device's; what bypasses them
// marks.
TEST_F(Dirty, RamDevice)
{
    MemoryRegion window{};
    std::vector<uint8_t> bytes(0x3000);
    memory_region_init_ram_device_ptr(&window, nullptr, "window", bytes.size(),
                                      bytes.data());
    memory_region_add_subregion(&root, 0x400000, &window);
    memory_region_set_log(&window, true, VGA);
    clean_all(&window, VGA);
    address_space_stq_le(&as, 0x400ffc, 0x0807060504030201, kPlain, nullptr);
    write_bytes(&as, 0x402000, {9});
    EXPECT_EQ(bytes[0x1003], 8);
    EXPECT_EQ(bytes[0x2000], 9);
    EXPECT_FALSE(memory_region_get_dirty(&window, 0, 0x3000, VGA));
    uint8_t one = 1;
    address_space_write_rom(&as, 0x401000, kPlain, &one, 1);
    EXPECT_FALSE(memory_region_get_dirty(&window, 0, 0x1000, VGA));
    EXPECT_TRUE(memory_region_get_dirty(&window, 0x1000, 1, VGA));
    write_bytes(&as, 0x401000, {9}); // and does not clean
    EXPECT_TRUE(memory_region_get_dirty(&window, 0x1000, 1, VGA));
    memory_region_set_log(&window, false, VGA);
    memory_region_del_subregion(&root, &window);
    memory_region_fini(&window);
}

// -- snapshots

TEST_F(Dirty, ASnapshotClearsItsNeighbours)
{
    clean_all(&ram, VGA);
    memory_region_set_log(&ram, true, VGA);
    memory_region_set_dirty(&ram, 0x20000, 1); // block 0
    memory_region_set_dirty(&ram, 0x41000, 1); // block 1
    memory_region_set_dirty(&ram, 0x80000, 1); // block 2
    DirtyBitmapSnapshot *snap =
        memory_region_snapshot_and_clear_dirty(&ram, 0x3fff0, 0x20, VGA);
    EXPECT_FALSE(dirty(0x20)) << "cleared beyond what was asked";
    EXPECT_FALSE(dirty(0x41));
    EXPECT_TRUE(dirty(0x80));
    EXPECT_TRUE(memory_region_snapshot_get_dirty(&ram, snap, 0x20fff, 1));
    EXPECT_FALSE(memory_region_snapshot_get_dirty(&ram, snap, 0x21000, 1));
    EXPECT_TRUE(memory_region_snapshot_get_dirty(&ram, snap, 0x3f000, 0x3000));
    EXPECT_FALSE(memory_region_snapshot_get_dirty(&ram, snap, 0x80000, 1));
    EXPECT_FALSE(memory_region_snapshot_get_dirty(&ram, snap, 0x41000, 0));
    memory_snapshot_free(snap);
    memory_region_set_dirty(&ram, 0x7ffff, 1);
    snap = memory_region_snapshot_and_clear_dirty(&ram, 0x80000, 0x1000, VGA);
    EXPECT_TRUE(dirty(0x7f)) << "the block before";
    memory_snapshot_free(snap);
    memory_region_set_log(&ram, false, VGA);
}

TEST_F(Dirty, ASnapshotOfOneClient)
{
    DirtyBitmapSnapshot *snap =
        memory_region_snapshot_and_clear_dirty(&ram, 0, 0x100000, MIG);
    EXPECT_TRUE(memory_region_snapshot_get_dirty(&ram, snap, 0xff000, 0x1000));
    EXPECT_FALSE(dirty(0, MIG));
    EXPECT_TRUE(dirty(0, VGA));
    memory_snapshot_free(snap);
    snap = memory_region_snapshot_and_clear_dirty(&other, 0, UINT64_MAX, VGA);
    EXPECT_TRUE(memory_region_snapshot_get_dirty(&other, snap, 0x3fff, 1));
    memory_snapshot_free(snap);
    snap = memory_region_snapshot_and_clear_dirty(&root, 0, 0x1000, VGA);
    EXPECT_FALSE(memory_region_snapshot_get_dirty(&root, snap, 0, 0x1000));
    memory_snapshot_free(snap);
    snap = memory_region_snapshot_and_clear_dirty(&ram, 0x200000, 1, VGA);
    EXPECT_FALSE(memory_region_snapshot_get_dirty(&ram, snap, 0, 0x100000));
    memory_snapshot_free(snap);
}

// -- events

TEST_F(Dirty, SetLogCounts)
{
    Log l(&text, 'l');
    memory_listener_register(&l, &as);
    take();
    memory_region_set_log(&other, true, VGA);
    EXPECT_EQ(take(), "lbegin lstart01(other 200000 0+4000) lcommit ");
    memory_region_set_log(&other, true, VGA);
    memory_region_set_log(&other, false, VGA);
    EXPECT_EQ(take(), "");
    memory_region_set_log(&other, false, VGA);
    EXPECT_EQ(take(), "lbegin lstop10(other 200000 0+4000) lcommit ");
    memory_region_set_enabled(&other, false);
    take();
    memory_region_set_log(&other, true, VGA); // not drawn: no rebuild
    EXPECT_EQ(take(), "");
    memory_region_set_enabled(&other, true);
    EXPECT_EQ(take(), "lbegin lcommit ") << "a new range gets no log_start";
    memory_listener_unregister(&l);
    EXPECT_EQ(take(), "lbegin lstop10(other 200000 0+4000) lcommit ");
    memory_region_set_log(&other, false, VGA);
}

TEST_F(Dirty, GlobalStartAndStop)
{
    Log a(&text, 'a'), b(&text, 'b');
    b.priority = 1;
    memory_listener_register(&b, &as);
    memory_listener_register(&a, &as);
    take();
    memory_global_dirty_log_start();
    EXPECT_EQ(take(), "aon bon abegin bbegin astart04(ram 0 0+100000) "
                      "bstart04(ram 0 0+100000) astart04(flash 300000 0+4000) "
                      "bstart04(flash 300000 0+4000) acommit bcommit ");
    memory_global_dirty_log_start();
    EXPECT_EQ(take(), "");
    memory_global_dirty_log_stop();
    EXPECT_EQ(take(),
              "abegin bbegin bstop40(ram 0 0+100000) "
              "astop40(ram 0 0+100000) bstop40(flash 300000 0+4000) "
              "astop40(flash 300000 0+4000) acommit bcommit boff aoff ");
    memory_global_dirty_log_stop();
    EXPECT_EQ(take(), "");
    memory_listener_unregister(&a);
    memory_listener_unregister(&b);
}

TEST_F(Dirty, SyncAndClearEvents)
{
    AddressSpace second{};
    address_space_init(&second, &ram, "second");
    Log a(&text, 'a'), b(&text, 'b', true), c(&text, 'c');
    b.priority = 1;
    c.priority = 2;
    memory_region_set_log(&ram, true, VGA);
    memory_region_set_log(&other, true, VGA);
    memory_listener_register(&c, &second);
    memory_listener_register(&a, &as);
    memory_listener_register(&b, &as);
    take();
    memory_global_dirty_log_sync();
    EXPECT_EQ(take(), "async(ram 0 0+100000) async(other 200000 0+4000) "
                      "bsyncall csync(ram 0 0+100000) ");
    memory_global_after_dirty_log_sync();
    EXPECT_EQ(take(), "aafter bafter cafter ");
    memory_region_reset_dirty(&other, 0xfff, 2, VGA);
    EXPECT_EQ(take(),
              "aclear(other 200000 0+2000) bclear(other 200000 0+2000) ");
    memory_region_reset_dirty(&other, 0xfff, 0, VGA);
    EXPECT_EQ(take(), "");
    memory_region_clear_dirty_bitmap(&other, 0x3800, 0x1000);
    EXPECT_EQ(take(),
              "aclear(other 203800 3800+800) bclear(other 203800 3800+800) ");
    memory_snapshot_free(
        memory_region_snapshot_and_clear_dirty(&other, 0x100, 0x10, VGA));
    EXPECT_EQ(take(), "async(other 200000 0+4000) bsyncall "
                      "aclear(other 200100 100+10) bclear(other 200100 100+10) "
                      "aafter bafter cafter ");
    // twice visible, the second time from its middle
    MemoryRegion alias{};
    memory_region_init_alias(&alias, nullptr, "alias", &other, 0x2000, 0x2000);
    memory_region_add_subregion(&root, 0x210000, &alias);
    take();
    memory_region_clear_dirty_bitmap(&other, 0x1000, UINT64_MAX);
    EXPECT_EQ(take(), "aclear(other 201000 1000+3000) "
                      "aclear(other 210000 2000+2000) "
                      "bclear(other 201000 1000+3000) "
                      "bclear(other 210000 2000+2000) ");
    memory_region_set_log(&other, false, VGA);
    take();
    memory_region_clear_dirty_bitmap(&other, 0, 0x4000); // nobody logs it
    EXPECT_EQ(take(), "");
    memory_region_del_subregion(&root, &alias);
    memory_region_fini(&alias);
    for (Log *l : {&a, &b, &c}) {
        memory_listener_unregister(l);
    }
    memory_region_set_log(&ram, false, VGA);
    address_space_destroy(&second);
}

// -- inline entries

struct Hart {
    explicit Hart(AddressSpace *as)
    {
        clock_init(&clock, "clock", 1000000);
        EXPECT_TRUE(
            port_init(&port, as, "hart", &clock, nullptr, true, nullptr));
    }
    ~Hart() { port_fini(&port); }
    // As a hart: through the entry, or slow and then an entry for next time.
    bool store(hwaddr pa, uint8_t value)
    {
        PortEntry *e = &port.entry[(pa >> PAGE_BITS) % PORT_ENTRIES];
        if ((pa & ~(kPage - 1)) == e->write_tag) {
            *reinterpret_cast<uint8_t *>(e->host + pa) = value;
            e->count[1][0]++;
            return true;
        }
        PortTx tx{};
        tx.addr = tx.va = pa;
        tx.attrs = kPlain;
        tx.kind = ACCESS_STORE;
        port_store(&port, &tx, 1, value);
        port_open(&port, pa, pa, true);
        return false;
    }
    ClockDomain clock;
    MemoryPort port{};
};

TEST_F(Dirty, InlineStoresAreNotLost)
{
    memory_region_set_log(&ram, true, VGA);
    Hart hart(&as);
    EXPECT_FALSE(hart.store(0x3000, 1));
    EXPECT_TRUE(hart.store(0x3001, 2)); // the entry is open
    memory_region_reset_dirty(&ram, 0x3000, 1, VGA);
    EXPECT_EQ(port_open(&hart.port, 0x3000, 0x3000, true), nullptr);
    EXPECT_NE(port_open(&hart.port, 0x3000, 0x3000, false), nullptr);
    EXPECT_FALSE(dirty(3));
    EXPECT_FALSE(hart.store(0x3002, 3));
    EXPECT_TRUE(dirty(3));
    EXPECT_TRUE(hart.store(0x3003, 4)); // dirty: inline again
    // a big range takes another way
    clean_all(&ram, VGA);
    EXPECT_FALSE(dirty(3));
    EXPECT_FALSE(hart.store(0x3004, 5));
    EXPECT_TRUE(dirty(3));
    EXPECT_TRUE(hart.store(0x3004, 6));
    memory_snapshot_free(
        memory_region_snapshot_and_clear_dirty(&ram, 0x8000, 1, VGA));
    EXPECT_FALSE(hart.store(0x3005, 7)) << "a neighbour in the same block";
    EXPECT_TRUE(dirty(3));
    EXPECT_EQ(port_transactions(&hart.port), 7u);
    memory_region_set_log(&ram, false, VGA);
}

// -- the model

// One set of pages per client, and the rules in a line each.
struct Model {
    std::set<hwaddr> dirty[3];
    bool vga = false, global = false;
    void mark(hwaddr addr, hwaddr len)
    {
        for (hwaddr a = addr; a < addr + len; a = (a / kPage + 1) * kPage) {
            if (vga) {
                dirty[VGA].insert(a / kPage);
            }
            if (global) {
                dirty[MIG].insert(a / kPage);
            }
        }
    }
    void clean(unsigned client, hwaddr first, hwaddr end)
    {
        for (hwaddr page = first; page < end; page++) {
            dirty[client].erase(page);
        }
    }
};

TEST_F(Dirty, AgreesWithANaiveModel)
{
    const hwaddr size = 0x100000;
    std::mt19937 random(7);
    Model model;
    for (hwaddr page = 0; page < size / kPage; page++) {
        model.dirty[VGA].insert(page);
        model.dirty[MIG].insert(page);
    }
    MemoryRegion window{};
    memory_region_init_alias(&window, nullptr, "window", &ram, 0x5800, 0x9000);
    memory_region_add_subregion(&root, 0x900000, &window);
    Hart hart(&as);
    std::vector<uint8_t> bytes(0x6000, 0x5a);
    for (int step = 0; step < 2000; step++) {
        hwaddr len = random() % 4 ? 1 + random() % 16 : 1 + random() % 0x5000;
        hwaddr addr = random() % (size - len);
        unsigned client = random() % 2 ? VGA : MIG;
        switch (random() % 14) {
        case 0:
            address_space_write(&as, addr, kPlain, bytes.data(), len);
            model.mark(addr, len);
            break;
        case 1:
            addr = random() % (size - 8);
            address_space_stq_be(&as, addr, 1, kPlain, nullptr);
            model.mark(addr, 8);
            break;
        case 2:
            address_space_write_rom(&as, addr, kPlain, bytes.data(), len);
            model.mark(addr, len);
            break;
        case 3: {
            hwaddr mapped = len, used = random() % (len + 1);
            void *host = address_space_map(&as, addr, &mapped, true, kPlain);
            ASSERT_EQ(mapped, len);
            memset(host, 1, used);
            address_space_unmap(&as, host, mapped, true, used);
            model.mark(addr, used);
            break;
        }
        case 4:
            address_space_set(&as, addr, 3, len, kPlain);
            model.mark(addr, len);
            break;
        case 5: // through an alias that starts inside a page
            addr = random() % 0x8ff8;
            address_space_stl_le(&as, 0x900000 + addr, 1, kPlain, nullptr);
            model.mark(0x5800 + addr, 4);
            break;
        case 6:
        case 7:
            for (int i = 0; i < 4; i++, addr = random() % size) {
                hart.store(addr, 1);
                model.mark(addr, 1);
            }
            break;
        case 8:
            memory_region_set_dirty(&ram, addr, len);
            model.mark(addr, len);
            break;
        case 9:
            memory_region_reset_dirty(&ram, addr, len, client);
            model.clean(client, addr / kPage, (addr + len - 1) / kPage + 1);
            break;
        case 10: {
            DirtyBitmapSnapshot *snap =
                memory_region_snapshot_and_clear_dirty(&ram, addr, len, client);
            for (hwaddr a = addr; a < addr + len; a += kPage) {
                ASSERT_EQ(memory_region_snapshot_get_dirty(&ram, snap, a, 1),
                          model.dirty[client].count(a / kPage) != 0);
            }
            memory_snapshot_free(snap);
            hwaddr last = addr + len - 1;
            model.clean(client, addr / 0x40000 * 64, (last / 0x40000 + 1) * 64);
            break;
        }
        case 11:
            model.vga = !model.vga;
            memory_region_set_log(&ram, model.vga, VGA);
            break;
        case 12:
            model.global = !model.global;
            model.global ? memory_global_dirty_log_start()
                         : memory_global_dirty_log_stop();
            break;
        default: { // a cache marks by itself
            MemoryRegionCache cache{};
            ASSERT_EQ(address_space_cache_init(&cache, &as, addr,
                                               static_cast<hwaddr>(len), true),
                      static_cast<int64_t>(len));
            address_space_cache_invalidate(&cache, 0, static_cast<hwaddr>(len));
            address_space_cache_destroy(&cache);
            model.mark(addr, len);
        }
        }
        for (hwaddr page = 0; page < size / kPage; page++) {
            ASSERT_EQ(dirty(page, VGA), model.dirty[VGA].count(page) != 0)
                << "step " << step << " page " << page;
            ASSERT_EQ(dirty(page, MIG), model.dirty[MIG].count(page) != 0)
                << "step " << step << " page " << page;
        }
    }
    memory_global_dirty_log_stop();
    memory_region_del_subregion(&root, &window);
    memory_region_fini(&window);
}

} // namespace
