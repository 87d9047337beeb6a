/*
 * isa.c - ISA strings: "rv32imac_zicsr_zifencei", "rv64gc_zba_zbb_zicond".
 *
 * Model    A width, then extensions in any order: single letters, which an
 *          underscore may part, and longer names, which one must follow or end
 *          the text. Lower case, no version numbers. g is imafd_zicsr_zifencei.
 *          F, Zicntr and Zihpm bring Zicsr along; D and Zfh do not bring F.
 *          The counters of Zicntr and Zihpm are there with Zicsr alone, too.
 * Source   The RISC-V Instruction Set Manual, Volume I, chapter 27 (naming);
 *          its rule that I once included Zicsr and Zifencei is not applied.
 */
#include <stdio.h>
#include <string.h>

#include "cpu/insn.h"

/* In canonical order: letters as table 27.1 has them; Z by the letter behind
 * it in that order, then by alphabet; S. */
static const struct Extension {
    const char *name;
    uint64_t bit;
    uint64_t brings; /* without being named */
    uint64_t needs;  /* one extension that must be there */
} extension[] = {
    {"i", ISA_I, 0, 0},
    {"m", ISA_M, 0, 0},
    {"a", ISA_A, 0, 0},
    {"f", ISA_F, ISA_ZICSR, 0},
    {"d", ISA_D, 0, ISA_F},
    {"c", ISA_C, 0, 0},
    {"zicboz", ISA_ZICBOZ, 0, 0},
    {"zicntr", ISA_ZICNTR, ISA_ZICSR, 0},
    {"zicond", ISA_ZICOND, 0, 0},
    {"zicsr", ISA_ZICSR, 0, 0},
    {"zifencei", ISA_ZIFENCEI, 0, 0},
    {"zihpm", ISA_ZIHPM, ISA_ZICSR, 0},
    {"zfh", ISA_ZFH, 0, ISA_F},
    {"zba", ISA_ZBA, 0, 0},
    {"zbb", ISA_ZBB, 0, 0},
    {"zbc", ISA_ZBC, 0, 0},
    {"zbs", ISA_ZBS, 0, 0},
    {"sstc", ISA_SSTC, 0, 0},
    {"svadu", ISA_SVADU, 0, 0},
    {"svinval", ISA_SVINVAL, 0, 0},
    {"svnapot", ISA_SVNAPOT, 0, 0},
};
enum { EXTENSIONS = sizeof(extension) / sizeof(extension[0]) };
#define G_BITS                                                                 \
    (ISA_I | ISA_M | ISA_A | ISA_F | ISA_D | ISA_ZICSR | ISA_ZIFENCEI)
#define G_NAMED ISA_BIT(63) /* among the names met; no extension */

typedef struct Parser {
    const char *whole, *at;
    HartIsa *isa;
    uint64_t named;
} Parser;

static bool unknown(const Parser *p, size_t len, Error **errp)
{
    char known[256] = "g";
    size_t used = 1;
    for (unsigned i = 0; i < EXTENSIONS && used < sizeof(known); i++) {
        int n = snprintf(known + used, sizeof(known) - used, ", %s",
                         extension[i].name);
        used += (size_t)n;
    }
    return error_set(errp,
                     "isa %.80s: there is no extension '%.*s' here; known are "
                     "%s",
                     p->whole, (int)(len < 32 ? len : 32), p->at, known);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the extension whose name are the next len characters. */
static bool take(Parser *p, size_t len, Error **errp)
{
    uint64_t name = 0, bits = 0;
    if (len == 1 && *p->at == 'g') {
        name = G_NAMED;
        bits = G_BITS;
    }
    for (unsigned i = 0; i < EXTENSIONS; i++) {
        const struct Extension *e = &extension[i];
        if (strlen(e->name) == len && strncmp(e->name, p->at, len) == 0) {
            name = e->bit;
            bits = e->bit | e->brings;
        }
    }
    if (len && is_digit(p->at[len - 1])) {
        return error_set(errp,
                         "isa %.80s: '%.*s': leave out version numbers; each "
                         "extension has one version here",
                         p->whole, (int)(len < 32 ? len : 32), p->at);
    }
    if (!name) {
        return unknown(p, len, errp);
    }
    if (p->named & name) {
        return error_set(errp, "isa %.80s names '%.*s' twice", p->whole,
                         (int)len, p->at);
    }
    p->named |= name;
    p->isa->extensions |= bits;
    p->at += len;
    return true;
}

static bool check_needs(const HartIsa *isa, const char *whole, Error **errp)
{
    if (!(isa->extensions & ISA_I)) {
        return error_set(errp, "isa %.80s lacks the base; rv%ui... is needed",
                         whole, isa->xlen);
    }
    for (unsigned i = 0; i < EXTENSIONS; i++) {
        uint64_t lacks = extension[i].needs & ~isa->extensions;
        if (!(isa->extensions & extension[i].bit) || !lacks) {
            continue;
        }
        for (unsigned n = 0; n < EXTENSIONS; n++) {
            if (extension[n].bit == lacks) {
                return error_set(errp,
                                 "isa %.80s: extension '%s' needs '%s' too",
                                 whole, extension[i].name, extension[n].name);
            }
        }
    }
    return true;
}

bool hart_isa_parse(const char *text, HartIsa *isa, Error **errp)
{
    Parser p = {.whole = text, .isa = isa};
    *isa = (HartIsa){0};
    if (strncmp(text, "rv32", 4) == 0) {
        *isa = (HartIsa){32, ISA_RV32};
    } else if (strncmp(text, "rv64", 4) == 0) {
        *isa = (HartIsa){64, ISA_RV64};
    } else {
        return error_set(errp, "isa %.80s does not begin with rv32 or rv64",
                         text);
    }
    p.at = text + 4;
    if (*p.at == '_') {
        return unknown(&p, 0, errp);
    }
    while (*p.at) {
        bool letter = *p.at != 'z' && *p.at != 's' && *p.at != '_';
        size_t len = letter ? 1 : strcspn(p.at, "_");
        if (letter && is_digit(p.at[1])) {
            len += strspn(p.at + 1, "0123456789p");
        }
        if (!take(&p, len, errp)) {
            return false;
        }
        if (*p.at == '_') {
            p.at++;
            if (!*p.at || *p.at == '_') {
                return unknown(&p, 0, errp);
            }
        }
    }
    return check_needs(isa, text, errp);
}

size_t hart_isa_text(const HartIsa *isa, char *buf, size_t size)
{
    char text[256];
    size_t used = (size_t)snprintf(text, sizeof(text), "rv%u", isa->xlen);
    for (unsigned i = 0; i < EXTENSIONS; i++) {
        const char *name = extension[i].name;
        if (isa->extensions & extension[i].bit && used < sizeof(text)) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
                                     name[1] ? "_" : "", name);
        }
    }
    if (size) {
        snprintf(buf, size, "%s", text);
    }
    return used;
}
