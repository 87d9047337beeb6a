/*
 * calibrate_fit.c - integer costs for which the cycles of regions come nearest
 * to what was measured.
 *
 * Model    Least is the sum of the regions' relative errors, of which what goes
 *          beyond 200 % counts little: a region that takes a quite other way
 *          (a division by zero) must not pull the others along. One cost after
 *          the other is moved to where the sum is least. Two costs that stand
 *          in for each other hold one another where they are, so pairs are
 *          moved too: one by a step, the other to where it is best then. Begun
 *          with are the costs there were, and those of least squares.
 * Units    cycles; errors weighted with 2^40 / measured.
 * Source   own design.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/calibrate.h"

int64_t cal_model(const CalPoint *p, const uint8_t *cost)
{
    int64_t cycles = p->rest;
    for (unsigned i = 0; i < COST_NUM; i++) {
        cycles += (int64_t)p->count[i] * cost[i];
    }
    return cycles;
}

static uint64_t base_of(uint64_t measured)
{
    return measured < CAL_SHORT ? CAL_SHORT : measured;
}

int64_t cal_error(int64_t model, uint64_t measured)
{
    const int64_t base = (int64_t)base_of(measured);
    const int64_t d = model - (int64_t)measured;
    const int64_t off = d < 0 ? -d : d;
    const int64_t e =
        off / 100000 >= base ? CAL_WORST : (off * 10000 + base / 2) / base;
    return d < 0 ? -e : e;
}

/* From FAR times what was measured on, errors count 1 / BEYOND. */
enum { FAR = 2, BEYOND = 64 };
/* Most of one region: the sum of TIMING_MAX_ROWS of them still fits. */
#define WORST (UINT64_C(1) << 49)

typedef struct Fit {
    const CalPoint *point;
    size_t points;
    uint64_t *weight;
    int64_t *model; /* of each, by the costs as they are */
    uint8_t *cost;
    const bool *fit;
} Fit;

static uint64_t weighed(uint64_t off, uint64_t base, uint64_t weight)
{
    const uint64_t far = FAR * base;
    if (off <= far) {
        return off * weight;
    }
    const uint64_t more = (off - far) / BEYOND;
    return more > WORST / weight / 2 ? WORST : (far + more) * weight;
}

/* The error if cost `which` were another by `more`; `most` or above if that is
 * not below. */
static uint64_t error_with(const Fit *f, unsigned which, int more,
                           uint64_t most)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < f->points && sum < most; i++) {
        const CalPoint *p = &f->point[i];
        const int64_t d = f->model[i] + (int64_t)p->count[which] * more -
                          (int64_t)p->measured;
        const uint64_t off = d < 0 ? (uint64_t)-d : (uint64_t)d;
        sum += weighed(off, base_of(p->measured), f->weight[i]);
    }
    return sum;
}

static void change(Fit *f, unsigned which, int more)
{
    f->cost[which] = (uint8_t)(f->cost[which] + more);
    for (size_t i = 0; i < f->points; i++) {
        f->model[i] += (int64_t)f->point[i].count[which] * more;
    }
}

/* How much to add to a cost for the least error, which goes to *error and is
 * below it; 0 if there is none. */
static int best_change(const Fit *f, unsigned which, uint64_t *error)
{
    const int low = (int)timing_cost_least(which) - f->cost[which];
    const int high = UINT8_MAX - f->cost[which];
    int best = 0;
    for (int more = low; more <= high; more++) {
        const uint64_t e = error_with(f, which, more, *error);
        if (e < *error) {
            *error = e;
            best = more;
        }
    }
    return best;
}

static uint64_t error_now(const Fit *f)
{
    return error_with(f, 0, 0, UINT64_MAX);
}

static bool move_single(Fit *f)
{
    bool moved = false;
    for (unsigned i = 0; i < COST_NUM; i++) {
        uint64_t error = error_now(f);
        const int more = f->fit[i] ? best_change(f, i, &error) : 0;
        if (more) {
            change(f, i, more);
            moved = true;
        }
    }
    return moved;
}

