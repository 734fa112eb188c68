"""Records: lists that stay whole, versions, bin, undo, history, bulk, own fields (L10, L14, D3, O2, F8)."""
import concurrent.futures
import functools
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, person, quiet_policy, read  # noqa: E402
from lib.together import together  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)
    house.company = Company(house, 2, capacity=1000)


def query(house, kind, **parts):
    return house.admin.get(f"/records/{kind}?" + urllib.parse.urlencode(parts))


def everything(house, kind, **parts):
    items, after = [], None
    while True:
        page = query(house, kind, **parts, **({"after": after} if after else {}))
        items += page["items"]
        after = page["next"]
        if not after:
            return items


def test_filter_and_sort(house):
    made = [make(house, "account", name=f"排序{i % 3}-{i}", level="key" if i % 2 else "normal", industry="列表") for i in range(9)]
    rows = everything(house, "account", filter='industry = "列表" AND level = "key"', sort="-name", limit=2)
    assert len(rows) == 4 and [r["name"] for r in rows] == sorted([r["name"] for r in rows], reverse=True)
    assert {r["id"] for r in everything(house, "account", filter='industry = "列表"', limit=4)} == set(made)
    either = query(house, "account", filter='industry = "列表" AND (name = "排序0-0" OR name IN ("排序1-1", "排序2-2"))')["items"]
    assert len(either) == 3, either
    assert house.admin.get("/count/account?filter=" + urllib.parse.quote('industry = "列表"')) == {"count": 9, "more": False}
    assert [r["name"] for r in query(house, "account", search="排序2-5")["items"]] == ["排序2-5"]
    for bad in ('industry = ', 'nonsense = 1', 'name = 5 +', '((((', 'industry = "a" ; DROP TABLE account'):
        answer = house.admin.call("GET", "/records/account?filter=" + urllib.parse.quote(bad))
        assert answer.status == 400 and answer.json["fields"][0]["field"] == "filter", (bad, answer)
    injected = query(house, "account", filter="name = \"' OR 1=1 --\"")["items"]
    assert injected == []


def first_entry(house, what, id):
    return house.admin.get(f"/records/{what}/{id}/history")["items"][-1]["kind"]


def test_the_first_entry_says_created_however_a_record_was_made(house):
    me = house.company.people[0]
    by_hand = make(house, "account", name="始于手工")
    lead = house.company.send(name="始于表单")["lead"]
    typed = me.post("/records/lead", {"name": "始于录入", "phone": "13811110000"}, 201)["id"]
    house.company.members(me)
    mine = house.company.send(name="始于转化", company="始于转化公司")["lead"]
    me.touch(mine)
    made = me.post(f"/leads/{mine}/convert", {"opportunity": {"name": "始于转化"}})
    house.admin.patch(f"/records/account/{by_hand}", {"name": "后来改名"})
    for what, id in (("account", by_hand), ("lead", lead), ("lead", typed), ("lead", mine), *((what, made[what]["id"]) for what in ("account", "contact", "opportunity"))):
        assert first_entry(house, what, id) == "created", (what, id)
    entries = [h["kind"] for h in house.admin.get(f"/records/account/{by_hand}/history")["items"]]
    assert entries == ["updated", "created"], entries


def test_pages_are_stable_under_inserts(house):
    for sort in ("name", "-created_at", "created_at", "-level,name"):
        mark = f"分页{sort}"
        old = {make(house, "account", name=f"页{i:02d}", industry=mark, level="key" if i % 2 else None) for i in range(15)}
        seen, after = [], None
        while True:
            page = query(house, "account", filter=f'industry = "{mark}"', sort=sort, limit=4, **({"after": after} if after else {}))
            seen += [r["id"] for r in page["items"]]
            after = page["next"]
            if not after:
                break
            make(house, "account", name="页00a", industry=mark)
            make(house, "account", name="页99", industry=mark, level="key")
        assert len(seen) == len(set(seen)), f"{sort}: a row came twice"
        assert old <= set(seen), f"{sort}: a row was left out"


