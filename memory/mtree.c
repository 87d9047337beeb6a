/*
 * mtree.c - the published listing of trees and flat views.
 *
 * Model    Every space's tree by rising address; then, once each, the trees
 *          that aliases point to. Disabled regions are left out unless asked
 *          for, their children are not.
 * Units    addresses in 16 hex digits, ends inclusive.
 * Missing  owners (they are opaque here) and the dispatch tree (there is none).
 */
#include <stdlib.h>

#include "memory/internal.h"

/* -- children in order of address ----------------------------------------- */

static int compare_place(const void *a, const void *b)
{
    const MemoryRegion *x = *(MemoryRegion *const *)a;
    const MemoryRegion *y = *(MemoryRegion *const *)b;
    if (x->addr != y->addr) {
        return x->addr < y->addr ? -1 : 1;
    }
    if (x->priority != y->priority) {
        return x->priority > y->priority ? -1 : 1;
    }
    return (x->id > y->id) - (x->id < y->id);
}

MemoryRegion **mtree_children(const MemoryRegion *mr, size_t *count)
{
    size_t n = 0;
    for (MemoryRegion *c = mr->first_child; c; c = c->next_sibling) {
        n++;
    }
    MemoryRegion **child = memory_alloc(n, sizeof(*child));
    *count = n;
    n = 0;
    for (MemoryRegion *c = mr->first_child; c; c = c->next_sibling) {
        child[n++] = c;
    }
    qsort(child, n, sizeof(*child), compare_place);
    return child;
}

/* -- trees ---------------------------------------------------------------- */

typedef struct Listing {
    FILE *out;
    bool disabled;
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

static unsigned long long last_of(Int128 start, Int128 size)
{
    return (unsigned long long)(start + size - (size != 0));
}

static void write_region(Listing *l, const MemoryRegion *mr, Int128 start,
                         unsigned depth)
{
    FILE *out = l->out;
    fprintf(out, "%*s%016llx-%016llx (prio %d, %s%s): ", (int)(2 * depth), "",
            (unsigned long long)start, last_of(start, mr->size), mr->priority,
            mr->nonvolatile ? "nv-" : "", type_name(mr));
    if (mr->alias) {
        Int128 from = mr->alias_offset;
        fprintf(out, "alias %s @%s %016llx-%016llx", memory_region_name(mr),
                memory_region_name(mr->alias), (unsigned long long)from,
                last_of(from, mr->size));
    } else {
        fputs(memory_region_name(mr), out);
    }
    fputs(mr->enabled ? "\n" : " [disabled]\n", out);
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

static void write_range(FILE *out, const FlatRange *r)
{
    fprintf(out, "  %016llx-%016llx (prio %d, %s%s): %s",
            (unsigned long long)r->start, last_of(r->start, r->size),
            r->mr->priority, r->nonvolatile ? "nv-" : "",
            r->readonly && r->mr->ram ? "rom" : type_name(r->mr),
            memory_region_name(r->mr));
    if (r->offset) {
        fprintf(out, " @%016llx", (unsigned long long)r->offset);
    }
    fputs("\n", out);
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

static void write_views(MemoryWorld *world, FILE *out)
{
    unsigned n = 0;
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        if (is_listed(world, as)) {
            continue;
        }
        const FlatView *fv = as->current_map;
        fprintf(out, "FlatView #%u\n", n++);
        for (AddressSpace *a = as; a; a = a->next) {
            if (a->current_map == fv) {
                fprintf(out, " AS \"%s\", root: %s", a->name,
                        memory_region_name(a->root));
                if (a->root->alias) {
                    fprintf(out, ", alias %s",
                            memory_region_name(a->root->alias));
                }
                fputs("\n", out);
            }
        }
        fprintf(out, " Root memory region: %s\n", memory_region_name(as->root));
        for (unsigned i = 0; i < fv->count; i++) {
            write_range(out, &fv->range[i]);
        }
        fputs(fv->count ? "\n" : "  No rendered FlatView\n\n", out);
    }
}

void mtree_write(MemoryWorld *world, FILE *out, bool flatview, bool disabled)
{
    if (flatview) {
        write_views(world, out);
    } else {
        Listing l = {.out = out, .disabled = disabled};
        write_trees(world, &l);
    }
}

void mtree_info(bool flatview, bool dispatch_tree, bool owner, bool disabled)
{
    mtree_write(memory_world_current(), stdout, flatview, disabled);
}
