/*
 * diff_metric.c - the metrics of two runs, and thresholds on how they changed.
 *
 * Model    A threshold is `METRIC OP NUMBER` or `METRIC OP NUMBER%`: it has
 *          failed when the change from A to B, in the metric's unit or in
 *          percent of A, is OP NUMBER. From 0 to something is an infinite
 *          percentage.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "traces/diff.h"

/* -- metrics -------------------------------------------------------------- */

static const char metric_sql[] =
    "select name, coalesce(unit, ''), coalesce(exactness, ''), value"
    " from metric where unit <> 'table' order by name";

static DiffMetric *find_metric(Diff *d, const char *name)
{
    for (size_t i = 0; i < d->metrics; i++) {
        if (!strcmp(d->metric[i].name, name)) {
            return &d->metric[i];
        }
    }
    return NULL;
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text ? text : "";
}

/* A copy that does nothing to a terminal. */
static char *printable(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; p && *p; p++) {
        unsigned char c = (unsigned char)*p;
        *p = c < 0x20 || c == 0x7f ? '?' : *p;
    }
    return copy;
}

static DiffMetric *add_metric(Diff *d, sqlite3_stmt *stmt)
{
    DiffMetric *list = diff_grow(d, d->metric, d->metrics, sizeof(*list));
    if (!list) {
        return NULL;
    }
    d->metric = list;
    DiffMetric *m = &list[d->metrics++];
    *m = (DiffMetric){.name = printable(text_of(stmt, 0)),
                      .unit = printable(text_of(stmt, 1)),
                      .exactness = printable(text_of(stmt, 2))};
    if (!m->name || !m->unit || !m->exactness) {
        error_set(d->errp, "the host has no memory left");
        return NULL;
    }
    return m;
}

bool diff_metrics(Diff *d)
{
    for (int side = 0; side < DIFF_SIDES; side++) {
        sqlite3_stmt *stmt = diff_prepare(d, side, metric_sql);
        int rc = SQLITE_ERROR;
        bool ok = stmt != NULL;
        while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            DiffMetric *m = find_metric(d, text_of(stmt, 0));
            m = m ? m : add_metric(d, stmt);
            ok = m != NULL;
            int type = ok ? sqlite3_column_type(stmt, 3) : SQLITE_NULL;
            if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
                m->has[side] = true;
                m->whole[side] = type == SQLITE_INTEGER;
                m->value[side] = sqlite3_column_double(stmt, 3);
            }
        }
        sqlite3_finalize(stmt);
        if (!ok || !diff_done(d, side, rc)) {
            return false;
        }
    }
    return true;
}

/* -- thresholds ----------------------------------------------------------- */

static bool bad_threshold(Diff *d, const char *text, const char *what)
{
    return error_set(d->errp,
                     "--fail-on \"%s\": %s; write METRIC OP NUMBER or METRIC "
                     "OP NUMBER%%, as in \"cycles > +2%%\"",
                     text, what);
}

static bool parse(Diff *d, DiffThreshold *t)
{
    static const char *const ops[] = {">=", "<=", "==", "!=", ">", "<"};
    const char *s = t->text + strspn(t->text, " \t");
    size_t n = strcspn(s, " \t<>=!");
    if (n == 0 || n >= sizeof(t->name)) {
        return bad_threshold(d, t->text, "does not begin with a metric");
    }
    memcpy(t->name, s, n);
    s += n + strspn(s + n, " \t");
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]) && !*t->op; i++) {
        if (!strncmp(s, ops[i], strlen(ops[i]))) {
            strcpy(t->op, ops[i]);
        }
    }
    if (!*t->op) {
        return bad_threshold(d, t->text, "has none of > >= < <= == !=");
    }
    s += strlen(t->op);
    s += strspn(s, " \t");
    char *end;
    errno = 0;
    t->limit = strtod(s, &end);
    if (end == s || errno || !isfinite(t->limit) ||
        strcspn(s, "xXpPnN") < (size_t)(end - s)) {
        return bad_threshold(d, t->text, "has no number to compare with");
    }
    end += strspn(end, " \t");
    t->percent = *end == '%';
    end += t->percent;
    end += strspn(end, " \t");
    return !*end || bad_threshold(d, t->text, "goes on after the number");
}

