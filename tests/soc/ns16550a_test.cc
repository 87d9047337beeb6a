// UART from the driver's side (registers, interrupt line) and the host's.
#include <random>

#include "soc/ns16550a.h"
#include "tests/soc/bench.h"

namespace
{

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };
constexpr uint64_t BIT1 =
    4340277; // ps of 16 clocks of 3.6864 MHz, rounded down

struct UartBench : Bench<Ns16550a> {
    UartBench() : Bench(ns16550a_class) { watch(&model->irq); }
    void set(hwaddr reg, unsigned value) { write(reg, value, 1); }
    unsigned get(hwaddr reg) { return static_cast<unsigned>(read(reg, 1)); }
    void baud(unsigned divisor, unsigned lcr = 3)
    {
        set(LCR, 0x80);
        set(DATA, divisor & 0xff);
        set(IER, divisor >> 8);
        set(LCR, lcr);
    }
    bool irq() const { return model->irq.level; }
};

TEST(Uart, ResetValues)
{
    UartBench b;
    const unsigned expected[] = {0, 0, 1, 0, 0, 0x60, 0xb0, 0};
    for (hwaddr r = 0; r < 8; r++) {
        EXPECT_EQ(expected[r], b.get(r)) << r;
    }
    EXPECT_EQ("", b.scope);
}

TEST(Uart, PolledOutputTakesNoTimeUntilTheDivisorIsWritten)
{
    UartBench b;
    b.set(LCR, 3);
    b.set(FCR, 1);
    for (char c : std::string("hello")) {
        ASSERT_EQ(0x60u, b.get(LSR));
        b.set(DATA, static_cast<unsigned char>(c));
    }
    EXPECT_EQ("hello", b.sent);
    EXPECT_EQ(0u, b.now());
}

TEST(Uart, DivisorLatchReadsBack)
{
    UartBench b;
    b.baud(0x1234);
    EXPECT_EQ(0u, b.get(IER));
    b.set(LCR, 0x83);
    EXPECT_EQ(0x34u, b.get(DATA));
    EXPECT_EQ(0x12u, b.get(IER));
    b.set(DATA, 0x56); // not sent
    EXPECT_EQ(0x56u, b.get(DATA));
    EXPECT_EQ(0x12u, b.get(IER));
    EXPECT_EQ("", b.sent);
}

TEST(Uart, AByteTakesItsFrame)
{
    struct {
        unsigned divisor, lcr, bits;
    } cases[] = {{1, 3, 10},    {2, 3, 10},    {0x0101, 3, 10}, {1, 0, 7},
                 {1, 0x1b, 11}, {1, 0x0f, 12}, {3, 2, 9}};
    for (auto &c : cases) {
        SCOPED_TRACE(c.lcr);
        UartBench b;
        b.baud(c.divisor, c.lcr);
        b.set(DATA, 'x');
        EXPECT_EQ(0x20u, b.get(LSR)); // THR is free, the shift register not
        uint64_t frame = 16ull * c.divisor * c.bits * PS_PER_SECOND / 3686400;
        EXPECT_NEAR(static_cast<double>(BIT1) * c.divisor * c.bits,
                    static_cast<double>(frame), c.divisor * c.bits);
        b.run(frame - 1);
        EXPECT_EQ("", b.sent);
        b.run(1);
        EXPECT_EQ("x", b.sent);
        EXPECT_EQ(0x60u, b.get(LSR));
    }
}

TEST(Uart, TransmitFifoHoldsSixteenBesidesTheShiftRegister)
{
    UartBench b;
    b.baud(1);
    b.set(FCR, 1);
    for (unsigned i = 0; i < 17; i++) {
        b.set(DATA, 'a' + i);
    }
    EXPECT_TRUE(b.errors.empty());
    EXPECT_EQ(0u, b.get(LSR));
    b.set(DATA, '!');
    EXPECT_EQ(1u, b.errors.size());
    b.run(PS_PER_SECOND);
    EXPECT_EQ("abcdefghijklmnopq", b.sent);
    for (unsigned i = 0; i < 17; i++) { // back to back, without drift
        EXPECT_EQ(43402777 * (i + 1), b.sent_at[i]);
    }
}

TEST(Uart, WithoutFifoThrIsOneByte)
{
    UartBench b;
    b.baud(1);
    b.set(DATA, 'a');
    b.set(DATA, 'b');
    EXPECT_EQ(0u, b.get(LSR));
    b.set(DATA, 'c'); // overwrites
    b.run(PS_PER_SECOND);
    EXPECT_EQ("ac", b.sent);
}

