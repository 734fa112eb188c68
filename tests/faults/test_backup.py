"""Backup while running and restore: nothing acknowledged before is lost, the copy is one moment, a damaged or half one is told apart."""
import contextlib
import glob
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, quiet_policy  # noqa: E402
from lib.house import House, run_sql, wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402

ROUNDS = int(os.environ.get("TENON_ROUNDS", "3"))
SENDERS = 6


def setup(house):
    quiet_policy(house, load_max=1000, freeze_misses=100)
    next_workday(house)
    house.company = Company(house, 4, capacity=100000)


def tenon(house, command, *arguments, data=None, database=None, wait=True):
    """Runs a command of the house's program; exit code, standard output and error."""
    line = [house.binary, command, "--lang", "en", *arguments]
    line += ["--data", data or house.dir]
    if house.engine == "postgres":
        line += ["--database", database or house.database]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    if not wait:
        return process
    out, error = process.communicate(timeout=300)
    return process.returncode, out, error


def back_up(house, folder, **more) -> str:
    """Makes a backup; its path."""
    code, out, error = tenon(house, "backup", "--to", folder, **more)
    assert code == 0, error
    assert "was checked and is good" in out, out
    return out.split("Backup: ", 1)[1].split(" (", 1)[0]


class Elsewhere:
    """An empty folder, and on PostgreSQL an empty database, to restore into; then a house that serves it."""

    def __init__(self, house) -> None:
        self.folder = tempfile.mkdtemp(prefix="tenon-restored-")
        os.rmdir(self.folder)
        self.database = house.postgres.create(f"r{os.getpid()}_{time.monotonic_ns()}") if house.engine == "postgres" else None
        self.house = None

    def serve(self, like: House) -> House:
        served = House.__new__(House)
        served.__dict__.update(like.__dict__)
        served.dir, served.database, served.password_file = self.folder, self.database, like.password_file
        served.log = tempfile.mktemp(prefix="tenon-", suffix=".log")
        served.start()
        self.house = served
        return served

    def remove(self) -> None:
        if self.house:
            self.house.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sender(threading.Thread):
    """Sends leads as fast as it can and notes when each was acknowledged."""

    def __init__(self, house, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.house, self.number, self.stop, self.acknowledged = house, number, stop, []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=30)
        while not self.stop.is_set():
            phone = f"1{30 + self.number}{random.randrange(10**8):08d}"
            connection.request("POST", f"/capture/{self.house.company.key}", json.dumps({"name": "负载", "phone": phone}),
                               {"Content-Type": "application/json", "Idempotency-Key": phone})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 202:
                self.acknowledged.append((time.monotonic(), json.loads(body)["receipt"], "+86" + phone))


def pages(house, path: str) -> list:
    found, after = [], ""
    while True:
        page = house.admin.get(path + (f"&after={after}" if after else ""))
        found += page["items"]
        after = page["next"]
        if not after:
            return found


def leads(house) -> dict:
    return {r["id"]: r for r in pages(house, f"/records/lead?limit=200&sort=created_at&filter=source%20%3D%20%22{house.company.source}%22")}


def receipts(house) -> dict:
    return {r["id"]: r for r in pages(house, f"/intake/receipts?limit=200&source={house.company.source}")}


def settled(house) -> dict:
    def all_final():
        found = receipts(house)
        return all(r["state"] != "pending" for r in found.values()) and (found,)
    return wait_for(all_final, "a final state for every receipt", 120)[0]


def rows_of(backup: str) -> dict:
    with open(backup + "/manifest.json", encoding="utf-8") as f:
        return json.load(f)["rows"]


def snapshot_leads(backup: str) -> list:
    """Ids of the leads in the backup itself."""
    if os.path.exists(backup + "/tenon.db"):
        with sqlite3.connect(f"file:{backup}/tenon.db?mode=ro", uri=True) as db:
            return [str(uuid.UUID(bytes=row[0])) for row in db.execute("SELECT id FROM lead WHERE receipt IS NOT NULL")]
    with open(backup + "/tables/lead.copy", encoding="utf-8") as f:
        return [line.split("\t", 1)[0] for line in f]


