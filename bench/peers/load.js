// load -- what all load generators share: players come in, move ten times a second each at times set beforehand, and what the
// others get of it is timed from when a move was due, not from when it went out (no coordinated omission).
//
// A protocol is {connect(index, hooks) -> player}, player {move(seq), bytesIn(), close()}, hooks {joined(), lost()}. It tells
// each delivery to the ledger: got(index, seq) for one receiver, or, where all receivers get the same bytes, batch() once and
// received(batch) for each of them.
const MOVE_MS = 100;
const IN_FLIGHT = 32;
const SEQS = 4096; // of a player, before they come again
const SETTLE_MS = 1000;
const DRAIN_MS = 2000;
const SLOTS = 20000; // of half a millisecond

export function argumentsOf(usage) {
    const found = { host: '127.0.0.1', port: 0, players: 20, seconds: 10, batch: 0 };
    const words = process.argv.slice(2);
    while (words.length) {
        const name = words.shift().replace(/^--/, '');
        if (!(name in found) || !words.length) {
            process.stderr.write(`usage: ${usage}\n`);
            process.exit(2);
        }
        found[name] = typeof found[name] === 'number' ? Number(words.shift()) : words.shift();
    }
    return found;
}

export const now = () => performance.now();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Ledger {
    constructor(players) {
        this.players = players;
        this.due = new Float64Array(players * SEQS);
        this.newest = new Int32Array(players).fill(-1); // of the stream that all get
        this.slots = new Float64Array(SLOTS);
        this.begin = this.end = Infinity;
        this.moves = this.delivered = 0;
    }

    send(index, seq, due) {
        this.due[index * SEQS + seq % SEQS] = due;
        if (due >= this.begin && due < this.end) this.moves++;
    }

    slot(ms) { return Math.min(SLOTS - 1, Math.max(0, Math.floor(ms * 2))); }

    // One receiver got that move.
    got(index, seq, at) {
        const due = this.due[index * SEQS + seq];
        if (due < this.begin || due >= this.end) return;
        this.delivered++;
        this.slots[this.slot(at - due)]++;
    }

    // Bytes that everybody gets hold these moves ([index, seq], ...): a batch for received(). What a newer move of the same
    // player replaced counts as delivered, but has no time.
    batch(moves) {
        const times = [];
        let delivered = 0;
        for (const [index, seq] of moves) {
            const last = this.newest[index];
            const steps = last < 0 ? 1 : (seq - last + SEQS) % SEQS;
            this.newest[index] = seq;
            for (let i = 0; i < steps; i++) {
                const due = this.due[index * SEQS + (seq - i + SEQS) % SEQS];
                if (due < this.begin || due >= this.end) continue;
                delivered++;
                if (i === 0) times.push(due);
            }
        }
        times.sort((a, b) => a - b);
        return { delivered, times };
    }

    // One receiver got a batch; one's own move is in it: the report takes that out again.
    received(batch, at) {
        this.delivered += batch.delivered;
        const { times, slots } = { times: batch.times, slots: this.slots };
        for (let i = 0; i < times.length;) { // moves due within half a millisecond count as one
            const slot = this.slot(at - times[i]);
            const from = i;
            const until = times[i] + 0.5;
            while (i < times.length && times[i] < until) i++;
            slots[slot] += i - from;
        }
    }

    quantile(q) {
        const total = this.slots.reduce((sum, n) => sum + n, 0);
        let left = total * q;
        for (let i = 0; i < SLOTS; i++) {
            left -= this.slots[i];
            if (left <= 0 && total > 0) return (i + 1) / 2;
        }
        return null;
    }
}

async function enter(protocol, options, state) {
    let next = 0;
    const one = async () => {
        while (next < options.players) {
            const index = next++;
            await new Promise((done) => {
                const late = setTimeout(done, 10000);
                const hooks = {
                    joined() { state.joined++; clearTimeout(late); done(); },
                    lost() { if (!state.over) state.lost++; clearTimeout(late); done(); },
                };
                state.players[index] = protocol.connect(index, hooks);
            });
        }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, one));
    process.stderr.write(`load: ${state.joined} of ${options.players} are in\n`);
}

// Until `until`: each player's moves, as they fall due.
async function walk(state, ledger, dues, seqs, until) {
    for (;;) {
        const at = now();
        if (at >= until) return;
        for (let i = 0; i < dues.length; i++) {
            while (dues[i] <= at) {
                ledger.send(i, seqs[i], dues[i]);
                state.players[i].move(seqs[i]);
                seqs[i] = (seqs[i] + 1) % SEQS;
                dues[i] += MOVE_MS;
            }
        }
        await pause(1);
    }
}

const bytesIn = (state) => state.players.reduce((sum, player) => sum + player.bytesIn(), 0);

// shared() tells, after the run, that all get the same bytes, one's own moves among them.
export async function run(protocol, options, ledger, shared) {
    const state = { players: [], joined: 0, lost: 0, over: false };
    await enter(protocol, options, state);
    await pause(300);
    protocol.begin?.();
    const from = now();
    const dues = Float64Array.from({ length: options.players }, () => from + Math.random() * MOVE_MS);
    const seqs = new Int32Array(options.players);
    ledger.begin = from + SETTLE_MS;
    ledger.end = ledger.begin + options.seconds * 1000;
    await walk(state, ledger, dues, seqs, ledger.begin);
    const bytes = bytesIn(state), cpu = process.cpuUsage();
    await walk(state, ledger, dues, seqs, ledger.end);
    const seconds = (now() - ledger.begin) / 1000;
    const wire = (bytesIn(state) - bytes) / seconds / options.players, spent = process.cpuUsage(cpu);
    const same = shared();
    const expected = ledger.moves * (same ? options.players : options.players - 1);
    for (const until = now() + DRAIN_MS; now() < until && ledger.delivered < expected;) await pause(20);
    state.over = true;
    const others = same ? (options.players - 1) / options.players : 1;
    process.stdout.write(`${JSON.stringify({
        players: options.players, joined: state.joined, lost: state.lost,
        measured: {
            seconds, cpu_percent: (spent.user + spent.system) / 1e4 / seconds, moves: ledger.moves,
            latency_ms: { p50: ledger.quantile(0.5), p99: ledger.quantile(0.99), p999: ledger.quantile(0.999) },
            deliveries_s: ledger.delivered * others / seconds, ratio: expected ? ledger.delivered / expected : null,
            wire_bytes_in_s: wire,
        },
    }, null, 1)}\n`, () => process.exit(0));
}

// Bytes that all receivers get alike, decoded by whoever gets them first: the others only compare.
export class Copies {
    constructor(decode) { this.decode = decode; this.newest = []; }

    of(payload) {
        for (let i = this.newest.length - 1; i >= 0; i--)
            if (this.newest[i].bytes.equals(payload)) return this.newest[i].batch;
        const copy = { bytes: Buffer.from(payload), batch: this.decode(payload) };
        this.newest.push(copy);
        if (this.newest.length > 64) this.newest.shift();
        return copy.batch;
    }
}
