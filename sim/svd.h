/*
 * svd.h - register tables from CMSIS-SVD files.
 */
#ifndef SIM_SVD_H
#define SIM_SVD_H

#include "sim/config_node.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A class like cls with the registers and fields of that peripheral of the
 * file; NULL: *errp says what is wrong, where it is in the file. Without a name
 * the file has one peripheral. A class `registers` gets the peripheral's size
 * and reset values, too. */
const DeviceClass *svd_class(ConfigArena *arena, const char *path,
                             const char *peripheral, const DeviceClass *cls,
                             Error **errp);

#ifdef __cplusplus
}
#endif
#endif
