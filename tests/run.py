#!/usr/bin/env python3
"""Collects and runs the tests; prints what fails and ends with `N passed, N failed`. Called by ./test."""
import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT + "/tests")
from lib.postgres import Postgres  # noqa: E402

REASON_LINES = 25
LINE = re.compile(r"^(not ok|ok)\b[ \d-]*(.*)$", re.M)


def reasons(output: str) -> list[str]:
    """Each failed test with what is said below it; of a program that names none, its last words without the log of the server."""
    said = [line[:700] for line in output.splitlines() if line.strip() and not line.startswith(("{", "# "))]
    found: list[str] = []
    room = 0
    for line in said:
        room = REASON_LINES if line.startswith("not ok") else 0 if line.startswith("ok") else room - 1
        if room > 0:
            found.append(line)
    return found[:20 * REASON_LINES] or [line for line in said if not line.startswith("ok ")][-REASON_LINES:]


class Tally:
    """Counts TAP lines over all programs; says at the end again what failed, where a log is read from."""

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.faults: list[tuple[str, list[str]]] = []

    def read(self, title: str, output: str, status: int, seconds: float) -> None:
        results = [(word, name) for word, name in LINE.findall(output) if "# SKIP" not in name]
        good = sum(word == "ok" for word, _ in results)
        bad = len(results) - good
        if status != 0 and bad == 0:
            bad = 1
        elif not results and status == 0 and title == "tidy":
            good = 1
        self.passed += good
        self.failed += bad
        print(f"{'FAIL' if bad else 'ok  '} {title}: {good} passed, {bad} failed ({seconds:.0f} s)", flush=True)
        if bad:
            print(*reasons(output), sep="\n", flush=True)
            self.faults.append((title, reasons(output)))

    def close(self) -> None:
        for title, lines in self.faults:
            print(f"FAIL {title}", *("    " + line for line in lines), sep="\n")
        print(f"{self.passed} passed, {self.failed} failed")


def program(title: str, command: list[str], timeout: int = 900, **environment: str):
    """Runs one test program to its end."""
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, check=False)
        output, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as e:
        output, status = (e.stdout or b"").decode(errors="replace") + f"\nnot ok {title} took longer than {timeout} s", 1
    return title, output, status, time.monotonic() - began


def unit_jobs(build: str, name: str, url: str, **environment: str):
    """Every unit test program of a build, on both engines."""
    for path in sorted(glob.glob(f"{ROOT}/{build}/test_*")):
        if not os.access(path, os.X_OK) or os.path.isdir(path):
            continue
        command = [path, "--tap"]
        if name:
            listed = subprocess.run([path, "-l"], capture_output=True, text=True, check=False).stdout.split()
            chosen = [t for t in listed if name in t]
            if not chosen:
                continue
            command += [w for t in chosen for w in ("-p", t)]
        yield (f"{build}/{os.path.basename(path)}", command, {"TENON_TEST_DATABASE": url, "ASAN_OPTIONS": "detect_leaks=1",
                                                              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", **environment})


def script_jobs(folder: str, name: str, **environment: str):
    for path in sorted(glob.glob(f"{ROOT}/tests/{folder}/test_*.py")):
        for engine in ("sqlite", "postgres"):
            title = f"{folder}/{os.path.basename(path)[:-3]} {engine}"
            yield title, ["python3", path, "--engine", engine, name], environment


def run_jobs(tally: Tally, jobs, at_once: int) -> None:
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(program, title, command, **environment) for title, command, environment in jobs]
        for future in concurrent.futures.as_completed(futures):
            tally.read(*future.result())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--with-data", default="")
    parser.add_argument("name", nargs="?", default="")
    options = parser.parse_args()
    name, tally = options.name, Tally()
    rounds = "20" if options.full else "3"
    postgres = Postgres()
    try:
        if not name or "tidy" in name:
            tally.read(*program("tidy", ["python3", "tools/tidy.py"]))
        run_jobs(tally, unit_jobs("build-test", name, postgres.url(), TENON_TEST_DATA=options.with_data), 2)
    finally:
        postgres.remove()
    run_jobs(tally, script_jobs("api", name), 2)
    # The browser takes a processor for five minutes; faults mostly wait for something to come back.
    run_jobs(tally, [("browser", ["python3", "tests/browser/run.py", name], {"timeout": 1800}),
                     *script_jobs("faults", name, TENON_ROUNDS=rounds, TENON_BINARY=ROOT + "/build/tenon"),
                     ("web units", ["web/test.sh", name], {})], 2)
    if options.full:
        run_jobs(tally, [("full", ["python3", "tests/full.py"], {"timeout": 3600})], 1)
    if tally.passed + tally.failed == 0:
        print(f"no test has \"{name}\" in its name")
        tally.failed = 1
    tally.close()
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
