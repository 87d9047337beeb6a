// oracle_model.h - the memory API as its written rules say it is, done in the
// slowest and plainest way, for comparison with the real thing. A flat view is
// painted byte by byte: for each byte the tree is walked and the first region
// that draws it wins. No code and no structure of memory/ is used.
#ifndef TESTS_MEMORY_ORACLE_MODEL_H
#define TESTS_MEMORY_ORACLE_MODEL_H

#include <list>
#include <map>
#include <memory>
#include <set>

#include "tests/memory/oracle_script.h"

namespace oracle
{

enum class Kind {
    container,
    alias,
    ram,
    rom,
    ramdev,
    romd,
    io,
    null,
};

struct Region {
    std::string name;
    Kind kind = Kind::container;
    Int128 size = 0, made = 0; // now, and when it was made
    uint64_t addr = 0;
    int priority = 0;
    bool enabled = true, readonly = false, nonvolatile = false, romd = true;
    Region *container = nullptr;
    Region *target = nullptr; // of an alias
    uint64_t target_offset = 0;
    unsigned mapped_via_alias = 0;
    std::list<Region *> children; // the one drawn first comes first
    std::unique_ptr<Device> device;
    std::vector<uint8_t> memory;

    // RAM, ROM or RAM device (a ROM device is none of them).
    bool is_ram_kind() const
    {
        return kind == Kind::ram || kind == Kind::rom || kind == Kind::ramdev;
    }
    bool is_direct(bool is_write) const;
};

// What one byte of an address space shows.
struct Paint {
    Region *mr = nullptr; // none: nothing
    uint64_t offset = 0;
    bool romd = false, readonly = false, nonvolatile = false;
};
// The drawing rules, for one byte. `base`: where the container of mr begins.
Paint paint_byte(Region *mr, Int128 base, Int128 byte, bool readonly = false,
                 bool nonvolatile = false);

struct Range {
    Int128 start, size;
    Paint paint; // of the first byte
};
bool operator==(const Range &a, const Range &b);
typedef std::vector<Range> View;
typedef std::shared_ptr<const View> ViewRef;

// All 2^64 bytes: painted at every address where something begins or ends.
View paint_view(Region *root);

struct Space {
    std::string name;
    Region *root;
    ViewRef view;
};

struct Listener {
    std::string name;
    Space *space;
    int priority;
};

// Deliberate errors, to see that a difference is found and shrunk.
enum class Flaw {
    none,
    oldest_wins,  // of equal priorities the first added is drawn first
    store_is_lost // 2-byte stores to RAM leave it as it is
};

class Model
{
  public:
    explicit Model(Flaw flaw = Flaw::none) : m_flaw(flaw) {}
    // False: not a legal command here; nothing happened. Else its transcript
    // is appended to out.
    bool run(const Command &command);
    std::string out;
    // Which of the hooks' commands of the last top-level command were legal, in
    // the order they were begun: the real side does no other.
    std::vector<bool> hooks;

    Region *region(const std::string &name);
    Space *space(const std::string &name);
    const std::list<Space> &spaces() const { return m_spaces; }
    const std::list<Listener> &listeners() const { return m_listeners; }
    unsigned depth() const { return m_depth; }

  private:
    // oracle_model.cc: the tree, views, listeners
    bool perform(const Command &c, const char *prompt);
    void run_hook(const Command &c);
    bool make_region(const Command &c);
    bool make_alias(const Command &c);
    bool tree_command(const Command &c);
    bool attribute_command(const Command &c);
    bool space_command(const Command &c);
    bool listener_command(const Command &c);
    bool add(Region *parent, uint64_t offset, Region *child, int priority);
    void put_in(Region *child);
    void take_out(Region *child);
    void changed(bool visible);
    void commit();
    void rebuild();
    void tell(const Listener &l, const char *what, const Range &r);
    // oracle_look.cc: asking without accessing
    bool look_command(const Command &c);
    void look_flat(const Space &space);
    bool find(Region *mr, uint64_t addr, uint64_t size, Range *found);
    void look_info(Region *mr);
    // oracle_access.cc: accesses
    struct Place {
        Region *mr; // none: unassigned
        uint64_t offset, len;
    };
    bool access_command(const Command &c);
    bool region_access_command(const Command &c);
    static Place translate(const View &view, uint64_t addr, uint64_t len);
    static bool valid(Region *mr, uint64_t offset, unsigned size, bool is_write,
                      MemTxAttrs attrs);
    static unsigned piece_size(const Region *mr, uint64_t len, uint64_t offset);
    MemTxResult dispatch(Region *mr, uint64_t offset, unsigned size,
                         bool is_write, bool big, MemTxAttrs attrs,
                         uint64_t *value);
    MemTxResult transfer(const View &view, uint64_t addr, MemTxAttrs attrs,
                         uint8_t *bytes, uint64_t len, bool is_write);
    MemTxResult write_rom(const View &view, uint64_t addr,
                          const std::vector<uint8_t> &bytes);
    bool access_valid(const View &view, uint64_t addr, uint64_t len,
                      bool is_write, MemTxAttrs attrs);
    MemTxResult sized(const View &view, uint64_t addr, unsigned size,
                      bool is_write, bool big, MemTxAttrs attrs,
                      uint64_t *value);
    bool is_big(const std::string &order) const;

    Flaw m_flaw;
    bool m_big = false;
    int m_level = 0; // of hooks
    std::map<std::string, std::unique_ptr<Region>> m_regions;
    std::list<Space> m_spaces;       // in order of creation
    std::list<Listener> m_listeners; // rising priority
    unsigned m_depth = 0;
    bool m_pending = false;
};

} // namespace oracle

#endif
