/*
 * explain_access.c - one access in words (see explain.h).
 *
 * Model    What would happen comes from the pieces that accesses are cut into
 *          (memory_piece_at, access_size) and from a rehearsal of each dispatch
 *          (explain_rehearse.c): nothing is told here that could differ from
 *          what happens. The devices on the way are asked what an access would
 *          ask before it acts: accepts() and the IOMMU's translate().
 * Units    addresses in hex, ends inclusive; bits count from 0, the lowest.
 * Missing  nothing
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
    if (ops->impl.unaligned) {
        fputs("  a transfer is not cut at alignment borders for it\n", out);
    }
    if (mr->special & REGION_FLUSHES) {
        fputs("  posted writes arrive before any access to it\n", out);
    }
    if (mr->special & REGION_GUARDED) {
        fprintf(out, "  entered again from inside its own callback, %s\n",
                mr->reentrancy == MEMORY_REENTRANCY_QUEUE
                    ? "writes wait, reads fault"
                    : "an access faults");
    }
}

/* -- what is on the way --------------------------------------------------- */

enum { LINES_SHOWN = 8 };

/* Each translation on the way to what answers, one line each. */
static void put_translations(const Asked *q, hwaddr addr, hwaddr len)
{
    FlatView *fv = q->fv;
    for (unsigned i = 0; i < LINES_SHOWN; i++) {
        hwaddr offset;
        MemoryRegion *mr = flatview_place(fv, addr, &offset, &len);
        if (!mr->is_iommu) {
            return;
        }
        IOMMUMemoryRegion *iommu = memory_region_get_iommu(mr);
        int index =
            memory_region_iommu_attrs_to_index(iommu, MEMTXATTRS_UNSPECIFIED);
        IOMMUAccessFlags want = q->is_write ? IOMMU_WO : IOMMU_RO;
        IOMMUTLBEntry e =
            memory_region_get_iommu_class_nocheck(iommu)->translate(
                iommu, offset, want, index);
        fprintf(q->out, "    %s translates 0x%llx (index %d) to ",
                memory_region_name(mr), (unsigned long long)offset, index);
        if (!e.target_as || !(e.perm & want)) {
            fprintf(q->out, "nothing: no %s there\n",
                    !e.target_as || !e.perm ? "translation"
                    : q->is_write           ? "permission to write"
                                            : "permission to read");
            return;
        }
        addr = (e.translated_addr & ~e.addr_mask) | (offset & e.addr_mask);
        fprintf(q->out, "0x%llx in %s (page mask 0x%llx)\n",
                (unsigned long long)addr, e.target_as->name,
                (unsigned long long)e.addr_mask);
        fv = address_space_to_flatview(e.target_as);
    }
    fputs("    and so on\n", q->out);
}

/* Of memory that ends before the access does: why there. */
static void put_end(const Asked *q, hwaddr addr, hwaddr len)
{
    const FlatPiece *p = flatview_piece(q->fv, addr);
    hwaddr last = addr + len - 1;
    bool in_page = p && last == p->last && p->last != UINT64_MAX;
    const FlatPiece *next = in_page ? flatview_piece(q->fv, last + 1) : NULL;
    fprintf(
        q->out, "    it ends at 0x%llx: %s\n", (unsigned long long)last,
        p && p->mr->is_iommu ? "as far as the translation goes"
        : next && next->range == p->range
            ? "memory that begins or ends inside a page is cut at its first "
              "and last page border"
            : "that is the end of its visible range");
}

/* Of a device that ends before the access does. */
static void put_overrun(const Asked *q, hwaddr addr, const MemoryPiece *p,
                        unsigned len)
{
    const FlatPiece *at = flatview_piece(q->fv, addr);
    if (at && at->mr == p->mr && at->last - addr < len - 1) {
        fprintf(q->out,
                "    it ends at 0x%llx: a device is asked for all of an access "
                "that begins in it\n",
                (unsigned long long)at->last);
    }
}

/* Of a transfer's piece at a device: why no more bytes. */
static void put_cut(FILE *out, const MemoryPiece *p, unsigned len)
{
    unsigned at_0 = access_size(p->mr, p->len, 0);
    fprintf(out, "    cut to %u byte%s: ", len, plural(len));
    if (len < at_0) {
        fprintf(out, "more would not be aligned at offset 0x%llx\n",
                (unsigned long long)p->offset);
    } else if (len < access_size(p->mr, 8, 0)) {
        fputs("accesses are powers of two\n", out);
    } else {
        fputs("it takes no more at once\n", out);
    }
}

