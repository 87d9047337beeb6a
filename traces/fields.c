/*
 * fields.c - the fields of device registers that software wrote: counted while
 * records are encoded, as the view mmio_field would find them.
 *
 * Model    A field of one register has a slot: its value at the last access
 *          that had it, and counts. Which slots an access of a register has,
 *          and where in its value, is worked out at the first one.
 */
#include "traces/fields.h"

#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

/* A field of one register; `number`: which one of an array. */
typedef struct FieldSlot {
    const FieldName *field;
    uint32_t region, number, reg;
    bool known; /* value is there */
    uint64_t value, writes, changes, from, to;
} FieldSlot;

typedef struct FieldPart {
    uint32_t slot;
    unsigned shift, bits;
    bool read, write; /* is it in reads, in writes? */
} FieldPart;

/* What an access of a register has, at one offset. */
typedef struct FieldParts {
    bool known;
    uint32_t first, count; /* in `part` */
} FieldParts;

struct Fields {
    FieldSlot *slot;
    FieldPart *part;
    FieldParts *reg; /* by id of `register` */
    uint32_t slots, parts, regs;
};

static uint32_t slot_of(TraceStore *ts, const FieldName *field, uint32_t region,
                        uint32_t number, uint32_t reg)
{
    Fields *f = ts->fields;
    for (uint32_t i = 0; i < f->slots; i++) {
        const FieldSlot *s = &f->slot[i];
        if (s->field == field && s->region == region && s->number == number) {
            return i;
        }
    }
    FieldSlot *slot = store_grow(ts, f->slot, f->slots + 1, sizeof(*slot));
    if (!slot) {
        return UINT32_MAX;
    }
    f->slot = slot;
    slot[f->slots] = (FieldSlot){
        .field = field, .region = region, .number = number, .reg = reg};
    return f->slots++;
}

static bool add_part(TraceStore *ts, const FieldName *field, uint32_t slot,
                     unsigned shift)
{
    Fields *f = ts->fields;
    FieldPart *part = store_grow(ts, f->part, f->parts + 1, sizeof(*part));
    if (!part || slot == UINT32_MAX) {
        return false;
    }
    f->part = part;
    part[f->parts++] = (FieldPart){.slot = slot,
                                   .shift = shift,
                                   .bits = field->width,
                                   .read = strchr(field->access, 'r') != NULL,
                                   .write = strchr(field->access, 'w') != NULL};
    return true;
}

static void find_parts(TraceStore *ts, uint32_t region, uint64_t offset,
                       uint32_t reg)
{
    const DeviceClass *cls = ts->region[region]->cls;
    for (const RegName *r = cls ? cls->registers : NULL; r && r->name; r++) {
        uint64_t stride = r->stride ? r->stride : r->size;
        uint64_t from = offset - r->offset;
        if (offset < r->offset || from / stride >= (r->count ? r->count : 1) ||
            from % stride >= r->size) {
            continue;
        }
        unsigned skipped = 8 * (unsigned)(from % stride);
        for (const FieldName *n = cls->fields; n && n->reg; n++) {
            if (!strcmp(n->reg, r->name) && n->low >= skipped &&
                !add_part(
                    ts, n,
                    slot_of(ts, n, region, (uint32_t)(from / stride), reg),
                    n->low - skipped)) {
                return;
            }
        }
    }
}

static const FieldParts *parts_of(TraceStore *ts, uint32_t region,
                                  uint64_t offset, uint32_t reg)
{
    Fields *f = ts->fields;
    if (reg >= f->regs) {
        uint32_t regs = 2 * reg + 16;
        FieldParts *grown = store_grow(ts, f->reg, regs, sizeof(*grown));
        if (!grown) {
            return NULL;
        }
        memset(grown + f->regs, 0, (regs - f->regs) * sizeof(*grown));
        f->reg = grown;
        f->regs = regs;
    }
    FieldParts *p = &f->reg[reg];
    if (!p->known) {
        uint32_t first = f->parts;
        find_parts(ts, region, offset, reg);
        *p = (FieldParts){
            .known = true, .first = first, .count = f->parts - first};
    }
    return p;
}

static void slot_take(FieldSlot *s, uint64_t value, bool is_write)
{
    if (is_write) {
        s->writes++;
        if (s->known && s->value != value) {
            s->changes++;
            s->from = s->value;
            s->to = value;
        }
    }
    s->known = true;
    s->value = value;
}

void fields_take(TraceStore *ts, const TxRow *row, uint32_t reg)
{
    const RowSite *site = row->site;
    if (!reg || row->size > 8) {
        return;
    }
    if (!ts->fields && !(ts->fields = calloc(1, sizeof(*ts->fields)))) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    const FieldParts *p = parts_of(ts, site->region, row->pa - site->base, reg);
    for (uint32_t i = 0; p && i < p->count; i++) {
        const FieldPart *part = &ts->fields->part[p->first + i];
        bool is_write = site->dir == DIR_WRITE;
        bool is_part = site->dir == DIR_READ ? part->read
                       : is_write            ? part->write
                                             : part->read && part->write;
        if (is_part && part->shift + part->bits <= 8 * row->size) {
            uint64_t mask = UINT64_MAX >> (64 - part->bits);
            slot_take(&ts->fields->slot[part->slot],
                      row->value >> part->shift & mask, is_write);
        }
    }
}

void fields_write(TraceStore *ts)
{
    for (uint32_t i = 0; ts->fields && i < ts->fields->slots; i++) {
        const FieldSlot *s = &ts->fields->slot[i];
        if (s->writes) {
            store_run(ts,
                      "insert into field_change select r.name, g.name, ?1, ?2,"
                      " ?3, iif(?3, ?4, null), iif(?3, ?5, null), r.id"
                      " from register g join region r on r.id = g.region_id"
                      " where g.id = ?6",
                      "tuuuui", s->field->name, s->writes, s->changes, s->from,
                      s->to, (int64_t)s->reg);
        }
    }
}

void fields_free(Fields *f)
{
    if (f) {
        free(f->slot);
        free(f->part);
        free(f->reg);
        free(f);
    }
}
