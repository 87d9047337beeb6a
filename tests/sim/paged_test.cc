// paged_test.cc - a program behind page tables, with a DMA beside it on the
// bus, runs the same however it is run: cycles, walks, registers, memory and
// records. What it must compute is known besides.

#include <random>

#include "tests/cpu/hart_kit.h"
#include "tests/cpu/record_kit.h"
#include "tests/sim/machine_kit.h"

namespace
{

using namespace rv;

enum : uint64_t {
    PAGE = 0x1000,
    MEMORY = 0x40000, // bytes of RAM
    // frames of RAM, by number
    F_CODE = 1, // 4 of them
    F_TABLES = 8,
    F_LEAF = 11, // and the next
    F_DATA = 16, // 8 of them
    F_X = 26,    // two of a function that is mapped in turn
    F_Y = 28,    // two of a constant
    F_SOURCE = 32,
    F_TARGET = 48, // of the DMA
    // virtual
    WINDOW = 0x40000000,
    SUPER = 0x40400000, // all of RAM, by a superpage
    STEP_OVER = RAM + 0x100,
};
// Pages of WINDOW, whose leaves are two tables for 4 MiB: k MiB and j pages.
// Those of equal j share an entry of the TLB.
constexpr uint64_t page_at(uint64_t k, uint64_t j)
{
    return WINDOW + (k << 20) + j * PAGE;
}
constexpr uint64_t CODE_VA = page_at(0, 32), X_VA = page_at(0, 36),
                   Y_VA = page_at(1, 37), DMA_VA = page_at(0, 40),
                   LEAF_VA = page_at(0, 41), CLINT_VA = page_at(3, 5 + 16);
enum : unsigned { FIRST = 16, PAGES = 10, ROUNDS = 8, OPS = 170 };
enum : uint64_t {
    V = 1,
    R = 2,
    WR = 4,
    EX = 8,
    US = 16,
    AC = 64,
    DI = 128,
    ALL = V | R | WR | EX | AC | DI
};

// Registers with a meaning of their own; x10..x17 hold data.
enum : unsigned {
    BASE0 = 8, // of the four windows: x8 x9 x18 x19
    BASE1 = 9,
    BASE2 = 18,
    BASE3 = 19,
    BASE4 = 2, // in the superpage
    AT = 5,
    TEMP = 6,
    SUM = 7,
    DMA_AT = 20,
    CLINT_AT = 21,
    X_ENTRY = 22,
    Y_ENTRY = 23,
    X_PTE = 24, // and the next
    Y_PTE = 3,  // and the next
    X_SUM = 26,
    Y_SUM = 27,
    Y_AT = 28,
    X_AT = 29,
    LEFT = 31,
};

struct Way {
    const char *name;
    bool slow, recorded;
    unsigned slices; // seed; 0: in one piece
    const char *quantum;
};
const Way WAYS[] = {{"fast", false, false, 0, "quantum=1us"},
                    {"fast, recorded", false, true, 0, "quantum=1us"},
                    {"slow", true, false, 0, "quantum=1us"},
                    {"slow, recorded", true, true, 0, "quantum=1us"},
                    {"sliced", false, false, 1, "quantum=1us"},
                    {"sliced, recorded", false, true, 2, "quantum=1us"},
                    {"slow, sliced", true, false, 3, "quantum=1us"},
                    {"small quantum", false, false, 0, "quantum=20ns"},
                    {"large quantum", false, true, 0, "quantum=1ms"}};

struct End {
    std::vector<uint64_t> state;
    std::vector<Seen> rows;
    HartCounters counters;
    uint64_t x_sum, y_sum, dma_writes;
    MachineStop stop;
};

class Program
{
  public:
    Program(unsigned seed, unsigned width) : dice(seed), xlen(width)
    {
        for (unsigned n = 0; n < 4; n++) {
            std::vector<uint32_t> code;
            while (code.size() < OPS) {
                operation(&code);
            }
            const bool last = n == 3;
            const int back = static_cast<int>(n * PAGE + 4 * code.size());
            if (!last) { // on in the next page
                code.push_back(
                    jal(zero, static_cast<int>((n + 1) * PAGE) - back));
            } else {
                code.push_back(addi(LEFT, LEFT, -1));
                code.push_back(branch(EQ, LEFT, zero, 8));
                code.push_back(jal(zero, -back - 8));
                code.push_back(ECALL);
            }
            page.push_back(code);
        }
        for (unsigned k = 0; k < 4; k++) {
            for (unsigned j = 0; j < PAGES; j++) {
                const uint64_t frame =
                    below(4) ? F_DATA + below(8) : F_TARGET + below(2);
                uint64_t pte = (RAM + frame * PAGE) >> 2 | R;
                pte |= unless(12, V) | unless(5, AC) | unless(6, WR);
                pte |= unless(3, DI) | (below(8) ? 0u : unsigned(US));
                data_pte[k][j] = pte;
            }
        }
        data_pte[2][5] = UINT64_C(0x02004000) >> 2 | ALL; // MTIMECMP
        data_pte[3][5] = UINT64_C(0x0200b000) >> 2 | ALL; // MTIME
    }
    // What the program adds up in X_SUM and Y_SUM.
    std::pair<uint64_t, uint64_t> sums() const
    {
        uint64_t sum[2] = {0, 0};
        bool second[2] = {false, false};
        for (unsigned round = 0; round < ROUNDS; round++) {
            for (const Fact &f : facts) {
                if (f.maps) {
                    second[f.which] = f.second;
                } else {
                    sum[f.which] +=
                        f.which == 0 ? x_value(second[0]) : y_value(second[1]);
                }
            }
        }
        return {sum[0], sum[1]};
    }
    static uint64_t x_value(bool second) { return second ? 500 : 3; }
    static uint64_t y_value(bool second) { return second ? 7 : 90000; }

