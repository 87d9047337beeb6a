/*
 * mtree.c - the published listing of trees and flat views.
 *
 * Model    Every space's tree by rising address; then, once each, the trees
 *          that aliases point to. Disabled regions are left out unless asked
 *          for, their children are not. Flat views are listed once each, with
 *          all spaces that share them, and on request with their look-up
 *          pieces, which is all there is of a dispatch tree:
 *            "  Dispatch: N pieces[, H hints of B bytes]"
 *            "    #I FIRST-LAST NAME[ @OFFSET], range R[, direct]"
 *          R counts the view's ranges from 0; direct: reached by pointer.
 *          Owners are shown as " owner:{TYPE}" or " owner:{none}".
 * Units    addresses in 16 hex digits, ends inclusive.
 * Source   the published implementation's "info mtree"; its dispatch tree and
 *          its names of owners differ.
 * Missing  nothing
 */
#include <stdlib.h>

#include "memory/internal.h"

/* -- children in order of address ----------------------------------------- */

typedef struct Place {
    MemoryRegion *mr;
    size_t order; /* in the list of children: of equals the first one wins */
} Place;

static int compare_place(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    if (x->mr->addr != y->mr->addr) {
        return x->mr->addr < y->mr->addr ? -1 : 1;
    }
    if (x->mr->priority != y->mr->priority) {
        return x->mr->priority > y->mr->priority ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

MemoryRegion **mtree_children(const MemoryRegion *mr, size_t *count)
{
    size_t n = 0;
    for (MemoryRegion *c = mr->first_child; c; c = c->next_sibling) {
        n++;
    }
    Place *place = memory_alloc(n + 1, sizeof(*place));
    MemoryRegion **child = memory_alloc(n + 1, sizeof(*child));
    *count = n;
    n = 0;
    for (MemoryRegion *c = mr->first_child; c; c = c->next_sibling, n++) {
        place[n] = (Place){c, n};
    }
    qsort(place, n, sizeof(*place), compare_place);
    for (size_t i = 0; i < n; i++) {
        child[i] = place[i].mr;
    }
    free(place);
    return child;
}

/* -- words ---------------------------------------------------------------- */

typedef struct Listing {
    FILE *out;
    bool dispatch_tree, owner, disabled;
    MemoryRegion **target; /* of aliases, in the order they were met */
    size_t targets, capacity;
} Listing;

static const char *type_name(const MemoryRegion *mr)
{
    while (mr->alias) {
        mr = mr->alias;
    }
    if (mr->ram_device) {
        return "ramd";
    }
    if (mr->rom_device) {
        return mr->romd_mode ? "romd" : "i/o";
    }
    if (mr->ram) {
        return mr->readonly ? "rom" : "ram";
    }
    return "i/o";
}

static void write_place(FILE *out, Int128 start, Int128 size)
{
    fprintf(out, "%016llx-%016llx", (unsigned long long)start,
            (unsigned long long)(start + size - (size != 0)));
}

static void write_owner(const Listing *l, const MemoryRegion *mr)
{
    if (l->owner) {
        const ObjectClass *class = mr->owner ? mr->owner->class_of : NULL;
        fprintf(l->out, " owner:{%s}",
                class       ? class->type
                : mr->owner ? TYPE_OBJECT
                            : "none");
    }
}

/* -- trees ---------------------------------------------------------------- */

static void add_target(Listing *l, MemoryRegion *mr)
{
    for (size_t i = 0; i < l->targets; i++) {
        if (l->target[i] == mr) {
            return;
        }
    }
    if (l->targets == l->capacity) {
        l->capacity = 2 * l->capacity + 16;
        l->target = memory_grow(l->target, l->capacity, sizeof(*l->target));
    }
    l->target[l->targets++] = mr;
}

static void write_region(const Listing *l, const MemoryRegion *mr, Int128 start,
                         unsigned depth)
{
    FILE *out = l->out;
    fprintf(out, "%*s", (int)(2 * depth), "");
    write_place(out, start, mr->size);
    fprintf(out, " (prio %d, %s%s): ", mr->priority,
            mr->nonvolatile ? "nv-" : "", type_name(mr));
    if (mr->alias) {
        fprintf(out, "alias %s @%s ", memory_region_name(mr),
                memory_region_name(mr->alias));
        write_place(out, mr->alias_offset, mr->size);
    } else {
        fputs(memory_region_name(mr), out);
    }
    fputs(mr->enabled ? "" : " [disabled]", out);
    write_owner(l, mr);
    fputs("\n", out);
}

static void write_tree(Listing *l, const MemoryRegion *mr, Int128 base,
                       unsigned depth)
{
    base += (Int128)mr->addr;
    if (mr->alias) {
        add_target(l, mr->alias);
    }
    if (mr->enabled || l->disabled) {
        write_region(l, mr, base, depth);
    }
    size_t n;
    MemoryRegion **child = mtree_children(mr, &n);
    for (size_t i = 0; i < n; i++) {
        write_tree(l, child[i], base, depth + 1);
    }
    free(child);
}

static void write_trees(MemoryWorld *world, Listing *l)
{
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        fprintf(l->out, "address-space: %s\n", as->name);
        write_tree(l, as->root, 0, 1);
        fputs("\n", l->out);
    }
    for (size_t i = 0; i < l->targets; i++) { /* grows as it is walked */
        const MemoryRegion *mr = l->target[i];
        fprintf(l->out, "memory-region: %s\n", memory_region_name(mr));
        write_tree(l, mr, 0, 1);
        fputs("\n", l->out);
    }
    free(l->target);
}

/* -- flat views ----------------------------------------------------------- */

static void write_range(const Listing *l, const FlatRange *r)
{
    fputs("  ", l->out);
    write_place(l->out, r->start, r->size);
    fprintf(l->out, " (prio %d, %s%s): %s", r->mr->priority,
            r->nonvolatile ? "nv-" : "", r->readonly ? "rom" : type_name(r->mr),
            memory_region_name(r->mr));
    if (r->offset) {
        fprintf(l->out, " @%016llx", (unsigned long long)r->offset);
    }
    write_owner(l, r->mr);
    fputs("\n", l->out);
}

static void write_pieces(const Listing *l, const FlatView *fv)
{
    fprintf(l->out, "  Dispatch: %u piece%s", fv->pieces,
            fv->pieces == 1 ? "" : "s");
    if (fv->hint) {
        fprintf(l->out, ", %llu hints of %llu bytes", 1ull << fv->hint_bits,
                1ull << fv->hint_shift);
    }
    fputs("\n", l->out);
    for (unsigned i = 0; i < fv->pieces; i++) {
        const FlatPiece *p = &fv->piece[i];
        fprintf(l->out, "    #%u ", i);
        write_place(l->out, p->first, (Int128)(p->last - p->first) + 1);
        fprintf(l->out, " %s", memory_region_name(p->mr));
        if (p->offset) {
            fprintf(l->out, " @%016llx", (unsigned long long)p->offset);
        }
        fprintf(l->out, ", range %u%s\n", p->range, p->host ? ", direct" : "");
    }
}

/* The first space of each view lists it, with all others that share it. */
static bool is_listed(const MemoryWorld *world, const AddressSpace *as)
{
    const AddressSpace *a = world->first_space;
    while (a != as && a->current_map != as->current_map) {
        a = a->next;
    }
    return a != as;
}

static void write_view(const Listing *l, const AddressSpace *as)
{
    const FlatView *fv = as->current_map;
    for (const AddressSpace *a = as; a; a = a->next) {
        if (a->current_map == fv) {
            fprintf(l->out, " AS \"%s\", root: %s", a->name,
                    memory_region_name(a->root));
            if (a->root->alias) {
                fprintf(l->out, ", alias %s",
                        memory_region_name(a->root->alias));
            }
            fputs("\n", l->out);
        }
    }
    fprintf(l->out, " Root memory region: %s\n", memory_region_name(as->root));
    for (unsigned i = 0; i < fv->count; i++) {
        write_range(l, &fv->range[i]);
    }
    if (!fv->count) {
        fputs("  No rendered FlatView\n", l->out);
    } else if (l->dispatch_tree) {
        write_pieces(l, fv);
    }
    fputs("\n", l->out);
}

static void write_views(MemoryWorld *world, const Listing *l)
{
    unsigned n = 0;
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        address_space_to_flatview(as); /* drawn, if it was not yet */
    }
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        if (!is_listed(world, as)) {
            fprintf(l->out, "FlatView #%u\n", n++);
            write_view(l, as);
        }
    }
}

void mtree_write(MemoryWorld *world, FILE *out, bool flatview,
                 bool dispatch_tree, bool owner, bool disabled)
{
    Listing l = {.out = out,
                 .dispatch_tree = dispatch_tree,
                 .owner = owner,
                 .disabled = disabled};
    if (flatview) {
        write_views(world, &l);
    } else {
        write_trees(world, &l);
    }
}

void mtree_info(bool flatview, bool dispatch_tree, bool owner, bool disabled)
{
    mtree_write(memory_world_current(), stdout, flatview, dispatch_tree, owner,
                disabled);
}
