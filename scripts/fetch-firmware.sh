#!/bin/bash
# Fetches the RISC-V software that the boot tests and docs/boots.md run, as Debian 13 packages it: OpenSBI, U-Boot, its
# kernel and a static busybox. The machine's apt state stays as it is; the mirror is the one its own sources name.
# Usage: scripts/fetch-firmware.sh DIR
# Packages are kept in $SOCSCOPE_CACHE (default: ~/.cache/socscope); with them there, nothing is downloaded. Result:
# DIR/opensbi-rv64.bin, opensbi-rv32.bin, u-boot-m.bin, u-boot-s.bin, Image, initramfs.cpio; DIR/unpacked has all of it.
set -euo pipefail
[ $# = 1 ] || { echo "usage: scripts/fetch-firmware.sh DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mkdir -p "$1" && cd "$1" && pwd)
unpacked=$dir/unpacked
cache=${SOCSCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/socscope}/debian-riscv64
die() {
    echo "fetch-firmware: error: $*" >&2
    exit 1
}

download() {
    local uri apt kernel own
    uri=$("$here/scripts/debian-mirror.sh") || true
    [ -n "$uri" ] || die "no Debian mirror in this machine's apt sources"
    apt=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$apt'" EXIT
    mkdir -p "$apt"/{parts,lists/partial,cache/archives/partial}
    : >"$apt/status"
    printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nArchitectures: riscv64\nSigned-By: %s\n' "$uri" \
        /usr/share/keyrings/debian-archive-keyring.gpg >"$apt/parts/riscv64.sources"
    own=(-qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/parts" -o Dir::State::lists="$apt/lists"
        -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o APT::Architecture=riscv64
        -o APT::Architectures::=riscv64 -o APT::Sandbox::User=root)
    apt-get "${own[@]}" update || die "the package lists of $uri could not be fetched"
    kernel=$(apt-cache "${own[@]}" depends linux-image-riscv64 | awk '/Depends: linux-image-/ { print $2; exit }')
    rm -rf "$cache.new"
    mkdir -p "$cache.new"
    (cd "$cache.new" && apt-get "${own[@]}" download opensbi u-boot-qemu busybox-static "$kernel") ||
        die "the packages could not be downloaded from $uri"
    rm -rf "$cache"
    mv "$cache.new" "$cache"
}

if [ ! -d "$cache" ]; then
    mkdir -p "$(dirname "$cache")"
    download
fi
rm -rf "$unpacked"
mkdir "$unpacked"
for package in "$cache"/*.deb; do
    dpkg-deb -x "$package" "$unpacked" || die "$package is damaged; remove $cache and run this again"
done
lib=$unpacked/usr/lib
cp "$lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin" "$dir/opensbi-rv64.bin"
cp "$lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin" "$dir/opensbi-rv32.bin"
cp "$lib/u-boot/qemu-riscv64/u-boot.bin" "$dir/u-boot-m.bin"
cp "$lib/u-boot/qemu-riscv64_smode/u-boot.bin" "$dir/u-boot-s.bin"
cp "$unpacked"/boot/vmlinux-* "$dir/Image"
"$here/tests/boot/make_initramfs.py" "$unpacked" "$here/tests/boot/init.sh" "$dir/initramfs.cpio" \
    virtio_mmio virtio_blk virtio_net virtio_rng
echo "fetch-firmware: $dir has $(cd "$dir" && echo ./*.bin Image initramfs.cpio)"
