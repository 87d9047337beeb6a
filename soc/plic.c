/*
 * plic.c - platform-level interrupt controller.
 *
 * Model    Each source has a level-triggered gateway: a high line makes the
 *          source pending unless it is claimed and not yet completed; a pending
 *          source stays pending until it is claimed, also when its line falls.
 *          A context's pin is high while an enabled pending source has a
 *          priority above the threshold. A claim takes the enabled pending
 *          source of the highest priority, the lowest number of equals, and
 *          does not look at the threshold. Pin out[i] is context i * stride;
 *          contexts up to the last one wired when the machine is reset (and its
 *          stride) have registers; pins of contexts beyond the register map do
 *          nothing.
 *          Harts with S mode have two contexts each, M then S, as on QEMU's
 *          `virt`: stride 1 and out: [cpu0.mei, cpu0.sei, cpu1.mei, ...].
 *          Stride 2 keeps those numbers where S mode is missing.
 * Source   RISC-V PLIC specification 1.0.0; layout, 3-bit priorities and 4-byte
 *          accesses as on QEMU 7.2's `virt` board.
 * Missing  Edge-triggered gateways.
 */
#include "soc/plic.h"

#include <string.h>

#include "memory/bits.h"

enum {
    PLIC_PRIORITY = 0x0,
    PLIC_PENDING = 0x1000,
    PLIC_ENABLE = 0x2000,
    PLIC_ENABLE_STRIDE = 0x80,
    PLIC_CONTEXT = 0x200000,
    PLIC_CONTEXT_STRIDE = 0x1000,
    PLIC_PRIORITY_MASK = 7,
};

/* -- the function -----------------------------------------------------------
 */

/* The enabled pending source of the highest priority; 0: none. */
static unsigned plic_best(const Plic *p, const PlicContext *ctx)
{
    unsigned best = 0;
    for (unsigned w = 0; w < (p->sources + 31) / 32; w++) {
        uint32_t ready = p->pending[w] & ctx->enable[w];
        for (; ready; ready &= ready - 1) {
            unsigned source = 32 * w + (unsigned)__builtin_ctz(ready);
            if (p->priority[source] > p->priority[best]) {
                best = source;
            }
        }
    }
    return best; /* priority[0] is 0: a source of priority 0 never wins */
}

static void plic_settle(Plic *p)
{
    for (unsigned w = 0; w < PLIC_WORDS; w++) {
        p->pending[w] |= p->level[w] & ~p->claimed[w];
    }
    for (unsigned i = 0; i < p->outs; i++) {
        const PlicContext *ctx = &p->context[i * p->stride];
        if (p->out[i].set) {
            irq_set(&p->out[i],
                    p->priority[plic_best(p, ctx)] > ctx->threshold);
        }
    }
}

static void plic_irq_in(void *dev, unsigned line, bool level)
{
    Plic *p = dev;
    if (line == 0 || line >= p->sources) {
        return;
    }
    uint32_t bit = BIT(line % 32);
    uint32_t *word = &p->level[line / 32];
    *word = level ? *word | bit : *word & ~bit;
    plic_settle(p);
}

static unsigned plic_irq_lines(const Device *dev)
{
    return (unsigned)((const Plic *)dev)->sources;
}

static unsigned plic_claim(Plic *p, PlicContext *ctx)
{
    unsigned source = plic_best(p, ctx);
    if (source) {
        p->pending[source / 32] &= ~BIT(source % 32);
        p->claimed[source / 32] |= BIT(source % 32);
        plic_settle(p);
    }
    return source;
}

/* Ignored unless the source is enabled for the context (specification, 9). */
static void plic_complete(Plic *p, PlicContext *ctx, uint32_t source)
{
    if (source < p->sources &&
        (ctx->enable[source / 32] & BIT(source % 32)) != 0) {
        p->claimed[source / 32] &= ~BIT(source % 32);
        plic_settle(p);
    }
}

/* -- registers ---------------------------------------------------------------
 */

static PlicContext *plic_context(Plic *p, hwaddr index)
{
    return index < p->outs * p->stride ? &p->context[index] : NULL;
}

/* Which sources of a word there are. */
static uint32_t plic_word_mask(const Plic *p, hwaddr word)
{
    uint64_t first = 32 * word;
    uint32_t mask = p->sources >= first + 32 ? UINT32_MAX
                    : p->sources > first     ? BIT(p->sources - first) - 1
                                             : 0;
    return word == 0 ? mask & ~UINT32_C(1) : mask;
}

/* What an offset means: exactly one of the pointers, or claim. */
typedef struct PlicReg {
    uint8_t *priority;
    const uint32_t *pending;
    uint32_t *enable;
    PlicContext *threshold, *claim;
    uint32_t mask; /* bits of enable that exist */
} PlicReg;

static PlicReg plic_decode(Plic *p, hwaddr addr)
{
    PlicReg reg = {0};
    hwaddr word = addr / 4;
    if (addr < PLIC_PENDING) {
        if (word > 0 && word < p->sources) {
            reg.priority = &p->priority[word];
        }
    } else if (addr < PLIC_ENABLE) {
        word -= PLIC_PENDING / 4;
        if (32 * word < p->sources) {
            reg.pending = &p->pending[word];
        }
    } else if (addr < PLIC_CONTEXT) {
        hwaddr at = addr - PLIC_ENABLE;
        PlicContext *ctx = plic_context(p, at / PLIC_ENABLE_STRIDE);
        word = at % PLIC_ENABLE_STRIDE / 4;
        if (ctx && 32 * word < p->sources) {
            reg.enable = &ctx->enable[word];
            reg.mask = plic_word_mask(p, word);
        }
    } else {
        hwaddr at = addr - PLIC_CONTEXT;
        PlicContext *ctx = plic_context(p, at / PLIC_CONTEXT_STRIDE);
        if (at % PLIC_CONTEXT_STRIDE == 0) {
            reg.threshold = ctx;
        } else if (at % PLIC_CONTEXT_STRIDE == 4) {
            reg.claim = ctx;
        }
    }
    return reg;
}

