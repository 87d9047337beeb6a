// oracle_script.cc - words, numbers, and the test device.
#include "tests/memory/oracle_script.h"

#include <cstdio>
#include <sstream>

namespace oracle
{

Command parse_command(const std::string &line)
{
    std::istringstream in(line);
    Command words;
    std::string word;
    while (in >> word) {
        words.push_back(word);
    }
    return words;
}

Script parse_script(const std::string &text)
{
    std::istringstream in(text);
    Script script;
    std::string line;
    while (std::getline(in, line)) {
        Command command = parse_command(line);
        if (!command.empty() && command[0][0] != '#') {
            script.push_back(command);
        }
    }
    return script;
}

std::string command_text(const Command &command)
{
    std::string text;
    for (const std::string &word : command) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

std::string script_text(const Script &script)
{
    std::string text;
    for (const Command &command : script) {
        text += command_text(command) + "\n";
    }
    return text;
}

bool parse_number(const std::string &word, uint64_t *value)
{
    char *end = nullptr;
    if (word.empty()) {
        return false;
    }
    *value = word[0] == '-'
                 ? static_cast<uint64_t>(strtoll(word.c_str(), &end, 0))
                 : strtoull(word.c_str(), &end, 0);
    return *end == 0;
}

bool parse_size(const std::string &word, Int128 *size)
{
    uint64_t number = 0;
    if (word == "2^64") {
        *size = int128_2_64();
        return true;
    }
    bool good = parse_number(word, &number);
    *size = number == UINT64_MAX ? int128_2_64() : int128_make64(number);
    return good;
}

bool parse_bytes(const std::string &word, std::vector<uint8_t> *bytes)
{
    bytes->clear();
    for (size_t i = 0; i + 1 < word.size(); i += 2) {
        bytes->push_back(static_cast<uint8_t>(
            strtoul(word.substr(i, 2).c_str(), nullptr, 16)));
    }
    return word.size() % 2 == 0 &&
           word.find_first_not_of("0123456789abcdefABCDEF") ==
               std::string::npos;
}

bool parse_attrs(const Command &command, size_t first, MemTxAttrs *attrs)
{
    *attrs = MemTxAttrs{};
    attrs->unspecified = command.size() <= first;
    for (size_t i = first; i < command.size(); i++) {
        uint64_t id = 0;
        if (command[i] == "sec") {
            attrs->secure = 1;
        } else if (command[i] == "user") {
            attrs->user = 1;
        } else if (command[i].compare(0, 4, "rid=") == 0 &&
                   parse_number(command[i].substr(4), &id)) {
            attrs->requester_id = id & 0xffff;
        } else {
            return false;
        }
    }
    return true;
}

std::string hex(uint64_t value)
{
    char text[20];
    snprintf(text, sizeof text, "0x%llx",
             static_cast<unsigned long long>(value));
    return text;
}

std::string size_text(Int128 size)
{
    return size == int128_2_64() ? "2^64" : hex(static_cast<uint64_t>(size));
}

std::string bytes_text(const std::vector<uint8_t> &bytes)
{
    static const char digits[] = "0123456789abcdef";
    std::string text;
    for (uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string result_text(MemTxResult result)
{
    static const char *const names[] = {"error", "decode", "access"};
    std::string text;
    for (int bit = 0; bit < 3; bit++) {
        if (result >> bit & 1) {
            text += (text.empty() ? "" : "+") + std::string(names[bit]);
        }
    }
    return text.empty() ? "ok" : text;
}

uint64_t random_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static std::vector<std::string> split(const std::string &text, char by)
{
    std::vector<std::string> parts;
    std::istringstream in(text);
    std::string part;
    while (std::getline(in, part, by)) {
        parts.push_back(part);
    }
    return parts;
}

static bool parse_accepts(const std::string &list, DeviceConfig *config)
{
    config->has_accepts = true;
    for (const std::string &item : split(list, ',')) {
        uint64_t number = 0;
        if (item == "noread") {
            config->noread = true;
        } else if (item == "nowrite") {
            config->nowrite = true;
        } else if (item == "secure") {
            config->secure = true;
        } else if (item.compare(0, 6, "below:") == 0 &&
                   parse_number(item.substr(6), &number)) {
            config->below = std::min(config->below, number);
        } else if (item.compare(0, 6, "sizes:") == 0 &&
                   parse_number(item.substr(6), &number)) {
            config->sizes &= static_cast<unsigned>(number);
        } else if (item != "all") {
            return false;
        }
    }
    return true;
}

static bool parse_errors(const std::string &list, DeviceConfig *config)
{
    for (const std::string &item : split(list, ',')) {
        std::vector<std::string> part = split(item, ':');
        uint64_t offset = 0, code = 0;
        if (part.size() < 2 || !parse_number(part[0], &offset) ||
            !parse_number(part[1], &code)) {
            return false;
        }
        bool both = part.size() == 2;
        config->errors.push_back({offset, static_cast<unsigned>(code),
                                  both || part[2] == "r",
                                  both || part[2] == "w"});
    }
    return true;
}

bool parse_device(const Command &command, size_t first, DeviceConfig *config)
{
    for (size_t i = first; i < command.size(); i++) {
        size_t equal = command[i].find('=');
        if (equal == std::string::npos) {
            return false;
        }
        std::string key = command[i].substr(0, equal);
        std::string value = command[i].substr(equal + 1);
        uint64_t number = 0;
        bool is_number = parse_number(value, &number);
        unsigned small = static_cast<unsigned>(number);
        if (key == "endian") {
            config->endian = value;
        } else if (key == "data") {
            config->data = value;
        } else if (key == "api") {
            config->attrs = value == "attrs";
        } else if (key == "accepts") {
            if (!parse_accepts(value, config)) {
                return false;
            }
        } else if (key == "err") {
            if (value != "none" && !parse_errors(value, config)) {
                return false;
            }
        } else if (!is_number) {
            return false;
        } else if (key == "seed") {
            config->seed = number;
        } else if (key == "vmin") {
            config->vmin = small;
        } else if (key == "vmax") {
            config->vmax = small;
        } else if (key == "imin") {
            config->imin = small;
        } else if (key == "imax") {
            config->imax = small;
        } else if (key == "vunal") {
            config->vunal = small != 0;
        } else if (key == "iunal") {
            config->iunal = small != 0;
        } else {
            return false;
        }
    }
    return true;
}

Device::Device(std::string name, DeviceConfig config, Int128 size,
               bool target_big, std::string *out)
    : m_name(std::move(name)), m_config(std::move(config)),
      m_big(m_config.endian == "big" ||
            (m_config.endian == "native" && target_big)),
      m_out(out)
{
    if (m_config.data == "regs") {
        m_store.resize(static_cast<size_t>(size < 65536 ? size : 65536));
    }
    for (size_t i = 0; i < m_store.size(); i++) {
        m_store[i] = static_cast<uint8_t>(m_config.seed + 7 * i);
    }
}

uint64_t Device::answer(uint64_t offset, unsigned size) const
{
    uint64_t value = 0;
    if (m_config.data == "hash" || m_config.data == "wide") {
        value = random_mix(m_config.seed * 0x9E3779B97F4A7C15 +
                           offset * 0xC2B2AE3D27D4EB4F +
                           size * UINT64_C(0x165667B19E3779F9) +
                           m_calls * UINT64_C(0x27D4EB2F165667C5) + 1);
        if (m_config.data == "hash" && size < 8) {
            value &= (UINT64_C(1) << 8 * size) - 1;
        }
        return value;
    }
    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i;
        uint64_t byte = m_config.data == "lane" ? at & 0xff
                        : at < m_store.size()   ? m_store[at]
                                                : 0;
        value |= byte << 8 * (m_big ? size - 1 - i : i);
    }
    return value;
}

MemTxResult Device::tell(char dir, uint64_t offset, unsigned size,
                         uint64_t value, MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;
    std::string line = "io " + m_name + " " + dir + " off=" + hex(offset) +
                       " size=" + std::to_string(size) + " val=" + hex(value);
    if (m_config.attrs) {
        line += attrs.secure ? " sec" : "";
        line += attrs.user ? " user" : "";
        line += attrs.requester_id ? " rid=" + hex(attrs.requester_id) : "";
        for (const DeviceConfig::Error &error : m_config.errors) {
            if (error.offset == offset &&
                (dir == 'r' ? error.read : error.write)) {
                result |= error.code;
            }
        }
        line += result ? " err=" + std::to_string(result) : "";
    }
    *m_out += line + "\n";
    for (const Hook &hook : m_hooks) {
        if (hook.dir == dir && hook.offset == offset) {
            m_run(hook.command);
        }
    }
    return result;
}

bool Device::add_hook(const Command &on,
                      std::function<void(const Command &)> run)
{
    uint64_t offset = 0;
    if (on.size() < 5 || (on[2] != "r" && on[2] != "w") ||
        !parse_number(on[3], &offset) || on[4] == "on" || on[4] == "region" ||
        on[4] == "as" || on[4] == "asdel") {
        return false;
    }
    m_hooks.push_back({on[2][0], offset, Command(on.begin() + 4, on.end())});
    m_run = std::move(run);
    return true;
}

MemTxResult Device::read(uint64_t offset, unsigned size, MemTxAttrs attrs,
                         uint64_t *value)
{
    *value = answer(offset, size);
    m_calls++;
    return tell('r', offset, size, *value, attrs);
}

MemTxResult Device::write(uint64_t offset, unsigned size, MemTxAttrs attrs,
                          uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i;
        if (at < m_store.size()) {
            m_store[at] =
                static_cast<uint8_t>(value >> 8 * (m_big ? size - 1 - i : i));
        }
    }
    m_calls++;
    return tell('w', offset, size, value, attrs);
}

bool Device::accepts(uint64_t offset, unsigned size, bool is_write,
                     MemTxAttrs attrs)
{
    bool yes = !(is_write ? m_config.nowrite : m_config.noread) &&
               (!m_config.secure || attrs.secure) && offset < m_config.below &&
               (m_config.sizes & size);
    *m_out += "acc " + m_name + (is_write ? " w" : " r") +
              " off=" + hex(offset) + " size=" + std::to_string(size) +
              (yes ? " -> 1\n" : " -> 0\n");
    return yes;
}

} // namespace oracle
