// The test device of the script language: values by formula, errors and
// commands on demand.
#include "tests/replay/session.h"

namespace replaying
{

namespace
{

const uint64_t STORE_BYTES = 65536;

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

bool accepts(void *opaque, hwaddr offset, unsigned size, bool is_write,
             MemTxAttrs attrs)
{
    return device_of(opaque)->accept(offset, size, is_write, attrs);
}

unsigned access_bytes(const std::string &word)
{
    uint64_t value = number(word);
    if (value > 8 || (value & (value - 1))) {
        throw ScriptError("access size " + word + "; 0, 1, 2, 4 or 8");
    }
    return static_cast<unsigned>(value);
}

device_endian endian_of(const std::string &word)
{
    if (word != "little" && word != "big" && word != "native") {
        throw ScriptError("endian=" + word + "; little, big or native");
    }
    return word == "big"      ? DEVICE_BIG_ENDIAN
           : word == "little" ? DEVICE_LITTLE_ENDIAN
                              : DEVICE_NATIVE_ENDIAN;
}

const std::string &one_of(const std::string &key, const std::string &word,
                          const std::string &choices)
{
    for (const std::string &choice : words_of(choices)) {
        if (word == choice) {
            return word;
        }
    }
    throw ScriptError(key + "=" + word + "; one of: " + choices);
}

} // namespace

// -- options

Device::Device(Session *session, const std::string &name, uint64_t size,
               const Words &words, size_t from)
    : m_session(session), m_name(name),
      m_store(size < STORE_BYTES ? size : STORE_BYTES)
{
    for (size_t i = from; i < words.size(); i++) {
        size_t at = words[i].find('=');
        if (at == std::string::npos) {
            throw ScriptError("option `" + words[i] + "`; KEY=VALUE");
        }
        set(words[i].substr(0, at), words[i].substr(at + 1));
    }
    if (m_with_attrs) {
        m_ops.read_with_attrs = read_attrs;
        m_ops.write_with_attrs = write_attrs;
    } else {
        m_ops.read = read_plain;
        m_ops.write = write_plain;
    }
    for (size_t i = 0; i < m_store.size(); i++) {
        m_store[i] = static_cast<uint8_t>(m_seed + 7 * i);
    }
}

void Device::set(const std::string &key, const std::string &value)
{
    if (key == "endian") {
        m_ops.endianness = endian_of(value);
    } else if (key == "seed") {
        m_seed = number(value);
    } else if (key == "data") {
        m_data = one_of(key, value, "hash wide lane regs");
    } else if (key == "api") {
        m_with_attrs = one_of(key, value, "plain attrs") == "attrs";
    } else if (key == "vmin") {
        m_ops.valid.min_access_size = access_bytes(value);
    } else if (key == "vmax") {
        m_ops.valid.max_access_size = access_bytes(value);
    } else if (key == "vunal") {
        m_ops.valid.unaligned = flag_of(value);
    } else if (key == "imin") {
        m_ops.impl.min_access_size = access_bytes(value);
    } else if (key == "imax") {
        m_ops.impl.max_access_size = access_bytes(value);
    } else if (key == "iunal") {
        m_ops.impl.unaligned = flag_of(value);
    } else if (key == "accepts") {
        set_accepts(value);
    } else if (key == "err") {
        set_failures(value);
    } else {
        throw ScriptError("device option `" + key + "`; see docs/replay.md");
    }
}

void Device::set_accepts(const std::string &list)
{
    m_ops.valid.accepts = accepts;
    for (const std::string &item : split(list, ',')) {
        if (item.compare(0, 6, "below:") == 0) {
            m_accepts.below.push_back(number(item.substr(6)));
        } else if (item.compare(0, 6, "sizes:") == 0) {
            m_accepts.sizes.push_back(number(item.substr(6)));
        } else {
            one_of("accepts", item, "noread nowrite secure all");
            m_accepts.noread |= item == "noread";
            m_accepts.nowrite |= item == "nowrite";
            m_accepts.secure |= item == "secure";
        }
    }
}

void Device::set_failures(const std::string &list)
{
    for (const std::string &item : split(list, ',')) {
        const std::vector<std::string> part = split(item, ':');
        const std::string way = part.size() > 2 ? part[2] : "";
        uint64_t code = part.size() > 1 ? number(part[1]) : 0;
        if (part.size() > 3 || code < 1 || code > 3 ||
            (part.size() == 3 && way != "r" && way != "w")) {
            throw ScriptError("err=" + item +
                              "; OFFSET:CODE[:r|:w] with CODE 1, 2 or 3");
        }
        m_failures.push_back({number(part[0]), static_cast<MemTxResult>(code),
                              way != "w", way != "r"});
    }
}

// -- callbacks

unsigned Device::lane(unsigned byte, unsigned size) const
{
    bool big = m_ops.endianness == DEVICE_BIG_ENDIAN ||
               (m_ops.endianness == DEVICE_NATIVE_ENDIAN &&
                memory_world_current()->target_big_endian);
    return 8 * (big ? size - 1 - byte : byte);
}

uint64_t Device::produce(hwaddr offset, unsigned size) const
{
    if (m_data == "hash" || m_data == "wide") {
        uint64_t value =
            mix(m_seed * 0x9E3779B97F4A7C15 + offset * 0xC2B2AE3D27D4EB4F +
                size * UINT64_C(0x165667B19E3779F9) +
                m_calls * UINT64_C(0x27D4EB2F165667C5) + 1);
        return m_data == "hash" ? cut_bytes(value, size) : value;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        hwaddr at = offset + i;
        uint64_t byte = m_data == "lane"      ? at & 0xff
                        : at < m_store.size() ? m_store[at]
                                              : 0;
        value |= byte << lane(i, size);
    }
    return value;
}

MemTxResult Device::report(bool is_write, hwaddr offset, unsigned size,
                           uint64_t value, MemTxAttrs attrs)
{
    std::string line = "io " + m_name + (is_write ? " w" : " r") +
                       " off=" + hex(offset) + text(" size=%u", size) +
                       " val=" + hex(value);
    MemTxResult result = MEMTX_OK;
    if (m_with_attrs) {
        for (const Failure &f : m_failures) {
            bool here =
                f.offset == offset && (is_write ? f.on_write : f.on_read);
            result |= here ? f.result : 0;
        }
        line += attrs.secure ? " sec" : "";
        line += attrs.user ? " user" : "";
        line += attrs.requester_id ? " rid=" + hex(attrs.requester_id) : "";
        line += result ? text(" err=%u", result) : "";
    }
    m_session->print(line);
    for (const Hook &hook : m_hooks) { // no command of a hook adds hooks
        if (hook.is_write == is_write && hook.offset == offset) {
            m_session->run_hook(hook);
        }
    }
    return result;
}

MemTxResult Device::read(hwaddr offset, uint64_t *value, unsigned size,
                         MemTxAttrs attrs)
{
    *value = produce(offset, size);
    m_calls++;
    return report(false, offset, size, *value, attrs);
}

MemTxResult Device::write(hwaddr offset, uint64_t value, unsigned size,
                          MemTxAttrs attrs)
{
    m_calls++;
    for (unsigned i = 0; m_data == "regs" && i < size; i++) {
        if (offset + i < m_store.size()) {
            m_store[offset + i] = static_cast<uint8_t>(value >> lane(i, size));
        }
    }
    return report(true, offset, size, value, attrs);
}

bool Device::accept(hwaddr offset, unsigned size, bool is_write,
                    MemTxAttrs attrs)
{
    bool yes = !(is_write ? m_accepts.nowrite : m_accepts.noread) &&
               (attrs.secure || !m_accepts.secure);
    for (hwaddr end : m_accepts.below) {
        yes &= offset < end;
    }
    for (uint64_t sizes : m_accepts.sizes) {
        yes &= (sizes & size) != 0;
    }
    m_session->print("acc " + m_name + (is_write ? " w" : " r") +
                     " off=" + hex(offset) + text(" size=%u -> %d", size, yes));
    return yes;
}

} // namespace replaying
