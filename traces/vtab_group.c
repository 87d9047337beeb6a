/*
 * vtab_group.c - tx_group, a table that is given the keys to group by:
 * `select * from tx_group('region, kind') where time < 5000000`.
 *
 * Model    Columns of tx are hidden columns that constraints may name: they
 *          choose rows before these are grouped, so every constraint on them
 *          has to be one that tx_filter.h decides, or the answer would be
 *          another: anything else is an error. What a constraint leaves out
 *          does not make a plan cheaper: SQLite would join the answers to both
 *          sides of an OR.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/tx_group.h"

enum {
    GROUP_K1,
    GROUP_ACCESSES = GROUP_KEYS,
    GROUP_ERRORS,
    GROUP_BYTES,
    GROUP_BEATS,
    GROUP_WAIT,
    GROUP_BUS,
    GROUP_TARGET,
    GROUP_FIRST_TIME,
    GROUP_LAST_TIME,
    GROUP_MIN_CYCLES,
    GROUP_MAX_CYCLES,
    GROUP_BY,
    GROUP_HIDDEN /* the first column of tx */
};
static const char schema[] =
    "create table tx_group(k1, k2, k3, k4, accesses integer, errors integer,"
    " bytes integer, beats integer, wait_cycles integer, bus_cycles integer,"
    " target_cycles integer, first_time integer, last_time integer,"
    " min_cycles integer, max_cycles integer, keys text hidden,"
    " time integer hidden, cycle integer hidden, initiator text hidden,"
    " kind text hidden, dir text hidden, va integer hidden,"
    " pa integer hidden, size integer hidden, value integer hidden,"
    " region text hidden, \"offset\" integer hidden, result text hidden,"
    " blocker text hidden, pc integer hidden, symbol text hidden,"
    " flags text hidden, site integer hidden, initiator_id integer hidden,"
    " region_id integer hidden, symbol_id integer hidden,"
    " blocker_id integer hidden)";
static const TxColumn hidden[] = {
    TX_TIME,      TX_CYCLE,  TX_INITIATOR,    TX_KIND,      TX_DIR,
    TX_VA,        TX_PA,     TX_SIZE,         TX_VALUE,     TX_REGION,
    TX_OFFSET,    TX_RESULT, TX_BLOCKER,      TX_PC,        TX_SYMBOL,
    TX_FLAGS,     TX_SITE,   TX_INITIATOR_ID, TX_REGION_ID, TX_SYMBOL_ID,
    TX_BLOCKER_ID};
enum { HIDDEN = sizeof(hidden) / sizeof(hidden[0]) };

typedef struct GroupCursor {
    sqlite3_vtab_cursor base;
    TxGroups groups;
    uint32_t at;
    sqlite3_value *told[HIDDEN]; /* what a column was said to equal; owned */
    char *keys;                  /* owned */
} GroupCursor;

static int fail(sqlite3_vtab *vtab, Error *err)
{
    sqlite3_free(vtab->zErrMsg);
    vtab->zErrMsg =
        sqlite3_mprintf("%s", err ? error_message(err) : "no memory");
    error_free(err);
    return SQLITE_ERROR;
}

/* -- planning ------------------------------------------------------------- */

/* The names of a plan's arguments, in idxStr: a letter for the column, one for
 * the operator. */
enum { PLAN_LETTER = '0' };

static const char *name_of(int column)
{
    return groups_column(hidden[column - GROUP_HIDDEN]);
}

static int refuse(sqlite3_vtab *vtab, int column)
{
    Error *err = NULL;
    if (column == GROUP_BY) {
        error_set(&err, "tx_group: give the keys once: tx_group('region, "
                        "kind')");
    } else {
        error_set(&err,
                  "tx_group: %s chooses transactions before they are grouped; "
                  "give it as %s = VALUE, numbers also with <, <=, >, >= or "
                  "between, up to %d of these joined by and",
                  name_of(column), name_of(column), TX_CONSTRAINTS);
    }
    return fail(vtab, err);
}

