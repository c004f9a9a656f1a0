// The script in a real Chromium: mistakes with their lines, the badge, loading again, modules.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Browser } from './chromium.mjs';
import { SmallServer } from './small_server.mjs';

let browser;
let server;
let tab;
before(async () => { browser = await Browser.start(); });
after(async () => { await browser.stop(); });
afterEach(async () => { await tab.close(); await server.stop(); });

async function show(html, more = {}) {
    server = await SmallServer.start({ '/quiz.html': html, ...more });
    tab = await browser.open(server.url('/quiz.html'));
}

const BADGE = 'document.querySelector("wszero-badge").shadowRoot.querySelector("[role=status]")';

async function mistake_of(html, more) {
    await show(html, more);
    const { kind, msg, file, line } = await server.next('_error');
    return [kind, msg, file, line];
}

test('a mistake in a script of the page is told with its line', async () => {
    assert.deepEqual(await mistake_of('<p>\n<script>\nnothing_here();\n</script>'),
        ['error', 'ReferenceError: nothing_here is not defined', '/quiz.html', 3]);
});

test('a missing bracket is told with file and line', async () => {
    const more = { '/quiz.js': { type: 'text/javascript', text: '\nif (1 {\n}' } };
    const [kind, msg, file, line] = await mistake_of('<script src="quiz.js"></script>', more);
    assert.deepEqual([kind, file, line], ['error', '/quiz.js', 2]);
    assert.match(msg, /^SyntaxError: /);
});

test('a promise that fails is told with its line', async () => {
    assert.deepEqual(await mistake_of('<script>\nasync function f() {\n  nothing_here();\n}\nf();\n</script>'),
        ['rejection', 'ReferenceError: nothing_here is not defined', '/quiz.html', 3]);
});

test('what can’t be sent is told with the line that sent it', async () => {
    assert.deepEqual(await mistake_of('<script>\nfunction go() {\n  send("chat", {players: [1, new Set()]});\n}\ngo();\n</script>'),
        ['error', "send('chat', …): players[1] is a Set, which can't be sent: try Array.from(…)", '/quiz.html', 3]);
});

test('an onclick that sends wrongly is told with its line', async () => {
    await show('\n<button onclick="send(\'chat\', \'hello\')">x</button>');
    await tab.click('button');
    const { msg, line } = await server.next('_error');
    assert.deepEqual([msg, line], ["give it a name: send('chat', {text: 'hello'})", 2]);
});

test('a part of the page can’t be sent', async () => {
    const [, msg] = await mistake_of('<input id="nick"><script>send("chat", {text: nick});</script>');
    assert.equal(msg, "send('chat', …): text is an HTMLInputElement, which can't be sent: try its .value");
});

test('no name of ours hides one of the browser’s', async () => {
    await show({ type: 'text/html', text: '<script>window.hidden_names = ["HANDLERS", "on", "send", "ask", "send_message", "wszero"].filter((name) => name in window)</script>' });
    assert.deepEqual(await tab.run('hidden_names'), []);
});

test('a script of the page may use our names for its own things', async () => {
    await show('<script>function send() { return "mine"; } const on = 1; let ask = 2;</script><button data-send="buzz">x</button>');
    await tab.until('wszero.connected');
    await tab.click('button');
    await server.next('buzz');
    assert.deepEqual(await tab.run('[send(), on, ask]'), ['mine', 1, 2]);
});

test('the badge says when it is connected, to eyes and ears', async () => {
    await show('<style>* { display: none !important; color: white !important; }</style><p>hello');
    await tab.until('wszero.connected');
    assert.deepEqual(await tab.run(`[${BADGE}.innerText.trim(), ${BADGE}.dataset.status]`), ['✓connected', 'connected']);
    assert.equal(await tab.run('getComputedStyle(document.querySelector("wszero-badge")).position'), 'fixed');
});

