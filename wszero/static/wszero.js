// @ts-check
/*
 * wszero.js: the page's side of wszero. One plain script, no build step:
 *
 *     <script src="/wszero.js"></script>        (wszero adds it to a page that lacks it)
 *
 *     on('stamp', function (msg) { … })          hear a message from Python
 *     send('paint', {colour: 'red'})             send one to Python
 *     const sum = await ask('add', {a: 1, b: 2}) send one and wait for what Python returns
 *     HANDLERS.stamp = function (msg) { … }      the same as on()
 *     send_message({op: 'paint', colour: 'red'}) the same as send()
 *
 * and, for pages with no script at all, the attributes data-send, data-show, data-list and
 * data-messages (section 6). Types: wszero.d.ts. For `import`: wszero.mjs.
 *
 * General layout. 1: pure parts, the messages. 2: pure parts, places in the child's files.
 * 3: the connection. 4: messages that arrive. 5: trouble that is told to Python.
 * 6: the attributes. 7: the badge. 8: the names a page uses, and the start.
 * Everything of the browser's is reached through `window`, so a test can hand in another one.
 */
(function (/** @type {Window & typeof globalThis} */ window) {
    'use strict';

    // One page, one client: a second copy (in a bundle, say) gives way to the first.
    // An element with id="wszero" is also window.wszero, and is not a copy.
    if (window.wszero && typeof window.wszero.send_message === 'function') {
        return;
    }

    /**
     * @typedef {import('./wszero').WszeroMessage} Message
     * @typedef {import('./wszero').WszeroStatus} Status
     * @typedef {{url: string, line: number, col: number}} Frame a line of a stack
     * @typedef {{file: string, line: number | null, col: number | null}} Place
     * @typedef {{ok: true, message: Message} | {ok: false, code: string, words: string}} Decoded
     */

    // ---- 1. Pure parts: messages ---------------------------------------------------------

    /** The frame itself is level 1; the same number as in Python. */
    const MAX_DEPTH = 100;
    const OWN_OPS = ['error', 'eval_js', 'connect', 'disconnect'];

    /** @param {string} words @returns {Error} a mistake in the page, in the child's words */
    function mistake(words) {
        const error = new Error(words);
        error.name = 'wszero';
        return error;
    }

    /** @param {string} op @returns {boolean} whether wszero keeps this name for itself */
    function is_reserved(op) {
        return op.startsWith('_') || OWN_OPS.includes(op);
    }

    /** @param {object} thing @param {string} key @returns {boolean} */
    function has(thing, key) {
        return Object.prototype.hasOwnProperty.call(thing, key);
    }

    /**
     * Reads one frame.
     * @param {unknown} text
     * @returns {Decoded}
     */
    function decode(text) {
        if (typeof text !== 'string') {
            return { ok: false, code: 'binary', words: 'a message must be text' };
        }
        let value;
        try {
            value = JSON.parse(text);
        } catch (error) {
            return { ok: false, code: 'not_json', words: 'this is not JSON: ' + text.slice(0, 60) };
        }
        if (is_deeper_than(value, MAX_DEPTH)) {
            return { ok: false, code: 'not_json', words: 'this message is nested too deep' };
        }
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
            return { ok: false, code: 'not_object', words: 'a message must look like {"op": "chat"}' };
        }
        if (typeof value.op !== 'string' || value.op === '') {
            return { ok: false, code: 'no_op', words: 'a message needs its name: {"op": "chat"}' };
        }
        return { ok: true, message: value };
    }

    /** @param {unknown} value @param {number} levels @returns {boolean} */
    function is_deeper_than(value, levels) {
        if (typeof value !== 'object' || value === null) {
            return false;
        }
        return levels === 0 || Object.values(value).some((inner) => is_deeper_than(inner, levels - 1));
    }

    /** What to write instead, for values that many people try to send. */
    /** @type {Record<string, string>} */
    const INSTEAD = {
        Map: 'try Object.fromEntries(…)',
        Set: 'try Array.from(…)',
        Promise: 'write await before it',
        BigInt: 'try Number(…)',
        NodeList: 'try Array.from(…)',
    };

    /** @param {any} value @returns {string} "a Set", "an HTMLInputElement" */
    function kind_of(value) {
        if (typeof value === 'bigint') {
            return 'a BigInt';
        }
        if (typeof value !== 'object') {
            return typeof value === 'function' ? 'a function' : String(value);
        }
        const tag = Object.prototype.toString.call(value).slice(8, -1);
        const maker = value.constructor;
        const name = tag !== 'Object' ? tag : (typeof maker === 'function' && maker.name) || 'object';
        return (/^(?:[AEIOU]|HTML|SVG|XML)/i.test(name) ? 'an ' : 'a ') + name;
    }

    /** @param {any} value @returns {boolean} whether its own keys are all there is to it */
    function is_record(value) {
        // By its tag and its prototype's prototype, so that an object of another frame counts
        // too. An instance of a page's own class travels as its fields, if it has any.
        if (Object.prototype.toString.call(value) !== '[object Object]') {
            return false;
        }
        const parent = Object.getPrototypeOf(value);
        const is_plain = parent === null || Object.getPrototypeOf(parent) === null;
        return is_plain || Object.keys(value).length > 0;
    }

    /** @param {string} path @param {string} key @returns {string} the same path as in Python */
    function path_to(path, key) {
        return path === '' ? key : path + "['" + key.replace(/[\\']/g, '\\$&') + "']";
    }

    /**
     * Looks for the first value that can't be sent.
     * @param {any} value
     * @param {string} path where it stands: players[2]
     * @param {number} depth its level; the frame is 1
     * @param {object[]} above the lists and objects that hold it
     * @returns {string | null} words, or null when all is well
     */
    function find_fault(value, path, depth, above) {
        if (value !== null && typeof value === 'object' && typeof value.toJSON === 'function') {
            value = value.toJSON(); // a Date knows how it travels
        }
        if (value === null || typeof value === 'string' || typeof value === 'boolean') {
            return null;
        }
        const where = path || 'the second value';
        if (typeof value === 'number') {
            return Number.isFinite(value) ? null : `${where} is ${value}, which is no number to send`;
        }
        const is_list = Array.isArray(value);
        if (typeof value !== 'object' || (!is_list && !is_record(value))) {
            const kind = kind_of(value);
            const instead = INSTEAD[kind.replace(/^an? /, '')] || (/^an? (?:HTML|SVG)/.test(kind)
                ? 'try its .value' : 'try text, a number, true, false, null, a list or {…}');
            return `${where} is ${kind}, which can't be sent: ${instead}`;
        }
        if (above.includes(value)) {
            return `${where} contains itself, so it never ends`;
        }
        if (depth > MAX_DEPTH) {
            return `${where} is nested too deep: at most ${MAX_DEPTH} levels`;
        }
        above.push(value);
        let fault = null;
        if (is_list) {
            for (let i = 0; i < value.length && fault === null; i += 1) {
                fault = find_fault(value[i], `${path}[${i}]`, depth + 1, above);
            }
        } else {
            for (const key of Object.keys(value)) {
                fault = fault || find_fault(value[key], path_to(path, key), depth + 1, above);
            }
        }
        above.pop();
        return fault;
    }

    /**
     * @param {string} call how the page called us, for the words: "send"
     * @param {unknown} op
     */
    function check_op(call, op) {
        if (typeof op !== 'string' || op === '') {
            throw mistake(`${call} needs the name of the message first: ${call}('chat', …)`);
        }
        if (is_reserved(op)) {
            const other = op.startsWith('_') ? op.replace(/^_+/, '') || 'chat' : 'my_' + op;
            throw mistake(`'${op}' is one of wszero's own names. Choose another: '${other}'`);
        }
    }

    /**
     * Makes the message of send('chat', {text: 'hello'}).
     * @param {string} call "send" or "ask"
     * @param {unknown} op
     * @param {any} params
     * @returns {Message}
     */
    function make_message(call, op, params) {
        check_op(call, op);
        if (params === undefined || params === null) {
            return { op: /** @type {string} */ (op) };
        }
        if (typeof params !== 'object' || Array.isArray(params)) {
            const simple = ['string', 'number', 'boolean'].includes(typeof params);
            const name = typeof params === 'string' ? 'text' : Array.isArray(params) ? 'items' : 'value';
            const value = typeof params === 'string'
                ? "'" + params.slice(0, 30).replace(/[\\']/g, '\\$&') + "'" : simple ? String(params) : '…';
            throw mistake(`give it a name: ${call}('${op}', {${name}: ${value}})`);
        }
        if (!is_record(params)) {
            throw mistake(`${call}('${op}', …): the second value is ${kind_of(params)}. Try {text: 'hello'}`);
        }
        for (const own of ['op', '_ask']) {
            if (has(params, own)) {
                throw mistake(`${call}('${op}', …): '${own}' is one of wszero's own names. Choose another.`);
            }
        }
        return { op, ...params };
    }

    /**
     * Turns a message into a frame.
     * @param {string} call
     * @param {Message} message
     * @returns {string}
     */
    function encode(call, message) {
        const fault = find_fault(message, '', 1, []);
        if (fault !== null) {
            throw mistake(`${call}('${message.op}', …): ${fault}`);
        }
        return JSON.stringify(message);
    }

    /** @param {unknown} value @returns {string} as a page shows it */
    function text_of(value) {
        if (value === null || value === undefined) {
            return '';
        }
        return typeof value === 'object' ? JSON.stringify(value) : String(value);
    }

    /** @param {Message} message @returns {string[]} */
    function names_in(message) {
        return Object.keys(message).filter((key) => key !== 'op' && key !== '_ask');
    }

    /** @param {Message} message @returns {string} "text: hi, size: 3" */
    function params_in_words(message) {
        return names_in(message).map((key) => `${key}: ${text_of(message[key])}`).join(', ');
    }

    /** @param {'sent' | 'got'} direction @param {Message} message @returns {string} */
    function in_words(direction, message) {
        let what = `${message.op} ${params_in_words(message)}`;
        if (message.op === 'eval_js') {
            what = `code to run: ${text_of(message.script)}`;
        } else if (message.op === '_answer') {
            what = `an answer: ${text_of(has(message, 'error') ? message.error : message.value)}`;
        } else if (message.op === 'error') {
            what = `an error: ${text_of(message.msg)}`;
        }
        const line = `${direction} ${what}`.trim();
        return line.length > 500 ? line.slice(0, 499) + '…' : line;
    }

    /**
     * What data-show="score.players.amy" means in this message.
     * @param {Message} message
     * @param {string} wanted
     * @returns {{value: unknown} | null} null: this message is not meant, or lacks it
     */
    function pick(message, wanted) {
        if (wanted === message.op) {
            const names = names_in(message);
            const value = names.length === 1 ? message[names[0]] : params_in_words(message) || message.op;
            return { value };
        }
        if (!wanted.startsWith(message.op + '.')) {
            return null;
        }
        /** @type {any} */
        let value = message;
        for (const name of wanted.slice(message.op.length + 1).split('.')) {
            if (typeof value !== 'object' || value === null || !has(value, name)) {
                return null;
            }
            value = value[name];
        }
        return { value };
    }

    /**
     * Full jitter: a class whose network comes back must not knock all at once.
     * @param {number} failures in a row, from 0
     * @param {number} cap_ms
     * @param {number} random from 0 to 1
     * @returns {number} ms to wait
     */
    function backoff_ms(failures, cap_ms, random) {
        return Math.max(50, Math.round(random * Math.min(cap_ms, 100 * 2 ** failures)));
    }

    // ---- 2. Pure parts: places in the child's files ---------------------------------------

    /**
     * The lines of a stack, in the form of Chromium, Firefox or Safari. Lines without a file
     * (native code, code of eval_js) are left out.
     * @param {string | undefined} stack
     * @returns {Frame[]}
     */
    function parse_stack(stack) {
        const frames = [];
        for (const line of String(stack || '').split('\n')) {
            const found = /(?:^|[\s(@])([a-z][a-z-]*:\/\/\S+?):(\d+):(\d+)\)?$/.exec(line.trim());
            if (found) {
                frames.push({ url: found[1], line: Number(found[2]), col: Number(found[3]) });
            }
        }
        return frames;
    }

    /** @param {string} url @param {string} origin @returns {string} its path; all of it when it is elsewhere */
    function file_of(url, origin) {
        try {
            const parsed = new URL(url);
            return parsed.origin === origin ? parsed.pathname : parsed.origin + parsed.pathname;
        } catch (error) {
            return url;
        }
    }

    /**
     * The first line of the stack that is not ours.
     * @param {string | undefined} stack
     * @param {string} own the address of this script
     * @param {string} origin
     * @returns {Place | null}
     */
    function place_in(stack, own, origin) {
        const frame = parse_stack(stack).find((candidate) => candidate.url !== own);
        return frame ? { file: file_of(frame.url, origin), line: frame.line, col: frame.col } : null;
    }

    /**
     * The line where the page's HTML has its nth data-send="op".
     * @param {string} html
     * @param {string} op
     * @param {number} nth from 0
     * @returns {number | null} from 1
     */
    function line_of_data_send(html, op, nth) {
        const places = [];
        const pattern = /data-send\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
        for (let found = pattern.exec(html); found; found = pattern.exec(html)) {
            if ((found[1] || found[2] || found[3]) === op) {
                places.push(html.slice(0, found.index).split('\n').length);
            }
        }
        return places.length === 0 ? null : places[nth] || places[0];
    }

    // ---- 3. The connection ------------------------------------------------------------------

    const document = window.document;
    const location = window.location;
    const is_local = Boolean(location) && ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
    const CAP_MS = is_local ? 500 : 2000;
    const HELLO_MS = 10000; // a tablet's own limit for connecting is over a minute
    const MAX_QUEUE = 500;
    const KICKED = 4001;
    /** A hidden tab's timers run once a minute at the least: who stood longer was asleep. */
    const ASLEEP_MS = 75000;
    const OFFLINE_MS = 30000;
    const BEAT_MS = 5000;

    /** @type {WebSocket | null} */
    let socket = null;
    /** Waits either for the next try or for the server's hello, never for both. */
    /** @type {number | undefined} */
    let timer;
    /** @type {number | undefined} */
    let beat_timer;
    let beat_at = 0;
    let offline_at = 0;
    let failures = 0;
    let greeted = false;
    /** Set for good: kicked, turned off, or about to be loaded again. */
    let ended = false;
    let run = '';
    let my_name = '';
    let my_id = '';
    /** @type {Status} */
    let status = 'connecting';
    let reason = '';
    /** @type {{text: string, ask?: number}[]} */
    const queue = [];
    /** @type {string[]} */
    const own_queue = [];
    /** @type {Set<(status: Status, reason: string) => void>} */
    const status_listeners = new Set();

    /** @param {() => void} action @param {number} delay_ms */
    function set_timer(action, delay_ms) {
        window.clearTimeout(timer);
        timer = window.setTimeout(action, delay_ms);
    }

    /** @param {Status} now @param {string} [why] */
    function set_status(now, why = '') {
        if (now !== status || why !== reason) {
            status = now;
            reason = why;
            tell_status();
        }
    }

    function tell_status() {
        show_badge();
        for (const listener of Array.from(status_listeners)) {
            guarded(() => listener(status, reason), null);
        }
    }

    function open_socket() {
        leave_socket();
        const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
        const query = `page=${encodeURIComponent(location.pathname)}&run=${encodeURIComponent(run)}`;
        set_timer(() => { leave_socket(); lost(0, ''); }, HELLO_MS);
        /** @type {WebSocket} */
        let mine;
        try {
            mine = new window.WebSocket(`${scheme}//${location.host}/ws?${query}`);
        } catch (error) { // no host: the page was opened as a file
            lost(0, '');
            return;
        }
        socket = mine;
        // A socket that we have left may still speak: it is not listened to.
        mine.onmessage = (event) => { if (socket === mine) { receive(event.data); } };
        mine.onclose = (event) => { if (socket === mine) { lost(event.code, event.reason); } };
    }

    function leave_socket() {
        const old = socket;
        socket = null;
        greeted = false;
        window.clearTimeout(timer);
        if (old) {
            old.close();
        }
    }

    /** @param {number} code @param {string} why */
    function lost(code, why) {
        socket = null;
        const was_greeted = greeted;
        greeted = false;
        window.clearTimeout(timer);
        if (was_greeted) {
            reject_asks('the connection was lost', code === KICKED);
        }
        if (code === KICKED) {
            end();
            reject_asks('this page was sent out', true);
            set_status('kicked', why);
            return;
        }
        if (ended) {
            return;
        }
        failures = was_greeted ? 0 : failures + 1;
        set_timer(open_socket, backoff_ms(failures, CAP_MS, Math.random()));
        // The first retries are silent: the program is often back within a second.
        set_status(failures < 2 ? 'connecting' : 'disconnected');
    }

    /** No connection any more in the life of this page. */
    function end() {
        ended = true;
        leave_socket();
        window.clearTimeout(beat_timer);
        queue.length = 0;
        own_queue.length = 0;
    }

    function reload() {
        end();
        location.reload();
    }

    /** @param {Message} hello */
    function greet(hello) {
        if (run !== '' && hello.run !== run) {
            reload(); // another run knows nothing of this page
            return;
        }
        window.clearTimeout(timer);
        run = String(hello.run);
        my_id = text_of(hello.id);
        my_name = text_of(hello.name);
        greeted = true;
        failures = 0;
        set_status('connected');
        for (const item of queue.splice(0)) {
            transmit(item.text, item.ask);
        }
        for (const text of own_queue.splice(0)) {
            transmit(text);
        }
    }

    /** @param {string} text @param {number} [ask] */
    function transmit(text, ask) {
        if (greeted && socket && socket.readyState === 1) {
            socket.send(text);
            const waiting = ask === undefined ? undefined : asks.get(ask);
            if (waiting) {
                waiting.sent = true;
            }
        } else if (queue.length < MAX_QUEUE) {
            queue.push({ text, ask });
        } else {
            console.error(`wszero: not sent: ${MAX_QUEUE} messages already wait for the connection`);
        }
    }

    /** @param {Message} message one of wszero's own, for our server only */
    function transmit_own(message) {
        if (greeted && socket && socket.readyState === 1) {
            socket.send(JSON.stringify(message));
        } else if (!ended && own_queue.length < 20) {
            own_queue.push(JSON.stringify(message));
        }
    }

    /** Something says that the network or the page is back: look at once. */
    function wake() {
        if (ended || beat_at === 0) {
            return;
        }
        beat();
        if (!socket || socket.readyState > 1) {
            failures = 0;
            open_socket();
        }
    }

    /**
     * A tablet that slept often keeps a socket that says "open" and is dead. Timers stand
     * still meanwhile, and a server lets go of whoever answers no ping for most of a minute:
     * whoever stood still longer loses nothing by opening a new socket.
     */
    function beat() {
        const now = Date.now();
        const stood_ms = now - beat_at;
        beat_at = now;
        window.clearTimeout(beat_timer);
        beat_timer = window.setTimeout(beat, BEAT_MS);
        if (stood_ms > ASLEEP_MS && socket) {
            renew();
        }
    }

    function renew() {
        const was_greeted = greeted;
        leave_socket();
        if (was_greeted) {
            reject_asks('the connection was lost', false);
        }
        set_status('connecting');
        open_socket();
    }

    function network_back() {
        const away_ms = offline_at === 0 ? 0 : Date.now() - offline_at;
        offline_at = 0;
        if (away_ms > OFFLINE_MS && socket && !is_local && !ended) {
            renew();
        } else {
            wake();
        }
    }

    // ---- 4. Messages that arrive --------------------------------------------------------------

    const LATE_MS = 2000;
    const ASK_MS = 30000;
    /** @type {Map<number, {op: string, sent: boolean, timer: number, settle: (answer: Message) => void}>} */
    const asks = new Map();
    let last_ask = 0;
    /** @type {Map<string, Set<(msg: Message) => unknown>>} */
    const handlers = new Map();
    /** @type {Set<(direction: 'sent' | 'got', msg: Message) => void>} */
    const message_listeners = new Set();
    /** Came before the page (a React page, say) had registered its handlers. */
    /** @type {{message: Message, until: number}[]} */
    const early = [];
    /** @type {number | undefined} */
    let early_timer;
    let started_at = 0;
    /** @type {Set<string>} */
    const unhandled = new Set();

    /** @param {unknown} data */
    function receive(data) {
        const decoded = decode(data);
        if (!decoded.ok) {
            console.warn('wszero: ' + decoded.words);
            return;
        }
        const message = decoded.message;
        switch (message.op) {
            case '_hello': greet(message); break;
            case '_name': my_name = text_of(message.name); tell_status(); break;
            case '_changed': if (shows_any(message.paths)) { reload(); } break;
            case '_answer': note('got', message); answered(message); break;
            case 'eval_js': note('got', message); run_script(message); break;
            case 'error': note('got', message); got_error(message); break;
            default:
                if (!is_reserved(message.op)) {
                    note('got', message);
                    try_early();
                    if (!deliver(message)) {
                        keep_or_report(message);
                    }
                }
        }
    }

    /** @param {'sent' | 'got'} direction @param {Message} message */
    function note(direction, message) {
        for (const listener of Array.from(message_listeners)) {
            guarded(() => listener(direction, message), message.op);
        }
        for (const element of all('[data-messages]')) {
            guarded(() => add_line(element, in_words(direction, message)), message.op);
        }
    }

    /** @param {string} op @returns {((msg: Message) => unknown)[]} */
    function handlers_of(op) {
        const found = Array.from(handlers.get(op) || []);
        const table = /** @type {any} */ (window.HANDLERS);
        // What every object has (constructor, toString) is no handler of the page's.
        if (table && typeof table[op] === 'function' && (has(table, op) || !(op in Object.prototype))) {
            found.unshift((msg) => table[op](msg));
        }
        return found;
    }

    /** @param {Message} message @returns {boolean} whether anything in the page wanted it */
    function deliver(message) {
        const wanted = handlers_of(message.op);
        for (const handler of wanted) {
            guarded(() => handler(message), message.op);
        }
        return show(message) || wanted.length > 0 || message_listeners.size > 0;
    }

    /** @param {Message} message */
    function keep_or_report(message) {
        const now = Date.now();
        if (now - started_at < LATE_MS && early.length < MAX_QUEUE) {
            early.push({ message, until: now + LATE_MS });
            window.clearTimeout(early_timer);
            early_timer = window.setTimeout(try_early, 100);
        } else if (!unhandled.has(message.op)) {
            unhandled.add(message.op);
            const words = `nothing in this page listens for '${message.op}'`;
            console.warn(`wszero: ${words}. Try on('${message.op}', function (msg) { … })`);
            report('no_handler', words, here(), message.op);
        }
    }

    function try_early() {
        window.clearTimeout(early_timer);
        for (const item of early.splice(0)) {
            if (!deliver(item.message)) {
                if (Date.now() < item.until) {
                    early.push(item);
                } else {
                    keep_or_report(item.message);
                }
            }
        }
        if (early.length > 0) {
            early_timer = window.setTimeout(try_early, 100);
        }
    }

    /** @param {Message} answer */
    function answered(answer) {
        const waiting = asks.get(Number(answer.ask));
        if (waiting) {
            waiting.settle(answer);
        }
    }

    /** @param {string} why @param {boolean} everyone also those not sent yet */
    function reject_asks(why, everyone) {
        for (const waiting of Array.from(asks.values())) {
            if (waiting.sent || everyone) {
                waiting.settle({ op: '_answer', error: `ask('${waiting.op}') got no answer: ${why}`, code: 'closed' });
            }
        }
    }

    /** @param {Message} message */
    function run_script(message) {
        try {
            (0, window.eval)(String(message.script)); // indirect: in the page's global scope
        } catch (error) {
            console.error(error);
            report('eval_js', words_of(error), here(), 'eval_js');
        }
        listen(); // document.write() takes all listeners and the badge away
        show_badge();
    }

    /** @param {Message} message */
    function got_error(message) {
        if (typeof message.about === 'string') {
            tell_where(message.about, message.code);
        }
        const wanted = handlers_of('error');
        for (const handler of wanted) {
            guarded(() => handler(message), 'error');
        }
        if (!show(message) && wanted.length === 0) {
            console.warn('wszero: ' + text_of(message.msg));
        }
    }

    /** @param {unknown} paths @returns {boolean} whether this page is made of one of these files */
    function shows_any(paths) {
        const loaded = new Set([plain_path(location.pathname)]);
        const entries = window.performance ? window.performance.getEntriesByType('resource') : [];
        const addresses = entries.map((entry) => entry.name);
        for (const element of all('[src], link[href]')) {
            addresses.push(/** @type {any} */ (element).src || /** @type {any} */ (element).href);
        }
        for (const address of addresses) {
            const file = file_of(String(address), location.origin);
            if (file.startsWith('/')) {
                loaded.add(plain_path(file));
            }
        }
        return Array.isArray(paths) && paths.some((path) => loaded.has(plain_path(String(path))));
    }

    /** @param {string} path @returns {string} %20 and a space are the same file */
    function plain_path(path) {
        try {
            return decodeURIComponent(path);
        } catch (error) {
            return path;
        }
    }

    // ---- 5. Trouble, told to Python -----------------------------------------------------------

    const MAX_REPORTS = 20; // a minute: a mistake in an animation comes sixty times a second
    /** @type {number[]} */
    const report_times = [];
    /** Where each op was sent last, for errors that Python finds in it. */
    /** @type {Map<string, Error | Element>} */
    const sites = new Map();
    const own_url = find_own_url();

    /** @returns {string} the address of this script; '' inside a bundle */
    function find_own_url() {
        const frame = parse_stack(new Error().stack)[0];
        return frame && /\/wszero\.js$/.test(frame.url.replace(/[?#].*$/, '')) ? frame.url : '';
    }

    /** @returns {Place} this page, without a line */
    function here() {
        return { file: location.pathname, line: null, col: null };
    }

    /** @param {Function} entry the function that the page called @returns {Error} */
    function site_of_call(entry) {
        const site = new Error();
        const capture = /** @type {any} */ (Error).captureStackTrace;
        if (capture) {
            capture(site, entry); // in a bundle our frames have no file of their own
        }
        return site;
    }

    /** @param {string} op @param {Error | Element} site */
    function remember_site(op, site) {
        sites.delete(op);
        sites.set(op, site);
        if (sites.size > 200) {
            sites.delete(/** @type {string} */ (sites.keys().next().value));
        }
    }

    /** @param {unknown} error @returns {string} */
    function words_of(error) {
        if (error instanceof Error || (typeof error === 'object' && error && 'message' in error)) {
            const { name, message } = /** @type {Error} */ (error);
            return name && name !== 'wszero' ? `${name}: ${message}` : message;
        }
        try {
            return typeof error === 'string' ? error : text_of(error);
        } catch (circular) {
            return String(error);
        }
    }

    /** @param {unknown} error @returns {Place} */
    function place_of(error) {
        const stack = error && /** @type {any} */ (error).stack;
        return place_in(stack, own_url, location.origin) || here();
    }

    /**
     * Runs code of the page's; its mistakes are told to Python and harm nobody else.
     * @param {() => unknown} action
     * @param {string | null} about
     */
    function guarded(action, about) {
        /** @param {unknown} error */
        const failed = (error) => {
            console.error(error);
            report('error', words_of(error), place_of(error), about);
        };
        try {
            const result = /** @type {any} */ (action());
            if (result && typeof result.then === 'function') {
                result.then(undefined, failed);
            }
        } catch (error) {
            failed(error);
        }
    }

    /**
     * @param {'error' | 'rejection' | 'no_handler' | 'eval_js'} kind
     * @param {string} words
     * @param {Place} place
     * @param {string | null} about the op it is about
     */
    function report(kind, words, place, about) {
        const now = Date.now();
        while (report_times.length > 0 && now - report_times[0] > 60000) {
            report_times.shift();
        }
        if (report_times.length < MAX_REPORTS) {
            report_times.push(now);
            transmit_own({ op: '_error', kind, msg: words.slice(0, 1000), ...place, about, known: known_ops() });
        }
    }

    /** @returns {string[]} the ops that this page handles */
    function known_ops() {
        const known = new Set(handlers.keys());
        for (const op of Object.keys(window.HANDLERS || {})) {
            known.add(op);
        }
        for (const element of all('[data-show], [data-list]')) {
            for (const wanted of [element.getAttribute('data-show'), element.getAttribute('data-list')]) {
                if (wanted) {
                    known.add(wanted.split('.')[0]);
                }
            }
        }
        return Array.from(known).slice(0, 100);
    }

    /** @param {ErrorEvent} event */
    function page_error(event) {
        // ResizeObserver's loop notice is none of the child's doing, nor is an extension's error.
        if (/^ResizeObserver loop/.test(event.message) || /^[a-z-]+-extension:/.test(event.filename || '')) {
            return;
        }
        const filename = event.filename || location.href;
        const place = filename === own_url ? place_of(event.error)
            : { file: file_of(filename, location.origin), line: event.lineno || null, col: event.colno || null };
        const words = event.error ? words_of(event.error) : String(event.message).replace(/^Uncaught /, '');
        report('error', words, place, null);
    }

    /** @param {PromiseRejectionEvent} event */
    function page_rejection(event) {
        report('rejection', words_of(event.reason), place_of(event.reason), null);
    }

    /** @param {string} about @param {unknown} code */
    function tell_where(about, code) {
        const site = sites.get(about);
        if (site instanceof Error) {
            const place = place_in(site.stack, own_url, location.origin);
            if (place) {
                transmit_own({ op: '_where', about, code, file: place.file, line: place.line, kind: 'send' });
            }
        } else if (site) {
            // The browser knows no lines of HTML: the page's text has to be looked at again.
            const peers = all('[data-send]').filter((peer) => peer.getAttribute('data-send') === about);
            const nth = peers.indexOf(site);
            window.fetch(location.href, { cache: 'no-store' }).then((page) => page.text()).then((html) => {
                const line = line_of_data_send(html, about, nth);
                if (line !== null) {
                    transmit_own({ op: '_where', about, code, file: location.pathname, line, kind: 'data-send' });
                }
            }, () => undefined); // the error has been told without the line
        }
    }

    // ---- 6. The attributes --------------------------------------------------------------------

    const MAX_LINES = 500;
    const OUR_ATTRIBUTES = ['data-send', 'data-show', 'data-list', 'data-messages'];
    const CLEARED = ['text', 'search', 'email', 'url', 'tel', 'password', 'textarea'];
    /** The lines that we added, so that a heading inside the list stays. */
    /** @type {WeakMap<Element, Element[]>} */
    const lines_of = new WeakMap();
    /** Safari before 15.4 does not say which button submitted a form. */
    /** @type {Element | null} */
    let pressed = null;

    /** @param {string} selector @returns {Element[]} */
    function all(selector) {
        return Array.from(document.querySelectorAll(selector));
    }

    /** @param {Message} message @returns {boolean} whether an element wanted it */
    function show(message) {
        let is_wanted = false;
        for (const attribute of ['data-show', 'data-list']) {
            for (const element of all(`[${attribute}]`)) {
                const wanted = element.getAttribute(attribute) || '';
                const picked = pick(message, wanted);
                is_wanted = is_wanted || wanted === message.op || wanted.startsWith(message.op + '.');
                if (picked && attribute === 'data-show') {
                    guarded(() => put_value(element, picked.value), message.op);
                } else if (picked) {
                    const values = Array.isArray(picked.value) ? picked.value : [picked.value];
                    guarded(() => values.forEach((value) => add_line(element, text_of(value))), message.op);
                }
            }
        }
        return is_wanted;
    }

    /** @param {any} element @param {unknown} value */
    function put_value(element, value) {
        const tag = element.tagName.toLowerCase();
        if (tag === 'input' && element.type === 'checkbox') {
            element.checked = Boolean(value);
        } else if (tag === 'input' && element.type === 'radio') {
            element.checked = element.value === text_of(value);
        } else if (tag === 'progress' || tag === 'meter') {
            const number = Number(value);
            if (Number.isFinite(number)) {
                element.value = number;
            }
        } else if (['input', 'textarea', 'select'].includes(tag)) {
            element.value = text_of(value);
        } else {
            element.textContent = text_of(value);
        }
    }

    /** @param {Element} element @param {string} text */
    function add_line(element, text) {
        const is_at_end = element.scrollHeight - element.scrollTop - element.clientHeight < 8;
        const line = document.createElement(/^[uo]l$/i.test(element.tagName) ? 'li' : 'div');
        line.textContent = text;
        element.appendChild(line);
        const lines = lines_of.get(element) || [];
        lines_of.set(element, lines);
        lines.push(line);
        while (lines.length > MAX_LINES) {
            /** @type {Element} */ (lines.shift()).remove();
        }
        if (is_at_end) {
            element.scrollTop = element.scrollHeight;
        }
    }

    /** @param {Element} element @returns {Record<string, unknown>} data-my-size="3" → my_size: "3" */
    function values_of(element) {
        /** @type {Record<string, unknown>} */
        const values = {};
        for (const { name, value } of Array.from(element.attributes)) {
            // data-v-… is Vue's mark for its styles.
            if (name.startsWith('data-') && !OUR_ATTRIBUTES.includes(name) && !name.startsWith('data-v-')) {
                values[name.slice(5).replace(/-/g, '_')] = value;
            }
        }
        return values;
    }

    /** @param {any} field @returns {unknown} */
    function value_of(field) {
        switch (field.type) {
            case 'number': case 'range': return Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : null;
            case 'checkbox': return field.checked;
            case 'file': return field.files[0] || null; // refused in words when it is sent
            case 'select-multiple':
                return Array.from(field.selectedOptions).map((/** @type {any} */ option) => option.value);
            default: return field.value;
        }
    }

    /**
     * The named fields of a form. Several fields of one name make a list (checkboxes: of the
     * values that are ticked).
     * @param {HTMLFormElement} form
     * @param {any} submitter
     * @returns {Record<string, unknown>}
     */
    function fields_of(form, submitter) {
        /** @type {Map<string, any[]>} */
        const by_name = new Map();
        for (const field of /** @type {any[]} */ (Array.from(form.elements))) {
            const is_button = ['submit', 'button', 'reset', 'image'].includes(field.type);
            const is_field = is_button ? field === submitter : /^(?:input|select|textarea)$/i.test(field.tagName);
            if (field.name && is_field && !field.matches(':disabled')) {
                by_name.set(field.name, [...(by_name.get(field.name) || []), field]);
            }
        }
        /** @type {Record<string, unknown>} */
        const values = {};
        for (const [name, fields] of by_name) {
            let value = fields.length === 1 ? value_of(fields[0]) : fields.map(value_of);
            if (fields[0].type === 'radio') {
                const chosen = fields.find((field) => field.checked);
                value = chosen ? chosen.value : null;
            } else if (fields.length > 1 && fields[0].type === 'checkbox') {
                value = fields.filter((field) => field.checked).map((field) => field.value);
            }
            values[name.replace(/-/g, '_')] = value;
        }
        return values;
    }

    /**
     * @param {Element} element whose data-send it is
     * @param {Record<string, unknown>} values
     * @returns {boolean} whether the message is on its way
     */
    function send_for(element, values) {
        try {
            const op = element.getAttribute('data-send');
            if (!op) {
                throw mistake('data-send needs the name of the message: data-send="chat"');
            }
            post('data-send', make_message('data-send', op, values), element);
            return true;
        } catch (error) {
            console.error(error);
            report('error', words_of(error), here(), null);
            return false;
        }
    }

    /** @param {Event} event @returns {any} the element with data-send around what was touched */
    function sender_of(event) {
        const target = /** @type {any} */ (event.target);
        return target && target.closest ? target.closest('[data-send]') : null;
    }

    /** @param {Event} event */
    function clicked(event) {
        const target = /** @type {any} */ (event.target);
        pressed = target && target.closest ? target.closest('button, input') : null;
        const element = sender_of(event);
        if (!element || event.defaultPrevented || is_field(element) || element.tagName === 'FORM') {
            return;
        }
        if (element.type === 'submit' && element.form) {
            return; // "submitted" sends it, with the fields of the form
        }
        if (element.tagName === 'A' && /^#?$/.test(element.getAttribute('href') || '')) {
            event.preventDefault(); // no jump to the top, no new load
        }
        send_for(element, values_of(element));
    }

    /** @param {any} element @returns {boolean} a field has news when it changes, not when it is clicked */
    function is_field(element) {
        return /^(?:select|textarea)$/i.test(element.tagName) || (element.tagName === 'INPUT'
            && !['button', 'submit', 'reset', 'image'].includes(element.type));
    }

    /** @param {Event} event */
    function changed(event) {
        const element = /** @type {any} */ (event.target);
        if (element && element.getAttribute && element.getAttribute('data-send') !== null && is_field(element)) {
            const name = (element.name || 'value').replace(/-/g, '_');
            send_for(element, { ...values_of(element), [name]: value_of(element) });
        }
    }

    /** @param {Event} event */
    function submitted(event) {
        const form = /** @type {HTMLFormElement} */ (event.target);
        const submitter = /** @type {any} */ (event).submitter || pressed;
        const button = submitter && submitter.form === form ? submitter : null;
        const sender = button && button.hasAttribute('data-send') ? button : form;
        if (event.defaultPrevented || !sender.hasAttribute('data-send')) {
            return;
        }
        event.preventDefault(); // the page stays
        const values = { ...values_of(form), ...(button ? values_of(button) : {}), ...fields_of(form, button) };
        if (send_for(sender, values)) {
            for (const field of /** @type {any[]} */ (Array.from(form.elements))) {
                if (CLEARED.includes(field.type) && field.name && !field.readOnly && !field.matches(':disabled')) {
                    field.value = '';
                    field.dispatchEvent(new window.Event('input', { bubbles: true })); // Vue's v-model
                }
            }
        }
    }

    // ---- 7. The badge -------------------------------------------------------------------------

    const BADGE_STYLE = `
        :host { all: initial !important; position: fixed !important; right: 8px !important;
            bottom: 8px !important; z-index: 2147483647 !important; pointer-events: none !important; }
        div { font: 14px/1.3 system-ui, sans-serif; color: #fff; background: #333; padding: 6px 12px;
            border-radius: 16px; border: 1px solid #fff; max-width: 80vw; box-sizing: border-box; }
        div[data-status=connected] { width: 16px; height: 16px; padding: 0; background: #15803d;
            opacity: .8; font-size: 11px; line-height: 14px; text-align: center; }
        div[data-status=disconnected], div[data-status=kicked] { background: #b91c1c; }
        span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        @media print { :host { display: none !important; } }`;
    /** @type {HTMLElement | null} */
    let badge = null;
    /** @type {HTMLElement | null} */
    let badge_box = null;

    function show_badge() {
        if (started_at === 0 || is_off('wszero') || is_off('wszero-badge')) {
            return;
        }
        if (!badge || !badge_box) {
            badge = document.createElement('wszero-badge');
            const root = badge.attachShadow({ mode: 'open' });
            const style = document.createElement('style');
            style.textContent = BADGE_STYLE;
            badge_box = document.createElement('div');
            badge_box.setAttribute('role', 'status');
            root.append(style, badge_box);
        }
        if (!badge.isConnected && document.documentElement) {
            document.documentElement.appendChild(badge); // beside body, whose content is the page's
        }
        badge_box.dataset.status = status;
        badge_box.textContent = badge_words();
        if (status === 'connected') { // a tick to see, a word to hear
            const spoken = document.createElement('span');
            spoken.textContent = 'connected';
            badge_box.append(spoken);
        }
    }

    /** @returns {string} */
    function badge_words() {
        switch (status) {
            case 'connected': return '✓';
            case 'connecting': return 'connecting…';
            case 'kicked': return reason ? `sent out: ${reason}` : 'you have been sent out';
            default: return 'not connected: is the program running?';
        }
    }

    /** @param {string} name @returns {boolean} whether the page has <meta name=… content="off"> */
    function is_off(name) {
        const meta = document.querySelector(`meta[name="${name}"]`);
        return Boolean(meta) && (/** @type {Element} */ (meta).getAttribute('content') || '').trim() === 'off';
    }

    // ---- 8. The names a page uses, and the start -------------------------------------------------

    /**
     * @param {string} call
     * @param {Message} message
     * @param {Error | Element} site
     * @param {number} [ask_id]
     */
    function post(call, message, site, ask_id) {
        const text = encode(call, message);
        if (ended) {
            throw mistake(status === 'kicked' ? 'not sent: this page was sent out' : 'not sent: wszero is off in this page');
        }
        remember_site(message.op, site);
        transmit(text, ask_id);
        note('sent', message);
    }

    /** @param {string} op @param {Record<string, any>} [params] */
    function send(op, params) {
        post('send', make_message('send', op, params), site_of_call(send));
    }

    /** @param {Message} msg */
    function send_message(msg) {
        if (typeof msg !== 'object' || msg === null || typeof msg.op !== 'string') {
            throw mistake("send_message wants the whole message: send_message({op: 'chat', text: 'hello'})");
        }
        const { op, ...params } = msg;
        post('send_message', make_message('send_message', op, params), site_of_call(send_message));
    }

    /** @param {string} op @param {Record<string, any>} [params] @returns {Promise<any>} */
    function ask(op, params) {
        const site = site_of_call(ask);
        return new Promise((resolve, reject) => {
            const message = make_message('ask', op, params);
            last_ask += 1;
            const id = last_ask;
            /** @param {Message} answer */
            const settle = (answer) => {
                asks.delete(id);
                window.clearTimeout(waiting.timer);
                if (!has(answer, 'error')) {
                    resolve(answer.value);
                    return;
                }
                const error = mistake(text_of(answer.error));
                // It is thrown at the line that asked, not in here.
                const header = `Error: ${error.message}\n`;
                error.stack = String(site.stack).replace(/^Error\n/, () => header);
                reject(Object.assign(error, { code: answer.code }));
            };
            const too_late = { op: '_answer', error: `ask('${op}') got no answer in ${ASK_MS / 1000} seconds`, code: 'timeout' };
            const waiting = { op, sent: false, timer: window.setTimeout(() => settle(too_late), ASK_MS), settle };
            asks.set(id, waiting);
            try {
                post('ask', { ...message, _ask: id }, site, id);
            } catch (error) {
                window.clearTimeout(waiting.timer);
                asks.delete(id);
                throw error;
            }
        });
    }

    /**
     * @param {string} op
     * @param {(msg: Message) => unknown} handler
     * @returns {() => void} call it to stop listening
     */
    function on(op, handler) {
        if (op === 'connect' || op === 'disconnect') {
            throw mistake(`on('${op}') is for Python. In a page: wszero.on_status(function (status) { … })`);
        }
        if (op !== 'error') {
            check_op('on', op);
        }
        if (typeof handler !== 'function') {
            throw mistake(`on('${op}', …) needs a function: on('${op}', function (msg) { … })`);
        }
        const mine = handlers.get(op) || new Set();
        handlers.set(op, mine);
        mine.add(handler);
        if (early.length > 0) {
            window.clearTimeout(early_timer);
            early_timer = window.setTimeout(try_early, 0);
        }
        return () => {
            mine.delete(handler);
            if (mine.size === 0 && handlers.get(op) === mine) {
                handlers.delete(op);
            }
        };
    }

    /** @template {Function} T @param {Set<T>} listeners @param {T} listener @param {string} call */
    function listen_with(listeners, listener, call) {
        if (typeof listener !== 'function') {
            throw mistake(`wszero.${call} needs a function: wszero.${call}(function () { … })`);
        }
        listeners.add(listener);
        return () => { listeners.delete(listener); };
    }

    /** Registering the same function again changes nothing, so this may run often. */
    function listen() {
        document.addEventListener('click', clicked);
        document.addEventListener('change', changed);
        document.addEventListener('submit', submitted);
        document.addEventListener('visibilitychange', visibility_changed);
        window.addEventListener('error', page_error);
        window.addEventListener('unhandledrejection', page_rejection);
        window.addEventListener('online', network_back);
        window.addEventListener('offline', network_gone);
        window.addEventListener('pageshow', wake);
        window.addEventListener('pagehide', leave_socket);
    }

    function visibility_changed() {
        if (document.visibilityState === 'visible') {
            wake();
        }
    }

    function network_gone() {
        offline_at = Date.now();
    }

    function start() {
        if (started_at !== 0) {
            return;
        }
        started_at = Date.now();
        if (is_off('wszero')) {
            end();
            return;
        }
        beat_at = started_at;
        beat();
        show_badge();
        open_socket();
    }

    /** @type {import('./wszero').Wszero} */
    const api = {
        on,
        send,
        ask,
        send_message,
        get HANDLERS() { return window.HANDLERS; },
        get connected() { return status === 'connected'; },
        get status() { return status; },
        get name() { return my_name; },
        get id() { return my_id; },
        on_status(listener) {
            const off = listen_with(status_listeners, listener, 'on_status');
            guarded(() => listener(status, reason), null);
            return off;
        },
        on_message(listener) {
            return listen_with(message_listeners, listener, 'on_message');
        },
        in_words,
        _: { decode, encode, make_message, is_reserved, find_fault, text_of, pick, backoff_ms, parse_stack,
            file_of, place_in, line_of_data_send },
    };
    window.wszero = api;
    if (!document) {
        return; // imported where there is no page (rendering on a server): names, no connection
    }
    window.HANDLERS = window.HANDLERS || {};
    window.on = on;
    window.send = send;
    window.ask = ask;
    window.send_message = send_message;
    listen();
    if (document.readyState === 'loading') {
        // Scripts of the page come first: they register its handlers.
        document.addEventListener('DOMContentLoaded', start);
    } else {
        window.setTimeout(start, 0);
    }
})(/** @type {any} */ (globalThis));
