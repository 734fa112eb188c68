"""Backups of a running house as an administrator makes and plans them, and what the house tells of its health."""
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, instant, make, next_workday, now, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.mailbox import Mailbox  # noqa: E402
from lib.partner import Partner  # noqa: E402


def setup(house):
    quiet_policy(house)
    next_workday(house)
    house.company = Company(house, 1, capacity=100)


def care(house) -> dict:
    return house.admin.get("/care/backups")


def idle(house) -> dict:
    return wait_for(lambda: (c := care(house))["running"] is None and c, "the backup to end", 60)


def made_now(house) -> dict:
    idle(house)
    answer = house.admin.post("/care/backups", expect=202)
    assert answer["running"]["phase"] in ("copying", "checking"), answer
    after = idle(house)
    assert after["last"]["good"], after["last"]
    return after["items"][0]


def test_one_now_is_listed_and_checked(house):
    n = len(care(house)["items"])
    backup = made_now(house)
    assert backup["check"] == "good" and backup["kind"] == "manual" and backup["bytes"] > 1000 and backup["rows"] > 20, backup
    assert len(care(house)["items"]) == n + 1
    assert os.path.exists(f"{house.dir}/backups/{backup['name']}/manifest.json")


def test_only_administrators(house):
    someone = house.company.people[0]
    for method, path in (("GET", "/care/backups"), ("POST", "/care/backups"), ("PUT", "/care/settings"), ("GET", "/care/health")):
        assert someone.call(method, path, {} if method != "GET" else None).status == 403, path
        assert house.client().call(method, path, {} if method != "GET" else None).status == 401, path


def test_the_schedule_runs_and_rotates(house):
    folder = tempfile.mkdtemp(prefix="tenon-scheduled-")
    try:
        answer = house.admin.call("PUT", "/care/settings", {"on": True, "hour": 2, "daily": 1, "weekly": 1, "folder": folder}, expect=200).json
        assert answer["settings"] == {"on": True, "hour": 2, "daily": 1, "weekly": 1, "folder": folder, "without_key": False}, answer
        assert answer["next_at"].endswith("T18:00:00.000Z"), "2 o'clock in China: " + answer["next_at"]
        os.mkdir(folder + "/holiday-pictures")  # not ours
        os.mkdir(folder + "/tenon-20200101-000000")  # looks like ours and has no manifest
        manual = made_now(house)
        times = set()
        for _ in range(3):
            before = care(house)["next_at"]
            house.move_to(before)
            found = wait_for(lambda: [b for b in idle(house)["items"] if b["kind"] == "scheduled" and b["made_at"] not in times], "the scheduled backup")
            times |= {b["made_at"] for b in found}
            assert care(house)["next_at"] > before
            assert all(b["check"] == "good" for b in found), found
        left = idle(house)["items"]
        # They were all made on one real day, of which one is kept.
        assert [b["kind"] for b in left].count("scheduled") == 1, left
        assert manual["name"] in [b["name"] for b in left], "manual ones stay"
        assert os.path.isdir(folder + "/holiday-pictures") and os.path.isdir(folder + "/tenon-20200101-000000")
    finally:
        house.admin.call("PUT", "/care/settings", {"on": False, "folder": ""}, expect=200)
        idle(house)
        shutil.rmtree(folder)


def test_the_key_is_left_out_when_one_says_so(house):
    secret = house.admin.post("/channels", {"kind": "web_push", "name": "通知", "settings": {"subject": "mailto:it@example.com"}}, 201)["id"]  # now there is a key
    assert made_now(house)["without_key"] is False
    answer = house.admin.call("PUT", "/care/settings", {"without_key": True}, expect=200).json
    assert answer["settings"]["without_key"] is True
    backup = made_now(house)
    assert backup["without_key"] is True and not glob.glob(f"{house.dir}/backups/{backup['name']}/*.key")
    house.admin.call("PUT", "/care/settings", {"without_key": False}, expect=200)
    backup = made_now(house)
    assert glob.glob(f"{house.dir}/backups/{backup['name']}/secret.key")
    house.admin.call("DELETE", f"/channels/{secret}", expect=204)


def test_off_means_off(house):
    answer = house.admin.call("PUT", "/care/settings", {"on": False}, expect=200).json
    assert answer["next_at"] is None
    n = len(care(house)["items"])
    house.advance("1d")
    house.advance("1d")
    assert len(idle(house)["items"]) == n


def test_settings_are_checked(house):
    for wrong in ({"hour": 24}, {"hour": -1}, {"daily": 0}, {"folder": "relative/path"}, {"folder": "/proc/nowhere"}):
        answer = house.admin.call("PUT", "/care/settings", wrong)
        assert answer.status == 400 and answer.json["fields"][0]["field"] in wrong, answer


