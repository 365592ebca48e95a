// colyseus_server -- Colyseus with a room whose state is a map of players; patches every 50 ms, its default, encoded once for
// all. Plaintext.
import http from 'node:http';
import { matchMaker, Room, Server } from '@colyseus/core';
import { schema, t } from '@colyseus/schema';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { argumentsOf } from './load.js';

const options = argumentsOf('colyseus_server.js [--host H] [--port P]');
const Player = schema({ x: t.float32(), y: t.float32(), z: t.float32() });
const State = schema({ players: t.map(Player) });

class World extends Room {
    onCreate() {
        this.maxClients = 100000;
        this.maxMessagesPerSecond = Infinity;
        this.patchRate = 50;
        this.state = new State();
        this.onMessage('move', (client, { x, y, z }) => {
            const player = this.state.players.get(client.sessionId);
            if (!player) return;
            player.x = x;
            player.y = y;
            player.z = z;
        });
    }

    onJoin(client) { this.state.players.set(client.sessionId, new Player()); }
    onLeave(client) { this.state.players.delete(client.sessionId); }
}

const server = http.createServer();
const game = new Server({ greet: false, transport: new WebSocketTransport({ server }) });
game.define('world', World);
await game.listen(options.port, options.host);
await matchMaker.createRoom('world', {});
console.log(`listening on port ${server.address().port}`);
process.on('SIGTERM', () => process.exit(0));
