#!/usr/bin/env python3
"""Checks what docs/developers/conventions.md says and a program can see. Prints file:line: message, ends with 1 on findings.

tidy.py [--headers] [ROOT]      --headers also compiles every header alone (slower, needs the compiler)
`/* tidy: table */` on the line above a function, or inside it, lifts the length limit of a function that is a pure table.
"""
import pathlib
import re
import subprocess
import sys
from functools import lru_cache

HEAD_WITHIN = 25  # a comment at the left margin stands within so many lines
LINE_MAX, FUNCTION_MAX, FILE_MAX, NESTING_MAX, SOURCES_MAX = 120, 70, 800, 5, 25
# What is not called outside base/, and what to use instead.
BANNED = {"malloc": "talloc", "calloc": "talloc", "realloc": "talloc", "free": "talloc", "strcpy": "talloc_strdup or Buf",
          "strcat": "Buf", "sprintf": "snprintf or Buf", "vsprintf": "vsnprintf", "gets": "fgets", "atoi": "strtoll",
          "atol": "strtoll", "strtok": "strtok_r", "time": "clock_now_ms", "gettimeofday": "clock_now_ms",
          "rand": "random_u64", "random": "random_u64", "sleep": "a condition with a deadline",
          "usleep": "a condition with a deadline"}
BANNED_ANYWHERE = {"g_mutex_lock": "pthread_mutex_lock", "g_mutex_init": "pthread_mutex_init",
                   "g_thread_new": "pthread_create", "g_cond_wait": "pthread_cond_wait"}
# Words that name a workplace instead of the project. Put together so that this file passes its own check.
FOREIGN = re.compile("|".join(["/" + "work/", r"\b" + "claude" + r"\b", r"\b" + "anthropic" + r"\b", "/tmp/" + "briefs"]), re.I)
UNFINISHED = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|X" + r"XX)\b")
PACKAGES = ["talloc", "glib-2.0", "jansson", "libsodium", "sqlite3", "libpq", "libevent", "libcurl", "libcrypto", "expat", "libzip", "libqrencode", "gmime-3.0"]
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "do", "else"}
FUNCTION_HEAD = re.compile(r"^(?!typedef|struct|enum|union|#|\s|\}|/)[A-Za-z_].*?\b([a-z_][a-z0-9_]*)\s*\(")


