/*
 * player.c - an initiator that repeats recorded accesses.
 *
 * Model    The score (what to play) is handed in before the run; sim/ reads it
 *          from a database or a CSV file. Pace: `recorded` issues each at its
 *          time, scaled, and late when no slot is free then; `dependent` when
 *          the one before it is complete and the recorded gap is over; `fast`
 *          when a slot is free. Writes carry the recorded bytes, or the
 *          pattern of a generator where they were not recorded.
 * Units    ps in the score, cycles of the master port's clock in the run.
 * Source   docs/devices/player.md (this project's own).
 * Missing  Atomics are played as reads: they take the bus once, and change
 *          nothing.
 */
#include "soc/player.h"

#include <stdlib.h>
#include <string.h>

/* -- the score ------------------------------------------------------------- */

static bool grow(void *array, size_t *room, size_t needed, size_t each)
{
    if (needed <= *room) {
        return true;
    }
    size_t more = 2 * needed + 64;
    void *grown = realloc(*(void **)array, more * each);
    if (!grown) {
        return false;
    }
    *(void **)array = grown;
    *room = more;
    return true;
}

bool player_score_add(PlayerScore *score, const PlayerAccess *access,
                      const uint8_t *bytes)
{
    size_t len = bytes ? access->size : 0;
    if (!grow(&score->access, &score->capacity, score->count + 1,
              sizeof(*score->access)) ||
        !grow(&score->bytes, &score->room, score->used + len, 1)) {
        return false;
    }
    PlayerAccess *a = &score->access[score->count++];
    *a = *access;
    if (bytes) {
        memcpy(score->bytes + score->used, bytes, len);
        a->value = score->used;
        a->has_value = true;
        score->used += len;
    }
    return true;
}

void player_score_fini(PlayerScore *score)
{
    free(score->access);
    free(score->bytes);
    *score = (PlayerScore){0};
}

void player_set_score(Player *p, const PlayerScore *score)
{
    player_score_fini(&p->score);
    p->score = *score;
}

/* -- playing --------------------------------------------------------------- */

static uint64_t scaled(const Player *p, uint64_t ps)
{
    ClockWide x = (ClockWide)ps * p->scale / 100;
    return x < TIME_NEVER ? (uint64_t)x : TIME_NEVER;
}

/* A gap is a difference of two edges: the nearest number of cycles. */
static uint64_t gap_cycles(const Player *p, uint64_t ps)
{
    ClockWide x = (ClockWide)ps * p->traffic.master.clock->hz;
    return (uint64_t)((x + PS_PER_SECOND / 2) / PS_PER_SECOND);
}

static uint64_t due_of(const Player *p, size_t i)
{
    uint64_t ps = scaled(p, p->score.access[i].time_ps);
    ps = ps > TIME_NEVER - p->start ? TIME_NEVER : ps + p->start;
    return ps == TIME_NEVER ? UINT64_MAX
                            : clock_cycle_at(p->traffic.master.clock, ps);
}

static size_t accesses(const Player *p)
{
    return p->count && p->count < p->score.count ? p->count : p->score.count;
}

static uint64_t player_due(const Traffic *t, uint64_t cycle)
{
    const Player *p = (const Player *)t;
    size_t low = 0, high = accesses(p);
    while (low < high) {
        size_t i = low + (high - low) / 2;
        if (due_of(p, i) < cycle) {
            low = i + 1;
        } else {
            high = i;
        }
    }
    return low;
}

static bool player_next(Traffic *t, TrafficAccess *access)
{
    Player *p = (Player *)t;
    if (p->at >= accesses(p)) {
        return false;
    }
    const PlayerAccess *a = &p->score.access[p->at++];
    *access = (TrafficAccess){
        .addr = a->addr, .len = a->size, .is_write = a->is_write};
    if (p->pace == PLAYER_RECORDED) {
        access->timed = true;
        access->due = due_of(p, p->at - 1);
    } else if (p->pace == PLAYER_DEPENDENT) {
        access->gap = gap_cycles(p, scaled(p, a->gap_ps));
    }
    return true;
}

