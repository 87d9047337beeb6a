/*
 * cli_options.c - the options of run, as typed, and the description with them.
 */
#include "sim/cli_options.h"

#include <stdlib.h>
#include <string.h>

enum {
    OPT_SET = 256,
    OPT_TRACE,
    OPT_TRACE_FROM,
    OPT_TRACE_TO,
    OPT_TRACE_LAST,
    OPT_TRACE_TRIGGER,
    OPT_TRACE_DURABLE,
    OPT_TRACE_THREADS,
    OPT_LOAD,
    OPT_PHASE_ON,
    OPT_SYMBOLS,
    OPT_INSNS,
    OPT_CYCLES,
    OPT_TIME,
    OPT_TIMING,
    OPT_QUANTUM,
    OPT_SERIAL,
    OPT_REPLAY,
    OPT_STATS,
    OPT_SLOW,
    OPT_GUEST,
    OPT_PROGRESS,
    OPT_QUIET,
    OPT_COMMITS,
    OPT_DISASM,
    OPT_SIGNATURE,
    OPT_GRANULARITY,
    OPT_SEMIHOSTING,
    OPT_GDB,
    OPT_BIOS,
    OPT_KERNEL,
    OPT_INITRD,
    OPT_APPEND,
    OPT_DTB,
    OPT_DISK,
    OPT_DRIVE,
    OPT_SMP,
    OPT_DUMP_DTB,
    OPT_RESETS,
};

static const struct option options[] = {
    {"out", required_argument, NULL, 'o'},
    {"set", required_argument, NULL, OPT_SET},
    {"trace", optional_argument, NULL, OPT_TRACE},
    {"trace-from", required_argument, NULL, OPT_TRACE_FROM},
    {"trace-to", required_argument, NULL, OPT_TRACE_TO},
    {"trace-last", required_argument, NULL, OPT_TRACE_LAST},
    {"trace-trigger", required_argument, NULL, OPT_TRACE_TRIGGER},
    {"trace-durable", no_argument, NULL, OPT_TRACE_DURABLE},
    {"trace-threads", required_argument, NULL, OPT_TRACE_THREADS},
    {"load", required_argument, NULL, OPT_LOAD},
    {"symbols", required_argument, NULL, OPT_SYMBOLS},
    {"phase-on", required_argument, NULL, OPT_PHASE_ON},
    {"limit-insns", required_argument, NULL, OPT_INSNS},
    {"limit-cycles", required_argument, NULL, OPT_CYCLES},
    {"limit-time", required_argument, NULL, OPT_TIME},
    {"limit-resets", required_argument, NULL, OPT_RESETS},
    {"timing", required_argument, NULL, OPT_TIMING},
    {"quantum", required_argument, NULL, OPT_QUANTUM},
    {"serial", required_argument, NULL, OPT_SERIAL},
    {"replay", required_argument, NULL, OPT_REPLAY},
    {"stats", required_argument, NULL, OPT_STATS},
    {"no-fast-path", no_argument, NULL, OPT_SLOW},
    {"guest-errors", no_argument, NULL, OPT_GUEST},
    {"progress", required_argument, NULL, OPT_PROGRESS},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"log-commits", required_argument, NULL, OPT_COMMITS},
    {"log-disasm", no_argument, NULL, OPT_DISASM},
    {"signature", required_argument, NULL, OPT_SIGNATURE},
    {"signature-granularity", required_argument, NULL, OPT_GRANULARITY},
    {"semihosting", no_argument, NULL, OPT_SEMIHOSTING},
    {"gdb", required_argument, NULL, OPT_GDB},
    {"bios", required_argument, NULL, OPT_BIOS},
    {"kernel", required_argument, NULL, OPT_KERNEL},
    {"initrd", required_argument, NULL, OPT_INITRD},
    {"append", required_argument, NULL, OPT_APPEND},
    {"dtb", required_argument, NULL, OPT_DTB},
    {"disk", required_argument, NULL, OPT_DISK},
    {"drive", required_argument, NULL, OPT_DRIVE},
    {"smp", required_argument, NULL, OPT_SMP},
    {"dump-dtb", required_argument, NULL, OPT_DUMP_DTB},
    {NULL, 0, NULL, 0},
};

