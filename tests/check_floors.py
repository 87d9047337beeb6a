"""Check that includes only go down the floors of docs/architecture.md, and that
C++ stays where it belongs. Usage: check_floors.py ROOT"""
import pathlib
import re
import sys

MAY_INCLUDE = {  # folder: the folders its files may name
    "memory": {"memory"},
    "cpu": {"cpu", "memory"},
    "soc": {"soc", "memory"},
    "traces": {"traces", "cpu", "soc", "memory"},
    "sim": {"sim", "traces", "cpu", "soc", "memory"},
    "tests": {"tests", "sim", "traces", "cpu", "soc", "memory"},
}
CPP_ALLOWED = ("sim/tlm/", "tests/")
CODE = {".c", ".h", ".cc", ".cpp", ".def", ".inc"}

root = pathlib.Path(sys.argv[1])
bad = files = 0
for folder, allowed in MAY_INCLUDE.items():
    for path in sorted((root / folder).rglob("*")):
        rel = path.relative_to(root).as_posix()
        if path.suffix not in CODE or rel.startswith(("tests/firmware/", "tests/timing/")):
            continue
        files += 1
        in_bridge = rel.startswith("sim/tlm/")
        if path.suffix in {".cc", ".cpp"} and not rel.startswith(CPP_ALLOWED):
            bad += 1
            print(f"{rel}: C++ belongs in {' or '.join(CPP_ALLOWED)}")
        for n, line in enumerate(path.read_text().splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if m and m[1].split("/")[0] not in allowed:
                bad += 1
                print(f'{rel}:{n}: {folder}/ may not include "{m[1]}"')
            if m and m[1] == "memory/internal.h" and folder not in ("memory", "tests"):
                bad += 1
                print(f'{rel}:{n}: memory/internal.h is private to memory/')
            if re.match(r"\s*#\s*include\s+<(systemc|tlm)", line) and not (
                    in_bridge or rel.startswith("tests/tlm/")):
                bad += 1
                print(f"{rel}:{n}: SystemC belongs in sim/tlm/")
if files < 20:
    bad += 1
    print(f"only {files} files found below {root}: wrong folder?")
print(f"{files} files, {bad} wrong")
sys.exit(bad != 0)
