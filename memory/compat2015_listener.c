/*
 * compat2015_listener.c - listeners and sections of the memory API of 2015.
 *
 * Model    A listener is a head in the world's list, which hears begin, commit
 *          and the global log once, and an ear in each of its spaces. A space
 *          tells when it comes and when it goes, for those that listen to all.
 *          memory2015.h says what the generations differ in.
 * Source   the published memory header of 2015.
 */
#include <stdlib.h>

#include "memory/compat2015_private.h"

/* -- sections ------------------------------------------------------------- */

static MemoryRegionSection2015 section_2015(const MemoryRegionSection *s,
                                            AddressSpace *as)
{
    return (MemoryRegionSection2015){
        .mr = compat2015_region(s->mr),
        .address_space = as,
        .offset_within_region = s->offset_within_region,
        .size = s->size,
        .offset_within_address_space = s->offset_within_address_space,
        .readonly = s->readonly,
    };
}

MemoryRegionSection2015 memory_region_find_2015(MemoryRegion *mr, hwaddr addr,
                                                uint64_t size)
{
    MemoryRegionSection s = memory_region_find(mr, addr, size);
    const MemoryRegion *top = mr;
    while (top->container) {
        top = top->container;
    }
    AddressSpace *as = mr->world->first_space;
    while (as && as->root != top) {
        as = as->next;
    }
    return section_2015(&s, s.mr ? as : NULL);
}

/* -- listeners ------------------------------------------------------------ */

/* What hears of one space. */
typedef struct ListenerEar {
    MemoryListener listener;
    MemoryListener2015 *old;
    struct ListenerEar *next;
} ListenerEar;

/* What hears of the world: it stands in the world's list, in no space. */
typedef struct ListenerHead {
    MemoryListener listener;
    MemoryListener2015 *old;
    MemoryWorld *world;
    ListenerEar *ears;
} ListenerHead;

static MemoryListener2015 *old_of_head(MemoryListener *l)
{
    return ((ListenerHead *)l)->old;
}

static void head_begin(MemoryListener *l)
{
    MemoryListener2015 *old = old_of_head(l);
    if (old->begin) {
        old->begin(old);
    }
}

static void head_commit(MemoryListener *l)
{
    MemoryListener2015 *old = old_of_head(l);
    if (old->commit) {
        old->commit(old);
    }
}

static void head_log_global_start(MemoryListener *l)
{
    MemoryListener2015 *old = old_of_head(l);
    if (old->log_global_start) {
        old->log_global_start(old);
    }
}

static void head_log_global_stop(MemoryListener *l)
{
    MemoryListener2015 *old = old_of_head(l);
    if (old->log_global_stop) {
        old->log_global_stop(old);
    }
}

static MemoryListener2015 *old_of_ear(MemoryListener *l)
{
    return ((ListenerEar *)l)->old;
}

static void ear_region_add(MemoryListener *l, MemoryRegionSection *section)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->region_add(old_of_ear(l), &s);
}

static void ear_region_del(MemoryListener *l, MemoryRegionSection *section)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->region_del(old_of_ear(l), &s);
}

static void ear_region_nop(MemoryListener *l, MemoryRegionSection *section)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->region_nop(old_of_ear(l), &s);
}

static void ear_log_start(MemoryListener *l, MemoryRegionSection *section,
                          int old_mask, int new_mask)
{
    if (!old_mask) {
        MemoryRegionSection2015 s = section_2015(section, l->address_space);
        old_of_ear(l)->log_start(old_of_ear(l), &s);
    }
}

static void ear_log_stop(MemoryListener *l, MemoryRegionSection *section,
                         int old_mask, int new_mask)
{
    if (!new_mask) {
        MemoryRegionSection2015 s = section_2015(section, l->address_space);
        old_of_ear(l)->log_stop(old_of_ear(l), &s);
    }
}

static void ear_log_sync(MemoryListener *l, MemoryRegionSection *section)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->log_sync(old_of_ear(l), &s);
}

static void ear_eventfd_add(MemoryListener *l, MemoryRegionSection *section,
                            bool match_data, uint64_t data, EventNotifier *e)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->eventfd_add(old_of_ear(l), &s, match_data, data, e);
}

static void ear_eventfd_del(MemoryListener *l, MemoryRegionSection *section,
                            bool match_data, uint64_t data, EventNotifier *e)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->eventfd_del(old_of_ear(l), &s, match_data, data, e);
}

static void ear_coalesced_add(MemoryListener *l, MemoryRegionSection *section,
                              hwaddr addr, hwaddr len)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->coalesced_mmio_add(old_of_ear(l), &s, addr, len);
}

static void ear_coalesced_del(MemoryListener *l, MemoryRegionSection *section,
                              hwaddr addr, hwaddr len)
{
    MemoryRegionSection2015 s = section_2015(section, l->address_space);
    old_of_ear(l)->coalesced_mmio_del(old_of_ear(l), &s, addr, len);
}

