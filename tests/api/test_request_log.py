"""The log of requests: a line each, with patterns instead of paths, and nothing that is secret or personal."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, quiet_policy  # noqa: E402
from lib.house import PASSWORD, Live, wait_for  # noqa: E402

FILE = tempfile.mktemp(prefix="tenon-requests-", suffix=".jsonl")


def lines():
    with open(FILE, encoding="utf-8") as f:
        return [json.loads(line) for line in f.read().splitlines() if line.endswith("}")]


def logged(request_id):
    return wait_for(lambda: next((x for x in lines() if x["id"] == request_id), None), f"the line of {request_id}")


def test_every_answer_has_a_line_that_tells_no_secret(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)
    c = Company(house, 1, capacity=1000)
    lead = c.send(name="王芳芳", phone="13812345678", company="上海云帆科技有限公司")["lead"]
    answer = c.people[0].call("GET", f"/leads/{lead}?secret=QUERY-SECRET")
    line = logged(answer.headers["x-request-id"])
    assert line["method"] == "GET" and line["route"] == "/leads/:id" and line["status"] == answer.status, line
    answer = c.people[0].call("GET", f"/leads/{lead}", expect=200)
    line = logged(answer.headers["x-request-id"])
    assert line["user"] == c.people[0].id and line["bytes"] == len(answer.body) and 0 <= line["ms"] < 60000, line
    for path, route, status in (("/healthz", "probe", 200), ("/desk", "page", 200), ("/api/v1/nothing-" + "x" * 40, "unknown", 404), ("/capture/key-of-nobody", "/capture/", None)):
        answer = house.client().raw("POST" if "capture" in path else "GET", path, b"{}" if "capture" in path else None)
        line = logged(answer.headers["x-request-id"])
        assert line["route"] == route and line["status"] == (status or answer.status) and line["user"] is None, (path, line)
    live = Live(c.people[0].client)
    wait_for(lambda: [x for x in lines() if x["route"] == "/live" and x["status"] == 200], "the line of the stream")
    live.close()
    house.client().call("POST", "/sessions", {"login": "admin", "password": "wrong " + PASSWORD})
    wait_for(lambda: [x for x in lines() if x["route"] == "/sessions" and x["status"] == 401], "the line of a sign-in that failed")
    with open(FILE, encoding="utf-8") as f:
        text = f.read()
    for secret in ("王芳", "13812345678", lead, "QUERY-SECRET", "127.0.0.1", c.people[0].client.token, PASSWORD, "key-of-nobody", c.key, "admin"):
        assert secret not in text, secret
    house.stop()
    with open(FILE, encoding="utf-8") as f:
        assert all(json.loads(line)["status"] for line in f.read().splitlines()), "every line is whole after a stop"
    os.unlink(FILE)


if __name__ == "__main__":
    cases.main(globals(), extra=("--request-log", FILE))
