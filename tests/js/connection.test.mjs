// The connection: when it opens, what waits for it, how it comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePage } from './fake_page.mjs';

test('it connects when the page is read, so that its scripts have their handlers', () => {
    const page = new FakePage({ url: 'http://192.168.1.5:8000/my%20quiz.html?x=1' });
    assert.equal(page.sockets.length, 0);
    page.ready();
    assert.equal(page.socket.url, 'ws://192.168.1.5:8000/ws?page=%2Fmy%2520quiz.html&run=');
});

test('the server is where the script came from', () => {
    const from = (script_url) => new FakePage({ url: 'http://localhost:5173/', script_url }).ready().socket.url;
    assert.match(from('http://localhost:8000/wszero.js'), /^ws:\/\/localhost:8000\/ws\?/);
    assert.match(from('http://cdn.example/bundle.js'), /^ws:\/\/localhost:5173\/ws\?/);
});

test('a safe page has a safe socket', () => {
    const page = new FakePage({ url: 'https://school.example/' }).ready();
    assert.match(page.socket.url, /^wss:\/\/school\.example\/ws\?/);
});

test('a page that is loaded already is not kept waiting', async () => {
    const page = new FakePage();
    page.window.wszero = undefined;
    page.document.readyState = 'complete';
    page.run_script(page.source, 'http://192.168.1.5:8000/bundle.js');
    await page.pass(0);
    assert.equal(page.sockets.length, 1);
});

test('it is connected once the server has said hello', () => {
    const page = new FakePage().ready();
    page.socket.readyState = 1;
    assert.equal(page.wszero.connected, false);
    page.socket.hello();
    const { connected, status, name, id, program } = page.wszero;
    assert.deepEqual({ connected, status, name, id, program },
        { connected: true, status: 'connected', name: 'Otter 1', id: 'c1', program: 'quiz.py' });
});

test('messages wait for the connection and arrive in order', () => {
    const page = new FakePage();
    page.wszero.send('first');
    page.ready();
    page.wszero.send('second', { a: 1 });
    page.socket.hello();
    page.wszero.send_message({ op: 'third' });
    assert.deepEqual(page.socket.sent, [{ op: 'first' }, { op: 'second', a: 1 }, { op: 'third' }]);
});

test('500 messages wait, the oldest first; more are refused in words', () => {
    const page = new FakePage().ready();
    for (let i = 0; i < 502; i += 1) { page.wszero.send('n', { i }); }
    page.socket.hello();
    assert.equal(page.socket.sent.length, 500);
    assert.equal(page.socket.sent[499].i, 499);
    assert.equal(page.printed.filter((line) => /n was not sent: 500 messages wait/.test(line)).length, 2);
});

test('what was sent while the connection was lost arrives when it is back', async () => {
    const page = new FakePage().connected();
    page.socket.lose();
    page.wszero.send('late');
    await page.pass(3000);
    page.socket.hello();
    assert.deepEqual(page.socket.sent, [{ op: 'late' }]);
    assert.match(page.socket.url, /run=run%201$/);
});

test('another run makes the page load again, and nothing is sent to it', async () => {
    const page = new FakePage().connected();
    page.socket.lose();
    page.wszero.send('late');
    await page.pass(3000);
    page.socket.hello('run 2');
    page.wszero.send('later');
    await page.pass(60000);
    assert.equal(page.reloads, 1);
    assert.deepEqual(page.socket.frames, []);
    assert.equal(page.sockets.length, 2);
});

test('it knocks with ever longer pauses, and opens a socket only when somebody is there', async () => {
    const page = new FakePage().connected();
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(60000);
    assert.equal(page.sockets.length, 1);
    page.is_reachable = true;
    await page.pass(2001);
    assert.equal(page.sockets.length, 2);
});

test('on its own computer a page is back within half a second', async () => {
    const page = new FakePage({ url: 'http://localhost:8000/' }).connected();
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(60000);
    page.is_reachable = true;
    await page.pass(501);
    assert.equal(page.sockets.length, 2);
});

test('a socket that never says hello is left for another one', async () => {
    const page = new FakePage().ready();
    const first = page.socket;
    await page.pass(12500);
    assert.equal(page.sockets.length, 2);
    assert.equal(first.readyState, 3);
    first.say({ op: '_hello', run: 'old' }); // nobody listens to it any more
    assert.equal(page.wszero.connected, false);
});

test('a page that becomes visible knocks at once', async () => {
    const page = new FakePage().connected();
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(30000);
    page.is_reachable = true;
    page.show(true);
    await page.pass(0);
    assert.equal(page.sockets.length, 2);
});

test('so does one whose network is back', async () => {
    const page = new FakePage().connected();
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(30000);
    page.is_reachable = true;
    page.window.happen('online');
    await page.pass(0);
    assert.equal(page.sockets.length, 2);
});

/** A page whose server answers as long as the wire is whole. */
function answered_page() {
    const page = new FakePage().connected('run 1', { key: 'secret', got: 0 });
    const socket = page.socket;
    page.is_cut = false;
    socket.send = (text) => {
        socket.frames.push(JSON.parse(text));
        if (!page.is_cut) { page.set_timer(() => socket.say({ op: '_got', n: socket.frames.length }), 500); }
    };
    return page;
}

