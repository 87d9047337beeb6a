// Listeners, dirty logging, coalescing, events, IOMMU tables and notifiers.
#include <algorithm>

#include "tests/replay/session.h"

namespace replaying
{

// -- listeners

namespace
{

Listener *listener_of(MemoryListener *l)
{
    return reinterpret_cast<Listener *>(l);
}

void say(MemoryListener *l, const std::string &what)
{
    Listener *own = listener_of(l);
    own->session->print("ln " + own->name + " " + what);
}

std::string place(const MemoryRegionSection *s)
{
    return text(" addr=0x%llx size=%s",
                static_cast<unsigned long long>(s->offset_within_address_space),
                size_text(s->size).c_str());
}

std::string section(const MemoryRegionSection *s)
{
    return place(s) +
           text(" mr=%s off=0x%llx ro=%d nv=%d", memory_region_name(s->mr),
                static_cast<unsigned long long>(s->offset_within_region),
                s->readonly, s->nonvolatile);
}

std::string binding(MemoryListener *l, const MemoryRegionSection *s, bool match,
                    uint64_t data, const EventNotifier *e)
{
    return place(s) + text(" match=%d data=0x%llx efd=%s", match,
                           static_cast<unsigned long long>(data),
                           listener_of(l)->session->event_name(e).c_str());
}

std::string range(const MemoryRegionSection *s, hwaddr addr, hwaddr len)
{
    return section(s) + text(" caddr=0x%llx clen=0x%llx",
                             static_cast<unsigned long long>(addr),
                             static_cast<unsigned long long>(len));
}

} // namespace

void listener_fill(Listener *own, bool global_sync)
{
    using L = MemoryListener;
    using S = MemoryRegionSection;
    L &l = own->listener;
    l.begin = [](L *x) { say(x, "begin"); };
    l.commit = [](L *x) { say(x, "commit"); };
    l.region_add = [](L *x, S *s) { say(x, "add" + section(s)); };
    l.region_del = [](L *x, S *s) { say(x, "del" + section(s)); };
    l.region_nop = [](L *x, S *s) { say(x, "nop" + section(s)); };
    l.log_start = [](L *x, S *s, int before, int after) {
        say(x,
            "log_start" + section(s) + text(" old=%d new=%d", before, after));
    };
    l.log_stop = [](L *x, S *s, int before, int after) {
        say(x, "log_stop" + section(s) + text(" old=%d new=%d", before, after));
    };
    if (global_sync) {
        l.log_sync_global = [](L *x) { say(x, "log_sync_global"); };
    } else {
        l.log_sync = [](L *x, S *s) { say(x, "log_sync" + section(s)); };
    }
    l.log_clear = [](L *x, S *s) { say(x, "log_clear" + section(s)); };
    l.log_global_start = [](L *x) { say(x, "log_global_start"); };
    l.log_global_stop = [](L *x) { say(x, "log_global_stop"); };
    l.log_global_after_sync = [](L *x) { say(x, "log_global_after_sync"); };
    l.eventfd_add = [](L *x, S *s, bool match, uint64_t data,
                       EventNotifier *e) {
        say(x, "efd_add" + binding(x, s, match, data, e));
    };
    l.eventfd_del = [](L *x, S *s, bool match, uint64_t data,
                       EventNotifier *e) {
        say(x, "efd_del" + binding(x, s, match, data, e));
    };
    l.coalesced_io_add = [](L *x, S *s, hwaddr addr, hwaddr len) {
        say(x, "coal_add" + range(s, addr, len));
    };
    l.coalesced_io_del = [](L *x, S *s, hwaddr addr, hwaddr len) {
        say(x, "coal_del" + range(s, addr, len));
    };
}

void Session::listener(const Words &w)
{
    for (const auto &l : m_listeners) {
        if (l->name == w[1]) {
            throw ScriptError("listener `" + w[1] + "` exists; another name");
        }
    }
    AddressSpace *as = space(w[2]);
    auto made = std::make_unique<Listener>();
    made->session = this;
    made->name = w[1];
    made->listener.priority =
        static_cast<int>(signed_number(option(w, 3, "prio", "0")));
    made->listener.name = made->name.c_str();
    listener_fill(made.get(), option(w, 3, "sync", "") == "global");
    MemoryListener *l = &made->listener;
    m_listeners.push_back(std::move(made));
    memory_listener_register(l, as);
}

void Session::unlisten(const Words &w)
{
    for (auto at = m_listeners.begin(); at != m_listeners.end(); ++at) {
        if ((*at)->name == w[1]) {
            std::unique_ptr<Listener> l = std::move(*at);
            m_listeners.erase(at);
            memory_listener_unregister(&l->listener);
            return;
        }
    }
    throw ScriptError("listener `" + w[1] + "` is unknown");
}

// -- dirty logging

static unsigned client_of(const std::string &word)
{
    if (word != "vga" && word != "mig") {
        throw ScriptError("client `" + word + "`; vga or mig");
    }
    return word == "vga" ? DIRTY_MEMORY_VGA : DIRTY_MEMORY_MIGRATION;
}

void Session::log(const Words &w)
{
    Region *r = region(w[1]);
    bool on = number(w[2]) != 0;
    if (on ? r->logs == 255 : r->logs == 0) {
        throw ScriptError(w[1] + ": as many off as on, 255 at most");
    }
    r->logs = on ? r->logs + 1 : r->logs - 1;
    memory_region_set_log(r->mr, on, DIRTY_MEMORY_VGA);
}

void Session::global_log(const Words &w)
{
    if (w[1] == "start") {
        memory_global_dirty_log_start();
    } else if (w[1] == "stop") {
        memory_global_dirty_log_stop();
    } else {
        throw ScriptError("glog " + w[1] + "; start or stop");
    }
}

void Session::global_sync(const Words &)
{
    memory_global_dirty_log_sync();
}

void Session::global_after(const Words &)
{
    memory_global_after_dirty_log_sync();
}

void Session::dirty_set(const Words &w)
{
    memory_region_set_dirty(region(w[1])->mr, number(w[2]), number(w[3]));
}

void Session::dirty_clear(const Words &w)
{
    memory_region_reset_dirty(region(w[1])->mr, number(w[2]), number(w[3]),
                              client_of(w[4]));
}

void Session::dirty_ask(const Words &w)
{
    print(text("= %d", memory_region_get_dirty(region(w[1])->mr, number(w[2]),
                                               number(w[3]), client_of(w[4]))));
}

void Session::snapshot(const Words &w)
{
    MemoryRegion *mr = region(w[1])->mr;
    hwaddr offset = number(w[2]), size = number(w[3]);
    uint64_t memory = mr->ram_block ? mr->ram_block->size : 0;
    if (!size || offset > memory || size > memory - offset) {
        throw ScriptError("not inside the memory of " + w[1]);
    }
    DirtyBitmapSnapshot *snap = memory_region_snapshot_and_clear_dirty(
        mr, offset, size, client_of(w[4]));
    std::string line = "= ";
    hwaddr last = (offset + size - 1) >> PAGE_BITS;
    for (hwaddr page = offset >> PAGE_BITS; page <= last; page++) {
        line += memory_region_snapshot_get_dirty(mr, snap, page << PAGE_BITS, 1)
                    ? '1'
                    : '0';
    }
    memory_snapshot_free(snap);
    print(line);
}

void Session::clear_bitmap(const Words &w)
{
    memory_region_clear_dirty_bitmap(region(w[1])->mr, number(w[2]),
                                     number(w[3]));
}

void Session::flush_romd(const Words &w)
{
    memory_region_flush_rom_device(region(w[1])->mr, number(w[2]),
                                   number(w[3]));
}

// -- coalescing

void Session::coalesce(const Words &w)
{
    memory_region_set_coalescing(region(w[1])->mr);
}

void Session::coalesce_add(const Words &w)
{
    memory_region_add_coalescing(region(w[1])->mr, number(w[2]), number(w[3]));
}

void Session::coalesce_clear(const Words &w)
{
    memory_region_clear_coalescing(region(w[1])->mr);
}

void Session::flush_set(const Words &w)
{
    memory_region_set_flush_coalesced(region(w[1])->mr);
}

void Session::flush_clear(const Words &w)
{
    memory_region_clear_flush_coalesced(region(w[1])->mr);
}

void Session::flush_queue(const Words &)
{
    qemu_flush_coalesced_mmio_buffer();
}

void Session::posted(const Words &w)
{
    Bytes bytes = from_hex(w[3]);
    if (bytes.empty() || bytes.size() > 8) {
        throw ScriptError("a posted write of 1 to 8 bytes");
    }
    unsigned queued;
    MemTxResult result =
        posted_write(space(w[1]), number(w[2]), bytes.data(),
                     static_cast<unsigned>(bytes.size()), &queued);
    print(queued ? text("= queued %u", queued) : "= " + result_text(result));
}

// -- events

void Session::event(const Words &w)
{
    for (const auto &e : m_events) {
        if (e->name == w[1]) {
            throw ScriptError("event `" + w[1] + "` exists; another name");
        }
    }
    auto made = std::make_unique<Event>();
    made->name = w[1];
    if (event_notifier_init(&made->event, false)) {
        throw ScriptError("the host has no more eventfds");
    }
    m_events.push_back(std::move(made));
}

Event *Session::event_of(const std::string &name) const
{
    for (const auto &e : m_events) {
        if (e->name == name) {
            return e.get();
        }
    }
    throw ScriptError("event `" + name + "` is unknown; efd makes it");
}

void Session::event_add(const Words &w)
{
    uint64_t size = number(w[3]);
    if (size > 8) {
        throw ScriptError("a binding of " + w[3] + " bytes; 0 to 8");
    }
    Binding b = {region(w[1]),    number(w[2]), static_cast<unsigned>(size),
                 w[4] == "match", number(w[5]), event_of(w[6])};
    m_bindings.push_back(b);
    memory_region_add_eventfd(b.region->mr, b.offset, b.size, b.match, b.data,
                              &b.event->event);
}

void Session::event_del(const Words &w)
{
    const Region *r = region(w[1]);
    hwaddr offset = number(w[2]);
    uint64_t size = number(w[3]), data = number(w[5]);
    bool match = w[4] == "match";
    Event *e = event_of(w[6]);
    auto at = std::find_if(
        m_bindings.begin(), m_bindings.end(), [&](const Binding &b) {
            return b.region == r && b.offset == offset && b.size == size &&
                   b.match == match && b.data == data && b.event == e;
        });
    if (at == m_bindings.end()) {
        throw ScriptError("there is no such binding; efdadd makes it");
    }
    Binding b = *at;
    m_bindings.erase(at);
    memory_region_del_eventfd(b.region->mr, b.offset, b.size, b.match, b.data,
                              &b.event->event);
}

// -- IOMMU

Region *Session::iommu_region(const std::string &name) const
{
    Region *r = region(name);
    if (r->kind != "iommu") {
        throw ScriptError(name + " is no IOMMU region");
    }
    return r;
}

void Session::iommu_map(const Words &w)
{
    iommu_region(w[1]);
    hwaddr mask = number(w[5]);
    if (mask & (mask + 1)) {
        throw ScriptError("mask " + w[5] + "; 2^k - 1");
    }
    int index = option(w, 7, "idx", "0") == "0" ? 0 : 1;
    m_table_of[w[1]]->push_back({number(w[2]), space(w[3]), w[3], number(w[4]),
                                 mask, perm_of(w[6]), index});
}

void Session::iommu_unmap(const Words &w)
{
    iommu_region(w[1]);
    hwaddr iova = number(w[2]);
    std::vector<Translation> &table = *m_table_of[w[1]];
    table.erase(std::remove_if(table.begin(), table.end(),
                               [&](const Translation &t) {
                                   return (iova & ~t.mask) ==
                                          (t.iova & ~t.mask);
                               }),
                table.end());
}

static IOMMUNotifierFlag flags_of(const std::string &word)
{
    unsigned flags = 0;
    for (const std::string &one : split(word, '|')) {
        flags |= one == "unmap" ? 1u : one == "map" ? 2u : 0u;
        flags |= one == "devunmap" ? 4u : 0u;
    }
    if (!flags) {
        throw ScriptError("event `" + word + "`; map, unmap or devunmap");
    }
    return static_cast<IOMMUNotifierFlag>(flags);
}

void Session::notifier(const Words &w)
{
    Region *r = region(w[2]);
    IOMMUMemoryRegion *iommu = memory_region_get_iommu(r->mr);
    int index = option(w, 6, "idx", "0") == "0" ? 0 : 1;
    hwaddr start = number(w[4]), end = number(w[5]);
    bool known = std::any_of(m_notifiers.begin(), m_notifiers.end(),
                             [&](const auto &n) { return n->name == w[1]; });
    if (known || !iommu || start > end ||
        index >= memory_region_iommu_num_indexes(iommu)) {
        throw ScriptError("notifier; a new name, an IOMMU, START <= END, an "
                          "index it has");
    }
    auto made = std::make_unique<Notifier>();
    made->session = this;
    made->name = w[1];
    made->region = r;
    IOMMUNotify fn = [](IOMMUNotifier *n, IOMMUTLBEntry *e) {
        auto *own = reinterpret_cast<Notifier *>(n);
        own->session->print(
            text("ntf %s iova=0x%llx mask=0x%llx to=0x%llx perm=%s as=%s",
                 own->name.c_str(), static_cast<unsigned long long>(e->iova),
                 static_cast<unsigned long long>(e->addr_mask),
                 static_cast<unsigned long long>(e->translated_addr),
                 perm_text(e->perm),
                 own->session->space_name(e->target_as).c_str()));
    };
    iommu_notifier_init(&made->notifier, fn, flags_of(w[3]), start, end, index);
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
    for (auto at = m_notifiers.begin(); at != m_notifiers.end(); ++at) {
        if ((*at)->name == w[1]) {
            std::unique_ptr<Notifier> n = std::move(*at);
            m_notifiers.erase(at);
            memory_region_unregister_iommu_notifier(n->region->mr,
                                                    &n->notifier);
            return;
        }
    }
    throw ScriptError("notifier `" + w[1] + "` is unknown");
}

void Session::iommu_notify(const Words &w)
{
    IOMMUMemoryRegion *iommu = &iommu_region(w[1])->iommu->parent;
    int index = w[2] == "0" ? 0 : 1;
    IOMMUTLBEvent event{};
    event.type = flags_of(w[3]);
    event.entry.iova = number(w[4]);
    event.entry.addr_mask = number(w[5]);
    event.entry.perm = perm_of(w[6]);
    event.entry.translated_addr = w.size() > 7 ? number(w[7]) : 0;
    hwaddr first = event.entry.iova, last = first + event.entry.addr_mask;
    if (last < first) {
        throw ScriptError("an event beyond the end of the addresses");
    }
    for (const auto &n : m_notifiers) {
        const IOMMUNotifier &own = n->notifier;
        bool mine = memory_region_get_iommu(n->region->mr) == iommu &&
                    own.iommu_idx == index;
        bool cropped = own.notifier_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP;
        bool apart = own.start > last || own.end < first;
        if (mine && !cropped && !apart &&
            (first < own.start || last > own.end)) {
            throw ScriptError("notifier " + n->name +
                              " sees only part of it; notify in parts");
        }
    }
    memory_region_notify_iommu(iommu, index, event);
}

void Session::iommu_replay(const Words &w)
{
    Region *r = iommu_region(w[1]);
    for (const auto &n : m_notifiers) {
        if (n->name == w[2]) {
            if (r->size / r->iommu->page > (1 << 20)) {
                throw ScriptError("more than 2^20 pages; a smaller IOMMU");
            }
            memory_region_iommu_replay(&r->iommu->parent, &n->notifier);
            return;
        }
    }
    throw ScriptError("notifier `" + w[2] + "` is unknown");
}

} // namespace replaying
