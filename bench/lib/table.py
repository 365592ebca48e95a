"""table -- figures of runs as Markdown: medians with their spread, comparisons with the A/A spread beside them."""
from statistics import median

LOAD_BOUND_PERCENT = 85
LOAD_BOUND = "load-bound, no result"

# Name in a run's figures, what it is called, how it is written, and whether it stands although the load was bound
# (what the server spent is true then, how soon things came is not).
ROWS = (
    ("joined", "in", "{:.0f}", True),
    ("lost", "lost", "{:.0f}", True),
    ("joins_s", "came in, a second", "{:,.0f}", True),
    ("odd_ended", "connections of those who misbehave, ended", "{:.0f}", True),
    ("strangers", "strangers' connections, at once", "{:,.0f}", True),
    ("strangers_came", "of theirs, all in all", "{:,.0f}", True),
    ("strangers_ended", "of these the server ended", "{:,.0f}", True),
    ("strangers_answered", "hidden requests that were answered", "{:.0f}", True),
    ("strangers_mib", "RSS that they took MiB", "{:.1f}", True),
    ("consoles", "operators' consoles that came and went", "{:,.0f}", True),
    ("consoles_mib", "RSS that the first of them took MiB", "{:.1f}", True),
    ("teleports", "times a player was put elsewhere", "{:.1f}", True),
    ("storm_joined", "more who came in meanwhile", "{:.0f}", True),
    ("storm_p50", "their logins p50 ms", "{:.0f}", False),
    ("storm_p99", "their logins p99 ms", "{:.0f}", False),
    ("apart", "of them not measured", "{:.0f}", True),
    ("faults", "faults of the protocol", "{:.0f}", True),
    ("neighbours", "others in view", "{:.0f}", True),
    ("p50", "delivery p50 ms", "{:.0f}", False),
    ("p99", "delivery p99 ms", "{:.0f}", False),
    ("p999", "delivery p99.9 ms", "{:.0f}", False),
    ("stale", "age of what is shown p50 ms, by distance", "{}", False),
    ("ratio", "delivered or replaced", "{:.4f}", False),
    ("deliveries_s", "deliveries a second", "{:,.0f}", False),
    ("deliveries_cpu_s", "deliveries per server CPU second", "{:,.0f}", False),
    ("delivery_bytes", "bytes on the wire a delivery", "{:.2f}", False),
    ("wire_kib_s", "KiB/s to a player", "{:.1f}", False),
    ("server_percent", "server CPU % of a core", "{:.1f}", True),
    ("threads", "of it, by thread", "{}", True),
    ("player_us_s", "server CPU a player, µs a second", "{:.0f}", True),
    ("sends_s", "sends a second", "{:,.0f}", True),
    ("send_us", "server CPU a send, all in, µs", "{:.1f}", True),
    ("send_bytes", "bytes a send", "{:.0f}", True),
    ("plain_us", "the machine's bare send of that size, µs", "{:.1f}", True),
    ("limit_us", "the same through TLS, µs", "{:.1f}", True),
    ("receive_us", "the machine's TLS receive of a MOVE, µs", "{:.1f}", True),
    ("limit_ratio", "of the machine's limit through TLS", "{:.2f}", True),
    ("tick_p99_us", "tick p99 µs", "{:.0f}", True),
    ("rss_kib", "RSS a player KiB", "{:.1f}", True),
    ("rss_begun_mib", "RSS MiB with all in", "{:.1f}", True),
    ("held_mib", "RSS MiB while the thread stood still", "{:.1f}", True),
    ("rss_end_mib", "RSS MiB at the end", "{:.1f}", True),
    ("rss_left_mib", "RSS MiB once all have left", "{:.1f}", True),
    ("files_left", "more descriptors than before the first came, likewise", "{:.0f}", True),
    ("kernel_buffers_kib", "kernel: socket buffers a player KiB", "{:.1f}", True),
    ("kernel_objects_kib", "kernel: objects a connection's end KiB", "{:.1f}", True),
    ("load_percent", "load CPU % of a core", "{:.0f}", True),
    ("steal_percent", "steal %", "{:.1f}", True),
    ("other_percent", "others' CPU % of a core", "{:.1f}", True),
)

# Of these a ratio says nothing.
NO_RATIO = ("joined", "lost", "files_left", "odd_ended", "teleports", "storm_joined", "apart", "faults", "neighbours", "steal_percent",
            "other_percent", "kernel_objects_kib")


def load_bound(runs):
    return (median(run["load_percent"] for run in runs) > LOAD_BOUND_PERCENT
            or 2 * sum(bool(run.get("load_bound")) for run in runs) > len(runs))


def values(runs, key):
    return [run[key] for run in runs if run.get(key) is not None]


def write(form, number):
    return form.format(number) if number is not None else "-"


