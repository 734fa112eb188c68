"""The day of a house: leads without follow-up return to their pool (L14)."""
import os
import sys
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, decisions, instant, next_workday, owner, parse, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402


def setup(house):
    quiet_policy(house)


def fresh(house, people=2, **fields):
    next_workday(house)
    return Company(house, people, **fields)


def touched(company):
    """A lead in contact: its holder and itself."""
    lead = company.send()["lead"]
    me = next(p for p in company.people if p.id == owner(company.house, lead))
    me.touch(lead)
    return me, lead


def test_a_lead_without_follow_up_returns_after_a_warning(house):
    quiet_policy(house, return_days=30, return_warn_days=7, cooling_days=10)
    c = fresh(house)
    me, lead = touched(c)
    other = next(p for p in c.people if p is not me)
    returns = parse(read(house, lead)["_view"]["returns_at"])
    assert returns - parse(read(house, lead)["last_touch_at"]) == timedelta(days=30)
    house.move_to(instant(returns - timedelta(days=7) + timedelta(seconds=1)))
    warned = [a for a in me.alerts("lead.idle_soon") if a["record"] == lead]
    assert warned and parse(warned[0]["data"]["at"]) == returns, warned
    house.move_to(instant(returns - timedelta(seconds=1)))
    assert owner(house, lead) == me.id
    house.move_to(instant(returns + timedelta(seconds=1)))
    back = read(house, lead)
    assert back["owner"] is None and back["wait_reason"] == "idle" and back["_view"]["returns_at"] is None, back
    row = decisions(house, lead)[0]
    assert row["kind"] == "idle" and row["before"]["id"] == me.id and row["reason"] == "30", row
    shelf = other.get("/pools/shelf")
    assert [i["id"] for p in shelf["pools"] if p["id"] == c.pool for i in p["items"]] == [lead], shelf
    assert not [i for p in c.head.get("/pools/shelf")["pools"] for i in p["items"] if p["id"] != c.pool and i["id"] == lead]
    refused = me.client.call("POST", f"/leads/{lead}/claim", {})
    assert refused.status == 409 and refused.json["code"] == "cooling" and "202" in refused.json["detail"], refused
    taken = other.post(f"/leads/{lead}/claim")
    assert taken["owner"] == other.id and taken["clock"] == "running" and taken["hops"] == 0, taken
    assert not [i for p in other.get("/pools/shelf")["pools"] for i in p["items"] if i["id"] == lead]
    quiet_policy(house)


def test_a_return_by_the_house_can_be_undone(house):
    quiet_policy(house, return_days=5, return_warn_days=0)
    c = fresh(house)
    me, lead = touched(c)
    house.move_to(instant(parse(read(house, lead)["_view"]["returns_at"]) + timedelta(seconds=1)))
    assert owner(house, lead) is None
    change = house.admin.get(f"/records/lead/{lead}/history")["items"][0]["change"]
    quiet_policy(house)
    house.admin.post(f"/changes/{change}/undo")
    again = read(house, lead)
    assert again["owner"] == me.id and again["status"] == "contacting", again


def test_stock_and_claims_have_limits(house):
    quiet_policy(house, stock_max=2)
    c = fresh(house, 1, capacity=10)
    me = c.people[0]
    ids = [c.send()["lead"] for _ in range(3)]
    me.post(f"/leads/{ids[0]}/return", {"reason": "不合适"})
    refused = me.client.call("POST", f"/leads/{ids[0]}/claim", {})
    assert refused.status == 409 and refused.json["code"] == "stock_limit" and "2" in refused.json["detail"], refused
    quiet_policy(house)


def test_the_rule_is_told_in_words_and_tried(house):
    policy = quiet_policy(house)
    c = fresh(house)
    _, lead = touched(c)
    house.advance("240h")
    trial = house.admin.post("/policy/try", {"policy": {**policy, "return_days": 9}})
    assert trial["returns"] >= 1, trial
    assert house.admin.post("/policy/try", {"policy": policy})["returns"] == 0
    late = house.admin.call("POST", "/policy/try", {"policy": {**policy, "return_days": 3, "return_warn_days": 3}})
    assert late.status == 400 and late.json["fields"][0]["field"] == "return_warn_days", late
    quiet_policy(house, return_days=60, return_warn_days=7, cooling_days=15)
    en = house.admin.get("/procedure?lang=en")["sections"][-1]
    assert any("60 calendar days" in s for s in en["steps"]) and any("15 days" in s for s in en["steps"]), en
    assert any("60 个自然日" in s for s in house.admin.get("/procedure?lang=zh")["sections"][-1]["steps"])
    assert read(house, lead)["_view"]["returns_at"]
    flow = house.admin.get("/procedure?lang=en")["flow"]
    assert flow[0]["kind"] == "start" and any("60 days" in s["text"] for s in flow) and all((s["label"] is None) == (s["branch"] is None) for s in flow), flow
    assert len(flow) == len(house.admin.get("/procedure?lang=zh")["flow"])
    quiet_policy(house)


def test_returns_survive_a_kill(house):
    quiet_policy(house, return_days=20, return_warn_days=2)
    c = fresh(house)
    _, lead = touched(c)
    returns = parse(read(house, lead)["_view"]["returns_at"])
    house.move_to(instant(returns - timedelta(days=1)))
    house.kill()
    house.start(house.port)
    house.move_to(instant(returns + timedelta(minutes=1)))
    wait_for(lambda: owner(house, lead) is None, "the return")
    quiet_policy(house)


if __name__ == "__main__":
    cases.main(globals())
