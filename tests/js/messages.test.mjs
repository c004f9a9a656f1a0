// What is read, what can be sent, and in which words the rest is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { FakePage } from './fake_page.mjs';

const { wszero } = new FakePage();
const { decode, encode, make_message, is_reserved, pick } = wszero._;

function vectors(name) {
    return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}

/** Why a value is refused, in words. */
function refused(params, op = 'test') {
    try {
        return `sent: ${encode('send', make_message('send', op, params))}`;
    } catch (error) {
        assert.equal(error.name, 'wszero', error.stack);
        return error.message;
    }
}

for (const { name, text, ok, message, code } of vectors('messages')) {
    test(`a frame with ${name} is ${ok ? 'a message' : `refused as ${code}`}`, () => {
        const read = decode(text);
        // What is the server's to send is refused from pages; here it is only told apart.
        const seen = read.ok && is_reserved(read.message.op) ? { ok: false, code: 'reserved_op' } : read;
        assert.equal(seen.ok, ok);
        assert.deepEqual(ok ? seen.message : seen.code, ok ? message : code);
    });
}

function circle(put) {
    return put;
}

const BUILDERS = {
    nan: () => NaN,
    infinity: () => Infinity,
    minus_infinity: () => -Infinity,
    set: () => new Set([1, 2]),
    function: () => circle,
    object: () => new (class Player { #secret = 1; read() { return this.#secret; } })(),
    list_in_itself: () => { const list = []; list.push(list); return list; },
    object_in_itself: () => { const thing = {}; thing.me = thing; return thing; },
    deep: () => { let value = []; for (let i = 1; i < 5000; i += 1) { value = [value]; } return value; },
};

function built(value) {
    if (Array.isArray(value)) { return value.map(built); }
    if (value === null || typeof value !== 'object') { return value; }
    if ('$build' in value) { return BUILDERS[value.$build](); }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, built(inner)]));
}

for (const { name, params, ok, path } of vectors('values')) {
    test(`${name} ${ok ? 'can be sent' : `can't be sent, and the words name ${path}`}`, () => {
        if (ok) {
            const frame = encode('send', make_message('send', 'test', built(params)));
            assert.deepEqual(JSON.parse(frame), { op: 'test', ...params });
        } else {
            assert.ok(refused(built(params)).includes(path), refused(built(params)));
        }
    });
}

