/*
 * report_grid.c - a metric as a table for a terminal.
 *
 * Model    Every number printed is a cell of the metric, whose SQL runs as the
 *          database has it. A table that is too wide breaks its headings, then
 *          gives up its bars; texts are cut to CUT characters.
 * Units    in the headings, from the names of the columns; numbers have
 *          thousands separators.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/report.h"

enum {
    MAX_COLUMNS = 16,
    CELL = REPORT_CELL,
    CUT = 28,
    SOURCE_CUT = 40,
    BAR = 20,
    BAR_MIN = 5
};

/* -- metrics -------------------------------------------------------------- */

sqlite3_stmt *report_metric(Report *r, const char *name, char *unit,
                            size_t unit_size)
{
    sqlite3_stmt *find =
        query_prepare(r->db, r->path,
                      "select sql, unit from metric where name = ?1", r->errp);
    if (!find) {
        return NULL;
    }
    sqlite3_stmt *stmt = NULL;
    sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    const char *sql =
        rc == SQLITE_ROW ? (const char *)sqlite3_column_text(find, 0) : NULL;
    if (sql) {
        const char *u = (const char *)sqlite3_column_text(find, 1);
        snprintf(unit, unit_size, "%s", u ? u : "");
        stmt = query_prepare(r->db, r->path, sql, r->errp);
        if (!stmt) {
            error_prepend(r->errp, "metric %s: ", name);
        }
    } else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        error_set(r->errp, "%s: has no metric %s; run the simulation again",
                  r->path, name);
    } else {
        query_fail(r->errp, r->path, r->db, rc);
    }
    sqlite3_finalize(find);
    return stmt;
}

bool report_metric_failed(Report *r, const char *name, int rc)
{
    query_fail(r->errp, r->path, r->db, rc);
    return error_prepend(r->errp, "metric %s: ", name);
}

/* -- cells ---------------------------------------------------------------- */

/* 1234567.5 as 1,234,567.5: commas into the digits before the point. */
static void group_digits(char *to, size_t size, const char *number)
{
    const char *digits = number + (*number == '-');
    size_t whole = strspn(digits, "0123456789");
    size_t n = 0;
    if (*number == '-' && n + 1 < size) {
        to[n++] = '-';
    }
    for (size_t i = 0; digits[i] && n + 2 < size; i++) {
        if (i && i < whole && (whole - i) % 3 == 0) {
            to[n++] = ',';
        }
        to[n++] = digits[i];
    }
    to[n] = 0;
}