def without_text(source: str) -> str:
    """The source with comments, strings and characters blanked out; every line keeps its number and length."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), source, flags=re.S)


class Tidy:
    def __init__(self, root: pathlib.Path):
        self.root, self.src = root, root / "src"
        self.checks, self.findings = 0, 0
        lines = (self.src / "floors.txt").read_text().splitlines()
        self.floors = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]

    def say(self, path: pathlib.Path, line: int, message: str) -> None:
        self.findings += 1
        print(f"{path.relative_to(self.root)}:{line}: {message}")

    def expect(self, good: bool, path: pathlib.Path, line: int, message: str) -> None:
        self.checks += 1
        if not good:
            self.say(path, line, message)

    # One folder

    def check_folder(self, folder: pathlib.Path) -> None:
        sources = [p for p in folder.glob("*.c") if not p.name.endswith("_test.c")]
        self.expect((folder / "README.md").exists(), folder, 1, "has no README.md")
        self.expect(len(sources) <= SOURCES_MAX, folder, 1, f"{len(sources)} .c files, {SOURCES_MAX} are allowed")

    # One file

    def check_file(self, path: pathlib.Path) -> None:
        source = path.read_text()
        lines, code = source.splitlines(), without_text(source).splitlines()
        self.expect(len(lines) <= FILE_MAX, path, FILE_MAX, f"{len(lines)} lines, {FILE_MAX} are allowed")
        spoken = any(line.startswith("/*") for line in lines[:HEAD_WITHIN])
        self.expect(spoken or path.name.endswith("_test.c"), path, 1, "no comment near the top says what this file is")
        if path.suffix == ".h":
            self.expect("#pragma once" in source, path, 1, "header without #pragma once")
        self.check_includes(path, lines)
        self.check_calls(path, code)
        for number, line in enumerate(lines, 1):
            self.check_line(path, number, line)
        if path.suffix == ".c":
            self.check_functions(path, lines, code)

    def check_line(self, path: pathlib.Path, number: int, line: str) -> None:
        width = len(line.expandtabs(4))
        self.expect(width <= LINE_MAX, path, number, f"{width} columns, {LINE_MAX} are allowed")
        self.expect(not FOREIGN.search(line), path, number, "speaks of the workplace, not of the project")
        self.expect(not UNFINISHED.search(line), path, number, "unfinished work belongs into an issue, not into a comment")
        self.expect(line == line.rstrip(), path, number, "blanks at the end of the line")

    def check_includes(self, path: pathlib.Path, lines: list) -> None:
        for number, line in enumerate(lines, 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if match:
                fault = self.include_fault(path, match.group(1))
                self.expect(fault is None, path, number, fault or "")

    def include_fault(self, path: pathlib.Path, target: str):
        if path.name.endswith("check_main.c"):
            return None
        if "/" not in target or not (self.src / target).exists():
            return None if "/" in target and not target.startswith(".") else f'"{target}" is not written from src/'
        here, there = path.relative_to(self.src).parts, pathlib.PurePath(target).parts
        if here[0] not in self.floors or there[0] not in self.floors:
            return f"{here[0]} or {there[0]} is not in floors.txt"
        if self.floors.index(there[0]) > self.floors.index(here[0]):
            return f"{here[0]}/ may not include {there[0]}/: it lies above"
        if here[0] == there[0] == "modules" and len(here) > 2 and len(there) > 2 and here[1] != there[1]:
            return f"rooms are siblings: modules/{here[1]} may not include modules/{there[1]}"
        if target.endswith("_int.h") and here[:-1] != there[:-1]:
            return f"{target} is internal to its folder"
        return None

    def check_calls(self, path: pathlib.Path, code: list) -> None:
        banned = dict(BANNED_ANYWHERE)
        if path.relative_to(self.src).parts[0] != "base":
            banned.update(BANNED)
        for number, line in enumerate(code, 1):
            for name in re.findall(r"(?<![\w.>])([a-z_][a-z0-9_]*)\s*\(", line):
                self.expect(name not in banned, path, number, f"{name}() is banned: use {banned.get(name)}")

    # Functions: a body begins at a lone brace in column 0, as the style demands

    def check_functions(self, path: pathlib.Path, lines: list, code: list) -> None:
        start, head = None, 0
        for number, line in enumerate(code, 1):
            if line.rstrip() == "{":
                start, head = number, self.head_of(code, number)
            elif line.startswith("}") and start is not None:
                self.check_function(path, lines, code, head, start, number)
                start = None

    @staticmethod
    def head_of(code: list, brace: int) -> int:
        """The line on which the function whose brace this is begins (long heads go over several lines)."""
        number = brace - 1
        while number > 1 and code[number - 1][:1] in (" ", "\t", ""):
            number -= 1
        attribute = re.match(r"(PRINTF_LIKE|NODISCARD|__attribute__|static)\b", code[number - 2])
        return number - 1 if attribute and ";" not in code[number - 2] else number

    def check_function(self, path, lines, code, head: int, start: int, end: int) -> None:
        table = any("tidy: table" in line for line in lines[max(head - 2, 0):end])
        self.expect(table or end - head + 1 <= FUNCTION_MAX, path, head,
                    f"function of {end - head + 1} lines, {FUNCTION_MAX} are allowed")
        depth, deepest, at = 0, 0, start
        for number in range(start, end):
            depth += code[number].count("{") - code[number].count("}")
            if depth > deepest:
                deepest, at = depth, number + 1
        self.expect(deepest <= NESTING_MAX, path, at, f"nested {deepest} deep, {NESTING_MAX} are allowed")
        self.check_name(path, head, " ".join(code[head - 1:start - 1]))

    def check_name(self, path: pathlib.Path, number: int, head: str) -> None:
        match = FUNCTION_HEAD.match(head)
        if not match or re.search(r"\bstatic\b|^TEST\b", head) or match.group(1) in KEYWORDS | {"main"}:
            return
        if path.name.endswith("_test.c") or path.name.endswith("_fuzz.c"):
            return
        words = {path.stem, path.stem.split("_")[0], path.parent.name}
        words |= self.header_words(path.parent)
        good = any(match.group(1) == w or match.group(1).startswith(w + "_") for w in words)
        self.expect(good, path, number, f"{match.group(1)}() does not begin with {path.stem}_ or {path.parent.name}_")

    @staticmethod
    @lru_cache
    def header_words(folder: pathlib.Path) -> frozenset:
        """What the folder's headers promise may be named after the header: sql_add of builder.h is declared in a header."""
        words = set()
        for header in folder.glob("*.h"):
            words |= {name.split("_")[0] for name in re.findall(r"\b([a-z][a-z0-9]*_[a-z0-9_]+)\(", header.read_text())}
        return frozenset(words)

    # Headers alone

    def check_headers(self) -> None:
        flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True).stdout.split()
        for header in sorted(self.src.rglob("*.h")):
            command = ["cc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-fsyntax-only", f"-I{self.src}", *flags,
                       "-include", str(header), "-x", "c", "/dev/null"]
            result = subprocess.run(command, capture_output=True, text=True)
            first = next((line for line in result.stderr.splitlines() if "error" in line or "warning" in line), "")
            self.expect(result.returncode == 0 and not first, header, 1, f"does not compile alone: {first}")

    def run(self, headers: bool) -> int:
        files = sorted(p for p in self.src.rglob("*") if p.suffix in (".c", ".h"))
        for folder in sorted({p.parent for p in files}):
            self.check_folder(folder)
        for path in files:
            self.check_file(path)
        if headers:
            self.check_headers()
        print(f"tidy: {self.checks} checks, {self.findings} findings")
        return 1 if self.findings else 0


def main() -> int:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    root = pathlib.Path(words[0]) if words else pathlib.Path(__file__).parent.parent
    return Tidy(root.resolve()).run("--headers" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
