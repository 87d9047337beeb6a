/* compat2015_private.h - what the compat2015 files share: the names of both
 * generations. */
#ifndef MEMORY_COMPAT2015_PRIVATE_H
#define MEMORY_COMPAT2015_PRIVATE_H

#include "memory/internal.h"

#define MEMORY2015_DECLARE_ONLY
#include "memory/memory2015.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The region as the caller of init knows it: of an IOMMU made here, its alias.
 * NULL is fine. */
MemoryRegion *compat2015_region(MemoryRegion *mr);

#ifdef __cplusplus
}
#endif
#endif
