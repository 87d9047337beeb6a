// session.h - what the files of the replay share: one script under way.
#ifndef TESTS_REPLAY_SESSION_H
#define TESTS_REPLAY_SESSION_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "memory/internal.h"
#include "memory/posted.h"
#include "tests/replay/replay.h"

namespace replaying
{

using Words = std::vector<std::string>;
using Bytes = std::vector<uint8_t>;
class Session;

// -- text (text.cc). What cannot be read is a ScriptError.

std::string text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
Words words_of(const std::string &line);
uint64_t number(const std::string &word); // decimal, 0x, 2^64 as UINT64_MAX
int priority_of(const std::string &word);
bool flag_of(const std::string &word); // 0 or 1
Bytes from_hex(const std::string &word);
std::string to_hex(const Bytes &bytes);
std::string hex(uint64_t value); // 0x1f
std::string size_text(Int128 size);
std::string result_text(MemTxResult result);
std::vector<std::string> split(const std::string &word, char at);
MemTxAttrs attrs_of(const Words &w, size_t from);
MemOp op_of(const std::string &size, const std::string &order);
bool is_write(const std::string &word); // "r" or "w"
IOMMUAccessFlags perm_of(const std::string &word);
const char *perm_text(IOMMUAccessFlags perm);
// The value of "key=VALUE" among the words from `from` on, or `preset`; other
// keys than the `known` ones (blanks between them) are errors.
std::string option(const Words &w, size_t from, const std::string &key,
                   const std::string &preset, const std::string &known);

// -- the test device (device.cc)

struct Hook {
    bool is_write;
    hwaddr offset;
    Words command;
};

class Device
{
  public:
    Device(Session *session, const std::string &name, uint64_t size,
           const Words &words, size_t from); // KEY=VALUE from there on
    const MemoryRegionOps *ops() const { return &m_ops; }
    void add_hook(const Hook &hook) { m_hooks.push_back(hook); }
    MemTxResult read(hwaddr offset, uint64_t *value, unsigned size,
                     MemTxAttrs attrs);
    MemTxResult write(hwaddr offset, uint64_t value, unsigned size,
                      MemTxAttrs attrs);
    bool accept(hwaddr offset, unsigned size, bool is_write, MemTxAttrs attrs);

  private:
    struct Failure {
        hwaddr offset;
        MemTxResult result;
        bool on_read, on_write;
    };
    struct Accepts {
        bool noread = false, nowrite = false, secure = false;
        std::vector<hwaddr> below;
        std::vector<uint64_t> sizes;
    };
    void set(const std::string &key, const std::string &value);
    void set_accepts(const std::string &list);
    void set_failures(const std::string &list);
    unsigned lane(unsigned byte, unsigned size) const;
    uint64_t produce(hwaddr offset, unsigned size) const;
    MemTxResult report(bool is_write, hwaddr offset, unsigned size,
                       uint64_t value, MemTxAttrs attrs);
    Session *m_session;
    std::string m_name;
    MemoryRegionOps m_ops{};
    uint64_t m_seed = 1, m_calls = 0;
    std::string m_data = "hash";
    bool m_with_attrs = false;
    Accepts m_accepts;
    std::vector<Failure> m_failures;
    Bytes m_store;
    std::vector<Hook> m_hooks;
};

// -- the test IOMMU (iommu.cc)

struct Translation {
    hwaddr iova;
    AddressSpace *as;
    hwaddr to, mask;
    IOMMUAccessFlags perm;
    int index;
};

struct IommuState {
    Session *session;
    std::string name;
    std::vector<Translation> table;
    uint64_t page;
    bool by_security, refuses_devices;
};

struct Iommu {
    IOMMUMemoryRegion parent; // first
    IommuState *state;
};

void iommu_register_type();
// Options from words[4] on.
std::unique_ptr<IommuState> iommu_state(Session *session, const Words &words);
void iommu_init(Iommu *iommu, IommuState *state, uint64_t size);

// -- what a script makes

// An event binding: the region's own list is the same, in the same order, so
// that it is known which deletions are a caller's mistake.
struct Event;
struct Binding {
    hwaddr offset;
    unsigned size;
    bool match;
    uint64_t data; // as the device sees it
    const Event *event;
};

struct Region {
    std::string name, kind;
    uint64_t size = 0; // when it was made
    MemoryRegion plain{};
    Iommu iommu{};
    MemoryRegion *mr = &plain;
    std::unique_ptr<Device> device;
    std::unique_ptr<IommuState> iommu_state;
    Bytes bytes; // of a ramdev
    unsigned logs = 0;
    std::vector<Binding> bindings;
    bool is_memory() const;
};

struct Listener {
    MemoryListener listener{}; // first: callbacks get a pointer to it
    Session *session = nullptr;
    std::string name;
};
void listener_fill(Listener *l, bool global_sync);

struct Notifier {
    IOMMUNotifier notifier{}; // first
    Session *session = nullptr;
    std::string name;
    Region *region = nullptr;
};

struct Event {
    EventNotifier event{};
    std::string name;
    unsigned order = 0;
};

struct Mapping {
    AddressSpace *as;
    void *host;
    hwaddr len;
    bool is_write;
};

struct Space {
    AddressSpace as{};
    std::string name;
};

// -- one script

class Session
{
  public:
    Session(std::string *transcript, const ReplayOptions &options);
    ~Session();
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    void run_line(const std::string &line);
    void run_hook(const Hook &hook);
    void print(const std::string &line);
    bool is_full() const { return m_full; }

