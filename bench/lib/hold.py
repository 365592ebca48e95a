#!/usr/bin/env python3
"""hold -- stop a thread of a process as a debugger does, for a while: hold.py PID THREAD AFTER_S FOR_S

It is stopped where it waits for something, and so holds no lock that others need. At the end it says on stdout
how long it stood still, and the process's memory just before it went on, as {"held_s": s, "rss_kib": n}. Linux, and a
machine that lets us attach (root, or ptrace_scope 0).
"""
import ctypes
import json
import os
import sys
import time

import machine

SEIZE, INTERRUPT, CONT, DETACH, WALL = 0x4206, 0x4207, 7, 17, 0x40000000
# What a thread that waits is in: epoll_wait, epoll_pwait, epoll_pwait2, poll, ppoll.
WAITS = {"x86_64": (232, 281, 441, 7, 271), "aarch64": (22, 441, 73)}
TRIES = 5000  # of a millisecond

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit(f"hold: {os.strerror(ctypes.get_errno())}")


def thread_called(pid, name):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as file:
            if file.read().strip() == name:
                return int(task)
    sys.exit(f"hold: {pid} has no thread {name}")


def waits(pid, thread):
    with open(f"/proc/{pid}/task/{thread}/syscall") as file:
        call = file.read().split()[0]
    return call.isdigit() and int(call) in WAITS[os.uname().machine]


def stop(pid, thread):
    ptrace(SEIZE, thread)
    for _ in range(TRIES):
        ptrace(INTERRUPT, thread)
        os.waitpid(thread, WALL)
        if waits(pid, thread):
            return
        ptrace(CONT, thread)
        time.sleep(0.001)
    sys.exit("hold: the thread waits at no time")


def main():
    pid, name, after_s, for_s = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    thread = thread_called(pid, name)
    time.sleep(after_s)
    stop(pid, thread)
    began = time.monotonic()
    time.sleep(for_s)
    rss_kib = machine.rss_kib(pid)
    ptrace(DETACH, thread)
    print(json.dumps({"held_s": time.monotonic() - began, "rss_kib": rss_kib}))


if __name__ == "__main__":
    main()
