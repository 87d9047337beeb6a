/*
 * format.c - the rows of a statement as a table for people, as CSV, as JSON.
 *
 * Model    A table's columns are as wide as the first TABLE_SAMPLE rows need;
 *          the rest streams. Nothing in a value can act upon a terminal.
 * Source   CSV: RFC 4180. JSON: RFC 8259. UTF-8: RFC 3629.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "traces/store.h"

/* -- values as text ------------------------------------------------------- */

/* Length of the UTF-8 sequence at s (of n bytes), 0 when it is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    size_t len = *s < 0x80                 ? 1
                 : *s >= 0xc2 && *s < 0xe0 ? 2
                 : *s >= 0xe0 && *s < 0xf0 ? 3
                 : *s >= 0xf0 && *s < 0xf5 ? 4
                                           : 0;
    if (!len || len > n) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool too_long = (*s == 0xe0 && s[1] < 0xa0) || (*s == 0xf0 && s[1] < 0x90);
    bool surrogate = *s == 0xed && s[1] >= 0xa0;
    bool beyond = *s == 0xf4 && s[1] >= 0x90;
    return too_long || surrogate || beyond ? 0 : len;
}

void format_json_string(FILE *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    putc('"', out);
    for (size_t i = 0; i < len;) {
        size_t l = utf8_length(s + i, len - i);
        if (s[i] == '"' || s[i] == '\\') {
            fprintf(out, "\\%c", s[i]);
        } else if (s[i] < 0x20 || s[i] == 0x7f) {
            fprintf(out, "\\u%04x", s[i]);
        } else if (l) {
            fwrite(s + i, 1, l, out);
        } else {
            fputs("\\ufffd", out); /* not UTF-8 */
        }
        i += l ? l : 1;
    }
    putc('"', out);
}

static void print_hex(FILE *out, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        fprintf(out, "%02x", bytes[i]);
    }
}

void format_json_value(FILE *out, sqlite3_stmt *stmt, int column)
{
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        fprintf(out, "%lld", (long long)sqlite3_column_int64(stmt, column));
        break;
    case SQLITE_FLOAT: {
        double v = sqlite3_column_double(stmt, column);
        if (v - v == 0) {
            fprintf(out, "%.17g", v);
        } else {
            fputs("null", out); /* JSON has no infinity */
        }
        break;
    }
    case SQLITE_TEXT:
        format_json_string(out, (const char *)sqlite3_column_text(stmt, column),
                           (size_t)sqlite3_column_bytes(stmt, column));
        break;
    case SQLITE_BLOB:
        putc('"', out);
        print_hex(out, sqlite3_column_blob(stmt, column), len);
        putc('"', out);
        break;
    default: fputs("null", out); break;
    }
}

static void print_csv_text(FILE *out, const char *text, size_t len)
{
    if (len && !memchr(text, '"', len) && !memchr(text, ',', len) &&
        !memchr(text, '\n', len) && !memchr(text, '\r', len)) {
        fwrite(text, 1, len, out);
        return;
    }
    putc('"', out);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            putc('"', out);
        }
        putc(text[i], out);
    }
    putc('"', out);
}

/* NULL is an empty field, an empty text is "". */
static void print_csv_value(FILE *out, sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL: break;
    case SQLITE_BLOB:
        print_hex(out, sqlite3_column_blob(stmt, column),
                  (size_t)sqlite3_column_bytes(stmt, column));
        break;
    default: {
        const char *text = (const char *)sqlite3_column_text(stmt, column);
        print_csv_text(out, text ? text : "",
                       (size_t)sqlite3_column_bytes(stmt, column));
        break;
    }
    }
}

/* -- headings ------------------------------------------------------------- */

/* Does a name say its unit, as wait_cycles and begin_ps do? */
static bool says_unit(const char *name, const char *unit)
{
    size_t n = strlen(name), m = strlen(unit);
    return n >= m && strcasecmp(name + n - m, unit) == 0;
}

