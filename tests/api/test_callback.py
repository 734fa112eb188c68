"""What partners push: signatures, encryption, replays, forgeries, and what becomes of genuine events (L1, L3)."""
import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from urllib.parse import urlencode

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN, CORP = "QDG6eK", "wx5823bf96d3bd56c7"
_made = iter(range(10 ** 6))


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 1, capacity=1000)


def source(house, **callback) -> str:
    n = next(_made)
    settings = {"kind": "wecom", "token": TOKEN, "key": KEY, "receiver": CORP, **callback}
    id = make(house, "source", name=f"回调{n}", key=f"cb{n}", pool=house.company.pool)
    house.admin.call("PUT", f"/sources/{id}/callback", {k: v for k, v in settings.items() if v is not None}, expect=200)
    return f"cb{n}"


def aes(data: bytes, key: bytes, iv: bytes) -> bytes:
    return subprocess.run(["openssl", "enc", "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex(), "-nopad"], input=data, capture_output=True, check=True).stdout


def seal(message: str, receiver: str = CORP, key: str = KEY, pad: int = 32) -> str:
    raw = base64.b64decode(key + "=")
    plain = b"0123456789abcdef" + len(message.encode()).to_bytes(4, "big") + message.encode() + receiver.encode()
    fill = pad - len(plain) % pad
    return base64.b64encode(aes(plain + bytes([fill]) * fill, raw, raw[:16])).decode()


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def query(sealed: str, token: str = TOKEN, at: int | None = None, nonce: str | None = None, name: str = "msg_signature") -> str:
    stamp, nonce = str(at or int(time.time())), nonce or f"n{next(_made)}"
    parts = (token, stamp, nonce) + ((sealed,) if sealed else ())
    return urlencode({name: sign(*parts), "timestamp": stamp, "nonce": nonce})


def push(house, key: str, message: str, answer: int = 200, **how):
    sealed = seal(message, **{k: how.pop(k) for k in ("receiver", "pad") if k in how})
    body = f"<xml><ToUserName><![CDATA[x]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    got = house.client().raw("POST", f"/callback/{key}?{query(sealed, **how)}", body.encode(), {"Content-Type": "text/xml"})
    assert got.status == answer, got
    return got


def receipts(house, key: str) -> list[dict]:
    return [r for r in house.admin.get("/intake/receipts?limit=200")["items"] if r["source"]["key"] == key]


def contact(user: str, change: str = "add_external_contact") -> str:
    return (f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName>sys</FromUserName><CreateTime>1403610513</CreateTime><MsgType>event</MsgType>"
            f"<Event>change_external_contact</Event><ChangeType>{change}</ChangeType><UserID>zhangsan</UserID><ExternalUserID>{user}</ExternalUserID>"
            "<State>expo-2026</State></xml>")


def test_address_is_verified_by_echo(house):
    key, sealed = source(house), seal("1616140317555161061")
    got = house.client().raw("GET", f"/callback/{key}?{query(sealed)}&{urlencode({'echostr': sealed})}")
    assert got.status == 200 and got.body == b"1616140317555161061", got
    forged = house.client().raw("GET", f"/callback/{key}?{query(sealed, token='other')}&{urlencode({'echostr': sealed})}")
    assert forged.status == 403 and sealed.encode() not in forged.body


def test_added_contact_becomes_a_lead_once(house):
    key = source(house)
    assert push(house, key, contact("wo-1")).body == b"success"
    one = wait_for(lambda: [r for r in receipts(house, key) if r["state"] == "taken"], "the lead")[0]
    lead = read(house, one["lead"])
    assert lead["message"] == "添加了企业微信好友" and lead["no_contact_allowed"] and "expo-2026" in json.dumps(lead["extra"]), lead
    assert push(house, key, contact("wo-1")).body == b"success", "a partner that did not hear us sends again"
    assert push(house, key, contact("wo-2", "del_external_contact")).body == b"success"
    push(house, key, contact("wo-3"))
    wait_for(lambda: len([r for r in receipts(house, key) if r["state"] == "taken"]) == 2, "the second lead")
    assert len(receipts(house, key)) == 2, "repeats and other events leave nothing"


def test_a_push_sent_again_after_a_crash_is_one(house):
    key = source(house)
    push(house, key, contact("wo-crash"))
    house.kill()
    house.start(house.port)
    assert push(house, key, contact("wo-crash")).body == b"success", "the partner did not hear us before the crash"
    push(house, key, contact("wo-after"))
    wait_for(lambda: len([r for r in receipts(house, key) if r["state"] == "taken"]) == 2, "the other one")
    assert len(receipts(house, key)) == 2


def test_every_padding_up_to_32_is_read(house):
    key = source(house)
    for n in range(33):
        push(house, key, contact("w" * (n + 1)))
    wait_for(lambda: len([r for r in receipts(house, key) if r["state"] == "taken"]) == 33, "33 leads")


def test_forged_replayed_and_misdirected_are_refused_and_on_the_log(house):
    key = source(house)
    push(house, key, contact("a"), 403, token="guessed")
    push(house, key, contact("b"), 403, at=int(time.time()) - 3600)
    push(house, key, contact("c"), 403, receiver="somebody-else")
    bad = [f"<xml><Encrypt>{'A' * 64}</Encrypt></xml>", '<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>', "<xml>" + "<a>" * 50 + "</a>" * 50 + "</xml>"]
    house.client().raw("POST", f"/callback/{key}?{query('A' * 64)}", bad[0].encode())
    for body in bad[1:]:
        assert house.client().raw("POST", f"/callback/{key}?{query('x')}", body.encode()).status == 403
    reasons = sorted(r["reason"] for r in receipts(house, key))
    assert reasons == sorted(["bad_signature", "bad_timestamp", "wrong_receiver", "bad_padding", "bad_message", "bad_message"]), reasons
    assert all(r["state"] == "quarantined" for r in receipts(house, key))


def test_wrong_key_is_told_when_it_is_saved(house):
    id = make(house, "source", name="密", key=f"k{next(_made)}")
    for key, count in (("short", "5"), (KEY + "H", "44")):
        answer = house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "wecom", "token": "t", "key": key})
        assert answer.status == 400 and answer.json["fields"][0]["code"] == "bad_key" and count in answer.json["fields"][0]["detail"], answer
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "wecom", "token": "geheim", "key": KEY, "receiver": "c1"}, expect=200)
    told = house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "wecom", "receiver": "c2"}, expect=200)
    assert told.json["has_token"] and told.json["has_key"] and told.json["receiver"] == "c2", told
    assert told.json["token_tail"] is None and told.json["key_tail"] == KEY[-4:], "a short one shows nothing"
    for path in (f"/records/source/{id}", f"/sources/{id}/callback", f"/records/source/{id}/history"):
        assert "geheim" not in house.admin.call("GET", path, expect=200).body.decode(), path
    assert house.company.people[0].call("GET", f"/sources/{id}/callback").status == 403


