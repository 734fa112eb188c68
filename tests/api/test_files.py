"""Files of leads: upload, rights, limits, what is refused; forms that bring files; backup and verify with them."""
import concurrent.futures
import glob
import hashlib
import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
import zipfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, instant, make, now, quiet_policy, read  # noqa: E402
from lib.house import House, Live, wait_for  # noqa: E402

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082")
WAV = b"RIFF" + (36 + 800).to_bytes(4, "little") + b"WAVEfmt " + bytes(20) + b"data" + (800).to_bytes(4, "little") + bytes(range(200)) * 4
MB = 1024 * 1024


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 2, capacity=1000)
    house.other = Company(house, 1, capacity=1000)


def holder(house, lead) -> object:
    """Who holds the lead: may work on it while it is protected."""
    return next(p for p in house.company.people if p.id == lead["owner"])


def send(person, lead: str, content: bytes, expect: int | None = 201, headers: dict | None = None, **query):
    client = person.client if hasattr(person, "client") else person
    head = {"Authorization": "Bearer " + client.token, "Content-Type": "application/octet-stream", "Accept-Language": "en", **(headers or {})}
    answer = client.raw("POST", f"/api/v1/leads/{lead}/files?{urllib.parse.urlencode(query)}", content, head)
    assert expect is None or answer.status == expect, answer
    return answer


