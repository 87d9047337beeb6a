/*
 * memattrs.h - what travels with an access, and what comes back.
 */
#ifndef MEMORY_MEMATTRS_H
#define MEMORY_MEMATTRS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t hwaddr;     /* a physical address or an offset in a region */
typedef uint64_t ram_addr_t; /* an offset inside RAM */

/* Result bits of an access, OR-ed over its pieces. */
typedef uint32_t MemTxResult;
enum {
    MEMTX_OK = 0,
    MEMTX_ERROR = 1u << 0,        /* the device refused the access */
    MEMTX_DECODE_ERROR = 1u << 1, /* nothing answers there, or not like that */
    MEMTX_ACCESS_ERROR = 1u << 2, /* the access is not permitted */
};

typedef struct MemTxAttrs {
    unsigned int unspecified : 1; /* the initiator says nothing of itself */
    unsigned int secure : 1;
    unsigned int user : 1;
    unsigned int debug : 1; /* no side effects, not counted, not recorded */
    unsigned int requester_id : 16;
} MemTxAttrs;

#ifdef __cplusplus
#define MEMTXATTRS_UNSPECIFIED (MemTxAttrs{1, 0, 0, 0, 0})
#else
#define MEMTXATTRS_UNSPECIFIED ((MemTxAttrs){.unspecified = 1})
#endif

/* Size and byte order of one access. */
typedef enum MemOp {
    MO_8 = 0,
    MO_16 = 1,
    MO_32 = 2,
    MO_64 = 3,
    MO_SIZE = 3,  /* mask of the size: log2 of bytes */
    MO_BSWAP = 8, /* opposite to the host, which is little-endian */
    MO_LE = 0,
    MO_BE = MO_BSWAP,
} MemOp;

enum device_endian {
    DEVICE_NATIVE_ENDIAN, /* the target's order (memory/world.h) */
    DEVICE_BIG_ENDIAN,
    DEVICE_LITTLE_ENDIAN,
};
#define DEVICE_HOST_ENDIAN DEVICE_LITTLE_ENDIAN

/* The order flag of an access in the device's own order; native: the host's.*/
static inline MemOp devend_memop(enum device_endian end)
{
    return end == DEVICE_BIG_ENDIAN ? MO_BE : MO_LE;
}

static inline unsigned memop_size(MemOp op)
{
    return 1u << (op & MO_SIZE);
}

#ifdef __cplusplus
}
#endif
#endif
