// pmp_model.h - physical memory protection byte by byte, from the manual.
//
// Written from Volume II, 3.7, to be compared with cpu/pmp.c; shares nothing
// with it but the order of the access kinds.
#ifndef TESTS_CPU_PMP_MODEL_H
#define TESTS_CPU_PMP_MODEL_H

#include <cstdint>

#include "tests/cpu/bare_hart.h"

struct PmpModel {
    unsigned xlen = 64, entries = 16;
    uint8_t cfg[64] = {};
    uint64_t addr[64] = {};

    bool locked(unsigned i) const { return (cfg[i] & 0x80) != 0; }
    unsigned mode(unsigned i) const { return cfg[i] >> 3 & 3; }

    // Table 3.10 and the text around it, for the 4 bytes at byte / 4.
    bool matches(unsigned i, uint64_t byte) const
    {
        uint64_t word = byte / 4;
        switch (mode(i)) {
        case 0: return false;
        case 1: return (i == 0 || word >= addr[i - 1]) && word < addr[i];
        case 2: return word == addr[i];
        default: break;
        }
        unsigned ignored = 1; // yyy...y01...1: the 1s and the 0 above them
        for (uint64_t a = addr[i]; a & 1; a >>= 1) {
            ignored++;
        }
        return word >> ignored == addr[i] >> ignored;
    }

    bool allows(unsigned i, unsigned priv, MmuAccess access) const
    {
        if (priv == 3 && !locked(i)) {
            return true;
        }
        switch (access) {
        case MMU_LOAD: return (cfg[i] & 1) != 0;
        case MMU_STORE: return (cfg[i] & 2) != 0;
        case MMU_FETCH: break;
        }
        return (cfg[i] & 4) != 0;
    }

    // 3.7.1, "Priority and Matching Logic".
    bool check(unsigned priv, MmuAccess access, uint64_t pa,
               uint64_t size) const
    {
        for (unsigned i = 0; i < entries; i++) {
            uint64_t matching = 0;
            for (uint64_t n = 0; n < size; n++) {
                matching += matches(i, pa + n);
            }
            if (matching == size) {
                return allows(i, priv, access);
            }
            if (matching) {
                return false;
            }
        }
        return priv == 3 || entries == 0;
    }

    // The register as written, WARL: R=0 W=1 becomes neither.
    void write(unsigned csr, uint64_t value)
    {
        if (csr >= 0x3b0) {
            unsigned i = csr - 0x3b0;
            bool below_top =
                i + 1 < entries && locked(i + 1) && mode(i + 1) == 1;
            if (i < entries && !locked(i) && !below_top) {
                addr[i] =
                    xlen == 32 ? value & 0xffffffff : value & 0x3fffffffffffff;
            }
            return;
        }
        unsigned n = csr - 0x3a0;
        if (xlen == 64 && n % 2 == 1) {
            return;
        }
        for (unsigned k = 0; k < xlen / 8; k++) {
            unsigned i = 4 * n + k;
            if (i < entries && !locked(i)) {
                unsigned c = value >> 8 * k & 0x9f;
                cfg[i] = static_cast<uint8_t>((c & 3) == 2 ? c & ~2u : c);
            }
        }
    }

    uint64_t read(unsigned csr) const
    {
        if (csr >= 0x3b0) {
            return csr - 0x3b0 < entries ? addr[csr - 0x3b0] : 0;
        }
        unsigned n = csr - 0x3a0;
        uint64_t value = 0;
        for (unsigned k = xlen / 8; k-- > 0 && !(xlen == 64 && n % 2);) {
            unsigned i = 4 * n + k;
            value = value << 8 | (i < entries ? cfg[i] : 0);
        }
        return value;
    }
};

#endif
