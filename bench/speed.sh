#!/bin/bash
# Speed of untraced runs of compute.elf beside two yardsticks on the same ELF in
# the same interleaved rounds: a raw interpreter that models nothing (raw-limit.c,
# plain and with its rough timing) and QEMU (plain and -icount shift=0).
# Usage: bench/speed.sh [ROUNDS] [BUILD]     (5, build/release)
#
# The measure is user-CPU seconds, the least of all rounds: other work on the
# machine disturbs it least. Judge by the ratios.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
build=${2:-build/release}
elf=$build/firmware/rv32/compute.elf
for file in "$build/socscope" "$elf"; do
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

gcc -w -O2 -fno-gcse bench/raw-limit.c -o "$dir/raw"
gcc -w -O2 -fno-gcse -DTIMING bench/raw-limit.c -o "$dir/raw-timing"
# The exact number of instructions; every engine executes the same.
instructions=$("$dir/raw" "$elf" 2>&1 >/dev/null | sed -n 's/^instret=\([0-9]*\).*/\1/p')
[ -n "$instructions" ] || {
    echo "speed: error: raw-limit could not run $elf" >&2
    exit 1
}

qemu=(qemu-system-riscv32 -M virt -bios none -nographic -serial stdio -monitor none -kernel "$elf")
names=(virt32 mcu raw raw-timing qemu qemu-icount)
engine() {
    case $1 in
    virt32 | mcu) "$build/socscope" run "configs/$1.yaml" "$elf" --progress never ;;
    raw | raw-timing) "$dir/$1" "$elf" ;;
    qemu) "${qemu[@]}" ;;
    qemu-icount) "${qemu[@]}" -icount shift=0 ;;
    esac
}

declare -A best
TIMEFORMAT=%U
for ((round = 1; round <= rounds; round++)); do
    for name in "${names[@]}"; do
        [ -t 2 ] && printf '\rround %d of %d: %-12s' "$round" "$rounds" "$name" >&2
        seconds=$({ time engine "$name" </dev/null >"$dir/out" 2>"$dir/err"; } 2>&1) || {
            echo "speed: error: $name failed" >&2
            cat "$dir/err" >&2
            exit 1
        }
        grep -q '10 of 10 kernels right' "$dir/out" || {
            echo "speed: error: $name computed something wrong" >&2
            exit 1
        }
        if [ -z "${best[$name]:-}" ] || awk "BEGIN { exit !($seconds < ${best[$name]}) }"; then
            best[$name]=$seconds
        fi
    done
done
[ -t 2 ] && printf '\r%40s\r' '' >&2

mips() { awk "BEGIN { printf \"%.1f\", $instructions / ${best[$1]} / 1e6 }"; }
ratio() { awk "BEGIN { printf \"%.3f\", ${best[$2]} / ${best[$1]} }"; }
echo "compute.elf rv32, $instructions instructions, least user seconds of $rounds rounds"
printf '%-12s %9s %9s\n' engine seconds MIPS
for name in "${names[@]}"; do
    printf '%-12s %9s %9s\n' "$name" "${best[$name]}" "$(mips "$name")"
done
echo
printf '%-28s %9s %9s\n' ratio virt32 mcu
for name in raw-timing raw qemu-icount qemu; do
    printf '%-28s %9s %9s\n' "socscope / $name" "$(ratio virt32 "$name")" "$(ratio mcu "$name")"
done
