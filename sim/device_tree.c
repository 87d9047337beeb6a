/*
 * device_tree.c - the machine as a flattened device tree.
 *
 * Model    Harts, memories of the first hart's data bus, and the devices of
 *          types that have a binding, in the order of their names; every wire
 *          is an entry of `interrupts-extended`. Types without a binding are
 *          left out: no driver could find them. A phandle is 1 + the hart's
 *          number, or 1 + harts + the device's.
 * Source   Devicetree Specification 0.4; Linux, Documentation/devicetree/
 *          bindings: riscv/cpus.yaml, riscv/extensions.yaml,
 *          timer/sifive,clint.yaml,
 *          interrupt-controller/sifive,plic-1.0.0.yaml, serial/8250.yaml,
 *          virtio/mmio.yaml, rtc/google,goldfish-rtc.yaml,
 *          mtd/mtd-physmap.yaml.
 * Missing  Buses as nodes, caches, clocks as nodes.
 */
#include "sim/device_tree.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/insn.h"
#include "sim/machine_private.h"
#include "soc/clint.h"
#include "soc/ns16550a.h"
#include "soc/plic.h"

enum {
    TREE_SPARE = 8192, /* for /chosen */
    TREE_HART = 1024,  /* bytes at most of a hart, without its name */
    TREE_DEVICE = 1024,
    TREE_WIRE = 16,
    SEED_BYTES = 64,
};

typedef struct Tree {
    Machine *m;
    void *fdt;
    int err; /* the first error of libfdt */
} Tree;

/* Keeps the first error: the calls after it do nothing that counts. */
static void note(Tree *t, int result)
{
    if (result < 0 && !t->err) {
        t->err = result;
    }
}

static void put_text(Tree *t, const char *name, const char *text)
{
    note(t, fdt_property(t->fdt, name, text, (int)strlen(text) + 1));
}

static void put_u32(Tree *t, const char *name, uint32_t value)
{
    note(t, fdt_property_u32(t->fdt, name, value));
}

static void put_flag(Tree *t, const char *name)
{
    note(t, fdt_property(t->fdt, name, NULL, 0));
}

/* Texts that follow one another, each with its end. */
static void put_list(Tree *t, const char *name, const char *const *text)
{
    char buf[1024];
    size_t used = 0;
    for (; *text && used + strlen(*text) + 1 <= sizeof(buf); text++) {
        memcpy(buf + used, *text, strlen(*text) + 1);
        used += strlen(*text) + 1;
    }
    note(t, fdt_property(t->fdt, name, buf, (int)used));
}

static void put_cells(Tree *t, unsigned address, unsigned size)
{
    put_u32(t, "#address-cells", address);
    put_u32(t, "#size-cells", size);
}

static void put_reg(Tree *t, uint64_t address, uint64_t size)
{
    fdt64_t reg[2] = {cpu_to_fdt64(address), cpu_to_fdt64(size)};
    note(t, fdt_property(t->fdt, "reg", reg, sizeof(reg)));
}

static void begin(Tree *t, const char *name)
{
    note(t, fdt_begin_node(t->fdt, name));
}

static void begin_at(Tree *t, const char *name, uint64_t address)
{
    char buf[96];
    snprintf(buf, sizeof(buf), "%s@%llx", name, (unsigned long long)address);
    begin(t, buf);
}

static void end(Tree *t)
{
    note(t, fdt_end_node(t->fdt));
}

/* -- harts ---------------------------------------------------------------- */

static uint32_t hart_handle(unsigned i)
{
    return 1 + i;
}

static uint32_t device_handle(const Machine *m, unsigned i)
{
    return 1 + m->harts + i;
}

/* "rv64imac_zicsr": i, m, a, c and zicsr, each with its end. */
static size_t split_isa(const char *text, char *names)
{
    size_t used = 0;
    for (const char *p = text + 4; *p;) {
        size_t len = *p == '_' ? strcspn(p + 1, "_") : 1;
        p += *p == '_';
        memcpy(names + used, p, len);
        names[used + len] = '\0';
        used += len + 1;
        p += len;
    }
    return used;
}

/* riscv,isa, and its successors. */
static void put_isa(Tree *t, const HartIsa *isa)
{
    char text[256], names[2 * sizeof(text)];
    hart_isa_text(isa, text, sizeof(text));
    put_text(t, "riscv,isa", text);
    put_text(t, "riscv,isa-base", isa->xlen == 32 ? "rv32i" : "rv64i");
    note(t, fdt_property(t->fdt, "riscv,isa-extensions", names,
                         (int)split_isa(text, names)));
    if (isa->extensions & ISA_ZICBOZ) {
        put_u32(t, "riscv,cboz-block-size", 64);
    }
}

