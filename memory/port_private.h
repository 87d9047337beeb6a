/* port_private.h - what the files port*.c share. */
#ifndef MEMORY_PORT_PRIVATE_H
#define MEMORY_PORT_PRIVATE_H

#include "memory/port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The totals of such accesses; made if new. Valid until the next call. The
 * region may be gone: its pointer and id are a name (NULL, 0: nothing there).
 */
PortTraffic *port_traffic_of(MemoryPort *port, const MemoryRegion *mr,
                             uint32_t region_id, uint8_t kind, uint8_t dir,
                             uint32_t size);

/* Splits issue..done of a finished tx into wait, bus and target cycles. */
void port_time_split(const MemoryPort *port, PortTx *tx, uint64_t wait_ps,
                     uint64_t target_ps);

/* Notes the bus words of a direct access in port->beats; of one that a cache
 * took, those of the access itself that it passed on. strobes: of its bytes,
 * until it is recorded; NULL: all are enabled. */
void port_note_direct(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                      const void *data, const uint8_t *strobes, uint64_t len,
                      const TimingRequest *rq);
/* The lines that a cache moves for an access that is yet to be performed;
 * `issue`: of its tx. */
void port_note_lines(MemoryPort *port, FlatView *fv, const TimingRequest *rq,
                     uint64_t issue);
/* Bytes of all beats of such a dispatched access. */
uint64_t port_bytes_moved(const TimingRequest *rq);

/* Writes the records of a finished tx, whose pieces are in port->beats from
 * first_beat on. */
void port_record(MemoryPort *port, const PortTx *tx, const TimingRequest *rq,
                 uint32_t size, uint8_t dir, uint64_t value,
                 unsigned first_beat);

/* What such an access costs when nobody is in the way; false: not constant. */
bool port_inline_form(MemoryPort *port, MemoryRegion *mr, hwaddr addr,
                      unsigned size, bool is_write, TimingInline *form);

/* Tells the port's timing model of n aligned accesses that went inline. */
void port_account(MemoryPort *port, const MemoryPlace *place, bool is_write,
                  unsigned size, uint64_t n);

/* port_quick.c: the entries' counts to the totals; and closes them. */
void port_quick_fold(MemoryPort *port);
void port_quick_flush(MemoryPort *port);
/* port_quick_ram.c: the same. */
void port_quick_ram_fold(MemoryPort *port);
void port_quick_ram_flush(MemoryPort *port);

/* port_strobes.c, by PortTx.strobes. */
enum { STROBES_MAX = 128 }; /* bytes of a beat: the widest bus there is */
/* The first byte from `at` on that is enabled, or end. */
static inline uint64_t port_strobes_next(const uint8_t *strobes, uint64_t at,
                                         uint64_t end)
{
    while (strobes && at < end && !strobes[at]) {
        at++;
    }
    return at;
}
/* Those from `at` on; *len is cut to the last one that is enabled. NULL: all
 * are. */
const uint8_t *port_strobes_cut(const uint8_t *strobes, uint64_t at,
                                uint64_t *len);
/* How many of the len bytes from an enabled one on are moved in one piece. */
uint64_t port_strobes_piece(const MemoryPort *port, const uint8_t *strobes,
                            uint64_t len, bool direct);
/* Moves bytes of memory; strobes NULL: all of them. */
void port_strobes_move(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                       uint8_t *buf, const uint8_t *strobes, uint64_t len,
                       bool is_write);
/* The first 8 bytes, those that are not enabled as 0; strobes may be NULL. */
uint64_t port_strobes_value(const void *bytes, const uint8_t *strobes,
                            uint64_t len);
MemoryRecord port_strobes_record(const uint8_t *strobes, uint32_t size);

/* watch.c: somebody watches, and these bytes are accessed; what they become, if
 * that is a write. */
void watch_access(MemoryPort *port, const MemoryRegion *mr, hwaddr offset,
                  uint64_t len, uint8_t dir, const void *bytes);

/* A reservation of the port is on that page: PAGE_RESERVED. */
void port_reserve_page(MemoryPort *port, RAMBlock *block, ram_addr_t offset);

#ifdef __cplusplus
}
#endif
#endif
