"""The disk under SQLite: no 202 before its bytes are synced, none when the sync fails, and a full disk is told and outlived."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, quiet_policy  # noqa: E402
from lib.house import House, wait_for  # noqa: E402

WRITES = ("pwrite64", "pwritev", "write", "writev", "sendmsg", "sendto")
SYNCS = ("fdatasync", "fsync")


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)
    house.company = Company(house, 1, capacity=1000)


def deliver(house, name, **headers):
    body = json.dumps({"name": name, "phone": f"139{abs(hash(name)) % 10**8:08d}"}).encode()
    head = {"Content-Type": "application/json", **headers}
    return house.client().raw("POST", f"/capture/{house.company.key}", body, head)


class Strace:
    """Attached to a running server: watches its system calls, or makes some of them fail."""

    def __init__(self, house, *arguments: str) -> None:
        self.file = tempfile.mktemp(prefix="tenon-strace-")
        self.process = subprocess.Popen(["strace", "-f", "-p", str(house.process.pid), "-o", self.file, *arguments], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()  # one for all threads
        assert "attached" in line, f"strace could not attach: {line}"

    def end(self) -> str:
        self.process.terminate()
        self.process.wait(20)
        with open(self.file, encoding="utf-8", errors="replace") as f:
            text = f.read()
        os.unlink(self.file)
        return text


CALL = re.compile(r"^(\d+) +([\d.]+) (\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+) +([\d.]+) <\.\.\. (\w+) resumed>(.*)$")
TOOK = re.compile(r"<([\d.]+)>$")


def calls(text):
    """(name, arguments, start, end) of every call, in seconds; one that was under way at the end never ends."""
    found, begun = [], {}
    for line in text.splitlines():
        resumed, call = RESUMED.match(line), CALL.match(line)
        took = TOOK.search(line)
        if resumed and resumed[1] in begun:
            name, arguments, start = begun.pop(resumed[1])
            found.append((name, arguments + resumed[4], start, start + float(took[1])))
        elif call and took:
            found.append((call[3], call[4], float(call[2]), float(call[2]) + float(took[1])))
        elif call:
            begun[call[1]] = (call[3], call[4], float(call[2]))
    return found + [(name, arguments, start, float("inf")) for name, arguments, start in begun.values()]


def test_no_202_before_its_bytes_are_synced(house):
    if house.engine != "sqlite":
        return
    trace = Strace(house, "-ttt", "-T", "-y", "-s", "20000", "-e", "trace=" + ",".join(WRITES + SYNCS))
    try:
        answers = {f"synced-{i}-{os.getpid()}": None for i in range(8)}
        for name in answers:
            answers[name] = deliver(house, name).json["receipt"]
    finally:
        seen = calls(trace.end())
    for name, receipt in answers.items():
        told = min(start for call, arguments, start, _ in seen if call in WRITES and "HTTP/1.1 202" in arguments and receipt in arguments)
        kept = [(arguments, end) for call, arguments, _, end in seen if call in WRITES and name in arguments and "receipts.db" in arguments]
        assert kept, f"{name}: the body was not written to the log of receipts"
        written = min(end for _, end in kept)
        synced = [end for call, arguments, start, end in seen if call in SYNCS and "receipts.db" in arguments and start >= written - 1e-6
                  and end <= told + 1e-6 and re.search(r"= 0 ", arguments)]
        assert written <= told and synced, f"{name}: written {written}, answered {told}, no sync between"


def test_a_failing_sync_gives_no_202(house):
    if house.engine != "sqlite":
        return
    before = [deliver(house, f"before-{i}", Prefer="wait=10").json for i in range(3)]
    trace = Strace(house, "-e", "trace=" + ",".join(SYNCS), "-e", "inject=fdatasync,fsync:error=EIO")
    try:
        for i in range(5):
            answer = deliver(house, f"failing-{i}")
            assert answer.status in (503, 507), f"a 202 without a sync: {answer}"
            assert answer.headers["content-type"] == "application/problem+json" and answer.headers["retry-after"], answer.headers
    finally:
        injected = trace.end()
    assert "INJECTED" in injected, injected[-500:]
    again = wait_for(lambda: (a := deliver(house, "after the fault", Prefer="wait=10")).status == 202 and a.json, "the server to take leads again")
    house.kill()
    house.start()
    for answer in before + [again]:
        kept = house.client().raw("GET", f"/capture/{house.company.key}/receipts/{answer['receipt']}")
        assert kept.status == 200 and wait_for(lambda a=answer: house.client().raw(
            "GET", f"/capture/{house.company.key}/receipts/{a['receipt']}").json["state"] == "taken"), kept
    for i in range(5):
        assert deliver(house, f"failing-{i}", Prefer="wait=10").json["state"] in ("taken", "duplicate"), "sent again, it comes in"


class FullDisk:
    """A small file system that is filled to the brim, or writes that fail as on a full one where mounting is not allowed."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="tenon-disk-")
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tenon-test", self.folder], capture_output=True, check=False).returncode == 0
        self.trace = None

    def fill(self, house) -> None:
        if not self.mounted:
            self.trace = Strace(house, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC")
            return
        with open(self.folder + "/filler", "wb", buffering=0) as f:
            for size in (1 << 20, 4096, 512, 1):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    continue

    def empty(self) -> None:
        if self.trace:
            self.trace.end()
        elif os.path.exists(self.folder + "/filler"):
            os.unlink(self.folder + "/filler")

    def remove(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)
        os.rmdir(self.folder)


def refusals(house, acknowledged):
    """Delivers until the disk is full; the refusal."""
    for i in range(3000):
        answer = deliver(house, f"filling-{time.monotonic_ns()}-{'x' * 3000}")
        if answer.status != 202:
            return answer
        acknowledged.append(answer.json["receipt"])
    raise AssertionError("the disk never became full")


def test_full_disk_is_told_and_outlived(house):
    if house.engine != "sqlite":
        return
    disk = FullDisk()
    tight = House("sqlite", parent=disk.folder)
    try:
        quiet_policy(tight, load_max=1000)
        tight.company = Company(tight, 1, capacity=1000)
        acknowledged = [deliver(tight, "early", Prefer="wait=10").json["receipt"]]
        disk.fill(tight)
        refused = refusals(tight, acknowledged)
        assert refused.status in (503, 507) and refused.headers["content-type"] == "application/problem+json", refused
        assert refused.json["detail"] and refused.headers["retry-after"], refused
        assert tight.client().raw("GET", "/healthz").status == 200
        assert tight.admin.call("GET", "/records/lead?limit=5").status == 200, "reading goes on"
        writing = [tight.admin.call("POST", "/records/account", {"name": f"满盘{i}", "note": "长" * 3000}).status for i in range(30)]
        assert set(writing) <= {201, 503, 507}, writing
        disk.empty()
        wait_for(lambda: deliver(tight, f"again-{time.monotonic_ns()}").status == 202, "leads to be taken again")
        assert tight.admin.call("POST", "/records/account", {"name": "有空了"}).status == 201
        tight.kill()
        tight.start()
        for receipt in acknowledged[:1] + acknowledged[-20:]:
            wait_for(lambda r=receipt: tight.client().raw("GET", f"/capture/{tight.company.key}/receipts/{r}").json.get("state") in ("taken", "duplicate"),
                     "the acknowledged lead", 60)
    finally:
        tight.remove()
        disk.empty()
        disk.remove()


if __name__ == "__main__":
    cases.main(globals())
