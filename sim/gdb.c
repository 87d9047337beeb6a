/*
 * gdb.c - packets of gdb's remote protocol, and what is done at once.
 *
 * Model    Bytes wait in a queue while the machine runs; all that is looked at
 *          then is whether the next one is an interrupt. A packet that is too
 *          long is answered with an error, one that is not known with an empty
 *          packet.
 * Units    bytes.
 * Source   see gdb.h.
 * Missing  run-length encoding of replies.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/gdb_private.h"

enum { INTERRUPT = 3 };

/* -- replies -------------------------------------------------------------- */

static void put(Gdb *g, char c)
{
    g->out[g->out_len++] = c;
}

static void begin(Gdb *g)
{
    g->out_len = 0;
    put(g, '$');
}

/* Room for the sum is kept by everyone who puts. */
static void end(Gdb *g)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum = 0;
    for (size_t i = 1; i < g->out_len; i++) {
        sum = (uint8_t)(sum + (uint8_t)g->out[i]);
    }
    put(g, '#');
    put(g, digits[sum >> 4]);
    put(g, digits[sum & 15]);
    g->send(g->opaque, g->out, g->out_len);
}

static void put_text(Gdb *g, const char *text)
{
    while (*text && g->out_len <= GDB_PACKET) {
        put(g, *text++);
    }
}

void gdb_reply(Gdb *g, const char *text)
{
    begin(g);
    put_text(g, text);
    end(g);
}

void gdb_replyf(Gdb *g, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    gdb_reply(g, text);
}

void gdb_reply_hex(Gdb *g, const char *head, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    begin(g);
    put_text(g, head);
    for (size_t i = 0; i < len && i < GDB_PACKET / 2; i++) {
        char two[3];
        snprintf(two, sizeof(two), "%02x", b[i]);
        put(g, two[0]);
        put(g, two[1]);
    }
    end(g);
}

void gdb_reply_binary(Gdb *g, char head, const void *bytes, size_t len)
{
    const char *b = bytes;
    begin(g);
    put(g, head);
    for (size_t i = 0; i < len && i < GDB_PACKET - 1; i++) {
        if (b[i] && strchr("$#}*", b[i])) {
            put(g, '}');
            put(g, (char)(b[i] ^ 0x20));
        } else {
            put(g, b[i]);
        }
    }
    end(g);
}

void gdb_fail(Gdb *g, int error)
{
    gdb_replyf(g, "E%02x", error & 255);
}

void gdb_say(Gdb *g, const char *text)
{
    enum { PIECE = 1024 };
    for (size_t len = strlen(text); len;) {
        size_t n = len < PIECE ? len : PIECE;
        gdb_reply_hex(g, "O", text, n);
        text += n;
        len -= n;
    }
}

/* -- reading packets ------------------------------------------------------ */

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool gdb_take_hex(const char **p, uint64_t *value)
{
    const char *begin_at = *p;
    uint64_t v = 0;
    for (; digit(**p) >= 0; (*p)++) {
        if (v >> 60) {
            return false;
        }
        v = v << 4 | (uint64_t)digit(**p);
    }
    *value = v;
    return *p != begin_at;
}

bool gdb_take(const char **p, char c)
{
    if (**p != c) {
        return false;
    }
    (*p)++;
    return true;
}

