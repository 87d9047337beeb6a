/*
 * map.c - address_space_map: host pointers into a space, for DMA.
 *
 * Model    Memory that answers directly is mapped in place, as far as it goes
 *          on in one piece; anything else through a bounce buffer that is
 *          filled at map and written back at unmap, at the same address on the
 *          map as it is then. Every live mapping is in the world's list and
 *          keeps its region's owner alive. A direct window is seen by the
 *          space's default port as one transfer, of the whole window when it is
 *          mapped for reading, of the bytes written when it is unmapped.
 * Units    bytes.
 * Source   memory-api semantics, section 10; the limits of bounce buffers are
 *          the world's policy (world.h).
 * Missing  callbacks for those who wait for a free bounce buffer.
 */
#include <assert.h>
#include <stdlib.h>

#include "memory/extend.h"

/* A live mapping, bounced or not. */
struct BounceBuffer {
    uint8_t *host; /* what the caller got */
    hwaddr addr, len;
    MemoryRegion *mr;
    hwaddr offset; /* in mr; of a direct one */
    MemTxAttrs attrs;
    bool bounced;
    struct BounceBuffer *next;
    uint8_t bytes[]; /* of a bounced one */
};
typedef struct BounceBuffer Mapping;

/* -- why ------------------------------------------------------------------ */

static const char *bounce_error(MemTxResult result)
{
    static const char *const text[] = {
        NULL,
        "bounce read: error",
        "bounce read: decode error",
        "bounce read: error and decode error",
        "bounce read: access error",
        "bounce read: error and access error",
        "bounce read: decode error and access error",
        "bounce read: error, decode error and access error",
    };
    return text[result & 7];
}

const char *memory_map_error(void)
{
    const char *why = memory_world_current()->map_error;
    return why ? why : "";
}

static void *refuse(MemoryWorld *world, hwaddr *plen, const char *why)
{
    *plen = 0;
    world->map_error = why;
    return NULL;
}

/* -- the list ------------------------------------------------------------- */

static void keep(MemoryWorld *world, Mapping *m)
{
    m->next = world->bounce;
    world->bounce = m;
    memory_region_ref(m->mr);
}

/* The latest mapping of that pointer, and of that length if there is one. */
static Mapping *find(MemoryWorld *world, const void *host, hwaddr len)
{
    Mapping *found = NULL;
    for (Mapping *m = world->bounce; m; m = m->next) {
        if (m->host == host && m->len == len) {
            return m;
        }
        if (m->host == host && !found) {
            found = m;
        }
    }
    return found;
}

static void drop(MemoryWorld *world, Mapping *m)
{
    Mapping **at = &world->bounce;
    while (*at != m) {
        at = &(*at)->next;
    }
    *at = m->next;
    memory_region_unref(m->mr);
    free(m);
}

/* -- ports ---------------------------------------------------------------- */

/* As for any address_space_* call (space.c). */
static bool enters_port(const AddressSpace *as, MemTxAttrs attrs)
{
    return as->api && !as->world->port && !attrs.debug;
}

static PortTx new_tx(const AddressSpace *as, const Mapping *m)
{
    return (PortTx){.addr = m->addr,
                    .va = m->addr,
                    .issue = as->world->now,
                    .attrs = m->attrs,
                    .kind = ACCESS_API};
}

/* Through a buffer on the side: the memory may be read-only on the host. */
static void show_read(AddressSpace *as, const Mapping *m)
{
    uint8_t unused[PAGE_SIZE_BYTES];
    PortTx tx = new_tx(as, m);
    for (hwaddr at = 0; at < m->len;) {
        hwaddr room = sizeof(unused) - tx.addr % sizeof(unused);
        hwaddr l = m->len - at < room ? m->len - at : room;
        port_transfer(as->api, &tx, unused, l, false);
        tx.issue = tx.done;
        tx.addr = tx.va = m->addr + (at += l);
    }
}

/* Does the window still show what it showed when it was mapped? */
static bool still_there(AddressSpace *as, const Mapping *m, hwaddr len)
{
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    MemoryPiece p = memory_piece_at(fv, m->addr, len, true, m->attrs);
    bool same = p.direct && p.mr == m->mr && p.offset == m->offset &&
                flatview_extend(fv, m->addr, len, p.mr, p.offset, p.len, true,
                                m->attrs) >= len;
    flatview_unref(fv);
    return same;
}

