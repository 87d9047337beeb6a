// replay.h - the script language of the reference transcripts: reads a script,
// does what it says to the memory API, and writes the transcript.
// The language is docs/replay.md.
#ifndef TESTS_REPLAY_REPLAY_H
#define TESTS_REPLAY_REPLAY_H

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

// A script that cannot be followed: "LINE: what; what would be right". Nothing
// a script says may reach the memory API as a caller's mistake.
class ScriptError : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

struct ReplayOptions {
    // Commands that cannot be followed are left out.
    bool skip_errors = false;
    // There is a queue of posted writes from the start, which keeps the views
    // of all spaces drawn; else one comes with the first coalesced range, and
    // a view that nobody listens to is drawn when it is looked at. Either way
    // the transcript is the same.
    bool early_queue = true;
    uint64_t max_transfer = 1 << 20;          // bytes of one access
    uint64_t max_ram = UINT64_C(1) << 32;     // bytes of all regions
    uint64_t max_regions_drawn = 1 << 18;     // from one root, aliases followed
    size_t max_transcript = size_t(64) << 20; // bytes
};

// Follows `script` in a world of its own and appends to the transcript. Throws
// ScriptError, with the number of the line in front, behind the command that
// could not be followed; all is freed either way.
void replay(const std::string &script, std::string *transcript,
            const ReplayOptions &options = ReplayOptions());

#endif
