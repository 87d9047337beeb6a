/*
 * explain_access.c - one access in words (see explain.h).
 *
 * Model    What would happen comes from the plan that dispatch runs and the
 *          pieces that transfers are cut into: nothing is told here that could
 *          differ from what happens.
 * Units    addresses in hex, ends inclusive.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/explain.h"
#include "memory/explain_private.h"

/* -- one access ----------------------------------------------------------- */

typedef struct Asked {
    FlatView *fv;
    hwaddr addr;
    unsigned size;
    bool is_write;
    FILE *out;
} Asked;

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* Everybody who lies at the address, the one who answers first. */
static void put_layers(const Asked *q, AddressSpace *as)
{
    size_t n;
    FlatStroke *stroke = flatview_strokes(as->root, &n);
    const FlatStroke *top = NULL;
    fprintf(q->out, "\nWhat lies at 0x%llx:\n", (unsigned long long)q->addr);
    for (size_t i = 0; i < n; i++) {
        const FlatStroke *k = &stroke[i];
        if ((Int128)q->addr < k->start || (Int128)q->addr >= k->end) {
            continue;
        }
        fprintf(q->out, "  %s + 0x%llx: %s, ", memory_region_name(k->mr),
                (unsigned long long)((Int128)q->addr - k->base),
                explain_type(k->mr));
        explain_place(q->out, k->start, k->end - k->start);
        if (k->via) {
            fprintf(q->out, ", through %s", memory_region_name(k->via));
        }
        if (top) {
            fprintf(q->out, "; hidden by %s (", memory_region_name(top->mr));
            explain_reason(q->out, top, k);
            fputs(")\n", q->out);
        } else {
            fputs("; answers\n", q->out);
            top = k;
        }
    }
    if (!top) {
        fputs("  nothing\n", q->out);
    }
    free(stroke);
}

/* "1 to 4 bytes", "4 bytes". */
static void put_sizes(FILE *out, unsigned min, unsigned max)
{
    if (min == max) {
        fprintf(out, "%u byte%s", max, plural(max));
    } else {
        fprintf(out, "%u to %u bytes", min, max);
    }
}

/* The rules in the region's own words. */
static void put_rules(FILE *out, const MemoryRegion *mr)
{
    const MemoryRegionOps *ops = mr->ops;
    if (ops == &memory_none_ops) {
        return;
    }
    fprintf(out, "\nRules of %s:\n  it takes ", memory_region_name(mr));
    if (ops->valid.max_access_size) {
        put_sizes(out,
                  ops->valid.min_access_size ? ops->valid.min_access_size : 1,
                  ops->valid.max_access_size);
    } else {
        fputs("any size", out);
    }
    fprintf(out, "%s%s\n  its callbacks implement ",
            ops->valid.unaligned ? ", also unaligned" : ", aligned",
            ops->valid.accepts ? ", where its accepts() agrees" : "");
    put_sizes(out, ops->impl.min_access_size ? ops->impl.min_access_size : 1,
              ops->impl.max_access_size ? ops->impl.max_access_size : 4);
    fprintf(out, "; its registers are %s-endian\n",
            region_is_big(mr) ? "big" : "little");
}

static void put_refusal(FILE *out, const AccessPlan *plan)
{
    const MemoryRegionOps *ops = plan->mr->ops;
    const char *name = memory_region_name(plan->mr);
    const char *why = plan->reason;
    fputs("not valid: ", out);
    if (!strcmp(why, "unaligned")) {
        fprintf(out, "offset 0x%llx is not a multiple of %u",
                (unsigned long long)plan->offset, plan->size);
    } else if (!strcmp(why, "max size")) {
        fprintf(out, "%u bytes are more than the %u that %s takes", plan->size,
                ops->valid.max_access_size, name);
    } else if (!strcmp(why, "min size")) {
        fprintf(out, "%u byte%s less than the %u that %s takes", plan->size,
                plan->size == 1 ? " is" : "s are", ops->valid.min_access_size,
                name);
    } else if (!strcmp(why, "accepts")) {
        fprintf(out, "accepts() of %s says no", name);
    } else if (!strcmp(why, "read-only")) {
        fprintf(out, "%s is read-only", name);
    } else if (!strcmp(why, "no callback")) {
        fprintf(out, "%s has no callback for it", name);
    } else if (!strcmp(why, "not a device")) {
        fprintf(out, "the access runs over the end of %s", name);
    } else {
        fputs("nothing is there", out);
    }
    fputs("; no callback runs, decode error", out);
}

