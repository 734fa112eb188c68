"""Territories drawn on the map: what is refused and where, holes, the date line, who gets what lies on an edge (L5)."""
import math
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.company import Company, make, next_workday, owner, quiet_policy  # noqa: E402


def setup(house):
    quiet_policy(house, load_max=1000, territory_by=["province"])


def polygon(*rings) -> dict:
    return {"type": "Polygon", "coordinates": list(rings)}


def square(west, south, east, north) -> list:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def refused(house, shape, code) -> str:
    answer = house.admin.call("POST", "/records/territory", {"name": "围栏", "polygon": shape})
    assert answer.status == 400, answer
    fault = answer.json["fields"][0]
    assert fault["field"] == "polygon" and fault["code"] == code, fault
    preview = house.admin.post("/territories/preview", {"polygon": shape})["fault"]
    assert preview["code"] == code and preview["detail"] == fault["detail"], preview
    return fault["detail"]


def fenced(house, shape):
    """A company of two: one holds what the polygon holds, the other nothing."""
    next_workday(house)
    territory = make(house, "territory", name="围栏", polygon=shape)
    elsewhere = make(house, "territory", name="别处", codes=["650000"])
    c = Company(house, 0)
    inside, outside = c.hire(capacity=1000, territories=[territory]), c.hire(capacity=1000, territories=[elsewhere])
    c.members(inside, outside)
    return c, inside


def gets(company, lon, lat) -> str | None:
    return owner(company.house, company.send(longitude=f"{lon:.6f}", latitude=f"{lat:.6f}", province=None, city=None)["lead"])


def test_what_is_wrong_is_refused_with_its_place(house):
    assert "5.000000, 5.000000" in refused(house, polygon([[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]), "crosses")
    refused(house, polygon([[0, 0], [10, 0], [10, 10], [0, 10]]), "not_closed")
    refused(house, polygon([[0, 0], [10, 0], [0, 0]]), "too_few")
    refused(house, polygon([[0, 0], [10, 95], [10, 0], [0, 0]]), "bad_point")
    assert "2" in refused(house, polygon(square(0, 0, 10, 10), square(20, 20, 21, 21)), "hole_outside")
    refused(house, {"type": "Point", "coordinates": [1, 2]}, "not_geojson")
    refused(house, polygon([[i / 1e4, i % 2] for i in range(20_001)] + [[0, 0]]), "too_many")


def test_a_hole_is_nobodys_and_an_edge_belongs_to_it(house):
    c, inside = fenced(house, polygon(square(121, 31, 122, 32), square(121.4, 31.4, 121.6, 31.6)))
    assert gets(c, 121.2, 31.2) == inside.id
    assert gets(c, 121.5, 31.5) is None, "in the hole"
    assert gets(c, 121, 31.5) == inside.id and gets(c, 122, 32) == inside.id, "an edge and a corner"
    assert gets(c, 121.4, 31.5) == inside.id, "the edge of the hole"
    assert gets(c, 120.999999, 31.5) is None


def test_the_date_line_may_be_crossed(house):
    c, inside = fenced(house, polygon(square(170, -10, 190, 10)))
    assert gets(c, 175, 0) == inside.id and gets(c, -175, 0) == inside.id and gets(c, 180, 0) == inside.id
    assert gets(c, -165, 0) is None


def test_a_preview_counts_the_last_leads(house):
    c, _ = fenced(house, polygon(square(100, 0, 100.5, 0.5)))
    for n in range(3):
        gets(c, 100.1 + n / 10, 0.2)
    seen = house.admin.post("/territories/preview", {"polygon": polygon(square(100, 0, 100.5, 0.5))})
    assert seen["fault"] is None and seen["inside"] == 3 and seen["box"] == [100, 0, 100.5, 0.5] and seen["points"] == 4, seen
    assert seen["leads"] >= seen["placed"] >= 3


def test_centres_of_regions_are_told_to_who_draws(house):
    items = house.admin.get("/regions/centres")["items"]
    names = {one["code"]: one for one in items}
    assert len(items) == len(names) > 350, len(items)
    lon, lat = names["3301"]["place"]
    assert names["3301"]["name"] == "杭州市" and 118 < lon < 121 and 29 < lat < 31, names["3301"]
    assert names["33"]["name"] == "浙江省" and "330106" not in names
    c = Company(house, 1)
    assert c.people[0].call("GET", "/regions/centres").status == 403


def test_the_largest_is_checked_quickly(house):
    n = 19_999
    ring = [[100 + math.cos(2 * math.pi * i / n) * (1 + i % 2 / 10), 30 + math.sin(2 * math.pi * i / n) * (1 + i % 2 / 10)] for i in range(n)]
    began = time.monotonic()
    make(house, "territory", name="大围栏", polygon=polygon(ring + ring[:1]))
    assert time.monotonic() - began < 20


if __name__ == "__main__":
    cases.main(globals())