static void put_hart(Tree *t, unsigned i)
{
    static const char *const mmu[] = {[HART_MMU_BARE] = "riscv,none",
                                      [HART_MMU_SV32] = "riscv,sv32",
                                      [HART_MMU_SV39] = "riscv,sv39",
                                      [HART_MMU_SV48] = "riscv,sv48"};
    const HartConfig *hc = hart_config(t->m->hart[i]);
    begin_at(t, "cpu", i);
    put_text(t, "device_type", "cpu");
    put_u32(t, "reg", i);
    put_text(t, "status", "okay");
    put_text(t, "compatible", "riscv");
    put_isa(t, &hc->isa);
    put_text(t, "mmu-type", mmu[hc->mmu]);
    begin(t, "interrupt-controller");
    put_u32(t, "#interrupt-cells", 1);
    put_flag(t, "interrupt-controller");
    put_text(t, "compatible", "riscv,cpu-intc");
    put_u32(t, "phandle", hart_handle(i));
    end(t);
    end(t);
}

static void put_harts(Tree *t)
{
    const Clint *clint = (const Clint *)t->m->clint;
    begin(t, "cpus");
    put_cells(t, 1, 0);
    if (clint) {
        put_u32(t, "timebase-frequency", (uint32_t)clint->timebase);
    }
    for (unsigned i = 0; i < t->m->harts; i++) {
        put_hart(t, i);
    }
    end(t);
}

/* -- memories ------------------------------------------------------------- */

static bool on_bus(const ConfigMemory *cm, const char *bus)
{
    for (unsigned i = 0; cm->bus[i]; i++) {
        if (!strcmp(cm->bus[i], bus)) {
            return true;
        }
    }
    return false;
}

static void put_memories(Tree *t)
{
    const Config *cfg = t->m->cfg;
    for (unsigned i = 0; i < cfg->memories; i++) {
        const ConfigMemory *cm = &cfg->memory[i];
        if (cm->rom || !on_bus(cm, cfg->cpu[0].bus)) {
            continue;
        }
        begin_at(t, "memory", cm->address);
        put_text(t, "device_type", "memory");
        put_reg(t, cm->address, cm->size);
        end(t);
    }
}

/* -- devices -------------------------------------------------------------- */

/* What a wire leads to, as two cells. */
static void wire_cells(const Machine *m, const ConfigWire *wire,
                       fdt32_t cells[2])
{
    uint32_t handle = 0;
    for (unsigned i = 0; i < m->harts; i++) {
        if (!strcmp(m->cfg->cpu[i].name, wire->target)) {
            handle = hart_handle(i);
        }
    }
    for (unsigned i = 0; !handle && i < m->devices; i++) {
        if (!strcmp(m->device[i].dev->name, wire->target)) {
            handle = device_handle(m, i);
        }
    }
    cells[0] = cpu_to_fdt32(handle);
    cells[1] = cpu_to_fdt32(wire->line);
}

static void put_wires(Tree *t, const ConfigDevice *cd)
{
    fdt32_t *cells = calloc(cd->wires + 1, 2 * sizeof(*cells));
    for (unsigned i = 0; cells && i < cd->wires; i++) {
        wire_cells(t->m, &cd->wire[i], cells + 2 * i);
    }
    if (!cells) {
        note(t, -FDT_ERR_NOSPACE);
    } else if (cd->wires) {
        note(t, fdt_property(t->fdt, "interrupts-extended", cells,
                             (int)(cd->wires * 2 * sizeof(*cells))));
    }
    free(cells);
}

/* The place of an entry is its context's number; a context that leads nowhere
 * has interrupt -1. */
static void put_plic(Tree *t, const ConfigDevice *cd, const Device *dev)
{
    const Plic *p = (const Plic *)dev;
    unsigned contexts = 0;
    fdt32_t *cells = calloc(PLIC_CONTEXTS, 2 * sizeof(*cells));
    for (unsigned i = 0; cells && i < PLIC_CONTEXTS; i++) {
        cells[2 * i] = cpu_to_fdt32(hart_handle(0));
        cells[2 * i + 1] = cpu_to_fdt32(UINT32_MAX);
    }
    for (unsigned i = 0; cells && i < cd->wires; i++) {
        unsigned context = cd->wire[i].index * (unsigned)p->stride;
        if (context < PLIC_CONTEXTS) {
            wire_cells(t->m, &cd->wire[i], cells + (size_t)2 * context);
            contexts = context + 1;
        }
    }
    put_u32(t, "#interrupt-cells", 1);
    put_u32(t, "#address-cells", 0);
    put_flag(t, "interrupt-controller");
    put_u32(t, "riscv,ndev", (uint32_t)p->sources - 1);
    if (!cells) {
        note(t, -FDT_ERR_NOSPACE);
    } else {
        note(t, fdt_property(t->fdt, "interrupts-extended", cells,
                             (int)(contexts * 2 * sizeof(*cells))));
    }
    free(cells);
}

