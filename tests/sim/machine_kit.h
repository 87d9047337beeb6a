/*
 * machine_kit.h - machines from a few lines of text and a few words of code,
 * for the tests of sim/.
 */
#ifndef TESTS_SIM_MACHINE_KIT_H
#define TESTS_SIM_MACHINE_KIT_H

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "sim/machine.h"

namespace kit
{

/* -- a few instructions (RV32I; Volume I, chapters 2 and 9) ---------------- */

using Code = std::vector<uint32_t>;
enum Reg { zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2 };

inline uint32_t lui(int rd, uint32_t upper) // upper: bits 31..12 in place
{
    return (upper & 0xfffff000u) | static_cast<uint32_t>(rd) << 7 | 0x37;
}
inline uint32_t itype(int imm, int rs1, unsigned f3, int rd, unsigned op)
{
    return static_cast<uint32_t>(imm & 0xfff) << 20 |
           static_cast<uint32_t>(rs1) << 15 | f3 << 12 |
           static_cast<uint32_t>(rd) << 7 | op;
}
inline uint32_t addi(int rd, int rs1, int imm)
{
    return itype(imm, rs1, 0, rd, 0x13);
}
inline uint32_t andi(int rd, int rs1, int imm)
{
    return itype(imm, rs1, 7, rd, 0x13);
}
inline uint32_t lw(int rd, int imm, int rs1)
{
    return itype(imm, rs1, 2, rd, 0x03);
}
inline uint32_t lbu(int rd, int imm, int rs1)
{
    return itype(imm, rs1, 4, rd, 0x03);
}
inline uint32_t store(int rs2, int imm, int rs1, unsigned f3)
{
    uint32_t u = static_cast<uint32_t>(imm);
    return (u >> 5 & 0x7f) << 25 | static_cast<uint32_t>(rs2) << 20 |
           static_cast<uint32_t>(rs1) << 15 | f3 << 12 | (u & 31) << 7 | 0x23;
}
inline uint32_t sw(int rs2, int imm, int rs1)
{
    return store(rs2, imm, rs1, 2);
}
inline uint32_t sb(int rs2, int imm, int rs1)
{
    return store(rs2, imm, rs1, 0);
}
inline uint32_t branch(unsigned f3, int rs1, int rs2, int offset)
{
    uint32_t u = static_cast<uint32_t>(offset);
    return (u >> 12 & 1) << 31 | (u >> 5 & 0x3f) << 25 |
           static_cast<uint32_t>(rs2) << 20 | static_cast<uint32_t>(rs1) << 15 |
           f3 << 12 | (u >> 1 & 15) << 8 | (u >> 11 & 1) << 7 | 0x63;
}
inline uint32_t beq(int a, int b, int offset)
{
    return branch(0, a, b, offset);
}
inline uint32_t bne(int a, int b, int offset)
{
    return branch(1, a, b, offset);
}
inline uint32_t j(int offset)
{
    uint32_t u = static_cast<uint32_t>(offset);
    return (u >> 20 & 1) << 31 | (u >> 1 & 0x3ff) << 21 | (u >> 11 & 1) << 20 |
           (u >> 12 & 0xff) << 12 | 0x6f;
}
inline uint32_t csrw(unsigned csr, int rs1)
{
    return csr << 20 | static_cast<uint32_t>(rs1) << 15 | 1 << 12 | 0x73;
}
inline uint32_t csrr(int rd, unsigned csr)
{
    return csr << 20 | 2 << 12 | static_cast<uint32_t>(rd) << 7 | 0x73;
}
const uint32_t wfi = 0x10500073;
enum {
    MSTATUS = 0x300,
    MIE = 0x304,
    MTVEC = 0x305,
    MCAUSE = 0x342,
    MHARTID = 0xf14
};

inline Code operator+(Code a, const Code &b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
inline Code li(int rd, uint32_t value)
{
    uint32_t low = value & 0xfff;
    uint32_t upper = value - (low & 0x800 ? low - 0x1000 : low);
    return {lui(rd, upper), addi(rd, rd, static_cast<int>(low))};
}
/* Ends the run through the test finisher; uses t0 and t1. */
inline Code finish(unsigned status)
{
    return li(t0, 0x00100000) + li(t1, 0x3333 | status << 16) +
           Code{sw(t1, 0, t0), j(0)};
}

/* -- machines ----------------------------------------------------------------
 */

inline std::string board(const std::string &cpus, const std::string &extra = "")
{
    return "version: 1\nname: kit\nclock: 50MHz\ncpus:\n" + cpus +
           "buses:\n  main: {width: 32}\n"
           "memories:\n"
           "  - {name: ram, bus: main, at: 0x80000000, size: 64KiB, "
           "wait_states: {read: 1}}\n"
           "devices:\n"
           "  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000}\n"
           "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}\n" +
           extra;
}
const char *const one_cpu = "  - {name: cpu0, isa: rv32imac_zicsr_zifencei, "
                            "bus: main, reset: 0x80000000}\n";
const char *const two_cpus = "  - {name: 'cpu[0-1]', isa: "
                             "rv32imac_zicsr_zifencei, bus: main, reset: "
                             "0x80000000}\n";
const char *const clint_for_one =
    "  - {name: clint0, type: clint, bus: main, at: 0x02000000, timer: "
    "[cpu0.mti], soft: [cpu0.msi]}\n";

struct Byte {
    uint64_t time;
    std::string device;
    uint8_t value;
    bool operator==(const Byte &o) const
    {
        return time == o.time && device == o.device && value == o.value;
    }
};

/* What can be seen of a run from outside. */
struct Outcome {
    MachineStop stop;
    int status;
    uint64_t time, transactions;
    std::vector<uint64_t> counters;
    std::vector<Byte> output;
    bool operator==(const Outcome &o) const
    {
        return stop == o.stop && status == o.status && time == o.time &&
               transactions == o.transactions && counters == o.counters &&
               output == o.output;
    }
};

class Kit
{
  public:
    explicit Kit(const std::string &text, const Code &code = {},
                 bool slow = false, const char *const *set = nullptr)
    {
        Error *err = nullptr;
        cfg = config_parse(text.data(), text.size(), "kit.yaml", set, &err);
        if (cfg) {
            MachineOptions options = {slow};
            m = machine_new_with(cfg, &options, &err);
        }
        if (err) {
            error = error_message(err);
            error_free(err);
        }
        if (m) {
            if (machine_memories(m) > 0 && !code.empty()) {
                load(code);
            }
            machine_set_serial(m, on_byte, this);
        }
    }
    ~Kit()
    {
        machine_free(m);
        config_free(cfg);
    }
    Kit(const Kit &) = delete;
    Kit &operator=(const Kit &) = delete;

    void load(const Code &code)
    {
        for (unsigned i = 0; i < machine_memories(m); i++) {
            MachineMemory *mem = machine_memory(m, i);
            if (std::string(mem->name) == "ram") {
                std::memcpy(memory_region_get_ram_ptr(&mem->region),
                            code.data(), code.size() * 4);
            }
        }
    }
    Outcome outcome(MachineStop stop)
    {
        Outcome o{stop,
                  machine_exit_status(m),
                  machine_time(m),
                  machine_transactions(m),
                  {},
                  output};
        for (unsigned i = 0; i < machine_harts(m); i++) {
            HartCounters c = hart_counters(machine_hart(m, i));
            o.counters.insert(o.counters.end(),
                              {c.cycles, c.instructions, c.idle, c.traps,
                               c.interrupts, c.data_wait, c.data_bus,
                               c.data_target, c.fetch_stall,
                               hart_time(machine_hart(m, i))});
        }
        return o;
    }
    Outcome run(uint64_t until = TIME_NEVER)
    {
        return outcome(machine_run(m, until));
    }
    uint64_t instructions()
    {
        uint64_t n = 0;
        for (unsigned i = 0; i < machine_harts(m); i++) {
            n += hart_counters(machine_hart(m, i)).instructions;
        }
        return n;
    }
    std::string text() const
    {
        std::string s;
        for (const Byte &b : output) {
            s += static_cast<char>(b.value);
        }
        return s;
    }

    Config *cfg = nullptr;
    Machine *m = nullptr;
    std::string error;
    std::vector<Byte> output;

  private:
    static void on_byte(void *opaque, const char *device, uint8_t byte,
                        uint64_t time_ps)
    {
        static_cast<Kit *>(opaque)->output.push_back({time_ps, device, byte});
    }
};

/* Prints a letter at a time, forever, with work in between. */
inline Code chatter(int work)
{
    Code head = li(s0, 0x10000000) + li(a0, 'a');
    Code loop = li(t2, static_cast<uint32_t>(work));
    size_t inner = head.size() + loop.size();
    loop = loop + Code{addi(t2, t2, -1), lw(t1, 0, sp),   bne(t2, zero, -8),
                       sb(a0, 0, s0),    addi(a0, a0, 1), andi(a0, a0, 0x7f)};
    (void)inner;
    Code code = li(sp, 0x80000000) + head + loop;
    code.push_back(j(-4 * static_cast<int>(loop.size())));
    return code;
}

/* Sends back every byte it gets, until a 'q': then ends with status 5. */
inline Code echo()
{
    Code code = li(s0, 0x10000000) + li(a1, 'q');
    return code + Code{lbu(t0, 5, s0), andi(t0, t0, 1), beq(t0, zero, -8),
                       lbu(a0, 0, s0), sb(a0, 0, s0),   bne(a0, a1, -20)} +
           finish(5);
}

} // namespace kit
#endif
