/* ns16550a.h - see ns16550a.c for the model. */
#ifndef SOC_NS16550A_H
#define SOC_NS16550A_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NS16550A_FIFO = 16 };

typedef struct UartFifo {
    uint8_t byte[NS16550A_FIFO];
    unsigned first, count;
} UartFifo;

typedef struct Ns16550a {
    Device dev;
    uint64_t clock; /* Hz */
    Irq irq, tx_dma, rx_dma;
    /* registers */
    uint8_t ier, fcr, lcr, mcr, scr;
    uint8_t msr_delta; /* bits 3:0 of MSR */
    uint8_t lsr_error; /* OE */
    uint16_t divisor;
    bool timed; /* the divisor has been written: a byte takes its time */
    /* transmitter */
    UartFifo tx;
    bool tx_request; /* the THRE interrupt, until IIR is read */
    uint8_t tx_shift;
    Event tx_done; /* pending while tx_shift is on its way out */
    /* receiver */
    UartFifo rx;
    bool rx_idle;     /* character timeout */
    bool rx_refused;  /* a byte waits outside for room, or for its time */
    uint64_t rx_next; /* ps: when the line can bring another byte */
    Event rx_room;    /* tells the host so */
    Event rx_timeout;
} Ns16550a;

extern const DeviceClass ns16550a_class;

#ifdef __cplusplus
}
#endif
#endif
