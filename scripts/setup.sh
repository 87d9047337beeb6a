#!/bin/bash
# Installs what building and testing socscope needs from Debian, and only what
# is missing: on a machine that has everything this does nothing at all.
#
# Debian 12's capstone (4.0.2) cannot disassemble RISC-V. There, libcapstone is
# taken from Debian 13 (it depends on libc6 alone) through apt directories of
# its own, so the machine's apt sources, lists and pins stay as they are. The
# mirror is the one the machine's own apt sources name.
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config git python3
    clang clang-format clang-tidy libclang-rt-dev
    libsystemc-dev libsqlite3-dev sqlite3 libgtest-dev googletest
    libyaml-dev libxml2-dev libfdt-dev libelf-dev libdw-dev libzstd-dev libxxhash-dev libslirp-dev
    gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf binutils-riscv64-unknown-elf
    qemu-system-misc gdb-multiarch e2fsprogs
)
capstone_packages=(libcapstone5 libcapstone-dev)
capstone_suite=trixie
capstone_minimum=5

say() { echo "setup: $*"; }
die() {
    echo "setup: error: $*" >&2
    exit 1
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this script knows Debian only; elsewhere install: ${packages[*]} and capstone >= $capstone_minimum"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

capstone_ok() {
    local version
    version=$(dpkg-query -W -f '${Version}' libcapstone-dev 2>/dev/null) && installed libcapstone-dev &&
        dpkg --compare-versions "$version" ge "$capstone_minimum"
}

missing=()
for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
done
# The sanitizers' run-time library: any version that belongs to a clang here
# is as good as the one the unversioned package asks for.
if [ ${#missing[@]} -gt 0 ] && dpkg-query -W -f '${Package} ${db:Status-Status}\n' 'libclang-rt-*-dev' 2>/dev/null |
    grep -q ' installed$'; then
    kept=()
    for package in "${missing[@]}"; do
        [ "$package" = libclang-rt-dev ] || kept+=("$package")
    done
    missing=("${kept[@]}")
fi

if [ ${#missing[@]} -eq 0 ] && capstone_ok; then
    say "everything is there"
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    root=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && [ -t 0 ]; then
    root=(sudo env DEBIAN_FRONTEND=noninteractive)
else
    capstone_ok || missing+=("libcapstone-dev (>= $capstone_minimum)")
    die "these packages are missing and installing them needs root; run this as root or with sudo: ${missing[*]}"
fi

say "missing:${missing[*]:+ ${missing[*]}}$(capstone_ok || echo " capstone>=$capstone_minimum")"
# Another package manager at work (first boot, a parallel job) is waited for.
apt=("${root[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300)
"${apt[@]}" update
if [ ${#missing[@]} -gt 0 ]; then
    "${apt[@]}" install --no-install-recommends "${missing[@]}"
fi

install_capstone_of_newer_debian() {
    local uri dir
    uri=$("$(dirname "$0")/debian-mirror.sh") || true
    [ -n "$uri" ] || die "no Debian mirror in this machine's apt sources; install libcapstone-dev >= $capstone_minimum by hand"
    say "capstone $capstone_minimum from Debian $capstone_suite, nothing else from there"
    dir=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$dir'" EXIT
    chmod 755 "$dir"
    mkdir -p "$dir"/{parts,lists/partial,cache/archives/partial}
    : >"$dir/status"
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$uri" "$capstone_suite" \
        /usr/share/keyrings/debian-archive-keyring.gpg >"$dir/parts/capstone.sources"
    local own=(-q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$dir/parts"
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o Dir::State::lists="$dir/lists" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache"
        -o APT::Sandbox::User=root)
    apt-get "${own[@]}" update
    (cd "$dir" && apt-get "${own[@]}" download "${capstone_packages[@]}")
    "${apt[@]}" install --no-install-recommends "$dir"/libcapstone*.deb
}

if ! capstone_ok; then
    candidate=$(apt-cache policy libcapstone-dev | awk '$1 == "Candidate:" { print $2 }')
    if [ -n "$candidate" ] && [ "$candidate" != "(none)" ] &&
        dpkg --compare-versions "$candidate" ge "$capstone_minimum"; then
        "${apt[@]}" install --no-install-recommends libcapstone-dev
    else
        install_capstone_of_newer_debian
    fi
fi
capstone_ok || die "libcapstone-dev >= $capstone_minimum could not be installed"
say "done"
