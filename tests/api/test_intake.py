"""How leads get in: shapes, receipts, repeats, rates, suspicion, CORS, quarantine and replay (L1-L3)."""
import concurrent.futures
import json
import os
import sqlite3
import sys
import urllib.parse
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, minutes_between, person, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 1, capacity=1000)


def form(house, key, text, **headers):
    head = {"Content-Type": "application/x-www-form-urlencoded", "Prefer": "wait=10", **headers}
    return house.client().raw("POST", f"/capture/{key}", text.encode(), head)


def deliver(house, key, body, **headers):
    head = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return house.client().raw("POST", f"/capture/{key}", json.dumps(body, ensure_ascii=False).encode(), head)


def look(house, key, receipt, **headers):
    return house.client().raw("GET", f"/capture/{key}/receipts/{receipt}", None, headers)


def receipts(house, **query):
    return house.admin.get("/intake/receipts?" + urllib.parse.urlencode(query))["items"]


def test_json_fields_reach_the_lead(house):
    lead = house.company.lead(
        name="王芳", phone="139 1234 5678", email="Wang@Example.com", company="上海云帆科技有限公司", province="上海市", city="上海市",
        district="浦东新区", message="想了解价格", consent=True, utm_source="baidu", utm_medium="cpc", utm_campaign="秋季",
        page="https://www.example.com/p", referrer="https://www.baidu.com/", device="mobile", language="zh-CN", screen="390x844",
        dwell_ms=64000, pages_seen=3, form_ms=9000)
    assert (lead["name"], lead["phone"], lead["email"]) == ("王芳", "+8613912345678", "wang@example.com"), lead
    assert (lead["company"], lead["region"], lead["message"]) == ("上海云帆科技有限公司", 310115, "想了解价格"), lead
    assert (lead["utm_source"], lead["utm_medium"], lead["utm_campaign"]) == ("baidu", "cpc", "秋季")
    assert lead["page"] == "https://www.example.com/p" and lead["referrer"] == "https://www.baidu.com/"
    assert lead["consent"] is True and lead["no_contact_allowed"] is False
    facts = lead["context"]
    assert facts["ip"] == "127.0.0.1" and facts["screen"] == "390x844" and facts["form_ms"] == "9000", facts
    assert lead["score"] == 48 + 6 + 2, "weight 80, three pages, 64 seconds"


def test_form_and_chinese_names(house):
    fields = {"姓名": "李雷", "手机号": "13712345678", "公司名称": "杭州西湖贸易公司", "省份": "浙江", "城市": "杭州", "留言": "请回电 & 报价", "颜色": "蓝"}
    answer = form(house, house.company.key, urllib.parse.urlencode(fields))
    assert answer.status == 202 and answer.json["state"] == "taken", answer
    lead = read(house, answer.json["lead"])
    assert (lead["name"], lead["phone"], lead["company"]) == ("李雷", "+8613712345678", "杭州西湖贸易公司")
    assert lead["region"] == 3301 and lead["message"] == "请回电 & 报价" and lead["extra"] == {"颜色": "蓝"}, lead


def test_unknown_keys_stay_in_extra(house):
    lead = house.company.lead(budget=5000, tags=["a", "b"], nested={"x": {"y": 1}})
    assert lead["extra"] == {"budget": 5000, "tags": ["a", "b"], "nested": {"x": {"y": 1}}}, lead["extra"]


def test_mapping_takes_any_shape(house):
    c = house.company
    mapping = {"name": "data.user.nick", "phone": "data.contacts[1].tel", "city": "$.geo.city", "message": "data.q"}
    make(house, "source", name="广告", key="mapped", pool=c.pool, mapping=mapping)
    body = {"data": {"user": {"nick": "赵六"}, "contacts": [{"tel": "x"}, {"tel": "13612340000"}], "q": "怎么卖"}, "geo": {"city": "成都"}}
    answer = house.capture("mapped", body)
    lead = read(house, answer["lead"])
    assert (lead["name"], lead["phone"], lead["city"], lead["message"]) == ("赵六", "+8613612340000", "成都", "怎么卖"), lead
    assert lead["extra"]["body"] == body, "the whole delivery is kept"


