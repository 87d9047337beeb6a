"""The register tables in docs/devices are those of the program.

Usage: register_pages_test.py SOCSCOPE [--write]

A page has them between a line `<!-- socscope devices --markdown TYPE -->` and a
line `<!-- end -->`; --write brings them up to date.
"""
import pathlib
import re
import subprocess
import sys

PAGES = pathlib.Path(__file__).resolve().parent.parent / "docs" / "devices"
BLOCK = re.compile(r"(<!-- socscope devices --markdown (\S+) -->\n)(.*?)(<!-- end -->\n)", re.S)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


def main():
    socscope, write = sys.argv[1], "--write" in sys.argv[2:]
    bad = []
    types = [line.split()[0] for line in output(socscope, "devices").splitlines()[1:] if line and line[0] != "\n"]
    types = types[:types.index("socscope")]
    for kind in types:
        page = PAGES / f"{kind}.md"
        table = output(socscope, "devices", "--markdown", kind)
        if not page.exists():
            bad.append(f"{page.name} is missing")
            continue
        text = page.read_text()
        blocks = BLOCK.findall(text)
        if table.count("\n") <= 2 and not blocks:
            continue  # it has no registers
        if [b[1] for b in blocks] != [kind]:
            bad.append(f"{page.name} needs one block of {kind}")
        elif blocks[0][2] != table:
            if write:
                page.write_text(BLOCK.sub(lambda m: m[1] + table + m[4], text))
            else:
                bad.append(f"{page.name} is not what `socscope devices --markdown {kind}` prints; "
                           f"run {pathlib.Path(__file__).name} SOCSCOPE --write")
    for line in bad:
        print("FAILED", line)
    print(f"{len(types)} types, {len(bad)} wrong")
    sys.exit(bool(bad) or len(types) < 9)


main()
