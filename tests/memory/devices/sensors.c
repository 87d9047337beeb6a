/*
 * sensors.c - eight sensor channels: a device in the style of 2015, with
 * callbacks per access size.
 *
 * Model    Every look at a channel takes a sample. A half reads one channel, a
 *          word two neighbours at the same moment; a byte at an even offset
 *          reads the lower half of a sample and keeps the upper one for the
 *          byte behind it, so that both belong together.
 * Missing  real sensors: channel n reads n * 0x1000 + samples taken.
 */
#include "memory/memory2015.h"
#include "tests/memory/devices/devices.h"

static uint16_t sensors_sample(const SensorsState *s, unsigned channel)
{
    bool on = channel < SENSORS_CHANNELS && (s->mask >> channel & 1);
    return on ? (uint16_t)(channel * 0x1000 + s->taken) : 0;
}

static uint32_t sensors_readb(void *opaque, hwaddr addr)
{
    SensorsState *s = opaque;
    if (addr >= SENSORS_MASK) {
        return addr == SENSORS_MASK ? s->mask : 0;
    }
    if (addr & 1) {
        return s->latch;
    }
    uint16_t sample = sensors_sample(s, (unsigned)addr / 2);
    s->taken++;
    s->latch = (uint8_t)(sample >> 8);
    return sample & 0xff;
}

static uint32_t sensors_readw(void *opaque, hwaddr addr)
{
    SensorsState *s = opaque;
    if (addr >= SENSORS_MASK) {
        return addr == SENSORS_MASK ? s->mask : 0;
    }
    uint16_t sample = sensors_sample(s, (unsigned)addr / 2);
    s->taken++;
    return sample;
}

static uint32_t sensors_readl(void *opaque, hwaddr addr)
{
    SensorsState *s = opaque;
    if (addr >= SENSORS_MASK) {
        return addr == SENSORS_TAKEN ? s->taken : s->mask;
    }
    uint32_t low = sensors_sample(s, (unsigned)addr / 2);
    uint32_t high = sensors_sample(s, (unsigned)addr / 2 + 1);
    s->taken++;
    return low | high << 16;
}

static void sensors_write(void *opaque, hwaddr addr, uint32_t value)
{
    SensorsState *s = opaque;
    if (addr == SENSORS_MASK) {
        s->mask = (uint8_t)value;
    }
}

/* Only whole words reset the count. */
static void sensors_writel(void *opaque, hwaddr addr, uint32_t value)
{
    SensorsState *s = opaque;
    if (addr == SENSORS_TAKEN) {
        s->taken = value;
    }
    sensors_write(opaque, addr, value);
}

static const MemoryRegionOps sensors_ops = {
    .old_mmio =
        {
            .read = {sensors_readb, sensors_readw, sensors_readl},
            .write = {sensors_write, sensors_write, sensors_writel},
        },
    .endianness = DEVICE_LITTLE_ENDIAN,
};

void sensors_init(SensorsState *s, Object *owner)
{
    s->taken = 0;
    s->mask = 0xff;
    s->latch = 0;
    memory_region_init_io(&s->iomem, owner, &sensors_ops, s, "sensors",
                          SENSORS_SIZE);
}
