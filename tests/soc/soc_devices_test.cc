// Every class in the list: its tables must say what `socscope devices` prints,
// and no register access of any size may hurt.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <set>

#include "soc/device.h"
#include "soc/dma.h"
#include "tests/soc/bench.h"

namespace
{

TEST(Devices, FoundByName)
{
    for (auto *c = device_classes; *c; c++) {
        EXPECT_EQ(*c, device_class_find((*c)->name));
    }
    EXPECT_EQ(nullptr, device_class_find("uart"));
}

TEST(Devices, TablesAreComplete)
{
    std::set<std::string> names;
    for (auto *c = device_classes; *c; c++) {
        const DeviceClass &cls = **c;
        SCOPED_TRACE(cls.name);
        EXPECT_TRUE(names.insert(cls.name).second);
        EXPECT_NE("", std::string(cls.summary));
        EXPECT_NE("", std::string(cls.source));
        EXPECT_GE(cls.size, sizeof(Device));
        EXPECT_TRUE(cls.init && cls.reset);
        EXPECT_EQ(!cls.irq_in, !cls.irq_lines);
        std::ifstream page(std::string(SOURCE_DIR "/docs/devices/") + cls.name +
                           ".md");
        std::string text{std::istreambuf_iterator<char>(page), {}};
        EXPECT_NE(std::string::npos, text.find("Missing:"));
        std::set<std::string> keys; // of its config entry
        for (const ParamSpec *p = cls.params; p && p->name; p++) {
            EXPECT_TRUE(keys.insert(p->name).second) << p->name;
            EXPECT_LT(p->offset, cls.size);
            EXPECT_GT(std::strlen(p->doc), 5u) << p->name;
            EXPECT_NE(std::string::npos, text.find(p->name)) << p->name;
            if (p->high) {
                EXPECT_LE(p->low, p->preset);
                EXPECT_LE(p->preset, p->high);
            }
        }
        for (const PinSpec *p = cls.pins; p && p->name; p++) {
            EXPECT_TRUE(keys.insert(p->name).second) << p->name;
            EXPECT_LE(p->offset + p->count * sizeof(Irq), cls.size);
            EXPECT_GT(std::strlen(p->doc), 5u) << p->name;
            EXPECT_GE(p->count, 1u);
        }
        for (const FieldName *f = cls.fields; f && f->reg; f++) {
            SCOPED_TRACE(std::string(f->reg) + "." + f->name);
            const RegName *r = cls.registers;
            while (r->name && std::strcmp(r->name, f->reg) != 0) {
                r++;
            }
            ASSERT_NE(nullptr, r->name);
            EXPECT_GE(f->width, 1u);
            EXPECT_LE(f->low + f->width, 8 * r->size);
            EXPECT_GT(std::strlen(f->doc), 4u);
            EXPECT_TRUE(!std::strcmp(f->access, "r") ||
                        !std::strcmp(f->access, "w") ||
                        !std::strcmp(f->access, "rw"));
            EXPECT_TRUE(
                keys.insert(std::string(f->reg) + "." + f->name).second);
            auto names = f->values ? std::string(f->values) : "";
            EXPECT_LE(std::count(names.begin(), names.end(), '|'),
                      (INT64_C(1) << f->width) - 1);
            for (const FieldName *g = cls.fields; g < f; g++) {
                bool apart =
                    g->low >= f->low + f->width ||
                    f->low >= g->low + g->width ||
                    std::strcmp(g->reg, f->reg) != 0 ||
                    (std::strlen(f->access) == 1 &&
                     std::strlen(g->access) == 1 && *f->access != *g->access);
                EXPECT_TRUE(apart) << g->name;
            }
        }
        if (cls.mmio_param) {
            continue; // somebody else's registers
        }
        std::set<hwaddr> taken;
        ASSERT_NE(nullptr, cls.registers);
        for (const RegName *r = cls.registers; r->name; r++) {
            EXPECT_GT(std::strlen(r->doc), 5u) << r->name;
            EXPECT_NE(std::string::npos,
                      std::string("rw r w w1c").find(r->access));
            unsigned count = r->count ? r->count : 1;
            unsigned stride = r->stride ? r->stride : r->size;
            for (unsigned i = 0; i < count; i++) {
                hwaddr at = r->offset + static_cast<hwaddr>(i) * stride;
                EXPECT_LE(at + r->size, cls.mmio_size) << r->name;
                EXPECT_TRUE(taken.insert(at).second) << r->name;
            }
        }
    }
}

TEST(Devices, RegisterNames)
{
    auto name = [](const char *cls, hwaddr offset) {
        char buf[32];
        device_register_name(device_class_find(cls), offset, buf, sizeof buf);
        return std::string(buf);
    };
    EXPECT_EQ("LSR", name("ns16550a", 5));
    EXPECT_EQ("", name("ns16550a", 8));
    EXPECT_EQ("PRIORITY[3]", name("plic", 12));
    EXPECT_EQ("PRIORITY[3]", name("plic", 13));
    EXPECT_EQ("ENABLE[32]", name("plic", 0x2080));
    EXPECT_EQ("CLAIM[1]", name("plic", 0x201004));
    EXPECT_EQ("THRESHOLD[1]", name("plic", 0x201000));
    EXPECT_EQ("", name("plic", 0x201008));
    EXPECT_EQ("MTIME", name("clint", 0xbffc));
    EXPECT_EQ("SRC[0]", name("dma", 0));
    EXPECT_EQ("CTRL[3]", name("dma", 0x74));
    EXPECT_EQ("INT_STATUS", name("dma", 0x100));
    EXPECT_EQ("", name("timer", 0x10));
    char tiny[4];
    device_register_name(device_class_find("timer"), 0, tiny, sizeof tiny);
    EXPECT_STREQ("CTR", tiny);
}

// The name the device complains under is the one the table has at that offset.
TEST(Devices, GuestErrorsNameTheRegister)
{
    for (const char *type : {"timer", "gpio", "dma"}) {
        const DeviceClass &cls = *device_class_find(type);
        Bench<Dma> b(cls); // Dma is the largest of the three
        for (const RegName *r = cls.registers; r->name; r++) {
            b.errors.clear();
            b.write(r->offset, 0);
            ASSERT_EQ(!std::strcmp(r->access, "r"), !b.errors.empty())
                << r->name;
            if (!b.errors.empty()) {
                EXPECT_EQ(std::string(r->name) + " is read-only", b.errors[0]);
            }
        }
    }
}

bool is_initiator(const DeviceClass &cls)
{
    const ParamSpec *p = cls.params;
    while (p && p->name && p->type != PARAM_MASTER) {
        p++;
    }
    return p && p->name;
}

// Anything may be written anywhere: no sanitizer finding, no endless run.
TEST(DevicesProperty, HostileAccessesHurtNobody)
{
    struct Any {
        Device dev;
        char rest[1024 * 1024];
    };
    for (auto *c = device_classes; *c; c++) {
        if (!(*c)->mmio_size || is_initiator(**c)) {
            continue; // nothing to access; needs a bus: tests of its own
        }
        SCOPED_TRACE((*c)->name);
        ASSERT_LE((*c)->size, sizeof(Any));
        for (unsigned seed = 0; seed < 20; seed++) {
            std::mt19937_64 rng(seed);
            Bench<Any> b(**c);
            for (const PinSpec *p = (*c)->pins; p && p->name; p++) {
                b.watch(reinterpret_cast<Irq *>(
                    reinterpret_cast<char *>(b.dev) + p->offset));
            }
            b.reset(); // pins are wired before it
            for (int step = 0; step < 500; step++) {
                unsigned size = 1u << rng() % 4;
                hwaddr at = rng() % (*c)->mmio_size;
                at =
                    rng() % 4 ? at % 0x40 & ~static_cast<hwaddr>(size - 1) : at;
                uint64_t value = rng() % 2 ? rng() : rng() % 256;
                if (at + size > (*c)->mmio_size) {
                    continue;
                }
                if (rng() % 2) {
                    b.try_write(at, value, size);
                } else {
                    b.try_read(at, size, &value);
                }
                if ((*c)->serial_in && rng() % 4 == 0) {
                    b.incoming += static_cast<char>(rng());
                    b.feed();
                }
                if ((*c)->irq_in) {
                    (*c)->irq_in(b.dev, static_cast<unsigned>(rng() % 100),
                                 rng() % 2);
                }
                for (unsigned n = 0;
                     n < 100 && event_horizon(&b.queue) <= b.now(); n++) {
                    ASSERT_LT(n, 99u) << "events without end";
                    event_run_one(&b.queue);
                }
                b.run(rng() % 1000);
                if (rng() % 100 == 0) {
                    b.reset();
                }
            }
        }
    }
}

} // namespace
