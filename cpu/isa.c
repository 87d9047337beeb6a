/*
 * isa.c - ISA strings: "rv32imac_zicsr_zifencei".
 *
 * Source   The RISC-V Instruction Set Manual, Volume I, chapter 27 (naming);
 *          its rule that I once included Zicsr and Zifencei is not applied.
 */
#include <string.h>

#include "cpu/hart.h"

typedef struct IsaName {
    const char *name;
    uint32_t bit;
} IsaName;

static const IsaName long_names[] = {
    {"zicsr", ISA_ZICSR}, {"zifencei", ISA_ZIFENCEI}, {NULL, 0}};

static const char known[] = "i, m, a, c, _zicsr, _zifencei";

static bool parse_letters(const char **text, HartIsa *isa, const char *whole,
                          Error **errp)
{
    static const char letters[] = "imac";
    static const uint32_t bit[] = {ISA_I, ISA_M, ISA_A, ISA_C};
    for (; **text && **text != '_'; (*text)++) {
        const char *at = strchr(letters, **text);
        if (!at) {
            return error_set(errp,
                             "isa %s: there is no extension '%c' here; known "
                             "are %s",
                             whole, **text, known);
        }
        isa->extensions |= bit[at - letters];
    }
    return true;
}

static bool parse_name(const char *name, size_t len, HartIsa *isa,
                       const char *whole, Error **errp)
{
    for (const IsaName *n = long_names; n->name; n++) {
        if (strlen(n->name) == len && strncmp(n->name, name, len) == 0) {
            isa->extensions |= n->bit;
            return true;
        }
    }
    return error_set(errp,
                     "isa %s: there is no extension '%.*s' here; known "
                     "are %s",
                     whole, (int)len, name, known);
}

bool hart_isa_parse(const char *text, HartIsa *isa, Error **errp)
{
    const char *whole = text;
    *isa = (HartIsa){0};
    if (strncmp(text, "rv32", 4) == 0) {
        *isa = (HartIsa){32, ISA_RV32};
    } else if (strncmp(text, "rv64", 4) == 0) {
        *isa = (HartIsa){64, ISA_RV64};
    } else {
        return error_set(errp, "isa %s does not begin with rv32 or rv64",
                         whole);
    }
    text += 4;
    if (!parse_letters(&text, isa, whole, errp)) {
        return false;
    }
    if (!(isa->extensions & ISA_I)) {
        return error_set(errp, "isa %s lacks the base; rv%ui... is needed",
                         whole, isa->xlen);
    }
    while (*text == '_') {
        text++;
        size_t len = strcspn(text, "_");
        if (!parse_name(text, len, isa, whole, errp)) {
            return false;
        }
        text += len;
    }
    return true;
}
