"""Mailboxes: every mail a receipt, none twice, none lost, whatever the server does (L1, L3)."""
import base64
import os
import sys
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, parse, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.mailbox import Mailbox  # noqa: E402

_made = iter(range(10 ** 6))


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 1, capacity=1000)


def business_now(house) -> datetime:
    return parse(house.admin.get("/test/clock")["now"])


def source(house, box: Mailbox, expect: int = 200, **settings) -> dict:
    n = next(_made)
    id = make(house, "source", name=f"邮箱{n}", key=f"mail{n}", kind="mail", pool=house.company.pool)
    one = {"id": id, "key": f"mail{n}"}
    answer = house.admin.call("PUT", f"/sources/{id}/inbox", settings_of(box, **settings))
    assert answer.status == expect, answer
    if expect == 200:
        checked(house, one, None)
    return one


def settings_of(box: Mailbox, **settings) -> dict:
    return {"host": "127.0.0.1", "port": box.port, "tls": "none", "user": box.user, "password": box.password, "allowed_host": "127.0.0.1", **settings}


def state(house, one: dict) -> dict:
    return house.admin.get(f"/sources/{one['id']}/inbox")


def checked(house, one: dict, before) -> dict:
    return wait_for(lambda: (s := state(house, one))["checked_at"] != before and s, "a visit")


def check(house, one: dict) -> dict:
    """Visits the mailbox now; the clock moves, so that this visit can be told from the one before."""
    before = state(house, one).get("checked_at")
    house.admin.post(f"/sources/{one['id']}/inbox/check")
    house.advance("1s")
    return checked(house, one, before)


def receipts(house, one: dict) -> list[dict]:
    return [r for r in house.admin.get("/intake/receipts?limit=200")["items"] if r["source"]["key"] == one["key"]]


def settled(house, one: dict, n: int) -> list[dict]:
    return wait_for(lambda: (all_ := receipts(house, one)) and len(all_) >= n and all(r["state"] != "pending" for r in all_) and all_, f"{n} receipts")


def letter(n: int, text: str = "", head: str = "", sender: str | None = None) -> bytes:
    sender = sender or f"guest{n}@buyer{n}.example"
    return (f"From: Guest {n} <{sender}>\r\nTo: sales@example.com\r\nSubject: enquiry {n}\r\nMessage-ID: <m{n}@buyer.example>\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n{head}\r\n{text or 'We want robots.'}\r\n").encode()


