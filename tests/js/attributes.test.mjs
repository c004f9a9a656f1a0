// data-send, data-show, data-list and data-messages, in a real Chromium with real presses.
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

async function show(html) {
    server = await SmallServer.start({ '/quiz.html': html });
    tab = await browser.open(server.url('/quiz.html'));
    await tab.until('wszero.connected');
}

test('a button sends its other data- values along, as text', async () => {
    await show('<button data-send="paint" data-colour="red" data-my-size="3" data-v-7ba5bd90 data-show="x"><b>Red</b></button>');
    await tab.click('b');
    assert.deepEqual(await server.next('paint'), { op: 'paint', colour: 'red', my_size: '3' });
});

test('elements that come later send too', async () => {
    await show('<div id="room"></div>');
    await tab.run(`room.innerHTML = '<p data-send="buzz">Buzz</p>'`);
    assert.equal(await tab.run('getComputedStyle(document.querySelector("p")).cursor'), 'pointer'); // else iPads hear no click
    await tab.click('p');
    assert.deepEqual(await server.next('buzz'), { op: 'buzz' });
});

test('a link without a target stays on the page', async () => {
    await show('<a href="#" data-send="buzz">Buzz</a>');
    await tab.click('a');
    await server.next('buzz');
    assert.equal(await tab.run('location.hash + location.href.endsWith("#")'), 'false');
});

const FORM = `<form data-send="join" data-room="4">
    <input name="nick" value="amy"> <input name="age" type="number" value="11"> <input name="far" type="range" value="30">
    <input name="empty" type="number"> <textarea name="long-text">a
b</textarea>
    <input name="yes" type="checkbox" checked> <input name="no" type="checkbox">
    <input name="pet" type="checkbox" value="cat" checked> <input name="pet" type="checkbox" value="dog">
    <input name="team" type="radio" value="red"> <input name="team" type="radio" value="blue" checked>
    <input name="side" type="radio" value="left">
    <select name="size"><option>S<option selected>M</select>
    <select name="tags" multiple><option selected>a<option>b<option selected>c</select>
    <input name="secret" type="hidden" value="x"> <input name="off" disabled value="y"> <input value="no name">
    <button name="go" value="now">Go</button> <button name="stop" value="later">Stop</button>
</form>`;

test('a form sends its named fields and the pressed button, and the page stays', async () => {
    await show(FORM);
    await tab.click('[name=go]');
    assert.deepEqual(await server.next('join'), {
        op: 'join', room: '4', nick: 'amy', age: 11, far: 30, empty: null, long_text: 'a\nb', yes: true, no: false,
        pet: ['cat'], team: 'blue', side: null, size: 'M', tags: ['a', 'c'], secret: 'x', go: 'now',
    });
    assert.equal(await tab.run('location.pathname + location.search'), '/quiz.html');
});

test('afterwards its text fields are empty, and nothing else', async () => {
    await show(FORM);
    await tab.run('window.told = 0; document.querySelector("[name=nick]").addEventListener("input", () => { told += 1; })');
    await tab.click('[name=go]');
    await server.next('join');
    assert.deepEqual(await tab.run(`['nick', 'long-text', 'age', 'yes', 'secret', 'off'].map((name) => {
        const field = document.querySelector('[name=' + name + ']');
        return field.type === 'checkbox' ? field.checked : field.value;
    }).concat(told)`), ['', '', '11', true, 'x', 'y', 1]);
});

test('Enter in a field sends the form', async () => {
    await show('<form data-send="chat"><input name="text"></form>');
    await tab.type('input', 'hello <b>');
    for (const type of ['keyDown', 'keyUp']) {
        await tab.call('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', text: '\r', windowsVirtualKeyCode: 13 });
    }
    assert.deepEqual(await server.next('chat'), { op: 'chat', text: 'hello <b>' });
});

test('a button in a form may have a name of its own: the fields travel with it', async () => {
    await show('<form><input name="text" value="hi" required><button data-send="shout" data-loud="yes">Shout</button></form>');
    await tab.click('button');
    assert.deepEqual(await server.next('shout'), { op: 'shout', loud: 'yes', text: 'hi' });
    assert.equal(await tab.run('location.search'), '');
});

test('a form that the page itself has stopped is not sent', async () => {
    await show('<form data-send="chat" onsubmit="event.preventDefault()"><button>Go</button></form><button id="b" data-send="end">x</button>');
    await tab.click('form button');
    await tab.click('#b');
    await server.next('end');
    assert.deepEqual(server.heard, []);
});

test('a field with data-send sends itself when it changes, not when it is pressed', async () => {
    await show('<input data-send="nick" name="my-name"><select data-send="pick"><option>a<option>b</select>');
    await tab.click('input');
    await tab.type('input', 'amy');
    await tab.run('document.querySelector("input").blur()');
    await tab.run('{ const s = document.querySelector("select"); s.value = "b"; s.dispatchEvent(new Event("change", {bubbles: true})); }');
    assert.deepEqual(await server.next('pick'), { op: 'pick', value: 'b' });
    assert.deepEqual(server.heard, [{ op: 'nick', my_name: 'amy' }]);
});

