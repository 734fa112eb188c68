#!/usr/bin/env python3
"""Makes holidays_cn.c and the table its test compares with from two npm packages (both MIT) that must agree:

holidays_cn.py CHINESE_DAYS_JSON HOLIDAY_CALENDAR_FOLDER FIRST_YEAR LAST_YEAR TESTS_DATA_FOLDER
    chinese-days      dist/years/../chinese-days.json   {"holidays": {date: ...}, "workdays": {date: ...}}
    holiday-calendar  data/CN/YEAR.json                 {"dates": [{"date", "type"}]}
"""
import json
import pathlib
import sys

HEAD = """/* Chinese public holidays and make-up days as the State Council announced them, {first} to {last}. Made by holidays_cn.py
 * from the facts in npm chinese-days and holiday-calendar (see NOTICE); not edited by hand. */
#include "event/calendar.h"
"""


def from_chinese_days(path: pathlib.Path) -> tuple[set[str], set[str]]:
    facts = json.loads(path.read_text())
    return set(facts["holidays"]), set(facts["workdays"])


def from_holiday_calendar(folder: pathlib.Path, years: range) -> tuple[set[str], set[str]]:
    off, on = set(), set()
    for year in years:
        for day in json.loads((folder / f"{year}.json").read_text())["dates"]:
            (off if day["type"] == "public_holiday" else on).add(day["date"])
    return off, on


def within(days: set[str], years: range) -> list[str]:
    return sorted(day for day in days if int(day[:4]) in years)


def table(name: str, days: list[str]) -> str:
    lines = [f"const char *const {name}[] = {{"]
    for start in range(0, len(days), 7):
        lines.append("\t" + " ".join(f'"{day}",' for day in days[start:start + 7]))
    return "\n".join(lines + ["\tNULL,", "};", ""])


def main() -> None:
    chinese_days, calendar, first, last, tests = sys.argv[1:]
    years = range(int(first), int(last) + 1)
    sources = [from_chinese_days(pathlib.Path(chinese_days)), from_holiday_calendar(pathlib.Path(calendar), years)]
    (off, on), (off_too, on_too) = [[within(days, years) for days in source] for source in sources]
    if off != off_too or on != on_too:
        sys.exit(f"the sources disagree: {set(off) ^ set(off_too)} {set(on) ^ set(on_too)}")
    parts = [HEAD.format(first=first, last=last), table("holidays_cn_off", off), table("holidays_cn_on", on)]
    (pathlib.Path(__file__).parent / "holidays_cn.c").write_text("\n".join(parts))
    rows = [f"{kind}\t{day}\t\n" for kind, days in (("off", off_too), ("on", on_too)) for day in days]
    head = "# From npm holiday-calendar (MIT): public holidays (off) and make-up days (on) of China.\n"
    (pathlib.Path(tests) / "cn.tsv").write_text(head + "".join(rows))


if __name__ == "__main__":
    main()
