/*
 * flatview.c - from the tree to the list of what is visible where.
 *
 * Model    The tree is walked in drawing order: children before their parent,
 *          children in list order, an alias as its target inside its window.
 *          Every region that answers accesses leaves one stroke; the earlier
 *          stroke wins. The strokes are sorted by address (they come in long
 *          runs) and swept; a heap of the strokes under way, earliest drawn on
 *          top, says what is visible. O(n log n) in the number of strokes.
 *          Look-ups first try the piece found last, then a hint by a hash of
 *          the address, then search.
 * Source   semantics of the published implementation; no root is skipped, so
 *          a root's own address and flags always count.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"

/* -- strokes: who draws where, in drawing order --------------------------- */

/* A table of the world's that is kept from one draw to the next. */
static void *scratch(MemoryWorld *world, unsigned which, size_t bytes)
{
    if (world->draw_scratch_size[which] < bytes) {
        free(world->draw_scratch[which]);
        world->draw_scratch[which] = memory_alloc(bytes, 1);
        world->draw_scratch_size[which] = bytes;
    }
    return world->draw_scratch[which];
}

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
        bool logged = mr->dirty_log_mask || mr->world->log_global;
        add_stroke(
            all,
            &(FlatStroke){.start = w.start,
                          .end = w.end,
                          .base = w.base,
                          .mr = mr,
                          .via = path ? path->outermost : NULL,
                          .romd = mr->romd_mode,
                          .readonly = w.readonly,
                          .nonvolatile = w.nonvolatile,
                          .dirty_log_mask =
                              logged ? memory_region_get_dirty_log_mask(mr) : 0,
                          .ram = mr->ram,
                          .owned = mr->owner != NULL,
                          .id = mr->id});
    }
}

FlatStroke *flatview_strokes(MemoryRegion *root, size_t *count)
{
    Strokes all = {0};
    walk(&all, root, (Window){.end = int128_2_64()}, NULL);
    *count = all.count;
    return all.stroke;
}

/* -- sorting: strokes mostly come in runs of falling or rising addresses ----
 */

typedef struct Key {
    hwaddr first, last;
    size_t order; /* of the stroke: lower is drawn earlier and wins */
} Key;

static void reverse(Key *key, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        Key k = key[i];
        key[i] = key[count - 1 - i];
        key[count - 1 - i] = k;
    }
}

/* Makes the run at `from` rise by `first`; returns where it ends. */
static size_t rising_run(Key *key, size_t from, size_t count)
{
    size_t i = from + 1;
    if (i == count) {
        return i;
    }
    if (key[i].first >= key[from].first) {
        while (i < count && key[i].first >= key[i - 1].first) {
            i++;
        }
        return i;
    }
    while (i < count && key[i].first < key[i - 1].first) {
        i++;
    }
    reverse(key + from, i - from);
    return i;
}

static void merge(Key *key, Key *spare, size_t middle, size_t end)
{
    memcpy(spare, key, middle * sizeof(*key));
    size_t a = 0, b = middle, to = 0;
    while (a < middle) {
        bool take_b = b < end && key[b].first < spare[a].first;
        key[to++] = take_b ? key[b++] : spare[a++];
    }
}

/* Sorts `count` keys by `first`: runs, merged pairwise; O(n log runs). */
static void sort_keys(Key *key, Key *spare, size_t count)
{
    for (bool sorted = false; !sorted;) {
        sorted = true;
        for (size_t from = 0; from < count;) {
            size_t middle = rising_run(key, from, count);
            size_t end =
                middle < count ? rising_run(key, middle, count) : middle;
            if (end > middle) {
                merge(key + from, spare, middle - from, end - from);
                sorted = from == 0 && end == count && sorted;
            }
            from = end;
        }
    }
}

/* -- the sweep: at each address the earliest stroke under way is visible --- */

typedef struct Sweep {
    const FlatStroke *stroke;
    const Key **heap; /* strokes under way; the earliest drawn on top */
    size_t under_way;
    FlatView *fv;
} Sweep;

static void heap_push(Sweep *s, const Key *key)
{
    size_t i = s->under_way++;
    for (; i && s->heap[(i - 1) / 2]->order > key->order; i = (i - 1) / 2) {
        s->heap[i] = s->heap[(i - 1) / 2];
    }
    s->heap[i] = key;
}