void report_number(double v, int digits, char *text, size_t size)
{
    char plain[CELL];
    snprintf(plain, sizeof(plain), "%.*f", digits, v);
    group_digits(text, size, plain);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int digits_of(const char *column)
{
    return ends_with(column, "percent")       ? 1
           : ends_with(column, "us")          ? 3
           : ends_with(column, "mhz")         ? 3
           : ends_with(column, "instruction") ? 3
                                              : 2;
}

void report_name(const char *name, char *text, size_t size)
{
    size_t n = strlen(name);
    snprintf(text, size, n < size ? "%.*s" : "%.*s..",
             (int)(n < size ? n : size - 3), name);
    for (char *p = text; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        *p = ch < 0x20 || ch >= 0x7f ? '?' : *p; /* names are ASCII */
    }
}

int report_column(sqlite3_stmt *stmt, const char *name)
{
    for (int c = 0; c < sqlite3_column_count(stmt); c++) {
        const char *column = sqlite3_column_name(stmt, c);
        if (column && !strcmp(column, name)) {
            return c;
        }
    }
    return -1;
}

void report_initiator(sqlite3_stmt *stmt, char *text, size_t size)
{
    char whole[2 * CELL];
    const char *name = (const char *)sqlite3_column_text(
        stmt, report_column(stmt, "initiator"));
    const char *part =
        (const char *)sqlite3_column_text(stmt, report_column(stmt, "part"));
    bool told = !part || (name && strstr(name, part));
    snprintf(whole, sizeof(whole), "%.*s%s%.*s", CELL, name ? name : "?",
             told ? "" : " ", CELL / 2, told ? "" : part);
    report_name(whole, text, size);
}

/* The last folders of a file's name, as many as fit. */
static void source_name(const char *name, char *text, size_t size)
{
    while (!strncmp(name, "../", 3) || !strncmp(name, "./", 2)) {
        name = strchr(name, '/') + 1;
    }
    const char *rest = name;
    while (strlen(rest) + 4 >= size && strchr(rest, '/')) {
        rest = strchr(rest, '/') + 1;
    }
    char whole[2 * CELL];
    snprintf(whole, sizeof(whole), "%s%s",
             strlen(name) < size || rest == name ? "" : ".../",
             strlen(name) < size ? name : rest);
    report_name(whole, text, size);
}

void report_cell(sqlite3_stmt *stmt, int c, const char *column, char *text,
                 size_t size)
{
    char plain[CELL];
    switch (sqlite3_column_type(stmt, c)) {
    case SQLITE_INTEGER:
        snprintf(plain, sizeof(plain), "%" PRId64,
                 (int64_t)sqlite3_column_int64(stmt, c));
        group_digits(text, size, plain);
        break;
    case SQLITE_FLOAT:
        report_number(sqlite3_column_double(stmt, c), digits_of(column), text,
                      size);
        break;
    case SQLITE_NULL: snprintf(text, size, "-"); break;
    default: {
        const char *s = (const char *)sqlite3_column_text(stmt, c);
        if (!strcmp(column, "initiator")) {
            report_initiator(stmt, text, CUT + 1);
        } else if (!strcmp(column, "source")) {
            source_name(s ? s : "", text, SOURCE_CUT + 1);
        } else {
            report_name(s ? s : "", text, *column ? CUT + 1 : size);
        }
        break;
    }
    }
}

/* share_percent as "share %", wait_cycles as "wait cycles". */
static void heading_format(const char *column, char *text, size_t size)
{
    static const char *const units[][2] = {
        {"percent", "%"}, {"us", "us"}, {"mhz", "MHz"}, {"mb_per_s", "MB/s"}};
    if (strcmp(column, "mb_per_s") == 0) {
        column = "MB/s";
    }
    snprintf(text, size, "%.*s", CUT, column);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t n = strlen(text), m = strlen(units[i][0]);
        if (n > m && text[n - m - 1] == '_' && ends_with(text, units[i][0])) {
            snprintf(text + n - m, size - (n - m), "%s", units[i][1]);
        }
    }
    for (char *p = text; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        *p = *p == '_' || ch < 0x20 || ch >= 0x7f ? ' ' : *p;
    }
}

void report_style(const Report *r, const char *code)
{
    if (r->colour) {
        fprintf(r->out, "\033[%sm", code);
    }
}

/* -- tables --------------------------------------------------------------- */

typedef struct Grid {
    int columns, share; /* share: the column of a bar, -1: none */
    int from[MAX_COLUMNS];
    size_t shown, room;
    uint64_t rows;
    size_t width[MAX_COLUMNS]; /* of the cells, then with the heading */
    char heading[MAX_COLUMNS][CELL];
    bool broken; /* headings are */
    bool number[MAX_COLUMNS];
    char (*cell)[MAX_COLUMNS][CELL];
    double *percent;
    size_t bar; /* characters; 0: none */
} Grid;

/* Is a word in a list with blanks between? */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    while (*list) {
        size_t word = strcspn(list, " ");
        if (word == len && !strncmp(list, name, len)) {
            return true;
        }
        list += word + (list[word] == ' ');
    }
    return false;
}

static void grid_begin(Grid *g, sqlite3_stmt *stmt, const char *list)
{
    int columns = sqlite3_column_count(stmt);
    g->share = -1;
    for (int c = 0; c < columns && g->columns < MAX_COLUMNS; c++) {
        const char *name = sqlite3_column_name(stmt, c);
        bool wanted = !list || (name && is_listed(list, name));
        if (wanted && (!name || strcmp(name, "part") != 0)) {
            g->from[g->columns++] = c; /* part: in report_initiator() */
        }
    }
    for (int i = 0; i < g->columns; i++) {
        const char *name = sqlite3_column_name(stmt, g->from[i]);
        heading_format(name ? name : "", g->heading[i], CELL);
        if (name && strcmp(name, "share_percent") == 0) {
            g->share = i;
        }
    }
}

