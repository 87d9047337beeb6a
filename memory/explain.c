/*
 * explain.c - the map in words (see explain.h).
 *
 * Model    Who lies where, and who hides whom, comes from the strokes from
 *          which the flat view is drawn.
 * Units    addresses in hex, ends inclusive; sizes in B, KiB, MiB, ...
 * Missing  nothing
 */
#include "memory/explain.h"

#include <stdlib.h>
#include <string.h>

#include "memory/explain_private.h"

/* -- words ---------------------------------------------------------------- */

typedef struct SizeText {
    char text[32];
} SizeText;

/* "256 B", "4 KiB", "1.5 MiB", "16 EiB". */
static SizeText size_text(Int128 size)
{
    static const char *const unit[] = {"B",   "KiB", "MiB", "GiB",
                                       "TiB", "PiB", "EiB"};
    unsigned n = 0;
    Int128 one = 1;
    while (n < 6 && size >= 1024 * one) {
        one *= 1024;
        n++;
    }
    SizeText s;
    unsigned long long whole = (unsigned long long)(size / one);
    unsigned tenth = (unsigned)(size % one * 10 / one);
    if (size % one == 0) {
        snprintf(s.text, sizeof(s.text), "%llu %s", whole, unit[n]);
    } else {
        snprintf(s.text, sizeof(s.text), "%llu.%u %s", whole, tenth, unit[n]);
    }
    return s;
}

const char *explain_type(const MemoryRegion *mr)
{
    if (mr->alias) {
        return "alias";
    }
    if (mr->ram_device) {
        return "ram device";
    }
    if (mr->rom_device) {
        return mr->romd_mode ? "rom device" : "device (rom off)";
    }
    if (mr->ram) {
        return mr->readonly ? "rom" : "ram";
    }
    if (!mr->terminates) {
        return "container";
    }
    if (mr->is_iommu) {
        return "iommu";
    }
    return mr->ops == &memory_none_ops ? "hole" : "device";
}

static unsigned long long last_of(Int128 start, Int128 size)
{
    return (unsigned long long)(start + size - (size != 0));
}

PriorityText explain_priority(int32_t priority)
{
    PriorityText s = {"lowest prio"};
    if (priority != INT32_MIN) {
        snprintf(s.text, sizeof(s.text), "prio %d", priority);
    }
    return s;
}

void explain_place(FILE *out, Int128 start, Int128 size)
{
    fprintf(out, "%016llx-%016llx", (unsigned long long)start,
            last_of(start, size));
}

/* -- why one hides the other ---------------------------------------------- */

static unsigned depth_of(const MemoryRegion *mr)
{
    unsigned depth = 0;
    while (mr->container) {
        mr = mr->container;
        depth++;
    }
    return depth;
}

/* Climbs to the two siblings under which a and b part, or to the same region
 * if one holds the other; false when they share no tree. */
static bool part(const MemoryRegion **a, const MemoryRegion **b)
{
    unsigned da = depth_of(*a), db = depth_of(*b);
    const MemoryRegion *x = *a, *y = *b;
    for (; da > db; da--) {
        x = x->container;
    }
    for (; db > da; db--) {
        y = y->container;
    }
    while (x != y && x->container != y->container) {
        x = x->container;
        y = y->container;
    }
    *a = x;
    *b = y;
    return x && y && (x == y || x->container);
}

/* Writes why `over` is drawn before `under`. */
void explain_reason(FILE *out, const FlatStroke *over, const FlatStroke *under)
{
    bool same_window = over->via == under->via;
    const MemoryRegion *a = over->via && !same_window ? over->via : over->mr;
    const MemoryRegion *b = under->via && !same_window ? under->via : under->mr;
    const MemoryRegion *below = b;
    if (!part(&a, &b)) {
        fputs("drawn first", out);
    } else if (a == b && below == b) {
        fprintf(out, "it is inside %s", memory_region_name(b));
    } else if (a == b) {
        fputs("the same region, seen twice", out);
    } else if (a->priority != b->priority) {
        fprintf(out, "%s over %s", explain_priority(a->priority).text,
                explain_priority(b->priority).text);
        if (a != over->mr || b != under->mr) {
            fprintf(out, " of %s and %s", memory_region_name(a),
                    memory_region_name(b));
        }
    } else {
        fprintf(out, "both %s, %s was added later",
                explain_priority(a->priority).text, memory_region_name(a));
    }
}

/* -- the map -------------------------------------------------------------- */

static void put_tree(FILE *out, const MemoryRegion *mr, Int128 base,
                     unsigned depth)
{
    base += (Int128)mr->addr;
    fputs("  ", out);
    explain_place(out, base, mr->size);
    fprintf(out, "  %10s  %-11s  %*s%s: %s", size_text(mr->size).text,
            explain_priority(mr->priority).text, (int)(2 * depth), "",
            memory_region_name(mr), explain_type(mr));
    if (mr->alias) {
        fprintf(out, " of %s + 0x%llx", memory_region_name(mr->alias),
                (unsigned long long)mr->alias_offset);
    }
    fprintf(out, "%s%s%s\n", mr->readonly && !mr->ram ? ", read-only" : "",
            mr->nonvolatile ? ", nonvolatile" : "",
            mr->enabled ? "" : " [disabled]");
    size_t n;
    MemoryRegion **child = mtree_children(mr, &n);
    for (size_t i = 0; i < n; i++) {
        put_tree(out, child[i], base, depth + 1);
    }
    free(child);
}

