"""Runs the tours of the README, docs/tracing.md and docs/timing.md: every line of their ```console blocks that begins with
`$ `, in order, in a scratch folder that looks like the built repository.

Usage: readme_test.py ROOT BUILD_DIR

The scripts of the first block install and build; they are what brought us here
and are only checked for being there. Every other command must succeed and print
something. Lines of a block that are not commands are what the reader is told to
expect: a line that ends with `...` must appear in the output up to there, others
as they stand. A test of the test: a tour without commands is a failure.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(text):
    return [m[1].splitlines() for m in re.finditer(r"^```console\n(.*?)^```", text, re.M | re.S)]


def tour(text):
    """(command, expected lines) in order."""
    steps = []
    for block in blocks(text):
        for line in block:
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.strip() and steps:
                steps[-1][1].append(line)
    return steps


def main():
    root, build = (pathlib.Path(arg).resolve() for arg in sys.argv[1:3])
    tours = [tour((root / page).read_text()) for page in ("README.md", "docs/tracing.md", "docs/timing.md")]
    steps = sum(tours, [])
    bad = ran = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name in ("configs", "docs", "tests", "README.md"):
            if (root / name).exists():
                (scratch / name).symlink_to(root / name)
        (scratch / "build").mkdir()
        (scratch / "build/release").symlink_to(build)
        for command, expected in steps:
            script = command.split("#")[0].split()[0]
            if script.startswith("scripts/"):
                if not (root / script).exists():
                    bad += 1
                    print(f"FAILED no {script}")
                continue
            done = subprocess.run(["bash", "-c", command], cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=300, errors="replace")
            ran += 1
            why = None
            if done.returncode:
                why = f"exit status {done.returncode}: {done.stderr.strip()[-400:]}"
            elif not (done.stdout + done.stderr).strip():
                why = "printed nothing"
            for line in expected:
                wanted = line[:-3].rstrip() if line.endswith("...") else line
                if not why and wanted not in done.stdout + done.stderr:
                    why = f"did not print {wanted!r}; it printed:\n{done.stdout[:2000]}"
            print(f"$ {command}: {'FAILED ' + why if why else 'good'}")
            bad += bool(why)
    print(f"{ran} commands, {bad} wrong")
    sys.exit(bool(bad) or not all(tours))


main()