static ListenerEar *ear_new(MemoryListener2015 *old)
{
    ListenerEar *ear = memory_alloc(1, sizeof(*ear));
    ear->old = old;
    ear->listener = (MemoryListener){
        .region_add = old->region_add ? ear_region_add : NULL,
        .region_del = old->region_del ? ear_region_del : NULL,
        .region_nop = old->region_nop ? ear_region_nop : NULL,
        .log_start = old->log_start ? ear_log_start : NULL,
        .log_stop = old->log_stop ? ear_log_stop : NULL,
        .log_sync = old->log_sync ? ear_log_sync : NULL,
        .eventfd_add = old->eventfd_add ? ear_eventfd_add : NULL,
        .eventfd_del = old->eventfd_del ? ear_eventfd_del : NULL,
        .coalesced_io_add = old->coalesced_mmio_add ? ear_coalesced_add : NULL,
        .coalesced_io_del = old->coalesced_mmio_del ? ear_coalesced_del : NULL,
        .priority = (int)old->priority,
        .name = "listener of 2015",
    };
    return ear;
}

/* Hears what is visible in the space now, and from now on. */
static void head_join(ListenerHead *head, AddressSpace *as)
{
    for (const ListenerEar *e = head->ears; e; e = e->next) {
        if (e->listener.address_space == as) {
            return;
        }
    }
    ListenerEar *ear = ear_new(head->old);
    ear->next = head->ears;
    head->ears = ear;
    head_begin(&head->listener);
    if (head->world->log_global) {
        head_log_global_start(&head->listener);
    }
    memory_listener_register(&ear->listener, as);
    head_commit(&head->listener);
}

/* Without a word. */
static void ear_free(ListenerEar *ear)
{
    ear->listener.region_del = NULL;
    ear->listener.log_stop = NULL;
    memory_listener_unregister(&ear->listener);
    free(ear);
}

static void head_link(ListenerHead *head)
{
    MemoryWorld *world = head->world;
    MemoryListener *l = &head->listener, *before = world->last_listener;
    while (before && before->priority > l->priority) {
        before = before->prev;
    }
    l->prev = before;
    l->next = before ? before->next : world->first_listener;
    *(before ? &before->next : &world->first_listener) = l;
    *(l->next ? &l->next->prev : &world->last_listener) = l;
}

static void head_unlink(ListenerHead *head)
{
    MemoryWorld *world = head->world;
    MemoryListener *l = &head->listener;
    *(l->prev ? &l->prev->next : &world->first_listener) = l->next;
    *(l->next ? &l->next->prev : &world->last_listener) = l->prev;
}

void memory_listener_register_2015(MemoryListener2015 *listener,
                                   AddressSpace *filter)
{
    ListenerHead *head = memory_alloc(1, sizeof(*head));
    head->old = listener;
    head->world = filter ? filter->world : memory_world_current();
    head->listener = (MemoryListener){
        .begin = head_begin,
        .commit = head_commit,
        .log_global_start = head_log_global_start,
        .log_global_stop = head_log_global_stop,
        .priority = (int)listener->priority,
        .name = "listener of 2015",
    };
    listener->head = head;
    listener->address_space_filter = filter;
    head_link(head);
    if (filter) {
        head_join(head, filter);
        return;
    }
    for (AddressSpace *as = head->world->first_space; as; as = as->next) {
        head_join(head, as);
    }
}

void memory_listener_unregister_2015(MemoryListener2015 *listener)
{
    ListenerHead *head = listener->head;
    if (!head) {
        return;
    }
    listener->head = NULL;
    while (head->ears) {
        ListenerEar *ear = head->ears;
        head->ears = ear->next;
        ear_free(ear);
    }
    head_unlink(head);
    free(head);
}

/* The head of a listener to all spaces; NULL: l is another one. */
static ListenerHead *head_of_all(MemoryListener *l)
{
    if (l->begin != head_begin || old_of_head(l)->address_space_filter) {
        return NULL;
    }
    return (ListenerHead *)l;
}

void compat2015_space_came(AddressSpace *as)
{
    for (MemoryListener *l = as->world->first_listener; l; l = l->next) {
        ListenerHead *head = head_of_all(l);
        if (head) {
            head_join(head, as);
        }
    }
}

static void head_leave(ListenerHead *head, const AddressSpace *as)
{
    ListenerEar **at = &head->ears;
    while (*at && (*at)->listener.address_space != as) {
        at = &(*at)->next;
    }
    if (*at) {
        ListenerEar *ear = *at;
        *at = ear->next;
        ear_free(ear);
    }
}

void compat2015_space_goes(AddressSpace *as)
{
    if (!as->world) {
        return; /* it never came, or went before */
    }
    for (MemoryListener *l = as->world->first_listener; l; l = l->next) {
        ListenerHead *head = head_of_all(l);
        if (head) {
            head_leave(head, as);
        }
    }
}

/* -- telling to sync ------------------------------------------------------ */

/* mr NULL: all that is visible. */
static void sync_space(AddressSpace *as, const MemoryRegion *mr)
{
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    for (unsigned i = 0; i < fv->count; i++) {
        if (mr && fv->range[i].mr != mr) {
            continue;
        }
        MemoryRegionSection section = flatrange_section(fv, &fv->range[i]);
        LISTENERS_FORWARD(l, as)
        {
            if (l->log_sync) {
                l->log_sync(l, &section);
            }
        }
    }
    LISTENERS_FORWARD(l, as)
    {
        if (!l->log_sync && l->log_sync_global) {
            l->log_sync_global(l);
        }
    }
    flatview_unref(fv);
}

void memory_region_sync_dirty_bitmap(MemoryRegion *mr)
{
    for (AddressSpace *as = mr->world->first_space; as; as = as->next) {
        sync_space(as, mr);
    }
}

void address_space_sync_dirty_bitmap(AddressSpace *as)
{
    sync_space(as, NULL);
}
