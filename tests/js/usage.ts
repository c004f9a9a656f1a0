// Only checked by tsc, never run: a page in TypeScript with our types, as globals and imported.
import wszero, { HANDLERS, ask, on, send, send_message } from './wszero.mjs';

const stop: () => void = on('hello', (msg) => { document.title = msg.text; });
stop();
send('paint', { colour: 'red', sizes: [1, 2] });
send('buzz');
send_message({ op: 'chat', text: 'hi' });
HANDLERS.chat = (msg) => console.log(msg.op, msg.text);
const sum: Promise<number> = ask<number>('add', { a: 1, b: 2 });
sum.then((value) => value.toFixed(1));
wszero.on_status((status, reason) => { document.title = status === 'kicked' ? reason : wszero.name; });
window.wszero.on_message((direction, msg) => console.log(window.wszero.in_words(direction, msg)));
window.on('error', async (msg) => console.warn(msg.code));

// @ts-expect-error a value needs a name
send('chat', 'hello');
// @ts-expect-error a handler is a function
on('chat', 'hello');
// @ts-expect-error a message has a name
send_message({ text: 'hi' });
// @ts-expect-error there is no such status
wszero.on_status((status) => status === 'open');

export {};