/* The bytes have been stored already: they are moved onto themselves. */
static void show_write(AddressSpace *as, const Mapping *m, hwaddr len)
{
    PortTx tx = new_tx(as, m);
    port_transfer(as->api, &tx, m->host, len, true);
}

/* -- direct --------------------------------------------------------------- */

static void *map_direct(AddressSpace *as, Mapping *m, const MemoryPiece *p,
                        hwaddr len, bool is_write)
{
    m->host = p->mr->ram_block->host + p->offset;
    m->len = len;
    m->offset = p->offset;
    keep(as->world, m);
    if (!is_write && enters_port(as, m->attrs)) {
        show_read(as, m);
    }
    return m->host;
}

static void unmap_direct(AddressSpace *as, const Mapping *m, hwaddr len)
{
    if (enters_port(as, m->attrs) && still_there(as, m, len)) {
        show_write(as, m, len); /* marks it as written, too */
    } else {
        ram_written(NULL, m->mr, m->offset, len);
    }
}

/* -- bounced -------------------------------------------------------------- */

/* How much of len a further bounce buffer may hold; 0 with *why: none. */
static hwaddr bounce_room(const MemoryWorld *world, hwaddr len,
                          const char **why)
{
    const MemoryPolicy *policy = &world->policy;
    unsigned most = policy->bounce_buffers ? policy->bounce_buffers : 1;
    hwaddr left = policy->bounce_bytes ? policy->bounce_bytes : PAGE_SIZE_BYTES;
    unsigned used = 0;
    for (const Mapping *m = world->bounce; m; m = m->next) {
        if (m->bounced) {
            used++;
            if (policy->bounce_bytes) {
                left = left > m->len ? left - m->len : 0;
            }
        }
    }
    if (used >= most) {
        *why = "all bounce buffers are in use (policy bounce_buffers)";
        return 0;
    }
    if (!left) {
        *why = "all bytes for bounce buffers are in use (policy bounce_bytes)";
        return 0;
    }
    return len < left ? len : left;
}

static void *map_bounced(AddressSpace *as, Mapping *m, hwaddr len,
                         bool is_write)
{
    m->host = m->bytes;
    m->len = len;
    m->bounced = true;
    keep(as->world, m);
    MemTxResult result = MEMTX_OK;
    if (!is_write) {
        result = address_space_read(as, m->addr, MEMTXATTRS_UNSPECIFIED,
                                    m->host, len);
    }
    as->world->map_error = bounce_error(result);
    return m->host;
}

/* -- the API -------------------------------------------------------------- */

static Mapping *mapping_new(MemoryRegion *mr, hwaddr addr, MemTxAttrs attrs,
                            hwaddr bytes)
{
    Mapping *m =
        bytes < SIZE_MAX - sizeof(*m) ? calloc(1, sizeof(*m) + bytes) : NULL;
    if (m) {
        m->mr = mr;
        m->addr = addr;
        m->attrs = attrs;
    }
    return m;
}

void *address_space_map(AddressSpace *as, hwaddr addr, hwaddr *plen,
                        bool is_write, MemTxAttrs attrs)
{
    MemoryWorld *world = as->world;
    if (!*plen) {
        return refuse(world, plen, "no bytes asked for");
    }
    world->map_error = NULL;
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    MemoryPiece p = memory_piece_at(fv, addr, *plen, is_write, attrs);
    const char *why = "the host has no memory for it";
    hwaddr len = p.direct ? flatview_extend(fv, addr, *plen, p.mr, p.offset,
                                            p.len, is_write, attrs)
                          : bounce_room(world, p.len, &why);
    Mapping *m =
        len ? mapping_new(p.mr, addr, attrs, p.direct ? 0 : len) : NULL;
    void *host = NULL;
    if (!m) {
        refuse(world, plen, why);
    } else {
        host = p.direct ? map_direct(as, m, &p, len, is_write)
                        : map_bounced(as, m, len, is_write);
        *plen = len;
    }
    flatview_unref(fv);
    return host;
}

void address_space_unmap(AddressSpace *as, void *buffer, hwaddr len,
                         bool is_write, hwaddr access_len)
{
    Mapping *m = find(as->world, buffer, len);
    assert(m);
    access_len = access_len < m->len ? access_len : m->len;
    if (is_write && access_len) {
        if (m->bounced) {
            address_space_write(as, m->addr, MEMTXATTRS_UNSPECIFIED, m->host,
                                access_len);
        } else {
            unmap_direct(as, m, access_len);
        }
    }
    drop(as->world, m);
}
