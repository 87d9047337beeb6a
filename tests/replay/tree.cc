// Regions, the tree they form, transactions, address spaces.
#include <algorithm>

#include "tests/replay/session.h"

namespace replaying
{

// -- regions

void Session::target(const Words &w)
{
    if (m_started || (w[1] != "little" && w[1] != "big")) {
        throw ScriptError("target " + w[1] +
                          "; little or big, as the first command");
    }
    m_world->target_big_endian = w[1] == "big";
}

static void no_options(const Words &w, size_t from)
{
    if (w.size() > from) {
        throw ScriptError("`" + w[from] + "`; a " + w[1] +
                          " region has no options");
    }
}

// What init is to be undone by fini holds from here on.
void Session::make_memory(Region *r, const Words &w)
{
    if (r->size > m_options.max_ram - m_ram) {
        throw ScriptError(w[3] + " bytes of memory; at most " +
                          hex(m_options.max_ram) + " for all regions");
    }
    const char *name = r->name.c_str();
    Error *err = nullptr;
    if (r->kind == "ram") {
        memory_region_init_ram(r->mr, nullptr, name, r->size, &err);
    } else if (r->kind == "rom") {
        memory_region_init_rom(r->mr, nullptr, name, r->size, &err);
    } else if (r->kind == "romd") {
        memory_region_init_rom_device(r->mr, nullptr, r->device->ops(),
                                      r->device.get(), name, r->size, &err);
    } else {
        r->bytes.resize(r->size + 1); // has an address even without bytes
        memory_region_init_ram_device_ptr(r->mr, nullptr, name, r->size,
                                          r->bytes.data());
    }
    if (err) {
        std::string why = error_message(err);
        error_free(err);
        memory_region_fini(r->mr);
        throw ScriptError(why);
    }
    m_ram += r->size;
}

void Session::make_alias(Region *r, const Words &w)
{
    if (w.size() != 6) {
        throw ScriptError("an alias; region alias NAME TARGET OFFSET SIZE");
    }
    r->size = number(w[5]);
    MemoryRegion *target = region(w[3])->mr;
    check_drawing(nullptr, target);
    memory_region_init_alias(r->mr, nullptr, r->name.c_str(), target,
                             number(w[4]), r->size);
    m_has_aliases = true;
}

void Session::make_region(const Words &w)
{
    if (m_region_of.count(w[2])) {
        throw ScriptError("region `" + w[2] + "` exists; take another name");
    }
    auto made = std::make_unique<Region>();
    Region *r = made.get();
    r->kind = w[1];
    r->name = w[2];
    r->size = r->kind == "alias" ? 0 : number(w[3]);
    const char *name = r->name.c_str();
    if (r->kind == "io" || r->kind == "romd") {
        r->device = std::make_unique<Device>(this, r->name, r->size, w, 4);
    } else if (r->kind == "iommu") {
        r->iommu_state = iommu_state(this, w);
    } else if (r->kind != "alias") {
        no_options(w, 4);
    }
    if (r->is_memory()) {
        make_memory(r, w);
    } else if (r->kind == "alias") {
        make_alias(r, w);
    } else if (r->kind == "container") {
        memory_region_init(r->mr, nullptr, name, r->size);
    } else if (r->kind == "io") {
        memory_region_init_io(r->mr, nullptr, r->device->ops(), r->device.get(),
                              name, r->size);
    } else if (r->kind == "null") {
        memory_region_init_io(r->mr, nullptr, nullptr, nullptr, name, r->size);
    } else if (r->kind == "iommu") {
        iommu_init(&r->iommu, r->iommu_state.get(), r->size);
        r->mr = &r->iommu.parent.parent_obj;
    } else {
        throw ScriptError("region kind `" + r->kind +
                          "`; container, ram, rom, ramdev, romd, io, null, "
                          "iommu or alias");
    }
    m_regions.push_back(std::move(made));
    m_region_of[r->name] = r;
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
    hwaddr offset = number(w[2]);
    settle();
    if (child->container) {
        throw ScriptError("`" + w[3] + "` is in a container; del it first");
    }
    if (is_inside(parent, child)) {
        throw ScriptError("`" + w[1] + "` is inside `" + w[3] +
                          "`, or the same; another parent");
    }
    check_drawing(parent, child);
    memory_region_add_subregion_overlap(parent, offset, child, priority);
}

void Session::add(const Words &w)
{
    add_child(w, 0);
}

void Session::add_with_priority(const Words &w)
{
    add_child(w, priority_of(w[4]));
}

void Session::del(const Words &w)
{
    MemoryRegion *parent = region(w[1])->mr, *child = region(w[2])->mr;
    settle();
    if (child->container != parent) {
        throw ScriptError("`" + w[2] + "` is not in `" + w[1] +
                          "`; del it from its own container");
    }
    memory_region_del_subregion(parent, child);
}

void Session::enable(const Words &w)
{
    memory_region_set_enabled(region(w[1])->mr, flag_of(w[2]));
}

void Session::move(const Words &w)
{
    MemoryRegion *mr = region(w[1])->mr;
    hwaddr offset = number(w[2]);
    if (mr->container && mr->addr != offset) {
        settle();
    }
    memory_region_set_address(mr, offset);
}

void Session::resize(const Words &w)
{
    Region *r = region(w[1]);
    uint64_t size = number(w[2]);
    if (r->is_memory() && size > r->size) {
        throw ScriptError("`" + w[1] + "` with " + w[2] + " bytes; at most " +
                          hex(r->size) + ", as it was made");
    }
    memory_region_set_size(r->mr, size);
}

void Session::alias_offset(const Words &w)
{
    Region *r = region(w[1]);
    if (r->kind != "alias") {
        throw ScriptError("`" + w[1] + "` is no alias; name one");
    }
    memory_region_set_alias_offset(r->mr, number(w[2]));
}

void Session::readonly(const Words &w)
{
    memory_region_set_readonly(region(w[1])->mr, flag_of(w[2]));
}

void Session::nonvolatile(const Words &w)
{
    memory_region_set_nonvolatile(region(w[1])->mr, flag_of(w[2]));
}

void Session::romd(const Words &w)
{
    memory_region_rom_device_set_romd(region(w[1])->mr, flag_of(w[2]));
}

// -- transactions

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
            throw ScriptError("address space `" + w[1] +
                              "` exists; take another name");
        }
    }
    MemoryRegion *root = region(w[2])->mr;
    m_spaces.push_back(std::make_unique<Space>());
    m_spaces.back()->name = w[1];
    address_space_init(&m_spaces.back()->as, root, w[1].c_str());
}

// Not from a hook: an access to the space may be under way.
void Session::del_space(const Words &w)
{
    AddressSpace *as = space(w[1]);
    settle();
    bool used = m_depth > 0 || as->first_listener;
    for (const auto &m : m_mappings) {
        used |= m.second.as == as;
    }
    for (const auto &r : m_regions) {
        if (r->iommu_state) {
            for (const Translation &t : r->iommu_state->table) {
                used |= t.as == as;
            }
        }
    }
    if (used) {
        throw ScriptError("address space `" + w[1] +
                          "` is in use; end its listeners, mappings and "
                          "translations first");
    }
    address_space_destroy(as);
    m_spaces.erase(std::find_if(
        m_spaces.begin(), m_spaces.end(),
        [as](const std::unique_ptr<Space> &s) { return &s->as == as; }));
}

} // namespace replaying
