"""The assignment report of the day (L11): its figures, the leads behind them, one a day whatever happens."""
import os
import sys
from datetime import datetime, timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, instant, next_workday, now, owner, parse, quiet_policy, read  # noqa: E402
from lib.house import House  # noqa: E402


def setup(house):
    quiet_policy(house)


def days(house) -> list[str]:
    return [i["day"] for i in house.admin.get("/reports/assignment?limit=90")["items"]]


def behind(house, day, figure, **which) -> list[str]:
    more = "".join(f"&{k}={v}" for k, v in which.items())
    return [i["lead"] for i in house.admin.get(f"/reports/assignment/{day}/leads?figure={figure}{more}")["items"]]


def to_ten(house) -> str:
    """Moves to a second after the next 10:00; the day's name."""
    at = now(house)
    ten = at.replace(hour=10, minute=0, second=1, microsecond=0)
    ten = ten if ten > at else ten + timedelta(days=1)
    house.move_to(instant(ten))
    return ten.strftime("%Y-%m-%d")


def test_figures_by_person_and_team_with_their_leads(house):
    next_workday(house, "11:00")
    c = Company(house, 2)
    lead = c.send()["lead"]
    first = next(p for p in c.people if p.id == owner(house, lead))
    other = next(p for p in c.people if p is not first)
    assert other.client.call("POST", f"/leads/{lead}/touch", {"method": "call", "summary": "想联系一下这位客户，看看有没有需求可以跟进。"}).status == 409
    house.advance("6m")
    assert owner(house, lead) == other.id
    other.touch(lead)
    calm = c.send()["lead"]
    next(p for p in c.people if p.id == owner(house, calm)).touch(calm)
    day = to_ten(house)
    report = house.admin.get(f"/reports/assignment/{day}")
    person = {p["id"]: p for p in report["people"]}
    assert person[first.id]["overdue"] == 1 and person[other.id]["overdue"] == 0, report
    assert person[other.id]["grab"] == 1 and behind(house, day, "grab", person=other.id) == [lead]
    team = next(t for t in report["teams"] if t["id"] == c.team)
    assert team["overdue"] == 1 and team["assigned"] == 2 and team["grab"] == 1, team
    assert report["totals"]["in_play"] >= 2 and lead in behind(house, day, "in_play")
    assert behind(house, day, "overdue", person=first.id) == [lead] and behind(house, day, "overdue", team=c.team) == [lead]
    assert calm in behind(house, day, "assigned", team=c.team) and calm not in behind(house, day, "overdue")
    told = [a for a in c.head.alerts("report.assignment") if a["data"]["day"] == day]
    assert told and told[0]["data"]["overdue"] == report["totals"]["overdue"], told
    assert not c.people[0].alerts("report.assignment")
    assert c.people[0].client.call("GET", f"/reports/assignment/{day}").status == 403
    mine = c.head.get(f"/reports/assignment/{day}")
    assert {p["id"] for p in mine["people"]} <= {p.id for p in c.people + [c.head]} and mine["totals"] == report["totals"]
    house.admin.post(f"/leads/{lead}/assign", {"to": first.id})
    assert house.admin.get(f"/reports/assignment/{day}") == report, "a report never changes"
    assert house.admin.get("/reports/assignment/newest") == report


def test_every_lead_has_one_fate_and_what_came_in_is_accounted_for(house):
    to_ten(house)
    next_workday(house, "11:00")
    c = Company(house, 3)
    ids = {fate: c.send()["lead"] for fate in ("contacted", "closed", "contacted_late")}

    def by(lead):
        return next(p for p in c.people if p.id == owner(house, lead))
    by(ids["contacted"]).touch(ids["contacted"])
    by(ids["closed"]).post(f"/leads/{ids['closed']}/invalid", {"reason": "空号"})
    house.advance("6m")
    by(ids["contacted_late"]).touch(ids["contacted_late"])
    c.members(c.head)  # nobody else who could take what is given back
    house.admin.patch(f"/records/user/{c.head.id}", {"absent": True})
    ids["waiting"] = c.send()["lead"]
    again = c.send("duplicate", phone=read(house, ids["contacted"])["phone"])
    c.send("quarantined", phone="12")
    by_hand = c.people[0].post("/records/lead", {"name": "手工录入", "phone": "13799990001"}, 201)["id"]
    house.move_to(instant((now(house) + timedelta(days=1)).replace(hour=9, minute=57)))
    other = Company(house, 1)
    ids["returned"] = other.send()["lead"]
    other.people[0].post(f"/leads/{ids['returned']}/return", {"reason": "不在我的区域"})
    day = to_ten(house)
    report = house.admin.get(f"/reports/assignment/{day}")
    assert sum(report["fates"].values()) == report["totals"]["in_play"], report
    for fate, lead in ids.items():
        assert lead in behind(house, day, fate), (fate, report["fates"])
        assert sum(lead in behind(house, day, other) for other in report["fates"]) == 1, fate
    assert by_hand in behind(house, day, "in_play")
    got = report["received"]
    assert (got["taken"], got["duplicate"], got["quarantined"], got["pending"], got["by_hand"]) == (5, 1, 1, 0, 1), got
    assert got["reasons"] == {"bad_phone": 1} and again["duplicate_of"] == ids["contacted"], got
    assert sum(report["waiting_for"].values()) == report["fates"]["waiting"] > 0, report["waiting_for"]
    for lead in (ids["waiting"], ids["returned"], by_hand):
        house.admin.post(f"/leads/{lead}/invalid", {"reason": "测试"})


