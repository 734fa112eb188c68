#!/usr/bin/env python3
"""Runs the benchmarks against a release build and prints medians and ratios; how and why stands in docs/benchmarks.md.

    meson setup /tmp/build-bench -Dbuildtype=release && ninja -C /tmp/build-bench src/app/tenon bench
    bench/run.py --build /tmp/build-bench --work /var/tmp/tenon-bench [backup import match idle scroll live live10k lists take receipts start postgres receipts_postgres outbox probes]
"""
import argparse
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
PASSWORD = "a password for the benchmark"


class Bench:
    """Where things are, and how long they may take."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.build, self.work = pathlib.Path(arguments.build), pathlib.Path(arguments.work)
        self.rounds, self.seconds, self.leads = arguments.rounds, arguments.seconds, arguments.leads
        self.work.mkdir(parents=True, exist_ok=True)
        (self.work / "password").write_text(PASSWORD)

    def program(self, name: str, *arguments) -> dict:
        """Runs one program of bench/ and reads its line of JSON; its exit status may tell of answers that were refused."""
        done = subprocess.run([self.build / "bench" / name, *map(str, arguments)], capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{") and '"level"' not in line]
        if not lines:
            raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
        return json.loads(lines[-1])

    def filled(self, leads: int, people: int) -> pathlib.Path:
        """A copy of a filled data folder; the original is made once."""
        original, copy = self.work / f"filled-{leads}-{people}", self.work / "copy"
        if not original.exists():
            self.program("fill", original, "--leads", leads, "--people", people)
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-a", f"{original}/.", copy], check=True)
        os.sync()
        return copy

    def server(self, data: pathlib.Path, *options: str) -> "Server":
        return Server(self.build / "src/app/tenon", data, self.work / "password", *options)


class Server:
    """tenon serve on a free port."""

    def __init__(self, binary: pathlib.Path, data: pathlib.Path, password: pathlib.Path, *options: str) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        began = time.monotonic()
        self.data = data
        self.process = subprocess.Popen(
            [binary, "serve", "--data", data, "--listen", f"127.0.0.1:{self.port}", "--admin-password-file", password,
             *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if "ready" not in self.process.stdout.readline():
            raise SystemExit("the server did not start")
        self.ready_ms = (time.monotonic() - began) * 1000
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.token = self.ask("POST", "/sessions", {"login": "admin", "password": PASSWORD})["token"]

    def ask(self, method: str, path: str, body=None) -> dict:
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "token"):
            headers["Authorization"] = "Bearer " + self.token
        self.connection.request(method, "/api/v1" + path, json.dumps(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]}")
        return json.loads(text)

    def pending(self) -> int:
        """Asked of the file, so that the question costs the server nothing."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/receipts.db?mode=ro", uri=True)) as log:
            return log.execute("SELECT count(*) FROM receipt WHERE state = 'pending'").fetchone()[0]

    def drained(self, seconds: float) -> float:
        """Seconds until no receipt is pending."""
        began = time.monotonic()
        while self.pending() > 0:
            if time.monotonic() - began > seconds:
                return float("inf")
            time.sleep(0.2)
        return time.monotonic() - began

    def jobs_a_commit(self) -> int:
        """Writing jobs made durable by one COMMIT, on average since the start."""
        self.connection.request("GET", "/metrics", headers={"Authorization": "Bearer " + self.token})
        text = self.connection.getresponse().read().decode()
        jobs, commits = (int(float(re.search(rf"^tenon_batch_jobs_{what} (\S+)$", text, re.M)[1])) for what in ("sum", "count"))
        return max(1, round(jobs / commits))

    def memory_mb(self, what: str = "VmRSS") -> float:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(what + r":\s+(\d+)", status)[1]) / 1024

    def syncs(self, seconds: int) -> threading.Thread:
        """Counts the fdatasync calls of the next seconds into self.synced, if perf can."""
        def count() -> None:
            done = subprocess.run(["perf", "stat", "-x,", "-e", "syscalls:sys_enter_fdatasync", "-p", str(self.process.pid),
                                   "sleep", str(seconds)], capture_output=True, text=True, check=False)
            found = re.search(r"^(\d+),", done.stderr, re.M)
            self.synced = int(found[1]) if found else 0
        thread = threading.Thread(target=count)
        thread.start()
        return thread

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def median(rows: list[dict], key: str) -> float:
    return statistics.median(row[key] for row in rows)


