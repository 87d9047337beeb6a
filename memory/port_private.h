/* port_private.h - what port.c, port_entry.c and port_record.c share. */
#ifndef MEMORY_PORT_PRIVATE_H
#define MEMORY_PORT_PRIVATE_H

#include "memory/port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The totals of such accesses; made if new. Valid until the next call. */
PortTraffic *port_traffic_of(MemoryPort *port, const MemoryRegion *mr,
                             uint8_t kind, uint8_t dir, uint32_t size);

/* Notes the bus words of a direct access in port->beats. */
void port_note_direct(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                      const void *data, uint64_t len, uint32_t width);

/* Writes the records of a finished tx, whose pieces are in port->beats. */
void port_record(MemoryPort *port, const PortTx *tx, const TimingRequest *rq,
                 uint32_t size, uint8_t dir, uint64_t value);

/* Closes the entries of all ports for one page of a block. */
void ports_drop_page(MemoryWorld *world, RAMBlock *block, ram_addr_t offset);

#ifdef __cplusplus
}
#endif
#endif
