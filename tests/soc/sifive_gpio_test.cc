// The SiFive pins: drivers in their order, edges and levels, functions, rings.
#include "soc/sifive_gpio.h"
#include "tests/soc/bench.h"

namespace
{

struct Gpio : Bench<SifiveGpio> {
    Gpio() : Bench(sifive_gpio_class) { watch(&model->irq[3]); }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
    void wire(unsigned n, bool level)
    {
        sifive_gpio_class.irq_in(model, n, level);
    }
};

TEST(SifiveGpio, WhoDrivesAPin)
{
    Gpio g;
    g.set(SGPIO_INPUT_EN, 0xff);
    g.set(SGPIO_PUE, 0x0f);
    EXPECT_EQ(0x0fu, g.get(SGPIO_INPUT_VAL));
    g.set(SGPIO_OUTPUT_EN, 0x11);
    g.set(SGPIO_OUTPUT_VAL, 0x30); // pin 5 is not driven
    EXPECT_EQ(0x1eu, g.get(SGPIO_INPUT_VAL));
    EXPECT_TRUE(g.model->out[4].level);
    EXPECT_FALSE(g.model->out[5].level);
    g.set(SGPIO_OUT_XOR, 0x11);
    EXPECT_EQ(0x0fu, g.get(SGPIO_INPUT_VAL));
    g.wire(0, false); // from outside
    g.wire(7, true);
    EXPECT_EQ(0x8eu, g.get(SGPIO_INPUT_VAL));
    g.set(SGPIO_INPUT_EN, 0x0f);
    EXPECT_EQ(0x0eu, g.get(SGPIO_INPUT_VAL));
}

TEST(SifiveGpio, EdgesAndLevelsArePending)
{
    Gpio g;
    g.set(SGPIO_INPUT_EN, 8);
    g.set(SGPIO_LOW_IP, UINT32_MAX); // stays while low
    EXPECT_EQ(UINT32_MAX, g.get(SGPIO_LOW_IP));
    g.run(1000);
    g.wire(3, true);
    EXPECT_EQ(0u, g.get(SGPIO_FALL_IP));
    g.wire(3, false);
    EXPECT_EQ(8u, g.get(SGPIO_RISE_IP));
    EXPECT_EQ(8u, g.get(SGPIO_FALL_IP));
    EXPECT_EQ(8u, g.get(SGPIO_HIGH_IP));
    EXPECT_EQ("", g.scope);
    g.set(SGPIO_FALL_IE, 8);
    g.run(1000);
    g.set(SGPIO_FALL_IP, 8);
    g.set(SGPIO_RISE_IE, 4);
    g.set(SGPIO_HIGH_IE, 8);
    g.run(1000);
    g.set(SGPIO_HIGH_IP, 8);
    g.set(SGPIO_LOW_IE, 8);
    EXPECT_EQ(" 1000:1 2000:0 2000:1 3000:0 3000:1", g.scope);
}

TEST(SifiveGpio, HardwareFunctions)
{
    Gpio g;
    g.set(SGPIO_INPUT_EN, UINT32_MAX);
    g.wire(32 + 1, true);
    g.wire(64 + 2, true);
    EXPECT_EQ(0u, g.get(SGPIO_INPUT_VAL));
    g.set(SGPIO_IOF_EN, 0x6);
    EXPECT_EQ(0x2u, g.get(SGPIO_INPUT_VAL));
    g.set(SGPIO_IOF_SEL, 0x6);
    EXPECT_EQ(0x4u, g.get(SGPIO_INPUT_VAL));
    EXPECT_EQ(96u, sifive_gpio_class.irq_lines(g.dev));
    g.wire(96, true);
}

TEST(SifiveGpio, ARingComesToAnEnd)
{
    Gpio g;
    g.model->out[0] = {sifive_gpio_class.irq_in, g.model, 32, false};
    g.set(SGPIO_IOF_EN, 1);
    g.set(SGPIO_OUT_XOR, 1); // out[0] = !out[0]
    g.set(SGPIO_OUT_XOR, 0);
    g.model->out[1] = {sifive_gpio_class.irq_in, g.model, 2, false};
    g.set(SGPIO_INPUT_EN, 4);
    g.set(SGPIO_OUTPUT_EN, 2);
    g.set(SGPIO_OUTPUT_VAL, 2); // pin 1 drives pin 2
    EXPECT_EQ(4u, g.get(SGPIO_INPUT_VAL));
    EXPECT_EQ(4u, g.get(SGPIO_RISE_IP));
}

} // namespace