static void heap_pop(Sweep *s)
{
    const Key *key = s->heap[--s->under_way];
    size_t i = 0;
    for (size_t child = 1; child < s->under_way; child = 2 * i + 1) {
        if (child + 1 < s->under_way &&
            s->heap[child + 1]->order < s->heap[child]->order) {
            child++;
        }
        if (s->heap[child]->order > key->order) {
            break;
        }
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = key;
}

static bool continues(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->start + a->size == b->start &&
           (Int128)a->offset + a->size == (Int128)b->offset &&
           a->dirty_log_mask == b->dirty_log_mask && a->romd == b->romd &&
           a->readonly == b->readonly && a->nonvolatile == b->nonvolatile;
}

static void add_range(FlatView *fv, const FlatStroke *k, hwaddr first,
                      hwaddr last)
{
    if (fv->count == fv->range_capacity) {
        fv->range_capacity = fv->range_capacity ? 2 * fv->range_capacity : 16;
        fv->range =
            memory_grow(fv->range, fv->range_capacity, sizeof(*fv->range));
    }
    FlatRange *r = &fv->range[fv->count];
    *r = (FlatRange){.mr = k->mr,
                     .offset = first - (hwaddr)k->base,
                     .start = first,
                     .size = (Int128)(last - first) + 1,
                     .romd = k->romd,
                     .readonly = k->readonly,
                     .nonvolatile = k->nonvolatile,
                     .dirty_log_mask = k->dirty_log_mask,
                     .ram = k->ram,
                     .owned = k->owned,
                     .id = k->id};
    if (fv->count && continues(r - 1, r)) {
        r[-1].size += r->size;
    } else {
        fv->count++;
    }
}

static void sweep(Sweep *s, const Key *key, size_t count)
{
    const Key *next = key, *end = key + count;
    hwaddr at = 0;
    while (s->under_way || next < end) {
        if (!s->under_way) {
            at = next->first;
        }
        for (; next < end && next->first == at; next++) {
            const Key *top = s->under_way ? s->heap[0] : NULL;
            if (!top || top->order > next->order || top->last < next->last) {
                heap_push(s, next); /* else it is hidden for good */
            }
        }
        const Key *top = s->heap[0];
        hwaddr last = top->last;
        if (next < end && next->first <= last) {
            last = next->first - 1;
        }
        add_range(s->fv, &s->stroke[top->order], at, last);
        at = last + 1;
        while (s->under_way && s->heap[0]->last <= last) {
            heap_pop(s);
        }
    }
}

/* Side by side, by rising or falling address: most boards are made like that.
 */
static bool draw_in_line(FlatView *fv, const FlatStroke *stroke, size_t count)
{
    bool rising = true, falling = true;
    for (size_t i = 1; i < count && (rising || falling); i++) {
        rising &= stroke[i].start >= stroke[i - 1].end;
        falling &= stroke[i].end <= stroke[i - 1].start;
    }
    if (!rising && !falling) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const FlatStroke *k = &stroke[rising ? i : count - 1 - i];
        add_range(fv, k, (hwaddr)k->start, (hwaddr)(k->end - 1));
    }
    return true;
}

static void draw(FlatView *fv, const FlatStroke *stroke, size_t count)
{
    if (draw_in_line(fv, stroke, count)) {
        return;
    }
    size_t bytes = count * (2 * sizeof(Key) + sizeof(Key *));
    Key *key = scratch(fv->world, 1, bytes);
    for (size_t i = 0; i < count; i++) {
        key[i] = (Key){(hwaddr)stroke[i].start, (hwaddr)(stroke[i].end - 1), i};
    }
    sort_keys(key, key + count, count);
    Sweep s = {.stroke = stroke,
               .heap = (const Key **)(void *)(key + 2 * count),
               .fv = fv};
    sweep(&s, key, count);
}

/* -- pieces: what an access looks up ----------------------------------------
 */

static void add_piece(FlatView *fv, unsigned range, hwaddr first, hwaddr last)
{
    const FlatRange *r = &fv->range[range];
    FlatPiece *p = &fv->piece[fv->pieces++];
    *p = (FlatPiece){.first = first,
                     .last = last,
                     .mr = r->mr,
                     .offset = r->offset + (first - (hwaddr)r->start),
                     .range = range};
    if (r->ram && !r->mr->ram_device) {
        p->host = r->mr->ram_block->host + p->offset;
    }
}

