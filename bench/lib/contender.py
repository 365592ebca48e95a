"""contender -- a server under load: how ours and the peers are started, what load they get, what they count themselves.

A contender has a name, start(work, players, place) -> Server, and load(server, players, seconds, place) -> the command of
the load generator, which prints one JSON object (fields: see bench/README.md) and says "N of M are in" on stderr.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import admin
import machine
import strangers
from machine import Trouble

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = ("socketio", "socketio-batched", "colyseus")
READY_S = 30
STORM = 1000           # logins, where the bots are not told otherwise
SETTLE_S = 1           # until what strangers take shows
CONSOLES_S = 5         # until each console has been there, and has gone
BUDGET_BYTES = 131072  # of a player, in crowds; the tables say so
STOP_S = 0.5           # how long the daemon stands still,
HOLD_S = 10            # and how long one of its io threads,
HOLD_AFTER_S = 4       # so long after all were in


@dataclass
class Place:
    """Where server and load run: their cores, and the network namespaces that they are put into."""
    server_cpu: str = "0"
    load_cpu: str = "1"
    address: str = "127.0.0.1"
    server_inside: tuple = ()
    load_inside: tuple = ()
    server_wrap: tuple = ()  # a tool that the server runs under

    def server(self, command):
        return [*self.server_inside, "taskset", "-c", self.server_cpu, *self.server_wrap, *command]

    def load(self, command):
        return [*self.load_inside, "taskset", "-c", self.load_cpu, *command]


class Server:
    """A running server: its process (leader of a session of its own) and its port."""

    def __init__(self, command, log_path, ready):
        self.log_path = log_path
        self.beside = []  # processes that end with it
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        self.pid = self.process.pid
        until = time.monotonic() + READY_S
        while True:
            match = re.search(ready, self.log())
            if match:
                self.port = int(match[1])
                self.idle_files = machine.files(self.pid)
                return
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise Trouble(f"{command[-1] if len(command) < 5 else command[4]} did not start: "
                              + (self.log().strip().splitlines() or ["it said nothing"])[-1])
            time.sleep(0.05)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def stop(self):
        for process in (*self.beside, self.process):
            end(process)


def end(process, patience_s=15):
    """Ask the process to end, wait, insist. Its whole session ends with it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass
