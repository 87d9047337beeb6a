// The test IOMMU of the script language - a table of entries, first match
// wins - and its notifiers.
#include <algorithm>

#include "tests/replay/session.h"

namespace replaying
{

namespace
{

const IommuState &state_of(IOMMUMemoryRegion *iommu)
{
    return *reinterpret_cast<Iommu *>(iommu)->state;
}

IOMMUTLBEntry translate(IOMMUMemoryRegion *mr, hwaddr addr,
                        IOMMUAccessFlags flag, int index)
{
    const IommuState &iommu = state_of(mr);
    std::string line = "tr " + iommu.name + " addr=" + hex(addr) +
                       " want=" + perm_text(flag) + text(" idx=%d", index);
    IOMMUTLBEntry e{};
    for (const Translation &t : iommu.table) {
        if (t.index == index && (addr & ~t.mask) == (t.iova & ~t.mask)) {
            e.target_as = t.as;
            e.iova = addr & ~t.mask;
            e.translated_addr = t.to & ~t.mask;
            e.addr_mask = t.mask;
            e.perm = t.perm;
            iommu.session->print(
                line + " -> as=" + iommu.session->space_name(t.as) +
                " to=" + hex(e.translated_addr) + " mask=" + hex(t.mask) +
                " perm=" + perm_text(t.perm));
            return e;
        }
    }
    iommu.session->print(line + " -> miss");
    e.addr_mask = 0xfff;
    return e;
}

uint64_t min_page_size(IOMMUMemoryRegion *mr)
{
    return state_of(mr).page;
}

int attrs_to_index(IOMMUMemoryRegion *mr, MemTxAttrs attrs)
{
    return state_of(mr).by_security && attrs.secure ? 1 : 0;
}

int num_indexes(IOMMUMemoryRegion *mr)
{
    return state_of(mr).by_security ? 2 : 1;
}

int flag_changed(IOMMUMemoryRegion *mr, IOMMUNotifierFlag old_flags,
                 IOMMUNotifierFlag new_flags, Error **errp)
{
    const IommuState &iommu = state_of(mr);
    bool refuse = iommu.refuses_devices &&
                  (new_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP) != 0;
    int result = refuse ? -EINVAL : 0;
    iommu.session->print(
        "nfc " + iommu.name +
        text(" old=%d new=%d -> %d", old_flags, new_flags, result));
    if (refuse) {
        error_set(errp, "no device caches behind this IOMMU");
    }
    return result;
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

// -- making

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

std::unique_ptr<IommuState> iommu_state(Session *session, const Words &words)
{
    const char *const keys = "page secidx nodev";
    uint64_t page = number(option(words, 4, "page", "0x1000", keys));
    if (!page || (page & (page - 1))) {
        throw ScriptError("page size " + hex(page) + "; a power of two");
    }
    auto state = std::make_unique<IommuState>();
    state->session = session;
    state->name = words[2];
    state->page = page;
    state->by_security = flag_of(option(words, 4, "secidx", "0", keys));
    state->refuses_devices = flag_of(option(words, 4, "nodev", "0", keys));
    return state;
}

void iommu_init(Iommu *iommu, IommuState *state, uint64_t size)
{
    memory_region_init_iommu(iommu, sizeof(*iommu), TYPE, nullptr,
                             state->name.c_str(), size);
    iommu->state = state;
}

// -- the table

Region *Session::iommu_region(const std::string &name) const
{
    Region *r = region(name);
    if (!r->iommu_state) {
        throw ScriptError("`" + name + "` is no IOMMU region; name one");
    }
    return r;
}

// An entry, or a notification, of an index that the IOMMU does not have is
// without effect.
static int index_of(const std::string &word)
{
    uint64_t index = number(word);
    if (index > INT32_MAX) {
        throw ScriptError("index " + word + "; 0 or 1");
    }
    return static_cast<int>(index);
}

void Session::iommu_map(const Words &w)
{
    IommuState &iommu = *iommu_region(w[1])->iommu_state;
    hwaddr mask = number(w[5]);
    if (mask & (mask + 1)) {
        throw ScriptError("mask " + w[5] + "; 2^k - 1");
    }
    iommu.table.push_back({number(w[2]), space(w[3]), number(w[4]), mask,
                           perm_of(w[6]),
                           index_of(option(w, 7, "idx", "0", "idx"))});
}

void Session::iommu_unmap(const Words &w)
{
    std::vector<Translation> &table = iommu_region(w[1])->iommu_state->table;
    hwaddr iova = number(w[2]);
    auto holds = [iova](const Translation &t) {
        return (iova & ~t.mask) == (t.iova & ~t.mask);
    };
    table.erase(std::remove_if(table.begin(), table.end(), holds), table.end());
}

// -- notifiers

static IOMMUNotifierFlag event_of_word(const std::string &word)
{
    if (word != "unmap" && word != "map" && word != "devunmap") {
        throw ScriptError("event `" + word + "`; map, unmap or devunmap");
    }
    return word == "unmap" ? IOMMU_NOTIFIER_UNMAP
           : word == "map" ? IOMMU_NOTIFIER_MAP
                           : IOMMU_NOTIFIER_DEVIOTLB_UNMAP;
}

static IOMMUNotifierFlag events_of(const std::string &word)
{
    unsigned flags = 0;
    for (const std::string &one : split(word, '|')) {
        flags |= static_cast<unsigned>(event_of_word(one));
    }
    return static_cast<IOMMUNotifierFlag>(flags);
}

static void tell(IOMMUNotifier *n, IOMMUTLBEntry *e)
{
    auto *own = reinterpret_cast<Notifier *>(n);
    own->session->print("ntf " + own->name + " iova=" + hex(e->iova) +
                        " mask=" + hex(e->addr_mask) +
                        " to=" + hex(e->translated_addr) +
                        " perm=" + perm_text(e->perm) +
                        " as=" + own->session->space_name(e->target_as));
}

Notifier *Session::notifier_of(const std::string &name) const
{
    for (const auto &n : m_notifiers) {
        if (n->name == name) {
            return n.get();
        }
    }
    throw ScriptError("notifier `" + name + "` is unknown; make it first");
}

void Session::notifier(const Words &w)
{
    Region *r = region(w[2]);
    IOMMUMemoryRegion *iommu = memory_region_get_iommu(r->mr);
    hwaddr start = number(w[4]), end = number(w[5]);
    if (!iommu) {
        throw ScriptError("`" + w[2] +
                          "` is no IOMMU region; name one, or an "
                          "alias of one");
    }
    for (const auto &n : m_notifiers) {
        if (n->name == w[1]) {
            throw ScriptError("notifier `" + w[1] +
                              "` exists; take another name");
        }
    }
    if (start > end) {
        throw ScriptError("range " + w[4] + " to " + w[5] +
                          "; START at most END");
    }
    int index = index_of(option(w, 6, "idx", "0", "idx"));
    if (index >= memory_region_iommu_num_indexes(iommu)) {
        throw ScriptError("index of a notifier; 0, or 1 with secidx=1");
    }
    auto made = std::make_unique<Notifier>();
    made->session = this;
    made->name = w[1];
    made->region = r;
    iommu_notifier_init(&made->notifier, tell, events_of(w[3]), start, end,
                        index);
    Error *err = nullptr;
    int refused =
        memory_region_register_iommu_notifier(r->mr, &made->notifier, &err);
    error_free(err);
    if (!refused) {
        m_notifiers.push_back(std::move(made));
    }
    print(text("= %d", refused));
}

void Session::unnotifier(const Words &w)
{
    Notifier *n = notifier_of(w[1]);
    memory_region_unregister_iommu_notifier(n->region->mr, &n->notifier);
    m_notifiers.erase(std::find_if(
        m_notifiers.begin(), m_notifiers.end(),
        [n](const std::unique_ptr<Notifier> &o) { return o.get() == n; }));
}

// What the notifier would see only part of is a caller's mistake, unless it
// asks for device caches, which get the part.
static bool sees_part(const IOMMUNotifier &n, hwaddr first, hwaddr last)
{
    bool apart = n.start > last || n.end < first;
    bool whole = n.start <= first && last <= n.end;
    return !apart && !whole &&
           !(n.notifier_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP);
}

void Session::iommu_notify(const Words &w)
{
    Region *r = iommu_region(w[1]);
    IOMMUMemoryRegion *iommu = &r->iommu.parent;
    int index = index_of(w[2]);
    IOMMUTLBEvent event{};
    event.type = event_of_word(w[3]);
    event.entry.iova = number(w[4]);
    event.entry.addr_mask = number(w[5]);
    event.entry.perm = perm_of(w[6]);
    event.entry.translated_addr = w.size() > 7 ? number(w[7]) : 0;
    hwaddr first = event.entry.iova, last = first + event.entry.addr_mask;
    if (last < first) {
        throw ScriptError("an event beyond 2^64; a lower IOVA or MASK");
    }
    const IOMMUNotifier *n;
    IOMMU_NOTIFIER_FOREACH(n, iommu)
    {
        if (n->iommu_idx == index && sees_part(*n, first, last)) {
            throw ScriptError("a notifier from " + hex(n->start) + " to " +
                              hex(n->end) +
                              " would see part of it; notify in parts");
        }
    }
    memory_region_notify_iommu(iommu, index, event);
}

void Session::iommu_replay(const Words &w)
{
    Region *r = iommu_region(w[1]);
    Notifier *n = notifier_of(w[2]);
    uint64_t pages = memory_region_size(r->mr) / r->iommu_state->page;
    if (pages > m_options.max_transfer) {
        throw ScriptError(hex(pages) + " pages; at most " +
                          hex(m_options.max_transfer));
    }
    memory_region_iommu_replay(&r->iommu.parent, &n->notifier);
}

} // namespace replaying