bool diff_thresholds_parse(Diff *d, const char *const *text, size_t count)
{
    d->threshold = calloc(count + 1, sizeof(*d->threshold));
    if (!d->threshold) {
        return error_set(d->errp, "the host has no memory left");
    }
    d->thresholds = count;
    for (size_t i = 0; i < count; i++) {
        d->threshold[i].text = text[i];
        if (!parse(d, &d->threshold[i])) {
            return false;
        }
    }
    return true;
}

static bool holds(double change, const char *op, double limit)
{
    bool equal = !(change < limit) && !(change > limit);
    switch (op[0]) {
    case '>': return change > limit || (op[1] && equal);
    case '<': return change < limit || (op[1] && equal);
    case '!': return !equal;
    default: return equal;
    }
}

static bool unknown_metric(Diff *d, const DiffThreshold *t)
{
    char names[512] = "";
    for (size_t i = 0; i < d->metrics; i++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
                 d->metric[i].name);
    }
    return error_set(d->errp,
                     "--fail-on \"%s\": there is no metric %s; the metrics "
                     "are %s",
                     t->text, t->name, names);
}

static bool judge(Diff *d, DiffThreshold *t)
{
    const DiffMetric *m = find_metric(d, t->name);
    if (!m && !strncmp(t->name, "metric.", 7)) {
        m = find_metric(d, t->name + 7);
    }
    if (!m) {
        return unknown_metric(d, t);
    }
    for (int side = 0; side < DIFF_SIDES; side++) {
        if (!m->has[side]) {
            return error_set(d->errp,
                             "--fail-on \"%s\": %s has no value for %s; %s",
                             t->text, d->side[side].path, m->name,
                             d->side[side].complete
                                 ? "run the simulation again"
                                 : "its run did not end, run it to the end");
        }
    }
    double a = m->value[0], b = m->value[1], change = b - a;
    bool unchanged = !(change < 0) && !(change > 0);
    double percent = unchanged ? 0 : change / fabs(a) * 100;
    t->failed = holds(t->percent ? percent : change, t->op, t->limit);
    char from[48], to[48], by[48];
    diff_number(from, sizeof(from), a, m->whole[0], false);
    diff_number(to, sizeof(to), b, m->whole[1], false);
    diff_number(by, sizeof(by), change, m->whole[0] && m->whole[1], true);
    snprintf(t->result, sizeof(t->result), "%s -> %s %s (%s, %+.2f %%)", from,
             to, m->unit, by, percent);
    return true;
}

bool diff_thresholds(Diff *d)
{
    for (size_t i = 0; i < d->thresholds; i++) {
        if (!judge(d, &d->threshold[i])) {
            return false;
        }
    }
    return true;
}

/* -- JUnit ---------------------------------------------------------------- */

static void xml_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        default: putc((unsigned char)*text < ' ' ? ' ' : *text, out); break;
        }
    }
}

bool diff_junit(Diff *d, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        return error_set(d->errp,
                         "--junit %s: %s; give a file that can be "
                         "written",
                         path, strerror(errno));
    }
    size_t failed = 0;
    for (size_t i = 0; i < d->thresholds; i++) {
        failed += d->threshold[i].failed;
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites>\n<testsuite name=\"socscope diff\" tests=\"%zu\" "
            "failures=\"%zu\" errors=\"0\">\n",
            d->thresholds, failed);
    for (size_t i = 0; i < d->thresholds; i++) {
        const DiffThreshold *t = &d->threshold[i];
        fputs("<testcase classname=\"socscope.diff\" name=\"", out);
        xml_text(out, t->text);
        fputs(t->failed ? "\"><failure message=\"" : "\"><system-out>", out);
        xml_text(out, t->result);
        fputs(t->failed ? "\"/></testcase>\n" : "</system-out></testcase>\n",
              out);
    }
    fputs("</testsuite>\n</testsuites>\n", out);
    bool written = !ferror(out);
    written = fclose(out) == 0 && written;
    return written || error_set(d->errp, "--junit %s: %s; is the disk full?",
                                path, strerror(errno));
}
