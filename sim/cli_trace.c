/*
 * cli_trace.c - the options of run that say what is recorded, and when.
 *
 * SPEC is a list of kinds, groups, levels and filters; a moment is a symbol, a
 * pc, a time, a number of instructions, a phase, or what a hart meets. Moments
 * are read when the firmware is loaded: they may name its symbols.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/cli_options.h"

#define KIND(name) (1u << ACCESS_##name)
#define KINDS_DATA (KIND(LOAD) | KIND(STORE) | KIND(AMO))
#define KINDS_ALL ((1u << ACCESS_KINDS) - 1)
/* What may be an access of a device. */
#define KINDS_DEVICE (KINDS_ALL & ~(KIND(FETCH) | KIND(WALK)))

/* -- SPEC ----------------------------------------------------------------- */

static const char *const filters[] = {"initiator=", "region=", "addr=", "dir="};
static const char *const words[] = {"data", "mmio", "all",
                                    "tx",   "beat", "nobeats"};

static bool unknown_word(const char *word)
{
    ConfigHint hint;
    config_hint_init(&hint, word);
    for (unsigned i = 0; i < ACCESS_KINDS; i++) {
        config_hint_offer(&hint, access_kind_name[i]);
    }
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        config_hint_offer(&hint, words[i]);
    }
    for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        config_hint_offer(&hint, filters[i]);
    }
    cli_error("--trace: nothing is called \"%.40s\"; %s", word,
              config_hint_text(&hint, ""));
    return false;
}

static bool add_name(RunOptions *opt, const char **names, unsigned *n,
                     const char *name)
{
    if (!*name || *n == TRACE_FILTER_NAMES) {
        cli_error("--trace: %s; give 1 to %d names, each with its word",
                  *name ? "too many names" : "a name is missing behind =",
                  TRACE_FILTER_NAMES);
        return false;
    }
    char *copy = strdup(name);
    if (!copy) {
        cli_error("the host has no memory left");
        return false;
    }
    cli_add(&opt->owned, copy);
    names[(*n)++] = copy;
    return true;
}

/* FROM-TO, both included, or FROM+SIZE, or one byte. */
static bool add_range(TraceFilter *f, char *text)
{
    if (f->ranges == TRACE_FILTER_RANGES) {
        cli_error("--trace: too many addr=; give %d at most",
                  TRACE_FILTER_RANGES);
        return false;
    }
    TraceRange *range = &f->range[f->ranges++];
    char *sign = strpbrk(text, "-+"), kind = sign ? *sign : '\0';
    if (sign) {
        *sign = '\0';
    }
    uint64_t second = 0;
    if (!cli_value("--trace addr", text, UNIT_SIZE, &range->first) ||
        (sign && !cli_value("--trace addr", sign + 1, UNIT_SIZE, &second))) {
        return false;
    }
    range->last = kind == '-'   ? second
                  : kind == '+' ? range->first + second - 1
                                : range->first;
    if (range->last < range->first) {
        cli_error("--trace: addr=%.24s%.1s%.24s is an empty range; write "
                  "FROM-TO with FROM at most TO, or FROM+SIZE",
                  text, &kind, sign ? sign + 1 : "");
        return false;
    }
    return true;
}

static bool add_dir(TraceFilter *f, const char *text)
{
    static const char *const dirs[] = {"", "r", "w", "rw"};
    for (unsigned i = 1; i < 4; i++) {
        if (!strcmp(text, dirs[i])) {
            f->dir = i;
            return true;
        }
    }
    cli_error("--trace: no direction \"%.40s\"; write dir=r, dir=w or dir=rw",
              text);
    return false;
}

typedef struct Kinds {
    uint32_t anywhere;
    bool mmio;
} Kinds;

static bool one_kind(MachineTrace *trace, Kinds *kinds, const char *word)
{
    if (!strcmp(word, "data")) {
        kinds->anywhere |= KINDS_DATA;
    } else if (!strcmp(word, "all")) {
        kinds->anywhere |= KINDS_ALL;
    } else if (!strcmp(word, "mmio")) {
        kinds->mmio = true;
    } else if (!strcmp(word, "beat")) {
        trace->beats = true;
    } else if (!strcmp(word, "tx") || !strcmp(word, "nobeats")) {
        trace->beats = false;
    } else {
        unsigned i = 0;
        while (i < ACCESS_KINDS && strcmp(word, access_kind_name[i])) {
            i++;
        }
        if (i == ACCESS_KINDS) {
            return unknown_word(word);
        }
        kinds->anywhere |= 1u << i;
    }
    return true;
}

