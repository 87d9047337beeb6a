/*
 * hifive.c - what a first program on a HiFive1 tries: runs from flash, pins,
 * interrupts. Lines that begin with `own:` are of devices that QEMU's board
 * has not.
 */
#include "hifive_plat.h"
#include "irq.h"

enum { HOLE_E = 0x40000000, TABLE = 256 };
enum { INPUT_VAL = 0x00, INPUT_EN = 0x04, OUTPUT_EN = 0x08, OUTPUT_VAL = 0x0c };
enum { RISE_IE = 0x18, RISE_IP = 0x1c, FALL_IE = 0x20, FALL_IP = 0x24 };
enum { OUT_XOR = 0x40 };
enum {
    PWMCFG = 0x00,
    PWMCMP0 = 0x20,
    PWM_STICKY = 1 << 8,
    PWM_ZEROCMP = 1 << 9
};
enum { PWM_ALWAYS = 1 << 12, PWM_IP0 = 1 << 28 };
enum { PIN = 5 };

static volatile unsigned gpio_edges, uart_empties, timer_ticks, softs;
static volatile unsigned pwm_periods, rtc_alarms, faults;
static volatile uint32_t copied = 0x600dda7a;
static volatile uint32_t zeroed;

static uint32_t claim(void)
{
    return *reg32(PLIC + 0x200004);
}

static void external(uint32_t source)
{
    if (source == GPIO_SOURCE_0 + PIN) {
        gpio_edges++;
        *reg32(SGPIO + RISE_IP) = 1 << PIN;
        *reg32(SGPIO + FALL_IP) = 1 << PIN;
    } else if (source == UART0_SOURCE) {
        uart_empties++;
        *reg32(SUART0 + UIE) = 0;
    } else if (source == PWM0_SOURCE_0) {
        pwm_periods++;
        *reg32(PWM0 + PWMCFG) &= ~(uint32_t)PWM_IP0;
    } else if (source == 2) {
        rtc_alarms++;
        *reg32(AON + 0x60) = UINT32_MAX; /* rtccmp */
    }
}

uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
{
    if (cause == (UINT32_C(1) << 31 | 11)) {
        uint32_t source = claim();
        external(source);
        *reg32(PLIC + 0x200004) = source;
        return pc;
    }
    if (cause == (UINT32_C(1) << 31 | 7)) {
        timer_ticks++;
        *reg32(CLINT + 0x4004) = UINT32_MAX; /* mtimecmp, high */
        return pc;
    }
    if (cause == (UINT32_C(1) << 31 | 3)) {
        softs++;
        *reg32(CLINT) = 0;
        return pc;
    }
    faults++;
    put_text("trap ");
    put_dec((uint32_t)cause);
    put_text(" at ");
    put_hex(tval, 8);
    put_text("\n");
    return pc_after(pc);
}

static void open_source(uint32_t source)
{
    *reg32(PLIC + 4 * source) = 1;
    *reg32(PLIC + 0x2000 + source / 32 * 4) |= UINT32_C(1) << source % 32;
}

static void say(const char *what, uint32_t value)
{
    put_text(what);
    put_char(' ');
    put_dec(value);
    put_char('\n');
}

static void wait_for(volatile unsigned *counter, unsigned wanted)
{
    while (*counter < wanted) {
    }
}

/* Constants are in flash; the sum is worked out twice, from there and from
 * their rule. */
#define ROW(n) (n) * 3 + 1, (n)*5 + 2, (n)*7 + 3, (n)*11 + 4
#define ROWS(n) ROW(n), ROW((n) + 1), ROW((n) + 2), ROW((n) + 3)
static const uint16_t table[64] = {ROWS(0), ROWS(4), ROWS(8), ROWS(12)};

static bool flash_is_right(void)
{
    static const uint16_t factor[4] = {3, 5, 7, 11};
    bool right = true;
    for (unsigned i = 0; i < 64; i++) {
        const volatile uint16_t *at = &table[i];
        right &= *at == i / 4 * factor[i % 4] + i % 4 + 1;
    }
    return right;
}

