"""Sources: whether each still sends what it should (L1, L3, F3, F12)."""
import os
import random
import sys
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, instant, make, now, parse, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402


def setup(house):
    quiet_policy(house)  # what comes in waits, for nobody works where it goes
    house.company = Company(house, 1)
    house.dice = random.Random(7)


def source(house, **fields) -> dict:
    n = house.dice.randrange(10 ** 9)
    id = make(house, "source", name=f"来源{n}", key=f"s{n}", rate_minute=100000, rate_hour=100000, **fields)
    return {"id": id, "key": f"s{n}", "name": f"来源{n}"}


def send(house, key: str, bad: bool = False) -> None:
    phone = "12" if bad else f"13{house.dice.randrange(10 ** 9):09d}"
    answer = house.capture(key, {"name": f"访客{house.dice.randrange(10 ** 9)}", "phone": phone})
    assert answer["state"] == ("quarantined" if bad else "taken"), answer


def health(house, one: dict) -> dict:
    return next(i for i in house.admin.get("/intake/health")["items"] if i["source"]["id"] == one["id"])


def alerts(house, one: dict, reason: str) -> list[dict]:
    return [a for a in house.admin.get("/alerts?limit=200")["items"] if a["reason"] == reason and a["data"]["name"] == one["name"]]


def office_days(house, keys: list[str], days: int, an_hour: float) -> None:
    """Arrivals at random moments of working hours, as many in the mean."""
    start = now(house).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for day in range(days):
        morning = start + timedelta(days=day)
        if morning.weekday() >= 5:
            continue
        moments = []
        for key in keys:
            at = 9 + house.dice.expovariate(an_hour)
            while at < 18:
                moments.append((at, key))
                at += house.dice.expovariate(an_hour)
        for at, key in sorted(moments):
            house.move_to(instant(morning + timedelta(hours=at)))
            send(house, key)


def test_field_failure_F3_silence_is_told_at_the_moment_it_can_be(house):
    """The sender gets 200 and nothing arrives: several sources fall silent; each is told of once, and late by seconds at most."""
    house.move_to("2026-10-12T00:30:00+08:00")
    four = [source(house) for _ in range(4)]
    keys = [s["key"] for s in four]
    office_days(house, keys, 12, 2)
    assert all(health(house, s)["state"] == "ok" for s in four), [health(house, s)["state"] for s in four]
    assert not any(alerts(house, s, "source.silent") for s in four), "a usual night and weekend are no silence"
    house.advance("72h")
    late = []
    for s in four:
        told = alerts(house, s, "source.silent")
        assert len(told) == 1, (s, told)
        late.append((parse(told[0]["at"]) - parse(told[0]["data"]["due"])).total_seconds())
        assert told[0]["data"]["expected"] >= 11, told
        assert health(house, s)["state"] == "silent" and health(house, s)["silent_since"]
    assert all(0 <= x for x in late) and sum(late) / len(late) <= 23, late
    send(house, keys[0])
    wait_for(lambda: house.advance("1s") and alerts(house, four[0], "source.back"), "the end of the silence is told")
    assert health(house, four[0])["state"] == "ok" and health(house, four[1])["state"] == "silent"
    house.advance("24h")
    assert len(alerts(house, four[1], "source.silent")) <= 1, "told once"


def test_field_failure_F12_a_jump_of_quarantine_is_told(house):
    """A change of the form sends everybody to quarantine: the share jumps, and within seconds somebody knows."""
    one, other = source(house), source(house)
    for i in range(40):
        send(house, one["key"], bad=i % 20 == 0)
        send(house, other["key"])
    house.advance("26h")
    assert not alerts(house, one, "source.jump"), "a few bad ones are usual"
    late = []
    for i in range(8):
        send(house, one["key"], bad=True)
        if i == 5:
            late.append(now(house))
    send(house, other["key"], bad=True)
    told = wait_for(lambda: house.advance("1s") and alerts(house, one, "source.jump"), "the jump is told")
    assert (parse(told[0]["at"]) - late[0]).total_seconds() <= 23
    assert told[0]["data"]["share"] >= 50 and told[0]["data"]["usual"] < 20 and told[0]["data"]["fault"] == "bad_phone", told
    assert health(house, one)["state"] == "jump" and not alerts(house, other, "source.jump")
    house.advance("3h")
    for _ in range(12):
        send(house, one["key"])
    house.advance("1h")
    assert len(alerts(house, one, "source.jump")) == 1 and alerts(house, one, "source.calm")
    assert health(house, one)["state"] in ("ok", "learning")


def test_health_line_survives_a_crash(house):
    one = source(house)
    for i in range(5):
        send(house, one["key"], bad=i == 4)
    before = health(house, one)
    assert before["arrived_day"] == 5 and before["quarantined_day"] == 1 and len(before["hours"]) == 168
    assert before["last_error"]["reason"] == "bad_phone" and before["state"] == "learning"
    house.kill()
    house.start()
    after = health(house, one)
    assert (after["arrived_day"], after["quarantined_day"], after["last_at"]) == (5, 1, before["last_at"]), after
    house.stop()
    house.start()
    assert health(house, one)["arrived_day"] == 5


def test_health_is_for_supervisors(house):
    assert house.company.people[0].call("GET", "/intake/health").status == 403
    assert house.company.head.get("/intake/health")["items"]


if __name__ == "__main__":
    cases.main(globals())