size_t gdb_unhex(const char *p, void *bytes, size_t room)
{
    uint8_t *b = bytes;
    size_t n = 0;
    for (; *p; p += 2) {
        if (digit(p[0]) < 0 || digit(p[1]) < 0 || n == room) {
            return SIZE_MAX;
        }
        b[n++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
    }
    return n;
}

bool gdb_take_thread(const Gdb *g, const char **p, uint64_t *thread)
{
    if (gdb_take(p, '-')) {
        *thread = UINT64_MAX;
        return gdb_take(p, '1');
    }
    return gdb_take_hex(p, thread) && *thread <= machine_harts(g->machine);
}

Hart *gdb_hart(const Gdb *g)
{
    return machine_hart(g->machine, g->thread_g);
}

/* -- memory --------------------------------------------------------------- */

static bool take_range(const char **p, uint64_t *address, uint64_t *len)
{
    return gdb_take_hex(p, address) && gdb_take(p, ',') && gdb_take_hex(p, len);
}

static void read_memory(Gdb *g, const char *p)
{
    uint64_t address, len;
    uint8_t bytes[GDB_PACKET / 2];
    if (!take_range(&p, &address, &len) || *p) {
        gdb_fail(g, EINVAL);
        return;
    }
    len = len < sizeof(bytes) ? len : sizeof(bytes);
    uint64_t n = hart_debug(gdb_hart(g), address, bytes, len, false);
    if (!n && gdb_read_written(g, address, bytes, len)) {
        n = len;
    }
    if (len && !n) {
        gdb_fail(g, EFAULT);
        return;
    }
    gdb_reply_hex(g, "", bytes, n);
}

/* M: hexadecimal, X: as it is. */
static void write_memory(Gdb *g, const char *p, bool binary)
{
    uint64_t address, len;
    uint8_t bytes[GDB_PACKET];
    if (!take_range(&p, &address, &len) || !gdb_take(&p, ':')) {
        gdb_fail(g, EINVAL);
        return;
    }
    size_t there = (size_t)(g->packet + g->packet_len - p);
    const void *from = p;
    if (!binary) {
        there = gdb_unhex(p, bytes, sizeof(bytes));
        from = bytes;
    }
    if (there != len) {
        gdb_fail(g, EINVAL);
        return;
    }
    memmove(bytes, from, there);
    if (len) { /* else gdb asks whether X is known */
        machine_debug_note(g->machine, g->packet, g->packet_len);
    }
    uint64_t n = hart_debug(gdb_hart(g), address, bytes, len, true);
    if (n == len) {
        gdb_reply(g, "OK");
    } else {
        gdb_fail(g, EFAULT);
    }
}

/* -- packets -------------------------------------------------------------- */

static void choose_thread(Gdb *g, const char *p)
{
    const char which = *p ? *p++ : '\0';
    uint64_t thread;
    if (!gdb_take_thread(g, &p, &thread) || *p || !strchr("gc", which) ||
        !which) {
        gdb_fail(g, EINVAL);
        return;
    }
    bool one = thread && thread != UINT64_MAX;
    if (which == 'g') {
        g->thread_g = one ? (unsigned)thread - 1 : g->thread_g;
    } else {
        g->thread_c = one ? (unsigned)thread - 1 : g->thread_c;
        g->thread_c_all = !one;
    }
    gdb_reply(g, "OK");
}

static void is_alive(Gdb *g, const char *p)
{
    uint64_t thread;
    bool there = gdb_take_thread(g, &p, &thread) && !*p && thread &&
                 thread != UINT64_MAX;
    if (there) {
        gdb_reply(g, "OK");
    } else {
        gdb_fail(g, EINVAL);
    }
}

static void leave(Gdb *g, GdbState state)
{
    machine_debug_end(g->machine);
    g->state = state;
}

static void multi_letter(Gdb *g, const char *p)
{
    if (!strcmp(p, "Cont?")) {
        gdb_reply(g, "vCont;c;C;s;S;r");
    } else if (!strncmp(p, "Cont;", 5)) {
        gdb_go(g, p + 4);
    } else if (!strncmp(p, "Kill", 4)) {
        gdb_reply(g, "OK");
        leave(g, GDB_KILLED);
    } else {
        gdb_reply(g, "");
    }
}

static void handle(Gdb *g)
{
    const char *p = g->packet + 1;
    if (g->packet_len == 0) {
        gdb_reply(g, "");
        return;
    }
    switch (g->packet[0]) {
    case '?': gdb_reply(g, g->stop_reply); break;
    case 'g': gdb_read_all(g); break;
    case 'G': gdb_write_all(g, p); break;
    case 'p': gdb_read_one(g, p); break;
    case 'P': gdb_write_one(g, p); break;
    case 'm': read_memory(g, p); break;
    case 'M': write_memory(g, p, false); break;
    case 'X': write_memory(g, p, true); break;
    case 'H': choose_thread(g, p); break;
    case 'T': is_alive(g, p); break;
    case 'c':
    case 's':
    case 'C':
    case 'S': gdb_go_plain(g, g->packet); break;
    case 'v': multi_letter(g, p); break;
    case 'Z': gdb_set_point(g, p, true); break;
    case 'z': gdb_set_point(g, p, false); break;
    case 'q':
    case 'Q': gdb_query(g, g->packet, g->packet_len); break;
    case 'D':
        gdb_reply(g, "OK");
        leave(g, GDB_DETACHED);
        break;
    case 'k': leave(g, GDB_KILLED); break;
    default: gdb_reply(g, "");
    }
}

/* -- bytes ---------------------------------------------------------------- */

static void acknowledge(Gdb *g, char c)
{
    if (!g->quiet) {
        g->send(g->opaque, &c, 1);
    }
}

static void packet_came(Gdb *g, bool sum_is_right)
{
    if (!sum_is_right && !g->quiet) {
        acknowledge(g, '-');
        return;
    }
    acknowledge(g, '+');
    g->packet[g->packet_len] = '\0';
    if (g->too_long) {
        gdb_fail(g, E2BIG);
    } else {
        handle(g);
    }
    g->quiet = g->quiet || g->no_ack_next;
}

static void packet_begins(Gdb *g)
{
    g->frame = GDB_INSIDE;
    g->packet_len = 0;
    g->sum = 0;
    g->too_long = g->escaped = false;
}

static void take_inside(Gdb *g, char c)
{
    if (c == '$') { /* the end of the last one was lost */
        packet_begins(g);
        return;
    }
    if (c == '#') {
        g->frame = GDB_SUM_HIGH;
        return;
    }
    g->sum = (uint8_t)(g->sum + (uint8_t)c);
    if (c == '}' && !g->escaped) {
        g->escaped = true;
        return;
    }
    if (g->packet_len == GDB_PACKET) {
        g->too_long = true;
    } else {
        g->packet[g->packet_len++] = g->escaped ? (char)(c ^ 0x20) : c;
    }
    g->escaped = false;
}

static void take_byte(Gdb *g, char c)
{
    switch (g->frame) {
    case GDB_BETWEEN:
        if (c == '$') {
            packet_begins(g);
        } else if (c == '-' && !g->quiet && g->out_len) {
            g->send(g->opaque, g->out, g->out_len);
        } else if (c == INTERRUPT) { /* gdb sends it early, at times */
            g->interrupt_next = true;
        }
        break;
    case GDB_INSIDE: take_inside(g, c); break;
    case GDB_SUM_HIGH:
        g->frame = GDB_SUM_LOW;
        g->sum_high = c;
        break;
    case GDB_SUM_LOW:
        g->frame = GDB_BETWEEN;
        packet_came(g, digit(g->sum_high) >= 0 && digit(c) >= 0 &&
                           (digit(g->sum_high) << 4 | digit(c)) == g->sum);
        break;
    }
}

void gdb_interrupt(Gdb *g)
{
    g->interrupted = true;
    g->interrupt_next = false;
    machine_pause(g->machine);
}

/* Takes what waits, as far as the state lets; returns how many bytes. */
static size_t take_waiting(Gdb *g)
{
    size_t at = 0;
    while (at < g->queued) {
        const char c = (char)g->queue[at];
        if (g->state == GDB_STOPPED) {
            take_byte(g, c);
        } else if (g->state == GDB_RUNNING && c == INTERRUPT) {
            gdb_interrupt(g);
        } else if (g->state == GDB_RUNNING && c != '+') {
            break;
        }
        at++;
    }
    return at;
}

static void take_queue(Gdb *g)
{
    size_t taken = take_waiting(g);
    g->queued -= taken;
    memmove(g->queue, g->queue + taken, g->queued);
}

void gdb_input(Gdb *g, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    while (len) {
        size_t room = GDB_QUEUE - g->queued;
        size_t n = len < room ? len : room;
        memcpy(g->queue + g->queued, b, n);
        g->queued += n;
        b += n;
        len -= n;
        take_queue(g);
        if (!n) {
            return; /* nobody listens: what does not fit is lost */
        }
    }
}

GdbState gdb_state(const Gdb *g)
{
    return g->state;
}

bool gdb_interrupted(const Gdb *g)
{
    return g->interrupted;
}

/* -- stops ---------------------------------------------------------------- */

static const char *reason(const Gdb *g, const MachineDebugStop *s, char *buf,
                          size_t size)
{
    static const char *const names[] = {
        [DIR_READ] = "rwatch", [DIR_WRITE] = "watch", [DIR_BOTH] = "awatch"};
    buf[0] = '\0';
    if (s->why == DEBUG_WATCH) {
        snprintf(buf, size, "%s:%" PRIx64 ";", names[s->watched & DIR_BOTH],
                 s->address);
    } else if (s->why == DEBUG_BREAK) {
        uint64_t pc = hart_pc(machine_hart(g->machine, s->hart));
        bool soft = false, hard = false;
        for (unsigned i = 0; i < g->points; i++) {
            const GdbPoint *pt = &g->point[i];
            soft |= pt->kind == GDB_SW_BREAK && pt->address == pc;
            hard |= pt->kind == GDB_HW_BREAK && pt->address == pc;
        }
        snprintf(buf, size, "%s",
                 soft && g->says_sw   ? "swbreak:;"
                 : hard && g->says_hw ? "hwbreak:;"
                                      : "");
    }
    return buf;
}

static void stopped(Gdb *g, int signal, const MachineDebugStop *s)
{
    char why[64];
    g->state = GDB_STOPPED;
    g->interrupted = false;
    g->thread_g = g->thread_c = s->hart;
    gdb_note_written(g, s);
    if (s->why == DEBUG_WATCH && s->initiator) {
        char text[160];
        snprintf(text, sizeof(text), "%.60s %s 0x%" PRIx64 "\n", s->initiator,
                 s->dir == DIR_READ ? "has read" : "has written", s->address);
        gdb_say(g, text);
    }
    snprintf(g->stop_reply, sizeof(g->stop_reply), "T%02x%sthread:%x;", signal,
             reason(g, s, why, sizeof(why)), s->hart + 1);
    gdb_expedite(g, machine_hart(g->machine, s->hart), g->stop_reply,
                 sizeof(g->stop_reply));
    gdb_reply(g, g->stop_reply);
}

void gdb_ran(Gdb *g, MachineStop stop, int status, const char *how)
{
    const MachineDebugStop *s = machine_debug_stop(g->machine);
    char line[600];
    if (g->state != GDB_RUNNING) {
        return;
    }
    if (stop == MACHINE_RUNNING && s->why == DEBUG_NONE && !g->interrupted) {
        return;
    }
    snprintf(line, sizeof(line), "socscope: %.560s\n", how);
    if (how[0] && stop != MACHINE_FINISHED) {
        gdb_say(g, line);
    }
    if (stop == MACHINE_RUNNING || (stop == MACHINE_STUCK && !g->stuck)) {
        g->stuck = stop == MACHINE_STUCK; /* a chance to see why */
        const MachineDebugStop here = {.hart = g->thread_c};
        stopped(g, s->why == DEBUG_NONE ? GDB_SIGINT : GDB_SIGTRAP,
                s->why == DEBUG_NONE ? &here : s);
        take_queue(g);
        return;
    }
    gdb_replyf(g, "W%02x", status & 255);
    g->state = GDB_ENDED;
}

/* -- a session ------------------------------------------------------------ */

Gdb *gdb_new(Machine *m, GdbSend *send, void *opaque, Error **errp)
{
    if (!machine_harts(m)) {
        error_set(errp, "the machine has no cpu that gdb could see");
        return NULL;
    }
    Gdb *g = calloc(1, sizeof(*g));
    if (!g) {
        error_set(errp, "the host has no memory left");
        return NULL;
    }
    if (!machine_debug_begin(m, errp)) {
        free(g);
        return NULL;
    }
    g->machine = m;
    g->send = send;
    g->opaque = opaque;
    g->thread_c_all = true;
    snprintf(g->stop_reply, sizeof(g->stop_reply), "T%02xthread:1;",
             GDB_SIGTRAP);
    return g;
}

void gdb_free(Gdb *g)
{
    if (g) {
        machine_debug_end(g->machine);
        free(g->xml);
        free(g->point);
        free(g);
    }
}