def fetch(person, file: str, path: str = "", **headers):
    client = person.client if hasattr(person, "client") else person
    head = {"Authorization": "Bearer " + client.token, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return client.raw("GET", f"/api/v1/files/{file}{path}", None, head)


def files(person, lead: str) -> list[dict]:
    return person.get(f"/leads/{lead}/files")["items"]


def kept(house, content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    return f"{house.dir}/files/{name[:2]}/{name}"


def jpeg(n: int, size: int = 0) -> bytes:
    """Bytes that are taken for a photo, of their own for each n."""
    return b"\xff\xd8\xff\xe0" + n.to_bytes(4, "big") + bytes(size)


# ---- over the API ----

def test_upload_list_read(house):
    lead = house.company.lead(phone="13900010001")
    me = holder(house, lead)
    answer = send(me, lead["id"], PNG, name="现场 照片.png").json
    assert (answer["name"], answer["kind"], answer["media_type"], answer["bytes"]) == ("现场 照片.png", "photo", "image/png", len(PNG)), answer
    assert open(kept(house, PNG), "rb").read() == PNG, "on disk under its hash"
    voice = send(me, lead["id"], WAV, name="voice.wav").json
    listed = files(me, lead["id"])
    assert [f["id"] for f in listed] == [voice["id"], answer["id"]], "newest first"
    assert listed[0]["kind"] == "voice" and listed[0]["by"] == {"id": me.id, "name": me.name}, listed[0]
    content = fetch(me, answer["id"])
    assert content.status == 200 and content.body == PNG, content
    head = content.headers
    assert head["content-type"] == "image/png" and head["x-content-type-options"] == "nosniff", head
    assert "sandbox" in head["content-security-policy"] and "default-src 'none'" in head["content-security-policy"], head
    assert head["content-disposition"] == "inline; filename=\"_____.png\"; filename*=UTF-8''" + urllib.parse.quote("现场 照片.png"), head
    assert fetch(me, answer["id"], "?download=true").headers["content-disposition"].startswith("attachment;")


def test_parts_and_what_is_known_already(house):
    lead = house.company.lead(phone="13900010002")
    me = holder(house, lead)
    file = send(me, lead["id"], WAV, name="a.wav").json["id"]
    whole = fetch(me, file)
    assert whole.headers["accept-ranges"] == "bytes" and whole.headers["etag"] == f'"{hashlib.sha256(WAV).hexdigest()}"'
    size = len(WAV)
    for asked, status, first, end in (("bytes=0-9", 206, 0, 10), ("bytes=100-", 206, 100, size), ("bytes=-5", 206, size - 5, size),
                                      ("bytes=10-99999999", 206, 10, size), ("bytes=-99999999", 206, 0, size), ("bytes=0-0", 206, 0, 1)):
        answer = fetch(me, file, Range=asked)
        assert answer.status == status and answer.body == WAV[first:end], (asked, answer)
        assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{size}", answer.headers
    beyond = fetch(me, file, Range=f"bytes={size}-")
    assert beyond.status == 416 and beyond.headers["content-range"] == f"bytes */{size}", beyond
    for odd in ("bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=99999999999999999999999999-", "bytes=--5"):
        answer = fetch(me, file, Range=odd)
        assert answer.status in (200, 416), (odd, answer)
    assert fetch(me, file, Range="bytes=0-9", If_Range='"other"').status == 200, "another content meanwhile: the whole"
    again = fetch(me, file, If_None_Match=whole.headers["etag"])
    assert again.status == 304 and again.body == b"", again


def test_who_may(house):
    lead = house.company.lead(phone="13900010003")
    me, stranger = holder(house, lead), house.other.people[0]
    file = send(me, lead["id"], PNG).json["id"]
    assert send(stranger, lead["id"], PNG, expect=None).status in (404, 409)
    assert stranger.call("GET", f"/leads/{lead['id']}/files").status == 404
    assert fetch(stranger, file).status == 404 and stranger.call("DELETE", f"/files/{file}").status == 404
    assert house.client().raw("GET", f"/api/v1/files/{file}").status == 401
    assert house.client().raw("POST", f"/api/v1/leads/{lead['id']}/files", PNG).status == 401
    assert fetch(house.admin, file).status == 200 and len(files(house.admin, lead["id"])) == 1
    colleague = next(p for p in house.company.people if p.id != me.id)
    assert send(colleague, lead["id"], PNG, expect=None).status in (404, 409), "protected for its owner"
    assert house.company.head.call("DELETE", f"/files/{file}").status == 409, "the supervisor sees it; it is protected"
    assert me.call("POST", "/records/file", {"name": "x", "lead": lead["id"]}).status == 400, "files come by upload alone"
    assert me.call("PATCH", f"/records/file/{file}", {"sha256": "0" * 64}).status == 400
    before = set(glob.glob(house.dir + "/files/*/*"))
    send(stranger, lead["id"], jpeg(77), expect=None)
    assert set(glob.glob(house.dir + "/files/*/*")) == before, "who may not fills no disk"


def test_delete_and_undo(house):
    lead = house.company.lead(phone="13900010004")
    me = holder(house, lead)
    live = Live(me.client)
    file = send(me, lead["id"], PNG, name="a.png").json["id"]
    event = live.wait("lead.file", lead["id"])
    assert event["data"]["act"] == "added" and event["data"]["name"] == "a.png", event
    change = me.call("DELETE", f"/files/{file}", expect=200).json["change"]
    wait_for(lambda: any(e["kind"] == "lead.file" and e["data"]["act"] == "removed" for e in live.events), "the news")
    assert files(me, lead["id"]) == [] and fetch(me, file).status == 404
    me.post(f"/changes/{change}/undo")
    assert [f["id"] for f in files(me, lead["id"])] == [file] and fetch(me, file).body == PNG
    live.close()


def test_names_are_not_believed(house):
    lead = house.company.lead(phone="13900010005")
    me = holder(house, lead)
    for sent, name in (("../../../etc/passwd", "passwd.png"), ("C:\\x\\合影.PNG", "合影.PNG"), ("a\u202egpj.exe", "agpj.exe.png"), ("", "photo.png"),
                       ("x" * 400 + ".png", "x" * 116 + ".png"), ('a"b\'c.png', "a_b'c.png"), ("page.html", "page.html.png")):
        assert send(me, lead["id"], PNG, name=sent).json["name"] == name, sent
    assert send(me, lead["id"], PNG, name="a\r\nX: y.png").json["name"] == "aX_ y.png"
    send(me, lead["id"], PNG, name="a\0b.png", expect=400)


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


def test_types_by_content(house):
    lead = house.company.lead(phone="13900010006")
    me = holder(house, lead)
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    for content, media_type, kind in ((b"%PDF-1.7\n...", "application/pdf", "file"), ("姓名,电话\r\n王芳,138".encode("gb18030"), "text/csv", "file"),
                                      (office("[Content_Types].xml", "word/document.xml"), word, "file"), (b"ID3\x04rest", "audio/mpeg", "voice")):
        answer = send(me, lead["id"], content, name="a.csv").json
        assert (answer["media_type"], answer["kind"]) == (media_type, kind), answer
    assert fetch(me, answer["id"]).headers["content-disposition"].startswith("inline")
    n = len(files(me, lead["id"]))
    for content in (b"MZ\x90\0", b"\x7fELF", b"<svg onload='alert(1)'/>", b"<!doctype html>", b"#!/bin/sh\nrm", b"GIF89a\1\0\1\0;", b"PK\x03\x04half",
                    office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), office("a.exe"), b"a\0b"):
        answer = send(me, lead["id"], content, expect=415, headers={"Content-Type": "image/png"}, name="photo.png")
        assert answer.json["code"] == "unwelcome_type" and "JPEG" in answer.json["detail"], answer
    assert send(me, lead["id"], b"", expect=400).json["code"] == "empty_file"
    assert len(files(me, lead["id"])) == n


def test_sizes(house):
    lead = house.company.lead(phone="13900010007")
    me = holder(house, lead)
    most = jpeg(1, 10 * MB - 8)
    assert send(me, lead["id"], most).json["bytes"] == 10 * MB
    assert fetch(me, files(me, lead["id"])[0]["id"]).body == most
    try:
        assert send(me, lead["id"], most + b"x", expect=None).status == 413
    except (BrokenPipeError, ConnectionResetError, http.client.HTTPException):
        raise AssertionError("the refusal must be readable") from None


def test_the_number_of_files_is_bounded(house):
    lead = house.company.lead(phone="13900010008")
    me = holder(house, lead)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: send(me, lead["id"], jpeg(n)), range(200)))
    answer = send(me, lead["id"], jpeg(200), expect=409)
    assert answer.json["code"] == "too_many_files", answer
    assert len(files(me, lead["id"])) == 200


