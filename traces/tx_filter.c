/*
 * tx_filter.c - columns of tx, and constraints on them: see tx_filter.h.
 */
#include "traces/tx_filter.h"

#include <stdlib.h>
#include <string.h>

static const char *const dir_text[] = {"", "r", "w", "rw"};

/* -- values --------------------------------------------------------------- */

static TxValue integer(uint64_t v)
{
    return (TxValue){.i = (int64_t)v};
}

static TxValue integer_unless(bool null, uint64_t v)
{
    return (TxValue){.null = null, .i = (int64_t)v};
}

static TxValue text_or_null(const char *text)
{
    return (TxValue){.null = !text, .text = text};
}

bool tx_site_value(const TraceReader *reader, uint32_t site_row,
                   TxColumn column, TxValue *value)
{
    static const ReaderSite none;
    const ReaderSite *known = reader_site(reader, site_row);
    const ReaderSite *s = known ? known : &none;
    switch (column) {
    case TX_INITIATOR:
        *value = text_or_null(reader_name(&reader->initiator, s->initiator));
        return true;
    case TX_KIND:
        *value = text_or_null(reader_name(&reader->kind, s->kind));
        return true;
    case TX_DIR: *value = text_or_null(dir_text[s->dir & 3]); return true;
    case TX_SIZE: *value = integer(s->size); return true;
    case TX_REGION:
        *value = text_or_null(
            s->region ? reader_name(&reader->region, s->region) : NULL);
        return true;
    case TX_PC: *value = integer_unless(!s->has_pc, s->pc); return true;
    case TX_SYMBOL:
        *value = text_or_null(
            s->symbol ? reader_name(&reader->symbol, s->symbol) : NULL);
        return true;
    case TX_SITE: *value = integer(site_row); return true;
    case TX_INITIATOR_ID: *value = integer(s->initiator); return true;
    case TX_REGION_ID:
        *value = integer_unless(!s->region, s->region);
        return true;
    case TX_SYMBOL_ID:
        *value = integer_unless(!s->symbol, s->symbol);
        return true;
    default: return false;
    }
}

static bool of_site(TxColumn column)
{
    const uint32_t columns =
        1u << TX_INITIATOR | 1u << TX_KIND | 1u << TX_DIR | 1u << TX_SIZE |
        1u << TX_REGION | 1u << TX_PC | 1u << TX_SYMBOL | 1u << TX_SITE |
        1u << TX_INITIATOR_ID | 1u << TX_REGION_ID | 1u << TX_SYMBOL_ID;
    return columns >> column & 1;
}

TxValue tx_value(const TraceReader *reader, const TxRow *row, uint64_t rowid,
                 TxColumn column)
{
    TxValue value;
    if (of_site(column)) {
        tx_site_value(reader, row->site_row, column, &value);
        return value;
    }
    const RowSite *s = row->site;
    switch (column) {
    case TX_ROWID: return integer(rowid);
    case TX_TIME: return integer(reader_time(reader, s->initiator, row->cycle));
    case TX_CYCLE: return integer(row->cycle);
    case TX_VA: return integer(row->pa + s->va_offset);
    case TX_PA: return integer(row->pa);
    case TX_VALUE: return integer_unless(row->size > 8, row->value);
    case TX_OFFSET: return integer_unless(!s->region, row->pa - s->base);
    case TX_RESULT:
        return text_or_null(
            reader_name(&reader->result, row->status & RECORD_RESULT_MASK));
    case TX_WAIT: return integer(row->wait);
    case TX_BUS: return integer(row->bus);
    case TX_TARGET: return integer(row->target);
    case TX_BLOCKER:
        return text_or_null(row->blocker
                                ? reader_name(&reader->initiator, row->blocker)
                                : NULL);
    case TX_BEATS: return integer(row->beats);
    case TX_FLAGS: return text_or_null(row_flag_name[row_flags(row->status)]);
    case TX_BLOCKER_ID: return integer_unless(!row->blocker, row->blocker);
    default: return (TxValue){.null = true};
    }
}

unsigned tx_column_fields(TxColumn column)
{
    switch (column) {
    case TX_VA:
    case TX_PA:
    case TX_OFFSET:
    case TX_FLAGS: return CODEC_ADDRESS;
    case TX_VALUE: return CODEC_ADDRESS | CODEC_VALUE;
    default: return 0;
    }
}

