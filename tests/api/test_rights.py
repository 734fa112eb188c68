"""Who may what: roles, rows, keys, passwords, sessions. Nobody reads another's leads by any path (S9, L10)."""
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import PASSWORD, Company, make, next_workday, owner, person, quiet_policy  # noqa: E402
from lib.house import Client, Live, wait_for  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)
    house.one, house.two = Company(house, 2, capacity=100), Company(house, 1, capacity=100)
    house.mine = [house.one.send(name="甲方秘密线索", company="甲方秘密公司")["lead"] for _ in range(4)]
    house.theirs = [house.two.send(name="乙方秘密线索", company="乙方秘密公司", message="乙方的话")["lead"] for _ in range(3)]


def names(client, query=""):
    return {r["name"] for r in client.get("/records/lead?limit=200" + query)["items"]}


def ids(client, query=""):
    return {r["id"] for r in client.get("/records/lead?limit=200" + query)["items"]}


def test_rows_on_lists(house):
    seller, colleague = house.one.people
    own = {i for i in house.mine if owner(house, i) == seller.id}
    assert ids(seller) == own and own, "a salesperson sees the own leads"
    assert ids(seller) & ids(colleague) == set()
    assert ids(house.one.head) == set(house.mine), "a supervisor sees the team's"
    assert ids(house.admin) >= set(house.mine) | set(house.theirs), "an administrator sees all"


def test_single_records_are_not_to_be_guessed(house):
    seller, lead = house.one.people[0], house.theirs[0]
    for path in (f"/records/lead/{lead}", f"/leads/{lead}", f"/records/lead/{lead}/history", f"/leads/{lead}/timeline", f"/leads/{lead}/assignments",
                 f"/leads/{lead}/duplicates"):
        for who in (seller, house.one.head):
            answer = who.client.call("GET", path)
            assert answer.status == 404 and "乙方" not in answer.body.decode(), (path, answer)
    for method, path, body in (("PATCH", f"/records/lead/{lead}", {"name": "x"}), ("DELETE", f"/records/lead/{lead}", None),
                               ("POST", f"/records/lead/{lead}/restore", {}), ("POST", f"/leads/{lead}/assign", {"to": seller.id})):
        answer = house.one.head.client.call(method, path, body)
        assert answer.status in (403, 404, 409) and "秘密" not in answer.body.decode(), (method, path, answer)
    batch = house.one.head.client.call("POST", "/records/lead/batch", {"action": "update", "ids": house.theirs, "fields": {"name": "改了"}})
    assert batch.json.get("done", 0) == 0, batch
    many = house.one.head.client.call("POST", "/leads/assign", {"ids": house.theirs, "to": seller.id})
    assert many.json.get("done", 0) == 0, many
    assert {owner(house, i) for i in house.theirs} == {house.two.people[0].id}


def test_nothing_leaks_by_filter_sort_search_count_or_cursor(house):
    seller = house.one.people[0]
    own = ids(seller)
    quote = urllib.parse.quote
    for query in ("&filter=" + quote('name = "乙方秘密线索"'), "&search=" + quote("乙方秘密"), "&sort=-score,name", "&bin=true", "&filter=" + quote("1 = 1"),
                  "&filter=" + quote('name = "x" OR 1 = 1'), "&filter=" + quote('NOT(owner = "%s")' % seller.id)):
        answer = seller.client.call("GET", "/records/lead?limit=200" + query)
        if answer.status == 200:
            assert {r["id"] for r in answer.json["items"]} <= own, query
        assert "乙方" not in answer.body.decode(), query
    count = seller.get("/count/lead?filter=" + quote('company = "乙方秘密公司"'))
    assert count["count"] == 0, count
    cursor = house.admin.get("/records/lead?limit=1&sort=-created_at")["next"]
    answer = seller.client.call("GET", "/records/lead?limit=200&sort=-created_at&after=" + quote(cursor))
    assert answer.status == 400 or {r["id"] for r in answer.json["items"]} <= own, "another's cursor opens nothing"
    related = seller.client.call("GET", "/records/activity?limit=200")
    assert all(a["owner"] == seller.id or a["lead"] in own for a in related.json["items"]), related
    check = seller.post("/leads/check", {"company": "乙方秘密公司", "name": "谁"})
    assert all("乙方的话" not in str(m) for m in check["items"]), check