def test_sent_twice_is_there_once(house):
    lead = house.company.lead(phone="13900010009")
    me = holder(house, lead)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = send(me, lead["id"], PNG, headers=key, name="a.png").json
    again = send(me, lead["id"], PNG, headers=key, name="a.png").json
    assert first == again and len(files(me, lead["id"])) == 1
    assert send(me, lead["id"], WAV, expect=409, headers=key).json["code"] == "idempotency_key_reused"
    own = str(uuid.uuid4())
    assert send(me, lead["id"], WAV, file=own).json["id"] == own
    assert send(me, lead["id"], WAV, expect=200, file=own).json["id"] == own, "an id that the sender made, without a key"
    assert send(me, lead["id"], PNG, expect=409, file=own).json["code"] == "exists"
    assert len(files(me, lead["id"])) == 2


def test_a_repeat_is_recognised_when_the_lead_is_somebody_elses_by_now(house):
    lead = house.company.lead(phone="13900010016")
    me = holder(house, lead)
    mine, other = str(uuid.uuid4()), house.other.people[0]
    assert send(me, lead["id"], PNG, file=mine).json["id"] == mine
    house.admin.post(f"/leads/{lead['id']}/assign", {"to": other.id})
    assert send(me, lead["id"], PNG, expect=200, file=mine).json["id"] == mine, "its first answer may have got lost"
    assert send(me, lead["id"], PNG, expect=None, file=str(uuid.uuid4())).status in (403, 404, 409), "a new one is refused"
    assert send(other, lead["id"], PNG, expect=409, file=mine).json["code"] == "exists", "and the id is nobody else's"
    assert len(files(other, lead["id"])) == 1


