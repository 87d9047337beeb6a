/*
 * config_memory.c - what only some memories have: a buffer that reads ahead,
 * the words of a small boot ROM.
 *
 * Source   own design.
 */
#include "sim/config_get.h"
#include "sim/config_node.h"

enum { WORDS = 256, PREFETCH_MAX = 4096 };

static bool read_prefetch(const Config *cfg, ConfigMemory *memory,
                          const Node *map, Error **errp)
{
    const Node *n = config_node_find(map, "prefetch");
    uint64_t bytes;
    const ConfigBus *home = config_bus_find(cfg, memory->bus[0]);
    if (!n) {
        return true;
    }
    if (!config_value_number(n, "prefetch", UNIT_SIZE, 0, PREFETCH_MAX, &bytes,
                             errp)) {
        return false;
    }
    if (home && bytes % home->width != 0) {
        return config_error(errp, n->at,
                            "prefetch: %u bytes; whole words of bus \"%s\" "
                            "would be right: a multiple of %u",
                            (unsigned)bytes, home->name, home->width);
    }
    memory->prefetch = (uint32_t)bytes;
    return true;
}

static bool read_words(Config *cfg, ConfigMemory *memory, const Node *map,
                       Error **errp)
{
    const Node *n = config_node_find(map, "words");
    if (!n) {
        return true;
    }
    if (n->kind != NODE_LIST || n->count > WORDS ||
        n->count > memory->size / sizeof(*memory->word)) {
        return config_error(errp, n->at,
                            "words: a list of 32-bit numbers that fits into "
                            "the memory would be right, such as [0x6f, 0]");
    }
    if (config_node_find(map, "file")) {
        return config_error(errp, n->at,
                            "words: \"%s\" has a file, too; leave one out",
                            memory->name);
    }
    memory->word =
        config_arena_alloc(cfg->arena, n->count * sizeof(*memory->word));
    for (const Node *w = n->first; w; w = w->next) {
        uint64_t value;
        if (!config_value_number(w, "words", UNIT_NONE, 0, UINT32_MAX, &value,
                                 errp)) {
            return false;
        }
        memory->word[memory->words++] = (uint32_t)value;
    }
    return true;
}

/* Fetches without a cache cost what decoding finds, which does not change. */
bool config_check_prefetch(const Config *cfg, Error **errp)
{
    for (unsigned i = 0; i < cfg->memories; i++) {
        const ConfigMemory *memory = &cfg->memory[i];
        for (unsigned k = 0; memory->prefetch && k < cfg->cpus; k++) {
            const ConfigCpu *cpu = &cfg->cpu[k];
            bool fetches = false;
            for (unsigned b = 0; memory->bus[b]; b++) {
                fetches |= config_bus_leads(cfg, cpu->fetch, memory->bus[b]);
            }
            if (fetches && !cpu->icache.there) {
                return config_error(errp, memory->at,
                                    "prefetch: \"%s\" fetches from \"%s\" "
                                    "without an icache; give it one, such as "
                                    "icache: {size: 64, line: 32}",
                                    cpu->name, memory->name);
            }
        }
    }
    return true;
}

bool config_memory_more(Config *cfg, ConfigMemory *memory, const Node *map,
                        Error **errp)
{
    return read_prefetch(cfg, memory, map, errp) &&
           read_words(cfg, memory, map, errp);
}
