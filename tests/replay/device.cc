// The test device of the script language: values by formula, errors and
// commands on demand.
#include "tests/replay/session.h"

namespace replaying
{

namespace
{

uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 31;
}

Device *device_of(void *opaque)
{
    return static_cast<Device *>(opaque);
}

MemTxResult read_attrs(void *opaque, hwaddr offset, uint64_t *value,
                       unsigned size, MemTxAttrs attrs)
{
    return device_of(opaque)->read(offset, value, size, attrs);
}

MemTxResult write_attrs(void *opaque, hwaddr offset, uint64_t value,
                        unsigned size, MemTxAttrs attrs)
{
    return device_of(opaque)->write(offset, value, size, attrs);
}

uint64_t read_plain(void *opaque, hwaddr offset, unsigned size)
{
    uint64_t value;
    read_attrs(opaque, offset, &value, size, MemTxAttrs{});
    return value;
}

void write_plain(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    write_attrs(opaque, offset, value, size, MemTxAttrs{});
}

bool accepts_call(void *opaque, hwaddr offset, unsigned size, bool is_write,
                  MemTxAttrs attrs)
{
    return device_of(opaque)->accept(offset, size, is_write, attrs);
}

unsigned access_bytes(const std::string &word)
{
    uint64_t value = number(word);
    if (value > 64) {
        throw ScriptError("access size " + word + "; at most 64 bytes");
    }
    return static_cast<unsigned>(value);
}

} // namespace

bool Device::big() const
{
    return ops.endianness == DEVICE_BIG_ENDIAN ||
           (ops.endianness == DEVICE_NATIVE_ENDIAN &&
            memory_world_current()->target_big_endian);
}

void Device::set(const std::string &key, const std::string &value)
{
    if (key == "endian") {
        ops.endianness = value == "big"      ? DEVICE_BIG_ENDIAN
                         : value == "little" ? DEVICE_LITTLE_ENDIAN
                                             : DEVICE_NATIVE_ENDIAN;
    } else if (key == "seed") {
        seed = number(value);
    } else if (key == "data") {
        data = value;
    } else if (key == "api") {
        with_attrs = value == "attrs";
    } else if (key == "vmin") {
        ops.valid.min_access_size = access_bytes(value);
    } else if (key == "vmax") {
        ops.valid.max_access_size = access_bytes(value);
    } else if (key == "vunal") {
        ops.valid.unaligned = number(value) != 0;
    } else if (key == "imin") {
        ops.impl.min_access_size = access_bytes(value);
    } else if (key == "imax") {
        ops.impl.max_access_size = access_bytes(value);
    } else if (key == "iunal") {
        ops.impl.unaligned = number(value) != 0;
    } else if (key == "accepts") {
        accepts = split(value, ',');
        ops.valid.accepts = accepts_call;
        check_accepts();
    } else if (key == "err") {
        for (const std::string &item : split(value, ',')) {
            std::vector<std::string> part = split(item, ':');
            if (part.size() < 2) {
                throw ScriptError("err=" + value + "; OFFSET:CODE[:r|:w]");
            }
            failures.push_back({number(part[0]),
                                static_cast<MemTxResult>(number(part[1]) & 3),
                                part.size() > 2 ? part[2] : ""});
        }
    } else {
        throw ScriptError("device option `" + key + "`; see docs/replay.md");
    }
}

void Device::check_accepts() const
{
    for (const std::string &item : accepts) {
        bool with_number = item.compare(0, 6, "below:") == 0 ||
                           item.compare(0, 6, "sizes:") == 0;
        if (with_number) {
            number(item.substr(6));
        } else if (item != "noread" && item != "nowrite" && item != "secure" &&
                   item != "all") {
            throw ScriptError("accepts=" + item + "; see docs/replay.md");
        }
    }
}

