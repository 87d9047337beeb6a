// Random page tables against a model that walks them byte by byte: transfers,
// loads and stores, translations, mappings, entries and caches through chains
// of IOMMUs that may also run in circles.
#include <array>
#include <memory>
#include <random>

#include "tests/memory/iommu_kit.h"

namespace
{

enum { MAPS = 150, OPS = 60, SEED = 7 };
enum Target { RAM0, RAM1, RAM2, ROM, TARGETS, UNIT0 = TARGETS, UNIT1 };
enum SpaceId { MEM, MID, DMA, SPACES };

struct Range {
    hwaddr start, size;
    int target;
    hwaddr offset;
};

// What the spaces show; everything starts and ends at a page.
const std::vector<Range> kRanges[SPACES] = {
    // mem: memory only
    {{0x0, 0x8000, RAM0, 0},
     {0x9000, 0x4000, RAM1, 0},
     {0x10000, 0x2000, ROM, 0},
     {0x14000, 0x2000, RAM0, 0x2000}},
    // mid: a second unit
    {{0x0, 0x20000, UNIT1, 0}, {0x20000, 0x4000, RAM2, 0}},
    // dma: the first unit twice
    {{0x0, 0x20000, UNIT0, 0},
     {0x30000, 0x2000, RAM2, 0x1000},
     {0x40000, 0x10000, UNIT0, 0x10000}},
};
const hwaddr kSize[TARGETS] = {0x8000, 0x4000, 0x4000, 0x2000};

// -- the model

struct Where {
    int target = -1; // -1: nothing
    hwaddr offset = 0;
    const Range *range = nullptr;
    std::array<const Page *, 48> page{}; // met on the way
    unsigned pages = 0;
    bool endless() const { return pages > 40; }
};

class Model
{
  public:
    Model(TestIommu *first, TestIommu *second, AddressSpace *spaces)
        : unit{first, second}, space(spaces)
    {
        for (int t = 0; t < TARGETS; t++) {
            bytes[t].resize(kSize[t]);
        }
    }
    Where where(int in, hwaddr addr, bool is_write, bool secure) const
    {
        Where w;
        w.offset = addr;
        for (;;) {
            w.range = nullptr;
            for (const Range &r : kRanges[in]) {
                if (addr >= r.start && addr < r.start + r.size) {
                    w.range = &r;
                }
            }
            if (!w.range) {
                w.offset = addr;
                return w;
            }
            w.offset = w.range->offset + (addr - w.range->start);
            if (w.range->target < TARGETS) {
                w.target = w.range->target;
                return w;
            }
            int u = w.range->target - UNIT0;
            const Page *p = unit[u]->page(w.offset, u == 0 && secure ? 1 : 0);
            if (!p || !(p->perm & (is_write ? IOMMU_WO : IOMMU_RO))) {
                return w;
            }
            w.page[w.pages++] = p;
            if (w.endless()) {
                return w;
            }
            addr = p->to + (w.offset - p->iova);
            in = static_cast<int>(p->as - space);
        }
    }
    bool is_direct(const Where &w, bool is_write) const
    {
        return w.target >= 0 && !(is_write && w.target == ROM);
    }
    // Of len bytes, how many lie in one page of each unit and one range.
    hwaddr together(hwaddr addr, hwaddr len, bool is_write, bool secure) const
    {
        Where first = where(DMA, addr, is_write, secure);
        hwaddr n = 1;
        for (; n < len; n++) {
            Where w = where(DMA, addr + n, is_write, secure);
            for (unsigned i = 0; i < first.pages; i++) {
                if (w.page[i] != first.page[i]) {
                    return n;
                }
            }
            if (first.target >= 0 && w.range != first.range) {
                return n;
            }
        }
        return n;
    }
    TestIommu *unit[2];
    AddressSpace *space;
    std::vector<uint8_t> bytes[TARGETS];
};

// -- the same for real

class IommuModel : public testing::Test
{
  protected:
    IommuModel()
        : unit0("unit0", 0x20000, 2), unit1("unit1", 0x20000),
          model(&unit0, &unit1, space)
    {
        memory_region_init_ram(&mr[RAM0], nullptr, "ram0", kSize[RAM0],
                               nullptr);
        memory_region_init_ram(&mr[RAM1], nullptr, "ram1", kSize[RAM1],
                               nullptr);
        memory_region_init_ram(&mr[RAM2], nullptr, "ram2", kSize[RAM2],
                               nullptr);
        memory_region_init_rom(&mr[ROM], nullptr, "rom", kSize[ROM], nullptr);
        for (int s = 0; s < SPACES; s++) {
            memory_region_init(&root[s], nullptr, "root", UINT64_MAX);
            for (const Range &r : kRanges[s]) {
                window.push_back(std::make_unique<MemoryRegion>());
                memory_region_init_alias(window.back().get(), nullptr, "window",
                                         region(r.target), r.offset, r.size);
                memory_region_add_subregion(&root[s], r.start,
                                            window.back().get());
            }
            address_space_init(&space[s], &root[s], "space");
        }
    }
    ~IommuModel() override
    {
        for (auto &w : window) {
            memory_region_del_subregion(w->container, w.get());
        }
        for (int s = 0; s < SPACES; s++) {
            address_space_destroy(&space[s]);
        }
        for (auto &w : window) {
            memory_region_fini(w.get());
        }
        for (MemoryRegion &m : root) {
            memory_region_fini(&m);
        }
        for (MemoryRegion &m : mr) {
            memory_region_fini(&m);
        }
    }
    MemoryRegion *region(int target)
    {
        return target < TARGETS  ? &mr[target]
               : target == UNIT0 ? unit0.mr()
                                 : unit1.mr();
    }
    uint8_t *host(int target)
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(&mr[target]));
    }
    uint64_t random(uint64_t below) { return rng() % below; }

    // Of two pages that overlap, a unit could mean either: there are none.
    static void map_free(TestIommu &u, hwaddr iova, AddressSpace *as, hwaddr to,
                         int perm, hwaddr mask, int index)
    {
        for (const Page &p : u.pages) {
            hwaddr larger = mask | p.mask;
            if (p.index == index && (iova & ~larger) == (p.iova & ~larger)) {
                return;
            }
        }
        u.map(iova, as, to, perm, mask, index);
    }
    void random_pages()
    {
        const hwaddr masks[] = {0xfff, 0xfff, 0xfff, 0x3ff, 0x3fff};
        unit0.pages.clear();
        unit1.pages.clear();
        if (!random(4)) {
            hwaddr circle = random(0x20000) & ~hwaddr{0xfff};
            unit0.map(circle, &space[DMA], circle);
        }
        for (unsigned i = 0, n = 30 + (unsigned)random(60); i < n; i++) {
            TestIommu &u = i % 3 ? unit0 : unit1;
            int as = MEM;
            if (&u == &unit0 && random(2)) {
                as = random(20) ? MID : DMA;
            } else if (!random(30)) {
                as = DMA; // a circle, perhaps
            }
            hwaddr mask = masks[random(5)];
            hwaddr to = as == MEM ? random(0x18000) : random(0x26000);
            // often pages that go on where the last one ends
            if (!u.pages.empty() && random(2)) {
                Page last = u.pages.back();
                mask = last.mask;
                map_free(u, last.iova + mask + 1, last.as, last.to + mask + 1,
                         random(5) ? IOMMU_RW : IOMMU_RO, mask, last.index);
                continue;
            }
            map_free(u, random(0x20000), &space[as], to,
                     random(3) ? IOMMU_RW : (int)random(4), mask,
                     &u == &unit0 && !random(3));
        }
    }
    void random_bytes()
    {
        for (int t = 0; t < TARGETS; t++) {
            for (hwaddr i = 0; i < kSize[t]; i++) {
                host(t)[i] = model.bytes[t][i] = static_cast<uint8_t>(rng());
            }
        }
    }
    // Often where a page, or something, ends.
    hwaddr random_addr()
    {
        hwaddr addr = random(0x54000);
        if (!unit0.pages.empty() && random(2)) {
            const Page &p = unit0.pages[random(unit0.pages.size())];
            return p.iova + p.mask - random(9);
        }
        return random(2) ? addr : ((addr + 0x200) & ~hwaddr{0x3ff}) - random(9);
    }
    void expect_same_bytes()
    {
        for (int t = 0; t < TARGETS; t++) {
            ASSERT_EQ(memcmp(host(t), model.bytes[t].data(), kSize[t]), 0) << t;
        }
    }

    // one operation each
    void transfer(hwaddr addr, hwaddr len, bool is_write, MemTxAttrs attrs,
                  bool cached);
    void sized(hwaddr addr, bool is_write, MemTxAttrs attrs);
    void look(hwaddr addr, hwaddr len, bool is_write, MemTxAttrs attrs);
    void map(hwaddr addr, hwaddr len, bool is_write);
    void entry(hwaddr addr, bool is_write, MemTxAttrs attrs);

    ScopedWorld scope;
    MemoryRegion mr[TARGETS], root[SPACES];
    std::vector<std::unique_ptr<MemoryRegion>> window;
    AddressSpace space[SPACES];
    TestIommu unit0, unit1;
    Model model;
    std::mt19937_64 rng{SEED};
    // so that the test knows what it tests
    unsigned ok = 0, bad = 0, deep = 0, longer = 0, circles = 0, covered = 0;
};

