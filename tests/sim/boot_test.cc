// What a board does before firmware runs: the reset stub, images, the device
// tree, and `harts: N`.
#include <fstream>
#include <gtest/gtest.h>
#include <libfdt.h>
#include <unistd.h>

#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

std::string virt(unsigned xlen, const std::string &extra = "")
{
    std::string n = std::to_string(xlen);
    return "version: 1\nname: kit\nclock: 50MHz\nboot: {stub: 0x1000}\n"
           "cpus:\n  - {name: cpu0, isa: rv" +
           n +
           "gc_zicboz_zba_sstc, bus: main, reset: 0x80000000}\n"
           "buses:\n  main: {width: 64}\n"
           "memories:\n"
           "  - {name: rom, bus: main, at: 0x1000, size: 0x1000, kind: rom}\n"
           "  - {name: ram, bus: main, at: 0x80000000, size: 32MiB}\n"
           "devices:\n"
           "  - {name: clint0, type: clint, bus: main, at: 0x02000000, timer: "
           "[cpu0.mti], soft: [cpu0.msi]}\n"
           "  - {name: plic0, type: plic, bus: main, at: 0x0c000000, sources: "
           "32, out: [cpu0.mei, cpu0.sei]}\n"
           "  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000, irq: "
           "plic0.10}\n"
           "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}\n" +
           extra;
}

class File
{
  public:
    explicit File(const std::string &bytes)
    {
        int fd = mkstemp(path);
        EXPECT_GE(fd, 0);
        close(fd);
        std::ofstream(path, std::ios::binary) << bytes;
    }
    ~File() { unlink(path); }
    char path[32] = "/tmp/boot_test_XXXXXX";
};

std::string bytes_of(const Code &code)
{
    return {reinterpret_cast<const char *>(code.data()), code.size() * 4};
}

// A machine that has booted.
struct Booted : Kit {
    Booted(const std::string &text, const std::vector<std::string> &set)
        : Kit(text, {}, false, list(set).data())
    {
        Error *err = nullptr;
        if (m && !machine_boot(m, &err)) {
            error = error_message(err);
            error_free(err);
        }
    }
    static std::vector<const char *> list(const std::vector<std::string> &set)
    {
        std::vector<const char *> p;
        for (const std::string &s : set) {
            p.push_back(s.c_str());
        }
        p.push_back(nullptr);
        return p;
    }
    std::string memory(uint64_t address, uint64_t len)
    {
        std::string s(len, '\0');
        AddressSpace *as = &machine_bus(m, 0)->as;
        MemoryWorld *outer = memory_world_enter(machine_world(m));
        address_space_read(as, address, MEMTXATTRS_UNSPECIFIED, s.data(), len);
        memory_world_enter(outer);
        return s;
    }
    template <class T> T word(uint64_t address)
    {
        T value;
        std::memcpy(&value, memory(address, sizeof(T)).data(), sizeof(T));
        return value;
    }
    // Runs until every hart is at `pc` or somewhere behind it.
    void go(unsigned insns)
    {
        for (unsigned i = 0; i < machine_harts(m); i++) {
            hart_step(machine_hart(m, i), insns);
        }
    }
    // The tree that a1 of the first hart points to.
    std::string tree()
    {
        uint64_t at = hart_x(machine_hart(m, 0), a1);
        uint32_t size = fdt32_to_cpu(word<uint32_t>(at + 4));
        return memory(at, size);
    }
};

std::string property(const std::string &tree, const char *path,
                     const char *name)
{
    int node = fdt_path_offset(tree.data(), path), len = 0;
    const void *p =
        node < 0 ? nullptr : fdt_getprop(tree.data(), node, name, &len);
    return p ? std::string(static_cast<const char *>(p),
                           static_cast<size_t>(len))
             : "(none)";
}
std::vector<uint32_t> cells(const std::string &tree, const char *path,
                            const char *name)
{
    std::string p = property(tree, path, name);
    std::vector<uint32_t> out(p.size() / 4);
    for (size_t i = 0; i < out.size(); i++) {
        uint32_t cell;
        std::memcpy(&cell, p.data() + 4 * i, 4);
        out[i] = fdt32_to_cpu(cell);
    }
    return out;
}
using Cells = std::vector<uint32_t>;