def test_a_failed_backup_alerts_administrators(house):
    folder = tempfile.mkdtemp(prefix="tenon-scheduled-")
    house.admin.call("PUT", "/care/settings", {"on": True, "folder": folder + "/deep"}, expect=200)
    shutil.rmtree(folder)
    with open(folder, "w", encoding="utf-8"):
        pass  # a file where the folder was
    try:
        house.move_to(care(house)["next_at"])
        last = wait_for(lambda: (c := idle(house))["last"] and not c["last"]["good"] and c["last"], "the failure")
        assert folder in last["detail"], last
        alert = wait_for(lambda: [a for a in house.admin.get("/alerts")["items"] if a["reason"] == "backup.failed"], "the alert")[0]
        assert alert["urgent"] and folder in alert["data"]["zh"] and folder in alert["data"]["en"], alert
        assert not any(a["reason"] == "backup.failed" for a in house.company.people[0].alerts())
    finally:
        os.unlink(folder)
        house.admin.call("PUT", "/care/settings", {"on": False, "folder": ""}, expect=200)


def test_health(house):
    house.company.send()
    health = house.admin.get("/care/health")
    assert {f["check"] for f in health["doctor"]} >= {"folder", "disk", "sync", "clock", "database"}, health
    assert not [f for f in health["verify"] if f["serious"]], health
    assert all(f["detail"] for f in health["doctor"])


