#!/bin/bash
# Installs what is missing, builds, runs every test, prints totals.
#
#   format   the layout of every C and C++ file
#   dev      all but the slow tests under AddressSanitizer and UBSan, warnings
#            are errors
#   release  every test but those labelled `long`, with the comparison with QEMU
#            and the README's tour
#   fuzz     every fuzz target for FUZZ_SECONDS (10) seconds
#
# Ends with a line `N passed, N failed`; exit status 0 only when nothing failed.
# A missing dependency is a failure, never a skip.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

passed=0
failed=0
failures=()
begin=$SECONDS

step() { printf '\n== %s  (%d s)\n' "$*" $((SECONDS - begin)); }
pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    failures+=("$1")
}
check() { # NAME COMMAND...: one test
    local name=$1
    shift
    if "$@"; then pass; else fail "$name"; fi
}

# Runs the tests of a preset and adds up what ctest's own record says.
run_tests() { # PRESET [CTEST-OPTION...]
    local preset=$1 junit total bad name
    shift
    junit=$PWD/build/$preset/tests.xml
    rm -f "$junit"
    ctest --preset "$preset" --output-junit "$junit" --timeout 600 "$@"
    if [ ! -s "$junit" ]; then
        fail "$preset: ctest"
        return
    fi
    # A test that did not run counts as failed: nothing is skipped in silence.
    total=0 bad=0
    while read -r status name; do
        total=$((total + 1))
        if [ "$status" != run ]; then
            bad=$((bad + 1))
            failures+=("$preset: $name ($status)")
        fi
    done < <(sed -n 's/.*<testcase name="\([^"]*\)".* status="\([^"]*\)".*/\2 \1/p' "$junit")
    [ "$total" -gt 0 ] || fail "$preset: no tests"
    passed=$((passed + total - bad))
    failed=$((failed + bad))
}

step "dependencies"
if ! scripts/setup.sh; then
    echo "0 passed, 1 failed"
    exit 1
fi

step "format"
check format scripts/format.sh --check

step "build dev"
if scripts/build.sh dev; then
    pass
    step "tests dev"
    run_tests dev -j 2 -LE "slow|long"
else
    fail "dev: build"
fi

step "build release"
if scripts/build.sh release; then
    pass
    step "tests release"
    run_tests release -j 2 -LE long
else
    fail "release: build"
fi

step "fuzz"
if scripts/build.sh fuzz fuzzers; then
    pass
    # Two at a time, as everything else.
    fuzz() { # TARGET
        local name
        name=$(basename "$1")
        mkdir -p "build/fuzz/found/$name"
        "$1" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/$name-" "build/fuzz/found/$name" "build/fuzz/corpus/${name#fuzz_}" \
            >"build/fuzz/$name.log" 2>&1
        echo $? >"build/fuzz/$name.status"
    }
    export -f fuzz
    rm -f build/fuzz/fuzz_*.status
    find build/fuzz -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x -print0 | xargs -0 -n 1 -P 2 bash -c 'fuzz "$1"' fuzz
    found=0
    for status in build/fuzz/fuzz_*.status; do
        [ -f "$status" ] || continue
        found=$((found + 1))
        name=$(basename "$status" .status)
        if [ "$(cat "$status")" = 0 ]; then
            pass
            echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs, no finding"
        else
            fail "$name"
            tail -n 40 "build/fuzz/$name.log"
        fi
    done
    [ "$found" -gt 0 ] || fail "fuzz: no targets"
else
    fail "fuzz: build"
fi

step "totals"
for name in ${failures[@]+"${failures[@]}"}; do
    echo "FAILED $name"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
