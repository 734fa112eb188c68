"""A mail server that answers IMAP as the real ones do, well or badly."""
import re
import socket
import socketserver
import ssl
import struct
import threading
import time
from datetime import datetime, timezone


class Mailbox:
    """One account with folders on 127.0.0.1. `trouble` says how it behaves: None, "slow" (seconds in `delay`), "reset", "denied", "no_status",
    "no_uidnext";
    `refused` holds UIDs that are not handed out with the words of `refusal`, `breaks` those at which the line breaks, `drop_after` cuts the connection after so many fetches, `half` ends it in the middle of a mail.
    With a context it speaks TLS: from the beginning, or after STARTTLS; what was said in the open is in `plain`. Its troubles are "handshake" (cut
    in the middle of it), "no_starttls", "starttls_refused", "preauth" (signed in before TLS) and "smuggled" (words of the plain time for the other)."""

    def __init__(self, user: str = "sales@example.com", password: str = "box secret", tls: ssl.SSLContext | None = None, starttls: bool = False) -> None:
        self.user, self.password, self.tls, self.starttls = user, password, tls, starttls
        self.plain: list[str] = []
        self.half = False
        self.folders: dict[str, dict] = {"INBOX": {"validity": 100, "next": 1, "mails": []}}
        self.trouble, self.delay, self.drop_after = None, 0.0, None
        self.refused: set[int] = set()
        self.refusal = "NO internal error"
        self.breaks: set[int] = set()
        self.commands: list[str] = []
        self.fetched: list[int] = []
        self.sent = 0
        self.lock = threading.Lock()
        box = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True  # an answer is several writes, as a real server flushes them at once

            def handle(self) -> None:
                try:
                    Talk(box, self).run()
                except (OSError, ValueError):
                    pass

        class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, mail: bytes, folder: str = "INBOX", at: datetime | None = None) -> int:
        with self.lock:
            f = self.folders[folder]
            uid = f["next"]
            f["next"] += 1
            f["mails"].append((uid, mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), at or datetime.now(timezone.utc)))
            return uid

    def remove(self, uid: int, folder: str = "INBOX") -> None:
        with self.lock:
            self.folders[folder]["mails"] = [m for m in self.folders[folder]["mails"] if m[0] != uid]

    def renumber(self, validity: int, folder: str = "INBOX") -> None:
        """What a server does that lost its index: a new UIDVALIDITY, and every mail another UID."""
        with self.lock:
            f = self.folders[folder]
            f["validity"] = validity
            f["mails"] = [(i + 1, mail, at) for i, (_, mail, at) in enumerate(f["mails"])]
            f["next"] = len(f["mails"]) + 1

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Talk:
    """One connection."""

    def __init__(self, box: Mailbox, handler) -> None:
        self.box, self.handler, self.folder, self.fetches = box, handler, None, 0
        self.connection, self.lines, self.covered = handler.connection, handler.rfile, False

    def say(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        self.box.sent += len(data)
        self.connection.sendall(data)

    def cut(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise OSError("cut")

    def cover(self) -> None:
        if self.box.trouble == "handshake":
            self.lines.read(10)
            self.cut()
        self.connection = self.box.tls.wrap_socket(self.connection, server_side=True)
        self.lines, self.covered = self.connection.makefile("rb"), True

    def run(self) -> None:
        if self.box.trouble == "reset":
            self.cut()
        if self.box.tls and not self.box.starttls:
            self.cover()
        self.say("* PREAUTH welcome\r\n" if self.box.trouble == "preauth" else "* OK ready\r\n")
        while raw := self.lines.readline():
            tag, _, rest = raw.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
            with self.box.lock:
                self.box.commands.append(rest)
                if not self.covered:
                    self.box.plain.append(rest)
            if self.box.trouble == "slow":
                time.sleep(self.box.delay)
            word = rest.split(" ")[0].upper()
            method = getattr(self, "do_" + word.lower(), None)
            answer = method(rest) if method else "BAD unknown command"
            smuggled = f"{tag} OK done\r\n" if word == "STARTTLS" and self.box.trouble == "smuggled" else ""
            self.say(f"{tag} {answer}\r\n{smuggled}")
            if word == "STARTTLS" and answer.startswith("OK"):
                self.cover()
            if word == "LOGOUT":
                return

    def do_capability(self, _rest: str) -> str:
        offers = self.box.starttls and not self.covered and self.box.trouble != "no_starttls"
        self.say("* CAPABILITY IMAP4rev1 ID" + (" STARTTLS" if offers else "") + "\r\n")
        return "OK done"

    def do_starttls(self, _rest: str) -> str:
        return "OK go on" if self.box.starttls and self.box.trouble != "starttls_refused" else "NO not now"

    def do_login(self, rest: str) -> str:
        right = rest.split(" ", 1)[1] in (f"{self.box.user} {self.box.password}", f'{self.box.user} "{self.box.password}"',
                                          f'"{self.box.user}" "{self.box.password}"')
        return "OK in" if right and self.box.trouble != "denied" else "NO [AUTHENTICATIONFAILED] login failed"

    def do_id(self, _rest: str) -> str:
        self.say('* ID ("name" "stub")\r\n')
        return "OK done"

    def do_noop(self, _rest: str) -> str:
        return "OK done"

    def do_logout(self, _rest: str) -> str:
        self.say("* BYE\r\n")
        return "OK bye"

    def find(self, name: str):
        return self.box.folders.get(name.strip('"'))

    def do_status(self, rest: str) -> str:
        name = rest.split(" ", 1)[1].split(" (")[0]
        f = self.find(name)
        if not f or self.box.trouble == "no_status":
            return "NO no such folder"
        following = "" if self.box.trouble == "no_uidnext" else f" UIDNEXT {f['next']}"
        self.say(f"* STATUS {name} (MESSAGES {len(f['mails'])}{following} UIDVALIDITY {f['validity']})\r\n")
        return "OK done"

    def do_select(self, rest: str) -> str:
        self.folder = self.find(rest.split(" ", 1)[1])
        if not self.folder:
            return "NO no such folder"
        self.say(f"* {len(self.folder['mails'])} EXISTS\r\n* OK [UIDVALIDITY {self.folder['validity']}] ids\r\n* OK [UIDNEXT {self.folder['next']}] next\r\n")
        return "OK [READ-WRITE] selected"

    def do_uid(self, rest: str) -> str:
        kind = rest.split(" ")[1].upper()
        return self.search(rest) if kind == "SEARCH" else self.fetch(rest)

    def search(self, rest: str) -> str:
        if rest.endswith("UID *"):
            newest = max((u for u, _, _ in self.folder["mails"]), default="")
            self.say(f"* SEARCH {newest}".rstrip() + "\r\n")
            return "OK done"
        low, high = re.search(r"UID (\d+):(\d+)", rest).groups()
        since = re.search(r"SINCE (\S+)", rest)
        day = datetime.strptime(since[1], "%d-%b-%Y").replace(tzinfo=timezone.utc) if since else None
        with self.box.lock:
            found = [u for u, _, at in self.folder["mails"] if int(low) <= u and u <= int(high) and (day is None or at >= day)]
        self.say("* SEARCH" + "".join(f" {u}" for u in reversed(found)) + "\r\n")
        return "OK done"

    def fetch(self, rest: str) -> str:
        uid = int(rest.split(" ")[2])
        mail = next((m for u, m, _ in self.folder["mails"] if u == uid), None)
        if uid in self.box.refused:
            return self.box.refusal
        if uid in self.box.breaks:
            self.cut()
        if mail is None:
            return "OK done"
        if "RFC822.SIZE" in rest:
            self.say(f"* 1 FETCH (UID {uid} RFC822.SIZE {len(mail)})\r\n")
            return "OK done"
        self.fetches += 1
        if self.box.drop_after is not None and self.fetches > self.box.drop_after:
            self.cut()
        first, n = map(int, re.search(r"<(\d+)\.(\d+)>", rest).groups())
        part = mail[first:first + n]
        if self.box.half:
            self.say(f"* 1 FETCH (UID {uid} BODY[]<{first}> {{{len(part)}}}\r\n".encode() + part[:len(part) // 2])
            self.connection.close()
            raise OSError("half")
        self.box.fetched.append(uid)
        self.say(f"* 1 FETCH (UID {uid} BODY[]<{first}> {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        return "OK done"
