"""measure -- one run of one contender under load, and the machine's own limit beside it, as a dict of figures.

The figures' names are those of table.ROWS. Nothing here judges; nothing is kept of a run but what it returns.
"""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager

import machine
from contender import Openmmo, end
from machine import Trouble

MOVE_BYTES = 60  # a player's packet with a MOVE in it, about: what the limit's receives are measured with
LEFT_S = 2       # from the load's end until all have left and their memory is free
LOGINS_S = 25    # the slowest way in that is waited for, players a second
WALK_S = 400     # how long they may walk to where the scenario wants them


def limit(build, connections, sizes, place):
    """The machine's limit, from bench/limit of that build: {(what, how, bytes): row}."""
    program = f"{build}/bench/limit"
    if not os.access(program, os.X_OK):
        raise Trouble(f"{program} is not there: build first")
    command = [program, "--connections", str(connections), "--sizes", ",".join(map(str, sizes)), "--server-cpu",
               place.server_cpu.split(",")[0].split("-")[0], "--load-cpu", place.load_cpu.split(",")[0].split("-")[0]]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(done.stderr.strip() or "bench/limit failed")
    return {(row["what"], row["how"], row["bytes"]): row for row in json.loads(done.stdout)["rows"]}


class Load:
    """The load generator while it runs."""

    def __init__(self, command, work):
        self.out, self.err = f"{work}/load.json", f"{work}/load.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            start_new_session=True)

    def words(self):
        with open(self.err, errors="replace") as file:
            return file.read()

    def wait_ready(self, players, contender, server):
        """Until the load says that all are where they shall be and it measures from now on."""
        until = time.monotonic() + 30 + players / LOGINS_S + (WALK_S if contender.walks else 0)
        while not re.search(contender.ready_words, self.words()):
            if self.process.poll() is not None:
                raise Trouble("the load generator ended: " + (self.words().strip().splitlines() or ["no word"])[-1])
            if time.monotonic() > until:
                raise Trouble(f"not all of {players} came in: {contender.here(server)} are there; "
                              + (self.words().strip().splitlines() or [""])[-1])
            time.sleep(0.1)

    def report(self, patience_s):
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired as late:
            raise Trouble("the load generator does not end") from late
        with open(self.out) as file:
            try:
                return json.load(file)
            except ValueError as wrong:
                raise Trouble("the load generator gave no report: "
                              + (self.words().strip().splitlines() or ["no word"])[-1]) from wrong


@contextmanager
def running(contender, players, place):
    """A started server in a folder of its own: (server, folder)."""
    with tempfile.TemporaryDirectory(prefix="openmmo-bench-") as work:
        server = contender.start(work, players, place)
        try:
            yield server, work
        finally:
            server.stop()


class Moment:
    """What was spent up to a moment, by the sessions of the load and of who comes beside it, the server and the cores."""

    def __init__(self, load_pids, server_pid, port, inside):
        self.at = time.monotonic()
        self.load = sum(machine.session_cpu_seconds(pid) for pid in load_pids)
        self.threads = machine.thread_cpu_seconds(server_pid)
        self.cores = machine.cpu_times()
        self.traffic = machine.socket_traffic(port, inside)


def moment(server, load, place):
    loads = [process.pid for process in (load.process, *server.beside)]
    return machine.aside(Moment, loads, server.pid, server.port, place.server_inside)


def spent(before, after, place):
    """What the time between two moments took: CPU in percent of a core, sends and receives of the server."""
    wall = after.at - before.at
    used = machine.cores(place.server_cpu) | machine.cores(place.load_cpu)

    def core_sum(index):
        return sum(after.cores[core][index] - before.cores[core][index] for core in used)

    figures = {}
    if before.traffic and after.traffic:
        sends, sent_bytes, receives = (b - a for a, b in zip(before.traffic, after.traffic))
        figures.update(sends_s=sends / wall, receives_s=receives / wall, send_bytes=sent_bytes / sends if sends else None)
    load = after.load - before.load
    server = sum(after.threads.values()) - sum(before.threads.values())
    threads = {name: 100 * (seconds - before.threads.get(name, 0)) / wall for name, seconds in after.threads.items()}
    busiest = sorted(threads.items(), key=lambda item: -item[1])[:4]
    figures.update({
        "server_percent": 100 * server / wall,
        "sim_percent": threads.get("sim"),
        "load_percent": 100 * load / wall / len(machine.cores(place.load_cpu)),
        "threads": ", ".join(f"{name} {percent:.1f}" for name, percent in busiest if percent >= 0.1),
        "steal_percent": 100 * core_sum(1) / max(core_sum(2), 1e-9),
        "other_percent": max(0.0, 100 * (core_sum(0) - server - load) / wall),
    })
    return figures


