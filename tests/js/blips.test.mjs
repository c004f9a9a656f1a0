// A blip is not a goodbye: what was sent and what has come, over sockets that come and go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePage } from './fake_page.mjs';
import { Sessions } from './sessions.mjs';

const KEYED = { key: 'secret', got: 0 };
const again = (got, more = {}) => ({ key: 'secret', resumed: true, got, lost: 0, ...more });
const numbers = (socket) => socket.sent.map(({ i }) => i);

/** A page whose ops n and asked are heard. */
function keyed_page() {
    const page = new FakePage().connected('run 1', KEYED);
    page.heard = [];
    page.window.on('n', ({ i }) => page.heard.push(i));
    page.send = (...all) => all.forEach((i) => page.wszero.send('n', { i }));
    return page;
}

/** The connection is lost, and the page has opened its next socket. */
async function blip(page, code = 1006) {
    const before = page.sockets.length;
    page.socket.lose(code);
    await page.pass(3000);
    assert.equal(page.sockets.length, before + 1);
}

// ---- what was sent --------------------------------------------------------------------------------

test('a page that comes back shows its key and how many messages have come', async () => {
    const page = keyed_page();
    [{ op: 'n', i: 1 }, 'not JSON', { op: '_name', name: 'Amy' }, { op: '_newer' }, { op: '_got', n: 0 }].forEach((one) => page.socket.say(one));
    page.socket.onmessage({ data: new ArrayBuffer(3) });
    await blip(page);
    assert.equal(page.socket.url, 'ws://192.168.1.5:8000/ws?page=%2F&run=run%201&key=secret&got=4');
});

test('what the server lacks is sent again, then what has waited', async () => {
    const page = keyed_page();
    page.send(1, 2, 3);
    page.socket.lose();
    page.send(4, 5);
    await page.pass(3000);
    page.socket.hello('run 1', again(2));
    page.send(6);
    assert.deepEqual(numbers(page.socket), [3, 4, 5, 6]);
});

test('a connection that is lost again before all is sent costs nothing', async () => {
    const page = keyed_page();
    page.send(1, 2);
    page.socket.lose();
    page.send(3);
    await page.pass(3000);
    page.socket.hello('run 1', again(1));
    await blip(page);
    page.socket.hello('run 1', again(1));
    await blip(page);
    page.socket.hello('run 1', again(2));
    assert.deepEqual(numbers(page.socket), [3]);
});

test('a connection that is lost before its hello costs nothing', async () => {
    const page = keyed_page();
    page.send(1);
    await blip(page);
    page.send(2);
    await blip(page);
    page.socket.hello('run 1', again(0));
    assert.deepEqual(numbers(page.socket), [1, 2]);
});

test('500 messages that waited survive a second loss', async () => {
    const page = keyed_page();
    page.send(...Array(400).keys());
    page.socket.lose();
    page.send(...Array(501).keys());
    await page.pass(3000);
    page.socket.hello('run 1', again(0));
    await blip(page);
    page.socket.hello('run 1', again(0));
    assert.deepEqual(numbers(page.socket), [...Array(400).keys(), ...Array(500).keys()]);
});

test('what is too much to keep is lost, and the console says how much', async () => {
    const page = keyed_page();
    page.send(...Array(1003).keys());
    await blip(page);
    page.socket.hello('run 1', again(1));
    assert.deepEqual([numbers(page.socket).length, numbers(page.socket)[0]], [1000, 3]);
    assert.match(page.printed.join(), /2 messages from this page got lost/);
    await blip(page);
    page.socket.hello('run 1', again(901)); // counted without those that are lost
    assert.deepEqual(numbers(page.socket)[0], 903);
    assert.equal(page.printed.filter((line) => /got lost/.test(line)).length, 1);
});

test('what the server has told that it got is not kept', async () => {
    const page = keyed_page();
    for (let i = 0; i < 3000; i += 1) {
        page.send(i);
        page.socket.say({ op: '_got', n: i });
    }
    await blip(page);
    page.socket.hello('run 1', again(2999));
    assert.deepEqual(numbers(page.socket), [2999]);
    assert.deepEqual(page.printed, []);
});

