"""The clock of a lead, row by row of L6-L9: protection, countdown, misses, hops, the supervisor, touches, freezes; across kill -9."""
import json
import os
import sqlite3
import sys
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, decisions, dropped, next_workday, owner, parse, person, quiet_policy, read  # noqa: E402
from lib.house import Live, wait_for  # noqa: E402

SUMMARY = "客户想了解标准版价格，约好明天下午三点再次通话确认。"


def setup(house):
    quiet_policy(house)


def fresh(house, people=1, **fields):
    next_workday(house)
    return Company(house, people, **fields)


def who(company, lead):
    return next(p for p in company.people + [company.head] if p.id == owner(company.house, lead))


def grabs(house, lead) -> int:
    sql = "SELECT count(*) FROM cross_grab"
    if house.engine == "postgres":
        return int(house.postgres.query(f"SET search_path TO tenon; {sql} WHERE lead = '{lead}'", house.database.rsplit("/", 1)[1]))
    with sqlite3.connect(f"file:{house.dir}/tenon.db?mode=ro", uri=True) as db:
        return db.execute(sql + " WHERE lead = ?", (bytes.fromhex(lead.replace("-", "")),)).fetchone()[0]


def test_assignment_starts_protection_and_countdown(house):
    c = fresh(house)
    lead = c.lead()
    assigned = parse(lead["assigned_at"])
    assert parse(lead["protected_until"]) - assigned == timedelta(hours=2)
    assert parse(lead["respond_by"]) - assigned == timedelta(minutes=5) and lead["clock"] == "running"
    card = next(x for x in c.people[0].get("/desk")["cards"] if x["id"] == lead["id"])
    assert card["countdown"]["state"] == "running" and 0 < card["countdown"]["left_ms"] <= 300_000, card
    assert c.people[0].alerts("lead.assigned")


def test_protection_refuses_everybody_else(house):
    c = fresh(house, 2)
    lead = c.lead()
    holder, other = (c.people if lead["owner"] == c.people[0].id else c.people[::-1])
    acts = [("POST", "touch", {"method": "call", "summary": SUMMARY}), ("POST", "claim", {}), ("POST", "return", {"reason": "x"}),
            ("POST", "invalid", {"reason": "x"}), ("POST", "qualify", {}), ("POST", "convert", {})]
    for method, act, body in acts:
        answer = other.client.call(method, f"/leads/{lead['id']}/{act}", body)
        assert answer.status == 409 and answer.json["code"] in ("protected", "already_taken"), (act, answer)
        assert holder.name in answer.json["detail"], answer
    edit = other.client.call("PATCH", f"/records/lead/{lead['id']}", {"name": "改名"})
    assert edit.status in (404, 409), edit
    head = c.head.client.call("POST", f"/leads/{lead['id']}/touch", {"method": "call", "summary": SUMMARY})
    assert head.status == 409 and head.json["code"] == "protected" and holder.name in head.json["detail"], head
    until = parse(lead["protected_until"]).astimezone().strftime("%M")
    assert until in head.json["detail"], "it says until when"
    wait_for(lambda: grabs(house, lead["id"]) >= len(acts) + 1, "every attempt is counted")
    assert read(house, lead["id"])["version"] == lead["version"], "nothing changed"
    house.admin.post(f"/leads/{lead['id']}/assign", {"to": other.id})
    assert owner(house, lead["id"]) == other.id, "a supervisor may hand it over"


def test_the_deadline_is_five_minutes(house):
    c = fresh(house, 2)
    lead = c.send()["lead"]
    first = who(c, lead)
    house.advance("4m")
    assert owner(house, lead) == first.id
    house.advance("59s")
    assert owner(house, lead) == first.id and not c.head.alerts("lead.missed")
    house.advance("2s")
    moved = read(house, lead)
    assert moved["owner"] not in (None, first.id), "it went to somebody who did not have it"
    assert parse(moved["protected_until"]) - parse(moved["assigned_at"]) == timedelta(hours=2), "protection passes on"
    assert moved["hops"] == 1 and moved["clock"] == "running"
    missed = c.head.alerts("lead.missed")
    assert missed and missed[0]["record"] == lead and missed[0]["data"]["owner_name"] == first.name, missed
    row = decisions(house, lead)[0]
    assert row["kind"] == "miss" and dropped(row)[first.id] == "held_before", row
    assert first.client.call("POST", f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY}).status == 409, "protected from the former owner"
    assert c.head.get("/board")["people"], "the board shows the team"