static void player_fill(Traffic *t, hwaddr addr, uint8_t *bytes, uint32_t len)
{
    const Player *p = (const Player *)t;
    const PlayerAccess *a = &p->score.access[p->at - 1];
    uint64_t from = addr - a->addr;
    if (!a->has_value) {
        traffic_pattern(t, addr, bytes, len);
    } else if (a->size > 8) {
        memcpy(bytes, p->score.bytes + a->value + from, len);
    } else {
        for (uint32_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)(a->value >> 8 * (from + i));
        }
    }
}

/* -- life ------------------------------------------------------------------ */

static bool player_init(Device *dev, Error **errp)
{
    static const char *const paces[] = {[PLAYER_RECORDED] = "recorded",
                                        [PLAYER_DEPENDENT] = "dependent",
                                        [PLAYER_FAST] = "fast"};
    Player *p = (Player *)dev;
    Traffic *t = &p->traffic;
    unsigned pace = 0;
    while (pace < 3 && strcmp(p->pace_text, paces[pace]) != 0) {
        pace++;
    }
    if (pace == 3) {
        return error_set(errp,
                         "pace of %s is \"%.40s\"; write recorded, dependent "
                         "or fast",
                         dev->name, p->pace_text);
    }
    if (pace == PLAYER_DEPENDENT && p->under_way > 1) {
        return error_set(errp,
                         "outstanding of %s: a dependent access waits for the "
                         "one before it; leave it out",
                         dev->name);
    }
    p->pace = (PlayerPace)pace;
    t->outstanding = p->under_way              ? p->under_way
                     : pace == PLAYER_RECORDED ? TRAFFIC_SLOTS
                                               : 1;
    t->start_ps = p->start;
    t->until_ps = TIME_NEVER;
    t->pace = paces[pace];
    t->next = player_next;
    t->due = pace == PLAYER_RECORDED ? player_due : NULL;
    t->fill = player_fill;
    return traffic_init(t, errp);
}

static void player_reset(Device *dev)
{
    Player *p = (Player *)dev;
    p->at = 0;
    traffic_reset(&p->traffic);
}

static void player_fini(Device *dev)
{
    player_score_fini(&((Player *)dev)->score);
    traffic_fini(dev);
}

static const ParamSpec player_params[] = {
    {.name = "master",
     .type = PARAM_MASTER,
     .offset = offsetof(Player, traffic.master),
     .doc = "the bus on which it reads and writes"},
    {.name = "file",
     .type = PARAM_FILE,
     .offset = offsetof(Player, file),
     .required = true,
     .doc = "a run's database, or a CSV file"},
    {.name = "initiator",
     .type = PARAM_STRING,
     .offset = offsetof(Player, initiator),
     .doc = "whose accesses; needed when a database has several"},
    {.name = "pace",
     .type = PARAM_STRING,
     .offset = offsetof(Player, pace_text),
     .text = "recorded",
     .doc = "recorded: at its times; dependent: each after the one before, "
            "with the recorded gaps; fast: as soon as possible"},
    {.name = "scale",
     .type = PARAM_UINT,
     .offset = offsetof(Player, scale),
     .preset = 100,
     .high = 1000000,
     .doc = "percent of the recorded times and gaps"},
    {.name = "outstanding",
     .type = PARAM_UINT,
     .offset = offsetof(Player, under_way),
     .high = TRAFFIC_SLOTS,
     .doc = "requests under way at once, at most; 0: 64 with pace recorded, "
            "else 1"},
    {.name = "count",
     .type = PARAM_UINT,
     .offset = offsetof(Player, count),
     .doc = "accesses to play; 0: all"},
    {.name = "start",
     .type = PARAM_TIME,
     .offset = offsetof(Player, start),
     .doc = "added to the recorded times"},
    {.name = "master_priority",
     .type = PARAM_UINT,
     .offset = offsetof(Player, traffic.priority),
     .high = 255,
     .doc = "on a bus with fixed arbitration; lower wins"},
    {.name = NULL},
};

static const RegName no_registers[] = {{NULL, 0, 0, 0, 0, NULL, NULL}};

const DeviceClass player_class = {
    .name = "player",
    .summary = "traffic from a recording: a run's database or a CSV file",
    .source = "docs/devices/player.md (socscope's own)",
    .size = sizeof(Player),
    .params = player_params,
    .registers = no_registers,
    .traffic = true,
    .init = player_init,
    .reset = player_reset,
    .fini = player_fini,
};
