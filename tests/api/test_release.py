"""A freeze lifted by QR code (L9): once, in time, this freeze only, by whoever has the right; told in the history."""
import os
import sys
import threading
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, now, parse, person, quiet_policy  # noqa: E402
from lib.house import Live  # noqa: E402

FORGED = "A" * 43


def setup(house):
    quiet_policy(house, freeze_misses=1)


def freeze(house, company):
    """A missed countdown freezes the only person there is."""
    company.send()
    house.advance("5m")
    house.advance("1s")
    me = company.people[0]
    assert frozen(house, me), "the person is frozen"
    return me


def frozen(house, me):
    return house.admin.get(f"/records/user/{me.id}")["frozen_until"]


def fresh(house):
    next_workday(house)
    company = Company(house, 1)
    return company, freeze(house, company)


def code(who, me) -> dict:
    return who.post(f"/users/{me.id}/release-code")


def token(made: dict) -> str:
    return made["url"].rsplit("/", 1)[1]


def use(who, made: dict, method: str = "POST", **headers):
    return who.client.call(method, f"/release/{token(made)}", {} if method == "POST" else None, **headers)


def refused(answer, status: int, word: str) -> str:
    assert answer.status == status and answer.json["code"] == word, answer
    return answer.json["detail"]


def test_a_code_lifts_the_freeze_once_and_the_history_says_how(house):
    c, me = fresh(house)
    made = code(c.head, me)
    assert made["url"] == f"http://127.0.0.1:{house.port}/release/{token(made)}" and len(token(made)) == 43, made
    assert timedelta(minutes=9, seconds=50) < parse(made["expires_at"]) - now(house) <= timedelta(minutes=10)
    assert len(made["bits"]) == made["size"] ** 2 and made["size"] % 4 == 1 and set(made["bits"]) == {"0", "1"}
    assert made["bits"].startswith("1111111"), "a finder pattern stands in the corner"
    live = Live(c.head.client)
    looked = use(c.head, made, "GET")
    assert looked.status == 200 and looked.json["person"]["name"] == me.name and looked.json["misses"] >= 1, looked
    assert parse(looked.json["frozen_until"]) == parse(frozen(house, me)) and looked.json["released"] is False
    done = use(c.head, made)
    assert done.status == 200 and done.json["released"] is True, done
    told = live.wait("person.released", me.id)
    live.close()
    assert told["data"]["cause"] == "qr" and told["data"]["by"]["id"] == c.head.id, told
    assert frozen(house, me) is None and c.lead()["owner"] == me.id, "leads come again"
    history = house.admin.get(f"/records/user/{me.id}/history")["items"]
    entry = next(h for h in history if "frozen_until" in h["fields"])
    assert entry["cause"] == "qr" and entry["who"]["id"] == c.head.id, entry
    assert c.head.name in refused(use(c.head, made), 409, "code_used")
    refused(use(c.head, made, "GET"), 409, "code_used")


def test_by_hand_the_history_says_no_qr(house):
    c, me = fresh(house)
    c.head.post(f"/users/{me.id}/release")
    history = house.admin.get(f"/records/user/{me.id}/history")["items"]
    assert next(h for h in history if "frozen_until" in h["fields"])["cause"] == "api", history


def test_looking_changes_nothing(house):
    c, me = fresh(house)
    made = code(c.head, me)
    before = house.admin.get(f"/records/user/{me.id}")
    for _ in range(3):
        assert use(c.head, made, "GET").status == 200
        page = house.client().raw("GET", f"/release/{token(made)}")
        assert page.status == 200 and b"<html" in page.body.lower() and me.name.encode() not in page.body, page
    assert house.client().call("GET", f"/release/{token(made)}").status == 401, "nothing is told to strangers"
    assert house.admin.get(f"/records/user/{me.id}") == before
    assert use(c.head, made).status == 200, "and the code is still good"


def test_it_expires(house):
    c, me = fresh(house)
    made = code(c.head, me)
    house.advance("9m")
    assert use(c.head, made, "GET").status == 200
    house.advance("61s")
    refused(use(c.head, made, "GET"), 409, "code_expired")
    assert "看板" in refused(use(c.head, made), 409, "code_expired")
    c.head.client.patch("/me", {"language": "en"})
    assert "board" in refused(use(c.head, made), 409, "code_expired")
    assert frozen(house, me)
    assert use(c.head, code(c.head, me)).status == 200, "a new one works"


def test_forged_codes(house):
    c, me = fresh(house)
    for wrong in (FORGED, "x", token(code(c.head, me))[:-1], token(code(c.head, me)) + "A"):
        for method in ("GET", "POST"):
            refused(c.head.client.call(method, f"/release/{wrong}", {} if method == "POST" else None), 404, "unknown_code")
    assert c.head.client.call("POST", f"/release/{'A' * 101}", {}).status == 400
    assert frozen(house, me)


def test_another_freeze_needs_another_code(house):
    c, me = fresh(house)
    first = code(c.head, me)
    c.head.post(f"/users/{me.id}/release")
    refused(use(c.head, first), 409, "not_frozen")
    freeze(house, c)
    refused(use(c.head, first), 409, "code_outdated")
    refused(use(c.head, first, "GET"), 409, "code_outdated")
    assert frozen(house, me)


def test_only_who_may_lift_it_by_hand(house):
    c, me = fresh(house)
    made = code(c.head, me)
    seller, stranger = person(house), person(house, role="supervisor")
    for who in (me, seller):
        assert who.client.call("POST", f"/users/{me.id}/release-code", {}).status == 403, "makes none"
    assert stranger.client.call("POST", f"/users/{me.id}/release-code", {}).status == 403, "not another team's supervisor"
    for who in (me, seller, stranger):
        for method in ("GET", "POST"):
            assert me.name in refused(use(who, made, method), 403, "not_yours_to_lift")
    assert house.client().call("POST", f"/release/{token(made)}", {}).status == 401
    assert frozen(house, me), "a leaked code helped nobody"
    assert house.admin.call("POST", f"/release/{token(made)}", {}).status == 200, "an administrator, and it was not spent"
    assert c.head.client.call("POST", f"/users/{me.id}/release-code", {}).status == 409, "not frozen: no code"


def test_of_many_at_once_one_succeeds(house):
    c, me = fresh(house)
    made, answers = code(c.head, me), []
    threads = [threading.Thread(target=lambda: answers.append(use(c.head, made).status)) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == [200] + [409] * 5, answers


if __name__ == "__main__":
    cases.main(globals())
