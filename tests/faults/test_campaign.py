"""A campaign day in simulated time: leads of six sources in an hour, people who come and go, a channel that is down, a process that is killed.
Afterwards every lead has a fate that the report explains. What should be is worked out here from what was sent and what was acknowledged."""
import base64
import collections
import concurrent.futures
import http.client
import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import CHINA, instant, make, parse, person, quiet_policy, week  # noqa: E402
from lib.house import House, wait_for  # noqa: E402
from lib.partner import OK, Partner  # noqa: E402

FULL = int(os.environ.get("TENON_ROUNDS", "3")) >= 20
LEADS = int(os.environ.get("TENON_CAMPAIGN", "20000" if FULL else "2000"))
SENDERS = 6
DAY = "2026-09-14"
REPORT_AT = "2026-09-15T10:00:00+08:00"
MOVES = ("miss", "escalated")
SUMMARY = "电话沟通了需求，客户希望下周看演示并提供报价方案。"


class Site:
    """The servers of the house: one on SQLite, two on PostgreSQL. Calls go to those that are there."""

    def __init__(self, house: House) -> None:
        self.houses, self.turn = [house], itertools.count()

    def join(self) -> None:
        """On PostgreSQL a second server, as administrators set one up: with the key file of the first."""
        first = self.houses[0]
        if first.engine == "postgres":
            self.houses.append(House("postgres", first.postgres, database=first.database, start_at=self.read_clock(first),
                                     secret_key=first.dir + "/secret.key"))

    @staticmethod
    def read_clock(house: House) -> str:
        return house.admin.get("/test/clock")["now"].replace("Z", "+00:00")

    def alive(self) -> list[House]:
        return [h for h in self.houses if h.process.poll() is None]

    @property
    def one(self) -> House:
        """The next one in turn; while the only one starts again, the one that was."""
        alive = self.alive() or self.houses
        return alive[next(self.turn) % len(alive)]

    @property
    def admin(self):
        return self.one.admin

    def now(self) -> datetime:
        return parse(self.read_clock(self.one)).astimezone(CHINA)

    def move_to(self, when: datetime) -> None:
        first, *others = self.alive()
        self.set_clock(first, instant(when))
        for h in others:
            self.set_clock(h, instant(when))
            self.set_clock(h, self.read_clock(first))  # the first went on meanwhile; clocks of servers agree

    @staticmethod
    def set_clock(house: House, when: str) -> None:
        """Every timer of thousands of leads runs on the way: that may take a while on a busy machine."""
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {house.admin.token}"}
        answer = house.admin.raw("POST", "/api/v1/test/clock", json.dumps({"to": when}).encode(), head, timeout=600)
        assert answer.status == 200, answer

    def revive(self, house: House) -> None:
        """Starts a killed server again, its clock where that of the others is."""
        others = [h for h in self.alive() if h is not house]
        if others:
            house._begin_at(self.read_clock(others[0]))
        house.start()

    def remove(self) -> None:
        for h in self.houses[1:]:
            h.remove()


class Sent:
    """One thing sent: what it was meant to be, and what was acknowledged."""

    def __init__(self, source: str, kind: str, phone: str | None = None, **fields) -> None:
        self.source, self.kind, self.phone, self.fields = source, kind, phone, fields
        self.key = f"key-{id(self)}-{random.randrange(10 ** 12)}"
        self.receipt = self.lead = self.id = None


class People:
    """Teams with their heads; what they do is decided by the test's dice."""

    def __init__(self, site: Site, dice: random.Random) -> None:
        house = site.houses[0]
        self.calendar = make(house, "calendar", name="九到六", week=week(("09:00", "18:00")))
        self.heads, self.sellers, self.teams = [], [], []
        for n in range(5):
            team = make(house, "team", name=f"{n + 1}组", calendar=self.calendar)
            head = person(house, role="supervisor", team=team, name=f"主管{n + 1}")
            house.admin.patch(f"/records/team/{team}", {"head": head.id})
            self.teams.append(team)
            self.heads.append(head)
            self.sellers += [person(house, team=team, name=f"销售{n + 1}-{i + 1}", capacity=50) for i in range(11)]
        self.by_id = {p.id: p for p in self.heads + self.sellers}
        self.slow = {p.id for p in dice.sample(self.sellers, 8)}  # they let countdowns run out
        self.absent: dict[str, datetime] = {}

        self.tokens = {p.id: p.client.token for p in self.by_id.values()}  # good at every server of the house

    def client(self, site: Site, who: str):
        return site.one.client(self.tokens[who])