static void put_uart(Tree *t, const ConfigDevice *cd, const Device *dev)
{
    put_u32(t, "clock-frequency", (uint32_t)((const Ns16550a *)dev)->clock);
    put_wires(t, cd);
}

static void put_plain(Tree *t, const ConfigDevice *cd, const Device *dev)
{
    put_wires(t, cd);
}

static void put_flash(Tree *t, const ConfigDevice *cd, const Device *dev)
{
    put_u32(t, "bank-width", 4);
}

/* Types that drivers find by a device tree. */
static const struct Binding {
    const char *type, *node;
    const char *compatible[4];
    void (*put)(Tree *t, const ConfigDevice *cd, const Device *dev);
} bindings[] = {
    {"cfi-flash", "flash", {"cfi-flash"}, put_flash},
    {"clint", "clint", {"sifive,clint0", "riscv,clint0"}, put_plain},
    {"goldfish-rtc", "rtc", {"google,goldfish-rtc"}, put_plain},
    {"ns16550a", "serial", {"ns16550a"}, put_uart},
    {"plic", "plic", {"sifive,plic-1.0.0", "riscv,plic0"}, put_plic},
    {"sifive-test",
     "test",
     {"sifive,test1", "sifive,test0", "syscon"},
     put_plain},
    {"virtio-blk", "virtio_mmio", {"virtio,mmio"}, put_plain},
    {"virtio-console", "virtio_mmio", {"virtio,mmio"}, put_plain},
    {"virtio-mmio", "virtio_mmio", {"virtio,mmio"}, put_plain},
    {"virtio-net", "virtio_mmio", {"virtio,mmio"}, put_plain},
    {"virtio-rng", "virtio_mmio", {"virtio,mmio"}, put_plain},
};

static const struct Binding *find_binding(const DeviceClass *cls)
{
    for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++) {
        if (!strcmp(bindings[i].type, cls->name)) {
            return &bindings[i];
        }
    }
    return NULL;
}

static const ConfigDevice *config_device(const Config *cfg, const char *name)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (!strcmp(cfg->device[i].name, name)) {
            return &cfg->device[i];
        }
    }
    return NULL;
}

static void put_device(Tree *t, unsigned i)
{
    const MachineDevice *md = &t->m->device[i];
    const struct Binding *b = find_binding(md->dev->cls);
    const ConfigDevice *cd = config_device(t->m->cfg, md->dev->name);
    if (!b || !cd) {
        return;
    }
    begin_at(t, b->node, md->address);
    put_list(t, "compatible", b->compatible);
    put_reg(t, md->address, memory_region_size(&md->dev->mmio));
    put_u32(t, "phandle", device_handle(t->m, i));
    b->put(t, cd, md->dev);
    end(t);
}

/* What a kernel writes to the test finisher to end the run. */
static void put_syscon(Tree *t, const char *name, const char *compatible,
                       uint32_t handle, uint32_t value)
{
    begin(t, name);
    put_text(t, "compatible", compatible);
    put_u32(t, "regmap", handle);
    put_u32(t, "offset", 0);
    put_u32(t, "value", value);
    end(t);
}

static void put_devices(Tree *t)
{
    begin(t, "soc");
    put_cells(t, 2, 2);
    put_text(t, "compatible", "simple-bus");
    put_flag(t, "ranges");
    for (unsigned i = 0; i < t->m->devices; i++) {
        put_device(t, i);
    }
    end(t);
    for (unsigned i = 0; i < t->m->devices; i++) {
        if (!strcmp(t->m->device[i].dev->cls->name, "sifive-test")) {
            uint32_t handle = device_handle(t->m, i);
            put_syscon(t, "poweroff", "syscon-poweroff", handle, 0x5555);
            put_syscon(t, "reboot", "syscon-reboot", handle, 0x7777);
            break;
        }
    }
}

/* -- chosen --------------------------------------------------------------- */

