"""The drill (L13): what if - on copies, beside what really happened, much faster than real."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, owner, quiet_policy, read  # noqa: E402

LEADS: list[str] = []
MISSES = []


def setup(house):
    """A day is played: leads come every few minutes; two people call after two minutes, one never does."""
    quiet_policy(house, freeze_misses=3)
    next_workday(house, "09:30")
    c = Company(house, 3)
    lazy = c.people[2]
    house.played = c
    for n in range(14):
        lead = c.send()["lead"]
        LEADS.append(lead)
        house.advance("2m")
        for one in LEADS:
            record = read(house, one)
            who = next((p for p in c.people if p.id == record["owner"]), None)
            if record["first_touch_at"] is None and who and who is not lazy:
                who.touch(one)
        house.advance("7m")
    house.advance("3h")
    rows = [d for lead in LEADS for d in house.admin.get(f"/leads/{lead}/assignments")["items"]]
    MISSES.append(sum(1 for d in rows if d["kind"] in ("miss", "escalated") and d["before"]))


def drill(house, **change):
    return house.admin.post("/drill", {"leads": len(LEADS), **change})


def test_without_a_change_it_agrees_with_what_happened(house):
    found = drill(house)
    assert found["base"] == found["change"], found
    assert found["base"]["leads"] == len(LEADS)
    assert found["truth"]["touched"] >= 10 and found["truth"]["alike"] == found["truth"]["touched"], found["truth"]
    assert found["base"]["missed"] == MISSES[0] > 0, (found["base"], MISSES)
    real = [p["misses"] for p in house.admin.get("/board")["people"] if p["id"] == house.played.people[2].id]
    assert real, "the board knows the person"
    assert found["faster"] >= 1000, found["faster"]


def test_nothing_is_written(house):
    before = [read(house, lead)["version"] for lead in LEADS]
    drill(house, people=[house.played.people[0].id], times=10)
    assert [read(house, lead)["version"] for lead in LEADS] == before
    assert house.admin.get("/count/lead")["count"] == len(LEADS)


def test_who_is_off_line_gets_nothing_and_others_carry_more(house):
    c = house.played
    found = drill(house, people=[c.people[0].id])
    got = {p["id"]: p["got"] for p in found["change"]["people"]}
    base = {p["id"]: p["got"] for p in found["base"]["people"]}
    assert c.people[0].id not in got and base[c.people[0].id] > 0, found
    assert sum(got.values()) > sum(n for who, n in base.items() if who != c.people[0].id), (got, base)


def test_an_empty_team_or_pool_keeps_leads_waiting_and_says_why(house):
    c = house.played
    empty = drill(house, teams=[c.team])
    assert empty["change"]["waiting"] == len(LEADS) and empty["change"]["stuck"][0]["rule"] == "absent", empty["change"]
    assert empty["change"]["samples"][0]["lead"] == LEADS[0] and empty["change"]["samples"][0]["still"] is True
    dry = drill(house, pools=[c.pool])
    assert dry["change"]["waiting"] == len(LEADS), dry["change"]


def test_a_channel_that_is_down_brings_nothing(house):
    assert drill(house, sources=[house.played.source])["change"]["leads"] == 0


def test_ten_times_the_leads(house):
    found = drill(house, times=10)
    assert found["change"]["leads"] == 10 * len(LEADS)
    assert found["change"]["waited"] > found["base"]["waited"] and found["change"]["missed"] > found["base"]["missed"], found["change"]
    assert sum(found["change"]["first_contact"].values()) == 10 * len(LEADS)
    assert found["faster"] >= 1000, found["faster"]
    slow = drill(house, reaction_minutes=60)
    assert slow["base"] == slow["change"]


def test_who_may_and_what_is_refused(house):
    assert house.played.people[0].client.call("POST", "/drill", {}).status == 403
    assert house.admin.call("POST", "/drill", {"people": [make(house, "pool", name="x")]}).status == 400
    assert house.admin.call("POST", "/drill", {"times": 21}).status == 400
    one = house.admin.call("POST", "/drill", {"people": house.played.people[0].id}, expect=400).json["fields"][0]
    assert one["field"] == "people" and one["code"] == "wrong_type", "one that is no list is not passed over"
    assert owner(house, LEADS[0]) is not None


if __name__ == "__main__":
    cases.main(globals())
