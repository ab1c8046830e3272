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

// Whether there are more cards than before within `milliseconds`; `covered` when something lies over the page.
api.quiet = async function (before, milliseconds) {
  const drawn = frames();
  const end = performance.now() + milliseconds;
  const over = (now) => now > end && (drawn.count > milliseconds / 50 || now > end + 3 * milliseconds);
  try {
    for (;;) {
      await pause(25);
      const grown = grid().cards.size > before;
      const covered = !grown && coveringFrame() !== null;
      if (grown || covered || over(performance.now())) return { grown, covered };
    }
  } finally {
    drawn.over = true;
  }
};

// Scroll down until cards appear, to the bottom, or for `limit` milliseconds; how many cards there were before.
api.further = async function (limit) {
  const before = grid().cards.size;
  const view = scroller(grid().root);
  const deadline = performance.now() + limit;
  if (atBottom(view)) {
    view.scrollBy(0, -Math.min(view.clientHeight, 600));
    await pause(40);
  }
  while (!atBottom(view) && performance.now() < deadline) {
    view.scrollBy(0, Math.max(view.clientHeight * 0.9, 200));
    await pause(30);
    if (grid().cards.size > before) return { before, grown: true };
  }
  return { before, grown: false };
};

api.ended = ended;

// Press the button for more; false when there is none.
api.more = function () {
  const button = moreButton();
  if (button) button.click();
  return button !== null;
};
