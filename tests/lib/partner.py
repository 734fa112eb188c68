"""Partners that answer as the real ones do: HTTP with a script of replies, and a mail server."""
import base64
import email
import email.policy
import http.server
import json
import socket
import socketserver
import ssl
import struct
import threading
import time


class Request:
    """What a partner got."""

    def __init__(self, path: str, headers, body: bytes) -> None:
        self.path, self.headers, self.body, self.at = path, headers, body, time.time()

    @property
    def json(self):
        return json.loads(self.body)


OK = {"errcode": 0, "errmsg": "ok"}


class Partner:
    """An HTTP server on 127.0.0.1. `script` holds what to do with the next requests, `always` with all others:
    a dict (JSON, HTTP 200), (status, body[, headers]), "reset", ("slow", seconds), or a function of the request."""

    def __init__(self, always=None, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections: list[socket.socket] = []
        self.script: list = []
        self.always = OK if always is None else always
        self.lock = threading.Lock()
        partner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                partner.connections.append(self.connection)

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                partner.answer(self, Request(self.path, self.headers, body))

            do_GET = do_POST = do_HEAD = answer

            def log_message(self, *arguments) -> None:
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, request: Request) -> None:
        with self.lock:
            self.requests.append(request)
            step = self.script.pop(0) if self.script else self.always
        if callable(step):
            step = step(request)
        if isinstance(step, tuple) and step[0] == "slow":
            time.sleep(step[1])
            step = OK
        if step == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
            return
        status, body, headers = (step + ({},))[:3] if isinstance(step, tuple) else (200, step, {})
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self) -> None:
        """As a process that ends: nobody listens, and connections that are kept open are gone."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Mailbox:
    """An SMTP server that takes mail with AUTH PLAIN or LOGIN; `refuse` maps addresses to replies, `replies` words. With a context it speaks TLS:
    from the beginning, or after STARTTLS; what came before that is in `plain`."""

    def __init__(self, tls: ssl.SSLContext | None = None, starttls: bool = False) -> None:
        self.plain: list[str] = []
        self.messages: list = []
        self.refuse: dict[str, str] = {}
        self.replies: dict[str, str] = {}
        self.users: list[str] = []
        self.greeting_password = "app-password-of-mail"
        box = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

            def cover(self) -> None:
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

            def handle(self) -> None:
                covered = tls is not None and not starttls
                if covered:
                    self.cover()
                self.say("220 stub")
                to = None
                while line := self.rfile.readline():
                    text = line.decode().rstrip("\r\n")
                    word = text.split(" ")[0].upper()
                    if not covered:
                        box.plain.append(word)
                    if word in box.replies:
                        self.say(box.replies[word])
                    elif word == "EHLO":
                        self.say("250-stub\r\n" + ("250-STARTTLS\r\n" if tls and not covered else "250-AUTH PLAIN\r\n") + "250 8BITMIME")
                    elif word == "STARTTLS" and tls and not covered:
                        self.say("220 go on")
                        self.cover()
                        covered = True
                    elif word == "AUTH":
                        parts = text.split(" ")
                        if len(parts) < 3:
                            self.say("334 ")
                            secret = self.rfile.readline().decode().strip()
                        else:
                            secret = parts[2]
                        _, user, password = base64.b64decode(secret).decode().split("\0")
                        box.users.append(user)
                        self.say("235 ok" if password == box.greeting_password else "535 wrong password")
                    elif word == "RCPT":
                        to = text.split("<")[1].split(">")[0]
                        self.say(box.refuse.get(to, "250 ok"))
                    elif word == "DATA":
                        self.say("354 go on")
                        data = b""
                        for part in iter(self.rfile.readline, b".\r\n"):
                            data += part[1:] if part.startswith(b"..") else part
                        box.messages.append((to, email.message_from_bytes(data, policy=email.policy.default), data))
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
