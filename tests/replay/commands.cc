// A script's life: commands, regions, the tree, transactions.
#include <sstream>

#include "tests/replay/session.h"

namespace replaying
{

const Session::Command Session::commands[] = {
    {"target", 2, &Session::target},
    {"region", 4, &Session::make_region},
    {"add", 4, &Session::add},
    {"addp", 5, &Session::add_with_priority},
    {"del", 3, &Session::del},
    {"enable", 3, &Session::enable},
    {"addr", 3, &Session::move},
    {"resize", 3, &Session::resize},
    {"aliasoff", 3, &Session::alias_offset},
    {"readonly", 3, &Session::readonly},
    {"nonvolatile", 3, &Session::nonvolatile},
    {"romd", 3, &Session::romd},
    {"begin", 1, &Session::begin},
    {"commit", 1, &Session::commit},
    {"as", 3, &Session::make_space},
    {"asdel", 2, &Session::del_space},
    {"r", 4, &Session::read},
    {"w", 4, &Session::write},
    {"fill", 5, &Session::fill},
    {"wrom", 4, &Session::write_rom},
    {"ld", 5, &Session::load},
    {"st", 6, &Session::store},
    {"mrr", 5, &Session::dispatch_read},
    {"mrw", 6, &Session::dispatch_write},
    {"poke", 4, &Session::poke},
    {"peek", 4, &Session::peek},
    {"valid", 5, &Session::valid},
    {"xlat", 5, &Session::translate},
    {"iotlb", 4, &Session::iotlb},
    {"on", 5, &Session::on},
    {"flat", 2, &Session::flat},
    {"find", 4, &Session::find},
    {"present", 3, &Session::present},
    {"mapped", 2, &Session::mapped},
    {"info", 2, &Session::info},
    {"map", 6, &Session::map},
    {"mapr", 4, &Session::map_read},
    {"mapw", 4, &Session::map_write},
    {"unmap", 3, &Session::unmap},
    {"cache", 6, &Session::cache},
    {"cr", 4, &Session::cache_read},
    {"cw", 4, &Session::cache_write},
    {"cld", 5, &Session::cache_load},
    {"cst", 6, &Session::cache_store},
    {"cinval", 4, &Session::cache_invalidate},
    {"cdel", 2, &Session::cache_del},
    {"listener", 3, &Session::listener},
    {"unlisten", 2, &Session::unlisten},
    {"log", 3, &Session::log},
    {"glog", 2, &Session::global_log},
    {"gsync", 1, &Session::global_sync},
    {"gafter", 1, &Session::global_after},
    {"dirtyset", 4, &Session::dirty_set},
    {"dirtyclr", 5, &Session::dirty_clear},
    {"dirty?", 5, &Session::dirty_ask},
    {"snap", 5, &Session::snapshot},
    {"clearbm", 4, &Session::clear_bitmap},
    {"flushromd", 4, &Session::flush_romd},
    {"coal", 2, &Session::coalesce},
    {"coaladd", 4, &Session::coalesce_add},
    {"coalclr", 2, &Session::coalesce_clear},
    {"flushset", 2, &Session::flush_set},
    {"flushclr", 2, &Session::flush_clear},
    {"flushq", 1, &Session::flush_queue},
    {"pw", 4, &Session::posted},
    {"efd", 2, &Session::event},
    {"efdadd", 7, &Session::event_add},
    {"efddel", 7, &Session::event_del},
    {"iommap", 7, &Session::iommu_map},
    {"iounmap", 3, &Session::iommu_unmap},
    {"notifier", 6, &Session::notifier},
    {"unnotifier", 2, &Session::unnotifier},
    {"ionotify", 7, &Session::iommu_notify},
    {"ioreplay", 3, &Session::iommu_replay},
};

// -- life

Session::Session()
    : m_world(memory_world_new()), m_outer(memory_world_enter(m_world))
{
    iommu_register_type();
    m_observer.begin = [](void *opaque, unsigned count) {
        static_cast<Session *>(opaque)->print(text("flush %u", count));
    };
    m_observer.done = [](void *opaque, const PostedWrite *write,
                         MemTxResult result) {
        auto *session = static_cast<Session *>(opaque);
        session->print(text("flushed %s 0x%llx -> %s",
                            session->space_name(write->as).c_str(),
                            static_cast<unsigned long long>(write->addr),
                            result_text(result).c_str()));
    };
    m_observer.opaque = this;
    m_world->log = [](void *, const char *) {};
}

Session::~Session()
{
    close();
    memory_world_enter(m_outer);
    memory_world_free(m_world);
}

// Takes everything down in the order the API asks for.
void Session::close()
{
    m_silent = true;
    m_depth = 1000; // no hooks
    while (m_open) {
        m_open--;
        memory_region_transaction_commit();
    }
    qemu_flush_coalesced_mmio_buffer();
    for (auto &m : m_mappings) {
        address_space_unmap(m.second.as, m.second.host, m.second.len,
                            m.second.is_write, 0);
    }
    for (auto &c : m_caches) {
        address_space_cache_destroy(c.second.get());
    }
    for (auto &n : m_notifiers) {
        memory_region_unregister_iommu_notifier(n->region->mr, &n->notifier);
    }
    for (auto &l : m_listeners) {
        memory_listener_unregister(&l->listener);
    }
    memory_global_dirty_log_stop();
    for (auto &s : m_spaces) {
        address_space_destroy(&s->as);
    }
    for (auto &r : m_regions) {
        while (r->mr->first_child) {
            memory_region_del_subregion(r->mr, r->mr->first_child);
        }
    }
    for (auto &r : m_regions) {
        memory_region_fini(r->mr);
    }
    for (auto &e : m_events) {
        event_notifier_cleanup(&e->event);
    }
}

void Session::print(const std::string &line)
{
    if (!m_silent) {
        m_out += line + "\n";
        if (m_out.size() > (64u << 20)) {
            m_error = "more than 64 MiB of transcript; a shorter script";
            m_silent = true;
        }
    }
}

std::string Session::take_output()
{
    return std::move(m_out);
}

void Session::run(const Words &words, const char *prompt)
{
    std::string line = prompt;
    for (size_t i = 0; i < words.size(); i++) {
        line += (i ? " " : "") + words[i];
    }
    for (const Command &c : commands) {
        if (words[0] == c.name) {
            if (words.size() < c.least) {
                throw ScriptError("`" + words[0] +
                                  "` with too few words; see docs/replay.md");
            }
            print(line);
            (this->*c.handler)(words);
            return;
        }
    }
    throw ScriptError("command `" + words[0] +
                      "` is unknown; see docs/replay.md");
}

void Session::run_line(const std::string &line)
{
    std::istringstream in(line);
    Words words;
    for (std::string word; in >> word;) {
        words.push_back(word);
    }
    if (words.empty() || words[0][0] == '#') {
        return;
    }
    run(words, "> ");
    if (!m_error.empty()) {
        throw ScriptError(m_error);
    }
    for (auto &e : m_events) {
        if (event_notifier_test_and_clear(&e->event)) {
            print("efd " + e->name);
        }
    }
}

// Three levels deep; what would come below is not run. An error must not fly
// through the memory API: the line that caused it reports it.
void Session::run_hook(const Hook &hook)
{
    if (m_depth >= 3 || !m_error.empty()) {
        return;
    }
    m_depth++;
    try {
        run(hook.command, ">> ");
    } catch (const ScriptError &e) {
        m_error = e.what();
    }
    m_depth--;
}

// -- names

Region *Session::region(const std::string &name) const
{
    for (const auto &r : m_regions) {
        if (r->name == name) {
            return r.get();
        }
    }
    throw ScriptError("region `" + name + "` is unknown; make it first");
}

AddressSpace *Session::space(const std::string &name) const
{
    for (const auto &s : m_spaces) {
        if (s->name == name && s->as.world) {
            return &s->as;
        }
    }
    throw ScriptError("address space `" + name + "` is unknown; make it first");
}

const std::string &Session::space_name(const AddressSpace *as) const
{
    static const std::string none = "-";
    for (const auto &s : m_spaces) {
        if (&s->as == as) {
            return s->name;
        }
    }
    return none;
}

const std::string &Session::event_name(const EventNotifier *e) const
{
    static const std::string none = "-";
    for (const auto &event : m_events) {
        if (&event->event == e) {
            return event->name;
        }
    }
    return none;
}

bool Region::is_ram() const
{
    return kind == "ram" || kind == "rom" || kind == "ramdev" || kind == "romd";
}

// -- regions

void Session::target(const Words &w)
{
    if (!m_regions.empty() || (w[1] != "little" && w[1] != "big")) {
        throw ScriptError("target; little or big, before any region");
    }
    m_world->target_big_endian = w[1] == "big";
}

void Session::make_region(const Words &w)
{
    const std::string &kind = w[1];
    for (const auto &r : m_regions) {
        if (r->name == w[2]) {
            throw ScriptError("region `" + w[2] + "` exists; another name");
        }
    }
    auto made = std::make_unique<Region>();
    Region *r = made.get();
    r->name = w[2];
    r->kind = kind;
    r->size = kind == "alias" ? 0 : number(w[3]);
    const char *name = r->name.c_str();
    if (r->is_ram() && r->size > MAX_RAM) {
        throw ScriptError("memory of more than 4 GiB; take less");
    }
    if (kind == "io" || kind == "romd") {
        r->device = std::make_unique<Device>();
        r->device->session = this;
        r->device->name = r->name;
        r->device->configure(w, 4, r->size);
    }
    Error *err = nullptr;
    if (kind == "container") {
        memory_region_init(r->mr, nullptr, name, r->size);
    } else if (kind == "ram") {
        memory_region_init_ram(r->mr, nullptr, name, r->size, &err);
    } else if (kind == "rom") {
        memory_region_init_rom(r->mr, nullptr, name, r->size, &err);
    } else if (kind == "ramdev") {
        if (r->size > MAX_RAM / 64) {
            throw ScriptError("a ramdev of more than 64 MiB; take less");
        }
        r->bytes.resize(r->size + 8);
        memory_region_init_ram_device_ptr(r->mr, nullptr, name, r->size,
                                          r->bytes.data());
    } else if (kind == "romd") {
        memory_region_init_rom_device(r->mr, nullptr, &r->device->ops,
                                      r->device.get(), name, r->size, &err);
    } else if (kind == "io") {
        memory_region_init_io(r->mr, nullptr, &r->device->ops, r->device.get(),
                              name, r->size);
    } else if (kind == "null") {
        memory_region_init_io(r->mr, nullptr, nullptr, nullptr, name, r->size);
    } else if (kind == "iommu") {
        r->iommu = iommu_new(this, r, w);
        m_tables.push_back(std::make_unique<std::vector<Translation>>());
        r->iommu->table = m_table_of[r->name] = m_tables.back().get();
        r->mr = &r->iommu->parent.parent_obj;
    } else if (kind == "alias" && w.size() >= 6) {
        r->size = number(w[5]);
        memory_region_init_alias(r->mr, nullptr, name, region(w[3])->mr,
                                 number(w[4]), r->size);
    } else {
        throw ScriptError("region kind `" + kind + "`; see docs/replay.md");
    }
    m_regions.push_back(std::move(made));
    if (err) {
        std::string why = error_message(err);
        error_free(err);
        throw ScriptError(why);
    }
}

// -- the tree

static bool is_inside(const MemoryRegion *mr, const MemoryRegion *other)
{
    while (mr && mr != other) {
        mr = mr->container;
    }
    return mr != nullptr;
}

void Session::add_child(const Words &w, int priority)
{
    MemoryRegion *parent = region(w[1])->mr, *child = region(w[3])->mr;
    if (child->container || is_inside(parent, child)) {
        throw ScriptError(w[3] + " is in a container, or holds " + w[1] +
                          "; del it first");
    }
    memory_region_add_subregion_overlap(parent, number(w[2]), child, priority);
}

void Session::add(const Words &w)
{
    add_child(w, 0);
}

void Session::add_with_priority(const Words &w)
{
    add_child(w, static_cast<int>(signed_number(w[4])));
}

void Session::del(const Words &w)
{
    MemoryRegion *parent = region(w[1])->mr, *child = region(w[2])->mr;
    if (child->container != parent) {
        throw ScriptError(w[2] + " is not in " + w[1] + "; add it first");
    }
    memory_region_del_subregion(parent, child);
}

void Session::enable(const Words &w)
{
    memory_region_set_enabled(region(w[1])->mr, number(w[2]) != 0);
}

void Session::move(const Words &w)
{
    memory_region_set_address(region(w[1])->mr, number(w[2]));
}

void Session::resize(const Words &w)
{
    Region *r = region(w[1]);
    uint64_t size = number(w[2]);
    if (r->is_ram() && size > r->size) {
        throw ScriptError(w[1] + " cannot grow beyond its first size");
    }
    memory_region_set_size(r->mr, size);
}

void Session::alias_offset(const Words &w)
{
    Region *r = region(w[1]);
    if (r->kind != "alias") {
        throw ScriptError(w[1] + " is no alias");
    }
    memory_region_set_alias_offset(r->mr, number(w[2]));
}

void Session::readonly(const Words &w)
{
    memory_region_set_readonly(region(w[1])->mr, number(w[2]) != 0);
}

void Session::nonvolatile(const Words &w)
{
    memory_region_set_nonvolatile(region(w[1])->mr, number(w[2]) != 0);
}

void Session::romd(const Words &w)
{
    Region *r = region(w[1]);
    if (r->kind != "romd") {
        throw ScriptError(w[1] + " is no ROM device");
    }
    memory_region_rom_device_set_romd(r->mr, number(w[2]) != 0);
}

void Session::begin(const Words &)
{
    if (m_open == 1000) {
        throw ScriptError("1000 transactions inside each other; commit some");
    }
    m_open++;
    memory_region_transaction_begin();
}

void Session::commit(const Words &)
{
    if (!m_open) {
        throw ScriptError("no transaction is open; begin one");
    }
    m_open--;
    memory_region_transaction_commit();
}

// -- spaces

void Session::make_space(const Words &w)
{
    for (const auto &s : m_spaces) {
        if (s->name == w[1]) {
            throw ScriptError("space `" + w[1] + "` exists; another name");
        }
    }
    auto made = std::make_unique<Space>();
    made->name = w[1];
    Space *s = made.get();
    address_space_init(&s->as, region(w[2])->mr, w[1].c_str());
    m_spaces.push_back(std::move(made));
    posted_observe(&m_observer);
}

void Session::del_space(const Words &w)
{
    AddressSpace *as = space(w[1]);
    bool used = m_depth > 0 || as->first_listener;
    for (const auto &m : m_mappings) {
        used |= m.second.as == as;
    }
    for (const auto &table : m_tables) {
        for (const Translation &t : *table) {
            used |= t.as == as;
        }
    }
    if (used) {
        throw ScriptError("space `" + w[1] + "` is in use; not now");
    }
    address_space_destroy(as);
}

} // namespace replaying

std::string replay(const std::string &script)
{
    std::istringstream in(script);
    replaying::Session session;
    unsigned number = 0;
    try {
        for (std::string line; std::getline(in, line);) {
            number++;
            session.run_line(line);
        }
    } catch (const ScriptError &e) {
        throw ScriptError(std::to_string(number) + ": " + e.what());
    }
    return session.take_output();
}
