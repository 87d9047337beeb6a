/* player.h - see player.c for the model. */
#ifndef SOC_PLAYER_H
#define SOC_PLAYER_H

#include "soc/traffic.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A recorded access. */
typedef struct PlayerAccess {
    uint64_t time_ps;
    uint64_t gap_ps; /* from the completion of the one before it; or 0 */
    hwaddr addr;
    uint64_t value; /* if has_value: first byte lowest; of more than 8 bytes,
                       where they begin in `bytes` */
    uint16_t size;  /* 1..TRAFFIC_BYTES; does not run beyond 2^64 */
    bool is_write, has_value;
} PlayerAccess;

/* What there is to play. Times do not fall. */
typedef struct PlayerScore {
    PlayerAccess *access;
    size_t count, capacity;
    uint8_t *bytes; /* of long writes */
    size_t used, room;
} PlayerScore;

typedef enum PlayerPace {
    PLAYER_RECORDED,  /* at the recorded times */
    PLAYER_DEPENDENT, /* the recorded gap after the one before */
    PLAYER_FAST,      /* as soon as possible */
} PlayerPace;

typedef struct Player {
    Traffic traffic;
    /* parameters */
    const char *file, *initiator, *pace_text;
    uint64_t scale; /* percent */
    uint64_t start, count, under_way;
    /* from them */
    PlayerPace pace;
    PlayerScore score; /* owned */
    /* state */
    size_t at; /* the next one; at - 1 is being issued */
} Player;

/* Adds an access, and `bytes` of a long write if not NULL. False: no memory. */
bool player_score_add(PlayerScore *score, const PlayerAccess *access,
                      const uint8_t *bytes);
void player_score_fini(PlayerScore *score);
/* Hands over what is to be played; before the run. */
void player_set_score(Player *p, const PlayerScore *score);

extern const DeviceClass player_class;

#ifdef __cplusplus
}
#endif
#endif
