"""Certificates for tests, made with openssl: a good one, one of another host, one that has expired, and one that nobody vouches for. Servers
started by whoever imports this trust the authority of the first three."""
import os
import ssl
import subprocess
import tempfile

FOLDER = tempfile.TemporaryDirectory(prefix="tenon-tls-")


def path(name):
    return os.path.join(FOLDER.name, name)


def run(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=FOLDER.name)


def certificate(name, names, by="authority", days="30"):
    """A key and a certificate for these names, signed by an authority that is made on first use."""
    if not os.path.exists(path(by + ".pem")):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", by + ".key", "-out", by + ".pem", "-days", "30", "-subj", "/CN=" + by)
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
    with open(path(name + ".ext"), "w", encoding="utf-8") as f:
        f.write("subjectAltName=" + names)
    run("x509", "-req", "-in", name + ".csr", "-CA", by + ".pem", "-CAkey", by + ".key", "-CAcreateserial", "-out", name + ".pem", "-days", days, "-extfile", name + ".ext")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path(name + ".pem"), path(name + ".key"))
    return context


GOOD = certificate("good", "IP:127.0.0.1,DNS:localhost")
OTHER = certificate("other", "DNS:mail.other.example")
LATE = certificate("late", "IP:127.0.0.1,DNS:localhost", days="-1")
STRANGE = certificate("strange", "IP:127.0.0.1,DNS:localhost", by="nobody")
os.environ["SSL_CERT_FILE"] = path("authority.pem")
