/* replay.h - the input of an earlier run, once more; see replay.c. */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "sim/serial.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Before the run; takes the input of the host away. path: a run's database. */
bool replay_load(Machine *m, SerialSet *serial, const char *path, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