def test_backup_under_load_and_restore(house):
    stop, folder, elsewhere = threading.Event(), tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    senders = [Sender(house, i, stop) for i in range(SENDERS)]
    try:
        for s in senders:
            s.start()
        wait_for(lambda: sum(len(s.acknowledged) for s in senders) > 500 and len(leads(house)) > 200, "some load", 60)
        began = time.monotonic()
        backup = back_up(house, folder)
        ended = time.monotonic()
        wait_for(lambda: all(s.acknowledged and s.acknowledged[-1][0] > ended for s in senders), "load to go on after the backup")
        stop.set()
        for s in senders:
            s.join(30)
        all_sent = [entry for s in senders for entry in s.acknowledged]
        before = [entry for entry in all_sent if entry[0] < began]
        during = [entry for entry in all_sent if began <= entry[0] <= ended]
        assert len(before) > 400 and during, (len(before), len(during))

        code, out, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 0, error
        code, out, error = tenon(house, "verify", data=elsewhere.folder, database=elsewhere.database)
        assert code == 0, (out, error)
        settled(house)
        original_receipts, original_leads = receipts(house), leads(house)

        restored = elsewhere.serve(house)
        log, rows = settled(restored), leads(restored)
        missing = [r for _, r, _ in before if r not in log]
        assert not missing, f"{len(missing)} receipts acknowledged before the backup are gone"
        unfinished = [log[r] for _, r, _ in before if log[r]["state"] not in ("taken", "duplicate")]
        assert not unfinished, unfinished[:3]
        phones = [r["phone"] for r in rows.values()]
        assert len(phones) == len(set(phones)), "a lead came twice"
        assert {phone for _, _, phone in before} <= set(phones), "a lead acknowledged before the backup is missing"
        for receipt in log.values():
            assert receipt["lead"] in rows, f"a receipt without its lead: {receipt}"
            assert receipt["at"] == original_receipts[receipt["id"]]["at"], "the original time is kept"
        # What was in the snapshot is the same row; what was taken in again has an id of its own.
        same = snapshot_leads(backup)
        assert len(same) > 200 and set(same) <= set(rows) and set(same) <= set(original_leads), (len(same), len(before))
        for lead in same:
            assert {k: rows[lead][k] for k in ("phone", "name", "source", "created_at", "receipt") if k in rows[lead]} == \
                {k: original_leads[lead][k] for k in ("phone", "name", "source", "created_at", "receipt") if k in original_leads[lead]}
        print(f"# {len(before)} before, {len(during)} during {ended - began:.2f} s; {len(rows)} leads restored, {len(rows) - len(same)} taken in again", flush=True)
        assert restored.capture(house.company.key, {"name": "恢复之后", "phone": "13700001234"})["state"] == "taken"
    finally:
        stop.set()
        elsewhere.remove()
        shutil.rmtree(folder)


def dump(path: str) -> list:
    with sqlite3.connect(path) as db:
        return list(db.iterdump())


def test_a_quiet_house_comes_back_row_by_row(house):
    settled(house)
    house.stop()
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    try:
        os.makedirs(house.dir + "/files/ab", exist_ok=True)
        with open(house.dir + "/files/ab/attachment", "wb") as f:
            f.write(os.urandom(100000))
        backup = back_up(house, folder)
        code, _, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 0, error
        with open(house.dir + "/files/ab/attachment", "rb") as a, open(elsewhere.folder + "/files/ab/attachment", "rb") as b:
            assert a.read() == b.read()
        if house.engine == "sqlite":
            for name in ("tenon.db", "receipts.db"):
                assert dump(f"{house.dir}/{name}") == dump(f"{elsewhere.folder}/{name}"), name
        else:
            copy = back_up(house, folder, data=elsewhere.folder, database=elsewhere.database)
            names = sorted(os.listdir(backup + "/tables"))
            assert names == sorted(os.listdir(copy + "/tables")) and len(names) > 30
            for name in names:
                with open(f"{backup}/tables/{name}", "rb") as a, open(f"{copy}/tables/{name}", "rb") as b:
                    assert sorted(a.read().splitlines()) == sorted(b.read().splitlines()), name
        assert sum(rows_of(backup).values()) > 100
        restored = elsewhere.serve(house)
        assert restored.capture(house.company.key, {"name": "接着来", "phone": "13700001235"})["state"] == "taken"
        restored.admin.post("/records/account", {"name": "恢复后的客户"}, 201)
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)
        house.start()


