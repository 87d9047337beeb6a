/*
 * tail.h - what a killed run leaves beside its database: PATH-tail.
 *
 * Model    Record buffers and RowSites lie in a file that is mapped, so what
 *          was written to them survives the process. A buffer's number is the
 *          order of hand-over; what has become a chunk is known by the numbers
 *          in the database. Unused records are filled with TAIL_FILL, which is
 *          no record. Where there is no room for the file, memory is used.
 *          Its layout is this program's: only the same build recovers it.
 */
#ifndef TRACES_TAIL_H
#define TRACES_TAIL_H

#include "traces/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TAIL_BUFFERS = 10,      /* at most */
    TAIL_RECORDS = 1 << 15, /* of a buffer */
    TAIL_FILL = 0xfe,       /* each byte of a record that is not there */
    TAIL_SEGMENT = 1 << 20, /* bytes by which the log of sites grows */
    TAIL_SEGMENTS = 4096,
};

typedef struct TailHead {
    char magic[8];
    uint32_t site_size, step_size, record_size, buffers;
    /* of a buffer: number of hand-over + 1; 0: it holds nothing */
    uint64_t number[TAIL_BUFFERS];
} TailHead;

typedef struct Tail {
    int fd; /* -1: memory */
    char *path;
    TailHead *head; /* then the buffers */
    size_t head_bytes;
    unsigned buffers;
    char *segment[TAIL_SEGMENTS];
    unsigned segments;
    size_t used; /* of the last segment */
} Tail;

/* Makes path-tail, which must not be there, with buffers filled. False: no
 * memory. */
bool tail_create(Tail *tail, const char *path, unsigned buffers);
MemoryRecord *tail_buffer(const Tail *tail, unsigned i);
/* Room for a RowSite of so many bytes, zeros; NULL: errno says why not. */
void *tail_site_room(Tail *tail, size_t bytes);
/* Unmaps all; removes the file, if `done`. */
void tail_close(Tail *tail, bool done);

/* The tail of the database at path: *there if it has one. False: *errp. */
bool tail_open(Tail *tail, const char *path, bool *there, Error **errp);
/* Calls `each` with each RowSite of an opened tail, in order. */
bool tail_sites(Tail *tail, bool (*each)(void *opaque, RowSite *site),
                void *opaque);

#ifdef __cplusplus
}
#endif
#endif
