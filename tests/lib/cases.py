"""Runs the functions test_* of one file against one server: `python3 tests/api/test_x.py --engine sqlite [NAME]`."""
import argparse
import inspect
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib.house import House  # noqa: E402
from lib.postgres import Postgres  # noqa: E402


def main(namespace: dict, **house_options) -> None:
    """Every test gets the house; prints TAP lines `ok NAME` / `not ok NAME`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="sqlite")
    parser.add_argument("--database", help="address of a running PostgreSQL cluster's port, host 127.0.0.1")
    parser.add_argument("name", nargs="?", default="")
    options = parser.parse_args()
    tests = [(n, f) for n, f in namespace.items() if n.startswith("test_") and inspect.isfunction(f) and options.name in n]
    if not tests:
        return
    stem = os.path.splitext(os.path.basename(namespace["__file__"]))[0]
    postgres = Postgres() if options.engine == "postgres" else None
    house = None
    try:
        house = House(options.engine, postgres, **house_options)
        setup = namespace.get("setup")
        if setup:
            setup(house)
        for name, test in tests:
            label = f"{options.engine}/{stem}/{name}"
            try:
                test(house)
                print(f"ok {label}", flush=True)
            except Exception:  # noqa: BLE001 - a test may fail in any way
                print(f"not ok {label}\n" + "".join("  " + line for line in traceback.format_exc().splitlines(True)), flush=True)
    except Exception:  # noqa: BLE001
        print(f"not ok {options.engine}/{stem}/start\n{traceback.format_exc()}", flush=True)
    finally:
        if house and house.process.poll() not in (None, 0):
            print(f"not ok {options.engine}/{stem}/server_survived\n{house.log_tail()}", flush=True)
        if house:
            house.remove()
        if postgres:
            postgres.remove()
