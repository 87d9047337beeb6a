// iommu_kit.h - an IOMMU whose pages a test sets one by one, and which
// remembers what it was asked.
#ifndef TESTS_MEMORY_IOMMU_KIT_H
#define TESTS_MEMORY_IOMMU_KIT_H

#include <functional>
#include <string>
#include <vector>

#include "tests/memory/memory_kit.h"

inline MemTxAttrs secure_attrs()
{
    MemTxAttrs attrs{};
    attrs.secure = 1;
    return attrs;
}
const MemTxAttrs kSecure = secure_attrs();

// One page: [iova, iova + mask] shows `to` in `as`.
struct Page {
    hwaddr iova, mask;
    AddressSpace *as;
    hwaddr to;
    int perm;
    int index;
};

class TestIommu
{
  public:
    // indexes 2: secure transactions have pages of their own.
    TestIommu(const char *name, uint64_t size, int indexes = 1)
    {
        static const TypeInfo info = type_info();
        type_register_static(&info);
        memory_region_init_iommu(&state, sizeof(state), info.name, nullptr,
                                 name, size);
        state.self = this;
        state.indexes = indexes;
    }
    ~TestIommu() { memory_region_fini(mr()); }
    TestIommu(const TestIommu &) = delete;
    TestIommu &operator=(const TestIommu &) = delete;
    MemoryRegion *mr() { return &state.iommu.parent_obj; }
    IOMMUMemoryRegion *iommu() { return &state.iommu; }
    void map(hwaddr iova, AddressSpace *as, hwaddr to, int perm = IOMMU_RW,
             hwaddr mask = 0xfff, int index = 0)
    {
        pages.push_back({iova & ~mask, mask, as, to & ~mask, perm, index});
    }
    const Page *page(hwaddr addr, int index) const
    {
        for (const Page &p : pages) {
            if (p.index == index && (addr & ~p.mask) == p.iova) {
                return &p;
            }
        }
        return nullptr;
    }
    std::vector<Page> pages;
    // addresses and accesses asked for: "1000 r0", index last
    std::vector<std::string> asked;
    std::vector<std::string> flags; // changes told: "0>1"
    int refuse = 0;                 // flags that are refused
    uint64_t page_size = 0x1000;
    std::function<void()> hook;

  private:
    struct State {
        IOMMUMemoryRegion iommu;
        TestIommu *self;
        int indexes;
    };
    static TestIommu &of(IOMMUMemoryRegion *iommu)
    {
        return *reinterpret_cast<State *>(iommu)->self;
    }
    static IOMMUTLBEntry translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                                   IOMMUAccessFlags flag, int index)
    {
        TestIommu &t = of(iommu);
        char text[40];
        snprintf(text, sizeof(text), "%llx %c%d",
                 static_cast<unsigned long long>(addr), "nrwb"[flag], index);
        t.asked.push_back(text);
        if (t.hook) {
            t.hook();
        }
        const Page *p = t.page(addr, index);
        IOMMUTLBEntry e{};
        e.iova = addr & ~hwaddr{0xfff};
        e.addr_mask = 0xfff;
        if (p) {
            // bits below the mask mean nothing
            e = {p->as, p->iova, p->to | (p->mask & 0x5a5), p->mask,
                 static_cast<IOMMUAccessFlags>(p->perm)};
        }
        return e;
    }
    static int flag_changed(IOMMUMemoryRegion *iommu, IOMMUNotifierFlag from,
                            IOMMUNotifierFlag to, Error **errp)
    {
        TestIommu &t = of(iommu);
        if (to & t.refuse) {
            error_set(errp, "no notifier of kind %d", to & t.refuse);
            return -EINVAL;
        }
        t.flags.push_back(std::to_string(from) + ">" + std::to_string(to));
        return 0;
    }
    static TypeInfo type_info()
    {
        TypeInfo t{};
        t.name = "test-iommu";
        t.parent = TYPE_IOMMU_MEMORY_REGION;
        t.instance_size = sizeof(State);
        t.class_init = [](ObjectClass *klass, void *) {
            IOMMUMemoryRegionClass *c = IOMMU_MEMORY_REGION_CLASS(klass);
            c->translate = translate;
            c->notify_flag_changed = flag_changed;
            c->get_min_page_size = [](IOMMUMemoryRegion *iommu) {
                return of(iommu).page_size;
            };
            c->num_indexes = [](IOMMUMemoryRegion *iommu) {
                return reinterpret_cast<State *>(iommu)->indexes;
            };
            c->attrs_to_index = [](IOMMUMemoryRegion *iommu, MemTxAttrs a) {
                bool two = reinterpret_cast<State *>(iommu)->indexes > 1;
                return two && a.secure ? 1 : 0;
            };
        };
        return t;
    }
    State state;
};

#endif
