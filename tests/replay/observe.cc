// Listeners, dirty logging, posted writes, event bindings.
#include <algorithm>
#include <tuple>

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
    return " addr=" + hex(s->offset_within_address_space) +
           " size=" + size_text(s->size);
}

std::string section(const MemoryRegionSection *s)
{
    return place(s) + " mr=" + memory_region_name(s->mr) +
           " off=" + hex(s->offset_within_region) +
           text(" ro=%d nv=%d", s->readonly, s->nonvolatile);
}

std::string masks(int before, int after)
{
    return text(" old=%d new=%d", before, after);
}

std::string binding(MemoryListener *l, const MemoryRegionSection *s, bool match,
                    uint64_t data, const EventNotifier *e)
{
    return place(s) + text(" match=%d", match) + " data=" + hex(data) +
           " efd=" + listener_of(l)->session->event_name(e);
}

std::string range(const MemoryRegionSection *s, hwaddr addr, hwaddr len)
{
    return section(s) + " caddr=" + hex(addr) + " clen=" + hex(len);
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
        say(x, "log_start" + section(s) + masks(before, after));
    };
    l.log_stop = [](L *x, S *s, int before, int after) {
        say(x, "log_stop" + section(s) + masks(before, after));
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
    const char *const keys = "prio sync";
    for (const auto &l : m_listeners) {
        if (l->name == w[1]) {
            throw ScriptError("listener `" + w[1] +
                              "` exists; take another name");
        }
    }
    AddressSpace *as = space(w[2]);
    const std::string sync = option(w, 3, "sync", "", keys);
    if (sync != "" && sync != "global") {
        throw ScriptError("sync=" + sync + "; sync=global or nothing");
    }
    auto made = std::make_unique<Listener>();
    made->session = this;
    made->name = w[1];
    made->listener.priority = priority_of(option(w, 3, "prio", "0", keys));
    made->listener.name = made->name.c_str();
    listener_fill(made.get(), sync == "global");
    MemoryListener *l = &made->listener;
    m_listeners.push_back(std::move(made));
    memory_listener_register(l, as);
}