def test_prefer_wait_and_receipt_lookup(house):
    key = house.company.key
    answer = deliver(house, key, {"name": "无等待", "phone": "13511110001"})
    assert answer.status == 202 and set(answer.json) == {"receipt", "state", "lead", "duplicate_of", "reason", "detail"}, answer
    taken = wait_for(lambda: (found := look(house, key, answer.json["receipt"]).json)["state"] == "taken" and found, "the lead")
    assert read(house, taken["lead"])["name"] == "无等待"
    waited = deliver(house, key, {"name": "等待", "phone": "13511110002"}, Prefer="wait=10").json
    assert waited["state"] == "taken" and waited["lead"], waited
    again = deliver(house, key, {"name": "等待者", "phone": "13511110002", "message": "又来了"}, Prefer="wait=10").json
    assert again["state"] == "duplicate" and again["lead"] == waited["lead"], again
    assert again["duplicate_of"] == waited["receipt"] or again["duplicate_of"] == waited["lead"], again
    missing = look(house, key, "01a00000-0000-7000-8000-000000000000")
    assert missing.status == 404 and missing.headers["content-type"] == "application/problem+json", missing
    assert look(house, key, "nonsense").status == 404


def test_idempotency_key(house):
    key = house.company.key
    first = deliver(house, key, {"name": "一次", "phone": "13511110003"}, Prefer="wait=10", Idempotency_Key="abc")
    second = deliver(house, key, {"name": "两次", "phone": "13511119999"}, Prefer="wait=10", Idempotency_Key="abc")
    assert first.json == second.json, (first, second)
    other = deliver(house, key, {"name": "三次", "phone": "13511110004"}, Prefer="wait=10", Idempotency_Key="abd")
    assert other.json["receipt"] != first.json["receipt"]


def test_same_body_within_ten_minutes(house):
    key, body = house.company.key, {"name": "同文", "message": "只有留言，没有电话"}
    first = deliver(house, key, body, Prefer="wait=10").json
    assert deliver(house, key, body, Prefer="wait=10").json == first
    other_visitor = deliver(house, key, body, Prefer="wait=10", X_Forwarded_For="203.0.113.50").json
    assert other_visitor["receipt"] != first["receipt"], "another visitor is another enquiry"
    house.advance("11m")
    assert deliver(house, key, body, Prefer="wait=10").json["receipt"] != first["receipt"]


def test_concurrent_repeats_become_one(house):
    key = house.company.key
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        by_key = list(pool.map(lambda i: deliver(house, key, {"name": f"并发{i}", "phone": f"135222200{i:02d}"}, Prefer="wait=10",
                                                 Idempotency_Key="together").json, range(16)))
        by_body = list(pool.map(lambda i: deliver(house, key, {"name": "并发同文"}, Prefer="wait=10").json, range(16)))
    for answers in (by_key, by_body):
        assert len({a["receipt"] for a in answers}) == 1 and len({a["lead"] for a in answers}) == 1, answers
        assert answers[0]["state"] == "taken"


def test_rate_limit_per_visitor(house):
    c = house.company
    make(house, "source", name="限速", key="limited", pool=c.pool)
    visitor = {"X_Forwarded_For": "198.51.100.7"}
    statuses = [deliver(house, "limited", {"message": f"第{i}次"}, **visitor).status for i in range(62)]
    assert statuses[:60] == [202] * 60 or statuses.count(202) in (60, 61), statuses
    refused = deliver(house, "limited", {"message": "太多"}, **visitor)
    assert refused.status == 429 and int(refused.headers["retry-after"]) >= 1, refused
    assert refused.headers["content-type"] == "application/problem+json" and refused.json["code"] == "rate_limited"
    assert deliver(house, "limited", {"message": "别人"}, X_Forwarded_For="198.51.100.8").status == 202, "others are not disturbed"
    assert deliver(house, "limited", {"message": "本机"}).status == 202, "loopback without the header is exempt"
    receipt = receipts(house, search="第0次")[0]["id"]
    looks = [look(house, "limited", receipt, **{"X-Forwarded-For": "198.51.100.7"}).status for _ in range(70)]
    assert looks == [200] * 70, "look-ups are counted apart"
    many = [look(house, "limited", receipt, **{"X-Forwarded-For": "198.51.100.7"}).status for _ in range(80)]
    assert 429 in many, "look-ups have a limit, too"


def test_rate_limit_can_be_changed(house):
    make(house, "source", name="松", key="tight", pool=house.company.pool, rate_minute=2)
    answers = [deliver(house, "tight", {"message": f"m{i}"}, X_Forwarded_For="198.51.100.20").status for i in range(5)]
    assert answers.count(202) in (2, 3) and answers[-1] == 429, answers


