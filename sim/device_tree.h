/*
 * device_tree.h - the machine as a flattened device tree, for what boots on it.
 */
#ifndef SIM_DEVICE_TREE_H
#define SIM_DEVICE_TREE_H

#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What /chosen says. */
typedef struct DeviceTreeChosen {
    const char *bootargs;              /* NULL: none */
    const char *console;               /* serial device; NULL: the first */
    uint64_t initrd_start, initrd_end; /* physical; equal: none */
    uint64_t seed;                     /* of rng-seed */
} DeviceTreeChosen;

/* A blob of *len bytes that describes the machine; free() it. NULL: *errp. */
void *device_tree_new(Machine *m, const DeviceTreeChosen *chosen, size_t *len,
                      Error **errp);
/* The same from somebody's blob: only /chosen is completed. `name` stands for
 * it in messages. */
void *device_tree_complete(Machine *m, const void *blob, size_t blob_len,
                           const char *name, const DeviceTreeChosen *chosen,
                           size_t *len, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
