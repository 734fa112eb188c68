"""What happened to somebody's CRM and must not happen here: field_failure_F<n> of the ledger."""
import json
import os
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, decisions, dropped, make, next_workday, owner, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402


def setup(house):
    quiet_policy(house)


def test_field_failure_F1_refused_consent_without_phone(house):
    """A visitor refuses consent and gives no phone number: kept, flagged, on a person's screen."""
    next_workday(house)
    c = Company(house, 1)
    answer = house.capture(c.key, {"name": "匿名访客", "message": "请发资料", "consent": False, "page": "https://example.com/secret", "device": "phone"})
    assert answer["state"] == "taken", answer
    lead = read(house, answer["lead"])
    assert lead["consent"] is False and lead["no_contact_allowed"] is True, "flagged"
    assert lead["page"] is None and lead["context"] is None, "without consent only what was typed is kept"
    assert lead["message"] == "请发资料"
    card = next(x for x in c.people[0].get("/desk")["cards"] if x["id"] == lead["id"])
    assert card["name"] == "匿名访客" and card["countdown"]["state"] == "running", card
    for word in ("否", "不同意", "0", "no", False):
        assert c.lead(consent=word, phone=None, message=f"词 {word}")["consent"] is False, word
    assert c.lead(consent="同意")["consent"] is True


def test_field_failure_F2_pasted_url(house):
    """A trailing space, %20, a newline or a double slash: understood or told, and on the intake log either way."""
    c = Company(house, 1)
    before = {r["id"] for r in house.admin.get("/intake/receipts?limit=200")["items"]}
    targets = [f"/capture/{c.key} ", f"/capture/{c.key}%20", f"/capture/{c.key}\n", f"/capture/{c.key}%0A", f"/capture//{c.key}", f"//capture/{c.key}"]
    understood = 0
    for i, target in enumerate(targets):
        body = json.dumps({"name": f"F2 {i}", "phone": f"1390000000{i}"}).encode()
        with socket.create_connection(("127.0.0.1", house.port), timeout=10) as s:
            s.sendall(f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            head, _, told = s.recv(65536).partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        understood += status == 202
        assert status == 202 or (status == 400 and json.loads(told)["detail"]), (target, head, told)
    assert understood == 4, "encoded blanks and double slashes are understood"

    def rows():
        new = [r for r in house.admin.get("/intake/receipts?limit=200")["items"] if r["id"] not in before]
        return len(new) == len(targets) and new
    new = wait_for(rows, "six rows on the log")
    assert sum(r["state"] == "quarantined" and r["reason"] == "bad_request" and r["detail"].startswith("请求无法理解：") for r in new) == 2, new
    assert {r["source"]["key"] for r in new} == {c.key}


def test_field_failure_F4_district_rule(house):
    """Province + city becomes province + district: warned before saving, unmatched wait with an alert, one click back, replayed."""
    next_workday(house)
    c = Company(house, 2, capacity=1000)
    place = make(house, "territory", name="上海", codes=["3101"])
    for p in c.people:
        house.admin.patch(f"/records/user/{p.id}", {"territories": [place]})
    old = quiet_policy(house, load_max=1000)
    good = house.admin.get("/policy")["version"]
    for i in range(20):
        more = {"district": "浦东新区"} if i < 3 else {}
        c.send(province="上海", city="上海", **more)
    new = {**old, "territory_by": ["province", "district"]}
    tried = house.admin.post("/policy/try", {"policy": new})
    assert tried["warning"] and tried["unmatched_share"] >= 0.3, tried
    assert tried["unmatched_after"] >= 17 and tried["unmatched_after"] > tried["unmatched_before"], tried
    assert any(r["rule"] == "territory" for r in tried["by_rule"]) and tried["samples"][0]["why"], tried
    assert house.admin.get("/policy")["version"] == good, "trying changes nothing"
    house.admin.call("PUT", "/policy", {"policy": new, "note": "按区县"}, expect=201)
    lost = [c.send(province="上海", city="上海")["lead"] for _ in range(3)]
    for lead in lost:
        row = read(house, lead)
        assert row["owner"] is None and row["wait_reason"] == "territory" and row["pool"] == old["fallback_pool"], row
    assert any(a["reason"] == "lead.waiting" and a["record"] in lost for a in house.admin.get("/alerts")["items"]), "somebody is told"
    arrived = read(house, lost[0])["captured_at"]
    house.advance("10s")
    house.admin.post(f"/policy/versions/{good}/restore", {}, 201)
    wait_for(lambda: all(owner(house, lead) in [p.id for p in c.people] for lead in lost), "the backlog to be assigned again")
    assert read(house, lost[0])["captured_at"] == arrived and read(house, lost[0])["created_at"] == arrived, "with its original time"
    quiet_policy(house)


def test_field_failure_F5_retry_with_the_same_key(house):
    """The server is away; the widget retries with the same key: nothing lost, nothing doubled."""
    next_workday(house)
    c = Company(house, 1)
    body = {"name": "坚持的访客", "phone": "13912121212"}
    first = house.capture(c.key, body, Idempotency_Key="retry-1")
    port = house.port
    house.kill()
    try:
        house.client().raw("GET", "/healthz", timeout=2)
        raise AssertionError("the server still answers")
    except OSError:
        pass
    house.start(port)
    again = house.capture(c.key, body, Idempotency_Key="retry-1")
    assert again["receipt"] == first["receipt"] and again["lead"] == first["lead"], (first, again)
    new = [house.capture(c.key, {"name": "断线时写的", "phone": "13912121213"}, Idempotency_Key="retry-2") for _ in range(3)]
    assert len({a["lead"] for a in new}) == 1
    phones = house.admin.get("/records/lead?search=13912121213")["items"]
    assert len(phones) == 1, phones


def test_field_failure_F6_disabled_overnight(house):
    """Accounts disabled overnight are never picked; their open leads are re-routed; the supervisor is told."""
    next_workday(house)
    c = Company(house, 3)
    gone, frozen_out, stays = c.people
    house.admin.patch(f"/records/user/{gone.id}", {"weight": 900})
    mine = c.send()["lead"]
    assert owner(house, mine) == gone.id
    touched = c.send()["lead"]
    gone.touch(touched)
    house.admin.patch(f"/records/user/{frozen_out.id}", {"active": False})
    house.admin.patch(f"/records/user/{gone.id}", {"active": False})
    assert owner(house, mine) == stays.id, "re-routed in the same moment"
    assert owner(house, touched) == gone.id, "what was touched is not moved by itself"
    told = c.head.alerts("person.away")
    assert told and told[0]["record"] in (gone.id, frozen_out.id), told
    for _ in range(2):
        lead = c.send()["lead"]
        assert owner(house, lead) == stays.id
        why = dropped(decisions(house, lead)[0])
        assert why[gone.id] == why[frozen_out.id] == "inactive", why
    full = c.send()["lead"]
    assert owner(house, full) is None, "rather waiting than with somebody who is gone"


def test_field_failure_F8_choice_without_options(house):
    """A choice field without options is refused with the reason (the export copes elsewhere)."""
    for choices in ([], None):
        body = {"name": "broken_choice", "zh": "坏选项", "en": "Broken", "type": "choice"}
        if choices is not None:
            body["choices"] = choices
        answer = house.admin.call("POST", "/objects/lead/fields", body)
        assert answer.status == 400 and answer.json["fields"][0]["field"].startswith("choices") and answer.json["fields"][0]["detail"], answer
        assert all(f["name"] != "broken_choice" for f in house.admin.get("/objects/lead")["fields"])


if __name__ == "__main__":
    cases.main(globals())