def test_visitor_address_comes_from_the_proxy(house):
    answer = deliver(house, house.company.key, {"message": "转发"}, Prefer="wait=10", X_Forwarded_For="203.0.113.9, 127.0.0.1").json
    assert read(house, answer["lead"])["context"]["ip"] == "203.0.113.9"
    lie = deliver(house, house.company.key, {"message": "伪造"}, Prefer="wait=10", X_Forwarded_For="6.6.6.6, 203.0.113.10").json
    assert read(house, lie["lead"])["context"]["ip"] == "203.0.113.10", "only the hop that the proxy saw is believed"
    odd = deliver(house, house.company.key, {"message": "乱写"}, Prefer="wait=10", X_Forwarded_For="<script>").json
    assert read(house, odd["lead"])["context"]["ip"] != "<script>"


def test_traps_answer_like_any_and_are_released_in_bulk(house):
    c = house.company
    make(house, "source", name="陷阱", key="trap", pool=c.pool)
    honey = deliver(house, "trap", {"name": "机器一", "phone": "13533330001", "website_url_confirm": "http://spam"}, Prefer="wait=10")
    fast = deliver(house, "trap", {"name": "机器二", "phone": "13533330002", "form_ms": 300}, Prefer="wait=10")
    for answer in (honey, fast):
        assert answer.status == 202 and answer.json["state"] == "quarantined" and answer.json["reason"] == "suspected_bot", answer
    slow = deliver(house, "trap", {"name": "真人", "phone": "13533330003", "form_ms": 4000}, Prefer="wait=10").json
    assert slow["state"] == "taken"
    source = next(s["id"] for s in house.admin.get("/records/source?limit=200")["items"] if s["key"] == "trap")
    released = house.admin.post("/intake/replay", {"state": "quarantined", "reason": "suspected_bot", "source": source})
    assert released == {"replayed": 2, "failed": 0}, released
    for answer in (honey, fast):
        done = wait_for(lambda a=answer: (found := look(house, "trap", a.json["receipt"]).json)["state"] == "taken" and found)
        assert read(house, done["lead"])["name"] in ("机器一", "机器二")


def test_cors_allow_list(house):
    make(house, "source", name="跨站", key="cors", pool=house.company.pool, origins=["https://www.example.com"])
    good = deliver(house, "cors", {"message": "a"}, Origin="https://www.example.com")
    assert good.status == 202 and good.headers["access-control-allow-origin"] == "https://www.example.com", good.headers
    bad = deliver(house, "cors", {"message": "b"}, Origin="https://evil.example")
    assert bad.status == 403 and "access-control-allow-origin" not in bad.headers, bad
    assert receipts(house, reason="origin_not_allowed") or bad.json["receipt"], "kept for a person all the same"
    client = house.client()
    preflight = client.raw("OPTIONS", "/capture/cors", None, {"Origin": "https://www.example.com", "Access-Control-Request-Method": "POST"})
    assert preflight.status == 204 and "Idempotency-Key" in preflight.headers["access-control-allow-headers"], preflight.headers
    assert client.raw("OPTIONS", "/capture/cors", None, {"Origin": "https://evil.example"}).status == 403
    own = deliver(house, house.company.key, {"message": "自己的网页"}, Origin=f"http://127.0.0.1:{house.port}")
    assert own.status == 202


def test_what_is_refused_is_kept_once(house):
    """A sender that sends the same refused bytes again creates nothing twice; a corrected body with the same key is another delivery."""
    key = Company(house, 1).key
    head = {"Content-Type": "application/json", "Idempotency-Key": "refused-1"}

    def send(body: str):
        return house.client().raw("POST", f"/capture/{key}", body.encode(), head)
    first, again = send('{"name":"断了","phone":"13533330077"'), send('{"name":"断了","phone":"13533330077"')
    assert first.status == again.status == 400 and first.json["receipt"] == again.json["receipt"] and again.json["code"] == "bad_json", again
    corrected = send('{"name":"断了","phone":"13533330077"}')
    assert corrected.status == 202 and corrected.json["receipt"] != first.json["receipt"], corrected
    make(house, "source", name="关着", key="shut", pool=house.company.pool, enabled=False)
    kept = [house.capture("shut", {"name": "留言", "message": "没有电话"}, Idempotency_Key="shut-1") for _ in range(3)]
    assert len({k["receipt"] for k in kept}) == 1 and {k["reason"] for k in kept} == {"source_disabled"}, kept
    house.admin.post(f"/intake/receipts/{first.json['receipt']}/replay", {"body": '{"name":"改好","phone":"13533330078"}'})
    wait_for(lambda: look(house, key, first.json["receipt"]).json["state"] == "taken")
    late = send('{"name":"断了","phone":"13533330077"')
    assert late.status == 202 and late.json["receipt"] == first.json["receipt"] and late.json["state"] == "taken", late


