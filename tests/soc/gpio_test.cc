// GPIO: edges, loopback, wires from pin to pin; a model that looks at one pin.
#include <random>

#include "soc/gpio.h"
#include "tests/soc/bench.h"

namespace
{

struct GpioBench : Bench<Gpio> {
    explicit GpioBench(unsigned pins = 32)
        : Bench(gpio_class, 1000000000, [=](Gpio *g) { g->pins = pins; })
    {
        watch(&model->irq);
        reset();
    }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
    void wire(unsigned n, bool level) { gpio_class.irq_in(model, n, level); }
};

TEST(Gpio, AnOutputLoopsBackAndInterrupts)
{
    GpioBench b;
    b.set(GPIO_DIR, 1);
    b.set(GPIO_IRQ_RISE, 1);
    b.run(1000);
    b.set(GPIO_SET, 3);
    EXPECT_EQ(3u, b.get(GPIO_DATA_OUT));
    EXPECT_EQ(1u, b.get(GPIO_DATA_IN)); // pin 1 is an input
    EXPECT_EQ(1u, b.get(GPIO_IRQ_STATUS));
    EXPECT_EQ(0u, b.get(GPIO_SET));
    b.set(GPIO_CLEAR, 1); // falling: not asked for
    EXPECT_EQ(2u, b.get(GPIO_DATA_OUT));
    b.run(1000);
    b.set(GPIO_IRQ_STATUS, 1);
    EXPECT_EQ(" 1000:1 2000:0", b.scope);
}

TEST(Gpio, TurningAPinRoundIsAnEdge)
{
    GpioBench b;
    b.wire(4, true);
    b.set(GPIO_IRQ_FALL, 1u << 4);
    EXPECT_EQ(1u << 4, b.get(GPIO_DATA_IN));
    b.set(GPIO_DIR, 1u << 4);
    EXPECT_EQ(0u, b.get(GPIO_DATA_IN));
    EXPECT_EQ(1u << 4, b.get(GPIO_IRQ_STATUS));
}

TEST(Gpio, PinsThatAreNotThereReadZero)
{
    GpioBench b(5);
    for (unsigned r = GPIO_DATA_OUT; r <= GPIO_IRQ_FALL; r++) {
        b.set(r, UINT32_MAX);
        EXPECT_EQ(0x1fu, b.get(r));
    }
    b.wire(5, true);
    b.wire(77, true);
    b.set(GPIO_SET, UINT32_MAX);
    EXPECT_EQ(0x1fu, b.get(GPIO_DATA_OUT));
    EXPECT_EQ(5u, gpio_class.irq_lines(b.dev));
}

TEST(Gpio, APinWiredToItsNeighbourAndBack)
{
    GpioBench b;
    b.model->out[0] = {gpio_class.irq_in, b.model, 1, false};
    b.model->out[1] = {gpio_class.irq_in, b.model, 0, false};
    b.set(GPIO_IRQ_RISE, 3);
    b.set(GPIO_DIR, 1);
    b.set(GPIO_SET, 1);
    EXPECT_EQ(3u, b.get(GPIO_DATA_IN));
    EXPECT_EQ(3u, b.get(GPIO_IRQ_STATUS));
    b.set(GPIO_DIR, 3); // now pin 1 drives, low, and pin 0 does not listen
    EXPECT_EQ(1u, b.get(GPIO_DATA_IN));
}

TEST(GpioProperty, AgreesPinByPin)
{
    for (unsigned seed = 0; seed < 200; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        const unsigned pins = 1 + static_cast<unsigned>(rng() % 32);
        const unsigned pin = static_cast<unsigned>(rng() % pins);
        GpioBench b(pins);
        bool wire = false, out = false, dir = false, rise = false, fall = false,
             status = false, level = false;
        for (int step = 0; step < 300; step++) {
            unsigned reg = static_cast<unsigned>(rng() % (GPIO_NUM_REGS + 2));
            uint32_t value = static_cast<uint32_t>(rng());
            bool bit = value >> pin & 1;
            if (reg >= GPIO_NUM_REGS) {
                unsigned line = static_cast<unsigned>(rng() % pins);
                b.wire(line, value & 1);
                wire = line == pin ? value & 1 : wire;
            } else {
                b.set(reg, value);
            }
            switch (reg) {
            case GPIO_DATA_OUT: out = bit; break;
            case GPIO_DIR: dir = bit; break;
            case GPIO_IRQ_RISE: rise = bit; break;
            case GPIO_IRQ_FALL: fall = bit; break;
            case GPIO_IRQ_STATUS: status = status && !bit; break;
            case GPIO_SET: out = out || bit; break;
            case GPIO_CLEAR: out = out && !bit; break;
            default: break;
            }
            bool now = dir ? out : wire;
            status =
                status || (now && !level && rise) || (!now && level && fall);
            level = now;
            ASSERT_EQ(level, b.get(GPIO_DATA_IN) >> pin & 1);
            ASSERT_EQ(out, b.get(GPIO_DATA_OUT) >> pin & 1);
            ASSERT_EQ(status, b.get(GPIO_IRQ_STATUS) >> pin & 1);
            ASSERT_EQ(dir && out, b.model->out[pin].level);
            ASSERT_EQ(b.get(GPIO_IRQ_STATUS) != 0, b.model->irq.level);
        }
        b.reset(); // raises no edge, keeps the wires
        ASSERT_EQ(0u, b.get(GPIO_IRQ_STATUS));
        ASSERT_EQ(wire, b.get(GPIO_DATA_IN) >> pin & 1);
        ASSERT_FALSE(b.model->out[pin].level);
    }
}

} // namespace
