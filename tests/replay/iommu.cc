// The test IOMMU of the script language: a table of entries, first match wins.
#include "tests/replay/session.h"

namespace replaying
{

namespace
{

Iommu *iommu_of(IOMMUMemoryRegion *iommu)
{
    return reinterpret_cast<Iommu *>(iommu);
}

IOMMUTLBEntry translate(IOMMUMemoryRegion *mr, hwaddr addr,
                        IOMMUAccessFlags flag, int index)
{
    Iommu *iommu = iommu_of(mr);
    std::string line =
        text("tr %s addr=0x%llx want=%s idx=%d -> ", iommu->name->c_str(),
             static_cast<unsigned long long>(addr), perm_text(flag), index);
    for (const Translation &t : *iommu->table) {
        if (t.index == index && (addr & ~t.mask) == (t.iova & ~t.mask)) {
            IOMMUTLBEntry e{};
            e.target_as = t.as;
            e.iova = addr & ~t.mask;
            e.translated_addr = t.to & ~t.mask;
            e.addr_mask = t.mask;
            e.perm = t.perm;
            iommu->session->print(
                line + text("as=%s to=0x%llx mask=0x%llx perm=%s",
                            t.as_name.c_str(),
                            static_cast<unsigned long long>(e.translated_addr),
                            static_cast<unsigned long long>(t.mask),
                            perm_text(t.perm)));
            return e;
        }
    }
    iommu->session->print(line + "miss");
    IOMMUTLBEntry e{};
    e.addr_mask = 0xfff;
    return e;
}

uint64_t min_page_size(IOMMUMemoryRegion *mr)
{
    return iommu_of(mr)->page;
}

int attrs_to_index(IOMMUMemoryRegion *mr, MemTxAttrs attrs)
{
    return iommu_of(mr)->by_security && attrs.secure ? 1 : 0;
}

int num_indexes(IOMMUMemoryRegion *mr)
{
    return iommu_of(mr)->by_security ? 2 : 1;
}

int flag_changed(IOMMUMemoryRegion *mr, IOMMUNotifierFlag old_flags,
                 IOMMUNotifierFlag new_flags, Error **errp)
{
    Iommu *iommu = iommu_of(mr);
    int refused =
        iommu->refuses_devices && (new_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP)
            ? -EINVAL
            : 0;
    iommu->session->print(text("nfc %s old=%d new=%d -> %d",
                               iommu->name->c_str(), old_flags, new_flags,
                               refused));
    if (refused) {
        error_set(errp, "no device caches behind this IOMMU");
    }
    return refused;
}

void init_class(ObjectClass *klass, void *)
{
    auto *c = reinterpret_cast<IOMMUMemoryRegionClass *>(klass);
    c->translate = translate;
    c->get_min_page_size = min_page_size;
    c->attrs_to_index = attrs_to_index;
    c->num_indexes = num_indexes;
    c->notify_flag_changed = flag_changed;
}

const char *const TYPE = "replay-iommu";

} // namespace

void iommu_register_type()
{
    static const TypeInfo info = [] {
        TypeInfo t{};
        t.name = TYPE;
        t.parent = TYPE_IOMMU_MEMORY_REGION;
        t.instance_size = sizeof(Iommu);
        t.class_size = sizeof(IOMMUMemoryRegionClass);
        t.class_init = init_class;
        return t;
    }();
    type_register_static(&info);
}

std::unique_ptr<Iommu, void (*)(Iommu *)>
iommu_new(Session *session, Region *region, const Words &words)
{
    uint64_t page = number(option(words, 4, "page", "0x1000"));
    if (!page || (page & (page - 1))) {
        throw ScriptError("page size; a power of two");
    }
    auto iommu = std::unique_ptr<Iommu, void (*)(Iommu *)>(
        new Iommu(), [](Iommu *i) { delete i; });
    memory_region_init_iommu(iommu.get(), sizeof(Iommu), TYPE, nullptr,
                             region->name.c_str(), region->size);
    iommu->session = session;
    iommu->name = &region->name;
    iommu->page = page;
    iommu->by_security = option(words, 4, "secidx", "0") == "1";
    iommu->refuses_devices = option(words, 4, "nodev", "0") == "1";
    return iommu;
}

} // namespace replaying