def test_wechat_in_secure_and_plain_mode(house):
    key = source(house, kind="wechat", token="AAAAA", receiver="wxapp")
    text = json.dumps({"ToUserName": "gh", "FromUserName": "o-1", "CreateTime": 1, "MsgType": "text", "Content": "请报价 API"}, ensure_ascii=False)
    sealed = seal(text, "wxapp")
    got = house.client().raw("POST", f"/callback/{key}?{query(sealed, token='AAAAA')}", json.dumps({"ToUserName": "gh", "Encrypt": sealed}).encode())
    assert got.status == 200 and got.body == b"success", got
    plain = house.client().raw("POST", f"/callback/{key}?{query('', token='AAAAA', name='signature')}", text.encode())
    assert plain.status == 403, "where a key is set, nothing plain is believed"
    one = wait_for(lambda: [r for r in receipts(house, key) if r["state"] == "taken"], "the lead")[0]
    assert read(house, one["lead"])["message"] == "请报价 API"
    open_key = source(house, kind="wechat", token="BBBBB", key=None, receiver=None)
    echo = house.client().raw("GET", f"/callback/{open_key}?{query('', token='BBBBB', name='signature')}&echostr=42")
    assert echo.body == b"42"
    house.client().raw("POST", f"/callback/{open_key}?{query('', token='BBBBB', name='signature')}", text.encode())
    wait_for(lambda: [r for r in receipts(house, open_key) if r["state"] == "taken"], "the plain one")