const std::string loop = bytes_of({j(0)});

TEST(Boot, StubHandsOverInBothWidths)
{
    for (unsigned xlen : {32u, 64u}) {
        File bios(loop), kernel(loop);
        Booted k(virt(xlen), {std::string("boot.bios=") + bios.path,
                              std::string("boot.kernel=") + kernel.path});
        ASSERT_EQ("", k.error);
        k.go(6);
        Hart *hart = machine_hart(k.m, 0);
        EXPECT_EQ(0x80000000u, hart_pc(hart));
        EXPECT_EQ(0u, hart_x(hart, a0));
        EXPECT_EQ(0x81e00000u, hart_x(hart, a1));
        uint64_t at = hart_x(hart, a2),
                 next = xlen == 32 ? 0x80400000 : 0x80200000;
        unsigned w = xlen / 8;
        auto field = [&](unsigned i) {
            return xlen == 32 ? k.word<uint32_t>(at + w * i)
                              : k.word<uint64_t>(at + w * i);
        };
        EXPECT_EQ(0x4942534fu, field(0));
        EXPECT_EQ(2u, field(1));
        EXPECT_EQ(next, field(2));
        EXPECT_EQ(1u, field(3));
        EXPECT_EQ(loop, k.memory(next, 4));
        EXPECT_EQ(bios.path, std::string("/tmp/") + machine_firmware(k.m));
    }
}

TEST(Boot, KernelAloneRunsInMachineModeAndImagesSayHowBigTheyAre)
{
    std::string image(128, '\0');
    uint64_t size = 30 << 20;
    std::memcpy(image.data(), loop.data(), 4);
    std::memcpy(image.data() + 16, &size, 8);
    std::memcpy(image.data() + 56, "RSC\005", 4);
    File kernel(image), initrd("disk");
    std::vector<std::string> set = {std::string("boot.kernel=") + kernel.path,
                                    std::string("boot.initrd=") + initrd.path};
    Booted k(virt(64), set);
    // 30 MiB of kernel, its RAM disk, and the tree: 32 MiB have no room.
    EXPECT_NE(std::string::npos, k.error.find("no room for the device tree"))
        << k.error;
    set.push_back("ram.size=64MiB");
    Booted roomy(virt(64), set);
    ASSERT_EQ("", roomy.error);
    roomy.go(6);
    EXPECT_EQ(0x80000000u, hart_pc(machine_hart(roomy.m, 0)));
    EXPECT_EQ(3u, hart_privilege(machine_hart(roomy.m, 0)));
    EXPECT_EQ("disk", roomy.memory(0x82000000, 4));
    std::string tree = roomy.tree();
    EXPECT_EQ((Cells{0, 0x82000000}),
              cells(tree, "/chosen", "linux,initrd-start"));
    EXPECT_EQ((Cells{0, 0x82000004}),
              cells(tree, "/chosen", "linux,initrd-end"));
}

