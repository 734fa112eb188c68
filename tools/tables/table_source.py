#!/usr/bin/env python3
"""Writes the C source of the region tables at build time: table_source.py OUT.c REGIONS.tsv IDCARD_AREAS.tsv (see match/tables.h).

Strings lie in one pool and rows hold offsets, so that the tables stay read-only pages without relocations."""
import pathlib
import sys

from region_names import EXTRA, short


class Pool:
    def __init__(self) -> None:
        self.bytes = bytearray()
        self.seen: dict[str, int] = {}

    def put(self, text: str) -> int:
        if text not in self.seen:
            self.seen[text] = len(self.bytes)
            self.bytes += text.encode() + b"\0"
        return self.seen[text]


def rows(path: str) -> list[list[str]]:
    return [line.split("\t") for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]


def aliases(names: dict[int, str]) -> list[tuple[bytes, str, int, bool]]:
    """(bytes, text, code, full): each region under its name, its short form and what else people write."""
    found = {}
    for code, name in names.items():
        for text in [short(name), *EXTRA.get(code, "").split()]:
            found[text, code] = False
        if name.endswith("自治州"):
            found[short(name) + "州", code] = False
        found[name, code] = True
        if 1000 <= code < 10000 and names[code // 100] == name:
            found["市辖区", code] = True
    return sorted((text.lower().encode(), text.lower(), code, full) for (text, code), full in found.items())


def main() -> None:
    out, regions_path, areas_path = sys.argv[1:]
    pool = Pool()
    regions = sorted((int(r[0]), r[1], *(r[2:] or ["0", "0"])) for r in rows(regions_path))
    names = {r[0]: r[1] for r in regions}
    lines = ['#include "match/tables.h"', "const RegionRow region_rows[] = {"]
    lines += [f"\t{{{code}, {pool.put(name)}, {lon}f, {lat}f}}," if "." in lon else f"\t{{{code}, {pool.put(name)}, 0, 0}},"
              for code, name, lon, lat in regions]
    lines += ["};", f"const size_t region_row_count = {len(regions)};", "const RegionAlias region_aliases[] = {"]
    listed = aliases(names)
    lines += [f"\t{{{pool.put(text)}, {code}, {len(key)}, {int(full)}}}," for key, text, code, full in listed]
    lines += ["};", f"const size_t region_alias_count = {len(listed)};", "const IdCardArea id_card_areas[] = {"]
    ranges = rows(areas_path)
    lines += [f"\t{{{first}, {last}}}," for first, last in ranges]
    lines += ["};", f"const size_t id_card_area_count = {len(ranges)};", "const char region_text[] = {"]
    data = [b - 256 if b > 127 else b for b in pool.bytes]
    lines += [",".join(map(str, data[i:i + 40])) + "," for i in range(0, len(data), 40)]
    pathlib.Path(out).write_text("\n".join([*lines, "};", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
