/*
 * cli_boot.c - the options of run that say what boots, as users of QEMU type
 * them: they set keys of section `boot`, and of devices, in the description.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/cli_options.h"

/* Options that are also taken with one dash. */
static const char *const habits[] = {
    "--append", "--bios",   "--disk",   "--drive",
    "--dtb",    "--initrd", "--kernel", "--smp",
};
enum { HABITS = sizeof(habits) / sizeof(habits[0]) };

void cli_boot_habits(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        for (unsigned k = 0; k < HABITS; k++) {
            if (strcmp(argv[i], habits[k] + 1) == 0) {
                argv[i] = (char *)(uintptr_t)habits[k];
            }
        }
    }
}

/* 'it''s', as YAML quotes a text in which nothing has a meaning. */
static char *quote(const char *text)
{
    char *out = malloc(2 * strlen(text) + 3), *p = out;
    if (!out) {
        return NULL;
    }
    *p++ = '\'';
    for (; *text; text++) {
        *p++ = *text;
        if (*text == '\'') {
            *p++ = '\'';
        }
    }
    *p++ = '\'';
    *p = '\0';
    return out;
}

bool cli_boot_set(RunOptions *opt, const char *key, const char *value)
{
    char *quoted = quote(value);
    bool ok = quoted && cli_set_later(opt, key, quoted);
    if (!quoted) {
        cli_error("the host has no memory left");
    }
    free(quoted);
    return ok;
}

/* KEY of a slot of the board: a virtio one or a flash. */
static bool set_slot(RunOptions *opt, const char *slot, unsigned n,
                     const char *key, const char *value)
{
    char path[64];
    snprintf(path, sizeof(path), "devices.%s%u.%s", slot, n, key);
    return cli_boot_set(opt, path, value);
}

bool cli_boot_disk(RunOptions *opt, const char *file)
{
    unsigned n = opt->disks++;
    return set_slot(opt, "virtio", n, "type", "virtio-blk") &&
           set_slot(opt, "virtio", n, "image", file);
}

/* Behind NAME=, a copy; NULL: there is no such part, or nothing in it. */
static char *part_of(const char *text, const char *name)
{
    size_t at = strlen(name);
    for (const char *p = text; *p; p += strcspn(p, ","), p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (strncmp(p, name, at) == 0 && p[at] == '=' && len > at + 1) {
            return strndup(p + at + 1, len - at - 1);
        }
    }
    return NULL;
}

static bool part_is(const char *text, const char *name, const char *value)
{
    char *part = part_of(text, name);
    bool is = part && strcmp(part, value) == 0;
    free(part);
    return is;
}

/* The flash of that number; without one the next. */
static bool pick_flash(RunOptions *opt, const char *text, unsigned *n)
{
    char *unit = part_of(text, "unit");
    bool ok = !unit || (unit[0] >= '0' && unit[0] <= '9' && !unit[1]);
    *n = unit && ok ? (unsigned)(unit[0] - '0') : opt->flashes;
    opt->flashes = *n + 1;
    if (!ok) {
        cli_error("--drive: unit=%.20s; the boards' flashes are 0 and 1", unit);
    }
    free(unit);
    return ok;
}

static bool set_drive(RunOptions *opt, const char *text, const char *file)
{
    const bool flash = part_is(text, "if", "pflash");
    const char *slot = flash ? "pflash" : "virtio";
    unsigned n = opt->disks;
    bool ok = flash ? pick_flash(opt, text, &n) &&
                          set_slot(opt, slot, n, "type", "cfi-flash") &&
                          set_slot(opt, slot, n, "image", file)
                    : cli_boot_disk(opt, file);
    if (ok && part_is(text, "readonly", "on")) {
        ok = set_slot(opt, slot, n, "read_only", "true");
    }
    if (ok && part_is(text, "snapshot", "on")) {
        ok = set_slot(opt, slot, n, "snapshot", "true");
    }
    return ok;
}

bool cli_boot_drive(RunOptions *opt, const char *text)
{
    char *file = part_of(text, "file");
    if (!file) {
        cli_error("--drive: \"%.60s\" names no file; write file=DISK.img",
                  text);
        return false;
    }
    bool ok = set_drive(opt, text, file);
    free(file);
    return ok;
}
