// Messages that arrive, answers that are awaited, mistakes that are told to Python.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePage } from './fake_page.mjs';

/** A page whose first two seconds, in which messages wait for handlers, are over. */
async function settled_page(options) {
    const page = new FakePage(options).connected();
    await page.pass(2500);
    return page;
}

test('HANDLERS get the whole message, as promised', () => {
    const page = new FakePage().connected();
    const got = [];
    page.window.HANDLERS.chat = function (msg) { got.push(this === page.window.HANDLERS, msg); };
    page.socket.say({ op: 'chat', text: 'hi' });
    assert.deepEqual(got, [true, { op: 'chat', text: 'hi' }]);
});

test('several functions hear one message, HANDLERS first', () => {
    const page = new FakePage().connected();
    const got = [];
    page.window.on('chat', () => got.push('a'));
    page.window.on('chat', () => got.push('b'));
    page.window.HANDLERS.chat = () => got.push('HANDLERS');
    page.socket.say({ op: 'chat' });
    assert.deepEqual(got, ['HANDLERS', 'a', 'b']);
});

test('a page may put an object of its own in the place of HANDLERS', async () => {
    const page = await settled_page();
    const got = [];
    page.window.HANDLERS = new (class { chat() { got.push('chat'); } })();
    page.socket.say({ op: 'chat' });
    page.socket.say({ op: 'constructor' });
    page.socket.say({ op: 'toString' });
    assert.deepEqual(got, ['chat']);
    assert.deepEqual(page.own('_error').map(({ kind }) => kind), ['no_handler', 'no_handler']);
});

test('on() gives a function that stops it', () => {
    const page = new FakePage().connected();
    const got = [];
    const stop = page.window.on('chat', () => got.push(1));
    page.window.on('chat', () => got.push(2));
    stop();
    stop();
    page.socket.say({ op: 'chat' });
    assert.deepEqual(got, [2]);
});

