/* exec64_cached.c - the RV64 interpreter for harts with caches. */
#define CACHED 1
#define EXEC_VARIANT(name) name##_cached
#include "cpu/exec64.c"