static bool can(sqlite3_index_info *info, int i)
{
    int column = info->aConstraint[i].iColumn, op = info->aConstraint[i].op;
    if (sqlite3_vtab_in(info, i, -1) ||
        strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0) {
        return false;
    }
    return column == GROUP_BY
               ? op == SQLITE_INDEX_CONSTRAINT_EQ
               : tx_filter_can((int)hidden[column - GROUP_HIDDEN], op);
}

static unsigned asked(sqlite3_uint64 used)
{
    const sqlite3_uint64 times = 1u << GROUP_FIRST_TIME | 1u << GROUP_LAST_TIME;
    const sqlite3_uint64 costs = 1u << GROUP_ERRORS | 1u << GROUP_BEATS |
                                 1u << GROUP_WAIT | 1u << GROUP_BUS |
                                 1u << GROUP_TARGET | 1u << GROUP_MIN_CYCLES |
                                 1u << GROUP_MAX_CYCLES;
    return (used & costs ? GROUP_COSTS : 0u) |
           (used & times ? GROUP_TIMES : 0u);
}

static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    char plan[2 * (TX_CONSTRAINTS + 1) + 1];
    int n = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        int column = info->aConstraint[i].iColumn;
        int op = info->aConstraint[i].op;
        if (column < GROUP_BY || op == SQLITE_INDEX_CONSTRAINT_LIMIT ||
            op == SQLITE_INDEX_CONSTRAINT_OFFSET) {
            continue; /* about groups: SQLite's */
        }
        if (!info->aConstraint[i].usable) {
            return SQLITE_CONSTRAINT; /* another order of the join */
        }
        if (n == TX_CONSTRAINTS + 1 || !can(info, i)) {
            return refuse(vtab, column);
        }
        plan[2 * n] = (char)(PLAN_LETTER + column);
        plan[2 * n + 1] = (char)(PLAN_LETTER + op);
        info->aConstraintUsage[i].argvIndex = ++n;
        info->aConstraintUsage[i].omit = 1;
    }
    plan[2 * n] = 0;
    info->idxStr = sqlite3_mprintf("%s", plan);
    info->needToFreeIdxStr = 1;
    info->idxNum = (int)asked(info->colUsed);
    info->estimatedCost = 1e6;
    info->estimatedRows = 1000;
    return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

/* -- walking -------------------------------------------------------------- */

static int cursor_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
    GroupCursor *cursor = calloc(1, sizeof(*cursor));
    if (!cursor) {
        return SQLITE_NOMEM;
    }
    *out = &cursor->base;
    return SQLITE_OK;
}

static void cursor_clear(GroupCursor *cursor)
{
    groups_free(&cursor->groups);
    for (unsigned i = 0; i < HIDDEN; i++) {
        sqlite3_value_free(cursor->told[i]);
        cursor->told[i] = NULL;
    }
    sqlite3_free(cursor->keys);
    cursor->keys = NULL;
    cursor->at = 0;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    cursor_clear((GroupCursor *)base);
    free(base);
    return SQLITE_OK;
}

/* One argument of the plan; *none: no row can be it. */
static bool take_argument(GroupCursor *cursor, TxFilter *filter, int column,
                          int op, sqlite3_value *value, bool *none,
                          Error **errp)
{
    if (column == GROUP_BY) {
        const char *text = (const char *)sqlite3_value_text(value);
        if (cursor->keys) {
            return error_set(errp, "tx_group: give the keys once: "
                                   "tx_group('region, kind')");
        }
        cursor->keys = sqlite3_mprintf("%s", text ? text : "");
        return cursor->keys != NULL || error_set(errp, "no memory");
    }
    unsigned i = (unsigned)(column - GROUP_HIDDEN);
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        *none = true;
        return true;
    }
    if (!tx_filter_exact((int)hidden[i], value)) {
        return error_set(errp,
                         "tx_group: %s cannot be compared with \"%.40s\"; "
                         "names are texts, all else whole numbers",
                         name_of(column),
                         (const char *)sqlite3_value_text(value));
    }
    if (op == SQLITE_INDEX_CONSTRAINT_EQ) {
        sqlite3_value_free(cursor->told[i]);
        cursor->told[i] = sqlite3_value_dup(value);
    }
    return tx_filter_add(filter, (int)hidden[i], op, value) ||
           error_set(errp, "no memory");
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan_number,
                         const char *plan, int argc, sqlite3_value **argv)
{
    GroupCursor *cursor = (GroupCursor *)base;
    TraceReader *reader = ((ReaderTable *)base->pVtab)->reader;
    TxFilter filter;
    Error *err = NULL;
    bool none = false;
    cursor_clear(cursor);
    tx_filter_begin(&filter);
    bool ok = reader_refresh(reader, &err);
    for (int i = 0; i < argc && ok; i++) {
        ok = take_argument(cursor, &filter, plan[2 * i] - PLAN_LETTER,
                           plan[2 * i + 1] - PLAN_LETTER, argv[i], &none, &err);
    }
    ok = ok &&
         groups_parse(&cursor->groups, cursor->keys ? cursor->keys : "", &err);
    if (ok && !none) {
        ok = tx_filter_ready(&filter, reader) || error_set(&err, "no memory");
        ok = ok && groups_form(&cursor->groups, reader, &filter,
                               (unsigned)plan_number, &err);
    }
    tx_filter_free(&filter);
    return ok ? SQLITE_OK : fail(base->pVtab, err);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    ((GroupCursor *)base)->at++;
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    const GroupCursor *cursor = (const GroupCursor *)base;
    return cursor->at >= cursor->groups.groups;
}

