/*
 * cli_system.c - options of run for whole systems: symbols of images that are
 * loaded as bytes or by the guest, and phases by what the console says.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/cli_options.h"
#include "sim/config_node.h"
#include "sim/script.h"

enum { MAX_PHASE_NAME = 63 };

static bool is_name(const char *text)
{
    size_t n = 0;
    for (; text[n]; n++) {
        if ((unsigned char)text[n] < ' ' || text[n] == 0x7f) {
            return false;
        }
    }
    return n > 0 && n <= MAX_PHASE_NAME;
}

/* TEXT=NAME; the last = counts. */
static bool phase_on(Machine *m, const char *option, Error **errp)
{
    const ConfigPlace at = {.file = "command line"};
    const char *name = strrchr(option, '=');
    if (!name || !is_name(name + 1)) {
        return error_set(errp,
                         "--phase-on \"%.60s\" names no phase; write "
                         "TEXT=NAME, with 1 to %d characters for NAME",
                         option, MAX_PHASE_NAME);
    }
    char *text = strndup(option, (size_t)(name - option));
    uint8_t *bytes = malloc((size_t)(name - option) + 1);
    size_t len = 0;
    bool ok = text && bytes ? script_text(text, bytes, &len, at, errp)
                            : error_set(errp, "the host has no memory left");
    ok = ok ? machine_phase_on(m, bytes, len, name + 1, errp)
            : error_prepend(errp, "--phase-on: ");
    free(text);
    free(bytes);
    return ok;
}

/* FILE or FILE@BIAS; what follows the last @ is one if it begins as a number.
 */
static bool load_symbols(Machine *m, const char *option, Error **errp)
{
    const char *at = strrchr(option, '@');
    uint64_t bias = 0;
    bool ok = true;
    if (at && at[1] >= '0' && at[1] <= '9') {
        Node node = {.kind = NODE_SCALAR,
                     .at = {.file = "command line"},
                     .text = at + 1};
        ok = config_value_number(&node, "--symbols", UNIT_SIZE, 0, UINT64_MAX,
                                 &bias, errp);
    } else {
        at = option + strlen(option);
    }
    char *path = strndup(option, (size_t)(at - option));
    ok = ok && (path ? machine_load_symbols(m, path, bias, errp)
                     : error_set(errp, "the host has no memory left"));
    free(path);
    return ok || error_prepend(errp, "--symbols: ");
}

bool cli_system_apply(const RunOptions *opt, Machine *m, Error **errp)
{
    for (unsigned i = 0; i < opt->symbols.count; i++) {
        if (!load_symbols(m, opt->symbols.text[i], errp)) {
            return false;
        }
    }
    if (opt->phase_on.count && !opt->dir) {
        return error_set(errp, "--phase-on needs a folder for the database; "
                               "add -o DIR");
    }
    for (unsigned i = 0; i < opt->phase_on.count; i++) {
        if (!phase_on(m, opt->phase_on.text[i], errp)) {
            return false;
        }
    }
    return true;
}

void cli_system_warn(const Machine *m)
{
    const char *missed = machine_phase_missed(m);
    if (missed) {
        fprintf(
            stderr,
            "socscope: warning: --phase-on ...=%s: its text never came on a "
            "console; see console.log for what did\n",
            missed);
    }
}
