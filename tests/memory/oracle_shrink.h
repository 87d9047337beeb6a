// oracle_shrink.h - runs a script on both sides, and makes a script that shows
// a difference as short as it gets.
#ifndef TESTS_MEMORY_ORACLE_SHRINK_H
#define TESTS_MEMORY_ORACLE_SHRINK_H

#include "tests/memory/oracle_model.h"

namespace oracle
{

struct Difference {
    bool found = false;
    Script run;                   // the legal commands up to and with it
    std::string expected, actual; // transcript of the last command
};

// Up to the first difference. Commands that are not legal are left out.
// paint_len > 0: at the end the bytes from `paint` on are painted and compared
// one by one.
Difference compare(const Script &script, Flaw flaw = Flaw::none,
                   uint64_t paint = 0, unsigned paint_len = 0);

// Does compare() in another process find a difference, or end in a crash?
bool fails(const Script &script, Flaw flaw, uint64_t paint, unsigned paint_len);

// A shortest script that still fails, by leaving out commands and options.
Script shrink(const Script &script, Flaw flaw = Flaw::none, uint64_t paint = 0,
              unsigned paint_len = 0);

// The script, ready for memory_replay, and how the two sides answer.
std::string report(const Script &minimal, const Difference &difference);

} // namespace oracle

#endif
