/*
 * extension.c - tx, beat and tx_group for the stock sqlite3 shell and for
 * programs that load extensions: `.load ./socscope`.
 */
#include "traces/reader.h"
SQLITE_EXTENSION_INIT1

/* The name SQLite derives from the file's. */
int sqlite3_socscope_init(sqlite3 *db, char **message,
                          const sqlite3_api_routines *api);

int sqlite3_socscope_init(sqlite3 *db, char **message,
                          const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api);
    return vtab_register(db);
}
