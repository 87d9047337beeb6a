/*
 * machine_guest.c - what the guest does wrong, said once for each place, and
 * where it is.
 *
 * Model    A place is a device (or hart), a kind of error and the pc it comes
 *          from; it is reported when it is met first, and counted from then
 *          on. Places beyond GUEST_SITES are not told apart any more.
 * Missing  source lines; the values of later occurrences.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/disasm.h"
#include "sim/machine_private.h"

/* -- where ---------------------------------------------------------------- */

/* Disassembles what is at pc; false: it cannot be read. */
static bool instruction_at(Hart *hart, uint64_t pc, char *buf, size_t size)
{
    uint8_t byte[4] = {0};
    uint64_t got = hart_debug(hart, pc, byte, 2, false);
    if (got < 2) {
        return false;
    }
    if ((byte[0] & 3) == 3 &&
        hart_debug(hart, pc + 2, byte + 2, 2, false) < 2) {
        return false;
    }
    uint32_t word = byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
                    (uint32_t)byte[3] << 24;
    Disasm *d = disasm_new(&hart_config(hart)->isa);
    if (!d) {
        return false;
    }
    disasm_text(d, pc, word, buf, size);
    disasm_free(d);
    return true;
}

static const char *mode_name(const Hart *hart)
{
    static const char *const names[] = {"U", "S", "H", "M"};
    return names[hart_privilege(hart) & 3];
}

void machine_describe_pc(Machine *m, Hart *hart, uint64_t pc, char *buf,
                         size_t size)
{
    char insn[96];
    uint64_t offset = 0;
    const char *symbol = machine_symbol(m, pc, &offset);
    bool known = instruction_at(hart, pc, insn, sizeof(insn));
    int used = 0;
    if (symbol) {
        used = snprintf(buf, size, " %.60s+0x%llx", symbol,
                        (unsigned long long)offset);
    }
    if (used >= 0 && (size_t)used < size) {
        snprintf(buf + used, size - (size_t)used, " in %s mode%s%s",
                 mode_name(hart), known ? ": " : "", known ? insn : "");
    }
}

/* Whose access is under way: "cpu0 pc 0x80000010 main+0x10 in M mode: sw a0,
 * (a1)", "dma0.master". Returns the pc; 0: none. */
static uint64_t describe_origin(Machine *m, char *buf, size_t size)
{
    MemoryPort *port = m->world->port;
    Hart *hart = m->running;
    if (!hart ||
        (port && port != hart_data_port(hart) &&
         port != hart_fetch_port(hart) && port != hart_walk_port(hart))) {
        snprintf(buf, size, "%s", port ? port->name : "");
        return 0;
    }
    char where[200];
    uint64_t pc = port ? m->world->pc : hart_pc(hart);
    machine_describe_pc(m, hart, pc, where, sizeof(where));
    snprintf(buf, size, "%s pc 0x%llx%s", hart_config(hart)->name,
             (unsigned long long)pc, where);
    return pc;
}

/* -- once for each place -------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *p = text; *p; p++) { /* FNV-1a */
        hash = (hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
    }
    return (hash ^ 0xff) * UINT64_C(1099511628211);
}

/* The pc that an error of the access under way belongs to. */
static uint64_t origin_pc(const Machine *m)
{
    const MemoryPort *port = m->world->port;
    return port         ? m->world->pc ^ (uint64_t)port->id << 48
           : m->running ? hart_pc(m->running)
                        : 0;
}

/* The site with that hash, made when it is new; NULL: there is no room. */
static GuestSite *find_site(Machine *m, uint64_t hash)
{
    if (!m->site) {
        m->site = calloc(GUEST_SITES, sizeof(*m->site));
    }
    for (unsigned i = 0; m->site && i < m->sites; i++) {
        if (m->site[i].hash == hash) {
            return &m->site[i];
        }
    }
    if (!m->site || m->sites == GUEST_SITES) {
        return NULL;
    }
    GuestSite *site = &m->site[m->sites++];
    site->hash = hash;
    return site;
}

static void log_line(Machine *m, const char *device, const char *text)
{
    if (m->trace) {
        char line[GUEST_LINE + 64];
        snprintf(line, sizeof(line), "%s: %s", device, text);
        trace_log(m->trace, m->world->now, "guest_error", line);
    }
    if (m->log_fn) {
        m->log_fn(m->log_opaque, m->world->now, device, text);
    }
}

