"""Runs the commands of docs/boots.md, as readme_test.py does those of the README: a section of it by the words of its heading.

Usage: boot_test.py ROOT BUILD_DIR HEADING [MINUTES [NEEDED]]
HEADING "fetch" stands for what comes before the first one. A folder BUILD_DIR/riscv-software that is whole is not fetched again.
Without a file NEEDED in it, which takes long to build, the section is skipped: exit status 77.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

FETCHED = ("opensbi-rv64.bin", "opensbi-rv32.bin", "u-boot-m.bin", "u-boot-s.bin", "Image", "initramfs.cpio")


def steps_of(page, heading):
    """(command, lines that must appear) of the section."""
    sections = re.split(r"^## (.*)\n", page, flags=re.M)
    text = sections[0] if heading == "fetch" else dict(zip(sections[1::2], sections[2::2]))[heading]
    steps = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.strip() and steps:
                steps[-1][1].append(line)
    return steps


def run(command, cwd, seconds):
    """All that it and what it started print; every process of it is gone afterwards."""
    with subprocess.Popen(["bash", "-c", command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        try:
            out, _ = process.communicate(timeout=seconds)
            return process.returncode, out.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, process.communicate()[0].decode(errors="replace")


def wrong(status, out, expected, seconds):
    """What is wrong with a command's end; None: nothing."""
    if status is None:
        return f"took more than {seconds} s"
    if status:
        return f"exit status {status}"
    if "FAILED" in out:
        return "a self-test failed"
    for line in expected:
        wanted = line[:-3].rstrip() if line.endswith("...") else line
        if wanted not in out:
            return f"did not print {wanted!r}"
    return None if out.strip() else "printed nothing"


def main():
    root, build = (pathlib.Path(arg).resolve() for arg in sys.argv[1:3])
    heading, seconds = sys.argv[3], 60 * int(sys.argv[4] if len(sys.argv) > 4 else 5)
    software = build / "riscv-software"
    if heading == "fetch" and all((software / name).exists() for name in FETCHED):
        return 0
    if len(sys.argv) > 5 and not (software / sys.argv[5]).exists():
        print(f"skipped: {software} has no {sys.argv[5]}; docs/boots.md says how to build it")
        return 77
    steps = steps_of((root / "docs/boots.md").read_text(), heading)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name in ("configs", "docs", "tests", "scripts"):
            (scratch / name).symlink_to(root / name)
        (scratch / "build").mkdir()
        (scratch / "build/release").symlink_to(build)
        for command, expected in steps:
            status, out = run(command, scratch, seconds)
            why = wrong(status, out, expected, seconds)
            if why:
                print(f"$ {command}\n{out[-6000:]}\nFAILED: {why}")
                return 1
            print(f"$ {command}: good")
    return 0 if steps else 1


sys.exit(main())