def test_administration_is_for_administrators(house):
    seller, head = house.one.people[0], house.one.head
    acts = [("POST", "/records/source", {"name": "x", "key": "x"}), ("POST", "/records/user", {"name": "x", "login": "x9"}),
            ("PATCH", f"/records/user/{seller.id}", {"role": "administrator"}), ("POST", "/records/team", {"name": "x"}), ("PUT", "/policy", {"policy": {}}),
            ("POST", "/policy/try", {"policy": {}}), ("POST", "/policy/versions/1/restore", {}), ("POST", "/test/clock", {"advance": "1s"}),
            ("GET", "/setup", None), ("POST", "/setup/done", {}), ("POST", f"/users/{head.id}/password", {}), ("POST", "/setup/test-lead", {}),
            ("POST", "/objects/lead/fields", {"name": "x", "zh": "x", "en": "x", "type": "text"})]
    for who in (seller, head):
        for method, path, body in acts:
            answer = who.client.call(method, path, body)
            assert answer.status == 403 and answer.json["detail"], (who.login, method, path, answer)
    for path in ("/board", "/intake/receipts", "/intake/summary"):
        assert seller.client.call("GET", path).status == 403, path
        assert head.client.call("GET", path).status == 200, path
    assert seller.client.call("POST", f"/leads/{house.mine[0]}/assign", {"to": seller.id}).status == 403
    assert seller.client.call("POST", f"/users/{house.one.people[1].id}/absence", {"absent": True}).status == 403
    assert seller.client.call("PATCH", "/me", {"role": "administrator"}).status == 400


def test_without_sign_in(house):
    nobody = house.client()
    for path in ("/me", "/boot", "/records/lead", f"/leads/{house.mine[0]}", "/live", "/desk", "/policy", "/objects", "/alerts", "/procedure"):
        answer = nobody.call("GET", path)
        assert answer.status == 401 and answer.headers["content-type"] == "application/problem+json", (path, answer)
    assert Client(house.port, "x" * 40).call("GET", "/me").status == 401
    wrong = nobody.call("POST", "/sessions", {"login": "admin", "password": "wrong wrong"})
    unknown = nobody.call("POST", "/sessions", {"login": "nobody-here", "password": "wrong wrong"})
    assert wrong.status == unknown.status == 401 and wrong.json["detail"] == unknown.json["detail"], "who exists is not told"
    assert nobody.call("GET", "/openapi.json").status == 200


def test_live_stream_keeps_rights(house):
    seller, stranger, head, admin = house.one.people[0], house.two.people[0], house.one.head, house.admin
    streams = {who: Live(getattr(who, "client", who)) for who in (seller, stranger, head, admin)}
    lead = house.one.send(name="流中线索")["lead"]
    holder = owner(house, lead)
    streams[admin].wait("lead.assigned", lead)
    streams[head].wait("lead.assigned", lead)
    other = house.two.send(name="别家的流")["lead"]
    streams[stranger].wait("lead.assigned", other)
    last = house.one.send(name="流末")["lead"]
    streams[head].wait("lead.assigned", last)
    assert not any(e.get("record") == other for e in streams[head].events + streams[seller].events), "no events of another team"
    assert not any(e.get("record") in (lead, last) for e in streams[stranger].events)
    if holder != seller.id:
        assert not any(e.get("record") == lead for e in streams[seller].events), "nor of a colleague's leads"
    for s in streams.values():
        s.close()


def test_api_keys_with_scopes(house):
    head = house.one.head
    made = head.post("/api-keys", {"name": "只读", "scopes": "record.read"}, 201)
    key = Client(house.port, made["key"])
    assert ids(key) == ids(head), "a key sees what its owner sees"
    lead = house.mine[0]
    refused = key.call("POST", f"/leads/{lead}/assign", {"to": house.one.people[0].id})
    assert refused.status == 403, "but may do no more than its scopes"
    assert key.call("GET", "/board").status == 403
    beyond = house.one.people[0].client.call("POST", "/api-keys", {"name": "越权", "scopes": "people.manage"})
    if beyond.status == 201:
        assert Client(house.port, beyond.json["key"]).call("POST", "/records/team", {"name": "x"}).status == 403, "no scope lifts the owner's role"
    else:
        assert beyond.status in (400, 403), beyond
    assert head.client.call("POST", "/api-keys", {"name": "错", "scopes": "no.such.right"}).status == 400
    listed = head.get("/api-keys")["items"]
    assert all("key" not in k or k["key"] is None for k in listed) and made["id"] in {k["id"] for k in listed}, listed
    assert head.client.call("DELETE", f"/api-keys/{made['id']}").status == 204
    assert key.call("GET", "/me").status == 401, "removed: out at once"


def test_password_change_and_sessions(house):
    p = person(house, team=house.one.team)
    first, second = house.sign_in(p.login, PASSWORD), house.sign_in(p.login, PASSWORD)
    sessions = first.get("/sessions")["items"]
    assert len(sessions) == 2 and sum(s["current"] for s in sessions) == 1, sessions
    assert first.call("POST", "/me/password", {"old": "wrong wrong", "new": "another long one"}).status in (400, 401, 403, 409)
    assert first.call("POST", "/me/password", {"old": PASSWORD, "new": "short"}).status == 400
    assert first.call("POST", "/me/password", {"old": PASSWORD, "new": "another long one"}).status == 204
    assert first.call("GET", "/me").status == 200, "whoever changed it stays"
    wait_for(lambda: second.call("GET", "/me").status == 401, "the other session to end")
    third = house.sign_in(p.login, "another long one")
    other = next(s["id"] for s in third.get("/sessions")["items"] if not s["current"])
    assert third.call("DELETE", f"/sessions/{other}").status == 204
    assert first.call("GET", "/me").status == 401
    assert third.call("DELETE", "/sessions/current").status == 204 and third.call("GET", "/me").status == 401


