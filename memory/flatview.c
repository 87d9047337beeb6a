/*
 * flatview.c - from the tree to the list of what is visible where.
 *
 * Model    The tree is walked in drawing order: children before their parent,
 *          children in list order, an alias as its target inside its window.
 *          Every region that answers accesses leaves one stroke; the earlier
 *          stroke wins. The strokes cut the addresses into elementary segments;
 *          each stroke takes the free ones it spans, and a path-compressed
 *          pointer skips those taken. O(n log n) in the number of strokes.
 * Source   semantics of the published implementation; no root is skipped, so
 *          a root's own address and flags always count.
 * Missing  IOMMU regions, dirty logging.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"

/* -- strokes: who draws where, in drawing order --------------------------- */

typedef struct Strokes {
    FlatStroke *stroke;
    size_t count, capacity;
    unsigned turns; /* how often an alias was entered from inside itself */
} Strokes;

/* A window onto part of the tree. */
typedef struct Window {
    Int128 base; /* of the container's offset 0 */
    Int128 start, end;
    bool readonly, nonvolatile;
} Window;

/* The aliases being looked through, innermost first. */
typedef struct AliasPath {
    const struct AliasPath *outer;
    const MemoryRegion *alias;
    const MemoryRegion *outermost;
    Window window;
} AliasPath;

/* An alias of a tree that it lies in shows itself again, moved or cut, until it
 * leaves its window. Where that does not end, drawing does, here. */
enum { MAX_TURNS = 4096, MAX_DEPTH = 256 };

static void add_stroke(Strokes *all, const FlatStroke *stroke)
{
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 64;
        all->stroke =
            memory_grow(all->stroke, all->capacity, sizeof(*all->stroke));
    }
    all->stroke[all->count++] = *stroke;
}

/* Is there nothing new behind this alias, or no end? */
static bool turns_forever(Strokes *all, const AliasPath *path,
                          const MemoryRegion *alias, const Window *w)
{
    bool again = false;
    unsigned depth = 0;
    for (; path; path = path->outer, depth++) {
        bool same = path->alias == alias;
        if (same && path->window.base == w->base &&
            path->window.start == w->start && path->window.end == w->end) {
            return true;
        }
        again |= same;
    }
    all->turns += again;
    return depth >= MAX_DEPTH || all->turns > MAX_TURNS;
}

static void walk(Strokes *all, MemoryRegion *mr, Window w,
                 const AliasPath *path)
{
    if (!mr->enabled) {
        return;
    }
    w.base += (Int128)mr->addr;
    w.readonly |= mr->readonly;
    w.nonvolatile |= mr->nonvolatile;
    w.start = int128_max(w.start, w.base);
    w.end = int128_min(w.end, w.base + mr->size);
    if (w.start >= w.end) {
        return;
    }
    if (mr->alias) {
        if (turns_forever(all, path, mr, &w)) {
            return;
        }
        AliasPath turn = {path, mr, path ? path->outermost : mr, w};
        w.base -= (Int128)mr->alias->addr + (Int128)mr->alias_offset;
        walk(all, mr->alias, w, &turn);
        return;
    }
    for (MemoryRegion *c = mr->first_child; c; c = c->next_sibling) {
        walk(all, c, w, path);
    }
    if (mr->terminates) {
        add_stroke(all, &(FlatStroke){.start = w.start,
                                      .end = w.end,
                                      .base = w.base,
                                      .mr = mr,
                                      .via = path ? path->outermost : NULL,
                                      .readonly = w.readonly,
                                      .nonvolatile = w.nonvolatile});
    }
}

FlatStroke *flatview_strokes(MemoryRegion *root, size_t *count)
{
    Strokes all = {0};
    walk(&all, root, (Window){.end = int128_2_64()}, NULL);
    *count = all.count;
    return all.stroke;
}

/* -- segments: the addresses between two neighbouring stroke ends --------- */

typedef struct Segments {
    Int128 *border; /* sorted, distinct; segment i is [border i, border i+1) */
    size_t count;   /* of segments */
    size_t *owner;  /* stroke, or NOBODY */
    size_t *skip;   /* the first free segment from here on is behind skip */
} Segments;

#define NOBODY SIZE_MAX

static int compare_border(const void *a, const void *b)
{
    const Int128 *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void segments_init(Segments *s, const Strokes *all)
{
    size_t n = 0;
    s->border = memory_alloc(2 * all->count, sizeof(*s->border));
    for (size_t i = 0; i < all->count; i++) {
        s->border[n++] = all->stroke[i].start;
        s->border[n++] = all->stroke[i].end;
    }
    qsort(s->border, n, sizeof(*s->border), compare_border);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        if (!distinct || s->border[distinct - 1] != s->border[i]) {
            s->border[distinct++] = s->border[i];
        }
    }
    s->count = distinct ? distinct - 1 : 0;
    s->owner = memory_alloc(s->count, sizeof(*s->owner));
    s->skip = memory_alloc(s->count + 1, sizeof(*s->skip));
    for (size_t i = 0; i < s->count; i++) {
        s->owner[i] = NOBODY;
        s->skip[i] = i;
    }
    s->skip[s->count] = s->count;
}

