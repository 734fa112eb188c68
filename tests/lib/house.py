"""A real Tenon server in a temporary folder, and a client that speaks to it."""
import datetime
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PASSWORD = "correct horse battery"
START_AT = "2026-09-14T10:00:00+08:00"  # a Monday, plain working days until the holiday on Friday of next week
_databases = itertools.count(1)


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status: int, headers: dict, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:600].decode(errors='replace')}"


class Client:
    """One caller: an address, perhaps a token."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.port, self.token = port, token

    def raw(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None, timeout: float = 60) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def call(self, method: str, path: str, body=None, expect: int | None = None, **headers: str) -> Answer:
        """One call below /api/v1; header names are written with underscores: If_Match="3"."""
        head = {k.replace("_", "-"): v for k, v in headers.items()}
        if self.token:
            head["Authorization"] = "Bearer " + self.token
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            head["Content-Type"] = "application/json"
        answer = self.raw(method, "/api/v1" + path, data, head)
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: wanted {expect}, got {answer}"
        return answer

    def get(self, path: str, expect: int = 200):
        return self.call("GET", path, expect=expect).json

    def post(self, path: str, body=None, expect: int = 200):
        answer = self.call("POST", path, body if body is not None else {}, expect=expect)
        return answer.json if answer.body else None

    def patch(self, path: str, body, expect: int = 200):
        return self.call("PATCH", path, body, expect=expect).json

    def capture(self, key: str, body, wait: int = 10, expect: int = 202, **headers: str):
        """Delivers to a source and waits for the result."""
        head = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if wait:
            head["Prefer"] = f"wait={wait}"
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        answer = self.raw("POST", f"/capture/{key}", data, head)
        assert answer.status == expect, f"capture: wanted {expect}, got {answer}"
        return answer.json if answer.body else None


class House:
    """A server on one engine. `admin` is signed in as the administrator."""

    def __init__(self, engine: str = "sqlite", postgres=None, binary: str | None = None, clock: bool = True, extra: tuple = (),
                 start_at: str | None = START_AT, parent: str | None = None, database: str | None = None, secret_key: str | None = None) -> None:
        self.engine, self.postgres = engine, postgres
        self.binary = binary or os.environ.get("TENON_BINARY", ROOT + "/build-test/tenon")
        self.dir = tempfile.mkdtemp(prefix="tenon-", dir=parent)
        self.password_file = self.dir + "/password"
        with open(self.password_file, "w", encoding="utf-8") as f:
            f.write(PASSWORD)
        self.database = database  # of another server, to be shared with it
        if engine == "postgres" and not database:
            self.database = postgres.create(f"t{os.getpid()}_{next(_databases)}")
        self.clock, self.extra = clock, extra
        if secret_key:  # servers on one database need the same one
            shutil.copy2(secret_key, self.dir + "/secret.key")
        if clock and start_at:
            self._begin_at(start_at)
        self.process: subprocess.Popen | None = None
        self.log = tempfile.mktemp(prefix="tenon-", suffix=".log")
        self.start()

    def _begin_at(self, when: str) -> None:
        """The test clock of a new server starts where its file says, so that no test depends on the day on which it runs."""
        begin = datetime.datetime.fromisoformat(when).timestamp()
        with open(self.dir + "/test-clock", "w", encoding="utf-8") as f:
            f.write(f"{int((begin - time.time()) * 1000)}\n")

    def command(self, port: int) -> list[str]:
        command = [self.binary, "serve", "--data", self.dir, "--listen", f"127.0.0.1:{port}", "--admin-password-file", self.password_file]
        command += ["--database", self.database] if self.database else []
        return command + (["--test-clock"] if self.clock else []) + list(self.extra)

    def start(self, port: int = 0, wrapper: tuple = ()) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*wrapper, *self.command(port)], stdout=subprocess.PIPE, stderr=log,
                                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        line = ""
        for line in iter(lambda: self.process.stdout.readline().decode(), ""):
            if "ready on port" in line:
                break
        if "ready on port" not in line:
            raise RuntimeError(f"the server did not start:\n{self.log_tail()}")
        self.port = int(line.rsplit(" ", 1)[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.admin = self.sign_in("admin", PASSWORD)

    def client(self, token: str | None = None) -> Client:
        return Client(self.port, token)

    def sign_in(self, login: str, password: str) -> Client:
        answer = Client(self.port).call("POST", "/sessions", {"login": login, "password": password}, expect=201)
        return Client(self.port, answer.json["token"])

    def capture(self, key: str, body, **more):
        return Client(self.port).capture(key, body, **more)

    def advance(self, by: str) -> str:
        return self.admin.post("/test/clock", {"advance": by})["now"]

    def move_to(self, when: str) -> str:
        return self.admin.post("/test/clock", {"to": when})["now"]

    def log_tail(self, n: int = 4000) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-n:]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def remove(self) -> None:
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
        os.path.exists(self.log) and os.unlink(self.log)


def run_sql(house, sql: str, folder: str | None = None, database: str | None = None) -> None:
    """Writes into the tables of a house past its server; of another one than this if folder and database are named."""
    if house.engine == "postgres":
        house.postgres.query("SET search_path TO tenon; " + sql, (database or house.database).rsplit("/", 1)[1])
        return
    with sqlite3.connect((folder or house.dir) + "/tenon.db") as db:
        db.executescript(sql)


def wait_for(condition, what: str = "the condition", seconds: float = 60):
    """Asks until the answer is true; gives it back."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        threading.Event().wait(0.02)


class Live:
    """A live stream read in the background: `events` grows."""

    def __init__(self, client: Client, after: int | None = None) -> None:
        self.events: list[dict] = []
        self.ended = False
        self.connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=120)
        headers = {"Authorization": "Bearer " + client.token}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        self.connection.connect()
        self.socket = self.connection.sock  # the response takes it over and hides it
        self.connection.request("GET", "/api/v1/live", headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.status
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self.response:
                if line.startswith(b"data:"):
                    self.events.append(json.loads(line[5:]))
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended = True

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def wait(self, kind: str, record: str | None = None, seconds: float = 60) -> dict:
        def found():
            return next((e for e in self.events if e["kind"] == kind and record in (None, e.get("record"))), None)
        return wait_for(found, f"event {kind}", seconds)