def test_files_of_a_touch_stand_in_the_timeline(house):
    lead = house.company.lead(phone="13900010010")
    me = holder(house, lead)
    me.post(f"/leads/{lead['id']}/touch", {"method": "visit", "summary": "已上门拜访，拍下了现场的机器铭牌，客户要三十台。"})
    items = me.get(f"/leads/{lead['id']}/timeline")["items"]
    activity = next(i["data"]["id"] for i in items if i["kind"] == "activity")
    send(me, lead["id"], PNG, name="铭牌.png", activity=activity)
    send(me, lead["id"], WAV, name="自己.wav")
    items = me.get(f"/leads/{lead['id']}/timeline")["items"]
    assert [f["name"] for f in next(i for i in items if i["kind"] == "activity")["data"]["files"]] == ["铭牌.png"], items
    own = [i for i in items if i["kind"] == "file"]
    assert [i["data"]["name"] for i in own] == ["自己.wav"] and own[0]["who"]["id"] == me.id, own
    for wrong in (str(uuid.uuid4()), lead["id"]):
        answer = send(me, lead["id"], PNG, expect=400, activity=wrong)
        assert answer.json["fields"][0]["field"] == "activity", answer


# ---- forms with files ----

def form(*parts: tuple, boundary: str = "xYzForm") -> bytes:
    """(name, text) or (name, file name, bytes)."""
    out = b""
    for part in parts:
        more = f'; filename="{part[1]}"' if len(part) == 3 else ""
        content = part[-1] if isinstance(part[-1], bytes) else part[-1].encode()
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{part[0]}"{more}\r\n\r\n'.encode() + content + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


def post(house, key: str, body: bytes, content_type: str = "multipart/form-data; boundary=xYzForm", **headers):
    head = {"Content-Type": content_type, "Prefer": "wait=10", "Accept-Language": "en", **headers}
    return house.client().raw("POST", f"/capture/{key}", body, head)


def test_a_form_brings_its_files(house):
    answer = post(house, house.company.key, form(("姓名", "周舟"), ("phone", "13900020001"), ("兴趣", "机器人"), ("兴趣", "视觉"),
                                                 ("photo", "现场.png", PNG), ("doc", "x.exe", b"MZ\x90\0"), ("none", "", b""), ("empty", "e.txt", b"")))
    assert answer.status == 202 and answer.json["state"] == "taken", answer
    told = {f["name"]: f for f in answer.json["files"]}
    assert told["现场.png"]["kept"] and set(told) == {"现场.png", "x.exe", "e.txt"}, told
    assert not told["x.exe"]["kept"] and told["x.exe"]["reason"] == "unwelcome_type" and "x.exe" in told["x.exe"]["detail"], told
    assert told["e.txt"]["reason"] == "empty_file", told
    lead = read(house, answer.json["lead"])
    assert (lead["name"], lead["phone"]) == ("周舟", "+8613900020001") and lead["extra"] == {"兴趣": "机器人, 视觉"}, lead
    listed = files(house.admin, lead["id"])
    assert [(f["name"], f["by"]) for f in listed] == [("现场.png", None)] and listed[0]["at"] == lead["captured_at"], listed
    assert fetch(house.admin, listed[0]["id"]).body == PNG
    receipt = house.admin.get(f"/intake/receipts/{answer.json['receipt']}")
    assert [f["kept"] for f in receipt["files"]] == [True, False, False] and json.loads(receipt["body"])["姓名"] == "周舟", receipt
    look = house.client().raw("GET", f"/capture/{house.company.key}/receipts/{answer.json['receipt']}")
    assert len(look.json["files"]) == 3, look


