// Words, numbers and the way they are printed.
#include <cerrno>
#include <cstdarg>
#include <cstdlib>

#include "tests/replay/session.h"

namespace replaying
{

std::string text(const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    return line;
}

uint64_t number(const std::string &word)
{
    if (word == "2^64") {
        return UINT64_MAX;
    }
    bool digit = !word.empty() && word[0] >= '0' && word[0] <= '9';
    bool hex = word.compare(0, 2, "0x") == 0;
    char *end = nullptr;
    errno = 0;
    uint64_t value = strtoull(word.c_str(), &end, hex ? 16 : 10);
    if (!digit || *end || errno) {
        throw ScriptError("`" + word + "` is no number; 12, 0xc or 2^64");
    }
    return value;
}

int64_t signed_number(const std::string &word)
{
    bool negative = !word.empty() && word[0] == '-';
    uint64_t value = number(negative ? word.substr(1) : word);
    if (value > INT32_MAX) {
        throw ScriptError(word + " is too large; 31 bits");
    }
    return negative ? -static_cast<int64_t>(value)
                    : static_cast<int64_t>(value);
}

Bytes from_hex(const std::string &word)
{
    const std::string digits = "0123456789abcdef";
    Bytes bytes;
    for (size_t i = 0; i < word.size(); i += 2) {
        size_t high = digits.find(word[i]);
        size_t low =
            i + 1 < word.size() ? digits.find(word[i + 1]) : std::string::npos;
        if (high == std::string::npos || low == std::string::npos) {
            throw ScriptError("`" + word + "` is no byte string; 01a2ff");
        }
        bytes.push_back(static_cast<uint8_t>(high << 4 | low));
    }
    if (bytes.size() > MAX_TRANSFER) {
        throw ScriptError("more than 1 MiB in one access");
    }
    return bytes;
}

std::string to_hex(const Bytes &bytes)
{
    std::string word;
    for (uint8_t b : bytes) {
        word += "0123456789abcdef"[b >> 4];
        word += "0123456789abcdef"[b & 15];
    }
    return word;
}

std::string size_text(Int128 size)
{
    return size == int128_2_64()
               ? "2^64"
               : text("0x%llx",
                      static_cast<unsigned long long>(int128_get64(size)));
}

std::string result_text(MemTxResult result)
{
    const char *const name[] = {"error", "decode", "access"};
    std::string all;
    for (unsigned i = 0; i < 3; i++) {
        if (result >> i & 1) {
            all += (all.empty() ? "" : "+") + std::string(name[i]);
        }
    }
    return all.empty() ? "ok" : all;
}

std::vector<std::string> split(const std::string &word, char at)
{
    std::vector<std::string> parts(1);
    for (char c : word) {
        if (c == at) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

MemTxAttrs attrs_of(const Words &w, size_t from)
{
    MemTxAttrs attrs{};
    attrs.unspecified = from >= w.size();
    for (size_t i = from; i < w.size(); i++) {
        if (w[i] == "sec") {
            attrs.secure = 1;
        } else if (w[i] == "user") {
            attrs.user = 1;
        } else if (w[i].compare(0, 4, "rid=") == 0) {
            attrs.requester_id = number(w[i].substr(4)) & 0xffff;
        } else {
            throw ScriptError("`" + w[i] + "`; sec, user or rid=N");
        }
    }
    return attrs;
}

MemOp op_of(const std::string &size, const std::string &order)
{
    uint64_t bytes = number(size);
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) {
        throw ScriptError(size + " bytes; 1, 2, 4 or 8");
    }
    if (order != "le" && order != "be" && order != "ne") {
        throw ScriptError("order `" + order + "`; le, be or ne");
    }
    bool big = order == "be" ||
               (order == "ne" && memory_world_current()->target_big_endian);
    return static_cast<MemOp>(__builtin_ctzll(bytes) | (big ? MO_BE : MO_LE));
}

bool is_write(const std::string &word)
{
    if (word != "r" && word != "w") {
        throw ScriptError("direction `" + word + "`; r or w");
    }
    return word == "w";
}

IOMMUAccessFlags perm_of(const std::string &word)
{
    for (unsigned i = 0; i < 4; i++) {
        if (word == perm_text(static_cast<IOMMUAccessFlags>(i))) {
            return static_cast<IOMMUAccessFlags>(i);
        }
    }
    throw ScriptError("permission `" + word + "`; none, ro, wo or rw");
}

const char *perm_text(IOMMUAccessFlags perm)
{
    const char *const name[] = {"none", "ro", "wo", "rw"};
    return name[perm & IOMMU_RW];
}

std::string option(const Words &w, size_t from, const std::string &key,
                   const std::string &preset)
{
    for (size_t i = from; i < w.size(); i++) {
        if (w[i].compare(0, key.size() + 1, key + "=") == 0) {
            return w[i].substr(key.size() + 1);
        }
    }
    return preset;
}

} // namespace replaying