test('a tablet that slept gets a new socket, though the old one calls itself open', async () => {
    const page = answered_page();
    page.show(false);
    page.sleep(600000);
    page.is_cut = true;
    page.show(true);
    await page.pass(2900);
    assert.equal(page.sockets.length, 1);
    await page.pass(2200);
    assert.deepEqual([page.sockets.length, page.sockets[0].closed_with], [2, 4002]);
});

test('a page that only listens finds within 20 seconds that its network has gone', async () => {
    const page = answered_page();
    await page.pass(60000);
    assert.equal(page.wszero.connected, true);
    page.is_cut = true;
    page.is_reachable = false;
    await page.pass(20000);
    assert.equal(page.wszero.connected, false);
});

test('while messages come, a page asks for no sign of life', async () => {
    const page = answered_page();
    for (let i = 0; i < 30; i += 1) {
        page.socket.say({ op: 'hello' });
        await page.pass(4000);
    }
    assert.deepEqual(page.own('_beat'), []);
});

test('a page that was only hidden keeps its socket', async () => {
    const page = answered_page();
    for (let i = 0; i < 3; i += 1) {
        page.show(false);
        await page.pass(600000);
        page.show(true);
        page.window.happen('online');
        await page.pass(10000);
    }
    assert.equal(page.sockets.length, 1);
});

test("a page that waits in its own prompt() keeps its socket", async () => {
    const page = answered_page();
    page.sleep(120000);
    await page.pass(120000);
    assert.equal(page.sockets.length, 1);
});

test('hidden behind the editor, a page keeps knocking by the clock of a worker', async () => {
    const workers = [];
    class Worker { constructor() { workers.push(this); } terminate() { this.is_ended = true; } }
    const window = { Worker, Blob, URL: { createObjectURL: () => 'blob:1', revokeObjectURL() {} } };
    const page = new FakePage({ url: 'http://localhost:8000/', window }).connected();
    page.show(false);
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(10000);
    page.timers.clear(); // the browser lets them run no more
    page.is_reachable = true;
    workers[0].onmessage();
    await page.pass(0);
    page.socket.hello();
    assert.deepEqual([workers.length, workers[0].is_ended, page.wszero.connected], [1, true, true]);
});

test('a page that is left says goodbye and does not come back by itself', async () => {
    const page = new FakePage().connected();
    page.window.happen('pagehide');
    page.show(false); // browsers tell this one after the other
    await page.pass(60000);
    assert.equal(page.socket.closed_with, 1000);
    assert.equal(page.sockets.length, 1);
});

test('with Back, the page connects again', async () => {
    const page = new FakePage().connected();
    page.window.happen('pagehide');
    page.window.happen('pageshow', { persisted: true });
    await page.pass(0);
    assert.equal(page.sockets.length, 2);
});

test('who was sent out stays out, with no timer left', async () => {
    const page = new FakePage().connected();
    page.show(false);
    page.socket.lose(4001, 'too loud');
    assert.equal(page.timers.size, 0);
    page.show(true);
    page.window.happen('online');
    page.wszero.send('let me in');
    assert.equal(page.timers.size, 0);
    assert.equal(page.sockets.length, 1);
    assert.equal(page.wszero.status, 'kicked');
    assert.match(page.printed.join('\n'), /let me in was not sent: this page was sent out/);
});

test('listeners hear of every change, with its reason, until they stop', async () => {
    const page = new FakePage();
    const heard = [];
    const stop = page.wszero.on_status((status, reason) => heard.push(`${status} ${page.wszero.name} ${reason}`));
    page.connected();
    page.socket.say({ op: '_name', name: 'Amy' });
    page.is_reachable = false;
    page.socket.lose();
    await page.pass(5000);
    page.is_reachable = true;
    await page.pass(3000);
    page.socket.hello();
    page.socket.lose(4001, 'too loud');
    stop();
    assert.deepEqual(heard, ['connecting  ', 'connected Otter 1 ', 'connected Amy ', 'connecting Amy ',
        'disconnected Amy ', 'connected Otter 1 ', 'kicked Otter 1 too loud']);
});

test('a page may turn wszero off', async () => {
    const page = new FakePage({ metas: { wszero: 'off' } }).ready();
    page.wszero.send('hello');
    page.show(true);
    await page.pass(60000);
    assert.equal(page.sockets.length, 0);
    assert.match(page.printed.join('\n'), /hello was not sent: wszero is off in this page/);
});

test('a second copy in the page gives way to the first', () => {
    const page = new FakePage();
    const { wszero, on } = page.window;
    page.run_script(page.source, 'http://192.168.1.5:8000/bundle.js');
    assert.equal(page.window.wszero, wszero);
    assert.equal(page.window.on, on);
});

test('an element with id="wszero" is no copy', () => {
    const page = new FakePage({ window: { wszero: { tagName: 'DIV' } } });
    assert.equal(typeof page.window.wszero.send, 'function');
});

test('handlers that the page had before are kept', () => {
    const HANDLERS = { hello() {} };
    assert.equal(new FakePage({ window: { HANDLERS } }).window.HANDLERS, HANDLERS);
});

test('these names are put into the page, and no other', () => {
    const page = new FakePage();
    const added = Object.keys(page.window).filter((name) => !(name in page.before));
    assert.deepEqual(added.sort(), ['HANDLERS', 'ask', 'on', 'send', 'send_message', 'wszero']);
});
