"""What a phone typed without a line and sends later: ids made there, each thing once, honest times, edits on the version they were based on (O7)."""
import os
import sys
import uuid
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, instant, next_workday, now, owner, parse, quiet_policy, read  # noqa: E402

SUMMARY = "电话沟通了需求，客户希望下周看演示并提供报价方案。"


def setup(house):
    quiet_policy(house)


def fresh(house, people=1, **fields):
    next_workday(house)
    return Company(house, people, **fields)


def made_id() -> str:
    """As a phone makes it: version 7."""
    text = list(uuid.uuid4().hex)
    text[12] = "7"
    return str(uuid.UUID("".join(text)))


def contacts(house, lead) -> list[dict]:
    return [item for item in house.admin.get(f"/leads/{lead}/timeline")["items"] if item["kind"] == "activity"]


def test_a_record_takes_the_id_its_maker_gave(house):
    c = fresh(house)
    seller, id = c.people[0], made_id()
    task = seller.call("POST", "/records/task", {"id": id, "name": "回访"}, Idempotency_Key=id)
    assert task.status == 201 and task.json["id"] == id and task.json["owner"] == seller.id, task
    again = seller.call("POST", "/records/task", {"id": id, "name": "回访"}, Idempotency_Key=id)
    assert again.status == 201 and again.json["id"] == id, "the first answer again"
    late = seller.call("POST", "/records/task", {"id": id, "name": "回访"})
    assert late.status == 409 and late.json["code"] == "exists", "also when the key is long forgotten"
    other = c.head.call("POST", "/records/task", {"id": id, "name": "别人的"})
    assert other.status == 409 and other.json["code"] == "exists", other
    assert house.admin.get(f"/records/task/{id}")["name"] == "回访" and house.admin.get(f"/records/task/{id}")["version"] == 1


def test_a_repeat_is_told_from_a_value_that_is_taken(house):
    fresh(house)
    id, key = made_id(), f"s{made_id()[-12:]}"
    source = {"id": id, "name": "展会", "key": key}
    assert house.admin.call("POST", "/records/source", source).status == 201
    again = house.admin.call("POST", "/records/source", source)
    assert again.status == 409 and again.json["code"] == "exists", ("sent twice it is there, not refused", again)
    other = house.admin.call("POST", "/records/source", {**source, "id": made_id()})
    assert other.status == 400 and other.json["fields"][0]["code"] == "not_unique", ("nothing was made: not to be taken for sent", other)


def test_customers_contacts_and_opportunities_take_made_ids_too(house):
    c = fresh(house)
    seller = c.people[0]
    for object, fields in (("account", {"name": "云帆"}), ("contact", {"name": "王芳"}), ("opportunity", {"name": "三十台设备"})):
        id = made_id()
        made = seller.call("POST", f"/records/{object}", {"id": id, **fields}, Idempotency_Key=id)
        assert made.status == 201 and made.json["id"] == id and made.json["owner"] == seller.id, (object, made)
        late = seller.call("POST", f"/records/{object}", {"id": id, **fields})
        assert late.status == 409 and late.json["code"] == "exists", (object, late)
        old = seller.call("PATCH", f"/records/{object}/{id}", {"name": "改"}, If_Match='"0"')
        assert old.status == 412, (object, old)
        rows = house.admin.get(f"/records/{object}/{id}/history")["items"]
        assert len(rows) == 1 and rows[0]["who"]["name"], rows


def test_a_made_id_has_the_form_of_ours(house):
    c = fresh(house)
    lead = c.send()["lead"]
    v4, nil, variant = str(uuid.uuid4()), "00000000-0000-0000-0000-000000000000", "018bcfe5-6800-7abc-cdef-0123456789ab"
    for bad in (v4, variant, "x", 5, nil.replace("0", "f")):
        answer = c.people[0].call("POST", "/records/task", {"id": bad, "name": "回访"})
        assert answer.status == 400 and answer.json["fields"][0]["field"] == "id", (bad, answer)
        touch = c.people[0].call("POST", f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY, "activity": bad})
        assert touch.status == 400 and touch.json["fields"][0]["field"] == "activity", (bad, touch)
    assert contacts(house, lead) == [] and read(house, lead)["touches"] in (0, None)
    stored = c.people[0].call("PATCH", f"/records/lead/{lead}", {"id": made_id()})
    assert stored.status == 400, "an id never changes"


def test_rights_hold_for_made_ids(house):
    c, others = fresh(house), fresh(house)
    for path in ("/records/user", "/records/source", "/records/pool"):
        answer = c.people[0].call("POST", path, {"id": made_id(), "name": "越权", "login": "x", "key": "x"})
        assert answer.status == 403, (path, answer)
    lead = others.send()["lead"]
    foreign = c.people[0].call("POST", "/records/task", {"id": made_id(), "name": "越权", "lead": lead})
    assert foreign.status == 400 and foreign.json["fields"][0]["code"] == "unknown_reference", foreign


def test_a_lead_by_hand_with_its_id_is_made_once(house):
    c = fresh(house)
    id = made_id()
    body = {"id": id, "name": "离线录入", "phone": "13800138123"}
    made = c.people[0].call("POST", "/records/lead", body, Idempotency_Key=id)
    assert made.status == 201 and made.json["id"] == id, made
    assert read(house, id)["created_by"] == c.people[0].id
    late = c.people[0].call("POST", "/records/lead", body)
    assert late.status == 409 and late.json["code"] == "exists", late
    assert house.admin.get('/count/lead?filter=name%20%3D%20%22%E7%A6%BB%E7%BA%BF%E5%BD%95%E5%85%A5%22')["count"] == 1


