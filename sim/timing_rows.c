#include "sim/timing_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096, FIELDS = 64, MAX_WAIT = 65535 };

typedef struct Region {
    char program[TIMING_NAME], name[TIMING_NAME];
    uint8_t id;
} Region;

/* A file of lines with commas. */
typedef struct Csv {
    const char *path;
    FILE *f;
    unsigned line;
    char text[LINE];
    char *field[FIELDS];
    unsigned fields;
} Csv;

static bool csv_error(const Csv *c, Error **errp, const char *what,
                      const char *value, const char *fix)
{
    return error_set(errp, "%s:%u: %s \"%.60s\"; %s", c->path, c->line, what,
                     value, fix);
}

/* The next line that is not empty; false at the end, or *errp is set. */
static bool csv_next(Csv *c, Error **errp)
{
    size_t len;
    do {
        if (!fgets(c->text, LINE, c->f)) {
            return ferror(c->f)
                       ? error_set(errp, "%s: %s", c->path, strerror(errno))
                       : false;
        }
        c->line++;
        len = strlen(c->text);
        if (len + 1 == LINE) {
            return error_set(errp,
                             "%s:%u: a line of more than %d bytes; is this a "
                             "CSV file?",
                             c->path, c->line, LINE - 2);
        }
        c->text[strcspn(c->text, "\r\n")] = 0;
    } while (!*c->text);
    c->fields = 0;
    for (char *p = c->text; p && c->fields < FIELDS;) {
        c->field[c->fields++] = strsep(&p, ",");
    }
    return true;
}

static bool csv_number(const Csv *c, const char *text, uint64_t low,
                       uint64_t high, uint64_t *value, Error **errp)
{
    char *end, fix[96];
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= low &&
        *value <= high) {
        return true;
    }
    snprintf(fix, sizeof(fix), "write a number, %" PRIu64 " to %" PRIu64, low,
             high);
    return csv_error(c, errp, "bad value", text, fix);
}

static bool csv_name(const Csv *c, const char *text, char *name, Error **errp)
{
    if (!*text || strlen(text) >= TIMING_NAME || strstr(text, "..") ||
        *text == '/') {
        return csv_error(c, errp, "bad name", text,
                         "write 1 to 63 characters, no path");
    }
    snprintf(name, TIMING_NAME, "%s", text);
    return true;
}

static void *grown(void *array, size_t n, size_t size, Error **errp)
{
    void *more = n & (n - 1) ? array : realloc(array, (n ? 2 * n : 1) * size);
    if (!more) {
        error_set(errp, "the host has no memory left");
    }
    return more;
}

/* -- regions.csv ---------------------------------------------------------- */

static bool take_region(const Csv *c, Region *r, Error **errp)
{
    uint64_t id;
    if (c->fields != 3) {
        return error_set(errp, "%s:%u: %u fields; write program,id,region",
                         c->path, c->line, c->fields);
    }
    if (!csv_number(c, c->field[1], 1, UINT8_MAX, &id, errp)) {
        return false;
    }
    r->id = (uint8_t)id;
    return csv_name(c, c->field[0], r->program, errp) &&
           csv_name(c, c->field[2], r->name, errp);
}

/* That there is no such file is no error. */
static bool read_regions(const char *csv, Region **list, size_t *count,
                         Error **errp)
{
    char path[LINE];
    const char *slash = strrchr(csv, '/');
    Error *err = NULL;
    snprintf(path, sizeof(path), "%.*sregions.csv",
             slash ? (int)(slash + 1 - csv) : 0, csv);
    Csv *c = calloc(1, sizeof(*c));
    if (!c) {
        return error_set(errp, "the host has no memory left");
    }
    c->path = path;
    c->f = fopen(path, "r");
    while (c->f && csv_next(c, &err)) {
        if (c->line == 1 && c->fields > 1 && !strcmp(c->field[1], "id")) {
            continue;
        }
        Region *more = grown(*list, *count, sizeof(**list), &err);
        if (!more || (*list = more, !take_region(c, &more[*count], &err))) {
            break;
        }
        ++*count;
    }
    if (c->f) {
        fclose(c->f);
    }
    free(c);
    if (err) {
        error_set(errp, "%s", error_message(err));
        error_free(err);
        return false;
    }
    return true;
}

/* Gives the row the number of its region. */
static bool find_region(const Csv *c, TimingRow *r, const Region *list,
                        size_t count, Error **errp)
{
    const char *slash = strchr(r->workload, '/');
    bool known = false;
    r->region = 1;
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(list[i].program, r->program)) {
            known = true;
            if (slash && !strcmp(list[i].name, slash + 1)) {
                r->region = list[i].id;
                return true;
            }
        }
    }
    return known || slash
               ? csv_error(c, errp, "no region for workload", r->workload,
                           "name it in regions.csv beside this file "
                           "(program,id,region)")
               : true;
}

/* -- rows ----------------------------------------------------------------- */

enum {
    WORKLOAD,
    MARCH,
    CYCLES,
    FETCH_WAIT,
    DATA_WAIT,
    REQUIRED,
    CONFIG = REQUIRED,
    SHARED,
    COLUMNS
};
static const char *const columns[] = {"workload",   "march",     "cycles",
                                      "imem_wait",  "dmem_wait", "config",
                                      "shared_port"};

typedef struct Where {
    unsigned at;
    const char *value;
} Where;

/* Which field has that name; c->fields: none. */
static unsigned find_column(const Csv *c, const char *name, size_t len)
{
    unsigned i = 0;
    while (i < c->fields &&
           (strlen(c->field[i]) != len || memcmp(c->field[i], name, len))) {
        i++;
    }
    return i;
}

