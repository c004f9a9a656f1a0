/*
 * A real Chromium for the tests, driven over its debugging pipe: no port, no package.
 * WSZERO_TEST_CHROMIUM names the program where it is called otherwise.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage', '--remote-debugging-pipe', 'about:blank'];

/** @returns {string} */
function find_chromium() {
    const wished_for = process.env.WSZERO_TEST_CHROMIUM;
    if (wished_for) { return wished_for; }
    const folders = (process.env.PATH || '').split(delimiter);
    const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
    if (!found) { throw new Error('no Chromium found: install it, or name it in WSZERO_TEST_CHROMIUM'); }
    return found;
}

export class Browser {
    static async start() {
        const browser = new Browser();
        await browser.call('Browser.getVersion');
        return browser;
    }

    constructor() {
        this.folder = mkdtempSync(join(tmpdir(), 'wszero-chromium-'));
        this.process = spawn(find_chromium(), [`--user-data-dir=${this.folder}`, ...FLAGS],
            { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
        this.ended = new Promise((resolve) => { this.process.once('exit', resolve).once('error', resolve); });
        this.last_id = 0;
        this.waiting = new Map();
        this.listeners = new Set();
        this.ended.then(() => this.waiting.forEach(({ reject }) => reject(new Error('Chromium has ended'))));
        this.process.stdio[3].on('error', () => undefined); // written to while it ends
        let rest = '';
        this.process.stdio[4].setEncoding('utf8').on('data', (text) => {
            const parts = (rest + text).split('\0');
            rest = parts.pop();
            parts.forEach((part) => this.got(JSON.parse(part)));
        });
    }

    got(message) {
        const waiting = this.waiting.get(message.id);
        this.waiting.delete(message.id);
        if (waiting && message.error) {
            waiting.reject(new Error(message.error.message));
        } else if (waiting) {
            waiting.resolve(message.result);
        } else {
            this.listeners.forEach((listener) => listener(message));
        }
    }

    call(method, params = {}, sessionId = undefined) {
        this.last_id += 1;
        const id = this.last_id;
        this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
        return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    }

    /** @returns {Promise<Tab>} a tab that shows this address */
    async open(url) {
        const { browserContextId } = await this.call('Target.createBrowserContext');
        const { targetId } = await this.call('Target.createTarget', { url: 'about:blank', browserContextId });
        const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
        const tab = new Tab(this, sessionId, browserContextId);
        await tab.call('Runtime.enable');
        await tab.call('Page.enable');
        await tab.go(url);
        return tab;
    }

    async stop() {
        const give_up = setTimeout(() => this.process.kill('SIGKILL'), 10000);
        await this.call('Browser.close').catch(() => undefined);
        await this.ended;
        clearTimeout(give_up);
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
}

export class Tab {
    constructor(browser, session, context) {
        this.browser = browser;
        this.session = session;
        this.context = context;
    }

    call(method, params) {
        return this.browser.call(method, params, this.session);
    }

    once(method) {
        return new Promise((resolve) => {
            const listener = (message) => {
                if (message.method === method && message.sessionId === this.session) {
                    this.browser.listeners.delete(listener);
                    resolve(message.params);
                }
            };
            this.browser.listeners.add(listener);
        });
    }

    async go(url) {
        const loaded = this.once('Page.loadEventFired');
        await this.call('Page.navigate', { url });
        await loaded;
    }

    /** Runs JavaScript in the page; a promise is waited for. */
    async run(expression) {
        const answer = await this.call('Runtime.evaluate',
            { expression, awaitPromise: true, returnByValue: true, userGesture: true });
        if (answer.exceptionDetails) {
            const { exception, text } = answer.exceptionDetails;
            throw new Error((exception && exception.description) || text);
        }
        return answer.result.value;
    }

    /** Waits until the expression is true in the page; the page may be loading again. */
    async until(expression, limit_ms = 20000) {
        const end = Date.now() + limit_ms;
        for (;;) {
            const value = await this.run(expression).catch((error) => error);
            if (value && !(value instanceof Error)) {
                return value;
            }
            if (Date.now() > end) {
                throw new Error(`waited in vain for ${expression}: ${value}`);
            }
            await new Promise((resolve) => { setTimeout(resolve, 20); });
        }
    }

    /** A press as a person does it: at a place of the window. */
    async click(selector) {
        const [x, y] = await this.run(`(() => {
            const element = document.querySelector(${JSON.stringify(selector)});
            element.scrollIntoView({ block: 'center' });
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        })()`);
        for (const type of ['mousePressed', 'mouseReleased']) {
            await this.call('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
        }
    }

    async type(selector, text) {
        await this.run(`document.querySelector(${JSON.stringify(selector)}).focus()`);
        await this.call('Input.insertText', { text });
    }

    async close() {
        await this.browser.call('Target.disposeBrowserContext', { browserContextId: this.context });
    }
}
