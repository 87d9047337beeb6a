#!/bin/bash
# Lays out every C and C++ file by .clang-format; with --check only tells which
# are not. bench/raw-limit.c and tests/timing/ are kept as they were measured.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run -Werror)
find bench cpu memory sim soc tests traces -type f \( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.cpp' \) \
    ! -path bench/raw-limit.c ! -path 'tests/timing/*' -print0 | sort -z | xargs -0 clang-format "${mode[@]}"
