#!/usr/bin/env python3
"""consoles -- operators' consoles that attach and detach, until SIGTERM: consoles.py SOCKET N

Each says what openmmo-console says when an admin starts it and looks at the players, reads for a second or two, and goes without a
word; another comes at once. One in ten never reads. On SIGTERM it says on stdout how many there were, as {"consoles": n, "console_bytes": n}.
"""
import json
import random
import selectors
import signal
import socket
import sys
import time

STAYS_S = (0.5, 3.0)
DEAF = 0.1  # of them
FIRST = (("rpc.discover", {}), ("metrics.history", {}), ("server.status", {}), ("log.tail", {"lines": 500}), ("alerts.list", {}),
         ("subscribe", {"topic": "metrics", "interval_ms": 1000}), ("subscribe", {"topic": "log", "interval_ms": 250}),
         ("subscribe", {"topic": "alerts", "interval_ms": 1000}), ("chat.recent", {}),
         ("subscribe", {"topic": "chat", "interval_ms": 250}), ("subscribe", {"topic": "audit", "interval_ms": 500}),
         ("subscribe", {"topic": "players", "interval_ms": 1000, "params": {"limit": 100}}))
HELLO = b"".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": method, "params": params}).encode() + b"\n"
                 for i, (method, params) in enumerate(FIRST))


class Consoles:
    def __init__(self, path, n):
        self.path, self.n = path, n
        self.selector = selectors.DefaultSelector()
        self.until = {}  # of each connection
        self.had = self.heard = 0

    def attach(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        connection.sendall(HELLO)
        connection.setblocking(False)
        self.until[connection] = time.monotonic() + random.uniform(*STAYS_S)
        self.had += 1
        if random.random() >= DEAF:
            self.selector.register(connection, selectors.EVENT_READ)

    def detach(self, connection):
        del self.until[connection]
        if connection in self.selector.get_map():
            self.selector.unregister(connection)
        connection.close()

    def turn(self):
        while len(self.until) < self.n:
            self.attach()
        for key, _ in self.selector.select(0.02):
            try:
                got = key.fileobj.recv(1 << 18)
            except BlockingIOError:
                continue
            except ConnectionError:
                got = b""
            self.heard += len(got)
            if not got:
                self.detach(key.fileobj)
        now = time.monotonic()
        for connection in [connection for connection, until in self.until.items() if until < now]:
            self.detach(connection)


def main():
    consoles = Consoles(sys.argv[1], int(sys.argv[2]))
    ends = []
    signal.signal(signal.SIGTERM, lambda *_: ends.append(True))
    while not ends:
        try:
            consoles.turn()
        except (ConnectionError, FileNotFoundError):  # the server has gone first
            time.sleep(0.1)
    print(json.dumps({"consoles": consoles.had, "console_bytes": consoles.heard}))


if __name__ == "__main__":
    main()
