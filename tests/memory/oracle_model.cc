// oracle_model.cc - the tree, its flat views, transactions and listeners.
#include "tests/memory/oracle_model.h"

#include <algorithm>

namespace oracle
{

enum {
    MOST_MEMORY = 1 << 24, // bytes of one RAM region
    MOST_NODES = 1000,     // of a tree, aliases followed
};

bool Region::is_direct(bool is_write) const
{
    if (is_write) {
        return (kind == Kind::ram || kind == Kind::rom) && !readonly;
    }
    return kind == Kind::ram || kind == Kind::rom ||
           (kind == Kind::romd && romd);
}

Paint paint_byte(Region *mr, Int128 base, Int128 byte, bool readonly,
                 bool nonvolatile)
{
    if (!mr->enabled) {
        return {};
    }
    base += mr->addr;
    readonly |= mr->readonly;
    nonvolatile |= mr->nonvolatile;
    if (byte < base || byte >= base + mr->size) {
        return {};
    }
    if (mr->kind == Kind::alias) {
        return paint_byte(mr->target,
                          base - mr->target->addr - mr->target_offset, byte,
                          readonly, nonvolatile);
    }
    for (Region *child : mr->children) {
        Paint paint = paint_byte(child, base, byte, readonly, nonvolatile);
        if (paint.mr) {
            return paint;
        }
    }
    if (mr->kind == Kind::container) {
        return {};
    }
    return {mr, static_cast<uint64_t>(byte - base), mr->romd, readonly,
            nonvolatile};
}

bool operator==(const Range &a, const Range &b)
{
    return a.start == b.start && a.size == b.size && a.paint.mr == b.paint.mr &&
           a.paint.offset == b.paint.offset && a.paint.romd == b.paint.romd &&
           a.paint.readonly == b.paint.readonly &&
           a.paint.nonvolatile == b.paint.nonvolatile;
}

static void collect_edges(const Region *mr, Int128 base, std::set<Int128> *edge)
{
    base += mr->addr;
    for (Int128 at : {base, base + mr->size}) {
        if (at > 0 && at < int128_2_64()) {
            edge->insert(at);
        }
    }
    if (mr->kind == Kind::alias) {
        collect_edges(mr->target, base - mr->target->addr - mr->target_offset,
                      edge);
        return;
    }
    for (const Region *child : mr->children) {
        collect_edges(child, base, edge);
    }
}

View paint_view(Region *root)
{
    std::set<Int128> edges{0, int128_2_64()};
    collect_edges(root, 0, &edges);
    View view;
    for (auto edge = edges.begin(); *edge < int128_2_64(); ++edge) {
        Range next{*edge, *std::next(edge) - *edge, paint_byte(root, 0, *edge)};
        if (!next.paint.mr) {
            continue;
        }
        if (!view.empty()) {
            Range &last = view.back();
            Paint goes_on = last.paint;
            goes_on.offset += static_cast<uint64_t>(last.size);
            if (last.start + last.size == next.start &&
                Range{next.start, next.size, goes_on} == next) {
                last.size += next.size;
                continue;
            }
        }
        view.push_back(next);
    }
    return view;
}

Region *Model::region(const std::string &name)
{
    auto found = m_regions.find(name);
    return found == m_regions.end() ? nullptr : found->second.get();
}

Space *Model::space(const std::string &name)
{
    for (Space &space : m_spaces) {
        if (space.name == name) {
            return &space;
        }
    }
    return nullptr;
}

bool Model::run(const Command &c)
{
    hooks.clear();
    return perform(c, "> ");
}

void Model::run_hook(const Command &c)
{
    if (m_level == MOST_LEVELS) {
        return;
    }
    size_t which = hooks.size();
    hooks.push_back(false);
    m_level++;
    hooks[which] = perform(c, ">> ");
    m_level--;
}

bool Model::perform(const Command &c, const char *prompt)
{
    std::string text = prompt + command_text(c) + "\n";
    size_t before = out.size();
    out += text;
    bool known = tree_command(c) || attribute_command(c) || space_command(c) ||
                 listener_command(c) || look_command(c) || access_command(c) ||
                 region_access_command(c);
    if (!known) {
        out.resize(before);
    }
    return known;
}

// -- making -----------------------------------------------------------------

bool Model::make_alias(const Command &c)
{
    auto mr = std::make_unique<Region>();
    mr->name = c[2];
    mr->kind = Kind::alias;
    if (c.size() != 6 || !(mr->target = region(c[3])) ||
        !parse_number(c[4], &mr->target_offset) ||
        !parse_size(c[5], &mr->size)) {
        return false;
    }
    m_regions[c[2]] = std::move(mr);
    return true;
}

bool Model::make_region(const Command &c)
{
    static const std::map<std::string, Kind> kinds = {
        {"container", Kind::container},
        {"ram", Kind::ram},
        {"rom", Kind::rom},
        {"ramdev", Kind::ramdev},
        {"romd", Kind::romd},
        {"io", Kind::io},
        {"null", Kind::null},
    };
    if (c.size() < 4 || region(c[2])) {
        return false;
    }
    if (c[1] == "alias") {
        return make_alias(c);
    }
    auto kind = kinds.find(c[1]);
    auto mr = std::make_unique<Region>();
    DeviceConfig config;
    if (kind == kinds.end() || !parse_size(c[3], &mr->size) ||
        !parse_device(c, 4, &config)) {
        return false;
    }
    mr->name = c[2];
    mr->kind = kind->second;
    mr->made = mr->size;
    mr->readonly = mr->kind == Kind::rom;
    if (mr->is_ram_kind() || mr->kind == Kind::romd) {
        if (mr->size == 0 || mr->size > MOST_MEMORY) {
            return false;
        }
        mr->memory.resize(static_cast<size_t>(mr->size));
    }
    if (mr->kind == Kind::io || mr->kind == Kind::romd) {
        mr->device =
            std::make_unique<Device>(c[2], config, mr->size, m_big, &out);
    } else if (c.size() > 4) {
        return false;
    }
    m_regions[c[2]] = std::move(mr);
    return true;
}

// -- the tree ---------------------------------------------------------------

// Is `wanted` the region, or anywhere below it? *nodes counts what is passed.
static bool reaches(const Region *from, const Region *wanted, unsigned *nodes)
{
    if (from == wanted || ++*nodes > MOST_NODES) {
        return true;
    }
    if (from->target && reaches(from->target, wanted, nodes)) {
        return true;
    }
    for (const Region *child : from->children) {
        if (reaches(child, wanted, nodes)) {
            return true;
        }
    }
    return false;
}

void Model::put_in(Region *child)
{
    std::list<Region *> &list = child->container->children;
    auto at = list.begin();
    while (at != list.end() && ((*at)->priority > child->priority ||
                                (m_flaw == Flaw::oldest_wins &&
                                 (*at)->priority == child->priority))) {
        ++at;
    }
    list.insert(at, child);
    for (Region *t = child->target; t; t = t->target) {
        t->mapped_via_alias++;
    }
    changed(child->container->enabled && child->enabled);
}

void Model::take_out(Region *child)
{
    Region *parent = child->container;
    parent->children.remove(child);
    child->container = nullptr;
    for (Region *t = child->target; t; t = t->target) {
        t->mapped_via_alias--;
    }
    changed(parent->enabled && child->enabled);
}

bool Model::add(Region *parent, uint64_t offset, Region *child, int priority)
{
    unsigned nodes = 0;
    if (child->container || reaches(child, parent, &nodes)) {
        return false;
    }
    child->container = parent;
    child->addr = offset;
    child->priority = priority;
    for (auto &other : m_regions) { // no tree may grow beyond all measure
        nodes = 0;
        child->container->children.push_front(child);
        bool huge = reaches(other.second.get(), nullptr, &nodes);
        child->container->children.pop_front();
        if (huge) {
            child->container = nullptr;
            return false;
        }
    }
    put_in(child);
    return true;
}

bool Model::tree_command(const Command &c)
{
    uint64_t offset = 0, priority = 0;
    if (c[0] == "target" && c.size() == 2) {
        if (m_regions.empty()) {
            m_big = c[1] == "big";
        }
        return m_regions.empty();
    }
    if (c[0] == "region") {
        return make_region(c);
    }
    if (c[0] == "on" && c.size() > 1) {
        Region *mr = region(c[1]);
        return mr && mr->device &&
               mr->device->add_hook(
                   c, [this](const Command &hook) { run_hook(hook); });
    }
    if (c[0] == "begin") {
        m_depth++;
        return true;
    }
    if (c[0] == "commit") {
        if (m_depth > 0) {
            commit();
            return true;
        }
        return false;
    }
    if ((c[0] == "add" && c.size() == 4) || (c[0] == "addp" && c.size() == 5)) {
        Region *parent = region(c[1]), *child = region(c[3]);
        return parent && child && parse_number(c[2], &offset) &&
               (c.size() == 4 || parse_number(c[4], &priority)) &&
               add(parent, offset, child, static_cast<int>(priority));
    }
    if (c[0] == "del" && c.size() == 3) {
        Region *parent = region(c[1]), *child = region(c[2]);
        if (!parent || !child || child->container != parent) {
            return false;
        }
        take_out(child);
        return true;
    }
    return false;
}

bool Model::attribute_command(const Command &c)
{
    Region *mr = c.size() == 3 ? region(c[1]) : nullptr;
    uint64_t value = 0;
    if (!mr) {
        return false;
    }
    if (c[0] == "resize") {
        Int128 size = 0;
        bool has_memory = !mr->memory.empty();
        if (!parse_size(c[2], &size) || (has_memory && size > mr->made)) {
            return false;
        }
        if (size != mr->size) {
            mr->size = size;
            changed(true);
        }
        return true;
    }
    if (!parse_number(c[2], &value)) {
        return false;
    }
    bool on = value != 0;
    if (c[0] == "enable") {
        if (mr->enabled != on) {
            mr->enabled = on;
            changed(true);
        }
    } else if (c[0] == "addr") {
        if (mr->container && mr->addr != value) { // out and in, in one
            Region *parent = mr->container;
            m_depth++;
            take_out(mr);
            mr->container = parent;
            mr->addr = value;
            put_in(mr);
            commit();
        }
        mr->addr = value;
    } else if (c[0] == "aliasoff") {
        if (mr->kind != Kind::alias) {
            return false;
        }
        if (mr->target_offset != value) {
            mr->target_offset = value;
            changed(mr->enabled);
        }
    } else if (c[0] == "readonly") {
        if (mr->readonly != on) {
            mr->readonly = on;
            changed(mr->enabled);
        }
    } else if (c[0] == "nonvolatile") {
        if (mr->nonvolatile != on) {
            mr->nonvolatile = on;
            changed(mr->enabled);
        }
    } else if (c[0] == "romd") {
        if (mr->kind != Kind::romd) {
            return false;
        }
        if (mr->romd != on) {
            mr->romd = on;
            changed(mr->enabled);
        }
    } else {
        return false;
    }
    return true;
}

// -- transactions, spaces, listeners ----------------------------------------

void Model::changed(bool visible)
{
    m_depth++;
    m_pending |= visible;
    commit();
}

void Model::commit()
{
    if (--m_depth == 0 && m_pending) {
        m_pending = false;
        rebuild();
    }
}

void Model::tell(const Listener &l, const char *what, const Range &r)
{
    out += "ln " + l.name + " " + what +
           " addr=" + hex(static_cast<uint64_t>(r.start)) +
           " size=" + size_text(r.size) + " mr=" + r.paint.mr->name +
           " off=" + hex(r.paint.offset) +
           (r.paint.readonly ? " ro=1" : " ro=0") +
           (r.paint.nonvolatile ? " nv=1\n" : " nv=0\n");
}

void Model::rebuild()
{
    for (const Listener &l : m_listeners) {
        out += "ln " + l.name + " begin\n";
    }
    for (Space &space : m_spaces) {
        ViewRef next = std::make_shared<View>(paint_view(space.root));
        const View &old = *space.view;
        for (const Range &range : old) {
            if (std::find(next->begin(), next->end(), range) != next->end()) {
                continue;
            }
            for (auto l = m_listeners.rbegin(); l != m_listeners.rend(); ++l) {
                if (l->space == &space) {
                    tell(*l, "del", range);
                }
            }
        }
        for (const Range &range : *next) {
            bool same = std::find(old.begin(), old.end(), range) != old.end();
            for (const Listener &l : m_listeners) {
                if (l.space == &space) {
                    tell(l, same ? "nop" : "add", range);
                }
            }
        }
        space.view = next;
    }
    for (const Listener &l : m_listeners) {
        out += "ln " + l.name + " commit\n";
    }
}

bool Model::space_command(const Command &c)
{
    if (c[0] == "as" && c.size() == 3) {
        Region *root = region(c[2]);
        if (!root || space(c[1])) {
            return false;
        }
        ViewRef view;
        for (const Space &other : m_spaces) {
            if (other.root == root) {
                view = other.view;
            }
        }
        if (!view) {
            view = std::make_shared<View>(paint_view(root));
        }
        m_spaces.push_back({c[1], root, view});
        return true;
    }
    if (c[0] == "asdel" && c.size() == 2) {
        Space *gone = space(c[1]);
        if (!gone) {
            return false;
        }
        for (const Listener &l : m_listeners) {
            if (l.space == gone) {
                return false;
            }
        }
        m_spaces.remove_if([=](const Space &s) { return &s == gone; });
        return true;
    }
    return false;
}

bool Model::listener_command(const Command &c)
{
    auto found = m_listeners.begin();
    while (found != m_listeners.end() &&
           (c.size() < 2 || found->name != c[1])) {
        ++found;
    }
    if (c[0] == "listener" && c.size() >= 3) {
        uint64_t priority = 0;
        Space *as = space(c[2]);
        if (!as || found != m_listeners.end()) {
            return false;
        }
        for (size_t i = 3; i < c.size(); i++) {
            if (c[i] != "sync=global" && // nothing is logged here
                (c[i].compare(0, 5, "prio=") != 0 ||
                 !parse_number(c[i].substr(5), &priority))) {
                return false;
            }
        }
        Listener listener{c[1], as, static_cast<int>(priority)};
        auto at = m_listeners.begin();
        while (at != m_listeners.end() && at->priority <= listener.priority) {
            ++at;
        }
        m_listeners.insert(at, listener);
        out += "ln " + c[1] + " begin\n";
        for (const Range &range : *as->view) {
            tell(listener, "add", range);
        }
        out += "ln " + c[1] + " commit\n";
        return true;
    }
    if (c[0] == "unlisten" && found != m_listeners.end()) {
        out += "ln " + c[1] + " begin\n";
        for (const Range &range : *found->space->view) {
            tell(*found, "del", range);
        }
        out += "ln " + c[1] + " commit\n";
        m_listeners.erase(found);
        return true;
    }
    return false;
}

} // namespace oracle