def test_a_receipt_taken_between_the_two_copies_is_taken_in_again(house):
    """The records are copied first: a receipt that the copy calls taken, but whose lead came after, must not be lost."""
    if house.engine != "sqlite":
        return
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    try:
        settled(house)
        # Holds the backup up between the two copies, where it makes the lock of the second.
        with contextlib.suppress(FileNotFoundError):
            os.remove(house.dir + "/receipts.db-copy")
        trace = ["strace", "-f", "-o", "/dev/null", "-P", house.dir + "/receipts.db-copy", "-e", "trace=openat", "-e", "inject=openat:delay_exit=1500000"]
        line = [*trace, house.binary, "backup", "--lang", "en", "--data", house.dir, "--to", folder]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def records_copied():
            found = glob.glob(folder + "/.tenon-*.partial/tenon.db")
            return found and os.path.exists(house.dir + "/receipts.db-copy") and not os.path.exists(found[0][:-8] + "receipts.db")
        wait_for(records_copied, "the records to be copied")
        between = [house.capture(house.company.key, {"name": f"之间{i}", "phone": f"1370002{i:04d}"}) for i in range(20)]
        assert all(b["state"] == "taken" for b in between)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        backup = out.split("Backup: ", 1)[1].split(" (", 1)[0]
        with open(backup + "/manifest.json", encoding="utf-8") as f:
            reopened = json.load(f)["reopened"]
        assert reopened >= 1, "the gate stood at the wrong place: no receipt was taken between the copies"
        code, _, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder)
        assert code == 0, error
        restored = elsewhere.serve(house)
        log = settled(restored)
        kept = [log[b["receipt"]] for b in between if b["receipt"] in log]
        assert len(kept) >= reopened and all(r["state"] == "taken" for r in kept), kept
        assert {r["lead"] for r in kept} <= set(leads(restored)), "each has its lead"
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)