class Openmmo:
    """Our daemon out of a build folder, and the bots of that build (or of another)."""
    build: str
    scenario: str = "crowd"
    options: list = field(default_factory=list)  # of the daemon: "net.view_m=192"
    bots_build: str = ""
    bots_options: list = field(default_factory=list)
    processes: int = 0
    name: str = "openmmo"

    def __post_init__(self):
        self.homes = {}
        self.wanderers = any(option.startswith("world.wanderers=") for option in self.options)
        self.bots_build = self.bots_build or self.build
        for program in (f"{self.build}/openmmod", f"{self.build}/openmmo-console", f"{self.bots_build}/openmmo-bots"):
            if not os.access(program, os.X_OK):
                raise Trouble(f"{program} is not there: build first, or name a build folder by --build")
        self.known = subprocess.run([f"{self.build}/openmmod", "--print-config"], capture_output=True, text=True).stdout
        self.usage = subprocess.run([f"{self.bots_build}/openmmo-bots", "--help"], capture_output=True, text=True).stdout
        self.walks = "--scenario" in self.usage
        self.ready_words = "it is measured from now on" if self.walks else r"\d+ of \d+ are in"
        if self.scenario != "crowd" and not self.walks:
            raise Trouble(f"{self.bots_build}/openmmo-bots has no --scenario: it only makes crowds")

    def door(self, place):
        """The options that open the port that is measured, and how the daemon says which it is."""
        shut = {"http.listen": ""} if "[http]" in self.known else {}
        return ({"net.listen": f"{place.address}:0", **shut},
                r'event=listening.*address="?' + re.escape(place.address) + r":(\d+)")

    def budget(self):
        """Bytes a second that a player is sent at most; 0: this build has no such option."""
        chosen = [option.partition("=")[2] for option in self.options if option.startswith("net.player_budget_bytes=")]
        if chosen:
            return chosen[-1]
        return BUDGET_BYTES if re.search(r"player_budget_bytes\s*=", self.known) else 0

    def more(self):
        """How many come in besides, in a storm of logins."""
        if self.scenario != "login":
            return 0
        return max([STORM, *(int(option.partition("=")[2]) for option in self.bots_options if option.startswith("--more="))])

    def connections(self, players):
        return players + self.more() + 200

    def besides(self, server):
        """Figures of what went on beside the load; it ends."""
        return {}

    def home(self, work, players):
        """Where state and accounts of a run lie. Players who had to walk far to where they live need it once: the next run
        with as many of them finds them there."""
        if self.scenario != "spread":
            return work
        if players not in self.homes:
            self.homes[players] = tempfile.TemporaryDirectory(prefix="openmmo-bench-home-")
        return self.homes[players].name

    def start(self, work, players, place):
        state = f"{self.home(work, players)}/state"
        os.makedirs(state, 0o700, exist_ok=True)
        door, said = self.door(place)
        options = {**door, "server.state": state, "admin.socket": f"{work}/admin.sock", "metrics.listen": "",
                   "net.io_threads": "1", "net.players_max": str(players + self.more() + 50),
                   "net.connections_max": str(self.connections(players)), "limits.exempt": "127.0.0.0/8,10.0.0.0/8"}
        if "--by-password" not in self.bots_options:  # then hashes are not what is measured
            options.update({"accounts.argon2_ops": "1", "accounts.argon2_memory": "8KiB"})
        if self.budget():
            options["net.player_budget_bytes"] = str(self.budget())
        options.update(option.split("=", 1) for option in self.options)
        command = [f"{self.build}/openmmod", "-c", "/dev/null", *(f"--{key}={text}" for key, text in options.items())]
        server = Server(place.server(command), f"{work}/server.log", said)
        server.socket = f"{work}/admin.sock"
        return server

    def load(self, server, work, players, seconds, place):
        command = [f"{self.bots_build}/openmmo-bots", "--host", place.address, "--port", str(server.port), "--players",
                   str(players), "--seconds", str(seconds), "--rate", "400", "--accounts", f"{self.home(work, players)}/accounts",
                   "--json"]
        if "--at-once" in self.usage:
            command += ["--at-once", "50"]
        if self.walks:
            command += ["--scenario", self.scenario]
        if self.scenario == "storm":
            command += ["--admin", server.socket]
        if self.processes and "--processes" in self.usage:
            command += ["--processes", str(self.processes)]
        return place.load([*command, *self.bots_options])

    def ask(self, server, *words):
        """What the daemon answers on its admin socket, {} if it does not."""
        answer = subprocess.run(["nice", "-n", "19", f"{self.build}/openmmo-console", "--socket", server.socket, "exec", *words, "--json"],
                                capture_output=True, text=True, stdin=subprocess.DEVNULL)
        try:
            return json.loads(answer.stdout)
        except ValueError:
            return {}

    def all_in(self, server, work, place):
        """Called when all are in, a second before it is measured."""

    def here(self, server):
        return self.ask(server, "server.status").get("players", {}).get("here", 0)

    def tick_p99_us(self, server):
        return self.ask(server, "server.status").get("tick", {}).get("over_10s", {}).get("p99_us")