static bool grid_room(Grid *g)
{
    if (g->shown < g->room) {
        return true;
    }
    size_t room = 2 * g->room + 16;
    void *cell = realloc(g->cell, room * sizeof(*g->cell));
    g->cell = cell ? cell : g->cell;
    double *percent = realloc(g->percent, room * sizeof(*percent));
    g->percent = percent ? percent : g->percent;
    g->room = cell && percent ? room : g->room;
    return cell && percent;
}

static void grid_row(Grid *g, sqlite3_stmt *stmt)
{
    for (int i = 0; i < g->columns; i++) {
        char *text = g->cell[g->shown][i];
        const char *name = sqlite3_column_name(stmt, g->from[i]);
        report_cell(stmt, g->from[i], name ? name : "?", text, CELL);
        int type = sqlite3_column_type(stmt, g->from[i]);
        g->number[i] |= type == SQLITE_INTEGER || type == SQLITE_FLOAT;
        size_t n = strlen(text);
        g->width[i] = n > g->width[i] ? n : g->width[i];
    }
    g->percent[g->shown++] =
        g->share >= 0 ? sqlite3_column_double(stmt, g->from[g->share]) : 0;
}

static size_t longest_word(const char *text)
{
    size_t longest = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        longest = n > longest ? n : longest;
        text += n + (text[n] == ' ');
    }
    return longest;
}

static size_t grid_width(const Grid *g, bool broken)
{
    size_t sum = 0;
    for (int i = 0; i < g->columns; i++) {
        size_t n = broken ? longest_word(g->heading[i]) : strlen(g->heading[i]);
        sum += 2 + (n > g->width[i] ? n : g->width[i]);
    }
    return sum;
}

/* Decides on headings and bars; then widths are those of columns. */
static void grid_fit(Grid *g)
{
    size_t bar = g->share >= 0 ? 2 + BAR : 0;
    g->broken = grid_width(g, false) + bar > REPORT_WIDTH;
    size_t left = grid_width(g, g->broken) + 2;
    left = left < REPORT_WIDTH ? REPORT_WIDTH - left : 0;
    g->bar = g->share < 0 || left < BAR_MIN ? 0 : left < BAR ? left : BAR;
    for (int i = 0; i < g->columns; i++) {
        size_t n =
            g->broken ? longest_word(g->heading[i]) : strlen(g->heading[i]);
        g->width[i] = n > g->width[i] ? n : g->width[i];
    }
}

static void print_bar(const Report *r, const Grid *g, double percent)
{
    double share = percent > 100 ? 100 : percent > 0 ? percent : 0;
    int eighths = (int)(share / 100 * (double)(g->bar * 8) + 0.5);
    if (eighths < (r->ascii ? 4 : 1)) {
        return;
    }
    fputs("  ", r->out);
    report_style(r, "36");
    if (r->ascii) {
        for (int i = 0; i < (eighths + 4) / 8; i++) {
            putc('#', r->out);
        }
    } else {
        for (int i = 0; i < eighths / 8; i++) {
            fputs("\u2588", r->out);
        }
        if (eighths % 8) { /* U+2589 is seven eighths, U+258F one */
            fprintf(r->out, "\xe2\x96%c", 0x90 - eighths % 8);
        }
    }
    report_style(r, "0");
}

/* Without blanks at its end; the row goes on with a bar when `more`. */
static void grid_line(const Report *r, const Grid *g, const char (*cell)[CELL],
                      bool more)
{
    size_t owed = 2; /* blanks */
    for (int i = 0; i < g->columns; i++) {
        size_t n = strlen(cell[i]), pad = g->width[i] - n;
        size_t before = owed + (g->number[i] ? pad : 0);
        if (n) {
            fprintf(r->out, "%*s%s", (int)before, "", cell[i]);
            before = 0;
        }
        owed = before + (g->number[i] ? 0 : pad) + 2;
    }
    if (more && owed > 2) {
        fprintf(r->out, "%*s", (int)owed - 2, "");
    }
}

/* Cuts what fits into width off the front of *text. */
static void take_words(const char **text, size_t width, char line[CELL])
{
    size_t n = strlen(*text);
    if (n > width) {
        n = strcspn(*text, " ");
        for (size_t next;
             (next = n + 1 + strcspn(*text + n + 1, " ")) <= width;) {
            n = next;
        }
    }
    snprintf(line, CELL, "%.*s", (int)n, *text);
    *text += n + ((*text)[n] == ' ');
}

