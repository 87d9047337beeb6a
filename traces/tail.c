/*
 * tail.c - the mapped file that survives its process: see tail.h.
 */
#include "traces/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "SOCSTL1";

enum { BUFFER_BYTES = TAIL_RECORDS * sizeof(MemoryRecord), HEAD_PAGE = 4096 };

static char *tail_name(const char *path)
{
    size_t n = strlen(path) + sizeof("-tail");
    char *name = malloc(n);
    if (name) {
        snprintf(name, n, "%s-tail", path);
    }
    return name;
}

/* Bytes [offset, offset + bytes) of the file, which has room for them then; or
 * memory. Not a store into a hole of a full disk: that would be a signal. */
static void *map_room(Tail *tail, size_t offset, size_t bytes)
{
    if (tail->fd >= 0) {
        int why = posix_fallocate(tail->fd, (off_t)offset, (off_t)bytes);
        if (why) {
            errno = why;
            return NULL;
        }
    }
    void *at = tail->fd < 0 ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                            : mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                   MAP_SHARED, tail->fd, (off_t)offset);
    return at == MAP_FAILED ? NULL : at;
}

MemoryRecord *tail_buffer(const Tail *tail, unsigned i)
{
    return (MemoryRecord *)((char *)tail->head + HEAD_PAGE +
                            (size_t)i * BUFFER_BYTES);
}

bool tail_create(Tail *tail, const char *path, unsigned buffers)
{
    *tail = (Tail){.fd = -1, .path = tail_name(path), .buffers = buffers};
    if (!tail->path) {
        return false;
    }
    tail->head_bytes = HEAD_PAGE + buffers * (size_t)BUFFER_BYTES;
    tail->fd = open(tail->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (tail->fd >= 0 && flock(tail->fd, LOCK_EX | LOCK_NB) == 0) {
        tail->head = map_room(tail, 0, tail->head_bytes);
    }
    if (!tail->head) {
        if (tail->fd >= 0) {
            close(tail->fd);
            unlink(tail->path);
            tail->fd = -1;
        }
        tail->head = map_room(tail, 0, tail->head_bytes);
    }
    if (!tail->head) {
        return false;
    }
    memcpy(tail->head->magic, magic, sizeof(magic));
    tail->head->site_size = sizeof(RowSite);
    tail->head->step_size = sizeof(FetchStep);
    tail->head->record_size = sizeof(MemoryRecord);
    tail->head->buffers = buffers;
    memset(tail_buffer(tail, 0), TAIL_FILL, buffers * (size_t)BUFFER_BYTES);
    return true;
}

static bool add_segment(Tail *tail)
{
    if (tail->segments == TAIL_SEGMENTS) {
        errno = ENOMEM;
        return false;
    }
    size_t offset = tail->head_bytes + (size_t)tail->segments * TAIL_SEGMENT;
    char *segment = map_room(tail, offset, TAIL_SEGMENT);
    if (!segment) {
        return false;
    }
    tail->segment[tail->segments++] = segment;
    tail->used = 0;
    return true;
}

static size_t aligned(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

void *tail_site_room(Tail *tail, size_t bytes)
{
    bytes = aligned(bytes);
    if (bytes > TAIL_SEGMENT) {
        errno = ENOMEM;
        return NULL;
    }
    if ((!tail->segments || tail->used + bytes > TAIL_SEGMENT) &&
        !add_segment(tail)) {
        return NULL;
    }
    char *at = tail->segment[tail->segments - 1] + tail->used;
    tail->used += bytes;
    return at;
}

void tail_close(Tail *tail, bool done)
{
    for (unsigned i = 0; i < tail->segments; i++) {
        munmap(tail->segment[i], TAIL_SEGMENT);
    }
    if (tail->head) {
        munmap(tail->head, tail->head_bytes);
    }
    if (tail->fd >= 0) {
        close(tail->fd);
        if (done) {
            unlink(tail->path);
        }
    }
    free(tail->path);
    *tail = (Tail){.fd = -1};
}

/* -- recovering ----------------------------------------------------------- */

static bool map_all(Tail *tail, size_t size)
{
    const int both = PROT_READ | PROT_WRITE; /* private: records are cut */
    void *head = mmap(NULL, tail->head_bytes, both, MAP_PRIVATE, tail->fd, 0);
    if (head == MAP_FAILED) {
        return false;
    }
    tail->head = head;
    for (size_t at = tail->head_bytes;
         at + TAIL_SEGMENT <= size && tail->segments < TAIL_SEGMENTS;
         at += TAIL_SEGMENT) {
        void *segment =
            mmap(NULL, TAIL_SEGMENT, both, MAP_PRIVATE, tail->fd, (off_t)at);
        if (segment == MAP_FAILED) {
            return false;
        }
        tail->segment[tail->segments++] = segment;
    }
    return true;
}

bool tail_open(Tail *tail, const char *path, bool *there, Error **errp)
{
    *tail = (Tail){.fd = -1, .path = tail_name(path)};
    *there = false;
    if (!tail->path) {
        return error_set(errp, "the host has no memory");
    }
    tail->fd = open(tail->path, O_RDONLY | O_CLOEXEC);
    if (tail->fd < 0) {
        int why = errno;
        if (why != ENOENT) {
            error_set(errp, "%s: %s", tail->path, strerror(why));
        }
        tail_close(tail, false);
        return why == ENOENT;
    }
    if (flock(tail->fd, LOCK_EX | LOCK_NB) != 0) {
        error_set(errp, "%s: its run is still going on; wait for its end",
                  tail->path);
        tail_close(tail, false);
        return false;
    }
    TailHead head;
    struct stat st;
    ssize_t got = pread(tail->fd, &head, sizeof(head), 0);
    bool ok = got == (ssize_t)sizeof(head) && fstat(tail->fd, &st) == 0 &&
              !memcmp(head.magic, magic, sizeof(magic)) &&
              head.site_size == sizeof(RowSite) &&
              head.step_size == sizeof(FetchStep) &&
              head.record_size == sizeof(MemoryRecord) &&
              head.buffers <= TAIL_BUFFERS;
    if (ok) {
        tail->buffers = head.buffers;
        tail->head_bytes = HEAD_PAGE + head.buffers * (size_t)BUFFER_BYTES;
        ok = (size_t)st.st_size >= tail->head_bytes &&
             map_all(tail, (size_t)st.st_size);
    }
    if (!ok) {
        error_set(
            errp,
            "%s: is not a tail that this build of socscope wrote; recover "
            "with the one that made the run, or remove it",
            tail->path);
        tail_close(tail, false);
        return false;
    }
    *there = true;
    return true;
}

bool tail_sites(Tail *tail, bool (*each)(void *opaque, RowSite *site),
                void *opaque)
{
    for (unsigned i = 0; i < tail->segments; i++) {
        size_t at = 0;
        while (at + sizeof(RowSite) <= TAIL_SEGMENT) {
            RowSite *s = (RowSite *)(void *)(tail->segment[i] + at);
            size_t bytes = aligned(sizeof(*s) + s->steps * sizeof(s->step[0]));
            if (!s->row || at + bytes > TAIL_SEGMENT) {
                break; /* the rest of the segment is not used */
            }
            if (!each(opaque, s)) {
                return false;
            }
            at += bytes;
        }
    }
    return true;
}