test('the ring keeps within its bounds, and the newest always', () => {
    const { make_ring } = new FakePage().wszero._;
    const ring = make_ring(3, 10);
    'abcd'.split('').forEach((text) => ring.push(text));
    assert.deepEqual(ring.restart(0), { texts: ['b', 'c', 'd'], gone: 1 });
    ring.push('small');
    ring.push('longer than ten');
    assert.deepEqual(ring.restart(0), { texts: ['longer than ten'], gone: 1 });
    for (const nonsense of [NaN, -1, 0]) {
        ring.push('kept');
        ring.prune(nonsense);
        assert.deepEqual(ring.restart(0).texts, ['kept']);
    }
    ring.push('a');
    ring.prune(99);
    assert.deepEqual(ring.restart(1), { texts: [], gone: 0 });
});

test('a listener that sends when the connection is back comes after what has waited', async () => {
    const page = keyed_page();
    page.wszero.on_status((status) => { if (status === 'connected') { page.send(9); } });
    page.socket.lose();
    page.send(1, 2);
    await page.pass(3000);
    page.socket.hello('run 1', again(1));
    assert.deepEqual(numbers(page.socket), [1, 2, 9]);
});

test('a message that was too big is not sent again', async () => {
    const page = keyed_page();
    page.send(1);
    const asked = page.wszero.ask('picture', { text: '🎨'.repeat(600) });
    page.wszero.send('text', { text: 'x'.repeat(2000) });
    page.socket.lose(1009);
    page.send(2);
    await page.pass(3000);
    page.socket.hello('run 1', again(1));
    assert.deepEqual(page.socket.sent.map(({ op }) => op), ['text', 'n']);
    await assert.rejects(asked, /the message was too big/);
});

// ---- what has come --------------------------------------------------------------------------------

test('within a second the server hears how much has come, once', async () => {
    const page = keyed_page();
    page.socket.say({ op: 'n', i: 1 });
    await page.pass(600);
    page.socket.say({ op: 'n', i: 2 });
    await page.pass(399);
    assert.deepEqual(page.own('_got'), []);
    await page.pass(1);
    assert.deepEqual(page.own('_got'), [{ op: '_got', n: 2 }]);
    await page.pass(4000);
    assert.equal(page.own('_got').length, 1);
});

test('after 250 messages, or 64 KiB, it hears at once', () => {
    const page = keyed_page();
    for (let i = 0; i < 500; i += 1) { page.socket.say({ op: 'n', i }); }
    assert.deepEqual(page.own('_got').map(({ n }) => n), [250, 500]);
    page.socket.say({ op: 'n', text: 'x'.repeat(66000) });
    assert.deepEqual(page.own('_got').map(({ n }) => n), [250, 500, 501]);
});

test('no receipt is left behind by a socket that is gone', async () => {
    const page = keyed_page();
    page.is_reachable = false;
    page.socket.say({ op: 'n', i: 1 });
    page.socket.lose();
    assert.equal(page.timers.size, 1); // for the next try
    await page.pass(5000);
    assert.deepEqual(page.own('_got'), []);
});

test('a socket that was left is not listened to: what it says comes again', async () => {
    const page = keyed_page();
    const old = page.socket;
    old.say({ op: 'n', i: 1 });
    await blip(page);
    old.say({ op: 'n', i: 2 });
    page.socket.hello('run 1', again(0));
    old.say({ op: 'n', i: 2 });
    page.socket.say({ op: 'n', i: 2 });
    assert.deepEqual(page.heard, [1, 2]);
    await blip(page);
    assert.match(page.socket.url, /&got=2$/);
});

test('of messages that could not be kept for it, the console tells', async () => {
    const page = keyed_page();
    await blip(page);
    page.socket.hello('run 1', again(0, { lost: 12 }));
    assert.match(page.printed.join(), /12 messages to this page got lost/);
});

// ---- asks -----------------------------------------------------------------------------------------

test('an ask goes on waiting, and gets its answer after the blip', async () => {
    const page = keyed_page();
    const asked = page.wszero.ask('sum');
    const { _ask } = page.socket.sent[0];
    await blip(page);
    page.socket.hello('run 1', again(1));
    page.socket.say({ op: '_answer', ask: _ask, value: 3 });
    assert.equal(await asked, 3);
});