def from_report(report, wanderers=False):
    """The load generator's JSON as our figures; ours and the peers' have the same fields. Where the server has wanderers, who
    are in view but see nothing, nobody counted what was delivered."""
    measured = report["measured"]
    latency, joined, seconds = measured["latency_ms"], report["joined"], measured["seconds"]
    moves_s = measured["moves"] / seconds
    figures = {
        "joined": joined, "lost": report["lost"], "p50": latency.get("p50"), "p99": latency.get("p99"),
        "p999": latency.get("p999"), "moves_s": moves_s, "wire_kib_s": measured["wire_bytes_in_s"] / 1024,
        "ratio": measured.get("ratio"), "neighbours": measured.get("neighbours"),
        "faults": report.get("checks", {}).get("faults"), "load_bound": measured.get("load_bound", False),
        # Where the load does not count deliveries, everyone is in everyone's view: each move is for all others.
        "deliveries_s": measured.get("deliveries_s", moves_s * (joined - 1)),
    }
    if "joins_s" in report:
        figures["joins_s"] = report["joins_s"]
    if wanderers:
        figures["deliveries_s"] = None
    if measured.get("teleports"):
        figures["teleports"] = measured["teleports"] / joined
    others = report.get("others", {})
    if others.get("apart"):  # what they were sent is counted as everybody's, but not what they were delivered
        figures["apart"], figures["deliveries_s"] = others["apart"], None
    if others.get("odd"):
        figures["odd_ended"] = others["odd_ended"]
    if others.get("storm_players"):
        entering = others["storm_entering_ms"]
        figures.update(storm_joined=others["storm_joined"], storm_p50=entering["p50"], storm_p99=entering["p99"])
    for stale in measured.get("stale_ms", []):  # how old what is shown is, by distance
        if stale.get("seen"):
            upto = f"..{stale['to_m']}" if "to_m" in stale else "+"
            figures.setdefault("stale", {})[f"{stale['from_m']}{upto} m"] = stale["p50"]
    if figures["deliveries_s"]:
        figures["delivery_bytes"] = measured["wire_bytes_in_s"] * joined / figures["deliveries_s"]
    return figures


def derive(figures):
    """What follows from CPU and report together."""
    cpu_s = figures["server_percent"] / 100
    joined = max(figures["joined"], 1)
    if cpu_s > 0:
        if figures["deliveries_s"]:
            figures["deliveries_cpu_s"] = figures["deliveries_s"] / cpu_s
        figures["player_us_s"] = 1e6 * cpu_s / joined
        if figures.get("sim_percent") is not None:
            figures["sim_us_s"] = 1e4 * figures["sim_percent"] / joined
            figures["io_us_s"] = figures["player_us_s"] - figures["sim_us_s"]
        if figures.get("sends_s"):
            figures["send_us"] = 1e6 * cpu_s / figures["sends_s"]


def beside_limit(figures, build, place):
    """Measure the machine's limit with sends of the size that the run had, and put the ratio beside it."""
    size = min(max(int(figures.get("send_bytes") or 200), 1), 65536)
    rows = limit(build, min(int(figures["joined"]) or 1, 2000), sorted({MOVE_BYTES, size}), place)
    figures["plain_us"] = rows["send", "plain", size]["us"]
    figures["limit_us"] = rows["send", "tls", size]["us"]
    figures["receive_us"] = rows["receive", "tls", MOVE_BYTES]["us"]
    if figures.get("sends_s") and figures["server_percent"] > 0:
        least = figures["sends_s"] * figures["limit_us"] + figures["receives_s"] * figures["receive_us"]
        figures["limit_ratio"] = least / (figures["server_percent"] * 1e4)


