// oracle_real.cc - commands as calls of the real API: regions, the tree,
// listeners and their mirrors.
#include "tests/memory/oracle_real.h"

namespace oracle
{

Real::Real() : m_world(memory_world_new()), m_outer(memory_world_enter(m_world))
{
    m_world->log = [](void *, const char *) {};
}

Real::~Real()
{
    while (m_depth-- > 0) {
        memory_region_transaction_commit();
    }
    for (auto &l : m_listeners) {
        memory_listener_unregister(&l.second->ml);
    }
    for (auto &s : m_spaces) {
        if (s.second->alive) {
            address_space_destroy(&s.second->as);
        }
    }
    memory_region_transaction_begin();
    for (auto &r : m_regions) {
        MemoryRegion *mr = &r.second->mr;
        if (mr->container) {
            memory_region_del_subregion(mr->container, mr);
        }
    }
    memory_region_transaction_commit();
    for (auto name = m_made.rbegin(); name != m_made.rend(); ++name) {
        memory_region_fini(&m_regions[*name]->mr);
    }
    memory_world_enter(m_outer);
    memory_world_free(m_world);
}

void Real::run(const Command &command)
{
    m_hook = 0;
    out += "> " + command_text(command) + "\n";
    perform(command);
}

void Real::run_hook(const Command &command)
{
    if (m_level == MOST_LEVELS) {
        return;
    }
    size_t which = m_hook++;
    if (which >= hooks.size() || !hooks[which]) {
        return;
    }
    m_level++;
    out += ">> " + command_text(command) + "\n";
    perform(command);
    m_level--;
}

void Real::perform(const Command &command)
{
    if (!tree_command(command) && !attribute_command(command) &&
        !look_command(command) && !access_command(command)) {
        out += "not understood\n";
    }
}

// -- regions ----------------------------------------------------------------

void Real::set_ops(Region *r)
{
    const DeviceConfig &config = r->device->config();
    MemoryRegionOps &ops = r->ops;
    if (config.attrs) {
        ops.read_with_attrs = [](void *opaque, hwaddr addr, uint64_t *data,
                                 unsigned size, MemTxAttrs attrs) {
            return static_cast<Device *>(opaque)->read(addr, size, attrs, data);
        };
        ops.write_with_attrs = [](void *opaque, hwaddr addr, uint64_t data,
                                  unsigned size, MemTxAttrs attrs) {
            return static_cast<Device *>(opaque)->write(addr, size, attrs,
                                                        data);
        };
    } else {
        ops.read = [](void *opaque, hwaddr addr, unsigned size) {
            uint64_t value = 0;
            static_cast<Device *>(opaque)->read(addr, size, {}, &value);
            return value;
        };
        ops.write = [](void *opaque, hwaddr addr, uint64_t data,
                       unsigned size) {
            static_cast<Device *>(opaque)->write(addr, size, {}, data);
        };
    }
    ops.endianness = config.endian == "big"      ? DEVICE_BIG_ENDIAN
                     : config.endian == "little" ? DEVICE_LITTLE_ENDIAN
                                                 : DEVICE_NATIVE_ENDIAN;
    ops.valid.min_access_size = config.vmin;
    ops.valid.max_access_size = config.vmax;
    ops.valid.unaligned = config.vunal;
    ops.impl.min_access_size = config.imin;
    ops.impl.max_access_size = config.imax;
    ops.impl.unaligned = config.iunal;
    if (config.has_accepts) {
        ops.valid.accepts = [](void *opaque, hwaddr addr, unsigned size,
                               bool is_write, MemTxAttrs attrs) {
            return static_cast<Device *>(opaque)->accepts(addr, size, is_write,
                                                          attrs);
        };
    }
}

void Real::make_region(const Command &c)
{
    auto owned = std::make_unique<Region>();
    Region *r = owned.get();
    const char *name = c[2].c_str();
    Int128 whole = 0;
    m_made.push_back(c[2]);
    m_regions[c[2]] = std::move(owned);
    if (c[1] == "alias") {
        uint64_t offset = 0;
        parse_number(c[4], &offset);
        parse_size(c[5], &whole);
        memory_region_init_alias(&r->mr, nullptr, name, &m_regions[c[3]]->mr,
                                 offset, api_size(whole));
        return;
    }
    parse_size(c[3], &whole);
    uint64_t size = api_size(whole);
    if (c[1] == "io" || c[1] == "romd") {
        DeviceConfig config;
        parse_device(c, 4, &config);
        r->device = std::make_unique<Device>(c[2], config, whole, m_big, &out);
        set_ops(r);
    }
    Device *device = r->device.get();
    if (c[1] == "container") {
        memory_region_init(&r->mr, nullptr, name, size);
    } else if (c[1] == "io") {
        memory_region_init_io(&r->mr, nullptr, &r->ops, device, name, size);
    } else if (c[1] == "null") {
        memory_region_init_io(&r->mr, nullptr, nullptr, nullptr, name, size);
    } else if (c[1] == "ram") {
        memory_region_init_ram(&r->mr, nullptr, name, size, nullptr);
    } else if (c[1] == "rom") {
        memory_region_init_rom(&r->mr, nullptr, name, size, nullptr);
    } else if (c[1] == "romd") {
        memory_region_init_rom_device(&r->mr, nullptr, &r->ops, device, name,
                                      size, nullptr);
    } else {
        r->memory.resize(size);
        memory_region_init_ram_device_ptr(&r->mr, nullptr, name, size,
                                          r->memory.data());
    }
}

bool Real::tree_command(const Command &c)
{
    uint64_t number = 0;
    if (c[0] == "target") {
        m_big = m_world->target_big_endian = c[1] == "big";
    } else if (c[0] == "region") {
        make_region(c);
    } else if (c[0] == "on") {
        m_regions[c[1]]->device->add_hook(
            c, [this](const Command &hook) { run_hook(hook); });
    } else if (c[0] == "begin") {
        m_depth++;
        memory_region_transaction_begin();
    } else if (c[0] == "commit") {
        m_depth--;
        memory_region_transaction_commit();
    } else if (c[0] == "add") {
        parse_number(c[2], &number);
        memory_region_add_subregion(&m_regions[c[1]]->mr, number,
                                    &m_regions[c[3]]->mr);
    } else if (c[0] == "addp") {
        uint64_t priority = 0;
        parse_number(c[2], &number);
        parse_number(c[4], &priority);
        memory_region_add_subregion_overlap(&m_regions[c[1]]->mr, number,
                                            &m_regions[c[3]]->mr,
                                            static_cast<int>(priority));
    } else if (c[0] == "del") {
        memory_region_del_subregion(&m_regions[c[1]]->mr, &m_regions[c[2]]->mr);
    } else if (c[0] == "as") {
        m_spaces[c[1]] = std::make_unique<Space>();
        address_space_init(&m_spaces[c[1]]->as, &m_regions[c[2]]->mr,
                           c[1].c_str());
    } else if (c[0] == "asdel") {
        address_space_destroy(&m_spaces[c[1]]->as);
        m_spaces[c[1]]->alive = false;
        m_spaces.erase(c[1]);
    } else if (c[0] == "listener") {
        make_listener(c);
    } else if (c[0] == "unlisten") {
        memory_listener_unregister(&m_listeners[c[1]]->ml);
        if (!m_listeners[c[1]]->mirror.empty()) {
            out += "mirror of " + c[1] + " not empty at the end\n";
        }
        m_listeners.erase(c[1]);
    } else {
        return false;
    }
    return true;
}

bool Real::attribute_command(const Command &c)
{
    if (c.size() != 3 || !m_regions.count(c[1])) {
        return false;
    }
    MemoryRegion *mr = &m_regions[c[1]]->mr;
    uint64_t value = 0;
    Int128 size = 0;
    parse_size(c[2], &size);
    parse_number(c[2], &value);
    bool on = value != 0;
    if (c[0] == "resize") {
        memory_region_set_size(mr, api_size(size));
    } else if (c[0] == "enable") {
        memory_region_set_enabled(mr, on);
    } else if (c[0] == "addr") {
        memory_region_set_address(mr, value);
    } else if (c[0] == "aliasoff") {
        memory_region_set_alias_offset(mr, value);
    } else if (c[0] == "readonly") {
        memory_region_set_readonly(mr, on);
    } else if (c[0] == "nonvolatile") {
        memory_region_set_nonvolatile(mr, on);
    } else if (c[0] == "romd") {
        memory_region_rom_device_set_romd(mr, on);
    } else {
        return false;
    }
    return true;
}

// -- listeners and mirrors --------------------------------------------------

bool Real::Section::operator==(const Section &o) const
{
    return size == o.size && mr == o.mr && offset == o.offset &&
           readonly == o.readonly && nonvolatile == o.nonvolatile;
}

void Real::told(MemoryListener *ml, const char *what, MemoryRegionSection *s)
{
    Listener *l = reinterpret_cast<Listener *>(ml);
    out += "ln " + l->name + " " + what;
    if (!s) {
        out += "\n";
        return;
    }
    Section section{s->size, memory_region_name(s->mr), s->offset_within_region,
                    s->readonly, s->nonvolatile};
    Int128 start = s->offset_within_address_space;
    out += " addr=" + hex(s->offset_within_address_space) +
           " size=" + size_text(s->size) + " mr=" + section.mr +
           " off=" + hex(section.offset) + (s->readonly ? " ro=1" : " ro=0") +
           (s->nonvolatile ? " nv=1\n" : " nv=0\n");
    auto &mirror = l->mirror;
    auto found = mirror.find(start);
    bool known = found != mirror.end() && found->second == section;
    if (*what == 'a') {
        auto next = mirror.lower_bound(start);
        bool clear = next == mirror.end() || next->first >= start + s->size;
        if (next != mirror.begin()) {
            auto before = std::prev(next);
            clear &= before->first + before->second.size <= start;
        }
        mirror[start] = section;
        out += clear ? "" : "mirror: overlaps\n";
    } else if (!known) {
        out += "mirror: no such section\n";
    } else if (*what == 'd') {
        mirror.erase(found);
    }
}

void Real::make_listener(const Command &c)
{
    auto l = std::make_unique<Listener>();
    l->real = this;
    l->name = c[1];
    l->space = c[2];
    for (size_t i = 3; i < c.size(); i++) {
        uint64_t priority = 0;
        if (c[i].compare(0, 5, "prio=") == 0) {
            parse_number(c[i].substr(5), &priority);
            l->ml.priority = static_cast<int>(priority);
        }
    }
    l->ml.name = "oracle";
    l->ml.begin = [](MemoryListener *ml) {
        reinterpret_cast<Listener *>(ml)->real->told(ml, "begin", nullptr);
    };
    l->ml.commit = [](MemoryListener *ml) {
        reinterpret_cast<Listener *>(ml)->real->told(ml, "commit", nullptr);
    };
    l->ml.region_add = [](MemoryListener *ml, MemoryRegionSection *s) {
        reinterpret_cast<Listener *>(ml)->real->told(ml, "add", s);
    };
    l->ml.region_del = [](MemoryListener *ml, MemoryRegionSection *s) {
        reinterpret_cast<Listener *>(ml)->real->told(ml, "del", s);
    };
    l->ml.region_nop = [](MemoryListener *ml, MemoryRegionSection *s) {
        reinterpret_cast<Listener *>(ml)->real->told(ml, "nop", s);
    };
    MemoryListener *ml = &l->ml;
    m_listeners[c[1]] = std::move(l);
    memory_listener_register(ml, &m_spaces[c[2]]->as);
}

std::string Real::compare_mirrors(const Model &model) const
{
    for (const oracle::Listener &expected : model.listeners()) {
        const auto &mirror = m_listeners.at(expected.name)->mirror;
        auto at = mirror.begin();
        for (const Range &r : *expected.space->view) {
            Section section{r.size, r.paint.mr->name, r.paint.offset,
                            r.paint.readonly, r.paint.nonvolatile};
            if (at == mirror.end() || at->first != r.start ||
                !(at->second == section)) {
                return "mirror of " + expected.name + " differs at " +
                       hex(static_cast<uint64_t>(r.start)) + "\n";
            }
            ++at;
        }
        if (at != mirror.end()) {
            return "mirror of " + expected.name + " has too much at " +
                   hex(static_cast<uint64_t>(at->first)) + "\n";
        }
    }
    return "";
}

// -- whole views ------------------------------------------------------------

// What a listener that registers now is told.
std::vector<std::pair<Int128, Real::Section>> Real::sections(AddressSpace *as)
{
    struct Witness {
        MemoryListener ml{};
        std::vector<std::pair<Int128, Section>> seen;
    } witness;
    witness.ml.name = "witness";
    witness.ml.region_add = [](MemoryListener *ml, MemoryRegionSection *s) {
        reinterpret_cast<Witness *>(ml)->seen.push_back(
            {s->offset_within_address_space,
             {s->size, memory_region_name(s->mr), s->offset_within_region,
              s->readonly, s->nonvolatile}});
    };
    memory_listener_register(&witness.ml, as);
    memory_listener_unregister(&witness.ml);
    return witness.seen;
}

static const char *kind_text(MemoryRegion *mr, const Device *device)
{
    if (memory_region_is_ram_device(mr)) {
        return "ramdev";
    }
    if (memory_region_is_ram(mr)) {
        return memory_region_is_rom(mr) ? "rom" : "ram";
    }
    if (memory_region_is_romd(mr)) {
        return "romd";
    }
    return mr->rom_device ? "romio" : device ? "io" : "null";
}

void Real::flat(AddressSpace *as)
{
    auto seen = sections(as);
    out += "= view\n";
    for (auto &[start, s] : seen) {
        Region *r = m_regions[s.mr].get();
        out += "  addr=" + hex(static_cast<uint64_t>(start)) +
               " size=" + size_text(s.size) + " mr=" + s.mr +
               " off=" + hex(s.offset) +
               " kind=" + kind_text(&r->mr, r->device.get()) +
               (s.readonly ? " ro=1" : " ro=0") +
               (s.nonvolatile ? " nv=1" : " nv=0") + " log=" +
               std::to_string(memory_region_get_dirty_log_mask(&r->mr)) + "\n";
    }
    // the published walk over the view must agree
    struct Walk {
        decltype(seen) *sections;
        size_t at;
        bool same;
    } walk{&seen, 0, true};
    flatview_for_each_range(
        address_space_to_flatview(as),
        [](Int128 start, Int128 len, const MemoryRegion *mr, hwaddr offset,
           void *opaque) {
            Walk *w = static_cast<Walk *>(opaque);
            if (w->at < w->sections->size()) {
                auto &[first, s] = (*w->sections)[w->at];
                w->same &= first == start && s.size == len &&
                           s.mr == memory_region_name(mr) && s.offset == offset;
            }
            w->at++;
            return false;
        },
        &walk);
    if (!walk.same || walk.at != seen.size()) {
        out += "flatview_for_each_range differs\n";
    }
}

std::string Real::compare_bytes(Model *model, uint64_t first, unsigned len)
{
    for (const oracle::Space &space : model->spaces()) {
        AddressSpace *as = &m_spaces[space.name]->as;
        auto seen = sections(as);
        for (unsigned i = 0; i < len && first + i >= first; i++) {
            uint64_t addr = first + i;
            Paint paint = paint_byte(space.root, 0, addr);
            hwaddr offset = 0, one = 1;
            MemoryRegion *mr = address_space_translate(
                as, addr, &offset, &one, false, MEMTXATTRS_UNSPECIFIED);
            bool same = paint.mr ? paint.mr->name == memory_region_name(mr) &&
                                       paint.offset == offset
                                 : mr == &m_world->unassigned && offset == addr;
            for (auto &[start, s] : seen) {
                if (paint.mr && addr >= start && addr < start + s.size) {
                    same &= s.readonly == paint.readonly &&
                            s.nonvolatile == paint.nonvolatile;
                }
            }
            if (!same) {
                return "byte " + hex(addr) + " of " + space.name + "\n";
            }
        }
    }
    return "";
}

} // namespace oracle
