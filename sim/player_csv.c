/*
 * player_csv.c - see player_csv.h; docs/devices/player.md has the columns.
 *
 * Model    The first line names the columns, in any order; those it does not
 *          know are passed over, so what `socscope export` writes can be
 *          played. A line is a row. The file may be anything.
 * Units    ps, or cycles of the player's bus; bytes.
 * Source   RFC 4180, without line ends inside quotes.
 */
#include "sim/player_csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 4096, FIELDS = 64 };

typedef enum Column {
    COL_CYCLE,
    COL_TIME,
    COL_ADDRESS,
    COL_SIZE,
    COL_DIR,
    COL_VALUE,
    COL_CYCLES,
    COL_INITIATOR,
    COLUMNS
} Column;

typedef struct Csv {
    FILE *in;
    const char *path;
    const ClockDomain *clk;
    PlayerScore *score;
    unsigned line;
    char text[LINE];
    char *field[FIELDS];
    unsigned fields;
    int column[COLUMNS]; /* index of its field; -1: none */
    uint64_t done_ps;    /* of the access before */
    uint64_t time_ps;
    Error **errp; /* never NULL */
} Csv;

static bool wrong(Csv *c, const char *what, const char *value, const char *fix)
{
    return error_set(c->errp, "%s:%u: %s \"%.40s\"; %s", c->path, c->line, what,
                     value, fix);
}

/* -- lines ----------------------------------------------------------------- */

/* False: the end, or an error. */
static bool read_line(Csv *c)
{
    size_t n = 0;
    int ch;
    c->line++;
    while ((ch = getc(c->in)) != EOF && ch != '\n') {
        if ((ch < 0x20 && ch != '\t' && ch != '\r') || ch == 0x7f) {
            return error_set(c->errp,
                             "%s:%u: byte 0x%02x is no text; give a CSV file, "
                             "or the run.db of a run",
                             c->path, c->line, (unsigned)ch);
        }
        if (n + 1 == LINE) {
            return error_set(c->errp,
                             "%s:%u: the line has more than %d bytes; give a "
                             "line for each access",
                             c->path, c->line, LINE - 1);
        }
        c->text[n++] = (char)ch;
    }
    n -= n > 0 && c->text[n - 1] == '\r';
    c->text[n] = '\0';
    if (ferror(c->in)) {
        return error_set(c->errp, "cannot read all of %s: %s; is it readable?",
                         c->path, strerror(errno));
    }
    return n > 0 || ch != EOF;
}

static char *trim(char *s)
{
    s += strspn(s, " \t");
    for (size_t n = strlen(s); n && strchr(" \t", s[n - 1]); n--) {
        s[n - 1] = '\0';
    }
    return s;
}

/* Cuts the line in place; "" in quotes is a quote. */
static bool cut_fields(Csv *c)
{
    char *p = c->text;
    for (c->fields = 0;;) {
        if (c->fields == FIELDS) {
            return wrong(c, "more than 64 fields, from", p, "leave some out");
        }
        char *to = p, *begin = p;
        bool quoted = *p == '"';
        for (p += quoted; *p && (quoted || *p != ','); p++) {
            if (quoted && *p == '"' && *++p != '"') {
                quoted = false;
                break;
            }
            *to++ = *p;
        }
        if (quoted || (*p && *p != ',')) {
            return wrong(c, "quotes do not match in", begin,
                         "quote all of a field or nothing");
        }
        bool last = !*p++;
        *to = '\0';
        c->field[c->fields++] = trim(begin);
        if (last) {
            return true;
        }
    }
}

/* -- the heading ----------------------------------------------------------- */

static bool read_heading(Csv *c)
{
    static const struct {
        const char *name;
        Column column;
    } names[] = {
        {"cycle", COL_CYCLE},         {"time", COL_TIME},
        {"address", COL_ADDRESS},     {"pa", COL_ADDRESS},
        {"size", COL_SIZE},           {"dir", COL_DIR},
        {"value", COL_VALUE},         {"cycles", COL_CYCLES},
        {"initiator", COL_INITIATOR},
    };
    for (unsigned i = 0; i < COLUMNS; i++) {
        c->column[i] = -1;
    }
    for (unsigned i = 0; i < c->fields; i++) {
        for (unsigned k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            if (strcmp(c->field[i], names[k].name) != 0) {
                continue;
            }
            if (c->column[names[k].column] >= 0) {
                return wrong(c, "a second column", c->field[i],
                             "name each once");
            }
            c->column[names[k].column] = (int)i;
        }
    }
    const char *missing = c->column[COL_ADDRESS] < 0 ? "address"
                          : c->column[COL_SIZE] < 0  ? "size"
                          : c->column[COL_DIR] < 0   ? "dir"
                          : c->column[COL_TIME] < 0 && c->column[COL_CYCLE] < 0
                              ? "cycle"
                              : NULL;
    return !missing || wrong(c, "no column", missing,
                             "the first line names the columns, such as "
                             "cycle,address,size,dir,value");
}

/* -- a row ----------------------------------------------------------------- */