static bool parse_stats(RunOptions *opt, const char *text)
{
    if (opt->stats_files == MAX_STATS) {
        cli_error("--stats: %d files at most", MAX_STATS);
        return false;
    }
    StatsFile *s = &opt->stats[opt->stats_files++];
    if (!strncmp(text, "json:", 5)) {
        *s = (StatsFile){.format = STATS_JSON, .path = text + 5};
    } else if (!strncmp(text, "csv:", 4)) {
        *s = (StatsFile){.format = STATS_CSV, .path = text + 4};
    }
    if (!s->path || !*s->path) {
        cli_error("--stats: \"%.60s\" names no format and file; write "
                  "json:FILE or csv:FILE",
                  text);
        return false;
    }
    return true;
}

static bool parse_progress(ProgressMode *mode, const char *text)
{
    static const char *const names[] = {
        [PROGRESS_AUTO] = "auto",
        [PROGRESS_NEVER] = "never",
        [PROGRESS_JSON] = "json",
    };
    for (unsigned i = 0; i < 3; i++) {
        if (!strcmp(text, names[i])) {
            *mode = (ProgressMode)i;
            return true;
        }
    }
    cli_error("--progress: no mode \"%.40s\"; known: auto, never, json", text);
    return false;
}

static bool parse_threads(RunOptions *opt, const char *text)
{
    uint64_t n;
    if (!cli_value("--trace-threads", text, UNIT_NONE, &n)) {
        return false;
    }
    if (n > TRACE_THREADS) {
        cli_error("--trace-threads: %.40s is more than %d; write 0 to %d", text,
                  TRACE_THREADS, TRACE_THREADS);
        return false;
    }
    opt->trace_threads = (unsigned)n;
    opt->trace_threads_given = true;
    return true;
}

static bool parse_last(RunOptions *opt, const char *text)
{
    enum { MOST = 100000000 }; /* 3.2 GB and more */
    if (!cli_value("--trace-last", text, UNIT_NONE, &opt->trace_last)) {
        return false;
    }
    if (opt->trace_last == 0 || opt->trace_last > MOST) {
        cli_error("--trace-last: %.40s is no such number of transactions; "
                  "write 1 to %d",
                  text, MOST);
        return false;
    }
    return true;
}

static bool parse_granularity(unsigned *bytes, const char *text)
{
    uint64_t n = 0;
    if (!cli_value("--signature-granularity", text, UNIT_NONE, &n)) {
        return false;
    }
    if (n == 0 || n > 16 || (n & (n - 1))) {
        cli_error("--signature-granularity: %.40s is no such number of bytes; "
                  "write 1, 2, 4, 8 or 16",
                  text);
        return false;
    }
    *bytes = (unsigned)n;
    return true;
}

bool cli_set_later(RunOptions *opt, const char *key, const char *value)
{
    char *text = NULL;
    if (asprintf(&text, "%s=%s", key, value) < 0) {
        cli_error("the host has no memory left");
        return false;
    }
    cli_add(&opt->owned, text);
    cli_add(&opt->set, text);
    return true;
}

