/*
 * cli.c - errors and values of the command line.
 */
#include "sim/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int cli_error(const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 127) {
            *p = '?'; /* one line, whatever a file is called */
        }
    }
    fflush(stdout);
    fprintf(stderr, "socscope: error: %s\n", text);
    return CLI_USAGE;
}

int cli_fail(Error *err)
{
    cli_error("%s", error_message(err));
    error_free(err);
    return CLI_USAGE;
}

int cli_bad_option(char **argv, int c, const struct option *options)
{
    const char *given = argv[optind - 1];
    if (c == ':') {
        return cli_error("%s needs a value; see socscope %s --help", given,
                         argv[0]);
    }
    if (strncmp(given, "--", 2) != 0) {
        return cli_error("unknown option %.60s; see socscope %s --help", given,
                         argv[0]);
    }
    ConfigHint hint;
    char word[64], name[64], offered[64][64];
    unsigned n = 0;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(given, "="), given);
    config_hint_init(&hint, word);
    for (const struct option *o = options; o->name && n < 64; o++) {
        snprintf(name, sizeof(name), "--%s", o->name);
        if (!strcmp(name, word)) {
            return cli_error("%s takes no value; see socscope %s --help", word,
                             argv[0]);
        }
        snprintf(offered[n], sizeof(offered[n]), "--%s", o->name);
        config_hint_offer(&hint, offered[n++]);
    }
    return cli_error("unknown option %s; %s", word,
                     config_hint_text(&hint, ""));
}

bool cli_value(const char *option, const char *text, ConfigUnit unit,
               uint64_t *value)
{
    Error *err = NULL;
    Node node = {
        .kind = NODE_SCALAR, .at = {.file = "command line"}, .text = text};
    if (config_value_number(&node, option, unit, 0, UINT64_MAX, value, &err)) {
        return true;
    }
    cli_fail(err);
    return false;
}

void cli_add(CliList *list, const char *text)
{
    const char **grown =
        realloc(list->text, (list->count + 2) * sizeof(*grown));
    if (grown) {
        list->text = grown;
        grown[list->count++] = text;
        grown[list->count] = NULL;
    }
}