void machine_guest_error(Machine *m, const char *device, const char *key,
                         const char *text)
{
    if (!m->trace && !m->log_fn) {
        return;
    }
    uint64_t hash = UINT64_C(14695981039346656037) ^ origin_pc(m);
    GuestSite *site = find_site(m, hash_text(hash_text(hash, device), key));
    if (!site) {
        if (!m->guest_full) {
            m->guest_full = true;
            log_line(m, device, "further guest errors are not reported");
        }
        return;
    }
    if (site->count++) {
        return;
    }
    char origin[256], line[GUEST_LINE];
    describe_origin(m, origin, sizeof(origin));
    snprintf(line, sizeof(line), "%.150s%s%s%s", text, origin[0] ? " (" : "",
             origin, origin[0] ? ")" : "");
    if (asprintf(&site->line, "%s: %s", device, line) < 0) {
        site->line = NULL;
    }
    log_line(m, device, line);
}

void machine_log_counts(Machine *m)
{
    MemoryWorld *outer = memory_world_enter(m->world);
    for (unsigned i = 0; i < m->sites; i++) {
        const GuestSite *site = &m->site[i];
        char text[48];
        if (site->count > 1 && site->line) {
            snprintf(text, sizeof(text), "%llu times in all",
                     (unsigned long long)site->count);
            log_line(m, text, site->line);
        }
    }
    memory_world_enter(outer);
}

void machine_guest_fini(Machine *m)
{
    for (unsigned i = 0; i < m->sites; i++) {
        free(m->site[i].line);
    }
    free(m->site);
}

/* What memory/ finds wrong while it runs: re-entrant devices and the like. */
static void memory_line(void *opaque, const char *line)
{
    machine_guest_error(opaque, "memory", line, line);
}

void machine_set_log(Machine *m, MachineLogFn *fn, void *opaque)
{
    m->log_fn = fn;
    m->log_opaque = opaque;
    m->world->log = fn ? memory_line : NULL;
    m->world->log_opaque = m;
}

/* -- why it stopped ------------------------------------------------------- */

/* A hart that has done nothing but trap at one place; NULL: none. */
static Hart *trapping(Machine *m)
{
    for (unsigned i = 0; i < m->harts; i++) {
        if (!hart_asleep(m->hart[i]) && m->trap[i].last.there &&
            hart_pc(m->hart[i]) == m->trap[i].last.pc) {
            return m->hart[i];
        }
    }
    return NULL;
}

static void describe_trapping(Machine *m, Hart *hart, char *buf, size_t size)
{
    const MachineTraps *t = &m->trap[hart_config(hart)->hartid];
    char where[200] = "";
    uint64_t offset = 0;
    const char *symbol = machine_symbol(m, t->last.pc, &offset);
    if (t->before.there) {
        const char *origin = machine_symbol(m, t->before.pc, &offset);
        snprintf(where, sizeof(where), "; before that, %s at pc 0x%llx%s%.60s",
                 trace_cause_name(t->before.cause),
                 (unsigned long long)t->before.pc, origin ? " " : "",
                 origin ? origin : "");
    }
    snprintf(buf, size,
             "traps in its trap handler, %s at pc 0x%llx%s%.60s: %s (tval "
             "0x%llx)%s",
             hart_config(hart)->name, (unsigned long long)t->last.pc,
             symbol ? " " : "", symbol ? symbol : "",
             trace_cause_name(t->last.cause), (unsigned long long)t->last.tval,
             where);
}

void machine_describe_stop(Machine *m, char *buf, size_t size)
{
    Hart *hart = m->harts ? m->hart[0] : NULL;
    bool stuck = m->stop == MACHINE_STUCK;
    if (!hart) {
        snprintf(buf, size, "%s", stuck ? "nothing is due to happen" : "");
        return;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    if (stuck && trapping(m)) {
        describe_trapping(m, trapping(m), buf, size);
    } else {
        char where[200];
        machine_describe_pc(m, hart, hart_pc(hart), where, sizeof(where));
        snprintf(buf, size, "%s%s at pc 0x%llx%s",
                 !stuck              ? ""
                 : hart_asleep(hart) ? "asleep, and nothing is due to wake a "
                                       "hart, "
                                     : "traps in its trap handler, ",
                 hart_config(hart)->name, (unsigned long long)hart_pc(hart),
                 where);
    }
    memory_world_enter(outer);
}
