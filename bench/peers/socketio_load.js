// socketio_load -- players of socketio_server: Socket.IO's protocol by hand over a WebSocket. A move is known again by its
// place: x holds the player, z the move; the height changes too, as it does where ground is not flat.
import { argumentsOf, Copies, Ledger, now, run } from './load.js';
import { WebSocket } from './websocket.js';

const options = argumentsOf('socketio_load.js --port P [--host H] [--players N] [--seconds S]');
const ledger = new Ledger(options.players);
const MOVED = Buffer.from('42["player:moved"'), BATCH = Buffer.from('42["players:moved"');
const X = '"x":', Z = '"z":';
let shared = false;

// The number after a name, its whole part.
function number(text, name) {
    return parseInt(text.slice(text.indexOf(name) + name.length), 10);
}

const copies = new Copies((payload) => {
    const moves = JSON.parse(payload.toString('latin1', 2))[1];
    return ledger.batch(moves.map(({ position }) => [Math.floor(position.x), Math.floor(position.z)]));
});

function receive(payload, at) {
    if (payload.length > MOVED.length && payload.compare(MOVED, 0, MOVED.length, 0, MOVED.length) === 0) {
        const text = payload.latin1Slice(MOVED.length);
        ledger.got(number(text, X), number(text, Z), at);
    } else if (payload.length > BATCH.length && payload.compare(BATCH, 0, BATCH.length, 0, BATCH.length) === 0) {
        shared = true;
        ledger.received(copies.of(payload), at);
    }
}

function connect(index, hooks) {
    const socket = new WebSocket({
        host: options.host, port: options.port, path: '/socket.io/?EIO=4&transport=websocket',
        closed: hooks.lost,
        message(payload) {
            if (payload[0] === 0x30) socket.sendText('40'); // open -> connect to the namespace
            else if (payload[0] === 0x32) socket.sendText('3'); // ping -> pong
            else if (payload[0] === 0x34 && payload[1] === 0x30) {
                socket.sendText(`42["player:join",{"username":"p${index}","position":{"x":${index}.25,"y":0,"z":0.5}}]`);
                hooks.joined();
            } else receive(payload, now());
        },
    });
    return {
        move: (seq) => socket.sendText(`42["player:move",{"x":${index}.25,"y":${(seq % 100) / 100 + 1},"z":${seq}.5}]`),
        bytesIn: () => socket.bytesIn,
        close: () => socket.close(),
    };
}

await run({ connect }, options, ledger, () => shared);