test('an ask that never arrived is asked again', async () => {
    const page = keyed_page();
    page.wszero.ask('sum').catch(() => undefined);
    await blip(page);
    page.socket.hello('run 1', again(0));
    assert.deepEqual(page.socket.sent.map(({ op }) => op), ['sum']);
});

test('its time does not stand still meanwhile', async () => {
    const page = keyed_page();
    const asked = page.wszero.ask('sum').catch((error) => error);
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(30000);
    assert.match((await asked).message, /no answer in 30 seconds/);
});

// ---- the session is over --------------------------------------------------------------------------

test('a fresh session gets what has waited, and nothing of before', async () => {
    const page = keyed_page();
    page.send(1, 2);
    const sent = page.wszero.ask('sent');
    page.socket.lose();
    page.send(3);
    const waiting = page.wszero.ask('waiting');
    await page.pass(3000);
    page.socket.hello('run 1', { key: 'other', got: 0 });
    assert.deepEqual(page.socket.sent.map(({ op }) => op), ['n', 'waiting']);
    await assert.rejects(sent, { code: 'closed', message: "ask('sent'): the connection was lost" });
    page.socket.say({ op: '_answer', ask: page.socket.sent[1]._ask, value: 4 });
    assert.equal(await waiting, 4);
    await blip(page);
    assert.match(page.socket.url, /&key=other&got=1$/);
    page.socket.hello('run 1', { ...again(1), key: 'other' });
    assert.deepEqual(page.socket.sent.map(({ op }) => op), ['waiting']);
});

test('why the session is over is told by the console and by on_status', async () => {
    const page = keyed_page();
    const heard = [];
    page.wszero.on_status((status, reason) => heard.push([status, reason]));
    await blip(page);
    page.socket.hello('run 1', { key: 'other', got: 0, why: 'This page did not read.' });
    assert.deepEqual(heard, [['connected', ''], ['connecting', ''], ['connected', 'This page did not read.']]);
    assert.match(page.printed.join(), /wszero: This page did not read\./);
});

test('who was sent out during a blip stays out', async () => {
    const page = keyed_page();
    const asked = page.wszero.ask('sum');
    await blip(page);
    page.socket.readyState = 1;
    page.socket.lose(4001, 'too loud');
    await assert.rejects(asked, /this page was sent out/);
    await page.pass(60000);
    assert.deepEqual([page.sockets.length, page.wszero.status, page.timers.size], [2, 'kicked', 0]);
});

test('another run makes the page load again, key or no key', async () => {
    const page = keyed_page();
    page.send(1);
    await blip(page);
    page.socket.hello('run 2', { key: 'other', got: 0 });
    assert.deepEqual([page.reloads, page.socket.frames, page.socket.closed_with], [1, [], 1000]);
});

test('a page that was left says goodbye; with Back it is a new client', async () => {
    const page = keyed_page();
    page.send(1);
    page.window.happen('pagehide');
    assert.equal(page.socket.closed_with, 1000);
    page.window.happen('pageshow', { persisted: true });
    await page.pass(0);
    assert.match(page.socket.url, /run=run%201$/);
    page.socket.hello('run 1', { key: 'other', got: 0 });
    assert.deepEqual(page.socket.frames, []);
});

test('a socket that is left to come back is told so', async () => {
    const page = keyed_page();
    await blip(page);
    const silent = page.socket;
    await page.pass(13000);
    assert.equal(silent.closed_with, 4002);
});

test('with a server that keeps no sessions, what was sent is gone, and asks with it', async () => {
    const page = new FakePage().connected();
    page.wszero.send('first');
    const asked = page.wszero.ask('sum');
    page.socket.say({ op: 'hello' }); // which nobody hears
    page.socket.lose();
    await assert.rejects(asked, /the connection was lost/);
    await page.pass(3000);
    page.socket.hello();
    await page.pass(60000);
    assert.deepEqual(page.sockets.flatMap(({ frames }) => frames.map(({ op }) => op)), ['first', 'sum', '_error']);
    assert.match(page.socket.url, /run=run%201$/);
});