def test_kill_in_the_middle_leaves_no_half_backup(house):
    settled(house)
    folder = tempfile.mkdtemp(prefix="tenon-backups-")
    try:
        for _ in range(max(ROUNDS, 3)):
            process = tenon(house, "backup", "--to", folder, wait=False)
            wait_for(lambda: glob.glob(folder + "/.tenon-*") or process.poll() is not None, "the backup to begin")
            threading.Event().wait(random.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            for name in os.listdir(folder):
                if not name.startswith("."):
                    code, _, error = tenon(house, "restore", "--from", f"{folder}/{name}", data=folder + "-probe")
                    assert code == 0 or "damaged" not in error, "what has a name is whole"
                    shutil.rmtree(folder + "-probe", ignore_errors=True)
        back_up(house, folder)
        assert not glob.glob(folder + "/.tenon-*"), "what the killed ones left is swept away"
    finally:
        shutil.rmtree(folder)


def test_a_damaged_backup_is_refused_by_name(house):
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    victim = "receipts.db" if house.engine == "sqlite" else "tables/person.copy"
    try:
        backup = back_up(house, folder)
        with open(f"{backup}/{victim}", "r+b") as f:
            f.seek(os.path.getsize(f"{backup}/{victim}") // 2)
            byte = f.read(1)
            f.seek(-1, 1)
            f.write(bytes([byte[0] ^ 1]))
        code, _, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 1 and victim in error and "damaged" in error, error
        assert not os.path.exists(elsewhere.folder), "nothing was begun"
        os.unlink(f"{backup}/{victim}")
        code, _, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 1 and victim in error and "missing" in error, error
        os.unlink(backup + "/manifest.json")
        code, _, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 1 and "no whole backup" in error, error
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)


def test_restore_over_data_only_with_force_and_not_over_a_running_house(house):
    folder = tempfile.mkdtemp(prefix="tenon-backups-")
    try:
        backup = back_up(house, folder)
        code, _, error = tenon(house, "restore", "--from", backup, "--force")
        assert code == 1 and "running" in error, error
        account = house.admin.post("/records/account", {"name": "备份之后"}, 201)["id"]
        house.stop()
        code, _, error = tenon(house, "restore", "--from", backup)
        assert code == 1 and "--force" in error, error
        code, out, error = tenon(house, "restore", "--from", backup, "--force")
        assert code == 0 and "before-restore-" in out, (out, error)
        kept = glob.glob(house.dir + "/before-restore-*")
        assert kept and (house.engine == "postgres" or os.path.exists(kept[0] + "/tenon.db")), kept
        house.start()
        house.admin.call("GET", f"/records/account/{account}", expect=404)
    finally:
        if house.process.poll() is not None:
            house.start()
        shutil.rmtree(folder)


def test_an_open_restore_is_not_served(house):
    house.stop()
    try:
        with open(house.dir + "/restoring", "w", encoding="utf-8") as f:
            f.write("/somewhere")
        done = subprocess.run(house.command(0), capture_output=True, text=True, timeout=60, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, check=False)
        assert done.returncode == 1 and "restore" in done.stderr, done
    finally:
        os.unlink(house.dir + "/restoring")
        house.start()


def test_disk_full_while_backing_up(house):
    folder = tempfile.mkdtemp(prefix="tenon-small-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tenon-test", folder], capture_output=True, check=False).returncode != 0:
        print("# mounting is not allowed here", flush=True)
        os.rmdir(folder)
        return
    try:
        if house.engine == "postgres":  # of which nobody knows the size before
            for i in range(40):
                house.capture(house.company.key, {"name": f"大{i}", "phone": f"1360003{i:04d}", "message": "长" * 30000}, wait=0)
        code, _, error = tenon(house, "backup", "--to", folder + "/backups")
        assert code == 1 and ("left" in error or "disk is full" in error), error
        assert not os.path.exists(folder + "/backups"), "nothing half is left, nor a folder that looks like a place with backups"
        assert house.capture(house.company.key, {"name": "盘满时", "phone": "13700009999"})["state"] in ("taken", "duplicate"), "the house goes on"
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


def test_verify_finds_what_was_broken(house):
    """Each fault is put in by hand into a restored copy, and found by its name."""
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    faults = [("UPDATE receipt SET state = 'lost' WHERE id = (SELECT id FROM receipt WHERE state = 'taken' LIMIT 1)", "receipt_state"),
              ("DELETE FROM taken WHERE receipt = (SELECT id FROM receipt WHERE state = 'taken' LIMIT 1)", "receipt_taken_without_decision"),
              ("UPDATE receipt SET lead = NULL WHERE id = (SELECT max(id) FROM receipt WHERE state = 'taken')", "receipt_taken_without_lead"),
              ("UPDATE lead SET receipt = (SELECT max(receipt) FROM lead) WHERE id = (SELECT id FROM lead WHERE receipt IS NOT NULL LIMIT 1)", "lead_twice")]
    try:
        for i in range(3):
            house.capture(house.company.key, {"name": f"核对{i}", "phone": f"1370004{i:04d}"})
        backup = back_up(house, folder)
        code, _, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 0, error
        code, out, error = tenon(house, "verify", data=elsewhere.folder, database=elsewhere.database)
        assert code == 0 and "All is well" in out, (out, error)
        for sql, name in faults:
            if house.engine == "postgres":
                house.postgres.query("SET search_path TO tenon; " + sql.replace("max(id)", "id").replace("WHERE state = 'taken')", "WHERE state = 'taken' LIMIT 1)"),
                                     elsewhere.database.rsplit("/", 1)[1])
            else:
                with sqlite3.connect(elsewhere.folder + "/tenon.db") as db:
                    db.execute("ATTACH ? AS receipts", (elsewhere.folder + "/receipts.db",))
                    db.execute(sql)
            code, out, error = tenon(house, "verify", data=elsewhere.folder, database=elsewhere.database)
            assert code == 1 and f"!!  {name}:" in out, (name, out, error)
        if house.engine == "sqlite":
            with open(elsewhere.folder + "/tenon.db", "r+b") as f:
                f.seek(4096 * 8)
                f.write(os.urandom(4096 * 4))
            code, out, error = tenon(house, "verify", data=elsewhere.folder)
            assert code == 1 and ("database_damaged" in out or "cannot be read" in error), (out, error)
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)


