"""PostgreSQL restarted under load: served or refused with 503, nothing lost, nothing double. On SQLite there is nothing to restart."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import cases  # noqa: E402
from lib.company import Company, next_workday, owner, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402
from test_kill import SENDERS, Sender, leads, states  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000, freeze_misses=100)
    next_workday(house)
    house.company = Company(house, 4, capacity=100000)


def restarted_under_load(house, mode):
    if house.engine != "postgres":
        return
    stop = threading.Event()
    senders = [Sender(house, i, stop) for i in range(SENDERS)]
    for s in senders:
        s.start()
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 1 and sum(s.sent for s in senders) > 50, "some load", 30)
    house.postgres.stop(mode)
    gone = house.client().call("GET", "/openapi.json")
    assert gone.status in (200, 503), gone
    refused = house.admin.call("GET", "/records/lead")
    assert refused.status == 503 and refused.headers["content-type"] == "application/problem+json" and refused.headers["retry-after"], refused
    assert house.client().raw("GET", "/readyz").status == 503
    house.postgres.start()
    wait_for(lambda: house.client().raw("GET", "/readyz").status == 200, "the server to find its database again", 30)
    before = sum(len(s.acknowledged) for s in senders)
    wait_for(lambda: sum(len(s.acknowledged) for s in senders) > before + 50, "leads to come in again", 30)
    stop.set()
    for s in senders:
        s.join(20)
    acknowledged = {phone: receipt for s in senders for phone, receipt in s.acknowledged.items()}
    log = wait_for(lambda: (found := states(house, house.company.source)) and all(r["state"] != "pending" for r in found.values()) and found,
                   "a final state for every receipt", 120)
    assert set(acknowledged.values()) <= set(log), "an acknowledged receipt is gone"
    assert all(log[r]["state"] in ("taken", "duplicate") for r in acknowledged.values())
    phones = [r["phone"] for r in leads(house)]
    assert len(phones) == len(set(phones)), "a lead came twice"
    assert {f"+86{p}" for p in acknowledged} <= set(phones), "an acknowledged lead is missing"


def test_fast_restart_under_load(house):
    restarted_under_load(house, "fast")


def test_crash_under_load(house):
    restarted_under_load(house, "immediate")


def test_timers_fire_after_the_restart(house):
    lead = Company(house, 2).send()["lead"]
    holder = owner(house, lead)
    if house.engine == "postgres":
        house.postgres.stop("fast")
        house.postgres.start()
        wait_for(lambda: house.client().raw("GET", "/readyz").status == 200, "the server to find its database again", 30)
    house.advance("5m")
    house.advance("1s")
    assert owner(house, lead) not in (None, holder)


if __name__ == "__main__":
    cases.main(globals())
