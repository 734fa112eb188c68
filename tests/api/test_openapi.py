"""The description of the API is true: every call in it is reachable, and nothing that fits or does not fit it brings the server down."""
import json
import os
import random
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, quiet_policy  # noqa: E402
from lib.house import PASSWORD, Client, Live  # noqa: E402

METHODS = ("get", "post", "put", "patch", "delete")
NIL = "01a00000-0000-7000-8000-000000000000"
LAST = ("/api/v1/sessions/current", "/api/v1/sessions/{id}", "/api/v1/me/password", "/api/v1/users/{id}/password", "/api/v1/policy",
        "/api/v1/users/{id}/absence", "/api/v1/me", "/api/v1/test/clock")
ODD = [None, True, False, 0, -1, 1, 2**31, 2**53, -2**63, 1e308, 0.1, "", " ", "a", "0", "null", "𠮷👨‍👩‍👧", "' OR 1=1 --", "%00", "../../etc/passwd", "x" * 5000,
       [], {}, [[]], {"a": {"b": []}}, [1, "a", None], "2026-02-30T25:61:00Z", "9999-12-31T23:59:59Z", NIL, "‮", "\n\t", "{{7*7}}"]


def setup(house):
    quiet_policy(house)
    next_workday(house)
    house.company = Company(house, 1)
    sent = house.company.send()
    house.lead, house.receipt = sent["lead"], sent["receipt"]
    for kind in ("account", "contact", "opportunity", "task", "territory", "skill"):
        make(house, kind, name="样本")
    make(house, "activity", kind="call", summary="样本")
    house.document = house.client().get("/openapi.json")


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method], item.get("parameters", []) + item[method].get("parameters", [])


def resolve(document, schema):
    while "$ref" in schema:
        at = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        schema = at
    return schema


def is_stream(operation):
    """An answer without end is read by its own test."""
    return any("text/event-stream" in a.get("content", {}) for a in operation["responses"].values())


def id_for(house, path):
    if path.startswith("/capture/"):
        return house.receipt
    if "/leads/" in path or "/records/lead" in path:
        return house.lead
    if "/users/" in path or "/records/user" in path:
        return house.company.people[0].id
    for kind, known in (("team", house.company.team), ("pool", house.company.pool), ("source", house.company.source), ("calendar", house.company.calendar)):
        if "/records/" + kind in path:
            return known
    if "/records/" in path:
        items = house.admin.get("/records/" + path.split("/records/")[1].split("/")[0])["items"]
        return items[0]["id"] if items else NIL
    return NIL


def filled(house, path, value=None):
    for name in [p.strip("{}") for p in path.split("/") if p.startswith("{")]:
        known = {"version": "1", "source_key": house.company.key}
        given = value if value is not None else known.get(name) or id_for(house, path)
        path = path.replace("{" + name + "}", urllib.parse.quote(str(given), safe=""))
    return path


