"""machine -- what /proc and ss say: CPU time of processes and cores, memory of processes and sockets.

Knows nothing of what is measured. Linux only; where a figure cannot be had it is None, never a guess.
"""
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context

HZ = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Kernel objects that a connection is made of, at each of its two ends.
SLABS = ("TCP", "sock_inode_cache", "filp", "dentry", "ep_item", "eventpoll_epi", "kmalloc")


class Trouble(Exception):
    """What a person can act on, in one line."""


def need(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        raise Trouble("missing: " + ", ".join(missing))


def cores(text):
    """"0" or "0,2-3" -> the set of cores; Trouble where this machine lacks one."""
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    if not found <= os.sched_getaffinity(0):
        raise Trouble(f"core {text} is not ours to use: there are {sorted(os.sched_getaffinity(0))}")
    return found


@lru_cache(None)
def _onlooker():
    return ProcessPoolExecutor(1, get_context("fork"), os.nice, (19,))


def aside(function, *arguments):
    """What the function returns, found out by a process that stands back behind those that are measured."""
    return _onlooker().submit(function, *arguments).result()


def _stat_fields(path):
    with open(path) as file:
        return file.read().rpartition(")")[2].split()


def session_cpu_seconds(leader):
    """CPU time of all processes that live in the session of that process, and of the children that they waited for."""
    ticks = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = _stat_fields(f"/proc/{name}/stat")
            except OSError:
                continue
            if int(fields[3]) == leader:
                ticks += sum(int(field) for field in fields[11:15])
    return ticks / HZ


def children(pid):
    """The processes that this one has started and that live, oldest first."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def thread_cpu_seconds(pid):
    """{thread's name: CPU seconds} of a process; threads of one name are added up."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/comm") as file:
                name = file.read().strip()
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                found[name] = found.get(name, 0) + int(file.read().split()[0]) / 1e9
        except OSError:
            continue
    return found


def cpu_times():
    """{core: (busy, steal, total) in seconds}."""
    found = {}
    with open("/proc/stat") as file:
        for line in file:
            match = re.match(r"cpu(\d+) (.*)", line)
            if match:
                user, nice, system, idle, iowait, irq, soft, steal = map(int, match[2].split()[:8])
                busy = user + nice + system + irq + soft
                found[int(match[1])] = (busy / HZ, steal / HZ, (busy + idle + iowait + steal) / HZ)
    return found


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"^VmRSS:\s+(\d+)", file.read(), re.M)[1])


def files(pid):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def slab_kib():
    """What kernel objects of connections take, both ends of all of them; None unless root."""
    try:
        with open("/proc/slabinfo") as file:
            lines = file.read().splitlines()[2:]
    except OSError:
        return None
    total = 0
    for line in lines:
        name, _, objects, size = line.split()[:4]
        if name.startswith(SLABS):
            total += int(objects) * int(size)
    return total / 1024


def socket_buffers_kib(port, inside=()):
    """Bytes that the kernel holds in the buffers of the server's sockets on that port; None without ss.
    inside: a command to run ss under, where the sockets are in another network namespace."""
    if not shutil.which("ss"):
        return None
    text = subprocess.run([*inside, "nice", "-n", "19", "ss", "-tmnH", f"sport = :{port}"], capture_output=True, text=True).stdout
    total = 0
    for match in re.finditer(r"skmem:\(r(\d+),rb\d+,t(\d+),tb\d+,f(\d+),w(\d+)", text):
        received, _, forward, queued = map(int, match.groups())
        total += received + forward + queued
    return total / 1024


def socket_traffic(port, inside=()):
    """What went through the server's sockets on that port up to now: (segments sent, bytes sent, segments received), all with
    data in them; None without ss. On loopback a write of up to 64 KB is one segment: segments are the server's sends."""
    if not shutil.which("ss"):
        return None
    text = subprocess.run([*inside, "nice", "-n", "19", "ss", "-tinH", f"sport = :{port}"], capture_output=True, text=True).stdout

    def total(name):
        return sum(int(n) for n in re.findall(rf"\b{name}:(\d+)", text))

    return total("data_segs_out"), total("bytes_sent"), total("data_segs_in")


def described():
    """One line on what this machine is, for the head of a table."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    system = "Linux"
    try:
        with open("/etc/os-release") as file:
            system = re.search(r'PRETTY_NAME="(.*)"', file.read())[1]
    except OSError:
        pass
    return f"{os.cpu_count()} cores of {model[1] if model else '?'}, {system}, kernel {os.uname().release}"


def complain(text):
    print(f"bench/run: {text}", file=sys.stderr)
