// session.h - what the files of the replay share: one script under way.
#ifndef TESTS_REPLAY_SESSION_H
#define TESTS_REPLAY_SESSION_H

#include <cstdint>
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

// -- text (text.cc)

std::string text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t number(const std::string &word); // decimal, 0x, 2^64 as UINT64_MAX
int64_t signed_number(const std::string &word);
Bytes from_hex(const std::string &word);
std::string to_hex(const Bytes &bytes);
std::string size_text(Int128 size);
std::string result_text(MemTxResult result);
std::vector<std::string> split(const std::string &word, char at);

// -- the test device (device.cc)

struct Hook {
    bool is_write;
    hwaddr offset;
    Words command;
};

struct Device {
    struct Failure {
        hwaddr offset;
        MemTxResult result;
        std::string direction; // "", "r" or "w"
    };
    Session *session;
    std::string name;
    MemoryRegionOps ops{};
    uint64_t seed = 1, calls = 0;
    std::string data = "hash";
    bool with_attrs = false;
    std::vector<std::string> accepts;
    std::vector<Failure> failures;
    Bytes store;
    std::vector<Hook> hooks;

    bool big() const;
    // Takes "key=value" words.
    void configure(const Words &words, size_t from, uint64_t size);
    MemTxResult read(hwaddr offset, uint64_t *value, unsigned size,
                     MemTxAttrs attrs);
    MemTxResult write(hwaddr offset, uint64_t value, unsigned size,
                      MemTxAttrs attrs);
    bool accept(hwaddr offset, unsigned size, bool is_write, MemTxAttrs attrs);

  private:
    void set(const std::string &key, const std::string &value);
    void check_accepts() const;
    uint64_t produce(hwaddr offset, unsigned size) const;
    MemTxResult report(char direction, hwaddr offset, unsigned size,
                       uint64_t value, MemTxAttrs attrs);
};

// -- the test IOMMU (iommu.cc)

struct Translation {
    hwaddr iova;
    AddressSpace *as;
    std::string as_name;
    hwaddr to, mask;
    IOMMUAccessFlags perm;
    int index;
};

struct Iommu; // with an IOMMUMemoryRegion first

struct Region {
    std::string name, kind;
    uint64_t size;
    MemoryRegion plain{};
    std::unique_ptr<Iommu, void (*)(Iommu *)> iommu{nullptr, nullptr};
    MemoryRegion *mr = &plain;
    std::unique_ptr<Device> device;
    Bytes bytes; // of a ramdev
    unsigned logs = 0;
    bool is_ram() const;
};

struct Iommu {
    IOMMUMemoryRegion parent;
    Session *session;
    std::string *name;
    std::vector<Translation> *table;
    uint64_t page;
    bool by_security, refuses_devices;
};

void iommu_register_type();
std::unique_ptr<Iommu, void (*)(Iommu *)>
iommu_new(Session *session, Region *region, const Words &words);

struct Listener {
    MemoryListener listener{}; // first: callbacks get a pointer to it
    Session *session;
    std::string name;
};
void listener_fill(Listener *l, bool global_sync);

struct Notifier {
    IOMMUNotifier notifier{}; // first
    Session *session;
    std::string name;
    Region *region;
};

struct Event {
    EventNotifier event{};
    std::string name;
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
    Session();
    ~Session();
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    void run_line(const std::string &line);
    void run_hook(const Hook &hook);
    void print(const std::string &line);
    std::string take_output();

    Region *region(const std::string &name) const;
    AddressSpace *space(const std::string &name) const;
    const std::string &space_name(const AddressSpace *as) const;
    const std::string &event_name(const EventNotifier *e) const;

  private:
    using Handler = void (Session::*)(const Words &w);
    struct Command {
        const char *name;
        size_t least; // words, its own included
        Handler handler;
    };
    static const Command commands[];
    void run(const Words &words, const char *prompt);
    void close();

    // regions and the tree (commands.cc)
    void target(const Words &w);
    void make_region(const Words &w);
    void add(const Words &w);
    void add_with_priority(const Words &w);
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
    void add_child(const Words &w, int priority);
    // accesses (access.cc)
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
    void valid(const Words &w);
    void translate(const Words &w);
    void iotlb(const Words &w);
    void on(const Words &w);
    void flat(const Words &w);
    void find(const Words &w);
    void present(const Words &w);
    void mapped(const Words &w);
    void info(const Words &w);
    uint8_t *ram_at(const Words &w, uint64_t len);
    // windows (window.cc)
    void map(const Words &w);
    void map_read(const Words &w);
    void map_write(const Words &w);
    void unmap(const Words &w);
    void cache(const Words &w);
    void cache_read(const Words &w);
    void cache_write(const Words &w);
    void cache_load(const Words &w);
    void cache_store(const Words &w);
    void cache_invalidate(const Words &w);
    void cache_del(const Words &w);
    MemoryRegionCache *cache_at(const Words &w, uint64_t len);
    Mapping *mapping_at(const Words &w, uint64_t len);
    // the rest (observe.cc)
    void listener(const Words &w);
    void unlisten(const Words &w);
    void log(const Words &w);
    void global_log(const Words &w);
    void global_sync(const Words &w);
    void global_after(const Words &w);
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
    void event_add(const Words &w);
    void event_del(const Words &w);
    void iommu_map(const Words &w);
    void iommu_unmap(const Words &w);
    void notifier(const Words &w);
    void unnotifier(const Words &w);
    void iommu_notify(const Words &w);
    void iommu_replay(const Words &w);
    Region *iommu_region(const std::string &name) const;
    Event *event_of(const std::string &name) const;

    struct Binding {
        Region *region;
        hwaddr offset;
        unsigned size;
        bool match;
        uint64_t data;
        Event *event;
    };

    MemoryWorld *m_world, *m_outer;
    std::string m_out;
    std::string m_error; // of a command that a device ran
    int m_depth = 0;     // hooks under way
    unsigned m_open = 0; // transactions
    bool m_silent = false;
    PostedObserver m_observer{};
    std::vector<std::unique_ptr<Region>> m_regions;
    std::vector<std::unique_ptr<Space>> m_spaces;
    std::vector<std::unique_ptr<Listener>> m_listeners;
    std::vector<std::unique_ptr<Notifier>> m_notifiers;
    std::vector<std::unique_ptr<Event>> m_events;
    std::vector<std::unique_ptr<std::vector<Translation>>> m_tables;
    std::map<std::string, std::vector<Translation> *> m_table_of;
    std::map<std::string, Mapping> m_mappings;
    std::map<std::string, std::unique_ptr<MemoryRegionCache>> m_caches;
    std::vector<Binding> m_bindings;
};

MemTxAttrs attrs_of(const Words &w, size_t from);
MemOp op_of(const std::string &size, const std::string &order);
bool is_write(const std::string &word); // "r" or "w"
IOMMUAccessFlags perm_of(const std::string &word);
const char *perm_text(IOMMUAccessFlags perm);
// The value of "key=VALUE" among the words from `from` on, or `preset`.
std::string option(const Words &w, size_t from, const std::string &key,
                   const std::string &preset);

// Lengths that scripts may ask for, in bytes.
const uint64_t MAX_TRANSFER = 1 << 20;
const uint64_t MAX_RAM = UINT64_C(1) << 32;

} // namespace replaying

#endif
