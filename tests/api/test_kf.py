"""微信客服: a push says that there is something, the messages are fetched once, one talk is one lead (L1, L3)."""
import os
import sys
from urllib.parse import parse_qs, urlparse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from api.test_callback import CORP, KEY, TOKEN, push  # noqa: E402
from lib import cases  # noqa: E402
from lib.company import Company, make, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402

_made = iter(range(10 ** 6))


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 1, capacity=1000)


class Desk:
    """微信客服 as it answers: everything is HTTP 200, faults are codes inside."""

    def __init__(self, page: int = 2) -> None:
        self.messages: list[dict] = []
        self.page, self.tokens, self.good, self.limited, self.secret = page, 0, "", 0, "kf secret"
        self.gone, self.pushes_expire, self.faults, self.stuck = set(), False, [], set()
        self.partner = Partner(self.answer)

    def calls(self, path: str) -> list:
        return [r for r in self.partner.requests if path in r.path]

    def answer(self, request):
        url = urlparse(request.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path == "/cgi-bin/gettoken":
            if query.get("corpsecret") != self.secret or query.get("corpid") != CORP:
                return {"errcode": 40001, "errmsg": "invalid credential"}
            self.tokens += 1
            self.good = f"access-{self.tokens}"
            return {"errcode": 0, "errmsg": "ok", "access_token": self.good, "expires_in": 7200}
        if query.get("access_token") != self.good:
            return {"errcode": 40014, "errmsg": "invalid access_token"}
        if url.path == "/cgi-bin/message/send":
            return {"errcode": 0, "errmsg": "ok"}
        if url.path == "/cgi-bin/kf/customer/batchget":
            return {"errcode": 0, "errmsg": "ok", "customer_list": [{"external_userid": u, "nickname": "昵称" + u} for u in request.json["external_userid_list"]]}
        if self.limited:
            self.limited -= 1
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        if request.json["open_kfid"] in self.gone:
            return {"errcode": 95004, "errmsg": "open_kfid not exist"}
        if self.faults:
            return {"errcode": self.faults.pop(0), "errmsg": "fault"}
        if self.pushes_expire and "token" in request.json:
            return {"errcode": 95007, "errmsg": "invalid msg token"}
        assert request.json["limit"] <= 1000 and request.json.get("token", "push-").startswith("push-"), request.json
        mine = [m for m in self.messages if m["open_kfid"] == request.json["open_kfid"]]
        at = int(request.json.get("cursor", "c0")[1:])
        rows = mine[at:at + self.page]
        return {"errcode": 0, "errmsg": "ok", "next_cursor": f"c{at if request.json['open_kfid'] in self.stuck else at + len(rows)}", "has_more": int(at + len(rows) < len(mine)), "msg_list": rows}

    def write(self, user: str, text: str, account: str = "wkA", origin: int = 3, **more) -> dict:
        message = {"msgid": f"msg{next(_made)}", "open_kfid": account, "external_userid": user, "send_time": 1700000000, "origin": origin, "msgtype": "text",
                   "text": {"content": text}, **more}
        self.messages.append(message)
        return message


def source(house, desk: Desk, expect: int = 200, **settings) -> dict:
    n = next(_made)
    id = make(house, "source", name=f"客服{n}", key=f"kf{n}", pool=house.company.pool)
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "wecom", "token": TOKEN, "key": KEY, "receiver": CORP}, expect=200)
    body = {"kind": "wecom_kf", "corpid": CORP, "password": desk.secret, "server": f"http://127.0.0.1:{desk.partner.port}", "allowed_host": "127.0.0.1", **settings}
    house.admin.call("PUT", f"/sources/{id}/inbox", body, expect=expect)
    return {"id": id, "key": f"kf{n}"}


def notice(house, one: dict, account: str = "wkA") -> None:
    n = next(_made)
    push(house, one["key"], f"<xml><ToUserName>{CORP}</ToUserName><CreateTime>{n}</CreateTime><MsgType>event</MsgType><Event>kf_msg_or_event</Event>"
                            f"<Token>push-{n}</Token><OpenKfId>{account}</OpenKfId></xml>")
    house.advance("1s")


def receipts(house, one: dict, n: int) -> list[dict]:
    def look():
        rows = [r for r in house.admin.get("/intake/receipts?limit=200")["items"] if r["source"]["key"] == one["key"]]
        return len(rows) >= n and all(r["state"] != "pending" for r in rows) and rows
    return wait_for(look, f"{n} receipts")


def state(house, one: dict) -> dict:
    return house.admin.get(f"/sources/{one['id']}/inbox")


