#!/usr/bin/env python3
"""Takes the pictures of the documentation anew, from the demo company on a clock of its own: tools/pictures/make.py [FOLDER].
Needs build/tenon with the web application in it, and Chromium. FOLDER is docs/pictures unless another is named."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/browser")
from run import PASSWORD, DemoHouse  # noqa: E402


def main() -> int:
    folder = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT + "/docs/pictures")
    os.makedirs(folder, exist_ok=True)
    house = DemoHouse(binary=os.environ.get("TENON_BINARY", ROOT + "/build/tenon"))
    node = ROOT + "/web/.node/node_modules/node/bin/node"
    try:
        return subprocess.run([node, ROOT + "/tools/pictures/take.mjs", f"http://127.0.0.1:{house.port}", PASSWORD, folder], check=False).returncode
    finally:
        house.remove()


if __name__ == "__main__":
    sys.exit(main())