def test_verify_of_a_running_house_finds_nothing(house):
    stop = threading.Event()
    senders = [Sender(house, i, stop) for i in range(3)]
    for s in senders:
        s.start()
    try:
        for _ in range(5):
            code, out, error = tenon(house, "verify", "--quick")
            assert code == 0, (out, error)
    finally:
        stop.set()
        for s in senders:
            s.join(30)


def test_a_backup_without_the_key(house):
    """Whoever gets it has no secrets; restored, all works but what is sealed, which is named and can be entered again."""
    folder, elsewhere, partner = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house), Partner({"errcode": 0, "errmsg": "ok"})
    again = Elsewhere(house)
    settings = {"url": partner.url("/send?key=SEALED-IN-THE-HOUSE")}
    channel = house.admin.post("/channels", {"kind": "wecom_robot", "name": "早班群", "settings": settings, "allowed_host": "127.0.0.1"}, 201)["id"]
    pushed = make(house, "source", name="推送来源", key="pushed")
    callback = {"kind": "token", "token": "T" * 24}
    house.admin.call("PUT", f"/sources/{pushed}/callback", callback, expect=200)
    try:
        code, out, error = tenon(house, "backup", "--to", folder, "--without-key")
        assert code == 0 and "It has no secret.key" in out, (out, error)
        backup = out.split("Backup: ", 1)[1].split(" (", 1)[0]
        assert not glob.glob(backup + "/*.key") and json.load(open(backup + "/manifest.json", encoding="utf-8"))["without_key"] is True
        assert glob.glob(back_up(house, folder) + "/secret.key"), "unless one asks for it the key is there"

        code, out, error = tenon(house, "restore", "--from", backup, data=elsewhere.folder, database=elsewhere.database)
        assert code == 0 and "must be entered again; everything else works" in out and f"put it into {elsewhere.folder}" in out, (out, error)
        served = elsewhere.serve(house)
        assert served.capture(house.company.key, {"name": "恢复后", "phone": "13500031111"})["state"] == "taken"
        told = [f["detail"] for f in served.admin.get("/care/health")["doctor"] if f["check"] == "secret_closed"]
        assert len(told) == 2 and any("早班群" in t for t in told) and any("推送来源" in t for t in told), told
        shown = next(c for c in served.admin.get("/channels")["items"] if c["id"] == channel)
        assert shown["fault"] == "secret_unreadable", shown
        served.admin.patch(f"/channels/{channel}", {"settings": settings})
        served.admin.call("PUT", f"/sources/{pushed}/callback", callback, expect=200)
        assert served.admin.post(f"/channels/{channel}/test", {})["ok"], "entered again, it works"
        assert not [f for f in served.admin.get("/care/health")["doctor"] if f["check"] in ("secret_closed", "secret_key") and f["serious"]]

        os.makedirs(again.folder)
        shutil.copy2(house.dir + "/secret.key", again.folder)
        code, out, error = tenon(house, "restore", "--from", backup, data=again.folder, database=again.database)
        assert code == 0 and f"the secret.key that lies in {again.folder} is used" in out, (out, error)
        code, out, error = tenon(house, "restore", "--from", backup, "--force", data=again.folder, database=again.database)
        assert code == 0 and "is used" in out, "and stays when the rest is moved aside"
        served = again.serve(house)
        assert served.admin.post(f"/channels/{channel}/test", {})["ok"], "the key that was kept elsewhere opens all"
    finally:
        elsewhere.remove()
        again.remove()
        shutil.rmtree(folder)
        house.admin.call("DELETE", f"/channels/{channel}", expect=204)


