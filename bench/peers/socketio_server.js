// socketio_server -- the move path of the stack that OpenMMO replaces: Socket.IO 4, plaintext, each move broadcast as it comes
// (player:move in, player:moved to all others). --batch MS: instead the newest place of all who moved, to all, every MS.
import http from 'node:http';
import { Server } from 'socket.io';
import { argumentsOf } from './load.js';

const options = argumentsOf('socketio_server.js [--host H] [--port P] [--batch MS]');
const server = http.createServer();
const io = new Server(server, { serveClient: false, perMessageDeflate: false });
const players = new Map();
const moved = new Map();

io.on('connection', (socket) => {
    socket.on('player:join', ({ username, position }) => {
        players.set(socket.id, { id: socket.id, username, position });
        socket.emit('game:state', { players: [...players.values()] });
        socket.broadcast.emit('player:joined', players.get(socket.id));
    });
    socket.on('player:move', (position) => {
        const player = players.get(socket.id);
        if (!player) return;
        player.position = position;
        if (options.batch) moved.set(socket.id, { id: socket.id, position });
        else socket.broadcast.emit('player:moved', { id: socket.id, position });
    });
    socket.on('disconnect', () => {
        if (players.delete(socket.id)) socket.broadcast.emit('player:left', { id: socket.id });
    });
});

if (options.batch) {
    setInterval(() => {
        if (!moved.size) return;
        io.emit('players:moved', [...moved.values()]);
        moved.clear();
    }, options.batch);
}

server.listen(options.port, options.host, () => console.log(`listening on port ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
