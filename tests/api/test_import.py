"""L4: files of leads are looked at, tried and run; bad rows are told with their reason; a crash in the middle doubles nothing."""
import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, import_state, make, quiet_policy, read  # noqa: E402
from lib.house import ROOT, Live, wait_for  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000)
    house.company = Company(house, 2, capacity=1000)


def begin(house, data: bytes, name: str = "leads.csv", piece: int = 1 << 20) -> str:
    """An import with its file sent in pieces."""
    one = house.admin.post("/imports", {"name": name, "source": house.company.source}, 201)
    assert one["state"] == "new"
    for at in range(0, len(data), piece):
        chunk = base64.b64encode(data[at:at + piece]).decode()
        house.admin.post(f"/imports/{one['id']}/data", {"offset": at, "data": chunk})
    return one["id"]


def check(house, id: str, **options) -> dict:
    house.admin.post(f"/imports/{id}/check", options)
    return import_state(house, id, "checked", "failed")


def begin_checked(house, text: str) -> str:
    id = begin(house, text.encode())
    assert check(house, id)["state"] == "checked"
    return id


def run(house, id: str) -> dict:
    house.admin.post(f"/imports/{id}/run")
    return import_state(house, id, "done")


def receipts(house, **query) -> list[dict]:
    text = "&".join(f"{k}={v}" for k, v in query.items())
    return house.admin.get(f"/intake/receipts?limit=200&source={house.company.source}&{text}")["items"]


def leads(house, **equal) -> list[dict]:
    clause = " and ".join(f"{k} = '{v}'" for k, v in equal.items())
    return house.admin.call("GET", "/records/lead?limit=200&filter=" + quote(clause), expect=200).json["items"]


def xlsx(rows: list[list], **parts: bytes) -> bytes:
    """A small workbook of inline texts and numbers; a tuple is a cell with a style."""
    def cell(value) -> str:
        if isinstance(value, tuple):
            return f'<c s="{value[1]}"><v>{value[0]}</v></c>'
        if isinstance(value, (int, float)):
            return f"<c><v>{value!r}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    sheet = "".join(f"<row>{''.join(cell(v) for v in row)}</row>" for row in rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("xl/styles.xml", '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>')
        z.writestr("xl/worksheets/sheet1.xml", parts.get("sheet", f"<worksheet><sheetData>{sheet}</sheetData></worksheet>".encode()))
    return out.getvalue()


def test_guesses_columns_in_gb18030(house):
    id = begin(house, "姓名,手机号码,公司名称,提交时间,喜欢的颜色\n王芳,13800001001,云帆,2026-09-01 08:00,红\n".encode("gb18030"))
    look = house.admin.post(f"/imports/{id}/look")
    assert look["encoding"] == "GB18030" and look["has_header"]
    assert [c["guess"] for c in look["columns"]] == ["name", "phone", "company", "at", "extra"]
    assert look["columns"][0] == {"header": "姓名", "guess": "name", "samples": ["王芳"]}
    house.admin.post(f"/imports/{id}/cancel")


def test_dry_run_tells_each_bad_row_and_writes_nothing(house):
    before = len(receipts(house))
    text = ("姓名,手机,备注,时间\n甲一,13800002001,要报价,2026-09-01 08:00\n乙二,12,坏号码,2026-09-01\n,,,\n丙三,13800002003,x,九月\n"
            "丁四,13800002001,同一个人,2026-09-02\n")
    bad = "戊五,13800002005,编码".encode("gb18030") + b",2026-09-01\n"
    id = begin(house, text.encode() + bad)
    report = check(house, id)
    assert (report["rows"], report["taken"], report["in_file"], report["bad"]) == (5, 1, 1, 3), report
    rows = {r["row"]: r["reason"] for r in report["report"]["bad_rows"]}
    assert rows == {3: "bad_phone", 5: "bad_time", 7: "mixed_encoding"}, rows
    assert report["report"]["reasons"] == {"bad_phone": 1, "bad_time": 1, "mixed_encoding": 1}
    assert len(receipts(house)) == before
    house.admin.post(f"/imports/{id}/cancel")