def test_one_talk_is_one_lead(house):
    desk = Desk()
    one = source(house, desk)
    desk.write("wm1", "你好，想了解协作机器人")
    desk.write("wm2", "在吗")
    desk.write("wm1", "answer of an agent", origin=5)
    desk.write("wm1", "", msgtype="image", image={"media_id": "x"})
    desk.write("wm1", "预算 20 万")
    notice(house, one)
    rows = receipts(house, one, 4)
    leads = {r["lead"] for r in rows}
    assert len(rows) == 4 and len(leads) == 2 and sorted(r["state"] for r in rows) == ["duplicate", "duplicate", "taken", "taken"], rows
    first = next(read(house, lead) for lead in leads if read(house, lead)["external_user"] == "wm1")
    assert first["name"] == "昵称wm1" and first["message"] == "你好，想了解协作机器人" and first["repeats"] == 2, first
    assert first["context"]["sender"] == "wm1" and "ip" not in first["context"], first
    line = house.admin.get(f"/leads/{first['id']}/timeline")
    assert "预算 20 万" in str(line) and "[图片]" in str(line), "what is written later stands on the lead"
    notice(house, one)
    desk.write("wm1", "还在吗")
    notice(house, one)
    assert len(receipts(house, one, 5)) == 5 and read(house, first["id"])["repeats"] == 3
    assert desk.tokens == 1, "the access token is kept"
    desk.write("wm2", "别的账号", account="wkB")
    notice(house, one, "wkB")
    assert len(receipts(house, one, 6)) == 6
    house.company.people[0].post(f"/leads/{first['id']}/invalid", {"reason": "测试：不是客户"})
    desk.write("wm1", "又来了")
    notice(house, one)
    assert any(r["state"] == "taken" and r["lead"] != first["id"] for r in receipts(house, one, 7)[:1]), "a closed lead takes nothing up"


def test_nothing_is_fetched_twice_or_lost_by_a_crash(house):
    desk = Desk(page=3)
    one = source(house, desk)
    users = [f"wx{next(_made)}" for _ in range(20)]
    for user in users:
        desk.write(user, "请报价")
    notice(house, one)
    wait_for(lambda: len(desk.calls("sync_msg")) >= 2, "the first pages")
    house.kill()
    house.start()
    house.advance("1m")
    rows = receipts(house, one, 20)
    assert len(rows) == 20 and sorted(read(house, r["lead"])["external_user"] for r in rows) == sorted(users)


def test_codes_inside_http_200(house):
    desk = Desk()
    one = source(house, desk)
    desk.write("wc1", "一")
    notice(house, one)
    receipts(house, one, 1)
    desk.good = "revoked"
    desk.write("wc1", "二")
    notice(house, one)
    receipts(house, one, 2)
    assert desk.tokens == 2, "an access token that is refused is fetched anew, once"
    desk.limited = 1
    desk.write("wc1", "三")
    notice(house, one)
    told = wait_for(lambda: (s := state(house, one))["reason"] and s, "the fault")
    assert told["reason"] == "pull_limited" and "45009" in told["detail"], told
    n = len(desk.partner.requests)
    house.advance("1m")
    assert len(desk.partner.requests) == n, "it waits as the platform asks"
    house.advance("10m")
    receipts(house, one, 3)
    wait_for(lambda: state(house, one)["reason"] is None, "all well again")


def test_a_push_that_is_too_old_still_brings_its_messages(house):
    desk = Desk()
    one = source(house, desk)
    desk.pushes_expire = True
    for text in ("一", "二", "三"):
        desk.write("wo1", text)
    notice(house, one)
    assert len(receipts(house, one, 3)) == 3
    wait_for(lambda: state(house, one)["ok_at"], "the end of the visit")
    asked = [("token" in r.json) for r in desk.calls("sync_msg")]
    assert asked == [True, False, False], "the old push is named once, then no more"


def test_an_account_that_is_gone_stops_no_other(house):
    desk = Desk()
    one = source(house, desk)
    desk.gone = {"wkGone"}
    desk.write("wg1", "在吗", account="wkZ")
    with_both = f"/sources/{one['id']}/callback"
    assert house.admin.get(with_both)
    notice(house, one, "wkGone")
    told = wait_for(lambda: (s := state(house, one))["reason"] and s, "the fault")
    assert told["reason"] == "kf_no_account" and "95004" in told["detail"] and "wkGone" in told["detail"], told
    notice(house, one, "wkZ")
    assert len(receipts(house, one, 1)) == 1
    wait_for(lambda: state(house, one)["reason"] is None, "all well again")
    assert len([r for r in desk.calls("sync_msg") if r.json["open_kfid"] == "wkGone"]) == 1, "it is asked for once"