enum { LINES_SHOWN = 8 };

/* The callbacks of a valid plan. */
static void put_callbacks(FILE *out, const AccessPlan *plan, bool is_write)
{
    const char *how = plan->pieces > 1          ? ", split"
                      : plan->step > plan->size ? ", widened"
                                                : "";
    fprintf(out, "%u callback%s%s:", plan->pieces, plural(plan->pieces), how);
    for (unsigned i = 0; i < plan->pieces && i < LINES_SHOWN; i++) {
        fprintf(out, " %s(0x%llx, %u)", is_write ? "write" : "read",
                (unsigned long long)(plan->offset + i * plan->step),
                plan->step);
    }
    if (plan->step > plan->size) {
        fputs(is_write ? "; zeros are written beside the value"
                       : "; what was read beside it is dropped",
              out);
    }
}

/* What becomes of the pieces together. */
typedef struct Outcome {
    bool refused, asked; /* some piece by its rules; some device */
} Outcome;

static void put_piece(const Asked *q, hwaddr addr, const MemoryPiece *p,
                      unsigned len, Outcome *outcome)
{
    fprintf(q->out, "  0x%llx, %u byte%s: ", (unsigned long long)addr, len,
            plural(len));
    if (p->direct) {
        fprintf(q->out, "%s + 0x%llx, memory: no callback\n",
                memory_region_name(p->mr), (unsigned long long)p->offset);
        return;
    }
    AccessPlan plan;
    access_plan(p->mr, p->offset, len, q->is_write, MEMTXATTRS_UNSPECIFIED,
                &plan);
    fprintf(q->out, "%s + 0x%llx, ", memory_region_name(p->mr),
            (unsigned long long)p->offset);
    if (plan.valid) {
        put_callbacks(q->out, &plan, q->is_write);
        outcome->asked = true;
    } else {
        put_refusal(q->out, &plan);
        outcome->refused = true;
    }
    fputs("\n", q->out);
}

static void put_result(const Asked *q, const Outcome *outcome)
{
    fprintf(q->out, "  result: %s\n",
            outcome->refused ? "decode error (on a hart: an access fault)"
            : outcome->asked ? "ok, unless the device answers with an error"
                             : "ok");
}

static void put_one(const Asked *q)
{
    MemoryPiece p = memory_piece_at(q->fv, q->addr, q->size, q->is_write,
                                    MEMTXATTRS_UNSPECIFIED);
    if (p.direct) { /* as a port does: to the end of the range */
        const FlatRange *r = flatview_lookup(q->fv, q->addr);
        p.direct = (Int128)q->addr + q->size <= r->start + r->size;
    }
    Outcome outcome = {.refused = false};
    fprintf(q->out, "\nAs one %s, as harts do it (never cut):\n",
            q->is_write ? "store" : "load");
    put_piece(q, q->addr, &p, q->size, &outcome);
    put_result(q, &outcome);
}

static void put_transfer(const Asked *q)
{
    Outcome outcome = {.refused = false};
    unsigned lines = 0;
    fputs("\nAs a transfer, as DMA does it (cut into what each region "
          "takes):\n",
          q->out);
    for (unsigned at = 0; at < q->size; lines++) {
        MemoryPiece p = memory_piece_at(q->fv, q->addr + at, q->size - at,
                                        q->is_write, MEMTXATTRS_UNSPECIFIED);
        unsigned len =
            p.direct ? (unsigned)p.len : access_size(p.mr, p.len, p.offset);
        if (lines == LINES_SHOWN) {
            fprintf(q->out, "  and so on for %u more bytes\n", q->size - at);
            return;
        }
        put_piece(q, q->addr + at, &p, len, &outcome);
        at += len;
    }
    put_result(q, &outcome);
}

void explain_access(AddressSpace *as, hwaddr addr, unsigned size, bool is_write,
                    FILE *out)
{
    Asked q = {flatview_ref(as->current_map), addr, size, is_write, out};
    fprintf(out, "A %u-byte %s at 0x%llx in %s.\n", size,
            is_write ? "write" : "read", (unsigned long long)addr, as->name);
    put_layers(&q, as);
    const FlatRange *r = flatview_lookup(q.fv, addr);
    if (r && !(r->mr->ram && !r->mr->ram_device)) {
        put_rules(out, r->mr);
    }
    if (size == 1 || size == 2 || size == 4 || size == 8) {
        put_one(&q);
    }
    put_transfer(&q);
    flatview_unref(q.fv);
}