/* -- one dispatch --------------------------------------------------------- */

/* The rule that refuses, in words. */
static void put_refusal(FILE *out, const AccessPlan *plan)
{
    const MemoryRegionOps *ops = plan->mr->ops;
    const char *name = memory_region_name(plan->mr);
    const char *why = plan->reason;
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
}

/* The rules in the order in which they are applied, up to the one that
 * refuses. */
static void put_validity(FILE *out, const AccessPlan *plan)
{
    static const char *const rule[] = {"accepts", "unaligned", "max size",
                                       "min size", "no callback"};
    const MemoryRegionOps *ops = plan->mr->ops;
    const char *passed[] = {
        ops->valid.accepts ? "accepts() says yes" : "no accepts()",
        !(plan->offset & (plan->size - 1)) ? "aligned" : "unaligned is taken",
        ops->valid.max_access_size ? "not too large" : "any size",
        ops->valid.max_access_size ? "not too small" : NULL, "has a callback"};
    fputs(plan->valid ? "    valid: " : "    not valid: ", out);
    bool asked = plan->mr->ops != &memory_none_ops;
    for (unsigned i = 0; asked && i < 5; i++) {
        if (plan->reason && !strcmp(plan->reason, rule[i])) {
            break;
        }
        if (passed[i]) {
            fprintf(out, "%s%s", passed[i], i < 4 ? ", " : "\n");
        }
    }
    if (!plan->valid) {
        put_refusal(out, plan);
        fputs("; no callback runs\n", out);
    }
}

/* Which bits of the value one callback carries. */
static void put_lanes(FILE *out, const RehearsedCall *call)
{
    int lowest = 8, highest = -1, at = -1, last_at = -1;
    for (int i = 0; i < 8; i++) {
        if (call->lane[i] >= 0) {
            lowest = call->lane[i] < lowest ? call->lane[i] : lowest;
            highest = call->lane[i] > highest ? call->lane[i] : highest;
            at = at < 0 ? i : at;
            last_at = i;
        }
    }
    if (highest < 0) {
        fputs("nothing of the value", out);
        return;
    }
    fprintf(out, "bits %d-%d of the value", 8 * lowest, 8 * highest + 7);
    if (lowest != highest && call->lane[at] > call->lane[last_at]) {
        fputs(", bytes reversed", out);
    }
    if (at > 0 || (unsigned)last_at + 1 < call->size) {
        fprintf(out, " in its bits %d-%d", 8 * at, 8 * last_at + 7);
    }
}

/* The callbacks of a valid plan. */
static void put_callbacks(FILE *out, const Rehearsal *r, bool is_write)
{
    const AccessPlan *plan = &r->plan;
    bool widened = r->calls && r->call[0].size > plan->size;
    fprintf(out, "    %u callback%s%s:\n", r->calls, plural(r->calls),
            r->calls != plan->pieces ? ", split at alignment by policy"
            : r->calls > 1           ? ", split"
            : widened                ? ", widened"
                                     : "");
    for (unsigned i = 0; i < r->calls; i++) {
        const RehearsedCall *call = &r->call[i];
        fprintf(out, "      %s.%s(0x%llx, %u): ", memory_region_name(plan->mr),
                call->callback, (unsigned long long)call->offset, call->size);
        put_lanes(out, call);
        fputs("\n", out);
    }
    if (widened) {
        fputs(is_write ? "      zeros are written beside the value\n"
                       : "      what was read beside it is dropped\n",
              out);
    }
}

/* -- pieces --------------------------------------------------------------- */

/* What becomes of the pieces together. */
typedef struct Outcome {
    MemTxResult result; /* before any device has its say */
    bool asked;         /* some device */
} Outcome;

