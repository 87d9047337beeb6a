// memory_replay - reads a script, prints its transcript.
#include <cstdio>
#include <cstring>

#include "tests/replay/replay.h"

namespace
{

const char *const usage =
    "usage: memory_replay FILE.script\n"
    "Follows a script of memory API calls and prints the transcript. Language\n"
    "and transcript are described in docs/replay.md.\n"
    "Exit status: 0, or 2 with one line on standard error when the script\n"
    "cannot be read or followed.\n";

bool read_file(const char *name, std::string *text)
{
    FILE *file = fopen(name, "rb");
    if (!file) {
        return false;
    }
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof(part), file)) > 0;) {
        text->append(part, n);
    }
    bool good = !ferror(file); // a folder opens, but cannot be read
    fclose(file);
    return good;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fputs(usage, stderr);
        return 2;
    }
    std::string script, transcript, error;
    if (!read_file(argv[1], &script)) {
        fprintf(stderr, "%s: cannot be read; name a script file\n", argv[1]);
        return 2;
    }
    try {
        replay(script, &transcript);
    } catch (const ScriptError &e) {
        error = e.what();
    }
    bool written = fwrite(transcript.data(), 1, transcript.size(), stdout) ==
                       transcript.size() &&
                   fflush(stdout) == 0;
    if (!error.empty()) {
        fprintf(stderr, "%s:%s\n", argv[1], error.c_str());
        return 2;
    }
    if (!written) {
        fprintf(stderr, "standard output: cannot be written; make room\n");
        return 2;
    }
    return 0;
}
