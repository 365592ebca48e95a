"""storage -- what the database costs and saves: the tick while all are saved, the way back after a restart and after a crash, a
database that stands still, the adoption of an older program's database, copies.

Each takes (options, place, contender) and yields the lines of what it found. PostgreSQL is one of its own (postgres.py).
"""
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from copy import copy

import machine
import measure
import postgres
import table
from contender import end
from machine import Trouble, complain

NEVER = "store.flush=300s"  # longer than a run: nothing is saved
BACK_S = 60
POLL_S = 0.1
LEGACY = 100000  # accounts of a database that is adopted, or copied
FROZEN_S = 20


@contextmanager
def database(driver, place):
    """The daemon's options for it, and the folder of PostgreSQL's socket (None: SQLite)."""
    if driver == "sqlite":
        yield [], None
        return
    with postgres.cluster(place.load_cpu) as root:
        yield ["store.driver=postgresql", f"store.connection={postgres.connection(root)}"], root


def with_options(contender, more):
    other = copy(contender)
    other.options = [*contender.options, *more]
    return other


# -- the tick -----------------------------------------------------------------------------------------------------------

def saving(options, place, contender):
    """The simulation's CPU time with all saved every few seconds over that with none saved, pair by pair."""
    for driver in options.database.split(","):
        pairs = {"saved": [], "not": [], "not again": []}
        for _ in range(options.pairs):
            for name in pairs:
                with database(driver, place) as (where, _root):
                    it = with_options(contender, [*where, "store.flush=4s" if name == "saved" else NEVER])
                    figures = measure.run(it, options.players[0], options.seconds, place, False)
                complain(f"{driver}, {name}: sim {figures['sim_percent']:.3f} %, load {figures['load_percent']:.0f} %")
                pairs[name].append(figures)
        yield driver_row(driver, pairs)


def driver_row(driver, pairs):
    sims = {name: [run["sim_percent"] for run in runs] for name, runs in pairs.items()}
    ratios = [a / b for a, b in zip(sims["saved"], sims["not"])]
    same = [a / b for a, b in zip(sims["not again"], sims["not"])]
    cells = [f"{statistics.median(found):.3f} ({min(found):.3f}..{max(found):.3f})" for found in (sims["saved"], sims["not"], ratios, same)]
    if table.load_bound([run for runs in pairs.values() for run in runs]):
        return [driver, *cells[:2], "load-bound, no result", cells[3]]
    return [driver, *cells]


SAVING_HEAD = ["database", "sim thread, % of a core, saving", "not saving", "saving/not", "not/not"]


# -- back again ---------------------------------------------------------------------------------------------------------

def metric(contender, server, name):
    return next((found["value"] for found in contender.ask(server, "metrics.get").get("metrics", []) if found["name"] == name), 0)


def oldest_saved_s(root, state, players, at):
    """How old the oldest saved place of those who walk was at that time."""
    if root:
        rows = postgres.sql(root, "SELECT extract(epoch FROM updated_at) FROM player_positions ORDER BY 1")
        times = [float(row) for row in rows.split()]
    else:
        with sqlite3.connect(f"file:{state}/openmmo.db?mode=ro", uri=True) as db:
            times = [row[0] for row in db.execute("SELECT (julianday(updated_at) - 2440587.5) * 86400 FROM player_positions ORDER BY 1")]
    if len(times) < players:
        raise Trouble(f"{len(times)} of {players} places are saved")
    return at - times[0]


def back(options, place, contender):
    """All players' way back: told by SIGUSR1, and after kill -9."""
    players = options.players[0]
    for driver in options.database.split(","):
        for how, number in (("restart (SIGUSR1)", signal.SIGUSR1), ("kill -9", signal.SIGKILL)):
            found = []
            for _ in range(options.pairs):
                with database(driver, place) as (where, root), tempfile.TemporaryDirectory(prefix="openmmo-bench-") as work:
                    found.append(once_back(with_options(contender, where), (work, root), players, place, number))
                complain(f"{driver}, {how}: {found[-1]}")
            yield [driver, how, *(worst(found, key) for key in ("gone_s", "back_s", "hashes", "lost_s"))]


def worst(found, key):
    values = [run[key] for run in found if run[key] is not None]
    return f"{max(values):.3g}" if values else "-"


def once_back(contender, where, players, place, number):
    work, root = where
    server = contender.start(work, players, place)
    load = measure.Load(contender.load(server, work, players, BACK_S + 60, place), work)
    try:
        load.wait_ready(players, contender, server)
        time.sleep(6)  # a flush and more
        contender = with_options(contender, [f"net.listen={place.address}:{server.port}"])
        os.kill(server.pid, number)
        told, wall = time.monotonic(), time.time()
        server.process.wait(30)
        lost_s = oldest_saved_s(root, f"{work}/state", players, wall) if number == signal.SIGKILL else None
        restarted = time.monotonic()
        server = contender.start(work, players, place)
        gone_s = time.monotonic() - (restarted if number == signal.SIGKILL else told)
        if number == signal.SIGKILL:  # the bots hold those whose connection breaks for lost, and stay away
            return {"gone_s": gone_s, "back_s": None, "lost_s": lost_s, "hashes": None}
        before = metric(contender, server, "openmmo_password_hashes_total")
        while contender.here(server) < players:
            if time.monotonic() - told > BACK_S:
                raise Trouble(f"{contender.here(server)} of {players} are back after {BACK_S} s")
            time.sleep(POLL_S)
        return {"gone_s": gone_s, "back_s": time.monotonic() - told,
                "lost_s": None,
                "hashes": metric(contender, server, "openmmo_password_hashes_total") - before}
    finally:
        end(load.process)
        server.stop()


