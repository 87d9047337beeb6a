// The SiFive UART: FIFOs, frames, watermarks, the host's bytes.
#include "soc/sifive_uart.h"
#include "tests/soc/bench.h"

namespace
{

constexpr uint64_t CYCLE = 1000; // ps, of the bench's 1 GHz

struct Uart : Bench<SifiveUart> {
    Uart() : Bench(sifive_uart_class) { watch(&model->irq); }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
};

TEST(SifiveUart, BytesLeaveAFrameApart)
{
    Uart u;
    EXPECT_EQ(0x21eu, u.get(SUART_DIV));
    u.set(SUART_DIV, 9); // a bit is 10 cycles
    u.set(SUART_TXDATA, 'a');
    u.run(10000 * CYCLE);
    EXPECT_EQ("", u.sent); // txen is 0
    u.set(SUART_TXCTRL, 1);
    u.set(SUART_TXDATA, 'b');
    u.run(1000 * CYCLE);
    EXPECT_EQ("ab", u.sent);
    EXPECT_EQ((std::vector<uint64_t>{10100 * CYCLE, 10200 * CYCLE}), u.sent_at);
    u.set(SUART_TXCTRL, 3); // two stop bits
    u.set(SUART_TXDATA, 'c');
    u.run(1000 * CYCLE);
    EXPECT_EQ(11110 * CYCLE, u.sent_at.back());
}

TEST(SifiveUart, TheTransmitterFillsUp)
{
    Uart u;
    u.set(SUART_TXCTRL, 1 | 2 << 16);
    u.set(SUART_IE, 1);
    EXPECT_EQ(" 0:1", u.scope);        // less than two entries
    for (unsigned i = 0; i < 9; i++) { // one is in the shift register
        EXPECT_EQ(0u, u.get(SUART_TXDATA));
        u.set(SUART_TXDATA, '0' + i);
    }
    EXPECT_EQ(0x80000000u, u.get(SUART_TXDATA));
    EXPECT_FALSE(u.model->tx_request.level);
    EXPECT_EQ(0u, u.get(SUART_IP));
    u.set(SUART_TXDATA, 'x');
    EXPECT_EQ(1u, u.errors.size());
    u.run(100000 * CYCLE);
    EXPECT_EQ("012345678", u.sent);
    EXPECT_TRUE(u.model->tx_request.level);
    EXPECT_EQ(1u, u.get(SUART_IP));
    // 7 frames of 10 * 543 cycles until one entry is left
    EXPECT_EQ(" 0:1 0:0 38010000:1", u.scope);
}

TEST(SifiveUart, ReceivesWhileEnabled)
{
    Uart u;
    u.set(SUART_DIV, 0);
    u.incoming = "hello, world";
    u.feed();
    EXPECT_EQ(0x80000000u, u.get(SUART_RXDATA));
    EXPECT_EQ(12u, u.incoming.size());
    u.set(SUART_RXCTRL, 1 | 1 << 16); // rxwm: more than one
    u.set(SUART_IE, 2);
    u.run(25 * CYCLE);
    EXPECT_EQ(2u, u.get(SUART_IP));
    EXPECT_EQ(" 10000:1", u.scope);
    EXPECT_TRUE(u.model->rx_request.level);
    u.run(1000 * CYCLE);
    EXPECT_EQ(4u, u.incoming.size()); // 8 are in
    std::string got;
    for (uint32_t word; !((word = u.get(SUART_RXDATA)) >> 31);) {
        got += static_cast<char>(word);
        u.run(20 * CYCLE);
    }
    EXPECT_EQ("hello, world", got);
    EXPECT_EQ(0u, u.get(SUART_IP));
    EXPECT_FALSE(u.model->rx_request.level);
}

TEST(SifiveUart, ResetForgetsWhatWasUnderWay)
{
    Uart u;
    u.set(SUART_TXCTRL, 1);
    u.set(SUART_TXDATA, 'a');
    u.set(SUART_TXDATA, 'b');
    u.reset();
    u.run(1000000 * CYCLE);
    EXPECT_EQ("", u.sent);
    EXPECT_EQ(0u, u.get(SUART_TXCTRL));
}

} // namespace