static void pins(void)
{
    open_source(GPIO_SOURCE_0 + PIN);
    *reg32(SGPIO + INPUT_EN) = 1 << PIN;
    *reg32(SGPIO + OUTPUT_EN) = 1 << PIN;
    *reg32(SGPIO + RISE_IP) = UINT32_MAX;
    *reg32(SGPIO + FALL_IP) = UINT32_MAX;
    *reg32(SGPIO + RISE_IE) = 1 << PIN;
    for (unsigned i = 0; i < 3; i++) {
        *reg32(SGPIO + OUTPUT_VAL) = 1 << PIN;
        say("pin", *reg32(SGPIO + INPUT_VAL) >> PIN & 1);
        *reg32(SGPIO + OUTPUT_VAL) = 0;
        say("pin", *reg32(SGPIO + INPUT_VAL) >> PIN & 1);
    }
    *reg32(SGPIO + FALL_IP) = 1 << PIN;
    *reg32(SGPIO + FALL_IE) = 1 << PIN;
    *reg32(SGPIO + OUT_XOR) = 1 << PIN;
    *reg32(SGPIO + OUT_XOR) = 0;
    wait_for(&gpio_edges, 5);
    say("gpio interrupts", gpio_edges);
    *reg32(SGPIO + RISE_IE) = *reg32(SGPIO + FALL_IE) = 0;
}

static void pwm(void)
{
    if (!remembers(PWM0 + PWMCMP0, 99)) {
        return; /* not on this board */
    }
    open_source(PWM0_SOURCE_0);
    *reg32(PWM0 + PWMCFG) = PWM_ALWAYS | PWM_STICKY | PWM_ZEROCMP | 4;
    wait_for(&pwm_periods, 4);
    *reg32(PWM0 + PWMCFG) = 0;
    say("own: pwm periods", pwm_periods);
}

static void rtc(void)
{
    if (!remembers(AON + 0x60, 3)) {
        return;
    }
    open_source(2);
    *reg32(AON + 0x40) = 1 << 12; /* rtccfg: enalways */
    wait_for(&rtc_alarms, 1);
    say("own: rtc alarms", rtc_alarms);
}

static uint8_t spi_byte(uint8_t byte)
{
    uint32_t word;
    *reg32(SPI0 + 0x48) = byte;
    while ((word = *reg32(SPI0 + 0x4c)) >> 31) {
    }
    return (uint8_t)word;
}

static void flash_id(void)
{
    if (!remembers(SPI0 + 0x18, 2)) { /* csmode: hold */
        return;
    }
    spi_byte(0x9f);
    put_text("own: flash ");
    for (unsigned i = 0; i < 3; i++) {
        put_hex(spi_byte(0), 2);
    }
    *reg32(SPI0 + 0x18) = 0;
    *reg32(SPI0 + 0x18) = 2;
    spi_byte(0x03);
    uint32_t offset = (uint32_t)(uintptr_t)table & 0xffffff;
    spi_byte((uint8_t)(offset >> 16));
    spi_byte((uint8_t)(offset >> 8));
    spi_byte((uint8_t)offset);
    bool same = true;
    for (unsigned i = 0; i < sizeof(table); i++) {
        same &= spi_byte(0) == ((const uint8_t *)table)[i];
    }
    *reg32(SPI0 + 0x18) = 0;
    put_text(same ? ", as executed\n" : ", WRONG\n");
}

int main(void)
{
    *reg32(SUART0 + DIV) = 138; /* 115200 baud of 16 MHz */
    *reg32(SUART0 + TXCTRL) = 1;
    __asm__ volatile("csrw mtvec, %0" ::"r"(trap_vector));
    put_text("hifive: hello from flash\n");
    say("data is copied", copied == 0x600dda7a);
    say("bss is zero", zeroed == 0);
    say("constants", flash_is_right());
    say("oscillator", *reg32(PRCI + 4) >> 31);
    say("pll lock", *reg32(PRCI + 8) >> 31);
    say("nothing received", *reg32(SUART0 + RXDATA) >> 31);

    say("nothing there", load_4(HOLE_E));
    *reg32(CLINT + 0x4004) = UINT32_MAX; /* QEMU's mtimecmp begins with 0 */
    __asm__ volatile("csrw mie, %0" ::"r"(0x888));
    irq_enable(true);
    *reg32(CLINT) = 1;
    wait_for(&softs, 1);
    say("software interrupts", softs);
    *reg32(CLINT + 0x4000) = *reg32(CLINT + 0xbff8) + 2;
    *reg32(CLINT + 0x4004) = *reg32(CLINT + 0xbffc);
    wait_for(&timer_ticks, 1);
    say("timer interrupts", timer_ticks);
    pins();
    open_source(UART0_SOURCE);
    *reg32(SUART0 + TXCTRL) = 1 | 1 << 16;
    *reg32(SUART0 + UIE) = 1;
    wait_for(&uart_empties, 1);
    say("uart interrupts", uart_empties);
    pwm();
    rtc();
    flash_id();
    say("faults", faults);
    return faults == 1 ? 0 : 1;
}
