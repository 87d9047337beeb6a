/*
 * virtio_rng.c - entropy that is the same in every run: a virtio entropy
 * device.
 *
 * Model    A chain is filled with up to 1024 bytes of a sequence that the seed
 *          alone decides. The sequence goes on over resets.
 * Units    -
 * Source   VIRTIO 1.2, 5.4; numbers: Steele, Lea and Flood, "Fast splittable
 *          pseudorandom number generators", 2014.
 * Missing  Leak queues. The numbers are not secret.
 */
#include "soc/virtio_rng.h"

static uint64_t draw(VirtioRng *r)
{
    uint64_t x = r->seed + ++r->drawn * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void rng_advance(Virtio *v)
{
    VirtioRng *r = (VirtioRng *)v;
    uint64_t len = v->chain.writable;
    if (v->chain.step++ || !len) {
        virtio_done(v);
        return;
    }
    len = len < sizeof(r->data) ? len : sizeof(r->data);
    for (uint64_t at = 0; at < len; at += 8) {
        virtio_put(r->data + at, 8, draw(r));
    }
    virtio_push(v, r->data, len);
}

static const VirtioType rng_type = {
    .id = 4,
    .queues = 1,
    .advance = rng_advance,
};

static bool rng_init(Device *dev, Error **errp)
{
    Virtio *v = (Virtio *)dev;
    v->type = &rng_type;
    return virtio_init(v, errp);
}

static const ParamSpec rng_params[] = {
    {.name = "seed",
     .type = PARAM_UINT,
     .offset = offsetof(VirtioRng, seed),
     .preset = 1,
     .doc = "what its numbers depend on"},
    VIRTIO_PARAMS,
    {.name = NULL},
};

static const RegName rng_registers[] = {
    VIRTIO_REGISTERS,
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass virtio_rng_class = {
    .name = "virtio-rng",
    .summary = "virtio entropy device, the same numbers in every run",
    .source = "VIRTIO 1.2, 5.4",
    .size = sizeof(VirtioRng),
    .pins = virtio_pins,
    .params = rng_params,
    .registers = rng_registers,
    .mmio_size = VIRTIO_MMIO_SIZE,
    .init = rng_init,
    .reset = virtio_reset,
    .fini = virtio_fini,
};