def show(title: str, rows: list[dict], *keys: str) -> None:
    """One line a figure: the median, and what it is the median of."""
    print(f"\n{title}")
    for key in keys:
        values = ", ".join(f"{row[key]:,.4g}" if isinstance(row[key], float) else f"{row[key]:,}" for row in rows)
        print(f"  {key:22} {median(rows, key):14,.2f}   of {values}")
    sys.stdout.flush()


def log_sizes(data: pathlib.Path) -> dict:
    return {name + "_mb": (data / file).stat().st_size / 1e6 for name, file in
            (("receipts", "receipts.db"), ("receipts_wal", "receipts.db-wal"), ("leads_wal", "tenon.db-wal"))}


def receipts(bench: Bench) -> None:
    """Bursts at full speed, then at 10,000 a second, each beside the bare log."""
    bursts, steady, bare, bare_steady = [], [], [], []
    for number in range(bench.rounds):
        data = bench.filled(bench.leads, 2000)
        server = bench.server(data)
        counting = server.syncs(bench.seconds)
        burst = bench.program("load", "--port", server.port, "--path", "/capture/bench", "--seconds", bench.seconds, "--seed", 1)
        counting.join()
        burst["left"] = server.pending()
        burst["drain_s"] = server.drained(600)
        batch = burst["batch"] = round(burst["accepted"] / server.synced) if server.synced else 32
        burst |= log_sizes(data) | {"peak_mb": server.memory_mb("VmHWM"), "ready_ms": server.ready_ms}
        bursts.append(burst)
        bare.append(bench.program("bare_log", bench.work / "bare.log", 600, max(1, batch), bench.seconds))
        steady.append(bench.program("load", "--port", server.port, "--path", "/capture/bench", "--seconds", bench.seconds,
                                    "--rate", 10000, "--seed", 10))
        server.stop()
        bare_steady.append(bench.program("bare_log", bench.work / "bare.log", 600, max(1, batch), bench.seconds))
    show("receipts, full speed", bursts, "rate", "p50_us", "p99_us", "refused", "left", "drain_s", "batch", "peak_mb",
         "receipts_mb", "receipts_wal_mb", "leads_wal_mb", "ready_ms")
    show("bare log, same batches", bare, "rate", "p50_us", "p99_us", "max_us", "over_10ms")
    show("receipts at 10,000 a second", steady, "rate", "p50_us", "p99_us", "p999_us", "max_us", "over_10ms", "refused")
    show("bare log beside it", bare_steady, "p99_us", "max_us", "over_10ms")
    print(f"  ratio to the bare log: {median(bursts, 'rate') / median(bare, 'rate'):.3f}")


def take(bench: Bench) -> None:
    """Leads made of pending receipts, and the bare program on the folder they left."""
    house, bare = [], []
    for number in range(bench.rounds):
        data = bench.filled(bench.leads, 2000)
        house.append(bench.program("take", data, "--receipts", 3000 * bench.seconds, "--seed", 1))
        bare.append(bench.program("bare_take", data / "tenon.db", "--leads", 3000 * bench.seconds))
    show("taken in", house, "rate", "cpu_us", "assigned")
    show("bare program, same rows", bare, "rate", "cpu_us")
    print(f"  ratio of rates {median(house, 'rate') / median(bare, 'rate'):.2f}, "
          f"of processor time {median(bare, 'cpu_us') / median(house, 'cpu_us'):.2f}")


def sessions(bench: Bench, data: pathlib.Path, number: int) -> list[str]:
    """Tokens of people by login: p0 is a supervisor without a team, p1 a salesperson."""
    done = subprocess.run([bench.build / "bench/sessions", data, str(number)], capture_output=True, text=True, check=True)
    return re.findall(r"^[\w-]{43}$", done.stdout, re.M)


