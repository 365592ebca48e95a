#!/usr/bin/env python3
"""strangers -- connections that mean a server no good, until SIGTERM: strangers.py KIND N HOST HTTP HTTPS GAME (ports)

N of them are kept open: who is shown the door comes again at once. It says "all are there" on stdout when they are, and on
SIGTERM, as a line of JSON, what became of them: {"strangers": most at once, "strangers_came": all in all, "strangers_ended": by
the server, "strangers_answered": hidden requests that were answered}. KINDS says what they do.
"""
import json
import random
import resource
import select
import signal
import socket
import ssl
import sys
import time
from collections import deque
from dataclasses import dataclass

OPENING = 256       # connects at once
PACE_S = 1.0        # between two words of who is slow
BURST_S = 1.0       # from one burst to the next
REST_S = 0.1        # of who was refused, before he comes again
STAYS_S = (10, 20)  # who does not read does not see that he was shown the door
SMALL = 4096        # a receive buffer
HEARD_MAX = 8192    # is looked through
GAME_PROTOCOL = "openmmo/1"
HTTP, HTTPS, GAME = range(3)  # the ports
HOST = b"Host: bench\r\n"
POST = b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BURST = 40 * (b"GET /api/health HTTP/1.1\r\n" + HOST + b"\r\n")
HIDDEN, SHOWN_BY = b"GET /api/health HTTP/1.1\r\nHost: hidden\r\n\r\n", b'"uptime"'
SHAPES = tuple(shape + HIDDEN for shape in (
    POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    POST + b"Content-Length: 5, 5\r\n\r\nhello",
    POST + b"Content-Length: +5\r\n\r\nhello",
    POST + b"Content-Length : 5\r\n\r\nhello",
    POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    POST + CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    POST + CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    POST + CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    POST + CHUNKED + b"2\n{}\n0\n\n",
    b"GET /health HTTP/1.1\nHost: bench\n\n",
    b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
    b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\rc: d\r\n\r\n",
))


@dataclass(frozen=True)
class Kind:
    n: int  # of them, where nobody says how many
    what: str


KINDS = {
    "slowloris": Kind(1000, "send the head or the body of a request, a byte a second"),
    "slowread": Kind(1000, "ask for forty long answers at once, and read a byte a second"),
    "halfopen": Kind(1000, "begin a TLS handshake with three bytes or a whole ClientHello, at the game's port and at HTTPS, and stop"),
    "idle": Kind(10000, "ask once by HTTP, and stay"),
    "burst": Kind(500, "ask for forty answers each at the same moment, every second"),
    "smuggle": Kind(50, "send requests of which nobody can say where they end, with another hidden behind"),
}


def client_hello(*protocols):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    said = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), said).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return said.read()


