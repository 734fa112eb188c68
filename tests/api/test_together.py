"""What several people do at the same moment: one of them does it, or each of them does; nobody's work is lost and nothing fails of it.
On PostgreSQL their transactions run side by side."""
import concurrent.futures
import functools
import os
import sys
from datetime import timedelta
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import PASSWORD, Company, import_state, instant, make, next_workday, owner, parse, person, quiet_policy, read  # noqa: E402
from lib.house import Client, wait_for  # noqa: E402
from lib.together import together  # noqa: E402

POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUNDS = 12


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)


def at_once(*asked) -> list:
    """Each is (client, method, path, body[, headers]); all go out together. Their answers; none may be a failure of the server."""
    def one(client: Client, method, path, body, headers=None):
        return client.call(method, path, body, **(headers or {}))
    answers = together(*[functools.partial(one, *a) for a in asked])
    assert all(a.status < 500 for a in answers), answers
    return answers


def statuses(answers) -> list[int]:
    return sorted(a.status for a in answers)


def only_one(answers, done: int, code: str) -> None:
    """One was done, all others hear that somebody was before them."""
    assert statuses(answers).count(done) == 1, answers
    assert {a.json["code"] for a in answers if a.status != done} == {code}, answers


def webhook(house, name: str) -> str:
    return house.admin.post("/channels", {"kind": "webhook", "name": name, "settings": {"url": "http://127.0.0.1:9/", "secret": SECRET}, "allowed_host": "127.0.0.1"}, 201)["id"]


def policy_with(house, **numbers) -> dict:
    return {"policy": {**house.admin.get("/policy")["policy"], **numbers}, "note": "同时"}


def test_each_policy_saved_is_a_version_of_its_own(house):
    before = house.admin.get("/policy")["version"]
    answers = at_once(*[(house.admin, "PUT", "/policy", policy_with(house, touch_minutes=10 + i)) for i in range(8)])
    assert sorted(a.json["version"] for a in answers) == list(range(before + 1, before + 9)), answers
    kept = {a.json["version"]: a.json["policy"]["touch_minutes"] for a in answers}
    assert all(house.admin.get(f"/policy/versions/{v}")["policy"]["touch_minutes"] == minutes for v, minutes in kept.items())
    quiet_policy(house, load_max=1000)


def test_whoever_edited_an_older_policy_is_told_and_overwrites_nothing(house):
    seen = house.admin.get("/policy")["version"]
    answers = at_once(*[(house.admin, "PUT", "/policy", policy_with(house, touch_minutes=20 + i), {"If_Match": f'"{seen}"'}) for i in range(6)])
    assert statuses(answers) == [201] + [412] * 5, answers
    late = next(a for a in answers if a.status == 412)
    assert late.json["code"] == "stale_version" and late.headers["etag"] == f'"{seen + 1}"', late
    assert house.admin.get("/policy")["version"] == seen + 1
    old = house.admin.call("POST", f"/policy/versions/{seen}/restore", {}, If_Match=f'"{seen}"')
    assert old.status == 412, old
    assert house.admin.call("PUT", "/policy", policy_with(house), If_Match=late.headers["etag"]).status == 201
    quiet_policy(house, load_max=1000)


def test_two_administrators_change_two_parts_of_a_channel(house):
    made = webhook(house, "旧名")
    for i in range(ROUNDS):
        answers = at_once((house.admin, "PATCH", f"/channels/{made}", {"name": f"名称{i}"}), (house.admin, "PATCH", f"/channels/{made}", {"rate": 30 + i}))
        assert statuses(answers) == [200, 200], answers
        now_is = next(c for c in house.admin.get("/channels")["items"] if c["id"] == made)
        assert (now_is["name"], now_is["rate"]) == (f"名称{i}", 30 + i), now_is
    house.admin.call("DELETE", f"/channels/{made}", expect=204)


def test_two_administrators_change_two_parts_of_a_service(house):
    made = house.admin.post("/services", {"kind": "http", "name": "旧名", "address": "http://127.0.0.1:9/", "allowed_host": "127.0.0.1", "enabled": False}, 201)["id"]
    for i in range(ROUNDS):
        answers = at_once((house.admin, "PATCH", f"/services/{made}", {"name": f"名称{i}"}), (house.admin, "PATCH", f"/services/{made}", {"contact": f"电话{i}"}))
        assert statuses(answers) == [200, 200], answers
        now_is = house.admin.get(f"/services/{made}")
        assert (now_is["name"], now_is["contact"]) == (f"名称{i}", f"电话{i}"), now_is
    house.admin.call("DELETE", f"/services/{made}", expect=204)


