"""kill -9 under load: every acknowledged receipt is there and reaches a final state, no lead twice, timers fire."""
import http.client
import json
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, owner, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402

ROUNDS = int(os.environ.get("TENON_ROUNDS", "3"))
SENDERS = 8


def setup(house):
    quiet_policy(house, load_max=1000, freeze_misses=100)
    next_workday(house)
    house.company = Company(house, 4, capacity=100000)


class Sender(threading.Thread):
    """Sends leads as fast as it can, each with its own phone and key; sends again what was not acknowledged."""

    def __init__(self, house, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.house, self.number, self.stop, self.acknowledged, self.sent = house, number, stop, {}, 0

    def run(self) -> None:
        connection, again = None, None
        while not self.stop.is_set() or again:
            phone = again or f"1{30 + self.number}{random.randrange(10**8):08d}"
            again = phone
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=10)
                connection.request("POST", f"/capture/{self.house.company.key}", json.dumps({"name": "负载", "phone": phone}),
                                   {"Content-Type": "application/json", "Idempotency-Key": phone})
                answer = connection.getresponse()
                body = answer.read()
                self.sent += 1
                if answer.status == 202:
                    self.acknowledged[phone] = json.loads(body)["receipt"]
                    again = None
                elif answer.status != 503:
                    raise AssertionError(f"{answer.status} {body!r}")
            except (OSError, http.client.HTTPException):
                connection = None
                if self.stop.wait(0.05):
                    return


def states(house, source: str) -> dict:
    found, after = {}, ""
    while True:
        page = house.admin.get(f"/intake/receipts?limit=200&source={source}" + (f"&after={after}" if after else ""))
        found.update({r["id"]: r for r in page["items"]})
        after = page["next"]
        if not after:
            return found


def leads(house) -> list:
    found, after = [], ""
    while True:
        page = house.admin.get(f"/records/lead?limit=200&sort=created_at&filter=source%20%3D%20%22{house.company.source}%22" +
                               (f"&after={after}" if after else ""))
        found += page["items"]
        after = page["next"]
        if not after:
            return found


def one_round(house, seconds: float, end) -> dict:
    stop = threading.Event()
    senders = [Sender(house, i, stop) for i in range(SENDERS)]
    for s in senders:
        s.start()
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > seconds and sum(s.sent for s in senders) > 50, "some load", 30)
    end()
    stop.set()
    for s in senders:
        s.join(20)
    house.start()
    return {phone: receipt for s in senders for phone, receipt in s.acknowledged.items()}


def check_all_taken(house, acknowledged: dict) -> None:
    """Every acknowledged receipt became a lead, and none became two."""
    def settled():
        log = states(house, house.company.source)
        return all(r["state"] != "pending" for r in log.values()) and log
    log = wait_for(settled, "a final state for every receipt", 120)
    missing = [r for r in acknowledged.values() if r not in log]
    assert not missing, f"{len(missing)} acknowledged receipts are gone"
    unfinished = [log[r] for r in acknowledged.values() if log[r]["state"] not in ("taken", "duplicate")]
    assert not unfinished, unfinished[:3]
    rows = leads(house)
    phones = [r["phone"] for r in rows]
    assert len(phones) == len(set(phones)), "a lead came twice"
    assert {f"+86{p}" for p in acknowledged} <= set(phones), "an acknowledged lead is missing"


def test_kill_under_load(house):
    acknowledged = {}
    for i in range(ROUNDS):
        acknowledged |= one_round(house, 0.2 + random.random() * 0.8, house.kill)
        print(f"# round {i + 1}: {len(acknowledged)} acknowledged so far", flush=True)
    check_all_taken(house, acknowledged)
    assert len(acknowledged) > 50 * ROUNDS / 2


def test_stop_under_load(house):
    """An orderly stop while leads come in ends in order, and the next start finishes what was begun."""
    ends = []
    acknowledged = one_round(house, 1, lambda: ends.append(house.stop()))
    assert ends == [0], (ends, house.log_tail())
    check_all_taken(house, acknowledged)


def test_same_key_after_the_crash_is_the_same_lead(house):
    body = {"name": "崩溃前后", "phone": "13711112222"}
    first = house.capture(house.company.key, body, Idempotency_Key="before-crash")
    house.kill()
    house.start()
    again = house.capture(house.company.key, body, Idempotency_Key="before-crash")
    assert again == first, (again, first)


def test_timers_fire_after_the_crash(house):
    lead = Company(house, 2).send()["lead"]
    holder = owner(house, lead)
    house.kill()
    house.start()
    house.advance("5m")
    house.advance("1s")
    assert owner(house, lead) not in (None, holder), "the countdown ended in its time"


if __name__ == "__main__":
    cases.main(globals())