def test_run_keeps_original_times_and_puts_bad_rows_into_quarantine(house):
    live = Live(house.admin)
    id = begin(house, "姓名,手机,备注,时间\n甲一,13800003001,要报价,2026-08-01 08:00\n乙二,12,坏号码,2026-08-02\n".encode())
    check(house, id)
    done = run(house, id)
    assert (done["done"], done["taken"], done["bad"]) == (2, 1, 1), done
    live.wait("import.progress", id)
    live.close()
    lead = leads(house, name="甲一", phone="+8613800003001")[0]
    assert lead["created_at"] == "2026-08-01T00:00:00.000Z" and lead["owner"] is None and lead["pool"] == house.company.pool
    assert house.admin.get(f"/records/lead/{lead['id']}/history")["items"][-1]["kind"] == "created"
    held = [r for r in receipts(house, state="quarantined") if r["at"] == "2026-08-01T16:00:00.000Z"]
    assert len(held) == 1 and held[0]["reason"] == "bad_phone"
    house.admin.post(f"/intake/receipts/{held[0]['id']}/replay", {"body": json.dumps({"name": "乙二", "phone": "13800003002"})})
    again = wait_for(lambda: leads(house, name="乙二", phone="+8613800003002"), "the corrected row")
    assert again[0]["captured_at"] == "2026-08-01T16:00:00.000Z"


def test_rows_go_in_by_their_own_times(house):
    """L3: of one person's enquiries the earlier one makes the lead, wherever it stands in the file; what has no time comes last."""
    text = ("姓名,手机,备注,时间\n晚,13800003501,第二次,2026-08-05 08:00\n无,13800003501,没有时间,\n早,13800003501,第一次,2026-08-01 08:00\n"
            "另,13800003502,x,2026-08-03 08:00\n")
    id = begin(house, text.encode())
    check(house, id)
    done = run(house, id)
    assert (done["taken"], done["repeated"]) == (2, 2), done
    lead = leads(house, phone="+8613800003501")
    assert [(one["name"], one["message"], one["repeats"]) for one in lead] == [("早", "第一次", 2)], lead
    rows = [house.admin.get(f"/intake/receipts/{r['id']}")["headers"]["row"] for r in receipts(house, search="13800003501")]
    assert sorted(rows) == ["2", "3", "4"], rows


def test_what_is_known_already_is_a_repeated_enquiry(house):
    first = house.company.send(phone="13800004001")
    id = begin(house, "name,phone,note\nx,13800004001,again\ny,13800004002,new\ny,138 0000 4002,twice\n".encode())
    report = check(house, id)
    assert (report["taken"], report["repeated"], report["in_file"]) == (1, 1, 1), report
    done = run(house, id)
    assert (done["taken"], done["repeated"]) == (1, 2), done
    assert read(house, first["lead"])["repeats"] == 1


def test_cells_without_a_column_are_kept_beside(house):
    """A row that is longer than the head of the file, far below it: nothing of it is lost."""
    rows = "".join(f"行{n},1371000{n:04d},好\n" for n in range(60))
    done = run(house, begin_checked(house, "姓名,手机,留言\n" + rows + "宽行,13710009999,你好,世界,,再见\n"))
    assert done["taken"] == 61 and done["bad"] == 0, done
    lead = leads(house, name="宽行")[0]
    assert lead["message"] == "你好" and "世界" in json.dumps(lead["extra"], ensure_ascii=False) and "再见" in json.dumps(
        lead["extra"], ensure_ascii=False), lead


def test_of_many_columns_the_first_phone_counts(house):
    head = ",".join(["姓名"] + [f"x{n}" for n in range(70)] + ["手机", "手机号", "电话"])
    row = ",".join(["远号"] + ["v"] * 70 + ["", "13710019001", "13710019002"])
    done = run(house, begin_checked(house, f"{head}\n{row}\n"))
    assert done["taken"] == 1 and done["bad"] == 0, done
    assert leads(house, name="远号")[0]["phone"] == "+8613710019001"


