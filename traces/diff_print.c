/*
 * diff_print.c - what `socscope diff` found, for people and as JSON.
 *
 * Units    as the names say: metrics have a unit, times are us in the text and
 *          ps in JSON, cycles those of the initiators.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "traces/diff.h"

enum { TEXT_CONFIG = 40, NAME_WIDTH = 32 };

/* -- numbers --------------------------------------------------------------- */

void diff_number(char *text, size_t size, double value, bool whole, bool sign)
{
    char plain[40];
    const char *format =
        whole ? (sign ? "%+.0f" : "%.0f") : (sign ? "%+.3f" : "%.3f");
    if (fabs(value) > 1e18 || value - value != 0) {
        snprintf(text, size, sign ? "%+g" : "%g", value);
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(plain, sizeof(plain), format, value);
#pragma GCC diagnostic pop
    size_t n = 0, from = plain[0] == '-' || plain[0] == '+';
    size_t digits = strspn(plain + from, "0123456789");
    for (size_t i = 0; plain[i] && n + 2 < size; i++) {
        size_t k = i - from;
        if (i > from && k < digits && (digits - k) % 3 == 0) {
            text[n++] = ',';
        }
        text[n++] = plain[i];
    }
    text[n] = 0;
}

static const char *counted(char *text, size_t size, int64_t value, bool sign)
{
    diff_number(text, size, (double)value, true, sign);
    return text;
}

static double percent_of(double a, double b)
{
    double change = b - a;
    return change < 0 || change > 0 ? change / fabs(a) * 100 : 0;
}

/* A name as one printable word or line. */
static void print_name(FILE *out, const char *name)
{
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        putc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

/* -- text ------------------------------------------------------------------ */

static const char *or_none(const char *text)
{
    return text ? text : "(none)";
}

static void print_texts(FILE *out, const char *title, const DiffTexts *list,
                        size_t limit)
{
    if (!list->count) {
        return;
    }
    fprintf(out, "\n%s\n", title);
    for (size_t i = 0; i < list->count && i < limit; i++) {
        const DiffText *t = &list->item[i];
        fputs("  ", out);
        print_name(out, t->name);
        fputs(": ", out);
        print_name(out, or_none(t->side[0]));
        fputs(" -> ", out);
        print_name(out, or_none(t->side[1]));
        fprintf(out, "%s%s\n", t->why ? "; " : "", t->why ? t->why : "");
    }
    if (list->count > limit) {
        fprintf(out, "  (+%zu more: --json has all)\n", list->count - limit);
    }
}

static bool metric_equal(const DiffMetric *m)
{
    return m->has[0] == m->has[1] && !(m->value[0] < m->value[1]) &&
           !(m->value[0] > m->value[1]);
}

static void print_metric(FILE *out, const DiffMetric *m)
{
    char a[48] = "-", b[48] = "-", by[48] = "", percent[32] = "";
    bool whole = m->whole[0] && m->whole[1];
    if (m->has[0]) {
        diff_number(a, sizeof(a), m->value[0], m->whole[0], false);
    }
    if (m->has[1]) {
        diff_number(b, sizeof(b), m->value[1], m->whole[1], false);
    }
    if (m->has[0] && m->has[1]) {
        diff_number(by, sizeof(by), m->value[1] - m->value[0], whole, true);
        snprintf(percent, sizeof(percent), "%+.2f %%",
                 percent_of(m->value[0], m->value[1]));
    }
    fprintf(out, "  %-20s %15s %15s %15s %11s  %s\n", m->name, a, b, by,
            percent, m->unit);
}

static void print_metrics(const Diff *d, FILE *out)
{
    size_t equal = 0;
    for (size_t i = 0; i < d->metrics; i++) {
        equal += metric_equal(&d->metric[i]);
    }
    if (equal == d->metrics) {
        fprintf(out, "\nMetrics: all %zu are the same\n", d->metrics);
        return;
    }
    fprintf(out, "\nMetrics\n  %-20s %15s %15s %15s %11s  %s\n", "", "A", "B",
            "change", "", "unit");
    for (size_t i = 0; i < d->metrics; i++) {
        if (!metric_equal(&d->metric[i])) {
            print_metric(out, &d->metric[i]);
        }
    }
    if (equal) {
        fprintf(out, "  (%zu more are the same)\n", equal);
    }
}

static int64_t sum(const DiffCost *c, int side, int from, int to)
{
    uint64_t n = 0;
    for (int i = from; i < to; i++) {
        n += (uint64_t)c->count[side][i];
    }
    return (int64_t)n;
}

static int64_t change(const DiffCost *c, int i)
{
    return (int64_t)((uint64_t)c->count[1][i] - (uint64_t)c->count[0][i]);
}

static void print_more(FILE *out, const DiffCosts *list, const char *what)
{
    if (list->count > DIFF_TEXT_ROWS) {
        fprintf(out, "  (+%zu more: --json has all)\n",
                list->count - DIFF_TEXT_ROWS);
    }
    if (list->equal) {
        fprintf(out, "  (%zu %s cost the same)\n", list->equal, what);
    }
}

static void print_functions(const Diff *d, FILE *out)
{
    const DiffCosts *list = &d->functions;
    if (!list->count) {
        fprintf(out, "\nFunctions: all %zu cost the same\n", list->equal);
        return;
    }
    fprintf(out,
            "\nFunctions, the most changed first\n  %-*s %15s %15s %13s "
            "%9s %15s\n",
            NAME_WIDTH, "", "A cycles", "B cycles", "change", "",
            "instructions");
    for (size_t i = 0; i < list->count && i < DIFF_TEXT_ROWS; i++) {
        const DiffCost *c = &list->item[i];
        char a[48], b[48], by[48], insns[48], name[NAME_WIDTH + 1];
        snprintf(name, sizeof(name), "%s", c->name);
        fputs("  ", out);
        print_name(out, name);
        fprintf(out, "%*s %15s %15s %13s %+7.1f %% %15s\n",
                NAME_WIDTH - (int)strlen(name), "",
                counted(a, sizeof(a), c->count[0][0], false),
                counted(b, sizeof(b), c->count[1][0], false),
                counted(by, sizeof(by), change(c, 0), true),
                percent_of((double)c->count[0][0], (double)c->count[1][0]),
                counted(insns, sizeof(insns), change(c, 1), true));
    }
    print_more(out, list, "functions");
}

static void print_regions(const Diff *d, FILE *out)
{
    const DiffCosts *list = &d->regions;
    if (!list->count) {
        fprintf(out, "\nMemories and devices: all %zu cost the same\n",
                list->equal);
        return;
    }
    fprintf(out,
            "\nMemories and devices, the most changed first (changes)\n  %-24s "
            "%12s %12s %12s %12s %12s %13s\n",
            "", "accesses", "bytes", "wait cycles", "bus cycles", "target cyc.",
            "cycles in all");
    for (size_t i = 0; i < list->count && i < DIFF_TEXT_ROWS; i++) {
        const DiffCost *c = &list->item[i];
        char text[48], name[25];
        snprintf(name, sizeof(name), "%.17s %s", c->name, c->what);
        fputs("  ", out);
        print_name(out, name);
        fprintf(out, "%*s", 24 - (int)strlen(name), "");
        for (int k = 0; k < DIFF_COUNTS; k++) {
            fprintf(out, " %12s",
                    counted(text, sizeof(text), change(c, k), true));
        }
        int64_t all =
            (int64_t)((uint64_t)sum(c, 1, 2, 5) - (uint64_t)sum(c, 0, 2, 5));
        fprintf(out, " %13s\n", counted(text, sizeof(text), all, true));
    }
    print_more(out, list, "regions");
}

static void print_phases(const Diff *d, FILE *out)
{
    const DiffCosts *list = &d->phases;
    if (list->count) {
        fprintf(out, "\nPhases\n  %-*s %15s %15s %13s\n", NAME_WIDTH, "",
                "A cycles", "B cycles", "change");
    }
    for (size_t i = 0; i < list->count && i < DIFF_TEXT_ROWS; i++) {
        const DiffCost *c = &list->item[i];
        char a[48], b[48], by[48], name[NAME_WIDTH + 1];
        snprintf(name, sizeof(name), "%s", c->name);
        fputs("  ", out);
        print_name(out, name);
        fprintf(out, "%*s %15s %15s %13s %+7.1f %%\n",
                NAME_WIDTH - (int)strlen(name), "",
                counted(a, sizeof(a), c->count[0][0], false),
                counted(b, sizeof(b), c->count[1][0], false),
                counted(by, sizeof(by), change(c, 0), true),
                percent_of((double)c->count[0][0], (double)c->count[1][0]));
    }
    print_more(out, list, "phases");
}

static void print_sources(const Diff *d, FILE *out)
{
    const DiffCosts *list = &d->sources;
    if (list->count) {
        fprintf(out,
                "\nTraffic sources, the most changed first (changes)\n  %-24s "
                "%12s %12s %12s %12s %13s\n",
                "", "requests", "bytes", "late", "most late", "longest cyc.");
    }
    for (size_t i = 0; i < list->count && i < DIFF_TEXT_ROWS; i++) {
        const DiffCost *c = &list->item[i];
        char text[48], name[25];
        snprintf(name, sizeof(name), "%s", c->name);
        fputs("  ", out);
        print_name(out, name);
        fprintf(out, "%*s", 24 - (int)strlen(name), "");
        for (int k = 0; k < DIFF_COUNTS; k++) {
            fprintf(out, " %*s", k == DIFF_COUNTS - 1 ? 13 : 12,
                    counted(text, sizeof(text), change(c, k), true));
        }
        putc('\n', out);
    }
    print_more(out, list, "sources");
}

static void print_point(FILE *out, const char *side, const DiffPoint *p)
{
    if (!p->there) {
        fprintf(out, "  %s  has ended\n", side);
        return;
    }
    fprintf(out, "  %s  tx %" PRId64 " at %.6f us", side, p->tx,
            (double)p->time / 1e6);
    if (p->has_pc) {
        fprintf(out, ", pc 0x%08" PRIx64, p->pc);
    }
    fputs(*p->symbol ? " " : "", out);
    print_name(out, p->symbol);
    fputs(": ", out);
    print_name(out, p->what);
    putc('\n', out);
}

static void print_divergence(const DiffDivergence *v, FILE *out)
{
    char n[48];
    fprintf(out, "\n%s", v->title);
    if (*v->why_not) {
        fprintf(out, ": not compared: %s\n", v->why_not);
        return;
    }
    if (!strcmp(v->subject, "loads and stores")) {
        fputs(" (fetches were not recorded in both; of loads and stores)", out);
    }
    if (!v->found) {
        fprintf(out, ": none in %s %s%s\n",
                counted(n, sizeof(n), (int64_t)v->compared, false), v->subject,
                v->parted ? ", up to where the initiators part" : "");
        return;
    }
    fputs(": ", out);
    print_name(out, v->initiator);
    fprintf(out, ", after %s equal %s%s\n",
            counted(n, sizeof(n), (int64_t)v->before, false), v->subject,
            v->addresses ? "; only operands that may hold addresses differ"
                         : "");
    print_point(out, "A", &v->side[0]);
    print_point(out, "B", &v->side[1]);
}

void diff_print_text(const Diff *d, FILE *out)
{
    char n[48];
    fprintf(out, "A  %s\nB  %s\n", d->side[0].path, d->side[1].path);
    if (d->identical) {
        fprintf(out,
                "identical: configuration, firmware, summaries, events and %s "
                "recorded transactions\n",
                counted(n, sizeof(n), (int64_t)d->equal_rows, false));
        return;
    }
    print_texts(out, "NOT COMPARABLE in everything", &d->hindrances,
                TEXT_CONFIG);
    print_texts(out, "The runs", &d->facts, TEXT_CONFIG);
    print_texts(out, "Configuration", &d->config, TEXT_CONFIG);
    print_metrics(d, out);
    diff_where_print(d, out);
    print_phases(d, out);
    if (d->functions.count || d->functions.equal) {
        print_functions(d, out);
    }
    print_regions(d, out);
    print_sources(d, out);
    if (d->rows_equal && !*d->timing.why_not) {
        fprintf(out, "\nTransactions: all %s are the same\n",
                counted(n, sizeof(n), (int64_t)d->equal_rows, false));
    } else {
        print_divergence(&d->instruction, out);
        print_divergence(&d->mmio, out);
        print_divergence(&d->timing, out);
    }
    if (d->tables.count) {
        fputs("\nTables that differ:", out);
        for (size_t i = 0; i < d->tables.count; i++) {
            fprintf(out, "%s %s", i ? "," : "", d->tables.item[i].name);
        }
        putc('\n', out);
    }
}

/* -- JSON ------------------------------------------------------------------ */

static void json_text(FILE *out, const char *text)
{
    if (text) {
        format_json_string(out, text, strlen(text));
    } else {
        fputs("null", out);
    }
}

static void json_double(FILE *out, double value)
{
    if (value - value == 0) {
        fprintf(out, "%.17g", value);
    } else {
        fputs("null", out);
    }
}

static void json_texts(FILE *out, const char *key, const DiffTexts *list)
{
    fprintf(out, "  \"%s\": [", key);
    for (size_t i = 0; i < list->count; i++) {
        fprintf(out, "%s\n    {\"name\": ", i ? "," : "");
        json_text(out, list->item[i].name);
        fputs(", \"a\": ", out);
        json_text(out, list->item[i].side[0]);
        fputs(", \"b\": ", out);
        json_text(out, list->item[i].side[1]);
        if (list->item[i].why) {
            fputs(", \"why\": ", out);
            json_text(out, list->item[i].why);
        }
        putc('}', out);
    }
    fputs(list->count ? "\n  ],\n" : "],\n", out);
}

static void json_metrics(const Diff *d, FILE *out)
{
    fputs("  \"metrics\": [", out);
    for (size_t i = 0; i < d->metrics; i++) {
        const DiffMetric *m = &d->metric[i];
        fprintf(out, "%s\n    {\"name\": ", i ? "," : "");
        json_text(out, m->name);
        fputs(", \"unit\": ", out);
        json_text(out, m->unit);
        fputs(", \"exactness\": ", out);
        json_text(out, m->exactness);
        for (int side = 0; side < DIFF_SIDES; side++) {
            fprintf(out, ", \"%c\": ", "ab"[side]);
            json_double(out, m->has[side] ? m->value[side] : NAN);
        }
        bool both = m->has[0] && m->has[1];
        fputs(", \"change\": ", out);
        json_double(out, both ? m->value[1] - m->value[0] : NAN);
        fputs(", \"change_percent\": ", out);
        json_double(out, both ? percent_of(m->value[0], m->value[1]) : NAN);
        putc('}', out);
    }
    fputs("\n  ],\n", out);
}

static void json_costs(FILE *out, const char *key, const DiffCosts *list,
                       const char *const *names, int n, bool what)
{
    fprintf(out, "  \"%s\": [", key);
    for (size_t i = 0; i < list->count; i++) {
        const DiffCost *c = &list->item[i];
        fprintf(out, "%s\n    {\"name\": ", i ? "," : "");
        json_text(out, c->name);
        if (what) {
            fputs(", \"what\": ", out);
            json_text(out, c->what);
        }
        for (int k = 0; k < n; k++) {
            fprintf(out, ", \"%s\": [%" PRId64 ", %" PRId64 "]", names[k],
                    c->count[0][k], c->count[1][k]);
        }
        putc('}', out);
    }
    fputs(list->count ? "\n  ],\n" : "],\n", out);
}

static void json_point(FILE *out, const char *side, const DiffPoint *p)
{
    fprintf(out, ", \"%s\": ", side);
    if (!p->there) {
        fputs("null", out);
        return;
    }
    fprintf(out, "{\"tx\": %" PRId64 ", \"time\": %" PRId64 ", \"pc\": ", p->tx,
            p->time);
    if (p->has_pc) {
        fprintf(out, "%" PRId64, (int64_t)p->pc);
    } else {
        fputs("null", out);
    }
    fputs(", \"symbol\": ", out);
    json_text(out, *p->symbol ? p->symbol : NULL);
    fputs(", \"what\": ", out);
    json_text(out, p->what);
    putc('}', out);
}

static void json_divergence(FILE *out, const DiffDivergence *v, bool last)
{
    fprintf(out, "    \"%s\": {\"of\": ", v->key);
    json_text(out, v->subject);
    fputs(", \"not_compared\": ", out);
    json_text(out, *v->why_not ? v->why_not : NULL);
    fprintf(out, ", \"compared\": %" PRIu64 ", \"found\": %s", v->compared,
            v->found ? "true" : "false");
    if (v->found) {
        fputs(", \"initiator\": ", out);
        json_text(out, v->initiator);
        fprintf(out, ", \"equal_before\": %" PRIu64 ", \"only_addresses\": %s",
                v->before, v->addresses ? "true" : "false");
        json_point(out, "a", &v->side[0]);
        json_point(out, "b", &v->side[1]);
    }
    fprintf(out, "}%s\n", last ? "" : ",");
}

static void json_thresholds(const Diff *d, FILE *out)
{
    fputs("  \"thresholds\": [", out);
    for (size_t i = 0; i < d->thresholds; i++) {
        const DiffThreshold *t = &d->threshold[i];
        fprintf(out, "%s\n    {\"expression\": ", i ? "," : "");
        json_text(out, t->text);
        fprintf(out,
                ", \"failed\": %s, \"result\": ", t->failed ? "true" : "false");
        json_text(out, t->result);
        putc('}', out);
    }
    fputs(d->thresholds ? "\n  ]\n" : "]\n", out);
}

void diff_print_json(const Diff *d, FILE *out)
{
    static const char *const function[] = {"cycles", "instructions", "calls"};
    static const char *const region[] = {"accesses", "bytes", "wait_cycles",
                                         "bus_cycles", "target_cycles"};
    static const char *const phase[] = {"cycles", "begins"};
    static const char *const source[] = {"requests", "bytes", "late",
                                         "late_cycles_max", "longest_cycles"};
    fputs("{\n  \"a\": ", out);
    json_text(out, d->side[0].path);
    fputs(",\n  \"b\": ", out);
    json_text(out, d->side[1].path);
    fprintf(out,
            ",\n  \"identical\": %s,\n  \"comparable\": %s,\n"
            "  \"equal_rows\": %" PRIu64 ",\n  \"all_rows_equal\": %s,\n",
            d->identical ? "true" : "false",
            d->hindrances.count ? "false" : "true", d->equal_rows,
            d->rows_equal ? "true" : "false");
    json_texts(out, "not_comparable", &d->hindrances);
    json_texts(out, "runs", &d->facts);
    json_texts(out, "config", &d->config);
    json_metrics(d, out);
    diff_where_json(d, out);
    json_costs(out, "functions", &d->functions, function, 3, false);
    json_costs(out, "regions", &d->regions, region, 5, true);
    json_costs(out, "phases", &d->phases, phase, 2, false);
    json_costs(out, "sources", &d->sources, source, 5, false);
    json_texts(out, "tables", &d->tables);
    fputs("  \"divergence\": {\n", out);
    json_divergence(out, &d->instruction, false);
    json_divergence(out, &d->mmio, false);
    json_divergence(out, &d->timing, true);
    fputs("  },\n", out);
    json_thresholds(d, out);
    fputs("}\n", out);
}
