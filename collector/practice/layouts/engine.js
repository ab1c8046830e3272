// What all layouts do alike: the link on hover, the side panel with its late swap, batches on scroll, the end.
// A layout file before this one defines `layout`; CONFIG and C (class names) are filled in by the server.
"use strict";
const known = new Map();
const policy = window.trustedTypes
  ? trustedTypes.createPolicy("practice", { createHTML: (text) => text, createScriptURL: (text) => text })
  : { createHTML: (text) => text };
const html = (text) => policy.createHTML(text);
const clean = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const between = ([least, most]) => least + Math.random() * (most - least);
const BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAP///////yH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

// --- what the page knows about its pictures (kept to itself, as on the real page)

function learn(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  for (const item of JSON.parse(new TextDecoder().decode(bytes))) known.set(item.id, item);
}

const itemOf = (card) => known.get(card.getAttribute(layout.idName));
const cards = () => [...document.querySelectorAll(layout.cards)];

// --- thumbnails that load when they come near

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      const url = layout.lateThumbnail(entry.target);
      if (url) entry.target.src = url;
    }
  },
  { rootMargin: "300px" },
);
const watchThumbnails = () =>
  document.querySelectorAll(layout.lateImages).forEach((image) => {
    if (image.dataset.seen) return;
    image.dataset.seen = "1";
    near.observe(image);
  });

// --- hover

function writeLink(target) {
  const inner = target.closest && target.closest(layout.hoverTarget);
  const card = inner && inner.closest(layout.anyCard);
  const item = card && itemOf(card);
  const anchor = inner && inner.closest("a");
  if (!item || !anchor || anchor.hasAttribute("href")) return;
  setTimeout(() => anchor.setAttribute("href", item.link), 15);
}
if (CONFIG.hover) {
  for (const kind of layout.hoverEvents) document.addEventListener(kind, (event) => writeLink(event.target), true);
}

// --- the side panel

let turn = 0;
let open = null;

async function show(id) {
  const mine = ++turn;
  if (open && open !== id) await wait(CONFIG.stale); // the previous picture is still shown
  if (mine !== turn) return;
  open = id;
  const order = cards().map((card) => card.getAttribute(layout.idName));
  const at = order.indexOf(id);
  const slides = [known.get(order[at - 1]), known.get(id), known.get(order[at + 1])];
  const panel = document.getElementById(layout.panelId);
  panel.innerHTML = html(layout.panel(slides, at));
  panel.style.display = "block";
  document.body.classList.add(C.open);
  history.replaceState(null, "", layout.hash(id));
  await swap(panel, known.get(id), mine, showRelated(id, mine));
}

async function swap(panel, item, mine, asked) {
  await wait(between(CONFIG.swap));
  const [url, next] = CONFIG.hidden ? await asked : [item.u, (known.get(neighbour(item.id, 1)) || {}).u];
  if (mine !== turn) return;
  const original = new Image();
  original.onload = () => mine === turn && layout.swapped(panel, { ...item, u: original.src });
  original.onerror = () => mine === turn && layout.failed(panel);
  if (CONFIG.panel === "copy") original.src = `${item.th}&side=512`;
  else if (CONFIG.panel === "unseen") {
    if (next) new Image().src = next;
    original.src = await blobOf(url);
  } else original.src = url;
}

// A picture that is shown and has no address.
async function blobOf(url) {
  const answer = await fetch(url).catch(() => null);
  return answer && answer.ok ? URL.createObjectURL(await answer.blob()) : "data:,";
}

function neighbour(id, by) {
  const order = cards().map((card) => card.getAttribute(layout.idName));
  return order[order.indexOf(id) + by];
}

async function showRelated(id, mine) {
  const answer = await fetch(`${CONFIG.related}&docid=${encodeURIComponent(id)}&n=${known.get(id).n}`);
  if (!answer.ok || mine !== turn) return [];
  const { html: fragment, packed, originals } = await answer.json();
  learn(packed);
  const place = document.querySelector(`#${layout.panelId} [data-practice-related]`);
  if (place) place.innerHTML = html(fragment);
  return originals;
}

function close() {
  turn++;
  open = null;
  const panel = document.getElementById(layout.panelId);
  panel.style.display = "none";
  panel.innerHTML = html("");
  document.body.classList.remove(C.open);
}

function step(by) {
  const next = neighbour(open, by);
  if (next) show(next);
}

document.addEventListener("click", (event) => {
  if (event.target.closest('[jsname="tqp7ud"]')) return close();
  const inner = event.target.closest(layout.clickTarget);
  const card = inner && inner.closest(layout.anyCard);
  if (!card) return;
  event.preventDefault();
  const item = itemOf(card);
  if (CONFIG.click && item) show(item.id);
});
document.addEventListener("keydown", (event) => {
  if (!open) return;
  if (event.key === "Escape") close();
  if (event.key === "ArrowRight") step(1);
  if (event.key === "ArrowLeft") step(-1);
});

// --- batches

let loading = false;
let ended = CONFIG.ended;
let automatic = CONFIG.auto || Infinity;
let challenged = false;

async function more() {
  if (loading || ended || challenged) return;
  loading = true;
  try {
    if (layout.fromData && layout.fromData()) return;
    if (CONFIG.reload && !sessionStorage.getItem(CONFIG.reload)) {
      sessionStorage.setItem(CONFIG.reload, "1");
      location.reload();
      return await wait(60);
    }
    const answer = await layout.ask(cards().length);
    if (answer.headers.get("X-Sorry-Redirect")) return cover(answer.headers.get("X-Sorry-Redirect"));
    if (!answer.ok) return layout.retry(true);
    layout.retry(false);
    const batch = layout.read(await answer.text());
    learn(batch.packed);
    layout.append(batch);
    ended = batch.ended;
    automatic--;
    if (ended) layout.end();
    else if (automatic <= 0) layout.button(true);
  } finally {
    loading = false;
    watchThumbnails();
  }
}

function pressed() {
  layout.button(false);
  automatic = CONFIG.auto || Infinity;
  more();
}

function cover(address) {
  challenged = true;
  const sheet = document.createElement("div");
  sheet.style.cssText = "position:fixed;inset:0;width:100%;height:100%;z-index:9999999;background:#fff";
  const frame = document.createElement("iframe");
  frame.style.cssText = "width:100%;height:100%;border:0";
  frame.src = address;
  frame.onload = () => {
    if (!frame.contentWindow.location.pathname.startsWith("/sorry/")) location.reload();
  };
  sheet.append(frame);
  document.body.append(sheet);
}

const atBottom = () => window.scrollY + window.innerHeight > document.documentElement.scrollHeight - 700;
const shown = (selector) => {
  const found = document.querySelector(selector);
  return found && found.offsetParent !== null;
};
function scrolled() {
  if (atBottom() && !shown(layout.buttonSelector) && !shown(layout.retrySelector)) more();
}
window.addEventListener("scroll", scrolled, { passive: true });
document.addEventListener("click", (event) => {
  if (event.target.closest(layout.buttonSelector)) {
    event.preventDefault();
    pressed();
  } else if (event.target.closest(layout.retrySelector)) {
    event.preventDefault();
    more();
  }
});

learn(CONFIG.packed);
if (layout.start) layout.start();
watchThumbnails();
