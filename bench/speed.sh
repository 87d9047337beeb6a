#!/bin/bash
# How fast harts are, beside two yardsticks on the same ELF in the same
# interleaved rounds: a raw interpreter that models nothing (raw-limit.c, with
# its rough timing) and QEMU (plain and -icount shift=0).
# Usage: bench/speed.sh [--check] [ROUNDS] [BUILD]     (5, build/release)
#
# The measure is user-CPU seconds, the least of all rounds: other work on the
# machine disturbs it least. Every line has its goal and whether it was met; with
# --check the exit status is 1 when one was not. Recording goes into a buffer
# that nothing stands behind (hart_bench).
set -euo pipefail
cd "$(dirname "$0")/.."
check=0
if [ "${1:-}" = --check ]; then
    check=1
    shift
fi
rounds=${1:-5}
build=${2:-build/release}
fw=$build/firmware
for file in "$build"/{socscope,hart_bench} "$fw"/rv{32,64}/{compute,records}{,-paged}.elf "$fw"/rv32/{poll,ecall,ecall-s}.elf; do
    [ -e "$file" ] || {
        echo "speed: error: $file is missing; build the release preset first" >&2
        exit 2
    }
done
command -v qemu-system-riscv32 >/dev/null || {
    echo "speed: error: qemu-system-riscv32 is missing; scripts/setup.sh installs it" >&2
    exit 2
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
gcc -w -O2 -fno-gcse -DTIMING bench/raw-limit.c -o "$dir/raw"

# A run is ENGINE:PROGRAM; engines: soc32 soc64 raw qemu icount off data all.
runs=()
for program in compute records; do
    runs+=({soc32,soc64,raw,qemu,icount}:$program {soc32,soc64}:$program-paged {off,data,all}:$program)
done
runs+=({soc32,data,qemu}:poll {soc32,qemu}:{ecall,ecall-s})

qemu=(qemu-system-riscv32 -M virt -bios none -nographic -serial stdio -monitor none)
run() { # ENGINE PROGRAM
    local elf=$fw/rv32/$2.elf
    case $1 in
    soc32) "$build/socscope" run configs/virt32.yaml "$elf" --progress never ;;
    soc64) "$build/socscope" run configs/virt64.yaml "$fw/rv64/$2.elf" --progress never ;;
    off | data | all) "$build/hart_bench" configs/virt32.yaml "$elf" "$1" ;;
    raw) "$dir/raw" "$elf" ;;
    qemu) "${qemu[@]}" -kernel "$elf" ;;
    icount) "${qemu[@]}" -icount shift=0 -kernel "$elf" ;;
    esac
}
right() { # PROGRAM: did it print what it must?
    case $1 in
    compute*) grep -q '10 of 10 kernels right' "$dir/out" ;;
    records*) grep -q 'records .* right' "$dir/out" ;;
    esac
}

declare -A best
keep_least() { # NAME SECONDS
    if [ -z "${best[$1]:-}" ] || awk "BEGIN { exit !($2 < ${best[$1]}) }"; then
        best[$1]=$2
    fi
}
for ((round = 1; round <= rounds; round++)); do
    for name in "${runs[@]}"; do
        engine=${name%%:*} program=${name#*:}
        [ -t 2 ] && printf '\rround %d of %d: %-24s' "$round" "$rounds" "$name" >&2
        TIMEFORMAT=%U
        seconds=$({ time run "$engine" "$program" </dev/null >"$dir/out" 2>"$dir/err"; } 2>&1) || {
            echo "speed: error: $name failed" >&2
            cat "$dir/err" >&2
            exit 1
        }
        right "$program" || {
            echo "speed: error: $name computed something wrong" >&2
            exit 1
        }
        case $engine in # without loading
        off | data | all) seconds=$(sed -n 's/^\([0-9.]*\) s .*/\1/p' "$dir/err") ;;
        esac
        keep_least "$name" "$seconds"
    done
    TIMEFORMAT=%R
    for ((i = 0; i < 5; i++)); do
        start=$({ time "$build/socscope" run configs/virt32.yaml "$fw/rv32/records.elf" --limit-insns 1 \
            --progress never </dev/null >"$dir/out" 2>"$dir/err" || true; } 2>&1)
        keep_least start "$start"
    done
done
[ -t 2 ] && printf '\r%48s\r' '' >&2

missed=0
# line TEXT VALUE ">=" or "<=" GOAL [UNIT]
line() {
    local verdict=ok
    awk "BEGIN { exit !($2 $3 $4) }" || {
        verdict=MISSED
        missed=1
    }
    printf '%-52s %8.2f%-3s %s %5s%-3s %s\n' "$1" "$2" "${5:-x}" "$3" "$4" "${5:-x}" "$verdict"
}
quotient() { awk "BEGIN { printf \"%.4f\", ${best[$1]} / ${best[$2]} }"; }

echo "least user seconds of $rounds rounds; ratios of speed, or of time where less is better"
for program in compute records; do
    line "$program: socscope / raw-limit -DTIMING" "$(quotient raw:$program soc32:$program)" '>=' 0.75
    line "$program: socscope / qemu -icount shift=0" "$(quotient icount:$program soc32:$program)" '>=' 0.65
    line "$program: socscope / qemu" "$(quotient qemu:$program soc32:$program)" '>=' 0.30
    line "$program: time on RV64 / RV32" "$(quotient soc64:$program soc32:$program)" '<=' 1.15
    line "$program: time with Sv32 on / bare, RV32" "$(quotient soc32:$program-paged soc32:$program)" '<=' 1.15
    line "$program: time with Sv39 on / bare, RV64" "$(quotient soc64:$program-paged soc64:$program)" '<=' 1.15
    line "$program: time recording data / not" "$(quotient data:$program off:$program)" '<=' 1.35
    line "$program: time recording data and fetches / not" "$(quotient all:$program off:$program)" '<=' 1.6
done
line "poll: UART reads/s, each recorded / qemu" "$(quotient qemu:poll data:poll)" '>=' 5
line "ecall: round trips/s U to M / qemu" "$(quotient qemu:ecall soc32:ecall)" '>=' 1
line "ecall-s: round trips/s U to S / qemu" "$(quotient qemu:ecall-s soc32:ecall-s)" '>=' 1
line "start to the first instruction" "$(awk "BEGIN { print 1000 * ${best[start]} }")" '<=' 20 ms
echo
for name in "${runs[@]}"; do
    printf '%s\n' "$name ${best[$name]} s"
done | column -c 100
exit $((check && missed))
