"""Mailboxes over TLS: IMAPS and STARTTLS carry mails; whatever is wrong with either is told clearly and costs no password (L1, L3)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.certificates import GOOD, LATE, OTHER, STRANGE  # noqa: E402
from lib.company import Company, make, person, quiet_policy, read  # noqa: E402
from lib.mailbox import Mailbox  # noqa: E402
from test_mailbox import check, letter, settings_of, settled, source, state  # noqa: E402

WAYS = {"tls": False, "starttls": True}


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 1, capacity=1000)
    house.readers = [person(house, role="administrator", language=tongue) for tongue in ("en", "zh")]
    house.spare = f"/sources/{make(house, 'source', name='试', key='trytls', kind='mail')}/inbox/test"


def tried(house, box: Mailbox, way: str, **settings) -> dict:
    """What comes of trying, told in English, and in Chinese too."""
    english, chinese = (reader.post(house.spare, settings_of(box, tls=way, **settings)) for reader in house.readers)
    assert english["reason"] == chinese["reason"] and (english["ok"] or any("一" <= c <= "鿿" for c in chinese["detail"])), chinese
    return english


def secret_is_safe(box: Mailbox, way: str) -> None:
    """Nothing but the way to TLS was said in the open."""
    assert {line.split(" ")[0].upper() for line in box.plain} <= ({"CAPABILITY", "STARTTLS", "LOGOUT"} if way == "starttls" else set()), box.plain
    assert not any(box.password in line for line in box.plain), box.plain


def test_mails_come_by_imaps_and_by_starttls(house):
    for way, starttls in WAYS.items():
        box = Mailbox(tls=GOOD, starttls=starttls)
        one = source(house, box, tls=way)
        n = len(house.admin.get("/intake/receipts?limit=200")["items"])
        box.add(letter(900 + n, "Please quote.\r\nMobile 139 0000 00%02d" % n))
        told = check(house, one)
        assert told["reason"] is None and told["ok_at"] == told["checked_at"], told
        rows = settled(house, one, 1)
        assert read(house, rows[0]["lead"])["name"] == f"Guest {900 + n}"
        assert box.fetched and any(line.upper().startswith("UID FETCH") for line in box.commands), box.commands
        secret_is_safe(box, way)
        box.close()


def test_a_certificate_that_is_not_to_be_trusted(house):
    for context, reason, words in ((STRANGE, "tls_issuer", "authority"), (OTHER, "tls_host", "another host name"), (LATE, "tls_expired", "expired")):
        for way, starttls in WAYS.items():
            box = Mailbox(tls=context, starttls=starttls)
            told = tried(house, box, way)
            assert not told["ok"] and told["reason"] == reason and words in told["detail"] and "no password was sent" in told["detail"], told
            assert not [line for line in box.commands if line.upper().startswith(("LOGIN", "AUTHENTICATE"))], box.commands
            secret_is_safe(box, way)
            box.close()


def test_the_source_says_so_after_a_visit(house):
    box = Mailbox(tls=STRANGE)
    box.add(letter(890))
    one = source(house, box, tls="tls")
    told = check(house, one)
    assert told["reason"] == "tls_issuer" and told["failed_at"] == told["checked_at"] and not told["ok_at"], told
    health = next(i for i in house.admin.get("/intake/health")["items"] if i["source"]["id"] == one["id"])
    assert health["last_error"]["reason"] == "tls_issuer" and health["last_error"]["detail"] == told["detail"], health
    box.close()


def test_starttls_that_is_demanded_is_never_done_without(house):
    for trouble, reasons in (("no_starttls", {"tls_not_offered"}), ("starttls_refused", {"tls_not_offered"}), ("preauth", {"tls_not_offered"}),
                             ("smuggled", {"tls_broken", "pull_unreachable", "pull_strange"})):
        box = Mailbox(tls=GOOD, starttls=True)
        box.trouble = trouble
        told = tried(house, box, "starttls")
        assert not told["ok"] and told["reason"] in reasons and told["detail"], (trouble, told)
        secret_is_safe(box, "starttls")
        box.close()
    plain = Mailbox()
    told = tried(house, plain, "starttls")
    assert told["reason"] == "tls_not_offered" and "993" in told["detail"], told
    secret_is_safe(plain, "starttls")
    told = tried(house, plain, "tls")
    assert told["reason"] == "tls_broken" and "port" in told["detail"], "TLS is expected where none is spoken"
    assert not any(plain.password in line for line in plain.commands)
    plain.close()


def test_a_handshake_that_is_cut(house):
    for way, starttls in WAYS.items():
        box = Mailbox(tls=GOOD, starttls=starttls)
        box.trouble = "handshake"
        told = tried(house, box, way)
        assert not told["ok"] and told["reason"] == "tls_broken" and told["detail"], told
        secret_is_safe(box, way)
        box.close()


def test_a_mail_that_is_cut_in_the_middle_is_fetched_again_whole(house):
    for way, starttls in WAYS.items():
        box = Mailbox(tls=GOOD, starttls=starttls)
        one = source(house, box, tls=way)
        box.add(letter(700 + starttls, "first line\r\n" + "filler\r\n" * 3000 + "last line\r\n"))
        box.half = True
        told = check(house, one)
        assert told["reason"] == "pull_unreachable" and told["detail"] and told["taken"] == 0, told
        box.half = False
        assert check(house, one)["reason"] is None
        rows = settled(house, one, 1)
        assert len(rows) == 1 and state(house, one)["taken"] == 1, rows
        body = house.admin.get(f"/intake/receipts/{rows[0]['id']}")["body"]
        assert "last line" in body, "the whole mail"
        box.close()


def test_a_wrong_password_over_tls(house):
    for way, starttls in WAYS.items():
        box = Mailbox(tls=GOOD, starttls=starttls)
        told = tried(house, box, way, password="wrong")
        assert not told["ok"] and told["reason"] == "pull_denied" and "user and password" in told["detail"], told
        secret_is_safe(box, way)
        assert tried(house, box, way)["ok"], "and the right one is taken"
        box.close()


if __name__ == "__main__":
    cases.main(globals())
