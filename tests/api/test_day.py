"""The day of a house: leads without follow-up return to their pool (L14)."""
import os
import sys
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import CHINA, Company, decisions, instant, next_workday, now, owner, parse, quiet_policy, read, to_china  # noqa: E402
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


def to_return(house, lead):
    return parse(read(house, lead)["_view"]["returns_at"])


def test_a_changed_rule_counts_from_then_on_and_nobody_loses_a_lead_unwarned(house):
    quiet_policy(house, return_days=30, return_warn_days=3)
    c = fresh(house)
    me, lead = touched(c)
    touch = parse(read(house, lead)["last_touch_at"])
    house.move_to(instant(touch + timedelta(days=12)))
    assert owner(house, lead) == me.id and not me.alerts("lead.idle_soon")

    quiet_policy(house, return_days=10, return_warn_days=3)  # over already: warned now, returned three days later
    wait_for(lambda: [a for a in me.alerts("lead.idle_soon") if a["record"] == lead], "the warning of the shorter rule")
    due = to_return(house, lead)
    assert timedelta(0) <= due - (touch + timedelta(days=15)) < timedelta(minutes=1), (due, touch)
    quiet_policy(house, return_days=60, return_warn_days=3)  # longer again: the warning is no return
    house.move_to(instant(due + timedelta(days=1)))
    assert owner(house, lead) == me.id and to_return(house, lead) == touch + timedelta(days=60)

    quiet_policy(house, return_days=0)  # off: never
    house.move_to(instant(touch + timedelta(days=61)))
    assert owner(house, lead) == me.id and read(house, lead)["_view"]["returns_at"] is None
    quiet_policy(house, return_days=60, return_warn_days=3)  # on again: over, but warned long ago for the same follow-up
    wait_for(lambda: (now := read(house, lead))["owner"] is None or now["_view"]["returns_at"], "the rule is in force again")
    house.move_to(instant(touch + timedelta(days=64, hours=1)))
    assert owner(house, lead) is None and read(house, lead)["wait_reason"] == "idle"
    quiet_policy(house)


def test_it_returns_on_a_holiday_to_the_second_and_not_from_whoever_follows_up(house):
    quiet_policy(house, return_days=5, return_warn_days=1)
    c = fresh(house)
    to_china(house, "2027-02-03", "10:00")  # five days later is the third day of the Spring Festival
    (me, idle), (_, kept) = touched(c), touched(c)
    returns = to_return(house, idle)
    assert returns.astimezone(CHINA).strftime("%m-%d %H") == "02-08 10", returns
    house.move_to(instant(returns - timedelta(hours=2)))
    next(p for p in c.people if p.id == owner(house, kept)).touch(kept)
    house.move_to(instant(returns - timedelta(seconds=1)))
    assert owner(house, idle) == me.id
    house.move_to(instant(returns + timedelta(seconds=1)))
    assert owner(house, idle) is None and owner(house, kept) is not None
    assert to_return(house, kept) > returns + timedelta(days=4)


def test_leads_of_whoever_left_or_is_absent_return_too(house):
    quiet_policy(house, return_days=5, return_warn_days=1)
    c = fresh(house, 2)
    held = [touched(c) for _ in range(4)]
    away, gone = c.people
    house.admin.patch(f"/records/user/{away.id}", {"absent": True})
    house.admin.patch(f"/records/user/{gone.id}", {"active": False})
    last = max(to_return(house, lead) for _, lead in held)
    house.move_to(instant(last + timedelta(seconds=1)))
    next_workday(house)
    assert all(owner(house, lead) is None for _, lead in held), [read(house, lead) for _, lead in held]


def test_what_was_undone_after_a_return_counts_from_the_owner_s_beginning_again(house):
    quiet_policy(house, return_days=5, return_warn_days=1)
    c = fresh(house)
    me, lead = touched(c)
    house.move_to(instant(to_return(house, lead) + timedelta(seconds=1)))
    assert owner(house, lead) is None
    change = house.admin.get(f"/records/lead/{lead}/history")["items"][0]["change"]
    house.admin.post(f"/changes/{change}/undo")
    assert owner(house, lead) == me.id
    due = to_return(house, lead)
    assert timedelta(hours=23) < due - now(house) <= timedelta(days=1), (due, now(house))
    house.move_to(instant(due - timedelta(seconds=1)))
    assert owner(house, lead) == me.id, "the undo is undone at once"
    house.move_to(instant(due + timedelta(seconds=1)))
    assert owner(house, lead) is None, "it is forgotten: nobody follows it up, and it stays for ever"


