#!/usr/bin/env python3
"""Writes an initial RAM disk: a static busybox, an init script, kernel modules. No root is needed.

Usage: make_initramfs.py ROOT INIT OUT.cpio [MODULE]...
ROOT is an unpacked Debian tree with usr/bin/busybox and, for MODULEs (virtio_blk, ...), one kernel's usr/lib/modules.
The format is "newc" of cpio; a module comes with what it depends on, in the order in which /modules lists them to be
loaded. Equal inputs give equal bytes.
"""
import lzma
import pathlib
import stat
import sys


class Cpio:
    """The newc format: a header of hexadecimal fields, the name, the bytes; each padded to 4."""

    def __init__(self):
        self.parts, self.count = [], 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        raw = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0]
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self.parts += [header, raw, bytes(-(len(header) + len(raw)) % 4), data, bytes(-len(data) % 4)]

    def write(self, path):
        self.add("TRAILER!!!", 0)
        path.write_bytes(b"".join(self.parts))


def find_modules(root, wanted):
    """Files of the wanted modules and what they need, in order of loading."""
    trees = sorted((root / "usr/lib/modules").glob("*/kernel"))
    if not trees:
        sys.exit(f"make_initramfs: {root}/usr/lib/modules has no kernel's modules")
    files = {path.name.split(".ko")[0].replace("-", "_"): path for path in trees[-1].rglob("*.ko*")}
    order = []

    def visit(name):
        if name not in files:
            sys.exit(f"make_initramfs: there is no module {name} in {trees[-1]}")
        if name in (done for done, _ in order):
            return
        path = files[name]
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        start = data.find(b"\0depends=") + len(b"\0depends=")
        for need in data[start:data.index(b"\0", start)].decode().split(","):
            if need:
                visit(need.replace("-", "_"))
        order.append((name, data))

    for name in wanted:
        visit(name.replace("-", "_"))
    return order


def main():
    root, init, out = (pathlib.Path(arg) for arg in sys.argv[1:4])
    cpio = Cpio()
    for folder in ("bin", "dev", "proc", "sys", "tmp", "lib", "mnt", "etc"):
        cpio.add(folder, stat.S_IFDIR | 0o755)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.add("dev/null", stat.S_IFCHR | 0o666, device=(1, 3))
    cpio.add("bin/busybox", stat.S_IFREG | 0o755, (root / "usr/bin/busybox").read_bytes())
    cpio.add("bin/sh", stat.S_IFLNK | 0o777, b"busybox")
    modules = find_modules(root, sys.argv[4:]) if sys.argv[4:] else []
    for name, data in modules:
        cpio.add(f"lib/{name}.ko", stat.S_IFREG | 0o644, data)
    cpio.add("lib/modules", stat.S_IFREG | 0o644, "".join(name + "\n" for name, _ in modules).encode())
    cpio.add("init", stat.S_IFREG | 0o755, init.read_bytes())
    cpio.write(out)


if __name__ == "__main__":
    main()
