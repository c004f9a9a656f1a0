/*
 * A server for pages in a real browser: it serves the real wszero.js and pages that a test hands
 * in, and speaks as much WebSocket (RFC 6455) as that needs. What the program would do, the test
 * does: `say` sends a message to all pages, `heard` is what they have sent. `cut` and `freeze` make
 * a blip: sessions live on (sessions.mjs) until the page says goodbye or the test calls `forget`.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Sessions } from './sessions.mjs';

const STATIC = new URL('../../wszero/static/', import.meta.url);
const OURS = { '/wszero.js': 'text/javascript', '/wszero.mjs': 'text/javascript', '/': 'text/html' };
const RFC_6455_KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class SmallServer {
    static async start(pages = {}, port = 0) {
        const server = new SmallServer(pages);
        await new Promise((resolve) => { server.http.listen(port, '127.0.0.1', resolve); });
        server.port = server.http.address().port;
        return server;
    }

    constructor(pages) {
        /** path → HTML, into which the script tag is put as wszero does, or {type, text} */
        this.pages = pages;
        this.sessions = new Sessions();
        this.heard = [];
        this.sockets = new Set();
        this.waiting = new Set();
        this.codes = [];
        this.is_cut = false;
        this.kicked_for = undefined;
        this.http = createServer((request, response) => this.answer(request, response));
        this.http.on('upgrade', (request, socket) => this.upgrade(request, socket));
    }

    /** How many clients there have been. */
    get count() {
        return this.sessions.count;
    }

    set run(run) {
        this.sessions.run = run;
    }

    url(path = '/') {
        return `http://127.0.0.1:${this.port}${path}`;
    }

    answer(request, response) {
        if (this.is_cut) { return request.socket.destroy(); }
        const path = request.url.split('?')[0];
        const page = this.pages[path];
        const type = (page && page.type) || (page ? 'text/html' : OURS[path]);
        if (!type) { return response.writeHead(404).end(); }
        const ours = () => readFileSync(new URL(path === '/' ? 'index.html' : path.slice(1), STATIC));
        const text = typeof page === 'string' ? `<script src="/wszero.js"></script>${page}` : page ? page.text : ours();
        return response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(text);
    }

    upgrade(request, socket) {
        if (this.is_cut) { return socket.destroy(); }
        const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + RFC_6455_KEY).digest('base64');
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
            + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
        if (this.kicked_for !== undefined) { return this.kick(this.kicked_for); }
        const [session, first] = this.sessions.open(request.url);
        // A page that comes back has left its old socket: what that one says is not heard twice.
        this.sockets.forEach((old) => { if (old.session === session) { old.session = null; old.destroy(); } });
        socket.session = session;
        let rest = Buffer.alloc(0);
        socket.on('data', (data) => {
            rest = Buffer.concat([rest, data]);
            for (let frame = read_frame(rest); frame && socket.session && !socket.is_frozen; frame = read_frame(rest)) {
                rest = rest.subarray(frame.end);
                if (frame.opcode === 8) { this.closed(socket, frame.payload); }
                if (frame.opcode === 1) { this.hear(JSON.parse(frame.payload.toString()), socket); }
            }
        });
        return first.forEach((message) => write(socket, message));
    }

    closed(socket, payload) {
        const code = payload.length ? payload.readUInt16BE(0) : 1005;
        this.codes.push(code);
        this.sessions.close(socket.session, code);
        socket.end(socket.was_kicked ? '' : make_frame(8, payload));
    }

    hear(message, socket) {
        if (!this.sessions.hear(socket.session, message)) { return; }
        this.heard.push(message);
        if ('_ask' in message) { this.say({ op: '_answer', ask: message._ask, value: message.value ?? null }, [socket.session]); }
        write(socket, this.sessions.receipt(socket.session));
        this.waiting.forEach((look) => look());
    }

    /** Says it to all pages, also to those whose socket is gone for a moment. */
    say(message, sessions = this.sessions.known.values()) {
        for (const session of sessions) {
            session.said.push(message);
            this.sockets.forEach((socket) => { if (socket.session === session) { write(socket, message); } });
        }
    }

    /** Breaks all sockets; nobody says goodbye. Until `mend` there is nobody at this address. */
    cut() {
        this.is_cut = true;
        this.sockets.forEach((socket) => socket.resetAndDestroy());
    }

    /** From now on the open sockets swallow all that comes or goes, and call themselves open. */
    freeze() {
        this.sockets.forEach((socket) => { socket.is_frozen = true; });
    }

    mend() {
        this.is_cut = false;
    }

    /** The grace is over: no session is known any more. */
    forget(why) {
        this.sessions.why = why;
        this.sessions.known.clear();
    }

    kick(reason) {
        const payload = Buffer.concat([Buffer.from([4001 >> 8, 4001 & 255]), Buffer.from(reason)]);
        this.sockets.forEach((socket) => Object.assign(socket, { was_kicked: true }).write(make_frame(8, payload)));
    }

    /** The first message of this name that pages have sent or send now; each is given once. */
    next(op, limit_ms = 20000) {
        return new Promise((resolve, reject) => {
            const give_up = setTimeout(() => {
                this.waiting.delete(look);
                reject(new Error(`no ${op} came, but ${JSON.stringify(this.heard)}`));
            }, limit_ms);
            const look = () => {
                const index = this.heard.findIndex((message) => message.op === op);
                if (index === -1) { return; }
                clearTimeout(give_up);
                this.waiting.delete(look);
                resolve(this.heard.splice(index, 1)[0]);
            };
            this.waiting.add(look);
            look();
        });
    }

    async stop() {
        this.sockets.forEach((socket) => socket.destroy());
        await new Promise((resolve) => { this.http.close(resolve); this.http.closeAllConnections(); });
    }
}

function write(socket, message) {
    if (!socket.is_frozen) { socket.write(make_frame(1, Buffer.from(JSON.stringify(message)))); }
}

/** The first whole frame in these bytes, unmasked; null while it is not all there. */
function read_frame(bytes) {
    if (bytes.length < 6) { return null; }
    const short = bytes[1] & 127;
    const start = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length < start + 4) { return null; }
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
    const end = start + 4 + length;
    if (bytes.length < end) { return null; }
    const mask = bytes.subarray(start, start + 4);
    const payload = Buffer.from(bytes.subarray(start + 4, end)).map((byte, i) => byte ^ mask[i % 4]);
    return { opcode: bytes[0] & 15, payload, end };
}

function make_frame(opcode, payload) {
    const long = payload.length > 125;
    const head = Buffer.alloc(long ? 4 : 2);
    head[0] = 128 | opcode;
    head[1] = long ? 126 : payload.length;
    if (long) { head.writeUInt16BE(payload.length, 2); }
    return Buffer.concat([head, payload]);
}