def test_files_are_on_disk_before_the_202(house):
    content = jpeg(4711)
    answer = post(house, house.company.key, form(("phone", "13900020002"), ("photo", "a.jpg", content)), Prefer="")
    assert answer.status == 202 and os.path.getsize(kept(house, content)) == len(content), answer


def test_a_repeated_enquiry_brings_its_files_too(house):
    first = post(house, house.company.key, form(("name", "何"), ("phone", "13900020003"), ("photo", "a.png", PNG))).json
    again = post(house, house.company.key, form(("name", "何"), ("phone", "13900020003"), ("photo", "b.wav", WAV))).json
    assert again["state"] == "duplicate" and again["duplicate_of"] == first["lead"], (first, again)
    assert {f["name"] for f in files(house.admin, first["lead"])} == {"a.png", "b.wav"}


def test_the_same_form_twice_is_one(house):
    body = form(("name", "齐"), ("phone", "13900020004"), ("photo", "a.png", PNG))
    first = post(house, house.company.key, body).json
    other = body.replace(b"xYzForm", b"another-boundary")
    again = post(house, house.company.key, other, "multipart/form-data; boundary=another-boundary").json
    assert again["receipt"] == first["receipt"] and len(files(house.admin, first["lead"])) == 1, (first, again)
    third = post(house, house.company.key, form(("name", "齐"), ("phone", "13900020004"), ("photo", "a.jpg", jpeg(5)))).json
    assert third["receipt"] != first["receipt"] and len(files(house.admin, first["lead"])) == 2, "another photo is news"
    key = {"Idempotency-Key": "form-1"}
    a = post(house, house.company.key, form(("phone", "13900020005"), ("f", "a.png", PNG)), **key).json
    b = post(house, house.company.key, form(("phone", "13900020005"), ("f", "b.wav", WAV)), **key).json
    assert a["receipt"] == b["receipt"] and len(files(house.admin, a["lead"])) == 1


def test_quarantine_keeps_files_until_the_release(house):
    answer = post(house, house.company.key, form(("name", "像程序"), ("phone", "13900020006"), ("form_ms", "10"), ("photo", "a.png", PNG))).json
    assert answer["state"] == "quarantined" and answer["reason"] == "suspected_bot", answer
    house.admin.post(f"/intake/receipts/{answer['receipt']}/replay")
    receipt = wait_for(lambda: (r := house.admin.get(f"/intake/receipts/{answer['receipt']}"))["state"] == "taken" and r, "the replay")
    assert [f["name"] for f in files(house.admin, receipt["lead"])] == ["a.png"]


def test_a_corrected_receipt_keeps_its_files(house):
    answer = post(house, house.company.key, form(("name", "改号"), ("phone", "12"), ("photo", "a.png", PNG))).json
    assert answer["state"] == "quarantined" and answer["reason"] == "bad_phone", answer
    house.admin.post(f"/intake/receipts/{answer['receipt']}/replay", {"body": json.dumps({"name": "改号", "phone": "13900020007"})})
    receipt = wait_for(lambda: (r := house.admin.get(f"/intake/receipts/{answer['receipt']}"))["state"] == "taken" and r, "the replay")
    assert [f["name"] for f in files(house.admin, receipt["lead"])] == ["a.png"]


def test_an_unknown_source_keeps_words_but_no_files(house):
    content = jpeg(9001)
    answer = post(house, "nobody-knows-this", form(("phone", "13900020008"), ("photo", "a.jpg", content)))
    assert answer.status == 404 and answer.json["code"] == "unknown_source", answer
    receipt = house.admin.get(f"/intake/receipts/{answer.json['receipt']}")
    assert json.loads(receipt["body"])["phone"] == "13900020008" and receipt["files"][0]["reason"] == "no_source", receipt
    assert not os.path.exists(kept(house, content))