def test_first_password_must_be_changed(house):
    made = house.admin.post("/records/user", {"name": "新人", "login": "newcomer"}, 201)
    new = house.sign_in("newcomer", made["password"])
    assert new.get("/me")["must_change_password"] is True
    refused = new.call("GET", "/records/lead")
    assert refused.status == 403 and "password" in refused.json["code"], refused
    assert new.call("POST", "/me/password", {"old": made["password"], "new": "a new long password"}).status == 204
    assert new.call("GET", "/records/lead").status == 200
    again = house.admin.post(f"/users/{made['id']}/password")
    assert new.call("GET", "/me").status == 401, "a reset ends the sessions"
    assert house.sign_in("newcomer", again["password"]).get("/me")["must_change_password"] is True


def test_disabled_is_out_at_once(house):
    p = person(house, team=house.one.team)
    session = house.sign_in(p.login, PASSWORD)
    key = Client(house.port, session.post("/api-keys", {"name": "k", "scopes": "record.read"}, 201)["key"])
    stream = Live(session)
    assert session.call("GET", "/me").status == key.call("GET", "/me").status == 200
    house.admin.patch(f"/records/user/{p.id}", {"active": False})
    assert session.call("GET", "/me").status == 401 and key.call("GET", "/me").status == 401
    assert house.client().call("POST", "/sessions", {"login": p.login, "password": PASSWORD}).status == 401
    wait_for(lambda: stream.ended, "the end of the live stream")


def test_role_and_team_changes_apply_at_once(house):
    p = person(house, team=house.one.team)
    assert p.client.call("GET", "/board").status == 403
    house.admin.patch(f"/records/user/{p.id}", {"role": "supervisor"})
    assert p.client.call("GET", "/board").status == 200
    assert not ids(p), "a supervisor who leads no team sees nothing of others"
    house.admin.patch(f"/records/team/{house.two.team}", {"deputy": p.id})
    assert ids(p) >= set(house.theirs)
    house.admin.patch(f"/records/team/{house.two.team}", {"deputy": None})
    assert not ids(p) & set(house.theirs)


def test_last_administrator_stays(house):
    me = house.admin.get("/me")["id"]
    for change in ({"active": False}, {"role": "salesperson"}):
        answer = house.admin.call("PATCH", f"/records/user/{me}", change)
        assert answer.status == 409 and answer.json["code"] == "last_administrator", answer
    assert house.admin.call("DELETE", f"/records/user/{me}").status == 409


def test_cookie_needs_our_own_origin(house):
    cookie = {"Cookie": "tenon_session=" + house.admin.token, "Content-Type": "application/json"}
    client = house.client()
    foreign = client.raw("POST", "/api/v1/records/team", b'{"name":"x"}', {**cookie, "Origin": "https://evil.example"})
    assert foreign.status == 403 and foreign.json["code"] == "foreign_origin", foreign
    own = client.raw("POST", "/api/v1/records/team", b'{"name":"cookie"}', {**cookie, "Origin": f"http://127.0.0.1:{house.port}"})
    assert own.status == 201, own


def test_guessing_passwords_is_slowed(house):
    p = person(house, team=house.one.team)
    statuses = [house.client().call("POST", "/sessions", {"login": p.login, "password": f"wrong {i:08d}"}, X_Forwarded_For="203.0.113.77").status
                for i in range(30)]
    assert 429 in statuses, statuses
    assert house.sign_in("admin", PASSWORD).get("/me")["login"] == "admin", "others sign in as ever"


def test_hidden_team_fields_do_not_widen_access(house):
    seller = house.one.people[0]
    mine = make(house, "account", name="甲客户", owner=seller.id)
    theirs = make(house, "account", name="乙客户", owner=house.two.people[0].id)
    seen = {a["id"] for a in seller.get("/records/account?limit=200")["items"]}
    assert mine in seen and theirs not in seen
    taken = seller.client.call("PATCH", f"/records/account/{theirs}", {"owner": seller.id})
    assert taken.status == 404, taken


def test_an_outworn_token_does_not_keep_one_out(house):
    stale = house.client("A" * 43)
    stale.call("GET", "/me", expect=401)
    stale.call("GET", "/openapi.json", expect=200)
    stale.call("POST", "/sessions", {"login": "admin", "password": PASSWORD}, expect=201)
    stale.call("POST", "/sessions", {"login": "admin", "password": "wrong password"}, expect=401)


if __name__ == "__main__":
    cases.main(globals())