def test_an_undo_is_not_undone_at_once_where_nobody_is_warned(house):
    quiet_policy(house, return_days=5, return_warn_days=0)
    c = fresh(house)
    me, lead = touched(c)
    house.move_to(instant(to_return(house, lead) + timedelta(seconds=1)))
    house.admin.post(f"/changes/{house.admin.get(f'/records/lead/{lead}/history')['items'][0]['change']}/undo")
    house.advance("1h")
    assert owner(house, lead) == me.id
    house.admin.call("DELETE", f"/records/lead/{lead}", expect=200)
    house.advance("48h")
    house.admin.post(f"/records/lead/{lead}/restore")
    assert owner(house, lead) == me.id
    house.advance("25h")
    assert owner(house, lead) is None, "out of the bin it returns too"
    quiet_policy(house)


def alone(house, **rules):
    """A company of one person under those rules, and that person."""
    quiet_policy(house, **rules)
    c = fresh(house, 1, capacity=20)
    return c, c.people[0]


def give_back(me, *leads):
    for lead in leads:
        me.post(f"/leads/{lead}/return", {"reason": "不合适"})


def test_stock_and_claims_have_limits(house):
    c, me = alone(house, stock_max=2)
    ids = [c.send()["lead"] for _ in range(3)]
    give_back(me, ids[0])
    refused = me.client.call("POST", f"/leads/{ids[0]}/claim", {})
    assert refused.status == 409 and refused.json["code"] == "stock_limit" and "2" in refused.json["detail"], refused
    quiet_policy(house)


def refusal(who, lead) -> str | None:
    """Why the lead cannot be claimed; None: it was."""
    answer = who.client.call("POST", f"/leads/{lead}/claim", {})
    return None if answer.status == 200 else answer.json["code"]


def test_cooling_ends_to_the_second_it_is_told_and_another_return_begins_it_anew(house):
    quiet_policy(house, return_days=5, cooling_days=3)
    c = fresh(house, 1)
    house.advance("37s")  # no whole minute
    me, lead = touched(c)
    for _ in range(2):
        house.move_to(instant(to_return(house, lead) + timedelta(seconds=1)))
        free = parse(decisions(house, lead)[0]["at"]).astimezone(CHINA) + timedelta(days=3)
        told = me.client.call("POST", f"/leads/{lead}/claim", {}).json["detail"]
        told_at = (free + timedelta(minutes=1) if free.second or free.microsecond else free).strftime("%Y-%m-%d %H:%M")
        assert told_at in told, (told, free)
        house.move_to(instant(free - timedelta(seconds=1)))
        assert refusal(me, lead) == "cooling"
        house.move_to(instant(free + timedelta(seconds=1)))
        assert refusal(me, lead) is None and owner(house, lead) == me.id
        me.touch(lead)
    quiet_policy(house)


def test_claims_of_a_day_end_at_the_limit_and_begin_at_midnight_where_one_works(house):
    c, me = alone(house, return_days=5)
    house.admin.patch(f"/records/pool/{c.pool}", {"claim_limit": 2})
    ids = [touched(c)[1] for _ in range(5)]
    house.advance("121h")
    assert [owner(house, lead) for lead in ids] == [None] * 5, "all lie in the pool"
    assert [refusal(me, lead) for lead in ids[:3]] == [None, None, "claim_limit"]
    give_back(me, ids[0])
    assert refusal(me, ids[0]) == "claim_limit", "giving it back gives no further claim"
    day = now(house).strftime("%Y-%m-%d")
    to_china(house, day, "23:59")
    assert refusal(me, ids[2]) == "claim_limit"
    house.advance("61s")
    assert [refusal(me, lead) for lead in ids[2:]] == [None, None, "claim_limit"]
    house.admin.patch(f"/records/pool/{c.pool}", {"claim_limit": 3})
    assert refusal(me, ids[4]) is None, "a wider limit holds at once"
    quiet_policy(house)


