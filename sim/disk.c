/*
 * disk.c - disk images: raw files, and what is written over them in memory.
 *
 * Model    A write is handed to the host's kernel at once, whole, and nothing
 *          else of the file ever changes: whenever the simulator ends, the
 *          image holds what the guest wrote up to then. A snapshot keeps
 *          written blocks of 4 KiB in memory. A file that is written is locked
 *          against other runs.
 * Units    bytes.
 * Missing  Formats other than raw.
 */
#include "sim/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096 };

typedef struct Image {
    int fd;
    /* of a snapshot */
    uint8_t *over;    /* as large as the image, where blocks are kept */
    uint8_t *written; /* a bit for each block */
    size_t size;
} Image;

/* -- the file ------------------------------------------------------------- */

static bool file_read(const Image *im, uint64_t offset, uint8_t *buf,
                      size_t len)
{
    while (len) {
        ssize_t n = pread(im->fd, buf, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false; /* 0: it was made shorter meanwhile */
        }
        buf += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static bool image_write(Disk *disk, uint64_t offset, const void *buf,
                        size_t len)
{
    const Image *im = disk->opaque;
    const uint8_t *from = buf;
    while (len) {
        ssize_t n = pwrite(im->fd, from, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        from += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static bool image_read(Disk *disk, uint64_t offset, void *buf, size_t len)
{
    return file_read(disk->opaque, offset, buf, len);
}

/* Writes zeroes where the host cannot make a hole. */
static bool image_zero(Disk *disk, uint64_t offset, uint64_t len)
{
    static const uint8_t zeroes[BLOCK];
    const Image *im = disk->opaque;
    if (fallocate(im->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)offset, (off_t)len) == 0) {
        return true;
    }
    bool ok = true;
    for (uint64_t at = 0; ok && at < len; at += BLOCK) {
        uint64_t left = len - at;
        ok =
            image_write(disk, offset + at, zeroes, left < BLOCK ? left : BLOCK);
    }
    return ok;
}

static bool image_flush(Disk *disk)
{
    const Image *im = disk->opaque;
    return fdatasync(im->fd) == 0 || errno == EINVAL; /* EINVAL: no such file */
}

/* -- a snapshot ----------------------------------------------------------- */

static bool is_written(const Image *im, uint64_t offset)
{
    uint64_t block = offset / BLOCK;
    return im->written[block / 8] >> block % 8 & 1;
}

/* Bytes from offset to the end of its block, len at most. */
static size_t in_block(uint64_t offset, size_t len)
{
    size_t room = BLOCK - (size_t)(offset % BLOCK);
    return len < room ? len : room;
}

static bool snapshot_read(Disk *disk, uint64_t offset, void *buf, size_t len)
{
    const Image *im = disk->opaque;
    uint8_t *to = buf;
    bool ok = true;
    while (ok && len) {
        size_t n = in_block(offset, len);
        if (is_written(im, offset)) {
            memcpy(to, im->over + offset, n);
        } else {
            ok = file_read(im, offset, to, n);
        }
        to += n;
        offset += n;
        len -= n;
    }
    return ok;
}

/* Takes a block into memory, with what is in it. */
static bool take_block(const Image *im, uint64_t offset)
{
    uint64_t block = offset / BLOCK, begin = block * BLOCK;
    size_t n = im->size - begin < BLOCK ? (size_t)(im->size - begin) : BLOCK;
    if (is_written(im, offset)) {
        return true;
    }
    if (!file_read(im, begin, im->over + begin, n)) {
        return false;
    }
    im->written[block / 8] |= (uint8_t)(1u << block % 8);
    return true;
}

/* buf NULL: zeroes. */
static bool snapshot_put(const Image *im, uint64_t offset, const uint8_t *buf,
                         uint64_t len)
{
    for (uint64_t at = 0; at < len;) {
        size_t left = len - at < BLOCK ? (size_t)(len - at) : BLOCK;
        size_t n = in_block(offset + at, left);
        if (!take_block(im, offset + at)) {
            return false;
        }
        if (buf) {
            memcpy(im->over + offset + at, buf + at, n);
        } else {
            memset(im->over + offset + at, 0, n);
        }
        at += n;
    }
    return true;
}

static bool snapshot_write(Disk *disk, uint64_t offset, const void *buf,
                           size_t len)
{
    return snapshot_put(disk->opaque, offset, buf, len);
}

static bool snapshot_zero(Disk *disk, uint64_t offset, uint64_t len)
{
    return snapshot_put(disk->opaque, offset, NULL, len);
}

static bool snapshot_flush(Disk *disk)
{
    return true;
}

/* Room that costs nothing until it is written. */
static bool snapshot_begin(Image *im, Error **errp)
{
    void *over = mmap(NULL, im->size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    im->over = over == MAP_FAILED ? NULL : over;
    im->written = calloc(im->size / BLOCK / 8 + 1, 1);
    return (im->over && im->written) ||
           error_set(errp, "the host has no memory left");
}

/* -- life ----------------------------------------------------------------- */

static void image_close(Disk *disk)
{
    Image *im = disk->opaque;
    if (im->over) {
        munmap(im->over, im->size);
    }
    free(im->written);
    if (im->fd >= 0) {
        close(im->fd);
    }
    free(im);
}

static bool image_open(Image *im, const char *file, DiskMode mode, Error **errp)
{
    im->fd = open(file, (mode == DISK_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (im->fd < 0) {
        const char *fix =
            errno == ENOENT                         ? "name a file that exists"
            : mode == DISK_WRITE && errno == EISDIR ? "name a file"
            : mode == DISK_WRITE
                ? "make it writable, or set read_only or snapshot to true"
                : "make it readable";
        return error_set(errp, "image: %s: %s; %s", file, strerror(errno), fix);
    }
    struct stat st;
    if (fstat(im->fd, &st) < 0 ||
        !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        return error_set(errp, "image: %s: not a file; name a disk image",
                         file);
    }
    if (flock(im->fd, (mode == DISK_WRITE ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0 &&
        errno == EWOULDBLOCK) {
        return error_set(errp,
                         "image: %s: in use by another run; end it, or set "
                         "snapshot to true in both",
                         file);
    }
    off_t size = lseek(im->fd, 0, SEEK_END);
    if (size <= 0 || size % DISK_SECTOR) {
        long long fit = size <= 0 ? 1 << 20 : size - size % DISK_SECTOR;
        fit += size % DISK_SECTOR ? DISK_SECTOR : 0;
        return error_set(errp,
                         "image: %s: %lld bytes are not whole sectors of %d; "
                         "write `truncate -s %lld` and its name",
                         file, (long long)size, DISK_SECTOR, fit);
    }
    im->size = (size_t)size;
    return mode != DISK_SNAPSHOT || snapshot_begin(im, errp);
}

bool disk_open(void *opaque, const char *file, unsigned mode, Disk *disk,
               Error **errp)
{
    Image *im = calloc(1, sizeof(*im));
    if (!im) {
        return error_set(errp, "the host has no memory left");
    }
    bool snapshot = mode == DISK_SNAPSHOT;
    *disk = (Disk){
        .read = snapshot ? snapshot_read : image_read,
        .write = snapshot ? snapshot_write : image_write,
        .zero = snapshot ? snapshot_zero : image_zero,
        .flush = snapshot ? snapshot_flush : image_flush,
        .close = image_close,
        .opaque = im,
    };
    if (!image_open(im, file, (DiskMode)mode, errp)) {
        image_close(disk);
        *disk = (Disk){.size = 0};
        return false;
    }
    disk->size = im->size;
    return true;
}