/* -- constraints ---------------------------------------------------------- */

static bool is_text_column(int column)
{
    switch (column) {
    case TX_INITIATOR:
    case TX_KIND:
    case TX_DIR:
    case TX_REGION:
    case TX_RESULT:
    case TX_BLOCKER:
    case TX_SYMBOL:
    case TX_FLAGS: return true;
    default: return false;
    }
}

bool tx_filter_can(int column, int op)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: return true;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE: return !is_text_column(column);
    default: return false;
    }
}

void tx_filter_begin(TxFilter *f)
{
    *f = (TxFilter){.last_row = UINT64_MAX,
                    .first_time = INT64_MIN,
                    .last_time = INT64_MAX};
}

/* An integer, also one that is written as 4.0 or '4'. */
static bool is_integer(sqlite3_value *value)
{
    int type = sqlite3_value_numeric_type(value);
    double d = type == SQLITE_FLOAT ? sqlite3_value_double(value) : 0;
    return type == SQLITE_INTEGER || (type == SQLITE_FLOAT && d > -1e15 &&
                                      d < 1e15 && d == (double)(int64_t)d);
}

bool tx_filter_exact(int column, sqlite3_value *value)
{
    if (!value) {
        return false;
    }
    return is_text_column(column) ? sqlite3_value_type(value) == SQLITE_TEXT
                                  : is_integer(value);
}

bool tx_filter_add(TxFilter *f, int column, int op, sqlite3_value *value)
{
    bool text = is_text_column(column);
    if (f->constraints == TX_CONSTRAINTS || !tx_filter_exact(column, value)) {
        return true;
    }
    TxConstraint *c = &f->constraint[f->constraints];
    *c = (TxConstraint){.column = (TxColumn)column, .op = op, .is_text = text};
    if (text) {
        c->text = strdup((const char *)sqlite3_value_text(value));
        if (!c->text) {
            return false;
        }
    } else {
        c->i = sqlite3_value_int64(value);
    }
    f->constraints++;
    return true;
}

static bool holds(const TxConstraint *c, const TxValue *v)
{
    if (v->null) {
        return false;
    }
    if (c->is_text) {
        return v->text && strcmp(v->text, c->text) == 0;
    }
    switch (c->op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: return v->i == c->i;
    case SQLITE_INDEX_CONSTRAINT_LT: return v->i < c->i;
    case SQLITE_INDEX_CONSTRAINT_LE: return v->i <= c->i;
    case SQLITE_INDEX_CONSTRAINT_GT: return v->i > c->i;
    default: return v->i >= c->i;
    }
}

/* Narrows [*first, *last] to what c allows of integers. */
static void narrow(const TxConstraint *c, int64_t *first, int64_t *last)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    switch (c->op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: low = high = c->i; break;
    case SQLITE_INDEX_CONSTRAINT_LT:
        high = c->i == INT64_MIN ? c->i : c->i - 1;
        break;
    case SQLITE_INDEX_CONSTRAINT_LE: high = c->i; break;
    case SQLITE_INDEX_CONSTRAINT_GT:
        low = c->i == INT64_MAX ? c->i : c->i + 1;
        break;
    default: low = c->i; break;
    }
    *first = low > *first ? low : *first;
    *last = high < *last ? high : *last;
}

static void narrow_ranges(TxFilter *f)
{
    int64_t row[2] = {0, INT64_MAX}, pa[2] = {INT64_MIN, INT64_MAX};
    int64_t value[2] = {INT64_MIN, INT64_MAX};
    for (unsigned i = 0; i < f->constraints; i++) {
        const TxConstraint *c = &f->constraint[i];
        switch (c->column) {
        case TX_ROWID: narrow(c, &row[0], &row[1]); break;
        case TX_TIME: narrow(c, &f->first_time, &f->last_time); break;
        case TX_PA: narrow(c, &pa[0], &pa[1]); break;
        case TX_VALUE: narrow(c, &value[0], &value[1]); break;
        default: break;
        }
    }
    f->never = pa[0] > pa[1] || value[0] > value[1];
    f->pa_first = (uint64_t)pa[0];
    f->pa_span = (uint64_t)pa[1] - (uint64_t)pa[0];
    f->value_first = (uint64_t)value[0];
    f->value_span = (uint64_t)value[1] - (uint64_t)value[0];
    f->first_row = (uint64_t)row[0];
    f->last_row = row[1] < 0 ? 0 : (uint64_t)row[1];
    /* Addresses are unsigned: only a range on one side of 2^63 is one. */
    f->by_pa = (pa[0] < 0) == (pa[1] < 0);
    f->first_pa = (uint64_t)pa[0];
    f->last_pa = (uint64_t)pa[1];
}

