"""Behind a proxy: the sample for nginx is loaded as it stands, and the doctor sees what is wrong with others."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import cases  # noqa: E402
from lib.house import ROOT, Client, House, Live, wait_for  # noqa: E402
from lib.partner import Partner  # noqa: E402

FOLDER = tempfile.TemporaryDirectory(prefix="tenon-proxy-")
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificate(days):
    key, pem = FOLDER.name + f"/{days}.key", FOLDER.name + f"/{days}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", pem, "-days", str(days),
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return key, pem


def doctor(house, url, **environment):
    """check -> (is it well, sentence)"""
    words = [house.binary, "doctor", "--data", house.dir, "--public-url", url, "--lang", "en"] + (["--database", house.database] if house.database else [])
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **environment})
    rows = re.findall(r"^(ok|!!|--)  (\w+): (.*)$", done.stdout, re.M)
    assert rows, done.stdout + done.stderr
    return {check: (mark == "ok", said) for mark, check, said in rows}


class Nginx:
    """The sample with other ports, name and certificate; `change` alters its text."""

    def __init__(self, house, change=lambda text: text, days=90):
        self.port, self.key_pem = free_port(), certificate(days)
        with open(ROOT + "/packaging/nginx.conf", encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r"^\s*listen \[::\].*\n", "", text, flags=re.M)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};").replace("listen 443", f"listen 127.0.0.1:{self.port}")
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{house.port}").replace("crm.example.com;", "localhost;")
        text = re.sub(r"ssl_certificate .*;", f"ssl_certificate {self.key_pem[1]};", text)
        text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {self.key_pem[0]};", text)
        self.dir = tempfile.mkdtemp(dir=FOLDER.name)
        paths = "".join(f"{name}_temp_path {self.dir}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(self.dir + "/nginx.conf", "w", encoding="utf-8") as f:
            f.write(f"daemon off; pid {self.dir}/pid; error_log {self.dir}/error.log; worker_processes 1; events {{ }}\n"
                    f"http {{ access_log off; {paths}\n{change(text)}\n}}\n")
        tested = subprocess.run([NGINX, "-t", "-p", self.dir, "-c", self.dir + "/nginx.conf"], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stderr
        self.process = subprocess.Popen([NGINX, "-p", self.dir, "-c", self.dir + "/nginx.conf"], stderr=subprocess.DEVNULL)
        self.url = f"https://localhost:{self.port}"
        wait_for(self.listens, "nginx")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def doctor(self, house):
        return doctor(house, self.url, SSL_CERT_FILE=self.key_pem[1])

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def test_the_sample_for_nginx_is_found_well(house):
    n = Nginx(house)
    try:
        found = n.doctor(house)
        for check in ("proxy", "proxy_address", "proxy_stream", "certificate"):
            assert found[check][0], found
        assert "days" in found["certificate"][1]
    finally:
        n.stop()


def test_the_doctor_sees_what_is_wrong(house):
    def without_address(text):
        return text.replace("X-Forwarded-For $remote_addr", 'X-Forwarded-For ""')

    def with_any_address(text):
        return re.sub(r"proxy_set_header X-Forwarded-For \$remote_addr;", "", text)
    for change, check, words in ((without_address, "proxy_address", "does not forward"), (with_any_address, "proxy_address", "forge")):
        n = Nginx(house, change)
        try:
            found = n.doctor(house)
            assert found["proxy"][0] and not found[check][0] and words in found[check][1], (change.__name__, found)
        finally:
            n.stop()
    n = Nginx(house, days=5)
    try:
        found = n.doctor(house)
        assert not found["certificate"][0] and "ends in" in found["certificate"][1], found
    finally:
        n.stop()
    found = n.doctor(house)
    assert not found["proxy"][0] and "does not answer" in found["proxy"][1], found


def test_a_proxy_that_holds_streams_back_is_noticed(house):
    def forward(request):
        if request.path.startswith("/api/v1/live"):
            return ("slow", 3)
        return (200, house.client().raw("GET", request.path, headers={"X-Forwarded-For": "127.0.0.1"}).body)
    p = Partner(forward)
    found = doctor(house, p.url("").rstrip("/"))
    assert found["proxy"][0] and found["proxy_address"][0] and not found["proxy_stream"][0] and "late" in found["proxy_stream"][1], found


def test_another_house_at_the_address_is_noticed(house):
    other = House("sqlite")
    n = Nginx(other)
    try:
        found = n.doctor(house)
        assert not found["proxy"][0] and "another house" in found["proxy"][1], found
    finally:
        n.stop()
        other.remove()


def test_reach_tells_a_stranger_nothing(house):
    answer = house.client().raw("GET", "/reach").json
    assert set(answer) == {"proof", "address", "forwarded", "believed"} and len(answer["proof"]) == 64, answer
    assert house.client().raw("GET", "/reach?nonce=a").json["proof"] != answer["proof"]
    assert house.client().raw("GET", "/reach?nonce=" + "a" * 65).json["proof"] == answer["proof"], "what is too long is none"
    sockets = []
    for _ in range(4):
        s = socket.create_connection(("127.0.0.1", house.port))
        s.sendall(b"GET /api/v1/live?reach HTTP/1.1\r\nHost: x\r\n\r\n")
        s.settimeout(20)
        got = b""
        while b"data: now" not in got:
            got += s.recv(4096)
        sockets.append(s)
    assert house.client().raw("GET", "/api/v1/live?reach").status == 503, "only a few at once"
    for s in sockets:
        s.close()

    def again():
        s = socket.create_connection(("127.0.0.1", house.port))
        s.sendall(b"GET /api/v1/live?reach HTTP/1.1\r\nHost: x\r\n\r\n")
        got = s.recv(4096)
        s.close()
        return b" 200 " in got
    wait_for(again, "a stream after the others are gone")
    live = Live(Client(house.port, house.admin.token))
    live.close()


if __name__ == "__main__":
    cases.main(globals())
