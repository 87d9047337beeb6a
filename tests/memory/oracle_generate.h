// oracle_generate.h - random scripts: a tree in a small window of addresses,
// then changes of the tree and accesses in turn.
#ifndef TESTS_MEMORY_ORACLE_GENERATE_H
#define TESTS_MEMORY_ORACLE_GENERATE_H

#include "tests/memory/oracle_model.h"

namespace oracle
{

struct Case {
    Script script;
    uint64_t window = 0; // where most of the tree lies
    unsigned window_size = 0;
    unsigned accesses = 0;
};

// The same for the same seed. Every command is legal by the model.
Case generate(uint64_t seed, unsigned accesses);

} // namespace oracle

#endif
