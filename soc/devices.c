/*
 * devices.c - the list of device classes, and what is asked of all of them.
 *
 * Model    One explicit table: a device that is not in it does not exist.
 * Source   STYLE.md, "no magic registration".
 * Missing  Devices from shared libraries.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "soc/cfi_flash.h"
#include "soc/clint.h"
#include "soc/dma.h"
#include "soc/foreign.h"
#include "soc/generator.h"
#include "soc/goldfish_rtc.h"
#include "soc/gpio.h"
#include "soc/lm75.h"
#include "soc/ns16550a.h"
#include "soc/ocores_i2c.h"
#include "soc/player.h"
#include "soc/plic.h"
#include "soc/registers.h"
#include "soc/sifive_aon.h"
#include "soc/sifive_gpio.h"
#include "soc/sifive_prci.h"
#include "soc/sifive_pwm.h"
#include "soc/sifive_spi.h"
#include "soc/sifive_test.h"
#include "soc/sifive_uart.h"
#include "soc/spi_flash.h"
#include "soc/timer.h"
#include "soc/virtio.h"
#include "soc/virtio_blk.h"
#include "soc/virtio_console.h"
#include "soc/virtio_net.h"
#include "soc/virtio_rng.h"
#include "soc/watchdog.h"

const DeviceClass *const device_classes[] = {
    &cfi_flash_class,
    &clint_class,
    &dma_class,
    &foreign_class,
    &generator_class,
    &goldfish_rtc_class,
    &gpio_class,
    &lm75_class,
    &ns16550a_class,
    &ocores_i2c_class,
    &player_class,
    &plic_class,
    &registers_class,
    &sifive_aon_class,
    &sifive_gpio_class,
    &sifive_prci_class,
    &sifive_pwm_class,
    &sifive_spi_class,
    &sifive_test_class,
    &sifive_uart_class,
    &spi_flash_class,
    &timer_class,
    &virtio_blk_class,
    &virtio_console_class,
    &virtio_mmio_class,
    &virtio_net_class,
    &virtio_rng_class,
    &watchdog_class,
    NULL,
};

const DeviceClass *device_class_find(const char *name)
{
    for (const DeviceClass *const *c = device_classes; *c; c++) {
        if (!strcmp((*c)->name, name)) {
            return *c;
        }
    }
    return NULL;
}

void device_register_name(const DeviceClass *cls, hwaddr offset, char *buf,
                          size_t size)
{
    if (size) {
        buf[0] = '\0';
    }
    for (const RegName *r = cls->registers; r && r->name; r++) {
        unsigned count = r->count ? r->count : 1;
        unsigned stride = r->stride ? r->stride : r->size;
        hwaddr index = (offset - r->offset) / stride;
        if (offset < r->offset || index >= count ||
            (offset - r->offset) % stride >= r->size) {
            continue;
        }
        if (count == 1) {
            snprintf(buf, size, "%s", r->name);
        } else {
            snprintf(buf, size, "%s[%u]", r->name, (unsigned)index);
        }
        return;
    }
}

void device_guest_error(Device *dev, const char *fmt, ...)
{
    char text[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    dev->host->guest_error(dev->host->opaque, dev, text);
}
