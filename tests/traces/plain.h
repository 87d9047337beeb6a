/*
 * plain.h - databases of plain tables for the tests of the readers: expanded
 * once from a synthetic run, then changed by SQL as no writer would.
 */
#ifndef TESTS_TRACES_PLAIN_H
#define TESTS_TRACES_PLAIN_H

#include "tests/traces/synthetic.h"

namespace synthetic
{

// What f(FILE *) prints.
template <typename F> string printed(F f)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    f(out);
    fclose(out);
    string s(text, size);
    free(text);
    return s;
}

// A synthetic run as plain tables; made once per (seed, transactions).
inline string plain_run(uint64_t seed, unsigned transactions)
{
    static std::map<std::pair<uint64_t, unsigned>, string> made;
    string &path = made[{seed, transactions}];
    if (path.empty()) {
        string run = temporary("run.db");
        Error *err = nullptr;
        path = temporary("plain.db");
        if (!write_run(run, seed, transactions) ||
            !trace_expand(run.c_str(), path.c_str(), nullptr, &err)) {
            fprintf(stderr, "%s\n", message(err).c_str());
        }
        unlink(run.c_str());
        atexit([] {
            for (auto &[key, file] : made) {
                unlink(file.c_str());
            }
        });
    }
    return path;
}

// A copy of a database that ends with its owner, and what SQL made of it.
struct Copy {
    string path;
    string error;
    explicit Copy(const string &of, const string &sql = "")
        : path(temporary("copy.db"))
    {
        write_file(path, read_file(of));
        change(sql);
    }
    Copy(const Copy &) = delete;
    ~Copy() { unlink(path.c_str()); }
    void change(const string &sql)
    {
        sqlite3 *db = nullptr;
        char *text = nullptr;
        sqlite3_open(path.c_str(), &db);
        sqlite3_exec(db, "pragma synchronous = off; pragma journal_mode = off",
                     nullptr, nullptr, nullptr);
        sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &text);
        error = text ? text : "";
        if (text) {
            fprintf(stderr, "%s: %s\n", sql.c_str(), text);
        }
        sqlite3_free(text);
        sqlite3_close(db);
    }
};

} // namespace synthetic

#endif
