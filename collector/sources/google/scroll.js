// In the page: on to the next batch, in steps, so that nothing lazy is jumped over.

const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
api.pause = pause;

function scroller(root) {
  for (let node = root; node && node !== document.body; node = node.parentElement) {
    const flow = getComputedStyle(node).overflowY;
    if ((flow === "auto" || flow === "scroll") && node.scrollHeight > node.clientHeight + 40) return node;
  }
  return document.scrollingElement || document.documentElement;
}

const atBottom = (view) => view.scrollTop + view.clientHeight >= view.scrollHeight - 4;

// "More results" and "try again": many exist hidden from the start, so only a displayed one counts.
const MORE = '#smb, a[jsname="oHxHid"], a[role="button"][href*="start="], a[jsname="a79Lwf"]';

function moreButton() {
  const outside = (button) => displayed(button) && !button.closest(PANEL);
  const own = [...document.querySelectorAll(MORE)].find(outside);
  if (own) return own;
  const root = document.querySelector("#islrg");
  if (!root) return null;
  const below = (button) => root.compareDocumentPosition(button) === Node.DOCUMENT_POSITION_FOLLOWING;
  const old = document.querySelectorAll('input[type="button"], span[jsaction^="click:"], span[tabindex="0"]');
  return [...old].find((button) => below(button) && outside(button)) || null;
}

// The end marker is in the page from the start as well; its own attribute says, in any language, what it reads.
function ended() {
  for (const block of document.querySelectorAll("[data-endedmessage]")) {
    const words = [block.getAttribute("data-endedmessage"), block.getAttribute("data-emptymessage")];
    for (const part of block.querySelectorAll("*")) {
      if (!part.children.length && words.includes(part.textContent.trim()) && displayed(part)) return true;
    }
  }
  return false;
}

// How many frames were drawn: a page on a machine out of breath gets its moment in frames, not only in time.
function frames() {
  const drawn = { count: 0, over: false };
  const tick = () => { drawn.count += 1; if (!drawn.over) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  return drawn;
}

// True as soon as there are more cards; false after `milliseconds` without, or at the deadline while loading.
async function quiet(before, milliseconds, deadline) {
  const drawn = frames();
  const end = performance.now() + milliseconds;
  const idle = (now) => api.pending <= 0 && now > end && (drawn.count > milliseconds / 50 || now > end + 3 * milliseconds);
  try {
    for (;;) {
      await pause(25);
      if (grid().cards.size > before) return true;
      const now = performance.now();
      if (now > deadline || idle(now) || coveringFrame()) return false;
    }
  } finally {
    drawn.over = true;
  }
}

// One look further: scroll down until cards appear, or wait at the bottom for `milliseconds` (up to `limit`
// while requests are under way), then press the button. Resolves to what happened.
api.advance = async function (milliseconds, limit) {
  const before = grid().cards.size;
  const view = scroller(grid().root);
  const deadline = performance.now() + limit;
  const report = (grown, more) => (
    { grown, ended: false, challenged: api.challenged, pending: api.pending, requests: api.requests, ...more });
  if (atBottom(view)) {
    view.scrollBy(0, -Math.min(view.clientHeight, 600));
    await pause(40);
  }
  while (!atBottom(view) && performance.now() < deadline) {
    view.scrollBy(0, Math.max(view.clientHeight * 0.9, 200));
    await pause(30);
    if (grid().cards.size > before) return report(true);
  }
  if (await quiet(before, milliseconds, deadline)) return report(true);
  if (ended()) return report(false, { ended: true });
  const button = api.pending > 0 ? null : moreButton();
  if (!button) return report(false);
  const asked = api.requests;
  button.click();
  const grown = await quiet(before, 1500, deadline);
  return report(grown, { pressed: true, futile: !grown && api.requests === asked });
};