def test_a_contact_told_again_stays_one(house):
    c = fresh(house)
    lead, id = c.send()["lead"], made_id()
    seller = c.people[0]
    body = {"method": "visit", "summary": SUMMARY, "activity": id}
    assert seller.call("POST", f"/leads/{lead}/touch", body, Idempotency_Key=id).status == 200
    touched = read(house, lead)
    for headers in ({"Idempotency_Key": id}, {}):
        again = seller.call("POST", f"/leads/{lead}/touch", body, **headers)
        assert again.status == 200 or again.json["code"] == "already_logged", again
    assert again.status == 409, "without the key: it says so"
    assert [x["data"]["id"] for x in contacts(house, lead)] == [id]
    assert read(house, lead)["touches"] == 1 and read(house, lead)["version"] == touched["version"]


def test_told_again_after_the_lead_moved_on_it_is_no_grab(house):
    c = fresh(house, 2)
    lead, id = c.send()["lead"], made_id()
    seller = next(p for p in c.people if p.id == owner(house, lead))
    other = next(p for p in c.people if p is not seller)
    body = {"method": "call", "summary": SUMMARY, "activity": id}
    seller.post(f"/leads/{lead}/touch", body)
    house.admin.post(f"/leads/{lead}/assign", {"to": other.id})
    before = c.head.get("/board")["cross_grabs"]["count"]
    again = seller.call("POST", f"/leads/{lead}/touch", body)
    assert again.status == 409 and again.json["code"] == "already_logged", again
    assert c.head.get("/board")["cross_grabs"]["count"] == before
    grab = seller.call("POST", f"/leads/{lead}/touch", {**body, "activity": made_id()})
    assert grab.status == 409 and grab.json["code"] == "protected", "a new contact is refused as ever"
    stranger = other.call("POST", f"/leads/{lead}/touch", body)
    assert stranger.status == 409 and stranger.json["code"] == "exists", "somebody else's id opens nothing"
    assert len(contacts(house, lead)) == 1


def test_both_times_are_kept_and_the_clock_counts_the_hearing(house):
    c = fresh(house)
    lead = c.send()["lead"]
    seller = c.people[0]
    house.advance("4m")
    said = now(house) - timedelta(minutes=2)
    house.advance("30s")
    seller.post(f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY, "happened_at": instant(said)})
    entry = contacts(house, lead)[0]
    assert parse(entry["data"]["happened_at"]) == parse(instant(said)), entry
    heard = parse(entry["at"])
    assert heard - said >= timedelta(minutes=2), "shown where the house heard it"
    assert parse(read(house, lead)["first_touch_at"]) == heard, "the countdown ended when the house heard"


def test_a_miss_stays_a_miss_whatever_time_is_told(house):
    c = fresh(house, 2)
    lead = c.send()["lead"]
    first = next(p for p in c.people if p.id == owner(house, lead))
    said = now(house) + timedelta(minutes=1)
    house.advance("6m")
    assert owner(house, lead) != first.id
    late = first.call("POST", f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY, "happened_at": instant(said)})
    assert late.status == 409 and late.json["code"] == "protected", "the time told does not bring it back"


def test_times_that_cannot_be_are_refused(house):
    c = fresh(house)
    lead = c.send()["lead"]
    seller, assigned = c.people[0], parse(read(house, lead)["assigned_at"])
    house.advance("2m")
    cases_of = [(now(house) + timedelta(minutes=10), "future"), (assigned - timedelta(seconds=1), "before_assignment")]
    for when, code in cases_of:
        answer = seller.call("POST", f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY, "happened_at": instant(when)})
        assert answer.status == 400 and [f["code"] for f in answer.json["fields"]] == [code], answer
    assert contacts(house, lead) == []
    nearly = now(house) + timedelta(seconds=20)
    seller.post(f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY, "happened_at": instant(nearly)})
    entry = contacts(house, lead)[0]
    assert parse(entry["data"]["happened_at"]) <= parse(entry["at"]), "a clock a little ahead is set back to now"
    written = seller.call("POST", "/records/activity", {"kind": "note", "summary": SUMMARY, "happened_at": instant(assigned)})
    assert written.status == 400 and written.json["fields"][0]["code"] == "read_only", written


def test_an_edit_on_an_old_version_is_refused_with_the_one_there_is(house):
    c = fresh(house)
    lead = c.send()["lead"]
    seller, version = c.people[0], read(house, lead)["version"]
    seller.call("PATCH", f"/records/lead/{lead}", {"message": "在电脑上改的"}, expect=200)
    stale = seller.call("PATCH", f"/records/lead/{lead}", {"message": "离线改的"}, If_Match=f'"{version}"')
    assert stale.status == 412 and stale.json["code"] == "stale_version" and stale.headers["etag"] == f'"{version + 1}"', stale
    assert read(house, lead)["message"] == "在电脑上改的"
    merged = seller.call("PATCH", f"/records/lead/{lead}", {"message": "离线改的"}, If_Match=stale.headers["etag"])
    assert merged.status == 200 and read(house, lead)["message"] == "离线改的", merged


if __name__ == "__main__":
    cases.main(globals())
