// A bank of CFI flash: what software sees of two chips side by side.
#include <cstring>

#include "soc/cfi_flash.h"
#include "tests/soc/bench.h"
#include "tests/soc/companion.h"

namespace
{

constexpr uint64_t BLOCK = 1024, SIZE = 4 * BLOCK;
constexpr uint32_t READY = 0x00800080;

// An image of the host that is a string.
struct Image {
    std::string bytes;
    unsigned mode = 99, closed = 0, writes = 0;
    bool fails = false;

    static Image *of(Disk *d) { return static_cast<Image *>(d->opaque); }
    static Image *&now()
    {
        static Image *image;
        return image;
    }
    static bool open(void *, const char *, unsigned how, Disk *d, Error **)
    {
        now()->mode = how;
        *d = Disk{};
        d->size = now()->bytes.size();
        d->opaque = now();
        d->read = [](Disk *disk, uint64_t at, void *buf, size_t len) {
            memcpy(buf, of(disk)->bytes.data() + at, len);
            return true;
        };
        d->write = [](Disk *disk, uint64_t at, const void *buf, size_t len) {
            EXPECT_EQ(unsigned{DISK_WRITE}, of(disk)->mode);
            EXPECT_LE(at + len, of(disk)->bytes.size());
            of(disk)->writes++;
            if (!of(disk)->fails) {
                memcpy(&of(disk)->bytes[at], buf, len);
            }
            return !of(disk)->fails;
        };
        d->close = [](Disk *disk) { of(disk)->closed++; };
        return true;
    }
    std::string at(size_t from, size_t len) const
    {
        return bytes.substr(from, len);
    }
};

void small(CfiFlash *f)
{
    f->size = SIZE;
    f->block = BLOCK;
}

struct Flash : Bench<CfiFlash> {
    AddressSpace as;
    template <typename F>
    explicit Flash(F prepare)
        : Bench(cfi_flash_class, 1000000000, [&](CfiFlash *f) {
              small(f);
              host.disk_open = Image::open;
              prepare(f);
          })
    {
        reset();
        address_space_init(&as, &dev->mmio, "bus");
    }
    Flash() : Flash([](CfiFlash *) {}) {}
    ~Flash() { address_space_destroy(&as); }
    bool array() { return memory_region_is_romd(&dev->mmio); }
    // What anybody on the bus reads.
    uint32_t word(hwaddr at)
    {
        uint32_t value = 0;
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_OK),
                  address_space_read(&as, at, MemTxAttrs{}, &value, 4));
        return value;
    }
    // The same to both chips.
    void both(uint32_t command, hwaddr at = 0)
    {
        write(at, command | command << 16);
    }
    void wait() { run_to(model->chip[0].busy_until); }
    uint32_t status()
    {
        wait();
        uint32_t s = word(0);
        both(0x50);
        both(0xff);
        return s;
    }
    uint32_t program(hwaddr at, uint32_t value)
    {
        both(0x40, at);
        write(at, value);
        return status();
    }
    uint32_t erase(hwaddr at, uint32_t confirm = 0xd0)
    {
        both(0x20, at);
        both(confirm, at);
        return status();
    }
    // `words` of both chips from `at` on.
    uint32_t buffer(hwaddr at, const std::vector<uint32_t> &words,
                    uint32_t confirm = 0xd0)
    {
        both(0xe8, at);
        EXPECT_EQ(READY, word(at)); // a buffer is free
        both(static_cast<uint32_t>(words.size() - 1), at);
        for (size_t i = 0; i < words.size(); i++) {
            write(at + 4 * i, words[i]);
        }
        both(confirm, at);
        return status();
    }
};

TEST(CfiFlash, ErasedArrayIsMemory)
{
    Flash f;
    EXPECT_TRUE(f.array());
    EXPECT_EQ(UINT32_MAX, f.word(0));
    EXPECT_EQ(UINT32_MAX, f.word(SIZE - 4));
    EXPECT_EQ(0xffu, f.read(5, 1)); // its callbacks say the same
    EXPECT_EQ(UINT64_MAX, f.read(8, 8));
}