test('words say what the value is, where, and what to try', () => {
    assert.equal(refused({ players: [1, 2, new Set()] }),
        "send('test', …): players[2] is a Set, which can't be sent: try Array.from(…)");
    assert.equal(refused({ a: new Map() }), "send('test', …): a is a Map, which can't be sent: try Object.fromEntries(…)");
    assert.match(refused({ a: Promise.resolve() }), /a is a Promise, .*: write await before it$/);
    assert.match(refused({ a: 1n }), /a is a BigInt, .*: try Number\(…\)$/);
    assert.match(refused({ a: undefined }), /a is undefined, which can't be sent/);
    assert.match(refused({ a: [1, , 3] }), /a\[1\] is undefined/); // eslint-disable-line no-sparse-arrays
    assert.match(refused({ a: () => 1 }), /a is a function/);
    assert.match(refused({ a: Symbol('x') }), /a is a symbol/);
    assert.match(refused({ a: /x/ }), /a is a RegExp/);
    assert.match(refused({ a: new Error('x') }), /a is an Error/);
    assert.match(refused({ a: new Uint8Array(2) }), /a is an? Uint8Array/);
});

test('circles and depths are told as what they are', () => {
    assert.equal(refused({ me: BUILDERS.list_in_itself() }), "send('test', …): me[0] contains itself, so it never ends");
    assert.match(refused({ me: BUILDERS.deep() }), /nested too deep: 100 levels can be sent$/);
});

test('quotes in names do not spoil the path', () => {
    assert.match(refused({ a: { "it's": NaN } }), /a\['it\\'s'\] is NaN/);
});

test('what can tell how it travels does so, fields of a class travel', () => {
    class Player { constructor() { this.name = 'amy'; } }
    assert.equal(refused({ when: new Date(0), who: new Player() }),
        'sent: {"op":"test","when":"1970-01-01T00:00:00.000Z","who":{"name":"amy"}}');
});

test('objects of another frame are objects', () => {
    assert.equal(refused(vm.runInNewContext('({ list: [1, { a: 2 }] })')), 'sent: {"op":"test","list":[1,{"a":2}]}');
    assert.equal(refused(Object.assign(Object.create(null), { a: 1 })), 'sent: {"op":"test","a":1}');
});

test('a value without a name is shown with one', () => {
    assert.equal(refused('hello', 'chat'), "give it a name: send('chat', {text: 'hello'})");
    assert.equal(refused("it's", 'chat'), "give it a name: send('chat', {text: 'it\\'s'})");
    assert.equal(refused(5, 'move'), "give it a name: send('move', {value: 5})");
    assert.equal(refused([1], 'move'), "give it a name: send('move', {items: […]})");
    assert.match(refused(new Set([1]), 'move'), /send\('move', …\) got a Set/);
});

test('no second value is no parameters', () => {
    assert.equal(refused(undefined), 'sent: {"op":"test"}');
    assert.equal(refused(null), 'sent: {"op":"test"}');
});

test("wszero's own names are refused, and another one is proposed", () => {
    assert.equal(refused({}, 'connect'), "'connect' is one of wszero's own names. Choose another: 'my_connect'");
    assert.equal(refused({}, '_score'), "'_score' is one of wszero's own names. Choose another: 'score'");
    for (const op of ['error', 'eval_js', 'disconnect', '_']) { assert.match(refused({}, op), /wszero's own/); }
    assert.match(refused({ op: 'x' }), /'op' is one of wszero's own names/);
    assert.match(refused({ _ask: 1 }), /'_ask' is one of wszero's own names/);
    for (const op of ['', 5, null, {}, ['chat']]) { assert.match(refused({}, op), /needs the name of the message first/); }
});

test('all words for children are short and plain', () => {
    const texts = [refused('hello'), refused({ a: NaN }), refused({ a: new Set() }), refused({ a: { b: undefined } }),
        refused({}, 'connect'), refused({}, ''), refused({ op: 1 }), refused(BUILDERS.deep())];
    for (const text of texts) {
        assert.ok(text.split(/\s+/).length <= 25, text);
        assert.doesNotMatch(text, /traceback|exception|argument|positional|coroutine|decorator/i);
    }
});

test('data-show finds a value, however deep, and only what is really there', () => {
    const score = { op: 'score', players: { amy: 3, list: ['a', 'b'] }, text: 'hi' };
    assert.deepEqual(pick(score, 'score.players.amy'), { value: 3 });
    assert.deepEqual(pick(score, 'score.players.list.1'), { value: 'b' });
    assert.equal(pick(score, 'score.players.bob'), null);
    assert.equal(pick(score, 'score.text.length'), null);
    assert.equal(pick(score, 'score.constructor'), null);
    assert.deepEqual(pick({ op: 'my.game', text: 'hi' }, 'my.game.text'), { value: 'hi' });
});

test('data-show without a field shows the only value, or all', () => {
    assert.deepEqual(pick({ op: 'hello', text: 'hi' }, 'hello'), { value: 'hi' });
    assert.deepEqual(pick({ op: 'paint', colour: 'red', size: 3 }, 'paint'), { value: 'colour: red, size: 3' });
    assert.deepEqual(pick({ op: 'start' }, 'start'), { value: 'start' });
});

test('messages can be told in words', () => {
    assert.equal(wszero.in_words('sent', { op: 'paint', colour: 'red' }), 'sent paint colour: red');
    assert.equal(wszero.in_words('got', { op: 'score', amy: 3, list: [1, 'a'] }), 'got score amy: 3, list: [1,"a"]');
    assert.equal(wszero.in_words('sent', { op: 'add', a: 1, _ask: 7 }), 'sent add a: 1');
    assert.equal(wszero.in_words('got', { op: '_answer', ask: 7, value: null }), 'got an answer: nothing');
    assert.equal(wszero.in_words('got', { op: 'eval_js', script: 'alert(1)' }), 'got code to run: alert(1)');
    assert.equal(wszero.in_words('got', { op: 'chat', text: 'x'.repeat(9999) }).length, 505);
});
