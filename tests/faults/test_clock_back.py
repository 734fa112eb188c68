"""The wall clock is set back, and forward again, under a running server and across restarts: leads come in, timers keep their real time,
times never go back, nobody is signed out. The clock is that of wall_clock.c, preloaded; the machine's own is not touched."""
import os
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import cases  # noqa: E402
from lib.company import Company, instant, next_workday, owner, parse, quiet_policy, read  # noqa: E402
from lib.house import Live, wait_for  # noqa: E402
from test_kill import SENDERS, Sender, leads, states  # noqa: E402

HOUR = 3600 * 1000
MARK = 1.0   # seconds between two marks of the time
SLACK = 5    # seconds that a busy machine may take to run what is due


class WallClock:
    """The real time that the server sees, ahead of (or behind) the machine's by as many milliseconds as were last set."""

    def __init__(self, house) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tenon-clock-")
        self.house, self.library, self.file = house, self.folder.name + "/wall_clock.so", self.folder.name + "/offset"
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wall_clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", self.library, source, "-ldl"], check=True)
        self.set(0)

    def set(self, ms: int) -> None:
        with open(self.file, "r+b" if os.path.exists(self.file) else "wb") as f:
            f.write(struct.pack("=q", ms))

    def start(self) -> None:
        self.house.start(wrapper=("env", "LD_PRELOAD=" + self.library, "TENON_WALL_CLOCK=" + self.file))


def setup(house):
    quiet_policy(house, load_max=1000, freeze_misses=100)
    next_workday(house)
    house.stop()
    house.wall = WallClock(house)
    house.wall.start()
    house.company = Company(house, 4, capacity=100000)


def business_now(house):
    return parse(house.admin.get("/test/clock")["now"]).timestamp()


def server_date(house) -> str:
    """What the server takes for the time of day: it stands in every answer."""
    return house.client().raw("GET", "/healthz").headers["date"]