    Region *region(const std::string &name) const;
    AddressSpace *space(const std::string &name) const;
    const std::string &space_name(const AddressSpace *as) const;
    const std::string &event_name(const EventNotifier *e) const;

  private:
    using Handler = void (Session::*)(const Words &w);
    struct Command {
        const char *name;
        const char *takes; // [optional], [more...]
        Handler handler;
    };
    static const Command commands[];
    static const Command &command(const Words &words);
    void run(const Words &words, const char *prompt);
    void close();
    void settle();
    void check_drawing(const MemoryRegion *parent,
                       const MemoryRegion *child) const;
    void watch_queue();
    uint64_t transfer_length(const std::string &word) const;
    Bytes transfer_bytes(const std::string &word) const;

    // regions, the tree, transactions, spaces (tree.cc)
    void target(const Words &w);
    void make_region(const Words &w);
    void make_memory(Region *r, const Words &w);
    void make_alias(Region *r, const Words &w);
    void add(const Words &w);
    void add_with_priority(const Words &w);
    void add_child(const Words &w, int priority);
    void del(const Words &w);
    void enable(const Words &w);
    void move(const Words &w);
    void resize(const Words &w);
    void alias_offset(const Words &w);
    void readonly(const Words &w);
    void nonvolatile(const Words &w);
    void romd(const Words &w);
    void begin(const Words &w);
    void commit(const Words &w);
    void make_space(const Words &w);
    void del_space(const Words &w);
    // accesses and look-ups (access.cc)
    void read(const Words &w);
    void write(const Words &w);
    void fill(const Words &w);
    void write_rom(const Words &w);
    void load(const Words &w);
    void store(const Words &w);
    void dispatch_read(const Words &w);
    void dispatch_write(const Words &w);
    void poke(const Words &w);
    void peek(const Words &w);
    uint8_t *ram_at(const Words &w, uint64_t len) const;
    void valid(const Words &w);
    void translate(const Words &w);
    void iotlb(const Words &w);
    void on(const Words &w);
    void flat(const Words &w);
    void find(const Words &w);
    void present(const Words &w);
    void mapped(const Words &w);
    void info(const Words &w);
    // windows (window.cc)
    void map(const Words &w);
    void map_read(const Words &w);
    void map_write(const Words &w);
    void unmap(const Words &w);
    Mapping mapping_at(const Words &w, uint64_t len) const;
    void cache(const Words &w);
    void cache_read(const Words &w);
    void cache_write(const Words &w);
    void cache_load(const Words &w);
    void cache_store(const Words &w);
    void cache_invalidate(const Words &w);
    void cache_del(const Words &w);
    MemoryRegionCache *cache_at(const Words &w, uint64_t len,
                                bool is_write) const;
    // listeners, dirty logging, posted writes, events (observe.cc)
    void listener(const Words &w);
    void unlisten(const Words &w);
    void log(const Words &w);
    void global_log(const Words &w);
    void global_sync(const Words &w);
    void global_after(const Words &w);
    MemoryRegion *memory_at(const Words &w) const;
    void dirty_set(const Words &w);
    void dirty_clear(const Words &w);
    void dirty_ask(const Words &w);
    void snapshot(const Words &w);
    void clear_bitmap(const Words &w);
    void flush_romd(const Words &w);
    void coalesce(const Words &w);
    void coalesce_add(const Words &w);
    void coalesce_clear(const Words &w);
    void flush_set(const Words &w);
    void flush_clear(const Words &w);
    void flush_queue(const Words &w);
    void posted(const Words &w);
    void event(const Words &w);
    Event *event_of(const std::string &name) const;
    Binding binding_of(const Words &w) const;
    void event_add(const Words &w);
    void event_del(const Words &w);
    // IOMMU tables and notifiers (iommu.cc)
    Region *iommu_region(const std::string &name) const;
    void iommu_map(const Words &w);
    void iommu_unmap(const Words &w);
    Notifier *notifier_of(const std::string &name) const;
    void notifier(const Words &w);
    void unnotifier(const Words &w);
    void iommu_notify(const Words &w);
    void iommu_replay(const Words &w);

    const ReplayOptions m_options;
    MemoryWorld *m_world, *m_outer;
    std::string *m_out;
    std::string m_error; // of a command that a device ran
    int m_depth = 0;     // hooks under way
    unsigned m_open = 0; // transactions
    bool m_started = false, m_full = false, m_closing = false;
    bool m_has_aliases = false;
    uint64_t m_ram = 0; // bytes of all regions
    PostedObserver m_observer{};
    std::vector<std::unique_ptr<Region>> m_regions;
    std::map<std::string, Region *> m_region_of;
    std::vector<std::unique_ptr<Space>> m_spaces;
    std::vector<std::unique_ptr<Listener>> m_listeners;
    std::vector<std::unique_ptr<Notifier>> m_notifiers;
    std::vector<std::unique_ptr<Event>> m_events;
    std::map<std::string, Mapping> m_mappings;
    std::map<std::string, std::unique_ptr<MemoryRegionCache>> m_caches;
};

} // namespace replaying

#endif
