#!/bin/bash
# From a fresh clone to an answer: installs what is missing, builds, runs a real
# firmware on the demo SoC with every transaction recorded, and prints where the
# cycles went. Usage: scripts/demo.sh [OUTPUT-FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/demo}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' plain=$'\e[0m'
else
    bold='' plain=''
fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
run() {
    printf '%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@"
}

step "1/4  what is missing on this machine"
scripts/setup.sh
step "2/4  release build"
scripts/build.sh release socscope firmware
step "3/4  a firmware on a small RISC-V microcontroller, every transaction recorded"
mkdir -p "$out"
run build/release/socscope run configs/mcu.yaml build/release/firmware/rv32/app.elf -o "$out" --trace
step "4/4  where did the cycles go?"
run build/release/socscope report "$out/run.db"
cat <<MORE

${bold}Next${plain}
  build/release/socscope sql $out/run.db "select symbol, sum(size) bytes from tx group by symbol order by 2 desc limit 10"
  build/release/socscope map configs/mcu.yaml --explain 0x10000005 -s 4
  build/release/socscope devices ns16550a
The README has a five-minute tour; docs/ has the rest.
MORE
