/*
 * commit_log.h - a line per retired instruction, as Spike's --log-commits.
 */
#ifndef SIM_COMMIT_LOG_H
#define SIM_COMMIT_LOG_H

#include <stdio.h>

#include "cpu/hart.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CommitLog CommitLog;

/* out is borrowed. disassemble: the instruction at the end of each line. NULL
 * when the host has no memory. */
CommitLog *commit_log_new(FILE *out, bool disassemble);
void commit_log_free(CommitLog *log);

/* Writes one line; opaque is the log. For machine_set_commit(). */
void commit_log_line(void *opaque, Hart *hart, const HartCommit *commit);

#ifdef __cplusplus
}
#endif
#endif
