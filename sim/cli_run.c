/*
 * cli_run.c - run: options, outputs, progress, exit status.
 *
 * Everything that can be wrong before the first instruction is found before
 * anything is created: description, firmware, scripts, then outputs.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sim/cli_host.h"
#include "sim/cli_options.h"
#include "sim/commit_log.h"
#include "sim/gdb_server.h"
#include "sim/replay.h"
#include "sim/serial.h"

/* -- outputs -------------------------------------------------------------- */

typedef struct RunFiles {
    SerialSet *serial;
    TraceStore *trace;
    FILE *console;
    FILE *stats; /* stats.json of the folder */
    char *db;    /* path of run.db */
    FILE *commits, *signature;
    CommitLog *commit_log;
    GdbServer *gdb; /* NULL: no --gdb */
} RunFiles;

static bool make_dir(const char *path, Error **errp)
{
    char buf[4096];
    if (snprintf(buf, sizeof(buf), "%s", path) >= (int)sizeof(buf) || !*path) {
        return error_set(errp, "-o \"%.60s\": name a folder", path);
    }
    for (char *p = buf + 1;; p++) {
        if (*p == '/' || *p == '\0') {
            char c = *p;
            *p = '\0';
            if (mkdir(buf, 0777) < 0 && errno != EEXIST) {
                return error_set(errp,
                                 "cannot make folder %s: %s; name one "
                                 "that can be written",
                                 buf, strerror(errno));
            }
            *p = c;
            if (!c) {
                break;
            }
        }
    }
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
        return error_set(errp, "%s is no folder; name another after -o", path);
    }
    return true;
}

static char *path_in(const char *dir, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static FILE *open_output(const char *path, Error **errp)
{
    FILE *f = path ? fopen(path, "wb") : NULL;
    if (!f) {
        error_set(errp,
                  "cannot write %s: %s; name a file in a folder that can "
                  "be written",
                  path ? path : "a file", strerror(errno));
    }
    return f;
}

static FILE *open_in(const char *dir, const char *name, Error **errp)
{
    char *path = path_in(dir, name);
    FILE *f = open_output(path, errp);
    free(path);
    return f;
}

static bool write_config(const char *dir, const Config *cfg, Error **errp)
{
    FILE *f = open_in(dir, "config.resolved.yaml", errp);
    if (!f) {
        return false;
    }
    char *text = config_text(cfg);
    bool ok = text && fputs(text, f) >= 0;
    free(text);
    ok = fclose(f) == 0 && ok;
    return ok || error_set(errp, "cannot write %s/config.resolved.yaml", dir);
}

/* For encoding the trace beside the simulation: one at least, four are enough.
 */
static unsigned spare_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN) - 1;
    return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

static bool open_folder(RunFiles *files, const RunOptions *opt, Machine *m,
                        const Config *cfg, Error **errp)
{
    if (!make_dir(opt->dir, errp) || !write_config(opt->dir, cfg, errp) ||
        !(files->console = open_in(opt->dir, "console.log", errp)) ||
        !(files->stats = open_in(opt->dir, "stats.json", errp))) {
        return false;
    }
    serial_copy(files->serial, files->console);
    files->db = path_in(opt->dir, "run.db");
    files->trace = files->db ? trace_open(files->db, errp) : NULL;
    if (!files->trace) {
        return false;
    }
    trace_set_threads(files->trace, opt->trace_threads_given
                                        ? opt->trace_threads
                                        : spare_processors());
    if (opt->trace_durable) {
        trace_set_durable(files->trace);
    }
    cli_trace_describe(opt, files->trace);
    return machine_attach_trace(m, files->trace, &opt->trace, errp);
}

static bool open_commits(RunFiles *files, const RunOptions *opt, Machine *m,
                         Error **errp)
{
    files->commits = open_output(opt->commits, errp);
    if (!files->commits) {
        return false;
    }
    setvbuf(files->commits, NULL, _IOFBF, 1 << 20); /* a line is 50 bytes */
    files->commit_log = commit_log_new(files->commits, opt->disasm);
    if (!files->commit_log) {
        return error_set(errp, "the host has no memory left");
    }
    machine_set_commit(m, commit_log_line, files->commit_log);
    return true;
}

