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

/* KEY of the slot of the disk named last. */
static bool set_disk(RunOptions *opt, const char *key, const char *value)
{
    char path[64];
    snprintf(path, sizeof(path), "devices.virtio%u.%s", opt->disks - 1, key);
    return cli_boot_set(opt, path, value);
}

bool cli_boot_disk(RunOptions *opt, const char *file)
{
    opt->disks++;
    return set_disk(opt, "type", "virtio-blk") && set_disk(opt, "image", file);
}

/* The switches of a drive that a disk has, too. */
static bool set_part(RunOptions *opt, const char *part, size_t len)
{
    static const char *const flags[][2] = {{"readonly=on", "read_only"},
                                           {"snapshot=on", "snapshot"}};
    for (unsigned i = 0; i < 2; i++) {
        if (len == strlen(flags[i][0]) && !strncmp(part, flags[i][0], len) &&
            !set_disk(opt, flags[i][1], "true")) {
            return false;
        }
    }
    return true;
}

/* The part behind "file="; NULL: there is none. */
static char *file_part(const char *text)
{
    for (const char *p = text; *p; p += strcspn(p, ","), p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (strncmp(p, "file=", 5) == 0 && len > 5) {
            return strndup(p + 5, len - 5);
        }
    }
    return NULL;
}

bool cli_boot_drive(RunOptions *opt, const char *text)
{
    char *file = file_part(text);
    bool ok = file && cli_boot_disk(opt, file);
    if (!file) {
        cli_error("--drive: \"%.60s\" names no file; write file=DISK.img",
                  text);
    }
    for (const char *p = text; ok && *p; p += strcspn(p, ","), p += *p == ',') {
        ok = set_part(opt, p, strcspn(p, ","));
    }
    free(file);
    return ok;
}
