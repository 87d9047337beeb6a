/*
 * svd.c - register tables from CMSIS-SVD files.
 *
 * Model    The peripheral, and what it is derived from, becomes RegName,
 * RegPlain and FieldName tables. Registers of clusters have the cluster's name
 *          and a dot in front; arrays stay arrays (an array of clusters is
 *          written out). A second register at the place of one before it is
 * left out: it is another view of the same bytes. Source   CMSIS-SVD 1.3.
 * Missing  readAction, write constraints, fields that are derived or arrays,
 *          processor and interrupt elements.
 */
#include "sim/svd.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "soc/registers.h"

enum { SVD_REGISTERS = 8192, SVD_FIELDS = 65536, SVD_DEPTH = 8 };
enum { SVD_SIZE = 1 << 24, SVD_COUNT = 4096, SVD_VALUES = 256 };

typedef struct Svd {
    const char *path;
    ConfigArena *arena;
    RegName *reg;
    RegPlain *plain;
    FieldName *field;
    unsigned regs, fields;
    uint64_t end; /* behind the last register */
    Error **errp;
} Svd;

static bool wrong(const Svd *s, const xmlNode *at, const char *what,
                  const char *fix)
{
    return error_set(s->errp, "%s:%ld: %s; %s", s->path,
                     at ? xmlGetLineNo(at) : 1L, what, fix);
}

/* -- the tree ----------------------------------------------------------------
 */

static bool is_tag(const xmlNode *n, const char *tag)
{
    return n->type == XML_ELEMENT_NODE && !strcmp((const char *)n->name, tag);
}

static xmlNode *child(const xmlNode *n, const char *tag)
{
    for (xmlNode *c = n ? n->children : NULL; c; c = c->next) {
        if (is_tag(c, tag)) {
            return c;
        }
    }
    return NULL;
}

/* Its text without blanks around it, the arena's; NULL: none. */
static const char *text_of(const Svd *s, const xmlNode *n)
{
    xmlChar *all = n ? xmlNodeGetContent(n) : NULL;
    if (!all) {
        return NULL;
    }
    const char *from = (const char *)all;
    from += strspn(from, " \t\r\n");
    size_t len = strlen(from);
    while (len && strchr(" \t\r\n", from[len - 1])) {
        len--;
    }
    const char *copy = config_arena_copy(s->arena, from, len);
    xmlFree(all);
    return copy;
}

/* A sibling that the element is derived from; NULL: none. */
static xmlNode *origin(const Svd *s, const xmlNode *n)
{
    xmlChar *from = xmlGetProp(n, (const xmlChar *)"derivedFrom");
    xmlNode *found = NULL;
    for (xmlNode *c = from && n->parent ? n->parent->children : NULL; c;
         c = c->next) {
        const char *name = is_tag(c, (const char *)n->name)
                               ? text_of(s, child(c, "name"))
                               : NULL;
        if (c != n && name && !strcmp(name, (const char *)from)) {
            found = c;
            break;
        }
    }
    xmlFree(from);
    return found;
}

/* The element's own child, or its origin's. */
static xmlNode *derived(const Svd *s, const xmlNode *n, const char *tag)
{
    xmlNode *found = NULL;
    for (unsigned depth = 0; n && !found && depth < SVD_DEPTH; depth++) {
        found = child(n, tag);
        n = found ? n : origin(s, n);
    }
    return found;
}

/* The same, or that of an element it is in. */
static xmlNode *inherited(const Svd *s, const xmlNode *n, const char *tag)
{
    xmlNode *found = NULL;
    for (; n && n->type == XML_ELEMENT_NODE && !found; n = n->parent) {
        found = derived(s, n, tag);
    }
    return found;
}

/* A number of SVD: decimal, 0x, #binary; `otherwise` where there is none. */
static bool number(const Svd *s, const xmlNode *n, uint64_t otherwise,
                   uint64_t high, uint64_t *value)
{
    const char *text = text_of(s, n);
    char *end;
    *value = otherwise;
    if (!text) {
        return true;
    }
    bool binary = *text == '#';
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    *value = strtoull(text + binary, &end, binary ? 2 : hex ? 16 : 10);
    if (end == text + binary || *end || *text == '-' || *value > high) {
        return error_set(s->errp,
                         "%s:%ld: %s: \"%.40s\" is no number up to %llu; "
                         "correct the file",
                         s->path, xmlGetLineNo(n), (const char *)n->name, text,
                         (unsigned long long)high);
    }
    return true;
}

