/*
 * config_keys.c - every key a description may have, as a table.
 *
 * Model    Data: section, key, type, value when silent (NULL: required), doc.
 *          Unknown and missing keys are found with it; a test holds
 *          docs/config.md against it.
 * Units    -
 * Source   own design.
 * Missing  parameters and pins of devices: they are in each DeviceClass.
 */
#include <stddef.h>

#include "sim/config.h"

const ConfigKey config_keys[] = {
    {"top", "version", "number", NULL, "format of the file; 1"},
    {"top", "name", "name", "soc", "of the machine"},
    {"top", "extends", "file", "", "the file this one is laid over"},
    {"top", "clock", "frequency", NULL, "of everything without its own"},
    {"top", "quantum", "time", "1us",
     "how far one of several harts may run ahead"},
    {"top", "cpus", "list of cpu", "[]", "harts"},
    {"top", "buses", "map of bus", "{}", "buses, by name"},
    {"top", "memories", "list of memory", "[]", "RAM and ROM"},
    {"top", "devices", "list of device", "[]", "everything else"},
    {"top", "limits", "map of limits", "{}", "what happens at the edges"},

    {"cpu", "name", "name", NULL, "may have a range: cpu[0-3]"},
    {"cpu", "isa", "text", NULL, "rv32 or rv64 and extensions"},
    {"cpu", "timing", "profile", "generic-table", "what instructions cost"},
    {"cpu", "clock", "frequency", "the machine's", "of this hart"},
    {"cpu", "reset", "address", "0", "where it begins without firmware"},
    {"cpu", "bus", "bus", NULL, "its data port"},
    {"cpu", "fetch", "bus", "as bus", "its fetch port"},
    {"cpu", "misaligned", "split|trap", "split",
     "what a misaligned load or store does"},
    {"cpu", "modes", "mu|msu", "msu", "privilege modes; s: supervisor"},
    {"cpu", "mmu", "bare|sv32|sv39|sv48", "sv32 or sv48",
     "the widest address translation"},
    {"cpu", "hardware_ad", "true|false", "false",
     "page-table walks set A and D; false: they fault"},
    {"cpu", "pmp", "number", "16", "physical memory protection entries"},
    {"cpu", "priority", "number", "0", "on a fixed-priority bus; lower wins"},
    {"cpu", "icache", "cache or none", "none", "of instructions"},
    {"cpu", "dcache", "cache or none", "none", "of loads and stores"},
    {"cpu", "remove", "true|false", "false", "drop the extended file's entry"},

    {"cache", "size", "size", NULL, "bytes of its lines"},
    {"cache", "ways", "number", "1", "lines of a set"},
    {"cache", "line", "number", "32", "bytes: 8, 16, 32, 64 or 128"},
    {"cache", "replacement", "lru|plru|round-robin|round-robin-set|random",
     "lru", "which line goes"},
    {"cache", "seed", "number", "1", "of random replacement"},
    {"cache", "hit", "cycles", "1", "of an access, before anything else"},
    {"cache", "fill_overhead", "cycles", "0", "before a line is fetched"},
    {"cache", "writeback_overhead", "cycles", "0",
     "before a dirty line is written back"},
    {"cache", "write", "back|through", "back", "what a store does"},
    {"cache", "allocate", "read-write|read", "read-write",
     "which misses fetch a line"},
    {"cache", "fence_i", "invalidate|keep", "invalidate or keep",
     "what the instruction does"},
    {"cache", "uncached", "list of uncached", "[]", "memory it never keeps"},
    {"uncached", "at", "address", NULL, "where it begins"},
    {"uncached", "size", "size", NULL, "whole pages of 4 KiB"},

    {"bus", "width", "bits", "32", "8, 16, 32, ... 1024 per beat"},
    {"bus", "clock", "frequency", "the machine's", "of the bus"},
    {"bus", "arbitration", "fixed|round-robin", "fixed", "who goes first"},
    {"bus", "overhead", "cycles", "0", "before the first beat"},
    {"bus", "wait_states", "wait states", "0", "added to every target's"},
    {"bus", "timing", "none", "", "none: accesses take no time"},
    {"bus", "remove", "true|false", "false", "drop the extended file's entry"},

    {"memory", "name", "name", NULL, "may have a range: bank[0-3]"},
    {"memory", "bus", "bus or list of bus", NULL, "the first is its home"},
    {"memory", "at", "address", NULL, "where it begins"},
    {"memory", "size", "size", NULL, "bytes"},
    {"memory", "kind", "ram|rom", "ram", "may it be written"},
    {"memory", "wait_states", "wait states", "0", "cycles of the bus"},
    {"memory", "posted", "posted or none", "none",
     "stores wait in a buffer and are combined"},
    {"memory", "priority", "number", "0", "of overlapping: higher hides lower"},
    {"memory", "overlap", "true|false", "false", "may share addresses"},
    {"memory", "file", "file", "", "image loaded at its start"},
    {"memory", "remove", "true|false", "false",
     "drop the extended file's entry"},

    {"device", "name", "name", NULL, "may have a range: uart[0-3]"},
    {"device", "type", "device type", NULL, "see `socscope devices`"},
    {"device", "bus", "bus", NULL, "where its registers are"},
    {"device", "at", "address", "", "of its first register; required then"},
    {"device", "wait_states", "wait states", "0", "cycles of the bus"},
    {"device", "posted", "posted or none", "none",
     "stores wait in a buffer and are combined"},
    {"device", "flush_posted", "true|false", "false",
     "an access to it waits for all posted stores"},
    {"device", "priority", "number", "0", "of overlapping: higher hides lower"},
    {"device", "overlap", "true|false", "false", "may share addresses"},
    {"device", "remove", "true|false", "false",
     "drop the extended file's entry"},

    {"limits", "unmapped", "fault|ignore", "fault",
     "an access where nothing is"},

    {"wait_states", "read", "cycles or wait parts", "0", "per beat of a read"},
    {"wait_states", "write", "cycles or wait parts", "0",
     "per beat of a write"},
    {"wait_parts", "first", "cycles", "0", "the first beat"},
    {"wait_parts", "next", "cycles", "0", "each later beat"},

    {"posted", "depth", "number", "16", "entries, 1 to 64"},
    {"posted", "merge", "none|word|line|ascending", "word",
     "which stores become one entry"},
    {"posted", "line", "size", "64", "bytes of a line or run, 8 to 256"},
    {"posted", "timeout", "cycles", "64",
     "how long the oldest entry waits; 0: for ever"},
    {"posted", "accept", "cycles", "1", "what a posted store costs"},
    {"posted", "domain", "name", "the region's",
     "ranges of one domain share one buffer and its order"},
    {"posted", "from", "size", "0", "where the range begins in the region"},
    {"posted", "size", "size", "to its end", "of the range"},
    {NULL, NULL, NULL, NULL, NULL},
};
