/*
 * listener.c - drawing all views anew, and telling listeners what changed.
 *
 * Model    Listeners stand in two lists, those of the world and those of their
 *          space, both in rising priority and, of equals, in the order they
 *          came. At a commit: begin to all; space by space the deletions, then
 *          additions and unchanged ranges, then event bindings; commit to all.
 *          A space answers with its old view until its own deletions and
 *          additions are told. A space that nobody listens to is only marked;
 *          its view is drawn when somebody looks (space.c).
 * Source   the published implementation, order of events included.
 */
#include <assert.h>
#include <string.h>

#include "memory/internal.h"

/* -- telling -------------------------------------------------------------- */

static void tell_del(AddressSpace *as, FlatView *fv, const FlatRange *r)
{
    MemoryRegionSection section = flatrange_section(fv, r);
    if (r->mr->coalesced_nb) {
        coalesce_tell(as, &section, false);
    }
    LISTENERS_REVERSE(l, as)
    {
        if (l->region_del) {
            l->region_del(l, &section);
        }
    }
}

static void tell_add(AddressSpace *as, FlatView *fv, const FlatRange *r)
{
    MemoryRegionSection section = flatrange_section(fv, r);
    LISTENERS_FORWARD(l, as)
    {
        if (l->region_add) {
            l->region_add(l, &section);
        }
    }
    if (r->mr->coalesced_nb) {
        coalesce_tell(as, &section, true);
    }
}

/* An unchanged range; who logs it may have changed. */
static void tell_nop(AddressSpace *as, FlatView *fv, const FlatRange *r,
                     int old_mask)
{
    MemoryRegionSection section = flatrange_section(fv, r);
    int new_mask = r->dirty_log_mask;
    LISTENERS_FORWARD(l, as)
    {
        if (l->region_nop) {
            l->region_nop(l, &section);
        }
    }
    if (new_mask & ~old_mask) {
        LISTENERS_FORWARD(l, as)
        {
            if (l->log_start) {
                l->log_start(l, &section, old_mask, new_mask);
            }
        }
    }
    if (old_mask & ~new_mask) {
        LISTENERS_REVERSE(l, as)
        {
            if (l->log_stop) {
                l->log_stop(l, &section, old_mask, new_mask);
            }
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

/* -- one space -------------------------------------------------------------
 */

/* Walks both views by address, telling what went, or what came and stayed.
 * Returns whether they differ. */
static bool compare_views(AddressSpace *as, FlatView *old, FlatView *new,
                          bool deletions)
{
    bool differ = false;
    for (unsigned i = 0, k = 0; i < old->count || k < new->count;) {
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
            if (same) {
                tell_nop(as, new, is, was->dirty_log_mask);
            } else {
                tell_add(as, new, is);
            }
        }
        differ |= !same;
        i += same;
        k++;
    }
    return differ;
}

/* Spaces with the same root share one view. */
static FlatView *shared_view(AddressSpace *as)
{
    for (AddressSpace *a = as->world->first_space; a; a = a->next) {
        if (a != as && a->root == as->root && a->next_map) {
            return flatview_ref(a->next_map);
        }
    }
    return flatview_render(as->root);
}

/* Lets go of a view. The last reference waits in the list until the commit is
 * over: with the view may go owners, and with those spaces that are still to be
 * updated. */
static void drop_view(FlatView *fv, FlatView **dropped)
{
    if (fv->refs > 1) {
        flatview_unref(fv);
    } else {
        fv->next = *dropped;
        *dropped = fv;
    }
}

static void free_dropped(FlatView *fv)
{
    while (fv) {
        FlatView *next = fv->next;
        flatview_unref(fv);
        fv = next;
    }
}

static bool update_space(AddressSpace *as, FlatView **dropped)
{
    FlatView *old = as->current_map;
    FlatView *new = as->next_map;
    bool differ = compare_views(as, old, new, true);
    compare_views(as, old, new, false);
    as->current_map = new;
    as->next_map = NULL;
    drop_view(old, dropped);
    return differ;
}

/* -- a commit ------------------------------------------------------------- */

/* Does somebody have to be told of every range, now? */
static bool is_watched(const AddressSpace *as)
{
    return as->first_listener || as->world->posted;
}

/* Draws what is watched anew, forgets the other views. Returns whether any view
 * was forgotten. */
static bool redraw(MemoryWorld *world, FlatView **dropped)
{
    bool forgotten = false;
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        if (is_watched(as)) {
            address_space_to_flatview(as); /* the old one */
        } else if (as->current_map) {
            drop_view(as->current_map, dropped);
            as->current_map = NULL;
            forgotten = true;
        }
    }
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        if (is_watched(as)) {
            as->next_map = shared_view(as);
        }
    }
    return forgotten;
}

static void topology_update(MemoryWorld *world, FlatView **dropped)
{
    bool differ = redraw(world, dropped);
    tell_begin(world);
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        if (as->next_map) {
            differ |= update_space(as, dropped);
        }
        ioeventfd_update(as);
    }
    if (differ) {
        memory_world_flush_ports(world);
    }
    tell_commit(world);
}

void listener_update(MemoryWorld *world)
{
    world->updating = true;
    bool topology = world->update_pending;
    world->update_pending = world->eventfds_pending = false;
    FlatView *dropped = NULL;
    if (topology) {
        topology_update(world, &dropped);
    } else {
        for (AddressSpace *as = world->first_space; as; as = as->next) {
            ioeventfd_update(as);
        }
    }
    world->updating = false;
    free_dropped(dropped);
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

static void tell_new(MemoryListener *l, AddressSpace *as, FlatView *fv)
{
    if (l->log_global_start && as->world->log_global) {
        l->log_global_start(l);
    }
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        MemoryRegionSection section = flatrange_section(fv, r);
        if (l->region_add) {
            l->region_add(l, &section);
        }
        if (l->log_start && r->dirty_log_mask) {
            l->log_start(l, &section, 0, r->dirty_log_mask);
        }
    }
}

static void tell_gone(MemoryListener *l, FlatView *fv)
{
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        MemoryRegionSection section = flatrange_section(fv, r);
        if (l->log_stop && r->dirty_log_mask) {
            l->log_stop(l, &section, r->dirty_log_mask, 0);
        }
        if (l->region_del) {
            l->region_del(l, &section);
        }
    }
}

/* begin, one call per range of the view in address order, commit. */
static void tell_all_ranges(MemoryListener *l, AddressSpace *as, bool added)
{
    if (l->begin) {
        l->begin(l);
    }
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    if (added) {
        tell_new(l, as, fv);
    } else {
        tell_gone(l, fv);
    }
    flatview_unref(fv);
    if (l->commit) {
        l->commit(l);
    }
}

void memory_listener_register(MemoryListener *listener, AddressSpace *as)
{
    assert(!listener->address_space);
    assert(!listener->log_sync || !listener->log_sync_global);
    listener->address_space = as;
    link_world(as->world, listener);
    link_space(as, listener);
    tell_all_ranges(listener, as, true);
}

void memory_listener_unregister(MemoryListener *listener)
{
    if (listener->address_space) {
        tell_all_ranges(listener, listener->address_space, false);
        unlink_both(listener);
    }
}

void address_space_remove_listeners(AddressSpace *as)
{
    while (as->first_listener) {
        memory_listener_unregister(as->first_listener);
    }
}