/* -- fields -------------------------------------------------------------------
 */

static bool field_bits(const Svd *s, const xmlNode *n, FieldName *f)
{
    uint64_t low, width = 1, high;
    const char *range = text_of(s, child(n, "bitRange"));
    unsigned from, to;
    if (range) {
        if (sscanf(range, "[%u:%u]", &to, &from) != 2 || to < from || to > 63) {
            return wrong(s, n, "bitRange is not [msb:lsb]", "correct the file");
        }
        low = from;
        width = to - from + 1;
    } else if (child(n, "lsb")) {
        if (!number(s, child(n, "lsb"), 0, 63, &low) ||
            !number(s, child(n, "msb"), low, 63, &high)) {
            return false;
        }
        width = high >= low ? high - low + 1 : 0;
    } else if (!number(s, child(n, "bitOffset"), 0, 63, &low) ||
               !number(s, child(n, "bitWidth"), 1, 64, &width)) {
        return false;
    }
    f->low = (unsigned)low;
    f->width = (unsigned)width;
    return (width && low + width <= 64) ||
           wrong(s, n, "a field beyond 64 bits", "correct the file");
}

/* "off|on", of the values that have names and are below SVD_VALUES. */
static const char *field_values(const Svd *s, const xmlNode *n)
{
    const xmlNode *list = child(n, "enumeratedValues");
    const char *name[SVD_VALUES] = {NULL};
    size_t len = 1;
    unsigned last = 0;
    Svd quiet = *s;
    quiet.errp = NULL;
    for (xmlNode *v = list ? list->children : NULL; v; v = v->next) {
        uint64_t value;
        const char *text = text_of(s, child(v, "name"));
        if (is_tag(v, "enumeratedValue") && text && child(v, "value") &&
            number(&quiet, child(v, "value"), 0, SVD_VALUES - 1, &value) &&
            !strchr(text, '|') && !name[value]) {
            name[value] = text;
            len += strlen(text);
            last = value > last ? (unsigned)value : last;
        }
    }
    if (len == 1) {
        return NULL;
    }
    char *all = config_arena_alloc(s->arena, len + last + 1);
    char *to = all;
    for (unsigned i = 0; i <= last; i++) {
        to = stpcpy(to, i ? "|" : "");
        to = stpcpy(to, name[i] ? name[i] : "");
    }
    return all;
}

/* "r", "w" or "rw". */
static const char *access_of(const Svd *s, const xmlNode *n)
{
    const char *text = text_of(s, inherited(s, n, "access"));
    return !text || !strncmp(text, "read-write", 10) ? "rw"
           : !strcmp(text, "read-only")              ? "r"
                                                     : "w";
}

static bool add_fields(Svd *s, const xmlNode *n, const char *reg, unsigned size)
{
    const xmlNode *list = derived(s, n, "fields");
    for (xmlNode *f = list ? list->children : NULL; f; f = f->next) {
        const char *name =
            is_tag(f, "field") ? text_of(s, child(f, "name")) : NULL;
        if (!name || s->fields == SVD_FIELDS) {
            continue;
        }
        const char *doc = text_of(s, child(f, "description"));
        FieldName field = {.reg = reg,
                           .name = name,
                           .access = access_of(s, f),
                           .values = field_values(s, f),
                           .doc = doc ? doc : ""};
        if (!field_bits(s, f, &field)) {
            return false;
        }
        if (field.low + field.width <= 8 * size) {
            s->field[s->fields++] = field;
        }
    }
    return true;
}

/* -- registers
 * ----------------------------------------------------------------- */

/* "CH[%s]" and "CH%s" become "CH" and what stands for the index. */
static const char *plain_name(const Svd *s, const char *prefix,
                              const char *name, const char *index)
{
    char *full = config_arena_alloc(s->arena, strlen(prefix) + strlen(name) +
                                                  strlen(index) + 1);
    const char *mark = strstr(name, "[%s]");
    size_t skip = mark ? 4 : 2;
    mark = mark ? mark : strstr(name, "%s");
    size_t head = mark ? (size_t)(mark - name) : strlen(name);
    char *to = stpcpy(full, prefix);
    memcpy(to, name, head);
    to = stpcpy(to + head, mark ? index : "");
    strcpy(to, mark ? mark + skip : "");
    return full;
}