def test_doctor(house):
    code, out, error = tenon(house, "doctor")
    for check in ("folder", "disk", "sync", "open_files", "clock", "key", "database", "public_url", "backup"):
        assert f"  {check}: " in out, (check, out, error)
    assert "A tenon is running" in out
    key = house.dir + "/secret.key"
    with open(key, "w", encoding="utf-8") as f:
        f.write("x")
    os.chmod(key, 0o644)
    code, out, _ = tenon(house, "doctor", "--public-url", "http://crm.example.com")
    os.unlink(key)
    assert code == 1 and "!!  key:" in out and "chmod 600" in out and "!!  public_url:" in out, out
    code, out, error = tenon(house, "doctor", "--listen", f"127.0.0.1:{house.port}", data=tempfile.gettempdir())
    assert code == 1 and "!!  port:" in out, (out, error)


def test_doctor_says_why_a_house_will_not_start(house):
    """What keeps `serve` from starting is told by `doctor` before: a key file that is none, data of a newer program."""
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)

    def told() -> str:
        code, out, error = tenon(house, "doctor", data=elsewhere.folder, database=elsewhere.database)
        serves = tenon(house, "serve", "--listen", "127.0.0.1:0", data=elsewhere.folder, database=elsewhere.database)
        assert code == 1 and serves[0] == 1, (out, error, serves)
        return out
    try:
        code, _, error = tenon(house, "restore", "--from", back_up(house, folder), data=elsewhere.folder, database=elsewhere.database)
        assert code == 0, error
        kept = elsewhere.folder + "/secret.key"
        os.path.exists(kept) and os.rename(kept, kept + "-kept")
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(bytes(range(10)))
        assert "!!  secret_key:" in told()
        os.unlink(kept)
        os.path.exists(kept + "-kept") and os.rename(kept + "-kept", kept)
        run_sql(house, "INSERT INTO migration (part, number, at) VALUES ('care', 99, 1)", elsewhere.folder, elsewhere.database)
        assert "!!  version: " in told() and "newer version" in told()
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)


def test_data_of_a_newer_program_is_left_alone(house):
    """A step or a part that this program does not know: not served, not restored over what can be served, and told in both languages."""
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    words = {"en": "newer version", "zh": "更新版本"}
    place = {"data": elsewhere.folder, "database": elsewhere.database}
    try:
        code, _, error = tenon(house, "restore", "--from", back_up(house, folder), **place)
        assert code == 0, error
        for part, number in (("care", 99), ("part_of_tomorrow", 1)):
            run_sql(house, f"INSERT INTO migration (part, number, at) VALUES ('{part}', {number}, 1)", elsewhere.folder, elsewhere.database)
            newer = back_up(house, folder, **place)
            for lang, said in words.items():
                code, _, error = tenon(house, "serve", "--listen", "127.0.0.1:0", "--lang", lang, **place)
                assert code == 1 and said in error and part in error, error
                code, out, _ = tenon(house, "doctor", "--lang", lang, **place)
                assert code == 1 and "!!  version: " in out and said in out, out
                code, _, error = tenon(house, "restore", "--force", "--from", newer, "--lang", lang, **place)
                assert code == 1 and said in error and part in error, error
            run_sql(house, f"DELETE FROM migration WHERE part = '{part}' AND number = {number}", elsewhere.folder, elsewhere.database)
        assert not glob.glob(elsewhere.folder + "/before-restore-*") and not glob.glob(elsewhere.folder + "/backups/*"), "nothing was touched"
        elsewhere.serve(house).stop()
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)