def test_channels_of_one_person_chosen_in_two_tabs(house):
    who = person(house)
    first, second = webhook(house, "一"), webhook(house, "二")
    lists = [[{"channel": first}, {"channel": second}], [{"channel": second}], [{"channel": first}]]
    for _ in range(ROUNDS):
        answers = at_once(*[(who.client, "PUT", "/me/channels", {"items": items, "quiet": {"from": "22:00", "to": "08:00"}}) for items in lists])
        assert statuses(answers) == [200] * 3, answers
        assert [i["channel"] for i in who.get("/me/channels")["items"]] in [[i["channel"] for i in items] for items in lists]
    for made in (first, second):
        house.admin.call("DELETE", f"/channels/{made}", expect=204)


def test_a_browser_that_subscribes_from_several_tabs_is_one_device(house):
    who = person(house)
    made = house.admin.post("/channels", {"kind": "web_push", "name": "浏览器通知", "settings": {"subject": "mailto:it@example.com"}, "allowed_host": "127.0.0.1"}, 201)["id"]
    for i in range(ROUNDS):
        device = {"endpoint": f"https://push.example.com/together{i % 3}", "p256dh": POINT, "auth": AUTH, "device": "手机"}
        assert statuses(at_once(*[(who.client, "POST", "/me/push", device)] * 5)) == [201] * 5
    assert len(who.get("/me/push")["devices"]) == 3
    house.admin.call("DELETE", f"/channels/{made}", expect=204)


def test_settings_of_the_house_saved_twice(house):
    for i in range(ROUNDS):
        names = [f"公司{i}甲", f"公司{i}乙"]
        named = at_once(*[(house.admin, "POST", "/setup/company", {"name": name}) for name in names] * 2)
        assert statuses(named) == [204] * 4, named
        hours = at_once(*[(house.admin, "PUT", "/care/settings", {"on": False, "hour": h}) for h in (1, 2, 3, 4)])
        assert statuses(hours) == [200] * 4, hours


def test_a_custom_field_of_one_name_is_made_once(house):
    for i in range(4):
        field = {"name": f"at_once_{i}", "zh": "同时", "en": "At once", "type": "text"}
        answers = at_once(*[(house.admin, "POST", f"/objects/{o}/fields", field) for o in ("account", "account", "contact", "contact")])
        assert statuses(answers).count(201) == 2 and all(a.status in (201, 400, 409) for a in answers), answers
        for o in ("account", "contact"):
            assert [f["name"] for f in house.admin.get(f"/objects/{o}")["fields"]].count(field["name"]) == 1


def test_a_lead_of_the_pool_is_claimed_by_one(house):
    quiet_policy(house, return_days=5, return_warn_days=0, load_max=1000)
    c = Company(house, 4)
    ids = [c.send()["lead"] for _ in range(4)]
    for lead in ids:
        next(p for p in c.people if p.id == owner(house, lead)).touch(lead)
    house.move_to(instant(max(parse(read(house, lead)["_view"]["returns_at"]) for lead in ids) + timedelta(seconds=1)))
    next_workday(house)
    had = {lead: read(house, lead) for lead in ids}
    assert all(one["owner"] is None for one in had.values()), had
    everybody = [c.hire() for _ in range(5)]
    c.members(*c.people, *everybody)
    for lead in ids:
        answers = at_once(*[(p.client, "POST", f"/leads/{lead}/claim", {}) for p in everybody])
        assert statuses(answers)[0] == 200 and statuses(answers)[1] >= 400, answers
        assert owner(house, lead) == next(p.id for p, a in zip(everybody, answers) if a.status == 200)
    quiet_policy(house, load_max=1000)


def test_a_limit_of_claims_holds_for_several_leads_at_once(house):
    quiet_policy(house, return_days=5, return_warn_days=0, load_max=1000, stock_max=2)
    c = Company(house, 2)
    ids = [c.send()["lead"] for _ in range(6)]
    for lead in ids:
        next(p for p in c.people if p.id == owner(house, lead)).touch(lead)
    house.move_to(instant(max(parse(read(house, lead)["_view"]["returns_at"]) for lead in ids) + timedelta(seconds=1)))
    next_workday(house)
    greedy = c.hire()
    c.members(*c.people, greedy)
    answers = at_once(*[(greedy.client, "POST", f"/leads/{lead}/claim", {}) for lead in ids])
    assert statuses(answers) == [200, 200, 409, 409, 409, 409], answers
    assert {a.json["code"] for a in answers if a.status == 409} == {"stock_limit"}, answers
    quiet_policy(house, load_max=1000)


def test_many_leads_handed_over_in_two_orders(house):
    c = Company(house, 2, capacity=1000)
    ids = [c.send()["lead"] for _ in range(12)]
    for _ in range(3):
        answers = at_once(*[(house.admin, "POST", "/leads/assign", {"ids": order, "to": p.id}) for p in c.people for order in (ids, ids[::-1])])
        assert statuses(answers)[0] == 200 and all(a.status in (200, 409) for a in answers), answers
        assert all(owner(house, lead) in {p.id for p in c.people} for lead in ids)


