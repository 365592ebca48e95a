"""sizing -- what a world of 1,000 to 1,000,000 players needs, calculated from one measured run and said to be so.

The formulas are those of doc/capacity.md: nothing is measured here."""
from statistics import median

import table

WORLDS = (1_000, 10_000, 100_000, 1_000_000)
BUSY = 0.7           # of a core: what is planned with, the rest is for bursts
SEGMENT_BYTES = 1448  # payload of an Ethernet packet
PACKET_BYTES = 90     # around it: Ethernet 38, IP 20, TCP 32


def link_bytes_s(run):
    """Bytes a second on the link to one player, headers of packets included."""
    sends_s = run["sends_s"] / run["joined"]
    packets = sends_s * max(1, -(-run["send_bytes"] // SEGMENT_BYTES))
    return run["wire_kib_s"] * 1024 + packets * PACKET_BYTES


def of(runs):
    """The table for the medians of these runs; a sentence where they are not enough."""
    run = {key: median(table.values(runs, key)) for key in
           ("joined", "neighbours", "io_us_s", "sim_us_s", "wire_kib_s", "sends_s", "send_bytes", "rss_kib",
            "kernel_buffers_kib") if table.values(runs, key)}
    if not {"io_us_s", "sim_us_s", "sends_s", "rss_kib", "kernel_buffers_kib"} <= set(run) or not run["joined"]:
        return "no sizing: the run lacks figures (ss is needed)"
    a_core = BUSY * 1e6 / run["io_us_s"]
    link = 8 * link_bytes_s(run)
    memory = run["rss_kib"] + run["kernel_buffers_kib"]
    rows = [[f"{n:,}", f"{n / a_core:,.1f}", f"{n * run['sim_us_s'] / (BUSY * 1e6):,.2f}", f"{n * link / 1e9:,.2f}",
             f"{n * memory / 1024 / 1024:,.2f}"] for n in WORLDS]
    head = (f"Calculated from {run['joined']:.0f} players with {run.get('neighbours', run['joined'] - 1):.0f} others in view: "
            f"{a_core:,.0f} players an io core at {100 * BUSY:.0f} %, {1e6 / link:,.1f} players a Mbit/s, "
            f"{memory:.1f} KiB a player\n")
    return "\n".join([head, *table.lines(["players", "io cores", "sim cores", "egress Gbit/s", "memory GiB"], rows)])
