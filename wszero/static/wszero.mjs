// @ts-check
// For `import`: import {on, send, ask} from './wszero.mjs'. In a page that has wszero.js
// already, in a bundle beside it too, these are the same functions: one page, one client.
import './wszero.js';

/** @type {import('./wszero').Wszero} */
export const wszero = globalThis.wszero;
export const { on, send, ask, send_message, HANDLERS } = wszero;
export default wszero;