void IommuModel::transfer(hwaddr addr, hwaddr len, bool is_write,
                          MemTxAttrs attrs, bool cached)
{
    std::vector<uint8_t> buf(len), expect(len);
    for (uint8_t &b : buf) {
        b = static_cast<uint8_t>(rng());
    }
    MemTxResult wanted = MEMTX_OK;
    for (hwaddr i = 0; i < len; i++) {
        Where w = model.where(DMA, addr + i, is_write, attrs.secure);
        circles += w.endless();
        deep += w.target >= 0 && w.pages > 1;
        if (!model.is_direct(w, is_write)) {
            wanted = MEMTX_DECODE_ERROR;
        } else if (is_write) {
            model.bytes[w.target][w.offset] = buf[i];
        } else {
            expect[i] = model.bytes[w.target][w.offset];
        }
    }
    MemTxResult result;
    if (cached) {
        MemoryRegionCache cache;
        int64_t got =
            address_space_cache_init(&cache, &space[DMA], addr, len, is_write);
        ASSERT_EQ(static_cast<hwaddr>(got), len);
        result = is_write
                     ? address_space_write_cached(&cache, 0, buf.data(), len)
                     : address_space_read_cached(&cache, 0, buf.data(), len);
        address_space_cache_destroy(&cache);
        covered++;
    } else {
        result = address_space_rw(&space[DMA], addr, attrs, buf.data(), len,
                                  is_write);
    }
    ASSERT_EQ(result, wanted);
    (result == MEMTX_OK ? ok : bad)++;
    if (!is_write) {
        ASSERT_EQ(buf, expect);
    }
    expect_same_bytes();
    bool all = wanted == MEMTX_OK;
    ASSERT_EQ(
        address_space_access_valid(&space[DMA], addr, len, is_write, attrs),
        all);
}