def test_owner_of_the_file_is_kept_and_nobody_is_hurried(house):
    person = house.company.people[0]
    text = f"姓名,手机,负责人\n归甲,13800005001,{person.name}\n归乙,13800005002,{person.login}\n无主,13800005003,\n错主,13800005004,查无此人\n"
    id = begin(house, text.encode())
    report = check(house, id, way="owner")
    assert report["report"]["reasons"] == {"unknown_owner": 1}
    run(house, id)
    for name in ("归甲", "归乙"):
        lead = leads(house, name=name)[0]
        assert lead["owner"] == person.id and lead["status"] == "contacting" and lead["clock"] == "none", lead
    assert leads(house, name="无主")[0]["owner"] is None
    assert house.company.send()["lead"]  # what was imported does not fill their hands


def test_rules_choose_when_asked(house):
    id = begin(house, "姓名,手机\n规则一,13800006001\n规则二,13800006002\n".encode())
    check(house, id, way="rules")
    run(house, id)
    owners = {leads(house, name=n)[0]["owner"] for n in ("规则一", "规则二")}
    assert owners <= {p.id for p in house.company.people} and None not in owners, owners


def test_xlsx_keeps_phones_and_dates(house):
    data = xlsx([["姓名", "手机", "时间"], ["表一", 13800007001, (46235.5, 1)], ["表二", 13800007002.0, (46236, 1)]])
    id = begin(house, data, "leads.xlsx")
    report = check(house, id)
    assert report["taken"] == 2, report
    run(house, id)
    lead = leads(house, name="表一")[0]
    assert leads(house, name="表二")[0]["phone"] == "+8613800007002"
    assert lead["phone"] == "+8613800007001" and lead["created_at"] == "2026-08-01T04:00:00.000Z", lead