@dataclass
class OpenmmoConsoles(Openmmo):
    """Our daemon with so many operators' consoles that attach and detach all the time (lib/consoles.py)."""
    consoles: int = 100
    name: str = "openmmo-consoles"

    def start(self, work, players, place):
        server = super().start(work, players, place)
        idle_kib = machine.rss_kib(server.pid)
        self.log_path = f"{work}/consoles.log"
        with open(self.log_path, "wb") as log:
            server.beside.append(subprocess.Popen(
                place.load([sys.executable, f"{BENCH}/lib/consoles.py", server.socket, str(self.consoles)]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
        time.sleep(CONSOLES_S)
        self.consoles_mib = (machine.rss_kib(server.pid) - idle_kib) / 1024
        return server

    def besides(self, server):
        end(server.beside[-1])
        with open(self.log_path) as log:
            said = log.read().strip().splitlines() or ["no word"]
        try:
            return {"consoles_mib": self.consoles_mib, **json.loads(said[-1])}
        except ValueError:
            raise Trouble("the consoles ended: " + said[-1]) from None


@dataclass
class OpenmmoBeset(Openmmo):
    """Our daemon with the ports of HTTP and HTTPS open too, and strangers at its ports (lib/strangers.py) if it is so beset."""
    kind: str = ""
    strangers: int = 0  # there is room for them in any case
    beset: bool = False
    name: str = "openmmo-beset"

    def door(self, place):
        doors, said = super().door(place)
        return ({**doors, "http.listen": f"{place.address}:0", "http.tls_listen": f"{place.address}:0", "http.redirect": "no",
                 "http.connections_max": str(self.strangers + 500)}, said + r"[\s\S]*event=ready")

    def connections(self, players):
        return super().connections(players) + self.strangers

    def start(self, work, players, place):
        server = super().start(work, players, place)
        if self.beset:
            try:
                self.come(server, work, place)
            except BaseException:
                server.stop()
                raise
        return server

    def come(self, server, work, place):
        ports = [re.search(rf'event=http_listening.*address="?\S*:(\d+)"?.*the {door} port', server.log())[1]
                 for door in ("HTTP", "HTTPS")]
        idle_kib = machine.rss_kib(server.pid)
        self.log_path = f"{work}/strangers.log"
        with open(self.log_path, "wb") as log:
            server.beside.append(subprocess.Popen(
                place.load([sys.executable, strangers.__file__, self.kind, str(self.strangers), place.address, *ports, str(server.port)]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
        until = time.monotonic() + READY_S
        while "all are there" not in self.strangers_said():
            if server.beside[-1].poll() is not None or time.monotonic() > until:
                raise Trouble("the strangers did not come: " + (self.strangers_said().strip().splitlines() or ["no word"])[-1])
            time.sleep(0.05)
        time.sleep(SETTLE_S)
        self.strangers_mib = (machine.rss_kib(server.pid) - idle_kib) / 1024

    def strangers_said(self):
        with open(self.log_path) as log:
            return log.read()

    def besides(self, server):
        if not self.beset:
            return {}
        end(server.beside[-1])
        try:
            return {"strangers_mib": self.strangers_mib, **json.loads(self.strangers_said().strip().splitlines()[-1])}
        except ValueError:
            raise Trouble("the strangers ended: " + self.strangers_said().strip().splitlines()[-1]) from None


@dataclass
class OpenmmoStopped(Openmmo):
    """Our daemon, which stands still for half a second before it is measured."""
    name: str = "openmmo-stopped"

    def all_in(self, server, work, place):
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(STOP_S)
        server.process.send_signal(signal.SIGCONT)


@dataclass
class OpenmmoHalves(Openmmo):
    """Our daemon with two io threads, of which the first, if `holds`, is stopped for ten seconds in the midst of the run
    (lib/hold.py). Its players are not measured, whether it is or not."""
    holds: bool = False
    name: str = "openmmo-halves"

    def __post_init__(self):
        super().__post_init__()
        self.options = [*self.options, "net.io_threads=2"]
        self.holder = None

    def load(self, server, work, players, seconds, place):
        if seconds < HOLD_AFTER_S + HOLD_S:
            raise Trouble(f"an io thread is held for {HOLD_S} s: measure for {HOLD_AFTER_S + HOLD_S} at least (--seconds)")
        return [*super().load(server, work, players, seconds, place), "--apart", f"{work}/apart"]

    def all_in(self, server, work, place):
        threads = admin.players_by_thread(server.socket)
        if len(threads) != 2:
            raise Trouble(f"the players are on {len(threads)} io threads, not on two")
        with open(f"{work}/apart.new", "w") as file:
            file.writelines(f"{name}\n" for name in threads[0])
        os.rename(f"{work}/apart.new", f"{work}/apart")
        self.holder = None
        if self.holds:
            self.holder = subprocess.Popen(
                place.load(["nice", "-n", "19", sys.executable, f"{BENCH}/lib/hold.py", str(server.pid), "io-0",
                            str(HOLD_AFTER_S), str(HOLD_S)]),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
            server.beside.append(self.holder)

    def besides(self, server):
        if not self.holder:
            return {}
        out, wrong = self.holder.communicate()
        if self.holder.returncode:
            raise Trouble(wrong.strip() or "the thread was not held")
        return {"held_mib": json.loads(out)["rss_kib"] / 1024}


@dataclass
class OpenmmoWeb(Openmmo):
    """Our daemon as web clients see it: guests by Socket.IO over plain WebSockets (bench/web_load)."""
    name: str = "openmmo-web"

    def __post_init__(self):
        super().__post_init__()
        self.walks, self.ready_words = False, r"\d+ of \d+ are in"
        self.web_load = web_load_of(self.build)
        self.options = ["auth.guests=yes", *self.options]

    def door(self, place):
        return ({"net.listen": f"{place.address}:0", "http.listen": f"{place.address}:0"},
                r'event=http_listening.*address="?' + re.escape(place.address) + r":(\d+)")

    def load(self, server, work, players, seconds, place):
        return web_load(self.web_load, server, players, seconds, place)

    def connections(self, players):
        return 2 * super().connections(players)  # who is coming in may take half of them

    def idle_load(self, server, sockets, seconds, place):
        return web_load(self.web_load, server, sockets, seconds, place, "--stand")

    def enter_load(self, server, players, at_once, place):
        return web_load(self.web_load, server, players, 1, place, "--enter", "--at-once", str(at_once))


def web_load_of(build):
    program = f"{build}/bench/web_load"
    if not os.access(program, os.X_OK):
        raise Trouble(f"{program} is not there: build first")
    return program


def web_load(program, server, players, seconds, place, *more):
    return place.load([program, "--host", place.address, "--port", str(server.port), "--players", str(players), "--seconds",
                       str(seconds), *more])


@dataclass
class Peer:
    """A server of another make (bench/peers), plaintext, and a load generator that speaks its protocol: one of Node, or
    bench/web_load of a build, which can be more players."""
    name: str
    build: str = ""

    def __post_init__(self):
        self.kind = self.name.partition("-")[0]
        self.walks, self.wanderers, self.ready_words = False, False, r"\d+ of \d+ are in"
        if self.name not in PEERS:
            raise Trouble(f"there is no peer {self.name}: there are {', '.join(PEERS)}")
        if not os.path.isdir(f"{BENCH}/peers/node_modules"):
            raise Trouble("the peers are not installed: run npm install --no-package-lock --ignore-scripts --prefix bench/peers")

    def start(self, work, players, place):
        command = ["node", f"{BENCH}/peers/{self.kind}_server.js", "--host", place.address]
        if self.name == "socketio-batched":
            command += ["--batch", "50"]
        os.environ["NODE_ENV"] = "production"
        return Server(place.server(command), f"{work}/server.log", r"listening on port (\d+)")

    def load(self, server, work, players, seconds, place):
        if self.build:
            return web_load(web_load_of(self.build), server, players, seconds, place)
        command = ["node", f"{BENCH}/peers/{self.kind}_load.js", "--host", place.address, "--port", str(server.port),
                   "--players", str(players), "--seconds", str(seconds)]
        return place.load(command)

    def idle_load(self, server, sockets, seconds, place):
        return web_load(web_load_of(self.build), server, sockets, seconds, place, "--stand")

    def enter_load(self, server, players, at_once, place):
        return web_load(web_load_of(self.build), server, players, 1, place, "--enter", "--at-once", str(at_once))

    def all_in(self, server, work, place):
        pass

    def besides(self, server):
        return {}

    def here(self, server):
        return 0

    def tick_p99_us(self, server):
        return None