/* -- columns -------------------------------------------------------------- */

static void give_key(sqlite3_context *to, TxValue v)
{
    if (v.null) {
        sqlite3_result_null(to);
    } else if (v.text) {
        sqlite3_result_text(to, v.text, -1, SQLITE_STATIC);
    } else {
        sqlite3_result_int64(to, v.i);
    }
}

static int give_hidden(const GroupCursor *cursor, sqlite3_context *to,
                       int column)
{
    if (column == GROUP_BY) {
        sqlite3_result_text(to, cursor->keys, -1, SQLITE_TRANSIENT);
        return SQLITE_OK;
    }
    sqlite3_value *value = cursor->told[column - GROUP_HIDDEN];
    if (value) {
        sqlite3_result_value(to, value);
        return SQLITE_OK;
    }
    return refuse(cursor->base.pVtab, column);
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *to,
                         int column)
{
    const GroupCursor *cursor = (const GroupCursor *)base;
    const GroupSums *s = &cursor->groups.group[cursor->at].sums;
    uint64_t v = 0;
    switch (column) {
    case GROUP_ACCESSES: v = s->accesses; break;
    case GROUP_ERRORS: v = s->errors; break;
    case GROUP_BYTES: v = s->bytes; break;
    case GROUP_BEATS: v = s->beats; break;
    case GROUP_WAIT: v = s->wait; break;
    case GROUP_BUS: v = s->bus; break;
    case GROUP_TARGET: v = s->target; break;
    case GROUP_FIRST_TIME: v = (uint64_t)s->first_time; break;
    case GROUP_LAST_TIME: v = (uint64_t)s->last_time; break;
    case GROUP_MIN_CYCLES: v = s->min_cycles; break;
    case GROUP_MAX_CYCLES: v = s->max_cycles; break;
    default:
        if (column >= GROUP_BY) {
            return give_hidden(cursor, to, column);
        }
        give_key(to, groups_key(&cursor->groups, cursor->at,
                                (unsigned)(column - GROUP_K1)));
        return SQLITE_OK;
    }
    sqlite3_result_int64(to, (sqlite3_int64)v);
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    *rowid = ((GroupCursor *)base)->at + 1;
    return SQLITE_OK;
}

/* -- the module ----------------------------------------------------------- */

int vtab_group_register(sqlite3 *db)
{
    /* eponymous only: no xCreate */
    static const sqlite3_module module = {.xConnect = reader_connect,
                                          .xBestIndex = best_index,
                                          .xDisconnect = reader_disconnect,
                                          .xOpen = cursor_open,
                                          .xClose = cursor_close,
                                          .xFilter = cursor_filter,
                                          .xNext = cursor_next,
                                          .xEof = cursor_eof,
                                          .xColumn = cursor_column,
                                          .xRowid = cursor_rowid};
    return sqlite3_create_module_v2(db, "tx_group", &module,
                                    (void *)(uintptr_t)schema, NULL);
}
