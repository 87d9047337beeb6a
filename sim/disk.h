/* disk.h - opens disk images; see disk.c. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "soc/disk.h"

#ifdef __cplusplus
extern "C" {
#endif

/* mode: a DiskMode. DeviceHost.disk_open; opaque is not used. */
bool disk_open(void *opaque, const char *file, unsigned mode, Disk *disk,
               Error **errp);

#ifdef __cplusplus
}
#endif
#endif