static bool site_wanted(const TxFilter *f, const TraceReader *reader,
                        uint32_t row)
{
    for (unsigned i = 0; i < f->constraints; i++) {
        TxValue v;
        if (tx_site_value(reader, row, f->constraint[i].column, &v) &&
            !holds(&f->constraint[i], &v)) {
            return false;
        }
    }
    return true;
}

static bool want_sites(TxFilter *f, const TraceReader *reader)
{
    f->wants = reader->sites;
    f->want = calloc(f->wants + 1, 1);
    f->want_records = reader->record_site.count;
    f->want_record = calloc(f->want_records + 1, 1);
    if (!f->want || !f->want_record) {
        return false;
    }
    for (uint32_t row = 1; row < f->wants; row++) {
        f->want[row] = site_wanted(f, reader, row);
    }
    for (uint32_t id = 0; id < f->want_records; id++) {
        const RowSite *s = row_site(&reader->record_site, id);
        for (uint32_t i = 0; s && i < row_site_rows(s); i++) {
            f->want_record[id] |= s->row + i < f->wants && f->want[s->row + i];
        }
    }
    return true;
}

static bool is_when(TxColumn column)
{
    return column == TX_ROWID || column == TX_TIME || column == TX_CYCLE;
}

bool tx_filter_ready(TxFilter *f, const TraceReader *reader)
{
    f->quick = true;
    for (unsigned i = 0; i < f->constraints; i++) {
        TxColumn column = f->constraint[i].column;
        bool site = of_site(column), data = !site && !is_when(column);
        f->constraint[i].of_site = site;
        f->by_site |= site;
        f->by_row |= !site;
        f->by_data |= data;
        f->by_value |= column == TX_VALUE;
        f->quick &= !data || column == TX_VALUE || column == TX_PA;
    }
    f->quick &= f->by_data;
    narrow_ranges(f);
    if (f->by_data || f->by_site) {
        f->run_answer = calloc(reader->record_site.count + 1, 1);
        f->run_answers = f->run_answer ? reader->record_site.count : 0;
    }
    return (!f->by_site || want_sites(f, reader)) &&
           (!(f->by_data || f->by_site) || f->run_answer);
}

void tx_filter_free(TxFilter *f)
{
    for (unsigned i = 0; i < f->constraints; i++) {
        free(f->constraint[i].text);
    }
    free(f->want);
    free(f->want_record);
    free(f->run_answer);
    *f = (TxFilter){0};
}

/* -- asking --------------------------------------------------------------- */

bool tx_filter_chunk(const TxFilter *f, const ReaderChunk *chunk)
{
    return !f->never && chunk->rows && chunk->row0 <= f->last_row &&
           chunk->row0 + chunk->rows > f->first_row &&
           (int64_t)chunk->first_time <= f->last_time &&
           (int64_t)chunk->last_time >= f->first_time;
}

bool tx_filter_inside(const TxFilter *f, const ReaderChunk *chunk)
{
    for (unsigned i = 0; i < f->constraints; i++) {
        TxColumn column = f->constraint[i].column;
        if (!f->constraint[i].of_site && column != TX_TIME &&
            column != TX_ROWID) {
            return false;
        }
    }
    return chunk->row0 >= f->first_row &&
           chunk->row0 + chunk->rows - 1 <= f->last_row &&
           chunk->first_time <= chunk->last_time &&
           (int64_t)chunk->first_time >= f->first_time &&
           (int64_t)chunk->last_time <= f->last_time;
}

