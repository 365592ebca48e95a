"""admin -- questions to the daemon's admin socket, many at once."""
import json
import socket

from machine import Trouble

BATCH = 64  # requests in a line, at most


def asked(path, requests):
    """[(method, params), ...] -> their results, in that order."""
    results = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        lines = connection.makefile("rwb")
        for begin in range(0, len(requests), BATCH):
            batch = [{"jsonrpc": "2.0", "id": i, "method": method, "params": params}
                     for i, (method, params) in enumerate(requests[begin:begin + BATCH])]
            lines.write(json.dumps(batch).encode() + b"\n")
            lines.flush()
            answers = sorted(json.loads(lines.readline()), key=lambda answer: answer["id"])
            wrong = [answer["error"]["message"] for answer in answers if "error" in answer]
            if wrong:
                raise Trouble(f"the daemon refuses: {wrong[0]}")
            results += [answer["result"] for answer in answers]
    return results


def players_by_thread(path):
    """{io thread: [name, ...]} of all who are here."""
    names, found = [], {}
    while True:
        page = asked(path, [("players.list", {"offset": len(names), "limit": 1000})])[0]["players"]
        if not page:
            break
        names += [player["name"] for player in page]
    for player in asked(path, [("players.show", {"name": name}) for name in names]):
        found.setdefault(player["thread"], []).append(player["name"])
    return found
