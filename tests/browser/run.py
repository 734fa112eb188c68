#!/usr/bin/env python3
"""Starts the demo company and runs the browser tests against it, or those files whose name holds NAME:
tests/browser/run.py [NAME]."""
import glob
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests")
from lib.house import PASSWORD, House  # noqa: E402


class DemoHouse(House):
    """A house that is filled with the demo company before it opens."""

    def start(self, port: int = 0, wrapper: tuple = ()) -> None:
        if not os.path.exists(self.dir + "/tenon.db"):
            clock = ["--test-clock"] if self.clock else []
            subprocess.run([self.binary, "demo", "--data", self.dir, "--admin-password-file", self.password_file, *clock],
                           check=True, stderr=subprocess.DEVNULL)
        super().start(port, wrapper)


def chosen(name: str) -> list[str]:
    files = sorted(os.path.basename(path)[:-4] for path in glob.glob(ROOT + "/tests/browser/*.mjs"))
    return [file for file in files if file not in ("lib", "run") and name in file]


def main() -> int:
    names = chosen(sys.argv[1] if len(sys.argv) > 1 else "")
    if not names:
        return 0
    house = DemoHouse(binary=os.environ.get("TENON_BINARY", ROOT + "/build/tenon"))
    node = ROOT + "/web/.node/node_modules/node/bin/node"
    try:
        status = subprocess.run([node, ROOT + "/tests/browser/run.mjs", f"http://127.0.0.1:{house.port}", PASSWORD, *names], check=False,
                                env={**os.environ, "TENON_BINARY": house.binary}).returncode
        if house.process.poll() is not None:
            print(f"not ok the server survived (it ended with {house.process.returncode})\n{house.log_tail()}")
            status = 1
        return status
    finally:
        house.remove()


if __name__ == "__main__":
    sys.exit(main())
