"""Two servers on one PostgreSQL, and what one of them has in hand when it is killed or stands still: imports, the pace of a robot."""
import base64
import itertools
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lib import cases  # noqa: E402
from lib.company import Company, import_state  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402
from test_processes import on_both, setup  # noqa: E402, F401
from test_kill import leads  # noqa: E402


numbers = itertools.count(1)


def many(n: int, start: int) -> bytes:
    return ("姓名,手机\n" + "".join(f"客户{start + i},136{start + i:08d}\n" for i in range(n))).encode()


def upload(houses, source: str, data: bytes) -> str:
    """An import with its file in pieces, each sent to the next server, as a proxy does."""
    houses = list(houses)
    id = houses[0].admin.post("/imports", {"name": "名单.csv", "source": source}, 201)["id"]
    size = len(data) // 3 + 1
    for i, at in enumerate(range(0, len(data), size)):
        piece = base64.b64encode(data[at:at + size]).decode()
        houses[i % len(houses)].admin.post(f"/imports/{id}/data", {"offset": at, "data": piece})
    return id


def own_folders(pair) -> None:
    for house in pair:
        if os.path.islink(house.dir + "/imports"):
            os.unlink(house.dir + "/imports")


def one_folder(pair) -> None:
    """As several servers are set up: what is uploaded lies where all can read it."""
    own_folders(pair)
    os.makedirs(pair.a.dir + "/imports", exist_ok=True)
    shutil.rmtree(pair.b.dir + "/imports", ignore_errors=True)
    os.symlink(pair.a.dir + "/imports", pair.b.dir + "/imports")


def phones(house, prefix: str) -> list[str]:
    return [r["phone"] for r in leads(house) if r["phone"].startswith("+86" + prefix)]


@on_both
def test_an_import_is_no_business_of_who_has_not_its_file(pair):
    """The other server is asked to import something, and starts anew, while the first has an import of its own under way."""
    own_folders(pair)
    mine = upload([pair.a], pair.a.company.source, many(20000, 10000000))
    pair.a.admin.post(f"/imports/{mine}/check", {})
    import_state(pair.a, mine, "checked")
    pair.a.admin.post(f"/imports/{mine}/run")
    other = upload([pair.b], pair.a.company.source, many(5, 20000000))
    pair.b.admin.post(f"/imports/{other}/check", {})
    import_state(pair.b, other, "checked")
    assert pair.b.stop() == 0
    pair.b.start()
    answer = pair.b.admin.call("POST", f"/imports/{mine}/look", {})
    assert answer.status == 409 and answer.json["code"] in ("file_elsewhere", "no_file"), answer
    done = import_state(pair.b, mine, "done", seconds=120)
    assert done["taken"] == 20000 and done["bad"] == done["repeated"] == 0, done
    assert len(phones(pair.a, "1361")) == 20000
    looked = pair.a.admin.call("POST", f"/imports/{other}/look", {})
    assert looked.status == 409 and looked.json["code"] == "file_elsewhere", looked
    pair.a.admin.post(f"/imports/{other}/run")
    assert import_state(pair.a, other, "done")["taken"] == 5, "asked of the one, done by the other, which has the file"


@on_both
def test_an_import_goes_on_at_the_other(pair):
    """Pieces and clicks go to both in turn; the one that was asked to run it is killed, and comes back."""
    one_folder(pair)
    id = upload(pair, pair.a.company.source, many(60000, 30000000))
    pair.b.admin.post(f"/imports/{id}/check", {})
    assert import_state(pair.a, id, "checked")["taken"] == 60000
    pair.a.admin.post(f"/imports/{id}/run")
    wait_for(lambda: pair.b.admin.get(f"/imports/{id}")["done"] > 0, "the first rows")
    pair.a.kill()
    done = import_state(pair.b, id, "done", seconds=120)
    pair.a.start()
    assert done["done"] == 60000 and done["taken"] == 60000, done
    assert len(phones(pair.b, "1363")) == len(set(phones(pair.b, "1363"))) == 60000


