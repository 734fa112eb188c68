#!/usr/bin/env python3
"""Makes src/match/tables/phones.bin from libphonenumber's resources/geocoding/zh/86.txt and resources/carrier/zh/86.txt.

    pack_phones.py GEOCODING.txt[.gz] CARRIER.txt REGIONS.tsv > phones.bin

A third of a million seven-digit mobile blocks become runs of the same city. All numbers are little-endian:
    8 bytes "TNPHONE1"; u32 places, areas, runs
    u32 region code of each place
    u8 carrier of each four-digit prefix 1300..1999 (0 unknown)
    u16 pairs (area code, place), ascending
    u32 first run of each four-digit prefix 1300..1999, and one past the last
    u16 runs: place << 7 | blocks - 1; the runs of a prefix cover its 1000 blocks in order; place 511 is unknown"""
import gzip
import itertools
import pathlib
import struct
import sys

from region_names import short

CARRIERS = ["", "中国移动", "中国联通", "中国电信", "中国广电"]
UNKNOWN = 511
# Places that have since been renamed or have become part of another.
RENAMED = {"襄樊市": "襄阳市", "莱芜市": "济南市", "索县": "那曲市", "天津": "天津市"}


def read_prefixes(path: str) -> dict[str, str]:
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        rows = (line.strip().split("|") for line in file if line[:2] == "86")
        return {prefix[2:]: name for prefix, name in rows}


class Regions:
    def __init__(self, path: str):
        rows = [line.split("\t") for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
        self.names = {int(row[0]): row[1] for row in rows}

    def find(self, text: str) -> int:
        """Code of "江苏省南京市" or "新疆喀什地区", of the city if there is one, else of the county."""
        text = text.split("、")[0]
        province = next(c for c, n in self.names.items() if c < 100 and text.startswith(short(n)))
        full = self.names[province]
        rest = text.removeprefix(full) if text.startswith(full) else text.removeprefix(short(full)).removeprefix("省")
        rest = RENAMED.get(rest, rest)
        if not rest:
            return province * 100 + 1
        below = [c for c in self.names if c > 100 and int(str(c)[:2]) == province and short(self.names[c]) == short(rest)]
        if not below:
            raise SystemExit(f"no region for {text}")
        return below[0]


def mobile_blocks(prefixes: dict[str, str]) -> dict[int, str]:
    """Name of each seven-digit block; the longer prefix wins."""
    blocks = {}
    for prefix in sorted((p for p in prefixes if p[0] == "1" and p[1] >= "3"), key=len):
        first = int(prefix.ljust(7, "0"))
        blocks.update(dict.fromkeys(range(first, first + 10 ** (7 - len(prefix))), prefixes[prefix]))
    return blocks


def pack_runs(blocks: dict[int, int]) -> tuple[list[int], list[int]]:
    directory, runs = [], []
    for prefix in range(1300, 2000):
        directory.append(len(runs))
        places = (blocks.get(prefix * 1000 + i, UNKNOWN) for i in range(1000))
        for place, group in itertools.groupby(places):
            count = len(list(group))
            while count > 0:
                runs.append(place << 7 | min(count, 128) - 1)
                count -= 128
    return directory + [len(runs)], runs


def carrier_of(prefixes: dict[str, str], prefix: int) -> int:
    text = str(prefix)
    name = next((prefixes[text[:n]] for n in (4, 3, 2) if text[:n] in prefixes), "")
    return CARRIERS.index(name)


def main() -> None:
    geocoding, carriers, regions = read_prefixes(sys.argv[1]), read_prefixes(sys.argv[2]), Regions(sys.argv[3])
    code_of = {name: regions.find(name) for name in set(geocoding.values())}
    codes = sorted(set(code_of.values()))
    place_of = {name: codes.index(code) for name, code in code_of.items()}
    areas = sorted((int(p), place_of[n]) for p, n in geocoding.items() if p[0] != "1" or p == "10")
    directory, runs = pack_runs({block: place_of[name] for block, name in mobile_blocks(geocoding).items()})
    out = sys.stdout.buffer
    out.write(b"TNPHONE1" + struct.pack("<III", len(codes), len(areas), len(runs)))
    out.write(struct.pack(f"<{len(codes)}I", *codes))
    out.write(bytes(carrier_of(carriers, prefix) for prefix in range(1300, 2000)))
    out.write(b"".join(struct.pack("<HH", *row) for row in areas))
    out.write(struct.pack("<701I", *directory))
    out.write(struct.pack(f"<{len(runs)}H", *runs))


if __name__ == "__main__":
    main()