static bool one_word(RunOptions *opt, Kinds *kinds, char *word)
{
    TraceFilter *f = &opt->filter;
    char *value = strchr(word, '=');
    if (!value) {
        return one_kind(&opt->trace, kinds, word);
    }
    value++;
    size_t key = (size_t)(value - word);
    if (!strncmp(word, "initiator=", key)) {
        return add_name(opt, f->initiator, &f->initiators, value);
    }
    if (!strncmp(word, "region=", key) || !strncmp(word, "device=", key)) {
        return add_name(opt, f->region, &f->regions, value);
    }
    if (!strncmp(word, "addr=", key)) {
        return add_range(f, value);
    }
    if (!strncmp(word, "dir=", key)) {
        return add_dir(f, value);
    }
    return unknown_word(word);
}

bool cli_trace_spec(RunOptions *opt, const char *text)
{
    opt->trace = (MachineTrace){.enabled = true, .beats = true};
    opt->filter = (TraceFilter){0};
    opt->trace_spec = text ? text : "all";
    Kinds kinds = {0};
    for (const char *p = text ? text : ""; *p;) {
        char word[128];
        size_t len = strcspn(p, ",");
        if (len >= sizeof(word)) {
            cli_error("--trace: \"%.40s...\" is too long; see docs/tracing.md",
                      p);
            return false;
        }
        memcpy(word, p, len);
        word[len] = '\0';
        if (!one_word(opt, &kinds, word)) {
            return false;
        }
        p += len + (p[len] == ',');
    }
    if (!kinds.anywhere && !kinds.mmio) {
        kinds.anywhere = KINDS_ALL;
    }
    opt->trace.kinds = kinds.anywhere | (kinds.mmio ? KINDS_DEVICE : 0);
    opt->filter.device_kinds = kinds.mmio ? KINDS_DEVICE & ~kinds.anywhere : 0;
    return true;
}

/* -- moments -------------------------------------------------------------- */

static bool has_prefix(const char *text, const char *prefix, const char **rest)
{
    size_t len = strlen(prefix);
    *rest = text + len;
    return !strncmp(text, prefix, len);
}

/* SYMBOL or SYMBOL+OFFSET. */
static bool symbol_moment(const Machine *m, const char *option,
                          const char *text, uint64_t *pc)
{
    char name[256];
    const char *plus = strrchr(text, '+');
    size_t len = plus ? (size_t)(plus - text) : strlen(text);
    uint64_t offset = 0;
    Error *err = NULL;
    snprintf(name, sizeof(name), "%.*s", (int)(len < 255 ? len : 255), text);
    if (plus && !cli_value(option, plus + 1, UNIT_SIZE, &offset)) {
        return false;
    }
    if (!machine_symbol_address(m, name, pc, &err)) {
        error_prepend(&err, "%s: ", option);
        cli_fail(err);
        return false;
    }
    *pc += offset;
    return true;
}

static bool read_moment(const Machine *m, const char *option, const char *text,
                        MachineMoment *moment)
{
    const char *rest;
    bool trigger = !strcmp(option, "--trace-trigger");
    *moment = (MachineMoment){.text = text};
    if (has_prefix(text, "pc=", &rest)) {
        moment->kind = MOMENT_PC;
        if (!cli_value(option, rest, UNIT_NONE, &moment->value)) {
            return false;
        }
    } else if (has_prefix(text, "insns=", &rest)) {
        moment->kind = MOMENT_INSNS;
        return cli_value(option, rest, UNIT_NONE, &moment->value);
    } else if (has_prefix(text, "phase=", &rest)) {
        moment->kind = MOMENT_PHASE;
        moment->value = machine_phase_named(m, rest);
        return moment->value ||
               cli_value(option, rest, UNIT_NONE, &moment->value);
    } else if (text[0] >= '0' && text[0] <= '9') {
        moment->kind = MOMENT_TIME;
        return cli_value(option, text, UNIT_TIME, &moment->value);
    } else if (!strcmp(text, "fault")) {
        moment->kind = MOMENT_FAULT;
    } else if (!strcmp(text, "trap")) {
        moment->kind = MOMENT_TRAP;
    } else if (trigger && !strcmp(text, "exit")) {
        moment->kind = MOMENT_EXIT;
    } else {
        moment->kind = MOMENT_PC;
        if (has_prefix(text, "symbol=", &rest)) {
            text = rest;
        }
        if (!symbol_moment(m, option, text, &moment->value)) {
            return false;
        }
    }
    if (moment->kind == MOMENT_PC && machine_harts(m)) {
        unsigned xlen =
            hart_config(machine_hart((Machine *)(uintptr_t)m, 0))->isa.xlen;
        moment->value &= xlen == 32 ? UINT32_MAX : UINT64_MAX;
        moment->value &= ~UINT64_C(1);
    }
    return true;
}

