/*
 * machine_hart.c - harts of a machine: made, and what they ask of it.
 *
 * Model    In the order of the file, which gives the hart ids. The time CSR
 *          and stimecmp are the first CLINT's.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"
#include "soc/clint.h"

static uint64_t read_time(void *opaque)
{
    Machine *m = opaque;
    return m->clint ? clint_mtime(m->clint) : 0;
}

static void write_stimecmp(void *opaque, Hart *hart, uint64_t value)
{
    Machine *m = opaque;
    if (m->clint) {
        clint_set_stimecmp(m->clint, (unsigned)hart_config(hart)->hartid,
                           value);
    }
}

static void committed(void *opaque, Hart *hart, const HartCommit *commit)
{
    Machine *m = opaque;
    if (m->commit_fn) {
        m->commit_fn(m->commit_opaque, hart, commit);
    }
}

void machine_set_commit(Machine *m, MachineCommitFn *fn, void *opaque)
{
    m->commit_fn = fn;
    m->commit_opaque = opaque;
}

/* Exceptions that say something went wrong: ecall and ebreak are ordinary
 * business. Causes: privileged specification, table 3.6. */
static bool is_fault(uint64_t cause)
{
    const uint64_t faults = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 |
                            1 << 6 | 1 << 7 | 1 << 12 | 1 << 13 | 1 << 15;
    return cause < 16 && (faults >> cause & 1);
}

/* Accesses that memory, a device or PMP refused. */
static bool is_refusal(uint64_t cause)
{
    return cause == 1 || cause == 5 || cause == 7;
}

/* What an access fault was about, as far as a look at the map tells. */
static void log_refusal(Machine *m, Hart *hart, uint64_t cause, uint64_t tval)
{
    const HartConfig *hc = hart_config(hart);
    hwaddr pa, inside, len = 1;
    const char *why = "refused";
    char text[160];
    if (hart_translate(hart, tval, &pa)) {
        MemoryRegion *mr = address_space_translate(
            cause == 1 ? hc->fetch_as : hc->data_as, pa, &inside, &len,
            cause == 7, MEMTXATTRS_UNSPECIFIED);
        if (mr && mr != &m->world->unassigned) {
            snprintf(text, sizeof(text), "%s at 0x%llx: refused in %.40s",
                     trace_cause_name(cause), (unsigned long long)tval,
                     memory_region_name(mr));
            machine_guest_error(m, hc->name, trace_cause_name(cause), text);
            return;
        }
        why = "nothing is there";
    }
    snprintf(text, sizeof(text), "%s at 0x%llx: %s", trace_cause_name(cause),
             (unsigned long long)tval, why);
    machine_guest_error(m, hc->name, trace_cause_name(cause), text);
}

static void trapped(void *opaque, Hart *hart, uint64_t cause, uint64_t tval,
                    uint64_t pc)
{
    Machine *m = opaque;
    const HartConfig *hc = hart_config(hart);
    MachineTraps *traps = &m->trap[hc->hartid];
    if (!traps->last.there || traps->last.pc != pc ||
        traps->last.cause != cause) {
        traps->before = traps->last;
        traps->last = (MachineTrap){true, pc, cause, tval, m->world->now};
    }
    machine_window_trap(m, is_fault(cause));
    machine_debug_trapped(m, hart);
    if (!is_fault(cause)) {
        return;
    }
    if (m->trace) {
        uint64_t now = hart_time(hart);
        trace_fault(m->trace, hc->name, now, clock_cycle_in(hc->clock, now), pc,
                    cause, tval);
    }
    if (is_refusal(cause) && (m->trace || m->log_fn)) {
        log_refusal(m, hart, cause, tval);
    }
}

static bool has_clint(const Config *cfg)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (!strcmp(cfg->device[i].cls->name, "clint")) {
            return true;
        }
    }
    return false;
}

static bool make_hart(Machine *m, unsigned i, const MachineOptions *options,
                      Error **errp)
{
    const ConfigCpu *cc = &m->cfg->cpu[i];
    bool timed = has_clint(m->cfg);
    MachineBus *data = machine_bus_named(m, cc->bus, cc->at, errp);
    MachineBus *fetch =
        data ? machine_bus_named(m, cc->fetch, cc->at, errp) : NULL;
    if (!fetch) {
        return false;
    }
    HartConfig hc = {
        .name = cc->name,
        .hartid = i,
        .isa = cc->isa,
        .profile = cc->profile,
        .level = cc->level,
        .clock = machine_clock_get(m, cc->name, cc->clock_hz),
        .reset_pc = cc->reset,
        .misaligned = cc->misaligned,
        .mmu = cc->mmu,
        .hardware_ad = cc->hardware_ad,
        .pmp_entries = (uint8_t)cc->pmp,
        .fetch_as = &fetch->as,
        .data_as = &data->as,
        .fetch_timing = machine_bus_timing(fetch),
        .data_timing = machine_bus_timing(data),
        .priority = (uint8_t)cc->priority,
        .fast = !options->slow,
        .read_time = timed ? read_time : NULL,
        .write_stimecmp = timed && i < CLINT_HARTS ? write_stimecmp : NULL,
        .semihosting = options->semihosting ? machine_semihosting : NULL,
        .commit = options->commits ? committed : NULL,
        .trapped = trapped,
        .opaque = m,
    };
    if (!hc.clock) {
        return machine_no_memory(errp);
    }
    if (!machine_make_cache(m, cc, true, hc.clock, &hc.fetch_timing, errp) ||
        !machine_make_cache(m, cc, false, hc.clock, &hc.data_timing, errp)) {
        return false;
    }
    m->hart[i] = hart_new(&hc, errp);
    if (!m->hart[i]) {
        return machine_blame(errp, cc->at);
    }
    m->harts++;
    machine_own_caches(m, m->hart[i]);
    return true;
}

bool machine_make_harts(Machine *m, const MachineOptions *options, Error **errp)
{
    m->hart = calloc(m->cfg->cpus + 1, sizeof(*m->hart));
    m->trap = calloc(m->cfg->cpus + 1, sizeof(*m->trap));
    m->turn = calloc(m->cfg->cpus + 1, sizeof(*m->turn));
    if (!m->hart || !m->trap || !m->turn) {
        return machine_no_memory(errp);
    }
    for (unsigned i = 0; i < m->cfg->cpus; i++) {
        if (!make_hart(m, i, options, errp)) {
            return false;
        }
    }
    return true;
}

void machine_connect_stimecmp(Machine *m)
{
    for (unsigned i = 0; m->clint && i < m->harts; i++) {
        if (hart_config(m->hart[i])->isa.extensions & ISA_SSTC) {
            clint_connect_stimecmp(m->clint, i, hart_set_irq, m->hart[i],
                                   HART_STI);
        }
    }
}