def test_link_header_and_limits(house):
    answer = house.admin.call("GET", "/records/account?limit=1&sort=name")
    assert 'rel="next"' in answer.headers["link"] and urllib.parse.quote(answer.json["next"], safe="") in urllib.parse.quote(
        urllib.parse.unquote(answer.headers["link"]), safe=""), answer.headers
    for limit in ("0", "201", "-1", "x"):
        assert house.admin.call("GET", "/records/account?limit=" + limit).status == 400, limit


def test_if_match(house):
    account = make(house, "account", name="版本")
    first = house.admin.call("PATCH", f"/records/account/{account}", {"note": "一"}, If_Match='"1"')
    assert first.status == 200 and first.json["version"] == 2 and first.headers.get("etag") in ('"2"', None), first.headers
    stale = house.admin.call("PATCH", f"/records/account/{account}", {"note": "二"}, If_Match='"1"')
    assert stale.status == 412 and stale.headers["content-type"] == "application/problem+json" and stale.headers["etag"] == '"2"', stale
    assert house.admin.get(f"/records/account/{account}")["note"] == "一"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda i: house.admin.call("PATCH", f"/records/account/{account}", {"note": f"并发{i}"}, If_Match='"2"').status, range(8)))
    assert sorted(statuses) == [200] + [412] * 7, statuses


def test_writers_at_the_same_moment_are_told_the_version(house):
    """Of several with the same If-Match one gets through; the others hear 412 and which version is there, on both engines."""
    account = make(house, "account", name="同时")
    mine = Company(house, 1)
    lead = mine.send()["lead"]
    for who, kind, record, field in ((house.admin, "account", account, "note"), (mine.people[0].client, "lead", lead, "message")):
        for _ in range(12):
            version = house.admin.get(f"/records/{kind}/{record}")["version"]

            def write(i):
                return who.call("PATCH", f"/records/{kind}/{record}", {field: f"{version} {i}"}, If_Match=f'"{version}"')
            answers = together(*[functools.partial(write, i) for i in range(6)])
            assert sorted(a.status for a in answers) == [200] + [412] * 5, answers
            for a in answers:
                assert a.headers["etag"] == f'"{version + 1}"', (a, a.headers)
                assert a.status == 200 or (a.json["code"] == "stale_version" and f"当前版本 {version + 1}" in a.json["detail"]), a
    gone = [lambda: house.admin.call("DELETE", f"/records/account/{account}", If_Match='"13"'), lambda: house.admin.call("PATCH", f"/records/account/{account}", {"note": "迟"}, If_Match='"13"')]
    statuses = sorted(a.status for a in together(*gone))
    assert statuses in ([200, 412], [200, 404]), statuses


def test_idempotency_key(house):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: house.admin.call("POST", "/records/account", {"name": "只此一家"}, Idempotency_Key="k-1"), range(6)))
    assert {a.status for a in answers} == {201} and len({a.json["id"] for a in answers}) == 1, answers
    other = house.admin.call("POST", "/records/account", {"name": "另一家"}, Idempotency_Key="k-1")
    assert other.status == 409 and other.json["code"] == "idempotency_key_reused", other
    assert house.company.head.client.call("POST", "/records/account", {"name": "别人的键"}, Idempotency_Key="k-1").status == 201


def test_an_edit_sent_again_under_its_key_gives_the_first_answer(house):
    """The answer got lost, and the field was changed once more before it was sent again: it counted once, and the later value stays."""
    made = house.admin.call("POST", "/records/account", {"name": "改一次"}, expect=201).json
    path, version = f"/records/account/{made['id']}", f'"{made["version"]}"'
    first = house.admin.call("PATCH", path, {"note": "我的"}, If_Match=version, Idempotency_Key="edit-1", expect=200)
    house.admin.call("PATCH", path, {"note": "他人的"}, If_Match=f'"{first.json["version"]}"', expect=200)
    again = house.admin.call("PATCH", path, {"note": "我的"}, If_Match=version, Idempotency_Key="edit-1", expect=200)
    assert again.body == first.body, again
    assert house.admin.get(path)["note"] == "他人的"
    assert house.admin.call("PATCH", path, {"note": "别的"}, If_Match=version, Idempotency_Key="edit-1").json["code"] == "idempotency_key_reused"
    assert house.admin.call("PATCH", path, {"note": "我的"}, If_Match=version, Idempotency_Key="edit-2").status == 412, "a key of its own is an edit of its own"


