"""Who gets a lead, when, and why: filters, ranking, working time, waiting and draining, known customers (L5, D1, F6)."""
import os
import sys
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import (Company, decisions, dropped, instant, make, next_workday, now, owner, parse, person, quiet_policy, read,  # noqa: E402
                         to_china, week)
from lib.house import wait_for  # noqa: E402


def setup(house):
    quiet_policy(house)


def fresh(house, people=1, **fields):
    next_workday(house)
    return Company(house, people, **fields)


def test_a_wait_among_people_without_a_team_is_told_to_an_administrator(house):
    """No team, so no head, no stand-in, no parent's head: the last of the line is an administrator. With a team it is its head."""
    loner, c = person(house), Company(house, 1)
    pool = make(house, "pool", name="无部门", members=[loner.id])
    make(house, "source", name="无部门", key="teamless", pool=pool)
    for who in (loner, c.people[0]):
        house.admin.post(f"/users/{who.id}/absence", {"absent": True})
    try:
        quiet_policy(house, fallback_pool=pool)
        lead = read(house, house.capture("teamless", {"name": "等待", "phone": "13855550001"})["lead"])
        told = [a for a in house.admin.get("/alerts")["items"] if a["reason"] == "lead.waiting" and a["record"] == lead["id"]]
        assert (lead["owner"], lead["pool"]) == (None, pool) and told, "an administrator is told"
        assert not c.head.alerts("lead.waiting"), "nobody else"
        quiet_policy(house, fallback_pool=c.pool)
        other = read(house, c.send()["lead"])
        assert (other["owner"], other["pool"]) == (None, c.pool)
        assert any(a["record"] == other["id"] for a in c.head.alerts("lead.waiting")), "the head of those who might have had it"
    finally:
        quiet_policy(house)


def test_territory(house):
    c = fresh(house, 3)
    shanghai, zhejiang, pudong = c.people
    places = {shanghai: ["3101"], zhejiang: [33], pudong: ["310115"]}
    for who, codes in places.items():
        place = make(house, "territory", name=str(codes), codes=codes)
        house.admin.patch(f"/records/user/{who.id}", {"territories": [place]})
    assert c.lead(province="浙江省", city="宁波市")["owner"] == zhejiang.id
    assert c.lead(province="上海", city="上海", district="徐汇区")["owner"] == shanghai.id
    in_pudong = c.lead(province="上海", city="上海", district="浦东新区")
    assert in_pudong["owner"] in (pudong.id, shanghai.id), "a city's people get its districts"
    lost = c.lead(province="四川", city="成都")
    assert lost["owner"] is None and lost["wait_reason"] == "territory", lost
    why = dropped(decisions(house, lost["id"])[0])
    assert {why[p.id] for p in c.people} == {"territory"}, why


def test_geo_fence(house):
    c = fresh(house, 2)
    inside, other = c.people
    fence = make(house, "territory", name="围栏", polygon=[[121.40, 31.20], [121.50, 31.20], [121.50, 31.30], [121.40, 31.30]])
    far = make(house, "territory", name="远方", codes=["5101"])
    house.admin.patch(f"/records/user/{inside.id}", {"territories": [fence]})
    house.admin.patch(f"/records/user/{other.id}", {"territories": [far]})
    assert c.lead(longitude="121.45", latitude="31.25", province="浙江", city="杭州")["owner"] == inside.id
    assert c.lead(longitude="100.0", latitude="20.0", province="云南", city="昆明")["owner"] is None


def test_skill_words_in_the_text(house):
    c = fresh(house, 2)
    cloud, plain = c.people
    skill = make(house, "skill", name=f"云产品{c.n}", keywords=[f"云主机{c.n}", f"Kubernetes{c.n}"])
    house.admin.patch(f"/records/user/{cloud.id}", {"skills": [skill]})
    house.admin.patch(f"/records/user/{plain.id}", {"weight": 90})
    wants = c.lead(message=f"想买kubernetes{c.n}的支持")
    assert wants["owner"] == cloud.id, decisions(house, wants["id"])
    assert dropped(decisions(house, wants["id"])[0])[plain.id] == "skill"
    assert c.lead(message="随便看看")["owner"] == plain.id