def test_health_of_channels(house):
    """One whose messages fail is named with the reason; so are a missing key file and a missing public address."""
    def found(check: str) -> list[str]:
        return [f["detail"] for f in house.admin.get("/care/health")["doctor"] if f["check"] == check and f["serious"]]
    assert not found("channel") and not found("secret_key") and not found("public_url")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listened on: every attempt is refused
        settings = {"url": f"http://127.0.0.1:{nobody.getsockname()[1]}/hook", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        made = house.admin.post("/channels", {"kind": "webhook", "name": "夜班群", "settings": settings, "allowed_host": "127.0.0.1"}, 201)
        assert found("public_url"), "no address is named"
        assert not found("channel") and not found("secret_key")
        company = Company(house, 1)
        house.admin.call("PUT", f"/users/{company.people[0].id}/channels", {"items": [{"channel": made["id"], "address": ""}], "quiet": None}, expect=200)
        next_workday(house)
        company.send(phone="13522221111")
        told = wait_for(lambda: found("channel"), "the channel that fails")
        assert "夜班群" in told[0], told
        os.rename(house.dir + "/secret.key", house.dir + "/away")
        assert found("secret_key") and "secret.key" in found("secret_key")[0]
        os.rename(house.dir + "/away", house.dir + "/secret.key")
        os.chmod(house.dir + "/secret.key", 0o640)
        assert "chmod 600" in found("key")[0]
        os.chmod(house.dir + "/secret.key", 0o600)
        house.admin.patch(f"/channels/{made['id']}", {"enabled": False})
        assert not found("channel") and not found("public_url") and not found("secret_key"), "who is off is not asked about"
    house.admin.call("DELETE", f"/channels/{made['id']}")


def test_codes_of_partners_are_told_in_words(house):
    """What a partner answered stands in the health as on the page of the channel: a sentence, in the reader's language; so in tenon doctor."""
    def found(lang: str) -> list[str]:
        house.admin.call("PATCH", "/me", {"language": lang}, expect=200)
        return [f["detail"] for f in house.admin.get("/care/health")["doctor"] if f["check"] in ("channel", "service") and f["serious"]]

    def doctor(lang: str) -> str:
        line = [house.binary, "doctor", "--data", house.dir, "--lang", lang] + (["--database", house.database] if house.database else [])
        return subprocess.run(line, capture_output=True, text=True, timeout=60, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, check=False).stdout
    partner = Partner({"errcode": 93000, "errmsg": "invalid webhook url"})
    settings = {"url": partner.url("/cgi-bin/webhook/send?key=K")}
    made = house.admin.post("/channels", {"kind": "wecom_robot", "name": "华东群", "settings": settings, "allowed_host": "127.0.0.1"}, 201)
    try:
        company = Company(house, 1)
        house.admin.call("PUT", f"/users/{company.people[0].id}/channels", {"items": [{"channel": made["id"], "address": ""}], "quiet": None}, expect=200)
        next_workday(house)
        company.send(phone="13522223333")
        wait_for(lambda: found("zh"), "the channel that fails")
        for lang in ("zh", "en"):
            said = {"zh": "（93000）。", "en": " (93000). "}[lang]
            assert all(said in told for told in found(lang)), found(lang)
            assert said in doctor(lang), doctor(lang)
    finally:
        house.admin.call("PATCH", "/me", {"language": "zh"})
        house.admin.call("DELETE", f"/channels/{made['id']}")
        partner.stop()


def test_health_of_secrets(house):
    """Each sealed secret is tried: which do not open under the key file is told, with the place where they are entered."""
    def found(check: str, serious: bool = True) -> list[str]:
        return [f["detail"] for f in house.admin.get("/care/health")["doctor"] if f["check"] == check and f["serious"] == serious]
    partner, box = Partner({"errcode": 0, "access_token": "T", "expires_in": 7200}), Mailbox()
    channel = house.admin.post("/channels", {"kind": "wecom_robot", "name": "早班群", "settings": {"url": partner.url("/send?key=K")}, "allowed_host": "127.0.0.1"}, 201)["id"]
    pushed, mailed, talked = (make(house, "source", name=name, key=key) for name, key in (("推送来源", "push-1"), ("邮箱来源", "mail-1"), ("客服来源", "kf-1")))
    house.admin.call("PUT", f"/sources/{pushed}/callback", {"kind": "token", "token": "T" * 24}, expect=200)
    house.admin.call("PUT", f"/sources/{mailed}/inbox", {"host": "127.0.0.1", "port": box.port, "tls": "none", "user": box.user, "password": box.password,
                                                        "allowed_host": "127.0.0.1"}, expect=200)
    house.admin.call("PUT", f"/sources/{talked}/callback", {"kind": "wecom", "token": "QDG6eK", "key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "receiver": "ww1"}, expect=200)
    house.admin.call("PUT", f"/sources/{talked}/inbox", {"kind": "wecom_kf", "corpid": "ww1", "password": "S" * 32, "server": partner.url(""),
                                                        "allowed_host": "127.0.0.1"}, expect=200)
    assert not found("secret_closed") and "5" in found("secret_key", serious=False)[0], found("secret_key", serious=False)
    key = house.dir + "/secret.key"
    os.rename(key, house.dir + "/away")
    with open(key, "w", encoding="ascii") as f:
        f.write("00112233 " + "ab" * 32 + "\n")  # of another house
    os.chmod(key, 0o600)
    told = found("secret_closed")
    assert len(told) == 5 and not found("secret_key"), told
    for name, place in (("早班群", "消息渠道"), ("推送来源", "回调"), ("邮箱来源", "收取邮箱"), ("客服来源", "微信客服")):
        assert any(name in t and place in t and "重新填写" in t for t in told), (name, told)
    with open(key, "w", encoding="ascii") as f:
        f.write("no key\n")
    assert "已损坏" in found("secret_key")[0] and len(found("secret_closed")) == 5
    os.unlink(key)
    assert "缺少" in found("secret_key")[0] and len(found("secret_closed")) == 5
    os.rename(house.dir + "/away", key)
    assert not found("secret_closed") and not found("secret_key")
    for s in (pushed, mailed, talked):
        house.admin.call("DELETE", f"/records/source/{s}")
    house.admin.call("DELETE", f"/channels/{channel}", expect=204)


def test_health_of_outside_services(house):
    """Down, ended, ending, and not looked at though a server runs."""
    def found(check: str) -> list[str]:
        return [f["detail"] for f in house.admin.get("/care/health")["doctor"] if f["check"] == check]
    p = Partner()
    s = house.admin.post("/services", {"kind": "http", "name": "短信网关", "address": p.url("/"), "allowed_host": "127.0.0.1"}, 201)["id"]
    house.advance("1s")
    assert "1 个" in found("service")[0] and not found("service_beat"), found("service")
    p.stop()
    house.advance("30s")
    house.advance("3s")
    assert "短信网关" in found("service")[0] and "中断" in found("service")[0] and "unreachable" in found("service")[0], found("service")
    soon = now(house) + timedelta(days=10)
    house.admin.patch(f"/services/{s}", {"expires_at": instant(soon)})
    assert "短信网关" in found("service_ends")[0] and "9 天" in found("service_ends")[0], found("service_ends")
    house.move_to(instant(soon + timedelta(hours=1)))
    assert "短信网关" in found("service_ended")[0] and not found("service_ends"), found("service_ended")
    house.admin.call("DELETE", f"/services/{s}", expect=204)
    assert not found("service") and not found("service_ended")


def test_a_damaged_copy_shows(house):
    backup = made_now(house)
    path = f"{house.dir}/backups/{backup['name']}"
    with open(path + "/check.json", "w", encoding="utf-8") as f:
        json.dump({"checked_ms": 1790000000000, "good": False, "en": "damaged", "zh": "坏了"}, f)
    shown = next(b for b in care(house)["items"] if b["name"] == backup["name"])
    assert shown["check"] == "bad" and shown["detail"] in ("damaged", "坏了"), shown
    assert glob.glob(path + "/*")
    shutil.rmtree(path)


def test_commands_give_their_memory_back(house):
    """The sanitizer looks at the end of a command for what nobody freed."""
    with tempfile.TemporaryDirectory(prefix="tenon-demo-") as folder:
        for command in (["demo", "--data", folder + "/data", "--admin-password-file", house.password_file], ["verify", "--data", folder + "/data", "--lang", "en"],
                        ["version", "--listen", "127.0.0.1:1", "--proxy", "10.0.0.1", "--proxy", "10.0.0.2"]):
            done = subprocess.run([house.binary, *command], capture_output=True, text=True, timeout=120, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"}, check=False)
            assert done.returncode == 0 and "LeakSanitizer" not in done.stderr, done.stderr[-2000:]


if __name__ == "__main__":
    cases.main(globals())
