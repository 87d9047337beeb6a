/*
 * tx_group.h - sums over groups of transactions, without making rows of them:
 * what `select ..., count(*), sum(size) from tx where ... group by ...` says,
 * for a fraction of its cost.
 *
 * Model    A fetch run counts as a whole, an access for its site, as long as
 *          what they are grouped by stays the same; only then is a group
 *          looked for. Sums are exact, modulo 2^64.
 * Units    as in docs/database.md.
 */
#ifndef TRACES_TX_GROUP_H
#define TRACES_TX_GROUP_H

#include "traces/tx_filter.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GROUP_KEYS = 4,
    GROUP_MOST = 1 << 21, /* groups; some 160 bytes each */
};

/* A column, and for "column/step" the step: its value is then the begin of the
 * step it lies in, column / step * step as SQL has it. */
typedef struct GroupKey {
    TxColumn column;
    int64_t step; /* 0: none */
} GroupKey;

typedef struct GroupSums {
    uint64_t accesses, errors, bytes, beats, wait, bus, target;
    int64_t first_time, last_time;   /* of issue */
    uint64_t min_cycles, max_cycles; /* from issue to done */
} GroupSums;

typedef struct TxGroup {
    int64_t key[GROUP_KEYS]; /* of a column of texts: index of a text */
    uint32_t null;           /* bit per key */
    GroupSums sums;
} TxGroup;

/* What is asked of the sums, beside accesses and bytes. */
enum { GROUP_COSTS = 1, GROUP_TIMES = 2 };

typedef struct TxGroups {
    GroupKey key[GROUP_KEYS];
    unsigned keys;
    TxGroup *group; /* in no order */
    uint32_t groups;
    const char **text;
    uint32_t texts;
    /* private */
    const TraceReader *reader;
    const TxFilter *filter;
    unsigned asked, fields;
    bool by_row; /* some key is not its site's to say */
    uint32_t capacity, text_capacity;
    uint32_t *hash, hash_size, *text_hash, text_hash_size;
    struct GroupSite *site; /* by row of site */
    struct GroupPart *part; /* by record site */
    struct GroupStep *step; /* by key and initiator */
    uint32_t initiators;
    ReaderRecords records;
} TxGroups;

/* The name of a column that can be a key. */
const char *groups_column(TxColumn column);
/* Takes "region, kind, time/1000000" apart. False: *errp says what is wrong. */
bool groups_parse(TxGroups *g, const char *keys, Error **errp);
/* Forms the groups of the rows that filter lets through; asked: GROUP_*. The
 * filter is ready, the reader refreshed, and g as groups_parse() left it. */
bool groups_form(TxGroups *g, TraceReader *reader, TxFilter *filter,
                 unsigned asked, Error **errp);
/* What group number i has as its key k. */
TxValue groups_key(const TxGroups *g, uint32_t i, unsigned k);
void groups_free(TxGroups *g);

/* tx_group_keys.c, for tx_group.c: is it a column of texts; a text's number,
 * equal ones have one (false: no memory); the group of these keys, new if need
 * be, valid until the next call (NULL: no memory, or too many). */
bool groups_is_text(TxColumn column);
bool groups_text(TxGroups *g, const char *text, int64_t *number);
TxGroup *groups_find(TxGroups *g, const int64_t *key, uint32_t null,
                     Error **errp);

/* vtab_group.c: the virtual table tx_group. An SQLite result code. */
int vtab_group_register(sqlite3 *db);

#ifdef __cplusplus
}
#endif
#endif