TEST(Boot, TreeSaysWhatTheMachineHas)
{
    File bios(loop);
    Booted k(virt(64, "  - {name: rtc0, type: goldfish-rtc, bus: main, at: "
                      "0x101000, irq: plic0.11}\n"
                      "  - {name: f0, type: cfi-flash, bus: main, at: "
                      "0x20000000, size: 4MiB}\n"),
             {std::string("boot.bios=") + bios.path, "boot.append='a b'"});
    ASSERT_EQ("", k.error);
    k.go(6);
    std::string tree = k.tree();
    ASSERT_EQ(0, fdt_check_full(tree.data(), tree.size()));
    using namespace std::string_literals;
    EXPECT_EQ("rv64imafdc_zicboz_zicsr_zifencei_zba_sstc\0"s,
              property(tree, "/cpus/cpu@0", "riscv,isa"));
    EXPECT_EQ("i\0m\0a\0f\0d\0c\0zicboz\0zicsr\0zifencei\0zba\0sstc\0"s,
              property(tree, "/cpus/cpu@0", "riscv,isa-extensions"));
    EXPECT_EQ("riscv,sv48\0"s, property(tree, "/cpus/cpu@0", "mmu-type"));
    EXPECT_EQ(Cells{64}, cells(tree, "/cpus/cpu@0", "riscv,cboz-block-size"));
    EXPECT_EQ(Cells{10000000}, cells(tree, "/cpus", "timebase-frequency"));
    EXPECT_EQ((Cells{0, 0x80000000, 0, 32 << 20}),
              cells(tree, "/memory@80000000", "reg"));
    EXPECT_EQ("a b\0"s, property(tree, "/chosen", "bootargs"));
    EXPECT_EQ("/soc/serial@10000000\0"s,
              property(tree, "/chosen", "stdout-path"));
    EXPECT_EQ(64u, property(tree, "/chosen", "rng-seed").size());
    EXPECT_EQ("ns16550a\0"s,
              property(tree, "/soc/serial@10000000", "compatible"));
    EXPECT_EQ(Cells{3686400},
              cells(tree, "/soc/serial@10000000", "clock-frequency"));
    Cells plic = cells(tree, "/soc/plic@c000000", "phandle");
    ASSERT_EQ(1u, plic.size());
    EXPECT_EQ((Cells{plic[0], 10}),
              cells(tree, "/soc/serial@10000000", "interrupts-extended"));
    EXPECT_EQ((Cells{plic[0], 11}),
              cells(tree, "/soc/rtc@101000", "interrupts-extended"));
    EXPECT_EQ(Cells{31}, cells(tree, "/soc/plic@c000000", "riscv,ndev"));
    EXPECT_EQ("cfi-flash\0"s,
              property(tree, "/soc/flash@20000000", "compatible"));
    EXPECT_EQ((Cells{0, 0x20000000, 0, 4 << 20}),
              cells(tree, "/soc/flash@20000000", "reg"));
    EXPECT_EQ(Cells{4}, cells(tree, "/soc/flash@20000000", "bank-width"));
    EXPECT_EQ(cells(tree, "/soc/test@100000", "phandle"),
              cells(tree, "/poweroff", "regmap"));
    EXPECT_EQ(Cells{0x5555}, cells(tree, "/poweroff", "value"));
}

TEST(Boot, HartsAreRepeatedWithTheirWires)
{
    File bios(loop);
    Booted k(virt(64), {std::string("boot.bios=") + bios.path,
                        "cpus.cpu2.mmu=sv39", "harts=3"});
    ASSERT_EQ("", k.error);
    ASSERT_EQ(3u, machine_harts(k.m));
    k.go(6);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(i, hart_x(machine_hart(k.m, i), a0));
        EXPECT_EQ(0x80000000u, hart_pc(machine_hart(k.m, i)));
    }
    EXPECT_EQ(HART_MMU_SV48, hart_config(machine_hart(k.m, 1))->mmu);
    EXPECT_EQ(HART_MMU_SV39, hart_config(machine_hart(k.m, 2))->mmu);
    std::string tree = k.tree();
    auto intc = [&](unsigned i) {
        std::string path =
            "/cpus/cpu@" + std::to_string(i) + "/interrupt-controller";
        return cells(tree, path.c_str(), "phandle").at(0);
    };
    // Contexts of the PLIC: M and S of each hart.
    EXPECT_EQ((Cells{intc(0), 11, intc(0), 9, intc(1), 11, intc(1), 9, intc(2),
                     11, intc(2), 9}),
              cells(tree, "/soc/plic@c000000", "interrupts-extended"));
    EXPECT_EQ((Cells{intc(0), 7, intc(1), 7, intc(2), 7, intc(0), 3, intc(1), 3,
                     intc(2), 3}),
              cells(tree, "/soc/clint@2000000", "interrupts-extended"));
}

