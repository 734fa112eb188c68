"""Channels: alerts reach people outside the browser, in order, once, never stale, never past a breaker; secrets stay inside."""
import base64
import glob
import hashlib
import hmac
import os
import subprocess
import sys
import urllib.parse
from zoneinfo import ZoneInfo

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, now, parse, person, quiet_policy, read, week  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.partner import OK, Mailbox, Partner  # noqa: E402

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)


def channel(house, kind, name="渠道", host="127.0.0.1", expect=201, **more):
    settings = more.pop("settings")
    return house.admin.post("/channels", {"kind": kind, "name": name, "settings": settings, "allowed_host": host, **more}, expect)


def robot(house, partner, kind="wecom_robot", path="/cgi-bin/webhook/send?key=KEY-OF-THE-ROBOT-1234", **more):
    secret = more.pop("secret", None)
    return channel(house, kind, settings={"url": partner.url(path), **({"secret": secret} if secret else {})}, **more)["id"]


def webhook(house, partner, **more):
    return channel(house, "webhook", settings={"url": partner.url("/hook"), "secret": WHSEC}, **more)["id"]


def routes(house, who, *items, quiet=None):
    """items: (channel, address), or (channel, address, "spare")."""
    listed = [{"channel": i[0], "address": i[1], **({"spare": True} if len(i) > 2 else {})} for i in items]
    return house.admin.call("PUT", f"/users/{who.id}/channels", {"items": listed, "quiet": quiet}, expect=200).json["items"]


def state(house, channel_id):
    return next(c for c in house.admin.get("/channels")["items"] if c["id"] == channel_id)


def log(house, channel_id):
    return house.admin.get(f"/channels/{channel_id}/log")["items"]


def logged(house, channel_id, what, n=1, seconds=20):
    """Waits until the log holds n rows in that state or with that code."""
    def found():
        rows = [r for r in log(house, channel_id) if what in (r["state"], r["code"])]
        return rows if len(rows) >= n else None
    return wait_for(found, f"{n} rows of {what} in the log: {[(r['state'], r['code']) for r in log(house, channel_id)[:9]]}", seconds)


def got(partner, n=1, seconds=20):
    wait_for(lambda: len(partner.requests) >= n, f"{n} requests, got {len(partner.requests)}", seconds)
    return partner.requests


def markdown(request):
    return request.json["markdown"]["content"]


def drop(house, *channels):
    for c in channels:
        house.admin.call("DELETE", f"/channels/{c}", expect=204)


def one(house, *items, **more):
    """A company of one salesperson with those channels."""
    c = Company(house, 1, capacity=1000)
    routes(house, c.people[0], *items, **more)
    return c, c.people[0]


def test_a_lead_reaches_the_group_robot_of_wecom(house):
    p = Partner()
    ch = robot(house, p)
    c, who = one(house, (ch, "zhangsan"))
    lead = c.send(name="<@all>王芳[点](http://evil.example)", company="上海云帆科技有限公司", phone="13812345678", city="上海", message="协作机器人")["lead"]
    text = markdown(got(p)[0])
    assert "新线索分配给您" in text and "<@zhangsan>" in text and "上海云帆科技有限公司" in text, text
    assert "请在 10:05 前联系" in text or "前联系" in text, text
    assert "138＊＊＊＊5678" in text and "12345678" not in text, "a group does not read the whole number"
    assert "<@all>" not in text and "](http://evil" not in text, "a visitor's text is no markup"
    assert "https://crm.example.com/leads/" + lead in text, text
    assert len(text.encode()) <= 4096 and "key=KEY-OF-THE-ROBOT-1234" in p.requests[0].path
    assert logged(house, ch, "sent")[0]["receiver"]["id"] == who.id
    assert state(house, ch)["day"]["sent"] == 1 and state(house, ch)["queue"] == 0
    drop(house, ch)


