/*
 * port_strobes.c - transfers of which some bytes are left alone.
 *
 * Model    Strobes are an array of one per byte of a transfer, 0: the byte is
 *          left alone. What moves is one transaction from the first enabled
 *          byte to the last. Memory takes it whole, as a burst in which each
 *          word is a beat, those without an enabled byte too; only enabled
 *          bytes are read, written and watched. A device is asked for its runs
 *          of enabled bytes, each by its own rules.
 * Source   AMBA AXI4 (ARM IHI 0022): WSTRB, a burst's addresses are
 *          consecutive. AHB5 (IHI 0033): HWSTRB. Reads have no strobes there;
 *          here they move as writes do.
 * Missing  On a bus without timing, where nothing is cut into words, a beat is
 *          at most STROBES_MAX bytes of such a transfer.
 */
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"

static uint64_t run_of(const uint8_t *strobes, uint64_t len)
{
    uint64_t n = 0;
    while (n < len && strobes[n]) {
        n++;
    }
    return n;
}

/* Up to the last one that is enabled. */
static uint64_t span_of(const uint8_t *strobes, uint64_t len)
{
    while (len && !strobes[len - 1]) {
        len--;
    }
    return len;
}

const uint8_t *port_strobes_cut(const uint8_t *strobes, uint64_t at,
                                uint64_t *len)
{
    if (!strobes) {
        return NULL;
    }
    *len = span_of(strobes + at, *len);
    return run_of(strobes + at, *len) == *len ? NULL : strobes + at;
}

uint64_t port_strobes_piece(const MemoryPort *port, const uint8_t *strobes,
                            uint64_t len, bool direct)
{
    if (!direct) {
        return run_of(strobes, len);
    }
    len = span_of(strobes, len);
    return port->timing || len < STROBES_MAX ? len : STROBES_MAX;
}

void port_strobes_move(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                       uint8_t *buf, const uint8_t *strobes, uint64_t len,
                       bool is_write)
{
    uint8_t *host = mr->ram_block->host + offset;
    for (uint64_t at = 0, n; at < len;
         at = port_strobes_next(strobes, at + n, len)) {
        n = strobes ? run_of(strobes + at, len - at) : len;
        if (port->world->watches) {
            watch_access(port, mr, offset + at, n,
                         is_write ? DIR_WRITE : DIR_READ, buf + at);
        }
        if (is_write) {
            memcpy(host + at, buf + at, n);
            ram_written(port, mr, offset + at, n);
        } else {
            memcpy(buf + at, host + at, n);
        }
    }
}

uint64_t port_strobes_value(const void *bytes, const uint8_t *strobes,
                            uint64_t len)
{
    const uint8_t *byte = bytes;
    uint64_t value = 0;
    for (unsigned i = 0; i < len && i < 8; i++) {
        value |= !strobes || strobes[i] ? (uint64_t)byte[i] << 8 * i : 0;
    }
    return value;
}

MemoryRecord port_strobes_record(const uint8_t *strobes, uint32_t size)
{
    uint64_t bits[STROBES_MAX / 64] = {0};
    for (uint32_t i = 0; i < size && i < STROBES_MAX; i++) {
        bits[i / 64] |= (uint64_t)(strobes[i] != 0) << i % 64;
    }
    return (MemoryRecord){
        .site = RECORD_STROBES, .address = bits[1], .value = bits[0]};
}