static bool open_gdb(RunFiles *files, const RunOptions *opt, Machine *m,
                     Error **errp)
{
    files->gdb = gdb_server_new(m, opt->gdb, opt->halted, errp);
    if (!files->gdb) {
        return false;
    }
    fprintf(stderr, "socscope: gdb: target remote %s\n",
            gdb_server_address(files->gdb));
    return true;
}

static bool dump_tree(Machine *m, const char *path, Error **errp)
{
    FILE *f = open_output(path, errp);
    bool ok = f && machine_write_tree(m, f, errp);
    return f && fclose(f) != 0 && ok
               ? error_set(errp, "cannot write all of %s; is the disk full?",
                           path)
               : ok;
}

static bool open_files(RunFiles *files, RunOptions *opt, Machine *m,
                       const Config *cfg, Error **errp)
{
    files->serial = serial_new(m, opt->serial.text, opt->serial.count, errp);
    if (!files->serial) {
        return false;
    }
    if (opt->replay && !replay_load(m, files->serial, opt->replay, errp)) {
        return false;
    }
    for (unsigned i = 0; i < opt->stats_files; i++) {
        opt->stats[i].out = open_output(opt->stats[i].path, errp);
        if (!opt->stats[i].out) {
            return false;
        }
    }
    if (opt->signature &&
        (!machine_has_signature(m, errp) ||
         !(files->signature = open_output(opt->signature, errp)))) {
        return false;
    }
    if (opt->dump_dtb && !dump_tree(m, opt->dump_dtb, errp)) {
        return false;
    }
    if (opt->commits && !open_commits(files, opt, m, errp)) {
        return false;
    }
    return (!opt->dir || open_folder(files, opt, m, cfg, errp)) &&
           (!opt->gdb || open_gdb(files, opt, m, errp));
}

/* The command as typed, but for the program's name: before options are parsed,
 * because that reorders them. */
