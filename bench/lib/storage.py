"""storage -- what the database costs and saves: the tick while all are saved, and while the database is in trouble, the way back
after a restart and after a crash, the adoption of an older program's database, copies.

Each takes (options, place, contender) and yields the lines of what it found. PostgreSQL is one of its own (postgres.py).
"""
import errno
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager, nullcontext
from copy import copy

import machine
import measure
import postgres
import table
from contender import end
from machine import Trouble, complain

OFTEN, NEVER = "4s", "300s"  # how often all are saved; never: nothing is, in a phase
SETTLE_S = 3                 # between phases
BACK_S = 60
POLL_S = 0.1
LEGACY = 100000  # accounts of a database that is adopted, or copied
DISK = "16m"     # that gets full


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


@contextmanager
def loaded(contender, players, place, work):
    """A server with all players in, walking until it is left: (server, load)."""
    server = contender.start(work, players, place)
    load = measure.Load(contender.load(server, work, players, 0, place), work)
    try:
        load.wait_ready(players, contender, server)
        time.sleep(SETTLE_S)
        yield server, load
    finally:
        end(load.process)
        server.stop()


def spread(values, form="{:.3f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}..{form.format(max(values))})"


# -- the tick -----------------------------------------------------------------------------------------------------------

def saving(options, place, contender):
    """The simulation's CPU time with all saved every few seconds over that with none saved. In one server, by turns, so that what
    differs from one phase to the next is whether they are saved."""
    players = options.players[0]
    for driver in options.database.split(","):
        with database(driver, place) as (where, _root), tempfile.TemporaryDirectory(prefix="openmmo-bench-") as work:
            it = with_options(contender, [*where, f"store.flush={NEVER}"])
            with loaded(it, players, place, work) as (server, load):
                phases = [saving_phase(it, (server, load), place, options.seconds, number % 2 == 1)
                          for number in range(2 * options.pairs + 1)]
                lost = players - it.here(server)
        for number, phase in enumerate(phases):
            enough = players * max(options.seconds // 4 - 1, 1)
            if (phase["saved"] < enough) if number % 2 else phase["saved"] > 0:
                raise Trouble(f"{phase['saved']} places were saved in phase {number}")
        yield [driver, *saving_cells(phases, options.seconds), str(lost)]


def saving_phase(contender, running, place, seconds, saved):
    server, load = running
    if not contender.ask(server, "config.set", "name=store.flush", f"value={OFTEN if saved else NEVER}"):
        raise Trouble("store.flush cannot be set")
    time.sleep(SETTLE_S)
    count = metric(contender, server, "openmmo_positions_saved_total")
    before = measure.moment(server, load, place)
    time.sleep(seconds)
    figures = measure.spent(before, measure.moment(server, load, place), place)
    figures["saved"] = metric(contender, server, "openmmo_positions_saved_total") - count
    complain(f"{'saved' if saved else 'not'}: sim {figures['sim_percent']:.3f} %, load {figures['load_percent']:.0f} %, "
             f"steal {figures['steal_percent']:.1f} %, {figures['saved']} places")
    return figures


def saving_cells(phases, seconds):
    """Each phase in which all are saved over the mean of those before and after it; beside it these over one another."""
    sims = [phase["sim_percent"] for phase in phases]
    turns = range(1, len(sims), 2)
    ratios = [2 * sims[i] / (sims[i - 1] + sims[i + 1]) for i in turns]
    same = [sims[i + 1] / sims[i - 1] for i in turns]
    cells = [spread(sims[1::2]), spread(sims[::2]), spread(ratios), spread(same),
             f"{sum(phase['saved'] for phase in phases) / len(turns) / seconds:,.0f}"]
    if table.load_bound(phases):
        cells[2] = "load-bound, no result"
    return cells


SAVING_HEAD = ["database", "sim thread, % of a core, saving", "not saving", "saving/not", "not/not", "places saved a second", "lost"]


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


# -- in trouble ---------------------------------------------------------------------------------------------------------

def freeze(root, number):
    with open(f"{root}/data/postmaster.pid") as file:
        postmaster = int(file.readline())
    for pid in [postmaster, *machine.children(postmaster)]:
        os.kill(pid, number)


@contextmanager
def standstill(root, _work, _place):
    """SIGSTOP for all of PostgreSQL."""
    freeze(root, signal.SIGSTOP)
    try:
        yield
    finally:
        freeze(root, signal.SIGCONT)


@contextmanager
def crash(root, _work, place):
    """As pg_ctl -m immediate; it is started again at the end."""
    postgres.crash(root)
    try:
        yield
    finally:
        postgres.start(root, place.load_cpu)


@contextmanager
def limit(root, _work, _place):
    """No connection is to be had, and those that were there are ended."""
    postgres.sql(root, "CREATE ROLE other SUPERUSER LOGIN")
    postgres.sql(root, "ALTER DATABASE openmmo CONNECTION LIMIT 0; ALTER ROLE openmmo NOSUPERUSER;"
                       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'openmmo'", "other")
    try:
        yield
    finally:
        postgres.sql(root, "ALTER DATABASE openmmo CONNECTION LIMIT -1; ALTER ROLE openmmo SUPERUSER", "other")


@contextmanager
def timeout(root, _work, _place):
    """Another's transaction holds what is to be written: each statement is ended when its time is up."""
    with postgres.session(root, "BEGIN; LOCK TABLE players, player_positions, game_sessions IN ACCESS EXCLUSIVE MODE;"):
        yield


@contextmanager
def full_disk(_root, work, _place):
    """SQLite's disk takes nothing more."""
    ballast = f"{work}/state/ballast"
    with sqlite3.connect(f"{work}/state/openmmo.db", timeout=10) as db:  # its log has to grow from now on
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    try:
        with open(ballast, "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError as full:
        if full.errno != errno.ENOSPC:
            raise
    try:
        yield
    finally:
        os.unlink(ballast)


@contextmanager
def small_disk(place):
    os.mkdir(place, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


FAULTS = {"standstill": standstill, "crash": crash, "limit": limit, "timeout": timeout, "full-disk": full_disk}


def chosen_faults(options):
    """Those of --fault, or all; Trouble at once where one of them cannot be had."""
    names = options.fault.split(",") if options.fault else list(FAULTS)
    for name in names:
        if name not in FAULTS:
            raise Trouble(f"there is no fault {name}: there are {', '.join(FAULTS)}")
    if "full-disk" in names and os.geteuid() != 0:
        raise Trouble("only root can mount a small disk: leave full-disk out (--fault)")
    return names


def faults(options, place, contender):
    """The tick's CPU time while the database is in trouble, over that before and after, and who is lost."""
    for name in chosen_faults(options):
        found = []
        for _ in range(options.pairs):
            found.append(once_in_trouble(name, options, place, contender))
            ticks = ", ".join(f"{1e6 * seconds / (20 * options.seconds):.0f}" for seconds in found[-1]["spent"])
            complain(f"{name}: sim before, again, in trouble, after: {ticks} µs a tick, {found[-1]['lost']} lost")
        spent = [run["spent"] for run in found]
        yield [name, str(options.players[0]), *(spread([2 * s[i] / (s[0] + s[1]) for s in spent]) for i in (2, 3)),
               spread([s[1] / s[0] for s in spent]), str(sum(run["lost"] for run in found))]


def once_in_trouble(name, options, place, contender):
    players, driver = options.players[0], "sqlite" if name == "full-disk" else "postgresql"
    with database(driver, place) as (where, root), tempfile.TemporaryDirectory(prefix="openmmo-bench-") as work:
        with small_disk(f"{work}/state") if name == "full-disk" else nullcontext():
            it = with_options(contender, [*where, "store.flush=1s"])
            with loaded(it, players, place, work) as (server, _load):
                spent = [sim_seconds(server, options.seconds) for _ in range(2)]
                with FAULTS[name](root, work, place):
                    spent.append(sim_seconds(server, options.seconds))
                    if it.ask(server, "server.status").get("store", {}).get("ok", True):
                        raise Trouble(f"{name}: the database did not notice")
                until = time.monotonic() + BACK_S
                while not it.ask(server, "server.status").get("store", {}).get("ok"):
                    if time.monotonic() > until:
                        raise Trouble(f"{name}: the database does not come back")
                    time.sleep(POLL_S)
                time.sleep(SETTLE_S)
                spent.append(sim_seconds(server, options.seconds))
                return {"spent": spent, "lost": players - it.here(server)}


def sim_seconds(server, seconds):
    """CPU time of the simulation's thread in so many seconds from now."""
    before = machine.thread_cpu_seconds(server.pid)["sim"]
    time.sleep(seconds)
    return machine.thread_cpu_seconds(server.pid)["sim"] - before


FAULTS_HEAD = ["fault", "players", "tick CPU, in trouble/before", "after/before", "before/before", "lost"]


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
MODES = {"saving": (saving, SAVING_HEAD), "back": (back, BACK_HEAD), "faults": (faults, FAULTS_HEAD),
         "adoption": (adoption, ADOPTION_HEAD)}


def kept_as_json(rows, head):
    return [dict(zip(head, row)) for row in json.loads(json.dumps(rows))]
