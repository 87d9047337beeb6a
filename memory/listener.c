/*
 * listener.c - drawing all views anew, and telling listeners what changed.
 *
 * Model    Listeners stand in two lists, those of the world and those of their
 *          space, both in rising priority and, of equals, in the order they
 *          came. At a commit: begin to all; space by space the deletions, then
 *          additions and unchanged ranges; commit to all. A space answers with
 *          its old view until its own deletions and additions are told.
 * Source   the published implementation, order of events included.
 * Missing  dirty logging, coalesced ranges, event bindings.
 */
#include <assert.h>
#include <string.h>

#include "memory/internal.h"

/* -- telling -------------------------------------------------------------- */

static MemoryRegionSection section_of(FlatView *fv, const FlatRange *r)
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

static void tell_add(AddressSpace *as, FlatView *fv, const FlatRange *r)
{
    MemoryRegionSection section = section_of(fv, r);
    for (MemoryListener *l = as->first_listener; l; l = l->next_as) {
        if (l->region_add) {
            l->region_add(l, &section);
        }
    }
}

static void tell_nop(AddressSpace *as, FlatView *fv, const FlatRange *r)
{
    MemoryRegionSection section = section_of(fv, r);
    for (MemoryListener *l = as->first_listener; l; l = l->next_as) {
        if (l->region_nop) {
            l->region_nop(l, &section);
        }
    }
}

/* Deletions go the other way round. */
static void tell_del(AddressSpace *as, FlatView *fv, const FlatRange *r)
{
    MemoryRegionSection section = section_of(fv, r);
    for (MemoryListener *l = as->last_listener; l; l = l->prev_as) {
        if (l->region_del) {
            l->region_del(l, &section);
        }
    }
}

static void tell_begin(MemoryWorld *world)
{
    for (MemoryListener *l = world->first_listener; l; l = l->next) {
        if (l->begin) {
            l->begin(l);
        }
    }
}

static void tell_commit(MemoryWorld *world)
{
    for (MemoryListener *l = world->first_listener; l; l = l->next) {
        if (l->commit) {
            l->commit(l);
        }
    }
}

/* -- comparing two views -------------------------------------------------- */

/* Walks both by start address. deletions: tells what is gone; else what is new
 * and what stayed. Returns whether anything is gone or new. */
static bool compare_views(AddressSpace *as, FlatView *old, FlatView *new,
                          bool deletions)
{
    unsigned i = 0, k = 0;
    bool differ = false;
    while (i < old->count || k < new->count) {
        FlatRange *was = i < old->count ? &old->range[i] : NULL;
        FlatRange *is = k < new->count ? &new->range[k] : NULL;
        bool same = was && is && flatrange_equal(was, is);
        if (was && !same && (!is || was->start <= is->start)) {
            differ = true;
            if (deletions) {
                tell_del(as, old, was);
            }
            i++;
            continue;
        }
        if (!deletions) {
            (same ? tell_nop : tell_add)(as, new, is);
        }
        differ |= !same;
        i += same;
        k++;
    }
    return differ;
}

/* -- a commit ------------------------------------------------------------- */

/* Spaces with the same root share one view. */
static FlatView *draw(AddressSpace *as)
{
    for (AddressSpace *a = as->world->first_space; a != as; a = a->next) {
        if (a->root == as->root) {
            return flatview_ref(a->next_map);
        }
    }
    return flatview_render(as->root);
}

static bool update_space(AddressSpace *as)
{
    FlatView *old = as->current_map;
    FlatView *new = as->next_map;
    bool differ = compare_views(as, old, new, true);
    compare_views(as, old, new, false);
    as->current_map = new;
    as->next_map = NULL;
    flatview_unref(old);
    return differ;
}

void listener_update(MemoryWorld *world)
{
    world->updating = true;
    world->update_pending = false;
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        as->next_map = draw(as);
    }
    tell_begin(world);
    bool differ = false;
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        if (as->next_map) { /* none: made by a listener just now */
            differ |= update_space(as);
        }
    }
    if (differ) {
        memory_world_flush_ports(world);
    }
    tell_commit(world);
    world->updating = false;
}

/* -- on and off ----------------------------------------------------------- */

static void link_world(MemoryWorld *world, MemoryListener *l)
{
    MemoryListener *before = world->last_listener;
    while (before && before->priority > l->priority) {
        before = before->prev;
    }
    MemoryListener *after = before ? before->next : world->first_listener;
    l->prev = before;
    l->next = after;
    *(before ? &before->next : &world->first_listener) = l;
    *(after ? &after->prev : &world->last_listener) = l;
}

static void link_space(AddressSpace *as, MemoryListener *l)
{
    MemoryListener *before = as->last_listener;
    while (before && before->priority > l->priority) {
        before = before->prev_as;
    }
    MemoryListener *after = before ? before->next_as : as->first_listener;
    l->prev_as = before;
    l->next_as = after;
    *(before ? &before->next_as : &as->first_listener) = l;
    *(after ? &after->prev_as : &as->last_listener) = l;
}

static void unlink_both(MemoryListener *l)
{
    AddressSpace *as = l->address_space;
    MemoryWorld *world = as->world;
    *(l->prev ? &l->prev->next : &world->first_listener) = l->next;
    *(l->next ? &l->next->prev : &world->last_listener) = l->prev;
    *(l->prev_as ? &l->prev_as->next_as : &as->first_listener) = l->next_as;
    *(l->next_as ? &l->next_as->prev_as : &as->last_listener) = l->prev_as;
    l->prev = l->next = l->prev_as = l->next_as = NULL;
    l->address_space = NULL;
}

typedef void SectionCall(MemoryListener *listener,
                         MemoryRegionSection *section);

/* begin, one call per range of the view in address order, commit. */
static void tell_all_ranges(MemoryListener *l, AddressSpace *as,
                            SectionCall *call)
{
    if (l->begin) {
        l->begin(l);
    }
    FlatView *fv = flatview_ref(as->current_map);
    for (unsigned i = 0; call && i < fv->count; i++) {
        MemoryRegionSection section = section_of(fv, &fv->range[i]);
        call(l, &section);
    }
    flatview_unref(fv);
    if (l->commit) {
        l->commit(l);
    }
}

void memory_listener_register(MemoryListener *listener, AddressSpace *as)
{
    assert(!listener->address_space);
    listener->address_space = as;
    link_world(as->world, listener);
    link_space(as, listener);
    tell_all_ranges(listener, as, listener->region_add);
}

void memory_listener_unregister(MemoryListener *listener)
{
    if (listener->address_space) {
        tell_all_ranges(listener, listener->address_space,
                        listener->region_del);
        unlink_both(listener);
    }
}