def test_idempotency_key_of_calls_that_compute_first(house):
    """A new person, a replay, a test lead: done once; who comes while it is under way is told so, later ones get the first answer."""
    def new_person(password="correct horse battery", **more):
        return house.admin.call("POST", "/records/user", {"name": "只建一次", "login": "once", "password": password, **more}, Idempotency_Key="person-1")
    answers = together(*[new_person] * 4)
    made = [a for a in answers if a.status == 201]
    assert made and all(a.status == 201 or (a.status == 409 and a.json["code"] == "idempotency_under_way") for a in answers), answers
    again = new_person()
    assert again.status == 201 and again.json["id"] == made[0].json["id"], again
    assert new_person(name="另一个").json["code"] == "idempotency_key_reused"
    assert len(house.admin.get("/records/user?filter=login%20%3D%20%22once%22")["items"]) == 1
    failed = house.admin.call("POST", "/records/user", {"name": "重名", "login": "once", "password": "correct horse battery"}, Idempotency_Key="person-2")
    assert failed.status == 400, failed
    mended = house.admin.call("POST", "/records/user", {"name": "重名", "login": "once2", "password": "correct horse battery"}, Idempotency_Key="person-2")
    assert mended.status == 201, "a key under which nothing was done is free again"

    sent = house.capture(house.company.key, {"name": "重放", "phone": "12"})
    replay = [house.admin.call("POST", f"/intake/receipts/{sent['receipt']}/replay", {"body": '{"name":"重放","phone":"13577770001"}'}, Idempotency_Key="replay-1") for _ in range(2)]
    assert [r.status for r in replay] == [200, 200] and replay[0].body == replay[1].body, replay
    leads = [house.admin.call("POST", "/setup/test-lead", {}, Idempotency_Key="test-lead-1").json["receipt"] for _ in range(3)]
    assert len(set(leads)) == 1, leads


def test_secrets_are_not_kept_under_a_key(house):
    """What is shown once is shown once, and nothing is done a second time; no password lies in the database, nor anything made of it."""
    first = house.admin.call("POST", "/api-keys", {"name": "once"}, Idempotency_Key="secret-1", expect=201).json["key"]
    again = house.admin.call("POST", "/api-keys", {"name": "once"}, Idempotency_Key="secret-1")
    assert again.status == 409 and again.json["code"] == "shown_once", again
    assert len([k for k in house.admin.get("/api-keys")["items"] if k["name"] == "once"]) == 1
    made = house.admin.call("POST", "/records/user", {"name": "密", "login": "secret"}, Idempotency_Key="secret-2", expect=201).json["password"]
    assert house.admin.call("POST", "/records/user", {"name": "密", "login": "secret"}, Idempotency_Key="secret-2").json["code"] == "shown_once"
    who = house.sign_in("secret", made)
    for _ in range(2):
        assert who.call("POST", "/me/password", {"old": made, "new": "a fresh and long one"}, Idempotency_Key="secret-3").status == 204
    assert house.sign_in("secret", "a fresh and long one").get("/me")["login"] == "secret"
    signed = [house.client().call("POST", "/sessions", {"login": "secret", "password": "a fresh and long one"}, Idempotency_Key="secret-4") for _ in range(2)]
    assert [s.status for s in signed] == [201, 201] and signed[0].json["token"] != signed[1].json["token"], "signing in takes no key"
    if house.engine == "sqlite":
        files = [f"{house.dir}/tenon.db", f"{house.dir}/tenon.db-wal"]
        kept = b"".join(open(f, "rb").read() for f in files if os.path.exists(f))
        for secret in (first, made, "a fresh and long one"):
            assert secret.encode() not in kept


