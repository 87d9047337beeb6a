/*
 * cli_map.c - map: what is where, and what an access there would do.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory/explain.h"
#include "sim/cli.h"
#include "sim/machine.h"

/* -- map ------------------------------------------------------------------ */

typedef struct MapOptions {
    CliList set;
    const char *bus, *explain;
    uint64_t size;
    bool size_given, write;
} MapOptions;

/* The bus an access is explained on: the one named, else where the first hart
 * loads, else the only one. */
static MachineBus *choose_bus(Machine *m, const Config *cfg,
                              const MapOptions *opt)
{
    if (!opt->bus) {
        return cfg->cpus ? machine_find_bus(m, cfg->cpu[0].bus)
                         : machine_bus(m, 0);
    }
    MachineBus *mb = machine_find_bus(m, opt->bus);
    if (!mb) {
        ConfigHint hint;
        config_hint_init(&hint, opt->bus);
        for (unsigned i = 0; i < cfg->buses; i++) {
            config_hint_offer(&hint, cfg->bus[i].name);
        }
        cli_error("--bus: no bus \"%.60s\"; %s", opt->bus,
                  config_hint_text(&hint, "the description has none"));
    }
    return mb;
}

static int print_map(Machine *m, const Config *cfg, const MapOptions *opt)
{
    MachineBus *only =
        opt->bus || opt->explain ? choose_bus(m, cfg, opt) : NULL;
    if (opt->bus && !only) {
        return CLI_USAGE;
    }
    if (opt->explain) {
        uint64_t addr;
        if (!only) {
            return cli_error("--explain: %s has no bus", cfg->file);
        }
        if (!cli_value("--explain", opt->explain, UNIT_NONE, &addr)) {
            return CLI_USAGE;
        }
        explain_access(&only->as, addr, (unsigned)opt->size, opt->write,
                       stdout);
        return CLI_OK;
    }
    for (unsigned i = 0; i < machine_buses(m); i++) {
        MachineBus *mb = machine_bus(m, i);
        if (!only || only == mb) {
            if (machine_buses(m) > 1) {
                printf("%sbus %s\n", i && !only ? "\n" : "", mb->name);
            }
            explain_map(&mb->as, stdout);
        }
    }
    return CLI_OK;
}

static int map_config(const char *path, const MapOptions *opt)
{
    Error *err = NULL;
    Config *cfg = config_load(path, opt->set.text, &err);
    if (!cfg) {
        return cli_fail(err);
    }
    Machine *m = machine_new(cfg, &err);
    int status = m ? print_map(m, cfg, opt) : cli_fail(err);
    machine_free(m);
    config_free(cfg);
    return status;
}

static bool parse_map(int argc, char **argv, MapOptions *opt)
{
    static const struct option options[] = {
        {"set", required_argument, NULL, 'S'},
        {"bus", required_argument, NULL, 'b'},
        {"explain", required_argument, NULL, 'e'},
        {"size", required_argument, NULL, 's'},
        {"write", no_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":s:w", options, NULL)) != -1) {
        switch (c) {
        case 'S': cli_add(&opt->set, optarg); break;
        case 'b': opt->bus = optarg; break;
        case 'e': opt->explain = optarg; break;
        case 'w': opt->write = true; break;
        case 's':
            opt->size_given = true;
            if (!cli_value("-s", optarg, UNIT_NONE, &opt->size)) {
                return false;
            }
            break;
        default: cli_bad_option(argv, c, options); return false;
        }
    }
    if (argc - optind != 1) {
        cli_error("map takes one description: socscope map CONFIG");
        return false;
    }
    if (!opt->explain && (opt->size_given || opt->write)) {
        cli_error("-s and -w say more about --explain ADDR; add it");
        return false;
    }
    if (opt->size != 1 && opt->size != 2 && opt->size != 4 && opt->size != 8) {
        cli_error("-s: an access has 1, 2, 4 or 8 bytes");
        return false;
    }
    return true;
}

static int map(int argc, char **argv)
{
    MapOptions opt = {.size = 4};
    int status = parse_map(argc, argv, &opt) ? map_config(argv[optind], &opt)
                                             : CLI_USAGE;
    free(opt.set.text);
    return status;
}

const CliCommand cli_map = {
    .name = "map",
    .summary = "the memory map, and what an access would do",
    .help =
        "usage: socscope map CONFIG [--set a.b=V]... [--bus NAME]\n"
        "       socscope map CONFIG --explain ADDR [-s BYTES] [-w] [--bus "
        "NAME]\n\n"
        "Prints the tree of regions, the flat view of it, and what hides what; "
        "or, with\n--explain, what one access would do and why.\n\n"
        "  --set a.b=V      overrides one value of the description\n"
        "  --bus NAME       of this bus only; --explain: default is the first "
        "cpu's\n"
        "  --explain ADDR   explains an access there\n"
        "  -s, --size N     of 1, 2, 4 or 8 bytes (default 4)\n"
        "  -w, --write      a store instead of a load\n",
    .run = map,
};
