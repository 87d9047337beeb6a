// hart_kit.h - what the tests of cpu/ share: an assembler of functions, and a
// board of one hart, RAM, ROM and a device that listens.
//
// The encodings are written out from the instruction formats and opcode tables
// of the RISC-V Instruction Set Manual, Volume I, chapters 2 and 24; nothing
// here comes from insn.def.
#ifndef TESTS_CPU_HART_KIT_H
#define TESTS_CPU_HART_KIT_H

#include <cstdint>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "cpu/hart.h"
#include "soc/bus.h"

// -- an assembler
// ---------------------------------------------------------------

namespace rv
{

enum : unsigned { zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3 };

inline uint32_t r_type(unsigned f7, unsigned rs2, unsigned rs1, unsigned f3,
                       unsigned rd, unsigned op)
{
    return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
inline uint32_t i_type(int imm, unsigned rs1, unsigned f3, unsigned rd,
                       unsigned op)
{
    return (static_cast<uint32_t>(imm) & 0xfff) << 20 | rs1 << 15 | f3 << 12 |
           rd << 7 | op;
}
inline uint32_t s_type(int imm, unsigned rs2, unsigned rs1, unsigned f3)
{
    uint32_t u = static_cast<uint32_t>(imm);
    return (u >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 |
           (u & 31) << 7 | 0x23;
}

inline uint32_t lui(unsigned rd, uint32_t imm20)
{
    return imm20 << 12 | rd << 7 | 0x37;
}
inline uint32_t auipc(unsigned rd, uint32_t imm20)
{
    return imm20 << 12 | rd << 7 | 0x17;
}
inline uint32_t jal(unsigned rd, int offset)
{
    uint32_t u = static_cast<uint32_t>(offset);
    return (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 |
           (u >> 12 & 0xff) << 12 | rd << 7 | 0x6f;
}
inline uint32_t jalr(unsigned rd, unsigned rs1, int imm)
{
    return i_type(imm, rs1, 0, rd, 0x67);
}
enum Branch : unsigned { EQ = 0, NE = 1, LT = 4, GE = 5, LTU = 6, GEU = 7 };
inline uint32_t branch(Branch f3, unsigned rs1, unsigned rs2, int offset)
{
    uint32_t u = static_cast<uint32_t>(offset);
    return (u >> 12 & 1) << 31 | (u >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 |
           f3 << 12 | (u >> 1 & 15) << 8 | (u >> 11 & 1) << 7 | 0x63;
}
enum Width : unsigned { B, H, W, D, BU, HU, WU };
inline uint32_t load(Width f3, unsigned rd, int imm, unsigned rs1)
{
    return i_type(imm, rs1, f3, rd, 0x03);
}
inline uint32_t store(Width f3, unsigned rs2, int imm, unsigned rs1)
{
    return s_type(imm, rs2, rs1, f3);
}
enum Alu : unsigned { ADD, SLL, SLT, SLTU, XOR, SRL, OR, AND };
inline uint32_t op_imm(Alu f3, unsigned rd, unsigned rs1, int imm)
{
    return i_type(imm, rs1, f3, rd, 0x13);
}
inline uint32_t addi(unsigned rd, unsigned rs1, int imm)
{
    return op_imm(ADD, rd, rs1, imm);
}
inline uint32_t nop()
{
    return addi(zero, zero, 0);
}
inline uint32_t op(Alu f3, unsigned rd, unsigned rs1, unsigned rs2,
                   unsigned f7 = 0)
{
    return r_type(f7, rs2, rs1, f3, rd, 0x33);
}
inline uint32_t add(unsigned rd, unsigned rs1, unsigned rs2)
{
    return op(ADD, rd, rs1, rs2);
}
inline uint32_t muldiv(unsigned f3, unsigned rd, unsigned rs1, unsigned rs2)
{
    return r_type(1, rs2, rs1, f3, rd, 0x33);
}
// f5: 0 add, 1 swap, 2 lr, 3 sc, 4 xor, 8 or, 12 and, 16 min, 20 max, 24 minu,
// 28 maxu; bytes 4 or 8.
inline uint32_t amo(unsigned f5, unsigned bytes, unsigned rd, unsigned rs2,
                    unsigned rs1, unsigned aqrl = 0)
{
    return r_type(f5 << 2 | aqrl, rs2, rs1, bytes == 8 ? 3 : 2, rd, 0x2f);
}
inline uint32_t lr(unsigned bytes, unsigned rd, unsigned rs1)
{
    return amo(2, bytes, rd, 0, rs1);
}
inline uint32_t sc(unsigned bytes, unsigned rd, unsigned rs2, unsigned rs1)
{
    return amo(3, bytes, rd, rs2, rs1);
}
// f3: 1 rw, 2 rs, 3 rc, +4 with an immediate in rs1.
inline uint32_t csr(unsigned f3, unsigned rd, unsigned number, unsigned rs1)
{
    return i_type(static_cast<int>(number), rs1, f3, rd, 0x73);
}
inline uint32_t csrw(unsigned number, unsigned rs1)
{
    return csr(1, zero, number, rs1);
}
inline uint32_t csrr(unsigned rd, unsigned number)
{
    return csr(2, rd, number, zero);
}
enum : uint32_t {
    ECALL = 0x00000073,
    EBREAK = 0x00100073,
    MRET = 0x30200073,
    WFI = 0x10500073,
    FENCE = 0x0ff0000f,
    FENCE_I = 0x0000100f,
};
inline uint32_t self()
{
    return jal(zero, 0);
}

} // namespace rv

// CSR numbers and causes: Volume II, tables 2.2 to 2.5 and 3.6.
enum : unsigned {
    MSTATUS = 0x300,
    MISA = 0x301,
    MIE = 0x304,
    MTVEC = 0x305,
    MCOUNTEREN = 0x306,
    MSCRATCH = 0x340,
    MEPC = 0x341,
    MCAUSE = 0x342,
    MTVAL = 0x343,
    MIP = 0x344,
    MCYCLE = 0xb00,
    MINSTRET = 0xb02,
    MCYCLEH = 0xb80,
    MINSTRETH = 0xb82,
    CYCLE = 0xc00,
    TIME = 0xc01,
    INSTRET = 0xc02,
    CYCLEH = 0xc80,
    TIMEH = 0xc81,
    MHARTID = 0xf14,
};

// -- a board
// ----------------------------------------------------------------------

// A region that answers 32-bit and narrower accesses and notes each of them.
struct Listener {
    struct Call {
        bool is_write, user;
        hwaddr offset;
        uint64_t value;
        unsigned size;
    };
    std::vector<Call> calls = {};
    std::function<void(const Call &)> told = {};
    uint64_t answer = 0;
    bool refuse = false;
    MemoryRegionOps ops = {};

    Listener()
    {
        ops.read_with_attrs = [](void *self, hwaddr addr, uint64_t *data,
                                 unsigned size, MemTxAttrs attrs) {
            auto *l = static_cast<Listener *>(self);
            *data = l->answer;
            return l->called({false, attrs.user != 0, addr, *data, size});
        };
        ops.write_with_attrs = [](void *self, hwaddr addr, uint64_t data,
                                  unsigned size, MemTxAttrs attrs) {
            auto *l = static_cast<Listener *>(self);
            return l->called({true, attrs.user != 0, addr, data, size});
        };
        ops.endianness = DEVICE_LITTLE_ENDIAN;
        ops.valid.min_access_size = ops.impl.min_access_size = 1;
        ops.valid.max_access_size = ops.impl.max_access_size = 4;
    }
    MemTxResult called(const Call &call)
    {
        calls.push_back(call);
        if (told) {
            told(call);
        }
        return refuse ? MEMTX_ERROR : MEMTX_OK;
    }
};

struct Trap {
    uint64_t cause, tval, pc;
    bool operator==(const Trap &o) const
    {
        return cause == o.cause && tval == o.tval && pc == o.pc;
    }
};
inline std::ostream &operator<<(std::ostream &os, const Trap &t)
{
    return os << "{cause " << t.cause << ", tval 0x" << std::hex << t.tval
              << ", pc 0x" << t.pc << std::dec << "}";
}

struct BoardOptions {
    unsigned xlen = 32;
    bool fast = true;
    const char *isa = "imac_zicsr_zifencei";
    const char *profile = "none";
    HartMisaligned misaligned = HART_SPLIT;
    unsigned bus = 0; // width in bytes; 0: accesses take no time
    uint32_t read_first = 0, read_next = 0, write_first = 0, write_next = 0;
    bool timer = false; // the time CSR answers
};

enum : uint64_t {
    RAM = 0x80000000,
    RAM_SIZE = 0x40000,
    ROM = 0x20000000,
    ROM_SIZE = 0x2000,
    IO = 0x10000000,
    HOLE = 0x40000000,
    HANDLER = RAM + 0x3f000, // a handler that stays where it is
};

class Board
{
  public:
    explicit Board(const BoardOptions &o)
        : options(o), world(memory_world_new()),
          outer(memory_world_enter(world))
    {
        clock_init(&clock, "clk", 100000000);
        event_queue_init(&events, world);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", RAM_SIZE, nullptr);
        memory_region_init_rom(&rom, nullptr, "rom", ROM_SIZE, nullptr);
        memory_region_init_io(&io, nullptr, &device.ops, &device, "io", 0x1000);
        memory_region_add_subregion(&root, RAM, &ram);
        memory_region_add_subregion(&root, ROM, &rom);
        memory_region_add_subregion(&root, IO, &io);
        address_space_init(&as, &root, "as");
        wait_states_init(&waits, "ram", &clock);
        waits.read_first = o.read_first;
        waits.read_next = o.read_next;
        waits.write_first = o.write_first;
        waits.write_next = o.write_next;
        EXPECT_TRUE(
            bus_init(&bus, "bus", &clock, &events, o.bus ? o.bus : 4, nullptr));
        bus.model.id = 1;
        if (o.bus) {
            ram.timing = rom.timing = &waits.model;
        }
        hart = make_hart(RAM);
    }
    ~Board()
    {
        memory_world_enter(world);
        for (Hart *h : harts) {
            hart_free(h);
        }
        bus_fini(&bus);
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &rom, &io}) {
            memory_region_del_subregion(&root, mr);
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
        event_queue_fini(&events);
        memory_world_enter(outer);
        memory_world_free(world);
    }
    Board(const Board &) = delete;
    Board &operator=(const Board &) = delete;

    // Another hart in the same memory, by the same options.
    Hart *make_hart(uint64_t pc)
    {
        HartConfig c = {};
        c.name = "cpu";
        c.hartid = harts.size();
        std::string isa = "rv" + std::to_string(options.xlen) + options.isa;
        EXPECT_TRUE(hart_isa_parse(isa.c_str(), &c.isa, nullptr));
        c.profile = timing_profile_find(options.profile);
        EXPECT_NE(c.profile, nullptr);
        c.level = timing_profile_level(c.profile);
        c.clock = &clock;
        c.reset_pc = pc;
        c.misaligned = options.misaligned;
        c.fetch_as = c.data_as = &as;
        if (options.bus) {
            c.fetch_timing = c.data_timing = &bus.model;
        }
        c.fast = options.fast;
        if (options.timer) {
            c.read_time = [](void *self) {
                return static_cast<Board *>(self)->time;
            };
        }
        c.trapped = [](void *self, Hart *, uint64_t cause, uint64_t tval,
                       uint64_t trap_pc) {
            static_cast<Board *>(self)->traps.push_back({cause, tval, trap_pc});
        };
        c.opaque = this;
        Hart *h = hart_new(&c, nullptr);
        EXPECT_NE(h, nullptr);
        harts.push_back(h);
        return h;
    }

    void enter() { memory_world_enter(world); }
    uint64_t mask() const
    {
        return options.xlen == 32 ? 0xffffffff : ~UINT64_C(0);
    }
    // A value as a register of this width holds it.
    uint64_t sx(int64_t value) const
    {
        return static_cast<uint64_t>(value) & mask();
    }

    // -- memory, as a loader sees it
    void put(uint64_t addr, const void *bytes, size_t len)
    {
        EXPECT_EQ(address_space_write_rom(&as, addr, MemTxAttrs{}, bytes, len),
                  static_cast<MemTxResult>(MEMTX_OK));
    }
    void put32(uint64_t addr, uint32_t v) { put(addr, &v, 4); }
    void put64(uint64_t addr, uint64_t v) { put(addr, &v, 8); }
    void put_code(uint64_t addr, const std::vector<uint32_t> &words)
    {
        put(addr, words.data(), 4 * words.size());
    }
    uint64_t get(uint64_t addr, unsigned size)
    {
        uint64_t v = 0;
        EXPECT_EQ(port_debug(hart_data_port(hart), addr, &v, size, false),
                  size);
        return v;
    }
    uint8_t *ram_bytes()
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
    }

    // -- running
    uint64_t x(unsigned reg) { return hart_x(hart, reg); }
    void set(unsigned reg, uint64_t value) { hart_set_x(hart, reg, value); }
    uint64_t csr(unsigned number)
    {
        uint64_t v = 0;
        EXPECT_TRUE(hart_read_csr(hart, number, &v)) << std::hex << number;
        return v;
    }
    // Retires n instructions; those of a loop count too.
    void run(uint64_t n)
    {
        hart_limit(hart, hart_counters(hart).instructions + n);
        hart_run(hart, hart_time(hart) + UINT64_C(1000000000));
    }
    // Puts code at `at`, a loop behind it and a loop as the trap handler, and
    // retires n instructions from there (by default: as many as there are).
    void run_at(uint64_t at, std::vector<uint32_t> code, uint64_t n = 0)
    {
        n = n ? n : code.size();
        code.push_back(rv::self());
        put_code(at, code);
        put32(HANDLER, rv::self());
        hart_set_pc(hart, at);
        run(n);
    }
    void run_code(const std::vector<uint32_t> &code, uint64_t n = 0)
    {
        run_at(RAM, code, n);
    }
    // Makes mtvec point to the handler that loops.
    void catch_traps()
    {
        uint64_t kept = x(31);
        set(31, HANDLER);
        run_code({rv::csrw(MTVEC, 31)});
        set(31, kept);
        traps.clear();
    }

    BoardOptions options;
    MemoryWorld *world, *outer;
    ClockDomain clock;
    EventQueue events;
    MemoryRegion root, ram, rom, io;
    Listener device;
    AddressSpace as;
    WaitStates waits;
    Bus bus;
    std::vector<Hart *> harts;
    Hart *hart; // the first
    std::vector<Trap> traps;
    uint64_t time = 0;
};

// -- both widths, with and without inline entries
// ---------------------------------

struct Axis {
    unsigned xlen;
    bool fast;
};
inline std::string axis_name(const testing::TestParamInfo<Axis> &info)
{
    return "rv" + std::to_string(info.param.xlen) +
           (info.param.fast ? "_fast" : "_slow");
}
inline BoardOptions axis_options(const Axis &axis)
{
    BoardOptions o;
    o.xlen = axis.xlen;
    o.fast = axis.fast;
    return o;
}
#define ON_ALL_AXES(suite)                                                     \
    INSTANTIATE_TEST_SUITE_P(Harts, suite,                                     \
                             testing::Values(Axis{32, true}, Axis{32, false},  \
                                             Axis{64, true}, Axis{64, false}), \
                             axis_name)

#endif