TEST(Boot, ContextsThatLeadNowhereKeepTheirNumbers)
{
    File bios(loop);
    std::string text = virt(64);
    size_t at = text.find("out: [cpu0.mei, cpu0.sei]");
    text.replace(at, 25, "stride: 2, out: [cpu0.mei]");
    Booted k(text, {std::string("boot.bios=") + bios.path, "harts=2"});
    ASSERT_EQ("", k.error);
    k.go(6);
    Cells c = cells(k.tree(), "/soc/plic@c000000", "interrupts-extended");
    ASSERT_EQ(6u, c.size());
    EXPECT_EQ(11u, c[1]);
    EXPECT_EQ(UINT32_MAX, c[3]);
    EXPECT_EQ(11u, c[5]);
}

TEST(Boot, SeedDecidesAndNothingElseDoes)
{
    File bios(loop);
    auto seed = [&](const char *value) {
        Booted k(virt(64), {std::string("boot.bios=") + bios.path,
                            std::string("boot.seed=") + value});
        k.go(6);
        return property(k.tree(), "/chosen", "rng-seed");
    };
    EXPECT_EQ(seed("7"), seed("7"));
    EXPECT_NE(seed("7"), seed("8"));
}

TEST(Boot, OwnTreeIsCompleted)
{
    std::string blob(1024, '\0');
    fdt_create_empty_tree(blob.data(), static_cast<int>(blob.size()));
    fdt_setprop_string(blob.data(), 0, "model", "mine");
    File dtb(blob), bios(loop),
        junk("no tree at all, but long enough to be "
             "looked at as one, header and all");
    std::string boot = std::string("boot.bios=") + bios.path;
    Booted k(virt(64),
             {boot, std::string("boot.dtb=") + dtb.path, "boot.append=hello"});
    ASSERT_EQ("", k.error);
    k.go(6);
    std::string tree = k.tree();
    using namespace std::string_literals;
    EXPECT_EQ("mine\0"s, property(tree, "/", "model"));
    EXPECT_EQ("hello\0"s, property(tree, "/chosen", "bootargs"));
    EXPECT_EQ("(none)", property(tree, "/chosen", "stdout-path"));
    Booted bad(virt(64), {boot, std::string("boot.dtb=") + junk.path});
    EXPECT_NE(std::string::npos, bad.error.find("no device tree blob"))
        << bad.error;
}

TEST(Boot, SaysWhatIsMissing)
{
    File bios(loop);
    std::string boot = std::string("boot.bios=") + bios.path;
    auto error = [&](std::vector<std::string> set, std::string text) {
        set.push_back(boot);
        return Booted(text, set).error;
    };
    EXPECT_NE(std::string::npos,
              error({"boot.kernel=/nowhere"}, virt(64))
                  .find("boot.kernel: cannot read /nowhere"));
    EXPECT_NE(std::string::npos,
              error({"cpu0.reset=0x90000000"}, virt(64)).find("no RAM"));
    EXPECT_NE(std::string::npos,
              error({"boot.stub=0x5000"}, virt(64)).find("reset stub"));
    EXPECT_NE(std::string::npos,
              error({"boot.console=uart7"}, virt(64)).find("uart0"));
    EXPECT_NE(std::string::npos,
              error({"harts=3"}, board(one_cpu)).find("boot: {stub: ADDRESS}"));
    EXPECT_NE(std::string::npos,
              error({"harts=3"}, board(two_cpus)).find("there are 2"));
    EXPECT_NE(std::string::npos, error({"harts=65"}, virt(64)).find("64"));
}

} // namespace