TEST(Uart, ClearingTheTransmitFifoLeavesTheShiftRegister)
{
    UartBench b;
    b.baud(1);
    b.set(FCR, 1);
    b.set(DATA, 'a');
    b.set(DATA, 'b');
    b.set(FCR, 5);
    EXPECT_EQ(0x20u, b.get(LSR));
    b.run(PS_PER_SECOND);
    EXPECT_EQ("a", b.sent);
}

TEST(Uart, ThreInterrupt)
{
    UartBench b;
    b.baud(1);
    b.set(FCR, 1);
    b.set(IER, 2); // empty: requested at once
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(0xc2u, b.get(IIR));
    EXPECT_FALSE(b.irq()); // reading IIR answers it
    EXPECT_EQ(0xc1u, b.get(IIR));
    b.set(DATA, 'a'); // goes to the shift register: empty again
    EXPECT_TRUE(b.irq());
    b.set(DATA, 'b');
    EXPECT_FALSE(b.irq()); // writing THR answers it
    b.run(BIT1 * 10 + 10);
    EXPECT_EQ("a", b.sent);
    EXPECT_TRUE(b.irq()); // b has left the FIFO
    b.set(IER, 0);
    EXPECT_FALSE(b.irq());
    b.set(IER, 2);
    EXPECT_TRUE(b.irq());
}

TEST(Uart, ThreInterruptOfInstantOutput)
{
    UartBench b;
    b.set(IER, 2);
    EXPECT_EQ(2u, b.get(IIR));
    b.set(DATA, 'a');
    EXPECT_EQ("a", b.sent);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(2u, b.get(IIR));
    EXPECT_FALSE(b.irq());
}

TEST(Uart, ReceiverKeepsTheHostWaitingForRoom)
{
    UartBench b;
    b.incoming = "ab";
    b.feed();
    EXPECT_EQ("b", b.incoming); // one byte without FIFO
    b.run(PS_PER_SECOND);
    EXPECT_EQ(0u, b.ready);
    EXPECT_EQ(0x61u, b.get(LSR));
    EXPECT_EQ(unsigned{'a'}, b.get(DATA));
    EXPECT_EQ(0x60u, b.get(LSR));
    b.run(0);
    EXPECT_EQ(1u, b.ready);
    EXPECT_EQ(unsigned{'b'}, b.get(DATA));
    EXPECT_EQ(0u, b.get(DATA)); // nothing there
    b.set(FCR, 1);
    b.incoming = std::string(20, 'z');
    b.feed();
    EXPECT_EQ(4u, b.incoming.size());
    b.set(FCR, 3); // clear: room again
    EXPECT_EQ(0x60u, b.get(LSR));
    b.run(0);
    EXPECT_EQ(0u, b.incoming.size());
}

TEST(Uart, ReceivedBytesAreAFrameApart)
{
    UartBench b;
    b.baud(1);
    b.set(FCR, 1);
    b.incoming = "abc";
    b.feed();
    EXPECT_EQ(2u, b.incoming.size());
    b.run(BIT1 * 10 - 10);
    EXPECT_EQ(2u, b.incoming.size());
    b.run(20);
    EXPECT_EQ(1u, b.incoming.size());
    b.run(BIT1 * 10 + 20);
    EXPECT_EQ(0u, b.incoming.size());
    for (char c : std::string("abc")) {
        EXPECT_EQ(static_cast<unsigned>(c), b.get(DATA));
    }
}

TEST(Uart, TriggerLevels)
{
    const unsigned levels[] = {1, 4, 8, 14};
    for (unsigned i = 0; i < 4; i++) {
        UartBench b;
        b.set(FCR, i << 6 | 1);
        b.set(IER, 1);
        for (unsigned n = 1; n <= 16; n++) {
            b.incoming = "x";
            b.feed();
            EXPECT_EQ(n >= levels[i], b.irq()) << n;
        }
        EXPECT_EQ(0xc4u, b.get(IIR));
        for (unsigned n = 16; n > 0; n--) {
            EXPECT_EQ(n >= levels[i], b.irq()) << n;
            b.get(DATA);
        }
        EXPECT_FALSE(b.irq());
    }
}

TEST(Uart, TimeoutAfterFourQuietFrames)
{
    UartBench b;
    b.baud(1);
    b.set(FCR, 0x81); // trigger 8
    b.set(IER, 1);
    b.incoming = "abc";
    b.feed();
    b.run(BIT1 * 20 + 20); // the third byte is in
    ASSERT_EQ("", b.incoming);
    b.run(BIT1 * 40 - 40);
    EXPECT_FALSE(b.irq());
    b.run(80);
    EXPECT_EQ(0xccu, b.get(IIR));
    EXPECT_TRUE(b.irq());
    b.get(DATA); // takes it back, and counts anew
    EXPECT_FALSE(b.irq());
    b.run(BIT1 * 41);
    EXPECT_EQ(0xccu, b.get(IIR));
    b.get(DATA);
    b.get(DATA);
    b.run(PS_PER_SECOND);
    EXPECT_FALSE(b.irq()); // nothing left to wait for
}

