"""The Debian package: what is in it, and that the program out of it serves. On SQLite only: a package has no engine."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.house import PASSWORD, ROOT, House  # noqa: E402

WANTED = {"./usr/bin/tenon": "-rwxr-xr-x", "./lib/systemd/system/tenon.service": "-rw-r--r--", "./etc/default/tenon": "-rw-r--r--",
          "./usr/share/doc/tenon/copyright": "-rw-r--r--", "./usr/share/doc/tenon/examples/nginx.conf": "-rw-r--r--",
          "./usr/share/doc/tenon/examples/Caddyfile": "-rw-r--r--"}


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_package_is_built_and_serves(house):
    if house.engine != "sqlite":
        return
    folder = tempfile.mkdtemp(prefix="tenon-package-")
    try:
        build = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(house.binary))))
        package = run(ROOT + "/tools/package.sh", "--build", build, folder).strip()
        listed = {line.split()[5]: line.split() for line in run("dpkg-deb", "-c", package).splitlines()}
        for name, rights in WANTED.items():
            assert name in listed and listed[name][0] == rights and listed[name][1] == "root/root", (name, listed.get(name))
        control = run("dpkg-deb", "-f", package)
        assert re.search(r"^Version: \d+\.\d+\.\d+$", control, re.M), control
        for library in ("libc6", "libsqlite3-0", "libpq5", "libsodium23", "libevent-core", "libtalloc2", "libjansson4", "libglib2.0-0"):
            assert library in re.search(r"^Depends: (.*)$", control, re.M)[1], (library, control)
        run("dpkg-deb", "-R", package, folder + "/root")
        for script in ("postinst", "prerm"):
            run("sh", "-n", f"{folder}/root/DEBIAN/{script}")
        served = House("sqlite", binary=folder + "/root/usr/bin/tenon")
        try:
            assert served.admin.get("/me")["login"] == "admin"
            assert b"<html" in served.client().raw("GET", "/").body.lower()
            assert served.stop() == 0
        finally:
            served.remove()
    finally:
        shutil.rmtree(folder)


def test_the_unit_is_understood(house):
    with open(ROOT + "/packaging/tenon.service", encoding="utf-8") as f:
        unit = f.read()
    for line in ("User=tenon", "ProtectSystem=strict", "StateDirectory=tenon", "NoNewPrivileges=yes", "LimitNOFILE=65536", "Restart=on-failure"):
        assert line in unit.splitlines(), line
    if not shutil.which("systemd-analyze"):
        print("# systemd-analyze is not here", flush=True)
        return
    folder = tempfile.mkdtemp(prefix="tenon-unit-")
    try:
        with open(folder + "/tenon.service", "w", encoding="utf-8") as f:
            f.write(unit.replace("/usr/bin/tenon", os.path.realpath(house.binary)))
        done = subprocess.run(["systemd-analyze", "verify", folder + "/tenon.service"], capture_output=True, text=True, check=False)
        complaints = [line for line in done.stderr.splitlines() if "tenon.service" in line and "Failed to" not in line]
        assert not complaints, complaints
    finally:
        shutil.rmtree(folder)


def test_the_options_of_the_unit_are_the_programs(house):
    with open(ROOT + "/packaging/default", encoding="utf-8") as f:
        named = set(re.findall(r"(--[a-z-]+)", f.read()))
    told = run(house.binary, "--help")
    assert named and all(option in told for option in named), named
    for name in glob.glob(ROOT + "/packaging/*"):
        with open(name, encoding="utf-8") as f:
            assert PASSWORD not in f.read()


if __name__ == "__main__":
    cases.main(globals())