def test_the_stock_counts_what_is_open_and_a_claim_up_to_the_limit_is_allowed(house):
    c, me = alone(house, stock_max=2)
    ids = [c.send()["lead"] for _ in range(3)]
    give_back(me, *ids)
    assert [refusal(me, lead) for lead in ids] == [None, None, "stock_limit"]
    me.post(f"/leads/{ids[0]}/invalid", {"reason": "空号"})
    assert refusal(me, ids[2]) is None, "what is closed is no stock"
    assert refusal(me, ids[1]) != "stock_limit", "one's own is not claimed again"
    quiet_policy(house, stock_max=1)
    assert owner(house, ids[1]) == me.id, "a narrower limit takes nothing away"
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


def account(house, who, name, **fields) -> str:
    return house.admin.post("/records/account", {"name": name, "owner": who.id, **fields}, 201)["id"]


def kept(house, id: str) -> dict:
    return house.admin.get(f"/records/account/{id}")


def shelved(who) -> list[str]:
    return [i["id"] for p in who.get("/accounts/shelf")["pools"] for i in p["items"]]


def test_a_customer_without_follow_up_returns_after_a_warning(house):
    c = fresh(house, 3)
    quiet_policy(house, account_days=60, account_warn_days=10, account_pool=c.pool, cooling_days=15)
    me, other = c.people[:2]
    lone = account(house, me, "久未联系有限公司")
    contact = house.admin.post("/records/contact", {"name": "李联系", "account": lone, "owner": me.id}, 201)["id"]
    busy, won = account(house, me, "进行中有限公司"), account(house, me, "已成交有限公司")
    opportunity = house.admin.post("/records/opportunity", {"name": "大单", "account": busy, "owner": me.id, "stage": "proposal"}, 201)["id"]
    house.admin.post("/records/opportunity", {"name": "老单", "account": won, "owner": me.id, "stage": "won"}, 201)
    held = parse(kept(house, lone)["held_at"])
    house.move_to(instant(held + timedelta(days=20)))
    me.post("/records/activity", {"kind": "visit", "summary": "上门拜访并演示了样机。", "contact": contact}, 201)
    touched_at = parse(kept(house, lone)["last_touch_at"])
    assert touched_at > held, "an activity of a contact is a follow-up of the customer"
    house.move_to(instant(touched_at + timedelta(days=50) - timedelta(seconds=1)))
    assert not me.alerts("account.idle_soon")
    house.move_to(instant(touched_at + timedelta(days=50, seconds=1)))
    warned = me.alerts("account.idle_soon")
    assert [a["record"] for a in warned] == [lone] and parse(warned[0]["data"]["at"]) == touched_at + timedelta(days=60), warned
    house.move_to(instant(touched_at + timedelta(days=60) - timedelta(seconds=1)))
    assert kept(house, lone)["owner"] == me.id
    house.move_to(instant(touched_at + timedelta(days=60, seconds=1)))
    back = kept(house, lone)
    assert back["owner"] is None and back["pool"] == c.pool and back["returned_at"], back
    assert [a["record"] for a in me.alerts("account.idle_returned")] == [lone]
    assert kept(house, busy)["owner"] == me.id and kept(house, won)["owner"] == me.id, "an open or won opportunity keeps a customer"
    assert house.admin.get(f"/records/contact/{contact}")["owner"] is None, "its contacts go with it"
    assert shelved(other) == [lone] and shelved(me) == [lone]
    refused = me.client.call("POST", f"/accounts/{lone}/claim", {})
    assert refused.status == 409 and refused.json["code"] == "cooling", refused
    outside = Company(house, 1).people[0]
    assert outside.client.call("POST", f"/accounts/{lone}/claim", {}).json["code"] == "not_in_pool" and lone not in shelved(outside)
    taken = other.post(f"/accounts/{lone}/claim")
    assert taken["owner"] == other.id and taken["pool"] is None and parse(taken["held_at"]) > touched_at, taken
    assert other.get(f"/records/contact/{contact}")["owner"] == other.id and shelved(other) == []
    late = c.people[2].client.call("POST", f"/accounts/{lone}/claim", {})
    assert late.status == 409 and late.json["code"] == "already_taken", late
    house.admin.patch(f"/records/opportunity/{opportunity}", {"stage": "lost"})
    house.move_to(instant(now(house) + timedelta(days=61)))
    assert kept(house, busy)["owner"] is None, "nothing open any more, and nobody followed it up"
    assert kept(house, won)["owner"] == me.id
    quiet_policy(house)