def first_words(kind):
    """(port, what is said there), taken in turn."""
    if kind == "slowloris":
        return ((HTTP, b"GET /api/health HTTP/1.1\r\n" + HOST + b"A: "), (HTTP, POST + b"Content-Length: 4000\r\n\r\n{"))
    if kind == "slowread":
        return ((HTTP, 40 * (b"GET /api/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n")),)
    if kind == "halfopen":
        return ((HTTPS, b"\x16\x03\x01"), (GAME, b"\x16\x03\x01"), (HTTPS, client_hello()), (GAME, client_hello(GAME_PROTOCOL)))
    if kind in ("idle", "burst"):
        return ((HTTP, b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"),)
    return tuple((HTTP, shape) for shape in SHAPES)


class Stranger:
    def __init__(self, word, now):
        self.socket, self.word, self.said, self.heard = socket.socket(), word, False, b""
        self.until = now + random.uniform(*STAYS_S)


class Strangers:
    def __init__(self, kind, n, host, ports):
        self.kind, self.host, self.ports, self.words = kind, host, ports, first_words(kind)
        self.epoll, self.by_fd = select.epoll(), {}
        self.absent = deque([0.0] * n)  # when each comes again
        self.slow = deque()             # (when, who) of those who say or read something by and by
        self.burst_at = 0.0
        self.opening = self.here = self.most = self.came = self.ended = self.answered = 0

    def come(self, now):
        port, word = self.words[self.came % len(self.words)]
        stranger = Stranger(word, now)
        self.came += 1
        self.opening += 1
        stranger.socket.setblocking(False)
        if self.kind == "slowread":
            stranger.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        stranger.socket.connect_ex((self.host, self.ports[port]))
        self.by_fd[stranger.socket.fileno()] = stranger
        self.epoll.register(stranger.socket, select.EPOLLOUT)

    def go(self, stranger, now, by_the_server=True):
        self.ended += by_the_server
        if stranger.said:
            self.here -= 1
        else:
            self.opening -= 1
        if SHOWN_BY in stranger.heard:
            self.answered += 1
        del self.by_fd[stranger.socket.fileno()]
        stranger.socket.close()
        self.absent.append(now + (REST_S if self.kind == "smuggle" else 0))

    def say(self, stranger, now):
        stranger.socket.send(stranger.word)
        stranger.said = True
        self.opening -= 1
        self.here += 1
        self.most = max(self.most, self.here)
        self.epoll.modify(stranger.socket, 0 if self.kind == "slowread" else select.EPOLLIN)
        if self.kind in ("slowloris", "slowread"):
            self.slow.append((now + random.uniform(0, PACE_S), stranger))

    def hear(self, stranger, now):
        got = stranger.socket.recv(65536)
        if not got:
            self.go(stranger, now)
        elif self.kind == "smuggle":
            stranger.heard = (stranger.heard + got)[:HEARD_MAX]

    def go_on_slowly(self, stranger, now):
        if self.kind == "slowloris":
            stranger.socket.send(b" ")
        elif now >= stranger.until:
            self.go(stranger, now, False)
        else:
            stranger.socket.recv(1)

    def burst(self, now):
        for stranger in list(self.by_fd.values()):
            if stranger.said:
                self.guarded(lambda who, _: who.socket.send(BURST), stranger, now)
        self.burst_at = now + BURST_S

    def guarded(self, step, stranger, now):
        try:
            step(stranger, now)
        except BlockingIOError:
            pass
        except OSError:
            self.go(stranger, now)

    def turn(self):
        now = time.monotonic()
        while self.absent and self.absent[0] <= now and self.opening < OPENING:
            self.absent.popleft()
            self.come(now)
        for fd, _ in self.epoll.poll(0.02, 512):
            stranger = self.by_fd.get(fd)
            if stranger is not None:
                self.guarded(self.hear if stranger.said else self.say, stranger, now)
        if self.kind == "burst" and now >= self.burst_at:
            self.burst(now)
        while self.slow and self.slow[0][0] <= now:
            stranger = self.slow.popleft()[1]
            if stranger.socket.fileno() in self.by_fd:
                self.guarded(self.go_on_slowly, stranger, now)
            if stranger.socket.fileno() in self.by_fd:
                self.slow.append((now + PACE_S, stranger))

    def leave(self):
        for stranger in self.by_fd.values():
            stranger.socket.close()


def main():
    kind, n, host, *ports = sys.argv[1:]
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    strangers, ends, said = Strangers(kind, int(n), host, [int(port) for port in ports]), [], False
    signal.signal(signal.SIGTERM, lambda *_: ends.append(True))
    while not ends:
        strangers.turn()
        if not said and strangers.came - strangers.opening >= int(n):
            print("all are there", flush=True)
            said = True
    strangers.leave()
    print(json.dumps({"strangers": strangers.most, "strangers_came": strangers.came, "strangers_ended": strangers.ended,
                      **({"strangers_answered": strangers.answered} if kind == "smuggle" else {})}))


if __name__ == "__main__":
    main()