def test_the_leads_behind_a_figure_come_page_by_page(house):
    to_ten(house)
    next_workday(house, "11:00")
    c = Company(house, 2, capacity=2000)
    quiet_policy(house, load_max=1000, freeze_misses=100)
    sent = {c.send()["lead"] for _ in range(505)}
    house.advance("6m")
    day = to_ten(house)
    quiet_policy(house)
    pages, after = [], ""
    while True:
        page = house.admin.get(f"/reports/assignment/{day}/leads?figure=overdue{after}")
        pages.append([i["lead"] for i in page["items"]])
        if not page["next"]:
            break
        assert page["more"] and len(page["items"]) >= 500, len(page["items"])
        after = f"&after={page['next']}"
    found = set().union(*pages)
    newest = house.admin.get("/reports/assignment/newest/leads?figure=overdue")["items"]
    assert [i["lead"] for i in newest] == pages[0], "the newest is the one of today"
    house.admin.get("/reports/assignment/2019-01-01/leads?figure=overdue", expect=404)
    assert not page["more"] and len(pages) > 1 and sent <= found, (len(sent), [len(p) for p in pages])
    assert sum(len(set(p)) for p in pages) == len(found), "no lead is on two pages"
    for lead in sent:
        house.admin.post(f"/leads/{lead}/invalid", {"reason": "测试"})


def test_a_lead_that_waits_is_overdue_for_nobody(house):
    next_workday(house, "11:00")
    c = Company(house, 1, active=False)
    lead = c.send()["lead"]
    assert owner(house, lead) is None
    day = to_ten(house)
    report = house.admin.get(f"/reports/assignment/{day}")
    assert lead in behind(house, day, "in_play"), report
    assert lead in behind(house, day, "overdue"), report
    house.admin.post(f"/leads/{lead}/invalid", {"reason": "测试"})


def test_a_day_without_leads_says_so_and_days_without_work_may_be_left_out(house):
    to_ten(house)
    day = to_ten(house)
    assert house.admin.get(f"/reports/assignment/{day}")["totals"]["assigned"] == 0
    quiet_policy(house, report_every_day=False)
    at = now(house)
    friday = at + timedelta(days=(4 - at.weekday()) % 7 or 7)
    house.move_to(instant(friday.replace(hour=12)))
    before = days(house)
    house.move_to(instant((friday + timedelta(days=2)).replace(hour=12)))
    worked = {d for d in days(house) if d not in before}
    assert all(d in ("2026-09-20", "2026-10-10") for d in worked), worked  # make-up days of the Chinese calendar
    house.move_to(instant((friday + timedelta(days=14)).replace(hour=12)))
    newest = house.admin.get("/reports/assignment/newest")
    assert parse(newest["until"]) > parse(newest["from"])
    items = days(house)
    assert len(items) == len(set(items))
    quiet_policy(house)


def test_each_day_once_across_restarts_and_a_long_sleep(house):
    start = to_ten(house)
    house.kill()
    house.start(house.port)
    house.advance("1h")
    assert days(house)[0] == start
    house.kill()
    clock = house.dir + "/test-clock"
    with open(clock, encoding="utf-8") as f:
        offset = int(f.read())
    with open(clock, "w", encoding="utf-8") as f:
        f.write(f"{offset + 5 * 86_400_000}\n")
    house.start(house.port)
    house.advance("1h")
    found = days(house)
    at = datetime.strptime(start, "%Y-%m-%d")
    wanted = [(at + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(6)]
    assert found[:6] == wanted[::-1] and len(found) == len(set(found)), found
    reports = [house.admin.get(f"/reports/assignment/{d}") for d in wanted]
    assert all(a["until"] == b["from"] for a, b in zip(reports, reports[1:])), "no moment is left out"


def test_ten_comes_once_where_a_day_has_no_midnight(house):
    for zone, begin, day in (("America/Sao_Paulo", "2018-11-02T09:00:00-03:00", "2018-11-04"), ("Africa/Cairo", "2024-04-24T09:00:00+02:00", "2024-04-26"),
                             ("Asia/Beirut", "2024-03-29T09:00:00+02:00", "2024-03-31"), ("America/Sao_Paulo", "2018-02-15T09:00:00-02:00", "2018-02-18")):
        far = House(house.engine, house.postgres, start_at=begin)
        try:
            quiet_policy(far)
            far.admin.post("/setup/company", {"name": "远方", "zone": zone}, 204)
            far.advance("1h")
            far.advance("120h")
            found = days(far)
            assert len(found) == len(set(found)) and day in found, (zone, found)
            reports = [far.admin.get(f"/reports/assignment/{d}") for d in found]
            assert reports[0]["zone"] == zone, reports[0]
            lengths = {r["day"]: (parse(r["until"]) - parse(r["from"])) / timedelta(hours=1) for r in reports}
            assert lengths[day] in (23, 25) and sum(1 for d in found if lengths[d] == 24) >= len(found) - 2, (zone, lengths)
            assert all(a["from"] == b["until"] for a, b in zip(reports, reports[1:]))
        finally:
            far.remove()


if __name__ == "__main__":
    cases.main(globals())
