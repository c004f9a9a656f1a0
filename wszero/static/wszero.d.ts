// Types of wszero.js (the names it puts into a page) and of wszero.mjs (the same, imported).

/** A message: its name (`op`) and its parameters, side by side. */
interface WszeroMessage {
    op: string;
    [parameter: string]: any;
}

/** What travels: text, numbers (neither NaN nor Infinity), true and false, null, lists and objects of these. */
type WszeroParams = Record<string, any>;

type WszeroHandler = (msg: WszeroMessage) => unknown;

/** `connecting`: at first, and in the first moments after a loss. `kicked`: for good. */
type WszeroStatus = 'connecting' | 'connected' | 'disconnected' | 'kicked';

interface Wszero {
    /**
     * Calls `handler` for each message `op` from Python; several may hear the same one.
     * @returns call it to stop listening
     */
    on(op: string, handler: WszeroHandler): () => void;

    /**
     * Sends a message to Python. Without a connection it waits for one (at most 500 do).
     * @throws Error in words, with the path of the value, for what can't be sent
     */
    send(op: string, params?: WszeroParams | null): void;

    /**
     * Sends a message and waits for what the Python function returns. Rejects, in words, when
     * Python answers with an error or nothing came in 30 seconds. It goes on waiting while the
     * connection is gone for a moment, unless the page is a new client afterwards.
     */
    ask<Answer = any>(op: string, params?: WszeroParams | null): Promise<Answer>;

    /** The same as `send`, with the whole message: `send_message({op: 'chat', text: 'hi'})`. */
    send_message(msg: WszeroMessage): void;

    /** One function for each op: `HANDLERS.chat = function (msg) { … }`. */
    readonly HANDLERS: Record<string, WszeroHandler>;

    readonly connected: boolean;
    readonly status: WszeroStatus;

    /** What Python calls this page ("Otter 4"); '' before the first connection. */
    readonly name: string;
    readonly id: string;
    /** The program's file, "quiz.py"; '' before the first connection. */
    readonly program: string;

    /**
     * Calls `listener` now, and again whenever the connection or the name changes. `reason`: why
     * the page was sent out, or why it is a new client.
     */
    on_status(listener: (status: WszeroStatus, reason: string) => unknown): () => void;

    /** Calls `listener` with all that is sent and got: it counts as hearing every message. */
    on_message(listener: (direction: 'sent' | 'got', msg: WszeroMessage) => unknown): () => void;

    /** A line for people: "sent paint colour: red". */
    in_words(direction: 'sent' | 'got', msg: WszeroMessage): string;

    /** The pure parts, for wszero's own tests. */
    readonly _: Record<string, (...values: any[]) => any>;
}

declare var wszero: Wszero;
declare var HANDLERS: Record<string, WszeroHandler>;
declare var on: Wszero['on'];
declare var send: Wszero['send'];
declare var ask: Wszero['ask'];
declare var send_message: Wszero['send_message'];

declare module '*wszero.mjs' {
    const api: Wszero;
    export default api;
    export { api as wszero };
    export const on: Wszero['on'];
    export const send: Wszero['send'];
    export const ask: Wszero['ask'];
    export const send_message: Wszero['send_message'];
    export const HANDLERS: Wszero['HANDLERS'];
}
