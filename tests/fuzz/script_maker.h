// script_maker.h - bytes as a script of the replay's language (docs/replay.md):
// any bytes make commands that mostly can be followed.
#ifndef FUZZ_SCRIPT_MAKER_H
#define FUZZ_SCRIPT_MAKER_H

#include <cstddef>
#include <cstdint>
#include <string>

std::string make_script(const uint8_t *data, size_t size);

#endif
