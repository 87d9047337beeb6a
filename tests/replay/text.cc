// Words, numbers and the way they are printed.
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "tests/replay/session.h"

namespace replaying
{

// -- printing

std::string text(const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int length = vsnprintf(nullptr, 0, fmt, args);
    va_end(args);
    std::string line(static_cast<size_t>(length), '\0');
    vsnprintf(&line[0], line.size() + 1, fmt, again);
    va_end(again);
    return line;
}

std::string hex(uint64_t value)
{
    return text("0x%llx", static_cast<unsigned long long>(value));
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
    return size == int128_2_64() ? "2^64" : hex(int128_get64(size));
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

const char *perm_text(IOMMUAccessFlags perm)
{
    const char *const name[] = {"none", "ro", "wo", "rw"};
    return name[perm & IOMMU_RW];
}

// -- reading

Words words_of(const std::string &line)
{
    const char *const blanks = " \t\r\v\f";
    Words words;
    for (size_t at = 0;;) {
        at = line.find_first_not_of(blanks, at);
        if (at == std::string::npos) {
            return words;
        }
        size_t end = line.find_first_of(blanks, at);
        end = end == std::string::npos ? line.size() : end;
        words.push_back(line.substr(at, end - at));
        at = end;
    }
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

uint64_t number(const std::string &word)
{
    if (word == "2^64") {
        return UINT64_MAX;
    }
    bool hex = word.compare(0, 2, "0x") == 0;
    const std::string digits = word.substr(hex ? 2 : 0);
    const char *const allowed = hex ? "0123456789abcdefABCDEF" : "0123456789";
    errno = 0;
    uint64_t value = strtoull(digits.c_str(), nullptr, hex ? 16 : 10);
    if (digits.empty() || errno ||
        digits.find_first_not_of(allowed) != std::string::npos) {
        throw ScriptError("`" + word + "` is no number; 12, 0xc or 2^64");
    }
    return value;
}

int priority_of(const std::string &word)
{
    bool negative = !word.empty() && word[0] == '-';
    uint64_t value = number(negative ? word.substr(1) : word);
    if (value > INT32_MAX) {
        throw ScriptError("priority " + word + "; at most 31 bits");
    }
    return negative ? -static_cast<int>(value) : static_cast<int>(value);
}

bool flag_of(const std::string &word)
{
    if (word != "0" && word != "1") {
        throw ScriptError("flag `" + word + "`; 0 or 1");
    }
    return word == "1";
}

Bytes from_hex(const std::string &word)
{
    Bytes bytes;
    if (word.size() % 2 ||
        word.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        throw ScriptError("`" + word +
                          "` is no byte string; pairs of digits, as 01a2ff");
    }
    for (size_t i = 0; i < word.size(); i += 2) {
        bytes.push_back(static_cast<uint8_t>(
            strtoul(word.substr(i, 2).c_str(), nullptr, 16)));
    }
    return bytes;
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
            uint64_t id = number(w[i].substr(4));
            if (id > UINT16_MAX) {
                throw ScriptError(w[i] + "; at most 16 bits");
            }
            attrs.requester_id = id & UINT16_MAX;
        } else {
            throw ScriptError("attribute `" + w[i] + "`; sec, user or rid=N");
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

std::string option(const Words &w, size_t from, const std::string &key,
                   const std::string &preset, const std::string &known)
{
    std::string value = preset;
    for (size_t i = from; i < w.size(); i++) {
        size_t at = w[i].find('=');
        const Words keys = words_of(known);
        bool good = false;
        for (const std::string &k : keys) {
            good |= at != std::string::npos && w[i].substr(0, at) == k;
        }
        if (!good) {
            throw ScriptError("option `" + w[i] + "`; KEY=VALUE with " + known);
        }
        if (w[i].substr(0, at) == key) {
            value = w[i].substr(at + 1);
        }
    }
    return value;
}

} // namespace replaying