def cell(runs, key, form, stands):
    """The median, and in brackets lowest and highest; nothing where the load was bound and it matters."""
    found = values(runs, key)
    if not found:
        return "-"
    if not stands and load_bound(runs):
        return LOAD_BOUND
    if form == "{}":
        middle = found[len(found) // 2]
        return ", ".join(f"{name}: {n:.0f}" for name, n in middle.items()) if isinstance(middle, dict) else middle
    text = write(form, median(found))
    low, high = write(form, min(found)), write(form, max(found))
    return text if low == high else f"{text} ({low}..{high})"


def lines(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(row) + " |" for row in rows]


def figures(columns):
    """columns: [(title, [figures of a run, ...]), ...] -> a table with a row for each figure that someone has."""
    rows = []
    for key, name, form, stands in ROWS:
        cells = [cell(runs, key, form, stands) for _, runs in columns]
        if any(text != "-" for text in cells):
            rows.append([name, *cells])
    return "\n".join(lines(["figure", *(title for title, _ in columns)], rows))


def ratios(over, under, key):
    """Pair by pair; pairs whose load was bound count all the same, the caller says so."""
    found = []
    for a, b in zip(over, under):
        if a.get(key) and b.get(key):
            found.append(a[key] / b[key])
    return found


def row_ratios(over, under, key, stands):
    """Pair by pair; none where a ratio says nothing, or the load was bound and it matters."""
    if key in NO_RATIO or (not stands and (load_bound(over) or load_bound(under))):
        return []
    return ratios(over, under, key)


def spread(found):
    return f"{min(found):.3f}..{max(found):.3f}" if found else "-"


def middle(found):
    return f"{median(found):.3f}" if found else "-"


def comparison(a_runs, b_runs, again_runs):
    """A against B, pair by pair, with the spread of A against A beside it."""
    rows = []
    for key, name, form, stands in ROWS:
        cells = [cell(runs, key, form, stands) for runs in (a_runs, b_runs)]
        if form == "{}" or all(text == "-" for text in cells):
            continue
        rows.append([name, *cells, middle(row_ratios(a_runs, b_runs, key, stands)),
                     spread(row_ratios(a_runs, again_runs, key, stands))])
    return "\n".join(lines(["figure", "A", "B", "A/B", "A/A"], rows))


ALLOWED = 1.1  # beyond what the quiet runs differ by themselves


def disturbance(quiet, again, disturbed):
    """Quiet runs, the same again, and disturbed ones, pair by pair; then what it comes to."""
    rows = []
    for key, name, form, stands in ROWS:
        cells = [cell(runs, key, form, stands) for runs in (quiet, again, disturbed)]
        if form == "{}" or all(text == "-" for text in cells):
            continue
        rows.append([name, *cells, spread(row_ratios(again, quiet, key, stands)),
                     middle(row_ratios(disturbed, quiet, key, stands))])
    return "\n".join([*lines(["figure", "quiet", "quiet again", "disturbed", "A/A", "disturbed/quiet"], rows), "",
                      *(f"- {verdict}" for verdict in verdicts(quiet, again, disturbed))])


def within(quiet, again, disturbed, key, what):
    """Whether the disturbed runs' figure is the quiet ones', within their spread and a tenth."""
    same, over = ratios(again, quiet, key), ratios(disturbed, quiet, key)
    if not same or not over:
        return f"{what}: not measured"
    # Either of a quiet pair may be the larger one.
    allowed = max(max(ratio, 1 / ratio) for ratio in same) * ALLOWED
    found = median(over)
    return (f"{what}: {found:.3f} of the quiet runs', {allowed:.3f} are allowed (their own spread and 10 %): "
            f"{'holds' if found <= allowed else 'DOES NOT HOLD'}")


def kept(quiet, disturbed, who):
    """What others took may be kept for who comes next, but no more than that, and a tenth of the quiet runs' memory."""
    took = median(run[f"{who}_mib"] for run in disturbed)
    before = median(run["rss_left_mib"] for run in quiet)
    more = median(run["rss_left_mib"] for run in disturbed) - before
    return (f"memory once all have left: {more:.1f} MiB over the quiet runs' {before:.1f}; the {took:.1f} that the {who} took may be "
            f"kept for who comes next: {'holds' if more <= took + (ALLOWED - 1) * before else 'DOES NOT HOLD'}")


def verdicts(quiet, again, disturbed):
    lost = sum(run["lost"] for run in disturbed)
    faults = sum(run.get("faults") or 0 for run in disturbed)
    growth = [[{"growth": run["rss_end_mib"] / run["rss_begun_mib"]} for run in runs] for runs in (quiet, again, disturbed)]
    found = [f"lost: {lost}, faults of the protocol: {faults}: {'holds' if lost + faults == 0 else 'DOES NOT HOLD'}"]
    if any(load_bound(runs) for runs in (quiet, again, disturbed)):
        found.append(f"delivery p99: {LOAD_BOUND}")
    elif any(run.get("teleports") for run in disturbed):
        found.append(f"delivery p99: {middle(ratios(disturbed, quiet, 'p99'))} of the quiet runs', by {spread(ratios(again, quiet, 'p99'))} "
                     "of their own; all take part, so there is no verdict")
    else:
        found.append(within(quiet, again, disturbed, "p99", "delivery p99"))
    if any("strangers" in run for run in disturbed):
        left = [max(run["files_left"] for run in runs) for runs in (quiet + again, disturbed)]
        found.append(f"descriptors that are open still once all have left: {left[1]}, in the quiet runs {left[0]}: "
                     f"{'holds' if left[1] <= left[0] else 'DOES NOT HOLD'}")
    if any("strangers_answered" in run for run in disturbed):
        answered = sum(run["strangers_answered"] for run in disturbed)
        found.append(f"hidden requests that were answered: {answered}: {'holds' if answered == 0 else 'DOES NOT HOLD'}")
    if any(run.get("storm_joined") for run in disturbed):
        found.append("memory: the disturbed runs had more players in, and say what those took; no verdict")
    else:
        found.append(within(*growth, "growth", "memory at the end over that with all in"))
        others = [who for who in ("strangers", "consoles") if any(f"{who}_mib" in run for run in disturbed)]
        found.append(kept(quiet, disturbed, others[0]) if others
                     else within(quiet, again, disturbed, "rss_left_mib", "memory once all have left"))
    return found
