/*
 * A pretend browser window for wszero.js: its clock stands still until a test moves it, its
 * sockets do what the test says. Elements are not pretended: for those there is a real Chromium.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const SCRIPT = fileURLToPath(new URL('../../wszero/static/wszero.js', import.meta.url));
const SOURCE = readFileSync(SCRIPT, 'utf8');

class FakeSocket {
    constructor(page, url) {
        this.page = page;
        this.url = url;
        this.readyState = 0;
        this.frames = [];
        page.sockets.push(this);
    }

    send(text) {
        this.frames.push(JSON.parse(text));
    }

    close(code) {
        this.closed_with = code;
        this.readyState = 3;
    }

    /** What the page has sent, wszero's own frames left out. */
    get sent() {
        return this.frames.filter(({ op }) => !op.startsWith('_'));
    }

    say(message) {
        this.onmessage({ data: typeof message === 'string' ? message : JSON.stringify(message) });
    }

    hello(run = 'run 1', more = {}) {
        this.readyState = 1;
        this.say({ op: '_hello', run, id: 'c1', name: 'Otter 1', program: 'quiz.py', ...more });
    }

    lose(code = 1006, reason = '') {
        this.readyState = 3;
        this.onclose({ code, reason });
    }
}

class Listeners {
    constructor() {
        this.all = new Map();
    }

    addEventListener(type, listener) {
        this.all.set(type, (this.all.get(type) || new Set()).add(listener));
    }

    happen(type, event = {}) {
        (this.all.get(type) || []).forEach((listener) => listener({ type, ...event }));
    }
}

export class FakePage {
    constructor({ url = 'http://192.168.1.5:8000/', script_url, metas = {}, window = {} } = {}) {
        this.sockets = [];
        this.timers = new Map();
        this.now = 1_000_000;
        this.reloads = 0;
        this.printed = [];
        /** Whether the server answers the page's knocking. */
        this.is_reachable = true;
        this.chance = 1;
        this.resources = [];
        const address = new URL(url);
        this.document = Object.assign(new Listeners(), {
            readyState: 'loading',
            visibilityState: 'visible',
            createElement: () => ({}),
            head: { append() {} },
            querySelectorAll: (selector) => {
                const name = /^meta\[name="(.*)"\]$/.exec(selector);
                const content = { 'wszero-badge': 'off', ...metas }[name && name[1]];
                return content ? [{ getAttribute: () => content }] : [];
            },
        });
        const print = (...values) => { this.printed.push(values.map(String).join(' ')); };
        this.window = Object.assign(new Listeners(), {
            document: this.document,
            location: {
                href: address.href, origin: address.origin, host: address.host, hostname: address.hostname,
                pathname: address.pathname, protocol: address.protocol, reload: () => { this.reloads += 1; },
            },
            console: { log: print, warn: print, error: print },
            Date: { now: () => this.now },
            Math: { random: () => this.chance },
            setTimeout: (action, delay_ms) => this.set_timer(action, delay_ms),
            clearTimeout: (id) => this.timers.delete(id),
            WebSocket: function FakeWebSocket(target) { return new FakeSocket(page, target); },
            fetch: async () => {
                if (!this.is_reachable) { throw new TypeError('Failed to fetch'); }
            },
            AbortController,
            performance: { getEntriesByType: () => this.resources.map((name) => ({ name })) },
            eval: globalThis.eval,
        }, window);
        const page = this;
        this.before = { ...this.window };
        this.source = SOURCE;
        this.run_script(SOURCE, script_url || `${address.origin}/wszero.js`);
    }

    /** Runs a script of the page as if the browser had loaded it from there. */
    run_script(source, url) {
        const { on, send, ask, send_message, HANDLERS } = this.window;
        const run = vm.runInThisContext(
            `(function (globalThis, window, on, send, ask, send_message, HANDLERS) {${source}\n})`,
            { filename: url },
        );
        return run(this.window, this.window, on, send, ask, send_message, HANDLERS);
    }

    set_timer(action, delay_ms) {
        this.last_timer = (this.last_timer || 0) + 1;
        this.timers.set(this.last_timer, { action, at: this.now + delay_ms });
        return this.last_timer;
    }

    /** Moves the clock; timers run when their time comes, promises in between. */
    async pass(ms) {
        const end = this.now + ms;
        for (;;) {
            await settled();
            const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
            if (!due) { break; }
            this.timers.delete(due[0]);
            this.now = Math.max(this.now, due[1].at);
            due[1].action();
        }
        this.now = end;
        await settled();
    }

    /** The clock moves on and no timer runs: the tablet sleeps. */
    sleep(ms) {
        this.now += ms;
    }

    show(is_visible) {
        this.document.visibilityState = is_visible ? 'visible' : 'hidden';
        this.document.happen('visibilitychange');
    }

    ready() {
        this.document.readyState = 'interactive';
        this.document.happen('DOMContentLoaded');
        return this;
    }

    /** A page with an open, greeted connection. */
    connected(run, more) {
        this.ready();
        this.socket.hello(run, more);
        return this;
    }

    get socket() {
        return this.sockets[this.sockets.length - 1];
    }

    get wszero() {
        return this.window.wszero;
    }

    /** The frames of wszero's own that this page has sent: _error, _where. */
    own(op) {
        return this.sockets.flatMap(({ frames }) => frames).filter((frame) => frame.op === op);
    }
}

async function settled() {
    for (let i = 0; i < 10; i += 1) { await null; }
}