def test_three_hops_bring_it_to_the_supervisor(house):
    c = fresh(house, 5)
    lead = c.send()["lead"]
    holders = [owner(house, lead)]
    for _ in range(2):
        house.advance("5m")
        house.advance("1s")
        holders.append(owner(house, lead))
    assert len(set(holders)) == 3 and c.head.id not in holders, holders
    house.advance("5m")
    house.advance("1s")
    risen = read(house, lead)
    assert risen["owner"] == c.head.id and risen["clock"] == "escalated", risen
    assert parse(risen["protected_until"]) > parse(risen["assigned_at"])
    house.advance("90m")
    assert owner(house, lead) == c.head.id, "no further automatic moves"
    assert decisions(house, lead)[0]["kind"] == "escalated"
    assert c.head.alerts("lead.escalated")
    c.head.touch(lead)
    assert read(house, lead)["clock"] == "stopped"


def test_two_hours_bring_it_to_the_supervisor(house):
    quiet_policy(house, hops_max=20, touch_minutes=50, freeze_misses=100)
    try:
        c = fresh(house, 4)
        lead = c.send()["lead"]
        house.advance("101m")
        assert owner(house, lead) != c.head.id and read(house, lead)["hops"] == 2
        house.advance("20m")
        risen = read(house, lead)
        assert risen["owner"] == c.head.id and risen["clock"] == "escalated", risen
        assert parse(risen["assigned_at"]) - parse(decisions(house, lead)[-1]["at"]) < timedelta(minutes=121)
    finally:
        quiet_policy(house)


def test_a_touch_needs_method_and_twenty_characters(house):
    c = fresh(house)
    lead = c.send()["lead"]
    me = c.people[0]
    url = f"/leads/{lead}/touch"
    short = me.client.call("POST", url, {"method": "call", "summary": "中" * 19})
    assert short.status == 400 and "20" in short.json["fields"][0]["detail"], short
    assert me.client.call("POST", url, {"summary": SUMMARY}).status == 400
    assert me.client.call("POST", url, {"method": "telepathy", "summary": SUMMARY}).status == 400
    blanks = me.client.call("POST", url, {"method": "call", "summary": " " * 40})
    assert blanks.status == 400, "blanks are no summary"
    done = me.post(url, {"method": "call", "summary": "中" * 20})
    assert done["clock"] == "stopped" and done["status"] == "contacting" and done["first_touch_at"] and done["touches"] == 1, done
    house.advance("30m")
    house.advance("2h")
    later = read(house, lead)
    assert later["owner"] == me.id and later["hops"] == 0, "ownership stays until hand-over"
    activity = house.admin.get(f"/records/activity?filter=lead%20%3D%20%22{lead}%22")["items"]
    assert len(activity) == 1 and activity[0]["first_touch"] is True, activity


