// I2C master and temperature sensor together.
#include "soc/lm75.h"
#include "soc/ocores_i2c.h"
#include "tests/soc/companion.h"

namespace
{

constexpr uint64_t CYCLE = 1000; // ps, of the bench's 1 GHz
constexpr uint64_t BIT_TIME = 5 * 20 * CYCLE;
enum { STA = 0x80, STO = 0x40, RD = 0x20, WR = 0x10, NACK = 8, IACK = 1 };
enum { SR_NACK = 0x80, BUSY = 0x40, TIP = 2, IF = 1 };

struct I2c : Bench<OcoresI2c> {
    Companion<Lm75> sensor;
    std::string why;
    explicit I2c(const char *temperature = "21.5")
        : Bench(ocores_i2c_class), sensor(*this, lm75_class, [&](Lm75 *l) {
              l->controller = dev;
              l->temperature = temperature;
          })
    {
        watch(&model->irq);
        set(OI2C_PRERLO, 19);
        set(OI2C_PRERHI, 0);
        set(OI2C_CTR, 0x80);
    }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
    // The status after the command.
    uint32_t command(uint32_t word, uint8_t byte = 0)
    {
        set(OI2C_DATA, byte);
        set(OI2C_CR_SR, word);
        while (get(OI2C_CR_SR) & TIP) {
            run(BIT_TIME);
        }
        return get(OI2C_CR_SR);
    }
    uint32_t reg(uint8_t pointer, unsigned bytes)
    {
        command(STA | WR, 0x48 << 1);
        command(WR, pointer);
        command(STA | WR, 0x48 << 1 | 1);
        uint32_t word = 0;
        for (unsigned i = 0; i < bytes; i++) {
            command(RD | (i + 1 == bytes ? NACK | STO : 0));
            word = word << 8 | get(OI2C_DATA);
        }
        return word;
    }
};

TEST(OcoresI2c, CommandsTakeTheirBits)
{
    I2c i;
    ASSERT_TRUE(i.sensor.init());
    i.set(OI2C_CTR, 0xc0);
    i.set(OI2C_DATA, 0x48 << 1);
    i.set(OI2C_CR_SR, STA | WR);
    EXPECT_EQ(static_cast<uint32_t>(BUSY | TIP), i.get(OI2C_CR_SR));
    i.set(OI2C_CR_SR, WR);
    EXPECT_EQ(1u, i.errors.size()); // one is under way
    i.run(10 * BIT_TIME - 1);
    EXPECT_EQ("", i.scope);
    i.run(1);
    EXPECT_EQ(static_cast<uint32_t>(BUSY | IF), i.get(OI2C_CR_SR));
    i.set(OI2C_CR_SR, STO | IACK);
    i.run(BIT_TIME);
    EXPECT_EQ(static_cast<uint32_t>(IF), i.get(OI2C_CR_SR));
    EXPECT_EQ(" 1000000:1 1000000:0 1100000:1", i.scope);
    i.set(OI2C_CTR, 0);
    i.set(OI2C_CR_SR, STA | WR);
    EXPECT_EQ(2u, i.errors.size());
}

TEST(OcoresI2c, NobodyDoesNotAcknowledge)
{
    I2c i;
    ASSERT_TRUE(i.sensor.init());
    EXPECT_EQ(static_cast<uint32_t>(SR_NACK | BUSY | IF),
              i.command(STA | WR, 0x49 << 1));
    i.command(RD | STO);
    EXPECT_EQ(0xffu, i.get(OI2C_DATA));
    EXPECT_EQ(static_cast<uint32_t>(BUSY | IF),
              i.command(STA | WR, 0x48 << 1 | 1));
    EXPECT_EQ(static_cast<uint32_t>(SR_NACK | BUSY | IF), i.command(WR, 1));
}

TEST(Lm75, MeasuresWhatItIsTold)
{
    for (auto [text, word] :
         std::vector<std::pair<const char *, uint32_t>>{{"21.5", 0x1580},
                                                        {"0", 0},
                                                        {"-0.5", 0xff80},
                                                        {"-25", 0xe700},
                                                        {"125", 0x7d00},
                                                        {"-55", 0xc900},
                                                        {"21.7", 0x1580},
                                                        {"-0.2", 0xff80}}) {
        I2c i(text);
        ASSERT_TRUE(i.sensor.init());
        EXPECT_EQ(word, i.reg(0, 2)) << text;
    }
    for (const char *text : {"warm", "126", "-56", "", "nan", "1e9"}) {
        I2c i(text);
        EXPECT_FALSE(i.sensor.init(&i.why)) << text;
        EXPECT_NE(std::string::npos, i.why.find("21.5")) << i.why;
    }
}

TEST(Lm75, ThresholdsDriveItsPin)
{
    I2c i("40");
    ASSERT_TRUE(i.sensor.init());
    EXPECT_EQ(0x4b00u, i.reg(2, 2));
    EXPECT_EQ(0x5000u, i.reg(3, 2));
    EXPECT_TRUE(i.sensor.model->os.level); // active low
    i.command(STA | WR, 0x48 << 1);
    i.command(WR, 3);
    i.command(WR, 39);
    i.command(WR | STO, 0xff);
    EXPECT_EQ(0x2780u, i.reg(3, 2));
    EXPECT_FALSE(i.sensor.model->os.level);
    i.command(STA | WR, 0x48 << 1);
    i.command(WR, 1);
    i.command(WR | STO, 4);
    EXPECT_TRUE(i.sensor.model->os.level); // active high
    EXPECT_EQ(4u, i.reg(1, 1));
    i.command(STA | WR, 0x48 << 1);
    i.command(WR, 0); // the temperature cannot be written
    i.command(WR, 1);
    i.command(WR | STO, 1);
    EXPECT_EQ(0x2800u, i.reg(0, 2));
}

TEST(Lm75, AddressesAreTakenOnce)
{
    I2c i;
    ASSERT_TRUE(i.sensor.init());
    Companion<Lm75> twin(i, lm75_class,
                         [&](Lm75 *l) { l->controller = i.dev; });
    EXPECT_FALSE(twin.init(&i.why));
    EXPECT_NE(std::string::npos, i.why.find("0x48")) << i.why;
}

} // namespace
