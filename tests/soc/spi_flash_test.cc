// SPI controller and flash together: what software sees of either.
#include <cstdio>
#include <unistd.h>

#include "soc/sifive_spi.h"
#include "soc/spi_flash.h"
#include "tests/soc/companion.h"

namespace
{

constexpr uint64_t CYCLE = 1000; // ps, of the bench's 1 GHz
constexpr uint64_t FRAME = 8 * 2 * 4 * CYCLE;

struct Spi : Bench<SifiveSpi> {
    Companion<SpiFlash> flash;
    template <typename F>
    explicit Spi(F prepare)
        : Bench(sifive_spi_class), flash(*this, spi_flash_class, [&](auto *f) {
              f->controller = dev;
              f->size = 64 << 10;
              prepare(f);
          })
    {
        watch(&model->irq);
    }
    Spi() : Spi([](SpiFlash *) {}) { EXPECT_TRUE(flash.init()); }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
    void hold(bool on) { set(SSPI_CSMODE, on ? 2 : 0); }
    uint8_t byte(uint8_t out)
    {
        set(SSPI_TXDATA, out);
        run(FRAME);
        uint32_t word = get(SSPI_RXDATA);
        EXPECT_EQ(0u, word >> 31);
        return static_cast<uint8_t>(word);
    }
    std::vector<int> command(std::vector<uint8_t> out, unsigned answer = 0)
    {
        std::vector<int> in;
        hold(true);
        for (uint8_t b : out) {
            byte(b);
        }
        for (unsigned i = 0; i < answer; i++) {
            in.push_back(byte(0));
        }
        hold(false);
        return in;
    }
    std::vector<int> at(unsigned address, unsigned count)
    {
        return command({3, static_cast<uint8_t>(address >> 16),
                        static_cast<uint8_t>(address >> 8),
                        static_cast<uint8_t>(address)},
                       count);
    }
    void wait()
    {
        run_to(flash.model->busy_until);
        EXPECT_EQ(0, command({5}, 1)[0]);
    }
};

using Bytes = std::vector<int>;

TEST(SifiveSpi, FramesTakeTheirTime)
{
    Spi s;
    s.set(SSPI_RXMARK, 1);
    s.set(SSPI_IE, 2);
    s.set(SSPI_TXDATA, 1);
    s.set(SSPI_TXDATA, 2);
    s.run(2 * FRAME - 1);
    EXPECT_EQ("", s.scope);
    s.run(1);
    EXPECT_EQ(" 128000:1", s.scope);
    s.get(SSPI_RXDATA);
    s.set(SSPI_SCKDIV, 0);
    s.set(SSPI_FMT, 2 | 8 << 16); // quad
    s.set(SSPI_TXDATA, 3);
    s.run(4 * CYCLE);
    EXPECT_EQ(" 128000:1 128000:0 132000:1", s.scope);
}

TEST(SifiveSpi, FullFifosLoseBytes)
{
    Spi s;
    for (unsigned i = 0; i < 9; i++) {
        s.set(SSPI_TXDATA, 6); // the flash: write enable
    }
    EXPECT_EQ(0x80000000u, s.get(SSPI_TXDATA));
    EXPECT_FALSE(s.model->tx_request.level);
    s.set(SSPI_TXDATA, 6);
    ASSERT_EQ(1u, s.errors.size());
    s.run(20 * FRAME);
    ASSERT_EQ(2u, s.errors.size()); // the ninth answer
    EXPECT_FALSE(s.model->tx_request.level);
    for (unsigned i = 0; i < 8; i++) {
        EXPECT_EQ(0xffu, s.get(SSPI_RXDATA));
    }
    EXPECT_EQ(0x80000000u, s.get(SSPI_RXDATA));
    EXPECT_TRUE(s.model->tx_request.level);
    s.set(SSPI_FMT, 8 | 8 << 16);
    s.set(SSPI_TXDATA, 6);
    s.run(FRAME);
    EXPECT_EQ(0x80000000u, s.get(SSPI_RXDATA)); // dir: transmit
}

TEST(SpiFlash, SaysWhatItIs)
{
    Spi s;
    EXPECT_EQ((Bytes{0xef, 0x40, 16}), s.command({0x9f}, 3));
    EXPECT_EQ((Bytes{0xff, 0xff}), s.at(0x1234, 2));
    s.hold(true);
    s.set(SSPI_CSID, 1); // nobody is there
    s.hold(true);
    EXPECT_EQ(0xff, s.byte(0x9f));
    EXPECT_EQ(0xff, s.byte(0));
}

TEST(SpiFlash, ProgramsAndErases)
{
    Spi s;
    s.command({2, 0, 1, 0xfe, 1});
    EXPECT_EQ(1u, s.errors.size()); // no write enable
    s.command({6});
    EXPECT_EQ(Bytes{2}, s.command({5}, 1));
    s.command({2, 0, 1, 0xfe, 0xf0, 0x33, 0x55}); // wraps to 0x100
    EXPECT_EQ(Bytes{1}, s.command({5}, 1));
    s.at(0x1fe, 1);
    EXPECT_EQ(2u, s.errors.size()); // busy
    s.wait();
    EXPECT_EQ((Bytes{0xf0, 0x33, 0xff}), s.at(0x1fe, 3));
    EXPECT_EQ((Bytes{0x55, 0xff}), s.at(0x100, 2));
    EXPECT_EQ((Bytes{0xf0, 0x33}), s.command({0x0b, 0, 1, 0xfe, 0}, 2));
    s.command({6});
    s.command({2, 0, 1, 0xfe, 0x3c});
    s.wait();
    EXPECT_EQ(Bytes{0x30}, s.at(0x1fe, 1)); // bits only go to 0
    s.command({6});
    s.command({0x20, 0, 0x0f, 0xff});
    uint64_t begin = s.now();
    EXPECT_EQ(begin + 45000000000, s.flash.model->busy_until);
    s.wait();
    EXPECT_EQ((Bytes{0xff, 0xff}), s.at(0x1fe, 2));
    EXPECT_EQ(2u, s.errors.size());
}

TEST(SpiFlash, ShortCommandsChangeNothing)
{
    Spi s;
    s.command({6});
    s.command({0x20, 0, 0});
    s.command({2, 0, 0, 0});
    EXPECT_EQ(Bytes{2}, s.command({5}, 1));
    s.command({4});
    EXPECT_EQ(Bytes{0}, s.command({5}, 1));
    s.command({0x77});
    EXPECT_EQ(1u, s.errors.size());
}

TEST(SpiFlash, AnImageIsItsBeginning)
{
    std::string path = testing::TempDir() + "flash.bin";
    FILE *f = fopen(path.c_str(), "wb");
    fputs("flash", f);
    fclose(f);
    Spi s([&](SpiFlash *m) { m->image = path.c_str(); });
    ASSERT_TRUE(s.flash.init());
    EXPECT_EQ((Bytes{'h', 0xff}), s.at(4, 2));
    EXPECT_EQ((Bytes{0xff, 'f'}), s.at(0xffff, 2)); // wraps
    std::string why;
    Spi small([&](SpiFlash *m) {
        m->image = "/proc/self/exe";
        m->size = 4096;
    });
    EXPECT_FALSE(small.flash.init(&why));
    EXPECT_NE(std::string::npos, why.find("make `size` larger")) << why;
    Spi odd([&](SpiFlash *m) { m->size = 5000; });
    EXPECT_FALSE(odd.flash.init(&why));
    EXPECT_NE(std::string::npos, why.find("a power of two")) << why;
    Spi missing([&](SpiFlash *m) { m->image = "/nowhere/x"; });
    EXPECT_FALSE(missing.flash.init(&why));
    EXPECT_NE(std::string::npos, why.find("/nowhere/x")) << why;
    unlink(path.c_str());
}

TEST(SpiFlash, SelectsHaveOneDeviceEach)
{
    Spi s;
    std::string why;
    Companion<SpiFlash> other(s, spi_flash_class,
                              [&](SpiFlash *f) { f->controller = s.dev; });
    EXPECT_FALSE(other.init(&why));
    EXPECT_NE(std::string::npos, why.find("chip select 0")) << why;
    free(other.model->data);
}

} // namespace