def test_bin_restore_and_history(house):
    account = make(house, "account", name="进出", note="原话")
    change = house.admin.call("PATCH", f"/records/account/{account}", {"note": "改过", "level": "key"}).json["_change"]
    gone = house.admin.call("DELETE", f"/records/account/{account}")
    assert gone.status == 200 and gone.json["change"], gone
    assert account not in {r["id"] for r in query(house, "account", search="进出")["items"]}
    assert account in {r["id"] for r in query(house, "account", bin="true")["items"]}
    house.admin.post(f"/records/account/{account}/restore")
    assert account in {r["id"] for r in query(house, "account", search="进出")["items"]}
    rows = house.admin.get(f"/records/account/{account}/history")["items"]
    assert [r["kind"] for r in rows] in (["restore", "delete", "update", "create"], ["restored", "deleted", "updated", "created"]), rows
    changed = next(r for r in rows if r["change"] == change)
    assert changed["fields"]["note"] == ["原话", "改过"] and changed["who"]["name"] and changed["cause"], changed


def test_undo_exactly(house):
    account = make(house, "account", name="撤销", note="甲", level="key")
    change = house.admin.call("PATCH", f"/records/account/{account}", {"note": "乙", "level": None}).json["_change"]
    house.admin.post(f"/changes/{change}/undo")
    back = house.admin.get(f"/records/account/{account}")
    assert (back["note"], back["level"]) == ("甲", "key"), back
    again = house.admin.call("POST", f"/changes/{change}/undo", {})
    assert again.status == 409, "once is enough"
    first = house.admin.call("PATCH", f"/records/account/{account}", {"note": "丙"}).json["_change"]
    house.admin.call("PATCH", f"/records/account/{account}", {"note": "丁"})
    blocked = house.admin.call("POST", f"/changes/{first}/undo", {})
    assert blocked.status == 409 and "备注" in blocked.body.decode() and "系统管理员" in blocked.body.decode(), blocked
    assert house.admin.get(f"/records/account/{account}")["note"] == "丁"
    made = house.admin.call("POST", "/records/account", {"name": "撤销新建"}).json
    house.admin.post(f"/changes/{made['_change']}/undo")
    assert made["id"] not in {r["id"] for r in query(house, "account", search="撤销新建")["items"]}


def test_batch(house):
    rows = [make(house, "account", name=f"批量{i}") for i in range(6)]
    missing = "01a00000-0000-7000-8000-000000000000"
    done = house.admin.post("/records/account/batch", {"action": "update", "ids": rows + [missing], "fields": {"industry": "批量行业"}})
    assert done["done"] == 6 and [f["id"] for f in done["failed"]] == [missing], done
    assert len(query(house, "account", filter='industry = "批量行业"')["items"]) == 6
    house.admin.post(f"/changes/{done['change']}/undo")
    assert query(house, "account", filter='industry = "批量行业"')["items"] == []
    assert house.admin.post("/records/account/batch", {"action": "delete", "ids": rows})["done"] == 6
    assert house.admin.post("/records/account/batch", {"action": "restore", "ids": rows})["done"] == 6
    too_many = house.admin.call("POST", "/records/account/batch", {"action": "delete", "ids": [rows[0]] * 1001})
    assert too_many.status == 400


def test_field_checks(house):
    cases_of = [({"name": ""}, "name"), ({}, "name"), ({"name": "x" * 201}, "name"), ({"name": 5}, "name"), ({"name": "a", "level": "no"}, "level"),
                ({"name": "a", "phone": "12"}, "phone"), ({"name": "a", "email": "nomail"}, "email"), ({"name": "a", "owner": "zzz"}, "owner"),
                ({"name": "a", "owner": "01a00000-0000-7000-8000-000000000000"}, "owner"), ({"name": "a", "id": "x"}, "id"), ({"name": "a\x00b"}, "name")]
    for body, field in cases_of:
        answer = house.admin.call("POST", "/records/account", body)
        fields = [f["field"] for f in answer.json.get("fields", [])]
        assert answer.status == 400 and (field in fields or answer.json["code"] == "bad_json"), (body, answer)
    read_only = house.admin.call("PATCH", f"/records/lead/{house.company.send()['lead']}", {"owner": house.company.people[0].id})
    assert read_only.status in (400, 409), "owners of leads change by assignment only"
    money = house.admin.call("POST", "/records/opportunity", {"name": "钱", "amount": "12345678901234.56"}, expect=201).json
    assert money["amount"].rstrip("0") == "12345678901234.56", "amounts are exact text"
    assert house.admin.call("POST", "/records/opportunity", {"name": "钱", "amount": "1.2.3"}).status == 400