def test_dingtalk_and_feishu_are_signed(house):
    secret = "SEC000000000000000000000"
    ding, feishu = Partner(), Partner({"code": 0, "msg": "success", "data": {}})
    a = robot(house, ding, "ding_robot", "/robot/send?access_token=T", secret=secret)
    b = robot(house, feishu, "feishu_robot", "/open-apis/bot/v2/hook/x", secret=secret)
    c, _ = one(house, (a, "13900000000"))
    c.send()
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(got(ding)[0].path).query)
    stamp, sign = query["timestamp"][0], query["sign"][0]
    assert sign == base64.b64encode(hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()).decode()
    assert len(stamp) == 13 and ding.requests[0].json["at"]["atMobiles"] == ["13900000000"], ding.requests[0].json
    c, _ = one(house, (b, "ou_1"))
    c.send()
    body = got(feishu)[0].json
    assert body["sign"] == base64.b64encode(hmac.new(f"{body['timestamp']}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
    assert len(body["timestamp"]) == 10 and body["msg_type"] == "interactive" and "<at id=ou_1></at>" in str(body["card"])
    logged(house, b, "sent")
    drop(house, a, b)


def test_a_webhook_carries_the_standard_signature(house):
    p = Partner((204, b""))
    ch = webhook(house, p)
    c, _ = one(house, (ch, ""))
    lead = c.send()["lead"]
    r = got(p)[0]
    signed = f"{r.headers['webhook-id']}.{r.headers['webhook-timestamp']}.".encode() + r.body
    want = base64.b64encode(hmac.new(base64.b64decode(WHSEC[6:]), signed, hashlib.sha256).digest()).decode()
    assert r.headers["webhook-signature"] == "v1," + want
    assert r.json["type"] == "lead.assigned" and r.json["data"]["record"] == lead and r.json["data"]["link"].endswith(lead)
    logged(house, ch, "sent")
    drop(house, ch)


def test_mail_in_chinese_and_english(house):
    box = Mailbox()
    ch = channel(house, "mail", settings={"server": f"smtp://127.0.0.1:{box.port}", "from": "crm@example.com", "user": "crm",
                                          "password": box.greeting_password})["id"]
    c, who = one(house, (ch, "zhang@example.com"))
    c.send(name="王芳", company="<b>云帆</b>")
    wait_for(lambda: box.messages, "a mail")
    to, message, raw = box.messages[0]
    assert to == "zhang@example.com" and "新线索" in message["subject"] and box.users == ["crm"], message["subject"]
    plain, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "王芳" in plain and "https://crm.example.com/leads/" in plain and "<b>云帆" not in html and "王芳" in html
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")) and raw.isascii()
    house.admin.patch(f"/records/user/{who.id}", {"language": "en"})
    house.advance("61s")
    c.send()
    wait_for(lambda: len(box.messages) == 2, "a second mail")
    assert "lead is yours" in box.messages[1][1]["subject"], box.messages[1][1]["subject"]
    logged(house, ch, "sent", 2)
    box.refuse["gone@example.com"] = "550 no such user"
    routes(house, who, (ch, "gone@example.com"))
    house.advance("61s")
    c.send()
    row = logged(house, ch, "failed")[0]
    assert row["code"] == "smtp_550" and state(house, ch)["breaker"]["state"] == "closed", row
    drop(house, ch)


def test_errors_inside_http_200_are_understood(house):
    """A wrong key or signature opens the breaker at once and administrators are told; too much at once is a pause."""
    cases_ = [("wecom_robot", {"errcode": 93000, "errmsg": "invalid webhook url"}, "open"),
              ("wecom_robot", {"errcode": 45009, "errmsg": "api freq out of limit"}, "limited"),
              ("ding_robot", {"errcode": 310000, "errmsg": "sign not match"}, "open"),
              ("ding_robot", {"errcode": 130101, "errmsg": "send too fast"}, "limited"),
              ("feishu_robot", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, "open")]
    for kind, answer, want in cases_:
        p = Partner({"code": 0, "msg": "ok", **OK})
        p.script = [answer]
        ch = robot(house, p, kind, name=f"{kind} {want}")
        c, _ = one(house, (ch, ""))
        c.send()
        code = str(answer.get("errcode") or answer.get("code"))
        wait_for(lambda s=ch, w=want: state(house, s)["breaker"]["state"] == w, f"{kind} {code} to be {want}: {state(house, ch)}")
        breaker = state(house, ch)["breaker"]
        assert breaker["code"] == code and breaker["detail"] == (answer.get("errmsg") or answer.get("msg")), breaker
        assert len(p.requests) == 1 and state(house, ch)["queue"] == 1
        if want == "open":
            wait_for(lambda k=kind, w=want: any(a["reason"] == "channel.down" and a["data"]["name"] == f"{k} {w}" for a in house.admin.get("/alerts")["items"]), "the alert")
        else:
            house.advance("61s" if kind == "wecom_robot" else "4m")
        if kind == "wecom_robot":
            house.advance("45s" if want == "open" else "1s")
            logged(house, ch, "sent")
            wait_for(lambda s=ch: state(house, s)["breaker"]["state"] == "closed", "the breaker to close by its probe")
        drop(house, ch)


def test_slow_reset_and_strange_answers_are_tried_again(house):
    p = Partner()
    p.script = ["reset", (500, b"oops"), (200, b"<html>"), (200, b'{"errcode":"0"}')]
    ch = webhook_like = robot(house, p)
    c, _ = one(house, (ch, ""))
    c.send()
    for n in range(1, 5):
        got(p, n)
        wait_for(lambda: state(house, webhook_like)["queue"] == 1, "the card to wait")
        house.advance("12s")
    logged(house, ch, "sent")
    assert len(p.requests) == 5 and state(house, ch)["breaker"]["state"] == "closed"
    drop(house, ch)


def test_every_channel_of_a_person_gets_the_alert(house):
    """L: over every channel that the receiver has set up, each once, whatever becomes of the others."""
    ps = [Partner(), Partner((200, {})), Partner({"errcode": 93000, "errmsg": "invalid webhook url"})]
    robots = [robot(house, ps[0]), webhook(house, ps[1]), robot(house, ps[2])]
    c, who = one(house, *((ch, "") for ch in robots))
    assert [i["spare"] for i in who.get("/me/channels")["items"]] == [False] * 3
    lead = c.send()["lead"]
    for p in ps:
        got(p)
    assert ps[1].requests[0].json["data"]["record"] == lead
    logged(house, robots[0], "sent")
    logged(house, robots[1], "sent")
    wait_for(lambda: state(house, robots[2])["breaker"]["state"] == "open", "the breaker of the third")
    house.advance("61s")
    c.send()
    got(ps[0], 2)
    got(ps[1], 2)
    wait_for(lambda: all(state(house, ch)["queue"] == 0 for ch in robots[:2]), "empty queues")
    assert [len(p.requests) for p in ps[:2]] == [2, 2]
    drop(house, *robots)


def test_a_slow_channel_holds_no_other_back_and_order_is_kept_in_each(house):
    slow, quick = Partner((200, {})), Partner((200, {}))
    a, b = webhook(house, slow), webhook(house, quick)
    c, _ = one(house, (a, ""), (b, ""))
    slow.script = [(500, b""), (500, b"")]
    c.send(phone="13611220000")
    got(slow)
    got(quick)
    c.send("duplicate", phone="13611220000")
    got(quick, 2)
    wait_for(lambda: state(house, a)["queue"] == 2 and state(house, b)["queue"] == 0, "two cards to wait in the slow one alone")
    house.advance("3s")
    got(slow, 2)
    house.advance("6s")
    got(slow, 4)
    assert [r.json["type"] for r in quick.requests] == ["lead.assigned", "lead.repeated"]
    assert [r.json["type"] for r in slow.requests] == ["lead.assigned"] * 3 + ["lead.repeated"]
    drop(house, a, b)


def test_what_waits_in_several_channels_ends_in_all_of_them(house):
    """Read in the app, or contacted: cancelled in each. Counted in: one card a channel. Over: nothing stale in any."""
    ps = [Partner((200, {})), Partner((200, {}))]
    chs = [webhook(house, p) for p in ps]
    c, who = one(house, *((ch, "") for ch in chs))

    def paused():
        house.advance("61s")
        for p in ps:
            p.script = [(503, b"", {"Retry-After": "20"})]
        sent = [len(p.requests) for p in ps]
        lead = c.send()["lead"]
        for p, n in zip(ps, sent):
            got(p, n + 1)
        wait_for(lambda: all(state(house, ch)["breaker"]["state"] == "limited" for ch in chs), "both to pause")
        return lead

    paused()
    who.post("/alerts/read", {"all": True})
    house.advance("25s")
    assert all(logged(house, ch, "dropped")[0]["code"] == "read" for ch in chs) and [len(p.requests) for p in ps] == [1, 1]
    who.touch(paused())
    house.advance("25s")
    assert all(logged(house, ch, "touched") for ch in chs) and [len(p.requests) for p in ps] == [2, 2]
    paused()
    c.send()
    c.send()
    house.advance("25s")
    for p in ps:
        assert got(p, 4)[3].json["data"]["count"] == 3, p.requests[3].json
    wait_for(lambda: all(state(house, ch)["queue"] == 0 for ch in chs), "empty queues")
    who.post("/alerts/read", {"all": True})
    for p in ps:
        p.always = (503, b"", {"Retry-After": "3600"})
    house.advance("61s")
    c.send()
    wait_for(lambda: all(state(house, ch)["queue"] == 1 for ch in chs), "a card to wait in each")
    house.advance("6m")
    assert all(logged(house, ch, "expired") for ch in chs), "what is over is sent nowhere"
    drop(house, *chs)


def test_a_spare_channel_stands_in_for_the_one_before_it(house):
    """[A, B, spare of B]: only when B fails; the first is never spare; a channel that is removed leaves its place to its spare."""
    bad = {"errcode": 93000, "errmsg": "invalid webhook url"}
    first, second, spare = Partner(), Partner(bad), Partner((200, {}))
    a, b, s = robot(house, first), robot(house, second), webhook(house, spare)
    c, who = one(house, (a, "", "spare"), (b, ""), (s, "", "spare"))
    assert [i["spare"] for i in who.get("/me/channels")["items"]] == [False, False, True]
    c.send()
    got(first)
    got(second)
    got(spare)
    assert logged(house, b, "failed")[0]["code"] == "93000"
    second.always = OK
    house.admin.patch(f"/channels/{b}", {"rate": 100})  # mended: the breaker closes
    house.advance("61s")
    c.send()
    got(first, 2)
    got(second, 2)
    wait_for(lambda: all(state(house, ch)["queue"] == 0 for ch in (a, b, s)), "empty queues")
    assert len(spare.requests) == 1, "not while the one before it works"
    first.always = bad
    house.advance("61s")
    c.send()
    got(first, 3)
    got(second, 3)
    wait_for(lambda: state(house, a)["breaker"]["state"] == "open", "the first to fail")
    assert len(spare.requests) == 1, "it stands in for the second, not for the first"
    drop(house, b)
    assert [(i["channel"], i["spare"]) for i in who.get("/me/channels")["items"]] == [(a, False), (s, False)]
    house.advance("61s")
    c.send()
    got(spare, 2)
    drop(house, a, s)


def test_fall_back_to_the_next_channel(house):
    bad, good = Partner({"errcode": 93000, "errmsg": "invalid webhook url"}), Partner((200, {}))
    a, b = robot(house, bad), webhook(house, good)
    c, who = one(house, (a, ""), (b, "", "spare"))
    lead = c.send()["lead"]
    assert got(good)[0].json["data"]["record"] == lead
    logged(house, b, "sent")
    assert log(house, a)[0]["state"] == "failed" and log(house, a)[0]["code"] == "93000", log(house, a)
    c, _ = one(house, (a, ""), (b, "", "spare"))
    c.send()
    got(good, 2)
    assert len(bad.requests) == 1, "the breaker is open: the second goes past it"
    drop(house, a)
    c, _ = one(house, (b, ""))
    c.send()
    got(good, 3)
    drop(house, b)
    del who


def test_410_switches_a_webhook_off(house):
    p = Partner((410, b""))
    ch = webhook(house, p)
    c, _ = one(house, (ch, ""))
    c.send()
    wait_for(lambda: not state(house, ch)["enabled"], "the channel to be switched off")
    drop(house, ch)


def test_twenty_a_minute_and_nothing_stale(house):
    """Thirty people in one robot: twenty cards in the first minute, the rest in the next; what is over is dropped and logged."""
    p = Partner()
    ch = robot(house, p)
    c = Company(house, 30, capacity=1000)
    for who in c.people:
        routes(house, who, (ch, ""))
    for _ in range(30):
        c.send()
    got(p, 20)
    wait_for(lambda: state(house, ch)["queue"] == 10, "ten cards to wait")
    house.advance("10s")
    assert len(p.requests) == 20
    house.advance("55s")
    got(p, 30)
    wait_for(lambda: state(house, ch)["queue"] == 0, "an empty queue")
    p.always = {"errcode": 45009, "errmsg": "api freq out of limit"}
    for _ in range(30):
        c.send()
    wait_for(lambda: state(house, ch)["queue"] == 30, "all to wait")
    house.advance("6m")
    assert logged(house, ch, "expired", 20), "countdowns that ran out are not sent"
    drop(house, ch)


def test_a_robot_that_asked_for_a_pause_gets_it_across_a_restart(house):
    p, q = Partner({"errcode": 45009, "errmsg": "api freq out of limit"}), Partner((200, {}))
    ch, hook = robot(house, p), webhook(house, q)
    c = Company(house, 2, capacity=1000)
    for who in c.people:
        routes(house, who, (ch, ""), (hook, who.login))
    c.send()
    wait_for(lambda: state(house, ch)["breaker"]["state"] == "limited", "the pause")
    n = len(p.requests)
    house.kill()
    house.start()
    c.send()
    got(q, 2)
    assert len(p.requests) == n, "the pause goes on"
    p.always = OK
    house.advance("2m")
    got(p, n + 1)
    drop(house, ch, hook)


def test_a_burst_is_one_card_with_a_count(house):
    """2,000 alerts within a minute are a handful of cards, in every channel."""
    p, q = Partner((200, {})), Partner((200, {}))
    ch, other = webhook(house, p), webhook(house, q)
    c = Company(house, 3, capacity=5000)
    for who in c.people:
        routes(house, who, (ch, ""), (other, ""))
    sends = 2000 if house.engine == "sqlite" else 300
    for i in range(sends):
        house.capture(c.key, {"name": "群发", "phone": f"137{i:08d}"}, wait=0)
    wait_for(lambda: sum(a["count"] for who in c.people for a in who.alerts("lead.assigned")) >= sends, "all leads to be assigned", 120)
    for one_of in (ch, other):
        wait_for(lambda o=one_of: state(house, o)["queue"] <= 1, "the queue to empty")
    house.advance("25s")
    for one_of, partner in ((ch, p), (other, q)):
        wait_for(lambda o=one_of: state(house, o)["queue"] == 0, "the queue to empty")
        assert len(partner.requests) <= 30, len(partner.requests)
        assert max(r.json["data"]["count"] for r in partner.requests) > sends / 20
    drop(house, ch, other)


def test_what_was_read_is_not_sent(house):
    p = Partner((200, {}))
    p.script = [(503, b"", {"Retry-After": "20"})]
    ch = webhook(house, p)
    c, who = one(house, (ch, ""))
    c.send()
    got(p)
    wait_for(lambda: state(house, ch)["breaker"]["state"] == "limited", "the pause")
    who.post("/alerts/read", {"all": True})
    house.advance("25s")
    assert logged(house, ch, "dropped")[0]["code"] == "read" and len(p.requests) == 1
    p.script = [(503, b"", {"Retry-After": "20"})]
    house.advance("61s")
    lead = c.send()["lead"]
    got(p, 2)
    wait_for(lambda: state(house, ch)["breaker"]["state"] == "limited", "the pause")
    who.touch(lead)
    house.advance("25s")
    assert logged(house, ch, "touched") and len(p.requests) == 2, "nobody is hurried who has acted"
    drop(house, ch)


def test_whoever_gets_contacted_leads_handed_over_is_told(house):
    p = Partner((200, {}))
    ch = webhook(house, p)
    c = Company(house, 2, capacity=1000)
    first, second = c.people
    c.members(first)
    leads = [c.send()["lead"] for _ in range(3)]
    for lead in leads:
        first.touch(lead)
    routes(house, second, (ch, ""))
    house.advance("10m")  # the time for the first contact is over
    c.head.post(f"/leads/{leads[0]}/assign", {"to": second.id})
    card = got(p)[0].json["data"]
    assert card["record"] == leads[0] and not card["countdown"], "nothing counts down for a lead that was contacted"
    house.advance("2m")
    c.head.post("/leads/assign", {"ids": leads[1:], "to": second.id})
    house.advance("61s")
    wait_for(lambda: sum(r.json["data"]["count"] for r in p.requests) >= 3, f"a card for many: {[r.json['data'] for r in p.requests]}")
    drop(house, ch)


def test_a_card_for_many_is_not_sent_when_none_waits_any_more(house):
    p = Partner((200, {}))
    ch = webhook(house, p)
    at = now(house)
    quiet = {"from": at.strftime("%H:00"), "to": f"{(at.hour + 2) % 24:02d}:00", "urgent": False}
    c, who = one(house, (ch, ""), quiet=quiet)
    both = [c.send()["lead"] for _ in range(2)]
    assert [a["count"] for a in who.alerts("lead.assigned")] == [2]
    who.touch(both[0])
    routes(house, who, (ch, ""))
    assert got(p)[0].json["data"]["count"] == 2, "one of them waits"
    routes(house, who, (ch, ""), quiet=quiet)
    house.advance("61s")
    more = [c.send()["lead"] for _ in range(2)]
    for lead in (both[1], *more):
        who.touch(lead)
    routes(house, who, (ch, ""))
    house.advance("61s")
    assert logged(house, ch, "touched") and len(p.requests) == 1, "all were contacted before the card could go"
    drop(house, ch)


def test_quiet_hours(house):
    p = Partner((200, {}))
    ch = webhook(house, p)
    at = now(house)
    quiet = {"from": at.strftime("%H:00"), "to": f"{at.hour + 2:02d}:00"}
    c, who = one(house, (ch, ""), quiet={**quiet, "urgent": False})
    mine = who.get("/me/channels")
    assert mine["quiet"] == {**quiet, "urgent": False} and mine["items"] == [{"channel": ch, "address": "", "spare": False}], mine
    assert "settings" not in mine["available"][0]
    c.send()
    wait_for(lambda: state(house, ch)["queue"] == 1, "the card to wait")
    house.advance("1m")
    assert not p.requests
    routes(house, who, (ch, ""), quiet={**quiet, "urgent": True})
    house.advance("1m")
    c.send()
    got(p)
    drop(house, ch)


def test_the_clock_on_the_wall_is_that_of_the_receiver(house):
    """A team without working time has that of the team above: so has its card, and so have quiet hours."""
    p = Partner((200, {}))
    ch = webhook(house, p)
    berlin = make(house, "calendar", name="柏林", zone="Europe/Berlin", week=week(("00:00", "24:00")))
    above = make(house, "team", name="欧洲", calendar=berlin)
    team = make(house, "team", name="欧洲一部", parent=make(house, "team", name="欧洲中部", parent=above))
    c, who = one(house, (ch, ""))
    house.admin.patch(f"/records/user/{who.id}", {"team": team})
    there = now(house).astimezone(ZoneInfo("Europe/Berlin"))
    routes(house, who, (ch, ""), quiet={"from": there.strftime("%H:00"), "to": f"{(there.hour + 1) % 24:02d}:00", "urgent": False})
    lead = c.send()["lead"]
    wait_for(lambda: state(house, ch)["queue"] == 1, "the card to wait")
    house.advance("1m")
    assert not p.requests
    routes(house, who, (ch, ""))
    by = parse(read(house, lead)["respond_by"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert by.strftime("%H:%M") in got(p)[0].json["data"]["countdown"], (by, p.requests[0].json)
    drop(house, ch)


def test_a_receiver_who_left_gets_nothing(house):
    p = Partner((200, {}))
    ch = webhook(house, p)
    p.script = [(503, b"", {"Retry-After": "20"})]
    c, who = one(house, (ch, ""))
    c.send()
    got(p)
    wait_for(lambda: state(house, ch)["breaker"]["state"] == "limited", "the pause")
    house.admin.patch(f"/records/user/{who.id}", {"active": False})
    house.advance("25s")
    logged(house, ch, "receiver_left")
    assert len(p.requests) == 1
    drop(house, ch)


def wecom_app(answers=None):
    """A partner that gives tokens and takes messages only with the newest of them."""
    p = Partner()
    p.tokens, p.expired = 0, 0

    def answer(request):
        if "/gettoken" in request.path:
            assert "corpsecret=APPSECRETAPPSECRET" in request.path
            p.tokens += 1
            return {"errcode": 0, "errmsg": "ok", "access_token": f"TOKEN{p.tokens}", "expires_in": 7200}
        if p.expired or not request.path.endswith(f"access_token=TOKEN{p.tokens}"):
            p.expired = 0
            return {"errcode": 42001, "errmsg": "access_token expired"}
        return (answers or (lambda r: {**OK, "invaliduser": "", "msgid": "1"}))(request)
    p.always = answer
    return p


def messages(partner, part="/send"):
    return [r for r in partner.requests if part in r.path]


def test_app_messages_of_wecom_renew_their_token_once(house):
    p = wecom_app(lambda r: {**OK, "invaliduser": "gone" if r.json["touser"] == "gone" else ""})
    ch = channel(house, "wecom_app", settings={"corpid": "ww1", "agentid": 1000002, "secret": "APPSECRETAPPSECRET", "server": p.url("")})["id"]
    c = Company(house, 5, capacity=1000)
    for i, who in enumerate(c.people):
        routes(house, who, (ch, f"user{i}"))
    for _ in range(5):
        c.send()
    logged(house, ch, "sent", 5)
    assert p.tokens == 1, "one token for all, fetched once"
    body = messages(p)[0].json
    assert body["msgtype"] == "textcard" and body["enable_duplicate_check"] == 1 and body["agentid"] == 1000002
    assert len(body["textcard"]["title"].encode()) <= 128 and len(body["textcard"]["description"].encode()) <= 512
    p.expired = 1
    house.advance("61s")
    c.send()
    logged(house, ch, "sent", 6)
    assert p.tokens == 2, "42001: fetched anew, once, and sent at once"
    c, _ = one(house, (ch, "gone"))
    c.send()
    assert logged(house, ch, "failed")[0]["code"] == "invaliduser", "errcode 0 with an invalid user is no success"
    assert state(house, ch)["breaker"]["state"] == "closed"
    seen = house.admin.call("GET", "/channels").body.decode() + house.log_tail(100000)
    assert "APPSECRET" not in seen and "TOKEN2" not in seen
    drop(house, ch)


def test_other_apps_and_sms(house):
    def answer(request):
        if "/gettoken" in request.path:
            return {"errcode": 0, "access_token": "T", "expires_in": 7200}
        if "/tenant_access_token" in request.path:
            return {"code": 0, "msg": "ok", "tenant_access_token": "T", "expire": 7200}
        if "/stable_token" in request.path:
            return {"access_token": "T", "expires_in": 7200}
        return {"code": 0, "errcode": 0, "errmsg": "ok", "msg": "ok", "Code": "OK", "Message": "OK"}
    p = Partner(answer)
    server = {"server": p.url("")}
    made = {
        "feishu_app": ({"app_id": "a", "app_secret": "s"}, "ou_1"),
        "ding_app": ({"appkey": "a", "agent_id": 1, "appsecret": "s"}, "user1"),
        "wechat": ({"appid": "a", "secret": "s", "template_id": "TPL"}, "oABC-1_x"),
        "sms": ({"access_key": "testId", "secret": "testSecret", "sign_name": "榫卯", "template": "SMS_1"}, "+8613812345678"),
    }
    for kind, (settings, address) in made.items():
        ch = channel(house, kind, name=kind, settings={**settings, **server})["id"]
        c, _ = one(house, (ch, address))
        before = len(p.requests)
        c.send()
        logged(house, ch, "sent")
        last = p.requests[-1]
        if kind == "feishu_app":
            assert last.headers["Authorization"] == "Bearer T" and "receive_id_type=open_id" in last.path and len(last.json["uuid"]) <= 50
        if kind == "ding_app":
            assert last.json["userid_list"] == "user1" and last.json["msg"]["msgtype"] == "markdown"
        if kind == "wechat":
            assert last.json["touser"] == "oABC-1_x" and "新线索" in last.json["data"]["thing1"]["value"], last.json
        if kind == "sms":
            assert len(p.requests) == before + 1
            sent = urllib.parse.parse_qsl(last.body.decode())
            plain = "&".join(f"{k}={urllib.parse.quote(v, safe='-._~')}" for k, v in sorted(sent) if k != "Signature")
            want = hmac.new(b"testSecret&", f"POST&%2F&{urllib.parse.quote(plain, safe='-._~')}".encode(), hashlib.sha1).digest()
            assert dict(sent)["Signature"] == base64.b64encode(want).decode() and dict(sent)["PhoneNumbers"] == "13812345678"
        drop(house, ch)


def test_private_addresses_are_refused(house):
    for url in ("http://127.0.0.1:1/x", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://[::1]/x", "https://localhost/x",
                "https://169.254.169.254/latest", "https://2130706433/", "file:///etc/passwd", "https://u:p@example.com/"):
        answer = house.admin.call("POST", "/channels", {"kind": "wecom_robot", "name": "x", "settings": {"url": url}}, expect=400)
        assert answer.json["fields"][0]["field"] == "url", answer
    answer = house.admin.call("POST", "/channels", {"kind": "wecom_robot", "name": "x", "settings": {"url": "http://127.0.0.1/"},
                                                    "allowed_host": "10.0.0.1"}, expect=400)
    p = Partner()
    ch = robot(house, p)
    assert house.admin.call("PATCH", f"/channels/{ch}", {"allowed_host": ""}, expect=400).json["fields"][0]["field"] == "url"
    drop(house, ch)
    del answer


def test_test_button_tells_what_the_partner_said(house):
    p = Partner({"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"})
    ch = robot(house, p)
    told = house.admin.post(f"/channels/{ch}/test", {})
    assert not told["ok"] and told["code"] == "93000" and "invalid webhook url" in told["answer"] and told["status"] == 200, told
    p.always = OK
    assert house.admin.post(f"/channels/{ch}/test", {"address": "lisi"})["ok"]
    assert "<@lisi>" in markdown(p.requests[1]) and "测试" in markdown(p.requests[1])
    house.admin.patch(f"/channels/{ch}", {"settings": {"url": "http://127.0.0.1:1/x"}})
    assert house.admin.post(f"/channels/{ch}/test", {})["code"] == "unreachable"
    drop(house, ch)


def test_secrets_stay_inside(house):
    p = Partner()
    ch = robot(house, p, "ding_robot", "/robot/send?access_token=TOPSECRETTOKEN9876", secret="SECverysecretvalue4321")
    seen = state(house, ch)
    assert seen["secrets"]["url"] == {"set": True, "tail": "9876"} and seen["secrets"]["secret"] == {"set": True, "tail": "4321"}, seen
    answers = "".join(house.admin.call("GET", path).body.decode() for path in ("/channels", f"/channels/{ch}/log", "/me/channels"))
    answers += house.admin.call("PATCH", f"/channels/{ch}", {"name": "改名", "settings": {}}, expect=200).body.decode()
    assert "TOPSECRET" not in answers and "verysecret" not in answers
    if house.engine == "sqlite":
        for path in glob.glob(house.dir + "/tenon.db*"):
            with open(path, "rb") as f:
                data = f.read()
            assert b"TOPSECRET" not in data and b"verysecret" not in data, path
    assert os.stat(house.dir + "/secret.key").st_mode & 0o777 == 0o600
    assert house.admin.post(f"/channels/{ch}/test", {})["ok"] and "TOPSECRETTOKEN9876" in p.requests[0].path, "kept by the change of the name"
    who = person(house)
    assert who.call("GET", "/channels").status == 403
    drop(house, ch)


def test_the_key_is_rotated(house):
    """A new key, the old one forgotten, and the channel works on; a rotation killed at any moment is carried on."""
    p = Partner((200, {}))
    ch = webhook(house, p)
    key = open(house.dir + "/secret.key", encoding="ascii").read()
    house.stop()
    command = [house.binary, "rotate-key", "--data", house.dir, *(["--database", house.database] if house.database else [])]
    for pause in (0.0, 0.02, 0.05, 0.1, 0.2):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(pause)
            except subprocess.TimeoutExpired:
                process.kill()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert done.returncode == 0, done.stderr
    fresh = open(house.dir + "/secret.key", encoding="ascii").read()
    assert fresh.count("\n") == 1 and fresh not in key and key.splitlines()[-1] not in fresh
    house.start()
    assert house.admin.post(f"/channels/{ch}/test", {})["ok"] and state(house, ch)["fault"] is None
    drop(house, ch)


def test_kill_while_sending_loses_nothing(house):
    """kill -9 with a card under way: it goes out again with the same id, and the order of one receiver stays."""
    p = Partner((200, {}))
    ch = webhook(house, p)
    c, _ = one(house, (ch, ""))
    p.script = [("slow", 5)]
    c.send(phone="13500009999")
    got(p)
    c.send("duplicate", phone="13500009999")
    wait_for(lambda: state(house, ch)["queue"] == 2, "a second card to wait")
    house.kill()
    house.start()
    requests = got(p, 2)
    assert requests[0].headers["webhook-id"] == requests[1].headers["webhook-id"], "the same idempotency key"
    wait_for(lambda: state(house, ch)["queue"] == 0, "an empty queue")
    logged(house, ch, "sent", 2)
    assert [r.json["type"] for r in p.requests] == ["lead.assigned"] * 2 + ["lead.repeated"]
    drop(house, ch)


def test_kills_in_a_crowd_lose_nobody(house):
    """Killed again and again while cards of sixty people are under way: each gets theirs, and never two with different ids."""
    p = Partner((200, {}))
    ch = webhook(house, p)
    c = Company(house, 60, capacity=1000)
    for who in c.people:
        routes(house, who, (ch, ""))
    p.always = ("slow", 0.05)
    for i in range(60):
        house.capture(c.key, {"name": "群发", "phone": f"134{i:08d}"}, wait=0)
    for n in (1, 15, 30):
        got(p, n)
        house.kill()
        house.start()
    wait_for(lambda: sum(len(w.alerts("lead.assigned")) for w in c.people) >= 60, "all leads to be assigned", 60)
    logged(house, ch, "sent", 60, 60)
    assert state(house, ch)["queue"] == 0
    ids: dict[str, set] = {}
    for r in p.requests:
        ids.setdefault(r.json["data"]["receiver"], set()).add(r.headers["webhook-id"])
    assert len(ids) == 60 and all(len(found) == 1 for found in ids.values()), ids
    drop(house, ch)


def test_order_per_receiver_is_kept(house):
    p = Partner((200, {}))
    ch = webhook(house, p)
    c, who = one(house, (ch, ""))
    p.script = [(500, b""), (500, b"")]
    lead = c.send(phone="13611110000")["lead"]
    got(p)
    c.send("duplicate", phone="13611110000")
    wait_for(lambda: state(house, ch)["queue"] == 2, "two cards to wait")
    house.advance("3s")
    got(p, 2)
    house.advance("6s")
    got(p, 4)
    assert [r.json["type"] for r in p.requests] == ["lead.assigned"] * 3 + ["lead.repeated"], [r.json["type"] for r in p.requests]
    assert read(house, lead)["owner"] == who.id
    drop(house, ch)


if __name__ == "__main__":
    cases.main(globals(), extra=("--public-url", "https://crm.example.com"))