def test_load_and_capacity(house):
    c = fresh(house, 2)
    small, large = c.people
    house.admin.patch(f"/records/user/{small.id}", {"capacity": 1, "weight": 50})
    got = [c.lead()["owner"] for _ in range(5)]
    assert got[0] == small.id and got[1:4] == [large.id] * 3 and got[4] is None, got
    last = read(house, c.send()["lead"])
    why = dropped(decisions(house, last["id"])[0])
    assert last["wait_reason"] in ("load", "capacity") and why[small.id] == "capacity" and why[large.id] == "load", why


def test_ranking_weight_load_idle_and_turns(house):
    c = fresh(house, 3)
    a, b, strong = c.people
    house.admin.patch(f"/records/user/{strong.id}", {"weight": 99})
    assert c.lead()["owner"] == strong.id, "the larger weight first"
    house.admin.patch(f"/records/user/{strong.id}", {"weight": 1})
    pair = [c.lead()["owner"], c.lead()["owner"]]
    assert sorted(pair) == sorted([a.id, b.id]), "then more room"
    third, fourth = c.lead()["owner"], c.lead()["owner"]
    assert [third, fourth] == pair, "then who waited longest"
    row = decisions(house, c.send()["lead"])[0]
    scores = [x["score"] for x in row["candidates"]]
    assert scores == sorted(scores, reverse=True) and set(row["candidates"][0]["parts"]) == {"weight", "load", "idle"}, row


def test_disabled_absent_and_frozen_are_never_picked(house):
    c = fresh(house, 3)
    disabled, absent, here = c.people
    for who in (disabled, absent):
        house.admin.patch(f"/records/user/{who.id}", {"weight": 900})
    house.admin.patch(f"/records/user/{disabled.id}", {"active": False})
    house.admin.post(f"/users/{absent.id}/absence", {"absent": True})
    for _ in range(3):
        lead = c.lead()
        assert lead["owner"] == here.id, lead
    why = dropped(decisions(house, lead["id"])[0])
    assert why[disabled.id] == "inactive" and why[absent.id] == "absent", why
    waiting = c.lead()
    assert waiting["owner"] is None
    house.admin.post(f"/users/{absent.id}/absence", {"absent": False})
    assert owner(house, waiting["id"]) == absent.id, "back at work: the waiting lead comes at once"


def test_absence_ends_by_itself(house):
    c = fresh(house, 1)
    until = now(house) + timedelta(hours=1)
    house.admin.post(f"/users/{c.people[0].id}/absence", {"absent": True, "until": instant(until)})
    lead = c.lead()
    assert lead["owner"] is None and lead["wait_reason"] == "absent"
    house.advance("61m")
    assert owner(house, lead["id"]) == c.people[0].id


def test_hold_until_opening(house):
    c = fresh(house, 1)
    to_china(house, next_day(house), "20:00")
    lead = c.lead()
    assert lead["owner"] == c.people[0].id and lead["clock"] == "held", lead
    view = lead["_view"]["countdown"]
    assert view["state"] == "held" and parse(view["starts_at"]).astimezone(now(house).tzinfo).strftime("%H:%M") == "09:00", view
    assert not c.people[0].alerts("lead.assigned"), "nobody is called at night"
    second = c.lead()
    opening = parse(view["starts_at"])
    house.move_to(instant(opening + timedelta(minutes=1)))
    running = read(house, lead["id"])
    assert running["clock"] == "running" and running["respond_by"] == instant(opening + timedelta(minutes=5)), running
    summaries = c.people[0].alerts("lead.held")
    assert len(summaries) == 1 and summaries[0]["data"]["count"] == 2, summaries
    assert second["owner"] == c.people[0].id


def next_day(house) -> str:
    """The next working day but one that is followed by a working day."""
    day = now(house)
    while day.weekday() > 3:
        day += timedelta(days=1)
    return day.strftime("%Y-%m-%d")


