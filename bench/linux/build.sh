#!/bin/bash
# Builds a small RV32 kernel from Debian's `linux-source` (Sv32, for virt32), and a RAM disk with nothing but init.c.
# Usage: bench/linux/build.sh DIR
# Result: DIR/Image-rv32, DIR/initramfs-rv32.cpio. The kernel is kept in $SOCSCOPE_CACHE (default: ~/.cache/socscope) and
# built again when rv32.config is another one; that takes some four minutes of one core and 2 GB of the disk meanwhile.
# JOBS (2): how many compilers at a time.
set -euo pipefail
[ $# = 1 ] || { echo "usage: bench/linux/build.sh DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mkdir -p "$1" && cd "$1" && pwd)
cache=${SOCSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/socscope}/linux-rv32
cross=riscv64-linux-gnu-
packages=(gcc gcc-riscv64-linux-gnu make flex bison bc xz-utils)
say() { echo "linux: $*"; }
die() {
    echo "linux: error: $*" >&2
    exit 1
}

install_packages() {
    local missing=() package root=()
    for package in "${packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || root=(sudo -n)
    say "installing ${missing[*]}"
    "${root[@]}" apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" ||
        die "these packages are missing and could not be installed; run \`apt-get update\`, or install them: ${missing[*]}"
}

build_kernel() {
    local work=$cache.new package make
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    rm -rf "$work"
    mkdir -p "$work/obj" "$work/kept"
    # the metapackage names the version that this Debian has
    package=$(apt-cache depends linux-source | awk '/Depends: linux-source-/ { print $2; exit }')
    [ -n "$package" ] || die "apt knows no linux-source; run \`apt-get update\`"
    say "fetching and unpacking $package"
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package") || die "$package could not be downloaded"
    dpkg-deb -x "$work"/linux-source*.deb "$work/deb"
    mkdir "$work/source"
    tar xf "$work"/deb/usr/src/linux-source-*.tar.xz -C "$work/source" --strip-components=1
    rm -rf "$work"/*.deb "$work/deb"
    make=(nice make -s -C "$work/source" O="$work/obj" ARCH=riscv CROSS_COMPILE="$cross" KBUILD_BUILD_USER=socscope
        KBUILD_BUILD_HOST=debian KBUILD_BUILD_TIMESTAMP=2025-01-01)
    KCONFIG_ALLCONFIG="$here/rv32.config" "${make[@]}" allnoconfig
    say "building, JOBS=${JOBS:-2}"
    "${make[@]}" -j "${JOBS:-2}" Image
    cp "$work/obj/arch/riscv/boot/Image" "$work/obj/usr/gen_init_cpio" "$work/obj/.config" "$here/rv32.config" "$work/kept"
    rm -rf "$cache"
    mv "$work/kept" "$cache"
    rm -rf "$work"
}

install_packages
if ! cmp -s "$here/rv32.config" "$cache/rv32.config"; then
    mkdir -p "$(dirname "$cache")"
    build_kernel
fi
init=$(mktemp)
# shellcheck disable=SC2064
trap "rm -f '$init'" EXIT
"${cross}gcc" -march=rv32gc -mabi=ilp32d -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -mno-relax -nostdlib \
    -static -Wl,-z,separate-code,--build-id=none -s -o "$init" "$here/init.c"
printf '%s\n' "dir /dev 755 0 0" "dir /proc 755 0 0" "nod /dev/console 600 0 0 c 5 1" "file /init $init 755 0 0" |
    "$cache/gen_init_cpio" -t 0 - >"$dir/initramfs-rv32.cpio"
cp "$cache/Image" "$dir/Image-rv32"
say "$dir has Image-rv32 initramfs-rv32.cpio"
