// In the page: which pictures the result grid shows, and what each card says about itself.
// Only reads. Ids are the only handles; elements are looked up again for every call.

const api = { sent: new Set(), scripts: new WeakSet() };
const isWeb = (url) => /^https?:/i.test(url || "");
const hasClosed = (element) => !element.isConnected || element.closest('[aria-hidden="true"]') !== null;
const area = (element) => { const box = element.getBoundingClientRect(); return box.width * box.height; };

function shown(element) {
  if (!element || hasClosed(element)) return false;
  if (element.checkVisibility) return element.checkVisibility({ checkVisibilityCSS: true, visibilityProperty: true });
  return element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
}

function displayed(element) {
  if (!shown(element)) return false;
  for (let node = element; node; node = node.parentElement) if (getComputedStyle(node).opacity === "0") return false;
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1;
}

// The side panel holds related cards in the grid's own markup, of today's layout or of an older one.
const PANEL = '[role="dialog"], [data-lhcontainer], #islsp, #Sva75c';

function imageId(element) {
  const own = element.getAttribute("data-docid") || element.getAttribute("data-tbnid");
  if (own) return own;
  const match = /(?:^|\s)j0Opre;([^;\s]+);/.exec(element.getAttribute("jsdata") || "");
  if (match && match[1] !== "_") return match[1];
  return element.getAttribute("data-id") || "";
}

function byId(elements) {
  const found = new Map();
  for (const element of elements) {
    const id = imageId(element);
    if (id && !found.has(id)) found.set(id, element);
  }
  return found;
}

// Layouts from the surest to the vaguest; the first that matches anything is the page's.
const LAYOUTS = [
  ["mosaic", '#rso, [data-id="mosaic"]', "[data-docid][data-lpage]"],
  ["islrg", "#islrg", "[data-ri][data-tbnid]"],
  ["islrg", "#islmp", "[data-ri][data-tbnid]"],
  ["jsdata", '#rso, [data-id="mosaic"], #islrg, #search, #islmp', '[jsdata*="j0Opre;"]'],
];

function grid() {
  for (const [layout, where, selector] of LAYOUTS) {
    const roots = [...document.querySelectorAll(where)].filter((root) => !root.closest(PANEL));
    const inside = roots.flatMap((root) => [...root.querySelectorAll(selector)]).filter((card) => !card.closest(PANEL));
    const cards = byId(inside.filter((card) => layout !== "jsdata" || card.querySelector("img")));
    if (cards.size) return { layout, root: roots.find((root) => root.querySelector(selector)), roots, cards };
  }
  return anchorGrid();
}

// A grid without any known attribute whose links already name their targets.
function anchorGrid() {
  const cards = new Map();
  for (const link of document.querySelectorAll('a[href*="/imgres?"][href*="imgurl="]')) {
    if (link.closest(PANEL) || !link.querySelector("img")) continue;
    const id = new URL(link.href, location.href).searchParams.get("tbnid");
    if (id && !cards.has(id)) cards.set(id, link);
  }
  if (cards.size) return { layout: "anchors", root: document.body, roots: [], cards };
  return { layout: "", root: null, roots: [], cards };
}

function biggestImage(card) {
  let best = null;
  let size = -1;
  for (const image of card.querySelectorAll("img")) {
    const own = Math.max(area(image), 1) + (image.closest("[role=button]") ? 0.5 : 0);
    if (own > size) [best, size] = [image, own];
  }
  return best;
}

function resultLink(card) {
  return [...(card.matches("a") ? [card] : []), ...card.querySelectorAll("a[href]")]
    .find((link) => /\/imgres\?/.test(link.getAttribute("href") || "")) || null;
}

function sourceLink(card) {
  return [...card.querySelectorAll("a[href]")].find((link) => isWeb(link.href) && !/\/(imgres|search)\?/.test(link.href)) || null;
}

// As it is written: what is a token and what an address is decided outside.
function pageOf(card, link) {
  return card.getAttribute("data-lpage") || (link ? link.href : "");
}

// One spelling for two links to the same page, wrapped or not.
function destination(href) {
  if (!href) return "";
  try {
    const url = new URL(href, location.href);
    return (url.pathname === "/url" && (url.searchParams.get("url") || url.searchParams.get("q"))) || url.href;
  } catch { return ""; }
}

function thumbnailOf(image) {
  if (!image) return "";
  const sources = [image.currentSrc, image.src, image.getAttribute("data-src"), image.getAttribute("data-iurl")];
  return sources.find(isWeb) || "";
}

function describe(id, card) {
  const image = biggestImage(card);
  const link = sourceLink(card);
  const target = resultLink(card);
  const number = (name) => parseInt(card.getAttribute(name) || "0", 10) || 0;
  const key = /(?:^|\s)j0Opre;[^;\s]+;([^;\s]+)/.exec(card.getAttribute("jsdata") || "");
  return {
    id,
    page: pageOf(card, link),
    title: (link && (link.title || link.textContent.trim().split("\n")[0])) || (image && image.alt) || "",
    thumbnail: thumbnailOf(image),
    width: number("data-ow"),
    height: number("data-oh"),
    target: target ? target.href : "",
    key: key ? key[1] : "",
  };
}

// What is on the page now: its state, and the cards that were not reported since the page was loaded.
api.look = function () {
  const { layout, root, cards } = grid();
  const fresh = [];
  for (const [id, card] of cards) {
    if (api.sent.has(id)) continue;
    api.sent.add(id);
    fresh.push(describe(id, card));
  }
  return { ...api.state(cards.size, root), layout, count: cards.size, cards: fresh, inline: texts() };
};

// The state alone; nothing counts as reported.
api.peek = function () {
  const { layout, root, cards } = grid();
  return { ...api.state(cards.size, root), layout, count: cards.size };
};

// The pictures as they stand in the grid, for the ids asked for: data: or http, never the 1x1 placeholder.
api.thumbnails = function (ids) {
  const { cards } = grid();
  const found = {};
  for (const id of ids) {
    const image = cards.has(id) ? biggestImage(cards.get(id)) : null;
    if (!image) continue;
    const source = image.currentSrc || image.src || "";
    const tiny = image.complete && image.naturalWidth <= 1 && image.naturalHeight <= 1;
    const url = tiny || !/^(https?|data):/i.test(source) ? thumbnailOf(image) : source;
    if (url && !/^data:image\/gif/i.test(url)) found[id] = url;
  }
  return found;
};

// Inline scripts that may hold data rows and were not handed over before.
const ROW = /\[\s*(?:\d+|null)\s*,\s*(?:\\*["']|\\+x22|\\+u0022)[^"'\\]{4,64}(?:\\*["']|\\+x22|\\+u0022)\s*,\s*\[/;

function texts() {
  const inline = [];
  for (const script of document.querySelectorAll("script:not([src])")) {
    if (api.scripts.has(script)) continue;
    api.scripts.add(script);
    if (ROW.test(script.textContent)) inline.push(script.textContent);
  }
  return inline;
}
