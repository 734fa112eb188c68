"""Codes of partners: each one of docs/developers/partners.md is sent by a stub and means what stands there, and is told in words."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import next_workday, person, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.partner import OK, Mailbox, Partner  # noqa: E402
from api.test_channels import channel, drop, logged, markdown, one, robot, state, webhook  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNKNOWN = "不认识"
SETTINGS = {
    "wecom_robot": {}, "ding_robot": {}, "feishu_robot": {},
    "wecom_app": {"corpid": "ww1", "agentid": 1, "secret": "s"},
    "ding_app": {"appkey": "k", "agent_id": 1, "appsecret": "s"},
    "feishu_app": {"app_id": "a", "app_secret": "s"},
    "wechat": {"appid": "a", "secret": "s", "template_id": "t"},
    "sms": {"access_key": "a", "secret": "s", "sign_name": "n", "template": "t"},
}
TOKEN_PATHS = ("gettoken", "stable_token", "tenant_access_token")


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)


def documented() -> dict[str, list[tuple[str, str]]]:
    """kind -> (code, verdict) as the page of developers says."""
    found, kind = {}, None
    with open(ROOT + "/docs/developers/partners.md", encoding="utf-8") as page:
        for line in page:
            if line.startswith("## "):
                named = re.search(r"\(`(\w+)`\)", line)
                kind = named[1] if named else None
            row = re.match(r"\| `([^`]+)` \| [^|]+ \| `(\w+)` \|$", line)
            if kind and row:
                found.setdefault(kind, []).append((row[1], row[2]))
    return found


def sample(code: str) -> str:
    """A code that a row stands for."""
    return {"smtp_4*": "smtp_450", "smtp_50*": "smtp_502", "smtp_5*": "smtp_550", "sender_4*": "sender_451", "sender_*": "sender_553"}.get(code, code.replace("*", "X"))


class Answers:
    """A partner that gives tokens, and one answer to everything else."""

    def __init__(self) -> None:
        self.code, self.times, self.tokens, self.status, self.more = 0, 10 ** 6, 0, 200, {}
        self.partner = Partner(self.answer)

    def answer(self, request):
        if any(word in request.path for word in TOKEN_PATHS):
            self.tokens += 1
            token = f"token{self.tokens}"
            return {"errcode": 0, "code": 0, "access_token": token, "tenant_access_token": token, "expires_in": 7200, "expire": 7200}
        if self.times <= 0:
            return {**OK, "code": 0, "Code": "OK"}
        self.times -= 1
        number = int(self.code) if re.fullmatch(r"-?\d+", str(self.code)) else self.code
        return (self.status, {"errcode": number, "code": number, "Code": number, "errmsg": "words of the partner", "msg": "m", "Message": "m", **self.more})


def made(house, kind: str, answers: Answers) -> str:
    url = answers.partner.url
    settings = {**SETTINGS[kind], **({"url": url("/hook")} if not SETTINGS[kind] else {"server": url("").rstrip("/")})}
    return channel(house, kind, settings=settings)["id"]


def tried(house, id: str, address: str = "13812345678", who=None) -> dict:
    return (who or house.admin).call("POST", f"/channels/{id}/test", {"address": address}, expect=200).json


def test_the_page_and_the_tables_name_the_same_codes(_house):
    listed = documented()
    for path in glob.glob(ROOT + "/src/modules/channel/kinds/*.c"):
        kind = os.path.basename(path)[:-2]
        with open(path, encoding="utf-8") as source:
            rows = re.findall(r'^\t\{"([^"]+)", VERDICT_(\w+),', source.read(), re.M)
        assert sorted((code, verdict.lower()) for code, verdict in rows) == sorted(listed.get(kind, [])), kind
    with open(ROOT + "/src/modules/lead/pull/kf_words.c", encoding="utf-8") as source:
        codes = re.findall(r"\{(-?\d+), KF_\w+\}", source.read())
    with open(ROOT + "/docs/developers/partners.md", encoding="utf-8") as page:
        told = re.findall(r"^\| `(-?\d+)`", page.read().split("(`wecom_kf`)")[1], re.M)
    assert sorted(codes) == sorted(told)


def test_what_a_visit_can_end_with_has_words(_house):
    with open(ROOT + "/src/modules/lead/intake/reason.c", encoding="utf-8") as source:
        known = set(re.findall(r'^\t\{"(\w+)",', source.read(), re.M))
    used = set()
    for path in glob.glob(ROOT + "/src/modules/lead/pull/*.c"):
        with open(path, encoding="utf-8") as source:
            used |= set(re.findall(r'"((?:pull|kf|tls)_[a-z_]+|no_secret|secret_unreadable|mail_unreadable|sender_not_listed)"', source.read()))
    columns = {"pull_seen", "pull_account", "pull_seen_at", "kf_account"}
    assert len(used) > 15 and used - columns <= known, used - columns - known


def test_each_code_means_what_the_page_says_and_has_words(house):
    reader = person(house, role="administrator", language="en")
    for kind in SETTINGS:
        answers = Answers()
        id = made(house, kind, answers)
        for code, verdict in documented()[kind]:
            answers.code, answers.times = sample(code), 10 ** 6
            told = tried(house, id)
            want = "channel" if verdict == "refresh" else verdict
            assert (told["code"], told["verdict"], told["ok"]) == (answers.code, want, want == "done"), (kind, code, told)
            assert UNKNOWN not in told["said"] and f"（{answers.code}）" in told["said"] and told["said"].endswith("。"), (kind, told)
            english = tried(house, id, who=reader)
            assert f"({answers.code}). " in english["said"] and english["said"].isascii(), (kind, english)
        drop(house, id)


def test_a_worn_out_token_is_replaced_once(house):
    for kind in ("wecom_app", "ding_app", "feishu_app", "wechat"):
        answers = Answers()
        id = made(house, kind, answers)
        assert tried(house, id)["verdict"] in ("retry", "done") and answers.tokens == 1
        for code, verdict in documented()[kind]:
            if verdict != "refresh":
                continue
            before, answers.code, answers.times = answers.tokens, code, 1
            assert tried(house, id)["ok"] and answers.tokens == before + 1, (kind, code)
        drop(house, id)


def test_codes_beside_the_status_of_a_refusal(house):
    answers = Answers()
    id = made(house, "feishu_app", answers)
    for status, code, verdict in ((401, "99991663", "channel"), (400, "230013", "receiver"), (403, "99991672", "channel"), (429, "99991400", "limited"), (400, "230028", "content")):
        answers.status, answers.code = status, code
        told = tried(house, id)
        assert (told["code"], told["verdict"]) == (code, verdict), told
    answers.status, answers.code, answers.times = 401, "99991663", 1
    assert tried(house, id)["ok"], "a new token, though the status is 401"
    answers.status, answers.code, answers.times = 404, "777", 9
    assert tried(house, id)["code"] == "http_404", "an unknown code says less than the status"
    drop(house, id)


def test_what_stands_behind_88_decides(house):
    answers = Answers()
    id = made(house, "ding_app", answers)
    for sub, code, verdict in (("60011", "60011", "channel"), (60020, "60020", "channel"), ("90018", "90018", "limited"), ("33012", "33012", "receiver"), ("1", "88", "channel")):
        answers.code, answers.more = "88", {"sub_code": sub, "sub_msg": "words"}
        told = tried(house, id)
        assert (told["code"], told["verdict"]) == (code, verdict), told
    drop(house, id)


def test_who_cannot_be_reached_beside_errcode_0(house):
    answers = Answers()
    id = made(house, "wecom_app", answers)
    for name in ("invaliduser", "unlicenseduser"):
        answers.more = {name: "zhangsan"}
        told = tried(house, id)
        assert told["verdict"] == "receiver" and told["code"] == name and name in told["said"] and UNKNOWN not in told["said"], told
    drop(house, id)


def test_a_code_that_nobody_knows_is_told_as_such(house):
    answers = Answers()
    for kind in SETTINGS:
        id = made(house, kind, answers)
        answers.code = "XyzUnknown" if kind == "sms" else "987654"
        told = tried(house, id)
        assert told["verdict"] == "retry" and UNKNOWN in told["said"] and answers.code in told["said"], (kind, told)
        drop(house, id)


def test_replies_of_a_mail_server(house):
    box = Mailbox()
    settings = {"server": f"smtp://127.0.0.1:{box.port}", "from": "crm@example.com", "user": "crm", "password": box.greeting_password}
    id = channel(house, "mail", settings=settings)["id"]
    for code, verdict in documented()["mail"]:
        what, number = sample(code).split("_")
        box.replies = {"MAIL": f"{number} no"} if what == "sender" else {"RCPT": f"{number} no"}
        told = tried(house, id, "zhang@example.com")
        assert (told["code"], told["verdict"]) == (f"{what}_{number}", verdict) and UNKNOWN not in told["said"], (code, told)
    box.replies = {}
    assert tried(house, id, "zhang@example.com")["ok"]
    drop(house, id)


def test_a_refused_message_goes_by_the_next_channel_and_the_channel_goes_on(house):
    p, spare = Partner({"errcode": 85002, "errmsg": "words"}), Partner((204, b""))
    first, second = robot(house, p), webhook(house, spare)
    c, _ = one(house, (first, "zhangsan"), (second, "", "spare"))
    c.send()
    row = logged(house, first, "failed")[0]
    assert row["code"] == "85002" and "不允许的词语（85002）" in row["said"], row
    logged(house, second, "sent")
    assert state(house, first)["breaker"]["state"] == "closed", "what a visitor wrote stops no channel"
    p.always = OK
    c, _ = one(house, (first, "lisi"), (second, "", "spare"))
    c.send()
    logged(house, first, "sent")
    assert markdown(p.requests[-1])
    drop(house, first, second)


def test_administrators_read_what_happened_and_what_to_do(house):
    p = Partner({"errcode": 93000, "errmsg": "invalid webhook url"})
    id = robot(house, p)
    c, _ = one(house, (id, "zhangsan"))
    c.send()
    alert = wait_for(lambda: next((a for a in house.admin.get("/alerts")["items"] if a["reason"] == "channel.down" and a["record"] == id), None), "the alert")
    assert "（93000）" in alert["data"]["zh"] and "重新复制 Webhook" in alert["data"]["zh"] and "(93000). Copy the webhook" in alert["data"]["en"], alert
    assert state(house, id)["breaker"]["said"] == alert["data"]["zh"], state(house, id)
    drop(house, id)


if __name__ == "__main__":
    cases.main(globals())