test('it is beside the content of the page, and nothing is hidden by it from a press', async () => {
    await show('<body style="margin:0"><button style="position:fixed;right:0;bottom:0;width:99px;height:99px" data-send="buzz">x</button></body>');
    await tab.until('wszero.connected');
    assert.equal(await tab.run('document.body.querySelector("wszero-badge")'), null);
    const [x, y] = await tab.run('[innerWidth - 12, innerHeight - 12]');
    for (const type of ['mousePressed', 'mouseReleased']) {
        await tab.call('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    }
    await server.next('buzz');
});

test('it says when the program has gone, and the page comes back with it', async () => {
    await show('<p>hello');
    await tab.until('wszero.connected');
    const { port, pages } = server;
    await server.stop();
    await tab.until(`${BADGE}.textContent === 'not connected: is the program running?'`);
    await tab.run('window.mark = 1');
    server = new SmallServer(pages);
    server.run = 'run 2';
    await new Promise((resolve) => { server.http.listen(port, '127.0.0.1', resolve); });
    server.port = port;
    await tab.until('!window.mark && wszero.connected'); // it was loaded again: another run
});

test('who is sent out reads why', async () => {
    await show('<p>hello');
    await tab.until('wszero.connected');
    server.kick('too <b>loud</b>');
    await tab.until('wszero.status === "kicked"');
    assert.equal(await tab.run(`${BADGE}.innerText`), 'this page was sent out: too <b>loud</b>');
});

test('a page may do without the badge', async () => {
    await show('<meta name="wszero-badge" content="off"><p>hello');
    await tab.until('wszero.connected');
    assert.equal(await tab.run('document.querySelector("wszero-badge")'), null);
});

test('a page may do without wszero', async () => {
    await show('<meta name="wszero" content="off"><p>hello');
    await tab.run('new Promise((resolve) => setTimeout(resolve, 0))');
    assert.equal(server.count, 0);
    assert.equal(await tab.run('document.querySelector("wszero-badge")'), null);
});

test('a saved style sheet loads the page again', async () => {
    await show('<link rel="stylesheet" href="quiz.css">', { '/quiz.css': { type: 'text/css', text: '' } });
    await tab.until('wszero.connected');
    await tab.run('window.mark = 1');
    server.say({ op: '_changed', paths: ['/other.css'] });
    await tab.run('ask("end")');
    assert.equal(await tab.run('window.mark'), 1);
    server.say({ op: '_changed', paths: ['/quiz.css'] });
    await tab.until('!window.mark && wszero.connected');
});

test('after document.write() buttons still send and the badge is there', async () => {
    await show('<p>hello');
    await tab.until('wszero.connected');
    server.say({ op: 'eval_js', script: `document.write('<button data-send="buzz">x</button>')` });
    await tab.until('document.querySelector("button")');
    await tab.click('button');
    await server.next('buzz');
    assert.equal(await tab.run('document.querySelectorAll("wszero-badge").length'), 1);
});

test('a page that is left closes its socket at once', async () => {
    await show('<p>hello', { '/other.html': { type: 'text/html', text: '<p>other' } });
    await tab.until('wszero.connected');
    await tab.go(server.url('/other.html'));
    await tab.until('true');
    const end = Date.now() + 20000;
    while (server.sockets.size > 0 && Date.now() < end) { await tab.run('new Promise((r) => setTimeout(r, 10))'); }
    assert.deepEqual([server.sockets.size, server.count], [0, 1]);
});

const MODULE = 'import { on, send, ask, HANDLERS, send_message, wszero } from "/wszero.mjs";';

test('a module gets the same functions, and one connection', async () => {
    await show(`<script type="module">${MODULE} window.same = [on === window.on, send === window.send, ask === window.ask,
        send_message === window.send_message, HANDLERS === window.HANDLERS, wszero === window.wszero];</script>`);
    await tab.until('wszero.connected && window.same');
    assert.deepEqual(await tab.run('same'), [true, true, true, true, true, true]);
    assert.equal(server.count, 1);
});

test('a module is enough: no script tag is needed', async () => {
    const text = `<script type="module">${MODULE} on("hello", ({ text }) => { document.body.append(text); });</script><body>`;
    await show({ type: 'text/html', text });
    await tab.until('window.wszero && wszero.connected');
    server.say({ op: 'hello', text: 'hi' });
    await tab.until('document.body.innerText === "hi"');
    assert.equal(server.count, 1);
});

// ---- the built-in page --------------------------------------------------------------------------

async function built_in(width = 1000) {
    server = await SmallServer.start();
    tab = await browser.open(server.url('/'));
    await tab.call('Emulation.setDeviceMetricsOverride', { width, height: 700, deviceScaleFactor: 1, mobile: false });
    await tab.until('wszero.connected');
}

test('the built-in page shows who I am and what arrives', async () => {
    await built_in();
    server.say({ op: 'question', text: '<b>7</b>', points: 3 });
    server.say({ op: 'error', code: 'failed', msg: 'Not this time.' });
    await tab.until('lines.children.length === 2');
    const [heading, first, second] = await tab.run('[document.querySelector("h1").innerText, ...[...lines.children].map((line) => line.innerText)]');
    assert.equal(heading, 'I am Otter 1');
    assert.match(first, /^← got\s+question text: <b>7<\/b>, points: 3$/);
    assert.match(second, /^⚠ got\s+an error: Not this time\.$/);
});

test('it sends what one types, numbers as numbers', async () => {
    await built_in();
    await tab.run('document.getElementById("op").value = "move"');
    await tab.type('#rows .row:nth-child(1) input:last-child', '007');
    await tab.click('#more');
    await tab.type('#rows .row:nth-child(2) input:first-child', 'steps');
    await tab.type('#rows .row:nth-child(2) input:last-child', '-2.5');
    assert.equal(await tab.run('python.textContent'), "@on('move')\ndef move(client, text, steps):");
    await tab.click('#send');
    assert.deepEqual(await server.next('move'), { op: 'move', text: '007', steps: -2.5 });
});

test('it says in words what can’t be sent', async () => {
    await built_in();
    await tab.run('document.getElementById("op").value = "connect"');
    await tab.click('#send');
    assert.match(await tab.run('problem.innerText'), /'connect' is one of wszero's own names/);
});

test('it hears every message, and fits a small screen', async () => {
    await built_in(320);
    server.say({ op: 'anything', text: 'a-very-long-word-without-any-end-'.repeat(20) });
    await tab.until('lines.children.length === 1');
    assert.equal(await tab.run('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), true);
    const small = 'input, button';
    assert.deepEqual(await tab.run(`[...document.querySelectorAll('${small}')].filter((one) => one.getBoundingClientRect().height < 44).length`), 0);
    await tab.run('ask("end")');
    assert.deepEqual(server.heard.filter(({ op }) => op === '_error'), []);
});
