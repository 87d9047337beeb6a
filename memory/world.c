/*
 * world.c - worlds: which one is current, and the nesting of transactions.
 *
 * Model    One current world per thread. A thread that never enters one works
 *          in a world of its own, kept in thread-local storage: there is
 *          nothing to free when the thread ends.
 */
#include "memory/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/posted_private.h"

static _Thread_local MemoryWorld *current;
static _Thread_local MemoryWorld own; /* the thread's default */

/* Everything else starts as zero. */
static void world_init(MemoryWorld *world)
{
    world->unassigned.ops = &memory_none_ops;
    world->unassigned.world = world;
    world->unassigned.size = int128_2_64();
    world->unassigned.terminates = true;
}

MemoryWorld *memory_world_new(void)
{
    MemoryWorld *world = memory_alloc(1, sizeof(*world));
    world_init(world);
    return world;
}

void memory_world_free(MemoryWorld *world)
{
    if (!world) {
        return;
    }
    assert(!world->first_space && !world->first_listener);
    if (current == world) {
        current = NULL;
    }
    posted_free(world);
    flatview_trim(world);
    watches_free(world);
    object_classes_free(world);
    free(world);
}

MemoryWorld *memory_world_default(void)
{
    if (!own.unassigned.world) {
        world_init(&own);
    }
    return &own;
}

MemoryWorld *memory_world_current(void)
{
    if (!current) {
        current = memory_world_default();
    }
    return current;
}

MemoryWorld *memory_world_enter(MemoryWorld *world)
{
    MemoryWorld *outer = current;
    current = world;
    return outer ? outer : memory_world_default();
}

/* -- transactions --------------------------------------------------------- */

void world_begin(MemoryWorld *world)
{
    if (world->posted) {
        posted_flush(world, POSTED_MAP);
    }
    world->transaction_depth++;
}

void world_commit(MemoryWorld *world)
{
    assert(world->transaction_depth > 0);
    world->transaction_depth--;
    if (world->transaction_depth || world->updating) {
        return;
    }
    /* a listener may change the map again */
    while (world->update_pending || world->eventfds_pending) {
        listener_update(world);
    }
}

void memory_region_transaction_begin(void)
{
    MemoryWorld *world = memory_world_current();
    world_begin(world);
    /* Inside it, everybody sees the map as it is now. */
    if (world->transaction_depth == 1) {
        for (AddressSpace *as = world->first_space; as; as = as->next) {
            address_space_to_flatview(as);
        }
    }
}

void memory_region_transaction_commit(void)
{
    world_commit(memory_world_current());
}

/* -- warnings ---------------------------------------------------------------
 */

void memory_log(MemoryWorld *world, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (world->log) {
        world->log(world->log_opaque, line);
    } else {
        fprintf(stderr, "socscope: warning: %s\n", line);
    }
}

/* -- memory for tables ---------------------------------------------------- */

void *memory_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p) {
        abort(); /* the host has no memory for a table */
    }
    return p;
}

void *memory_lines(size_t bytes)
{
    const size_t line = 64;
    void *p = bytes > SIZE_MAX - line
                  ? NULL
                  : aligned_alloc(line, (bytes + line - 1) / line * line);
    if (!p) {
        abort();
    }
    return p;
}

void *memory_grow(void *old, size_t count, size_t size)
{
    void *p =
        size && count > SIZE_MAX / size ? NULL : realloc(old, count * size);
    if (!p) {
        abort();
    }
    return p;
}
