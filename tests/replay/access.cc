// Accesses and look-ups.
#include <algorithm>

#include "tests/replay/session.h"

namespace replaying
{

namespace
{

std::string value_line(MemTxResult result, uint64_t value)
{
    return "= " + result_text(result) + " " + hex(value);
}

std::string result_line(MemTxResult result)
{
    return "= " + result_text(result);
}

uint64_t load_of(AddressSpace *as, hwaddr addr, unsigned log2,
                 const std::string &order, MemTxAttrs at, MemTxResult *r)
{
    bool le = order == "le", be = order == "be";
    switch (log2) {
    case 0: return address_space_ldub(as, addr, at, r);
    case 1:
        return le   ? address_space_lduw_le(as, addr, at, r)
               : be ? address_space_lduw_be(as, addr, at, r)
                    : address_space_lduw(as, addr, at, r);
    case 2:
        return le   ? address_space_ldl_le(as, addr, at, r)
               : be ? address_space_ldl_be(as, addr, at, r)
                    : address_space_ldl(as, addr, at, r);
    default:
        return le   ? address_space_ldq_le(as, addr, at, r)
               : be ? address_space_ldq_be(as, addr, at, r)
                    : address_space_ldq(as, addr, at, r);
    }
}

void store_of(AddressSpace *as, hwaddr addr, unsigned log2,
              const std::string &order, uint64_t value, MemTxAttrs at,
              MemTxResult *r)
{
    bool le = order == "le", be = order == "be";
    auto v16 = static_cast<uint16_t>(value);
    auto v32 = static_cast<uint32_t>(value);
    switch (log2) {
    case 0:
        address_space_stb(as, addr, static_cast<uint8_t>(value), at, r);
        break;
    case 1:
        (le   ? address_space_stw_le
         : be ? address_space_stw_be
              : address_space_stw)(as, addr, v16, at, r);
        break;
    case 2:
        (le   ? address_space_stl_le
         : be ? address_space_stl_be
              : address_space_stl)(as, addr, v32, at, r);
        break;
    default:
        (le   ? address_space_stq_le
         : be ? address_space_stq_be
              : address_space_stq)(as, addr, value, at, r);
    }
}

const char *kind_of(const MemoryRegion *mr)
{
    return mr->ram_device                ? "ramdev"
           : mr->rom_device              ? mr->romd_mode ? "romd" : "romio"
           : mr->ram                     ? mr->readonly ? "rom" : "ram"
           : mr->is_iommu                ? "iommu"
           : mr->ops == &memory_none_ops ? "null"
                                         : "io";
}

} // namespace

// -- bytes

void Session::read(const Words &w)
{
    Bytes bytes(transfer_length(w[3]));
    MemTxResult result =
        address_space_rw(space(w[1]), number(w[2]), attrs_of(w, 4),
                         bytes.data(), bytes.size(), false);
    print(result_line(result) + " " + to_hex(bytes));
}

void Session::write(const Words &w)
{
    const Bytes bytes = transfer_bytes(w[3]);
    print(result_line(address_space_write(space(w[1]), number(w[2]),
                                          attrs_of(w, 4), bytes.data(),
                                          bytes.size())));
}

void Session::fill(const Words &w)
{
    uint64_t byte = number(w[4]);
    if (byte > UINT8_MAX) {
        throw ScriptError("byte " + w[4] + "; at most 0xff");
    }
    print(result_line(
        address_space_set(space(w[1]), number(w[2]), static_cast<uint8_t>(byte),
                          transfer_length(w[3]), attrs_of(w, 5))));
}

void Session::write_rom(const Words &w)
{
    const Bytes bytes = transfer_bytes(w[3]);
    print(result_line(address_space_write_rom(space(w[1]), number(w[2]),
                                              attrs_of(w, 4), bytes.data(),
                                              bytes.size())));
}

// -- sized

void Session::load(const Words &w)
{
    MemOp op = op_of(w[3], w[4]);
    MemTxResult result;
    uint64_t value = load_of(space(w[1]), number(w[2]), op & MO_SIZE, w[4],
                             attrs_of(w, 5), &result);
    print(value_line(result, value));
}

void Session::store(const Words &w)
{
    MemOp op = op_of(w[3], w[4]);
    MemTxResult result;
    store_of(space(w[1]), number(w[2]), op & MO_SIZE, w[4], number(w[5]),
             attrs_of(w, 6), &result);
    print(result_line(result));
}

void Session::dispatch_read(const Words &w)
{
    uint64_t value;
    MemTxResult result =
        memory_region_dispatch_read(region(w[1])->mr, number(w[2]), &value,
                                    op_of(w[3], w[4]), attrs_of(w, 5));
    print(value_line(result, value));
}

void Session::dispatch_write(const Words &w)
{
    print(result_line(memory_region_dispatch_write(
        region(w[1])->mr, number(w[2]), number(w[5]), op_of(w[3], w[4]),
        attrs_of(w, 6))));
}

// -- memory behind the API's back

uint8_t *Session::ram_at(const Words &w, uint64_t len) const
{
    MemoryRegion *mr = region(w[1])->mr;
    hwaddr offset = number(w[2]);
    for (; mr->alias; mr = mr->alias) {
        offset += mr->alias_offset;
    }
    uint64_t size = mr->ram_block ? mr->ram_block->size : 0;
    if (offset > size || len > size - offset) {
        throw ScriptError("`" + w[1] + "` has no memory there; it has " +
                          hex(size) + " bytes");
    }
    return static_cast<uint8_t *>(memory_region_get_ram_ptr(mr)) + offset;
}

void Session::poke(const Words &w)
{
    const Bytes bytes = transfer_bytes(w[3]);
    std::copy(bytes.begin(), bytes.end(), ram_at(w, bytes.size()));
}

void Session::peek(const Words &w)
{
    uint64_t len = transfer_length(w[3]);
    const uint8_t *at = ram_at(w, len);
    print("= " + to_hex(Bytes(at, at + len)));
}

// -- asking

void Session::valid(const Words &w)
{
    print(text("= %d", address_space_access_valid(
                           space(w[1]), number(w[2]), transfer_length(w[3]),
                           is_write(w[4]), attrs_of(w, 5))));
}

void Session::translate(const Words &w)
{
    hwaddr offset, len = number(w[3]);
    const MemoryRegion *mr =
        address_space_translate(space(w[1]), number(w[2]), &offset, &len,
                                is_write(w[4]), attrs_of(w, 5));
    print(std::string("= mr=") + memory_region_name(mr) +
          " off=" + hex(offset) + " len=" + hex(len));
}

void Session::iotlb(const Words &w)
{
    IOMMUTLBEntry e = address_space_get_iotlb_entry(
        space(w[1]), number(w[2]), is_write(w[3]), attrs_of(w, 4));
    if (e.perm == IOMMU_NONE) {
        print("= none");
        return;
    }
    print("= as=" + space_name(e.target_as) + " iova=" + hex(e.iova) +
          " to=" + hex(e.translated_addr) + " mask=" + hex(e.addr_mask) +
          " perm=" + perm_text(e.perm));
}

void Session::on(const Words &w)
{
    const Region *r = region(w[1]);
    const Words hook(w.begin() + 4, w.end());
    if (!r->device) {
        throw ScriptError("`" + w[1] + "` has no device; an io or romd region");
    }
    command(hook);
    if (hook[0] == "on") {
        throw ScriptError("a hook that makes hooks; make them all beforehand");
    }
    r->device->add_hook({is_write(w[2]), number(w[3]), hook});
}

void Session::flat(const Words &w)
{
    const FlatView *fv = address_space_to_flatview(space(w[1]));
    print("= view");
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange &r = fv->range[i];
        print("  addr=" + hex(int128_get64(r.start)) +
              " size=" + size_text(r.size) + " mr=" + memory_region_name(r.mr) +
              " off=" + hex(r.offset) + " kind=" + kind_of(r.mr) +
              text(" ro=%d nv=%d log=%d", r.readonly, r.nonvolatile,
                   r.dirty_log_mask));
    }
}

