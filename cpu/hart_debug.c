/*
 * hart_debug.c - what a debugger changes in a hart that does not run.
 *
 * Model    A register is written as an instruction of M mode would write it,
 *          with nothing fetched, retired or counted. A hart that is held while
 *          others run is idle.
 * Units    cycles of the hart; picoseconds.
 * Source   see cpu/hart.h.
 * Missing  nothing known.
 */
#include "cpu/csr_private.h"

bool hart_write_csr(Hart *h, unsigned csr, uint64_t value)
{
    uint64_t old;
    /* A counter holds the value when the next instruction begins, as if this
     * one took no time. */
    const CsrTime now = {h->cycle - h->config.profile->cost[TIME_CSR],
                         h->instret - 1};
    if (!hart_read_csr(h, csr, &old) || csr >> 10 == 3) {
        return false;
    }
    const uint64_t kept = h->data.world->now;
    const HartCommit log = h->commit;
    csr_write(h, csr, value & xlen_mask(h), &now);
    h->commit = log;
    h->data.world->now = kept;
    return true;
}

bool hart_set_privilege(Hart *h, unsigned privilege)
{
    bool there = privilege == HART_M || privilege == HART_U ||
                 (privilege == HART_S && hart_has(h, ISA_S));
    if (there && privilege != h->priv) {
        hart_pipe_drop(h);
        h->block = NULL;
        h->priv = (uint8_t)privilege;
        hart_mode_changed(h);
    }
    return there;
}

void hart_pass(Hart *h, uint64_t until)
{
    const uint64_t cycle = clock_cycle_at(h->config.clock, until);
    if (cycle > h->cycle) {
        const uint64_t n = cycle - h->cycle;
        hart_pipe_drop(h);
        h->block = NULL;
        h->idle += n;
        h->cycle = cycle;
        h->left.base += n;
    }
}