def test_on_call_out_of_hours(house):
    c = fresh(house, 1)
    guard = person(house, team=c.team)
    quiet_policy(house, out_of_hours="on_call", on_call=guard.id)
    try:
        to_china(house, next_day(house), "23:00")
        lead = c.lead()
        assert lead["owner"] == guard.id and lead["clock"] == "running", lead
        assert (parse(lead["respond_by"]) - parse(lead["assigned_at"])) == timedelta(minutes=5), "real time runs for who is on call"
        house.admin.post(f"/users/{guard.id}/absence", {"absent": True})
        assert c.lead()["clock"] == "held", "nobody on call: held"
    finally:
        quiet_policy(house)


def test_pool_out_of_hours(house):
    c = fresh(house, 1)
    night = make(house, "pool", name=f"夜间池{c.n}", members=[p.id for p in c.people])
    quiet_policy(house, out_of_hours="pool", out_of_hours_pool=night)
    try:
        to_china(house, next_day(house), "23:00")
        lead = c.lead()
        assert lead["owner"] is None and lead["pool"] == night and lead["wait_reason"] == "off_hours", lead
        next_workday(house, "09:00")
        house.advance("1m")
        assert owner(house, lead["id"]) == c.people[0].id, "drained at the shift's start"
    finally:
        quiet_policy(house)


def test_late_shift_and_day_shift(house):
    next_workday(house)
    night = make(house, "calendar", name="晚班", week=week(("14:00", "22:00")))
    c = Company(house, 2)
    day, late = c.people
    house.admin.patch(f"/records/user/{late.id}", {"calendar": night})
    house.admin.patch(f"/records/user/{day.id}", {"weight": 50})
    to_china(house, next_day(house), "21:00") if now(house).hour < 21 else next_workday(house, "21:00")
    lead = c.lead()
    assert lead["owner"] == late.id and lead["clock"] == "running", decisions(house, lead["id"])
    assert dropped(decisions(house, lead["id"])[0])[day.id] == "off_hours"
    to_china(house, now(house).strftime("%Y-%m-%d"), "21:58")
    night_lead = c.lead()
    assert night_lead["owner"] == late.id
    due = parse(night_lead["respond_by"]).astimezone(now(house).tzinfo)
    assert due.strftime("%H:%M") == "14:03", f"two minutes tonight, three after opening: {due}"


def test_weekend(house):
    c = fresh(house, 1, calendar=make(house, "calendar", name="无节假日", week=week(("09:00", "18:00")), holidays="none"))
    day = now(house)
    while day.weekday() != 5:
        day += timedelta(days=1)
    to_china(house, day.strftime("%Y-%m-%d"), "11:00")
    lead = c.lead()
    assert lead["clock"] == "held", lead
    starts = parse(lead["_view"]["countdown"]["starts_at"]).astimezone(now(house).tzinfo)
    assert starts.weekday() == 0 and starts.hour == 9, starts


def test_two_drain_oldest_first(house):
    c = fresh(house, 1, capacity=1)
    held = c.lead()
    waiting = []
    for _ in range(3):
        waiting.append(c.lead()["id"])
        house.advance("10s")
    assert [owner(house, w) for w in waiting] == [None] * 3
    told = [a for a in house.admin.get("/alerts")["items"] if a["reason"] == "lead.waiting" and a["record"] in waiting]
    assert told and told[0]["data"]["wait_reason"] in ("load", "capacity"), "whoever is over the fall-back pool is told why"
    c.people[0].touch(held["id"])
    assert [owner(house, w) for w in waiting] == [c.people[0].id, None, None], "a touch frees a hand; the oldest comes"
    c.people[0].touch(waiting[0])
    assert owner(house, waiting[1]) == c.people[0].id and owner(house, waiting[2]) is None
    assert decisions(house, waiting[1])[0]["kind"] == "drain"


def test_new_member_drains_too(house):
    c = fresh(house, 1, capacity=1)
    c.lead()
    waiting = c.lead()["id"]
    helper = c.hire()
    c.members(*c.people, helper)
    wait_for(lambda: owner(house, waiting) == helper.id, "the waiting lead")


