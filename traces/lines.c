/*
 * lines.c - source lines: which of them ran or accessed memory, and at what
 * cost.
 *
 * Model    Lines are ranges of code without overlaps: where two claim an
 *          address, the one that begins first has it. Harts count per basic
 *          block; a block of several lines gives each its share by bytes of
 *          code, rounded so that shares add up to the block. What accesses
 *          cost is known by pc, from the recorded transactions.
 * Units    cycles of the hart; bytes.
 */
#include "traces/lines.h"

#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

typedef struct CodeLine {
    uint64_t address, end;
    uint32_t file, line;
    uint32_t order; /* of trace_add_line() */
    bool used;
    uint64_t instructions, cycles; /* of the hart at hand */
} CodeLine;

struct TraceLines {
    CodeLine *line;
    size_t lines, capacity;
    bool sorted;
    char **file;
    uint32_t files, file_capacity;
    uint32_t *slot; /* hash of files: index + 1; 0: free */
    uint32_t slots; /* a power of two */
    char *hart;     /* whose blocks are counted */
};

void lines_free(TraceLines *l)
{
    if (!l) {
        return;
    }
    for (uint32_t i = 0; i < l->files; i++) {
        free(l->file[i]);
    }
    free(l->file);
    free(l->slot);
    free(l->line);
    free(l->hart);
    free(l);
}

/* -- lines as they are told ----------------------------------------------- */

static uint32_t file_slot(const TraceLines *l, const char *name)
{
    uint32_t h = 2166136261;
    for (const char *p = name; *p; p++) {
        h = (h ^ (unsigned char)*p) * 16777619;
    }
    uint32_t i = h & (l->slots - 1);
    while (l->slot[i] && strcmp(l->file[l->slot[i] - 1], name) != 0) {
        i = (i + 1) & (l->slots - 1);
    }
    return i;
}

static bool room_for_file(TraceStore *ts, TraceLines *l)
{
    if (l->files == l->file_capacity) {
        uint32_t capacity = 2 * l->files + 32;
        char **file = store_grow(ts, l->file, capacity, sizeof(*file));
        if (!file) {
            return false;
        }
        l->file = file;
        l->file_capacity = capacity;
    }
    if (2 * (l->files + 1) <= l->slots) {
        return true;
    }
    l->slots = l->slots ? 2 * l->slots : 64;
    uint32_t *slot = store_grow(ts, l->slot, l->slots, sizeof(*slot));
    if (!slot) {
        return false;
    }
    memset(slot, 0, l->slots * sizeof(*slot));
    l->slot = slot;
    for (uint32_t i = 0; i < l->files; i++) {
        slot[file_slot(l, l->file[i])] = i + 1;
    }
    return true;
}

/* False: no memory, the error is kept. */
static bool file_index(TraceStore *ts, TraceLines *l, const char *name,
                       uint32_t *index)
{
    if (!room_for_file(ts, l)) {
        return false;
    }
    uint32_t i = file_slot(l, name);
    if (!l->slot[i]) {
        char *copy = strdup(name);
        if (!copy) {
            return store_fail(ts, SQLITE_NOMEM);
        }
        l->file[l->files++] = copy;
        l->slot[i] = l->files;
    }
    *index = l->slot[i] - 1;
    return true;
}

void trace_add_line(TraceStore *ts, uint64_t address, uint64_t size,
                    const char *file, unsigned line)
{
    if (ts->error || !size || size > UINT64_MAX - address) {
        return;
    }
    if (!ts->lines && !(ts->lines = calloc(1, sizeof(*ts->lines)))) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    TraceLines *l = ts->lines;
    if (l->lines == l->capacity) {
        size_t capacity = 2 * l->capacity + 1024;
        CodeLine *grown = store_grow(ts, l->line, capacity, sizeof(*grown));
        if (!grown) {
            return;
        }
        l->line = grown;
        l->capacity = capacity;
    }
    uint32_t index = 0;
    if (file_index(ts, l, file, &index)) {
        l->line[l->lines] = (CodeLine){.address = address,
                                       .end = address + size,
                                       .file = index,
                                       .line = line,
                                       .order = (uint32_t)l->lines};
        l->lines++;
    }
}

/* -- finding -------------------------------------------------------------- */