    std::vector<std::vector<uint32_t>> page = {};
    uint64_t data_pte[4][PAGES] = {};

  private:
    struct Fact { // X or Y is mapped, or used
        unsigned which;
        bool maps, second;
    };
    unsigned below(unsigned n) { return static_cast<unsigned>(dice() % n); }
    uint64_t unless(unsigned n, uint64_t bits) { return below(n) ? bits : 0; }
    unsigned reg() { return 10 + below(8); }
    int offset(unsigned log)
    {
        const unsigned at = below(4000);
        return static_cast<int>(below(10) ? at >> log << log : at) - 2000;
    }
    void go_to_a_page(std::vector<uint32_t> *code)
    {
        const unsigned bases[] = {BASE0, BASE1, BASE2, BASE3, BASE4};
        code->push_back(lui(AT, 1 + below(PAGES - 2)));
        code->push_back(add(AT, AT, bases[below(5)]));
    }
    void access(std::vector<uint32_t> *code)
    {
        const unsigned log = below(xlen == 32 ? 3 : 4);
        const Width width = static_cast<Width>(log);
        switch (below(8)) {
        case 0: code->push_back(amo(0, 4, reg(), reg(), AT)); break;
        case 1: code->push_back(lr(4, reg(), AT)); break;
        case 2: code->push_back(sc(4, reg(), reg(), AT)); break;
        case 3:
        case 4: code->push_back(store(width, reg(), offset(log), AT)); break;
        default: code->push_back(load(width, reg(), offset(log), AT)); break;
        }
    }
    // A page takes another one's place in the TLB by an access that opens
    // nothing; then the other is used again.
    void displace(std::vector<uint32_t> *code)
    {
        const unsigned bases[] = {BASE0, BASE1, BASE2, BASE3};
        const unsigned k = below(4);
        code->push_back(lui(AT, 1 + below(PAGES - 2)));
        code->push_back(add(TEMP, AT, bases[k]));
        code->push_back(add(AT, AT, bases[(k + 1 + below(3)) % 4]));
        code->push_back(load(W, reg(), 8, TEMP));
        switch (below(4)) {
        case 0: code->push_back(amo(8, 4, reg(), zero, AT)); break;
        case 1: code->push_back(lr(4, reg(), AT)); break;
        case 2: code->push_back(sc(4, reg(), reg(), AT)); break;
        default: code->push_back(load(W, reg(), -2, AT)); break;
        }
        code->push_back(load(W, reg(), 12, TEMP));
        code->push_back(store(W, reg(), 16, TEMP));
    }
    void map(std::vector<uint32_t> *code, unsigned which)
    {
        const bool second = below(2);
        const unsigned pte = (which ? Y_PTE : X_PTE) + second;
        code->push_back(
            store(xlen == 32 ? W : D, pte, 0, which ? Y_ENTRY : X_ENTRY));
        code->push_back(0x12000073); // sfence.vma
        facts.push_back({which, true, second});
    }
    void operation(std::vector<uint32_t> *code)
    {
        switch (below(40)) {
        case 0: map(code, 0); break;
        case 1: map(code, 1); break;
        case 2:
            code->push_back(jalr(ra, X_AT, 0));
            facts.push_back({0, false, false});
            break;
        case 3:
            code->push_back(
                load(W, TEMP, 4 * static_cast<int>(below(8)), Y_AT));
            code->push_back(add(Y_SUM, Y_SUM, TEMP));
            facts.push_back({1, false, false});
            break;
        case 4: code->push_back(csr(2 + below(2), zero, 0x100, SUM)); break;
        case 5: code->push_back(load(W, reg(), -8, CLINT_AT)); break;
        case 6: code->push_back(csrr(reg(), below(2) ? CYCLE : INSTRET)); break;
        case 7: // the DMA: start, status
            code->push_back(addi(TEMP, zero, 1 | 2 << 4));
            code->push_back(store(W, TEMP, 0x14, DMA_AT));
            break;
        case 8: code->push_back(load(W, reg(), 0x18, DMA_AT)); break;
        case 9:
            code->push_back(branch(below(2) ? LTU : NE, reg(), reg(), 8));
            code->push_back(addi(reg(), reg(), 77));
            break;
        case 10: code->push_back(0x00010001); break; // two c.nop
        case 11: code->push_back(EBREAK); break;
        case 12:
        case 13: displace(code); break;
        case 14:
        case 15:
        case 16: code->push_back(add(reg(), reg(), reg())); break;
        case 17:
        case 18:
        case 19:
        case 20:
        case 21:
        case 22:
        case 23:
        case 24:
            go_to_a_page(code);
            access(code);
            break;
        default: access(code); break; // again where the last one was
        }
    }

