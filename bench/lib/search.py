"""search -- the largest number of players that a server holds: p99 under 100 ms, everyone's moves delivered or replaced by
newer ones, nobody lost, by the median of a few runs."""
from statistics import median

from table import load_bound

P99_MS = 100
RATIO = 0.99
STEP = 1.5    # up, until it does not hold
CLOSE = 1.05  # then halving, until the bounds are that close
HEAD = ("holds", "p50/p99 ms", "deliveries per CPU second", "bytes a delivery", "server CPU %", "fails at, because")


def why_not(runs, players):
    """What keeps these runs from holding that many, or None."""
    if load_bound(runs):
        return "load-bound, no result"
    if any(run["lost"] or run["joined"] < players for run in runs):
        return "players lost"
    p99 = median(run["p99"] for run in runs)
    if p99 >= P99_MS:
        return f"p99 {p99:.0f} ms"
    shares = [run["ratio"] for run in runs if run.get("ratio") is not None]
    if shares and median(shares) < RATIO:
        return f"{median(shares):.3f} delivered"
    return None


def largest(first, measured):
    """measured(players) -> runs. The most that holds and what came next: {"holds": n, "runs": ..., "fails": n, "why": ...}."""
    found = {"holds": 0, "runs": [], "fails": None, "why": "-"}
    players = first
    while True:
        runs = measured(players)
        why = why_not(runs, players)
        if why is None:
            found.update(holds=players, runs=runs)
        else:
            found.update(fails=players, why=why)
        if found["fails"] is None:
            players = int(players * STEP)
        elif found["fails"] <= max(found["holds"] * CLOSE, found["holds"] + 5) or found["fails"] <= 10:
            return found
        else:
            players = (found["holds"] + found["fails"]) // 2


def row(found):
    runs = found["runs"]
    fails = f"{found['fails']}: {found['why']}"
    if not runs:
        return ["none", "-", "-", "-", "-", fails]
    middle = {key: median(run[key] for run in runs) for key in
              ("p50", "p99", "deliveries_cpu_s", "delivery_bytes", "server_percent")}
    more = ">= " if found["why"].startswith("load-bound") else ""
    return [f"{more}{found['holds']}", f"{middle['p50']:.0f}/{middle['p99']:.0f}", f"{middle['deliveries_cpu_s']:,.0f}",
            f"{middle['delivery_bytes']:.1f}", f"{middle['server_percent']:.0f}", fails]
