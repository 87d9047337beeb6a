// replay.h - the script language of the reference transcripts: reads a script,
// does what it says to the memory API, and writes the transcript.
// The language is docs/replay.md.
#ifndef TESTS_REPLAY_REPLAY_H
#define TESTS_REPLAY_REPLAY_H

#include <stdexcept>
#include <string>

// A script that cannot be followed: "LINE: what; what would be right". Nothing
// a script says may reach the memory API as a caller's mistake.
class ScriptError : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

// Follows `script` in a world of its own and returns the transcript. Throws
// ScriptError, with the number of the line in front; all is freed either way.
std::string replay(const std::string &script);

#endif