def test_a_mapping_reads_forms_with_files(house):
    make(house, "source", name="表单", key="formmap", pool=house.company.pool, mapping={"name": "who", "phone": "tel"})
    answer = post(house, "formmap", form(("who", "钱"), ("tel", "13900020009"), ("photo", "a.png", PNG))).json
    assert read(house, answer["lead"])["name"] == "钱" and len(files(house.admin, answer["lead"])) == 1


def test_more_files_than_a_form_may_bring(house):
    answer = post(house, house.company.key, form(("phone", "13900020010"), *((f"f{n}", f"{n}.jpg", jpeg(n)) for n in range(13)))).json
    told = answer["files"]
    assert [f["kept"] for f in told] == [True] * 10 + [False] * 3 and told[10]["reason"] == "too_many_files", told
    assert len(files(house.admin, answer["lead"])) == 10


def test_hostile_forms_are_told_what_is_wrong(house):
    head = b'--xYzForm\r\nContent-Disposition: form-data; name="phone"\r\n'
    cases_ = [
        ("no_boundary", "multipart/form-data", form(("phone", "13900030001"))),
        ("bad_boundary", 'multipart/form-data; boundary="%s"' % ("b" * 71), form(("phone", "1"))),
        ("no_start", None, b"phone=13900030001"),
        ("unfinished", None, form(("phone", "13900030001"), ("f", "a.png", PNG))[:-14]),
        ("unfinished", None, head + b"\r\n13900030001"),
        ("bad_part_head", None, b"--xYzForm\r\nnonsense\r\n\r\n1\r\n--xYzForm--"),
        ("part_head_too_long", None, head + b"X-Y: " + b"x" * 5000 + b"\r\n\r\n1\r\n--xYzForm--"),
        ("no_name", None, form(("", "1"))),
        ("nested", None, head + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q--\r\n--xYzForm--"),
        ("encoded_part", None, head + b"Content-Transfer-Encoding: base64\r\n\r\nMTM5\r\n--xYzForm--"),
        ("bad_text", None, form(("phone", b"\xff\xfe"))),
        ("bad_text", None, form(("phone", b"139\x0000030001"))),
    ]
    for _word, content_type, body in cases_:
        answer = post(house, house.company.key, body, content_type or "multipart/form-data; boundary=xYzForm")
        assert answer.status == 400 and answer.json["code"] == "bad_multipart", (_word, answer)
        assert answer.json["detail"].startswith("The form with files cannot be read: "), answer
        receipt = house.admin.get(f"/intake/receipts/{answer.json['receipt']}")
        assert receipt["state"] == "quarantined", receipt
    many = post(house, house.company.key, form(*((f"f{n}", "1") for n in range(300))))
    assert many.status == 413 and many.json["code"] == "bad_multipart" and "210" in many.json["detail"], many
    large = post(house, house.company.key, form(("message", "x" * (300 * 1024)), ("f", "a.png", PNG)))
    assert large.status == 413 and large.json["code"] == "too_large", large
    huge = post(house, house.company.key, form(("phone", "13900030002"), ("f", "a.jpg", jpeg(1, 11 * MB))))
    assert huge.status == 413, huge


def test_forms_at_the_same_time(house):
    def one(n: int):
        return post(house, house.company.key, form(("name", f"同时{n}"), ("phone", f"139000400{n:02d}"), ("photo", f"{n}.jpg", jpeg(n, 200_000)))).json
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(24)))
    for n, answer in enumerate(answers):
        assert answer["state"] == "taken", answer
        (file,) = files(house.admin, answer["lead"])
        assert file["name"] == f"{n}.jpg" and fetch(house.admin, file["id"]).body == jpeg(n, 200_000)


# ---- care ----

def run(house, *command: str, folder: str | None = None, database: str | None = None) -> tuple[int, str]:
    where = ["--data", folder or house.dir, *(["--database", database or house.database] if house.database else [])]
    done = subprocess.run([house.binary, command[0], *where, *command[1:], "--lang", "en"], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, check=False)
    return done.returncode, done.stdout + done.stderr