def test_claims_of_customers_have_a_quota_and_a_stock_limit(house):
    c = fresh(house)
    me, other = c.people
    house.admin.patch(f"/records/pool/{c.pool}", {"claim_limit": 2})
    quiet_policy(house, account_days=30, account_warn_days=0, account_pool=c.pool, account_stock_max=3)
    ids = [account(house, me, f"客户{n}配额有限公司") for n in range(5)]
    for id in ids:
        me.post(f"/accounts/{id}/return", {"reason": "转做别的行业"})
    assert me.client.call("POST", f"/accounts/{ids[0]}/return", {"reason": "再退"}).json["code"] == "already_waiting"
    assert other.post(f"/accounts/{ids[0]}/claim")["owner"] == other.id
    assert other.post(f"/accounts/{ids[1]}/claim")["owner"] == other.id
    refused = other.client.call("POST", f"/accounts/{ids[2]}/claim", {})
    assert refused.status == 409 and refused.json["code"] == "claim_limit", refused
    next_workday(house, "12:00")
    house.advance("24h")
    assert other.post(f"/accounts/{ids[2]}/claim")["owner"] == other.id
    full = other.client.call("POST", f"/accounts/{ids[3]}/claim", {})
    assert full.status == 409 and full.json["code"] == "stock_limit", full
    assert other.client.call("POST", f"/accounts/{ids[2]}/return", {}).status == 400
    assert me.client.call("POST", f"/accounts/{ids[2]}/return", {"reason": "不是我的"}).json["code"] == "not_owner"
    quiet_policy(house)


def test_the_policy_of_customers_is_checked_tried_and_told(house):
    c = fresh(house)
    policy = house.admin.get("/policy")["policy"]
    assert policy["account_days"] == 0 and policy["account_keep"] == ["open", "won"] and policy["account_pool"] is None, policy

    def fault(**numbers):
        return [f["code"] for f in house.admin.call("PUT", "/policy", {"policy": {**policy, **numbers}, "note": "x"}).json["fields"]]
    assert fault(account_days=30) == ["required"], "a pool must be named"
    assert fault(account_days=30, account_warn_days=30, account_pool=c.pool) == ["too_early"]
    assert fault(account_days=30, account_pool="01a09dc5-8104-751a-83b3-c3260c2a81d7") == ["unknown_pool"]
    assert fault(account_keep=["open", "open"]) == ["invalid"] and fault(account_days=-1) == ["out_of_range"]
    old = account(house, c.people[0], "试算有限公司")
    house.advance("720h")
    wanted = {**policy, "account_days": 20, "account_warn_days": 5, "account_pool": c.pool, "account_keep": []}
    tried = house.admin.post("/policy/try", {"policy": wanted})
    assert tried["account_returns"] >= 1 and house.admin.post("/policy/try", {"policy": policy})["account_returns"] == 0, tried
    house.admin.call("PUT", "/policy", {"policy": wanted, "note": "客户退回"}, expect=201)
    told = {lang: "\n".join(s for part in house.admin.get(f"/procedure?lang={lang}")["sections"] for s in part["steps"]) for lang in ("zh", "en")}
    assert "客户满 20 个自然日" in told["zh"] and "returns to pool" in told["en"] and "20 calendar days" in told["en"], told
    house.advance("1m")
    assert kept(house, old)["owner"], "never without a warning"
    house.advance("121h")
    assert kept(house, old)["owner"] is None
    quiet_policy(house)


if __name__ == "__main__":
    cases.main(globals())