/* The addresses a site was used at in a chunk, against the filter's. */
static bool meets_pa(const TxFilter *f, const RowSite *s,
                     const CodecSiteUse *use)
{
    uint64_t first = use->first, last = use->last;
    if (s->steps) {
        first = s->pc - s->va_offset;
        last = first + s->step[s->steps - 1].offset;
    }
    return last < first || (first <= f->last_pa && last >= f->first_pa);
}

/* Does what the row says, apart from its site, fit? `whenever`: apart from when
 * it was, too. */
static inline bool row_fits(const TxFilter *f, const TraceReader *reader,
                            const TxRow *row, uint64_t rowid, bool whenever)
{
    for (unsigned i = 0; i < f->constraints; i++) {
        const TxConstraint *c = &f->constraint[i];
        if (c->of_site || (whenever && is_when(c->column))) {
            continue;
        }
        TxValue v;
        switch (c->column) { /* the usual ones by the shortest way */
        case TX_VALUE: v = integer_unless(row->size > 8, row->value); break;
        case TX_PA: v = integer(row->pa); break;
        default: v = tx_value(reader, row, rowid, c->column); break;
        }
        if (!holds(c, &v)) {
            return false;
        }
    }
    return true;
}

bool tx_filter_row(const TxFilter *f, const TraceReader *reader,
                   const TxRow *row, uint64_t rowid)
{
    return !f->by_row || row_fits(f, reader, row, rowid, false);
}

/* Can an instruction of the run be wanted? What it costs and reads is always
 * the same. */
static bool run_can(TxFilter *f, const TraceReader *reader, const RowSite *s)
{
    enum { UNKNOWN, NO = ROW_SKIP, YES };
    if (s->id >= f->run_answers) {
        return true;
    }
    uint8_t *answer = &f->run_answer[s->id];
    for (uint32_t i = 0; *answer == UNKNOWN && i < s->steps; i++) {
        TxRow row;
        row_step(s, i, 0, &row);
        if (tx_filter_site(f, row.site_row) &&
            row_fits(f, reader, &row, 0, true)) {
            *answer = YES;
        }
    }
    *answer = *answer == UNKNOWN ? NO : *answer;
    return *answer == YES;
}

bool tx_filter_sites(TxFilter *f, const TraceReader *reader,
                     const CodecSiteUse *use, uint32_t sites, bool *runs)
{
    bool any = false;
    *runs = false;
    for (uint32_t i = 0; i < sites; i++) {
        const RowSite *s = row_site(&reader->record_site, use[i].site);
        if (!s) {
            *runs = true;
            return true; /* who decodes it says so */
        }
        if (s->steps ? !run_can(f, reader, s)
                     : f->by_site && !tx_filter_site(f, s->row)) {
            continue;
        }
        if (!f->by_pa || meets_pa(f, s, &use[i])) {
            any = true;
            *runs |= s->steps != 0;
        }
    }
    return any;
}

unsigned tx_filter_quick_fields(const TxFilter *f)
{
    return f->by_value ? CODEC_VALUE | CODEC_ADDRESS : CODEC_ADDRESS;
}

/* Can an access of this record site be wanted? */
static bool quick_site(const TxFilter *f, const TraceReader *reader,
                       uint32_t id)
{
    const RowSite *s = row_site(&reader->record_site, id);
    return s && !s->steps && tx_filter_site(f, s->row) &&
           !(f->by_value && s->size > 8);
}

bool tx_filter_quick(const TxFilter *f, const TraceReader *reader,
                     const MemoryRecord *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tx_filter_near(f, r[i].value, r[i].address) &&
            quick_site(f, reader, r[i].site)) {
            return true;
        }
    }
    return false;
}

bool tx_filter_any(TxFilter *f, const TraceReader *reader,
                   const MemoryRecord *r, size_t n)
{
    if (!f->by_data) {
        return true;
    }
    RowReader rows;
    TxRow row;
    const RowSite *s;
    uint32_t first, last;
    rows_begin(&rows, &reader->record_site, r, n);
    while (rows_next_head(&rows, &row, &s, &first, &last)) {
        if (s->steps ? run_can(f, reader, s)
                     : tx_filter_site(f, row.site_row) &&
                           row_fits(f, reader, &row, 0, true)) {
            return true;
        }
    }
    return rows.wrong != NULL; /* who walks them says so */
}