def test_the_board_tells_todays_cross_grabs(house):
    """How many, by whom, on which lead of whom; each supervisor those that concern the own people, and of others' leads no word."""
    one, two = fresh(house, 2), fresh(house, 1)
    lead = read(house, one.send(name="抢手", company="抢手公司")["lead"])
    holder = next(p for p in one.people if p.id == lead["owner"])
    mate, stranger = next(p for p in one.people if p is not holder), two.people[0]
    touch = {"method": "call", "summary": SUMMARY}
    assert mate.client.call("POST", f"/leads/{lead['id']}/touch", touch).status == 409
    assert mate.client.call("PATCH", f"/records/lead/{lead['id']}", {"message": "我的"}).status == 409
    assert stranger.client.call("POST", f"/leads/{lead['id']}/touch", touch).status == 409
    mine = wait_for(lambda: (told := one.head.get("/board"))["cross_grabs"]["count"] == 3 and told, "three attempts on the board")
    rows = mine["cross_grabs"]["items"]
    assert [r["at"] for r in rows] == sorted((r["at"] for r in rows), reverse=True)
    assert {(r["act"], r["by"]["id"], r["holder"]["id"]) for r in rows} == {("touch", mate.id, holder.id), ("edit", mate.id, holder.id), ("touch", stranger.id, holder.id)}, rows
    assert all(r["lead"] == {"id": lead["id"], "name": "抢手", "company": "抢手公司"} for r in rows), rows
    assert {p["id"]: p["today"]["cross_grabs"] for p in mine["people"]} == {holder.id: 0, mate.id: 2}
    theirs = two.head.get("/board")
    assert theirs["cross_grabs"]["count"] == 1 and theirs["cross_grabs"]["items"][0]["lead"] is None, theirs["cross_grabs"]
    assert "抢手" not in json.dumps(theirs, ensure_ascii=False), "another team's lead stays unnamed"
    assert [p["today"]["cross_grabs"] for p in theirs["people"] if p["id"] == stranger.id] == [1]
    assert house.admin.get("/board")["cross_grabs"]["count"] >= 3
    house.advance("1d")
    assert one.head.get("/board")["cross_grabs"] == {"count": 0, "items": []}, "today's only"
    next_workday(house)


def test_a_touch_resets_the_misses(house):
    c = fresh(house, 1, capacity=10)
    me = c.people[0]
    for _ in range(2):
        c.send()
        house.advance("5m")
        house.advance("1s")
    assert house.admin.get(f"/records/user/{me.id}")["misses"] == 2
    me.touch(c.send()["lead"])
    assert house.admin.get(f"/records/user/{me.id}")["misses"] == 0


def test_three_misses_freeze_and_the_supervisor_lifts_it(house):
    c = fresh(house, 2)
    me, helper = c.people
    house.admin.patch(f"/records/user/{me.id}", {"weight": 99, "capacity": 10})
    house.admin.post(f"/users/{helper.id}/absence", {"absent": True})
    live = Live(c.head.client)
    missed = []
    for _ in range(2):
        missed.append(c.send()["lead"])
        house.advance("5m")
        house.advance("1s")
    house.admin.post(f"/users/{helper.id}/absence", {"absent": False})
    third, untouched = c.send()["lead"], None
    house.advance("4m")
    untouched = c.send()["lead"]
    house.advance("61s")
    frozen = house.admin.get(f"/records/user/{me.id}")
    assert frozen["frozen_until"] and frozen["misses"] >= 3, frozen
    live.wait("person.frozen", me.id)
    live.close()
    assert owner(house, untouched) == helper.id and owner(house, third) != me.id, "untouched leads move on"
    assert c.send()["lead"] and me.id not in [owner(house, c.send()["lead"])], "no new assignments"
    assert me.alerts("person.frozen") and c.head.alerts("person.frozen")
    assert me.get("/desk")["frozen_until"] == frozen["frozen_until"]
    assert me.client.call("POST", f"/users/{me.id}/release", {}).status == 403, "not by oneself"
    stranger = person(house, role="supervisor")
    assert stranger.client.call("POST", f"/users/{me.id}/release", {}).status == 403, "not by another team's supervisor"
    released = c.head.post(f"/users/{me.id}/release")
    assert released["frozen_until"] is None and released["misses"] == 0
    history = house.admin.get(f"/records/user/{me.id}/history")["items"]
    assert any(h["who"] and h["who"]["id"] == c.head.id and "frozen_until" in h["fields"] for h in history), "audited"
    assert c.head.client.call("POST", f"/users/{me.id}/release", {}).status == 409


def test_a_freeze_ends_with_the_working_day(house):
    c = fresh(house, 1)
    me = c.people[0]
    quiet_policy(house, freeze_misses=1)
    try:
        c.send()
        house.advance("5m")
        house.advance("1s")
        assert house.admin.get(f"/records/user/{me.id}")["frozen_until"]
    finally:
        quiet_policy(house)
    house.advance("1d")
    next_workday(house)
    back = house.admin.get(f"/records/user/{me.id}")
    assert back["frozen_until"] is None and back["misses"] == 0, back
    assert c.lead()["owner"] == me.id