/* splitmix64: spreads a small seed over many bytes. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void choose_text(Tree *t, int node, const char *name, const char *text)
{
    note(t, fdt_setprop(t->fdt, node, name, text, (int)strlen(text) + 1));
}

static void choose_console(Tree *t, int node, const char *name)
{
    const MachineDevice *md = machine_find_serial(t->m, name ? name : "");
    const struct Binding *b = md ? find_binding(md->dev->cls) : NULL;
    char path[96];
    if (b) {
        snprintf(path, sizeof(path), "/soc/%s@%llx", b->node,
                 (unsigned long long)md->address);
        choose_text(t, node, "stdout-path", path);
    }
}

static void choose(Tree *t, const DeviceTreeChosen *c, bool console)
{
    int node = fdt_path_offset(t->fdt, "/chosen");
    if (node == -FDT_ERR_NOTFOUND) {
        node = fdt_add_subnode(t->fdt, 0, "chosen");
    }
    note(t, node);
    if (t->err) {
        return;
    }
    if (c->bootargs) {
        choose_text(t, node, "bootargs", c->bootargs);
    }
    if (c->initrd_end > c->initrd_start) {
        note(t, fdt_setprop_u64(t->fdt, node, "linux,initrd-start",
                                c->initrd_start));
        note(t,
             fdt_setprop_u64(t->fdt, node, "linux,initrd-end", c->initrd_end));
    }
    if (console) {
        choose_console(t, node, c->console);
    }
    uint64_t state = c->seed;
    fdt64_t seed[SEED_BYTES / 8];
    for (unsigned i = 0; i < SEED_BYTES / 8; i++) {
        seed[i] = cpu_to_fdt64(next_random(&state));
    }
    note(t, fdt_setprop(t->fdt, node, "rng-seed", seed, sizeof(seed)));
}

/* -- the whole ------------------------------------------------------------ */

static size_t tree_room(const Config *cfg, const DeviceTreeChosen *c)
{
    size_t room = TREE_SPARE + cfg->cpus * (size_t)TREE_HART +
                  cfg->devices * (size_t)TREE_DEVICE +
                  cfg->memories * (size_t)TREE_DEVICE;
    for (unsigned i = 0; i < cfg->devices; i++) {
        const ConfigDevice *cd = &cfg->device[i];
        room += cd->wires * (size_t)TREE_WIRE * PLIC_STRIDE;
    }
    return room + (c->bootargs ? strlen(c->bootargs) : 0);
}

static void *give(Tree *t, const char *name, size_t *len, Error **errp)
{
    if (!t->err) {
        note(t, fdt_pack(t->fdt));
    }
    if (t->err) {
        error_set(errp, "%s: no device tree: %s", name, fdt_strerror(t->err));
        free(t->fdt);
        return NULL;
    }
    *len = fdt_totalsize(t->fdt);
    return t->fdt;
}

void *device_tree_new(Machine *m, const DeviceTreeChosen *chosen, size_t *len,
                      Error **errp)
{
    size_t room = tree_room(m->cfg, chosen);
    Tree t = {.m = m, .fdt = calloc(1, room)};
    char compatible[96];
    if (!t.fdt) {
        machine_no_memory(errp);
        return NULL;
    }
    snprintf(compatible, sizeof(compatible), "socscope,%s", m->cfg->name);
    note(&t, fdt_create(t.fdt, (int)(room - TREE_SPARE / 2)));
    note(&t, fdt_finish_reservemap(t.fdt));
    begin(&t, "");
    put_cells(&t, 2, 2);
    put_text(&t, "compatible", compatible);
    put_text(&t, "model", compatible);
    put_harts(&t);
    put_memories(&t);
    put_devices(&t);
    end(&t);
    note(&t, fdt_finish(t.fdt));
    if (!t.err) {
        note(&t, fdt_open_into(t.fdt, t.fdt, (int)room));
    }
    if (!t.err) {
        choose(&t, chosen, true);
    }
    return give(&t, m->cfg->name, len, errp);
}

void *device_tree_complete(Machine *m, const void *blob, size_t blob_len,
                           const char *name, const DeviceTreeChosen *chosen,
                           size_t *len, Error **errp)
{
    size_t room = tree_room(m->cfg, chosen) + blob_len;
    if (blob_len > INT32_MAX / 2 || fdt_check_full(blob, blob_len) != 0) {
        error_set(errp, "%s is no device tree blob; compile one with dtc",
                  name);
        return NULL;
    }
    Tree t = {.m = m, .fdt = calloc(1, room)};
    if (!t.fdt) {
        machine_no_memory(errp);
        return NULL;
    }
    note(&t, fdt_open_into(blob, t.fdt, (int)room));
    if (!t.err) {
        choose(&t, chosen, chosen->console != NULL);
    }
    return give(&t, name, len, errp);
}
