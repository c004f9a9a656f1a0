// @ts-check
// For `import`: import {on, send, ask} from './wszero.mjs'. Where the page has wszero.js
// already, these are the same functions: one page, one client.
import './wszero.js';

export const { wszero } = globalThis;
export const { on, send, ask, send_message, HANDLERS } = wszero;
export default wszero;