void IommuModel::sized(hwaddr addr, bool is_write, MemTxAttrs attrs)
{
    const unsigned size = 1u << random(4);
    Where w = model.where(DMA, addr, is_write, attrs.secure);
    bool works = model.is_direct(w, is_write) &&
                 model.together(addr, size, is_write, attrs.secure) == size;
    uint64_t value = rng(), expect = 0;
    if (size < 8) {
        value &= (UINT64_C(1) << 8 * size) - 1;
    }
    if (works && is_write) {
        memcpy(&model.bytes[w.target][w.offset], &value, size);
    } else if (works) {
        memcpy(&expect, &model.bytes[w.target][w.offset], size);
    }
    MemTxResult result = 99;
    AddressSpace *as = &space[DMA];
    uint64_t got = 0;
    switch (size + 16 * is_write) {
    case 1: got = address_space_ldub(as, addr, attrs, &result); break;
    case 2: got = address_space_lduw_le(as, addr, attrs, &result); break;
    case 4: got = address_space_ldl_le(as, addr, attrs, &result); break;
    case 8: got = address_space_ldq_le(as, addr, attrs, &result); break;
    case 17: address_space_stb(as, addr, (uint8_t)value, attrs, &result); break;
    case 18:
        address_space_stw_le(as, addr, (uint16_t)value, attrs, &result);
        break;
    case 20:
        address_space_stl_le(as, addr, (uint32_t)value, attrs, &result);
        break;
    default: address_space_stq_le(as, addr, value, attrs, &result); break;
    }
    ASSERT_EQ(result, works ? MEMTX_OK : MEMTX_DECODE_ERROR) << size;
    ASSERT_EQ(got, expect) << size;
    expect_same_bytes();
}