test('on() explains what is wrong, where it is called', () => {
    const { on } = new FakePage().window;
    assert.throws(() => on('chat'), { message: "on('chat', …) needs a function: on('chat', function (msg) { … })" });
    assert.throws(() => on(), /needs the name of the message first/);
    assert.throws(() => on('connect', () => 1), /for Python\. In a page: wszero\.on_status/);
    assert.throws(() => on('eval_js', () => 1), /wszero's own names/);
    assert.doesNotThrow(() => on('error', () => 1));
});

test('a mistake in one handler keeps no other from hearing, and Python is told where', async () => {
    const page = await settled_page();
    page.run_script("on('chat', function () {\n  nothing_here();\n});", 'http://192.168.1.5:8000/quiz.js');
    let heard = 0;
    page.window.on('chat', () => { heard += 1; });
    page.socket.say({ op: 'chat' });
    const [{ kind, msg, file, line, about }] = page.own('_error');
    assert.deepEqual({ heard, kind, msg, file, line, about }, { heard: 1, kind: 'error',
        msg: 'ReferenceError: nothing_here is not defined', file: '/quiz.js', line: 2, about: 'chat' });
});

test('so is a mistake in an async handler', async () => {
    const page = await settled_page();
    page.run_script("on('chat', async function () {\n  await null;\n  nothing_here();\n});", 'http://192.168.1.5:8000/quiz.js');
    page.socket.say({ op: 'chat' });
    await page.pass(0);
    assert.deepEqual(page.own('_error').map(({ file, line }) => [file, line]), [['/quiz.js', 3]]);
});

test('a mistake in a call of send is told with the line of the page', async () => {
    const page = await settled_page();
    page.run_script("on('chat', function () {\n  send('chat', 'hello');\n});", 'http://192.168.1.5:8000/quiz.js');
    page.socket.say({ op: 'chat' });
    assert.deepEqual(page.own('_error').map(({ msg, line }) => [msg, line]),
        [["give it a name: send('chat', {text: 'hello'})", 2]]);
});

test('a message that nobody hears is told once, with what the page does hear', async () => {
    const page = await settled_page();
    page.window.on('pint', () => 1);
    page.window.HANDLERS.chat = () => 1;
    page.socket.say({ op: 'paint' });
    page.socket.say({ op: 'paint' });
    page.socket.say({ op: 'pint' });
    const [{ kind, about, known, file }, ...more] = page.own('_error');
    assert.deepEqual({ kind, about, known, file, more },
        { kind: 'no_handler', about: 'paint', known: ['pint', 'chat'], file: '/', more: [] });
});

test('a message of the first two seconds waits for a handler that comes late', async () => {
    const page = new FakePage().connected();
    const got = [];
    page.socket.say({ op: 'hello', n: 1 });
    page.socket.say({ op: 'hello', n: 2 });
    await page.pass(500);
    page.window.on('hello', ({ n }) => got.push(n));
    page.socket.say({ op: 'hello', n: 3 });
    await page.pass(5000);
    assert.deepEqual(got, [1, 2, 3]);
    assert.deepEqual(page.own('_error'), []);
});

test('also for one that is put into HANDLERS', async () => {
    const page = new FakePage().connected();
    const got = [];
    page.socket.say({ op: 'hello' });
    page.window.HANDLERS.hello = () => got.push('hello');
    await page.pass(200);
    assert.deepEqual(got, ['hello']);
});

test('when none comes, the message is told after all', async () => {
    const page = new FakePage().connected();
    page.socket.say({ op: 'hello' });
    await page.pass(1900);
    assert.deepEqual(page.own('_error'), []);
    await page.pass(200);
    assert.deepEqual(page.own('_error').map(({ about }) => about), ['hello']);
});

test('who listens to all messages hears every one', async () => {
    const page = await settled_page();
    const all = [];
    const stop = page.wszero.on_message((direction, { op }) => all.push(`${direction} ${op}`));
    page.socket.say({ op: 'paint' });
    page.socket.say({ op: 'error', code: 'muted', msg: 'no' });
    page.socket.say({ op: '_name', name: 'Amy' });
    page.wszero.send('chat');
    stop();
    page.wszero.send('chat');
    assert.deepEqual(all, ['got paint', 'got error', 'sent chat']);
    assert.deepEqual(page.own('_error'), []);
});

test('ask waits for the answer to its own question', async () => {
    const page = await settled_page();
    const [sum, name] = [page.window.ask('add', { a: 1 }), page.window.ask('name')];
    assert.deepEqual(page.socket.sent, [{ op: 'add', a: 1, _ask: 1 }, { op: 'name', _ask: 2 }]);
    page.socket.say({ op: '_answer', ask: 2, value: 'Amy' });
    page.socket.say({ op: '_answer', ask: 1, value: null });
    assert.deepEqual([await sum, await name], [null, 'Amy']);
    assert.deepEqual([...page.timers.values()].filter(({ at }) => at > page.now + 20000), []);
});

test('an error for an answer is thrown where it was asked', async () => {
    const page = await settled_page();
    const answer = page.run_script("\nreturn ask('add');", 'http://192.168.1.5:8000/quiz.js');
    page.socket.say({ op: '_answer', ask: 1, error: 'add() needs a', code: 'parameters' });
    const error = await answer.catch((caught) => caught);
    assert.equal(error.message, "ask('add'): add() needs a");
    assert.equal(error.code, 'parameters');
    assert.match(error.stack, /^Error: ask\('add'\): add\(\) needs a\n.*quiz\.js:2:/);
    assert.deepEqual(page.own('_where').map(({ about, file, line }) => [about, file, line]), [['add', '/quiz.js', 2]]);
});

test('an answer that does not come is not awaited for ever', async () => {
    const page = await settled_page();
    const answer = page.window.ask('add').catch((error) => error.message);
    await page.pass(30000);
    assert.equal(await answer, "ask('add'): no answer in 30 seconds");
    page.socket.say({ op: '_answer', ask: 1, value: 3 }); // too late, and no harm
});

test('when the connection is lost, a question that was sent fails and one that waits does not', async () => {
    const page = await settled_page();
    const sent = page.window.ask('add').catch((error) => error.message);
    page.socket.lose();
    const waiting = page.window.ask('name');
    assert.equal(await sent, "ask('add'): the connection was lost");
    await page.pass(3000);
    page.socket.hello();
    page.socket.say({ op: '_answer', ask: 2, value: 'Amy' });
    assert.equal(await waiting, 'Amy');
});

test('who is sent out gets no answers any more', async () => {
    const page = await settled_page();
    page.socket.lose();
    const waiting = page.window.ask('name').catch((error) => error.message);
    await page.pass(3000);
    page.socket.lose(4001);
    assert.equal(await waiting, "ask('name'): this page was sent out");
    assert.equal(await page.window.ask('name').catch((error) => error.message), "ask('name'): this page was sent out");
});

test('what can’t be asked is refused in the promise', async () => {
    const page = await settled_page();
    await assert.rejects(page.window.ask('add', { a: NaN }), /ask\('add', …\): a is NaN/);
    await assert.rejects(page.window.ask('add', 3), /give it a name: ask\('add', \{value: 3\}\)/);
    assert.deepEqual(page.socket.sent, []);
});

test('errors of the server are told by the console, or by the page’s own function', async () => {
    const page = await settled_page();
    page.socket.say({ op: 'error', code: 'muted', msg: 'You are muted.' });
    assert.match(page.printed.join(), /You are muted\./);
    const got = [];
    page.window.on('error', ({ code }) => got.push(code));
    page.socket.say({ op: 'error', code: 'failed', msg: 'Not this time.' });
    assert.deepEqual(got, ['failed']);
    assert.doesNotMatch(page.printed.join(), /Not this time/);
    assert.deepEqual(page.own('_error'), []);
});

test('the page tells where it sent what Python could not handle', async () => {
    const page = await settled_page();
    page.run_script("\n\nsend('score', {points: 3});\nsend_message({op: 'name'});", 'http://192.168.1.5:8000/quiz.js');
    page.socket.say({ op: 'error', code: 'parameters', msg: '…', about: 'score' });
    page.socket.say({ op: 'error', code: 'no_handler', msg: '…', about: 'name' });
    page.socket.say({ op: 'error', code: 'no_handler', msg: '…', about: 'never sent' });
    assert.deepEqual(page.own('_where'), [
        { op: '_where', about: 'score', code: 'parameters', file: '/quiz.js', line: 3, kind: 'send' },
        { op: '_where', about: 'name', code: 'no_handler', file: '/quiz.js', line: 4, kind: 'send' },
    ]);
});

test('eval_js runs in the page’s global scope, and its mistakes are told', async () => {
    const page = await settled_page();
    page.socket.say({ op: 'eval_js', script: 'var wszero_was_here = typeof socket' });
    assert.equal(globalThis.wszero_was_here, 'undefined');
    delete globalThis.wszero_was_here;
    page.socket.say({ op: 'eval_js', script: 'oh(' });
    const [{ kind, msg, line, about }] = page.own('_error');
    assert.equal(kind, 'eval_js');
    assert.match(msg, /^SyntaxError: /);
    assert.equal(line, null);
    assert.equal(about, 'oh(');
});

test('a saved file loads the page again only if the page is made of it', async () => {
    const page = await settled_page({ url: 'http://192.168.1.5:8000/my%20quiz.html' });
    page.resources = ['http://192.168.1.5:8000/quiz.css?v=1', 'http://example.org/far.css'];
    page.socket.say({ op: '_changed', paths: ['/other.css', '/far.css', '/', '/quiz.css.map'] });
    page.socket.say({ op: '_changed', paths: 'nonsense' });
    assert.equal(page.reloads, 0);
    page.socket.say({ op: '_changed', paths: ['/other.css', '/quiz.css'] });
    assert.equal(page.reloads, 1);
    const other = await settled_page({ url: 'http://192.168.1.5:8000/my%20quiz.html' });
    other.socket.say({ op: '_changed', paths: ['/my quiz.html'] });
    assert.equal(other.reloads, 1);
});

test('mistakes of the page are told, also those of before the connection', async () => {
    const page = new FakePage();
    const error = new ReferenceError('x is not defined');
    page.window.happen('error', { message: 'Uncaught ReferenceError: x is not defined', error,
        filename: 'http://192.168.1.5:8000/quiz.js', lineno: 3, colno: 5 });
    page.window.happen('unhandledrejection', { reason: 'no luck' });
    page.window.happen('error', { message: 'ResizeObserver loop limit exceeded', filename: '' });
    page.window.happen('error', { message: 'x', filename: 'chrome-extension://abc/x.js' });
    page.window.happen('error', { message: 'Script error.', filename: '', lineno: 0 });
    page.connected();
    assert.deepEqual(page.own('_error').map(({ kind, msg, file, line, col }) => [kind, msg, file, line, col]), [
        ['error', 'ReferenceError: x is not defined', '/quiz.js', 3, 5],
        ['rejection', 'no luck', '/', null, null],
        ['error', 'Script error.', '/', null, null],
    ]);
});

test('what Python has told itself is not told again: an ask that it refused', async () => {
    const page = await settled_page();
    const refused = (code) => Object.assign(new Error('no'), { name: 'wszero', code });
    for (const code of ['failed', 'parameters', 'no_handler', 'closed', 'late']) {
        page.window.happen('unhandledrejection', { reason: refused(code) });
    }
    assert.equal(page.own('_error').length, 1);
});

test('an animation that fails sixty times a second is told twenty times a minute', async () => {
    const page = await settled_page();
    const fail = () => page.window.happen('error', { message: 'again', filename: '', lineno: 0 });
    for (let i = 0; i < 1000; i += 1) { fail(); }
    assert.equal(page.own('_error').length, 20);
    await page.pass(61000);
    fail();
    assert.equal(page.own('_error').length, 21);
});

test('whatever is thrown can be told', async () => {
    const page = await settled_page();
    const strange = [undefined, null, 0, {}, { toJSON() {} }, Object.create(null), { message: 7 }, Symbol('x'), { get message() { throw new Error(); } }];
    strange.forEach((reason) => page.window.happen('unhandledrejection', { reason }));
    assert.equal(page.own('_error').length, strange.length);
    assert.ok(page.own('_error').every(({ msg }) => typeof msg === 'string'));
});

test('frames that are no message, and names of a newer server, do no harm', async () => {
    const page = await settled_page();
    for (const frame of ['', '{', '[]', '{"op":5}', '{"op":"_new"}', '{"op":"connect"}', '{"op":"_answer","ask":99,"value":1}']) {
        page.socket.say(frame);
    }
    page.socket.onmessage({ data: new ArrayBuffer(3) });
    assert.equal(page.wszero.connected, true);
    assert.deepEqual(page.own('_error'), []);
});
