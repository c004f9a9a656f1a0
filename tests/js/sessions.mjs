/*
 * The server's half of "a blip is not a goodbye", as the servers of these tests speak it: the
 * session of a page outlives its sockets. It keeps all that it has said until the page has told
 * that it came, and counts what has come.
 */
const GOODBYES = [1000, 1001, 1005];

class Session {
    constructor(number) {
        this.key = `secret ${number}`;
        this.who = { id: `c${number}`, name: `Otter ${number}`, program: 'quiz.py' };
        this.got = 0;
        this.said = [];
        this.confirmed = 0;
    }

    /** Of the messages that have been said, those that the page lacks. */
    missing(got) {
        return this.said.slice(got);
    }
}

export class Sessions {
    constructor() {
        this.run = 'run 1';
        this.known = new Map();
        this.count = 0;
        /** Why the session ended that is not known any more. */
        this.why = undefined;
    }

    /** A socket has come with this address.
     *  @returns the session, and what is to be said to it first */
    open(url) {
        const query = new URL(url, 'http://localhost').searchParams;
        const session = this.known.get(query.get('key'));
        if (session) {
            const got = Number(query.get('got'));
            return [session, [this.hello(session, { resumed: true, lost: 0 }), ...session.missing(got)]];
        }
        this.count += 1;
        const fresh = new Session(this.count);
        this.known.set(fresh.key, fresh);
        return [fresh, [this.hello(fresh, this.why ? { why: this.why } : {})]];
    }

    hello({ key, got, who }, more) {
        return { op: '_hello', run: this.run, ...who, key, got, ...more };
    }

    /** @returns {boolean} whether it is a message, not one about the session itself */
    hear(session, message) {
        if (message.op === '_got') { session.confirmed = message.n; return false; }
        session.got += 1;
        return true;
    }

    /** @returns the receipt that is due */
    receipt({ got }) {
        return { op: '_got', n: got };
    }

    /** A socket was closed: a goodbye, or a blip. */
    close(session, code) {
        if (GOODBYES.includes(code)) { this.forget(session); }
    }

    forget(session) {
        this.known.delete(session.key);
    }
}
