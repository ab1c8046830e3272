// A person's words, one after the other: nothing is shown before it is kept, and each can be taken back.
import { count, post, say } from "/common.js";

const done = [], undone = [];
let queue = Promise.resolve(), shown = () => {};

/** `show(kind, words)` is called when words are kept: kind is decisions, labels or beside; words maps id -> word. */
export function onKept(show) { shown = show; }

const inTurn = (work) => { queue = queue.then(work).catch((error) => say(`not kept: ${error.message}`, true)); return queue; };

/** Keep words about pictures; `text` says it when it is done. */
export function stroke(kind, after, text) {
  return inTurn(async () => {
    const { before } = await post(`/${kind}`, { words: after });
    done.push({ kind, before, after });
    undone.length = 0;
    await shown(kind, after);
    say(`${text}: ${count(Object.keys(after).length)}`);
  });
}

function step(from, to, side, text) {
  return inTurn(async () => {
    const last = from.at(-1);
    if (!last) { say(`nothing to ${text}`); return; }
    await post(`/${last.kind}`, { words: last[side] });
    to.push(from.pop());
    await shown(last.kind, last[side]);
    say(`${text}: ${count(Object.keys(last[side]).length)}`);
  });
}

export const undo = () => step(done, undone, "before", "undo");
export const redo = () => step(undone, done, "after", "redo");
