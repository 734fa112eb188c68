"""The Debian package: what is in it, and that the program out of it serves. On SQLite only: a package has no engine."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.house import PASSWORD, ROOT, House, wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402

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
        for script in ("postinst", "prerm", "postrm"):
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


LIFE = """set -e
wants=/etc/systemd/system/multi-user.target.wants/tenon.service
rm -rf /run/systemd/system
quiet() { "$@" >/dev/null 2>&1 || { echo "failed: $*"; exit 1; }; }
quiet dpkg -i "$1"
id -u tenon >/dev/null && tenon version >/dev/null && test -L $wants && echo installed
rm $wants
echo '# mine' >>/etc/default/tenon
quiet dpkg -i "$1"
test ! -e $wants && grep -q '# mine' /etc/default/tenon && echo "still disabled"
mkdir -p /var/lib/tenon && touch /var/lib/tenon/tenon.db
quiet dpkg -r tenon
quiet dpkg -P tenon
test ! -e /usr/bin/tenon && test ! -e /etc/default/tenon && test -e /var/lib/tenon/tenon.db && echo "data kept"
quiet dpkg -i "$1"
test -L $wants && echo "enabled again"
"""


def test_the_package_is_installed_upgraded_removed_and_purged(house):
    """On a copy of this machine that is thrown away."""
    folder = tempfile.mkdtemp(prefix="tenon-machine-")
    mount = ("mount -t tmpfs none $0 && mkdir $0/upper $0/work $0/root && "
             "mount -t overlay overlay -o lowerdir=/,upperdir=$0/upper,workdir=$0/work $0/root")
    try:
        if house.engine != "sqlite" or subprocess.run(["unshare", "-m", "sh", "-c", mount, folder], capture_output=True, check=False).returncode:
            print("# needs root and overlays", flush=True)
            return
        build = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(house.binary))))
        with tempfile.TemporaryDirectory(prefix="tenon-package-") as made:
            package = run(ROOT + "/tools/package.sh", "--build", build, made).strip()
            inside = mount + " && cp \"$1\" $0/root/tenon.deb && chroot $0/root sh -c \"$2\" life /tenon.deb"
            done = subprocess.run(["unshare", "-m", "sh", "-c", inside, folder, package, LIFE], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines() == ["installed", "still disabled", "data kept", "enabled again"], done
    finally:
        os.rmdir(folder)


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


def allowed_calls(names: list[str]) -> set:
    """What systemd makes of the words of SystemCallFilter=."""
    calls = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        listed = run("systemd-analyze", "syscall-filter", name).splitlines()[1:]
        calls |= allowed_calls([line.strip() for line in listed if line.strip() and not line.strip().startswith("#")])
    return calls


def values(key: str) -> list[str]:
    with open(ROOT + "/packaging/tenon.service", encoding="utf-8") as f:
        return [word for line in f if line.startswith(key + "=") for word in line.strip().split("=", 1)[1].split()]


def test_the_unit_lets_the_program_do_all_it_does(house):
    """A call that the unit forbids kills the service: so all of a server's calls are looked at, also those of its care."""
    if house.engine != "sqlite" or not shutil.which("strace") or not shutil.which("systemd-analyze"):
        print("# needs SQLite, strace and systemd-analyze", flush=True)
        return
    folder = tempfile.mkdtemp(prefix="tenon-calls-")
    served = House("sqlite", binary=house.binary)
    try:
        served.stop()
        served.start(wrapper=("strace", "-f", "-qq", "-o", folder + "/calls", "-e", "signal=none"))
        assert served.admin.get("/care/health")["doctor"]
        served.capture("web", {"name": "王芳", "phone": "13812345678"})
        partner = Partner()
        settings = {"url": partner.url("/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        ours = served.admin.post("/channels", {"kind": "webhook", "name": "x", "settings": settings, "allowed_host": "127.0.0.1"}, 201)
        assert served.admin.post(f"/channels/{ours['id']}/test", {})["ok"]
        far = served.admin.post("/channels", {"kind": "webhook", "name": "y", "settings": {**settings, "url": "https://192.0.1.1:9/"}}, 201)
        served.admin.post(f"/channels/{far['id']}/test", {})
        served.admin.post("/care/backups", expect=202)
        wait_for(lambda: served.admin.get("/care/backups")["running"] is None, "the backup to end", 60)
        assert served.admin.get("/care/backups")["last"]["good"]
        tracer = served.process.pid
        os.kill(int(run("pgrep", "-P", str(tracer)).split()[0]), signal.SIGTERM)
        served.process.wait(60)
        with open(folder + "/calls", encoding="utf-8", errors="replace") as f:
            text = f.read()
        calls = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", text, re.M))
        assert "clock_adjtime" in calls and "fdatasync" in calls, calls
        assert not calls - allowed_calls(values("SystemCallFilter")), calls - allowed_calls(values("SystemCallFilter"))
        families = set(re.findall(r"socket\((AF_[A-Z0-9]+)", text))
        assert "AF_NETLINK" in families and families <= set(values("RestrictAddressFamilies")), families
        assert not values("ProtectClock"), "it forbids to read the state of the clock, as the doctor does"
    finally:
        served.remove()
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
