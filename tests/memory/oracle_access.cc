// oracle_access.cc - the model's accesses: byte strings, sized loads and
// stores, and what a device gets to see of them.
#include <algorithm>

#include "tests/memory/oracle_model.h"

namespace oracle
{

enum {
    PAGE = 4096,
    MOST_BYTES = 1 << 20, // of one access
};

static uint64_t cut(uint64_t value, unsigned size)
{
    uint64_t kept = 0;
    for (unsigned i = 0; i < size; i++) {
        kept |= value & UINT64_C(0xff) << 8 * i;
    }
    return kept;
}

static uint64_t swapped(uint64_t value, unsigned size)
{
    if (size == 1) {
        return value; // whole
    }
    uint64_t other = 0;
    for (unsigned i = 0; i < size; i++) {
        other |= (value >> 8 * i & 0xff) << 8 * (size - 1 - i);
    }
    return other;
}

bool Model::is_big(const std::string &order) const
{
    return order == "be" || (order == "ne" && m_big);
}

static const Range *range_at(const View &view, uint64_t addr)
{
    for (const Range &r : view) {
        if (addr >= r.start && addr < r.start + r.size) {
            return &r;
        }
    }
    return nullptr;
}

Model::Place Model::translate(const View &view, uint64_t addr, uint64_t len)
{
    const Range *r = range_at(view, addr);
    if (!r) {
        return {nullptr, addr, len};
    }
    Place place{r->paint.mr, r->paint.offset, len};
    place.offset += static_cast<uint64_t>(addr - r->start);
    if (r->paint.mr->is_ram_kind()) {
        Int128 end = r->start + r->size;
        Int128 first_border = (r->start + PAGE - 1) / PAGE * PAGE;
        Int128 last_border = end / PAGE * PAGE;
        Int128 stop = end;
        if (addr < last_border) {
            stop = last_border;
        }
        if (addr < first_border && first_border < stop) {
            stop = first_border;
        }
        if (stop - addr < len) {
            place.len = static_cast<uint64_t>(stop - addr);
        }
    }
    return place;
}

// How much one dispatched piece of a byte string may be.
unsigned Model::piece_size(const Region *mr, uint64_t len, uint64_t offset)
{
    uint64_t most = 4;
    bool unaligned = false;
    if (mr && mr->device) {
        most = mr->device->config().vmax ? mr->device->config().vmax : 4;
        unaligned = mr->device->config().iunal;
    } else if (mr && mr->kind == Kind::ramdev) {
        most = 8;
        unaligned = true;
    }
    unsigned size = 1;
    while (size * 2 <= most && size * 2 <= len &&
           (unaligned || offset % (size * 2) == 0)) {
        size *= 2;
    }
    return size;
}

bool Model::valid(Region *mr, uint64_t offset, unsigned size, bool is_write,
                  MemTxAttrs attrs)
{
    if (mr && mr->kind == Kind::ramdev) {
        return true;
    }
    if (!mr || !mr->device) {
        return false;
    }
    const DeviceConfig &config = mr->device->config();
    if (config.has_accepts &&
        !mr->device->accepts(offset, size, is_write, attrs)) {
        return false;
    }
    if (!config.vunal && offset % size != 0) {
        return false;
    }
    return config.vmax == 0 || (size <= config.vmax && size >= config.vmin);
}

MemTxResult Model::dispatch(Region *mr, uint64_t offset, unsigned size,
                            bool is_write, bool big, MemTxAttrs attrs,
                            uint64_t *value)
{
    while (mr && mr->kind == Kind::alias) {
        offset += mr->target_offset;
        mr = mr->target;
    }
    if (!valid(mr, offset, size, is_write, attrs)) {
        *value = is_write ? *value : 0;
        return MEMTX_DECODE_ERROR;
    }
    if (mr->kind == Kind::ramdev) {
        for (unsigned i = 0; i < size; i++) {
            unsigned lane = 8 * (big ? size - 1 - i : i);
            if (is_write) {
                mr->memory[offset + i] = static_cast<uint8_t>(*value >> lane);
            } else {
                *value = i ? *value : 0;
                *value |= static_cast<uint64_t>(mr->memory[offset + i]) << lane;
            }
        }
        return MEMTX_OK;
    }
    Device &device = *mr->device;
    uint64_t whole = is_write ? *value : 0;
    bool swaps = big != device.big();
    if (is_write && swaps) {
        whole = swapped(whole, size);
    }
    unsigned low = device.config().imin ? device.config().imin : 1;
    unsigned high = device.config().imax ? device.config().imax : 4;
    unsigned step = std::max(std::min(size, high), low);
    MemTxResult result = MEMTX_OK;
    for (unsigned i = 0; i < size; i += step) {
        int shift = static_cast<int>(8 * i);
        if (device.big()) {
            shift = 8 * (static_cast<int>(size) - static_cast<int>(step) -
                         static_cast<int>(i));
        }
        if (is_write) {
            uint64_t piece = shift < 0 ? whole << -shift : whole >> shift;
            result |= device.write(offset + i, step, attrs, cut(piece, step));
        } else {
            uint64_t piece = 0;
            result |= device.read(offset + i, step, attrs, &piece);
            piece = cut(piece, step);
            whole |= shift < 0 ? piece >> -shift : piece << shift;
        }
    }
    if (!is_write) {
        *value = swaps ? swapped(whole, size) : whole;
    }
    return result;
}

MemTxResult Model::transfer(const View &view, uint64_t addr, MemTxAttrs attrs,
                            uint8_t *bytes, uint64_t len, bool is_write)
{
    MemTxResult result = MEMTX_OK;
    while (len > 0) {
        Place place = translate(view, addr, len);
        uint64_t l = place.len;
        if (place.mr && place.mr->is_direct(is_write)) {
            for (uint64_t i = 0; i < l; i++) {
                uint8_t &host = place.mr->memory[place.offset + i];
                (is_write ? host : bytes[i]) = is_write ? bytes[i] : host;
            }
        } else {
            l = piece_size(place.mr, l, place.offset);
            uint64_t value = 0;
            for (unsigned i = 0; is_write && i < l; i++) {
                value |= static_cast<uint64_t>(bytes[i]) << 8 * i;
            }
            result |= dispatch(place.mr, place.offset, static_cast<unsigned>(l),
                               is_write, false, attrs, &value);
            for (unsigned i = 0; !is_write && i < l; i++) {
                bytes[i] = static_cast<uint8_t>(value >> 8 * i);
            }
        }
        addr += l;
        bytes += l;
        len -= l;
    }
    return result;
}

MemTxResult Model::write_rom(const View &view, uint64_t addr,
                             const std::vector<uint8_t> &bytes)
{
    for (size_t done = 0; done < bytes.size();) {
        Place place = translate(view, addr + done, bytes.size() - done);
        if (place.mr &&
            (place.mr->is_ram_kind() || place.mr->is_direct(false))) {
            for (uint64_t i = 0; i < place.len; i++) {
                place.mr->memory[place.offset + i] = bytes[done + i];
            }
            done += place.len;
        } else {
            done += piece_size(place.mr, place.len, place.offset);
        }
    }
    return MEMTX_OK;
}

bool Model::access_valid(const View &view, uint64_t addr, uint64_t len,
                         bool is_write, MemTxAttrs attrs)
{
    while (len > 0) {
        Place place = translate(view, addr, len);
        uint64_t l = place.len;
        if (!place.mr || !place.mr->is_direct(is_write)) {
            l = piece_size(place.mr, l, addr);
            if (!valid(place.mr, place.offset, static_cast<unsigned>(l),
                       is_write, attrs)) {
                return false;
            }
        }
        addr += l;
        len -= l;
    }
    return true;
}

MemTxResult Model::sized(const View &view, uint64_t addr, unsigned size,
                         bool is_write, bool big, MemTxAttrs attrs,
                         uint64_t *value)
{
    Place place = translate(view, addr, size);
    if (place.len < size || !place.mr || !place.mr->is_direct(is_write)) {
        return dispatch(place.mr, place.offset, size, is_write, big, attrs,
                        value);
    }
    *value = is_write ? *value : 0;
    for (unsigned i = 0; i < size; i++) {
        unsigned lane = 8 * (big ? size - 1 - i : i);
        uint8_t &host = place.mr->memory[place.offset + i];
        if (!is_write) {
            *value |= static_cast<uint64_t>(host) << lane;
        } else if (m_flaw != Flaw::store_is_lost || size != 2) {
            host = static_cast<uint8_t>(*value >> lane);
        }
    }
    return MEMTX_OK;
}

// Left open by the rules, so in no script: reads that go on behind the end of a
// ROM device's range, and sized accesses behind the end of a RAM device.
// `calls`: a write, which a ROM device answers by callbacks.
static bool undefined(const View &view, uint64_t addr, uint64_t len, bool sized,
                      bool calls)
{
    for (uint64_t i = 0; i < len; i += sized ? len : 1) {
        const Range *r = range_at(view, addr + i);
        if (!r) {
            continue;
        }
        const Region *mr = r->paint.mr;
        uint64_t inside = addr + i - static_cast<uint64_t>(r->start);
        uint64_t offset = r->paint.offset + inside;
        if (!calls && mr->kind == Kind::romd && mr->romd &&
            len - i > r->size - inside) {
            return true;
        }
        if (sized && mr->kind == Kind::ramdev &&
            offset + len > mr->memory.size()) {
            return true;
        }
    }
    return false;
}

static bool access_size_of(const std::string &word, uint64_t *size)
{
    return parse_number(word, size) &&
           (*size == 1 || *size == 2 || *size == 4 || *size == 8);
}

static bool is_order(const std::string &word)
{
    return word == "le" || word == "be" || word == "ne";
}

bool Model::access_command(const Command &c)
{
    static const std::map<std::string, size_t> words = {
        {"r", 4},  {"w", 4},  {"fill", 5},  {"wrom", 4},
        {"ld", 5}, {"st", 6}, {"valid", 5}, {"xlat", 5},
    };
    auto form = words.find(c[0]);
    Space *as = c.size() > 2 ? space(c[1]) : nullptr;
    uint64_t addr = 0, len = 0, value = 0;
    MemTxAttrs attrs;
    std::vector<uint8_t> bytes;
    if (form == words.end() || !as || c.size() < form->second ||
        !parse_number(c[2], &addr) || !parse_attrs(c, form->second, &attrs)) {
        return false;
    }
    ViewRef held = as->view; // to the end, whatever a hook does
    const View &view = *held;
    if (c[0] == "w" || c[0] == "wrom") {
        if (!parse_bytes(c[3], &bytes)) {
            return false;
        }
        len = bytes.size();
    } else if (!parse_number(c[3], &len)) {
        return false;
    }
    if (len > MOST_BYTES && c[0] != "xlat") {
        return false;
    }
    bool sizes = c[0] == "ld" || c[0] == "st";
    if (sizes && (!access_size_of(c[3], &len) || !is_order(c[4]))) {
        return false;
    }
    bool calls = c[0] == "w" || c[0] == "fill" || c[0] == "st" ||
                 (c[0] == "valid" && c[4] == "w");
    if (c[0] != "xlat" && undefined(view, addr, len, sizes, calls)) {
        return false;
    }
    if (c[0] == "r") {
        bytes.resize(len);
        MemTxResult res = transfer(view, addr, attrs, bytes.data(), len, false);
        out += "= " + result_text(res);
        out += (len ? " " + bytes_text(bytes) : " ") + "\n";
    } else if (c[0] == "w") {
        MemTxResult res = transfer(view, addr, attrs, bytes.data(), len, true);
        out += "= " + result_text(res) + "\n";
    } else if (c[0] == "fill") {
        MemTxResult res = MEMTX_OK;
        if (!parse_number(c[4], &value)) {
            return false;
        }
        bytes.assign(512, static_cast<uint8_t>(value));
        for (uint64_t done = 0; done < len; done += 512) {
            ViewRef now = as->view;
            res |= transfer(*now, addr + done, attrs, bytes.data(),
                            std::min<uint64_t>(512, len - done), true);
        }
        out += "= " + result_text(res) + "\n";
    } else if (c[0] == "wrom") {
        out += "= " + result_text(write_rom(view, addr, bytes)) + "\n";
    } else if (c[0] == "ld") {
        MemTxResult res = sized(view, addr, static_cast<unsigned>(len), false,
                                is_big(c[4]), attrs, &value);
        out += "= " + result_text(res) + " " +
               hex(cut(value, static_cast<unsigned>(len))) + "\n";
    } else if (c[0] == "st") {
        if (!parse_number(c[5], &value)) {
            return false;
        }
        unsigned size = static_cast<unsigned>(len);
        value = cut(value, size);
        out += "= " +
               result_text(
                   sized(view, addr, size, true, is_big(c[4]), attrs, &value)) +
               "\n";
    } else if (c[0] == "valid") {
        bool yes = access_valid(view, addr, len, c[4] == "w", attrs);
        out += yes ? "= 1\n" : "= 0\n";
    } else {
        Place place = translate(view, addr, len);
        out += "= mr=" + (place.mr ? place.mr->name : "unassigned") +
               " off=" + hex(place.offset) + " len=" + hex(place.len) + "\n";
    }
    return true;
}

// mrr, mrw: one region by offset
bool Model::region_access_command(const Command &c)
{
    bool is_write = c[0] == "mrw";
    size_t words = is_write ? 6 : 5;
    Region *mr = c.size() >= words ? region(c[1]) : nullptr;
    uint64_t offset = 0, size = 0, value = 0;
    MemTxAttrs attrs;
    if ((!is_write && c[0] != "mrr") || !mr || !parse_number(c[2], &offset) ||
        !access_size_of(c[3], &size) || !is_order(c[4]) ||
        (is_write && !parse_number(c[5], &value)) ||
        !parse_attrs(c, words, &attrs)) {
        return false;
    }
    uint64_t at = offset;
    const Region *last = mr;
    for (; last->kind == Kind::alias; last = last->target) {
        at += last->target_offset;
    }
    if (last->kind == Kind::ramdev &&
        (at > last->memory.size() || size > last->memory.size() - at)) {
        return false;
    }
    MemTxResult res = dispatch(mr, offset, static_cast<unsigned>(size),
                               is_write, is_big(c[4]), attrs, &value);
    out += "= " + result_text(res) + (is_write ? "" : " " + hex(value)) + "\n";
    return true;
}

} // namespace oracle