def test_zip_bomb_and_entities_are_refused(house):
    bomb = xlsx([], sheet=b"<worksheet><sheetData>" + b" " * (64 << 20))
    entity = xlsx([], sheet=b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>')
    for data, reason in ((bomb, "zip_bomb"), (entity, "bad_xml"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_xls"), (b"%PDF-1.7 x", "not_a_table")):
        id = begin(house, data)
        answer = house.admin.call("POST", f"/imports/{id}/look", {})
        assert answer.status == 400 and answer.json["code"] == reason, answer
        house.admin.post(f"/imports/{id}/check")
        assert import_state(house, id, "failed")["error"]


def test_pieces_must_follow_each_other(house):
    id = begin(house, b"name,phone\n")
    gap = house.admin.call("POST", f"/imports/{id}/data", {"offset": 99, "data": "eA=="})
    assert gap.status == 409 and gap.json["code"] == "gap"
    assert house.admin.call("POST", f"/imports/{id}/data", {"offset": 0, "data": "%%"}).status == 400
    assert house.admin.call("POST", f"/imports/{id}/run", {}).json["code"] == "wrong_state"
    assert house.admin.call("POST", f"/imports/{id}/check", {"columns": ["name", "nonsense"]}).json["code"] == "invalid_fields"


def test_only_supervisors_import_and_see_their_own(house):
    person, head = house.company.people[0], house.company.head
    assert person.call("GET", "/imports").status == 403
    id = begin(house, b"name,phone\nx,13800008001\n")
    assert head.call("GET", f"/imports/{id}").status == 404
    mine = head.post("/imports", {"name": "x", "source": house.company.source}, 201)["id"]
    assert mine in [i["id"] for i in head.get("/imports")["items"]] and id not in [i["id"] for i in head.get("/imports")["items"]]


def many(n: int, start: int = 0) -> bytes:
    return ("姓名,手机,公司,备注\n" + "".join(f"客户{i},139{start + i:08d},公司{i},第 {i} 行\n" for i in range(n))).encode()


def on_log(house) -> int:
    """Receipts of the source on the log."""
    return sum(s["today"] for s in house.admin.get("/intake/summary")["by_source"] if s["source"]["id"] == house.company.source)


def run_with_a_kill(house, id: str, n: int) -> None:
    """Runs an import of n good rows, kills the server after some of them and lets it go on to the end."""
    check(house, id)
    house.admin.post(f"/imports/{id}/run")
    wait_for(lambda: house.admin.get(f"/imports/{id}")["done"] > 0, "some rows", 60)
    assert house.admin.get(f"/imports/{id}")["state"] == "running"
    house.kill()
    house.start()
    done = import_state(house, id, "done", seconds=240)
    assert (done["done"], done["taken"], done["repeated"], done["bad"]) == (n, n, 0, 0), done


def test_killed_in_the_middle_it_goes_on_and_doubles_nothing(house):
    n, before = 32000, on_log(house)
    id = begin(house, many(n))
    run_with_a_kill(house, id, n)
    assert on_log(house) - before == n


def test_killed_in_the_middle_of_another_order_it_goes_on_too(house):
    n, halves = 18000, ("单", "双")
    newest_first = "".join(f"逆序{i},137{i:08d},{halves[i % 2]},{2025 - i // 8000}-{12 - i // 700 % 12:02d}-{28 - i // 25 % 28:02d} {23 - i % 24:02d}:00\n"
                           for i in range(n))
    id = begin(house, ("姓名,手机,备注,时间\n" + newest_first).encode())
    run_with_a_kill(house, id, n)
    for half in halves:
        assert house.admin.get("/count/lead?filter=" + quote(f"message = '{half}'"))["count"] == n // 2


def test_cancelled_it_stops(house):
    id = begin(house, many(40000, 50000))
    check(house, id)
    house.admin.post(f"/imports/{id}/run")
    house.admin.post(f"/imports/{id}/cancel")
    assert house.admin.get(f"/imports/{id}")["state"] == "cancelled"
    other = begin(house, "name,phone\nz,13800009001\n".encode())
    check(house, other)  # the thread is free again
    assert house.admin.get(f"/imports/{id}")["done"] < 40000


def test_whoever_is_told_that_it_is_cancelled_finds_it_so(house):
    """At whatever moment the thread is: it begins, reads the file that goes, or is at the end."""
    for i in range(30):
        id = begin(house, many(2 * i + 1, 600000 + 100 * i))
        check(house, id)
        house.admin.post(f"/imports/{id}/run")
        status = house.admin.call("POST", f"/imports/{id}/cancel", {}).status
        idle = begin(house, "name,phone\nz,13800009001\n".encode())
        check(house, idle)  # the thread is done with it
        told = house.admin.get(f"/imports/{id}")
        assert (status, told["state"]) in ((200, "cancelled"), (409, "done")), (i, status, told)


def test_a_cancelled_one_counts_all_that_it_brought_in(house):
    """The same file begun again finds exactly those known that the first one says it took."""
    data = many(30000, 300000)
    first = begin(house, data)
    check(house, first)
    house.admin.post(f"/imports/{first}/run")
    wait_for(lambda: house.admin.get(f"/imports/{first}")["done"] > 0, "the first rows")
    house.admin.post(f"/imports/{first}/cancel")
    again = begin(house, data)
    known = check(house, again)["repeated"]  # the thread is done with the first one
    told = house.admin.get(f"/imports/{first}")
    assert told["state"] == "cancelled" and 0 < told["taken"] == told["done"] == known < 30000, (told, known)
    done = run(house, again)
    assert done["repeated"] == known and done["taken"] == 30000 - known and done["bad"] == 0, done


def tenon(house, *words: str) -> subprocess.CompletedProcess:
    database = ["--database", house.database] if house.database else []
    return subprocess.run([house.binary, "import", "--data", house.dir, "--test-clock", *database, *words], capture_output=True, text=True,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, timeout=120, check=False)


def test_zz_command_line(house):
    house.stop()
    try:
        with tempfile.NamedTemporaryFile(suffix=".csv") as f, tempfile.NamedTemporaryFile("w", suffix=".json") as m:
            f.write("a,b\n命令行,13800009101\n坏,1\n".encode())
            f.flush()
            json.dump(["name", "phone"], m)
            m.flush()
            assert tenon(house, "--source", house.company.key).returncode == 2
            assert tenon(house, "--source", "nothing", f.name).returncode == 1
            dry = tenon(house, "--source", house.company.key, "--map", m.name, "--dry-run", f.name)
            assert dry.returncode == 0 and "1 new, 0 repeated, 1 in quarantine" in dry.stdout and "bad_phone" in dry.stdout, dry
            real = tenon(house, "--source", house.company.key, "--map", m.name, f.name)
            assert real.returncode == 0 and real.stdout == "done: 1 new, 0 repeated, 1 in quarantine\n", real
    finally:
        house.start()
    assert leads(house, name="命令行")[0]["phone"] == "+8613800009101"


if __name__ == "__main__":
    cases.main(globals())