def live(bench: Bench) -> None:
    """From the delivery to the owner's stream, 500 of them open."""
    rows = []
    for number in range(bench.rounds):
        data = bench.filled(20000, 500)
        (bench.work / "tokens").write_text("\n".join(sessions(bench, data, 500)) + "\n")
        server = bench.server(data)
        rows.append(bench.program("live", "--port", server.port, "--tokens", bench.work / "tokens", "--seconds", bench.seconds))
        server.stop()
    show("to the salesperson's stream", rows, "streams", "sent", "seen", "p50_us", "p90_us", "p99_us", "max_us")


def live10k(bench: Bench) -> None:
    """10,000 people with a stream each: the memory of the streams, and one event to all of them."""
    rows = []
    for number in range(bench.rounds):
        data = bench.filled(1000, 10000)
        (bench.work / "tokens").write_text("\n".join(sessions(bench, data, 10000)) + "\n")
        server = bench.server(data)
        rows.append(bench.program("live_many", "--port", server.port, "--pid", server.process.pid, "--tokens", bench.work / "tokens"))
        server.stop()
    show("10,000 live streams, 20 events to all", rows, "streams", "open_ms", "before_mb", "cost_mb", "after_events_mb", "p50_us", "p99_us",
         "to_all_p50_us", "to_all_max_us")


STARTED = ("ready_ms", "peak_mb", "rss_mb")
ASKED = ("p50_us", "p90_us", "p99_us", "max_us", "cpu_p50_us", "cpu_p99_us")


def lists(bench: Bench) -> None:
    """Pages of 50 by what the indexes offer, from the first one deep into the list, and the duplicate check; then the start.
    Times of a small client in C over a connection that stays open; cpu_us is the server's processor time of a page."""
    data = bench.filled(bench.leads, 2000)
    salesperson = sessions(bench, data, 2)[1]
    server = bench.server(data)
    lead = server.ask("GET", "/records/lead?limit=1&sort=-created_at")["items"][0]
    questions = {"all": "", "status": 'status = "contacting"', "owner": f'owner = "{lead["owner"]}"',
                 "source": f'source = "{lead["source"]}"', "source and status": f'source = "{lead["source"]}" AND status = "invalid"'}

    def ask(path: str, *more, token: str = server.token) -> list[dict]:
        return [bench.program("ask", "--port", server.port, "--pid", server.process.pid, "--token", token, "--path",
                              "/api/v1" + path, "--times", 1000, *more) for _ in range(bench.rounds)]

    for name, formula in questions.items():
        query = "/records/lead?limit=50&sort=-created_at" + (formula and "&filter=" + urllib.parse.quote(formula))
        show(f"list page of 50: {name}", ask(query), *ASKED)
        if name != "owner":
            show(f"a salesperson's own, page of 50: {name}", ask(query, token=salesperson), *ASKED)
    check = {"company": lead["company"], "phone": "13912345678"}
    show("POST /leads/check (hits are read and written too)", ask("/leads/check", "--body", json.dumps(check)), *ASKED)
    server.stop()
    rows = []
    for _ in range(bench.rounds):
        server = bench.server(data)
        rows.append({"ready_ms": server.ready_ms, "rss_mb": server.memory_mb()})
        server.stop()
    show(f"start with {bench.leads:,} leads, file in the system's cache", rows, "ready_ms", "rss_mb")


def idle(bench: Bench) -> None:
    """The demo company: time to ready, memory, and the script of the first screen."""
    rows, data = [], bench.work / "demo"
    shutil.rmtree(data, ignore_errors=True)
    subprocess.run([bench.build / "src/app/tenon", "demo", "--data", data, "--admin-password-file", bench.work / "password"],
                   check=True, stderr=subprocess.DEVNULL)
    for number in range(bench.rounds):
        server = bench.server(data)
        time.sleep(2)
        rows.append({"ready_ms": server.ready_ms, "rss_mb": server.memory_mb()})
        server.stop()
    show("demo company, idle", rows, "ready_ms", "rss_mb")
    dist = ROOT / "web/dist"
    if (dist / "index.html").exists():
        page = (dist / "index.html").read_text()
        first = set(re.findall(r'(?:src|href)="/([^"]+\.js)"', page))
        size = sum(len(gzip.compress((dist / name).read_bytes(), 9)) for name in first)
        print(f"  script named by index.html: {size / 1000:.1f} kB gzip in {len(first)} files")


