"""line -- a line of a given delay and loss between server and load (bench/line), proved by ping before it is used."""
import re
import subprocess
from contextlib import contextmanager
from dataclasses import replace

import machine
from machine import Trouble

PINGS = 1000
MORE_PINGS = 100  # not looked at: ping does not wait for all of the last ones
SERVER_ADDRESS = "10.77.0.1"


@contextmanager
def laid(build, place, delay_ms, loss_percent):
    """Lay the line (delay and loss each way) on the load's core; gives the place whose server is at its other end."""
    command = ["taskset", "-c", place.load_cpu, f"{build}/bench/line", "--delay", str(delay_ms), "--loss",
               str(loss_percent)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        match = re.match(r"ready (\d+) (\d+)", process.stdout.readline())
        if not match:
            raise Trouble(process.stderr.read().strip() or "bench/line did not start")
        inside = [("nsenter", f"--net=/proc/{pid}/ns/net") for pid in match.groups()]
        yield replace(place, address=SERVER_ADDRESS, server_inside=inside[0], load_inside=inside[1])
    finally:
        process.stdin.close()
        process.wait(10)
        overflowed = [int(n) for n in re.findall(r"(\d+) overflowed", process.stderr.read())]
        if any(overflowed):
            machine.complain(f"the line itself lost {sum(overflowed)} packets for want of room: no result")


def proved(place, delay_ms, loss_percent):
    """Ping through the line; one sentence on what it is, Trouble if it is not what it shall be."""
    machine.need("ping")
    done = subprocess.run([*place.load_inside, "ping", "-c", str(PINGS + MORE_PINGS), "-i", "0.005", place.address],
                          capture_output=True, text=True)
    times = {int(seq): float(ms) for seq, ms in re.findall(r"icmp_seq=(\d+) .*time=([\d.]+) ms", done.stdout)
             if int(seq) <= PINGS}
    if not times:
        raise Trouble("ping gave no figures: " + (done.stderr.strip() or done.stdout.strip())[-200:])
    lost, low, mean = 100 * (1 - len(times) / PINGS), min(times.values()), sum(times.values()) / len(times)
    # Lost is what one of both ways lost; 4 standard deviations of so many draws are let pass.
    wanted = 100 * (1 - (1 - loss_percent / 100) ** 2)
    slack = 4 * (wanted * (100 - wanted) / PINGS) ** 0.5
    told = f"{PINGS} pings: round trip {low:.1f} ms at least, {mean:.1f} ms on average, {lost:.1f} % lost"
    if not 2 * delay_ms <= low <= 2 * delay_ms + 5 or abs(lost - wanted) > slack:
        raise Trouble(f"this is not the line: {told}; wanted {2 * delay_ms} ms and {wanted:.1f} +- {slack:.1f} %")
    return told
