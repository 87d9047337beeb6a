/* dma.h - see dma.c for the model. */
#ifndef SOC_DMA_H
#define SOC_DMA_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Registers of a channel; channel n's are n * DMA_CHANNEL_REGS further on. */
enum {
    DMA_SRC,
    DMA_SRC_HI,
    DMA_DST,
    DMA_DST_HI,
    DMA_LEN,
    DMA_CTRL,
    DMA_STATUS,
    DMA_REMAIN,
    DMA_CHANNEL_REGS,
    DMA_CHANNELS = 8,
    DMA_INT_STATUS = DMA_CHANNELS * DMA_CHANNEL_REGS,
    DMA_NUM_REGS
};

enum { DMA_BURST = 64, DMA_SLOTS = 4, DMA_LINES = 16 };

typedef struct Dma Dma;

/* A request and its data. Reset leaves a slot to a request under way. */
typedef struct DmaSlot {
    PortRequest rq;
    Dma *dma;
    bool in_flight;
    uint8_t data[DMA_BURST];
} DmaSlot;

typedef struct DmaChannel {
    uint64_t ready; /* cycle of dev.clock from which on it may move data */
    uint32_t moved; /* bytes written */
    bool stopping;  /* asked to stop while its burst is under way */
} DmaChannel;

typedef enum DmaState { DMA_IDLE, DMA_READING, DMA_WRITING } DmaState;

struct Dma {
    Device dev;
    MemoryPort master;
    uint64_t channels; /* 1..8 */
    uint64_t setup;    /* cycles */
    Irq irq;
    RegBank bank;
    uint32_t reg[DMA_NUM_REGS];
    DmaChannel channel[DMA_CHANNELS];
    DmaState state;
    unsigned turn; /* channel whose burst is, or was last, under way */
    DmaSlot *slot; /* of that burst; NULL while idle */
    DmaSlot slots[DMA_SLOTS];
    uint32_t lines; /* requests of peripherals; no reset changes them */
    Event step;
};

extern const DeviceClass dma_class;

#ifdef __cplusplus
}
#endif
#endif
