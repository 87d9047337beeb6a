/*
 * cli_map.c - map and devices: what is where, and what there is to put there.
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

/* -- devices -------------------------------------------------------------- */

static void print_size(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    unsigned u = 0;
    while (u < 3 && bytes && bytes % 1024 == 0) {
        bytes /= 1024;
        u++;
    }
    snprintf(buf, size, "%" PRIu64 "%s%s", bytes, u ? "" : " B",
             u ? units[u] : "");
}

static void print_map_size(const DeviceClass *cls, char *buf, size_t size)
{
    if (cls->mmio_size) {
        print_size(cls->mmio_size, buf, size);
    } else {
        snprintf(buf, size, "nothing");
    }
}

static int list_devices(void)
{
    printf("%-14s %-9s %s\n", "type", "size", "");
    for (unsigned i = 0; device_classes[i]; i++) {
        char size[32];
        print_map_size(device_classes[i], size, sizeof(size));
        printf("%-14s %-9s %s\n", device_classes[i]->name, size,
               device_classes[i]->summary);
    }
    puts("\nsocscope devices TYPE: parameters, pins and registers of one");
    return CLI_OK;
}

static const char *const param_type[] = {
    [PARAM_UINT] = "number",  [PARAM_SIZE] = "size",
    [PARAM_HZ] = "frequency", [PARAM_BOOL] = "true|false",
    [PARAM_STRING] = "text",  [PARAM_MASTER] = "bus",
    [PARAM_TIME] = "time",    [PARAM_FILE] = "file",
};

static void print_hz(uint64_t hz, char *buf, size_t size)
{
    static const char *const units[] = {"Hz", "kHz", "MHz", "GHz"};
    unsigned u = 0;
    while (u < 3 && hz && hz % 1000 == 0) {
        hz /= 1000;
        u++;
    }
    snprintf(buf, size, "%" PRIu64 "%s", hz, units[u]);
}

static void print_number(uint64_t n, char *buf, size_t size)
{
    snprintf(buf, size, "%" PRIu64, n);
}

static void print_preset(const ParamSpec *p, char *buf, size_t size)
{
    switch (p->type) {
    case PARAM_SIZE: print_size(p->preset, buf, size); break;
    case PARAM_BOOL:
        snprintf(buf, size, "%s", p->preset ? "true" : "false");
        break;
    case PARAM_FILE:
    case PARAM_STRING:
        snprintf(buf, size, "%s", p->text ? p->text : "\"\"");
        break;
    case PARAM_TIME: snprintf(buf, size, "0"); break; /* none is preset */
    case PARAM_MASTER: snprintf(buf, size, "its own bus"); break;
    case PARAM_HZ: print_hz(p->preset, buf, size); break;
    case PARAM_UINT: snprintf(buf, size, "%" PRIu64, p->preset); break;
    }
}

/* Text after a left column that ends before `indent`, in lines of 100. */
static void print_wrapped(const char *text, size_t indent)
{
    size_t room = 100 - indent;
    while (strlen(text) > room) {
        size_t cut = room;
        while (cut > 0 && text[cut] != ' ') {
            cut--;
        }
        cut = cut ? cut : room;
        printf("%.*s\n%*s", (int)cut, text, (int)indent, "");
        text += cut + (text[cut] == ' ');
    }
    puts(text);
}

static void print_params(const DeviceClass *cls)
{
    if (!cls->params || !cls->params->name) {
        return;
    }
    printf("\nparameters\n  %-15s %-11s %-12s\n", "name", "type", "default");
    for (const ParamSpec *p = cls->params; p->name; p++) {
        char preset[48], doc[512], range[96] = "";
        print_preset(p, preset, sizeof(preset));
        if (p->high) {
            char low[40], high[40];
            void (*print)(uint64_t, char *, size_t) =
                p->type == PARAM_HZ     ? print_hz
                : p->type == PARAM_SIZE ? print_size
                                        : print_number;
            print(p->low, low, sizeof(low));
            print(p->high, high, sizeof(high));
            snprintf(range, sizeof(range), " (%s to %s)", low, high);
        }
        snprintf(doc, sizeof(doc), "%s%s", p->doc, range);
        printf("  %-15s %-11s %-12s ", p->name, param_type[p->type],
               p->required ? "required" : preset);
        print_wrapped(doc, 43);
    }
}