static bool is_taken(const Svd *s, const RegName *r)
{
    for (unsigned i = 0; i < s->regs; i++) {
        if (s->reg[i].offset == r->offset || !strcmp(s->reg[i].name, r->name)) {
            return true;
        }
    }
    return false;
}

static bool add_register(Svd *s, const xmlNode *n, const char *prefix,
                         uint64_t base)
{
    uint64_t offset, bits, count, stride, reset;
    const char *name = text_of(s, child(n, "name"));
    const char *doc = text_of(s, derived(s, n, "description"));
    if (!name) {
        return wrong(s, n, "a register without a name", "correct the file");
    }
    if (!number(s, derived(s, n, "addressOffset"), 0, SVD_SIZE, &offset) ||
        !number(s, inherited(s, n, "size"), 32, 64, &bits) ||
        !number(s, derived(s, n, "dim"), 1, SVD_COUNT, &count) ||
        !number(s, derived(s, n, "dimIncrement"), bits / 8, SVD_SIZE,
                &stride) ||
        !number(s, inherited(s, n, "resetValue"), 0, UINT64_MAX, &reset)) {
        return false;
    }
    if (bits < 8 || bits % 8 || !count || stride < bits / 8) {
        return wrong(s, n, "a register of no whole bytes, or over itself",
                     "correct size, dim or dimIncrement");
    }
    const char *access = access_of(s, n);
    const char *write = text_of(s, inherited(s, n, "modifiedWriteValues"));
    bool w1c = write && !strcmp(write, "oneToClear") && *access != 'r';
    w1c |= write && !strcmp(write, "oneToClear") && access[1];
    RegName r = {.name = plain_name(s, prefix, name, ""),
                 .offset = base + offset,
                 .size = (unsigned)bits / 8,
                 .count = (unsigned)count,
                 .stride = count > 1 ? (unsigned)stride : 0,
                 .access = w1c ? "w1c" : access,
                 .doc = doc ? doc : ""};
    if (is_taken(s, &r) || s->regs == SVD_REGISTERS) {
        return true;
    }
    uint64_t end = r.offset + (count - 1) * stride + r.size;
    s->end = end > s->end ? end : s->end;
    s->plain[s->regs] = (RegPlain){.reset = reset,
                                   .readable = *access == 'r',
                                   .writable = *access == 'w' || access[1],
                                   .w1c = w1c};
    s->reg[s->regs++] = r;
    return add_fields(s, n, r.name, r.size);
}

static bool add_all(Svd *s, const xmlNode *list, const char *prefix,
                    uint64_t base, unsigned depth);

