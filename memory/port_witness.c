/*
 * port_witness.c - accesses that others perform, counted and recorded as a
 * port's.
 *
 * Model    Nothing is moved and nobody is asked for time: the caller saw an
 *          access to what lies in the port's space, and says when it was issued
 *          and when it was done.
 * Units    as in port.h.
 */
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"

void port_witness(MemoryPort *port, PortTx *tx, const void *buf, uint64_t len,
                  bool is_write)
{
    const MemoryRecorder *rec = port->world->recorder;
    const MemoryPlace *place = port_place(port, tx->addr, tx->va - tx->addr);
    const uint8_t dir = is_write ? DIR_WRITE : DIR_READ;
    tx->posted = false;
    tx->blocker = 0;
    tx->beats = 0;
    tx->granted = tx->issue;
    port_time_split(port, tx, 0, tx->done - tx->issue);
    PortTraffic *n = port_traffic_of(port, place->mr, place->region_id,
                                     tx->kind, dir, (uint32_t)len);
    n->accesses++;
    n->errors += tx->result != MEMTX_OK;
    n->bus += tx->bus;
    n->target += tx->target;
    if (rec && (rec->kinds >> tx->kind & 1)) {
        uint64_t value = 0;
        if (len <= 8) {
            memcpy(&value, buf, len);
        }
        const TimingRequest rq = {.port = port};
        port_record(port, tx, &rq, (uint32_t)len, dir, value,
                    port->beats.count);
    }
}
