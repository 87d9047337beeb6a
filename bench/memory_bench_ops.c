/*
 * memory_bench_ops.c - the operations whose time memory_bench takes.
 *
 * Model    One board: RAM, devices that implement 4 bytes, 1 byte and a
 *          big-endian order, ROM, an IOMMU, and a second board of 4000 devices.
 *          Addresses come from tables made before, so that nothing but the call
 *          is in the loop.
 * Missing  nothing
 */
#include <stdlib.h>
#include <string.h>

#include "bench/memory_bench.h"

enum {
    RAM_AT = 0,
    RAM_BYTES = 1 << 16,
    WORD_AT = 0x100000, /* implements 4 bytes */
    BYTE_AT = 0x101000, /* implements 1 byte */
    BIG_AT = 0x102000,  /* big-endian */
    MMU_AT = 0x200000,  /* shows RAM */
    NOTHING_AT = 0x300000,
    DEVICES = 4000,
    TABLE = 1 << 14,
    CHASE = 512, /* pointers: 4 KiB */
};

typedef struct Board {
    MemoryRegion root, ram, word, byte, big;
    IOMMUMemoryRegion mmu;
    AddressSpace as;
    DeviceRow row;
    MemoryRegionCache cache;
    hwaddr random[TABLE]; /* of a register of one of the devices */
    void *chase[CHASE];
    uint8_t buf[64];
    volatile uint64_t sink; /* results go here, so that they are computed */
    const MemoryRegionOps *volatile indirect;
    OpRow ops[24];
} Board;

#define PLAIN MEMTXATTRS_UNSPECIFIED

/* -- devices -------------------------------------------------------------- */

static uint64_t read_register(void *opaque, hwaddr addr, unsigned size)
{
    return addr;
}

static void write_register(void *opaque, hwaddr addr, uint64_t data,
                           unsigned size)
{
}