static void print_pins(const DeviceClass *cls)
{
    if (cls->pins && cls->pins->name) {
        puts("\npins (outputs)");
        for (const PinSpec *p = cls->pins; p->name; p++) {
            char name[64];
            snprintf(name, sizeof(name), p->count > 1 ? "%s[0-%u]" : "%s",
                     p->name, p->count - 1);
            printf("  %-14s %s\n", name, p->doc);
        }
    }
    if (cls->irq_in) {
        puts("\ninputs\n  NAME.LINE      interrupt inputs: `irq: NAME.LINE` of "
             "another device");
    }
}

static void print_registers(const DeviceClass *cls)
{
    if (!cls->registers || !cls->registers->name) {
        return;
    }
    printf("\nregisters\n  %-10s %-17s %-5s %-6s\n", "offset", "name", "bytes",
           "access");
    for (const RegName *r = cls->registers; r->name; r++) {
        char name[64], doc[512];
        if (r->count > 1) {
            snprintf(name, sizeof(name), "%s[0-%u]", r->name, r->count - 1);
            snprintf(doc, sizeof(doc), "every %u bytes: %s",
                     r->stride ? r->stride : r->size, r->doc);
        } else {
            snprintf(name, sizeof(name), "%s", r->name);
            snprintf(doc, sizeof(doc), "%s", r->doc);
        }
        printf("  0x%08" PRIx64 " %-17s %-5u %-6s ", r->offset, name, r->size,
               r->access);
        print_wrapped(doc, 44);
    }
}

/* Where an output usually goes: the timers and the interrupt controller of
 * RISC-V to a hart, everything else to the controller. */
static void print_wire(const DeviceClass *cls, const PinSpec *pin,
                       unsigned line)
{
    const char *cpu = !strcmp(pin->name, "timer")  ? "mti"
                      : !strcmp(pin->name, "soft") ? "msi"
                      : !strcmp(cls->name, "plic") ? "mei"
                                                   : NULL;
    char target[24];
    if (cpu) {
        snprintf(target, sizeof(target), "cpu0.%s", cpu);
    } else {
        snprintf(target, sizeof(target), "plic0.%u", line);
    }
    printf(pin->count > 1 ? ", %s: [%s]" : ", %s: %s", pin->name, target);
}

/* An entry that can be pasted into a description with a cpu0 and a plic0. */
static void print_example(const DeviceClass *cls)
{
    printf("\nexample\n  - {name: %.20s0, type: %s, bus: main%s", cls->name,
           cls->name, cls->mmio_size ? ", at: 0x10000000" : "");
    for (const ParamSpec *p = cls->params; p && p->name; p++) {
        if (p->required || (p->type == PARAM_MASTER && cls->mmio_size)) {
            printf(", %s: %s", p->name,
                   p->type == PARAM_MASTER ? "main"
                   : p->type == PARAM_SIZE ? "4KiB"
                   : p->type == PARAM_FILE ? "run.db"
                                           : "1");
        }
    }
    unsigned line = 1;
    for (const PinSpec *p = cls->pins; p && p->name; p++) {
        print_wire(cls, p, line++);
    }
    puts("}");
}

static int describe_device(const DeviceClass *cls)
{
    char size[32];
    print_map_size(cls, size, sizeof(size));
    printf("%s - %s\n\nsource: %s\nsize:   %s in the map\n", cls->name,
           cls->summary, cls->source, size);
    print_params(cls);
    print_pins(cls);
    print_registers(cls);
    print_example(cls);
    return CLI_OK;
}

static int devices(int argc, char **argv)
{
    static const struct option options[] = {{NULL, 0, NULL, 0}};
    opterr = 0;
    int c = getopt_long(argc, argv, ":", options, NULL);
    if (c != -1) {
        return cli_bad_option(argv, c, options);
    }
    if (argc - optind > 1) {
        return cli_error("devices takes one type at most: socscope devices "
                         "[TYPE]");
    }
    if (argc == optind) {
        return list_devices();
    }
    const DeviceClass *cls = device_class_find(argv[optind]);
    if (cls) {
        return describe_device(cls);
    }
    ConfigHint hint;
    config_hint_init(&hint, argv[optind]);
    for (unsigned i = 0; device_classes[i]; i++) {
        config_hint_offer(&hint, device_classes[i]->name);
    }
    return cli_error("no device type \"%.60s\"; %s", argv[optind],
                     config_hint_text(&hint, "there are none"));
}

const CliCommand cli_devices = {
    .name = "devices",
    .summary = "device types, their parameters and registers",
    .help = "usage: socscope devices [TYPE]\n\n"
            "Without TYPE: a table of all types. With one: what it models, its "
            "parameters, pins\nand registers, and an entry to copy.\n",
    .run = devices,
};