def test_dingtalk_hears_its_own_seal(house):
    key = source(house, kind="dingtalk", receiver="ding1")
    sealed = seal('{"EventType":"check_url"}', "ding1")
    got = house.client().raw("POST", f"/callback/{key}?{query(sealed, name='signature')}", json.dumps({"encrypt": sealed}).encode())
    answer = got.json
    assert answer["msg_signature"] == sign(TOKEN, answer["timeStamp"], answer["nonce"], answer["encrypt"])
    assert receipts(house, key) == []


def test_feishu_challenge_and_event(house):
    key = source(house, kind="feishu", token="verify", key="test key", receiver=None)
    got = house.client().raw("POST", f"/callback/{key}", json.dumps({"challenge": "abc", "token": "verify", "type": "url_verification"}).encode())
    assert got.json == {"challenge": "abc"}
    body = json.dumps({"schema": "2.0", "header": {"event_id": "1", "token": "verify"}, "event": {"x": 1}}).encode()
    head = {"X-Lark-Request-Timestamp": str(int(time.time())), "X-Lark-Request-Nonce": "n"}
    assert house.client().raw("POST", f"/callback/{key}", body, head).status == 403, "unsigned"
    right = hashlib.sha256(head["X-Lark-Request-Timestamp"].encode() + b"n" + b"test key" + body).hexdigest()
    assert house.client().raw("POST", f"/callback/{key}", body, {**head, "X-Lark-Signature": right}).status == 200


def test_call_records_by_mapping(house):
    n = next(_made)
    id = make(house, "source", name=f"总机{n}", key=f"pbx{n}", pool=house.company.pool, mapping={"phone": "data.callfrom", "message": "data.hangup_cause"})
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "token", "token": "secret"}, expect=200)
    record = {"data": {"callid": "c1", "callfrom": "13900001234", "callto": "4001", "answer_stamp": "", "hangup_cause": "NO_ANSWER"}}
    assert house.client().raw("POST", f"/callback/pbx{n}", json.dumps(record).encode(), {"X-Token": "guess"}).status == 403
    got = house.client().raw("POST", f"/callback/pbx{n}?token=secret", json.dumps(record).encode())
    assert got.json == {"code": 0, "msg": "success"}
    one = wait_for(lambda: [r for r in receipts(house, f"pbx{n}") if r["state"] == "taken"], "the lead")[0]
    assert read(house, one["lead"])["phone"] == "+8613900001234"


def stored(house) -> bytes:
    """Every byte the house keeps on disk: all files of its folder, and the whole database where that is PostgreSQL."""
    found = b""
    for folder, _, names in os.walk(house.dir):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                found += f.read()
    if house.engine == "postgres":
        found += subprocess.run([f"{house.postgres.bin}/pg_dump", "--inserts", house.database], check=True, capture_output=True).stdout
    return found


def set_up(house, settings: dict, **fields) -> tuple[str, str]:
    key = f"seal{next(_made)}"
    id = make(house, "source", name=key, key=key, pool=house.company.pool, **fields)
    house.admin.call("PUT", f"/sources/{id}/callback", settings, expect=200)
    return id, key


def by_token(house, key: str, token: str, phone: str, **more) -> int:
    return house.client().raw("POST", f"/callback/{key}?{urlencode({'token': token})}", json.dumps({"phone": phone, **more}).encode()).status


FRESH_KEY = "ZyXwVuTsRqPoNmLkJiHgFeDcBa9876543210zYxWvUt"


