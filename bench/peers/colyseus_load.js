// colyseus_load -- players of colyseus_server: matchmaking over HTTP, then its room protocol over a WebSocket. Patches are the
// same bytes for all: the first who gets one has it decoded. A move is known again by its place, which holds its number.
import http from 'node:http';
import { Reflection } from '@colyseus/schema';
import { argumentsOf, Copies, Ledger, now, run } from './load.js';
import { WebSocket } from './websocket.js';

const options = argumentsOf('colyseus_load.js --port P [--host H] [--players N] [--seconds S]');
const ledger = new Ledger(options.players);
const agent = new http.Agent({ keepAlive: true });
const JOIN_ROOM = 10, ROOM_DATA = 13, ROOM_STATE = 14, ROOM_STATE_PATCH = 15;
const names = new Map(); // session -> index
const indices = new Map(); // decoded player -> index
let decoder, fullest, changes = [], begun = false;

const copies = new Copies((payload) => {
    changes = [];
    decoder.decode(payload, { offset: 1 });
    const moves = [];
    for (const { ref, field, value } of changes)
        if (field === 'z' && indices.has(ref)) moves.push([indices.get(ref), Math.floor(value)]);
    return ledger.batch(moves);
});

function reserve() {
    return new Promise((done, failed) => {
        const request = http.request({
            host: options.host, port: options.port, method: 'POST', path: '/matchmake/joinOrCreate/world', agent,
            headers: { 'content-type': 'application/json', 'content-length': 2 },
        }, (response) => {
            let text = '';
            response.on('data', (chunk) => { text += chunk; });
            response.on('end', () => { try { done(JSON.parse(text)); } catch (wrong) { failed(wrong); } });
        });
        request.on('error', failed);
        request.end('{}');
    });
}

// A varint as @colyseus/schema writes lengths.
function take(bytes, at) {
    const first = bytes[at];
    if (first < 0x80) return [first, at + 1];
    if (first === 0xcc) return [bytes[at + 1], at + 2];
    if (first === 0xcd) return [bytes.readUInt16LE(at + 1), at + 3];
    return [bytes.readUInt32LE(at + 1), at + 5];
}

// The state's own description, out of what answers a join.
function reflection(payload) {
    let at = 1;
    at += 1 + payload[at];
    at += 1 + payload[at];
    const [length, from] = take(payload, at);
    return payload.subarray(from, from + length);
}

function moveMessage() {
    const bytes = Buffer.from([ROOM_DATA, 0xa4, ...Buffer.from('move'), 0x83, 0xa1, 0x78, 0xca, 0, 0, 0, 0, 0xa1, 0x79, 0xca,
        0, 0, 0, 0, 0xa1, 0x7a, 0xca, 0, 0, 0, 0]);
    return (seq) => {
        bytes.writeFloatBE(-seq - 0.25, 10);
        bytes.writeFloatBE(seq / 100, 17);
        bytes.writeFloatBE(seq + 0.5, 24);
        return bytes;
    };
}

function connect(index, hooks) {
    const message = moveMessage();
    let socket, joined = false, handshake;
    reserve().then((seat) => {
        const room = seat.room ?? seat;
        names.set(seat.sessionId, index);
        socket = new WebSocket({
            host: options.host, port: options.port, path: `/${room.processId}/${room.roomId}?sessionId=${seat.sessionId}`,
            closed: hooks.lost,
            message(payload) {
                const kind = payload[0] & 0x1f;
                if (kind === JOIN_ROOM) {
                    handshake = Buffer.from(reflection(payload));
                    socket.sendBinary(Buffer.from([JOIN_ROOM]));
                } else if (kind === ROOM_STATE && !joined) {
                    joined = true;
                    if (payload.length >= (fullest?.state.length ?? 0)) fullest = { handshake, state: Buffer.from(payload) };
                    hooks.joined();
                } else if (kind === ROOM_STATE_PATCH && begun) {
                    ledger.received(copies.of(payload), now());
                }
            },
        });
    }, hooks.lost);
    return {
        move: (seq) => socket.sendBinary(message(seq)),
        bytesIn: () => socket?.bytesIn ?? 0,
        close: () => socket.close(),
    };
}

// All are in and nobody moves: whoever was told most was told of all.
function begin() {
    decoder = Reflection.decode(fullest.handshake, { offset: 0 });
    decoder.decode(fullest.state, { offset: 1 });
    decoder.state.players.forEach((player, session) => indices.set(player, names.get(session)));
    if (indices.size !== options.players) process.stderr.write(`load: ${indices.size} players are in the state\n`);
    decoder.triggerChanges = (all) => { changes = all; };
    begun = true;
}

await run({ connect, begin }, options, ledger, () => true);