@on_both
def test_what_stands_still_holds_nobody_up(pair):
    """The one that imports is stopped in the middle of it: the other goes on with it, and with what comes in meanwhile."""
    one_folder(pair)
    id = upload(pair, pair.a.company.source, many(60000, 40000000))
    pair.a.admin.post(f"/imports/{id}/check", {})
    import_state(pair.a, id, "checked")
    pair.a.admin.post(f"/imports/{id}/run")
    wait_for(lambda: pair.b.admin.get(f"/imports/{id}")["done"] > 0, "the first rows")
    pair.a.process.send_signal(signal.SIGSTOP)
    try:
        answer = pair.b.capture(pair.key, {"name": "等不及", "phone": "13500000001"}, wait=30)
        assert answer["state"] == "taken", answer
        done = import_state(pair.b, id, "done", seconds=120)
    finally:
        pair.a.process.send_signal(signal.SIGCONT)
    assert done["done"] == 60000 and done["taken"] == 60000, done
    assert len(phones(pair.b, "1364")) == len(set(phones(pair.b, "1364"))) == 60000
    wait_for(lambda: pair.a.client().raw("GET", "/readyz").status == 200, "the one that stood still")
    assert pair.a.admin.get(f"/imports/{id}")["state"] == "done"


def one_key(pair) -> None:
    assert pair.b.stop() == 0
    shutil.copy(pair.a.dir + "/secret.key", pair.b.dir + "/secret.key")
    pair.b.start()


def take_over(pair, leave, come_back) -> None:
    """Thirty people in one robot, which takes twenty cards a minute, and one who hears of his leads by a webhook: his card says who sends."""
    robot, hook = Partner(), Partner((200, {}))
    crowd, one = (Company(pair.a, n, calendar=pair.a.company.calendar, capacity=1000) for n in (30, 1))
    url = robot.url("/cgi-bin/webhook/send?key=KEY-OF-THE-ROBOT-1234")
    a = pair.a.admin.post("/channels", {"kind": "wecom_robot", "name": "群", "allowed_host": "127.0.0.1", "settings": {"url": url}}, 201)["id"]
    b = pair.a.admin.post("/channels", {"kind": "webhook", "name": "钩", "allowed_host": "127.0.0.1", "settings": {
        "url": hook.url("/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}, 201)["id"]
    one_key(pair)
    for who, channel, address in [(p, a, "") for p in crowd.people] + [(one.people[0], b, "x")]:
        pair.a.admin.call("PUT", f"/users/{who.id}/channels", {"items": [{"channel": channel, "address": address}], "quiet": None}, expect=200)
    for _ in range(30):
        crowd.send()
    wait_for(lambda: len(robot.requests) == 20, "twenty cards")
    wait_for(lambda: sum(r["state"] == "sent" for r in pair.a.admin.get(f"/channels/{a}/log")["items"]) == 20, "twenty written down")
    leave()

    def card(house, what: str) -> None:
        before = len(hook.requests)
        body = {"name": "一", "phone": f"134{next(numbers):08d}"}
        assert house.capture(one.key, body, wait=30)["state"] == "taken"
        wait_for(lambda: len(hook.requests) > before, what, 40)
    card(pair.b, "a card that the other one sends")
    assert len(robot.requests) == 20, f"{len(robot.requests)} cards within the minute, and 20 are the limit"
    come_back()
    card(pair.a, "a card after it came back")
    assert len(robot.requests) == 20, f"{len(robot.requests)} cards within the minute, and 20 are the limit"
    for channel in (a, b):
        pair.a.admin.call("DELETE", f"/channels/{channel}", expect=204)
    robot.stop(), hook.stop()


@on_both
def test_the_pace_of_a_robot_is_kept_when_another_takes_over(pair):
    take_over(pair, pair.a.kill, pair.a.start)


@on_both
def test_the_pace_of_a_robot_is_kept_by_one_that_stood_still(pair):
    take_over(pair, lambda: pair.a.process.send_signal(signal.SIGSTOP), lambda: pair.a.process.send_signal(signal.SIGCONT))


if __name__ == "__main__" and "postgres" in sys.argv:
    cases.main(globals(), clock=False)
