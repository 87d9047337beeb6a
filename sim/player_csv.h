/*
 * player_csv.h - accesses for a player, from a CSV file.
 */
#ifndef SIM_PLAYER_CSV_H
#define SIM_PLAYER_CSV_H

#include <stdio.h>

#include "soc/player.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds to score what `in` has; `path` stands for it in messages. clk: whose
 * cycles a column `cycle` counts. initiator: only rows with it; NULL: all. */
bool player_csv_read(FILE *in, const char *path, const char *initiator,
                     const ClockDomain *clk, PlayerScore *score, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
