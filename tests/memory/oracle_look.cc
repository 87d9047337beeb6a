// oracle_look.cc - the model's look-ups: what is where, without an access.
#include <algorithm>

#include "tests/memory/oracle_model.h"

namespace oracle
{

static const char *kind_text(const Region *mr)
{
    switch (mr->kind) {
    case Kind::ram:
    case Kind::rom: return mr->readonly ? "rom" : "ram";
    case Kind::ramdev: return "ramdev";
    case Kind::romd: return mr->romd ? "romd" : "romio";
    case Kind::io: return "io";
    default: return "null";
    }
}

static std::string flags_text(const Paint &paint)
{
    return std::string(" ro=") + (paint.readonly ? "1" : "0") +
           " nv=" + (paint.nonvolatile ? "1" : "0");
}

void Model::look_flat(const Space &space)
{
    out += "= view\n";
    for (const Range &r : *space.view) {
        out += "  addr=" + hex(static_cast<uint64_t>(r.start)) +
               " size=" + size_text(r.size) + " mr=" + r.paint.mr->name +
               " off=" + hex(r.paint.offset) +
               " kind=" + kind_text(r.paint.mr) + flags_text(r.paint) +
               " log=0\n";
    }
}

bool Model::find(Region *mr, uint64_t addr, uint64_t size, Range *found)
{
    addr += mr->addr;
    while (mr->container) {
        mr = mr->container;
        addr += mr->addr;
    }
    for (const Space &space : m_spaces) {
        if (space.root != mr) {
            continue;
        }
        Int128 first = addr, end = first + size;
        for (const Range &r : *space.view) {
            Int128 low = std::max(first, r.start);
            Int128 high = std::min(end, r.start + r.size);
            if (low < high) {
                *found = {low, high - low, r.paint};
                found->paint.offset += static_cast<uint64_t>(low - r.start);
                return true;
            }
        }
        return false;
    }
    return false;
}

void Model::look_info(Region *mr)
{
    struct {
        const char *name;
        bool yes;
    } const facts[] = {
        {"enabled", mr->enabled},
        {"ram", mr->is_ram_kind()},
        {"rom", mr->is_ram_kind() && mr->readonly},
        {"ramdev", mr->kind == Kind::ramdev},
        {"romd", mr->kind == Kind::romd && mr->romd},
        {"iommu", false},
        {"ro", mr->readonly},
        {"nv", mr->nonvolatile},
        {"mapped", mr->container || mr->mapped_via_alias},
        {"log", false},
    };
    out += "= size=" + hex(api_size(mr->size)) + " addr=" + hex(mr->addr) +
           " prio=" + std::to_string(mr->priority);
    for (const auto &fact : facts) {
        out += std::string(" ") + fact.name + (fact.yes ? "=1" : "=0");
    }
    out += "\n";
}

bool Model::look_command(const Command &c)
{
    if (c[0] == "flat" && c.size() == 2) {
        Space *as = space(c[1]);
        if (as) {
            look_flat(*as);
        }
        return as;
    }
    Region *mr = c.size() > 1 ? region(c[1]) : nullptr;
    uint64_t addr = 0, size = 0;
    if (!mr) {
        return false;
    }
    if (c[0] == "mapped") {
        out += mr->container || mr->mapped_via_alias ? "= 1\n" : "= 0\n";
        return true;
    }
    if (c[0] == "info") {
        look_info(mr);
        return true;
    }
    if (c.size() < 3 || !parse_number(c[2], &addr)) {
        return false;
    }
    Range found{};
    if (c[0] == "present" && c.size() == 3) {
        bool there = find(mr, addr, 1, &found) && found.paint.mr != mr;
        out += there ? "= 1\n" : "= 0\n";
        return true;
    }
    if (c[0] == "find" && c.size() == 4 && parse_number(c[3], &size)) {
        if (find(mr, addr, size, &found)) {
            out += "= mr=" + found.paint.mr->name +
                   " off=" + hex(found.paint.offset) +
                   " addr=" + hex(static_cast<uint64_t>(found.start)) +
                   " size=" + size_text(found.size) + flags_text(found.paint) +
                   "\n";
        } else {
            out += "= none\n";
        }
        return true;
    }
    // host pointers
    std::vector<uint8_t> bytes;
    bool peeks = c[0] == "peek" && c.size() == 4 && parse_number(c[3], &size);
    bool pokes = c[0] == "poke" && c.size() == 4 && parse_bytes(c[3], &bytes);
    if (pokes) {
        size = bytes.size();
    }
    while (mr->kind == Kind::alias) {
        addr += mr->target_offset;
        mr = mr->target;
    }
    if ((!peeks && !pokes) || addr > mr->memory.size() ||
        size > mr->memory.size() - addr) {
        return false;
    }
    for (uint64_t i = 0; i < size; i++) {
        uint8_t *host = &mr->memory[addr + i];
        if (pokes) {
            *host = bytes[i];
        } else {
            bytes.push_back(*host);
        }
    }
    out += peeks ? "= " + bytes_text(bytes) + "\n" : "";
    return true;
}

} // namespace oracle
