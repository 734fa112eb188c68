"""Outside services: probed by heartbeats, told of when they fail and when they come back, announced before they end, and passed by."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, instant, next_workday, now, parse, person, quiet_policy  # noqa: E402
from lib.house import House, wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)


def service(house, address, expect=201, **more):
    return house.admin.post("/services", {"kind": "http", "name": "短信网关", "address": address, "allowed_host": "127.0.0.1", **more}, expect)


def state(house, service_id):
    return house.admin.get(f"/services/{service_id}")


def reaches(house, service_id, wanted, seconds=40):
    """Lets time pass second by second, each with its heartbeats, until the service is in that state."""
    for _ in range(seconds):
        s = state(house, service_id)
        if s["state"] == wanted:
            return s
        house.advance("1s")
    raise AssertionError(f"not {wanted} within {seconds} s: {s}")


def seconds_until(house, condition, most):
    """How many seconds of heartbeats pass until it is so."""
    for n in range(most):
        if condition():
            return n
        house.advance("1s")
    raise AssertionError(f"not within {most} s")


def told(house, service_id, reason):
    return [a for a in house.admin.get("/alerts")["items"] if a["reason"] == reason and a["record"] == service_id]


def drop(house, *services):
    for s in services:
        house.admin.call("DELETE", f"/services/{s}", expect=204)


def robot(house, partner, name):
    settings = {"url": partner.url("/send?key=KEY-OF-THE-ROBOT")}
    return house.admin.post("/channels", {"kind": "wecom_robot", "name": name, "settings": settings, "allowed_host": "127.0.0.1"}, 201)["id"]


def routes(house, who, *channels):
    house.admin.call("PUT", f"/users/{who.id}/channels", {"items": [{"channel": c, "address": ""} for c in channels]}, expect=200)


def test_an_outage_is_noticed_in_less_than_23_seconds_on_average(house):
    partners = [Partner() for _ in range(8)]
    ids = [service(house, p.url("/health"), name=f"服务{i}", sla=9990, contact="400-000-0000")["id"] for i, p in enumerate(partners)]
    for s in ids:
        up = reaches(house, s, "up")
        assert up["sla"] == 9990 and up["contact"] == "400-000-0000" and up["checked_at"] and not up["outages"], up
    seconds_until(house, lambda: all(len(p.requests) >= 2 for p in partners), 40)
    stopped = now(house)
    for p in partners:
        p.stop()
    downs = [reaches(house, s, "down") for s in ids]
    took = [(parse(d["outages"][0]["told_at"]) - stopped).total_seconds() for d in downs]
    assert sum(took) / len(took) < 23 and max(took) < 33, took
    for s, d in zip(ids, downs):
        assert d["code"] == "unreachable" and d["outages"][0]["ended_at"] is None and d["outages"][0]["code"] == "unreachable", d
        assert parse(d["since"]) == parse(d["outages"][0]["began_at"]) >= stopped
        alert = wait_for(lambda: told(house, s, "service.down"), "the alert")[0]
        assert "没有应答" in alert["data"]["zh"] and alert["data"]["name"] == d["name"], alert
    drop(house, *ids)


def test_the_end_of_an_outage_is_told_and_availability_counts_time(house):
    p = Partner()
    s = service(house, p.url("/"), every_s=10)["id"]
    reaches(house, s, "up")
    p.always = (503, {"error": "overloaded"})
    down = reaches(house, s, "down")
    assert down["code"] == "http_503" and "overloaded" in down["detail"], down
    p.always = {"ok": True}
    up = reaches(house, s, "up")
    assert up["outages"][0]["ended_at"] and up["code"] is None and up["availability"] < 10000 and up["down_ms"] > 0, up
    assert up["hours"] and sum(h["failed"] for h in up["hours"]) >= 2 and up["p95_ms"] >= up["p50_ms"] > 0, up
    alert = wait_for(lambda: told(house, s, "service.up"), "the alert")[0]
    assert "恢复了" in alert["data"]["zh"] and "is back after" in alert["data"]["en"], alert
    listed = next(i for i in house.admin.get("/services")["items"] if i["id"] == s)
    assert listed["availability"] == up["availability"] and listed["state"] == "up", listed
    drop(house, s)


def test_one_failure_is_no_outage(house):
    p = Partner()
    s = service(house, p.url("/"), every_s=10)["id"]
    reaches(house, s, "up")
    n = len(p.requests)
    p.script = [(500, {})]
    seconds_until(house, lambda: len(p.requests) >= n + 2, 30)
    assert seconds_until(house, lambda: len(p.requests) >= n + 3, 30) > 4, "after a good second look it goes on as usual"
    assert state(house, s)["state"] == "up" and not state(house, s)["outages"] and not told(house, s, "service.down")
    drop(house, s)


def test_silent_failures_are_failures(house):
    """The gateway answers 200, and says inside that it does nothing."""
    p = Partner({"code": "quota_exceeded"})
    s = service(house, p.url("/"), expect_text='"code": "ok"')["id"]
    assert reaches(house, s, "down")["code"] == "text_missing"
    p.always = {"code": "ok"}
    reaches(house, s, "up")
    house.admin.patch(f"/services/{s}", {"expect_status": 204})
    assert reaches(house, s, "down")["code"] == "http_200"
    drop(house, s)


def test_addresses_are_guarded(house):
    p = Partner()
    for address, host, code in ((p.url("/"), "", "plain"), ("https://127.0.0.1/x", "", "private_address"), ("https://169.254.169.254/latest", "", "private_address"),
                                ("file:///etc/passwd", "", "url"), ("https://a:b@example.com/", "", "url"), ("tcp://10.0.0.1:5432", "10.0.0.2", "plain"),
                                ("", "", "required")):
        kind = "tcp" if address.startswith("tcp") else "http"
        fault = service(house, address, expect=400, kind=kind, allowed_host=host)
        assert [f["code"] for f in fault["fields"]] == [code], (address, fault)
    assert not p.requests
    moved = Partner((302, {}, {"Location": p.url("/inside")}))
    s = service(house, moved.url("/"))["id"]
    reaches(house, s, "up")
    assert not p.requests, "a redirect is an answer, it is not followed"
    assert house.admin.call("POST", "/services", {"kind": "http", "name": "x", "address": p.url("/"), "allowed_host": "127.0.0.1", "every_s": 1}).status == 400
    drop(house, s)
    seller = person(house)
    for method, path in (("GET", "/services"), ("POST", "/services"), ("POST", f"/services/{s}/probe")):
        assert seller.call(method, path, {} if method == "POST" else None).status == 403


def test_probe_now_and_ports(house):
    p = Partner((200, b"x" * 100000))
    s = service(house, p.url("/big"), method="HEAD")["id"]
    answer = house.admin.post(f"/services/{s}/probe")
    assert answer["ok"] and answer["status"] == 200, answer
    house.admin.patch(f"/services/{s}", {"method": "GET"})
    assert house.admin.post(f"/services/{s}/probe")["ok"], "a long answer is an answer"
    t = service(house, f"tcp://127.0.0.1:{p.port}", kind="tcp", name="端口")["id"]
    assert house.admin.post(f"/services/{t}/probe")["ok"]
    reaches(house, t, "up")
    n = len(p.requests)
    p.stop()
    answer = house.admin.post(f"/services/{t}/probe")
    assert not answer["ok"] and answer["code"] == "unreachable" and answer["detail"], answer
    assert len(p.requests) == n, "a port is only connected to"
    drop(house, s, t)


def test_field_failure_F11_a_subscription_is_announced_and_its_receivers_are_rerouted_at_once(house):
    first, second = Partner(), Partner()
    a, b = robot(house, first, "短信服务"), robot(house, second, "备用群")
    c = Company(house, 1, capacity=1000)
    who = c.people[0]
    keeper = person(house)
    routes(house, who, a, b)
    listed = next(i for i in house.admin.get("/services")["items"] if i["id"] == a)
    assert listed["kind"] == "channel" and listed["name"] == "短信服务" and listed["people"] == 1 and listed["alone"] == 0 and not listed["entered"], listed
    ends = now(house).replace(hour=12, minute=0, second=0, microsecond=0)
    ends = ends.fromtimestamp(ends.timestamp() + 31 * 86400, ends.tzinfo)
    house.admin.patch(f"/services/{a}", {"expires_at": instant(ends), "contact": "客服 95187", "owner": keeper.id, "cost": "500 元/月"})
    for days in (30, 14, 7, 1):
        house.move_to(instant(ends.fromtimestamp(ends.timestamp() - days * 86400 + 60, ends.tzinfo)))
        for reader in (house.admin, keeper.client):
            alerts = [x for x in reader.get("/alerts?unread=true")["items"] if x["reason"] == "service.expires" and x["record"] == a]
            assert alerts and f"{days} 天后到期" in alerts[0]["data"]["zh"] and "客服 95187" in alerts[0]["data"]["zh"] and "1 人" in alerts[0]["data"]["zh"], (days, alerts)
            assert f"ends in {days} days" in alerts[0]["data"]["en"], alerts
    next_workday(house)
    c.send()
    wait_for(lambda: first.requests, "a card on the first channel")
    house.move_to(instant(ends.fromtimestamp(ends.timestamp() + 60, ends.tzinfo)))
    assert told(house, a, "service.expired") and state(house, a)["outage"] == "expired"
    next_workday(house)
    sent, got = len(first.requests), len(second.requests)
    lead = c.send()["lead"]
    wait_for(lambda: len(second.requests) > got, "a card on the next channel")
    assert len(first.requests) == sent, "not one try on the channel that ended"
    assert house.admin.get(f"/leads/{lead}")["owner"] == who.id, "who is reached otherwise stays in the assignment"
    routes(house, who, a)
    house.advance("2m")  # else it would be counted into the card before
    c.send()
    wait_for(lambda: len(first.requests) > sent, "who has nothing else is still tried on it")
    house.admin.patch(f"/services/{a}", {"expires_at": ""})
    routes(house, who, a, b)
    assert state(house, a)["outage"] is None
    sent = len(first.requests)
    house.advance("2m")
    c.send()
    wait_for(lambda: len(first.requests) > sent, "the first channel again")
    for ch in (a, b):
        house.admin.call("DELETE", f"/channels/{ch}", expect=204)


def test_a_channel_that_is_down_is_passed_by_before_it_fails(house):
    first, second = Partner(), Partner()
    a, b = robot(house, first, "群一"), robot(house, second, "群二")
    c = Company(house, 1, capacity=1000)
    routes(house, c.people[0], a, b)
    reaches(house, a, "up")
    assert not first.requests, "a channel is only connected to"
    first.stop()
    reaches(house, a, "down")
    assert state(house, a)["outage"] == "down"
    c.send()
    wait_for(lambda: second.requests, "a card on the next channel", 5)
    log = house.admin.get(f"/channels/{a}/log")["items"]
    assert not [row for row in log if row["state"] == "failed"], log
    for ch in (a, b):
        house.admin.call("DELETE", f"/channels/{ch}", expect=204)


def test_channels_hang_on_a_service(house):
    gate, first, second = Partner(), Partner(), Partner()
    a, b = robot(house, first, "经网关"), robot(house, second, "直连")
    c = Company(house, 1, capacity=1000)
    routes(house, c.people[0], a, b)
    s = service(house, gate.url("/"), affects={"channels": [a], "sources": [c.source]})["id"]
    reaches(house, s, "up")
    gate.always = (500, {})
    reaches(house, s, "down")
    assert state(house, a)["outage"] == "down" and state(house, b)["outage"] is None
    words = wait_for(lambda: told(house, s, "service.down"), "the alert")[0]["data"]["zh"]
    assert "渠道 经网关" in words and "来源 " in words and "1 人" in words, words
    c.send()
    wait_for(lambda: second.requests, "a card on the next channel")
    gate.always = {"ok": 1}
    reaches(house, s, "up")
    assert state(house, a)["outage"] is None
    assert service(house, gate.url("/"), expect=400, affects={"channels": [s]})["fields"][0]["field"] == "affects"
    drop(house, s)
    for ch in (a, b):
        house.admin.call("DELETE", f"/channels/{ch}", expect=204)


def test_sources_on_the_list_and_metrics(house):
    c = Company(house, 1, capacity=1000)
    s = house.admin.post("/services", {"kind": "source", "subject": c.source, "contact": "平台经理", "expires_at": "2027-01-01T00:00:00+08:00"}, 201)
    assert s["id"] == c.source and s["state"] == "unknown" and not s["probed"], s
    assert house.admin.call("POST", "/services", {"kind": "source", "subject": c.source}).status == 409
    assert house.admin.call("POST", f"/services/{c.source}/probe", {}).json["code"] == "no_address"
    c.send()
    wait_for(lambda: (house.advance("2h"), state(house, c.source)["state"] == "up")[1], "the source is heard of")
    p = Partner()
    up = service(house, p.url("/"), name='问"号')["id"]
    reaches(house, up, "up")
    text = house.client().raw("GET", "/metrics").body.decode()
    assert 'tenon_service_up{service="问\\"号",kind="http"} 1' in text, [line for line in text.splitlines() if "service" in line]
    drop(house, up, c.source)


def test_of_two_processes_one_looks(house):
    if house.engine != "postgres":
        return
    second = House("postgres", house.postgres, database=house.database, start_at=instant(now(house)))
    try:
        p = Partner()
        s = service(house, p.url("/"), every_s=10)["id"]
        reaches(house, s, "up")
        for _ in range(4):
            n = len(p.requests)
            second.advance("30s")
            assert len(p.requests) == n, "two looked at it"
            house.advance("12s")
            assert len(p.requests) > n, "and one does"
        assert second.admin.get(f"/services/{s}")["state"] == "up"
        drop(house, s)
    finally:
        second.remove()


if __name__ == "__main__":
    cases.main(globals(), extra=("--public-url", "https://crm.example.com"))