def run(contender, players, seconds, place, with_limit=True):
    """One run: a fresh server, all players in, the middle of `seconds` measured. Returns the figures."""
    with running(contender, players, place) as (server, work):
        idle_kib, idle_slab = machine.rss_kib(server.pid), machine.slab_kib()
        load = Load(contender.load(server, work, players, seconds, place), work)
        try:
            load.wait_ready(players, contender, server)
            begun_kib = machine.rss_kib(server.pid)
            contender.all_in(server, work, place)
            time.sleep(seconds * 0.15)
            before = moment(server, load, place)
            time.sleep(seconds * 0.7)
            after = moment(server, load, place)
            figures = spent(before, after, place)
            figures.update(rss_begun_mib=begun_kib / 1024, rss_end_mib=machine.rss_kib(server.pid) / 1024)
            figures.update(memory(server, players, place, idle_kib, idle_slab))
            figures["tick_p99_us"] = contender.tick_p99_us(server)
            figures.update(from_report(load.report(seconds + 30), contender.wanderers))
            figures.update(contender.besides(server))
            time.sleep(LEFT_S)
            figures["rss_left_mib"] = machine.rss_kib(server.pid) / 1024
            figures["files_left"] = machine.files(server.pid) - server.idle_files
        finally:
            end(load.process)
    derive(figures)
    if with_limit and isinstance(contender, Openmmo):
        beside_limit(figures, contender.build, place)
    return figures


def memory(server, players, place, idle_kib, idle_slab):
    slab, buffers = machine.slab_kib(), machine.socket_buffers_kib(server.port, place.server_inside)
    return {
        "rss_kib": (machine.rss_kib(server.pid) - idle_kib) / players,
        "kernel_buffers_kib": buffers / players if buffers is not None else None,
        # Both ends of each connection are on this machine: half is the server's.
        "kernel_objects_kib": (slab - idle_slab) / players / 2 if slab is not None and idle_slab is not None else None,
    }


def joins(contender, players, at_once, place):
    """How fast players come in, of whom so many are under way at once."""
    with running(contender, players, place) as (server, work):
        before, at = machine.thread_cpu_seconds(server.pid), time.monotonic()
        load = Load(contender.enter_load(server, players, at_once, place), work)
        try:
            figures = load.report(60)
            after, wall = machine.thread_cpu_seconds(server.pid), time.monotonic() - at
        finally:
            end(load.process)
    return {**figures, "server_percent": 100 * (sum(after.values()) - sum(before.values())) / wall}


def idle_memory(contender, sockets, seconds, place):
    """Memory a connection, of those who are connected and have said nothing yet."""
    with running(contender, sockets, place) as (server, work):
        idle_kib, idle_slab = machine.rss_kib(server.pid), machine.slab_kib()
        load = Load(contender.idle_load(server, sockets, seconds, place), work)
        try:
            load.wait_ready(sockets, contender, server)
            time.sleep(seconds / 2)
            figures = memory(server, sockets, place, idle_kib, idle_slab)
            figures["joined"] = load.report(seconds + 30)["joined"]
        finally:
            end(load.process)
    return figures


def memory_states(contender, players, place, seconds):
    """Memory a player in three states: all stand and say nothing (their processes are stopped); all walk; and, while half of
    them are stopped and the others walk on, the most that one of the stopped takes: his socket fills, and in the end the
    server gives him up. The contender's bots play in two processes."""
    with running(contender, players, place) as (server, work):
        idle_kib, idle_slab = machine.rss_kib(server.pid), machine.slab_kib()
        load = Load(contender.load(server, work, players, 0, place), work)

        def now():
            return memory(server, players, place, idle_kib, idle_slab)
        try:
            load.wait_ready(players, contender, server)
            halves = machine.children(load.process.pid)
            if len(halves) != 2:
                raise Trouble("these bots do not play in two processes: no half of them can be stopped")
            time.sleep(5)
            walking = now()
            stop(halves)
            time.sleep(3)
            standing = now()
            go_on(halves)
            time.sleep(3)
            stop(halves[1:])
            worst = dict(walking)
            for _ in range(2 * seconds):
                time.sleep(0.5)
                for key, kib in now().items():
                    if kib is not None:  # what is more than when all walked is that of the stopped half
                        worst[key] = max(worst[key], walking[key] + (kib - walking[key]) * players / (players // 2))
            go_on(halves)
        finally:
            end(load.process)
    return standing, walking, worst


def stop(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def go_on(pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def empty(contender, seconds, place):
    """What the server uses while nobody is there: CPU in percent of a core, by thread, and RSS in KiB."""
    with running(contender, 100, place) as (server, _):
        time.sleep(3)
        before, at = machine.thread_cpu_seconds(server.pid), time.monotonic()
        time.sleep(seconds)
        after, wall = machine.thread_cpu_seconds(server.pid), time.monotonic() - at
        return {"server_percent": 100 * (sum(after.values()) - sum(before.values())) / wall,
                "threads": {name: 100 * (spent - before.get(name, 0)) / wall for name, spent in after.items()},
                "rss_kib": machine.rss_kib(server.pid)}
