// oracle_script.h - what both sides of the oracle share: the script language of
// the reference transcripts (one command per line), and the test device of
// that language. Nothing here knows any rule of the memory API.
#ifndef TESTS_MEMORY_ORACLE_SCRIPT_H
#define TESTS_MEMORY_ORACLE_SCRIPT_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "memory/int128.h"
#include "memory/memattrs.h"

namespace oracle
{

typedef std::vector<std::string> Command; // its words
typedef std::vector<Command> Script;

Command parse_command(const std::string &line);
Script parse_script(const std::string &text); // without comments
std::string command_text(const Command &command);
std::string script_text(const Script &script);

// Decimal or 0x; false: not a number.
bool parse_number(const std::string &word, uint64_t *value);
// "2^64" too; the API's all-ones means the same.
bool parse_size(const std::string &word, Int128 *size);
bool parse_bytes(const std::string &word, std::vector<uint8_t> *bytes);
// Words from `first` on: sec, user, rid=N.
bool parse_attrs(const Command &command, size_t first, MemTxAttrs *attrs);
std::string hex(uint64_t value);
std::string size_text(Int128 size);
std::string bytes_text(const std::vector<uint8_t> &bytes);
std::string result_text(MemTxResult result);
uint64_t random_mix(uint64_t x);

// The sizes an API call takes: 2^64 as all ones.
inline uint64_t api_size(Int128 size)
{
    return size >= int128_2_64() ? UINT64_MAX : static_cast<uint64_t>(size);
}

// Options of `region io` and `region romd`.
struct DeviceConfig {
    std::string endian = "native", data = "hash";
    uint64_t seed = 1;
    bool attrs = false; // api=attrs
    unsigned vmin = 0, vmax = 0, imin = 0, imax = 0;
    bool vunal = false, iunal = false;
    bool has_accepts = false;
    bool noread = false, nowrite = false, secure = false;
    uint64_t below = UINT64_MAX;
    unsigned sizes = 15;
    struct Error {
        uint64_t offset;
        unsigned code;
        bool read, write;
    };
    std::vector<Error> errors;
};
bool parse_device(const Command &command, size_t first, DeviceConfig *config);

// `on` DEV r|w OFFSET COMMAND: what a callback does besides.
struct Hook {
    char dir;
    uint64_t offset;
    Command command;
};
// The deepest level of commands run by hooks of commands run by hooks.
enum { MOST_LEVELS = 3 };

// One device: answers, stores, writes a line per callback, and runs its hooks.
class Device
{
  public:
    Device(std::string name, DeviceConfig config, Int128 size, bool target_big,
           std::string *out);
    bool big() const { return m_big; }
    const DeviceConfig &config() const { return m_config; }
    // False: not a hook's command. `run` gets the command.
    bool add_hook(const Command &on, std::function<void(const Command &)> run);
    MemTxResult read(uint64_t offset, unsigned size, MemTxAttrs attrs,
                     uint64_t *value);
    MemTxResult write(uint64_t offset, unsigned size, MemTxAttrs attrs,
                      uint64_t value);
    bool accepts(uint64_t offset, unsigned size, bool is_write,
                 MemTxAttrs attrs);

  private:
    uint64_t answer(uint64_t offset, unsigned size) const;
    MemTxResult tell(char dir, uint64_t offset, unsigned size, uint64_t value,
                     MemTxAttrs attrs);
    std::string m_name;
    DeviceConfig m_config;
    bool m_big;
    uint64_t m_calls = 0;
    std::vector<uint8_t> m_store;
    std::string *m_out;
    std::vector<Hook> m_hooks;
    std::function<void(const Command &)> m_run;
};

} // namespace oracle

#endif
