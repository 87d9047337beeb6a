// oracle_real.h - the real memory API, driven by the same scripts as the model
// and writing the same transcripts, through public functions only. Its
// listeners keep a mirror of their space from what they are told.
#ifndef TESTS_MEMORY_ORACLE_REAL_H
#define TESTS_MEMORY_ORACLE_REAL_H

#include "memory/world.h"
#include "tests/memory/oracle_model.h"

namespace oracle
{

class Real
{
  public:
    Real();
    ~Real();
    Real(const Real &) = delete;
    Real &operator=(const Real &) = delete;
    // A command the model has found legal.
    void run(const Command &command);
    std::string out;
    std::vector<bool> hooks; // as the model's, set before run()

    // "" or how a listener's mirror differs from its space in the model.
    std::string compare_mirrors(const Model &model) const;
    // "" or how a byte of [first, first + len) differs from what painting it
    // gives. Not inside a transaction.
    std::string compare_bytes(Model *model, uint64_t first, unsigned len);

  private:
    struct Region {
        MemoryRegion mr{};
        MemoryRegionOps ops{};
        std::unique_ptr<Device> device;
        std::vector<uint8_t> memory; // of a RAM device
    };
    struct Space {
        AddressSpace as{};
        bool alive = true;
    };
    struct Section {
        Int128 size;
        std::string mr;
        uint64_t offset;
        bool readonly, nonvolatile;
        bool operator==(const Section &o) const;
    };
    struct Listener {
        MemoryListener ml{}; // first: the callbacks find the rest behind it
        Real *real = nullptr;
        std::string name, space;
        std::map<Int128, Section> mirror; // by start
    };

    void perform(const Command &c);
    void run_hook(const Command &c);
    void make_region(const Command &c);
    void make_listener(const Command &c);
    bool tree_command(const Command &c);
    bool attribute_command(const Command &c);
    bool look_command(const Command &c);
    bool access_command(const Command &c);
    void load(const Command &c, MemTxAttrs attrs);
    void store(const Command &c, MemTxAttrs attrs);
    void flat(AddressSpace *as);
    MemOp order(const std::string &word) const;
    void told(MemoryListener *ml, const char *what, MemoryRegionSection *s);
    static std::vector<std::pair<Int128, Section>> sections(AddressSpace *as);
    static void set_ops(Region *r);

    MemoryWorld *m_world, *m_outer;
    std::map<std::string, std::unique_ptr<Region>> m_regions;
    std::map<std::string, std::unique_ptr<Space>> m_spaces;
    std::map<std::string, std::unique_ptr<Listener>> m_listeners;
    std::vector<std::string> m_made; // regions, in order
    unsigned m_depth = 0;
    int m_level = 0;
    size_t m_hook = 0;
    bool m_big = false;
};

} // namespace oracle

#endif