// ---- whatever happens -----------------------------------------------------------------------------

/** Chance that repeats itself (mulberry32). */
function chance_of(seed) {
    let state = seed;
    return () => {
        state = (state + 0x6D2B79F5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** A server and a network that lets through what it likes, in order, and breaks when it likes. */
class Weather {
    constructor(page, chance) {
        Object.assign(this, { page, chance, sessions: new Sessions(), heard: [], said: 0 });
    }

    say() {
        this.said += 1;
        const message = { op: 'n', i: this.said };
        for (const session of this.sessions.known.values()) {
            session.said.push(message);
            session.socket?.down.push(message);
        }
    }

    /** Lets some of what is on its way arrive. */
    async carry(share) {
        await this.page.pass(0);
        for (const socket of this.page.sockets.filter(({ is_over }) => !is_over)) {
            if (!socket.session) { this.open(socket); }
            this.up(socket, share);
            if (socket.readyState === 1 || socket.down.length > 0) { this.down(socket, share); }
        }
    }

    open(socket) {
        const [session, first] = this.sessions.open(socket.url);
        Object.assign(socket, { session, down: [...first], seen: 0 });
        session.socket = socket;
    }

    up(socket, share) {
        while (socket.seen < socket.frames.length && this.chance() < share) {
            const frame = socket.frames[socket.seen];
            socket.seen += 1;
            if (socket.session.socket !== socket) { continue; } // late: the page has come back
            if (!this.sessions.hear(socket.session, frame)) { continue; }
            if (frame.op === 'n') { this.heard.push(frame.i); }
            if (frame._ask) {
                const answer = { op: '_answer', ask: frame._ask, value: frame.i };
                socket.session.said.push(answer);
                socket.down.push(answer);
            }
            if (this.chance() < 0.2) { socket.down.push(this.sessions.receipt(socket.session)); }
        }
    }

    down(socket, share) {
        while (socket.down.length > 0 && this.chance() < share && !socket.is_over) {
            socket.readyState = Math.max(1, socket.readyState);
            socket.say(socket.down.shift());
        }
    }

    /** The network has gone, with all that was on its way. */
    cut() {
        const socket = this.page.socket;
        if (socket.is_over) { return; }
        socket.is_over = true;
        socket.lose();
    }
}

test('in any weather, all comes once and in order, both ways', async () => {
    let cuts = 0;
    for (let seed = 1; seed <= 300; seed += 1) {
        const chance = chance_of(seed);
        const page = keyed_weather_page();
        const weather = new Weather(page, chance);
        let [sent, asked] = [0, 0];
        const answers = [];
        await weather.carry(1);
        for (let step = 0; step < 60; step += 1) {
            const dice = chance();
            if (dice < 0.3) { page.send(sent += 1); }
            if (dice > 0.25 && dice < 0.5) { weather.say(); }
            if (dice > 0.5 && dice < 0.6) { page.wszero.ask('asked', { i: asked += 1 }).then((i) => answers.push(i)); }
            if (dice > 0.8) { weather.cut(); cuts += 1; }
            if (dice > 0.75 && dice < 0.8) { page.window.happen('online'); }
            await page.pass(chance() * 400);
            await weather.carry(chance());
        }
        for (let i = 0; i < 5; i += 1) { await page.pass(500); await weather.carry(1); }
        const all = (count) => Array.from({ length: count }, (_, i) => i + 1);
        assert.deepEqual(weather.heard, all(sent), `sent with seed ${seed}`);
        assert.deepEqual(page.heard, all(weather.said), `said with seed ${seed}`);
        assert.deepEqual(answers, all(asked), `asked with seed ${seed}`);
        assert.equal(weather.sessions.count, 1);
    }
    assert.ok(cuts > 1000);
});

function keyed_weather_page() {
    const page = new FakePage({ url: 'http://localhost:8000/' }).ready();
    page.chance = 0.3;
    page.heard = [];
    page.window.on('n', ({ i }) => page.heard.push(i));
    page.send = (i) => page.wszero.send('n', { i });
    return page;
}