const MemoryRegionOps bench_ops = {
    .read = read_register,
    .write = write_register,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static const MemoryRegionOps byte_ops = {
    .read = read_register,
    .write = write_register,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static const MemoryRegionOps big_ops = {
    .read = read_register,
    .write = write_register,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

static IOMMUTLBEntry translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                               IOMMUAccessFlags flag, int index)
{
    return (IOMMUTLBEntry){.target_as = memory_world_current()->first_space,
                           .iova = addr & ~(hwaddr)0xfff,
                           .translated_addr = addr & ~(hwaddr)0xfff,
                           .addr_mask = 0xfff,
                           .perm = IOMMU_RW};
}

static void mmu_class_init(ObjectClass *class, void *data)
{
    IOMMU_MEMORY_REGION_CLASS(class)->translate = translate;
}

static const TypeInfo mmu_type = {.name = "bench-iommu",
                                  .parent = TYPE_IOMMU_MEMORY_REGION,
                                  .instance_size = sizeof(IOMMUMemoryRegion),
                                  .class_init = mmu_class_init};

/* -- operations ----------------------------------------------------------- */

static void run_chase(void *board, unsigned times)
{
    Board *b = board;
    void **p = b->chase;
    for (unsigned i = 0; i < times; i++) {
        p = *p;
    }
    b->sink = (uintptr_t)p;
}

static void run_indirect(void *board, unsigned times)
{
    Board *b = board;
    uint64_t sum = 0;
    for (unsigned i = 0; i < times; i++) {
        sum += b->indirect->read(b, i & 0xfc, 4);
    }
    b->sink = sum;
}

/* A loop over one call; i counts. */
#define OPERATION(name, call)                                                  \
    static void run_##name(void *board, unsigned times)                        \
    {                                                                          \
        Board *b = board;                                                      \
        uint64_t sum = 0;                                                      \
        for (unsigned i = 0; i < times; i++) {                                 \
            sum += (call);                                                     \
        }                                                                      \
        b->sink = sum;                                                         \
    }
/* The same for calls that return nothing. */
#define ACTION(name, call)                                                     \
    static void run_##name(void *board, unsigned times)                        \
    {                                                                          \
        Board *b = board;                                                      \
        for (unsigned i = 0; i < times; i++) {                                 \
            call;                                                              \
        }                                                                      \
    }

OPERATION(load_ram,
          address_space_ldl_le(&b->as, RAM_AT + (i * 4 & 0xffff), PLAIN, NULL))
OPERATION(load_io,
          address_space_ldl_le(&b->as, WORD_AT + (i * 4 & 0xff), PLAIN, NULL))
OPERATION(load_bytes,
          address_space_ldq_le(&b->as, BYTE_AT + (i * 8 & 0xff), PLAIN, NULL))
OPERATION(load_random,
          address_space_ldl_le(&b->row.as, b->random[i % TABLE], PLAIN, NULL))
OPERATION(load_big,
          address_space_ldl_le(&b->as, BIG_AT + (i * 4 & 0xff), PLAIN, NULL))
OPERATION(load_mmu,
          address_space_ldl_le(&b->as, MMU_AT + (i * 4 & 0xffff), PLAIN, NULL))
OPERATION(load_nothing,
          address_space_ldl_le(&b->as, NOTHING_AT + (i * 4 & 0xff), PLAIN,
                               NULL))
OPERATION(load_cached,
          address_space_ldl_le_cached(&b->cache, i * 4 & 0xfff, PLAIN, NULL))
ACTION(store_ram,
       address_space_stl_le(&b->as, RAM_AT + (i * 4 & 0xffff), i, PLAIN, NULL))
ACTION(store_io,
       address_space_stl_le(&b->as, WORD_AT + (i * 4 & 0xff), i, PLAIN, NULL))
ACTION(store_cached,
       address_space_stl_le_cached(&b->cache, i * 4 & 0xfff, i, PLAIN, NULL))
ACTION(read_64, address_space_rw(&b->as, RAM_AT + (i * 64 & 0xffff), PLAIN,
                                 b->buf, 64, false))
ACTION(write_64, address_space_rw(&b->as, RAM_AT + (i * 64 & 0xffff), PLAIN,
                                  b->buf, 64, true))
ACTION(read_64_io, address_space_rw(&b->as, WORD_AT, PLAIN, b->buf, 64, false))

static void run_find(void *board, unsigned times)
{
    Board *b = board;
    uint64_t sum = 0;
    for (unsigned i = 0; i < times; i++) {
        MemoryRegionSection s =
            memory_region_find(&b->row.root, b->random[i % TABLE], 4);
        sum += s.offset_within_region;
        memory_region_unref(s.mr);
    }
    b->sink = sum;
}

static void run_dispatch(void *board, unsigned times)
{
    Board *b = board;
    uint64_t sum = 0, value;
    for (unsigned i = 0; i < times; i++) {
        memory_region_dispatch_read(&b->word, i * 4 & 0xff, &value, MO_32,
                                    PLAIN);
        sum += value;
    }
    b->sink = sum;
}

static const OpRow all_ops[] = {
    {.name = "yardstick: pointer chase in the L1 cache", .run = run_chase},
    {.name = "yardstick: indirect call of the test device",
     .run = run_indirect},
    {.name = "32-bit load from RAM", .run = run_load_ram, .goal = 7},
    {.name = "32-bit load from a device, impl 4 bytes",
     .run = run_load_io,
     .goal = 15},
    {.name = "64-bit load from a device, impl 1 byte",
     .run = run_load_bytes,
     .goal = 40},
    {.name = "32-bit load, random one of 4000 devices",
     .run = run_load_random,
     .goal = 20},
    {.name = "memory_region_find, random of 4000", .run = run_find, .goal = 40},
    {.name = "32-bit load, big-endian device", .run = run_load_big},
    {.name = "32-bit load from RAM through an IOMMU", .run = run_load_mmu},
    {.name = "32-bit load where nothing is", .run = run_load_nothing},
    {.name = "32-bit load from RAM, cached", .run = run_load_cached},
    {.name = "32-bit store to RAM", .run = run_store_ram},
    {.name = "32-bit store to a device, impl 4 bytes", .run = run_store_io},
    {.name = "32-bit store to RAM, cached", .run = run_store_cached},
    {.name = "address_space_rw, 64 bytes from RAM", .run = run_read_64},
    {.name = "address_space_rw, 64 bytes to RAM", .run = run_write_64},
    {.name = "address_space_rw, 64 bytes from a device", .run = run_read_64_io},
    {.name = "memory_region_dispatch_read, 4 bytes", .run = run_dispatch},
    {.name = NULL},
};

/* -- boards --------------------------------------------------------------- */

void device_row_init(DeviceRow *row, unsigned count)
{
    row->count = count;
    row->device = calloc(count ? count : 1, sizeof(*row->device));
    if (!row->device) {
        abort();
    }
    memory_region_init(&row->root, NULL, "row", UINT64_MAX);
    memory_region_transaction_begin();
    for (unsigned i = 0; i < count; i++) {
        memory_region_init_io(&row->device[i], NULL, &bench_ops, NULL, "device",
                              0x100);
        memory_region_add_subregion(&row->root, (hwaddr)i << 12,
                                    &row->device[i]);
    }
    memory_region_transaction_commit();
    address_space_init(&row->as, &row->root, "row");
}

void device_row_fini(DeviceRow *row)
{
    address_space_destroy(&row->as);
    memory_region_transaction_begin();
    for (unsigned i = 0; i < row->count; i++) {
        memory_region_del_subregion(&row->root, &row->device[i]);
    }
    memory_region_transaction_commit();
    for (unsigned i = 0; i < row->count; i++) {
        memory_region_fini(&row->device[i]);
    }
    memory_region_fini(&row->root);
    free(row->device);
}

/* A ring through all pointers in an order that no prefetcher knows. */
static void make_chase(Board *b)
{
    for (unsigned i = 0; i < CHASE; i++) {
        b->chase[i] = &b->chase[(i * 5 + 1) % CHASE];
    }
}

static void add_io(Board *b, MemoryRegion *mr, const MemoryRegionOps *ops,
                   const char *name, hwaddr addr)
{
    memory_region_init_io(mr, NULL, ops, b, name, 0x1000);
    memory_region_add_subregion(&b->root, addr, mr);
}

OpRow *ops_begin(void **board)
{
    Board *b = calloc(1, sizeof(*b));
    if (!b) {
        abort();
    }
    *board = b;
    b->indirect = &bench_ops;
    make_chase(b);
    type_register_static(&mmu_type);
    memory_region_init(&b->root, NULL, "board", UINT64_MAX);
    address_space_init(&b->as, &b->root, "board");
    memory_region_init_ram(&b->ram, NULL, "ram", RAM_BYTES, NULL);
    memory_region_add_subregion(&b->root, RAM_AT, &b->ram);
    add_io(b, &b->word, &bench_ops, "word", WORD_AT);
    add_io(b, &b->byte, &byte_ops, "byte", BYTE_AT);
    add_io(b, &b->big, &big_ops, "big", BIG_AT);
    memory_region_init_iommu(&b->mmu, sizeof(b->mmu), "bench-iommu", NULL,
                             "mmu", RAM_BYTES);
    memory_region_add_subregion(&b->root, MMU_AT, &b->mmu.parent_obj);
    address_space_cache_init(&b->cache, &b->as, RAM_AT, 0x1000, true);
    device_row_init(&b->row, DEVICES);
    uint64_t x = 1;
    for (unsigned i = 0; i < TABLE; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        b->random[i] = (x >> 33) % DEVICES << 12 | (x >> 20 & 0xfc);
    }
    memcpy(b->ops, all_ops, sizeof(all_ops));
    return b->ops;
}

void ops_end(void *board)
{
    Board *b = board;
    MemoryRegion *child[] = {&b->ram, &b->word, &b->byte, &b->big,
                             &b->mmu.parent_obj};
    device_row_fini(&b->row);
    address_space_cache_destroy(&b->cache);
    address_space_destroy(&b->as);
    for (unsigned i = 0; i < sizeof(child) / sizeof(child[0]); i++) {
        memory_region_del_subregion(&b->root, child[i]);
        memory_region_fini(child[i]);
    }
    memory_region_fini(&b->root);
    free(b);
}
