"""Notifications of browsers: sealed, signed, to each device; what is gone is dropped, and no device speaks for the others."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, person, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402

POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)


def unbase(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def channel(house):
    return house.admin.post("/channels", {"kind": "web_push", "name": "浏览器通知", "settings": {"subject": "mailto:it@example.com"}, "allowed_host": "127.0.0.1"}, 201)


def subscribe(who, partner, path, expect=201, **more):
    return who.post("/me/push", {"endpoint": partner.url(path), "p256dh": POINT, "auth": AUTH, "device": "办公室电脑", **more}, expect)


def one(house):
    c = Company(house, 1, capacity=1000)
    return c, c.people[0]


def drop(house, ch):
    house.admin.call("DELETE", f"/channels/{ch['id']}", expect=204)


def test_a_lead_reaches_each_device_of_its_owner(house):
    p = Partner((201, b""))
    c, who = one(house)
    assert who.get("/me/push")["key"] is None
    assert who.call("POST", "/me/push", {"endpoint": p.url("/x"), "p256dh": POINT, "auth": AUTH}).json["code"] == "no_channel"
    ch = channel(house)
    assert ch["secrets"]["key"]["set"] and "settings" in ch and "key" not in ch["settings"], ch
    key = who.get("/me/push")["key"]
    assert len(unbase(key)) == 65 and unbase(key)[0] == 4
    subscribe(who, p, "/send/a")
    mine = subscribe(who, p, "/send/b")
    assert len(mine["devices"]) == 2 and mine["devices"][0]["device"] == "办公室电脑" and mine["key"] == key, mine
    assert [i["channel"] for i in who.get("/me/channels")["items"]] == [ch["id"]], "it is the first of the person's channels"
    c.send()
    wait_for(lambda: len(p.requests) >= 2, "a message to each device")
    assert sorted(r.path for r in p.requests) == ["/send/a", "/send/b"]
    for r in p.requests:
        assert r.headers["Content-Encoding"] == "aes128gcm" and r.headers["Urgency"] == "high" and int(r.headers["TTL"]) > 0, dict(r.headers)
        assert r.body[16:21] == b"\x00\x00\x10\x00\x41" and r.body[21] == 4 and len(r.body) <= 4096, "salt, record size, length of the key"
        assert "线索".encode() not in r.body
        scheme, fields = r.headers["Authorization"].split(" ", 1)
        token, k = (part.split("=", 1)[1] for part in fields.split(","))
        assert scheme == "vapid" and k == key
        head, claims, signature = token.split(".")
        assert json.loads(unbase(head)) == {"typ": "JWT", "alg": "ES256"} and len(unbase(signature)) == 64
        claims = json.loads(unbase(claims))
        assert claims["aud"] == p.url("").rstrip("/") and claims["sub"] == "mailto:it@example.com" and claims["exp"] > 0, claims
    assert p.requests[0].body[:16] != p.requests[1].body[:16] and p.requests[0].body[21:86] != p.requests[1].body[21:86], "salt and key are of one message"
    rows = wait_for(lambda: [r for r in house.admin.get(f"/channels/{ch['id']}/log")["items"] if r["state"] == "sent"], "the log")
    assert rows[0]["receiver"]["id"] == who.id
    drop(house, ch)


def test_a_device_that_is_gone_is_dropped_and_the_spare_channel_takes_over(house):
    p, hook = Partner(lambda r: (410, b"") if r.path == "/gone" else (404, b"") if r.path == "/lost" else (201, b"")), Partner()
    ch = channel(house)
    robot = house.admin.post("/channels", {"kind": "wecom_robot", "name": "群", "settings": {"url": hook.url("/send?key=KEY-OF-THE-ROBOT")}, "allowed_host": "127.0.0.1"}, 201)
    c, who = one(house)
    house.admin.call("PUT", f"/users/{who.id}/channels", {"items": [{"channel": robot["id"], "address": ""}]}, expect=200)
    for path in ("/gone", "/fine", "/lost"):
        subscribe(who, p, path)
    assert [(i["channel"], i["spare"]) for i in who.get("/me/channels")["items"]] == [(ch["id"], False), (robot["id"], False)], "it comes on top"
    house.admin.call("PUT", f"/users/{who.id}/channels", {"items": [{"channel": ch["id"], "address": ""}, {"channel": robot["id"], "address": "", "spare": True}]}, expect=200)
    c.send()
    wait_for(lambda: len(who.get("/me/push")["devices"]) == 1, "two devices are dropped")
    assert who.get("/me/push")["devices"][0]["endpoint"].endswith("/fine") and not hook.requests
    who.post("/me/push/remove", {"endpoint": p.url("/fine")})
    assert [i["channel"] for i in who.get("/me/channels")["items"]] == [robot["id"]], "with the last device the channel goes"
    subscribe(who, p, "/gone")
    house.advance("2m")
    c.send()
    wait_for(lambda: hook.requests, "the card on the spare channel")
    assert who.get("/me/push")["devices"] == []
    drop(house, ch)
    drop(house, robot)


def test_no_device_stops_the_channel_for_others(house):
    """Whatever a host says that somebody's browser named: the breaker stays closed."""
    bad, good = Partner((500, b"")), Partner((201, b""))
    ch = channel(house)
    c, who = one(house)
    other = Company(house, 1, capacity=1000)
    subscribe(who, bad, "/bad")
    subscribe(other.people[0], good, "/good")
    for answer in ((500, b""), (403, b"vapid"), (413, b""), (429, b"", {"Retry-After": "1"})):
        bad.always, n = answer, len(bad.requests)
        house.advance("2m")
        c.send()
        wait_for(lambda: len(bad.requests) > n, f"a try that ends in {answer[0]}")
    state = next(x for x in house.admin.get("/channels")["items"] if x["id"] == ch["id"])
    assert state["breaker"]["state"] == "closed" and len(who.get("/me/push")["devices"]) == 1, state
    other.send()
    wait_for(lambda: good.requests, "the other person is told")
    drop(house, ch)