BACK_HEAD = ["database", "how it ended", "server gone, s", "all back after, s", "passwords hashed", "oldest saved place, s"]


# -- standing still -----------------------------------------------------------------------------------------------------

def freeze(root, number):
    with open(f"{root}/data/postmaster.pid") as file:
        postmaster = int(file.readline())
    for pid in [postmaster, *machine.children(postmaster)]:
        os.kill(pid, number)


def standstill(options, place, contender):
    """The tick's CPU time while PostgreSQL stands still, over that before and after."""
    players, found = options.players[0], []
    for _ in range(options.pairs):
        with database("postgresql", place) as (where, root), tempfile.TemporaryDirectory(prefix="openmmo-bench-") as work:
            it = with_options(contender, where)
            server = it.start(work, players, place)
            load = measure.Load(it.load(server, work, players, 3 * FROZEN_S + 30, place), work)
            try:
                load.wait_ready(players, it, server)
                time.sleep(3)
                spent = []
                for frozen in (False, True, False):
                    if frozen:
                        freeze(root, signal.SIGSTOP)
                    before = machine.thread_cpu_seconds(server.pid)["sim"]
                    time.sleep(FROZEN_S)
                    spent.append(machine.thread_cpu_seconds(server.pid)["sim"] - before)
                    if frozen:
                        freeze(root, signal.SIGCONT)
                        time.sleep(3)
                here = it.here(server)
            finally:
                freeze(root, signal.SIGCONT)
                end(load.process)
                server.stop()
        complain(f"sim before, frozen, after: {', '.join(f'{1e6 * s / (20 * FROZEN_S):.0f}' for s in spent)} µs a tick, {here} of {players} are there")
        found.append((spent[1] / spent[0], spent[2] / spent[0], players - here))
    return [[str(players), *(f"{statistics.median(column):.3f} ({min(column):.3f}..{max(column):.3f})" for column in list(zip(*found))[:2]),
             str(sum(run[2] for run in found))]]


STANDSTILL_HEAD = ["players", "tick CPU, frozen/before", "after/before", "lost"]


# -- the old program's database, and copies --------------------------------------------------------------------------------

LEGACY_SQL = """
CREATE TABLE players (id {serial}, username VARCHAR(50), email VARCHAR(255), password_hash VARCHAR(255), created_at TIMESTAMP, last_login TIMESTAMP);
CREATE TABLE player_positions (id {serial}, player_id INTEGER, x {real}, y {real}, z {real}, updated_at TIMESTAMP);
CREATE TABLE game_sessions (id {serial}, session_id VARCHAR(255), player_id INTEGER, socket_id VARCHAR(255), connected_at TIMESTAMP, disconnected_at TIMESTAMP);
{series} INSERT INTO players SELECT i, 'player' || i, 'player' || i || '@example.org', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', '2021-05-01 10:00:00', NULL FROM n;
{series} INSERT INTO player_positions SELECT i, i, i % 1000, 0, i % 777, '2022-05-01 10:00:00' FROM n;
{series} INSERT INTO game_sessions SELECT i, 's' || i, i, 'x', '2022-05-01 10:00:00', '2022-05-01 11:00:00' FROM n;
"""
SERIES = {"sqlite": f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {LEGACY})",
          "postgresql": f"WITH n AS (SELECT i FROM generate_series(1, {LEGACY}) AS i)"}


def timed(command, what):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"{what}: {(done.stderr or done.stdout).strip()[-300:]}")
    return time.monotonic() - began


def of_build(contender, work, where, *arguments):
    return [f"{contender.build}/openmmod", "-c", "/dev/null", f"--server.state={work}/state",
            *(f"--{option}" for option in where), *arguments]


def adoption(options, place, contender):
    """openmmod --migrate over a database of the program before, and copies of what came of it."""
    for driver in options.database.split(","):
        found = []
        for _ in range(options.pairs):
            with database(driver, place) as (where, root), tempfile.TemporaryDirectory(prefix="openmmo-bench-") as work:
                text = LEGACY_SQL.format(serial="INTEGER PRIMARY KEY" if not root else "SERIAL PRIMARY KEY", real="DOUBLE PRECISION",
                                         series=SERIES[driver])
                os.mkdir(f"{work}/state", 0o700)
                if root:
                    postgres.sql(root, text)
                else:
                    with sqlite3.connect(f"{work}/state/openmmo.db") as db:
                        db.executescript(text)
                run = {"adopt": timed(of_build(contender, work, where, "--migrate"), "--migrate")}
                if not root:
                    run["backup"] = timed(of_build(contender, work, where, "--backup", f"{work}/copy"), "--backup")
                    run["restore"] = timed(of_build(contender, work, where, "--restore", f"{work}/copy"), "--restore")
                else:
                    run.update(postgres.copies(root, work, timed))
            complain(f"{driver}: {run}")
            found.append(run)
        yield [driver, *(f"{statistics.median(run[key] for run in found):.1f}" for key in ("adopt", "backup", "restore"))]


ADOPTION_HEAD = [f"database with {LEGACY:,} accounts, places and sessions", "adoption, s", "copy, s", "copy put back, s"]
MODES = {"saving": (saving, SAVING_HEAD), "back": (back, BACK_HEAD), "standstill": (standstill, STANDSTILL_HEAD),
         "adoption": (adoption, ADOPTION_HEAD)}


def kept_as_json(rows, head):
    return [dict(zip(head, row)) for row in json.loads(json.dumps(rows))]