static bool read_heads(const Csv *c, unsigned *at, Error **errp)
{
    for (unsigned i = 0; i < COLUMNS; i++) {
        at[i] = find_column(c, columns[i], strlen(columns[i]));
        if (at[i] == c->fields && i < REQUIRED) {
            return error_set(errp,
                             "%s:%u: no column %s; the first line names the "
                             "columns: workload,march,imem_wait,dmem_wait,"
                             "cycles",
                             c->path, c->line, columns[i]);
        }
    }
    return true;
}

static bool read_where(const Csv *c, const char *const *where, Where *to,
                       Error **errp)
{
    for (; where && *where; where++, to++) {
        const size_t len = strcspn(*where, "=");
        to->at = find_column(c, *where, len);
        to->value = *where + len + 1;
        if (!(*where)[len]) {
            return error_set(errp,
                             "\"%.60s\" chooses no rows; write COLUMN="
                             "VALUE",
                             *where);
        }
        if (to->at == c->fields) {
            return error_set(errp, "%s:%u: no column %.*s to choose rows by",
                             c->path, c->line, (int)(len < 60 ? len : 60),
                             *where);
        }
    }
    to->value = NULL;
    return true;
}

static bool take_row(const Csv *c, const unsigned *at, TimingRow *r,
                     Error **errp)
{
    uint64_t fetch, data, shared = 0;
    *r = (TimingRow){.line = c->line};
    r->shared_given = at[SHARED] < c->fields;
    if (!csv_name(c, c->field[at[WORKLOAD]], r->workload, errp) ||
        !csv_name(c, c->field[at[MARCH]], r->march, errp) ||
        !csv_number(c, c->field[at[FETCH_WAIT]], 0, MAX_WAIT, &fetch, errp) ||
        !csv_number(c, c->field[at[DATA_WAIT]], 0, MAX_WAIT, &data, errp) ||
        !csv_number(c, c->field[at[CYCLES]], 1, TIMING_MAX_MEASURED, &r->cycles,
                    errp) ||
        (r->shared_given &&
         !csv_number(c, c->field[at[SHARED]], 0, 1, &shared, errp)) ||
        (at[CONFIG] < c->fields &&
         !csv_name(c, c->field[at[CONFIG]], r->config, errp))) {
        return false;
    }
    r->fetch_wait = (uint32_t)fetch;
    r->data_wait = (uint32_t)data;
    r->shared = shared != 0;
    memcpy(r->program, r->workload, strcspn(r->workload, "/"));
    return true;
}

static bool wanted(const Csv *c, const Where *where)
{
    for (; where->value; where++) {
        if (strcmp(c->field[where->at], where->value) != 0) {
            return false;
        }
    }
    return true;
}

static bool read_rows(TimingRows *to, Csv *c, const Region *list, size_t count,
                      const char *const *where, Error **errp)
{
    unsigned at[COLUMNS], fields;
    Where chosen[FIELDS];
    Error *err = NULL;
    if (!csv_next(c, &err)) {
        c->fields = 0;
    }
    fields = c->fields;
    if (err || !read_heads(c, at, &err) ||
        !read_where(c, where, chosen, &err)) {
        error_set(errp, "%s", error_message(err));
        error_free(err);
        return false;
    }
    while (!err && csv_next(c, &err)) {
        if (c->fields != fields) {
            error_set(&err, "%s:%u: %u fields; the first line has %u", c->path,
                      c->line, c->fields, fields);
        } else if (to->rows == TIMING_MAX_ROWS) {
            error_set(&err,
                      "%s:%u: more than %d rows; choose some with "
                      "--rows COLUMN=VALUE",
                      c->path, c->line, TIMING_MAX_ROWS);
        } else if (!wanted(c, chosen)) {
            to->left_out++;
        } else {
            TimingRow *more = grown(to->row, to->rows, sizeof(*more), &err);
            to->row = more ? more : to->row;
            to->rows += more && take_row(c, at, &more[to->rows], &err) &&
                        find_region(c, &more[to->rows], list, count, &err);
        }
    }
    if (err) {
        error_set(errp, "%s", error_message(err));
        error_free(err);
        return false;
    }
    return true;
}

bool timing_rows_read(TimingRows *rows, const char *path,
                      const char *const *where, Error **errp)
{
    Region *list = NULL;
    size_t count = 0, n = 0;
    *rows = (TimingRows){.path = path};
    while (where && where[n]) {
        n++;
    }
    if (n >= FIELDS) {
        return error_set(errp, "more than %d choices of rows", FIELDS - 1);
    }
    Csv *c = calloc(1, sizeof(*c));
    if (!c) {
        return error_set(errp, "the host has no memory left");
    }
    c->path = path;
    c->f = fopen(path, "r");
    bool ok = c->f ? read_regions(path, &list, &count, errp) &&
                         read_rows(rows, c, list, count, where, errp)
                   : error_set(errp, "%s: %s", path, strerror(errno));
    if (c->f) {
        fclose(c->f);
    }
    free(list);
    free(c);
    return ok;
}

void timing_rows_free(TimingRows *rows)
{
    free(rows->row);
    *rows = (TimingRows){0};
}

bool timing_same_program(const TimingRow *a, const TimingRow *b)
{
    return !strcmp(a->program, b->program) && !strcmp(a->march, b->march);
}

bool timing_same_board(const TimingRow *a, const TimingRow *b)
{
    return a->fetch_wait == b->fetch_wait && a->data_wait == b->data_wait &&
           a->shared_given == b->shared_given && a->shared == b->shared;
}