/* Headings end on the last of their lines. */
static void grid_headings(const Report *r, const Grid *g)
{
    enum { LINES = 4 };
    char part[MAX_COLUMNS][LINES][CELL];
    int parts[MAX_COLUMNS], most = 1;
    for (int i = 0; i < g->columns; i++) {
        const char *rest = g->heading[i];
        for (parts[i] = 0; *rest && parts[i] < LINES; parts[i]++) {
            take_words(&rest, g->width[i], part[i][parts[i]]);
        }
        most = parts[i] > most ? parts[i] : most;
    }
    for (int line = 0; line < most; line++) {
        char cell[MAX_COLUMNS][CELL];
        for (int i = 0; i < g->columns; i++) {
            int at = line - (most - parts[i]);
            snprintf(cell[i], CELL, "%s", at >= 0 ? part[i][at] : "");
        }
        report_style(r, "2");
        grid_line(r, g, (const char(*)[CELL])cell, false);
        report_style(r, "0");
        putc('\n', r->out);
    }
}

void report_more(Report *r, const Section *s, uint64_t more)
{
    char count[CELL];
    report_number((double)more, 0, count, sizeof(count));
    if (r->all) {
        fprintf(r->out, "  (+%s more: metric %s)\n", count, s->metric);
    } else {
        fprintf(r->out, "  (+%s more: socscope report %s %s --all)\n", count,
                r->path, s->name);
    }
}

static void grid_print(Report *r, const Grid *g, const Section *s)
{
    grid_headings(r, g);
    for (size_t i = 0; i < g->shown; i++) {
        grid_line(r, g, (const char(*)[CELL])g->cell[i], g->bar > 0);
        if (g->bar) {
            print_bar(r, g, g->percent[i]);
        }
        putc('\n', r->out);
    }
    if (g->rows > g->shown && !s->brief) {
        report_more(r, s, g->rows - g->shown);
    }
}

/* -- sections ------------------------------------------------------------- */

void report_title(Report *r, const char *title, const char *metric)
{
    if (r->printed) {
        putc('\n', r->out);
    }
    r->printed = true;
    report_style(r, "1");
    fputs(title, r->out);
    report_style(r, "0");
    report_style(r, "2");
    fprintf(r->out, "%s%s%s\n", *metric ? "  [" : "", metric,
            *metric ? "]" : "");
    report_style(r, "0");
}

void report_empty(Report *r, const Section *s)
{
    const char *why = s->from_records && !r->recorded
                          ? "not recorded; run with --trace"
                      : !r->complete && !(s->from_records && r->recovered)
                          ? "not written: the run did not end"
                          : s->empty;
    if (why && s->empty) {
        fprintf(r->out, "%s%s: %s  [%s]\n", r->printed ? "\n" : "", s->title,
                why, s->metric);
        r->printed = true;
    }
}

bool report_grid(Report *r, const Section *s)
{
    char unit[CELL];
    sqlite3_stmt *stmt = report_metric(r, s->metric, unit, sizeof(unit));
    if (!stmt) {
        return false;
    }
    Grid *g = calloc(1, sizeof(*g));
    int rc = g ? SQLITE_DONE : SQLITE_NOMEM;
    size_t most = r->all && !s->brief ? REPORT_ALL_ROWS : s->rows;
    if (g) {
        grid_begin(g, stmt, s->columns);
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            g->rows++;
            if (g->shown < most) {
                if (!grid_room(g)) {
                    rc = SQLITE_NOMEM;
                    break;
                }
                grid_row(g, stmt);
            }
        }
    }
    bool ok = rc == SQLITE_DONE;
    if (!ok) {
        report_metric_failed(r, s->metric, rc);
    } else if (!g->rows) {
        report_empty(r, s);
    } else {
        grid_fit(g);
        report_title(r, s->title, s->metric);
        grid_print(r, g, s);
    }
    if (g) {
        free(g->cell);
        free(g->percent);
        free(g);
    }
    sqlite3_finalize(stmt);
    return ok;
}
