/*
 * copier.c - a DMA engine: a device in the style of 2021, with attributes and
 * mapped memory.
 *
 * Model    Writing GO copies LEN bytes from SRC to DST, then stores the status
 *          word at DONE, unless that is 0. Memory is mapped and copied in
 *          place. Where no second mapping can be had it goes through a buffer
 *          of 64 bytes. LOCK makes the registers deaf to initiators that are
 *          not secure; they get a bus error.
 * Missing  time: all is done when the write to CTRL returns.
 */
#include <string.h>

#include "memory/memory.h"
#include "tests/memory/devices/devices.h"

enum { BUFFER_BYTES = 64 };

static uint64_t copier_reg64(const CopierState *s, hwaddr addr)
{
    return s->regs[addr / 4] | (uint64_t)s->regs[addr / 4 + 1] << 32;
}

static MemTxAttrs copier_attrs(const CopierState *s)
{
    return (MemTxAttrs){.requester_id = s->requester_id};
}

static MemTxResult copier_buffered(CopierState *s, hwaddr dst, hwaddr src,
                                   hwaddr len)
{
    uint8_t buf[BUFFER_BYTES];
    MemTxAttrs attrs = copier_attrs(s);
    MemTxResult result = address_space_read(s->as, src, attrs, buf, len);
    s->buffered++;
    return result | address_space_write(s->as, dst, attrs, buf, len);
}

/* Copies up to *len bytes; *len becomes how many it were. */
static MemTxResult copier_stretch(CopierState *s, hwaddr dst, hwaddr src,
                                  hwaddr *len)
{
    MemTxAttrs attrs = copier_attrs(s);
    if (!address_space_access_valid(s->as, src, 1, false, attrs) ||
        !address_space_access_valid(s->as, dst, 1, true, attrs)) {
        return MEMTX_DECODE_ERROR;
    }
    hwaddr from_len = *len;
    void *from = address_space_map(s->as, src, &from_len, false, attrs);
    hwaddr to_len = from ? from_len : 0;
    void *to =
        from ? address_space_map(s->as, dst, &to_len, true, attrs) : NULL;
    if (to) {
        *len = to_len;
        memcpy(to, from, to_len);
        address_space_unmap(s->as, to, to_len, true, to_len);
        s->in_place++;
    }
    if (from) {
        address_space_unmap(s->as, from, from_len, false, to ? to_len : 0);
    }
    if (to) {
        return MEMTX_OK;
    }
    *len = *len < BUFFER_BYTES ? *len : BUFFER_BYTES;
    return copier_buffered(s, dst, src, *len);
}

static void copier_run(CopierState *s)
{
    hwaddr src = copier_reg64(s, COPIER_SRC);
    hwaddr dst = copier_reg64(s, COPIER_DST);
    hwaddr left = s->regs[COPIER_LEN / 4];
    MemTxResult result = MEMTX_OK;
    while (left && result == MEMTX_OK) {
        hwaddr len = left;
        result = copier_stretch(s, dst, src, &len);
        src += len;
        dst += len;
        left -= len;
    }
    uint32_t status =
        result == MEMTX_OK ? COPIER_STATUS_OK : COPIER_STATUS_FAILED;
    s->regs[COPIER_STATUS / 4] = status;
    hwaddr done = copier_reg64(s, COPIER_DONE);
    if (done) {
        address_space_stl_le(s->as, done, status, copier_attrs(s), NULL);
    }
}

static MemTxResult copier_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    const CopierState *s = opaque;
    *data = s->regs[addr / 4];
    return MEMTX_OK;
}

static MemTxResult copier_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    CopierState *s = opaque;
    if ((s->regs[COPIER_CTRL / 4] & COPIER_CTRL_LOCK) && !attrs.secure) {
        return MEMTX_ERROR;
    }
    if (addr == COPIER_STATUS) {
        return MEMTX_OK; /* read-only */
    }
    s->regs[addr / 4] = (uint32_t)data;
    if (addr == COPIER_CTRL && (data & COPIER_CTRL_GO)) {
        s->regs[COPIER_CTRL / 4] &= ~(uint32_t)COPIER_CTRL_GO;
        copier_run(s);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps copier_ops = {
    .read_with_attrs = copier_read,
    .write_with_attrs = copier_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 8,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

void copier_init(CopierState *s, Object *owner, AddressSpace *as,
                 uint16_t requester_id)
{
    memset(s, 0, sizeof(*s));
    s->as = as;
    s->requester_id = requester_id;
    memory_region_init_io(&s->iomem, owner, &copier_ops, s, "copier",
                          COPIER_SIZE);
}