def test_supervisor_is_head_else_deputy_else_parent_else_administrator(house):
    quiet_policy(house, hops_max=1)
    try:
        c = fresh(house, 2)
        deputy = c.hire(role="supervisor")
        house.admin.patch(f"/records/team/{c.team}", {"deputy": deputy.id})
        house.admin.post(f"/users/{c.head.id}/absence", {"absent": True})
        lead = c.send()["lead"]
        house.advance("5m")
        house.advance("1s")
        assert owner(house, lead) == deputy.id, "the deputy while the head is away"
        parent = Company(house, 1)
        house.admin.patch(f"/records/team/{c.team}", {"parent": parent.team})
        house.admin.patch(f"/records/user/{deputy.id}", {"active": False})
        wait_for(lambda: owner(house, lead) == parent.head.id, "the head of the parent team")
        house.admin.patch(f"/records/user/{parent.head.id}", {"active": False})
        admin = house.admin.get("/me")["id"]
        wait_for(lambda: owner(house, lead) == admin, "an administrator")
    finally:
        quiet_policy(house)


def test_the_rules_are_numbers_of_the_policy(house):
    quiet_policy(house, touch_minutes=17, protection_minutes=45, summary_min=3)
    try:
        c = fresh(house)
        lead = c.lead()
        assert parse(lead["respond_by"]) - parse(lead["assigned_at"]) == timedelta(minutes=17)
        assert parse(lead["protected_until"]) - parse(lead["assigned_at"]) == timedelta(minutes=45)
        c.people[0].touch(lead["id"], "三个字")
    finally:
        quiet_policy(house)


def test_life_of_a_lead(house):
    c = fresh(house)
    me = c.people[0]
    lead = c.send(company=f"转化公司{c.n}有限公司", name="转化人")["lead"]
    follow = (parse(house.admin.get("/test/clock")["now"]) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    me.touch(lead, SUMMARY, next_follow_up_at=follow)
    assert me.get("/desk")["follow_ups"][0]["lead"] == lead
    house.advance("61m")
    assert me.alerts("lead.follow_up"), "the reminder came"
    assert me.post(f"/leads/{lead}/qualify")["status"] == "qualified"
    made = me.post(f"/leads/{lead}/convert", {"opportunity": {"name": "首单", "amount": "12000.50"}})
    account = made["account"]["id"]
    assert me.get(f"/records/account/{account}")["name"] == f"转化公司{c.n}有限公司"
    assert me.get(f"/records/contact/{made['contact']['id']}")["account"] == account
    assert me.get(f"/records/opportunity/{made['opportunity']['id']}")["amount"].rstrip("0") == "12000.5"
    assert read(house, lead)["status"] == "converted"
    me.post(f"/changes/{made['change']}/undo")
    assert read(house, lead)["status"] == "qualified" 
    assert all(a["id"] != account for a in me.get("/records/account")["items"]), "the customer is gone again"
    again = me.post(f"/leads/{lead}/convert", {"opportunity": None})
    assert again["opportunity"] is None
    other = c.send(company=f"转化公司{c.n}", name="同公司")["lead"]
    me.touch(other)
    proposed = me.client.call("POST", f"/leads/{other}/convert", {})
    assert proposed.status == 409 and proposed.json["code"] == "account_exists", proposed
    joined = me.post(f"/leads/{other}/convert", {"account": {"id": again["account"]["id"]}, "opportunity": None})
    assert joined["account"]["id"] == again["account"]["id"]


def test_z_timers_survive_kill_and_restart(house):
    c = fresh(house, 3)
    lead = c.send()["lead"]
    first = owner(house, lead)
    house.kill()
    house.start()
    assert owner(house, lead) == first
    house.advance("6m")
    assert owner(house, lead) not in (None, first), "the countdown went on"
    second = owner(house, lead)
    house.stop()
    house.start()
    house.advance("6m")
    assert owner(house, lead) not in (None, second)


if __name__ == "__main__":
    cases.main(globals())