def test_secrets_are_sealed_wherever_they_could_lie(house):
    """Neither tables nor history, events, receipts or logs of the database hold a token or a key; restart and rotation change nothing."""
    plain, other, lark = "plain-token-0123456789", "other-token-9876543210", "lark-token-5555555555"
    id, key = set_up(house, {"kind": "token", "token": plain})
    assert by_token(house, key, plain, "13600000001") == 200
    told = house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "token", "token": other}, expect=200).json
    assert told["has_token"] and told["token_tail"] == "3210" and other not in json.dumps(told), told
    wait_for(lambda: by_token(house, key, other, "13600000002") == 200, "the new token")
    assert by_token(house, key, other, "13600000007", inner={"again": other}) == 200
    assert by_token(house, key, plain, "13600000003") == 403, "the old one"
    history = house.admin.get(f"/records/source/{id}/history")
    assert len(history["items"]) == 3, "made, and two changes of the token"
    _, wecom = set_up(house, {"kind": "wecom", "token": plain + "w", "key": FRESH_KEY, "receiver": CORP})
    _, feishu = set_up(house, {"kind": "feishu", "token": lark})
    event = json.dumps({"schema": "2.0", "header": {"token": lark}, "event": {"message": "x"}}).encode()
    assert house.client().raw("POST", f"/callback/{feishu}", event).status == 200
    stale = {"X-Lark-Signature": "0"}
    assert house.client().raw("POST", f"/callback/{feishu}", event[:-1] + b"," + event[-30:], stale).status == 403, "broken, with the token inside"
    wait_for(lambda: all(r["state"] != "pending" for r in receipts(house, key) + receipts(house, feishu)), "what was received")

    def pushed(n: int) -> None:
        sealed = base64.b64decode(FRESH_KEY + "=")
        text = b"0123456789abcdef" + len(contact(f"w{n}").encode()).to_bytes(4, "big") + contact(f"w{n}").encode() + CORP.encode()
        fill = 32 - len(text) % 32
        cipher = base64.b64encode(aes(text + bytes([fill]) * fill, sealed, sealed[:16])).decode()
        got = house.client().raw("POST", f"/callback/{wecom}?{query(cipher, token=plain + 'w')}", f"<xml><Encrypt>{cipher}</Encrypt></xml>".encode())
        assert got.status == 200 and got.body == b"success", got

    def nothing_plain(when: str) -> None:
        found = stored(house)
        for secret in (plain, other, lark, FRESH_KEY):
            assert secret.encode() not in found and secret.encode().hex().encode() not in found, (secret, when)

    pushed(1)
    nothing_plain("while it runs")
    assert house.stop() == 0
    nothing_plain("stopped")
    house.start()
    assert by_token(house, key, other, "13600000004") == 200
    pushed(2)
    assert house.stop() == 0
    command = [house.binary, "rotate-key", "--data", house.dir, *(["--database", house.database] if house.database else [])]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    house.start()
    assert by_token(house, key, other, "13600000005") == 200 and by_token(house, key, plain, "13600000006") == 403
    pushed(3)
    nothing_plain("after the rotation")


def test_deleting_a_source_forgets_its_secrets(house):
    id, key = set_up(house, {"kind": "token", "token": "to-be-forgotten-1"})
    assert by_token(house, key, "to-be-forgotten-1", "13600000011") == 200
    house.admin.call("DELETE", f"/records/source/{id}", expect=200)
    wait_for(lambda: by_token(house, key, "to-be-forgotten-1", "13600000012") == 404, "the source to be gone")
    house.admin.call("POST", f"/records/source/{id}/restore", {}, expect=200)
    assert not house.admin.get(f"/sources/{id}/callback")["has_token"]
    wait_for(lambda: by_token(house, key, "to-be-forgotten-1", "13600000013") == 503, "it to be back without a token")
    assert "no_secret" in {r["reason"] for r in receipts(house, key)}
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "token", "token": "a-new-one"}, expect=200)
    wait_for(lambda: by_token(house, key, "a-new-one", "13600000014") == 200, "the new token")
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "none"}, expect=200)
    assert not house.admin.get(f"/sources/{id}/callback")["has_token"]


def test_a_lost_key_file_is_told_and_mended(house):
    id, key = set_up(house, {"kind": "token", "token": "lost-with-its-key"})
    assert house.stop() == 0
    os.rename(house.dir + "/secret.key", house.dir + "/secret.away")
    house.start()
    assert house.admin.get(f"/sources/{id}/callback")["fault"] == "secret_unreadable"
    assert by_token(house, key, "lost-with-its-key", "13600000021") == 503
    assert [r["reason"] for r in receipts(house, key)] == ["secret_unreadable"]
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "token", "token": "entered-again"}, expect=200)
    wait_for(lambda: by_token(house, key, "entered-again", "13600000022") == 200, "the token that was entered again")
    os.unlink(house.dir + "/secret.away")


def test_nobody_is_at_unknown_addresses(house):
    assert house.client().raw("POST", "/callback/nowhere", b"<xml/>").status == 404
    assert house.client().raw("POST", f"/callback/{house.company.key}", b"{}").status == 404
    assert house.client().raw("PUT", f"/callback/{house.company.key}", b"{}").status == 405


if __name__ == "__main__":
    cases.main(globals())
