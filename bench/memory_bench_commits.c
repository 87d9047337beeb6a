/*
 * memory_bench_commits.c - what changing the map costs.
 *
 * Model    A row of devices in one container. One of them is switched off and
 *          on; after each of these commits another one is read, so that a view
 *          that is drawn when it is looked at is drawn. A listener, where there
 *          is one, counts the events it is told.
 * Missing  nothing
 */
#include "bench/memory_bench.h"

typedef struct Counter {
    MemoryListener listener; /* first */
    unsigned long events;
} Counter;

static void count_section(MemoryListener *listener,
                          MemoryRegionSection *section)
{
    ((Counter *)(void *)listener)->events++;
}

static void count_commit(MemoryListener *listener)
{
    ((Counter *)(void *)listener)->events++;
}

static void toggle(DeviceRow *row, unsigned which)
{
    MemoryRegion *mr = &row->device[which];
    memory_region_set_enabled(mr, !mr->enabled);
    hwaddr other = (hwaddr)(which ? which - 1 : row->count - 1) << 12;
    address_space_ldl_le(&row->as, other, MEMTXATTRS_UNSPECIFIED, NULL);
}

/* us per toggle and access: the least of all windows. */
static double measure(DeviceRow *row, double seconds)
{
    unsigned times = row->count < 1000 ? 64 : row->count < 10000 ? 8 : 2;
    double least = 1e30, end = bench_now() + seconds * 1e9;
    for (unsigned window = 0; window < 3 || bench_now() < end; window++) {
        double start = bench_now();
        for (unsigned i = 0; i < times; i++) {
            toggle(row, row->count / 2);
        }
        double took = (bench_now() - start) / times / 1000;
        least = took < least ? took : least;
    }
    return least;
}

static double keep_least(double before, double now)
{
    return before > 0 && before < now ? before : now;
}

static Counter new_counter(void)
{
    return (Counter){.listener = {.begin = count_commit,
                                  .commit = count_commit,
                                  .region_add = count_section,
                                  .region_del = count_section,
                                  .region_nop = count_section}};
}

void commits_measure(CommitRow *row, double seconds)
{
    DeviceRow devices;
    device_row_init(&devices, row->regions);
    row->us[0] = keep_least(row->us[0], measure(&devices, seconds));
    Counter counter = new_counter();
    memory_listener_register(&counter.listener, &devices.as);
    row->us[1] = keep_least(row->us[1], measure(&devices, seconds));
    memory_listener_unregister(&counter.listener);
    device_row_fini(&devices);
}

/* Puts each device into the row's container, in an order of rising addresses,
 * each in a transaction of its own. */
void adds_measure(AddRow *row)
{
    DeviceRow devices, spare;
    device_row_init(&devices, 0);
    device_row_init(&spare, row->regions);
    memory_region_transaction_begin();
    for (unsigned i = 0; i < row->regions; i++) {
        memory_region_del_subregion(&spare.root, &spare.device[i]);
    }
    memory_region_transaction_commit();
    Counter counter = new_counter();
    if (row->listener) {
        memory_listener_register(&counter.listener, &devices.as);
    }
    double start = bench_now();
    for (unsigned i = 0; i < row->regions; i++) {
        memory_region_add_subregion(&devices.root, (hwaddr)i << 12,
                                    &spare.device[i]);
        if (row->access) {
            address_space_ldl_le(&devices.as, (hwaddr)i << 12,
                                 MEMTXATTRS_UNSPECIFIED, NULL);
        }
    }
    address_space_ldl_le(&devices.as, 0, MEMTXATTRS_UNSPECIFIED, NULL);
    row->seconds = keep_least(row->seconds, (bench_now() - start) / 1e9);
    if (row->listener) {
        memory_listener_unregister(&counter.listener);
    }
    memory_region_transaction_begin();
    for (unsigned i = 0; i < row->regions; i++) {
        memory_region_del_subregion(&devices.root, &spare.device[i]);
        memory_region_add_subregion(&spare.root, (hwaddr)i << 12,
                                    &spare.device[i]);
    }
    memory_region_transaction_commit();
    device_row_fini(&devices);
    device_row_fini(&spare);
}
