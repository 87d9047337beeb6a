/*
 * cli_progress.c - simulated time, speed and size of the database while a
 * machine runs. Reads counters only.
 */
#include "sim/cli_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void cli_progress_init(CliProgress *p, Machine *m, const char *db,
                       ProgressMode mode, bool busy)
{
    if (mode == PROGRESS_AUTO && (busy || !isatty(STDERR_FILENO))) {
        mode = PROGRESS_NEVER;
    }
    double now = now_seconds();
    *p = (CliProgress){.machine = m,
                       .db = db,
                       .mode = mode,
                       .begin = now,
                       .last = now,
                       .next = now + 1};
}

static uint64_t db_bytes(const CliProgress *p)
{
    struct stat st;
    return p->db && stat(p->db, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void show(CliProgress *p, double now)
{
    uint64_t instructions = 0;
    for (unsigned i = 0; i < machine_harts(p->machine); i++) {
        instructions += hart_progress(machine_hart(p->machine, i)).instructions;
    }
    uint64_t transactions = machine_transactions(p->machine);
    double simulated = (double)machine_time(p->machine) / 1e12;
    double mips =
        (double)(instructions - p->last_instructions) / (now - p->last) / 1e6;
    if (p->mode == PROGRESS_JSON) {
        fprintf(stderr,
                "{\"seconds\": %.3f, \"simulated_seconds\": %.9f, "
                "\"instructions\": %" PRIu64 ", \"mips\": %.1f, "
                "\"transactions\": %" PRIu64 ", \"db_bytes\": %" PRIu64 "}\n",
                now - p->begin, simulated, instructions, mips, transactions,
                db_bytes(p));
    } else {
        fprintf(stderr, "\r\033[K%.3f s simulated, %.1f MIPS, %.1f M tx",
                simulated, mips, (double)transactions / 1e6);
        if (p->db) {
            fprintf(stderr, ", %.1f MB", (double)db_bytes(p) / 1e6);
        }
        fflush(stderr);
        p->shown = true;
    }
    p->last = now;
    p->last_instructions = instructions;
}

void cli_progress_step(CliProgress *p)
{
    if (p->mode == PROGRESS_NEVER) {
        return;
    }
    double now = now_seconds();
    if (now >= p->next) {
        p->next = now + 1;
        show(p, now);
    }
}

void cli_progress_fini(CliProgress *p)
{
    if (p->shown) {
        fputs("\r\033[K", stderr);
    }
}
