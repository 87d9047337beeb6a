/* sifive_uart.h - see sifive_uart.c for the model. */
#ifndef SOC_SIFIVE_UART_H
#define SOC_SIFIVE_UART_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SUART_TXDATA,
    SUART_RXDATA,
    SUART_TXCTRL,
    SUART_RXCTRL,
    SUART_IE,
    SUART_IP,
    SUART_DIV,
    SUART_NUM_REGS,
    SUART_FIFO = 8
};

typedef struct SifiveUartFifo {
    uint8_t byte[SUART_FIFO];
    unsigned first, count;
} SifiveUartFifo;

typedef struct SifiveUart {
    Device dev;
    Irq irq, tx_request, rx_request;
    RegBank bank;
    uint32_t reg[SUART_NUM_REGS];
    SifiveUartFifo tx, rx;
    uint8_t shift;    /* leaves while tx_done is pending */
    uint64_t rx_next; /* ps: when the next byte may have come in */
    bool rx_refused;  /* the host waits for serial_ready */
    Event tx_done, rx_room;
} SifiveUart;

extern const DeviceClass sifive_uart_class;

#ifdef __cplusplus
}
#endif
#endif
