/*
 * gdb_run.c - how the machine goes on for gdb, and what stops it again.
 *
 * Model    A thread of vCont does what the first action that fits it says; one
 *          that none fits is held. Breaks are given to the machine when it goes
 *          on, because gdb takes them away and sets them again at each stop.
 * Units    addresses as gdb gives them; bytes.
 * Source   see gdb.h.
 * Missing  signals for the guest: C and S go on like c and s.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/gdb_private.h"

enum { WATCH_MOST = 1 << 20 }; /* bytes */

/* -- going on ------------------------------------------------------------- */

/* Hands the machine its breaks and lets it go. */
static void let_go(Gdb *g)
{
    uint64_t *pc = malloc((g->points + 1) * sizeof(*pc));
    unsigned n = 0;
    for (unsigned i = 0; pc && i < g->points; i++) {
        if (g->point[i].kind <= GDB_HW_BREAK) {
            pc[n++] = g->point[i].address;
        }
    }
    if (!pc || !machine_debug_set_breaks(g->machine, pc, n)) {
        free(pc);
        gdb_fail(g, ENOMEM);
        return;
    }
    free(pc);
    machine_debug_go(g->machine);
    g->state = GDB_RUNNING;
    g->interrupted = false;
    if (g->interrupt_next) {
        gdb_interrupt(g);
    }
}

/* c, s, CSIG, SSIG, each with an address: of the chosen thread. */
void gdb_go_plain(Gdb *g, const char *p)
{
    const bool step = *p == 's' || *p == 'S';
    const bool has_signal = *p == 'C' || *p == 'S';
    uint64_t signal, address = 0;
    p++;
    bool right = !has_signal || gdb_take_hex(&p, &signal);
    const bool jumps = has_signal ? gdb_take(&p, ';') : *p != '\0';
    right = right && (!jumps || gdb_take_hex(&p, &address));
    if (!right || *p) {
        gdb_fail(g, EINVAL);
        return;
    }
    if (jumps) {
        machine_debug_note(g->machine, g->packet, g->packet_len);
        hart_set_pc(machine_hart(g->machine, g->thread_c), address);
    }
    for (unsigned i = 0; i < machine_harts(g->machine); i++) {
        DebugMove move = i == g->thread_c && step ? DEBUG_STEP : DEBUG_RUN;
        machine_debug_move(g->machine, i, move, 0, 0);
    }
    let_go(g);
}

/* One action of vCont. */
typedef struct Action {
    DebugMove move;
    uint64_t first, end;
    uint64_t thread; /* 0, UINT64_MAX: all that none fitted before */
} Action;

static bool take_action(const Gdb *g, const char **p, Action *a)
{
    uint64_t signal;
    *a = (Action){.move = DEBUG_RUN, .thread = UINT64_MAX};
    const char what = **p;
    if (!what) {
        return false;
    }
    (*p)++;
    switch (what) {
    case 'C':
        if (!gdb_take_hex(p, &signal)) {
            return false;
        }
        break;
    case 'c': break;
    case 'S':
        if (!gdb_take_hex(p, &signal)) {
            return false;
        }
        a->move = DEBUG_STEP;
        break;
    case 's': a->move = DEBUG_STEP; break;
    case 'r':
        a->move = DEBUG_STEP;
        if (!gdb_take_hex(p, &a->first) || !gdb_take(p, ',') ||
            !gdb_take_hex(p, &a->end)) {
            return false;
        }
        break;
    default: return false;
    }
    return !gdb_take(p, ':') || gdb_take_thread(g, p, &a->thread);
}

void gdb_go(Gdb *g, const char *p)
{
    const unsigned harts = machine_harts(g->machine);
    bool *set = calloc(harts + 1, sizeof(*set));
    bool any = false, right = set != NULL;
    for (unsigned i = 0; i < harts; i++) {
        machine_debug_move(g->machine, i, DEBUG_HOLD, 0, 0);
    }
    while (right && gdb_take(&p, ';')) {
        Action a;
        right = take_action(g, &p, &a);
        const bool all = !a.thread || a.thread == UINT64_MAX;
        for (unsigned i = 0; right && i < harts; i++) {
            if (!set[i] && (all || a.thread == i + 1)) {
                set[i] = any = true;
                machine_debug_move(g->machine, i, a.move, a.first, a.end);
            }
        }
    }
    free(set);
    if (!right || *p || !any) {
        gdb_fail(g, EINVAL);
        return;
    }
    let_go(g);
}

/* -- points --------------------------------------------------------------- */

static uint8_t dir_of(GdbPointKind kind)
{
    return kind == GDB_WATCH_WRITE  ? DIR_WRITE
           : kind == GDB_WATCH_READ ? DIR_READ
                                    : DIR_BOTH;
}

static bool watch(Gdb *g, const GdbPoint *pt)
{
    return machine_debug_add_watch(g->machine, pt->hart, pt->address,
                                   pt->length, dir_of(pt->kind));
}

