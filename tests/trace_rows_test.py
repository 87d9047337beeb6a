"""What a trace must be, for every firmware but `compute`:

  status   the program ends as it should
  rows     rows of tx = transactions the harts and the DMA counted themselves
  twice    a second run has the same records, byte for byte (on the first board)
  trace    on or off: same cycles, same console
  fast     --no-fast-path: same cycles, same console, same records

Usage: trace_rows_test.py SOCSCOPE FIRMWARE_DIR CONFIG_DIR [PROGRAM...]
"""
import concurrent.futures
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

BOARDS = {"mcu": "rv32", "virt32": "rv32", "virt64": "rv64"}
ONLY = {"compute-small": ["virt32"]}  # 2.7 million rows: one board is enough
PROGRAMS = ["compute-small", "interrupts", "access", "app", "status", "streams", "uart"]  # long ones first
STATUS = {"status": 42}  # every other program ends with 0


class Run:
    """One run of a program: console, exit status, counters, hash of records."""

    def __init__(self, socscope, config, elf, out, *options, trace):
        self.out = pathlib.Path(out)
        self.out.mkdir(parents=True)
        stats = self.out / "stats.json"
        command = [socscope, "run", config, elf, "--progress", "never", "--stats", f"json:{stats}", *options]
        if trace:
            command += ["-o", self.out, "--trace"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=500)
        self.console, self.status = done.stdout, done.returncode
        if not stats.exists():
            raise RuntimeError(f"no statistics; {done.stderr.decode('latin-1').strip()[-300:]}")
        total = json.loads(stats.read_text())["total"]
        self.counters = {key: total[key] for key in ("cycles", "instructions", "transactions")}
        self.rows = self.digest = None
        if trace:
            rows = subprocess.Popen([socscope, "sql", self.out / "run.db", "select * from tx order by rowid", "-csv"],
                                    stdout=subprocess.PIPE)
            digest, lines = hashlib.sha256(), 0
            for chunk in iter(lambda: rows.stdout.read(1 << 20), b""):
                digest.update(chunk)
                lines += chunk.count(b"\n")
            if rows.wait():
                raise RuntimeError("socscope sql failed")
            self.digest = digest.hexdigest()
            count = subprocess.run([socscope, "sql", self.out / "run.db", "select count(*) n from tx", "-csv"],
                                   capture_output=True, check=True, text=True).stdout.split()
            self.rows = int(count[-1])
            if lines not in (self.rows, self.rows + 1):  # with or without a heading
                raise RuntimeError(f"{lines} lines of CSV for {self.rows} rows")
            (self.out / "run.db").unlink()


def complaints(socscope, config, elf, scratch):
    first = Run(socscope, config, elf, f"{scratch}/first", trace=True)
    if first.status != STATUS.get(elf.stem, 0):
        yield f"exit status {first.status}"
    if first.rows != first.counters["transactions"]:
        yield f"{first.rows} rows, {first.counters['transactions']} transactions counted"
    if first.rows < first.counters["instructions"] // 8:
        yield f"only {first.rows} rows for {first.counters['instructions']} instructions"
    others = {"untraced run": Run(socscope, config, elf, f"{scratch}/plain", trace=False),
              "run without fast path": Run(socscope, config, elf, f"{scratch}/slow", "--no-fast-path", trace=True)}
    if config.stem == "mcu":
        others["second run"] = Run(socscope, config, elf, f"{scratch}/again", trace=True)
    for name, other in others.items():
        if other.status != first.status or other.console != first.console:
            yield f"{name}: another console or exit status"
        if other.counters != first.counters:
            yield f"{name}: {other.counters} instead of {first.counters}"
        if other.digest not in (None, first.digest):
            yield f"{name}: other records"


def main():
    socscope, firmware, configs = (pathlib.Path(arg).resolve() for arg in sys.argv[1:4])
    programs = sys.argv[4:] or PROGRAMS

    def one(job):
        program, board = job
        elf = firmware / BOARDS[board] / f"{program}.elf"
        if not elf.exists():
            return job, [f"{elf} is missing"]
        with tempfile.TemporaryDirectory() as scratch:
            try:
                return job, list(complaints(socscope, configs / f"{board}.yaml", elf, scratch))
            except (RuntimeError, subprocess.SubprocessError, KeyError, ValueError) as error:
                return job, [repr(error)]

    jobs = [(program, board) for program in programs for board in ONLY.get(program, BOARDS)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for (program, board), why in pool.map(one, jobs):
            bad += bool(why)
            print(f"{program} on {board}: {'; '.join(why) or 'good'}", flush=True)
    print(f"{len(jobs)} cases, {bad} wrong")
    sys.exit(bool(bad) or not jobs)


main()