TEST(CfiFlash, QuerySaysWhatItIs)
{
    Flash f([](CfiFlash *m) {
        m->size = 32 << 20;
        m->block = 256 << 10;
    });
    f.both(0x98, 0x55 * 4);
    EXPECT_FALSE(f.array());
    std::string text;
    for (unsigned i = 0x10; i < 0x13; i++) {
        uint32_t w = f.word(4 * i);
        EXPECT_EQ(w >> 16, w & 0xffff);
        text += static_cast<char>(w);
    }
    EXPECT_EQ("QRY", text);
    auto byte = [&](unsigned at) { return f.read(4 * at, 1); };
    EXPECT_EQ(1u, byte(0x13) | byte(0x14) << 8); // command set
    unsigned pri = static_cast<unsigned>(byte(0x15) | byte(0x16) << 8);
    EXPECT_EQ(24u, byte(0x27));                      // 16 MiB a chip
    EXPECT_EQ(32u, 1u << byte(0x2a));                // bytes of a buffer
    EXPECT_EQ(1u, byte(0x2c));                       // kinds of blocks
    EXPECT_EQ(127u, byte(0x2d) | byte(0x2e) << 8);   // 128 of them
    EXPECT_EQ(0x200u, byte(0x2f) | byte(0x30) << 8); // of 128 KiB
    EXPECT_EQ(256u, 1u << byte(0x1f));               // us; 218
    EXPECT_EQ(1024u, 1u << byte(0x21));              // ms; 1000
    EXPECT_EQ('P', static_cast<char>(byte(pri)));
    EXPECT_EQ('I', static_cast<char>(byte(pri + 2)));
    EXPECT_EQ(8u, byte(pri + 5)); // features: lock bits
    f.both(0x90);
    EXPECT_EQ(0x00890089u, f.word(0));
    EXPECT_EQ(0x00180018u, f.word(4));
    f.both(0xff);
    EXPECT_TRUE(f.array());
    EXPECT_TRUE(f.errors.empty());
}

TEST(CfiFlash, ProgrammingClearsBitsErasingSetsThem)
{
    Flash f;
    EXPECT_EQ(READY, f.program(BLOCK, 0x12345678));
    EXPECT_EQ(0x12345678u, f.word(BLOCK));
    EXPECT_EQ(READY, f.program(BLOCK, 0xff00ff00));
    EXPECT_EQ(0x12005600u, f.word(BLOCK));
    EXPECT_EQ(READY, f.program(2 * BLOCK, 0));
    EXPECT_EQ(READY, f.program(BLOCK - 4, 0));
    EXPECT_EQ(READY, f.erase(2 * BLOCK - 4)); // anywhere in the block
    EXPECT_EQ(UINT32_MAX, f.word(BLOCK));
    EXPECT_EQ(0u, f.word(BLOCK - 4));
    EXPECT_EQ(0u, f.word(2 * BLOCK));
    EXPECT_TRUE(f.errors.empty());
}

TEST(CfiFlash, ChangesAreKnown)
{
    Flash f;
    auto dirty = [&] {
        bool was =
            memory_region_get_dirty(&f.dev->mmio, 0, SIZE, DIRTY_MEMORY_VGA);
        memory_region_reset_dirty(&f.dev->mmio, 0, SIZE, DIRTY_MEMORY_VGA);
        return was;
    };
    memory_region_set_log(&f.dev->mmio, true, DIRTY_MEMORY_VGA);
    dirty();
    f.both(0x98);
    f.both(0xff);
    EXPECT_FALSE(dirty());
    f.program(0, 0);
    EXPECT_TRUE(dirty());
    f.erase(0);
    EXPECT_TRUE(dirty());
}