def test_a_cursor_that_stands_still_is_no_endless_reading(house):
    desk = Desk()
    one = source(house, desk)
    desk.stuck = {"wkA"}
    users = [f"wr{i}" for i in range(4)]
    for user in users:
        desk.write(user, "重复的游标")
    notice(house, one)
    told = wait_for(lambda: (s := state(house, one))["reason"] and s, "the fault")
    assert told["reason"] == "pull_strange" and "next_cursor" in told["detail"] and "wkA" in told["detail"], told
    assert len(desk.calls("sync_msg")) <= 2, f"{len(desk.calls('sync_msg'))} times the same page"
    desk.write("wr9", "另一个账号", account="wkB")
    notice(house, one, "wkB")
    rows = wait_for(lambda: (r := receipts(house, one, 3)) and any(read(house, x["lead"])["external_user"] == "wr9" for x in r) and r, "the other account")
    assert len(rows) == 3, rows
    desk.stuck = set()
    house.advance("16m")
    assert sorted(read(house, r["lead"])["external_user"] for r in receipts(house, one, 5)) == [*users, "wr9"]


def test_each_code_says_what_to_do(house):
    desk = Desk()
    one = source(house, desk)
    for code, reason, words in ((48007, "kf_not_allowed", "可调用接口的应用"), (60020, "kf_address", "可信 IP"), (45033, "pull_limited", "稍后"),
                                (40001, "kf_secret", "Secret"), (12345, "kf_unknown", "全局错误码"), (-1, "pull_limited", "稍后")):
        before = state(house, one).get("failed_at")
        desk.faults = [code]
        desk.write("we1", f"第 {code}")
        notice(house, one)
        told = wait_for(lambda: (s := state(house, one))["failed_at"] not in (None, before) and s, f"the fault of {code}")
        assert told["reason"] == reason and str(code) in told["detail"] and words in told["detail"], told
        house.advance("20m")
        wait_for(lambda: state(house, one)["reason"] is None, "all well again")


def test_settings_are_tried_and_keep_their_secret(house):
    desk = Desk()
    one = source(house, desk)
    path = f"/sources/{one['id']}/inbox"
    good = {"kind": "wecom_kf", "corpid": CORP, "server": f"http://127.0.0.1:{desk.partner.port}", "allowed_host": "127.0.0.1"}
    assert house.admin.post(path + "/test", good)["ok"]
    told = house.admin.post(path + "/test", {**good, "password": "wrong"})
    assert not told["ok"] and told["reason"] == "kf_secret" and "Secret" in told["detail"], told
    assert house.admin.call("PUT", path, {**good, "server": "http://10.0.0.1"}).json["fields"][0]["field"] == "server"
    assert desk.secret not in house.admin.call("GET", path).body.decode()
    shown = house.admin.get(path)
    assert shown["kind"] == "wecom_kf" and shown["corpid"] == CORP and shown["has_secret"], shown


def test_who_has_the_same_secret_shares_the_access_token(house):
    desk = Desk()
    one = source(house, desk)
    desk.write("ws1", "一")
    notice(house, one)
    receipts(house, one, 1)
    settings = {"server": f"http://127.0.0.1:{desk.partner.port}", "corpid": CORP, "secret": desk.secret, "agentid": 1}
    channel = house.admin.post("/channels", {"kind": "wecom_app", "name": "应用", "settings": settings, "allowed_host": "127.0.0.1"}, 201)["id"]
    assert house.admin.post(f"/channels/{channel}/test", {"address": "li"})["ok"] and desk.tokens == 1, "one token for both"
    desk.secret = "another secret"
    answer = {"kind": "wecom_kf", "corpid": CORP, "password": desk.secret, "server": settings["server"], "allowed_host": "127.0.0.1"}
    house.admin.call("PUT", f"/sources/{one['id']}/inbox", answer, expect=200)
    desk.write("ws1", "二")
    notice(house, one)
    receipts(house, one, 2)
    assert desk.tokens == 2, "another secret has another token"
    house.admin.call("DELETE", f"/channels/{channel}", expect=204)


def test_pushes_without_a_secret_are_answered_and_leave_nothing(house):
    id = make(house, "source", name="未配置", key=f"kf{next(_made)}")
    key = house.admin.get(f"/records/source/{id}")["key"]
    house.admin.call("PUT", f"/sources/{id}/callback", {"kind": "wecom", "token": TOKEN, "key": KEY, "receiver": CORP}, expect=200)
    notice(house, {"key": key})
    assert not [r for r in house.admin.get("/intake/receipts?limit=200")["items"] if r["source"]["key"] == key]


if __name__ == "__main__":
    cases.main(globals())