static int line_order(const void *a, const void *b)
{
    const CodeLine *x = a, *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Sorts, and cuts what overlaps. */
static void lines_sort(TraceLines *l)
{
    if (l->sorted) {
        return;
    }
    l->sorted = true;
    if (l->lines) {
        qsort(l->line, l->lines, sizeof(*l->line), line_order);
    }
    size_t kept = 0;
    uint64_t reach = 0;
    for (size_t i = 0; i < l->lines; i++) {
        CodeLine line = l->line[i];
        line.address = line.address < reach ? reach : line.address;
        if (line.address < line.end) {
            reach = line.end;
            l->line[kept++] = line;
        }
    }
    l->lines = kept;
}

/* The first line that ends behind address. */
static size_t line_at(const TraceLines *l, uint64_t address)
{
    size_t low = 0, high = l->lines;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->line[middle].end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static CodeLine *line_of(const TraceLines *l, uint64_t address)
{
    size_t i = line_at(l, address);
    return i < l->lines && l->line[i].address <= address ? &l->line[i] : NULL;
}

/* -- cycles --------------------------------------------------------------- */

static const char *symbol_at(TraceStore *ts, uint64_t address)
{
    return dictionary_symbol_name(ts, dictionary_symbol(ts, address));
}

/* Rows of what the blocks of one hart cost. */
static void write_hart(TraceStore *ts, TraceLines *l)
{
    for (size_t i = 0; l->hart && i < l->lines; i++) {
        CodeLine *c = &l->line[i];
        if (c->instructions || c->cycles) {
            store_run(ts,
                      "insert into line_cost values(?,?,?,?,?,?,null,null,"
                      "null)",
                      "ttutuu", l->hart, l->file[c->file], (uint64_t)c->line,
                      symbol_at(ts, c->address), c->instructions, c->cycles);
            c->instructions = c->cycles = 0;
        }
    }
}

static bool same_hart(TraceStore *ts, TraceLines *l, const char *hart)
{
    if (l->hart && !strcmp(l->hart, hart)) {
        return true;
    }
    write_hart(ts, l);
    free(l->hart);
    l->hart = strdup(hart);
    return l->hart || store_fail(ts, SQLITE_NOMEM);
}

/* total * part / whole, of small parts and wholes. */
static uint64_t share(uint64_t total, uint64_t part, uint64_t whole)
{
    return total / whole * part + total % whole * part / whole;
}

void lines_block(TraceStore *ts, const char *hart, uint64_t pc, uint64_t bytes,
                 uint64_t instructions, uint64_t cycles)
{
    TraceLines *l = ts->lines;
    bytes = bytes ? bytes : 1;
    if (!l || bytes > UINT32_MAX || bytes > UINT64_MAX - pc) {
        return;
    }
    lines_sort(l);
    if (!same_hart(ts, l, hart)) {
        return;
    }
    size_t i = line_at(l, pc);
    for (uint64_t at = 0, to; at < bytes; at = to) {
        CodeLine *c = i < l->lines ? &l->line[i] : NULL;
        bool known = c && c->address <= pc + at;
        uint64_t end = !c ? pc + bytes : known ? c->end : c->address;
        to = end - pc < bytes ? end - pc : bytes;
        uint64_t n =
            share(instructions, to, bytes) - share(instructions, at, bytes);
        uint64_t spent = share(cycles, to, bytes) - share(cycles, at, bytes);
        if (known) {
            c->used = true;
            c->instructions += n;
            c->cycles += spent;
            i++;
        } else if (n || spent) {
            store_run(ts,
                      "insert into line_cost values(?,null,null,?,?,?,null,"
                      "null,null)",
                      "ttuu", hart, symbol_at(ts, pc + at), n, spent);
        }
    }
}

/* -- accesses ------------------------------------------------------------- */

static void write_site(TraceStore *ts, const RowSite *s, const CodeLine *c)
{
    const SiteTotals *n = &ts->counts.totals[s->row];
    bool data = s->kind == ACCESS_LOAD || s->kind == ACCESS_STORE ||
                s->kind == ACCESS_AMO;
    if (!data || !n->accesses) {
        return;
    }
    store_run(ts, "insert into line_cost values(?,?,nullif(?,0),?,0,0,?,?,?)",
              "ttutuuu", dictionary_owner(ts, s->initiator),
              c ? ts->lines->file[c->file] : NULL,
              c ? (uint64_t)c->line : UINT64_C(0), symbol_at(ts, s->pc),
              n->accesses, n->accesses * s->size, n->wait + n->bus + n->target);
}

static void write_sites(TraceStore *ts)
{
    for (uint32_t id = 0; id < ts->counts.sites; id++) {
        const RowSite *s = row_site(&ts->sites, id);
        for (uint32_t i = 0; s && i < s->steps; i++) {
            CodeLine *c = line_of(ts->lines, s->pc + s->step[i].offset);
            if (c && ts->counts.totals[s->row + i].accesses) {
                c->used = true;
            }
        }
        if (s && !s->steps && s->pc) {
            CodeLine *c = line_of(ts->lines, s->pc);
            if (c && ts->counts.totals[s->row].accesses) {
                c->used = true;
            }
            write_site(ts, s, c);
        }
    }
}

void lines_write(TraceStore *ts)
{
    TraceLines *l = ts->lines;
    if (!l || ts->error) {
        return;
    }
    lines_sort(l);
    write_hart(ts, l);
    write_sites(ts);
    for (size_t i = 0; i < l->lines; i++) {
        const CodeLine *c = &l->line[i];
        if (c->used) {
            store_run(ts, "insert into source_line values(?,?,?,?)", "uutu",
                      c->address, c->end - c->address, l->file[c->file],
                      (uint64_t)c->line);
        }
    }
    store_script(
        ts, "create temp table l as select hart, file, line, symbol,"
            " sum(instructions), sum(cycles) as cycles, sum(accesses),"
            " sum(bytes), sum(stall_cycles) from line_cost"
            " group by hart, file, line, symbol;"
            "delete from line_cost;"
            "insert into line_cost select * from l order by hart, cycles desc,"
            " file, line, symbol;"
            "drop table l");
}
