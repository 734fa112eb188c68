"""TLS to partners: a private authority works, a certificate nobody vouches for or of another host is refused with a clear word."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.certificates import GOOD, OTHER, STRANGE  # noqa: E402
from lib.company import Company, next_workday, quiet_policy  # noqa: E402
from lib.house import wait_for  # noqa: E402
from lib.partner import Mailbox, Partner  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000)
    next_workday(house)


def webhook(house, partner):
    settings = {"url": f"https://127.0.0.1:{partner.port}/hook", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    return house.admin.post("/channels", {"kind": "webhook", "name": "Webhook", "settings": settings, "allowed_host": "127.0.0.1"}, 201)["id"]


def mail(house, box, scheme):
    settings = {"server": f"{scheme}://127.0.0.1:{box.port}", "from": "crm@example.com", "user": "crm", "password": box.greeting_password}
    return house.admin.post("/channels", {"kind": "mail", "name": "邮件", "settings": settings, "allowed_host": "127.0.0.1"}, 201)["id"]


def test(house, channel, address=""):
    return house.admin.post(f"/channels/{channel}/test", {"address": address} if address else {})


def drop(house, *channels):
    for c in channels:
        house.admin.call("DELETE", f"/channels/{c}", expect=204)


def test_https_with_a_private_authority(house):
    p = Partner((204, b""), tls=GOOD)
    ch = webhook(house, p)
    assert test(house, ch)["ok"] and len(p.requests) == 1
    drop(house, ch)


def test_mail_with_tls_from_the_beginning_and_by_starttls(house):
    for scheme, starttls in (("smtps", False), ("smtp", True)):
        box = Mailbox(tls=GOOD, starttls=starttls)
        ch = mail(house, box, scheme)
        answer = test(house, ch, "li@example.com")
        assert answer["ok"] and len(box.messages) == 1 and box.users == ["crm"], (scheme, answer)
        assert set(box.plain) <= {"EHLO", "STARTTLS"}, f"user, password and mail went in the open: {box.plain}"
        drop(house, ch)


def test_wrong_certificates_are_refused_with_a_clear_word(house):
    for context, words in ((OTHER, ("name", "host")), (STRANGE, ("certificate", "issuer"))):
        p, implicit, later = Partner((204, b""), tls=context), Mailbox(tls=context), Mailbox(tls=context, starttls=True)
        channels = [(webhook(house, p), ""), (mail(house, implicit, "smtps"), "li@example.com"), (mail(house, later, "smtp"), "li@example.com")]
        for ch, address in channels:
            answer = test(house, ch, address)
            assert not answer["ok"] and answer["code"] == "certificate", answer
            assert all(word in answer["detail"].lower() for word in words), answer
        assert not p.requests and not implicit.messages and not later.messages and not later.users + implicit.users
        drop(house, *(ch for ch, _ in channels))


def test_the_log_of_the_channel_says_so(house):
    p = Partner((204, b""), tls=STRANGE)
    ch = webhook(house, p)
    c = Company(house, 1, capacity=1000)
    house.admin.call("PUT", f"/users/{c.people[0].id}/channels", {"items": [{"channel": ch, "address": ""}]}, expect=200)
    c.send()
    state = wait_for(lambda: next((x for x in house.admin.get("/channels")["items"] if x["id"] == ch and x["breaker"]["state"] == "open"), None), "the breaker")
    assert state["breaker"]["code"] == "certificate" and "issuer" in state["breaker"]["detail"], state["breaker"]
    probe = house.admin.post(f"/services/{ch}/probe")
    assert not probe["ok"] and probe["code"] == "certificate", probe
    drop(house, ch)


if __name__ == "__main__":
    cases.main({k: v for k, v in globals().items() if k != "test"}, extra=("--public-url", "https://crm.example.com"))
