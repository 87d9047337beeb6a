// fuzz_script.cc - any bytes as a script of memory API calls: whatever it does
// to regions, spaces, listeners, IOMMUs, mappings and caches, from inside
// device callbacks too, nothing crashes, and nothing is left behind.
//
// Input    text of the script language if it begins with '#' or 't'; else
//          choices from which script_maker.cc makes a script. With FUZZ_PRINT
//          in the environment the script is printed.
#include <cstdlib>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script_maker.h"
#include "tests/replay/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_text = size && (data[0] == '#' || data[0] == 't');
    std::string script =
        is_text ? std::string(data, data + size) : make_script(data, size);
    if (getenv("FUZZ_PRINT")) {
        fputs(script.c_str(), stdout);
    }
    ReplayOptions options;
    options.skip_errors = true;
    options.early_queue = size & 1;
    options.max_transcript = 1 << 20;
    std::string transcript;
    try {
        replay(script, &transcript, options);
    } catch (const ScriptError &) { // a limit
    }
    return 0;
}
