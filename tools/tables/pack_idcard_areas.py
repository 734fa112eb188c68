#!/usr/bin/env python3
"""Makes src/match/tables/idcard_areas.tsv: every area code an identity card was ever issued under, as ranges "first last".

    pack_idcard_areas.py AREAS.json[.gz] REGIONS.tsv > idcard_areas.tsv

AREAS.json is the table of the npm package idcard@4.2.0 (codes since 1980, abolished ones too); the regions add the newest."""
import gzip
import json
import pathlib
import sys

TAIWAN_RESIDENCE = 830000


def main() -> None:
    raw = pathlib.Path(sys.argv[1]).read_bytes()
    old = json.loads(gzip.decompress(raw) if sys.argv[1].endswith(".gz") else raw)
    new = (line.split("\t")[0] for line in pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").splitlines())
    codes = {int(c) for c in old if c.isdigit() and len(c) == 6}
    # The codes of districts in Hong Kong, Macau and Taiwan are our own numbering, not the state's.
    codes |= {int(c) for c in new if len(c) == 6 and c[:2] not in ("71", "81", "82")}
    codes |= {710000, 810000, 820000, TAIWAN_RESIDENCE}
    ranges = []
    for code in sorted(codes):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    for first, last in ranges:
        print(f"{first}\t{last}")


if __name__ == "__main__":
    main()
