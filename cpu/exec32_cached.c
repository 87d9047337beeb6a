/* exec32_cached.c - the RV32 interpreter for harts with caches. */
#define CACHED 1
#define EXEC_VARIANT(name) name##_cached
#include "cpu/exec32.c"