def test_mails_become_leads_once(house):
    box = Mailbox()
    box.add(letter(next(_made)))
    one = source(house, box)
    assert check(house, one)["taken"] == 0 and receipts(house, one) == [], "what lay there before is nobody's enquiry"
    form = ("姓名：王芳\r\n电话：138 1234 0001\r\n公司：上海云帆科技有限公司\r\n预算：10万\r\n留言：想了解协作机器人\r\n").encode("gb18030")
    box.add(b"From: =?gb2312?B?" + base64.b64encode("官网".encode("gb2312")) + b"?= <noreply@form.example>\r\nAuto-Submitted: auto-generated\r\nSubject: =?utf-8?B?" +
            base64.b64encode("新的表单".encode()) + b"?=\r\nMessage-ID: <form1@x>\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(form))
    n = next(_made)
    box.add(letter(n, "Please quote.\r\nMobile 139 0000 0001"))
    assert check(house, one)["ok_at"]
    rows = settled(house, one, 2)
    leads = {read(house, r["lead"])["name"]: read(house, r["lead"]) for r in rows}
    form_lead, letter_lead = leads["王芳"], leads[f"Guest {n}"]
    assert form_lead["phone"] == "+8613812340001" and form_lead["message"] == "想了解协作机器人" and form_lead["extra"]["预算"] == "10万", form_lead
    assert form_lead["extra"]["subject"] == "新的表单" and form_lead["context"]["sender"] == "noreply@form.example", form_lead
    assert letter_lead["phone"] == "+8613900000001" and letter_lead["email"] == f"guest{n}@buyer{n}.example", letter_lead
    assert letter_lead["message"].startswith(f"enquiry {n}\nPlease quote."), letter_lead
    check(house, one)
    box.add(letter(n, "the very same mail, delivered again"))
    check(house, one)
    assert len(receipts(house, one)) == 2 and state(house, one)["taken"] == 2
    box.close()


def test_a_server_that_does_not_say_which_mail_comes_next(house):
    box = Mailbox()
    box.trouble = "no_uidnext"
    box.add(letter(next(_made)), at=business_now(house) - timedelta(days=3))
    one = source(house, box)
    assert check(house, one)["taken"] == 0 and receipts(house, one) == [], "what lay there before is nobody's enquiry"
    box.add(letter(next(_made)), at=business_now(house))
    check(house, one)
    assert len(settled(house, one, 1)) == 1
    box.folders["INBOX"]["next"] += 3 * 500  # deleted ones between
    for _ in range(700):
        box.add(letter(next(_made)), at=business_now(house))
    wait_for(lambda: check(house, one) and state(house, one)["taken"] >= 701, "many at once", 40)
    assert len(box.fetched) == len(set(box.fetched)) == 701, "each once"


def test_a_box_that_is_empty_at_first_and_does_not_say_which_mail_comes_next(house):
    box = Mailbox()
    box.trouble = "no_uidnext"
    one = source(house, box)
    assert check(house, one)["taken"] == 0 and not state(house, one)["reason"]
    box.add(letter(next(_made)), at=business_now(house))
    check(house, one)
    assert len(settled(house, one, 1)) == 1


def test_many_mails_at_once_are_all_taken(house):
    """The answer to a search is one line; one of 66 kB was cut short on its way, and the mails that it no longer named were passed by."""
    box = Mailbox()
    box.folders["INBOX"]["next"] = 4_000_000_000
    one, n = source(house, box), 6000
    for _ in range(n):
        box.add(letter(next(_made)))
    check(house, one)
    wait_for(lambda: check(house, one) and state(house, one)["taken"] >= n, f"{n} mails", 120)
    assert len(box.fetched) == len(set(box.fetched)) == n, "each once"


def test_a_new_folder_under_the_old_name_takes_nothing_twice(house):
    box = Mailbox()
    one = source(house, box)
    old = business_now(house) - timedelta(days=30)
    numbers = [next(_made) for _ in range(3)]
    for n in numbers[:2]:
        box.add(letter(n), at=business_now(house))
    check(house, one)
    settled(house, one, 2)
    box.add(letter(next(_made)), at=old)
    box.renumber(101)
    box.add(letter(numbers[2]), at=business_now(house))
    check(house, one)
    rows = settled(house, one, 3)
    assert len(rows) == 3, "two known ones, one new one, and one older than the source"
    assert sorted(read(house, r["lead"])["name"] for r in rows) == sorted(f"Guest {n}" for n in numbers)
    box.close()


def test_killed_in_the_middle_nothing_is_lost_or_doubled(house):
    box = Mailbox()
    one = source(house, box)
    numbers = [next(_made) for _ in range(30)]
    for n in numbers:
        box.add(letter(n))
    house.admin.post(f"/sources/{one['id']}/inbox/check")
    house.advance("1s")
    wait_for(lambda: len(box.fetched) >= 5, "the first mails")
    house.kill()
    house.start()
    house.advance("1m")
    rows = settled(house, one, 30)
    assert len(rows) == 30 and sorted(read(house, r["lead"])["name"] for r in rows) == sorted(f"Guest {n}" for n in numbers)
    wait_for(lambda: state(house, one)["ok_at"], "the end of the visit")
    check(house, one)
    assert len(receipts(house, one)) == 30 and state(house, one)["taken"] == 30, state(house, one)
    box.close()


def test_a_connection_that_is_cut_goes_on_where_it_was(house):
    box = Mailbox()
    one = source(house, box)
    for _ in range(7):
        box.add(letter(next(_made)))
    box.drop_after = 3
    told = check(house, one)
    assert told["reason"] == "pull_unreachable" and told["taken"] == 3, told
    check(house, one)
    box.drop_after = None
    assert check(house, one)["reason"] is None
    assert len(settled(house, one, 7)) == 7 and sorted(set(box.fetched)) == sorted(box.fetched), "nothing was fetched twice"
    box.close()


def test_faults_are_told_and_the_pauses_grow(house):
    box = Mailbox()
    one = source(house, box)
    for trouble, reason in (("denied", "pull_denied"), ("reset", "pull_unreachable"), ("no_status", "pull_missing")):
        box.trouble = trouble
        told = check(house, one)
        assert told["reason"] == reason and told["detail"] and told["failed_at"] == told["checked_at"], told
        health = next(i for i in house.admin.get("/intake/health")["items"] if i["source"]["id"] == one["id"])
        assert health["last_error"]["reason"] == reason and health["last_error"]["detail"] == told["detail"], health
    before = state(house, one)["checked_at"]
    visits = len(box.commands)
    house.advance("7m")
    assert state(house, one)["checked_at"] == before and len(box.commands) == visits, "after three faults the pause is eight minutes, not the usual two"
    box.trouble = None
    house.advance("2m")
    told = checked(house, one, before)
    assert told["reason"] is None and told["ok_at"] == told["checked_at"], told
    assert next(i for i in house.admin.get("/intake/health")["items"] if i["source"]["id"] == one["id"])["last_error"] is None
    box.close()


def test_the_mailbox_is_looked_at_every_few_minutes(house):
    box = Mailbox()
    one = source(house, box, every_min=5)
    before = state(house, one)["checked_at"]
    box.add(letter(next(_made)))
    house.advance("6m")
    checked(house, one, before)
    settled(house, one, 1)
    before = state(house, one)["checked_at"]
    house.admin.patch(f"/records/source/{one['id']}", {"enabled": False})
    house.advance("1h")
    n = len(box.commands)
    house.advance("1h")
    assert len(box.commands) == n and state(house, one)["checked_at"] == before, "who is switched off is left alone"
    house.admin.patch(f"/records/source/{one['id']}", {"enabled": True})
    house.advance("1s")
    checked(house, one, before)
    box.close()


def test_large_attachments_are_named_not_fetched(house):
    box = Mailbox()
    one = source(house, box)
    n = next(_made)
    blob = b"\r\n".join([b"QUFB" * 19] * 690000)
    box.add(b"From: Big <big@buyer.example>\r\nSubject: drawing\r\nMessage-ID: <big%d@x>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\n"
            b"See the drawing, phone 13700000001.\r\n--m\r\nContent-Type: image/tiff\r\nContent-Disposition: attachment; filename=big.tif\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--m--\r\n" % (n, blob))
    box.sent = 0
    check(house, one)
    lead = read(house, settled(house, one, 1)[0]["lead"])
    file = lead["extra"]["attachments"][0]
    assert lead["phone"] == "+8613700000001" and file["name"] == "big.tif" and abs(file["size"] - 690000 * 57) < 100000 and file["estimated"], lead
    assert box.sent < 300000, f"{box.sent} bytes were fetched of {len(blob)}"
    box.close()


def test_what_machines_send_and_what_is_broken(house):
    box = Mailbox()
    one = source(house, box)
    heads = {"auto_reply": "Auto-Submitted: auto-replied\r\n", "bounce": "Return-Path: <>\r\n", "mailing_list": "List-Id: <l.example>\r\n"}
    for head in heads.values():
        box.add(letter(next(_made), head=head))
    box.add(b"From: Broken <broken@buyer.example>\r\nMessage-ID: <broken%d@x>\r\nContent-Type: multipart/mixed; boundary=\"never\r\n\r\n--never\r\nContent-Type: text/plain; "
            b"charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n@@@not base64@@@" % next(_made))
    box.add(b"\x00\xff\xfe no header at all")
    box.add(b"")
    check(house, one)
    rows = settled(house, one, 6)
    reasons = sorted(r["reason"] for r in rows if r["state"] == "quarantined" and r["reason"] in heads)
    assert reasons == sorted(heads), rows
    assert any(r["state"] == "taken" and read(house, r["lead"])["email"] == "broken@buyer.example" for r in rows), rows
    auto = next(r for r in rows if r["reason"] == "auto_reply")
    house.admin.post(f"/intake/receipts/{auto['id']}/replay")
    wait_for(lambda: next(r for r in receipts(house, one) if r["id"] == auto["id"])["state"] == "taken", "what a person let pass")
    box.close()


def test_a_mail_that_is_not_handed_out_stops_nobody(house):
    box = Mailbox()
    one = source(house, box)
    bad = box.add(letter(next(_made)))
    good = next(_made)
    box.add(letter(good))
    box.refused = {bad}
    for _ in range(5):
        check(house, one)
    rows = settled(house, one, 2)
    assert {r["reason"] for r in rows} == {"mail_unreadable", None}, rows
    gone = box.add(letter(next(_made)))
    box.remove(gone)
    assert check(house, one)["reason"] is None and len(receipts(house, one)) == 2
    box.close()


def test_a_line_that_breaks_costs_no_mail(house):
    """Far more often than a mail may be refused: cut before it, and in the middle of it; then it comes."""
    box = Mailbox()
    one = source(house, box)
    bad, n = box.add(letter(next(_made))), next(_made)
    for cut in range(12):
        box.breaks, box.half = (set(), True) if cut % 2 else ({bad}, False)
        check(house, one)
        assert not receipts(house, one)
    box.breaks = set()
    box.half = False
    box.add(letter(n))
    wait_for(lambda: check(house, one)["left"] == 0 and len(receipts(house, one)) == 2, "both mails")
    assert {r["reason"] for r in settled(house, one, 2)} == {None} and state(house, one)["reason"] is None
    box.close()


def test_a_mail_at_which_the_line_always_breaks_waits_and_stops_nobody(house):
    box = Mailbox()
    one = source(house, box)
    bad = box.add(letter(next(_made)))
    others = [box.add(letter(next(_made))) for _ in range(3)]
    box.breaks = {bad}
    for _ in range(4):
        assert check(house, one)["reason"] == "pull_unreachable" and not receipts(house, one)
    told = check(house, one)
    assert told["reason"] is None and told["left"] == 1 and box.fetched == others, (told, box.fetched)
    assert {r["reason"] for r in settled(house, one, 3)} == {None}
    late = box.add(letter(next(_made)))
    told = check(house, one)
    assert told["reason"] is None and told["left"] == 1 and box.fetched == [*others, late], "what came is not fetched twice"
    box.breaks = set()
    assert check(house, one)["left"] == 0
    assert {r["reason"] for r in settled(house, one, 5)} == {None}, "it was never given up"
    box.close()


def test_a_server_that_asks_to_come_later_costs_no_mail(house):
    box = Mailbox()
    one = source(house, box)
    bad = box.add(letter(next(_made)))
    box.refused = {bad}
    for words in ("NO [UNAVAILABLE] mail store is down", "NO [INUSE] locked", "NO [THROTTLED] slow down", "NO Please try again later"):
        box.refusal = words
        for _ in range(2):
            check(house, one)
            assert not receipts(house, one), words
    box.refused = set()
    assert check(house, one)["reason"] is None
    assert {r["reason"] for r in settled(house, one, 1)} == {None}
    box.close()


def test_only_listed_senders(house):
    box = Mailbox()
    one = source(house, box, senders=["@form.example", "Anna@partner.example"])
    for sender in ("x@form.example", "anna@partner.example", "y@other.example"):
        box.add(letter(next(_made), sender=sender))
    check(house, one)
    rows = settled(house, one, 3)
    assert sorted(r["state"] for r in rows) == ["quarantined", "taken", "taken"]
    assert next(r for r in rows if r["state"] == "quarantined")["reason"] == "sender_not_listed"
    box.close()


def test_settings_are_tried_before_they_are_saved(house):
    box = Mailbox()
    box.folders["询价"] = {"validity": 5, "next": 1, "mails": []}
    box.folders["&i+JO9w-"] = box.folders["询价"]
    id = make(house, "source", name="试", key=f"try{next(_made)}", kind="mail")
    path = f"/sources/{id}/inbox"
    box.add(letter(next(_made)))
    assert house.admin.post(path + "/test", settings_of(box)) == {"ok": True, "messages": 1, "reason": None, "detail": None}
    assert house.admin.post(path + "/test", settings_of(box, folder="询价"))["ok"], box.commands
    for change, reason in (({"password": "wrong"}, "pull_denied"), ({"folder": "nowhere"}, "pull_missing"), ({"port": 1}, "pull_unreachable")):
        told = house.admin.post(path + "/test", settings_of(box, **change))
        assert not told["ok"] and told["reason"] == reason and told["detail"], told
    for change, field in (({"allowed_host": None}, "tls"), ({"allowed_host": None, "tls": "tls"}, "host"), ({"host": "a/b"}, "host"), ({"user": "a\r\nb"}, "user")):
        answer = house.admin.call("PUT", path, {k: v for k, v in settings_of(box, **change).items() if v is not None})
        assert answer.status == 400 and answer.json["fields"][0]["field"] == field, answer
    assert house.admin.call("PUT", path, {**settings_of(box), "password": ""}).json["fields"][0]["field"] == "password"
    assert house.admin.get(path)["kind"] is None, "nothing was saved"
    house.admin.call("PUT", path, settings_of(box), expect=200)
    for place in (path, f"/records/source/{id}", f"/records/source/{id}/history"):
        assert box.password not in house.admin.call("GET", place, expect=200).body.decode(), place
    assert house.company.people[0].call("GET", path).status == 403
    assert house.admin.post(path + "/test", {**settings_of(box), "password": ""})["ok"], "the password in use"
    house.admin.call("DELETE", path, expect=200)
    assert house.admin.get(path)["kind"] is None and not house.admin.get(path)["has_secret"]
    box.close()


if __name__ == "__main__":
    cases.main(globals())
