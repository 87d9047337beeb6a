/* ram_private.h - what ram.c and ram_region.c share. */
#ifndef MEMORY_RAM_PRIVATE_H
#define MEMORY_RAM_PRIVATE_H

#include "memory/world.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What of a file, or of a directory, becomes memory. */
typedef struct RamFile {
    const char *path; /* for messages */
    int fd;           /* taken over, also when it fails */
    uint64_t offset;  /* bytes; a multiple of the page */
    uint64_t size;    /* bytes */
    uint64_t align;   /* bytes, 0 or a power of two */
    uint32_t flags;   /* RAM_SHARED, RAM_READONLY */
} RamFile;

/* Opens, or creates, the file at file->path into file->fd; a directory gets a
 * nameless file. *created: the name did not exist before. */
bool ram_file_open(RamFile *file, bool *created, Error **errp);
/* The memory; the file is grown to hold it. NULL with *errp. */
RAMBlock *ram_block_of_file(const RamFile *file, Error **errp);

/* `bytes` rounded up to a multiple of the page. bytes <= 2^63. */
uint64_t ram_page_round(uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