static bool read_moments(const Machine *m, const char *option,
                         const CliList *list, MachineMoment *moments)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (!read_moment(m, option, list->text[i], &moments[i])) {
            return false;
        }
    }
    return true;
}

bool cli_trace_windows(RunOptions *opt, Machine *m)
{
    Error *err = NULL;
    unsigned n = opt->trace_from.count + opt->trace_to.count;
    opt->moments = calloc(n + 1, sizeof(*opt->moments));
    if (!opt->moments) {
        cli_error("the host has no memory left");
        return false;
    }
    MachineMoment *to = opt->moments + opt->trace_from.count;
    MachineWindows windows = {.from = opt->moments,
                              .to = to,
                              .froms = opt->trace_from.count,
                              .tos = opt->trace_to.count,
                              .last = opt->trace_last};
    const char *trigger = opt->trace_trigger ? opt->trace_trigger : "exit";
    if (!read_moments(m, "--trace-from", &opt->trace_from, opt->moments) ||
        !read_moments(m, "--trace-to", &opt->trace_to, to) ||
        !read_moment(m, "--trace-trigger", trigger, &windows.trigger)) {
        return false;
    }
    if (!machine_set_windows(m, &windows, &err) ||
        !machine_check_filter(m, &opt->filter, &err)) {
        cli_fail(err);
        return false;
    }
    return true;
}

/* -- in the database, and said at the end --------------------------------- */

static void set_list(TraceStore *ts, const char *key, const CliList *list)
{
    char text[1024] = "";
    for (unsigned i = 0; i < list->count; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n, "%s%s", n ? "," : "",
                 list->text[i]);
    }
    trace_set_run(ts, key, text);
}

void cli_trace_describe(const RunOptions *opt, TraceStore *ts)
{
    if (!opt->trace.enabled) {
        return;
    }
    trace_set_filter(ts, &opt->filter);
    trace_keep_last(ts, opt->trace_last);
    trace_set_run(ts, "trace_spec", opt->trace_spec);
    set_list(ts, "trace_from", &opt->trace_from);
    set_list(ts, "trace_to", &opt->trace_to);
    trace_set_run_number(ts, "trace_last", opt->trace_last);
    trace_set_run(ts, "trace_trigger",
                  !opt->trace_last     ? ""
                  : opt->trace_trigger ? opt->trace_trigger
                                       : "exit");
}

void cli_trace_warn(const RunOptions *opt, TraceStore *ts, bool window_came,
                    bool trigger_came)
{
    if (!opt->trace.enabled) {
        return;
    }
    uint64_t left_out = trace_left_out(ts);
    if (opt->trace_last && opt->trace_trigger &&
        strcmp(opt->trace_trigger, "exit") != 0 && !trigger_came) {
        fprintf(stderr,
                "socscope: warning: --trace-trigger %.60s never came; the "
                "database holds the last transactions before the end\n",
                opt->trace_trigger);
    }
    if (trace_rows(ts)) {
        return;
    }
    if (!window_came) {
        fprintf(stderr,
                "socscope: warning: --trace recorded nothing: --trace-from "
                "%.60s never came; see the guest's symbols and phases\n",
                opt->trace_from.count ? opt->trace_from.text[0] : "");
    } else if (left_out) {
        fprintf(stderr,
                "socscope: warning: --trace recorded nothing: its filter left "
                "out all %llu transactions; see the table traffic for what "
                "there was\n",
                (unsigned long long)left_out);
    } else {
        fprintf(stderr,
                "socscope: warning: --trace recorded nothing: no transaction "
                "of these kinds was made while recording was on; see the table "
                "traffic for what there was\n");
    }
}
