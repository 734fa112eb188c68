"""Upgrade of a data folder: a backup is made before the first migration, and a failed one is put back and told."""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, quiet_policy  # noqa: E402
from lib.house import run_sql  # noqa: E402

FAULT = {"TENON_TEST_FAIL_UPGRADE": "1"}


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)
    house.company = Company(house, 2, capacity=1000)
    house.sent = [house.capture(house.company.key, {"name": f"升级前{i}", "phone": f"1350001{i:04d}"}) for i in range(30)]


def serve(house, **environment):
    """A start that is to fail: what it says."""
    done = subprocess.run(house.command(0), capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **environment})
    return done.returncode, done.stderr


def tables(house) -> set:
    if house.engine == "postgres":
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'tenon'"
        return set(house.postgres.query(sql, house.database.rsplit("/", 1)[1]).split())
    with sqlite3.connect(house.dir + "/tenon.db") as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def backups(house) -> list:
    return sorted(glob.glob(house.dir + "/backups/tenon-*"))


def all_is_there(house) -> None:
    for sent in house.sent:
        receipt = house.client().raw("GET", f"/capture/{house.company.key}/receipts/{sent['receipt']}").json
        assert receipt["state"] == "taken" and receipt["lead"] == sent["lead"], receipt
        assert house.admin.get(f"/leads/{sent['lead']}")["id"] == sent["lead"]


def test_a_failed_upgrade_is_put_back(house):
    house.stop()
    before = tables(house)
    assert not backups(house), "no backup without need"
    code, error = serve(house, **FAULT)
    assert code == 1, error
    assert "upgrade failed" in error and "put back as it was before" in error and 'upgrade_fault' in error, error
    assert len(backups(house)) == 1 and json.load(open(backups(house)[0] + "/manifest.json", encoding="utf-8"))["kind"] == "upgrade"
    assert tables(house) == before, "the step that had succeeded is gone too"
    assert not os.path.exists(house.dir + "/upgrading") and not os.path.exists(house.dir + "/restoring")
    code, error = serve(house, **FAULT)
    assert code == 1 and "not tried again" in error, error
    assert len(backups(house)) == 1, "a service that starts again and again makes no backup each time"
    house.start()  # the version before
    assert not os.path.exists(house.dir + "/upgrade-failed")
    all_is_there(house)
    assert house.capture(house.company.key, {"name": "之后", "phone": "13500020001"})["state"] == "taken"


def test_an_upgrade_that_died_is_put_back_at_the_next_start(house):
    house.stop()
    folder = house.dir + "/backups"
    line = [house.binary, "backup", "--data", house.dir, "--to", folder] + (["--database", house.database] if house.database else [])
    subprocess.run(line, check=True, capture_output=True)
    before, newest = tables(house), backups(house)[-1]
    if house.engine == "postgres":
        house.postgres.query("CREATE TABLE tenon.half_way (n int)", house.database.rsplit("/", 1)[1])
    else:
        with sqlite3.connect(house.dir + "/tenon.db") as db:
            db.execute("CREATE TABLE half_way (n int)")
    with open(house.dir + "/upgrading", "w", encoding="utf-8") as f:
        f.write(newest)
    code, error = serve(house)
    assert code == 1 and "interrupted" in error and "put back" in error, error
    assert tables(house) == before, (error, tables(house) ^ before)
    house.start()
    all_is_there(house)


def test_an_upgrade_that_succeeds_keeps_its_backup(house):
    """A table is taken away, as from a database of before it came; the start makes it again."""
    house.stop()
    run_sql(house, "DROP TABLE idempotency; DELETE FROM migration WHERE part = 'api'")
    n = len(backups(house))
    house.start()
    assert len(backups(house)) == n + 1
    assert "idempotency" in tables(house) and not os.path.exists(house.dir + "/upgrading")
    all_is_there(house)


def test_a_key_that_cannot_be_read_is_told_before_the_upgrade(house):
    """It stopped the start behind the tables: the next one took the upgrade back, and refused to try again."""
    house.stop()
    run_sql(house, "DROP TABLE idempotency; DELETE FROM migration WHERE part = 'api'")
    n, key = len(backups(house)), house.dir + "/secret.key"
    os.path.exists(key) and os.rename(key, key + "-kept")
    with open(key, "w", encoding="utf-8") as f:
        f.write("no key")
    for _ in range(2):
        code, error = serve(house)
        assert code == 1 and "secret.key" in error and "upgrade" not in error, error
    assert len(backups(house)) == n and not os.path.exists(house.dir + "/upgrading"), "nothing was begun"
    os.unlink(key)
    os.path.exists(key + "-kept") and os.rename(key + "-kept", key)
    house.start()
    all_is_there(house)


def test_the_fault_needs_the_test_clock(house):
    """A server without a test clock cannot be told to fail."""
    folder = tempfile.mkdtemp(prefix="tenon-plain-")
    try:
        line = [house.binary, "serve", "--data", folder, "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **FAULT, "ASAN_OPTIONS": "detect_leaks=0"})
        text = ""
        for raw in process.stdout:
            text = raw.decode()
            if "ready on port" in text:
                break
        process.terminate()
        process.communicate()
        assert "ready on port" in text, text
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    cases.main(globals())