void IommuModel::look(hwaddr addr, hwaddr len, bool is_write, MemTxAttrs attrs)
{
    Where w = model.where(DMA, addr, is_write, attrs.secure);
    hwaddr offset, got = len;
    const MemoryRegion *mr_got = address_space_translate(
        &space[DMA], addr, &offset, &got, is_write, attrs);
    ASSERT_EQ(mr_got, w.target < 0 ? &scope.world->unassigned : &mr[w.target]);
    if (!w.endless()) {
        ASSERT_EQ(offset, w.offset);
        ASSERT_EQ(got, model.together(addr, len, is_write, attrs.secure));
    }
}

void IommuModel::map(hwaddr addr, hwaddr len, bool is_write)
{
    Where w = model.where(DMA, addr, is_write, false);
    bool direct = model.is_direct(w, is_write);
    hwaddr n = 0;
    while (direct && n < len) {
        Where next = model.where(DMA, addr + n, is_write, false);
        if (next.target != w.target || next.offset != w.offset + n) {
            break;
        }
        n++;
    }
    longer += n > model.together(addr, len, is_write, false);
    hwaddr got = len;
    void *p = address_space_map(&space[DMA], addr, &got, is_write, kPlain);
    if (direct) {
        ASSERT_EQ(p, host(w.target) + w.offset);
        ASSERT_EQ(got, n);
    } else {
        ASSERT_NE(p, nullptr); // a bounce buffer
    }
    address_space_unmap(&space[DMA], p, got, is_write, 0);
}

void IommuModel::entry(hwaddr addr, bool is_write, MemTxAttrs attrs)
{
    Where w = model.where(DMA, addr, is_write, attrs.secure);
    IOMMUTLBEntry e =
        address_space_get_iotlb_entry(&space[DMA], addr, is_write, attrs);
    if (w.target < 0) {
        ASSERT_EQ(e.perm, IOMMU_NONE);
        ASSERT_EQ(e.target_as, nullptr);
        return;
    }
    hwaddr mask = w.pages ? UINT64_MAX : 0xfff;
    AddressSpace *as = &space[DMA];
    for (unsigned i = 0; i < w.pages; i++) {
        mask &= w.page[i]->mask;
        as = w.page[i]->as;
    }
    hwaddr there = w.range->start + (w.offset - w.range->offset);
    ASSERT_EQ(e.target_as, as);
    ASSERT_EQ(e.perm, IOMMU_RW);
    ASSERT_EQ(e.addr_mask, mask);
    ASSERT_EQ(e.iova, addr & ~mask);
    ASSERT_EQ(e.translated_addr, there & ~mask);
}

TEST_F(IommuModel, random_maps)
{
    for (unsigned m = 0; m < MAPS; m++) {
        random_pages();
        if (m % 10 == 0) {
            random_bytes();
        }
        for (unsigned op = 0; op < OPS; op++) {
            hwaddr addr = random_addr();
            hwaddr len = 1 + random(random(4) ? 24 : 0x900);
            bool is_write = random(2);
            MemTxAttrs attrs = random(2) ? kSecure : kPlain;
            SCOPED_TRACE(testing::Message()
                         << "map " << m << " op " << op << " addr 0x"
                         << std::hex << addr << " len 0x" << len << " write "
                         << is_write << " secure " << attrs.secure);
            switch (random(6)) {
            case 0: transfer(addr, len, is_write, attrs, false); break;
            case 1:
                // inside one range of the first unit
                addr %= 0x1f000;
                transfer(addr, len, is_write, kPlain, true);
                break;
            case 2: sized(addr, is_write, attrs); break;
            case 3: look(addr, len, is_write, attrs); break;
            case 4: map(addr, len, is_write); break;
            default: entry(addr, is_write, attrs); break;
            }
            if (HasFatalFailure()) {
                return;
            }
        }
    }
    EXPECT_GT(ok, 200u);
    EXPECT_GT(bad, 200u);
    EXPECT_GT(deep, 1000u);
    EXPECT_GT(longer, 20u);
    EXPECT_GT(circles, 0u);
    EXPECT_GT(covered, 200u);
}

} // namespace