/* The machine's watches are those of the list. */
static void renew_watches(Gdb *g)
{
    machine_debug_clear_watches(g->machine);
    for (unsigned i = 0; i < g->points; i++) {
        if (g->point[i].kind > GDB_HW_BREAK) {
            watch(g, &g->point[i]);
        }
    }
}

static bool same(const GdbPoint *a, const GdbPoint *b)
{
    return a->kind == b->kind && a->address == b->address &&
           (a->kind <= GDB_HW_BREAK || a->length == b->length);
}

static bool grow(Gdb *g)
{
    if (g->points < g->point_capacity) {
        return true;
    }
    unsigned capacity = 2 * g->point_capacity + 16;
    GdbPoint *grown = realloc(g->point, capacity * sizeof(*grown));
    if (!grown) {
        return false;
    }
    g->point = grown;
    g->point_capacity = capacity;
    return true;
}

static void insert_point(Gdb *g, const GdbPoint *pt)
{
    if (!grow(g)) {
        gdb_fail(g, ENOMEM);
        return;
    }
    if (pt->kind > GDB_HW_BREAK && !watch(g, pt)) {
        renew_watches(g); /* without what could be watched of it */
        gdb_fail(g, EFAULT);
        return;
    }
    g->point[g->points++] = *pt;
    gdb_reply(g, "OK");
}

static void remove_point(Gdb *g, unsigned i)
{
    const bool was_watch = g->point[i].kind > GDB_HW_BREAK;
    memmove(&g->point[i], &g->point[i + 1],
            (g->points - i - 1) * sizeof(g->point[0]));
    g->points--;
    if (was_watch) {
        renew_watches(g);
    }
}

/* TYPE,ADDRESS,KIND; conditions and commands are gdb's own business. */
void gdb_set_point(Gdb *g, const char *p, bool insert)
{
    uint64_t kind;
    GdbPoint pt = {.hart = g->thread_g};
    if (!gdb_take_hex(&p, &kind) || !gdb_take(&p, ',') ||
        !gdb_take_hex(&p, &pt.address) || !gdb_take(&p, ',') ||
        !gdb_take_hex(&p, &pt.length) || *p) {
        gdb_fail(g, EINVAL);
        return;
    }
    if (kind >= GDB_POINT_KINDS) {
        gdb_reply(g, "");
        return;
    }
    pt.kind = (GdbPointKind)kind;
    if (kind > GDB_HW_BREAK && (!pt.length || pt.length > WATCH_MOST)) {
        gdb_fail(g, EINVAL);
        return;
    }
    for (unsigned i = 0; i < g->points; i++) {
        if (same(&g->point[i], &pt)) {
            if (!insert) {
                remove_point(g, i);
            }
            gdb_reply(g, "OK");
            return;
        }
    }
    if (insert) {
        insert_point(g, &pt);
    } else {
        gdb_reply(g, "OK"); /* there is none, as was asked */
    }
}

/* -- what was written ----------------------------------------------------- */

static GdbWritten *written_of(Gdb *g, const GdbPoint *pt)
{
    for (unsigned i = 0; i < GDB_WRITTEN; i++) {
        GdbWritten *w = &g->written[i];
        if (w->address == pt->address && w->length == pt->length) {
            return w;
        }
    }
    GdbWritten *w = &g->written[g->next_written++ % GDB_WRITTEN];
    *w = (GdbWritten){.address = pt->address, .length = pt->length};
    return w;
}

void gdb_note_written(Gdb *g, const MachineDebugStop *s)
{
    uint8_t byte;
    if (s->why != DEBUG_WATCH || !s->len ||
        hart_debug(machine_hart(g->machine, s->hart), s->address, &byte, 1,
                   false)) {
        return;
    }
    for (unsigned i = 0; i < g->points; i++) {
        const GdbPoint *pt = &g->point[i];
        const uint64_t at = s->address - pt->address;
        if ((pt->kind != GDB_WATCH_WRITE && pt->kind != GDB_WATCH_ACCESS) ||
            pt->length > GDB_WRITTEN_BYTES || at >= pt->length ||
            s->len > pt->length - at) {
            continue;
        }
        GdbWritten *w = written_of(g, pt);
        const bool same = !memcmp(w->bytes + at, s->bytes, s->len);
        w->readable = !same || !w->readable;
        memcpy(w->bytes + at, s->bytes, s->len);
    }
}

bool gdb_read_written(const Gdb *g, uint64_t address, uint8_t *bytes,
                      uint64_t len)
{
    for (unsigned i = 0; i < GDB_WRITTEN; i++) {
        const GdbWritten *w = &g->written[i];
        const uint64_t at = address - w->address;
        if (w->readable && at < w->length && len <= w->length - at) {
            memcpy(bytes, w->bytes + at, len);
            return true;
        }
    }
    return false;
}
