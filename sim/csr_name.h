/*
 * csr_name.h - the names of control and status registers.
 */
#ifndef SIM_CSR_NAME_H
#define SIM_CSR_NAME_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the name of CSR `number`, "unknown" if it has none; returns buf. */
const char *csr_name(unsigned number, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