class Watch(threading.Thread):
    """Asks for the time again and again; remembers where it went back."""

    def __init__(self, house, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.house, self.stop, self.seen, self.backwards = house, stop, 0, []

    def run(self) -> None:
        last = ""
        while not self.stop.wait(0.01):
            now = self.house.admin.get("/test/clock")["now"]
            if now < last:
                self.backwards.append((last, now))
            last, self.seen = now, self.seen + 1


def test_the_preloaded_clock_is_what_the_server_reads(house):
    """Without this the tests below could not fail."""
    house.wall.set(-48 * HOUR)
    try:
        wanted = time.strftime("%d %b %Y", time.gmtime(time.time() - 48 * 3600))
        assert wanted in server_date(house), (wanted, server_date(house))
    finally:
        house.wall.set(0)


def test_leads_come_in_while_the_clock_jumps(house):
    stop = threading.Event()
    senders, watch = [Sender(house, i, stop) for i in range(SENDERS)], Watch(house, stop)
    for thread in (*senders, watch):
        thread.start()
    for jump in (0, -2 * HOUR, 0, -5 * HOUR, -HOUR // 2, -30 * 24 * HOUR, 0):
        house.wall.set(jump)
        before, seen = sum(len(s.acknowledged) for s in senders), watch.seen
        wait_for(lambda: sum(len(s.acknowledged) for s in senders) > before + 80 and watch.seen > seen + 2, f"leads with the clock at {jump}", 30)
    stop.set()
    for thread in (*senders, watch):
        thread.join(20)
    assert not watch.backwards, watch.backwards[:3]
    acknowledged = {phone: receipt for s in senders for phone, receipt in s.acknowledged.items()}
    assert len(set(acknowledged.values())) == len(acknowledged), "two deliveries got one id"
    log = wait_for(lambda: (found := states(house, house.company.source)) and all(r["state"] != "pending" for r in found.values()) and found,
                   "a final state for every receipt", 120)
    assert all(log[r]["state"] == "taken" for r in acknowledged.values()), "an acknowledged receipt is gone or was not taken"
    for s in senders:
        stamps = [log[receipt]["at"] for receipt in s.acknowledged.values()]
        assert stamps == sorted(stamps), "receipts of one visitor are dated in the order of their coming"
        ids = list(s.acknowledged.values())
        assert [i[:13] for i in ids] == sorted(i[:13] for i in ids), "and their ids ascend"
    rows = leads(house)
    assert {f"+86{p}" for p in acknowledged} <= {r["phone"] for r in rows} and len(rows) == len({r["phone"] for r in rows}) == len({r["id"] for r in rows})


def countdown(house, company) -> tuple:
    """A lead with three seconds of its countdown left."""
    lead = company.lead()
    due = parse(lead["respond_by"])
    house.move_to(instant(due - timedelta(seconds=3)))
    left = due.timestamp() - business_now(house)
    assert left <= 3, left
    return lead["id"], lead["owner"], time.monotonic() + left


def runs_out_in_time(house, lead, holder, due, lost=0.0) -> None:
    """Not before it is due, and soon after; `lost` seconds may have passed unnoticed."""
    wait_for(lambda: owner(house, lead) != holder, "the end of the countdown", max(due - time.monotonic(), 0) + lost + SLACK)
    assert time.monotonic() > due - 0.2, "not before its time"
    assert owner(house, lead) is not None


def test_a_countdown_takes_its_real_time(house):
    company = Company(house, 3)
    for back in (2 * HOUR, 400 * 24 * HOUR):
        lead, holder, due = countdown(house, company)
        house.wall.set(-back)
        try:
            runs_out_in_time(house, lead, holder, due)
            lead, holder, due = countdown(house, company)  # one that begins while the clock is behind
            house.wall.set(0)                              # and is set right again
            runs_out_in_time(house, lead, holder, due)
        finally:
            house.wall.set(0)


def test_back_and_forth_moves_business_time_by_nothing(house):
    began, at = time.monotonic(), business_now(house)
    for jump in (-2 * HOUR, 0, -HOUR, -3 * HOUR, 0):
        house.wall.set(jump)
        assert abs(business_now(house) - at - (time.monotonic() - began)) < SLACK


def test_nobody_is_signed_out(house):
    person = Company(house, 1)
    token, live = person.people[0].client.token, Live(person.people[0].client)
    key = house.admin.post("/api-keys", {"name": "uhr"}, 201)["key"]
    try:
        for jump in (-2 * HOUR, 0, -30 * 24 * HOUR, 0):
            house.wall.set(jump)
            for held in (token, key, house.admin.token):
                assert house.client(held).call("GET", "/me").status == 200, jump
            fresh = house.sign_in(person.people[0].login, "correct horse battery")
            assert fresh.get("/me")["id"] == person.people[0].id
            assert len(fresh.get("/sessions")["items"]) >= 2
        house.wall.set(-2 * HOUR)
        live.wait("lead.assigned", person.send()["lead"])
    finally:
        house.wall.set(0)
        live.close()


def restarted(house, end) -> None:
    """Ends the server, starts it by a clock two hours behind; what it knew, when it went on, and its timers are as before."""
    company = Company(house, 3)
    body = {"name": "重启之前", "phone": f"1371234{company.n:04d}"}
    first = house.capture(company.key, body, Idempotency_Key=f"behind-{company.n}")
    held = company.people[0].client.token
    lead, holder, due = countdown(house, company)
    before, receipts = business_now(house), states(house, company.source)
    ended = time.monotonic()
    end()
    house.wall.set(-2 * HOUR)
    house.wall.start()
    try:
        after = business_now(house)
        assert after >= before, f"time went back by {before - after} s"
        runs_out_in_time(house, lead, holder, due - MARK, time.monotonic() - ended + MARK)
        assert house.client(held).call("GET", "/me").status == 200, "still signed in"
        assert set(receipts) <= set(states(house, company.source)), "a receipt is gone"
        assert house.capture(company.key, body, Idempotency_Key=f"behind-{company.n}") == first, "the same delivery is still the same"
        later = company.lead()
        assert later["created_at"] > read(house, lead)["created_at"] and later["id"] > lead, "what is new is newer"
        assert "system clock" in house.log_tail(20000), "the log says that the clock is behind"
    finally:
        house.wall.set(0)


def test_killed_and_started_by_a_clock_that_is_behind(house):
    restarted(house, house.kill)


def test_stopped_and_started_by_a_clock_that_is_behind(house):
    restarted(house, house.stop)


def test_z_a_clock_set_forward_is_followed(house):
    """Last: what it brings about lasts. The way back to the clock's own time is the file that the log names."""
    at = business_now(house)
    house.wall.set(3 * HOUR)
    assert business_now(house) >= at + 3 * 3600 - 10
    house.wall.set(0)
    assert business_now(house) >= at + 3 * 3600 - 10, "and does not come back by itself"
    house.stop()
    house.wall.start()
    assert business_now(house) >= at + 3 * 3600 - 10, "nor by a restart"
    house.stop()
    os.unlink(re.search(r"remove (\S+/clock)\b", house.log_tail())[1])
    house.wall.start()
    assert business_now(house) < at + 3600


if __name__ == "__main__":
    cases.main(globals())