static uint64_t plic_read(void *opaque, hwaddr addr, unsigned size)
{
    Plic *p = opaque;
    PlicReg reg = plic_decode(p, addr);
    if (reg.priority) {
        return *reg.priority;
    }
    if (reg.pending) {
        return *reg.pending;
    }
    if (reg.enable) {
        return *reg.enable;
    }
    if (reg.threshold) {
        return reg.threshold->threshold;
    }
    if (reg.claim) {
        return plic_claim(p, reg.claim);
    }
    device_guest_error(&p->dev, "no register at offset 0x%x to read",
                       (unsigned)addr);
    return 0;
}

static void plic_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Plic *p = opaque;
    PlicReg reg = plic_decode(p, addr);
    uint32_t word = (uint32_t)data;
    if (reg.priority) {
        *reg.priority = word & PLIC_PRIORITY_MASK;
    } else if (reg.enable) {
        *reg.enable = word & reg.mask;
    } else if (reg.threshold) {
        reg.threshold->threshold = word & PLIC_PRIORITY_MASK;
    } else if (reg.claim) {
        plic_complete(p, reg.claim, word);
    } else {
        device_guest_error(&p->dev, "%s at offset 0x%x to write",
                           reg.pending ? "read-only register" : "no register",
                           (unsigned)addr);
        return;
    }
    plic_settle(p);
}

static const MemoryRegionOps plic_ops = {
    .read = plic_read,
    .write = plic_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/* -- life
 * ---------------------------------------------------------------------- */

static bool plic_init(Device *dev, Error **errp)
{
    Plic *p = (Plic *)dev;
    if (p->sources < 2 || p->sources > PLIC_SOURCES || p->stride < 1 ||
        p->stride > PLIC_STRIDE) {
        return error_set(errp, "%s: sources must be 2 to %d and stride 1 or %d",
                         dev->name, PLIC_SOURCES, PLIC_STRIDE);
    }
    memory_region_init_io(&dev->mmio, NULL, &plic_ops, dev, dev->name,
                          dev->cls->mmio_size);
    return true;
}

static void plic_reset(Device *dev)
{
    Plic *p = (Plic *)dev;
    memset(p->priority, 0, sizeof(p->priority));
    memset(p->pending, 0, sizeof(p->pending));
    memset(p->claimed, 0, sizeof(p->claimed));
    memset(p->context, 0, sizeof(p->context));
    p->outs = (unsigned)(PLIC_CONTEXTS / p->stride);
    while (p->outs > 0 && !p->out[p->outs - 1].set) {
        p->outs--;
    }
    plic_settle(p);
}

static const PinSpec plic_pins[] = {
    {"out", offsetof(Plic, out), PLIC_OUTS,
     "out[i] is context i * stride: an external interrupt of a hart"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec plic_params[] = {
    {.name = "sources",
     .type = PARAM_UINT,
     .offset = offsetof(Plic, sources),
     .preset = 96,
     .low = 2,
     .high = PLIC_SOURCES,
     .doc = "interrupt sources, counting source 0, which does not exist"},
    {.name = "stride",
     .type = PARAM_UINT,
     .offset = offsetof(Plic, stride),
     .preset = 1,
     .low = 1,
     .high = PLIC_STRIDE,
     .doc = "contexts per pin: 1, `out` lists all of them; 2, every second one "
            "(machine mode only, with the numbers of QEMU's virt board)"},
    {.name = NULL},
};

static const RegName plic_registers[] = {
    {"PRIORITY", PLIC_PRIORITY, 4, PLIC_SOURCES, 4, "rw",
     "priority 0 (never) to 7 of that source"},
    {"PENDING", PLIC_PENDING, 4, PLIC_WORDS, 4, "r",
     "a bit per source: waits to be claimed"},
    {"ENABLE", PLIC_ENABLE, 4, PLIC_CONTEXTS *PLIC_WORDS, 4, "rw",
     "a bit per source; 32 words per context"},
    {"THRESHOLD", PLIC_CONTEXT, 4, PLIC_CONTEXTS, PLIC_CONTEXT_STRIDE, "rw",
     "of that context: only higher priorities interrupt"},
    {"CLAIM", PLIC_CONTEXT + 4, 4, PLIC_CONTEXTS, PLIC_CONTEXT_STRIDE, "rw",
     "read: claims the best source, 0 if none; write its number: completes"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass plic_class = {
    .name = "plic",
    .summary = "platform-level interrupt controller",
    .source = "RISC-V PLIC specification 1.0.0; QEMU's virt board",
    .size = sizeof(Plic),
    .pins = plic_pins,
    .params = plic_params,
    .registers = plic_registers,
    .mmio_size = 0x600000,
    .init = plic_init,
    .reset = plic_reset,
    .irq_in = plic_irq_in,
    .irq_lines = plic_irq_lines,
};