static void write_command(char *text, size_t size, int argc, char **argv)
{
    size_t used = 0;
    for (int i = 0; i < argc && used < size - 1; i++) {
        bool plain =
            argv[i][0] && !strpbrk(argv[i], " \t\n'\"\\$&;|<>()*?[]{}");
        int n = snprintf(text + used, size - used, plain ? "%s%s" : "%s'%s'",
                         i ? " " : "", argv[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* -- the run -------------------------------------------------------------- */

typedef struct RunWatch {
    Machine *machine;
    SerialSet *serial;
    CliProgress *progress;
    GdbServer *gdb;
    int signal; /* that asks to end; 0: none */
} RunWatch;

static double now_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Signals are blocked during the run and looked at here: no handler runs
 * between two instructions of the machine, and the database closes well. */
static void watch(void *opaque)
{
    RunWatch *w = opaque;
    sigset_t pending;
    serial_flush(w->serial);
    cli_progress_step(w->progress);
    if (sigpending(&pending) == 0) {
        if (sigismember(&pending, SIGINT)) {
            w->signal = SIGINT;
        } else if (sigismember(&pending, SIGTERM)) {
            w->signal = SIGTERM;
        }
    }
    if (w->signal) {
        machine_pause(w->machine);
    }
    if (w->gdb) {
        gdb_server_poll(w->gdb);
    }
}

static void print_guest_error(void *opaque, uint64_t time_ps,
                              const char *device, const char *text)
{
    fprintf(stderr, "socscope: guest: %.6f ms: %s: %s\n", (double)time_ps / 1e9,
            device, text);
}

/* Exit status of the run, and how it ended in words. */
static int conclude(Machine *m, MachineStop stop, int sig, bool quit, char *how,
                    size_t size)
{
    char where[400];
    switch (stop) {
    case MACHINE_FINISHED:
        snprintf(how, size, "%s%sexit status %d", machine_verdict(m),
                 machine_verdict(m)[0] ? ", " : "", machine_exit_status(m));
        return machine_exit_status(m);
    case MACHINE_LIMIT_INSNS:
    case MACHINE_LIMIT_CYCLES:
    case MACHINE_LIMIT_TIME:
    case MACHINE_LIMIT_RESETS:
        machine_describe_stop(m, where, sizeof(where));
        snprintf(how, size, "stopped by the %s%s%s", machine_stop_name(stop),
                 where[0] ? ", " : "", where);
        return CLI_LIMIT;
    case MACHINE_STUCK:
        machine_describe_stop(m, where, sizeof(where));
        snprintf(how, size, "stuck: %s", where);
        return CLI_STUCK;
    case MACHINE_ERROR:
        snprintf(how, size, "trace store failed");
        return CLI_USAGE;
    case MACHINE_RUNNING: break;
    }
    snprintf(how, size, "%s",
             quit             ? "ended at the console"
             : sig == SIGKILL ? "killed by gdb"
                              : "interrupted");
    return sig ? CLI_SIGNAL + sig : CLI_OK;
}

/* machine_run(), with gdb's turns in between. */
static MachineStop run_with_gdb(RunWatch *w)
{
    MachineStop stop = MACHINE_RUNNING;
    bool over = false;
    while (!over && gdb_server_wait(w->gdb)) {
        char how[512] = "";
        stop = machine_run(w->machine, TIME_NEVER);
        int status =
            stop == MACHINE_RUNNING
                ? 0
                : conclude(w->machine, stop, 0, false, how, sizeof(how));
        serial_flush(w->serial);
        over = gdb_server_over(w->gdb, stop, status, how) || w->signal ||
               serial_quit(w->serial);
    }
    watch(w); /* a signal may have ended the wait */
    return over ? stop : MACHINE_RUNNING;
}

/* Runs with signals blocked; returns the signal that ended it, or 0. */
static int run_machine(Machine *m, RunFiles *files, const RunOptions *opt,
                       MachineStop *stop, double *seconds, Error **errp)
{
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &before);
    CliProgress progress;
    RunWatch w = {.machine = m,
                  .serial = files->serial,
                  .progress = &progress,
                  .gdb = files->gdb};
    cli_progress_init(&progress, m, files->db, opt->progress,
                      serial_on_terminal(files->serial));
    machine_set_watch(m, watch, &w);
    double begin = now_seconds();
    *stop = opt->host    ? opt->host->run(opt->host->opaque, errp)
            : files->gdb ? run_with_gdb(&w)
                         : machine_run(m, TIME_NEVER);
    *seconds = now_seconds() - begin;
    machine_set_watch(m, NULL, NULL);
    cli_progress_fini(&progress);
    if (w.signal) {
        struct timespec none = {0};
        sigtimedwait(&ends, NULL, &none);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return files->gdb && gdb_server_killed(files->gdb) ? SIGKILL : w.signal;
}

static void print_count(char *buf, size_t size, uint64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    size_t used = 0;
    for (int i = 0; i < len && used + 2 < size; i++) {
        if (i && (len - i) % 3 == 0) {
            buf[used++] = ',';
        }
        buf[used++] = digits[i];
    }
    buf[used] = '\0';
}

static uint64_t count_instructions(Machine *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < machine_harts(m); i++) {
        n += hart_progress(machine_hart(m, i)).instructions;
    }
    return n;
}

static void print_summary(Machine *m, const char *how, double seconds)
{
    char cycles[48], insns[48], txs[48];
    uint64_t n = count_instructions(m);
    uint64_t c = machine_harts(m)
                     ? hart_progress(machine_hart(m, 0)).cycles
                     : clock_cycle_in(machine_clock(m), machine_time(m));
    print_count(cycles, sizeof(cycles), c);
    print_count(insns, sizeof(insns), n);
    print_count(txs, sizeof(txs), machine_transactions(m));
    if (!machine_harts(m)) {
        fprintf(stderr,
                "socscope: %s; %.6f s simulated, %s cycles, %s transactions\n",
                how, (double)machine_time(m) / 1e12, cycles, txs);
        return;
    }
    fprintf(stderr,
            "socscope: %s; %.6f s simulated, %s cycles, %s instructions (%.1f "
            "MIPS), %s transactions\n",
            how, (double)machine_time(m) / 1e12, cycles, insns,
            seconds > 0 ? (double)n / seconds / 1e6 : 0, txs);
}

static bool close_stats(Machine *m, const StatsRun *run, StatsFormat format,
                        FILE **out)
{
    if (!*out) {
        return true;
    }
    stats_write(m, run, format, *out);
    bool ok = !ferror(*out);
    ok = fclose(*out) == 0 && ok;
    *out = NULL;
    return ok;
}

/* The signature and the log of commits. False: explained. */
static bool close_tests(Machine *m, RunFiles *files, const RunOptions *opt)
{
    Error *err = NULL;
    if (files->signature &&
        !machine_write_signature(m, files->signature, opt->granularity, &err)) {
        cli_fail(err);
        return false;
    }
    FILE **file[] = {&files->signature, &files->commits};
    bool ok = true;
    for (unsigned i = 0; i < 2; i++) {
        if (*file[i]) {
            ok = !ferror(*file[i]) && ok;
            ok = fclose(*file[i]) == 0 && ok;
            *file[i] = NULL;
        }
    }
    machine_set_commit(m, NULL, NULL);
    if (!ok) {
        cli_error("cannot write all output; is the disk full?");
    }
    return ok;
}

/* After the run: statistics, database, what scripts say. */
static int finish(Machine *m, RunFiles *files, RunOptions *opt, StatsRun *run,
                  int status)
{
    Error *err = NULL;
    bool written = serial_flush(files->serial);
    if (!serial_check(files->serial, &err)) {
        cli_fail(err);
        err = NULL;
        status = CLI_EXPECT_FAILED;
    }
    if (!close_tests(m, files, opt)) {
        status = CLI_USAGE;
    }
    machine_log_counts(m);
    run->exit_status = status;
    for (unsigned i = 0; i < opt->stats_files; i++) {
        written =
            close_stats(m, run, opt->stats[i].format, &opt->stats[i].out) &&
            written;
    }
    written = close_stats(m, run, STATS_JSON, &files->stats) && written;
    if (files->trace) {
        machine_detach_trace(m);
        cli_system_warn(m);
        cli_trace_warn(opt, files->trace, machine_window_came(m),
                       machine_trigger_came(m));
        bool closed = trace_close(files->trace, &err);
        files->trace = NULL;
        if (!closed) {
            return cli_fail(err);
        }
    }
    if (!written) {
        return cli_error("cannot write all output; is the disk full?");
    }
    return status;
}

static void close_files(RunFiles *files, RunOptions *opt, Machine *m)
{
    gdb_server_free(files->gdb);
    serial_free(files->serial);
    for (unsigned i = 0; i < opt->stats_files; i++) {
        if (opt->stats[i].out) {
            fclose(opt->stats[i].out);
        }
    }
    if (files->console) {
        fclose(files->console);
    }
    if (files->stats) {
        fclose(files->stats);
    }
    if (files->trace) {
        machine_detach_trace(m);
        trace_close(files->trace, NULL);
    }
    if (files->signature) {
        fclose(files->signature);
    }
    if (files->commits) {
        fclose(files->commits);
    }
    machine_set_commit(m, NULL, NULL);
    commit_log_free(files->commit_log);
    free(files->db);
}

/* --load FILE: an ELF file; FILE@ADDRESS: its bytes as they are. */
static bool load_more(Machine *m, const RunOptions *opt, Error **errp)
{
    for (unsigned i = 0; i < opt->load.count; i++) {
        const char *text = opt->load.text[i], *at = strrchr(text, '@');
        uint64_t address = 0;
        if (!at) {
            if (!machine_load_more(m, text, errp)) {
                return error_prepend(errp, "--load: ");
            }
            continue;
        }
        Node node = {.kind = NODE_SCALAR,
                     .at = {.file = "command line"},
                     .text = at + 1};
        char *path = strndup(text, (size_t)(at - text));
        bool ok = config_value_number(&node, "--load", UNIT_SIZE, 0, UINT64_MAX,
                                      &address, errp) &&
                  machine_load_raw(m, path ? path : "", address, errp);
        free(path);
        if (!ok) {
            return error_prepend(errp, "--load: ");
        }
    }
    return true;
}

/* What there is to run: firmware for cpus, traffic that ends without. */
static bool load_firmware(Machine *m, const Config *cfg, const RunOptions *opt,
                          Error **errp)
{
    if (cfg->boot.bios || cfg->boot.kernel) {
        return opt->firmware
                   ? error_set(errp,
                               "%s and a %s: one of them is first; leave the "
                               "firmware out, or name it with --bios",
                               opt->firmware,
                               cfg->boot.bios ? "bios" : "kernel")
                   : machine_boot(m, errp);
    }
    if (machine_harts(m) && !opt->firmware) {
        return error_set(errp,
                         "%s has cpus, and there is no firmware: socscope "
                         "run CONFIG FIRMWARE, or --bios, or --kernel",
                         opt->config);
    }
    if (!machine_harts(m) && opt->firmware) {
        return error_set(errp,
                         "%s has no cpu to run %s; leave it out, or add --load "
                         "before it",
                         opt->config, opt->firmware);
    }
    return opt->firmware ? machine_load_elf(m, opt->firmware, errp)
                         : machine_check_end(m, &opt->limits, errp);
}

static int run_loaded(Machine *m, RunOptions *opt, const Config *cfg,
                      const char *command)
{
    RunFiles files = {0};
    Error *err = NULL;
    int status;
    if (!load_firmware(m, cfg, opt, &err) || !load_more(m, opt, &err) ||
        !cli_system_apply(opt, m, &err)) {
        status = cli_fail(err);
    } else if (!cli_trace_windows(opt, m)) {
        status = CLI_USAGE;
    } else if (!open_files(&files, opt, m, cfg, &err)) {
        status = cli_fail(err);
    } else {
        MachineStop stop;
        double seconds;
        char how[512];
        if (files.trace) {
            trace_set_run(files.trace, "command", command);
        }
        if (opt->guest_errors) {
            machine_set_log(m, print_guest_error, NULL);
        }
        machine_set_limits(m, &opt->limits);
        machine_limit_resets(m, opt->resets);
        int sig = run_machine(m, &files, opt, &stop, &seconds, &err);
        status =
            conclude(m, stop, sig, serial_quit(files.serial), how, sizeof(how));
        if (err) {
            snprintf(how, sizeof(how), "a model failed");
            status = cli_fail(err);
        }
        StatsRun run = {.seconds = seconds, .stop = machine_stop_name(stop)};
        status = finish(m, &files, opt, &run, status);
        if (!opt->quiet) {
            print_summary(m, how, seconds);
        }
    }
    close_files(&files, opt, m);
    return status;
}

static int run_config(RunOptions *opt, const char *command, bool *needs_host)
{
    Error *err = NULL;
    Config *cfg = cli_options_config(opt, &err);
    if (!cfg) {
        return cli_fail(err);
    }
    *needs_host = !opt->host && cli_needs_host(cfg);
    if (opt->host && opt->gdb) {
        config_free(cfg);
        return cli_error("--gdb: the debugger does not know of models in "
                         "SystemC (type: tlm); leave --gdb out");
    }
    if (*needs_host) {
        config_free(cfg);
        return CLI_OK;
    }
    MachineOptions how = {.slow = opt->slow,
                          .commits = opt->commits != NULL,
                          .semihosting = opt->semihosting};
    Machine *m = machine_new_with(cfg, &how, &err);
    bool ok =
        m && (!opt->host || opt->host->begin(opt->host->opaque, m, cfg, &err));
    int status = ok ? run_loaded(m, opt, cfg, command) : cli_fail(err);
    if (opt->host) {
        opt->host->end(opt->host->opaque);
    }
    machine_free(m);
    config_free(cfg);
    return status;
}

int cli_run_hosted(int argc, char **argv, const RunHost *host)
{
    RunOptions opt = {.limits = {UINT64_MAX, UINT64_MAX, TIME_NEVER},
                      .resets = UINT64_MAX,
                      .granularity = 4,
                      .host = host};
    char command[4096] = "";
    bool needs_host = false;
    char **line = malloc(((size_t)argc + 1) * sizeof(*line)); /* as typed */
    if (!line) {
        return cli_error("the host has no memory left");
    }
    memcpy(line, argv, ((size_t)argc + 1) * sizeof(*line));
    write_command(command, sizeof(command), argc, argv);
    int status = cli_options_parse(&opt, argc, argv)
                     ? run_config(&opt, command, &needs_host)
                     : CLI_USAGE;
    cli_options_fini(&opt);
    if (needs_host) {
        status = cli_host_load(argc, line);
    }
    free(line);
    return status;
}

static int run(int argc, char **argv)
{
    return cli_run_hosted(argc, argv, NULL);
}

const CliCommand cli_run = {
    .name = "run",
    .summary = "run a firmware on a machine",
    .help = cli_run_help,
    .more = cli_run_help_more,
    .run = run,
};
