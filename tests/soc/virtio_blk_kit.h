// A virtio disk on a bench: its image is a string, and requests are one line.
#ifndef TESTS_SOC_VIRTIO_BLK_KIT_H
#define TESTS_SOC_VIRTIO_BLK_KIT_H

#include <memory>

#include "soc/virtio_blk.h"
#include "tests/soc/virtio_kit.h"

namespace virtio
{

enum : uint32_t {
    T_IN = 0,
    T_OUT = 1,
    T_FLUSH = 4,
    T_GET_ID = 8,
    T_DISCARD = 11,
    T_WRITE_ZEROES = 13
};
constexpr uint8_t S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_NONE = 0xee;
constexpr uint64_t SECTORS = 64;
constexpr hwaddr QUEUE = RAM + 0x10000, HEADER = RAM + 0x1000,
                 STATUS = RAM + 0x1100, DATA = RAM + 0x100000,
                 TABLE = RAM + 0x2000;

struct Image {
    std::string bytes;
    bool fails = false;
    unsigned flushes = 0, mode = 99;
    unsigned *closed = nullptr;

    static Image *of(Disk *d) { return static_cast<Image *>(d->opaque); }
    void open(Disk *d, unsigned how)
    {
        mode = how;
        d->size = bytes.size();
        d->opaque = this;
        d->read = [](Disk *disk, uint64_t at, void *buf, size_t len) {
            memcpy(buf, of(disk)->bytes.data() + at, len);
            return !of(disk)->fails;
        };
        d->write = [](Disk *disk, uint64_t at, const void *buf, size_t len) {
            EXPECT_LE(at + len, of(disk)->bytes.size());
            memcpy(&of(disk)->bytes[at], buf, len);
            return !of(disk)->fails;
        };
        d->zero = [](Disk *disk, uint64_t at, uint64_t len) {
            EXPECT_LE(at + len, of(disk)->bytes.size());
            memset(&of(disk)->bytes[at], 0, len);
            return !of(disk)->fails;
        };
        d->flush = [](Disk *disk) {
            of(disk)->flushes++;
            return !of(disk)->fails;
        };
        d->close = [](Disk *disk) { ++*of(disk)->closed; };
    }
};

struct Options {
    unsigned version = 2;
    bool bus = false, read_only = false, snapshot = false;
    uint64_t latency = 0;
    unsigned num = 8;
    uint64_t features = 0;
};

// The image that disk_open() of the bench gives: one at a time.
inline Image *&image_now()
{
    static Image *image;
    return image;
}

struct Blk {
    unsigned closed = 0;
    Image image;
    System<VirtioBlk> s;
    std::unique_ptr<Ring<System<VirtioBlk>>> ring;

    static std::string pattern()
    {
        std::string bytes;
        for (unsigned i = 0; i < SECTORS * 512; i++) {
            bytes += static_cast<char>('a' + (i / 512 + i) % 26);
        }
        return bytes;
    }
    explicit Blk(const Options &o = {}, unsigned *count = nullptr)
        : image{pattern(), false, 0, 99, count ? count : &closed},
          s(virtio_blk_class, o.bus, [&](VirtioBlk *m) {
              image_now() = &image;
              const_cast<DeviceHost *>(m->virtio.dev.host)->disk_open =
                  [](void *, const char *, unsigned mode, Disk *d, Error **) {
                      image_now()->open(d, mode);
                      return true;
                  };
              m->virtio.version = o.version;
              m->read_only = o.read_only;
              m->snapshot = o.snapshot;
              m->latency = o.latency;
              m->serial = "disk-17";
          })
    {
        EXPECT_TRUE(negotiate(s, o.features));
        ring = std::make_unique<Ring<System<VirtioBlk>>>(s, 0, o.num, QUEUE);
        driver_ok(s);
    }
    void header(uint32_t type, uint64_t sector)
    {
        s.put(HEADER, 4, type);
        s.put(HEADER + 4, 4, 0);
        s.put(HEADER + 8, 8, sector);
        s.put(STATUS, 1, S_NONE);
    }
    // The buffers of a request with `len` bytes of data at DATA.
    std::vector<Buffer> buffers(uint32_t type, uint32_t len)
    {
        std::vector<Buffer> list{{HEADER, 16, false}};
        if (len) {
            list.push_back({DATA, len, type == T_IN || type == T_GET_ID});
        }
        list.push_back({STATUS, 1, true});
        return list;
    }
    uint8_t status() { return static_cast<uint8_t>(s.get(STATUS, 1)); }
    // One request from beginning to end; its status.
    uint8_t request(uint32_t type, uint64_t sector, uint32_t len,
                    uint32_t *used_len = nullptr)
    {
        header(type, sector);
        ring->add(buffers(type, len));
        ring->kick();
        s.run();
        if (ring->done()) {
            uint32_t used = ring->take();
            if (used_len) {
                *used_len = used;
            }
        }
        return status();
    }
};

} // namespace virtio

#endif