TEST(Uart, LoopbackFeedsTheReceiverAndOverruns)
{
    UartBench b;
    b.set(MCR, 0x10);
    b.set(DATA, 'a');
    EXPECT_EQ(0x61u, b.get(LSR));
    b.set(DATA, 'b');
    EXPECT_EQ(0x63u, b.get(LSR));          // overrun
    EXPECT_EQ(0x61u, b.get(LSR));          // told once
    EXPECT_EQ(unsigned{'b'}, b.get(DATA)); // RBR was overwritten
    b.set(FCR, 1);
    for (unsigned i = 0; i < 17; i++) {
        b.set(DATA, 'A' + i);
    }
    EXPECT_EQ(0x63u, b.get(LSR));
    for (unsigned i = 0; i < 16; i++) {
        EXPECT_EQ('A' + i, b.get(DATA)); // the 17th is lost
    }
    EXPECT_EQ(0x60u, b.get(LSR));
    EXPECT_EQ("", b.sent);
    b.incoming = "x"; // the line is cut off
    b.feed();
    EXPECT_EQ("x", b.incoming);
    b.set(MCR, 0);
    b.run(0);
    EXPECT_EQ("", b.incoming);
}

TEST(Uart, LoopbackOfModemLines)
{
    UartBench b;
    b.get(MSR);
    const struct {
        unsigned mcr, msr;
    } steps[] = {
        {0x10, 0x0b}, // CTS, DSR, DCD of the line fall
        {0x11, 0x22}, // DTR -> DSR
        {0x13, 0x31}, // RTS -> CTS
        {0x17, 0x70}, // OUT1 -> RI: rising is no event
        {0x1f, 0xf8}, // OUT2 -> DCD
        {0x1b, 0xb4}, // RI falls: TERI
        {0x00, 0xb0}, // the line again: as it was
    };
    for (auto &s : steps) {
        b.set(MCR, s.mcr);
        EXPECT_EQ(s.msr, b.get(MSR)) << s.mcr;
        EXPECT_EQ(s.msr & 0xf0, b.get(MSR));
    }
}

TEST(Uart, InterruptPriorities)
{
    UartBench b;
    b.set(IER, 0xff);
    EXPECT_EQ(0x0fu, b.get(IER));
    b.set(MCR, 0x10); // modem lines change
    b.set(DATA, 'a');
    b.set(DATA, 'b'); // overrun, data, THR empty
    EXPECT_EQ(6u, b.get(IIR));
    EXPECT_EQ(6u, b.get(IIR)); // not taken back by looking
    b.get(LSR);
    EXPECT_EQ(4u, b.get(IIR));
    b.get(DATA);
    EXPECT_EQ(2u, b.get(IIR));
    EXPECT_EQ(0u, b.get(IIR));
    EXPECT_TRUE(b.irq());
    b.get(MSR);
    EXPECT_EQ(1u, b.get(IIR));
    EXPECT_FALSE(b.irq());
}

TEST(Uart, FcrNeedsBitZero)
{
    UartBench b;
    b.set(FCR, 0xc0); // not programmed
    EXPECT_EQ(1u, b.get(IIR));
    b.set(FCR, 0xc1);
    EXPECT_EQ(0xc1u, b.get(IIR));
    b.incoming = "abc";
    b.feed();
    b.set(FCR, 0); // off: both FIFOs are cleared
    EXPECT_EQ(0x60u, b.get(LSR));
    EXPECT_EQ(1u, b.get(IIR));
}

TEST(Uart, ScratchMarksPhases)
{
    UartBench b;
    b.set(SCR, 3);
    EXPECT_EQ(3u, b.get(SCR));
    b.set(SCR, 0);
    EXPECT_EQ((std::vector<unsigned>{3, 0}), b.phases);
}

TEST(Uart, AWideAccessIsOnePerRegister)
{
    UartBench b;
    b.set(SCR, 0x5a);
    b.set(MCR, 3);
    EXPECT_EQ(0x5ab06003u, b.read(4, 4));
    EXPECT_EQ(0xb060u, b.read(5, 2)); // not aligned
    b.write(0, 0x0341, 2);
    EXPECT_EQ("A", b.sent);
    EXPECT_EQ(3u, b.get(IER));
    EXPECT_EQ(0x5ab06003000203u << 8, b.read(0, 8));
    b.set(LSR, 0);
    b.set(MSR, 0);
    EXPECT_EQ(
        (std::vector<std::string>{"LSR is read-only", "MSR is read-only"}),
        b.errors);
}