TEST(CfiFlash, OperationsTakeTheirTime)
{
    Flash f;
    f.both(0x10);
    f.write(0, 0);
    EXPECT_EQ(0u, f.word(0)); // busy
    f.both(0xff);             // ignored
    EXPECT_EQ(1u, f.errors.size() / 2);
    EXPECT_FALSE(f.array());
    f.run(UINT64_C(218000000) - 1);
    EXPECT_EQ(0u, f.word(0));
    f.run(1);
    EXPECT_EQ(READY, f.word(0));
    f.both(0x20);
    f.both(0xd0);
    f.both(0x70); // that it takes
    f.run(UINT64_C(1000000000000) - 1);
    EXPECT_EQ(0u, f.word(0));
    f.run(1);
    EXPECT_EQ(READY, f.word(0));
    EXPECT_EQ(2u, f.errors.size());
}

TEST(CfiFlash, BuffersOfUpToSixteenWords)
{
    Flash f;
    std::vector<uint32_t> words;
    for (uint32_t i = 0; i < 16; i++) {
        words.push_back(i * 0x01010101);
    }
    EXPECT_EQ(READY, f.buffer(BLOCK, words));
    EXPECT_EQ(READY, f.buffer(BLOCK + 64, {1}));
    EXPECT_EQ(0u, f.word(BLOCK));
    EXPECT_EQ(0x0f0f0f0fu, f.word(BLOCK + 60));
    EXPECT_EQ(1u, f.word(BLOCK + 64));
    EXPECT_EQ(UINT32_MAX, f.word(BLOCK + 68));
    EXPECT_TRUE(f.errors.empty());
}

TEST(CfiFlash, WrongSequencesChangeNothing)
{
    Flash f;
    const uint32_t sequence = READY | 0x00300030;
    EXPECT_EQ(sequence, f.erase(0, 0xff));
    EXPECT_EQ(sequence, f.buffer(0, {0, 0}, 0xff));   // not confirmed
    EXPECT_EQ(sequence, f.buffer(BLOCK - 4, {0, 0})); // two blocks
    EXPECT_EQ(sequence, f.buffer(0, {0, 0}, 0xd1));   // nor that
    f.both(0xe8);
    f.both(16); // one more than there are
    EXPECT_EQ(sequence, f.status());
    f.both(0xe8);
    f.both(1);
    f.write(8, 0);
    f.write(4, 0); // before the first
    f.both(0xd0);
    EXPECT_EQ(sequence, f.status());
    f.both(0xe8, SIZE - 4); // both at the end, the second of them behind it
    f.both(1);
    f.write(SIZE - 4, 0);
    f.write(SIZE - 4, 0);
    f.both(0xd0);
    EXPECT_EQ(sequence, f.status());
    f.both(0x60);
    f.both(0x2f); // lock-down is no command of theirs
    EXPECT_EQ(sequence, f.status());
    EXPECT_EQ(16u, f.errors.size()); // one a chip
    f.both(0xf0);                    // other makers' reset
    EXPECT_EQ(18u, f.errors.size());
    EXPECT_TRUE(f.array());
    for (hwaddr at = 0; at < SIZE; at += 4) {
        EXPECT_EQ(UINT32_MAX, f.word(at));
    }
}

TEST(CfiFlash, StatusKeepsErrorsUntilCleared)
{
    Flash f;
    f.both(0x20);
    f.both(0);
    f.both(0x40);
    f.write(0, 0);
    f.wait();
    EXPECT_EQ(READY | 0x00300030, f.word(0));
    f.both(0x50);
    EXPECT_EQ(READY, f.word(0));
}

TEST(CfiFlash, EachLaneIsAChip)
{
    Flash f;
    f.write(0, 0x009000ff);
    EXPECT_FALSE(f.array());
    EXPECT_EQ(0x0089ffffu, f.word(0)); // the other one reads its array
    f.write(4, 0x00ff0040);
    f.write(4, 0x00ff005a);
    f.wait();
    EXPECT_EQ(0xffff0080u, f.word(0));
    f.both(0xff);
    EXPECT_EQ(0xffff005au, f.word(4));
    f.write(BLOCK, 0x00200040); // one erases while the other one programs
    f.write(BLOCK, 0x00d00000);
    f.wait();
    EXPECT_EQ(0x00000080u, f.word(0));
    f.run_to(f.model->chip[1].busy_until);
    EXPECT_EQ(READY, f.word(0));
    EXPECT_TRUE(f.errors.empty());
}

