// Where in the child's files something happened, as three browsers tell it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePage } from './fake_page.mjs';

const { parse_stack, place_in, file_of, line_of_data_send, backoff_ms } = new FakePage().wszero._;
const HERE = 'http://localhost:8000';
const OWN = `${HERE}/wszero.js`;

const CHROMIUM = `Error: give it a name
    at make_message (http://localhost:8000/wszero.js:141:19)
    at send (http://localhost:8000/wszero.js:900:22)
    at buzz (http://localhost:8000/quiz.js:12:5)
    at HTMLButtonElement.onclick (http://localhost:8000/:14:40)`;
const FIREFOX = `make_message@http://localhost:8000/wszero.js:141:19
send@http://localhost:8000/wszero.js:900:22
buzz@http://localhost:8000/quiz.js:12:5
onclick@http://localhost:8000/:14:40
`;
const SAFARI = `make_message@http://localhost:8000/wszero.js:141:19
send@http://localhost:8000/wszero.js:900:22
buzz@http://localhost:8000/quiz.js:12:5
[native code]
global code@http://localhost:8000/:14:40`;

for (const [name, stack] of Object.entries({ CHROMIUM, FIREFOX, SAFARI })) {
    test(`the first line that is not ours is found in a stack of ${name}`, () => {
        assert.deepEqual(place_in(stack, OWN, HERE), { file: '/quiz.js', line: 12, col: 5 });
        assert.deepEqual(parse_stack(stack).map(({ line }) => line), [141, 900, 12, 14]);
    });
}

test('lines in many shapes are understood', () => {
    const at = (line) => place_in(line, OWN, HERE);
    assert.deepEqual(at('    at http://localhost:8000/:3:7'), { file: '/', line: 3, col: 7 });
    assert.deepEqual(at('    at async http://localhost:8000/a.js:3:7'), { file: '/a.js', line: 3, col: 7 });
    assert.deepEqual(at('    at new Game (http://localhost:8000/a.js?t=12:3:7)'), { file: '/a.js', line: 3, col: 7 });
    assert.deepEqual(at('@http://localhost:8000/@vite/client:3:7'), { file: '/@vite/client', line: 3, col: 7 });
    assert.deepEqual(at('f@http://[::1]:8000/a.js:3:7'), { file: 'http://[::1]:8000/a.js', line: 3, col: 7 });
    assert.deepEqual(at('    at f (http://localhost:8000/my%20game(1).js:3:7)'), { file: '/my%20game(1).js', line: 3, col: 7 });
    assert.deepEqual(at('    at f (https://example.org/lib.js:3:7)'), { file: 'https://example.org/lib.js', line: 3, col: 7 });
});

test('code without a file is left out', () => {
    assert.equal(place_in('    at eval (eval at run (http://localhost:8000/x.js:1:1), <anonymous>:1:7)', OWN, HERE), null);
    assert.equal(place_in('f@http://localhost:8000/x.js line 10 > eval:1:7', OWN, HERE), null);
    assert.equal(place_in('    at Array.forEach (<anonymous>)', OWN, HERE), null);
    assert.deepEqual(parse_stack(undefined), []);
});

test('a file of this server is its path, another one its address', () => {
    assert.equal(file_of('http://localhost:8000/a/b.js?x=1#y', HERE), '/a/b.js');
    assert.equal(file_of('http://localhost:9000/a.js', HERE), 'http://localhost:9000/a.js');
    assert.equal(file_of('/my quiz.css', HERE), '/my%20quiz.css');
    assert.equal(file_of('http://[', HERE), 'http://[');
});

test('the line of a data-send is found in the text of the page', () => {
    const html = '<p>\n<button data-send="buzz">\n<form data-send=chat>\n<b data-send = \'buzz\'>\n';
    assert.equal(line_of_data_send(html, 'buzz', 0), 2);
    assert.equal(line_of_data_send(html, 'buzz', 1), 4);
    assert.equal(line_of_data_send(html, 'chat', 0), 3);
    assert.equal(line_of_data_send(html, 'buzz', 5), 2); // made by a script, from one of these
    assert.equal(line_of_data_send(html, 'none', 0), null);
});

test('waiting grows with full jitter, up to a cap, and is never nothing', () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((failures) => backoff_ms(failures, 2000, 1)),
        [100, 200, 400, 800, 1600, 2000, 2000]);
    assert.equal(backoff_ms(3, 2000, 0.5), 400);
    assert.equal(backoff_ms(9, 500, 1), 500);
    assert.equal(backoff_ms(9, 2000, 0), 50);
});