def test_custom_field_end_to_end(house):
    field = {"name": "budget_level", "zh": "预算档", "en": "Budget", "type": "choice",
             "choices": [{"value": "high", "zh": "高", "en": "High"}, {"value": "low", "zh": "低", "en": "Low"}]}
    answer = house.admin.call("POST", "/objects/account/fields", field)
    assert answer.status in (200, 201), answer
    account = make(house, "account", name="自定义字段", budget_level="high")
    assert [r["id"] for r in query(house, "account", filter='budget_level = "high"')["items"]] == [account]
    assert house.admin.call("POST", "/records/account", {"name": "x", "budget_level": "middle"}).status == 400
    house.kill()
    house.start()
    assert house.admin.get(f"/records/account/{account}")["budget_level"] == "high", "it outlives a restart"
    assert any(f["name"] == "budget_level" for f in house.admin.get("/objects/account")["fields"])


def test_field_failure_F8_bad_definitions(house):
    for field in ({"name": "c1", "zh": "无选项", "en": "None", "type": "choice", "choices": []}, {"name": "c2", "zh": "无选项", "en": "None", "type": "choice"},
                  {"name": "select", "zh": "保留字", "en": "Word", "type": "nonsense"}, {"name": "Bad Name", "zh": "名", "en": "n", "type": "text"},
                  {"name": "name", "zh": "重名", "en": "twice", "type": "text"}, {"name": "r1", "zh": "引用", "en": "ref", "type": "ref", "ref": "nothing"},
                  {"name": "d1", "zh": "双", "en": "two", "type": "choice", "choices": [{"value": "a", "zh": "a", "en": "a"}] * 2}):
        answer = house.admin.call("POST", "/objects/account/fields", field)
        assert answer.status in (400, 409) and answer.json["detail"], (field, answer)
    assert query(house, "account")["items"], "lists go on"


def test_lead_by_hand(house):
    c = house.company
    checked = c.people[0].post("/leads/check", {"name": "手工", "phone": "13877776666", "company": "手工公司"})
    assert checked["phone"]["e164"] == "+8613877776666" and checked["phone"]["province"], checked
    assert c.people[0].post("/leads/check", {"phone": "123"})["faults"], "a fault before saving"
    made = c.people[0].client.call("POST", "/records/lead", {"name": "手工", "phone": "13877776666", "company": "手工公司", "source": c.source}, expect=201).json
    assert made["phone"] == "+8613877776666" and made["_change"] and "duplicates" in made, made
    again = c.people[1].post("/leads/check", {"phone": "+86 138 7777 6666"})
    assert again["items"] and "phone" in again["items"][0]["kinds"] and again["items"][0]["risk"] == "high", again
    assert read(house, made["id"])["owner"] is not None


def test_documented_shapes(house):
    boot = house.admin.get("/boot")
    assert {"user", "rights", "company", "now", "test_clock", "setup_done", "alerts_unread", "people", "teams", "sources", "pools", "live_seq"} <= set(boot)
    objects = {o["name"] for o in house.admin.get("/objects")["objects"]}
    assert {"lead", "account", "contact", "opportunity", "activity", "task", "user", "team", "source", "territory", "skill", "pool", "calendar"} <= objects
    lead = house.company.lead()
    for name in ("name phone email company province city district message status owner team pool source created_at first_touch_at version").split():
        assert name in lead, name
    assert lead["status"] == "new"
    checked = house.admin.post("/expr/check", {"object": "lead", "text": 'status = "new" AND score > 10'})
    assert checked["valid"] and checked["type"] and checked["ast"] and checked["sql"], checked
    bad = house.admin.post("/expr/check", {"object": "lead", "text": "score > "})
    assert bad["valid"] is False and bad["fault"]["offset"] == 8 and bad["fault"]["detail"], bad


def test_people_in_lists_show_no_secrets(house):
    p = person(house)
    row = house.admin.get(f"/records/user/{p.id}")
    assert not any("hash" in k or "password" in k for k in row), row


if __name__ == "__main__":
    cases.main(globals())