    std::mt19937 dice;
    unsigned xlen;
    std::vector<Fact> facts = {};
};

class Paged : public testing::TestWithParam<std::tuple<unsigned, bool>>
{
  protected:
    Paged()
        : xlen(std::get<0>(GetParam())), hardware_ad(std::get<1>(GetParam()))
    {
    }

    std::string text() const
    {
        return "version: 1\nname: paged\nclock: 50MHz\ncpus:\n"
               "  - {name: cpu0, isa: rv" +
               std::to_string(xlen) +
               "imac_zicsr_zifencei_zicntr, bus: main, reset: 0x80000000, "
               "hardware_ad: " +
               (hardware_ad ? "true" : "false") +
               "}\n"
               "buses:\n  main: {width: 32}\n"
               "memories:\n"
               "  - {name: ram, bus: main, at: 0x80000000, size: 256KiB, "
               "wait_states: {read: 1}}\n"
               "devices:\n"
               "  - {name: test0, type: sifive-test, bus: main, at: 0x100000}\n"
               "  - {name: clint0, type: clint, bus: main, at: 0x02000000, "
               "timer: [cpu0.mti]}\n"
               "  - {name: dma0, type: dma, bus: main, at: 0x18003000, "
               "master: main}\n";
    }
    uint64_t pte_size() const { return xlen / 8; }
    static uint64_t frame(uint64_t n) { return RAM + n * PAGE; }
    void put(uint64_t at, const void *bytes, size_t size)
    {
        memcpy(ram + (at - RAM), bytes, size);
    }
    void put_pte(uint64_t at, uint64_t pte) { put(at, &pte, pte_size()); }
    void put_code(uint64_t at, const std::vector<uint32_t> &code)
    {
        put(at, code.data(), 4 * code.size());
    }
    // Where the entry of a page of WINDOW lies, in a leaf table.
    uint64_t entry_of(uint64_t va) const
    {
        return F_LEAF * PAGE + ((va - WINDOW) >> 12) * pte_size();
    }
    void set_leaf(uint64_t va, uint64_t pte)
    {
        put_pte(RAM + entry_of(va), pte);
    }