def test_known_account_goes_to_its_owner(house):
    c = fresh(house, 2)
    keeper, other = c.people
    house.admin.patch(f"/records/user/{other.id}", {"weight": 99})
    account = make(house, "account", name=f"华东精密{c.n}有限公司", email=f"info@precise{c.n}.com.cn", owner=keeper.id)
    by_domain = c.lead(email=f"buyer@precise{c.n}.com.cn", phone=None)
    assert by_domain["owner"] == keeper.id and by_domain["known_account"] == account, by_domain
    assert by_domain["status"] == "new", "a new lead, routed to the owner"
    similar = c.lead(company=f"华东精密{c.n}公司")
    assert similar["owner"] == other.id and similar["duplicate_mark"] in ("similar", "high"), "a similar name only marks"
    public = c.lead(email=f"someone{c.n}@qq.com", phone=None)
    assert public["known_account"] is None
    keeper.touch(by_domain["id"])
    house.admin.post(f"/users/{keeper.id}/absence", {"absent": True})
    assert c.lead(email=f"second@precise{c.n}.com.cn", phone=None)["owner"] == other.id, "the keeper is away: the policy decides"


def test_known_account_by_credit_code(house):
    c = fresh(house, 2)
    keeper, other = c.people
    house.admin.patch(f"/records/user/{other.id}", {"weight": 99})
    account = make(house, "account", name=f"编码公司{c.n}", code="91350100M000100Y43", owner=keeper.id)
    lead = c.lead(code="91350100M000100Y43")
    assert lead["known_account"] == account and lead["owner"] == keeper.id, lead


def test_repeated_enquiry_is_attached(house):
    c = fresh(house, 2)
    first = c.send(phone="13900007777", name="老客户")
    holder = next(p for p in c.people if p.id == owner(house, first["lead"]))
    again = c.send("duplicate", phone="+86 139-0000-7777", name="老客户", message="再次咨询")
    assert again["lead"] == first["lead"] and again["duplicate_of"], again
    lead = read(house, first["lead"])
    assert lead["repeats"] == 1 and lead["owner"] == holder.id
    told = holder.alerts("lead.repeated")
    assert told and told[0]["record"] == first["lead"] and told[0]["data"]["message"] == "再次咨询", told
    kinds = [i["kind"] for i in holder.get(f"/leads/{first['lead']}/timeline")["items"]]
    assert "enquiry" in kinds, kinds
    holder.touch(first["lead"])
    holder.post(f"/leads/{first['lead']}/invalid", {"reason": "打错了"})
    fresh_lead = c.send(phone="13900007777", name="又来的老客户")
    assert fresh_lead["lead"] != first["lead"], "a closed lead attaches nothing"


def test_claim_and_return(house):
    c = fresh(house, 2)
    one, two = c.people
    lead = c.lead()
    holder, other = (one, two) if lead["owner"] == one.id else (two, one)
    holder.post(f"/leads/{lead['id']}/return", {"reason": "不在我的行业"})
    back = read(house, lead["id"])
    assert back["owner"] is None and back["wait_reason"] == "returned" and back["pool"] == c.pool, back
    stranger = person(house)
    assert stranger.client.call("POST", f"/leads/{lead['id']}/claim", {}).status in (403, 404)
    taken = other.post(f"/leads/{lead['id']}/claim")
    assert taken["owner"] == other.id and taken["clock"] == "running"
    late = holder.client.call("POST", f"/leads/{lead['id']}/claim", {})
    assert late.status == 409 and late.json["code"] == "already_taken" and other.name in late.json["detail"], late
    kinds = [d["kind"] for d in decisions(house, lead["id"])]
    assert kinds == ["claim", "return", "first"], kinds


