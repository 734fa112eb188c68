"""QR codes of an expo or a person: the page on the phone, counts, who gets the lead (L1)."""
import os
import sys
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, quiet_policy, read  # noqa: E402
from lib.house import wait_for  # noqa: E402

_made = iter(range(10 ** 6))


def setup(house):
    next_workday(house)
    house.company = Company(house, 3, capacity=1000)
    quiet_policy(house, load_max=1000)


def code(house, **fields) -> dict:
    n = next(_made)
    source = fields.pop("source", None) or make(house, "source", name=f"展会{n}", key=f"expo{n}", kind="qr", pool=house.company.pool)
    id = make(house, "qr", name=f"码{n}", source=source, **fields)
    record = house.admin.get(f"/records/qr/{id}")
    return {"id": id, "code": record["code"], "source": source, "key": house.admin.get(f"/records/source/{source}")["key"]}


def scan(house, one: dict, status: int = 200, method: str = "GET", query: str = "", **headers) -> str:
    got = house.client().raw(method, f"/q/{one['code']}{query}", headers={k.replace("_", "-"): v for k, v in headers.items()})
    assert got.status == status and got.headers["cache-control"] == "no-store" and "default-src 'none'" in got.headers["content-security-policy"], got
    return got.body.decode()


def figures(house, one: dict) -> dict:
    return house.admin.get(f"/qr-codes/{one['id']}")


def enquire(house, one: dict, key: str | None = None, **more) -> dict:
    n = next(_made)
    answer = house.capture(key or one["key"], {"name": f"访客{n}", "phone": f"1381000{n:04d}", "qr_code": one["code"], **more})
    assert answer["state"] == "taken", answer
    return read(house, answer["lead"])


def test_the_page_shows_the_form_of_its_source(house):
    one = code(house, expo="<b>上海工博会</b>", contact="400-800-1234")
    page = scan(house, one)
    assert f'data-source="{one["key"]}"' in page and f'data-code="{one["code"]}"' in page and 'data-lang="zh"' in page, page
    assert "&lt;b&gt;上海工博会" in page and "<b>" not in page and "400-800-1234" in page
    assert 'lang="en"' in scan(house, one, Accept_Language="en-GB") and 'lang="en"' in scan(house, one, query="?lang=en")


def test_scans_and_leads_are_counted(house):
    one = code(house)
    assert figures(house, one)["scans"] == 0
    scan(house, one, method="HEAD")
    scan(house, one)
    scan(house, one)
    wait_for(lambda: figures(house, one)["scans"] == 1, "one visitor is one scan")
    house.advance("11m")
    scan(house, one)
    wait_for(lambda: figures(house, one)["scans"] == 2, "later it is another one")
    lead = enquire(house, one)
    told = figures(house, one)
    assert lead["qr"] == one["id"] and told["leads"] == 1 and told["url"].endswith("/q/" + one["code"]), (lead, told)
    assert len(told["bits"]) == told["size"] ** 2
    found = house.admin.get("/records/lead?filter=" + quote(f'qr = "{one["id"]}"'))["items"]
    assert [i["id"] for i in found] == [lead["id"]], "the list can be narrowed by code"


def test_codes_that_are_off_or_over_say_so(house):
    one = code(house, contact="电话 400-800-1234")
    house.admin.patch(f"/records/qr/{one['id']}", {"enabled": False})
    page = scan(house, one, 410)
    assert "已停用" in page and "400-800-1234" in page and "widget.js" not in page
    assert "switched off" in scan(house, one, 410, query="?lang=en")
    house.admin.patch(f"/records/qr/{one['id']}", {"enabled": True, "valid_until": house.admin.get("/test/clock")["now"]})
    house.advance("1m")
    assert "已过有效期" in scan(house, one, 410)
    house.admin.patch(f"/records/qr/{one['id']}", {"valid_until": None})
    scan(house, one)
    house.admin.patch(f"/records/source/{one['source']}", {"enabled": False})
    scan(house, one, 410)
    assert "没有这个二维码" in scan(house, {"code": "nosuch"}, 404)
    assert house.client().raw("POST", f"/q/{one['code']}", b"").status == 405


def test_the_person_of_the_code_gets_the_lead_if_the_policy_allows(house):
    people = house.company.people
    source = make(house, "source", name="个人码", key=f"own{next(_made)}", kind="qr", pool=house.company.pool)
    codes = [code(house, source=source, person=p.id) for p in people]
    for _ in range(2):
        for p, one in zip(people, codes):
            assert enquire(house, one)["owner"] == p.id
    why = house.admin.get(f"/leads/{enquire(house, codes[0])['id']}/assignments")
    assert "QR" in str(why), why
    house.admin.patch(f"/records/user/{people[0].id}", {"absent": True})
    assert enquire(house, codes[0])["owner"] in [p.id for p in people[1:]], "who is absent gets nothing"
    house.admin.patch(f"/records/user/{people[0].id}", {"absent": False})
    house.admin.patch(f"/records/qr/{codes[0]['id']}", {"enabled": False})
    lead = enquire(house, codes[0])
    assert lead["qr"] == codes[0]["id"], "a lead keeps the code it came by, also of one that was switched off"
    other = make(house, "source", name="别的来源", key=f"other{next(_made)}", pool=house.company.pool)
    assert enquire(house, codes[1], key=house.admin.get(f"/records/source/{other}")["key"])["qr"] is None, "a code counts only at its source"


def test_only_administrators_make_codes(house):
    one = code(house)
    person = house.company.people[0]
    assert person.call("PATCH", f"/records/qr/{one['id']}", {"name": "x"}).status == 403
    assert person.get(f"/qr-codes/{one['id']}")["size"] > 20
    assert house.admin.call("PATCH", f"/records/qr/{one['id']}", {"code": "mine"}).status == 400


if __name__ == "__main__":
    cases.main(globals())