/* Cost i by a step, and another to where it is best then. */
static bool move_two(Fit *f, unsigned i, int step, uint64_t now)
{
    const int to = f->cost[i] + step;
    if (to < (int)timing_cost_least(i) || to > UINT8_MAX) {
        return false;
    }
    change(f, i, step);
    for (unsigned k = 0; k < COST_NUM; k++) {
        uint64_t error = now;
        const int more = f->fit[k] && k != i ? best_change(f, k, &error) : 0;
        if (more) {
            change(f, k, more);
            return true;
        }
    }
    change(f, i, -step);
    return false;
}

static bool move_pair(Fit *f)
{
    static const int steps[] = {1, -1, 2, -2, 4, -4, 8, -8, 16, -16, 32, -32};
    for (unsigned i = 0; i < COST_NUM; i++) {
        for (unsigned s = 0; f->fit[i] && s < 12; s++) {
            if (move_two(f, i, steps[s], error_now(f))) {
                return true;
            }
        }
    }
    return false;
}

/* The costs of least squares, rounded: where a table explains all, that is it.
 */
static void squares(const CalPoint *point, size_t points, const bool *fit,
                    uint8_t *cost, double *rest)
{
    enum { SWEEPS = 2000 };
    double x[COST_NUM];
    for (unsigned k = 0; k < COST_NUM; k++) {
        x[k] = cost[k];
    }
    for (size_t i = 0; i < points; i++) {
        rest[i] =
            (double)point[i].measured - (double)cal_model(&point[i], cost);
    }
    for (unsigned s = 0; s < SWEEPS; s++) {
        for (unsigned k = 0; k < COST_NUM; k++) {
            double xy = 0, xx = 0;
            for (size_t i = 0; fit[k] && i < points; i++) {
                const double w = 1 / (double)base_of(point[i].measured);
                const double n = (double)point[i].count[k] * w;
                xy += n * rest[i] * w;
                xx += n * n;
            }
            double to = xx > 0 ? x[k] + xy / xx : x[k];
            const double least = timing_cost_least(k);
            to = to < least ? least : to > UINT8_MAX ? UINT8_MAX : to;
            for (size_t i = 0; xx > 0 && i < points; i++) {
                rest[i] -= (to - x[k]) * (double)point[i].count[k];
            }
            x[k] = to;
        }
    }
    for (unsigned k = 0; k < COST_NUM; k++) {
        cost[k] = fit[k] ? (uint8_t)(x[k] + 0.5) : cost[k];
    }
}

/* Moves on from f's costs until nothing helps; returns the error. */
static uint64_t settle(Fit *f)
{
    for (size_t i = 0; i < f->points; i++) {
        f->model[i] = cal_model(&f->point[i], f->cost);
    }
    while (move_single(f) || move_pair(f)) {
    }
    return error_now(f);
}

bool cal_fit(const CalPoint *point, size_t points, const bool *fit,
             uint8_t *cost, Error **errp)
{
    uint8_t other[COST_NUM];
    Fit f = {.point = point,
             .points = points,
             .weight = calloc(points, sizeof(*f.weight)),
             .model = calloc(points, sizeof(*f.model)),
             .cost = cost,
             .fit = fit};
    double *rest = calloc(points, sizeof(*rest));
    const bool ok = f.weight && f.model && rest;
    for (size_t i = 0; ok && i < points; i++) {
        f.weight[i] = (UINT64_C(1) << 40) / base_of(point[i].measured);
    }
    if (ok) {
        memcpy(other, cost, sizeof(other));
        squares(point, points, fit, other, rest);
        const uint64_t error = settle(&f);
        f.cost = other;
        if (settle(&f) < error) {
            memcpy(cost, other, sizeof(other));
        }
    }
    free(f.weight);
    free(f.model);
    free(rest);
    return ok || error_set(errp, "the host has no memory left");
}