def test_what_keeps_it_from_starting_is_told_with_the_next_step(house):
    """In the language that was asked for; the folder that is in use, one that cannot be written, a taken port, a lost database."""
    folder = tempfile.mkdtemp(prefix="tenon-refused-")

    def told(zh: str, en: str, data: str, *arguments: str, **more) -> None:
        for lang, said in (("zh", zh), ("en", en)):
            code, _, error = tenon(house, "serve", "--listen", "127.0.0.1:0", *arguments, "--lang", lang, data=data, **more)
            assert code == 1 and said in error, error
    try:
        told("请先停止它", "Stop it first", house.dir)
        with open(folder + "/file", "w", encoding="utf-8"):
            pass
        told("文件或文件夹不存在。请先建好上级文件夹", "No such file or directory. Make the folder above it", folder + "/no/data")
        told("请检查所有者和权限", "Check its owner and rights", folder + "/file")
        with open(folder + "/restoring", "w", encoding="utf-8"):
            pass
        told("--force 重新执行", "with --force", folder)
        os.unlink(folder + "/restoring")
        if house.engine == "postgres":
            told("请确认 PostgreSQL", "See that PostgreSQL runs", folder, database="postgres://nobody@127.0.0.1:1/none")
        else:
            with open(folder + "/tenon.db", "wb") as f:
                f.write(random.randbytes(8192))
            told("请恢复最近的备份", "put back the newest backup", folder)
            os.unlink(folder + "/tenon.db")
            told("地址已被占用。请用 --listen", "Address already in use. Name a free address", folder, "--listen", f"127.0.0.1:{house.port}")
            told("“8080”不是可以监听的地址", '"8080" is no address', folder, "--listen", "8080")
            told("文件或文件夹不存在。请用 --request-log", "No such file or directory. Name another file", folder, "--request-log", folder + "/no/log")
            with open(folder + "/secret.key", "w", encoding="utf-8") as f:
                f.write("x")
            told("请从备份恢复", "Restore it from a backup", folder)
    finally:
        shutil.rmtree(folder)


def test_a_lost_log_of_receipts_is_not_replaced_in_silence(house):
    if house.engine == "postgres":
        return  # one database: it is there, or nothing is
    folder, elsewhere = tempfile.mkdtemp(prefix="tenon-backups-"), Elsewhere(house)
    try:
        house.capture(house.company.key, {"name": "有回执", "phone": "13700050001"})
        code, _, error = tenon(house, "restore", "--from", back_up(house, folder), data=elsewhere.folder)
        assert code == 0, error
        lost = elsewhere.folder + "/receipts.db"
        for path in glob.glob(lost + "*"):
            os.unlink(path)
        for command, more in (("serve", ("--listen", "127.0.0.1:0")), ("verify", ()), ("backup", ("--to", folder))):
            code, out, error = tenon(house, command, *more, data=elsewhere.folder)
            assert code == 1 and f"{lost} is missing" in error, (command, out, error)
        code, out, _ = tenon(house, "doctor", data=elsewhere.folder)
        assert code == 1 and "!!  receipts: " in out, out
        assert not os.path.exists(lost) and len(os.listdir(folder)) == 1, os.listdir(folder)
        with open(lost, "w", encoding="utf-8"):
            pass
        elsewhere.serve(house).stop()
        code, out, error = tenon(house, "verify", data=elsewhere.folder)
        assert code == 0 and "--  decision_without_receipt: " in out, (out, error)
    finally:
        elsewhere.remove()
        shutil.rmtree(folder)


def test_backup_and_house_do_not_lie_in_each_other(house):
    folder = tempfile.mkdtemp(prefix="tenon-backups-")
    try:
        for place in (house.dir + "/files", house.dir + "/files/of/backups", house.dir + "/backups/../files/x"):
            code, _, error = tenon(house, "backup", "--to", place)
            assert code == 1 and "lies in files/" in error, error
        answer = house.admin.call("PUT", "/care/settings", {"folder": house.dir + "/files/backups"}, expect=400)
        assert answer.json["fields"][0]["code"] == "in_files", answer
        backup = back_up(house, folder)
        before = sorted(os.listdir(backup))
        code, _, error = tenon(house, "restore", "--from", backup, "--force", data=backup)
        assert code == 1 and "in each other" in error and sorted(os.listdir(backup)) == before, error
    finally:
        shutil.rmtree(folder)


def test_doctor_looks_where_the_backups_are(house):
    folder = tempfile.mkdtemp(prefix="tenon-elsewhere-")
    try:
        house.admin.call("PUT", "/care/settings", {"folder": folder}, expect=200)
        back_up(house, folder)
        code, out, _ = tenon(house, "doctor")
        assert "ok  backup: The newest backup is" in out, out
    finally:
        house.admin.call("PUT", "/care/settings", {"folder": ""}, expect=200)
        shutil.rmtree(folder)


if __name__ == "__main__":
    cases.main(globals())