def sample(document, schema, depth=0):
    """A value that fits the schema, as far as it says."""
    schema = resolve(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema:
        return schema["default"]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {k: sample(document, v, depth + 1) for k, v in schema.get("properties", {}).items() if k in schema.get("required", []) and depth < 4}
    if kind == "array":
        return []
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return False
    formats = {"uuid": NIL, "date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01"}
    return formats.get(schema.get("format"), "x" * max(1, schema.get("minLength", 1)))


def body_schema(document, operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return resolve(document, content["schema"]) if "schema" in content else None


def send(client, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer " + client.token, **({"Content-Type": "application/json"} if data is not None else {})}
    return client.raw(method.upper(), path, data, headers)


def check(answer, what):
    assert answer.status < 500, (what, answer)
    if answer.status >= 400:
        assert answer.headers["content-type"].startswith("application/problem+json"), (what, answer)
        told = answer.json
        assert told["status"] == answer.status and told["title"] and told["code"] and told["detail"], (what, answer)
    elif answer.status != 204:
        assert answer.json is not None or answer.status == 200, (what, answer)


def own_admin(house) -> Client:
    """Some calls end the session that makes them."""
    return house.sign_in("admin", PASSWORD)


def test_document_is_well_formed(house):
    d = house.document
    assert d["openapi"].startswith("3.1") and d["info"]["title"] and d["info"]["version"] and d["info"]["license"], d["info"]
    seen = [o["operationId"] for _, _, o, _ in operations(d)]
    assert len(seen) == len(set(seen)) > 80, "operation ids are unique"
    tags = {t["name"] for t in d["tags"]}
    for method, path, operation, parameters in operations(d):
        where = f"{method} {path}"
        assert operation["summary"] and operation["responses"] and set(operation.get("tags", [])) <= tags, where
        assert any(k.startswith("2") for k in operation["responses"]), where
        in_path = {p["name"] for p in (resolve(d, p) for p in parameters) if p["in"] == "path"}
        assert in_path == {p.strip("{}") for p in path.split("/") if p.startswith("{")}, where
        for p in (resolve(d, p) for p in parameters):
            assert p["schema"] and (p["in"] != "path" or p["required"] is True), where
        for answer in operation["responses"].values():
            assert resolve(d, answer)["description"], where
    text = json.dumps(d)
    for part in text.split('"$ref": "')[1:]:
        resolve(d, {"$ref": part.split('"')[0]})


def test_nothing_needs_guessing(house):
    """No sign-in for the document; the calls of the page of the API are all in it."""
    paths = house.document["paths"]
    for path in ("sessions", "boot", "records/lead", "leads/{id}/touch", "leads/{id}/claim", "leads/{id}/return", "leads/{id}/assign", "leads/{id}/convert",
                 "leads/{id}/assignments", "policy/try", "intake/receipts", "board", "desk", "procedure", "test/clock", "records/territory"):
        assert "/api/v1/" + path in paths, path
    for path in ("/capture/{source_key}", "/capture/{source_key}/receipts/{id}", "/api/v1/live"):
        assert path in paths, path


def fits(document, schema, value):
    """Whether a value is of the schema, as far as this document uses it."""
    schema = resolve(document, schema)
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    names = {str: "string", bool: "boolean", int: "integer", type(None): "null", dict: "object", list: "array"}
    if kinds and names[type(value)] not in kinds:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return set(schema.get("required", [])) <= set(value) and all(k in known and fits(document, known[k], v) for k, v in value.items())
    return True


def success(operation):
    return next((int(k), a["content"]) for k, a in operation["responses"].items() if k[0] == "2")


def multipart(body: dict) -> bytes:
    parts = "".join(f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in body.items())
    return (parts + "--edge--\r\n").encode()


def test_capture_is_as_described(house):
    """All ways of sending, with the headers and members that are told, and the look-up; the answers fit their schemas."""
    send = house.document["paths"]["/capture/{source_key}"]["post"]
    look = house.document["paths"]["/capture/{source_key}/receipts/{id}"]["get"]
    assert send["security"] == look["security"] == [], "open to everybody"
    assert {p["name"] for p in send["parameters"] if p["in"] == "header"} == {"Idempotency-Key", "Prefer"}
    bodies = {"application/json": lambda b: json.dumps(b).encode(), "application/x-www-form-urlencoded": lambda b: urllib.parse.urlencode(b).encode(),
              "multipart/form-data": multipart}
    assert set(send["requestBody"]["content"]) == set(bodies)
    for n, (kind, encode) in enumerate(bodies.items()):
        known = send["requestBody"]["content"][kind]["schema"]["properties"]
        values = {"phone": f"1350000000{n}", "email": f"a{n}@example.org", "consent": "true"}
        body = {name: values.get(name, "上海") for name in known}
        answer = house.client().raw("POST", f"/capture/{house.company.key}", encode(body),
                                    {"Content-Type": kind + ("; boundary=edge" if encode is multipart else ""), "Prefer": "wait=10", "Idempotency-Key": kind})
        status, content = success(send)
        assert answer.status == status == 202 and fits(house.document, content[answer.headers["content-type"]]["schema"], answer.json), answer
        lead = house.admin.get("/leads/" + answer.json["lead"])
        assert all(lead[name] == "上海" for name in known if name not in values) and not lead["extra"], (lead, "every member told is understood")
        found = house.client().raw("GET", f"/capture/{house.company.key}/receipts/{answer.json['receipt']}")
        status, content = success(look)
        assert found.status == status == 200 and fits(house.document, content[found.headers["content-type"]]["schema"], found.json), found
    empty = house.client().raw("POST", f"/capture/{house.company.key}", b"{}", {"Content-Type": "application/json", "Prefer": "wait=10"})
    assert empty.status == 202 and fits(house.document, success(send)[1]["application/json"]["schema"], empty.json), empty


def test_live_is_as_described(house):
    live = house.document["paths"]["/api/v1/live"]["get"]
    assert {(p["in"], p["name"]) for p in live["parameters"]} == {("query", "after"), ("query", "token"), ("header", "Last-Event-ID")}
    stream = Live(house.admin, after=0)
    try:
        assert (stream.response.status, stream.response.headers["content-type"].split(";")[0]) == (200, "text/event-stream") and is_stream(live)
        event = stream.wait("lead.assigned", Company(house, 1).send()["lead"])
        assert all(name in live["summary"] for name in event), (event, live["summary"])
    finally:
        stream.close()
    refused = house.client().call("GET", "/live")
    assert refused.status == 401 and refused.headers["content-type"] == "application/problem+json", refused


def test_every_call_is_reachable(house):
    client = own_admin(house)
    ordered = sorted(operations(house.document), key=lambda o: (o[1] in LAST, o[0] == "delete"))
    for method, path, operation, parameters in ordered:
        if is_stream(operation):
            continue
        schema = body_schema(house.document, operation)
        body = sample(house.document, schema) if schema else ({} if method in ("post", "patch", "put") else None)
        answer = send(client, method, filled(house, path), body)
        check(answer, (method, path, body))
        if answer.status == 404:
            assert answer.json["code"] != "no_such_path", (method, path)
        assert answer.status != 405, (method, path)
        if answer.status == 401:
            client = own_admin(house)


def test_wrong_ids_and_queries(house):
    client = own_admin(house)
    for method, path, operation, parameters in operations(house.document):
        if method != "get" or is_stream(operation):
            continue
        if "{" in path:
            for value in ("x", NIL, "%", "0" * 300, "𠮷", "-1", "99999999999999999999"):
                check(send(client, method, filled(house, path, value)), (path, value))
        for p in (resolve(house.document, p) for p in parameters):
            if p["in"] == "query":
                for value in ("", "x", "-1", "99999999999999999999", "𠮷", "'", "[]", "true", "\x00", "a" * 3000):
                    query = urllib.parse.urlencode({p["name"]: value})
                    check(send(client, method, filled(house, path) + "?" + query), (path, query))


def test_boundary_values_in_bodies(house):
    """A seeded fuzzer: each member in turn gets what it does not expect."""
    dice = random.Random(20261123)
    client = own_admin(house)
    skipped = ("/api/v1/test/clock", "/api/v1/policy", "/api/v1/sessions")
    for method, path, operation, _ in operations(house.document):
        schema = body_schema(house.document, operation)
        if schema is None or path in skipped or (path.startswith("/api/v1/records/") and dice.random() < 0.5):
            continue
        fitting = sample(house.document, schema)
        members = list(schema.get("properties", {})) or ["anything"]
        for member in dice.sample(members, min(4, len(members))):
            for value in dice.sample(ODD, 6):
                body = {**fitting, member: value} if isinstance(fitting, dict) else value
                answer = send(client, method, filled(house, path), body)
                check(answer, (method, path, body))
                if answer.status == 401:
                    client = own_admin(house)
        for whole in ([], "text", 5, None, [{}]):
            check(send(client, method, filled(house, path), whole), (method, path, whole))
    assert house.client().raw("GET", "/readyz").status == 200


def test_fields_of_records_take_or_refuse_anything(house):
    dice = random.Random(7)
    accepted = 0
    for definition in house.admin.get("/objects")["objects"]:
        kind = definition["name"]
        path = f"/api/v1/records/{kind}/{{id}}"
        target = filled(house, path)
        if kind == "user":
            target = f"/api/v1/records/user/{make(house, 'user', name='试', login='fuzzed', password=PASSWORD)}"
        if kind in ("source", "pool", "calendar", "team"):
            target = f"/api/v1/records/{kind}/{make(house, kind, name='试', **({'key': 'fuzzed'} if kind == 'source' else {}))}"
        if kind == "lead":
            target = f"/api/v1/records/lead/{make(house, 'lead', name='试')}"
            house.admin.post(f"/leads/{target.rsplit('/', 1)[1]}/assign", {"to": house.admin.get("/me")["id"]})
        for field in definition["fields"]:
            for value in dice.sample(ODD, 12):
                answer = send(house.admin, "patch", target, {field["name"]: value})
                check(answer, (kind, field["name"], value))
                accepted += answer.status == 200
                if answer.status == 200:
                    check(send(house.admin, "get", f"/api/v1/records/{kind}"), (kind, field["name"], value))
    assert accepted > 100, accepted
    assert Company(house, 1).send()["lead"], "leads still come in, whatever stands in the fields of sources and calendars"


def test_policy_survives_nonsense(house):
    before = house.admin.get("/policy")
    for value in ODD:
        for key in before["policy"]:
            answer = house.admin.call("POST", "/policy/try", {"policy": {**before["policy"], key: value}})
            check(answer, (key, value))
        check(house.admin.call("PUT", "/policy", {"policy": value, "note": "x"}), value)
    assert house.admin.get("/policy")["version"] == before["version"]


def test_test_clock_refuses_nonsense(house):
    for body in ({"advance": "x"}, {"advance": "-1h"}, {"advance": "9999999999d"}, {"to": "2020-01-01T00:00:00Z"}, {"to": "nonsense"}, {"advance": 5}):
        answer = house.admin.call("POST", "/test/clock", body)
        assert answer.status == 400, (body, answer)
        check(answer, body)


if __name__ == "__main__":
    cases.main(globals())