def test_an_import_is_begun_once(house):
    c = Company(house, 1)
    for _ in range(5):
        id = house.admin.post("/imports", {"name": "x.csv", "source": c.source}, 201)["id"]
        house.admin.post(f"/imports/{id}/data", {"offset": 0, "data": "bmFtZSxwaG9uZQp6LDEzODAwMDA5MDAxCg=="})
        house.admin.post(f"/imports/{id}/look")
        house.admin.call("POST", f"/imports/{id}/check", {"columns": ["name", "phone"], "way": "pool"}, expect=200)
        import_state(house, id, "checked")
        only_one(at_once(*[(house.admin, "POST", f"/imports/{id}/run", {})] * 5), 200, "wrong_state")
        import_state(house, id, "done")


def test_a_change_is_undone_once(house):
    for i in range(6):
        account = make(house, "account", name=f"撤销{i}")
        change = house.admin.patch(f"/records/account/{account}", {"note": "改过"})["_change"]
        answers = at_once(*[(house.admin, "POST", f"/changes/{change}/undo", {})] * 4)
        assert statuses(answers)[0] == 200 and all(a.status == 409 for a in answers if a.status != 200) and statuses(answers).count(200) == 1, answers
        assert house.admin.get(f"/records/account/{account}")["note"] is None


def test_one_key_is_one_deed(house):
    for i in range(6):
        answers = at_once(*[(house.admin, "POST", "/records/account", {"name": f"同一次{i}"}, {"Idempotency_Key": f"together-{i}"})] * 6)
        made = {a.json["id"] for a in answers if a.status == 201}
        assert len(made) == 1 and all(a.status in (201, 409) for a in answers), answers


def test_a_login_belongs_to_one_person(house):
    for i in range(4):
        body = {"name": "同名", "login": f"together{i}", "password": "correct horse battery"}
        answers = at_once(*[(house.admin, "POST", "/records/user", body)] * 5)
        assert statuses(answers)[0] == 201 and statuses(answers)[1] in (400, 409), answers


def test_whoever_signs_in_by_a_password_that_is_changed_at_that_moment_stays_outside(house):
    for i in range(5):
        who, old, new = person(house), PASSWORD, f"another horse battery {i}"
        asked = {"login": who.login, "password": old}
        answers = at_once((who.client, "POST", "/me/password", {"old": old, "new": new}), *[(house.client(), "POST", "/sessions", asked)] * 5)
        assert answers[0].status == 204 and all(a.status in (201, 401, 503) for a in answers[1:]), answers
        inside = [a.json["token"] for a in answers[1:] if a.status == 201]
        assert all(Client(house.port, token).call("GET", "/me").status == 401 for token in inside), "somebody is in by the old password"
        assert who.client.call("GET", "/me").status == 200


def test_of_two_who_change_a_password_one_is_told_that_it_is_not_the_present_one(house):
    who = person(house)
    answers = at_once(*[(who.client, "POST", "/me/password", {"old": PASSWORD, "new": f"another horse battery {i}"}) for i in range(3)])
    assert statuses(answers) == [204, 400, 400], answers
    house.sign_in(who.login, f"another horse battery {[a.status for a in answers].index(204)}")


def test_a_receipt_is_replayed_once(house):
    c = Company(house, 1)
    for i in range(8):
        held = c.send("quarantined", phone="12")["receipt"]
        answers = at_once(*[(house.admin, "POST", f"/intake/receipts/{held}/replay", {"body": '{"name":"改好","phone":"1390013%04d"}' % i})] * 4)
        assert statuses(answers)[0] in (200, 202) and {a.json["code"] for a in answers if a.status >= 300} <= {"not_quarantined"}, answers
        assert sum(a.status < 300 for a in answers) == 1, answers
        wait_for(lambda: house.admin.get(f"/intake/receipts/{held}")["state"] == "taken", "it is taken")
        assert house.admin.get("/count/lead?filter=" + quote(f"phone = '+861390013{i:04d}'"))["count"] == 1


def test_of_files_that_come_at_once_no_more_are_kept_than_there_is_room_for(house):
    c = Company(house, 1)
    lead, me = c.send()["lead"], c.people[0].client

    def attach(n: int) -> int:
        head = {"Authorization": "Bearer " + me.token, "Content-Type": "application/octet-stream"}
        return me.raw("POST", f"/api/v1/leads/{lead}/files", b"\xff\xd8\xff\xe0" + n.to_bytes(4, "big"), head).status
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert set(pool.map(attach, range(200))) == {201}
        for i, file in enumerate(me.get(f"/leads/{lead}/files")["items"][:6]):
            me.call("DELETE", f"/files/{file['id']}", expect=200)
            assert sorted(pool.map(attach, range(1000 + 6 * i, 1006 + 6 * i))) == [201] + [409] * 5


if __name__ == "__main__":
    cases.main(globals())