def test_backup_and_restore_bring_files(house):
    lead = house.company.lead(phone="13900050001")
    content = jpeg(808, 5000)
    file = send(holder(house, lead), lead["id"], content, name="备份.jpg").json["id"]
    folder = tempfile.mkdtemp(prefix="tenon-files-")
    try:
        status, said = run(house, "backup", "--to", folder + "/backups")
        assert status == 0, said
        (backup,) = glob.glob(folder + "/backups/tenon-*")
        assert open(backup + kept(house, content)[len(house.dir):], "rb").read() == content
        os.mkdir(folder + "/again")
        again = {"folder": folder + "/again", "database": house.postgres.create("files_restored") if house.database else None}
        status, said = run(house, "restore", "--from", backup, **again)
        assert status == 0, said
        status, said = run(house, "verify", **again)
        assert status == 0 and "file_" not in said, said
        assert open(folder + "/again" + kept(house, content)[len(house.dir):], "rb").read() == content
        assert fetch(house.admin, file).body == content
        os.truncate(backup + kept(house, content)[len(house.dir):], 10)
        status, said = run(house, "restore", "--from", backup, "--force", **again)
        assert status == 1 and "damaged" in said, said
    finally:
        shutil.rmtree(folder)


def test_verify_finds_what_is_missing_or_damaged(house):
    lead = house.company.lead(phone="13900050002")
    missing, damaged, noted = jpeg(901), jpeg(902), jpeg(903)
    me = holder(house, lead)
    file = send(me, lead["id"], missing).json["id"]
    send(me, lead["id"], damaged)
    post(house, house.company.key, form(("phone", "12"), ("photo", "a.jpg", noted)))  # quarantined: only its receipt names the file
    status, said = run(house, "verify")
    assert status == 0 and "file_" not in said, said
    with open(house.dir + "/files/" + "f" * 64, "wb") as f:
        f.write(b"nobody's")
    os.unlink(kept(house, missing))
    os.unlink(kept(house, noted))
    with open(kept(house, damaged), "r+b") as f:
        f.write(b"\xff\xd8\xff\xe1")
    status, said = run(house, "verify")
    assert status == 1 and "file_missing: 2 " in said and "file_damaged: 1 " in said and "file_orphan: 1 " in said, said
    checks = {f["check"]: f for f in house.admin.get("/care/health")["verify"]}
    assert checks["file_missing"]["serious"] and checks["file_orphan"]["note"], checks
    gone = fetch(me, file, Accept_Language="en")
    assert gone.status == 404 and gone.json["code"] == "content_missing", gone
    for content in (missing, damaged, noted):
        with open(kept(house, content), "wb") as f:
            f.write(content)
    os.unlink(house.dir + "/files/" + "f" * 64)
    status, said = run(house, "verify")
    assert status == 0, said


# ---- content that nobody names any more ----

def aged(house, *contents: bytes) -> None:
    """As if they had been kept long ago."""
    for content in contents:
        os.utime(kept(house, content), (time.time() - 40 * 86400,) * 2)


def there(house, *contents: bytes) -> list[bool]:
    return [os.path.exists(kept(house, content)) for content in contents]


