#!/usr/bin/env python3
"""Writes a C source with the bytes of files: embed.py OUT.c SYMBOL ROOT FILE... -> const EmbeddedFile SYMBOL[] (see base/embed.h)."""
import pathlib
import sys


def quoted(data: bytes) -> str:
    """The bytes as a C array body; gcc 12 and clang 14 have no #embed."""
    return ",".join(str(b) for b in data)


def main() -> None:
    out, symbol, root, *files = sys.argv[1:]
    lines = ['#include "base/embed.h"']
    rows = []
    for i, name in enumerate(sorted(files)):
        data = pathlib.Path(name).read_bytes()
        lines.append(f"static const unsigned char file_{i}[] = {{{quoted(data + bytes(1))}}};")
        rows.append(f'\t{{"{pathlib.Path(name).resolve().relative_to(pathlib.Path(root).resolve())}", file_{i}, {len(data)}}},')
    lines += [f"const EmbeddedFile {symbol}[] = {{", *rows, "\t{0}", "};", ""]
    pathlib.Path(out).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
