/* sifive_test.h - see sifive_test.c for the model. */
#ifndef SOC_SIFIVE_TEST_H
#define SOC_SIFIVE_TEST_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SifiveTest {
    Device dev;
} SifiveTest;

extern const DeviceClass sifive_test_class;

#ifdef __cplusplus
}
#endif
#endif
