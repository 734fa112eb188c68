"""A company that a test builds for itself: people in a team, in a pool, fed by a source. Tests share a server but not people."""
import itertools
from datetime import datetime, timedelta, timezone

from lib.house import Client, House, wait_for

PASSWORD = "correct horse battery"
CHINA = timezone(timedelta(hours=8))
_names = itertools.count(1)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
NOT_WORKED = {"2026-09-25", "2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"}


def week(*shifts: tuple[str, str], days=WEEKDAYS) -> dict:
    """Working hours for a calendar: week(("09:00", "18:00"))."""
    return {day: [list(s) for s in shifts] if day in days else [] for day in WEEKDAYS + ("sat", "sun")}


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def instant(when: datetime) -> str:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def minutes_between(a: str, b: str) -> float:
    return (parse(b) - parse(a)).total_seconds() / 60


def now(house: House) -> datetime:
    return parse(house.admin.get("/test/clock")["now"]).astimezone(CHINA)


def to_china(house: House, day: str, hour: str) -> str:
    """Moves the clock to a day and hour of China: to_china(house, "2026-10-10", "09:00")."""
    return house.move_to(f"{day}T{hour}:00+08:00")


def next_workday(house: House, hour: str = "10:00") -> datetime:
    """Moves the clock to that hour of the next day on which everybody works; not at all within two hours after it."""
    at, (h, m) = now(house), map(int, hour.split(":"))
    day = at.replace(hour=h, minute=m, second=0, microsecond=0)

    def is_worked() -> bool:
        return day.weekday() < 5 and day.strftime("%Y-%m-%d") not in NOT_WORKED
    if is_worked() and day <= at < day + timedelta(hours=2):
        return at
    while day < at or not is_worked():
        day += timedelta(days=1)
    house.move_to(instant(day))
    return day


class Person:
    """Somebody with an account; signs in when first asked to do something."""

    def __init__(self, house: House, record: dict) -> None:
        self.house, self.id, self.login, self.name = house, record["id"], record["login"], record["name"]
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        if self._client is None or self._client.port != self.house.port:
            self._client = self.house.sign_in(self.login, PASSWORD)
        return self._client

    def get(self, path: str, expect: int = 200):
        return self.client.get(path, expect)

    def post(self, path: str, body=None, expect: int = 200):
        return self.client.post(path, body, expect)

    def call(self, *arguments, **more):
        return self.client.call(*arguments, **more)

    def touch(self, lead: str, summary: str = "电话沟通了需求，客户希望下周看演示并提供报价方案。", expect: int = 200, **more):
        return self.post(f"/leads/{lead}/touch", {"method": "call", "summary": summary, **more}, expect)

    def alerts(self, reason: str | None = None) -> list[dict]:
        return [a for a in self.get("/alerts")["items"] if reason in (None, a["reason"])]


def make(house: House, what: str, /, **fields) -> str:
    """Creates a record as the administrator and gives its id."""
    return house.admin.post("/records/" + what, fields, 201)["id"]


def person(house: House, **fields) -> Person:
    n = next(_names)
    record = house.admin.post("/records/user", {"name": f"人员{n}", "login": f"user{n}", "password": PASSWORD, **fields}, 201)
    return Person(house, record)


class Company:
    """A head, some salespeople, their team, their pool and a source that fills it."""

    def __init__(self, house: House, people: int = 1, calendar: str | None = None, source: dict | None = None, **fields) -> None:
        self.house, self.n = house, next(_names)
        self.calendar = calendar or make(house, "calendar", name=f"时间{self.n}", week=week(("09:00", "18:00")))
        self.team = make(house, "team", name=f"团队{self.n}", calendar=self.calendar)
        self.head = person(house, role="supervisor", team=self.team)
        house.admin.patch(f"/records/team/{self.team}", {"head": self.head.id})
        self.people = [self.hire(**fields) for _ in range(people)]
        self.pool = make(house, "pool", name=f"线索池{self.n}", members=[p.id for p in self.people])
        self.key = f"key{self.n}"
        self.source = make(house, "source", name=f"来源{self.n}", key=self.key, weight=80, pool=self.pool, **(source or {}))

    def hire(self, **fields) -> Person:
        return person(self.house, **{"team": self.team, **fields})

    def members(self, *people: Person) -> None:
        self.house.admin.patch(f"/records/pool/{self.pool}", {"members": [p.id for p in people]})

    def send(self, expect_state: str = "taken", **fields) -> dict:
        """One lead through the source; its answer."""
        number = next(_names)
        body = {"name": f"访客{number}", "phone": f"138{number:08d}", **fields}
        body = {k: v for k, v in body.items() if v is not None}
        answer = self.house.capture(self.key, body)
        assert answer["state"] == expect_state, answer
        return answer

    def lead(self, **fields) -> dict:
        """A lead taken in, as the administrator reads it."""
        return read(self.house, self.send(**fields)["lead"])


def read(house: House, lead: str) -> dict:
    return house.admin.get(f"/leads/{lead}")


def owner(house: House, lead: str) -> str | None:
    return read(house, lead)["owner"]


def decisions(house: House, lead: str) -> list[dict]:
    """Newest first."""
    return house.admin.get(f"/leads/{lead}/assignments")["items"]


def dropped(decision: dict) -> dict:
    return {d["user"]: d["rule"] for d in decision["dropped"]}


def import_state(house: House, id: str, *wanted: str, seconds: float = 60) -> dict:
    """Waits until the import is in one of these states; one that failed ends the wait, unless that is wanted."""
    def look():
        now = house.admin.get(f"/imports/{id}")
        assert now["state"] != "failed" or "failed" in wanted, now
        return now if now["state"] in wanted else None
    return wait_for(look, f"import in {wanted}", seconds)


def quiet_policy(house: House, **numbers) -> dict:
    """A policy in which only the pools of sources have people: what fits nobody waits in a pool where nobody works."""
    known = [p["id"] for p in house.admin.get("/records/pool?limit=200")["items"] if p["name"] == "兜底"]
    waiting = known[0] if known else make(house, "pool", name="兜底", members=[person(house, active=False).id])
    policy = {"pools": [{"pool": waiting, "filters": {"territory": True, "skill": True}}], "territory_by": ["province", "city"],
              "fallback_pool": waiting, "touch_minutes": 5, "protection_minutes": 120, "hops_max": 3, "escalate_minutes": 120,
              "freeze_misses": 3, "load_max": 3, "summary_min": 20, "rank": ["weight", "load", "idle"], "out_of_hours": "hold", **numbers}
    house.admin.call("PUT", "/policy", {"policy": policy, "note": "测试"}, expect=201)
    return policy
