// The virtio disk, through its registers and rings, in both versions.
#include "tests/soc/virtio_blk_kit.h"

using namespace virtio;

namespace
{

class BothVersions : public testing::TestWithParam<unsigned>
{
  protected:
    Options options()
    {
        Options o;
        o.version = GetParam();
        return o;
    }
};

INSTANTIATE_TEST_SUITE_P(Versions, BothVersions, testing::Values(1u, 2u));

TEST_P(BothVersions, ReadsAndWrites)
{
    Blk d(options());
    EXPECT_EQ(SECTORS, d.s.b.read(VIRTIO_CONFIG, 4));
    uint32_t used = 0;
    EXPECT_EQ(S_OK, d.request(T_IN, 3, 1024, &used));
    EXPECT_EQ(1025u, used);
    EXPECT_EQ(Blk::pattern().substr(3 * 512, 1024), d.s.text(DATA, 1024));
    d.s.put(DATA, std::string(512, '!'));
    EXPECT_EQ(S_OK, d.request(T_OUT, 63, 512, &used));
    EXPECT_EQ(1u, used);
    EXPECT_EQ(Blk::pattern().substr(0, 63 * 512) + std::string(512, '!'),
              d.image.bytes);
    EXPECT_TRUE(d.s.b.errors.empty());
    EXPECT_EQ(static_cast<unsigned>(DISK_WRITE), d.image.mode);
}

TEST_P(BothVersions, InterruptsUntilAcknowledged)
{
    Blk d(options());
    d.request(T_IN, 0, 512);
    EXPECT_EQ(1u, d.s.reg(VIRTIO_INTERRUPT_STATUS));
    EXPECT_TRUE(d.s.v().irq.level);
    d.s.b.write(VIRTIO_INTERRUPT_ACK, 1);
    EXPECT_EQ(0u, d.s.reg(VIRTIO_INTERRUPT_STATUS));
    EXPECT_FALSE(d.s.v().irq.level);
    d.s.put(d.ring->avail, 2, 1); // no interrupts, please
    EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
    EXPECT_FALSE(d.s.v().irq.level);
}

TEST_P(BothVersions, LargeScatteredAndIndirect)
{
    Options o = options();
    o.features = VIRTIO_F_INDIRECT_DESC;
    o.bus = true;
    Blk d(o);
    d.header(T_IN, 1);
    // Pieces of odd sizes, unaligned, across pages, with an empty one.
    std::vector<Buffer> list{{HEADER, 7, false},
                             {HEADER + 7, 9, false},
                             {DATA + 4090, 11, true},
                             {DATA, 0, true},
                             {DATA + 0x2001, 9717, true},
                             {DATA + 0x8000, 512, true},
                             {STATUS, 1, true}};
    d.ring->add_indirect(list, TABLE);
    d.ring->kick();
    d.s.run();
    EXPECT_EQ(10241u, d.ring->take());
    EXPECT_EQ(S_OK, d.status());
    EXPECT_EQ(Blk::pattern().substr(512, 10240),
              d.s.text(DATA + 4090, 11) + d.s.text(DATA + 0x2001, 9717) +
                  d.s.text(DATA + 0x8000, 512));
    d.header(T_OUT, 1);
    for (auto &b : list) {
        b.writable = b.addr == STATUS;
    }
    std::string data = d.s.text(DATA + 4090, 11);
    d.s.put(DATA + 0x2001, std::string(9717, 'x'));
    d.ring->add_indirect(list, TABLE);
    d.ring->kick();
    d.s.run();
    EXPECT_EQ(1u, d.ring->take());
    EXPECT_EQ(data + std::string(9717, 'x'),
              d.image.bytes.substr(512, 11 + 9717));
}

TEST_P(BothVersions, ManyRequestsAroundTheRing)
{
    Blk d(options());
    for (unsigned i = 0; i < 70000; i += i < 40 ? 1 : 997) {
        ASSERT_EQ(S_OK, d.request(T_IN, i % SECTORS, 512)) << i;
        ASSERT_EQ(Blk::pattern().substr(i % SECTORS * 512, 512),
                  d.s.text(DATA, 512));
    }
}

TEST(VirtioBlk, RingIndicesWrap)
{
    Options o;
    o.num = 2;
    Blk d(o);
    for (unsigned i = 0; i < 66000; i++) {
        d.s.put(STATUS, 1, S_NONE);
        d.header(T_FLUSH, 0);
        d.ring->add({{HEADER, 16, false}, {STATUS, 1, true}});
        d.ring->kick();
        d.s.run(40);
        ASSERT_TRUE(d.ring->done()) << i;
        d.ring->take();
    }
    EXPECT_EQ(66000u, d.image.flushes);
    EXPECT_EQ(static_cast<uint16_t>(66000), d.s.get(d.ring->used + 2, 2));
}

TEST(VirtioBlk, SeveralRequestsOfOneNotification)
{
    Blk d;
    for (unsigned i = 0; i < 2; i++) {
        d.s.put(HEADER + 64 * i, 4, T_IN);
        d.s.put(HEADER + 64 * i + 8, 8, 5 + i);
        d.ring->add({{HEADER + 64 * i, 16, false},
                     {DATA + 512 * i, 512, true},
                     {STATUS + i, 1, true}});
    }
    d.ring->kick();
    d.s.run();
    unsigned head;
    d.ring->take(&head);
    EXPECT_EQ(0u, head);
    d.ring->take(&head);
    EXPECT_EQ(3u, head);
    EXPECT_EQ(Blk::pattern().substr(5 * 512, 1024), d.s.text(DATA, 1024));
}

TEST(VirtioBlk, FlushAndIdentify)
{
    Blk d;
    EXPECT_EQ(S_OK, d.request(T_FLUSH, 0, 0));
    EXPECT_EQ(1u, d.image.flushes);
    d.s.put(DATA, std::string(20, '?'));
    uint32_t used = 0;
    EXPECT_EQ(S_OK, d.request(T_GET_ID, 0, 20, &used));
    EXPECT_EQ(21u, used);
    EXPECT_EQ(std::string("disk-17") + std::string(13, '\0'),
              d.s.text(DATA, 20));
    EXPECT_EQ(S_OK, d.request(T_GET_ID, 0, 4, &used));
    EXPECT_EQ(5u, used);
}

TEST(VirtioBlk, ZeroesRanges)
{
    Blk d;
    for (uint32_t type : {T_DISCARD, T_WRITE_ZEROES}) {
        d.image.bytes = Blk::pattern();
        d.s.put(DATA, 8, 62);
        d.s.put(DATA + 8, 4, 2);
        d.s.put(DATA + 12, 4, 0);
        EXPECT_EQ(S_OK, d.request(type, 0, 16));
        EXPECT_EQ(Blk::pattern().substr(0, 62 * 512) + std::string(1024, '\0'),
                  d.image.bytes);
        d.s.put(DATA, 8, 63);
        EXPECT_EQ(S_IOERR, d.request(type, 0, 16)); // beyond the end
        d.s.put(DATA + 12, 4, 1);
        d.s.put(DATA, 8, 0);
        EXPECT_EQ(type == T_DISCARD ? S_UNSUPP : S_OK, d.request(type, 0, 16));
        EXPECT_EQ(S_UNSUPP, d.request(type, 0, 32));
        d.s.put(DATA + 12, 4, 0);
        d.s.put(DATA + 8, 4, 2049);
        EXPECT_EQ(S_IOERR, d.request(type, 0, 16));
    }
}

TEST(VirtioBlk, RefusesWhatIsNotOnTheDisk)
{
    Blk d;
    EXPECT_EQ(S_IOERR, d.request(T_IN, SECTORS, 512));
    EXPECT_EQ(S_IOERR, d.request(T_IN, SECTORS - 1, 1024));
    EXPECT_EQ(S_IOERR, d.request(T_IN, UINT64_MAX, 512));
    EXPECT_EQ(S_IOERR, d.request(T_IN, UINT64_C(1) << 55, 512));
    EXPECT_EQ(S_IOERR, d.request(T_OUT, SECTORS, 512));
    EXPECT_EQ(S_IOERR, d.request(T_IN, 0, 511));
    EXPECT_EQ(S_IOERR, d.request(T_OUT, 0, 100));
    EXPECT_EQ(S_UNSUPP, d.request(77, 0, 0));
    EXPECT_EQ(S_OK, d.request(T_IN, SECTORS, 0)); // nothing of nowhere
    EXPECT_EQ(Blk::pattern(), d.image.bytes);
    EXPECT_FALSE(d.s.needs_reset());
    EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
}

TEST(VirtioBlk, UsedLengthHasNoGap)
{
    Blk d;
    uint32_t used = 99;
    EXPECT_EQ(S_IOERR, d.request(T_IN, SECTORS, 512, &used));
    EXPECT_EQ(0u, used); // the status is there, the 512 bytes before are not
    EXPECT_EQ(S_IOERR, d.request(T_OUT, SECTORS, 512, &used));
    EXPECT_EQ(1u, used);
}

TEST(VirtioBlk, ReadOnly)
{
    Options o;
    o.read_only = true;
    Blk d(o);
    EXPECT_EQ(UINT64_C(1) << 5, offered(d.s) & (UINT64_C(1) << 5));
    EXPECT_EQ(0u, offered(d.s) & (1u << 13 | 1u << 14));
    EXPECT_EQ(S_IOERR, d.request(T_OUT, 0, 512));
    d.s.put(DATA, 8, 0);
    d.s.put(DATA + 8, 8, 1);
    EXPECT_EQ(S_IOERR, d.request(T_WRITE_ZEROES, 0, 16));
    EXPECT_EQ(S_OK, d.request(T_FLUSH, 0, 0));
    EXPECT_EQ(0u, d.image.flushes);
    EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
    EXPECT_EQ(Blk::pattern(), d.image.bytes);
    EXPECT_EQ(static_cast<unsigned>(DISK_READ_ONLY), d.image.mode);
}

TEST(VirtioBlk, TheHostFails)
{
    Blk d;
    d.image.fails = true;
    EXPECT_EQ(S_IOERR, d.request(T_IN, 0, 512));
    EXPECT_EQ(S_IOERR, d.request(T_OUT, 0, 512));
    EXPECT_EQ(S_IOERR, d.request(T_FLUSH, 0, 0));
    EXPECT_EQ(3u, d.s.b.errors.size());
    d.image.fails = false;
    EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
}

TEST(VirtioBlk, TakesItsTime)
{
    uint64_t took[3];
    for (unsigned i = 0; i < 3; i++) {
        Options o;
        o.bus = i > 0;
        o.latency = i > 1 ? 50 * CYCLE : 0;
        Blk d(o);
        d.header(T_IN, 0);
        d.ring->add(d.buffers(T_IN, 512));
        uint64_t begin = d.s.b.now();
        d.ring->kick();
        d.s.run();
        d.ring->take();
        size_t colon = d.s.b.scope.find(':');
        took[i] =
            (std::stoull(d.s.b.scope.substr(1, colon - 1)) - begin) / CYCLE;
    }
    // Idx, head, 3 descriptors, header, data, status, used, its idx, flags, and
    // the cycle after the notification.
    EXPECT_EQ(12u, took[0]);
    // On a bus of 4 bytes: 1 + 1 + 3 * 4 + 4 + 128 + 1 + 2 + 1 + 1, and that.
    EXPECT_EQ(152u, took[1]);
    EXPECT_EQ(202u, took[2]);
}

TEST(VirtioBlk, RequestsStayInAPage)
{
    Blk d;
    d.header(T_IN, 0);
    d.ring->add(
        {{HEADER, 16, false}, {DATA + 4000, 512, true}, {STATUS, 1, true}});
    d.ring->kick();
    unsigned events = 0;
    while (event_next(&d.s.b.queue) != TIME_NEVER && events < 100) {
        event_run_one(&d.s.b.queue);
        EXPECT_LE(d.s.v().slots[0].rq.tx.addr % 4096 + d.s.v().slots[0].rq.len,
                  4096u);
        events++;
    }
    EXPECT_EQ(14u, events); // 13 requests, and the first look
    EXPECT_EQ(S_OK, d.status());
}

TEST(VirtioBlk, NoStatusByteNoHeader)
{
    for (unsigned i = 0; i < 2; i++) {
        Blk d;
        d.header(T_IN, 0);
        d.ring->add(
            i ? std::vector<Buffer>{{HEADER, 15, false}, {STATUS, 1, true}}
              : std::vector<Buffer>{{HEADER, 16, false}});
        d.ring->kick();
        d.s.run();
        EXPECT_TRUE(d.s.needs_reset()) << i;
        EXPECT_FALSE(d.ring->done());
    }
}

TEST(VirtioBlk, ClosesItsImage)
{
    unsigned closed = 0;
    {
        Blk d({}, &closed);
        d.s.b.reset();
        EXPECT_EQ(0u, closed);
    }
    EXPECT_EQ(1u, closed);
}

} // namespace