/* NULL: no such column; "" where the row has nothing there. */
static const char *at(const Csv *c, Column column)
{
    int i = c->column[column];
    return i < 0 ? NULL : (unsigned)i < c->fields ? c->field[i] : "";
}

/* Decimal or 0x...; a minus sign is that of an int64 with the same bits. */
static bool number(Csv *c, Column column, const char *what, bool negative,
                   uint64_t *value)
{
    const char *text = at(c, column);
    bool minus = negative && *text == '-';
    const char *digits = text + minus;
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end = NULL;
    errno = 0;
    *value = strtoull(digits, &end, hex ? 16 : 10);
    if (*digits < '0' || *digits > '9' || *end || errno ||
        (minus && *value > UINT64_C(1) << 63)) {
        return wrong(c, what, text, "write a number, such as 64 or 0x40");
    }
    *value = minus ? 0 - *value : *value;
    return true;
}

static bool read_time(Csv *c, uint64_t *ps)
{
    Column column = c->column[COL_TIME] >= 0 ? COL_TIME : COL_CYCLE;
    const char *what = column == COL_TIME ? "time" : "cycle";
    if (!number(c, column, what, false, ps)) {
        return false;
    }
    *ps = column == COL_CYCLE ? clock_time(c->clk, *ps) : *ps;
    if (*ps > TIME_NEVER / 2) {
        return wrong(c, what, at(c, column), "write a time below 2^63 ps");
    }
    if (*ps < c->time_ps) {
        return wrong(c, what, at(c, column),
                     "it is before that of the line above; sort the rows");
    }
    c->time_ps = *ps;
    return true;
}

static bool read_dir(Csv *c, bool *is_write)
{
    const char *text = at(c, COL_DIR);
    *is_write = !strcmp(text, "w");
    return *is_write || !strcmp(text, "r") || !strcmp(text, "rw") ||
           wrong(c, "dir", text, "write r or w");
}

static bool read_value(Csv *c, PlayerAccess *a)
{
    const char *text = at(c, COL_VALUE);
    if (!text || !*text || a->size > 8) {
        return true;
    }
    a->has_value = true;
    if (!number(c, COL_VALUE, "value", true, &a->value)) {
        return false;
    }
    return a->size == 8 || a->value >> 8 * a->size == 0 ||
           wrong(c, "value", text, "it does not fit into size bytes");
}

static bool read_row(Csv *c)
{
    PlayerAccess a = {0};
    uint64_t size, cycles = 1;
    const char *took = at(c, COL_CYCLES);
    if (!read_time(c, &a.time_ps) ||
        !number(c, COL_ADDRESS, "address", true, &a.addr) ||
        !number(c, COL_SIZE, "size", false, &size) ||
        !read_dir(c, &a.is_write) ||
        (took && *took && !number(c, COL_CYCLES, "cycles", false, &cycles))) {
        return false;
    }
    if (size < 1 || size > TRAFFIC_BYTES) {
        return wrong(c, "size", at(c, COL_SIZE), "write 1 to 4096");
    }
    if (size - 1 > UINT64_MAX - a.addr) {
        return wrong(c, "address", at(c, COL_ADDRESS),
                     "the access ends beyond 2^64");
    }
    if (cycles > UINT32_MAX) {
        return wrong(c, "cycles", took, "write at most 4294967295");
    }
    a.size = (uint16_t)size;
    a.gap_ps = a.time_ps > c->done_ps ? a.time_ps - c->done_ps : 0;
    c->done_ps = a.time_ps + clock_time(c->clk, cycles);
    if (!read_value(c, &a)) {
        return false;
    }
    return player_score_add(c->score, &a, NULL) ||
           error_set(c->errp, "%s:%u: the host has no memory left; play less",
                     c->path, c->line);
}

static bool read_rows(Csv *c, const char *initiator)
{
    if (initiator && c->column[COL_INITIATOR] < 0) {
        return wrong(c, "no column initiator for", initiator,
                     "leave the player's initiator out");
    }
    while (read_line(c)) {
        if (!*trim(c->text)) {
            continue;
        }
        if (!cut_fields(c)) {
            return false;
        }
        bool wanted = !initiator || !strcmp(at(c, COL_INITIATOR), initiator);
        if (wanted && !read_row(c)) {
            return false;
        }
    }
    return *c->errp == NULL &&
           (c->score->count > 0 ||
            error_set(c->errp, "%s: no accesses%s%.60s; write a line for each",
                      c->path, initiator ? " of " : "",
                      initiator ? initiator : ""));
}

bool player_csv_read(FILE *in, const char *path, const char *initiator,
                     const ClockDomain *clk, PlayerScore *score, Error **errp)
{
    Csv c = {.in = in, .path = path, .clk = clk, .score = score};
    Error *err = NULL;
    c.errp = &err;
    bool ok = read_line(&c);
    if (!ok && !err) {
        error_set(&err, "%s: it is empty; the first line names the columns",
                  path);
    }
    ok = ok && cut_fields(&c) && read_heading(&c) && read_rows(&c, initiator);
    if (!ok) {
        error_set(errp, "%s", error_message(err));
        error_free(err);
    }
    return ok;
}
