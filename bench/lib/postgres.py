"""postgres -- a PostgreSQL of the measurement's own: in a temporary folder, on a Unix socket alone, as an unprivileged user,
with fsync as it ships, ended with it. Never the machine's own."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager

from machine import Trouble

USERS = ("postgres", "nobody")  # who runs it where we are root
READY_S = 30


def _binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found:
        raise Trouble("missing: postgresql")
    return found[-1]


def _user():
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in USERS if name in known)


def connection(root):
    return f"host={root} port=5432 user=openmmo dbname=openmmo"


def _psql(root, user="openmmo"):
    place = connection(root) if user == "openmmo" else f"host={root} port=5432 user={user} dbname=postgres"
    return [f"{_binaries()}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", place]


def sql(root, text, user="openmmo"):
    """Run SQL; what it says, a line a row. Another user than ours is in another database."""
    done = subprocess.run(_psql(root, user), input=text, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(done.stderr.strip().splitlines()[-1])
    return done.stdout


@contextmanager
def session(root, text):
    """A connection that has run this SQL, in a transaction that it began, for as long as it lasts."""
    process = subprocess.Popen(_psql(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        process.stdin.write(f"{text}\nSELECT 'done';\n")
        process.stdin.flush()
        if process.stdout.readline().strip() != "done":
            raise Trouble(f"PostgreSQL does not do this: {text}")
        yield
    finally:
        process.stdin.close()
        process.wait()


def copies(root, work, timed):
    """A copy and its way back, by PostgreSQL's own tools, as doc/operations.md says: {what: seconds}."""
    dump = [f"{_binaries()}/pg_dump", "-Fc", "-f", f"{work}/copy", connection(root)]
    seconds = {"backup": timed(dump, "pg_dump")}
    subprocess.run([f"{_binaries()}/createdb", "-h", root, "-U", "openmmo", "again"], check=True)
    restore = [f"{_binaries()}/pg_restore", "--no-owner", "-d", connection(root).replace("dbname=openmmo", "dbname=again"), f"{work}/copy"]
    seconds["restore"] = timed(restore, "pg_restore")
    return seconds


_running = {}  # by root


def start(root, core):
    """Start the server of that cluster, and wait until it answers."""
    with open(f"{root}/log", "ab") as log:
        _running[root] = subprocess.Popen(["taskset", "-c", core, f"{_binaries()}/postgres", "-D", f"{root}/data", "-k", root,
                                           "-c", "listen_addresses="], user=_user(), cwd=root, stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log)
    _wait(root, _running[root])


def crash(root):
    """End it at once and without a word, as pg_ctl -m immediate does."""
    server = _running.pop(root)
    server.send_signal(signal.SIGQUIT)
    server.wait()


@contextmanager
def cluster(core):
    """Runs on that core; yields the folder of its socket, in which a database openmmo is empty."""
    user, root = _user(), tempfile.mkdtemp(prefix="openmmo-bench-pg-")
    if user:
        shutil.chown(root, user)
    try:
        subprocess.run([f"{_binaries()}/initdb", "-D", f"{root}/data", "-U", "openmmo", "-A", "trust", "-E", "UTF8", "--locale=C"],
                       check=True, user=user, cwd=root, stdout=subprocess.DEVNULL)
        start(root, core)
        subprocess.run([f"{_binaries()}/createdb", "-h", root, "-U", "openmmo", "openmmo"], check=True)
        yield root
    finally:
        if root in _running:
            server = _running.pop(root)
            server.terminate()
            server.wait()
        shutil.rmtree(root, ignore_errors=True)


def _wait(root, server):
    until = time.monotonic() + READY_S
    while subprocess.run([f"{_binaries()}/pg_isready", "-q", "-h", root]).returncode:
        if server.poll() is not None or time.monotonic() > until:
            raise Trouble(f"PostgreSQL did not start: {open(f'{root}/log').read().strip()[-200:]}")
        time.sleep(0.1)
