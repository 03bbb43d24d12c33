"""An HTTP proxy on loopback, and a server behind it with TLS::

    with ProxyServer(login="me:password") as proxy, TlsServer() as server:
        ...proxy.url, proxy.asked, server.port...

The proxy answers a request with an absolute URL itself. Every tunnel (CONNECT) leads to the
port *tunnel_to* on loopback.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Self

from paths import DATA

TLS = DATA / "tls"  # Of crm.test, localhost and 127.0.0.1.


class _ThreadedServer:
    """A server that runs on its own thread inside a ``with``."""

    def __init__(self, server: http.server.ThreadingHTTPServer) -> None:
        server.daemon_threads = True
        server.block_on_close = False
        self._server = server
        self.port = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class ProxyServer(_ThreadedServer):
    """The proxy; ``asked`` are the method, the target and the login of each request.

    *status* is what it answers to every request; None = it does what it is asked.
    """

    def __init__(
        self, *, tunnel_to: int = 0, login: str | None = None, status: int | None = None
    ) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.record(self)
                self.rfile.read(int(self.headers.get("content-length", 0)))
                code = outer.refusal(self.headers, login) or status or 200
                body = json.dumps({"by": "the proxy"}).encode()
                self.send_response(code)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def do_CONNECT(self) -> None:
                outer.record(self)
                code = outer.refusal(self.headers, login) or status
                self.close_connection = True
                if code is not None:
                    self.send_response(code)
                    self.send_header("content-length", "0")
                    self.end_headers()
                    return
                with socket.create_connection(("127.0.0.1", tunnel_to)) as upstream:
                    self.send_response(200)
                    self.end_headers()
                    _pipe_both(self.connection, upstream)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        self.url = f"http://127.0.0.1:{self.port}"

    def record(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Record what was asked."""
        login = request.headers.get("proxy-authorization")
        self.asked.append((request.command, request.path, _decoded(login)))

    @staticmethod
    def refusal(headers: Any, login: str | None) -> int | None:
        """Return 407 if the login is wrong, else None."""
        return 407 if login and _decoded(headers.get("proxy-authorization")) != login else None


class TlsServer(_ThreadedServer):
    """A server with a certificate signed by ``ca.pem``; it keeps the bodies of POSTs."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                outer.bodies.append(self.rfile.read(length))
                outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                body = b'{"by": "the server"}'
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                pass  # Clients that do not trust the certificate hang up.

        server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "server.pem")
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        super().__init__(server)
        self.url = f"https://localhost:{self.port}"


def _decoded(authorization: str | None) -> str | None:
    if authorization is None:
        return None
    return base64.b64decode(authorization.removeprefix("Basic ")).decode()


def _pipe_both(here: socket.socket, there: socket.socket) -> None:
    back = threading.Thread(target=_pipe, args=(there, here), daemon=True)
    back.start()
    _pipe(here, there)
    back.join(10)


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """Yield a URL where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"