static void put_dispatch(const Asked *q, const MemoryPiece *p, unsigned len,
                         Outcome *outcome)
{
    Rehearsal r;
    rehearse(p->mr, p->offset, len, q->is_write, MEMTXATTRS_UNSPECIFIED, &r);
    if (p->mr->special & REGION_FLUSHES) {
        fputs("    posted writes arrive first\n", q->out);
    }
    put_validity(q->out, &r.plan);
    if (r.plan.valid) {
        if (q->is_write) {
            explain_bindings(q->out, &r.plan);
        }
        put_callbacks(q->out, &r, q->is_write);
        outcome->asked = true;
    } else if (r.result == MEMTX_OK) {
        fputs("    the world's policy is to ignore it in silence\n", q->out);
    }
    outcome->result |= r.result;
}

/* len bytes of it go this way, of the `rest` that are to be moved. */
static void put_piece(const Asked *q, hwaddr addr, const MemoryPiece *p,
                      unsigned len, hwaddr rest, Outcome *outcome)
{
    fprintf(q->out, "  0x%llx, %u byte%s: ", (unsigned long long)addr, len,
            plural(len));
    if (p->mr == &q->fv->world->unassigned) {
        fputs("nothing\n", q->out);
    } else {
        fprintf(q->out, "%s + 0x%llx%s\n", memory_region_name(p->mr),
                (unsigned long long)p->offset,
                p->direct ? ", memory: no callback" : "");
    }
    put_translations(q, addr, len);
    if (p->len < rest) {
        put_end(q, addr, p->len);
    } else if (!p->direct && p->mr->ops != &memory_none_ops) {
        put_overrun(q, addr, p, len);
    }
    if (!p->direct && len < p->len) {
        put_cut(q->out, p, len);
    }
    if (!p->direct) {
        put_dispatch(q, p, len, outcome);
    }
}

static void put_result(const Asked *q, const Outcome *outcome, bool of_hart)
{
    const char *decode_error =
        of_hart ? "decode error (on a hart: an access fault)" : "decode error";
    fprintf(q->out, "  result: %s\n",
            outcome->result & MEMTX_DECODE_ERROR ? decode_error
            : outcome->result                    ? "error"
            : outcome->asked ? "ok, unless the device answers with an error"
                             : "ok");
}

/* What a posted-write buffer makes of it. */
static void put_posted(const Asked *q, const MemoryPiece *p, bool is_store)
{
    if (!p->mr->posted) {
        return;
    }
    const PostedBuffer *b = p->mr->posted->buffer;
    if (is_store && coalesce_holds(p->mr, p->offset, q->size)) {
        fprintf(q->out,
                "  posted: by an initiator on %s it waits in %s (depth %u, "
                "merge %s)\n",
                b->port.as->name, b->port.name, b->depth,
                posted_merge_name[b->merge]);
    } else {
        fprintf(q->out, "  posted: what waits in %s drains first\n",
                b->port.name);
    }
}

static void put_one(const Asked *q)
{
    MemoryPiece p = memory_piece_at(q->fv, q->addr, q->size, q->is_write,
                                    MEMTXATTRS_UNSPECIFIED);
    p.direct &= p.len >= q->size;
    Outcome outcome = {.result = MEMTX_OK};
    fprintf(q->out, "\nAs one %s, as harts do it (never cut):\n",
            q->is_write ? "store" : "load");
    put_posted(q, &p, q->is_write);
    put_piece(q, q->addr, &p, q->size, q->size, &outcome);
    put_result(q, &outcome, true);
}

static void put_transfer(const Asked *q)
{
    Outcome outcome = {.result = MEMTX_OK};
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
        put_piece(q, q->addr + at, &p, len, q->size - at, &outcome);
        at += len;
    }
    put_result(q, &outcome, false);
}

void explain_access(AddressSpace *as, hwaddr addr, unsigned size, bool is_write,
                    FILE *out)
{
    Asked q = {flatview_ref(address_space_to_flatview(as)), addr, size,
               is_write, out};
    fprintf(out, "A%s %u-byte %s at 0x%llx in %s.\n", size == 8 ? "n" : "",
            size, is_write ? "write" : "read", (unsigned long long)addr,
            as->name);
    put_layers(&q, as);
    MemoryPiece p =
        memory_piece_at(q.fv, addr, size, is_write, MEMTXATTRS_UNSPECIFIED);
    if (!p.direct && p.mr->ops != &memory_none_ops) {
        put_rules(out, p.mr);
    }
    if (size == 1 || size == 2 || size == 4 || size == 8) {
        put_one(&q);
    }
    put_transfer(&q);
    flatview_unref(q.fv);
}
