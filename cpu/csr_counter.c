/*
 * csr_counter.c - the counters: cycle, time, instret and their M-mode
 * originals.
 *
 * Model    A counter is what the hart counts anyway plus a bias that software
 *          moves by writing; while inhibited it is a stored value. A write
 * takes effect behind its instruction: the next one reads what was written.
 * Units    cycles of the hart, instructions, ticks of mtime.
 * Source   The RISC-V Instruction Set Manual, Volume I (20191213), chapter 10;
 *          Volume II (20211203), 3.1.10 to 3.1.12.
 * Missing  mhpmcounter3..31 read 0, whatever is written.
 */
#include "cpu/csr_private.h"

enum { COUNTER_CYCLE = 0, COUNTER_TIME = 1, COUNTER_INSTRET = 2 };

static bool inhibited(const Hart *h, unsigned n)
{
    return h->mcountinhibit >> n & 1;
}

/* Counter n (not the time) in full. */
static uint64_t counter_value(const Hart *h, unsigned n, const CsrTime *now)
{
    if (n == COUNTER_CYCLE) {
        return inhibited(h, n) ? h->cycle_stopped : now->cycle + h->cycle_bias;
    }
    if (n == COUNTER_INSTRET) {
        return inhibited(h, n) ? h->instret_stopped
                               : now->retired + h->instret_bias;
    }
    return 0;
}

static bool counter_time(const Hart *h, const CsrTime *now, uint64_t *value)
{
    if (!h->config.read_time) {
        return false;
    }
    h->data.world->now = clock_time(h->config.clock, now->cycle);
    *value = h->config.read_time(h->config.opaque);
    return true;
}

bool csr_counter_read(const Hart *h, unsigned csr, const CsrTime *now,
                      uint64_t *value)
{
    const unsigned n = csr & 0x1f;
    const bool high = csr & 0x80, user = csr >= CSR_CYCLE;
    if ((csr & 0x60) || (high && !hart_is32(h))) {
        return false;
    }
    if (n != COUNTER_TIME) {
        *value = counter_value(h, n, now);
    } else if (!user || !counter_time(h, now, value)) {
        return false;
    }
    *value = high ? *value >> 32 : *value;
    return true;
}

bool csr_counter_permitted(const Hart *h, unsigned csr)
{
    uint64_t enabled = h->priv == HART_M ? UINT64_MAX : h->mcounteren;
    if (h->priv == HART_U && hart_has(h, ISA_S)) {
        enabled &= h->scounteren;
    }
    return enabled >> (csr & 0x1f) & 1;
}

/* What the hart will have counted when the next instruction begins. */
static uint64_t counted_next(const Hart *h, unsigned n, const CsrTime *now)
{
    return n == COUNTER_CYCLE ? now->cycle + h->config.profile->cost[TIME_CSR]
                              : now->retired + 1;
}

/* So that counter n has this value when the next instruction begins. */
static void counter_set(Hart *h, unsigned n, uint64_t value, const CsrTime *now)
{
    uint64_t bias = value - counted_next(h, n, now);
    if (n == COUNTER_CYCLE) {
        h->cycle_stopped = value;
        h->cycle_bias = bias;
    } else if (n == COUNTER_INSTRET) {
        h->instret_stopped = value;
        h->instret_bias = bias;
    }
}

static uint64_t counter_next(const Hart *h, unsigned n, const CsrTime *now)
{
    CsrTime next = {counted_next(h, COUNTER_CYCLE, now),
                    counted_next(h, COUNTER_INSTRET, now)};
    return counter_value(h, n, &next);
}

void csr_counter_write(Hart *h, unsigned csr, uint64_t value,
                       const CsrTime *now)
{
    const unsigned n = csr & 0x1f;
    const uint64_t old = counter_next(h, n, now);
    counter_set(h, n, csr_merge(h, csr & 0x80, old, value), now);
}

void csr_counter_inhibit(Hart *h, uint64_t value, const CsrTime *now)
{
    const uint64_t cycle = counter_next(h, COUNTER_CYCLE, now);
    const uint64_t instret = counter_next(h, COUNTER_INSTRET, now);
    h->mcountinhibit = value & (1u << COUNTER_CYCLE | 1u << COUNTER_INSTRET);
    counter_set(h, COUNTER_CYCLE, cycle, now);
    counter_set(h, COUNTER_INSTRET, instret, now);
}