static bool add_cluster(Svd *s, const xmlNode *n, const char *prefix,
                        uint64_t base, unsigned depth)
{
    uint64_t offset, count, stride;
    const char *name = text_of(s, child(n, "name"));
    if (!name || depth == SVD_DEPTH) {
        return wrong(s, n, "a cluster without a name, or too deep",
                     "correct the file");
    }
    if (!number(s, derived(s, n, "addressOffset"), 0, SVD_SIZE, &offset) ||
        !number(s, derived(s, n, "dim"), 1, SVD_COUNT, &count) ||
        !number(s, derived(s, n, "dimIncrement"), 0, SVD_SIZE, &stride)) {
        return false;
    }
    for (uint64_t i = 0; i < count && s->regs < SVD_REGISTERS; i++) {
        char index[16];
        snprintf(index, sizeof(index), "%u", (unsigned)i);
        const char *own = plain_name(s, prefix, name, index);
        own = plain_name(s, own, ".", "");
        if (!add_all(s, n, own, base + offset + i * stride, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool add_all(Svd *s, const xmlNode *list, const char *prefix,
                    uint64_t base, unsigned depth)
{
    for (xmlNode *n = list ? list->children : NULL; n; n = n->next) {
        if ((is_tag(n, "register") && !add_register(s, n, prefix, base)) ||
            (is_tag(n, "cluster") && !add_cluster(s, n, prefix, base, depth))) {
            return false;
        }
    }
    return true;
}

/* -- the file -----------------------------------------------------------------
 */

static xmlNode *find_peripheral(const Svd *s, xmlNode *device, const char *name)
{
    xmlNode *list = child(device, "peripherals"), *found = NULL;
    ConfigHint hint;
    unsigned count = 0;
    config_hint_init(&hint, name ? name : "");
    for (xmlNode *n = list ? list->children : NULL; n; n = n->next) {
        const char *own =
            is_tag(n, "peripheral") ? text_of(s, child(n, "name")) : NULL;
        if (own) {
            config_hint_offer(&hint, own);
            found = !name || !strcmp(own, name) ? n : found;
            count++;
        }
    }
    if (!name && count != 1) {
        wrong(s, list, "it has several peripherals, or none",
              "write `peripheral: NAME` beside `svd`");
        return NULL;
    }
    if (!found) {
        error_set(s->errp, "%s:%ld: no peripheral \"%.60s\"; %s", s->path,
                  list ? xmlGetLineNo(list) : 1L, name,
                  config_hint_text(&hint, "it has none"));
    }
    return found;
}

/* Bytes it takes: its address blocks, or its registers. */
static bool extent(const Svd *s, const xmlNode *n, uint64_t *bytes)
{
    *bytes = s->end;
    const xmlNode *owner = derived(s, n, "addressBlock");
    for (xmlNode *b = owner && owner->parent ? owner->parent->children : NULL;
         b; b = b->next) {
        uint64_t offset, size;
        if (!is_tag(b, "addressBlock")) {
            continue;
        }
        if (!number(s, child(b, "offset"), 0, SVD_SIZE, &offset) ||
            !number(s, child(b, "size"), 0, SVD_SIZE, &size)) {
            return false;
        }
        *bytes = offset + size > *bytes ? offset + size : *bytes;
    }
    return *bytes <= SVD_SIZE ||
           wrong(s, n, "a peripheral of more than 16 MiB", "correct the file");
}

static const DeviceClass *make_class(Svd *s, xmlNode *root, const char *name,
                                     const DeviceClass *cls)
{
    uint64_t bytes;
    xmlNode *n = find_peripheral(s, root, name);
    if (!n || !add_all(s, derived(s, n, "registers"), "", 0, 0) ||
        !extent(s, n, &bytes)) {
        return NULL;
    }
    if (!s->regs) {
        wrong(s, n, "a peripheral without registers", "name another one");
        return NULL;
    }
    bool stores = !strcmp(cls->name, registers_class.name);
    DeviceClass *made = config_arena_alloc(s->arena, sizeof(*made));
    RegName *reg = config_arena_alloc(s->arena, (s->regs + 1) * sizeof(*reg));
    RegPlain *plain =
        config_arena_alloc(s->arena, (s->regs + 1) * sizeof(*plain));
    FieldName *field =
        config_arena_alloc(s->arena, (s->fields + 1) * sizeof(*field));
    memcpy(reg, s->reg, s->regs * sizeof(*reg));
    memcpy(plain, s->plain, s->regs * sizeof(*plain));
    memcpy(field, s->field, s->fields * sizeof(*field));
    reg[s->regs] = (RegName){.name = NULL};
    field[s->fields] = (FieldName){.reg = NULL};
    *made = *cls;
    made->registers = reg;
    made->fields = field;
    made->plain = stores ? plain : NULL;
    made->mmio_size = stores ? bytes : cls->mmio_size;
    return made;
}

const DeviceClass *svd_class(ConfigArena *arena, const char *path,
                             const char *peripheral, const DeviceClass *cls,
                             Error **errp)
{
    Svd s = {.path = path, .arena = arena, .errp = errp};
    const DeviceClass *made = NULL;
    xmlDoc *doc = xmlReadFile(path, NULL,
                              XML_PARSE_NONET | XML_PARSE_NOERROR |
                                  XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES);
    if (!doc) {
        const xmlError *why = xmlGetLastError();
        size_t len = why && why->message ? strcspn(why->message, "\n") : 0;
        error_set(errp, "%s:%d: %.*s; a CMSIS-SVD file would be right", path,
                  why ? why->line : 0, (int)len, len ? why->message : "");
        xmlResetLastError();
        return NULL;
    }
    s.reg = calloc(SVD_REGISTERS, sizeof(*s.reg));
    s.plain = calloc(SVD_REGISTERS, sizeof(*s.plain));
    s.field = calloc(SVD_FIELDS, sizeof(*s.field));
    if (s.reg && s.plain && s.field) {
        made = make_class(&s, xmlDocGetRootElement(doc), peripheral, cls);
    } else {
        error_set(errp, "the host has no memory left");
    }
    free(s.reg);
    free(s.plain);
    free(s.field);
    xmlFreeDoc(doc);
    return made;
}
