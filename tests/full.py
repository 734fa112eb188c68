#!/usr/bin/env python3
"""The long forms of `./test --full`: clang with sanitizers, ThreadSanitizer, fuzzers. Prints TAP lines. Seconds a fuzzer: TENON_FUZZ_SECONDS."""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT + "/tests")
import run  # noqa: E402
from lib.postgres import Postgres  # noqa: E402

THREADED = ("http", "net", "store", "call", "event", "channel")
FUZZ_SECONDS = int(os.environ.get("TENON_FUZZ_SECONDS", "60"))
# The archives that hold what is fuzzed and what that stands on.
FUZZED = tuple(f"src/{folder}/lib{folder.rsplit('/', 1)[-1]}.a" for folder in (
    "modules/lead/pull", "modules/lead/intake", "match", "expr", "meta", "call", "store", "http", "net", "mail", "sheet", "file", "base"))
PACKAGES = ("talloc", "glib-2.0", "jansson", "libsodium", "sqlite3", "libpq", "libevent_core", "libevent_pthreads", "expat", "libzip", "libqrencode", "gmime-3.0", "libcurl")


def report(good: bool, name: str, output: str = "") -> bool:
    print(("ok " if good else "not ok ") + name, flush=True)
    if not good:
        print("".join("  " + line + "\n" for line in output.splitlines()[-80:]), flush=True)
    return good


def command(words: list[str], timeout: int = 1800, **environment: str) -> tuple[bool, str]:
    try:
        done = subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        return done.returncode == 0, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as e:
        return False, (e.stdout or b"").decode(errors="replace") + f"\nlonger than {timeout} s"


def build(folder: str, sanitizers: str, targets: list[str], *options: str) -> bool:
    """A folder of its own for each kind of build, made once and kept."""
    if not os.path.exists(f"{ROOT}/{folder}/build.ninja"):
        good, output = command(["meson", "setup", folder, f"-Db_sanitize={sanitizers}", "-Db_lundef=false", *options], CC="clang")
        if not good:
            return report(False, f"full/{folder}/configured", output)
    good, output = command(["ninja", "-j", str(os.cpu_count() or 2), "-C", folder, *targets])
    return report(good, f"full/{folder}/built", output)


def unit_tests(folder: str, names: tuple[str, ...] | None, url: str, **environment: str) -> None:
    for title, words, wanted in run.unit_jobs(folder, "", url, **environment):
        program = os.path.basename(title).removeprefix("test_")
        if names is not None and program not in names:
            continue
        good, output = command(words, **wanted)
        passed = len(re.findall(r"^ok ", output, re.M))
        report(good and passed > 0 and "ThreadSanitizer" not in output, f"full/{folder}/{program} ({passed} tests)", output)


def clang(url: str) -> None:
    if build("build-clang", "address,undefined", []):
        unit_tests("build-clang", None, url)


def threads(url: str) -> None:
    if build("build-tsan", "thread", [f"test_{name}" for name in THREADED]):
        # GLib's own allocator hands blocks from thread to thread behind the sanitizer's back.
        unit_tests("build-tsan", THREADED, url, TSAN_OPTIONS="halt_on_error=0:second_deadlock_stack=1", G_SLICE="always-malloc")


def fuzz_one(source: str, folder: str) -> None:
    name = os.path.basename(source).removesuffix("_fuzz.c")
    binary, corpus, seeds = f"{folder}/{name}", f"{folder}/{name}.corpus", f"{ROOT}/tests/fuzz/seeds/{name}"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *PACKAGES], capture_output=True, text=True, check=True).stdout.split()
    good, output = command(["clang", "-std=gnu17", "-D_GNU_SOURCE", "-g", "-O1", f"-I{ROOT}/src", "-fsanitize=fuzzer,address,undefined",
                            "-fno-sanitize-recover=undefined", source, "-Wl,--start-group", *(f"{ROOT}/build-fuzz/{path}" for path in FUZZED), "-Wl,--end-group", *flags, "-lm", "-o", binary])
    if not good:
        report(False, f"full/fuzz/{name}/built", output)
        return
    os.mkdir(corpus)
    good, output = command([binary, f"-max_total_time={FUZZ_SECONDS}", "-max_len=8192", "-timeout=10", f"-artifact_prefix={folder}/", "-print_final_stats=1",
                            corpus, *([seeds] if os.path.isdir(seeds) else [])], timeout=FUZZ_SECONDS + 300)
    runs = re.search(r"stat::number_of_executed_units: (\d+)", output)
    report(good and runs is not None and int(runs[1]) > 100, f"full/fuzz/{name} ({runs[1] if runs else 0} runs)", output)


def fuzzers(_url: str) -> None:
    if not build("build-fuzz", "address,undefined", list(FUZZED), "-Dc_args=-fsanitize=fuzzer-no-link"):
        return
    with tempfile.TemporaryDirectory(prefix="tenon-fuzz-") as folder:
        for source in sorted(glob.glob(ROOT + "/tests/fuzz/*_fuzz.c")):
            fuzz_one(source, folder)


def main() -> None:
    parts = {"clang": clang, "threads": threads, "fuzz": fuzzers}
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="?", choices=list(parts))
    chosen = parser.parse_args().part
    postgres = Postgres()
    try:
        for name, part in parts.items():
            if chosen in (None, name):
                part(postgres.url())
    finally:
        postgres.remove()


if __name__ == "__main__":
    main()