void Device::configure(const Words &words, size_t from, uint64_t size)
{
    for (size_t i = from; i < words.size(); i++) {
        size_t at = words[i].find('=');
        if (at == std::string::npos) {
            throw ScriptError("`" + words[i] + "`; KEY=VALUE");
        }
        set(words[i].substr(0, at), words[i].substr(at + 1));
    }
    if (with_attrs) {
        ops.read_with_attrs = read_attrs;
        ops.write_with_attrs = write_attrs;
    } else {
        ops.read = read_plain;
        ops.write = write_plain;
    }
    store.resize(size < 65536 ? size : 65536);
    for (size_t i = 0; i < store.size(); i++) {
        store[i] = static_cast<uint8_t>(seed + 7 * i);
    }
}

uint64_t Device::produce(hwaddr offset, unsigned size) const
{
    if (data == "hash" || data == "wide") {
        uint64_t value =
            mix(seed * 0x9E3779B97F4A7C15 + offset * 0xC2B2AE3D27D4EB4F +
                size * UINT64_C(0x165667B19E3779F9) +
                calls * UINT64_C(0x27D4EB2F165667C5) + 1);
        return data == "hash" ? cut_bytes(value, size) : value;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size && i < 8; i++) {
        hwaddr at = offset + i;
        uint64_t byte = data == "lane"      ? at & 0xff
                        : at < store.size() ? store[at]
                                            : 0;
        value |= byte << 8 * (big() ? (size < 8 ? size : 8) - 1 - i : i);
    }
    return value;
}

MemTxResult Device::report(char direction, hwaddr offset, unsigned size,
                           uint64_t value, MemTxAttrs attrs)
{
    std::string line =
        text("io %s %c off=0x%llx size=%u val=0x%llx", name.c_str(), direction,
             static_cast<unsigned long long>(offset), size,
             static_cast<unsigned long long>(value));
    MemTxResult result = MEMTX_OK;
    if (with_attrs) {
        for (const Failure &f : failures) {
            bool here = f.direction.empty() || f.direction[0] == direction;
            result |= here && f.offset == offset ? f.result : 0;
        }
        line += attrs.secure ? " sec" : "";
        line += attrs.user ? " user" : "";
        if (attrs.requester_id) {
            line += text(" rid=0x%x", attrs.requester_id);
        }
        line += result ? text(" err=%u", result) : "";
    }
    session->print(line);
    // A hook may add hooks.
    for (size_t i = 0; i < hooks.size(); i++) {
        Hook hook = hooks[i];
        if (hook.is_write == (direction == 'w') && hook.offset == offset) {
            session->run_hook(hook);
        }
    }
    return result;
}

MemTxResult Device::read(hwaddr offset, uint64_t *value, unsigned size,
                         MemTxAttrs attrs)
{
    *value = produce(offset, size);
    calls++;
    return report('r', offset, size, *value, attrs);
}

MemTxResult Device::write(hwaddr offset, uint64_t value, unsigned size,
                          MemTxAttrs attrs)
{
    calls++;
    for (unsigned i = 0; data == "regs" && i < size && i < 8; i++) {
        unsigned lane = big() ? (size < 8 ? size : 8) - 1 - i : i;
        if (offset + i < store.size()) {
            store[offset + i] = static_cast<uint8_t>(value >> 8 * lane);
        }
    }
    return report('w', offset, size, value, attrs);
}

bool Device::accept(hwaddr offset, unsigned size, bool is_write,
                    MemTxAttrs attrs)
{
    bool yes = true;
    for (const std::string &item : accepts) {
        if (item == "noread") {
            yes &= is_write;
        } else if (item == "nowrite") {
            yes &= !is_write;
        } else if (item == "secure") {
            yes &= attrs.secure;
        } else if (item.compare(0, 6, "below:") == 0) {
            yes &= offset < number(item.substr(6));
        } else if (item.compare(0, 6, "sizes:") == 0) {
            yes &= (number(item.substr(6)) & size) != 0;
        }
    }
    session->print(text("acc %s %c off=0x%llx size=%u -> %d", name.c_str(),
                        is_write ? 'w' : 'r',
                        static_cast<unsigned long long>(offset), size, yes));
    return yes;
}

} // namespace replaying
