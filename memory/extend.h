/*
 * extend.h - how far memory goes on in one piece: the window of a mapping or a
 * cache. Private to memory/.
 */
#ifndef MEMORY_EXTEND_H
#define MEMORY_EXTEND_H

#include "memory/internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From addr on, of whose len bytes the first `done` are mr from offset `base`:
 * bytes that follow each other there, through pieces and ranges. */
hwaddr flatview_extend(FlatView *fv, hwaddr addr, hwaddr len, MemoryRegion *mr,
                       hwaddr base, hwaddr done, bool is_write,
                       MemTxAttrs attrs);

#ifdef __cplusplus
}
#endif
#endif
