// websocket -- the client's side of a plaintext WebSocket, as little of it as a load generator needs: no extensions, no
// fragments, whole messages in and out. Frames out carry a mask of zeros, which is legal and costs nothing.
import net from 'node:net';

const KEY = Buffer.from('openmmo--bench--').toString('base64'); // 16 bytes, as it must be

export class WebSocket {
    // message(payload, isText): payload holds during the call only. closed(): once.
    constructor({ host, port, path, message, opened, closed }) {
        this.message = message;
        this.opened = opened;
        this.open = false;
        this.rest = null;
        this.socket = net.connect({ host, port, noDelay: true });
        this.socket.on('connect', () => this.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n` +
            'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
            `Sec-WebSocket-Key: ${KEY}\r\n\r\n`));
        this.socket.on('data', (chunk) => this.take(this.rest ? Buffer.concat([this.rest, chunk]) : chunk));
        this.socket.on('error', () => this.socket.destroy());
        this.socket.on('close', closed);
    }

    get bytesIn() { return this.socket.bytesRead; }

    take(bytes) {
        let at = 0;
        if (!this.open) {
            const end = bytes.indexOf('\r\n\r\n');
            if (end < 0) { this.rest = bytes; return; }
            if (!bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) { this.socket.destroy(); return; }
            this.open = true;
            at = end + 4;
            this.opened?.();
        }
        for (;;) {
            if (bytes.length - at < 2) break;
            let length = bytes[at + 1] & 0x7f, head = 2;
            if (length === 126) {
                if (bytes.length - at < 4) break;
                length = bytes.readUInt16BE(at + 2);
                head = 4;
            } else if (length === 127) {
                if (bytes.length - at < 10) break;
                length = Number(bytes.readBigUInt64BE(at + 2));
                head = 10;
            }
            if (bytes.length - at < head + length) break;
            const kind = bytes[at] & 0x0f;
            const payload = bytes.subarray(at + head, at + head + length);
            at += head + length;
            if (kind === 1 || kind === 2) this.message(payload, kind === 1);
            else if (kind === 9) this.write(10, payload);
            else if (kind === 8) this.socket.end();
        }
        this.rest = at < bytes.length ? bytes.subarray(at) : null;
    }

    write(kind, payload) {
        const long = payload.length > 125;
        const frame = Buffer.alloc((long ? 8 : 6) + payload.length);
        frame[0] = 0x80 | kind;
        frame[1] = 0x80 | (long ? 126 : payload.length);
        if (long) frame.writeUInt16BE(payload.length, 2);
        payload.copy(frame, long ? 8 : 6);
        this.socket.write(frame);
    }

    sendText(text) { this.write(1, Buffer.from(text)); }
    sendBinary(bytes) { this.write(2, bytes); }
    close() { this.socket.destroy(); }
}