def test_disabled_source_keeps_everything(house):
    source = make(house, "source", name="停用", key="off", pool=house.company.pool, enabled=False)
    answer = house.capture("off", {"name": "停用来源", "phone": "13533330009"})
    assert answer["state"] == "quarantined" and answer["reason"] == "source_disabled", answer
    house.admin.patch(f"/records/source/{source}", {"enabled": True})
    house.admin.post(f"/intake/receipts/{answer['receipt']}/replay", {})
    assert wait_for(lambda: look(house, "off", answer["receipt"]).json["state"] == "taken")


def test_unknown_source_is_kept_and_taken_later(house):
    answer = deliver(house, "web-typo", {"name": "写错地址", "phone": "13533330010"})
    assert answer.status == 404 and answer.json["receipt"], answer
    kept = receipts(house, reason="unknown_source") if answer.json["receipt"] else []
    assert any(r["id"] == answer.json["receipt"] for r in receipts(house, state="quarantined")), kept
    make(house, "source", name="后来才建", key="web-typo", pool=house.company.pool)
    house.admin.post(f"/intake/receipts/{answer.json['receipt']}/replay", {})
    assert wait_for(lambda: look(house, "web-typo", answer.json["receipt"]).json["state"] == "taken")


def test_correct_and_replay_with_original_time(house):
    key = Company(house, 1).key
    broken = house.client().raw("POST", f"/capture/{key}", '{"name":"破损","phone":"13544440001"'.encode(), {"Content-Type": "application/json"})
    assert broken.status == 400 and broken.json["code"] == "bad_json", broken
    one = house.admin.get(f"/intake/receipts/{broken.json['receipt']}")
    assert one["body"] == '{"name":"破损","phone":"13544440001"' and one["state"] == "quarantined" and one["detail"], one
    house.advance("30m")
    answer = house.admin.post(f"/intake/receipts/{one['id']}/replay", {"body": one["body"] + "}"})
    assert answer["receipt"] == one["id"], answer
    done = wait_for(lambda: (found := house.admin.get(f"/intake/receipts/{one['id']}"))["state"] == "taken" and found)
    lead = read(house, done["lead"])
    assert lead["captured_at"] == one["at"] and lead["created_at"] == one["at"], "the time of arrival stays"
    assert minutes_between(lead["captured_at"], lead["assigned_at"]) >= 29, "it was assigned when it was replayed"
    assert [h["act"] for h in done["history"]] == ["corrected"], done["history"]
    again = house.admin.call("POST", f"/intake/receipts/{one['id']}/replay", {})
    assert again.status == 409 and again.json["code"] == "not_quarantined", again


def test_phone_that_is_none_is_quarantined_and_named(house):
    answer = house.capture(house.company.key, {"name": "错号", "phone": "12"})
    assert answer["state"] == "quarantined" and answer["reason"] == "bad_phone", answer
    row = house.admin.get(f"/intake/receipts/{answer['receipt']}")
    assert row["detail"] == "电话无法识别：12" == answer["detail"], row


def test_a_reason_is_told_in_the_readers_language(house):
    """The log keeps a word and what it is about: the same receipt reads in Chinese and in English, for the sender and on the intake page."""
    key = house.company.key
    cases = [({"name": "错号", "phone": "12"}, "bad_phone", "电话无法识别：12", "This is not a phone number: 12"),
             ({"name": "错邮箱", "email": "a@@b"}, "bad_email", "邮箱无法识别：a@@b", "This is not a mail address: a@@b"),
             ({"phone": ""}, "empty", "没有姓名、联系方式或留言。", "There is neither a name nor a contact nor a message."),
             ({"name": "快", "phone": "13555550099", "form_ms": "10"}, "suspected_bot", "填写方式像程序。", "It was filled in like a machine does.")]
    reader = person(house, role="administrator", language="en")
    for body, reason, zh, en in cases:
        sent = deliver(house, key, body, Prefer="wait=10").json
        assert (sent["state"], sent["reason"], sent["detail"]) == ("quarantined", reason, zh), sent
        look = f"/capture/{key}/receipts/{sent['receipt']}"
        assert house.client().raw("GET", look).json["detail"] == zh
        assert house.client().raw("GET", look, None, {"Accept-Language": "en-GB,en;q=0.8"}).json["detail"] == en
        assert house.admin.get(f"/intake/receipts/{sent['receipt']}")["detail"] == zh
        assert reader.get(f"/intake/receipts/{sent['receipt']}")["detail"] == en
        assert next(r for r in reader.get("/intake/receipts?state=quarantined")["items"] if r["id"] == sent["receipt"])["detail"] == en
    broken = house.client().raw("POST", f"/capture/{key}", b'{"name":}', {"Content-Type": "application/json", "Accept-Language": "en"})
    assert broken.status == 400 and broken.json["detail"].startswith("The body is not acceptable JSON: "), broken
    assert house.admin.get(f"/intake/receipts/{broken.json['receipt']}")["detail"].startswith("内容不是可接受的 JSON：")


