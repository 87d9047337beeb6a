// memory_replay - reads a script, prints its transcript.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/replay/replay.h"

int main(int argc, char **argv)
{
    const char *usage = "usage: memory_replay FILE.script\n"
                        "Follows a script of memory API calls and prints the "
                        "transcript (docs/replay.md).\n"
                        "Exit status: 0, or 2 with one line on standard error "
                        "when the script cannot be followed.\n";
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc != 2) {
        fputs(usage, stderr);
        return 2;
    }
    std::ifstream file(argv[1], std::ios::binary);
    std::stringstream script;
    if (!(script << file.rdbuf()) && file.peek() != EOF) {
        fprintf(stderr,
                "memory_replay: error: %s: cannot be read; name a "
                "script file\n",
                argv[1]);
        return 2;
    }
    if (!file) {
        fprintf(stderr,
                "memory_replay: error: %s: cannot be read; name a "
                "script file\n",
                argv[1]);
        return 2;
    }
    try {
        fputs(replay(script.str()).c_str(), stdout);
    } catch (const ScriptError &e) {
        fprintf(stderr, "memory_replay: error: %s:%s\n", argv[1], e.what());
        return 2;
    }
    return 0;
}
