"""What comes in broken, hostile or slow: a clear answer, a row on the intake log where a lead may be meant, nothing else disturbed."""
import json
import os
import select
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402

JSON = {"Content-Type": "application/json"}


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 1, capacity=1000)
    house.slow = SlowClient(house)


def raw(house, request: bytes, timeout: float = 20) -> tuple[int, dict, bytes]:
    """Sends bytes as they are and reads to the end of the connection or of the answer; a reset is a failure."""
    with socket.create_connection(("127.0.0.1", house.port), timeout=timeout) as s:
        s.sendall(request)
        return read_answer(s)


def read_answer(s: socket.socket) -> tuple[int, dict, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        assert piece, f"the connection ended without an answer: {data!r}"
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        piece = s.recv(65536)
        assert piece, "the answer was cut"
        body += piece
    return int(lines[0].split(" ")[1]), headers, body


def problem(answer, *statuses: int) -> dict:
    status, headers, body = answer
    assert status in statuses, (status, body[:400])
    assert headers["content-type"].startswith("application/problem+json"), headers
    told = json.loads(body)
    assert told["status"] == status and told["detail"] and told["code"], told
    return told


def refuse(house, body: bytes, *statuses: int, headers: dict | None = None) -> dict:
    """Delivers a bad body: it is refused in words and its beginning is on the log."""
    answer = house.client().raw("POST", f"/capture/{house.company.key}", body, {**JSON, **(headers or {})})
    told = problem((answer.status, answer.headers, answer.body), *statuses)
    row = house.admin.get(f"/intake/receipts/{told['receipt']}")
    assert row["state"] == "quarantined" and row["reason"] == told["code"] and row["detail"], row
    assert_alive(house)
    return {**told, "row": row}


def assert_alive(house):
    assert house.client().raw("GET", "/readyz").status == 200


def post(target: str, body: bytes = b'{"name":"x"}', *lines: str) -> bytes:
    head = [f"POST {target} HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def logged(house, search: str) -> list[dict]:
    return house.admin.get("/intake/receipts?search=" + urllib.parse.quote(search))["items"]


class SlowClient:
    """Sends a byte a second from the start of the file on; the cut is looked at by the last test."""

    def __init__(self, house) -> None:
        self.answer, self.seconds = b"", 0.0
        self.request = post(f"/capture/{house.company.key}", b'{"name":"slowly arriving","phone":"13800001111"}')
        self.port = house.port
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
            for i in range(len(self.request)):
                readable, _, _ = select.select([s], [], [], 1.0)
                if readable:
                    self.answer = s.recv(65536)
                    break
                s.sendall(self.request[i:i + 1])
        self.seconds = time.monotonic() - began


def test_broken_json(house):
    for body in (b"", b"{", b'{"name":}', b'{"a":1}x', b"{'a':1}", b'{"a":01}', b'{"a":1,"a":2', b'[1,2]', b'"text"', b"null", b"\xef\xbb\xbf{"):
        refuse(house, body, 400)


def test_wrong_types_are_named(house):
    for body, field in ((b'{"name":["a"]}', "name"), (b'{"phone":{"x":1}}', "phone"), ('{"手机":[1]}'.encode(), "phone")):
        told = refuse(house, body, 400)
        assert field in told["detail"] and told["code"] == "wrong_type", told
    number = house.company.lead(phone=13812340001)
    assert number["phone"] == "+8613812340001", "a phone sent as a number is understood"


def test_twelve_megabytes(house):
    big = b'{"name":"' + b"a" * (12 << 20) + b'"}'
    for target in (f"/capture/{house.company.key}", "/api/v1/records/lead", "/anything"):
        told = problem(raw(house, post(target, big)), 413, 400)
        assert told["code"], told
    assert any(r["reason"] for r in house.admin.get("/intake/receipts?state=quarantined&limit=5")["items"])
    answer = house.client().raw("POST", f"/capture/{house.company.key}", big, JSON)
    assert answer.status in (400, 413), "an ordinary client sees the answer, not a reset"
    assert_alive(house)


def test_large_but_not_too_large(house):
    refuse(house, b'{"name":"' + b"a" * (300 << 10) + b'"}', 413)
    lead = house.company.lead(message="长" * 3900)
    assert len(lead["message"]) == 3900
    clipped = house.company.lead(message="长" * 50000)
    assert clipped["message"] and len(clipped["message"]) >= 3900


def test_nested_brackets(house):
    refuse(house, b"[" * 100_000, 400)
    refuse(house, b'{"a":' * 40_000 + b"1" + b"}" * 40_000, 400)
    answer = house.admin.raw("POST", "/api/v1/records/lead", b"[" * 100_000, {**JSON, "Authorization": "Bearer " + house.admin.token})
    problem((answer.status, answer.headers, answer.body), 400)


def test_invalid_utf8(house):
    for body in (b'{"name":"\xff\xfe"}', b'{"name":"\xc0\xaf"}', b'{"name":"\xed\xa0\x80"}', b'{"name":"\xf4\x90\x80\x80"}', b'{"n\x80":"a"}'):
        refuse(house, body, 400)
    refuse(house, b"name=%FF%FE&phone=13800001111", 400, headers={"Content-Type": "application/x-www-form-urlencoded"})
    refuse(house, b'{"name":"\\ud800"}', 400)


def test_rare_characters_survive(house):
    for name in ("𠮷野家", "👨‍👩‍👧‍👦", "ﷺ", "ñ́", "欧阳𰻝", "a‮b", "零​宽"):
        lead = house.company.lead(name=name)
        assert lead["name"] == name, (lead["name"], name)
    found = house.admin.get("/records/lead?search=" + urllib.parse.quote("𠮷野家"))["items"]
    assert [r["name"] for r in found] == ["𠮷野家"], found


def test_nul_and_control_characters(house):
    refuse(house, b'{"name":"a\\u0000b","phone":"13811112222"}', 400)
    refuse(house, b'{"name":"a\0b"}', 400)
    lead = house.company.lead(name="钟\u0007声", message="第一行\n第二行")
    assert "\u0007" not in lead["name"] and lead["message"] == "第一行\n第二行", lead


def test_field_failure_F2_understood_variants(house):
    key = house.company.key
    for target in (f"/capture/{key}%20", f"/capture/{key}%0A", f"/capture/{key}%0D%0A", f"/capture/{key}/", f"/capture//{key}", f"//capture/{key}",
                   f"/capture/{key}%09", f"/capture/{key}%E2%80%8B"):
        body = json.dumps({"message": "F2 " + target.replace("/", "|")}).encode()
        status, headers, answer = raw(house, post(target, body))
        row = wait_for(lambda t=target: logged(house, "F2 " + t.replace("/", "|")), f"a row for {target}")
        assert row, target
        if status != 202:
            problem((status, headers, answer), 400, 404)
    lead = raw(house, post(f"/capture/{key}%20", b'{"name":"trailing space","phone":"13822220001"}', "Prefer: wait=10"))
    assert lead[0] == 202 and json.loads(lead[2])["state"] == "taken", lead


def test_field_failure_F2_raw_space_and_newline(house):
    key = house.company.key
    for i, target in enumerate((f"/capture/{key} ", f"/capture/{key}\n", f"/capture/{key}\r", f"/capture/{key} x", f" /capture/{key}", f"/capture/{key}\t")):
        mark = f"raw F2 {i}"
        told = problem(raw(house, post(target, json.dumps({"message": mark}).encode())), 400)
        assert "URL" in told["detail"] or "网址" in told["detail"] or "换行" in told["detail"] or "回车" in told["detail"], told
    marks = {f'{{"message": "raw F2 {i}"}}' for i in (0, 1, 3, 4)}
    rows = wait_for(lambda: (found := house.admin.get("/intake/receipts?state=quarantined&limit=50")["items"]) and
                    marks <= {r["preview"] for r in found if r["reason"] == "bad_request"} and found, "rows on the log")
    kept = {r["preview"]: r["source"]["key"] for r in rows if r["reason"] == "bad_request"}
    assert kept.get('{"message": "raw F2 0"}') == key, kept
    english = raw(house, post(f"/capture/{key} ", b"{}", "Accept-Language: en"))
    assert "space" in json.loads(english[2])["detail"], english


SMUGGLING = [
    ("two lengths", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"),
    ("two equal lengths", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"),
    ("a list of lengths", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd"),
    ("length and chunked", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunked with a tab", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n"),
    ("unknown coding", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
    ("coding hidden behind a name", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("a plus before the length", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd"),
    ("a minus before the length", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\nabcd"),
    ("a hexadecimal length", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\nabcd"),
    ("a length beyond numbers", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabcd"),
    ("a space before the colon", "POST {t} HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\nabcd"),
    ("a folded header", "POST {t} HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"),
    ("bare line feeds", "POST {t} HTTP/1.1\nHost: x\nContent-Length: 0\n\n"),
    ("a bare carriage return", "POST {t} HTTP/1.1\r\nHost: x\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n"),
    ("a NUL in a header", "POST {t} HTTP/1.1\r\nHost: x\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
    ("two hosts", "POST {t} HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n"),
    ("no host", "POST {t} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    ("a bad chunk size", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
    ("a chunk size beyond numbers", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
    ("a chunk without its end", "POST {t} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n0\r\n\r\n"),
    ("HTTP/2.0 in text", "POST {t} HTTP/2.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
    ("lower-case version", "POST {t} http/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
    ("a header without a name", "POST {t} HTTP/1.1\r\nHost: x\r\n: a\r\nContent-Length: 0\r\n\r\n"),
    ("a header without a colon", "POST {t} HTTP/1.1\r\nHost: x\r\nnonsense\r\nContent-Length: 0\r\n\r\n"),
    ("ten thousand bytes of URL", "POST {t}?" + "a" * 10_000 + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
    ("two hundred headers", "POST {t} HTTP/1.1\r\nHost: x\r\n" + "".join(f"X{i}: a\r\n" for i in range(200)) + "Content-Length: 0\r\n\r\n"),
]


def test_smuggling_table(house):
    for name, request in SMUGGLING:
        bytes_sent = request.replace("{t}", f"/capture/{house.company.key}").encode("latin-1")
        follow = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", house.port), timeout=15) as s:
            s.sendall(bytes_sent + follow)
            status, headers, body = read_answer(s)
            assert 400 <= status <= 505, (name, status)
            problem((status, headers, body), status)
            s.settimeout(10)
            rest = b""
            while piece := s.recv(65536):
                rest += piece
            assert b"HTTP/1.1 200" not in rest, f"{name}: the rest was taken as another request"
    assert_alive(house)


def test_unknown_keys_are_refused_by_the_api(house):
    told = house.admin.call("POST", "/records/account", {"name": "公司", "nonsense": 1})
    problem((told.status, told.headers, told.body), 400)
    assert told.json["fields"][0]["field"] == "nonsense", told
    wrong = house.admin.call("POST", "/leads/check", {"phone": ["x"], "other": 1})
    assert wrong.status == 400 and {f["field"] for f in wrong.json["fields"]} == {"phone", "other"}, wrong


def test_api_bad_bodies(house):
    head = {"Authorization": "Bearer " + house.admin.token}
    for body, kind, statuses in ((b"{", "application/json", (400,)), (b"[]", "application/json", (400,)), (b"a=b", "text/plain", (415,)),
                                 (b'{"name":"\xff"}', "application/json", (400,)), (b'{"name":"a","name":"b"}', "application/json", (400, 201))):
        answer = house.client().raw("POST", "/api/v1/records/account", body, {**head, "Content-Type": kind})
        assert answer.status in statuses, (body, answer)
        if answer.status >= 400:
            problem((answer.status, answer.headers, answer.body), answer.status)
    for path in ("/records/lead?limit=x", "/records/lead?filter=%FF", "/records/lead?filter=1+%2B", "/records/lead?after=zzz", "/records/lead/nonsense",
                 "/records/nonsense", "/records/lead?sort=nonsense", "/leads/%00", "/nothing"):
        answer = house.admin.call("GET", path)
        problem((answer.status, answer.headers, answer.body), 400, 404)


def test_a_thousand_idle_connections_disturb_nothing(house):
    idle = []
    try:
        for i in range(1000):
            s = socket.create_connection(("127.0.0.1", house.port), timeout=10)
            s.sendall(b"POST /cap" if i % 2 else b"")
            idle.append(s)
        began = time.monotonic()
        lead = house.company.lead(name="千人之中")
        assert lead["name"] == "千人之中" and time.monotonic() - began < 5
        assert_alive(house)
    finally:
        for s in idle:
            s.close()


def test_slow_client_was_cut_at_ten_seconds(house):
    house.slow.thread.join(40)
    assert 8 <= house.slow.seconds <= 20, house.slow.seconds
    assert b" 408 " in house.slow.answer and b"problem+json" in house.slow.answer, house.slow.answer
    rows = house.admin.get("/intake/receipts?state=quarantined&limit=50")["items"]
    assert any(r["source"]["key"] == house.company.key and r["reason"] == "bad_request" for r in rows)
    assert_alive(house)


if __name__ == "__main__":
    cases.main(globals())
