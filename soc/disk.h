/*
 * disk.h - a disk image of the host, as a device sees it.
 *
 * Made by DeviceHost.disk_open (sim/disk.c). Calls return false when the host
 * cannot do it; nothing of the disk's end is ever passed.
 */
#ifndef SOC_DISK_H
#define SOC_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "memory/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DISK_SECTOR = 512 };

typedef enum DiskMode {
    DISK_WRITE,     /* what is written is in the file at once */
    DISK_READ_ONLY, /* write() and zero() are not called */
    DISK_SNAPSHOT,  /* what is written is kept in memory, and then forgotten */
} DiskMode;

typedef struct Disk Disk;
struct Disk {
    uint64_t size; /* bytes: whole sectors, one at least */
    bool (*read)(Disk *disk, uint64_t offset, void *buf, size_t len);
    bool (*write)(Disk *disk, uint64_t offset, const void *buf, size_t len);
    bool (*zero)(Disk *disk, uint64_t offset, uint64_t len);
    bool (*flush)(Disk *disk); /* to where a power failure leaves it */
    void (*close)(Disk *disk);
    void *opaque;
};

#ifdef __cplusplus
}
#endif
#endif