void Session::unlisten(const Words &w)
{
    auto at = std::find_if(
        m_listeners.begin(), m_listeners.end(),
        [&](const std::unique_ptr<Listener> &l) { return l->name == w[1]; });
    if (at == m_listeners.end()) {
        throw ScriptError("listener `" + w[1] + "` is unknown; make it first");
    }
    memory_listener_unregister(&(*at)->listener);
    m_listeners.erase(at);
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
    bool on = flag_of(w[2]);
    if (r->logs == (on ? UINT8_MAX : 0u)) {
        throw ScriptError("`" + w[1] + "` is logged " +
                          std::to_string(r->logs) +
                          " times; as many off as on, at most 255");
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

// The region of a command R OFF SIZE, which has memory there.
MemoryRegion *Session::memory_at(const Words &w) const
{
    const Region *r = region(w[1]);
    hwaddr offset = number(w[2]), size = number(w[3]);
    if (!r->is_memory()) {
        throw ScriptError("`" + w[1] +
                          "` has no memory of its own; a ram, "
                          "rom, ramdev or romd region");
    }
    if (offset > r->size || size > r->size - offset) {
        throw ScriptError("`" + w[1] + "` has no memory there; it has " +
                          hex(r->size) + " bytes");
    }
    return r->mr;
}

void Session::dirty_set(const Words &w)
{
    memory_region_set_dirty(memory_at(w), number(w[2]), number(w[3]));
}

void Session::dirty_clear(const Words &w)
{
    memory_region_reset_dirty(memory_at(w), number(w[2]), number(w[3]),
                              client_of(w[4]));
}

void Session::dirty_ask(const Words &w)
{
    print(text("= %d", memory_region_get_dirty(memory_at(w), number(w[2]),
                                               number(w[3]), client_of(w[4]))));
}

void Session::snapshot(const Words &w)
{
    MemoryRegion *mr = memory_at(w);
    hwaddr offset = number(w[2]), size = number(w[3]);
    unsigned client = client_of(w[4]);
    DirtyBitmapSnapshot *snap =
        memory_region_snapshot_and_clear_dirty(mr, offset, size, client);
    std::string line = "= ";
    hwaddr page = offset & ~static_cast<hwaddr>(PAGE_SIZE_BYTES - 1);
    for (; size && page < offset + size; page += PAGE_SIZE_BYTES) {
        line += memory_region_snapshot_get_dirty(mr, snap, page, 1) ? '1' : '0';
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
    MemoryRegion *mr = memory_at(w);
    if (!memory_region_is_romd(mr)) {
        throw ScriptError("`" + w[1] +
                          "` is no ROM device in romd mode; "
                          "romd it first");
    }
    memory_region_flush_rom_device(mr, number(w[2]), number(w[3]));
}

// -- posted writes

void Session::coalesce(const Words &w)
{
    MemoryRegion *mr = region(w[1])->mr;
    watch_queue();
    memory_region_set_coalescing(mr);
}

void Session::coalesce_add(const Words &w)
{
    MemoryRegion *mr = region(w[1])->mr;
    hwaddr offset = number(w[2]), size = number(w[3]);
    watch_queue();
    memory_region_add_coalescing(mr, offset, size);
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
    const Bytes bytes = transfer_bytes(w[3]);
    if (bytes.empty() || bytes.size() > 8) {
        throw ScriptError(std::to_string(bytes.size()) +
                          " bytes in a posted write; 1 to 8");
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
            throw ScriptError("event `" + w[1] + "` exists; take another name");
        }
    }
    auto made = std::make_unique<Event>();
    made->name = w[1];
    made->order = static_cast<unsigned>(m_events.size());
    if (event_notifier_init(&made->event, false)) {
        throw ScriptError("the host has no more eventfds; fewer events");
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

static bool comes_before(const Binding &a, const Binding &b)
{
    return std::make_tuple(a.offset, a.size, a.match, a.match ? a.data : 0,
                           a.event->order) <
           std::make_tuple(b.offset, b.size, b.match, b.match ? b.data : 0,
                           b.event->order);
}

// Would a request to delete `gone` take this one?
static bool is_taken(const Binding &b, const Binding &gone)
{
    return b.offset == gone.offset &&
           (!b.size || !gone.size ||
            (!comes_before(b, gone) && !comes_before(gone, b)));
}

Binding Session::binding_of(const Words &w) const
{
    const MemoryRegion *mr = region(w[1])->mr;
    uint64_t size = number(w[3]), data = number(w[5]);
    if (size > 8 || (size & (size - 1))) {
        throw ScriptError("a binding of " + w[3] + " bytes; 0, 1, 2, 4 or 8");
    }
    if (w[4] != "match" && w[4] != "any") {
        throw ScriptError("`" + w[4] + "`; match or any");
    }
    if (size && region_is_big(mr) != m_world->target_big_endian) {
        data = swap_bytes(data, static_cast<unsigned>(size));
    }
    return {number(w[2]), static_cast<unsigned>(size), w[4] == "match", data,
            event_of(w[6])};
}

void Session::event_add(const Words &w)
{
    Region *r = region(w[1]);
    const Binding b = binding_of(w);
    settle();
    r->bindings.insert(std::upper_bound(r->bindings.begin(), r->bindings.end(),
                                        b, comes_before),
                       b);
    memory_region_add_eventfd(r->mr, b.offset, b.size, b.match, number(w[5]),
                              &event_of(w[6])->event);
}

void Session::event_del(const Words &w)
{
    Region *r = region(w[1]);
    const Binding gone = binding_of(w);
    settle();
    auto at =
        std::find_if(r->bindings.begin(), r->bindings.end(),
                     [&gone](const Binding &b) { return is_taken(b, gone); });
    if (at == r->bindings.end()) {
        throw ScriptError("`" + w[1] +
                          "` has no such binding; efdadd it "
                          "first, with the same words");
    }
    r->bindings.erase(at);
    memory_region_del_eventfd(r->mr, gone.offset, gone.size, gone.match,
                              number(w[5]), &event_of(w[6])->event);
}

} // namespace replaying