TEST(CfiFlash, NarrowWritesAreNone)
{
    Flash f;
    f.write(0, 0x98, 1);
    f.write(2, 0x98, 2);
    EXPECT_TRUE(f.array());
    EXPECT_EQ(2u, f.errors.size());
    EXPECT_EQ("a write of 2 bytes, of the 4 of a word", f.errors.back());
    f.both(0x90);
    EXPECT_EQ(0x89u, f.read(2, 2)); // reads may be
    EXPECT_EQ(0x18u, f.read(4, 1));
}

TEST(CfiFlash, WideAccessesAreTwoWords)
{
    Flash f;
    f.write(8, UINT64_C(0x0040004000400040), 8); // the second is the data
    f.wait();
    f.both(0xff);
    EXPECT_EQ(0x00400040u, f.word(12));
    EXPECT_EQ(UINT64_C(0x00400040ffffffff), f.read(8, 8));
    uint64_t value;
    EXPECT_NE(static_cast<MemTxResult>(MEMTX_OK), f.try_write(2, 0, 4));
    EXPECT_NE(static_cast<MemTxResult>(MEMTX_OK), f.try_write(1, 0, 2));
    f.both(0x70);
    EXPECT_NE(static_cast<MemTxResult>(MEMTX_OK), f.try_read(1, 4, &value));
}

TEST(CfiFlash, LockBits)
{
    Flash f;
    auto locked = [&](hwaddr block) {
        f.both(0x90);
        uint32_t bits = f.word(block + 8);
        f.both(0xff);
        return bits;
    };
    f.both(0x60, BLOCK);
    f.both(0x01, BLOCK);
    EXPECT_EQ(READY, f.status());
    EXPECT_EQ(0x00010001u, locked(BLOCK));
    EXPECT_EQ(0u, locked(0));
    EXPECT_EQ(READY | 0x00120012, f.program(BLOCK, 0));
    EXPECT_EQ(READY | 0x00120012, f.buffer(BLOCK, {0}));
    EXPECT_EQ(READY | 0x00220022, f.erase(BLOCK));
    EXPECT_EQ(UINT32_MAX, f.word(BLOCK));
    EXPECT_EQ(READY, f.program(0, 0));
    f.reset(); // they are not volatile
    EXPECT_EQ(0x00010001u, locked(BLOCK));
    f.both(0x60);
    f.both(0xd0);
    EXPECT_EQ(READY, f.status());
    EXPECT_EQ(0u, locked(BLOCK));
    EXPECT_EQ(READY, f.program(BLOCK, 0));
}

TEST(CfiFlash, ResetReadsTheArray)
{
    Flash f;
    f.program(0, 0);
    f.both(0x20, 0);
    f.both(0, 0); // a status with errors
    f.both(0x40, 4);
    f.reset();
    EXPECT_TRUE(f.array());
    EXPECT_EQ(0u, f.word(0));
    f.both(0x70);
    EXPECT_EQ(READY, f.word(0));
}

TEST(CfiFlash, AnImageHoldsWhatTheArrayHolds)
{
    Image image{std::string(SIZE, '\x55')};
    Image::now() = &image;
    {
        Flash f([](CfiFlash *m) { m->image = "flash.img"; });
        EXPECT_EQ(unsigned{DISK_WRITE}, image.mode);
        EXPECT_EQ(0x55555555u, f.word(SIZE - 4));
        EXPECT_EQ(READY, f.program(4, 0x0f0f0f0f));
        EXPECT_EQ(std::string(4, '\x05'), image.at(4, 4));
        EXPECT_EQ(READY, f.buffer(8, {0, 0x0f0f0f0f}));
        EXPECT_EQ(std::string(4, '\0') + std::string(4, '\x05') + "UUUU",
                  image.at(8, 12));
        EXPECT_EQ(READY, f.erase(BLOCK));
        EXPECT_EQ("U" + std::string(BLOCK, '\xff') + "U",
                  image.at(BLOCK - 1, BLOCK + 2));
        image.fails = true;
        EXPECT_EQ(READY | 0x00100010, f.program(0, 0));
        EXPECT_EQ(READY | 0x00200020, f.erase(0));
    }
    EXPECT_EQ(1u, image.closed);
}

