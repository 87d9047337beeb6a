// A flash that reads ahead: what each read waits, and that two never differ.
#include <gtest/gtest.h>

#include "soc/bus.h"

namespace
{

struct Flash {
    ClockDomain clock;
    WaitStates ws;
    uint64_t now = 0; // cycles
    explicit Flash(uint32_t bytes = 16, uint32_t first = 20, uint32_t next = 4)
    {
        clock_init(&clock, "clock", 1000000000);
        wait_states_init(&ws, "flash", &clock);
        ws.read_first = first;
        ws.read_next = next;
        ws.write_first = 7;
        wait_states_prefetch(&ws, bytes, 4);
    }
    // Cycles that the read waits; time goes on to its end, and a cycle more.
    uint64_t read(hwaddr addr, uint32_t size = 4, uint32_t pieces = 1,
                  bool is_write = false)
    {
        TimingRequest rq{};
        rq.addr = addr;
        rq.size = size;
        rq.pieces = pieces;
        rq.is_write = is_write;
        rq.issue = clock_time(&clock, now);
        ws.model.access(&ws.model, &rq);
        uint64_t waits = (rq.done - rq.issue) / 1000;
        EXPECT_EQ(rq.done - rq.issue, rq.target_ps);
        EXPECT_EQ(rq.done - rq.issue,
                  rq.beat_first + (pieces - 1) * rq.beat_next);
        now += waits + 1;
        return waits;
    }
};

TEST(Prefetch, WhatComesNextIsOnItsWay)
{
    Flash f;
    EXPECT_EQ(20u, f.read(0x100));
    EXPECT_EQ(3u, f.read(0x104)); // a cycle has passed
    EXPECT_EQ(3u, f.read(0x108, 2));
    EXPECT_EQ(0u, f.read(0x10a, 2));
    f.now += 100; // the buffer fills up
    for (hwaddr at = 0x10c; at < 0x11c; at += 4) {
        EXPECT_EQ(0u, f.read(at)) << at;
    }
    f.now += 100;
    EXPECT_EQ(0u, f.read(0x11c));
}

TEST(Prefetch, TheStreamStandsStillWhenTheBufferIsFull)
{
    Flash f(8);
    f.read(0);
    f.now += 1000;                  // 4 to 12 are there
    EXPECT_EQ(4u, f.read(4, 4, 3)); // up to 16: one word is missing
    f.now += 1000;
    EXPECT_EQ(0u, f.read(20));
    EXPECT_EQ(20u, f.read(12)); // left the buffer
}

TEST(Prefetch, JumpsBeginAnew)
{
    Flash f;
    f.read(0x100);
    EXPECT_EQ(20u, f.read(0x200));
    EXPECT_EQ(20u, f.read(0x1fc));        // just before
    EXPECT_EQ(20u, f.read(0x210));        // just beyond what will come
    EXPECT_EQ(3u * 4 - 1, f.read(0x21c)); // within: waits for it
    Flash g;
    g.read(0x100, 4, 8);          // a line
    EXPECT_EQ(0u, g.read(0x118)); // its end is still there
    EXPECT_EQ(0u, g.read(0x11c));
}

TEST(Prefetch, LinesAndWrites)
{
    Flash f;
    EXPECT_EQ(20u + 7 * 4, f.read(0x40, 32, 8)); // as a cache asks
    EXPECT_EQ(8u * 4 - 1, f.read(0x60, 4, 8));
    EXPECT_EQ(7u, f.read(0x80, 4, 1, true));
    EXPECT_EQ(20u, f.read(0x80));
    wait_states_reset(&f.ws);
    EXPECT_EQ(20u, f.read(0x84));
}

TEST(Prefetch, WithoutWaitStatesNothingWaits)
{
    Flash f(16, 0, 0);
    for (hwaddr at : {0, 4, 400, 2, 396}) {
        EXPECT_EQ(0u, f.read(at));
    }
}

} // namespace
