/*
 * cli_devices.c - devices: what there is to put into a description.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli.h"

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
    [PARAM_UINT] = "number",   [PARAM_SIZE] = "size",
    [PARAM_HZ] = "frequency",  [PARAM_BOOL] = "true|false",
    [PARAM_STRING] = "text",   [PARAM_MASTER] = "bus",
    [PARAM_TIME] = "time",     [PARAM_FILE] = "file",
    [PARAM_TEXTS] = "names",   [PARAM_MEMORY] = "memory",
    [PARAM_DEVICE] = "device",
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

static void print_time(uint64_t ps, char *buf, size_t size)
{
    static const char *const units[] = {"ps", "ns", "us", "ms", "s"};
    unsigned u = 0;
    while (u < 4 && ps && ps % 1000 == 0) {
        ps /= 1000;
        u++;
    }
    snprintf(buf, size, "%" PRIu64 "%s", ps, ps ? units[u] : "");
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
    case PARAM_TEXTS:
    case PARAM_STRING:
        snprintf(buf, size, "%s", p->text ? p->text : "\"\"");
        break;
    case PARAM_TIME: print_time(p->preset, buf, size); break;
    case PARAM_MEMORY:
    case PARAM_DEVICE: snprintf(buf, size, "none"); break;
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
                : p->type == PARAM_TIME ? print_time
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

static void field_bits(const FieldName *f, char *buf, size_t size)
{
    if (f->width == 1) {
        snprintf(buf, size, "%u", f->low);
    } else {
        snprintf(buf, size, "%u:%u", f->low + f->width - 1, f->low);
    }
}

/* "0 off, 1 on"; empty without names. */
static void field_values(const FieldName *f, char *buf, size_t size)
{
    size_t used = 0;
    const char *name = f->values;
    buf[0] = '\0';
    for (unsigned value = 0; name && used < size; value++) {
        int len = (int)strcspn(name, "|");
        if (len) {
            int n = snprintf(buf + used, size - used, "%s%u %.*s",
                             used ? ", " : "", value, len, name);
            used += n > 0 ? (size_t)n : 0;
        }
        name = name[len] ? name + len + 1 : NULL;
    }
}

/* With their meaning: "what interrupts: 0 modem, 1 none". */
static void field_doc(const FieldName *f, char *buf, size_t size)
{
    char values[384];
    field_values(f, values, sizeof(values));
    snprintf(buf, size, "%s%s%s", f->doc, *values ? ": " : "", values);
}

static void print_fields(const DeviceClass *cls)
{
    if (!cls->fields || !cls->fields->reg) {
        return;
    }
    printf("\nfields\n  %-28s %-6s %-6s\n", "name", "bits", "access");
    for (const FieldName *f = cls->fields; f->reg; f++) {
        char name[96], bits[16], doc[512];
        snprintf(name, sizeof(name), "%s.%s", f->reg, f->name);
        field_bits(f, bits, sizeof(bits));
        field_doc(f, doc, sizeof(doc));
        printf("  %-28s %-6s %-6s ", name, bits, f->access);
        print_wrapped(doc, 45);
    }
}

/* -- the register pages of docs/devices -------------------------------------
 */

/* In a cell of a table a bar is no border. */
static void page_doc(const char *text)
{
    for (; *text; text++) {
        printf(*text == '|' ? "\\|" : "%c", *text);
    }
    puts(" |");
}

static void page_registers(const DeviceClass *cls)
{
    puts("| offset | name | bytes | access | |\n|---|---|---|---|---|");
    for (const RegName *r = cls->registers; r && r->name; r++) {
        if (r->count > 1) {
            printf("| `0x%02" PRIx64 " + %u * n` | %s[n], n < %u | %u | %s | ",
                   r->offset, r->stride ? r->stride : r->size, r->name,
                   r->count, r->size, r->access);
        } else {
            printf("| `0x%02" PRIx64 "` | %s | %u | %s | ", r->offset, r->name,
                   r->size, r->access);
        }
        page_doc(r->doc);
    }
}

static void page_fields(const DeviceClass *cls)
{
    if (!cls->fields || !cls->fields->reg) {
        return;
    }
    puts("\n| field | bits | access | |\n|---|---|---|---|");
    for (const FieldName *f = cls->fields; f->reg; f++) {
        char bits[16], doc[512];
        field_bits(f, bits, sizeof(bits));
        field_doc(f, doc, sizeof(doc));
        printf("| %s.%s | %s | %s | ", f->reg, f->name, bits, f->access);
        page_doc(doc);
    }
}

static int print_page(const DeviceClass *cls)
{
    page_registers(cls);
    page_fields(cls);
    return CLI_OK;
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
    puts("\nexample");
    for (const ParamSpec *p = cls->params; p && p->name; p++) {
        if (p->required && p->type == PARAM_DEVICE) {
            printf("  - {name: other0, type: %s, bus: main, at: 0x10001000}\n",
                   p->text);
        }
    }
    printf("  - {name: %.20s0, type: %s, bus: main%s", cls->name, cls->name,
           cls->mmio_size ? ", at: 0x10000000" : "");
    for (const ParamSpec *p = cls->params; p && p->name; p++) {
        if (p->required || (p->type == PARAM_MASTER && cls->mmio_size)) {
            printf(", %s: %s", p->name,
                   p->type == PARAM_MASTER   ? "main"
                   : p->type == PARAM_SIZE   ? "4KiB"
                   : p->type == PARAM_FILE   ? (p->text ? p->text : "run.db")
                   : p->type == PARAM_DEVICE ? "other0"
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
    print_fields(cls);
    print_example(cls);
    return CLI_OK;
}

static int devices(int argc, char **argv)
{
    static const struct option options[] = {
        {"markdown", no_argument, NULL, 'm'}, {NULL, 0, NULL, 0}};
    bool markdown = false;
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c != 'm') {
            return cli_bad_option(argv, c, options);
        }
        markdown = true;
    }
    if (argc - optind > 1) {
        return cli_error("devices takes one type at most: socscope devices "
                         "[TYPE]");
    }
    if (argc == optind) {
        return markdown ? cli_error("--markdown needs a type: socscope devices "
                                    "--markdown TYPE")
                        : list_devices();
    }
    const DeviceClass *cls = device_class_find(argv[optind]);
    if (cls) {
        return markdown ? print_page(cls) : describe_device(cls);
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
    .help = "usage: socscope devices [--markdown] [TYPE]\n\n"
            "Without TYPE: a table of all types. With one: what it models, its "
            "parameters, pins,\nregisters and their fields, and an entry to "
            "copy.\n"
            "  --markdown   only the registers and fields, as the tables of "
            "docs/devices\n",
    .run = devices,
};