def test_a_contacted_lead_that_is_returned_begins_anew(house):
    c = fresh(house, 2)
    one, two = c.people
    lead = c.lead()
    holder, other = (one, two) if lead["owner"] == one.id else (two, one)
    holder.post(f"/leads/{lead['id']}/touch", {"method": "call", "summary": "客户说要比较三家供应商，下周再联系，先发资料给采购部。"})
    holder.post(f"/leads/{lead['id']}/return", {"reason": "转到其他行业组"})
    back = read(house, lead["id"])
    assert back["status"] == "new" and back["owner"] is None and back["first_touch_at"] is None, back
    assert any(row["id"] == lead["id"] for row in house.admin.get("/board")["stuck"])
    taken = other.post(f"/leads/{lead['id']}/claim")
    assert taken["clock"] == "running" and taken["touches"] == 1, taken


def test_claim_limit(house):
    c = fresh(house, 2, capacity=20)
    house.admin.patch(f"/records/pool/{c.pool}", {"claim_limit": 1})
    ids = [c.lead()["id"] for _ in range(2)]
    for lead in ids:
        house.admin.post(f"/leads/{lead}/assign", {"to": c.people[0].id})
        c.people[0].post(f"/leads/{lead}/return", {"reason": "试领取上限"})
    c.people[1].post(f"/leads/{ids[0]}/claim")
    refused = c.people[1].client.call("POST", f"/leads/{ids[1]}/claim", {})
    assert refused.status == 409 and refused.json["code"] == "claim_limit", refused


def test_hand_over_one_and_many(house):
    c = fresh(house, 2, capacity=20)
    ids = [c.lead()["id"] for _ in range(4)]
    one = c.head.post(f"/leads/{ids[0]}/assign", {"to": c.people[1].id, "note": "请尽快"})
    assert one["owner"] == c.people[1].id
    many = c.head.post("/leads/assign", {"ids": ids, "to": c.people[0].id})
    assert many["done"] == 4 and many["failed"] == [], many
    assert {owner(house, i) for i in ids} == {c.people[0].id}
    assert decisions(house, ids[0])[0]["kind"] == "hand_over"
    house.admin.post(f"/changes/{many['change']}/undo", {})
    assert owner(house, ids[0]) == c.people[1].id, "one undo takes the whole hand-over back"


def test_a_decision_takes_milliseconds(house):
    c = fresh(house, 2, capacity=500)
    quiet_policy(house, load_max=500)
    try:
        lead = c.lead()
        assert (parse(lead["assigned_at"]) - parse(lead["captured_at"])) < timedelta(seconds=5)
    finally:
        quiet_policy(house)


def test_z_national_day_and_make_up_days(house):
    c = Company(house, 1)
    to_china(house, "2026-09-30", "17:57")
    eve = c.lead()
    due = parse(eve["respond_by"]).astimezone(now(house).tzinfo)
    assert eve["clock"] == "running" and due.strftime("%m-%d %H:%M") == "10-08 09:02", f"three minutes before the holiday, two after it: {due}"
    c.people[0].touch(eve["id"])
    to_china(house, "2026-10-02", "10:00")
    holiday = c.lead()
    starts = parse(holiday["_view"]["countdown"]["starts_at"]).astimezone(now(house).tzinfo)
    assert holiday["clock"] == "held" and starts.strftime("%m-%d %H:%M") == "10-08 09:00", starts
    to_china(house, "2026-10-10", "09:30")
    saturday = c.lead()
    assert saturday["clock"] == "running", "10 October 2026 is a Saturday on which people work"
    to_china(house, "2026-10-11", "09:30")
    assert c.lead()["clock"] == "held", "the Sunday after it is free"


def test_z_own_days_off_and_on(house):
    to_china(house, "2026-10-14", "10:00")
    plain = make(house, "calendar", name="自定", week=week(("09:00", "18:00")), days_off=["2026-10-15"], days_on=["2026-10-17"])
    c = Company(house, 1, calendar=plain)
    to_china(house, "2026-10-15", "10:00")
    assert c.lead()["clock"] == "held"
    to_china(house, "2026-10-17", "10:00")
    assert c.lead()["clock"] == "running", "an extra working Saturday"


if __name__ == "__main__":
    cases.main(globals())