/* RAM that starts or ends inside a page is cut at its first and last page
 * border. */
static void cut_range(FlatView *fv, unsigned range)
{
    const hwaddr in_page = PAGE_SIZE_BYTES - 1;
    const FlatRange *r = &fv->range[range];
    hwaddr first = (hwaddr)r->start, last = first + (hwaddr)(r->size - 1);
    if (r->ram && (first & in_page) && (first | in_page) < last) {
        add_piece(fv, range, first, first | in_page);
        first = (first | in_page) + 1;
    }
    if (r->ram && (last & in_page) != in_page && (last & ~in_page) > first) {
        add_piece(fv, range, first, (last & ~in_page) - 1);
        first = last & ~in_page;
    }
    add_piece(fv, range, first, last);
}

enum { MIN_HINTED = 8, MAX_HINT_BITS = 16 };

static unsigned floor_log2(uint64_t value)
{
    return 63 - (unsigned)__builtin_clzll(value | 1);
}

/* Addresses are hashed in units that tell pieces apart and are not smaller than
 * need be: then few pieces share a hint. */
static void make_hints(FlatView *fv, hwaddr smallest, hwaddr starts)
{
    unsigned bits = floor_log2(fv->pieces) + 2;
    bits = bits < MAX_HINT_BITS ? bits : MAX_HINT_BITS;
    size_t count = (size_t)1 << bits;
    if (fv->pieces <= MIN_HINTED || fv->hint_bits != bits) {
        free(fv->hint);
        fv->hint = NULL;
    }
    if (fv->hint) {
        memset(fv->hint, 0, count * sizeof(*fv->hint));
    } else if (fv->pieces > MIN_HINTED) {
        fv->hint = memory_alloc(count, sizeof(*fv->hint));
    }
    fv->hint_bits = bits;
    unsigned aligned = (unsigned)__builtin_ctzll(starts | PAGE_SIZE_BYTES);
    unsigned wide = floor_log2(smallest + 1);
    fv->hint_shift = aligned > wide ? aligned : wide;
}

static void make_pieces(FlatView *fv)
{
    unsigned cuts = 1;
    for (unsigned i = 0; i < fv->count; i++) {
        cuts += fv->range[i].ram ? 3 : 1;
    }
    if (cuts > fv->piece_capacity) {
        free(fv->piece);
        fv->piece_capacity = cuts + cuts / 4;
        fv->piece = memory_lines(fv->piece_capacity * sizeof(*fv->piece));
    }
    fv->piece[0] = (FlatPiece){.host = NULL}; /* when there are none */
    hwaddr smallest = PAGE_SIZE_BYTES, starts = 0;
    for (unsigned i = 0; i < fv->count; i++) {
        cut_range(fv, i);
        hwaddr size = (hwaddr)(fv->range[i].size - 1);
        smallest = size < smallest ? size : smallest;
        starts |= (hwaddr)fv->range[i].start;
    }
    make_hints(fv, smallest, starts);
}

/* -- a view ------------------------------------------------------------------
 */

static void keep_owners(FlatView *fv)
{
    unsigned owned = 0;
    for (unsigned i = 0; i < fv->count; i++) {
        owned += fv->range[i].owned;
    }
    if (!owned) {
        return;
    }
    fv->owner = memory_alloc(owned, sizeof(*fv->owner));
    for (unsigned i = 0; i < fv->count; i++) {
        if (fv->range[i].owned) {
            fv->owner[fv->owners++] = object_ref(fv->range[i].mr->owner);
        }
    }
}

static FlatView *view_new(MemoryRegion *root)
{
    MemoryWorld *world = root->world;
    FlatView *fv = world->spare_view;
    world->spare_view = NULL;
    fv = fv ? fv : memory_alloc(1, sizeof(*fv));
    fv->refs = 1;
    fv->root = root;
    fv->world = world;
    fv->count = fv->pieces = fv->last = 0;
    return fv;
}

FlatView *flatview_render(MemoryRegion *root)
{
    FlatView *fv = view_new(root);
    MemoryWorld *world = fv->world;
    Strokes all = {.stroke = world->draw_scratch[0],
                   .capacity =
                       world->draw_scratch_size[0] / sizeof(*all.stroke)};
    walk(&all, root, (Window){.end = int128_2_64()}, NULL);
    world->draw_scratch[0] = all.stroke;
    world->draw_scratch_size[0] = all.capacity * sizeof(*all.stroke);
    draw(fv, all.stroke, all.count);
    make_pieces(fv);
    keep_owners(fv);
    return fv;
}

