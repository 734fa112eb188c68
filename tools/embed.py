#!/usr/bin/env python3
"""Carries files inside the binary: embed.py OUT.c SYMBOL ROOT PATH... writes `const EmbeddedFile SYMBOL[]` (base/embed.h).
A PATH may be a folder: all files below it. gcc 12 and clang 14 have no #embed, so the bytes come in by .incbin."""
import pathlib
import sys


def files_of(paths: list[str]) -> list[pathlib.Path]:
    """All files named, folders opened."""
    found: list[pathlib.Path] = []
    for path in map(pathlib.Path, paths):
        found += [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    return sorted(p.resolve() for p in found)


def main() -> None:
    out, symbol, root, *paths = sys.argv[1:]
    base = pathlib.Path(root).resolve()
    lines = ['#include "base/embed.h"', ""]
    rows = []
    for i, path in enumerate(files_of(paths)):
        name = f"{symbol}_{i}"
        lines.append(f'__asm__(".section .rodata\\n{name}: .incbin \\"{path}\\"\\n.byte 0\\n.previous\\n");')
        lines.append(f"extern const unsigned char {name}[];")
        rows.append(f'\t{{"{path.relative_to(base)}", {name}, {path.stat().st_size}}},')
    lines += ["", f"extern const EmbeddedFile {symbol}[];", f"const EmbeddedFile {symbol}[] = {{", *rows, "\t{0}", "};", ""]
    pathlib.Path(out).write_text("\n".join(lines))


if __name__ == "__main__":
    main()