def test_endpoints_are_guarded(house):
    p = Partner()
    ch = house.admin.post("/channels", {"kind": "web_push", "name": "推送", "settings": {"subject": "mailto:a@example.com"}}, 201)
    who = person(house)
    for endpoint in (p.url("/x"), "https://127.0.0.1/x", "https://10.1.1.1/x", "https://169.254.169.254/", "smtp://mail.example.com", "https://a@b.example/",
                     "https://push.example.com/a b", "https://push.example.com/a\nb"):
        answer = who.call("POST", "/me/push", {"endpoint": endpoint, "p256dh": POINT, "auth": AUTH})
        assert answer.status == 400 and answer.json["fields"][0]["field"] == "endpoint", (endpoint, answer)
    for field, value in (("p256dh", POINT[:-3] + "AAA"), ("p256dh", "x"), ("auth", "AAAA"), ("auth", "***")):
        answer = who.call("POST", "/me/push", {"endpoint": "https://push.example.com/x", "p256dh": POINT, "auth": AUTH, field: value})
        assert answer.status == 400 and answer.json["fields"][0]["field"] == field, (field, answer)
    for i in range(12):
        who.post("/me/push", {"endpoint": f"https://push.example.com/{i}", "p256dh": POINT, "auth": AUTH}, 201)
    assert len(who.get("/me/push")["devices"]) == 10, "the oldest are forgotten"
    stranger = person(house)
    stranger.post("/me/push", {"endpoint": "https://push.example.com/11", "p256dh": POINT, "auth": AUTH}, 201)
    assert len(who.get("/me/push")["devices"]) == 9, "a device is of whoever used it last"
    assert not p.requests
    drop(house, ch)


if __name__ == "__main__":
    cases.main(globals(), extra=("--public-url", "https://crm.example.com"))