static void view_free(FlatView *fv)
{
    free(fv->hint);
    free(fv->piece);
    free(fv->range);
    free(fv);
}

void flatview_free(FlatView *fv)
{
    for (unsigned i = 0; i < fv->owners; i++) {
        object_unref(fv->owner[i]);
    }
    free(fv->owner);
    fv->owner = NULL;
    fv->owners = 0;
    MemoryWorld *world = fv->world;
    if (world->first_space && !world->spare_view) {
        world->spare_view = fv;
    } else {
        view_free(fv);
    }
}

void flatview_trim(MemoryWorld *world)
{
    if (world->spare_view) {
        view_free(world->spare_view);
        world->spare_view = NULL;
    }
    for (unsigned i = 0; i < 2; i++) {
        free(world->draw_scratch[i]);
        world->draw_scratch[i] = NULL;
        world->draw_scratch_size[i] = 0;
    }
}

void flatview_for_each_range(FlatView *fv, flatview_cb cb, void *opaque)
{
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        if (cb(r->start, r->size, r->mr, r->offset, opaque)) {
            break;
        }
    }
}

bool flatrange_equal(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->id == b->id && a->start == b->start &&
           a->size == b->size && a->offset == b->offset && a->romd == b->romd &&
           a->readonly == b->readonly && a->nonvolatile == b->nonvolatile;
}

MemoryRegionSection flatrange_section(FlatView *fv, const FlatRange *r)
{
    return (MemoryRegionSection){.size = r->size,
                                 .mr = r->mr,
                                 .fv = fv,
                                 .offset_within_region = r->offset,
                                 .offset_within_address_space =
                                     int128_get64(r->start),
                                 .readonly = r->readonly,
                                 .nonvolatile = r->nonvolatile};
}

/* -- look-up -------------------------------------------------------------- */

/* The last piece that starts at or below addr; piece 0 when there is none. */
static unsigned search(const FlatView *fv, hwaddr addr)
{
    unsigned at = 0;
    for (unsigned left = fv->pieces; left > 1;) {
        unsigned half = left / 2;
        at += fv->piece[at + half].first <= addr ? half : 0;
        left -= half;
    }
    return at;
}

FlatPiece *flatview_search(FlatView *fv, hwaddr addr)
{
    uint32_t none;
    uint32_t *hint = &none;
    if (fv->hint) {
        uint64_t hash = (addr >> fv->hint_shift) * UINT64_C(0x9e3779b97f4a7c15);
        hint = &fv->hint[hash >> (64 - fv->hint_bits)];
        FlatPiece *p = &fv->piece[*hint];
        if (flatpiece_holds(p, addr)) {
            fv->last = *hint;
            return p;
        }
    }
    if (!fv->pieces) {
        return NULL;
    }
    unsigned at = search(fv, addr);
    if (!flatpiece_holds(&fv->piece[at], addr)) {
        return NULL;
    }
    *hint = fv->last = at;
    return &fv->piece[at];
}

FlatRange *flatview_lookup(FlatView *fv, hwaddr addr)
{
    const FlatPiece *p = flatview_piece(fv, addr);
    return p ? &fv->range[p->range] : NULL;
}

unsigned flatview_first(const FlatView *fv, Int128 addr)
{
    unsigned low = 0, high = fv->count;
    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        if (fv->range[mid].start + fv->range[mid].size > addr) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

MemoryRegion *flatview_place(FlatView *fv, hwaddr addr, hwaddr *xlat,
                             hwaddr *len)
{
    const FlatPiece *p = flatview_piece(fv, addr);
    if (!p) {
        *xlat = addr;
        return &fv->world->unassigned;
    }
    *xlat = p->offset + (addr - p->first);
    if (p->mr->ram && *len > p->last - addr) {
        *len = p->last - addr + 1;
    }
    return p->mr;
}

MemoryRegion *flatview_translate(FlatView *fv, hwaddr addr, hwaddr *xlat,
                                 hwaddr *len, bool is_write, MemTxAttrs attrs)
{
    MemoryRegion *mr = flatview_place(fv, addr, xlat, len);
    return mr->is_iommu
               ? iommu_resolve(mr, xlat, len, NULL, is_write, NULL, attrs)
               : mr;
}