def test_content_of_deleted_files_is_swept(house):
    """What a row, an undo within its time or a receipt names stays, so does what is young; the rest goes."""
    lead = house.company.lead(phone="13900060001")
    other = house.company.lead(phone="13900060002")
    me, you = holder(house, lead), holder(house, other)
    live, deleted, shared, noted, nobody, young = (jpeg(n, 100) for n in range(1001, 1007))
    send(me, lead["id"], live)
    changes = [me.call("DELETE", f"/files/{send(me, lead['id'], content).json['id']}", expect=200).json["change"] for content in (deleted, shared)]
    send(you, other["id"], shared)
    post(house, house.company.key, form(("phone", "12"), ("photo", "a.jpg", noted)))  # quarantined: only its receipt names it
    for content in (nobody, young):
        os.makedirs(os.path.dirname(kept(house, content)), exist_ok=True)
        with open(kept(house, content), "wb") as f:
            f.write(content)
    aged(house, live, deleted, shared, noted, nobody)
    house.advance("7h")
    assert there(house, live, deleted, shared, noted, nobody, young) == [True, True, True, True, False, True]
    status, said = run(house, "verify")
    assert status == 0 and "file_missing" not in said and "file_orphan: 1 " in said, said

    house.advance("29d")
    again = house.admin.post(f"/changes/{changes[0]}/undo")["change"]
    aged(house, deleted)
    house.advance("2d")
    assert there(house, live, deleted, shared) == [True, True, True], "undone in time, it is somebody's again"
    undone = house.admin.post(f"/changes/{again}/undo")["change"]
    aged(house, live, deleted, shared, noted)
    house.advance("29d")
    assert there(house, deleted) == [True]
    house.advance("2d")
    assert there(house, live, deleted, shared, noted) == [True, False, True, True]
    status, said = run(house, "verify")
    assert status == 0 and "file_missing" not in said, said
    refused = house.admin.call("POST", f"/changes/{undone}/undo", {})
    assert refused.status == 409 and refused.json["code"] == "content_gone" and "请重新上传" in refused.json["detail"], refused
    assert fetch(house.admin, send(house.admin, lead["id"], deleted).json["id"]).body == deleted, "uploaded again it is as new"
    house.admin.post(f"/changes/{changes[1]}/undo")  # somebody else has the same content
    os.unlink(kept(house, young))


def test_a_sweep_beside_uploads_and_a_backup(house):
    """The same bytes are uploaded, deleted and swept at once; what was answered 201 is there, and the backup is whole."""
    lead = house.company.lead(phone="13900060003")
    me = holder(house, lead)
    contents = [jpeg(n, 3000) for n in range(1100, 1130)]
    for content in contents:
        me.call("DELETE", f"/files/{send(me, lead['id'], content).json['id']}", expect=200)
    aged(house, *contents)
    house.advance("31d")  # swept here, or with the next one while they are sent again
    folder = tempfile.mkdtemp(prefix="tenon-files-")
    try:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            backup = pool.submit(run, house, "backup", "--to", folder)
            sweeps = pool.submit(lambda: [house.advance("7h") for _ in range(6)])
            sent = list(pool.map(lambda content: send(house.admin, lead["id"], content).json["id"], contents))
            sweeps.result()
            status, said = backup.result()
        assert status == 0, said
        for id, content in zip(sent, contents):
            assert fetch(house.admin, id).body == content
        status, said = run(house, "verify")
        assert status == 0 and "file_missing" not in said, said
    finally:
        shutil.rmtree(folder)


def test_two_processes_sweep_one_folder(house):
    if house.engine != "postgres":
        return
    second = House("postgres", house.postgres, database=house.database, start_at=instant(now(house)))
    shutil.rmtree(second.dir + "/files")
    os.symlink(house.dir + "/files", second.dir + "/files")
    try:
        lead = house.company.lead(phone="13900060004")
        me = holder(house, lead)
        live, gone = jpeg(1201), jpeg(1202)
        for content in (live, gone):
            id = send(me, lead["id"], content).json["id"]
        me.call("DELETE", f"/files/{id}", expect=200)
        aged(house, live, gone)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda h: h.advance("31d"), (house, second)))
        assert there(house, live, gone) == [True, False]
        assert "could not be swept" not in house.log_tail(20000) + second.log_tail(20000)
    finally:
        os.unlink(second.dir + "/files")
        second.remove()


if __name__ == "__main__":
    cases.main(globals())