void Session::find(const Words &w)
{
    MemoryRegionSection s =
        memory_region_find(region(w[1])->mr, number(w[2]), number(w[3]));
    if (!s.mr) {
        print("= none");
        return;
    }
    print(std::string("= mr=") + memory_region_name(s.mr) +
          " off=" + hex(s.offset_within_region) + " addr=" +
          hex(s.offset_within_address_space) + " size=" + size_text(s.size) +
          text(" ro=%d nv=%d", s.readonly, s.nonvolatile));
    memory_region_unref(s.mr);
}

void Session::present(const Words &w)
{
    print(text("= %d", memory_region_present(region(w[1])->mr, number(w[2]))));
}

void Session::mapped(const Words &w)
{
    print(text("= %d", memory_region_is_mapped(region(w[1])->mr)));
}

void Session::info(const Words &w)
{
    MemoryRegion *mr = region(w[1])->mr;
    print("= size=" + hex(memory_region_size(mr)) + " addr=" + hex(mr->addr) +
          text(" prio=%d enabled=%d ram=%d rom=%d ramdev=%d romd=%d iommu=%d "
               "ro=%d nv=%d mapped=%d log=%d",
               mr->priority, mr->enabled, memory_region_is_ram(mr),
               memory_region_is_rom(mr), memory_region_is_ram_device(mr),
               memory_region_is_romd(mr), memory_region_is_iommu(mr),
               mr->readonly, memory_region_is_nonvolatile(mr),
               memory_region_is_mapped(mr),
               memory_region_get_dirty_log_mask(mr)));
}

} // namespace replaying
