// @ts-check
/*
 * wszero.js: the page's side of wszero. One plain script, no build step:
 *
 *     <script src="/wszero.js"></script>           (wszero adds it to a page that lacks it)
 *
 *     on('stamp', function (msg) { … })            hear a message from Python
 *     send('paint', {colour: 'red'})               send one to Python
 *     const sum = await ask('add', {a: 1, b: 2})   send one, wait for what Python returns
 *     HANDLERS.stamp = function (msg) { … }        the same as on()
 *     send_message({op: 'paint', colour: 'red'})   the same as send()
 *
 * and, for pages with no script at all, the attributes data-send, data-show, data-list and
 * data-messages (section 7). Types, with a line on each name: wszero.d.ts. For `import`:
 * wszero.mjs. <meta name="wszero" content="off"> turns it all off in a page,
 * <meta name="wszero-badge" content="off"> only the badge.
 *
 * General layout. 1: messages (pure). 2: places in the child's files (pure). 3: the session, what
 * was sent and what has come. 4: the connection. 5: messages that arrive. 6: trouble, told to
 * Python. 7: the attributes. 8: the badge. 9: the names that a page uses, and the start. What the
 * browser gives, the clock and chance too, is reached through `window`, so that a test can hand in
 * another one.
 */
(function (/** @type {Window & typeof globalThis} */ window) {
    'use strict';
    // One page, one client: a second copy (in a bundle, say) gives way to the first.
    // An element with id="wszero" is window.wszero as well, and no copy.
    if (window.wszero && typeof window.wszero.send_message === 'function') { return; }
    const { document, location, console } = window;

    /** @typedef {WszeroMessage} Message */
    /** @typedef {Record<string, unknown>} Values */
    /** @typedef {{file: string, line: number | null, col: number | null}} Place */
    /** @typedef {{ok: true, message: Message} | {ok: false, code: string, words: string}} Decoded */

    // ---- 1. Messages (pure) ----------------------------------------------------------------

    const MAX_DEPTH = 100; // levels, the message itself is the first; the same in Python
    const OWN_OPS = ['error', 'eval_js', 'connect', 'disconnect'];
    /** @type {Record<string, string>} What to write instead, for what is often tried. */
    const INSTEAD = {
        Map: 'try Object.fromEntries(…)', Set: 'try Array.from(…)', BigInt: 'try Number(…)',
        Promise: 'write await before it', HTML: 'try its .value',
    };

    /** @type {(words: string) => Error} A mistake in the page, in the child's words. */
    const mistake = (words) => Object.assign(new Error(words), { name: 'wszero' });
    /** @type {(op: string) => boolean} */
    const is_reserved = (op) => op.startsWith('_') || OWN_OPS.includes(op);
    /** @type {(thing: object, key: string) => boolean} */
    const has = (thing, key) => Object.prototype.hasOwnProperty.call(thing, key);
    /** @type {(text: string) => string} As it stands in a program. */
    const quoted = (text) => "'" + text.replace(/[\\']/g, '\\$&') + "'";
    /** @type {(value: unknown) => string} "Set", "Undefined", "HTMLInputElement" */
    const tag_of = (value) => Object.prototype.toString.call(value).slice(8, -1);

    /** @type {(code: string, words: string) => Decoded} */
    const refused = (code, words) => ({ ok: false, code, words });

    /** @param {unknown} text one frame @returns {Decoded} */
    function decode(text) {
        if (typeof text !== 'string') { return refused('binary', 'a message must be text'); }
        let value;
        try {
            value = JSON.parse(text);
        } catch (error) {
            return refused('not_json', 'this is not JSON: ' + text.slice(0, 60));
        }
        const fault = find_fault(value, 'this', 1, []); // nested too deep, or a number like 1e999
        if (fault !== null) { return refused('not_json', fault); }
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
            return refused('not_object', 'a message looks like {"op": "chat", "text": "hello"}');
        }
        if (typeof value.op !== 'string' || value.op === '') {
            return refused('no_op', 'a message needs its name: {"op": "chat"}');
        }
        return { ok: true, message: value };
    }

    /** @param {any} value @returns {boolean} whether its own keys are all there is to it */
    function is_record(value) {
        // By tag and by the prototype's prototype, so that an object of another frame counts.
        // An instance of a class of the page's travels as its fields, if it has any.
        if (tag_of(value) !== 'Object') { return false; }
        const parent = Object.getPrototypeOf(value);
        return parent === null || Object.getPrototypeOf(parent) === null || Object.keys(value).length > 0;
    }

    /** @param {any} value that can't be sent @returns {string} "a Set, which can't be sent: try …" */
    function refusal(value) {
        const tag = tag_of(value);
        const maker = tag === 'Object' ? value.constructor : null;
        const kind = typeof maker === 'function' && maker.name ? maker.name : tag;
        const name = /^(Undefined|Function|Symbol)$/.test(kind) ? kind.toLowerCase() : kind;
        const article = tag === 'Undefined' ? '' : /^([AEIO]|HTML|SVG)/.test(kind) ? 'an ' : 'a ';
        const instead = INSTEAD[/^(HTML|SVG)/.test(kind) ? 'HTML' : kind];
        return `${article}${name}, which can't be sent: ${instead || 'try text, a number, a list or {…}'}`;
    }

    /** The first thing that can't be sent, in words; null when all can. Its path is written as in
     *  Python: players[2]['name']. `above` are the lists and objects that hold it.
     *  @param {any} value @param {string} path @param {number} depth @param {object[]} above
     *  @returns {string | null} */
    function find_fault(value, path, depth, above) {
        if (value && typeof value.toJSON === 'function') { value = value.toJSON(); } // a Date
        if (value === null || typeof value === 'string' || typeof value === 'boolean') { return null; }
        if (typeof value === 'number') {
            return Number.isFinite(value) ? null : `${path} is ${value}, which can't be sent: try another number`;
        }
        const is_list = Array.isArray(value);
        if (!is_list && !is_record(value)) { return `${path} is ${refusal(value)}`; }
        if (above.includes(value)) { return `${path} contains itself, so it never ends`; }
        if (depth > MAX_DEPTH) { return `${path} is nested too deep: ${MAX_DEPTH} levels can be sent`; }
        for (const key of is_list ? value.keys() : Object.keys(value)) {
            const inner = is_list ? `${path}[${key}]` : path === '' ? key : `${path}[${quoted(key)}]`;
            const fault = find_fault(value[key], inner, depth + 1, above.concat([value]));
            if (fault !== null) { return fault; }
        }
        return null;
    }

    /** @param {string} call what the page called: "send" @param {unknown} op */
    function check_op(call, op) {
        if (typeof op !== 'string' || op === '') {
            throw mistake(`${call} needs the name of the message first: ${call}('chat', …)`);
        }
        if (is_reserved(op)) {
            const other = op.startsWith('_') ? op.replace(/^_+/, '') || 'chat' : 'my_' + op;
            throw mistake(`'${op}' is one of wszero's own names. Choose another: '${other}'`);
        }
    }

    /** The message of send('chat', {text: 'hello'}).
     *  @param {string} call @param {string} op @param {any} params @returns {Message} */
    function make_message(call, op, params) {
        check_op(call, op);
        const start = `${call}(${quoted(op)}, `;
        const named = typeof params === 'string' ? `text: ${quoted(params.slice(0, 30))}`
            : /^(number|boolean)$/.test(typeof params) ? `value: ${params}` : Array.isArray(params) ? 'items: […]' : '';
        if (named) { throw mistake(`give it a name: ${start}{${named}})`); }
        if (params !== undefined && params !== null && !is_record(params)) {
            throw mistake(`${start}…) got ${refusal(params)}`);
        }
        const own = params && ['op', '_ask'].find((name) => has(params, name));
        if (own) { throw mistake(`${start}…): '${own}' is one of wszero's own names. Choose another`); }
        return { op, ...params };
    }

    /** @param {string} call @param {Message} message @returns {string} the frame */
    function encode(call, message) {
        const fault = find_fault(message, '', 1, []);
        if (fault !== null) { throw mistake(`${call}(${quoted(message.op)}, …): ${fault}`); }
        return JSON.stringify(message);
    }

    /** @type {(value: unknown) => string} As a page shows it. */
    const text_of = (value) => (value === null || value === undefined ? ''
        : typeof value === 'object' ? JSON.stringify(value) : String(value));
    /** @type {(message: Message) => string[]} */
    const names_in = (message) => Object.keys(message).filter((key) => key !== 'op' && key !== '_ask');
    /** @type {(message: Message) => string} "text: hi, size: 3" */
    const params_in_words = (message) => names_in(message).map((key) => `${key}: ${text_of(message[key])}`).join(', ');

    /** @param {'sent' | 'got'} direction @param {Message} message @returns {string} */
    function in_words(direction, message) {
        let what = `${message.op} ${params_in_words(message)}`.trim();
        if (message.op === 'eval_js') { what = `code to run: ${text_of(message.script)}`; }
        if (message.op === 'error') { what = `an error: ${text_of(message.msg)}`; }
        if (message.op === '_answer') {
            what = has(message, 'error') ? `no answer: ${message.error}` : `an answer: ${text_of(message.value) || 'nothing'}`;
        }
        return what.length > 500 ? `${direction} ${what.slice(0, 500)}…` : `${direction} ${what}`;
    }

    /** What data-show="score.players.amy" means in this score message; null: it lacks it.
     *  @param {Message} message @param {string} wanted @returns {{value: unknown} | null} */
    function pick(message, wanted) {
        if (wanted === message.op) {
            const names = names_in(message);
            return { value: names.length === 1 ? message[names[0]] : params_in_words(message) || message.op };
        }
        /** @type {any} */
        let value = message;
        for (const name of wanted.slice(message.op.length + 1).split('.')) {
            if (typeof value !== 'object' || value === null || !has(value, name)) { return null; }
            value = value[name];
        }
        return { value };
    }

    /** Full jitter: a class whose network comes back must not knock all at once.
     *  @param {number} failures in a row @param {number} cap_ms @param {number} chance 0 to 1 */
    function backoff_ms(failures, cap_ms, chance) {
        return Math.max(50, Math.round(chance * Math.min(cap_ms, 100 * 2 ** failures)));
    }

    // ---- 2. Places in the child's files (pure) ----------------------------------------------

    /** The lines of a stack as Chromium, Firefox and Safari write it, without those that have
     *  no file (native code, code of eval_js).
     *  @param {unknown} stack @returns {{url: string, line: number, col: number}[]} */
    function parse_stack(stack) {
        const frames = [];
        for (const text of String(stack || '').split('\n')) {
            const found = /(?:^|[\s(@])([a-z][a-z-]*:\/\/\S+?):(\d+):(\d+)\)?$/.exec(text.trim());
            if (found) { frames.push({ url: found[1], line: Number(found[2]), col: Number(found[3]) }); }
        }
        return frames;
    }

    /** @param {string} url @param {string} origin @returns {string} its path; all of it from elsewhere */
    function file_of(url, origin) {
        try {
            const parsed = new URL(url, origin);
            return (parsed.origin === origin ? '' : parsed.origin) + parsed.pathname;
        } catch (error) {
            return url;
        }
    }

    /** The first line of the stack that is not ours.
     *  @type {(stack: unknown, own_file: string, origin: string) => Place | null} */
    const place_in = (stack, own_file, origin) => {
        const frame = parse_stack(stack).find(({ url }) => url !== own_file);
        return frame ? { file: file_of(frame.url, origin), line: frame.line, col: frame.col } : null;
    };

    /** The line, from 1, where a page's text has its nth (from 0) data-send="op".
     *  @param {string} html @param {string} op @param {number} nth @returns {number | null} */
    function line_of_data_send(html, op, nth) {
        const lines = [];
        const pattern = /data-send\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
        for (let found = pattern.exec(html); found; found = pattern.exec(html)) {
            const is_it = (found[1] || found[2] || found[3]) === op;
            if (is_it) { lines.push(html.slice(0, found.index).split('\n').length); }
        }
        return lines[nth] || lines[0] || null;
    }

    // ---- 3. The session: what was sent, and what has come ------------------------------------

    // A blip is not a goodbye: one session with Python outlives sockets. Each side counts what has
    // come and keeps what it has sent until the other has told that it came; the rest is sent
    // again. All of it is in this page's memory, never in storage: a duplicated tab is another client.
    const MAX_QUEUE = 500;
    const MAX_KEPT = 2 * MAX_QUEUE; // what was on its way, and the queue that has just followed it
    const MAX_KEPT_CHARS = 2 ** 21;
    const RECEIPT_MS = 1000; // so late at most does the server hear what has come …
    const RECEIPT_COUNT = 250; // … at once after so many
    const RECEIPT_CHARS = 2 ** 16;

    /** Messages that may be on their way still, the oldest first, numbered from the session's start.
     *  @param {number} max_count @param {number} max_chars the newest is kept whatever its size */
    function make_ring(max_count, max_chars) {
        /** @type {string[]} */
        let texts = [];
        let [first, chars] = [0, 0]; // the number of texts[0]; the length of all
        const drop = () => {
            first += 1;
            chars -= (texts.shift() || '').length;
        };
        return {
            /** @param {string} text */
            push(text) {
                texts.push(text);
                chars += text.length;
                while (texts.length > max_count || (chars > max_chars && texts.length > 1)) { drop(); }
            },
            /** @param {number} count so many have come */
            prune(count) {
                while (first < count && texts.length > 0) { drop(); }
            },
            /** Empties it, to count on from there.
             *  @param {number} count so many have come @returns the others, and how many are gone */
            restart(count) {
                this.prune(count);
                const rest = { texts, gone: Math.max(0, first - count) };
                [texts, first, chars] = [[], count, 0];
                return rest;
            },
        };
    }

    /** @param {string[]} texts @returns {number} which of them takes the most bytes */
    function index_of_biggest(texts) {
        const sizes = texts.map((text) => new TextEncoder().encode(text).length);
        return sizes.indexOf(Math.max(...sizes));
    }

    let key = ''; // what the server knows the session by; '': there is none, or it keeps none
    let got = 0;
    let [told_got, untold_chars, receipt_timer] = [0, 0, 0];
    let is_too_big = false; // a message was, so that the server has closed the socket
    const sent = make_ring(MAX_KEPT, MAX_KEPT_CHARS);
    /** @type {{text: string, ask?: number}[]} What waits for the connection. */
    const queue = [];

    /** @param {string} text */
    function put(text) {
        socket?.send(text);
        if (key) { sent.push(text); }
    }

    /** @param {string} text a message that has come, not one of those about the session itself */
    function count(text) {
        got += 1;
        untold_chars += text.length;
        if (got - told_got >= RECEIPT_COUNT || untold_chars >= RECEIPT_CHARS) {
            send_receipt();
        } else if (key && receipt_timer === 0) {
            receipt_timer = window.setTimeout(send_receipt, RECEIPT_MS);
        }
    }

    function send_receipt() {
        if (key && is_greeted) { socket?.send(JSON.stringify({ op: '_got', n: got })); }
        receipts_are_done();
    }

    function receipts_are_done() { // also when we come back: then the address tells what has come
        window.clearTimeout(receipt_timer);
        [told_got, untold_chars, receipt_timer] = [got, 0, 0];
    }

    function forget_session() {
        sent.restart(0);
        [key, got] = ['', 0];
        receipts_are_done();
        reject_asks('the connection was lost', false);
    }

    /** @param {Message} hello of the session that we had: what it lacks goes again */
    function resume(hello) {
        const { texts, gone } = sent.restart(Number(hello.got) || 0);
        warn_of_loss(hello.lost, 'to');
        warn_of_loss(gone, 'from');
        if (is_too_big && gone === 0 && texts.length > 0) {
            // Sent again, it would close each new socket, too.
            const [too_big] = texts.splice(index_of_biggest(texts), 1);
            asks.get(JSON.parse(too_big)._ask)?.settle({ op: '_answer', code: 'closed', error: 'the message was too big' });
        }
        texts.forEach(put);
    }

    /** @param {unknown} number of messages @param {'to' | 'from'} direction */
    function warn_of_loss(number, direction) {
        if (!(Number(number) > 0)) { return; }
        const messages = number === 1 ? 'message' : 'messages';
        console.warn(`wszero: the connection was away, and ${number} ${messages} ${direction} this page got lost: too many to keep`);
    }

    // ---- 4. The connection --------------------------------------------------------------------

    // In a bundle we have no file of our own: it is the child's file too.
    const own_url = parse_stack(new Error().stack)[0]?.url || '';
    const own_file = /^https?:.*\/wszero\.js([?#]|$)/.test(own_url) ? own_url : '';
    // The server is where this script came from: a page of Vite's, say, may load it from elsewhere.
    const home = own_file ? new URL(own_file) : location;
    const is_local = Boolean(home) && ['localhost', '127.0.0.1', '[::1]'].includes(home.hostname);
    const CAP_MS = is_local ? 500 : 2000;
    const HELLO_MS = 10000; // a tablet's own limit for connecting is over a minute
    const KNOCK_MS = 5000; // the browser may knock through a line that is dead, too
    const PULSE_MS = 5000;
    const MAX_QUIET = 4; // pulses; half of them wait for an answer
    const WOKEN_MS = 3000; // so long a page that wakes up waits for it
    const KICKED = 4001;
    const TOO_BIG = 1009; // RFC 6455, section 7.4.1
    const GOODBYE = 1000; // these two are the page's own
    const COMING_BACK = 4002; // the server keeps the session
    const OFF = 'wszero is off in this page';

    /** @type {WebSocket | null} */
    let socket = null;
    /** @type {AbortController | null} Asks whether the server is back. */
    let probe = null;
    let timer = 0; // for the next try or for the hello, never for both
    let pulse_timer = 0;
    let quiet = 0; // pulses in a row without anything that came
    /** @type {Worker | null} */
    let ticker = null;
    let failures = 0; // in a row
    let is_greeted = false;
    let is_left = false; // for another page; "pageshow" comes when somebody presses Back
    let ended = ''; // why this page does not connect any more, in words
    let [run, my_name, my_id, my_program, reason] = ['', '', '', '', ''];
    /** @type {WszeroStatus} */
    let status = 'connecting';
    /** @type {Set<(status: WszeroStatus, reason: string) => unknown>} */
    const status_listeners = new Set();

    /** @param {WszeroStatus} now @param {string} [why] */
    function set_status(now, why = '') {
        if (now === status && why === reason) { return; }
        [status, reason] = [now, why];
        tell_status();
    }

    function tell_status() {
        show_badge();
        Array.from(status_listeners).forEach((listener) => guarded(() => listener(status, reason), null));
    }

    function open_socket() {
        leave_socket();
        timer = window.setTimeout(lost, HELLO_MS);
        const scheme = home.protocol === 'https:' ? 'wss:' : 'ws:';
        const query = `page=${encodeURIComponent(location.pathname)}&run=${encodeURIComponent(run)}`
            + (key ? `&key=${encodeURIComponent(key)}&got=${got}` : '');
        try {
            const mine = new window.WebSocket(`${scheme}//${home.host}/ws?${query}`);
            socket = mine;
            // A socket that we have left may still speak: nobody listens to it, and what it says
            // comes again.
            mine.onmessage = (event) => { if (socket === mine) { receive(event.data); } };
            mine.onclose = (event) => { if (socket === mine) { lost(event.code, event.reason); } };
        } catch (error) { // no host: the page was opened as a file
            lost();
        }
    }

    /**
     * Browsers hold back a WebSocket to a place where some have failed: Chromium for up to 5
     * seconds, Firefox for up to 60. They do not hold back a fetch, so that one knocks first.
     */
    function retry() {
        leave_socket();
        timer = window.setTimeout(lost, KNOCK_MS);
        const mine = new window.AbortController();
        probe = mine;
        const look = { method: 'HEAD', cache: 'no-store', mode: 'no-cors', signal: mine.signal };
        window.fetch(`${home.protocol}//${home.host}/wszero.js`, /** @type {RequestInit} */ (look)).then(
            () => { if (probe === mine) { open_socket(); } },
            () => { if (probe === mine) { lost(); } },
        );
    }

    function leave_socket(code = COMING_BACK) {
        const [old_socket, old_probe] = [socket, probe];
        [socket, probe] = [null, null];
        window.clearTimeout(timer);
        window.clearTimeout(pulse_timer);
        receipts_are_done();
        is_greeted = false;
        if (!key) { forget_session(); }
        old_probe?.abort();
        old_socket?.close(code);
    }

    /** @param {number} [code] @param {string} [why] */
    function lost(code, why) {
        failures += 1;
        leave_socket();
        is_too_big = is_too_big || code === TOO_BIG;
        if (code === TOO_BIG) { console.error('wszero: a message was too big for the program, so the connection was closed'); }
        if (code === KICKED) {
            end('this page was sent out');
            reject_asks(ended, true);
            set_status('kicked', why);
        } else {
            timer = window.setTimeout(retry, backoff_ms(failures, CAP_MS, window.Math.random()));
            tick_while_hidden();
            // The first tries are silent: the program is often back within a second.
            set_status(failures < 2 ? 'connecting' : 'disconnected');
        }
    }

    /** @param {string} why in words */
    function end(why) {
        ended = why;
        leave_socket(GOODBYE);
        ticker?.terminate();
        queue.length = 0;
        sent.restart(0);
    }

    function reload() {
        end('the page is loading again');
        location.reload();
    }

    /** @param {Message} hello */
    function greet(hello) {
        if (run !== '' && hello.run !== run) { return reload(); } // another run knows nothing of this page
        window.clearTimeout(timer);
        ticker?.terminate();
        ticker = null;
        [run, my_id, my_name, my_program] = [hello.run, hello.id, hello.name, hello.program].map(text_of);
        failures = 0;
        const is_same = key !== '' && hello.resumed === true && hello.key === key;
        if (is_same) {
            resume(hello);
        } else {
            forget_session();
            key = text_of(hello.key);
        }
        [is_greeted, is_too_big] = [true, false];
        queue.splice(0).forEach((item) => transmit(item.text, item.ask));
        if (key) { pulse_timer = window.setTimeout(pulse, PULSE_MS); }
        if (is_same) { return set_status('connected'); }
        if (hello.why) { console.warn(`wszero: ${text_of(hello.why)}`); } // why the session before ended
        [status, reason] = ['connected', text_of(hello.why)];
        return tell_status();
    }

    /** @param {string} text @param {number} [ask] @returns {string | null} why it is refused, in words */
    function transmit(text, ask) {
        if (ended) { return ended; }
        if (socket && is_greeted && socket.readyState === 1) {
            put(text);
            const waiting = asks.get(ask || 0);
            if (waiting) { waiting.is_sent = true; }
        } else if (queue.length < MAX_QUEUE) {
            queue.push({ text, ask });
        } else {
            return `${MAX_QUEUE} messages wait for the connection already`;
        }
        return null;
    }

    /** The page or the network may be back: look at once. */
    function wake(/** @type {Event} */ event) {
        is_left = is_left && event.type !== 'pageshow';
        if (ended || started_at === 0 || is_left) { return; }
        tick_while_hidden();
        if (!socket || socket.readyState > 1) {
            failures = 0;
            retry();
        } else if (key && is_greeted && event.type !== 'pageshow' && document.visibilityState !== 'hidden') {
            window.clearTimeout(pulse_timer);
            pulse_timer = window.setTimeout(pulse, WOKEN_MS);
            if (quiet < MAX_QUIET - 1) { feel_pulse(); }
            quiet = MAX_QUIET - 1;
        }
    }

    /**
     * A socket whose network has gone, or that has slept with its tablet, calls itself open for
     * minutes. Only an answer shows that it lives. Pulses are counted, and no clock is looked at:
     * timers stand still while the page's own prompt() waits, and then its socket is well.
     */
    function pulse() {
        pulse_timer = window.setTimeout(pulse, PULSE_MS);
        quiet += 1;
        if (quiet === MAX_QUIET / 2) { feel_pulse(); }
        if (quiet >= MAX_QUIET) { lost(); }
    }

    function feel_pulse() { // the server counts it, as any message, and tells with _got that it came
        if (socket?.readyState === 1) { put('{"op":"_beat"}'); }
    }

    function say_goodbye() {
        is_left = true; // a page on its way out becomes hidden after this, and must not come back
        leave_socket(GOODBYE);
        forget_session(); // with Back, it is a new client
    }

    /**
     * Behind the editor a page counts as hidden, and after five minutes its timers run once a
     * minute. Those of a worker go on: with it the page is back at once when Run is pressed.
     */
    function tick_while_hidden() {
        if (!is_local || ticker || is_greeted || document.visibilityState !== 'hidden') { return; }
        try {
            const script = new window.Blob([`setInterval(() => postMessage(0), ${CAP_MS})`], { type: 'text/javascript' });
            const url = window.URL.createObjectURL(script);
            ticker = new window.Worker(url);
            ticker.onmessage = () => { if (!socket && !probe && !is_left) { retry(); } };
            window.URL.revokeObjectURL(url);
        } catch (error) {
            ticker = null; // the page's own rules forbid it: it comes back a little later
        }
    }

    // ---- 5. Messages that arrive ----------------------------------------------------------------

    const LATE_MS = 2000;
    const ASK_MS = 30000;
    /** @type {Map<number, {op: string, is_sent: boolean, settle: (answer: Message) => void}>} */
    const asks = new Map();
    let last_ask = 0;
    /** @type {Map<string, Set<WszeroHandler>>} */
    const handlers = new Map();
    /** @type {Set<(direction: 'sent' | 'got', msg: Message) => unknown>} */
    const message_listeners = new Set();
    /** @type {{message: Message, until: number}[]} Came before the page (in React, say) was ready. */
    let early = [];
    let early_timer = 0;
    let started_at = 0;
    /** @type {Set<string>} What has been told: an op that nobody hears, a data-show that finds nothing. */
    const told = new Set();

    /** @param {unknown} data */
    function receive(data) {
        quiet = 0;
        const decoded = decode(data);
        const is_about_session = decoded.ok && ['_hello', '_got'].includes(decoded.message.op);
        if (typeof data === 'string' && !is_about_session) { count(data); } // as the server does
        if (!decoded.ok) { return console.warn(`wszero: ${decoded.words}`); }
        const message = decoded.message;
        const is_news = ['_answer', 'eval_js', 'error'].includes(message.op) || !is_reserved(message.op);
        if (is_news) { note('got', message); }
        switch (message.op) {
            case '_hello': return greet(message);
            case '_got': return sent.prune(Number(message.n));
            case '_name': my_name = text_of(message.name); return tell_status();
            case '_changed': return is_made_of(message.paths) ? reload() : undefined;
            case '_answer': return answered(message);
            case 'eval_js': return run_script(message);
            case 'error': return got_error(message);
            default:
                if (is_news) { arrived(message); } // else it is of a newer server's
        }
    }

    /** @param {'sent' | 'got'} direction @param {Message} message */
    function note(direction, message) {
        Array.from(message_listeners).forEach((listener) => guarded(() => listener(direction, message), message.op));
        all('[data-messages]').forEach((element) => add_line(element, in_words(direction, message)));
    }

    /** @param {string} op @returns {WszeroHandler[]} */
    function handlers_of(op) {
        const found = Array.from(handlers.get(op) || []);
        const table = window.HANDLERS; // looked up now: a page may put its own object there
        // What every object has (constructor, toString) is no handler of the page's.
        const is_there = table && typeof table[op] === 'function' && (has(table, op) || !(op in Object.prototype));
        return is_there ? [(msg) => table[op](msg), ...found] : found;
    }

    /** @param {Message} message @returns {boolean} whether anything in the page wanted it */
    function deliver(message) {
        const wanted = handlers_of(message.op);
        wanted.forEach((handler) => guarded(() => handler(message), message.op));
        return show(message) || wanted.length > 0 || message_listeners.size > 0;
    }

    /** @param {Message} message */
    function arrived(message) {
        const now = window.Date.now();
        const can_wait = now - started_at < LATE_MS && early.length < MAX_QUEUE;
        early.push({ message, until: can_wait ? now + LATE_MS : 0 });
        try_early();
    }

    function try_early() { // the message that has just come is the last of them
        window.clearTimeout(early_timer);
        early = early.filter(({ message, until }) => {
            const is_handled = deliver(message);
            const is_over = window.Date.now() >= until;
            if (is_over && !is_handled) { report_unhandled(message.op); }
            return !is_handled && !is_over;
        });
        if (early.length > 0) { early_timer = window.setTimeout(try_early, 100); }
    }

    /** @param {string} op */
    function report_unhandled(op) {
        if (told.has(op)) { return; }
        told.add(op);
        console.warn(`wszero: nothing in this page hears '${op}'. Try on('${op}', function (msg) { … })`);
        report('no_handler', `nothing in this page hears '${op}'`, here(), op);
    }

    /** Asks that are not sent yet go on waiting, unless it is for all.
     *  @param {string} why @param {boolean} is_for_all */
    function reject_asks(why, is_for_all) {
        for (const { is_sent, settle } of Array.from(asks.values())) {
            if (is_sent || is_for_all) { settle({ op: '_answer', code: 'closed', error: why }); }
        }
    }

    /** @param {Message} message */
    function run_script(message) {
        try {
            (0, window.eval)(text_of(message.script)); // indirect: in the page's global scope
        } catch (error) {
            console.error(error);
            // By its beginning Python knows which line sent it.
            report('eval_js', words_of(error), here(), String(text_of(message.script)).slice(0, 200));
        }
        listen(); // document.write() takes every listener away, and the badge
        show_badge();
    }

    /** @param {Message} answer */
    function answered(answer) {
        const waiting = asks.get(answer.ask);
        if (waiting && has(answer, 'error')) { tell_where(waiting.op, answer.code); }
        waiting?.settle(answer);
    }

    /** @param {Message} message */
    function got_error(message) {
        if (typeof message.about === 'string') { tell_where(message.about, message.code); }
        if (!deliver(message)) { console.warn(`wszero: ${text_of(message.msg)}`); }
    }

    /** @param {unknown} paths @returns {boolean} whether one of these files is in this page */
    function is_made_of(paths) {
        const loaded = window.performance.getEntriesByType('resource').map((entry) => entry.name);
        const named = all('[src], link[href]').map((/** @type {any} */ element) => element.src || element.href);
        const files = new Set([location.href, ...loaded, ...named].map((url) => file_of(String(url), location.origin)));
        return Array.isArray(paths) && paths.some((path) => files.has(file_of(String(path), location.origin)));
    }

    // ---- 6. Trouble, told to Python -------------------------------------------------------------

    const MAX_REPORTS = 20; // a minute: an animation makes the same mistake 60 times a second
    /** @type {number[]} */
    const report_times = [];
    /** @type {Map<string, Error | Element>} Where each op was sent last, for what Python finds in it. */
    const sites = new Map();

    /** @type {() => Place} This page, no line known. */
    const here = () => ({ file: file_of(location.href, location.origin), line: null, col: null });
    /** @type {(error: any) => Place} */
    const place_of = (error) => place_in(error && error.stack, own_file, location.origin) || here();

    /** @param {Function} called by the page @returns {Error} never thrown: it holds the place of the call */
    function site_of(called) {
        const site = new Error();
        const capture = /** @type {any} */ (Error).captureStackTrace;
        if (capture) { capture(site, called); } // without our own lines, in a bundle too
        return site;
    }

    /** @param {any} error whatever was thrown @returns {string} */
    function words_of(error) {
        try {
            if (typeof error.message !== 'string') { return String(text_of(error)); }
            return error.name && error.name !== 'wszero' ? `${error.name}: ${error.message}` : error.message;
        } catch (unreadable) {
            return String(error);
        }
    }

    /** Runs code of the page's: its mistakes are told and keep nobody else from working.
     *  @param {() => any} action @param {string | null} about the op */
    function guarded(action, about) {
        /** @param {unknown} error */
        const failed = (error) => {
            console.error(error);
            tell_error('error', error, about);
        };
        try {
            const result = action();
            if (result && typeof result.then === 'function') { result.then(undefined, failed); }
        } catch (error) {
            failed(error);
        }
    }

    /** @param {'error' | 'rejection' | 'no_handler' | 'eval_js' | 'attribute'} kind @param {string} words
     *  @param {Place} place @param {string | null} about the op */
    function report(kind, words, place, about) {
        const now = window.Date.now();
        while (now - report_times[0] > 60000) { report_times.shift(); }
        // While nobody listens, the page's own messages need the room.
        if (report_times.length >= MAX_REPORTS || queue.length > MAX_QUEUE / 2) { return; }
        report_times.push(now);
        transmit(JSON.stringify({ op: '_error', kind, msg: words.slice(0, 1000), ...place, about, known: known_ops() }));
    }

    /** @returns {string[]} the ops that this page hears */
    function known_ops() {
        const wanted = ['data-show', 'data-list'].flatMap((name) => all(`[${name}]`).map((one) => one.getAttribute(name)));
        const ops = wanted.map((text) => (text || '').split('.')[0]);
        const known = new Set([...handlers.keys(), ...Object.keys(window.HANDLERS || {}), ...ops]);
        return Array.from(known).filter((op) => op !== '').slice(0, 100);
    }

    /** @param {ErrorEvent} event */
    function page_failed(event) {
        const file = event.filename || location.href;
        // Neither the browser's notice about a ResizeObserver nor an extension is the child's doing.
        if (/^ResizeObserver loop/.test(event.message) || /^[a-z-]+-extension:/.test(file)) { return; }
        const words = event.error ? words_of(event.error) : event.message.replace(/^Uncaught /, '');
        report('error', words, file === own_file ? place_of(event.error)
            : { file: file_of(file, location.origin), line: event.lineno || null, col: event.colno || null }, null);
    }

    /** @type {(event: PromiseRejectionEvent) => void} */
    const promise_failed = ({ reason: why }) => tell_error('rejection', why, null);

    /** @param {'error' | 'rejection'} kind @param {any} error @param {string | null} about the op */
    function tell_error(kind, error, about) {
        const { name, code } = error instanceof Error ? /** @type {any} */ (error) : { name: '', code: '' };
        // An ask() that Python refused, or that its end has cut off: Python has told why already.
        if (name === 'wszero' && code && code !== 'late') { return; }
        report(kind, words_of(error), place_of(error), about);
    }

    /** Tells the page's half of an error: where it sent the message.
     *  @param {string} about @param {unknown} code */
    function tell_where(about, code) {
        const site = sites.get(about);
        /** @param {string} kind @param {Place | null} place */
        const tell = (kind, place) => {
            if (place) { transmit(JSON.stringify({ op: '_where', about, code, file: place.file, line: place.line, kind })); }
        };
        if (site instanceof Error) {
            tell('send', place_in(site.stack, own_file, location.origin));
        } else if (site) {
            // A browser knows no lines of HTML: the page's text is looked at again.
            const nth = all('[data-send]').filter((one) => one.getAttribute('data-send') === about).indexOf(site);
            window.fetch(location.href, { cache: 'no-store' }).then((page) => page.text()).then(
                (html) => tell('data-send', { ...here(), line: line_of_data_send(html, about, nth) }),
                () => tell('data-send', here()),
            );
        }
    }

    // ---- 7. The attributes ----------------------------------------------------------------------

    const MAX_LINES = 500;
    const OUR_ATTRIBUTES = /^data-(send|show|list|messages|v-.*)$/; // data-v-… is Vue's mark for styles
    const TEXT_TYPES = ['text', 'search', 'email', 'url', 'tel', 'password', 'textarea'];
    const BUTTON_TYPES = ['submit', 'button', 'reset', 'image'];
    /** @type {WeakMap<Element, Element[]>} The lines we added: a heading in the list stays. */
    const lines_of = new WeakMap();
    /** @type {any} Safari before 15.4 does not say which button submitted a form. */
    let pressed = null;

    /** @type {(selector: string) => Element[]} */
    const all = (selector) => (document ? Array.from(document.querySelectorAll(selector)) : []);
    /** @type {(name: string) => string} As Python can write it: my-size → my_size */
    const python_name = (name) => name.replace(/-/g, '_');

    /** data-show and data-list. @param {Message} message @returns {boolean} whether an element wanted it */
    function show(message) {
        let is_wanted = false;
        for (const attribute of ['data-show', 'data-list']) {
            for (const element of all(`[${attribute}]`)) {
                const wanted = element.getAttribute(attribute) || '';
                if (wanted !== message.op && !wanted.startsWith(message.op + '.')) { continue; }
                is_wanted = true;
                const picked = pick(message, wanted);
                if (!picked) {
                    report_missing(`${attribute}="${wanted}"`, wanted.slice(message.op.length + 1), message);
                } else if (attribute === 'data-show') {
                    guarded(() => put_value(element, picked.value), message.op);
                } else {
                    const values = Array.isArray(picked.value) ? picked.value : [picked.value];
                    values.forEach((value) => add_line(element, text_of(value)));
                }
            }
        }
        return is_wanted;
    }

    /** A slip of the pen in data-show would otherwise show nothing and say nothing.
     *  @param {string} attribute @param {string} path @param {Message} message */
    function report_missing(attribute, path, message) {
        const name = path.split('.')[0];
        if (has(message, name) || told.has(attribute)) { return; } // what is missing deeper down may come later
        told.add(attribute);
        const carries = names_in(message).join(', ') || 'nothing';
        report('attribute', `${attribute}: ${message.op} came without ${name}. It carries ${carries}`, here(), message.op);
    }

    /** @param {any} element @param {unknown} value */
    function put_value(element, value) {
        const tag = element.tagName.toLowerCase();
        if (tag === 'input' && element.type === 'checkbox') {
            element.checked = Boolean(value);
        } else if (tag === 'input' && element.type === 'radio') {
            element.checked = element.value === text_of(value);
        } else if (tag === 'progress' || tag === 'meter') {
            element.value = Number(value) || 0;
        } else {
            element[['input', 'textarea', 'select'].includes(tag) ? 'value' : 'textContent'] = text_of(value);
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
        if (lines.length > MAX_LINES) { lines.shift()?.remove(); }
        if (is_at_end) { element.scrollTop = element.scrollHeight; }
    }

    /** @param {Element} element @returns {Values} its data- values, as text */
    function values_of(element) {
        /** @type {Values} */
        const values = {};
        for (const { name, value } of Array.from(element.attributes)) {
            const is_value = name.startsWith('data-') && !OUR_ATTRIBUTES.test(name);
            if (is_value) { values[python_name(name.slice(5))] = value; }
        }
        return values;
    }

    /** @param {any} field @returns {unknown} */
    function value_of(field) {
        switch (field.type) {
            case 'number': case 'range': return Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : null;
            case 'checkbox': return field.checked;
            case 'file': return field.files[0] || null; // sending it is refused in words
            case 'select-multiple': return Array.from(field.selectedOptions, (/** @type {any} */ one) => one.value);
            default: return field.value;
        }
    }

    /** The named fields of a form. Several of one name make a list (checkboxes: of those ticked).
     *  @param {any} form @param {any} button the pressed one @returns {Values} */
    function fields_of(form, button) {
        /** @type {Values} */
        const values = {};
        for (const field of form.elements) {
            if (!field.name || field.matches(':disabled') || !(is_field(field) || field === button)) { continue; }
            const peers = Array.from(form.elements).filter(({ name, type }) => name === field.name && type === field.type);
            const ticked = peers.filter((peer) => peer.checked).map((peer) => peer.value);
            const value = peers.length === 1 ? value_of(field) : field.type === 'checkbox' ? ticked : peers.map(value_of);
            values[python_name(field.name)] = field.type === 'radio' ? ticked[0] ?? null : value;
        }
        return values;
    }

    /** Sends what an element with data-send stands for, and clears the text fields.
     *  @param {Element} element @param {Values} values @param {Iterable<any>} fields */
    function send_for(element, values, fields) {
        try {
            const op = element.getAttribute('data-send') || '';
            if (!op) { throw mistake('data-send needs the name of the message: data-send="chat"'); }
            if (post('data-send', make_message('data-send', op, values), element) !== null) { return; }
        } catch (error) {
            console.error(error);
            report('attribute', words_of(error), here(), null);
            return;
        }
        for (const field of fields) {
            if (TEXT_TYPES.includes(field.type) && !field.readOnly && !field.matches(':disabled')) {
                field.value = '';
                field.dispatchEvent(new window.Event('input', { bubbles: true })); // for Vue's v-model
            }
        }
    }

    /** @param {any} element @returns {boolean} a field has news when it changes, not when it is clicked */
    function is_field(element) {
        return /^(select|textarea|input)$/i.test(element.tagName) && !BUTTON_TYPES.includes(element.type);
    }

    /** @param {any} event */
    function clicked(event) {
        const target = event.target && event.target.closest ? event.target : null;
        pressed = target && target.closest('button, input');
        const element = target && target.closest('[data-send]');
        if (!element || event.defaultPrevented || element.tagName === 'FORM' || is_field(element)) { return; }
        if (element.type === 'submit' && element.form) { return; } // then the form is submitted
        const is_empty_link = element.tagName === 'A' && /^#?$/.test(element.getAttribute('href') || '');
        if (is_empty_link) { event.preventDefault(); } // no jump to the top, no loading again
        send_for(element, values_of(element), []);
    }

    /** @param {any} event */
    function changed(event) {
        const field = event.target;
        if (!field.hasAttribute || !field.hasAttribute('data-send') || !is_field(field)) { return; }
        send_for(field, { ...values_of(field), [python_name(field.name || 'value')]: value_of(field) }, [field]);
    }

    /** @param {any} event */
    function submitted(event) {
        const form = event.target;
        const submitter = event.submitter || pressed;
        const button = submitter && submitter.form === form ? submitter : null;
        // A button's own data-send goes before the form's, as its formaction would.
        const sender = button && button.hasAttribute('data-send') ? button : form;
        if (event.defaultPrevented || !sender.hasAttribute('data-send')) { return; }
        event.preventDefault(); // the page stays
        const values = { ...values_of(form), ...(button ? values_of(button) : {}), ...fields_of(form, button) };
        send_for(sender, values, Array.from(form.elements));
    }

    // ---- 8. The badge ---------------------------------------------------------------------------

    const BADGE_STYLE = `
        :host { all: initial !important; position: fixed !important; right: 8px !important;
            bottom: 8px !important; z-index: 2147483647 !important; pointer-events: none !important; }
        div { font: 14px/1.3 system-ui, sans-serif; color: #fff; background: #333; padding: 6px 12px;
            border: 1px solid #fff; border-radius: 16px; max-width: 80vw; box-sizing: border-box; }
        div[data-status=connected] { font-size: 11px; line-height: 16px; padding: 0; width: 18px;
            height: 18px; text-align: center; background: #15803d; opacity: .85; }
        div[data-status=disconnected], div[data-status=kicked] { background: #b91c1c; }
        span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        @media print { :host { display: none !important; } }`;
    const BADGE_WORDS = { // what is seen, what is read aloud
        connected: ['✓', 'connected'], connecting: ['connecting…', ''], kicked: ['this page was sent out', ''],
        disconnected: ['not connected: is the program running?', ''],
    };
    /** @type {HTMLElement | null} */
    let badge = null;
    /** @type {HTMLElement} */
    let badge_box;

    function show_badge() {
        if (started_at === 0 || is_off('wszero') || is_off('wszero-badge')) { return; }
        if (!badge) {
            badge = document.createElement('wszero-badge');
            badge_box = document.createElement('div');
            badge_box.setAttribute('role', 'status');
            const style = document.createElement('style');
            style.textContent = BADGE_STYLE;
            badge.attachShadow({ mode: 'open' }).append(style, badge_box);
        }
        if (!badge.isConnected) { document.documentElement.appendChild(badge); } // body is the page's
        const [seen, heard] = BADGE_WORDS[status];
        const spoken = document.createElement('span');
        spoken.textContent = heard;
        badge_box.dataset.status = status;
        badge_box.textContent = reason && status !== 'connected' ? `${seen}: ${reason}` : seen;
        badge_box.append(spoken);
    }

    /** @param {string} name @returns {boolean} whether the page has <meta name="…" content="off"> */
    function is_off(name) {
        return all(`meta[name="${name}"]`).some((meta) => meta.getAttribute('content') === 'off');
    }

    // ---- 9. The names that a page uses, and the start ------------------------------------------

    /** @param {string} call @param {Message} message @param {Error | Element} site @param {number} [ask_id]
     *  @returns {string | null} why it is not sent, in words */
    function post(call, message, site, ask_id) {
        const refused = transmit(encode(call, message), ask_id);
        if (refused !== null) {
            console.error(`wszero: ${message.op} was not sent: ${refused}`);
            return refused;
        }
        sites.delete(message.op);
        sites.set(message.op, site);
        if (sites.size > 200) { sites.delete(sites.keys().next().value || ''); }
        note('sent', message);
        return null;
    }

    /** @type {Wszero['send']} */
    function send(op, params) {
        post('send', make_message('send', op, params), site_of(send));
    }

    /** @type {Wszero['send_message']} */
    function send_message(msg) {
        if (typeof msg !== 'object' || msg === null || typeof msg.op !== 'string') {
            throw mistake("send_message needs the whole message: send_message({op: 'chat', text: 'hello'})");
        }
        const { op, ...params } = msg;
        post('send_message', make_message('send_message', op, params), site_of(send_message));
    }

    /** @type {Wszero['ask']} */
    function ask(op, params) {
        const site = site_of(ask);
        return new Promise((resolve, reject) => {
            const message = make_message('ask', op, params);
            encode('ask', message); // what can't be sent is refused before anything waits for it
            const id = last_ask += 1;
            const late = { op: '_answer', code: 'late', error: `no answer in ${ASK_MS / 1000} seconds` };
            const ask_timer = window.setTimeout(() => settle(late), ASK_MS);
            /** @param {Message} answer */
            const settle = (answer) => {
                asks.delete(id);
                window.clearTimeout(ask_timer);
                if (!has(answer, 'error')) { return resolve(answer.value); }
                const error = mistake(`ask(${quoted(op)}): ${text_of(answer.error)}`);
                // It happened at the line that asked. (Only Chromium puts the words into the stack.)
                error.stack = String(site.stack).replace(/^Error\n/, () => `Error: ${error.message}\n`);
                return reject(Object.assign(error, { code: answer.code }));
            };
            asks.set(id, { op, is_sent: false, settle });
            const refused = post('ask', { ...message, _ask: id }, site, id);
            if (refused !== null) { settle({ op: '_answer', code: 'closed', error: refused }); }
        });
    }

    /** @type {Wszero['on']} */
    function on(op, handler) {
        if (op === 'connect' || op === 'disconnect') {
            throw mistake(`on('${op}') is for Python. In a page: wszero.on_status(function (status) { … })`);
        }
        if (op !== 'error') { check_op('on', op); }
        if (typeof handler !== 'function') {
            throw mistake(`on('${op}', …) needs a function: on('${op}', function (msg) { … })`);
        }
        const mine = handlers.get(op) || new Set();
        handlers.set(op, mine.add(handler));
        return () => {
            mine.delete(handler);
            if (mine.size === 0 && handlers.get(op) === mine) { handlers.delete(op); }
        };
    }

    /** The same function registered again changes nothing: this may run as often as one likes. */
    function listen() {
        document.addEventListener('click', clicked);
        document.addEventListener('change', changed);
        document.addEventListener('submit', submitted);
        document.addEventListener('visibilitychange', wake);
        window.addEventListener('error', page_failed);
        window.addEventListener('unhandledrejection', promise_failed);
        window.addEventListener('online', wake);
        window.addEventListener('pageshow', wake);
        window.addEventListener('pagehide', say_goodbye);
    }

    function start() {
        started_at = window.Date.now();
        if (is_off('wszero')) { return end(OFF); }
        // Safari on tablets knows no click on a paragraph that does not look like something to press.
        const style = document.createElement('style');
        style.textContent = ':where([data-send]:not(form, input, select, textarea)) { cursor: pointer; }';
        document.head.append(style);
        show_badge();
        return open_socket();
    }

    /** @type {Wszero} */
    const api = {
        on, send, ask, send_message, in_words,
        get HANDLERS() { return window.HANDLERS; },
        get connected() { return status === 'connected'; },
        get status() { return status; },
        get name() { return my_name; },
        get id() { return my_id; },
        get program() { return my_program; },
        on_status(listener) {
            status_listeners.add(listener);
            guarded(() => listener(status, reason), null);
            return () => { status_listeners.delete(listener); };
        },
        on_message(listener) {
            message_listeners.add(listener);
            return () => { message_listeners.delete(listener); };
        },
        _: { decode, encode, make_message, is_reserved, pick, backoff_ms, parse_stack, file_of, place_in, line_of_data_send, make_ring },
    };
    window.wszero = api;
    if (!document) { // imported where there is no page (rendered on a server): the names, no connection
        ended = OFF;
        window.HANDLERS = {};
        return;
    }
    Object.assign(window, { on, send, ask, send_message, HANDLERS: window.HANDLERS || {} });
    listen();
    // The scripts of the page run first, so that its handlers are there.
    if (document.readyState === 'loading') {
        document.addEventListener('DOMContentLoaded', start);
    } else {
        window.setTimeout(start, 0);
    }
})(/** @type {any} */ (globalThis));