static void put_view(FILE *out, const FlatView *fv)
{
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        fputs("  ", out);
        explain_place(out, r->start, r->size);
        fprintf(out, "  %10s  %s", size_text(r->size).text,
                memory_region_name(r->mr));
        if (r->offset) {
            fprintf(out, " + 0x%llx", (unsigned long long)r->offset);
        }
        fprintf(out, ": %s%s%s\n", explain_type(r->mr),
                r->readonly && !r->mr->readonly ? ", read-only" : "",
                r->nonvolatile ? ", nonvolatile" : "");
    }
    if (!fv->count) {
        fputs("  nothing\n", out);
    }
}

/* -- what is hidden ------------------------------------------------------- */

/* Who shows at each address, as strokes: rendered from the same list. */
typedef struct Shown {
    FlatStroke *stroke;
    size_t count;
    FlatView *fv;
} Shown;

/* Is what r shows at addr this stroke? */
static bool shows(const FlatRange *r, const FlatStroke *k, Int128 addr)
{
    Int128 offset = (Int128)r->offset + (addr - r->start);
    return r->mr == k->mr && offset == addr - k->base;
}

/* The first stroke that covers addr: the visible one. */
static const FlatStroke *visible_at(const Shown *s, Int128 addr)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->stroke[i].start <= addr && addr < s->stroke[i].end) {
            return &s->stroke[i];
        }
    }
    return NULL;
}

enum { HIDERS_NAMED = 4 };

/* What of a stroke is hidden, and the first places where it is. */
typedef struct Covered {
    Int128 bytes;
    unsigned places;
    const FlatRange *by[HIDERS_NAMED];
} Covered;

static void find_covered(const Shown *s, const FlatStroke *k, Covered *c)
{
    *c = (Covered){.bytes = 0};
    for (Int128 at = k->start; at < k->end;) {
        const FlatRange *r = flatview_lookup(s->fv, int128_get64(at));
        if (!r) {
            break; /* the view is older than the tree: inside a transaction */
        }
        Int128 end = int128_min(r->start + r->size, k->end);
        if (!shows(r, k, at)) {
            c->bytes += end - at;
            if (c->places < HIDERS_NAMED) {
                c->by[c->places] = r;
            }
            c->places++;
        }
        at = end;
    }
}

/* A paragraph on a stroke of which something is hidden; false: nothing is. */
static bool put_hidden(FILE *out, const Shown *s, const FlatStroke *k)
{
    Covered c;
    find_covered(s, k, &c);
    if (!c.places) {
        return false;
    }
    bool wholly = c.bytes == k->end - k->start;
    fprintf(out, "  hidden: %s of %s, ",
            wholly ? "all" : size_text(c.bytes).text,
            memory_region_name(k->mr));
    explain_place(out, k->start, k->end - k->start);
    if (k->via) {
        fprintf(out, " through %s", memory_region_name(k->via));
    }
    fputs("\n", out);
    for (unsigned i = 0; i < c.places && i < HIDERS_NAMED; i++) {
        Int128 first = int128_max(c.by[i]->start, k->start);
        const FlatStroke *over = visible_at(s, first);
        fprintf(out, "    at 0x%llx by %s", (unsigned long long)first,
                memory_region_name(c.by[i]->mr));
        if (over && over->via) {
            fprintf(out, " through %s", memory_region_name(over->via));
        }
        if (over) {
            fputs(" (", out);
            explain_reason(out, over, k);
            fputs(")", out);
        }
        fputs("\n", out);
    }
    if (c.places > HIDERS_NAMED) {
        fprintf(out, "    and in %u more places\n", c.places - HIDERS_NAMED);
    }
    return true;
}

void explain_map(AddressSpace *as, FILE *out)
{
    Shown s = {.fv = address_space_to_flatview(as)};
    s.stroke = flatview_strokes(as->root, &s.count);
    fprintf(
        out,
        "Address space %s. Where regions overlap, a region hides its "
        "container, higher\npriority hides lower among the children of one "
        "container, and of equal priority\nthe latest added wins. Priorities "
        "of different containers are never compared.\n",
        as->name);
    fputs("\nTree:\n", out);
    put_tree(out, as->root, 0, 0);
    fputs("\nWhat an access reaches:\n", out);
    put_view(out, s.fv);
    fputs("\nHidden:\n", out);
    bool any = false;
    for (size_t i = 0; i < s.count; i++) {
        any |= put_hidden(out, &s, &s.stroke[i]);
    }
    if (!any) {
        fputs("  nothing\n", out);
    }
    free(s.stroke);
}