def test_a_long_value_is_cut_between_characters(house):
    sent = deliver(house, house.company.key, {"name": "长", "phone": "x" + "电话" * 40}, Prefer="wait=10").json
    assert sent["reason"] == "bad_phone" and sent["detail"].endswith("电") and len(sent["detail"]) < 40 and "\ufffd" not in sent["detail"], sent


def test_heat_follows_the_source_weight(house):
    c = house.company
    for key, weight in (("cold", 10), ("hot", 100)):
        make(house, "source", name=key, key=key, pool=c.pool, weight=weight)
    cold, hot = (read(house, house.capture(k, {"name": k, "phone": f"1355555000{i}"})["lead"]) for i, k in enumerate(("cold", "hot")))
    assert cold["score"] == 6 and hot["score"] == 60, (cold["score"], hot["score"])


def test_summary_and_search(house):
    house.capture(house.company.key, {"name": "搜索用的名字", "phone": "13566660001"})
    found = receipts(house, search="搜索用的名字")
    assert len(found) == 1 and "搜索用的名字" in found[0]["preview"], found
    assert receipts(house, search="搜索用的名字", state="quarantined") == []
    summary = house.admin.get("/intake/summary")
    assert summary["today"]["taken"] > 5 and any(s["source"]["key"] == house.company.key or s["source"]["id"] == house.company.source
                                                for s in summary["by_source"]), summary
    page = house.admin.get("/intake/receipts?limit=2")
    more = house.admin.get(f"/intake/receipts?limit=2&after={page['next']}")
    assert len({r["id"] for r in page["items"] + more["items"]}) == 4


def test_the_index_is_built_from_pages(house):
    """More leads than fit on a page of PostgreSQL: after a restart each is recognised, also the first and last of a page."""
    template, n, page = house.company.lead()["id"], 10001, 5000
    house.stop()
    if house.engine == "postgres":
        name = house.database.rsplit("/", 1)[1]
        house.postgres.query(f"ALTER DATABASE {name} SET log_statement = 'all'")  # from the next connections on
        house.postgres.query("INSERT INTO tenon.lead SELECT (jsonb_populate_record(l, jsonb_build_object("
                             "'id', '0190a000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), 'phone', '+8615' || lpad(i::text, 9, '0')))).* "
                             f"FROM tenon.lead l, generate_series(1, {n}) i WHERE l.id = '{template}'", name)
    else:
        with sqlite3.connect(house.dir + "/tenon.db") as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(lead)")]
            row = dict(zip(columns, db.execute("SELECT * FROM lead WHERE id = ?", (uuid.UUID(template).bytes,)).fetchone()))
            db.executemany(f"INSERT INTO lead ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                           ([{**row, "id": uuid.UUID(f"0190a000-0000-7000-8000-{i:012x}").bytes, "phone": f"+8615{i:09d}"}[c] for c in columns]
                            for i in range(1, n + 1)))
    house.start()
    for i in (1, page - 1, page, page + 1, 2 * page, n):
        answer = house.capture(house.company.key, {"name": "又来了", "phone": f"15{i:09d}"})
        assert answer["state"] == "duplicate" and answer["duplicate_of"] == str(uuid.UUID(f"0190a000-0000-7000-8000-{i:012x}")), (i, answer)
    assert house.capture(house.company.key, {"name": "新的", "phone": f"15{n + 1:09d}"})["state"] == "taken"
    if house.engine == "postgres":
        house.postgres.query(f"ALTER DATABASE {name} RESET log_statement")
        with open(house.postgres.data + "/server.log", encoding="utf-8", errors="replace") as f:
            asked = [line for line in f if "SELECT id, phone, email, NULL, company, status FROM lead" in line]
        assert len(asked) == n // page + 1 and all("LIMIT" in line for line in asked), f"so much in memory at once and no more: {len(asked)}"


def test_other_methods_are_told(house):
    for method in ("GET", "PUT", "DELETE"):
        answer = house.client().raw(method, f"/capture/{house.company.key}", b"x" if method == "PUT" else None)
        assert answer.status == 405 and "POST" in answer.headers["allow"], answer


if __name__ == "__main__":
    cases.main(globals())
