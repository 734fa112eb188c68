"""/metrics: the text format of Prometheus, read strictly; numbers that follow what is done; closed to strangers."""
import math
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, quiet_policy  # noqa: E402

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'^({NAME})(?:\{{((?:{NAME}="(?:[^"\\\n]|\\["\\n])*",?)*)\}})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+?Inf|NaN))$')
LABEL = re.compile(rf'({NAME})="((?:[^"\\\n]|\\["\\n])*)"')


def setup(house):
    quiet_policy(house)
    next_workday(house)
    house.company = Company(house, 1, capacity=100)


def parse(text: str) -> dict:
    """{family: (type, {(name, labels): value})}; every rule of the format that a scraper relies on is asserted."""
    families, current, seen = {}, None, set()
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in families, f"{name} comes twice"
            assert len(line.split(" ", 3)[3]) > 5, line
            families[name], current = [None, {}], name
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and families[name][0] is None and not families[name][1], line
            assert kind in ("counter", "gauge", "histogram"), line
            families[name][0] = kind
        else:
            found = SAMPLE.match(line)
            assert found, f"no sample: {line!r}"
            name, labels, value = found.group(1), tuple(LABEL.findall(found.group(2) or "")), float(found.group(3))
            family, kind = current, families[current][0]
            allowed = {family + s for s in ("_bucket", "_sum", "_count")} if kind == "histogram" else {family}
            assert name in allowed, f"{line!r} stands in the family {family}"
            assert kind != "counter" or (family.endswith("_total") and value >= 0), line
            assert (name, labels) not in seen, f"twice: {line}"
            seen.add((name, labels))
            families[family][1][(name, labels)] = value
    for family, (kind, samples) in families.items():
        assert kind, family
        if kind == "histogram":
            check_histogram(family, samples)
    return {f: (k, s) for f, (k, s) in families.items()}


def check_histogram(family: str, samples: dict) -> None:
    groups = {}
    for (name, labels), value in samples.items():
        if name.endswith("_bucket"):
            rest = tuple(x for x in labels if x[0] != "le")
            groups.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    assert groups, family
    for rest, buckets in groups.items():
        assert [b for b, _ in buckets] == sorted(b for b, _ in buckets), "bounds ascend"
        assert [n for _, n in buckets] == sorted(n for _, n in buckets), "counts are cumulative"
        assert math.isinf(buckets[-1][0]) and buckets[-1][1] == samples[(family + "_count", rest)], "+Inf is the count"
        assert (samples[(family + "_sum", rest)] > 0) == (buckets[-1][1] > 0) or buckets[-1][1] > 0


def scrape(house) -> dict:
    answer = house.client().raw("GET", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4"), answer
    return parse(answer.body.decode())


def value(metrics: dict, name: str, **labels) -> float:
    family = metrics[name][1]
    return sum(v for (n, l), v in family.items() if set(labels.items()) <= set(l))


def test_the_format_and_what_it_holds(house):
    house.company.send()
    house.admin.get("/records/lead?limit=5")
    house.admin.call("GET", "/records/lead/nonsense")
    metrics = scrape(house)
    wanted = {"tenon_http_requests_total", "tenon_http_request_seconds", "tenon_receipts_settled_total", "tenon_taker_backlog",
              "tenon_batch_jobs", "tenon_commit_seconds", "tenon_live_streams", "tenon_timers_late", "tenon_outbox_waiting",
              "process_resident_memory_bytes", "process_open_fds", "tenon_receipts_pending", "tenon_receipts_quarantined"}
    wanted |= {"tenon_database_bytes", "tenon_receipts_commit_seconds"} if house.engine == "sqlite" else set()
    assert wanted <= set(metrics), wanted - set(metrics)
    assert value(metrics, "process_resident_memory_bytes") > 1e6 and value(metrics, "process_open_fds") > 5


def test_the_numbers_follow(house):
    before = scrape(house)
    for _ in range(5):
        house.company.send()
    house.capture(house.company.key, b"{no json", expect=400)
    for _ in range(3):
        house.admin.get("/records/lead?limit=5")
    after = scrape(house)

    def more(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)
    assert more("tenon_receipts_kept_total") == 6
    assert more("tenon_receipts_settled_total", state="taken") == 5
    assert more("tenon_receipts_quarantined") == 1
    asked = more("tenon_http_requests_total", method="GET", route="/records/:object", status="200")
    assert asked == 3, asked
    assert value(after, "tenon_timers_late") == 0


def test_strangers_see_nothing(house):
    def ask(token=None):
        headers = {"X-Forwarded-For": "203.0.113.9", **({"Authorization": "Bearer " + token} if token else {})}
        return house.client().raw("GET", "/metrics", None, headers)
    assert ask().status == 401
    assert ask("nonsense").status == 401
    assert ask(house.company.people[0].client.token).status == 403
    assert ask(house.admin.token).status == 200
    key = house.admin.post("/api-keys", {"name": "Prometheus", "scopes": "system.manage"}, 201)["key"]
    parse(ask(key).body.decode())
    other = house.admin.post("/api-keys", {"name": "Other", "scopes": "record.read"}, 201)["key"]
    assert ask(other).status == 403


if __name__ == "__main__":
    cases.main(globals())