test('a data-send that can’t work is told to Python, and the page stays', async () => {
    await show('<form data-send="connect"><button>1</button></form><form id="f" data-send><button>2</button></form>');
    await tab.click('button');
    assert.match((await server.next('_error')).msg, /'connect' is one of wszero's own names/);
    await tab.click('#f button');
    assert.match((await server.next('_error')).msg, /data-send needs the name of the message/);
    assert.equal(await tab.run('location.search'), '');
});

test('the line of a data-send is told when Python can’t handle it', async () => {
    await show('\n<button data-send="buzz">1</button>\n<button id="two" data-send="buzz">2</button>');
    await tab.click('#two');
    await server.next('buzz');
    server.say({ op: 'error', code: 'parameters', msg: '…', about: 'buzz' });
    assert.deepEqual(await server.next('_where'),
        { op: '_where', about: 'buzz', code: 'parameters', file: '/quiz.html', line: 3, kind: 'data-send' });
});

test('data-show puts values into every kind of element', async () => {
    await show(`<p id="all" data-show="hello"></p><p id="text" data-show="hello.text"></p><input id="field" data-show="hello.text">
        <input id="tick" type="checkbox" data-show="hello.yes"><progress id="bar" max="10" data-show="hello.points"></progress>
        <b id="deep" data-show="hello.players.amy">-</b><b id="thing" data-show="hello.players">-</b><b id="none" data-show="hello.nothing">-</b>`);
    server.say({ op: 'hello', text: '<i>hi</i>', yes: true, points: 7, players: { amy: 3 }, nothing: null });
    await tab.until('text.textContent !== ""');
    assert.deepEqual(await tab.run('[all.textContent, text.innerHTML, field.value, tick.checked, bar.value, deep.textContent, thing.textContent, none.textContent]'), [
        'text: <i>hi</i>, yes: true, points: 7, players: {"amy":3}, nothing: ', '&lt;i&gt;hi&lt;/i&gt;', '<i>hi</i>', true, 7, '3', '{"amy":3}', '']);
});

test('a slip of the pen in data-show is told once', async () => {
    await show('<p data-show="hello.txt">-</p>');
    server.say({ op: 'hello', text: 'hi' });
    server.say({ op: 'hello', text: 'hi' });
    const { kind, msg, about } = await server.next('_error');
    assert.deepEqual({ kind, msg, about }, { kind: 'attribute', about: 'hello',
        msg: 'data-show="hello.txt": hello came without txt. It carries text' });
    await tab.run('ask("end")');
    assert.deepEqual(server.heard.filter(({ op }) => op === '_error'), []);
});

test('data-list adds a line for each value, and keeps the last 500 and the page’s own heading', async () => {
    await show('<ul id="list" data-list="here.text"><li>Who is here?</ul><div id="box" data-list="here"></div>');
    server.say({ op: 'here', text: '<b>amy</b>' });
    server.say({ op: 'here', text: ['bob', 'cy'] });
    await tab.until('list.children.length === 4');
    assert.deepEqual(await tab.run('[list.innerText, box.innerHTML]'), ['Who is here?\n<b>amy</b>\nbob\ncy',
        '<div>&lt;b&gt;amy&lt;/b&gt;</div><div>bob</div><div>cy</div>']);
    server.say({ op: 'here', text: Array.from({ length: 600 }, (_, i) => i) });
    await tab.until('list.lastChild.textContent === "599"');
    assert.deepEqual(await tab.run('[list.children.length, list.firstChild.textContent, list.children[1].textContent]'),
        [501, 'Who is here?', '100']);
});

test('a list follows its newest line, unless somebody reads above', async () => {
    await show('<ul id="list" data-list="here" style="height: 90px; overflow: auto"></ul>');
    const at_end = 'list.scrollHeight - list.scrollTop - list.clientHeight < 8';
    server.say({ op: 'here', who: Array.from({ length: 50 }, (_, i) => i) });
    await tab.until('list.children.length === 50');
    assert.equal(await tab.run(at_end), true);
    await tab.run('list.scrollTop = 0');
    server.say({ op: 'here', who: 'late' });
    await tab.until('list.children.length === 51');
    assert.equal(await tab.run('list.scrollTop'), 0);
});

test('data-messages tells in words what was sent and got', async () => {
    await show('<ul data-messages></ul><button data-send="paint" data-colour="red">x</button>');
    await tab.click('button');
    await server.next('paint');
    server.say({ op: 'paint', colour: 'red', size: 3 });
    server.say({ op: 'eval_js', script: '1 + 1' });
    await tab.until('document.querySelector("ul").children.length === 3');
    await tab.run('ask("add", {value: 4})');
    assert.equal(await tab.run('document.querySelector("ul").innerText'),
        'sent paint colour: red\ngot paint colour: red, size: 3\ngot code to run: 1 + 1\nsent add value: 4\ngot an answer: 4');
});

test('showing a message is hearing it; listing all messages is not', async () => {
    await show('<p data-show="shown.text"></p><ul data-list="listed"></ul><ul data-messages></ul>');
    for (const op of ['shown', 'listed', 'neither']) { server.say({ op, text: 'hi' }); }
    const { about, known } = await server.next('_error');
    assert.deepEqual({ about, known }, { about: 'neither', known: ['shown', 'listed'] });
    await tab.run('ask("end")');
    assert.deepEqual(server.heard.filter(({ op }) => op === '_error'), []);
});