class Campaign:
    """What was sent, what people did, and what the channels got."""

    def __init__(self, house: House) -> None:
        self.dice, self.site, self.number = random.Random(20260914), Site(house), itertools.count(1)
        self.sent: list[Sent] = []
        self.rows: list[Sent] = []          # of the file
        self.phones: list[Sent] = []        # came with a phone that may come again
        self.touched: dict[str, list[datetime]] = collections.defaultdict(list)
        self.returned: dict[str, list[datetime]] = collections.defaultdict(list)
        self.closed: dict[str, datetime] = {}
        self.closed_phones: set[str] = set()
        self.grabs: list[tuple[str, str]] = []
        self.lock, self.faults, self.kills, self.at, self.clock = threading.Lock(), [], [], [], []
        self.pool = concurrent.futures.ThreadPoolExecutor(SENDERS)
        self.killed: House | None = None

    # ---- the company ----

    def furnish(self) -> None:
        house = self.site.houses[0]
        self.began = self.site.now()
        quiet_policy(house, load_max=max(8, LEADS // 800))
        self.people = People(self.site, self.dice)
        members = [p.id for p in self.people.sellers]
        self.main = make(house, "pool", name="主池", members=members)
        few = make(house, "pool", name="小池", members=sorted(self.people.slow)[:2])
        mapping = {"name": "data.user.nick", "phone": "data.contacts[0].tel", "email": "data.mail", "message": "data.q", "code": "data.tax"}
        self.sources = {}
        for name, more in {"form": {}, "encoded": {"pool": few}, "api": {}, "callback": {}, "file": {}, "ads": {"mapping": mapping}}.items():
            self.sources[name] = make(house, "source", name=f"来源 {name}", key=name, weight=60, rate_minute=1000000, rate_hour=1000000,
                                      **{"pool": self.main, **more})
        house.admin.call("PUT", f"/sources/{self.sources['callback']}/callback", {"kind": "token", "token": "token-of-the-switchboard"}, expect=200)
        self.api_key = house.admin.post("/api-keys", {"name": "官网", "scopes": "record.read record.write lead.work"}, 201)["key"]
        self.customers = []
        for n in range(20):
            phone = f"139{n:08d}"
            account = make(house, "account", name=f"老客户{n}有限公司", phone=phone, owner=members[n % len(members)])
            self.customers.append((phone, account))
        self.robot, self.hook = Partner(), Partner((200, {}))
        self.channels = [self.channel("wecom_robot", "群机器人", {"url": self.robot.url("/cgi-bin/webhook/send?key=K")}),
                         self.channel("webhook", "备用", {"url": self.hook.url("/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})]
        self.on_both = {p.id for p in self.people.sellers[:30:3]}  # the others use the second when the first fails
        for p in self.people.sellers[:30] + self.people.heads:
            items = [{"channel": self.channels[0], "address": p.login}, {"channel": self.channels[1], "address": "", "spare": p.id not in self.on_both}]
            house.admin.call("PUT", f"/users/{p.id}/channels", {"items": items, "quiet": None}, expect=200)
        self.site.join()

    def channel(self, kind: str, name: str, settings: dict) -> str:
        return self.site.houses[0].admin.post("/channels", {"kind": kind, "name": name, "settings": settings, "allowed_host": "127.0.0.1"}, 201)["id"]

    # ---- what comes in ----

    def phone_new(self) -> str:
        return f"13{3 + self.dice.randrange(6)}{next(self.number):08d}"

    def spelt(self, phone: str) -> str:
        """The same number as people write it."""
        if len(phone) < 11:
            return phone
        return self.dice.choice([phone, f"+86 {phone}", f"{phone[:3]} {phone[3:7]} {phone[7:]}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", f"0086{phone}"])

    def make_one(self, source: str) -> Sent:
        n, chance = next(self.number), self.dice.random()
        if source == "api":
            return Sent(source, "new", self.phone_new(), name=f"接口{n}")
        if chance < 0.09 and self.phones:
            before = self.dice.choice(self.phones)
            if before.phone not in self.closed_phones:
                return Sent(source, "repeat", before.phone, name=f"再来{n}", message=f"又问一次 {n}")
        if chance < 0.10:
            phone, account = self.dice.choice(self.customers)
            return Sent(source, "customer", phone, name=f"老客{n}", account=account)
        if chance < 0.12 and source in ("form", "encoded"):
            return Sent(source, "bot", self.phone_new(), name=f"机器{n}", _hp="http://spam.example")
        if chance < 0.14:
            return Sent(source, "bad_phone", "12", name=f"错号{n}")
        if chance < 0.16 and source in ("form", "ads"):
            return Sent(source, "broken", None, name=f"断{n}")
        if chance < 0.18:
            return Sent(source, "silent", None, name=f"无号{n}", message=f"只留了言 {n}")
        return Sent(source, "new", self.phone_new(), name=f"访客{n}", message="想了解一下报价")

    def batch(self, n: int) -> list[Sent]:
        shares = {"form": 35, "encoded": 18, "api": 12, "callback": 17, "ads": 18}
        made = [self.make_one(source) for source in self.dice.choices(list(shares), list(shares.values()), k=n)]
        return made

    def request(self, s: Sent) -> tuple[str, bytes, dict]:
        fields = {k: v for k, v in s.fields.items() if k != "account"}
        if s.phone:
            fields["phone"] = self.spelt(s.phone)
        head = {"Content-Type": "application/json", "Idempotency-Key": s.key}
        if s.source == "api":
            return "/api/v1/records/lead", json.dumps({**fields, "source": self.sources["api"]}).encode(), {**head, "Authorization": f"Bearer {self.api_key}"}
        if s.source == "encoded":
            return "/capture/encoded", urlencode(fields).encode(), {**head, "Content-Type": "application/x-www-form-urlencoded"}
        if s.source == "callback":
            return "/callback/callback?token=token-of-the-switchboard", json.dumps(fields).encode(), {"Content-Type": "application/json"}
        if s.source == "ads":
            fields = {"data": {"user": {"nick": fields.get("name")}, "contacts": [{"tel": fields.get("phone")}], "q": fields.get("message")}}
        body = json.dumps(fields, ensure_ascii=False).encode()
        return f"/capture/{s.source}", body[:-1] if s.kind == "broken" else body, head

    def deliver(self, s: Sent) -> None:
        """Sends until it is acknowledged, as a sender does that wants to be rid of it; now and then once more for no reason."""
        path, body, head = self.request(s)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answer = self.attempt(path, body, head)
            if answer and answer[0] in (200, 201, 202, 400):
                self.acknowledge(s, *answer)
                if s.receipt and self.dice.random() < 0.04:
                    again = self.attempt(path, body, head)
                    if again and again[0] in (202, 400) and json.loads(again[1])["receipt"] != s.receipt:
                        self.faults.append(f"one key, two receipts: {s.receipt} {again[1]!r}")
                return
            if answer and answer[0] not in (409, 429, 503):
                self.faults.append(f"{s.source}: {answer[0]} {answer[1][:300]!r}")
                return
            time.sleep(0.02)
        self.faults.append(f"{s.source}: never acknowledged")

    def attempt(self, path: str, body: bytes, head: dict) -> tuple[int, bytes] | None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.site.one.port, timeout=20)
            connection.request("POST", path, body, head)
            answer = connection.getresponse()
            text = answer.read()
            connection.close()
            return answer.status, text
        except (OSError, http.client.HTTPException):
            return None

    def acknowledge(self, s: Sent, status: int, body: bytes) -> None:
        if s.source == "api":
            s.lead = json.loads(body)["id"] if status == 201 else None
            s.lead or self.faults.append(f"api: {status} {body[:300]!r}")
        elif s.source != "callback":
            s.receipt = json.loads(body).get("receipt")
            if s.receipt is None or (status == 400) != (s.kind == "broken"):
                self.faults.append(f"{s.kind} of {s.source}: {status} {body[:300]!r}")
        with self.lock:
            self.sent.append(s)

    def send(self, n: int, meanwhile=None) -> None:
        made = self.batch(n)
        done = [self.pool.submit(self.deliver, s) for s in made]
        if meanwhile:
            wait_for(lambda: sum(d.done() for d in done) > n // 3, "a third of the batch")
            meanwhile()
        for d in done:
            d.result()
        self.phones += [s for s in made if s.kind == "new" and s.source != "api"]
        self.settle()

    def settle(self) -> None:
        wait_for(lambda: self.site.admin.get("/intake/summary")["today"]["pending"] == 0, "every receipt to be taken in", 120)

    # ---- the file ----

    def import_begin(self, n: int) -> None:
        lines = ["姓名,手机,备注"]
        for i in range(n):
            s = self.make_one("file")
            s.fields.pop("account", None) and setattr(s, "kind", "customer")
            self.rows.append(s)
            s.id = f"{s.fields['name']}"
            lines.append(f"{s.fields['name']},{self.spelt(s.phone) if s.phone else ''},{s.fields.get('message', '')}")
        data = base64.b64encode(("\n".join(lines) + "\n").encode()).decode()
        admin = self.site.admin
        self.job = admin.post("/imports", {"name": "名单.csv", "source": self.sources["file"]}, 201)["id"]
        admin.post(f"/imports/{self.job}/data", {"offset": 0, "data": data})
        admin.post(f"/imports/{self.job}/check", {"way": "rules"})
        wait_for(lambda: self.import_state()["state"] == "checked", "the dry run", 60)
        admin.post(f"/imports/{self.job}/run")

    def import_state(self) -> dict:
        return self.site.admin.get(f"/imports/{self.job}")

    # ---- what people do ----

    def pages(self, path: str, **query) -> list[dict]:
        found, after = [], None
        while True:
            more = {**query, **({"after": after} if after else {})}
            page = self.site.admin.get(f"{path}?{urlencode(more, quote_via=quote)}")
            found += page["items"]
            after = page.get("next")
            if not after:
                return found

    def act(self, chance: float = 0.6) -> None:
        """Everybody who is there contacts some of what they hold; a few give back, close, or reach for what is not theirs."""
        held = self.pages("/records/lead", limit=200, sort="created_at", filter='status = "new" AND NOT ISBLANK(owner)')
        jobs = []
        for lead in held:
            owner, roll = lead["owner"], self.dice.random()
            if owner not in self.people.by_id or owner in self.people.absent:
                continue
            if owner in self.people.slow:
                roll = roll / 0.15 if roll < 0.15 else 1
            jobs += [(lead, roll / chance)] if roll < chance else []
            if self.dice.random() < 0.004:
                jobs.append((lead, -1))
        list(self.pool.map(lambda job: self.act_once(*job), jobs))

    def act_once(self, lead: dict, roll: float) -> None:
        id, owner = lead["id"], lead["owner"]
        if roll < 0:
            self.grab(id, owner)
        elif roll < 0.02:
            self.did(id, self.people.client(self.site, owner).call("POST", f"/leads/{id}/return", {"reason": "不在我的区域"}), self.returned[id])
        elif roll < 0.03:
            done = []
            self.did(id, self.people.client(self.site, owner).call("POST", f"/leads/{id}/invalid", {"reason": "空号"}), done)
            if done:
                self.closed[id] = done[0]
                self.closed_phones.add((lead["phone"] or "").removeprefix("+86"))
        else:
            self.did(id, self.people.client(self.site, owner).call("POST", f"/leads/{id}/touch", {"method": "call", "summary": SUMMARY}), self.touched[id])

    def did(self, lead: str, answer, when: list) -> None:
        if answer.status == 200:
            when.append(self.at[-1])
        elif answer.status == 409 and answer.json["code"] == "protected":  # it has moved on meanwhile, and this was reaching for it
            with self.lock:
                self.grabs.append((None, lead))
        elif answer.status not in (403, 404, 409):
            self.faults.append(f"an act: {answer}")

    def grab(self, lead: str, owner: str) -> None:
        """Somebody of the same team reaches for a protected lead; whoever may see everything does not count as this test's."""
        other = next(p for p in self.people.sellers if p.id != owner)
        answer = self.people.client(self.site, other.id).call("POST", f"/leads/{lead}/touch", {"method": "call", "summary": SUMMARY})
        if answer.status == 409 and answer.json["code"] == "protected":
            with self.lock:
                self.grabs.append((other.id, lead))

    def come_and_go(self) -> None:
        now = self.site.now()
        for who, until in list(self.people.absent.items()):
            if until <= now:
                self.site.admin.post(f"/users/{who}/absence", {"absent": False})
                del self.people.absent[who]
        for p in self.dice.sample(self.people.sellers, 2):
            if p.id not in self.people.absent and self.dice.random() < 0.7:
                self.site.admin.post(f"/users/{p.id}/absence", {"absent": True})
                self.people.absent[p.id] = now + timedelta(minutes=self.dice.randrange(6, 25))
        if self.dice.random() < 0.2:
            self.site.admin.call("POST", f"/users/{self.dice.choice(sorted(self.people.slow))}/release")

    # ---- the day ----

    def move_to(self, when: datetime) -> None:
        self.site.move_to(when)
        self.at.append(when)
        self.clock.append((time.time(), when))

    def step(self, when: datetime, n: int = 0, chance: float = 0.6, meanwhile=None) -> None:
        self.move_to(when)
        if n:
            self.send(n, meanwhile)
        self.act(chance)

    def kill(self, house: House) -> None:
        house.kill()
        self.kills.append((time.time(), house))
        if len(self.site.houses) == 1:
            self.site.revive(house)
        else:
            self.killed = house

    def hour(self) -> None:
        start = datetime.fromisoformat(f"{DAY}T10:10:00+08:00")
        steps, per = 30, LEADS * 85 // 100 // 30
        for i in range(steps):
            if i == 7:
                self.down_from = time.time()
                self.robot.always = {"errcode": 93000, "errmsg": "invalid webhook url"}
            if i == 20:
                self.robot.always, self.down_until = OK, time.time()
            if i == 14:
                self.import_begin(LEADS * 15 // 100)
            if i == 20 and self.killed:
                self.site.revive(self.killed)
                self.killed = None
            self.step(start + timedelta(minutes=2 * i), per, meanwhile=(lambda: self.kill(self.site.houses[0])) if i == 15 else None)
            self.come_and_go()
        wait_for(lambda: self.import_state()["state"] == "done", "the import", 120)
        self.settle()

    def evening(self) -> None:
        at = datetime.fromisoformat(f"{DAY}T11:10:00+08:00")
        while at < datetime.fromisoformat(f"{DAY}T18:00:00+08:00"):
            self.step(at)
            at += timedelta(minutes=4 if at.hour < 12 else 30)
        self.step(datetime.fromisoformat(f"{DAY}T20:30:00+08:00"), LEADS // 100, 0)

    def morning(self) -> None:
        at = datetime.fromisoformat("2026-09-15T09:00:30+08:00")
        while at < datetime.fromisoformat("2026-09-15T09:57:00+08:00"):
            self.step(at)
            at += timedelta(minutes=4)
        self.move_to(datetime.fromisoformat(REPORT_AT) + timedelta(seconds=1))

    def business(self, real: float) -> datetime:
        """The time of the house at a moment; while the clock was moved, the one from where."""
        began, when = max((c for c in self.clock if c[0] <= real), default=(real, self.began))
        return when + timedelta(seconds=real - began)

    def play(self) -> None:
        began = time.monotonic()
        for part in (self.furnish, self.hour, self.evening, self.morning):
            part()
            print(f"# {part.__name__}: {time.monotonic() - began:.0f} s, {len(self.sent) + len(self.rows)} sent, {len(self.touched)} touched", flush=True)
        assert not self.faults, self.faults[:5]


def setup(house):
    house.day = day = Campaign(house)
    remove = house.remove
    house.remove = lambda: (day.site.remove(), remove())
    day.play()
    house.found = Found(day)


class Found:
    """What the house says afterwards."""

    def __init__(self, day: Campaign) -> None:
        began = time.monotonic()
        self.receipts = {r["id"]: r for name in day.sources for r in day.pages("/intake/receipts", limit=200, source=day.sources[name])}
        self.leads = {r["id"]: r for r in day.pages("/records/lead", limit=200, sort="created_at")}
        self.moves = dict(day.pool.map(lambda id: (id, day.site.admin.get(f"/leads/{id}/assignments")["items"][::-1]), self.leads))
        self.report = day.site.admin.get("/reports/assignment/2026-09-15")
        self.until = self.report["until"]
        self.fates = {id: self.fate(day, id) for id in self.leads}
        print(f"# {len(self.receipts)} receipts, {len(self.leads)} leads read in {time.monotonic() - began:.0f} s", flush=True)

    def before(self, id: str) -> list[dict]:
        return [m for m in self.moves[id] if m["at"] < self.until]

    def fate(self, day: Campaign, id: str) -> str:
        """By its moves and by what people did, without a look at the lead."""
        moves, late = self.before(id), any(m["kind"] in MOVES for m in self.before(id))
        if id in day.closed:
            return "closed"
        if moves[-1]["owner"] is None:
            return "returned" if moves[-1]["kind"] == "return" else "waiting"
        if day.touched.get(id):
            return "contacted_late" if late else "contacted"
        if moves[-1]["kind"] == "escalated":
            return "escalated"
        return "moved_on" if late else "in_time"

    def by_lead(self, state: str) -> dict[str, list[dict]]:
        found = collections.defaultdict(list)
        for r in self.receipts.values():
            if r["state"] == state:
                found[r["lead"]].append(r)
        return found


def test_every_acknowledged_receipt_is_in_one_final_state(house):
    """And nothing is there that nobody sent."""
    day, found = house.day, house.found
    wanted = {"new": ("taken",), "repeat": ("duplicate",), "customer": ("taken", "duplicate"), "silent": ("taken",), "bot": ("quarantined",),
              "bad_phone": ("quarantined",), "broken": ("quarantined",)}
    acknowledged = [s for s in day.sent if s.receipt]
    missing = [s.receipt for s in acknowledged if s.receipt not in found.receipts]
    assert not missing, f"{len(missing)} acknowledged receipts are gone"
    wrong = [(s.kind, found.receipts[s.receipt]) for s in acknowledged if found.receipts[s.receipt]["state"] not in wanted[s.kind]]
    assert not wrong, (len(wrong), wrong[:3])
    assert len({s.receipt for s in acknowledged}) == len(acknowledged), "two senders, one receipt"
    reasons = {"bot": "suspected_bot", "bad_phone": "bad_phone", "broken": "bad_json"}
    assert all(found.receipts[s.receipt]["reason"] == reasons[s.kind] for s in acknowledged if s.kind in reasons)
    for source in day.sources:
        sent = sum(s.source == source for s in day.sent + day.rows)
        there = sum(r["source"]["key"] == source for r in found.receipts.values())
        assert there == (0 if source == "api" else sent), (source, sent, there)


def test_every_lead_is_there_once(house):
    """One lead a phone, whatever way it was written, by the rules of matching; one for each that left none."""
    day, found = house.day, house.found
    api = {s.lead for s in day.sent if s.source == "api"}
    assert api <= set(found.leads) and len(api) == sum(s.source == "api" for s in day.sent)
    taken, repeated = found.by_lead("taken"), found.by_lead("duplicate")
    assert set(taken) | api == set(found.leads), "a lead without a receipt, or a receipt without its lead"
    assert all(len(r) == 1 for r in taken.values()), "two receipts say that they became the same lead"
    phones = collections.Counter(r["phone"] for r in found.leads.values() if r["phone"])
    closed = {found.leads[id]["phone"] for id in day.closed}
    doubled = [p for p, n in phones.items() if n > 1 and p not in closed]
    assert not doubled, (len(doubled), doubled[:3])
    sent = {f"+86{s.phone}" for s in day.sent + day.rows if s.phone and s.kind not in ("bot", "bad_phone")}
    assert sent == set(phones), (len(sent - set(phones)), len(set(phones) - sent))
    silent = sum(s.kind == "silent" for s in day.sent + day.rows)
    assert sum(r["no_contact_allowed"] for r in found.leads.values()) == silent
    wrong = [id for id, lead in found.leads.items() if (lead["repeats"] or 0) != len(repeated[id])]
    assert not wrong, (len(wrong), wrong[:3])
    accounts = {f"+86{phone}": account for phone, account in day.customers}
    assert all(lead["known_account"] == accounts.get(lead["phone"]) for lead in found.leads.values() if lead["phone"] in accounts)


def behind(day: Campaign, figure: str, **which) -> list[str]:
    return [i["lead"] for i in day.pages("/reports/assignment/2026-09-15/leads", figure=figure, **which)]


def test_the_report_explains_every_fate(house):
    """Its fates add up to the leads, and behind each stand exactly the leads that have it."""
    day, found, report = house.day, house.found, house.found.report
    wanted = collections.Counter(found.fates.values())
    print(f"# {dict(wanted)}, waiting for {report['waiting_for']}", flush=True)
    assert {f: n for f, n in report["fates"].items() if n} == dict(wanted), (report["fates"], wanted)
    assert sum(report["fates"].values()) == report["totals"]["in_play"] == len(found.leads), report["totals"]
    for fate in report["fates"]:
        rows = behind(day, fate)
        assert len(rows) == len(set(rows)) and set(rows) == {id for id, f in found.fates.items() if f == fate}, fate
    assert sum(report["waiting_for"].values()) == wanted["waiting"] and "" not in report["waiting_for"], report["waiting_for"]
    assert wanted["contacted"] and wanted["contacted_late"] and wanted["waiting"], "a day on which everything happens"


def test_the_report_accounts_for_what_came_in(house):
    day, found, got = house.day, house.found, house.found.report["received"]
    states = collections.Counter(r["state"] for r in found.receipts.values())
    assert {s: n for s, n in got.items() if n and s not in ("by_hand", "reasons")} == dict(states), (got, states)
    assert got["reasons"] == dict(collections.Counter(r["reason"] for r in found.receipts.values() if r["state"] == "quarantined")), got
    assert got["by_hand"] == sum(s.source == "api" for s in day.sent) and got["pending"] == 0, got
    assert got["taken"] + got["by_hand"] == len(found.leads), "every new lead is in play"


def test_the_figures_are_those_of_the_moves(house):
    day, found, report = house.day, house.found, house.found.report
    held = collections.defaultdict(set)
    for id in found.leads:
        for m in found.before(id):
            if m["owner"]:
                held[m["owner"]["id"]].add(id)
    assigned = set().union(*held.values())
    assert report["totals"]["assigned"] == len(assigned) and set(behind(day, "assigned")) == assigned
    assert {p["id"]: p["assigned"] for p in report["people"] if p["assigned"]} == {who: len(ids) for who, ids in held.items()}
    missed = {id for id in found.leads if any(m["kind"] in MOVES for m in found.before(id))}
    overdue = set(behind(day, "overdue"))
    assert report["totals"]["overdue"] == len(overdue) and missed <= overdue, (len(missed), len(overdue))
    assert all(found.fates[id] in ("waiting", "returned", "closed") for id in overdue - missed), "overdue without a miss, and it waits for nobody"
    assert report["totals"]["grab"] == len(day.grabs) > 0, (report["totals"], len(day.grabs))
    assert sorted(behind(day, "grab")) == sorted(lead for _, lead in day.grabs)


def test_nobody_holds_more_than_the_rules_say(house):
    """Nobody got a lead twice, or while absent or frozen as far as the moves tell; what was decided at once was decided soon."""
    day, found = house.day, house.found
    for id, moves in found.moves.items():
        owners = [m["owner"]["id"] for m in moves if m["owner"] and m["kind"] not in MOVES]
        assert len(owners) == len(set(owners)), (id, [(m["kind"], m["at"]) for m in moves])
        for before, after in zip(moves, moves[1:]):
            chained = before["at"] <= after["at"] and (before["owner"] or {}).get("id") == (after["before"] or {}).get("id")
            assert chained, (id, [(m["at"], m["kind"], (m["before"] or {}).get("name"), (m["owner"] or {}).get("name")) for m in moves])
    at_once = [id for id, lead in found.leads.items() if lead["source"] != day.sources["file"]]  # a file is worked off beside all that
    late = sorted((parse(found.moves[id][0]["at"]) - parse(found.leads[id]["captured_at"])).total_seconds() for id in at_once)
    print(f"# decided within {late[len(late) // 2]:.2f} s in the middle, {late[-1]:.2f} s at most", flush=True)
    assert late[-1] < 60, late[-5:]


def names(day: Campaign, ids: set) -> set:
    return {p.name for p in day.people.sellers if p.id in ids}


def sent_rows(day: Campaign) -> list[dict]:
    found = []
    for channel in day.channels:
        found += [{**r, "channel": channel} for r in day.pages(f"/channels/{channel}/log") if r["state"] == "sent"]
    return found


def test_no_message_twice_and_each_receiver_in_order(house):
    """Only what was on its way when a process was killed may come again, with the same key."""
    day = house.day
    ids = collections.defaultdict(list)
    for r in day.hook.requests:
        ids[r.headers["webhook-id"]].append(r.at)
    again = {id: at for id, at in ids.items() if len(at) > 1}
    killed = [at for at, _ in day.kills]
    assert all(any(at[0] - 5 < kill < at[-1] + 5 for kill in killed) for at in again.values()), again
    order = collections.defaultdict(list)
    for r in sent_rows(day):
        if r["reason"] != "lead.escalated":  # urgent for who takes over, not for the group: one may overtake the other
            who = r["receiver"]["id"]
            order[who, r["reason"], r["channel"] if who in day.on_both else "lane"].append((r["at"], r["seq"]))
    wrong = [(who, rows) for who, rows in order.items() if [seq for _, seq in sorted(rows)] != sorted(seq for _, seq in rows)]
    assert not wrong, wrong[0]
    assert len(order) > 30, "many people got something"


def test_the_other_channel_took_over_and_nothing_stale_was_sent(house):
    day, found = house.day, house.found
    down = [r for r in day.hook.requests if day.down_from < r.at < day.down_until and r.json["data"]["receiver"] not in names(day, day.on_both)]
    assert down, "while the robot was down, nothing went out"
    assert any(r.at > day.down_until for r in day.robot.requests), "the robot was not used again"
    got = collections.defaultdict(list)
    for id, moves in found.moves.items():
        for m in moves:
            if m["owner"]:
                got[id, m["owner"]["name"]].append(parse(m["at"]))
    seen = 0
    for r in day.hook.requests:
        data = r.json["data"]
        if r.json["type"] != "lead.assigned" or data["count"] != 1:
            continue
        assigned = max(got[data["record"], data["receiver"]])
        if assigned.astimezone(CHINA).hour == 17:
            continue  # its countdown goes on in the morning
        seen += 1
        assert day.business(r.at) <= assigned + timedelta(minutes=6), (r.json, day.business(r.at), assigned)
    assert seen > 5, seen


def test_no_timer_is_overdue(house):
    day, late = house.day, 60000
    now = int(day.site.now().timestamp() * 1000)
    query = f"SELECT count(*) FROM %stimer WHERE next_at < {now - late}"
    if house.engine == "postgres":
        overdue = int(house.postgres.query(query % "tenon.", house.database.rsplit("/", 1)[1]))
    else:
        with sqlite3.connect(f"file:{house.dir}/tenon.db?mode=ro", uri=True) as db:
            overdue = db.execute(query % "").fetchone()[0]
    assert overdue == 0, f"{overdue} timers are overdue"


def test_nobody_waited_for_each_other(house):
    """Locks are taken in one order: PostgreSQL never had to break a circle of waiting transactions."""
    if house.engine == "postgres":
        name = house.database.rsplit("/", 1)[1]
        deadlocks = int(house.postgres.query(f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'"))
        with open(house.postgres.data + "/server.log", encoding="utf-8", errors="replace") as f:
            told = [line for line in f if "eadlock" in line or "waits for" in line or line.startswith("\tProcess")]
        assert deadlocks == 0, f"{deadlocks} deadlocks: {''.join(told)[:3000]}"


def test_verify_finds_nothing(house):
    command = [house.binary, "verify", "--data", house.dir] + (["--database", house.database] if house.database else [])
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])


if __name__ == "__main__":
    cases.main(globals())
