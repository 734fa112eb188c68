"""A private PostgreSQL cluster in a temporary folder, on a Unix socket and a free port of loopback."""
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    """Made, started and thrown away with the test run."""

    def __init__(self) -> None:
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.root = tempfile.mkdtemp(prefix="tenon-pg-")
        self.data = self.root + "/data"
        self.port = free_port()
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self.user:
            os.chown(self.root, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "tenon", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        with open(self.data + "/postgresql.conf", "a", encoding="utf-8") as f:
            f.write(f"port = {self.port}\nunix_socket_directories = '{self.root}'\nmax_connections = 200\nshared_buffers = 128MB\n")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        demote = (lambda: (os.setgid(self.user.pw_gid), os.setuid(self.user.pw_uid))) if self.user else None
        with open(self.root + ".log", "a", encoding="utf-8") as log:
            subprocess.run([f"{self.bin}/{program}", *arguments], check=True, preexec_fn=demote, stdout=log, stderr=log, cwd="/")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.data + "/server.log", "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgres://tenon@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new empty database; its address."""
        self.query(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def query(self, sql: str, database: str = "postgres") -> str:
        return subprocess.run([f"{self.bin}/psql", "-X", "-A", "-t", "-q", "-c", sql, self.url(database)],
                              check=True, capture_output=True, text=True).stdout.strip()

    def remove(self) -> None:
        try:
            self.stop("immediate")
        finally:
            shutil.rmtree(self.root, ignore_errors=True)
            os.path.exists(self.root + ".log") and os.unlink(self.root + ".log")
