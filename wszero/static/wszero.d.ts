// Types of wszero.js (the names it puts into the page) and of wszero.mjs (the same, imported).

/** A message: its name (`op`) and its parameters, side by side. */
export interface WszeroMessage {
    op: string;
    [parameter: string]: any;
}

/** `connecting`: at first, and for the first moments after a loss. */
export type WszeroStatus = 'connecting' | 'connected' | 'disconnected' | 'kicked';

/** What travels: text, numbers (not NaN, not Infinity), booleans, null, lists and objects of them. */
export type WszeroParams = Record<string, any>;

export type WszeroHandler = (msg: WszeroMessage) => unknown;

/** Stops what was started, and may be called twice. */
export type WszeroUnsubscribe = () => void;

export interface Wszero {
    /** Calls `handler` for each `op` message from Python. Several may listen for one op. */
    on(op: string, handler: WszeroHandler): WszeroUnsubscribe;
    /** Sends a message to Python. Without a connection it waits (at most 500 do).
     * @throws Error in words, with the path of the value, for what can't be sent. */
    send(op: string, params?: WszeroParams | null): void;
    /** Sends a message and waits for what the Python function returns.
     * Rejects when Python reports an error, the connection is lost, or after 30 seconds. */
    ask<Answer = any>(op: string, params?: WszeroParams | null): Promise<Answer>;
    /** The same as `send`, with the whole message: `send_message({op: 'chat', text: 'hi'})`. */
    send_message(msg: WszeroMessage): void;
    /** One function for each op: `HANDLERS.chat = function (msg) { … }`. */
    readonly HANDLERS: Record<string, WszeroHandler>;
    readonly connected: boolean;
    readonly status: WszeroStatus;
    /** The name that Python knows this page by ("Otter 4"); '' before the first connection. */
    readonly name: string;
    readonly id: string;
    /** Calls `listener` now, and whenever the connection or the name changes. */
    on_status(listener: (status: WszeroStatus, reason: string) => void): WszeroUnsubscribe;
    /** Calls `listener` for all that is sent and got; counts as handling every message. */
    on_message(listener: (direction: 'sent' | 'got', msg: WszeroMessage) => void): WszeroUnsubscribe;
    /** One line for people: "sent paint colour: red". */
    in_words(direction: 'sent' | 'got', msg: WszeroMessage): string;
    /** Pure parts, for tests only. */
    readonly _: Record<string, (...values: any[]) => any>;
}

declare global {
    var wszero: Wszero;
    var HANDLERS: Record<string, WszeroHandler>;
    var on: Wszero['on'];
    var send: Wszero['send'];
    var ask: Wszero['ask'];
    var send_message: Wszero['send_message'];
}
