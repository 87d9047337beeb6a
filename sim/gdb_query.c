/*
 * gdb_query.c - what gdb asks once: features, threads, the target's
 * description, and monitor commands.
 *
 * Units    bytes of the description.
 * Source   see gdb.h.
 * Missing  qXfer objects but features: gdb has the map from its user.
 */
#include <errno.h>
#include <string.h>

#include "sim/gdb_private.h"

/* Is p the query `name`, whole or up to a separator? Then its rest. */
static const char *query_is(const char *p, const char *name)
{
    size_t n = strlen(name);
    if (strncmp(p, name, n) != 0) {
        return NULL;
    }
    return !p[n] ? p + n : strchr(":,;", p[n]) ? p + n + 1 : NULL;
}

static bool says(const char *features, const char *feature)
{
    size_t n = strlen(feature);
    for (const char *p = features; p; p = strchr(p, ';')) {
        p += *p == ';';
        if (!strncmp(p, feature, n) && (!p[n] || p[n] == ';')) {
            return true;
        }
    }
    return false;
}

static void supported(Gdb *g, const char *features)
{
    g->says_sw = says(features, "swbreak+");
    g->says_hw = says(features, "hwbreak+");
    gdb_replyf(g,
               "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;"
               "vContSupported+;swbreak+;hwbreak+",
               GDB_PACKET);
}

/* All at once: a machine has at most some dozens of harts. */
static void thread_list(Gdb *g)
{
    char text[GDB_PACKET];
    size_t used = 0;
    for (unsigned i = 0;
         i < machine_harts(g->machine) && used + 10 < sizeof(text); i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%c%x",
                                 i ? ',' : 'm', i + 1);
    }
    gdb_reply(g, text);
}

static void thread_extra(Gdb *g, const char *p)
{
    uint64_t thread;
    char text[160];
    if (!gdb_take_thread(g, &p, &thread) || *p || !thread ||
        thread == UINT64_MAX) {
        gdb_fail(g, EINVAL);
        return;
    }
    Hart *hart = machine_hart(g->machine, (unsigned)thread - 1);
    static const char modes[] = "US?M";
    int n = snprintf(text, sizeof(text), "%.100s [%s], %c mode",
                     hart_config(hart)->name,
                     hart_asleep(hart) ? "asleep" : "running",
                     modes[hart_privilege(hart) & 3]);
    gdb_reply_hex(g, "", text, (size_t)n);
}

/* features:read:target.xml:OFFSET,LENGTH */
static void transfer(Gdb *g, const char *p)
{
    static const char annex[] = "features:read:target.xml:";
    uint64_t offset, len;
    if (strncmp(p, annex, strlen(annex)) != 0) {
        gdb_reply(g, strncmp(p, "features:read:", 14) ? "" : "E00");
        return;
    }
    p += strlen(annex);
    if (!gdb_take_hex(&p, &offset) || !gdb_take(&p, ',') ||
        !gdb_take_hex(&p, &len) || *p) {
        gdb_fail(g, EINVAL);
        return;
    }
    const char *xml = gdb_target_xml(g);
    const uint64_t size = xml ? strlen(xml) : 0;
    if (!xml) {
        gdb_fail(g, ENOMEM);
        return;
    }
    offset = offset < size ? offset : size;
    len = len < GDB_PACKET - 8 ? len : GDB_PACKET - 8;
    bool last = len >= size - offset;
    gdb_reply_binary(g, last ? 'l' : 'm', xml + offset,
                     last ? size - offset : len);
}

static void command(Gdb *g, const char *p)
{
    char text[512];
    size_t len = gdb_unhex(p, text, sizeof(text) - 1);
    if (len == SIZE_MAX) {
        gdb_fail(g, EINVAL);
        return;
    }
    text[len] = '\0';
    gdb_monitor(g, text);
}

void gdb_query(Gdb *g, const char *p, size_t len)
{
    const char *rest;
    if ((rest = query_is(p, "qSupported"))) {
        supported(g, rest);
    } else if (query_is(p, "QStartNoAckMode")) {
        gdb_reply(g, "OK");
        g->no_ack_next = true;
    } else if (query_is(p, "qfThreadInfo")) {
        thread_list(g);
    } else if (query_is(p, "qsThreadInfo")) {
        gdb_reply(g, "l");
    } else if ((rest = query_is(p, "qThreadExtraInfo"))) {
        thread_extra(g, rest);
    } else if (query_is(p, "qC")) {
        gdb_replyf(g, "QC%x", g->thread_g + 1);
    } else if (query_is(p, "qAttached")) {
        gdb_reply(g, "1");
    } else if ((rest = query_is(p, "qXfer"))) {
        transfer(g, rest);
    } else if ((rest = query_is(p, "qRcmd"))) {
        command(g, rest);
    } else {
        gdb_reply(g, "");
    }
}