    // Sv32: one table of leaves; Sv39: two in a row, a root and one between.
    uint64_t make_tables(const Program &p)
    {
        const uint64_t root = frame(F_TABLES), middle = frame(F_TABLES + 1);
        const uint64_t leaf = frame(F_LEAF), super = RAM >> 2 | ALL;
        if (xlen == 32) {
            put_pte(root + (WINDOW >> 22) * 4, leaf >> 2 | V);
            put_pte(root + (SUPER >> 22) * 4, super);
        } else {
            put_pte(root + (WINDOW >> 30) * 8, middle >> 2 | V);
            put_pte(middle, leaf >> 2 | V);
            put_pte(middle + 8, (leaf + PAGE) >> 2 | V);
            put_pte(middle + 16, super);
        }
        for (unsigned n = 0; n < 4; n++) {
            set_leaf(CODE_VA + n * PAGE, frame(F_CODE + n) >> 2 | ALL);
        }
        for (unsigned k = 0; k < 4; k++) {
            for (unsigned j = 0; j < PAGES; j++) {
                set_leaf(page_at(k, FIRST + j), p.data_pte[k][j]);
            }
        }
        set_leaf(X_VA, frame(F_X) >> 2 | ALL);
        set_leaf(Y_VA, frame(F_Y) >> 2 | ALL);
        set_leaf(DMA_VA, UINT64_C(0x18003000) >> 2 | ALL);
        set_leaf(LEAF_VA, leaf >> 2 | ALL);
        return root;
    }
    void make_code(const Program &p)
    {
        put_code(RAM, {csrw(MTVEC, 10), csrw(0x3b0, 11), csrw(0x3a0, 12),
                       csrw(MCOUNTEREN, 12), csrw(0x180, 13), csrw(MSTATUS, 14),
                       csrw(MEPC, 15), 0x12000073, store(W, 16, 0, AT),
                       store(W, 17, 8, AT), store(W, TEMP, 16, AT), MRET});
        // An ecall ends the run; anything else is stepped over.
        put_code(STEP_OVER,
                 {csrr(30, MCAUSE), addi(30, 30, -9), branch(EQ, 30, zero, 20),
                  csrr(30, MEPC), addi(30, 30, 4), csrw(MEPC, 30), MRET,
                  lui(30, 0x100), lui(AT, 5), addi(AT, AT, 0x555),
                  store(W, AT, 0, 30), self()});
        for (unsigned n = 0; n < 4; n++) {
            put_code(frame(F_CODE + n), p.page[n]);
        }
        for (unsigned second = 0; second < 2; second++) {
            const int x = static_cast<int>(Program::x_value(second));
            put_code(frame(F_X + second),
                     {addi(X_SUM, X_SUM, x), jalr(zero, ra, 0)});
            put_code(frame(F_Y + second),
                     std::vector<uint32_t>(
                         8, static_cast<uint32_t>(Program::y_value(second))));
        }
    }
    void set_registers(Hart *h, uint64_t root)
    {
        const uint64_t x_pte = frame(F_X) >> 2 | ALL;
        const uint64_t y_pte = frame(F_Y) >> 2 | ALL;
        const uint64_t satp =
            (xlen == 32 ? UINT64_C(1) << 31 : UINT64_C(8) << 60) | root >> 12;
        const std::pair<unsigned, uint64_t> registers[] = {
            {10, STEP_OVER},
            {11, UINT64_MAX},
            {12, 0x1f},
            {13, satp},
            {14, 1 << 11},
            {15, CODE_VA},
            // the DMA's source, target and length
            {AT, 0x18003000},
            {16, frame(F_SOURCE)},
            {17, frame(F_TARGET)},
            {TEMP, 512},
            {BASE0, page_at(0, FIRST)},
            {BASE1, page_at(1, FIRST)},
            {BASE2, page_at(2, FIRST)},
            {BASE3, page_at(3, FIRST)},
            {BASE4, SUPER + FIRST * PAGE},
            {SUM, 1 << 18},
            {DMA_AT, DMA_VA},
            {CLINT_AT, CLINT_VA + PAGE},
            {X_ENTRY, LEAF_VA + entry_of(X_VA) - F_LEAF * PAGE},
            {Y_ENTRY, LEAF_VA + entry_of(Y_VA) - F_LEAF * PAGE},
            {X_PTE, x_pte},
            {X_PTE + 1, x_pte + (PAGE >> 2)},
            {Y_PTE, y_pte},
            {Y_PTE + 1, y_pte + (PAGE >> 2)},
            {Y_AT, Y_VA},
            {X_AT, X_VA},
            {LEFT, ROUNDS},
        };
        for (const auto &[number, value] : registers) {
            hart_set_x(h, number, value);
        }
    }