/* The column's name, with the unit of what it is in its table: "time [ps]".
 * Expressions have none. */
static void heading(sqlite3_stmt *stmt, int column, bool units, char *text,
                    size_t size)
{
    const char *name = sqlite3_column_name(stmt, column);
    const char *origin = sqlite3_column_origin_name(stmt, column);
    snprintf(text, size, "%s", name ? name : "");
    char *unit =
        units && origin
            ? query_text(sqlite3_db_handle(stmt),
                         "select unit from column_unit where name = ?1", origin)
            : NULL;
    size_t n = strlen(text);
    if (unit && !says_unit(text, unit) && n < size) {
        snprintf(text + n, size - n, " [%.16s]", unit);
    }
    free(unit);
}

enum { HEADING = 256 };

/* -- formats -------------------------------------------------------------- */

int format_csv(sqlite3_stmt *stmt, bool units, FILE *out)
{
    int columns = sqlite3_column_count(stmt), rc;
    for (int c = 0; c < columns; c++) {
        char name[HEADING];
        heading(stmt, c, units, name, sizeof(name));
        fputs(c ? "," : "", out);
        print_csv_text(out, name, strlen(name));
    }
    fputs("\r\n", out);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !ferror(out)) {
        for (int c = 0; c < columns; c++) {
            fputs(c ? "," : "", out);
            print_csv_value(out, stmt, c);
        }
        fputs("\r\n", out);
    }
    return rc;
}

static void print_json_row(FILE *out, sqlite3_stmt *stmt)
{
    int columns = sqlite3_column_count(stmt);
    putc('{', out);
    for (int c = 0; c < columns; c++) {
        const char *name = sqlite3_column_name(stmt, c);
        fputs(c ? ", " : "", out);
        format_json_string(out, name ? name : "", name ? strlen(name) : 0);
        fputs(": ", out);
        format_json_value(out, stmt, c);
    }
    putc('}', out);
}

int format_json(sqlite3_stmt *stmt, FILE *out)
{
    const char *between = "[";
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !ferror(out)) {
        fprintf(out, "%s\n  ", between);
        between = ",";
        print_json_row(out, stmt);
    }
    fputs(*between == '[' ? "[]\n" : "\n]\n", out);
    return rc;
}

int format_jsonl(sqlite3_stmt *stmt, FILE *out)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !ferror(out)) {
        print_json_row(out, stmt);
        putc('\n', out);
    }
    return rc;
}

enum { TABLE_SAMPLE = 500 };

typedef struct TableCell {
    char *text;
    bool number;
} TableCell;

/* The value for a terminal: one line, nothing it could act upon. */
static char *cell_text(sqlite3_stmt *stmt, int column)
{
    int type = sqlite3_column_type(stmt, column);
    if (type == SQLITE_NULL) {
        return strdup("NULL");
    }
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    const unsigned char *s = type == SQLITE_BLOB
                                 ? sqlite3_column_blob(stmt, column)
                                 : sqlite3_column_text(stmt, column);
    len = (size_t)sqlite3_column_bytes(stmt, column);
    char *text = malloc(4 * len + 4);
    if (!text) {
        return NULL;
    }
    size_t n = 0;
    if (type == SQLITE_BLOB) {
        text[n++] = 'x';
        text[n++] = '\'';
    }
    for (size_t i = 0; i < len;) {
        size_t l = type == SQLITE_BLOB ? 0 : utf8_length(s + i, len - i);
        bool c1 = l == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0;
        if (type == SQLITE_BLOB) {
            n += (size_t)sprintf(text + n, "%02x", s[i]);
        } else if (!l || s[i] < 0x20 || s[i] == 0x7f || c1) {
            n += (size_t)sprintf(text + n, "\\x%02x", s[i]);
            l = 1;
        } else {
            memcpy(text + n, s + i, l);
            n += l;
        }
        i += l ? l : 1;
    }
    if (type == SQLITE_BLOB) {
        text[n++] = '\'';
    }
    text[n] = 0;
    return text;
}

