// oracle_real_access.cc - commands as calls of the real API: look-ups and
// accesses.
#include <cstring>

#include "tests/memory/oracle_real.h"

namespace oracle
{

MemOp Real::order(const std::string &word) const
{
    return word == "be" || (word == "ne" && m_big) ? MO_BE : MO_LE;
}

static std::string region_text(MemoryRegion *mr, uint64_t offset)
{
    return std::string("= mr=") + memory_region_name(mr) +
           " off=" + hex(offset);
}

static std::string info_text(MemoryRegion *mr)
{
    struct {
        const char *name;
        bool yes;
    } const facts[] = {
        {"enabled", mr->enabled},
        {"ram", memory_region_is_ram(mr)},
        {"rom", memory_region_is_rom(mr)},
        {"ramdev", memory_region_is_ram_device(mr)},
        {"romd", memory_region_is_romd(mr)},
        {"iommu", memory_region_get_iommu(mr) != nullptr},
        {"ro", mr->readonly},
        {"nv", memory_region_is_nonvolatile(mr)},
        {"mapped", memory_region_is_mapped(mr)},
    };
    std::string text = "= size=" + hex(memory_region_size(mr)) +
                       " addr=" + hex(mr->addr) +
                       " prio=" + std::to_string(mr->priority);
    for (const auto &fact : facts) {
        text += std::string(" ") + fact.name + (fact.yes ? "=1" : "=0");
    }
    return text +
           " log=" + std::to_string(memory_region_get_dirty_log_mask(mr)) +
           "\n";
}

bool Real::look_command(const Command &c)
{
    if (c[0] == "flat") {
        flat(&m_spaces[c[1]]->as);
        return true;
    }
    if (c.size() < 2 || !m_regions.count(c[1])) {
        return false;
    }
    MemoryRegion *mr = &m_regions[c[1]]->mr;
    uint64_t addr = 0, size = 0;
    if (c.size() > 2) {
        parse_number(c[2], &addr);
    }
    if (c.size() > 3) {
        parse_number(c[3], &size);
    }
    std::vector<uint8_t> bytes;
    if (c[0] == "mapped") {
        out += memory_region_is_mapped(mr) ? "= 1\n" : "= 0\n";
    } else if (c[0] == "info") {
        out += info_text(mr);
    } else if (c[0] == "present") {
        out += memory_region_present(mr, addr) ? "= 1\n" : "= 0\n";
    } else if (c[0] == "find") {
        MemoryRegionSection s = memory_region_find(mr, addr, size);
        if (!s.mr) {
            out += s.size == 0 ? "= none\n" : "= none with a size\n";
            return true;
        }
        out += region_text(s.mr, s.offset_within_region) +
               " addr=" + hex(s.offset_within_address_space) +
               " size=" + size_text(s.size) + (s.readonly ? " ro=1" : " ro=0") +
               (s.nonvolatile ? " nv=1\n" : " nv=0\n");
        memory_region_unref(s.mr);
    } else if (c[0] == "peek" || c[0] == "poke") {
        auto *host =
            static_cast<uint8_t *>(memory_region_get_ram_ptr(mr)) + addr;
        if (c[0] == "poke") {
            parse_bytes(c[3], &bytes);
            memcpy(host, bytes.data(), bytes.size());
        } else {
            bytes.assign(host, host + size);
            out += "= " + bytes_text(bytes) + "\n";
        }
    } else {
        return false;
    }
    return true;
}

void Real::load(const Command &c, MemTxAttrs attrs)
{
    AddressSpace *as = &m_spaces[c[1]]->as;
    uint64_t addr = 0, value = 0;
    parse_number(c[2], &addr);
    MemTxResult res = MEMTX_OK;
    char size = c[3][0], kind = c[4][0];
    if (size == '1') {
        value = address_space_ldub(as, addr, attrs, &res);
    } else if (size == '2') {
        auto *f = kind == 'l'   ? address_space_lduw_le
                  : kind == 'b' ? address_space_lduw_be
                                : address_space_lduw;
        value = f(as, addr, attrs, &res);
    } else if (size == '4') {
        auto *f = kind == 'l'   ? address_space_ldl_le
                  : kind == 'b' ? address_space_ldl_be
                                : address_space_ldl;
        value = f(as, addr, attrs, &res);
    } else {
        auto *f = kind == 'l'   ? address_space_ldq_le
                  : kind == 'b' ? address_space_ldq_be
                                : address_space_ldq;
        value = f(as, addr, attrs, &res);
    }
    out += "= " + result_text(res) + " " + hex(value) + "\n";
}

void Real::store(const Command &c, MemTxAttrs attrs)
{
    AddressSpace *as = &m_spaces[c[1]]->as;
    uint64_t addr = 0, value = 0;
    parse_number(c[2], &addr);
    parse_number(c[5], &value);
    MemTxResult res = MEMTX_OK;
    char size = c[3][0], kind = c[4][0];
    if (size == '1') {
        address_space_stb(as, addr, static_cast<uint8_t>(value), attrs, &res);
    } else if (size == '2') {
        auto *f = kind == 'l'   ? address_space_stw_le
                  : kind == 'b' ? address_space_stw_be
                                : address_space_stw;
        f(as, addr, static_cast<uint16_t>(value), attrs, &res);
    } else if (size == '4') {
        auto *f = kind == 'l'   ? address_space_stl_le
                  : kind == 'b' ? address_space_stl_be
                                : address_space_stl;
        f(as, addr, static_cast<uint32_t>(value), attrs, &res);
    } else {
        auto *f = kind == 'l'   ? address_space_stq_le
                  : kind == 'b' ? address_space_stq_be
                                : address_space_stq;
        f(as, addr, value, attrs, &res);
    }
    out += "= " + result_text(res) + "\n";
}

static MemOp sized_op(uint64_t size, MemOp order)
{
    MemOp log = size == 1   ? MO_8
                : size == 2 ? MO_16
                : size == 4 ? MO_32
                            : MO_64;
    return static_cast<MemOp>(log | order);
}

bool Real::access_command(const Command &c)
{
    uint64_t addr = 0, len = 0, value = 0;
    MemTxAttrs attrs;
    std::vector<uint8_t> bytes;
    parse_number(c[2], &addr);
    parse_number(c[3], &len);
    if (c[0] == "mrr" || c[0] == "mrw") {
        MemoryRegion *mr = &m_regions[c[1]]->mr;
        MemOp op = sized_op(len, order(c[4]));
        parse_attrs(c, c[0] == "mrr" ? 5 : 6, &attrs);
        if (c[0] == "mrr") {
            value = 0x5555555555555555; // what the call leaves is not this
            MemTxResult res =
                memory_region_dispatch_read(mr, addr, &value, op, attrs);
            out += "= " + result_text(res) + " " + hex(value) + "\n";
        } else {
            parse_number(c[5], &value);
            out += "= " +
                   result_text(memory_region_dispatch_write(mr, addr, value, op,
                                                            attrs)) +
                   "\n";
        }
        return true;
    }
    AddressSpace *as = &m_spaces[c[1]]->as;
    if (c[0] == "r") {
        parse_attrs(c, 4, &attrs);
        bytes.assign(len, 0x55);
        MemTxResult res =
            address_space_rw(as, addr, attrs, bytes.data(), len, false);
        out += "= " + result_text(res) + " " + bytes_text(bytes) + "\n";
    } else if (c[0] == "w" || c[0] == "wrom") {
        parse_attrs(c, 4, &attrs);
        parse_bytes(c[3], &bytes);
        MemTxResult res =
            c[0] == "w" ? address_space_rw(as, addr, attrs, bytes.data(),
                                           bytes.size(), true)
                        : address_space_write_rom(as, addr, attrs, bytes.data(),
                                                  bytes.size());
        out += "= " + result_text(res) + "\n";
    } else if (c[0] == "fill") {
        parse_attrs(c, 5, &attrs);
        parse_number(c[4], &value);
        out += "= " +
               result_text(address_space_set(
                   as, addr, static_cast<uint8_t>(value), len, attrs)) +
               "\n";
    } else if (c[0] == "ld") {
        parse_attrs(c, 5, &attrs);
        load(c, attrs);
    } else if (c[0] == "st") {
        parse_attrs(c, 6, &attrs);
        store(c, attrs);
    } else if (c[0] == "valid") {
        parse_attrs(c, 5, &attrs);
        bool yes =
            address_space_access_valid(as, addr, len, c[4] == "w", attrs);
        out += yes ? "= 1\n" : "= 0\n";
    } else if (c[0] == "xlat") {
        parse_attrs(c, 5, &attrs);
        hwaddr offset = 0, left = len;
        MemoryRegion *mr = address_space_translate(as, addr, &offset, &left,
                                                   c[4] == "w", attrs);
        if (mr == &m_world->unassigned) {
            out += "= mr=unassigned off=" + hex(offset);
        } else {
            out += region_text(mr, offset);
        }
        out += " len=" + hex(left) + "\n";
    } else {
        return false;
    }
    return true;
}

} // namespace oracle
