#!/bin/bash
# Writes a disk image from which U-Boot boots: a partition of ext2 with a kernel, its initial RAM disk and extlinux.conf. No root is needed.
# Usage: make_disk.sh FIRMWARE_DIR DISK.img COMMAND_LINE
set -euo pipefail
from=$1 disk=$2 line=$3
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/extlinux"
cp "$from/Image" "$from/initramfs.cpio" "$tree/"
printf 'default linux\nprompt 0\nlabel linux\n  kernel /Image\n  initrd /initramfs.cpio\n  append %s\n' "$line" >"$tree/extlinux/extlinux.conf"
# One partition of 63 MiB behind the first MiB, and a table that says so.
rm -f "$disk"
truncate -s 64M "$disk"
python3 - "$disk" <<'TABLE'
import struct
import sys
with open(sys.argv[1], "r+b") as disk:
    disk.seek(446)
    disk.write(struct.pack("<B3sB3sII", 0x80, b"", 0x83, b"", 2048, 63 * 2048) + bytes(48) + b"\x55\xaa")
TABLE
PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext2 -E offset=1048576 -d "$tree" "$disk" 63M
echo "make_disk: $disk has $(cd "$tree" && echo *)"