static bool parse_option(RunOptions *opt, int c, char **argv)
{
    switch (c) {
    case 'o': opt->dir = optarg; return true;
    case OPT_SET: cli_add(&opt->set, optarg); return true;
    case OPT_TRACE: return cli_trace_spec(opt, optarg);
    case OPT_TRACE_FROM: cli_add(&opt->trace_from, optarg); return true;
    case OPT_TRACE_TO: cli_add(&opt->trace_to, optarg); return true;
    case OPT_TRACE_LAST: return parse_last(opt, optarg);
    case OPT_TRACE_TRIGGER: opt->trace_trigger = optarg; return true;
    case OPT_TRACE_DURABLE: opt->trace_durable = true; return true;
    case OPT_TRACE_THREADS: return parse_threads(opt, optarg);
    case OPT_LOAD: cli_add(&opt->load, optarg); return true;
    case OPT_SYMBOLS: cli_add(&opt->symbols, optarg); return true;
    case OPT_PHASE_ON: cli_add(&opt->phase_on, optarg); return true;
    case OPT_INSNS:
        return cli_value("--limit-insns", optarg, UNIT_NONE,
                         &opt->limits.instructions);
    case OPT_CYCLES:
        return cli_value("--limit-cycles", optarg, UNIT_NONE,
                         &opt->limits.cycles);
    case OPT_TIME:
        return cli_value("--limit-time", optarg, UNIT_TIME,
                         &opt->limits.time_ps);
    case OPT_RESETS:
        return cli_value("--limit-resets", optarg, UNIT_NONE, &opt->resets);
    case OPT_TIMING: opt->timing = optarg; return true;
    case OPT_QUANTUM: return cli_set_later(opt, "quantum", optarg);
    case OPT_SERIAL: cli_add(&opt->serial, optarg); return true;
    case OPT_REPLAY: opt->replay = optarg; return true;
    case OPT_STATS: return parse_stats(opt, optarg);
    case OPT_SLOW: opt->slow = true; return true;
    case OPT_GUEST: opt->guest_errors = true; return true;
    case OPT_PROGRESS: return parse_progress(&opt->progress, optarg);
    case OPT_QUIET: opt->quiet = true; return true;
    case OPT_COMMITS: opt->commits = optarg; return true;
    case OPT_DISASM: opt->disasm = true; return true;
    case OPT_SIGNATURE: opt->signature = optarg; return true;
    case OPT_GRANULARITY: return parse_granularity(&opt->granularity, optarg);
    case OPT_SEMIHOSTING: opt->semihosting = true; return true;
    case OPT_GDB: opt->gdb = optarg; return true;
    case 's': opt->gdb = "1234"; return true;
    case 'S': opt->halted = true; return true;
    case OPT_BIOS: return cli_boot_set(opt, "boot.bios", optarg);
    case OPT_KERNEL: return cli_boot_set(opt, "boot.kernel", optarg);
    case OPT_INITRD: return cli_boot_set(opt, "boot.initrd", optarg);
    case OPT_APPEND: return cli_boot_set(opt, "boot.append", optarg);
    case OPT_DTB: return cli_boot_set(opt, "boot.dtb", optarg);
    case OPT_DISK: return cli_boot_disk(opt, optarg);
    case OPT_DRIVE: return cli_boot_drive(opt, optarg);
    case OPT_SMP: return cli_set_later(opt, "harts", optarg);
    case OPT_DUMP_DTB: opt->dump_dtb = optarg; return true;
    default: cli_bad_option(argv, c, options); return false;
    }
}

bool cli_options_parse(RunOptions *opt, int argc, char **argv)
{
    int c;
    opterr = 0;
    cli_boot_habits(argc, argv);
    while ((c = getopt_long(argc, argv, ":o:sS", options, NULL)) != -1) {
        if (!parse_option(opt, c, argv)) {
            return false;
        }
    }
    if (argc - optind != 1 && argc - optind != 2) {
        cli_error("run takes a description and a firmware: socscope run CONFIG "
                  "FIRMWARE");
        return false;
    }
    opt->config = argv[optind];
    opt->firmware = argv[optind + 1]; /* NULL: none; there may be no cpu */
    const char *needs = opt->trace_from.count ? "--trace-from"
                        : opt->trace_to.count ? "--trace-to"
                        : opt->trace_last     ? "--trace-last"
                        : opt->trace_trigger  ? "--trace-trigger"
                                              : NULL;
    if (needs && !opt->trace.enabled) {
        cli_error("%s says when to record, not that; add --trace", needs);
        return false;
    }
    if (opt->trace_trigger && !opt->trace_last) {
        cli_error("--trace-trigger is where --trace-last ends; add "
                  "--trace-last N");
        return false;
    }
    if (opt->trace.enabled && !opt->dir) {
        cli_error("--trace needs a folder for the database; add -o DIR");
        return false;
    }
    if (opt->halted && !opt->gdb) {
        cli_error("-S waits for gdb to start the guest; add --gdb PORT");
        return false;
    }
    if (opt->disasm && !opt->commits) {
        cli_error("--log-disasm is for the log of commits; add --log-commits "
                  "FILE");
        return false;
    }
    return true;
}

/* --timing: the same for every cpu. */
Config *cli_options_config(RunOptions *opt, Error **errp)
{
    Config *cfg = config_load(opt->config, opt->set.text, errp);
    if (!cfg || !opt->timing) {
        return cfg;
    }
    for (unsigned i = 0; i < cfg->cpus; i++) {
        char key[128];
        snprintf(key, sizeof(key), "cpus.%.63s.timing", cfg->cpu[i].name);
        if (!cli_set_later(opt, key, opt->timing)) {
            break;
        }
    }
    config_free(cfg);
    return config_load(opt->config, opt->set.text, errp);
}

void cli_options_fini(RunOptions *opt)
{
    for (unsigned i = 0; i < opt->owned.count; i++) {
        free((char *)(uintptr_t)opt->owned.text[i]);
    }
    free(opt->owned.text);
    free(opt->set.text);
    free(opt->serial.text);
    free(opt->trace_from.text);
    free(opt->trace_to.text);
    free(opt->load.text);
    free(opt->phase_on.text);
    free(opt->symbols.text);
    free(opt->moments);
}