static void segments_fini(Segments *s)
{
    free(s->border);
    free(s->owner);
    free(s->skip);
}

/* The first free segment at or behind i; s->count when there is none. */
static size_t next_free(Segments *s, size_t i)
{
    while (s->skip[i] != i) {
        s->skip[i] = s->skip[s->skip[i]];
        i = s->skip[i];
    }
    return i;
}

static size_t segment_at(const Segments *s, Int128 border)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->border[mid] < border) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static void paint(Segments *s, const Strokes *all)
{
    for (size_t n = 0; n < all->count; n++) {
        Int128 end = all->stroke[n].end;
        size_t i = next_free(s, segment_at(s, all->stroke[n].start));
        while (i < s->count && s->border[i] < end) {
            s->owner[i] = n;
            s->skip[i] = i + 1;
            i = next_free(s, i + 1);
        }
    }
}

/* -- ranges --------------------------------------------------------------- */

static FlatRange range_of(const FlatStroke *k, Int128 start, Int128 end)
{
    return (FlatRange){.mr = k->mr,
                       .offset = int128_get64(start - k->base),
                       .start = start,
                       .size = end - start,
                       .romd = k->mr->romd_mode,
                       .readonly = k->readonly,
                       .nonvolatile = k->nonvolatile,
                       .id = k->mr->id};
}

static bool continues(const FlatRange *a, const FlatRange *b)
{
    return a->start + a->size == b->start && a->mr == b->mr &&
           (Int128)a->offset + a->size == (Int128)b->offset &&
           a->romd == b->romd && a->readonly == b->readonly &&
           a->nonvolatile == b->nonvolatile;
}

static void add_range(FlatView *fv, const FlatRange *r)
{
    FlatRange *last = fv->count ? &fv->range[fv->count - 1] : NULL;
    if (last && continues(last, r)) {
        last->size += r->size;
        return;
    }
    fv->range[fv->count++] = *r;
}

FlatView *flatview_render(MemoryRegion *root)
{
    FlatView *fv = memory_alloc(1, sizeof(*fv));
    fv->refs = 1;
    fv->root = root;
    fv->world = root->world;
    Strokes all = {0};
    all.stroke = flatview_strokes(root, &all.count);
    if (all.count) {
        Segments s;
        segments_init(&s, &all);
        paint(&s, &all);
        fv->range = memory_alloc(s.count, sizeof(*fv->range));
        for (size_t i = 0; i < s.count; i++) {
            if (s.owner[i] != NOBODY) {
                FlatRange r = range_of(&all.stroke[s.owner[i]], s.border[i],
                                       s.border[i + 1]);
                add_range(fv, &r);
            }
        }
        segments_fini(&s);
        free(all.stroke);
    }
    return fv;
}

FlatView *flatview_ref(FlatView *fv)
{
    fv->refs++;
    return fv;
}

void flatview_unref(FlatView *fv)
{
    if (fv && !--fv->refs) {
        free(fv->range);
        free(fv);
    }
}

bool flatrange_equal(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->id == b->id && a->start == b->start &&
           a->size == b->size && a->offset == b->offset && a->romd == b->romd &&
           a->readonly == b->readonly && a->nonvolatile == b->nonvolatile;
}

/* -- look-up -------------------------------------------------------------- */

static bool holds(const FlatRange *r, hwaddr addr)
{
    return addr - (hwaddr)r->start <= (hwaddr)(r->size - 1);
}

FlatRange *flatview_lookup(FlatView *fv, hwaddr addr)
{
    if (fv->last < fv->count && holds(&fv->range[fv->last], addr)) {
        return &fv->range[fv->last];
    }
    unsigned low = 0, high = fv->count;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        if ((hwaddr)fv->range[mid].start <= addr) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (!low || !holds(&fv->range[low - 1], addr)) {
        return NULL;
    }
    fv->last = low - 1;
    return &fv->range[low - 1];
}

/* The last address of the piece of a RAM range that holds addr. */
static hwaddr piece_last(const FlatRange *r, hwaddr addr)
{
    const hwaddr in_page = PAGE_SIZE_BYTES - 1;
    hwaddr first = (hwaddr)r->start;
    hwaddr last = first + (hwaddr)(r->size - 1);
    if ((first & in_page) && addr <= (first | in_page)) {
        return last < (first | in_page) ? last : first | in_page;
    }
    bool has_tail = (last & in_page) != in_page;
    return has_tail && addr < (last & ~in_page) ? (last & ~in_page) - 1 : last;
}

MemoryRegion *flatview_translate(FlatView *fv, hwaddr addr, hwaddr *xlat,
                                 hwaddr *len, bool is_write, MemTxAttrs attrs)
{
    const FlatRange *r = flatview_lookup(fv, addr);
    if (!r) {
        *xlat = addr;
        return &fv->world->unassigned;
    }
    *xlat = r->offset + (addr - int128_get64(r->start));
    if (r->mr->ram) {
        hwaddr more = piece_last(r, addr) - addr;
        if (*len > more) {
            *len = more + 1;
        }
    }
    return r->mr;
}