def scroll(bench: Bench) -> None:
    """The lead list over 100,000 rows in Chromium, in turn with a bare list; milliseconds are those of the main thread for one frame."""
    server = bench.server(bench.filled(100000, 200))
    done = subprocess.run([ROOT / "web/.node/node_modules/node/bin/node", ROOT / "bench/scroll.mjs", f"http://127.0.0.1:{server.port}",
                           "admin", PASSWORD, str(bench.rounds)], capture_output=True, text=True, check=False)
    server.stop()
    if done.returncode:
        raise SystemExit(f"scroll.mjs failed: {done.stderr[-2000:]}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    for step in (120, 2400):
        both = {name: [row for row in rows if row["list"] == name and row["step"] == step] for name in ("leads", "bare")}
        for name, runs in both.items():
            show(f"scrolling by {step} px a frame, {name}", runs, "fps", "drawn_fps", "p95_ms", "main_ms", "script_ms", "style_ms", "layout_ms",
                 "rest_ms", "blank", "load")
            print(f"  best fps {max(row['fps'] for row in runs):.1f}")
        print(f"  ratio to the bare list, main thread: {median(both['leads'], 'main_ms') / median(both['bare'], 'main_ms'):.2f}")


def outbox(bench: Bench) -> None:
    """Signed webhooks out of the outbox to a local sink over keep-alive."""
    sink = subprocess.Popen([bench.build / "src/http/http_echo", "127.0.0.1:0", "1"], stdout=subprocess.PIPE, text=True)
    rows = []
    try:
        url = f"http://127.0.0.1:{int(sink.stdout.readline().split()[1])}/hook"
        for _ in range(bench.rounds):
            folder = bench.work / "outbox"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            rows.append(bench.program("outbox", folder, 20000, url))
    finally:
        sink.terminate()
        sink.wait()
    show("outbox, 20,000 messages", rows, "per_second", "cpu_us_each")


def probes(bench: Bench) -> None:
    """Heartbeats of 200 outside services to a local sink: processor time of the server, beside itself without any."""
    sink = subprocess.Popen([bench.build / "src/http/http_echo", "127.0.0.1:0", "1"], stdout=subprocess.PIPE, text=True)
    rows, tick = [], os.sysconf("SC_CLK_TCK")

    def spent(server: Server) -> float:
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / tick

    def share(server: Server) -> float:
        began, before = time.monotonic(), spent(server)
        time.sleep(2 * bench.seconds)
        return (spent(server) - before) / (time.monotonic() - began) * 100
    try:
        url = f"http://127.0.0.1:{int(sink.stdout.readline().split()[1])}/health"
        for _ in range(bench.rounds):
            folder = bench.work / "probes"
            shutil.rmtree(folder, ignore_errors=True)
            server = bench.server(folder)
            idle = share(server)
            for number in range(200):
                server.ask("POST", "/services", {"kind": "http", "name": f"s{number}", "address": url, "allowed_host": "127.0.0.1"})
            time.sleep(25)  # the first beat of each, and the making of them, are behind
            busy = share(server)
            server.connection.close()  # the server closes it when nothing is asked for long; it opens by itself
            up = sum(one["state"] == "up" for one in server.ask("GET", "/services")["items"])
            rows.append({"percent_of_a_core": busy, "without_services": idle, "up": up, "memory_mb": server.memory_mb()})
            server.stop()
    finally:
        sink.terminate()
        sink.wait()
    show("heartbeats of 200 services, every 20 s", rows, "percent_of_a_core", "without_services", "up", "memory_mb")


def match(bench: Bench) -> None:
    """The duplicate index by itself."""
    done = subprocess.run([bench.build / "bench/match_bench", str(bench.leads), "20000"], capture_output=True, text=True, check=True)
    print("\nduplicate index\n  " + done.stdout.strip().replace("\n", "\n  "), flush=True)


def postgres(bench: Bench) -> None:
    """Ratios only, on a private cluster: leads taken in, SQLite beside PostgreSQL."""
    from lib.postgres import Postgres
    cluster, rows = Postgres(), {"sqlite": [], "postgres": [], "bare": []}
    try:
        for number in range(bench.rounds):
            url = cluster.create(f"bench{number}")
            folder = bench.work / f"postgres{number}"
            shutil.rmtree(folder, ignore_errors=True)
            bench.program("fill", folder, "--leads", 20000, "--people", 2000, "--database", url)
            cluster.query("ANALYZE", f"bench{number}")  # as a server does that was not filled a moment ago
            rows["postgres"].append(bench.program("take", folder, "--receipts", 500 * bench.seconds, "--database", url))
            rows["bare"].append(bench.program("bare_take_pg", url, "--leads", 500 * bench.seconds))
            rows["sqlite"].append(bench.program("take", bench.filled(20000, 2000), "--receipts", 500 * bench.seconds))
    finally:
        cluster.remove()
    show("taken in, SQLite, 20,000 leads", rows["sqlite"], "rate", "assigned")
    show("taken in, PostgreSQL, 20,000 leads", rows["postgres"], "rate", "assigned")
    show("bare program on PostgreSQL, same rows", rows["bare"], "rate")
    print(f"  ratio to the bare program {median(rows['postgres'], 'rate') / median(rows['bare'], 'rate'):.2f}")
    print(f"  ratio PostgreSQL to SQLite: {median(rows['postgres'], 'rate') / median(rows['sqlite'], 'rate'):.2f}")


def receipts_postgres(bench: Bench) -> None:
    """Ratio only, on a private cluster: durable receipts over HTTP beside a program that only writes their rows."""
    from lib.postgres import Postgres
    cluster, house, bare = Postgres(), [], []
    try:
        for number in range(bench.rounds):
            url = cluster.create(f"receipts{number}")
            folder = bench.work / f"receipts{number}"
            shutil.rmtree(folder, ignore_errors=True)
            bench.program("fill", folder, "--leads", 20000, "--people", 2000, "--database", url)
            cluster.query("ANALYZE", f"receipts{number}")
            server = bench.server(folder, "--database", url)
            house.append(bench.program("load", "--port", server.port, "--path", "/capture/bench", "--seconds", bench.seconds,
                                       "--seed", 1))
            house[-1]["batch"] = min(server.jobs_a_commit(), 32)
            server.stop()
            bare.append(bench.program("bare_log_pg", url, 400, house[-1]["batch"], 4, bench.seconds))
    finally:
        cluster.remove()
    show("receipts over HTTP, PostgreSQL", house, "rate", "p50_us", "p99_us", "refused", "batch")
    show("bare program on PostgreSQL, rows and batches of that size", bare, "rate")
    print(f"  ratio to the bare program {median(house, 'rate') / median(bare, 'rate'):.2f}")


def start_rows(bench: Bench, data: pathlib.Path, *options: str) -> list[dict]:
    """One start that is not counted, then the rounds: how long it took, what it needed at most, and what it keeps."""
    rows = []
    for _ in range(bench.rounds + 1):
        server = bench.server(data, *options)
        rows.append({"ready_ms": server.ready_ms, "peak_mb": server.memory_mb("VmHWM"), "rss_mb": server.memory_mb()})
        server.stop()
    return rows[1:]


def start(bench: Bench) -> None:
    """A start with all leads, SQLite beside PostgreSQL on a private cluster: the duplicate index is read whole."""
    from lib.postgres import Postgres
    show(f"start, SQLite, {bench.leads:,} leads", start_rows(bench, bench.filled(bench.leads, 2000)), *STARTED)
    cluster = Postgres()
    try:
        url, folder = cluster.create("start"), bench.work / "start"
        shutil.rmtree(folder, ignore_errors=True)
        bench.program("fill", folder, "--leads", bench.leads, "--people", 2000, "--database", url)
        cluster.query("ANALYZE", "start")
        show(f"start, PostgreSQL, {bench.leads:,} leads", start_rows(bench, folder, "--database", url), *STARTED)
    finally:
        cluster.remove()


def ballast(data: pathlib.Path, size_mb: int) -> None:
    """Fills the record database up to that size with pages nobody asks for: a copy reads them all the same."""
    with contextlib.closing(sqlite3.connect(data / "tenon.db")) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("CREATE TABLE ballast (piece BLOB)")
        while (data / "tenon.db").stat().st_size < size_mb * 1e6:
            with db:
                db.executemany("INSERT INTO ballast VALUES (?)", ((os.urandom(1 << 20),) for _ in range(64)))
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()


def accounts(bench: Bench, server: Server, seed: int, beside: subprocess.Popen | None = None) -> dict:
    """Single writing calls over eight connections, each durable before its answer, for a time or until what runs beside them ends."""
    load = subprocess.Popen([str(bench.build / "bench/load"), "--port", str(server.port), "--path", "/api/v1/records/account", "--token", server.token,
                             "--connections", "8", "--seconds", "3600" if beside else str(bench.seconds), "--seed", str(seed)],
                            stdout=subprocess.PIPE, text=True)
    if beside:
        beside.wait()
        load.terminate()
    found = json.loads(load.communicate()[0])
    if load.returncode != 0:
        raise SystemExit(f"calls were refused: {found}")
    return found


def backup(bench: Bench) -> None:
    """Commits a second of eight senders on a 2 GB data folder: alone, while a backup is written beside them, and alone again."""
    rows = {"alone": [], "beside a backup": [], "alone again": []}
    for number in range(bench.rounds):
        data = bench.filled(20000, 500)
        ballast(data, 2000)
        server, target = bench.server(data), bench.work / "backups"
        rows["alone"].append(accounts(bench, server, 1))
        shutil.rmtree(target, ignore_errors=True)
        copy = subprocess.Popen([bench.build / "src/app/tenon", "backup", "--data", data, "--to", target], stdout=subprocess.DEVNULL)
        rows["beside a backup"].append(accounts(bench, server, 2, copy))
        if copy.returncode != 0:
            raise SystemExit("the backup failed")
        rows["alone again"].append(accounts(bench, server, 3))
        server.stop()
    for title, results in rows.items():
        show(f"commits on 2 GB, {title}", results, "rate", "p50_us", "p99_us", "max_us", "seconds")
    pairs = [b["rate"] / ((a["rate"] + c["rate"]) / 2) for a, b, c in zip(*rows.values())]
    print(f"  rate beside a backup to the rate alone: {statistics.median(pairs):.3f}")


def importing(bench: Bench) -> None:
    """A CSV of bench.leads rows into an empty house, by the command line: rows a second, processor time a row, memory."""
    import resource
    table, rows = bench.work / "leads.csv", []
    bench.program("table", table, bench.leads)
    for number in range(bench.rounds):
        folder = bench.work / "imported"
        shutil.rmtree(folder, ignore_errors=True)
        Server(bench.build / "src/app/tenon", folder, bench.work / "password").stop()
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(["/usr/bin/time", "-f", "%M", bench.build / "src/app/tenon", "import", "--data", folder, "--source", "web", table],
                              capture_output=True, text=True, check=True)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append({"rate": bench.leads / seconds, "cpu_us": spent / bench.leads * 1e6, "memory_mb": int(done.stderr.split()[-1]) / 1024})
    show(f"import of {bench.leads} rows", rows, "rate", "cpu_us", "memory_mb")


PARTS = {"backup": backup, "import": importing, "match": match, "idle": idle, "scroll": scroll, "live": live, "live10k": live10k, "lists": lists,
         "take": take, "receipts": receipts,
         "start": start, "postgres": postgres, "receipts_postgres": receipts_postgres, "outbox": outbox, "probes": probes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="a release build with the target bench")
    parser.add_argument("--work", required=True, help="a folder for the data, about 6 GB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--leads", type=int, default=1000000)
    parser.add_argument("parts", nargs="*", help=" ".join(PARTS))
    arguments = parser.parse_args()
    bench = Bench(arguments)
    for name in arguments.parts or PARTS:
        print(f"# {name}: load average {os.getloadavg()[0]:.1f}", flush=True)
        PARTS[name](bench)


if __name__ == "__main__":
    main()