    End run(const Program &p, const Way &way)
    {
        const char *const set[] = {way.quantum, nullptr};
        kit::Kit k(text(), {}, way.slow, set);
        EXPECT_EQ(k.error, "");
        Hart *h = machine_hart(k.m, 0);
        ram = static_cast<uint8_t *>(
            memory_region_get_ram_ptr(&machine_memory(k.m, 0)->region));
        std::mt19937_64 bytes(1);
        for (uint64_t at = F_DATA; at < MEMORY / PAGE; at++) {
            for (uint64_t n = 0; n < PAGE; n += 8) {
                const uint64_t value = bytes();
                memcpy(ram + at * PAGE + n, &value, 8);
            }
        }
        make_code(p);
        set_registers(h, make_tables(p));

        End end = {};
        MemoryWorld *world = machine_world(k.m);
        {
            std::unique_ptr<Recording> recording;
            if (way.recorded) {
                recording = std::make_unique<Recording>(world, KIND_ALL);
            }
            end.stop = go(k, way.slices);
            if (recording) {
                end.rows = recording->rows();
                EXPECT_EQ(end.rows.size(), machine_transactions(k.m));
                EXPECT_GT(recording->handed_over, 10u);
            }
        }
        HartCounters c = end.counters = hart_counters(h);
        end.x_sum = hart_x(h, X_SUM);
        end.y_sum = hart_x(h, Y_SUM);
        end.state = {hart_pc(h),        hart_privilege(h),
                     machine_time(k.m), machine_transactions(k.m),
                     c.cycles,          c.instructions,
                     c.traps,           c.fetch_stall,
                     c.data_wait,       c.data_bus,
                     c.data_target,     c.walk,
                     c.walks,           port_transactions(hart_walk_port(h))};
        for (unsigned i = 0; i < 32; i++) {
            end.state.push_back(hart_x(h, i));
        }
        uint64_t hash = 0;
        for (uint64_t n = 0; n < MEMORY; n++) {
            hash = (hash ^ ram[n]) * UINT64_C(0x100000001b3);
        }
        end.state.push_back(hash);
        for (MemoryPort *port = world->first_port; port; port = port->next) {
            if (std::string(port->name) == "dma0.master") {
                end.dma_writes = port_transactions(port);
                end.state.push_back(end.dma_writes);
            }
        }
        return end;
    }
    static MachineStop go(kit::Kit &k, unsigned slices)
    {
        if (!slices) {
            return k.run(PS_PER_SECOND).stop;
        }
        std::mt19937_64 cuts(slices);
        MachineStop stop = MACHINE_RUNNING;
        while (stop == MACHINE_RUNNING && machine_time(k.m) < PS_PER_SECOND) {
            const uint64_t longest = cuts() % 4 ? 300000 : 20000000;
            stop = k.run(machine_time(k.m) + cuts() % longest).stop;
        }
        return stop;
    }

    unsigned xlen;
    bool hardware_ad;
    uint8_t *ram = nullptr;
};

TEST_P(Paged, HowItIsRunIsInvisible)
{
    for (unsigned seed = 0; seed < 2; seed++) {
        const Program p(seed, xlen);
        std::vector<Seen> rows;
        End first = {};
        for (const Way &way : WAYS) {
            SCOPED_TRACE(testing::Message() << way.name << ", seed " << seed);
            const End end = run(p, way);
            ASSERT_EQ(end.stop, MACHINE_FINISHED);
            ASSERT_EQ(end.x_sum, p.sums().first);
            ASSERT_EQ(end.y_sum, p.sums().second);
            if (&way == WAYS) {
                first = end;
                // A run without these would show little.
                ASSERT_GT(end.counters.walks, 1000u);
                ASSERT_GT(end.counters.traps, 100u);
                ASSERT_GT(end.dma_writes, 500u);
                ASSERT_GT(end.counters.data_wait, 20u);
            }
            ASSERT_EQ(first.state, end.state);
            if (way.recorded && rows.empty()) {
                rows = end.rows;
            } else if (way.recorded) {
                expect_same_rows(rows, end.rows, way.name);
                ASSERT_FALSE(HasFatalFailure());
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Tables, Paged, testing::Combine(testing::Values(32u, 64u), testing::Bool()),
    [](const testing::TestParamInfo<Paged::ParamType> &info) {
        return std::string(std::get<0>(info.param) == 32 ? "sv32" : "sv39") +
               (std::get<1>(info.param) ? "_set_by_hardware" : "_faults");
    });

} // namespace