TEST(CfiFlash, ASnapshotLeavesTheImageAlone)
{
    Image image{std::string(512, '\x55')}; // the rest is erased
    Image::now() = &image;
    Flash f([](CfiFlash *m) {
        m->image = "flash.img";
        m->snapshot = true;
    });
    EXPECT_EQ(unsigned{DISK_READ_ONLY}, image.mode);
    EXPECT_EQ(0x55555555u, f.word(508));
    EXPECT_EQ(UINT32_MAX, f.word(512));
    EXPECT_EQ(READY, f.program(0, 0));
    EXPECT_EQ(0u, f.word(0));
    EXPECT_EQ(0u, image.writes);
}

TEST(CfiFlash, ReadOnlyRefuses)
{
    Flash f([](CfiFlash *m) { m->read_only = true; });
    EXPECT_EQ(READY | 0x00180018, f.program(0, 0));
    EXPECT_EQ(READY | 0x00280028, f.erase(0));
    EXPECT_EQ(UINT32_MAX, f.word(0));
}

struct Refused : Bench<CfiFlash> {
    std::string why;
    template <typename F>
    explicit Refused(F prepare) : Bench(cfi_flash_class, 1000, small)
    {
        host.disk_open = Image::open;
        Companion<CfiFlash> other(*this, cfi_flash_class, [&](CfiFlash *f) {
            small(f);
            prepare(f);
        });
        EXPECT_FALSE(other.init(&why));
    }
};

TEST(CfiFlash, WhatCannotBeIsSaid)
{
    EXPECT_EQ("block: 1536 bytes; a power of two would be right",
              Refused([](CfiFlash *f) { f->block = 1536; }).why);
    EXPECT_EQ("size: 512 bytes; a power of two from one block of 1024 to 65536 "
              "of them would be right",
              Refused([](CfiFlash *f) { f->size = 512; }).why);
    Image image{std::string(512, 'x')};
    Image::now() = &image;
    EXPECT_EQ("image: a.img has 512 of the 4096 bytes of companion; write "
              "`truncate -s 4096` and its name, or set read_only or snapshot "
              "to true",
              Refused([](CfiFlash *f) { f->image = "a.img"; }).why);
    EXPECT_EQ(1u, image.closed);
    image.bytes.resize(SIZE + 512);
    EXPECT_EQ("image: a.img has more than the 4096 bytes of companion; make "
              "`size` larger",
              Refused([](CfiFlash *f) { f->image = "a.img"; }).why);
}

// Whatever software writes, where and when, it does no harm.
TEST(CfiFlash, AnyWritesAtAll)
{
    Flash f([](CfiFlash *m) {
        small(m);
        m->erase_time = m->program_time = 1000;
    });
    static const uint8_t commands[] = {0x01, 0x10, 0x20, 0x40, 0x50,
                                       0x60, 0x70, 0x90, 0x98, 0xb0,
                                       0xd0, 0xe8, 0xff, 0x00, 0x0f};
    uint64_t state = 1;
    auto next = [&](uint64_t below) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        return (state >> 33) % below;
    };
    for (unsigned i = 0; i < 20000; i++) {
        unsigned size = 1u << next(4);
        uint64_t command = commands[next(sizeof(commands))];
        f.try_write(next(SIZE / size) * size,
                    command * (next(2) ? UINT64_C(0x0001000100010001) : 1),
                    size);
        uint64_t value;
        f.try_read(next(SIZE), 1u << next(4), &value);
        f.run(next(1000));
    }
    f.run(1000);
    f.reset();
    EXPECT_EQ(READY, f.erase(0) & READY);
}

} // namespace