static size_t text_width(const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        n += (*text & 0xc0) != 0x80;
    }
    return n;
}

static void print_cell(FILE *out, const char *text, bool right, size_t width,
                       bool last)
{
    size_t w = text_width(text);
    int pad = w < width ? (int)(width - w) : 0;
    if (right) {
        fprintf(out, "%*s%s", pad, "", text);
    } else {
        fprintf(out, "%s%*s", text, last ? 0 : pad, "");
    }
    fputs(last ? "\n" : "  ", out);
}

typedef struct Table {
    int columns;
    size_t rows;
    TableCell *cell; /* TABLE_SAMPLE rows of columns */
    size_t *width;
    FILE *out;
} Table;

static bool table_read(Table *t, sqlite3_stmt *stmt)
{
    bool ok = true;
    for (int c = 0; c < t->columns; c++) {
        TableCell *cell = &t->cell[t->rows * (size_t)t->columns + (size_t)c];
        int type = sqlite3_column_type(stmt, c);
        cell->number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
        cell->text = cell_text(stmt, c);
        ok &= cell->text != NULL;
    }
    t->rows++;
    return ok;
}

static void table_widen(Table *t)
{
    for (size_t i = 0; i < t->rows * (size_t)t->columns; i++) {
        size_t w = t->cell[i].text ? text_width(t->cell[i].text) : 0;
        size_t *width = &t->width[i % (size_t)t->columns];
        *width = w > *width ? w : *width;
    }
}

/* Prints the rows held and forgets them; columns only ever get wider. */
static void table_print(Table *t)
{
    table_widen(t);
    for (size_t i = 0; i < t->rows * (size_t)t->columns; i++) {
        size_t c = i % (size_t)t->columns;
        if (t->cell[i].text) {
            print_cell(t->out, t->cell[i].text, t->cell[i].number, t->width[c],
                       c + 1 == (size_t)t->columns);
        }
        free(t->cell[i].text);
        t->cell[i].text = NULL;
    }
    t->rows = 0;
}

static void table_heading(Table *t, sqlite3_stmt *stmt)
{
    table_widen(t);
    for (int line = 0; line < 2; line++) {
        for (int c = 0; c < t->columns; c++) {
            char text[HEADING];
            heading(stmt, c, true, text, sizeof(text));
            size_t *w = &t->width[c];
            *w = text_width(text) > *w ? text_width(text) : *w;
            bool right = t->rows && t->cell[c].number;
            if (line) {
                size_t dashes = *w < sizeof(text) ? *w : sizeof(text) - 1;
                memset(text, '-', dashes);
                text[dashes] = 0;
            }
            print_cell(t->out, text, right, *w, c + 1 == t->columns);
        }
    }
}

int format_table(sqlite3_stmt *stmt, FILE *out)
{
    Table t = {.columns = sqlite3_column_count(stmt), .out = out};
    size_t cells = (size_t)t.columns * TABLE_SAMPLE;
    t.cell = calloc(cells, sizeof(*t.cell));
    t.width = calloc((size_t)t.columns, sizeof(*t.width));
    bool ok = t.cell && t.width;
    bool heading = false;
    int rc = SQLITE_NOMEM;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW && !ferror(out)) {
        ok = table_read(&t, stmt);
        if (t.rows == TABLE_SAMPLE) {
            if (!heading) {
                table_heading(&t, stmt);
                heading = true;
            }
            table_print(&t);
        }
    }
    if (t.cell && t.width) {
        if (!heading && (rc == SQLITE_DONE || t.rows)) {
            table_heading(&t, stmt);
        }
        table_print(&t);
    }
    free(t.cell);
    free(t.width);
    return ok ? rc : SQLITE_NOMEM;
}
