"""The policy as data: checked, tried, versioned, restored, told in plain words (L5, L12, F4)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, decisions, make, next_workday, owner, person, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402


def setup(house):
    next_workday(house)
    house.policy = quiet_policy(house)


def put(house, **changes):
    return house.admin.call("PUT", "/policy", {"policy": {**house.policy, **changes}, "note": "测试"})


def test_faults_are_named(house):
    other = "01a00000-0000-7000-8000-000000000000"
    for changes, field in (({"touch_minutes": 0}, "touch_minutes"), ({"touch_minutes": "5"}, "touch_minutes"), ({"hops_max": 10**9}, "hops_max"),
                           ({"rank": ["speed"]}, "rank"), ({"rank": []}, "rank"), ({"pools": []}, "pools"), ({"pools": [{"pool": other}]}, "pools[0].pool"),
                           ({"fallback_pool": None}, "fallback_pool"), ({"fallback_pool": other}, "fallback_pool"), ({"territory_by": ["country"]}, "territory_by"),
                           ({"out_of_hours": "sleep"}, "out_of_hours"), ({"out_of_hours": "on_call", "on_call": None}, "on_call"), ({"nonsense": 1}, "nonsense")):
        answer = put(house, **changes)
        assert answer.status == 400 and field in {f["field"] for f in answer.json["fields"]}, (changes, answer)
    many = put(house, touch_minutes=0, rank=["x"])
    assert {f["field"] for f in many.json["fields"]} == {"touch_minutes", "rank"}, "all faults at once"


def test_the_first_note_is_in_the_language_of_its_reader(house):
    reader = person(house, role="administrator", language="en")
    assert house.admin.get("/policy/versions/1")["note"] == "出厂规则"
    assert reader.client.get("/policy/versions/1")["note"].isascii() and reader.client.get("/policy/versions")["items"][-1]["note"].isascii()
    mine = house.admin.call("PUT", "/policy", {"policy": house.policy, "note": "出厂规则"}, expect=201).json
    assert reader.client.get(f"/policy/versions/{mine['version']}")["note"] == "出厂规则", "a person's note is as it was written"


def test_versions_and_restore(house):
    before = house.admin.get("/policy")["version"]
    made = put(house, touch_minutes=9)
    assert made.status == 201 and made.json["version"] == before + 1 and made.json["policy"]["touch_minutes"] == 9, made
    versions = house.admin.get("/policy/versions")["items"]
    assert versions[0]["version"] == before + 1 and versions[0]["in_force"] and not versions[1]["in_force"]
    assert versions[0]["author"]["name"] and versions[0]["note"] == "测试", versions[0]
    assert house.admin.get(f"/policy/versions/{before}")["policy"]["touch_minutes"] == 5
    back = house.admin.post(f"/policy/versions/{before}/restore", {}, 201)
    assert back["version"] == before + 2 and back["policy"]["touch_minutes"] == 5, back
    assert house.admin.call("POST", "/policy/versions/9999/restore", {}).status == 404


def test_try_shows_what_would_have_been(house):
    c = Company(house, 2, capacity=100)
    put(house, load_max=100)
    house.admin.patch(f"/records/user/{c.people[0].id}", {"weight": 90})
    leads = [c.send()["lead"] for _ in range(6)]
    assert {owner(house, lead) for lead in leads} == {c.people[0].id}
    versions = len(house.admin.get("/policy/versions")["items"])
    same = house.admin.post("/policy/try", {"policy": {**house.policy, "load_max": 100}})
    assert same["leads"] >= 6 and same["warning"] is None and same["moved"] == 0, same
    turned = house.admin.post("/policy/try", {"policy": {**house.policy, "load_max": 100, "rank": ["load", "weight"]}})
    by = {p["user"]: (p["before"], p["after"]) for p in turned["by_person"]}
    assert turned["moved"] >= 2 and by[c.people[1].id][1] >= 2 and by[c.people[0].id][0] >= 6, turned
    assert turned["samples"] and turned["took_ms"] >= 0
    assert len(house.admin.get("/policy/versions")["items"]) == versions, "a trial leaves nothing"
    assert {owner(house, lead) for lead in leads} == {c.people[0].id}
    put(house)


def test_backlog_is_assigned_again_after_a_change(house):
    c = Company(house, 1, capacity=100)
    put(house, load_max=1)
    c.send()
    waiting = [c.send()["lead"] for _ in range(3)]
    assert [owner(house, w) for w in waiting] == [None] * 3
    arrived = [read(house, w)["captured_at"] for w in waiting]
    put(house, load_max=10)
    wait_for(lambda: all(owner(house, w) for w in waiting), "the waiting leads")
    assert [read(house, w)["captured_at"] for w in waiting] == arrived
    assert decisions(house, waiting[0])[0]["policy_version"] == house.admin.get("/policy")["version"], "each decision names its version"
    put(house)


def test_procedure_tells_the_numbers_in_force(house):
    try:
        put(house, touch_minutes=7, protection_minutes=95, hops_max=4, escalate_minutes=185, freeze_misses=6, load_max=11, summary_min=23)
        for language, words in (("zh", ("分钟", "保护", "主管", "熔断")), ("en", ("minutes", "protect", "supervisor", "frozen"))):
            told = house.admin.get("/procedure?lang=" + language)
            text = "\n".join(s["title"] + "\n" + "\n".join(s["steps"]) for s in told["sections"])
            for number in ("7", "95", "4", "185", "6", "11", "23"):
                assert number in text, (language, number, text)
            assert all(w.lower() in text.lower() for w in words), (language, text)
            assert told["version"] == house.admin.get("/policy")["version"]
    finally:
        put(house)
    plain = str(house.admin.get("/procedure?lang=zh"))
    assert "185" not in plain and "2 小时" in plain, "it is made from the policy in force"
    assert house.admin.get("/procedure?lang=zh")["title"] != house.admin.get("/procedure?lang=en")["title"]


def test_order_of_pools(house):
    first, second = Company(house, 1), Company(house, 1)
    open_source = make(house, "source", name="无池来源", key=f"open{first.n}")
    assert open_source
    try:
        put(house, pools=[{"pool": first.pool}, {"pool": second.pool}], load_max=2)
        got = [owner(house, house.capture(f"open{first.n}", {"name": f"n{i}", "phone": f"1332222000{i}"})["lead"]) for i in range(5)]
        assert got == [first.people[0].id] * 2 + [second.people[0].id] * 2 + [None], got
    finally:
        put(house)


def test_filters_of_a_pool_can_be_off(house):
    c = Company(house, 1)
    place = make(house, "territory", name="只有北京", codes=["11"])
    house.admin.patch(f"/records/user/{c.people[0].id}", {"territories": [place]})
    assert c.lead(province="广东", city="深圳")["owner"] is None
    try:
        put(house, pools=house.policy["pools"] + [{"pool": c.pool, "filters": {"territory": False, "skill": True}}])
        assert c.lead(province="广东", city="深圳")["owner"] == c.people[0].id
    finally:
        put(house)


if __name__ == "__main__":
    cases.main(globals())