TEST(Uart, ResetDropsWhatIsUnderWay)
{
    UartBench b;
    b.baud(1);
    b.set(FCR, 1);
    b.set(IER, 3);
    b.set(DATA, 'a');
    b.set(DATA, 'b');
    b.incoming = "xy";
    b.feed();
    b.reset();
    EXPECT_FALSE(b.irq());
    b.run(PS_PER_SECOND);
    EXPECT_EQ("", b.sent);
    EXPECT_EQ(unsigned{'y'}, b.get(DATA)); // waited outside
    const unsigned expected[] = {0, 0, 1, 0, 0, 0x60, 0xb0, 0};
    for (hwaddr r = 0; r < 8; r++) {
        EXPECT_EQ(expected[r], b.get(r)) << r;
    }
}

// A driver that obeys LSR, polled or by interrupt, at any speed, with or
// without FIFOs, loses nothing and keeps the order in both directions.
TEST(UartProperty, NothingIsLost)
{
    for (unsigned seed = 0; seed < 120; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        UartBench b;
        const bool fifo = rng() % 2, by_irq = rng() % 2;
        if (rng() % 3) {
            b.baud(1 + static_cast<unsigned>(rng() % 3), 3);
        }
        b.set(FCR, fifo ? 1 | (rng() % 4) << 6 : 0);
        b.set(IER, by_irq ? 7 : 0);
        std::string to_send, to_get, got;
        for (int i = 0; i < 100; i++) {
            to_send += static_cast<char>(rng());
            to_get += static_cast<char>(rng());
        }
        b.incoming = to_get;
        b.feed();
        size_t next = 0;
        for (int turn = 0;
             turn < 20000 && (b.sent.size() < 100 || got.size() < 100);
             turn++) {
            b.run(rng() % (BIT1 * 5));
            if (by_irq && !b.irq()) {
                continue;
            }
            unsigned iir = by_irq ? b.get(IIR) & 0xf : 0;
            ASSERT_NE(1u, iir);
            ASSERT_NE(6u, iir);
            if (!by_irq || iir == 4 || iir == 12) {
                while (b.get(LSR) & 1) {
                    got += static_cast<char>(b.get(DATA));
                }
            }
            if (!by_irq || iir == 2) {
                ASSERT_TRUE(!by_irq || (b.get(LSR) & 0x20));
                for (unsigned n = fifo ? 16 : 1;
                     n > 0 && next < 100 && (n < 16 || (b.get(LSR) & 0x20));
                     n--) {
                    if (!fifo && !(b.get(LSR) & 0x20)) {
                        break;
                    }
                    b.set(DATA, static_cast<unsigned char>(to_send[next++]));
                }
            }
        }
        EXPECT_EQ(to_send, b.sent);
        EXPECT_EQ(to_get, got);
        EXPECT_TRUE(b.errors.empty());
    }
}

TEST(UartProperty, TimeSlicesAreInvisible)
{
    for (unsigned seed = 0; seed < 150; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        UartBench whole, sliced;
        for (int step = 0; step < 150; step++) {
            hwaddr reg = rng() % 8;
            unsigned value = static_cast<unsigned>(rng() % 256);
            if (rng() % 4 == 0) {
                reg = DATA;
            }
            if (rng() % 8 == 0) {
                whole.incoming += static_cast<char>(value);
                sliced.incoming += static_cast<char>(value);
                whole.feed();
                sliced.feed();
            } else if (rng() % 2) {
                if (reg == LCR && rng() % 4) {
                    value &= 0x7f;
                }
                if (reg == IER) {
                    value %= 16; // also of the divisor: frames that end
                }
                whole.set(reg, value);
                sliced.set(reg, value);
            } else {
                ASSERT_EQ(whole.get(reg), sliced.get(reg))
                    << "register " << reg;
            }
            uint64_t gap = rng() % (BIT1 * 400);
            whole.run(gap);
            while (gap) {
                uint64_t slice = 1 + rng() % gap;
                sliced.run(slice);
                gap -= slice;
            }
        }
        ASSERT_EQ(whole.scope, sliced.scope);
        ASSERT_EQ(whole.sent, sliced.sent);
        ASSERT_EQ(whole.sent_at, sliced.sent_at);
        ASSERT_EQ(whole.incoming, sliced.incoming);
    }
}

} // namespace
