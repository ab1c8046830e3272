// In the page: what to press for more. Found by structure: a button or link near the end of the pictures whose press
// makes the page grow. Words only put the likelier ones first.

const WORDS = new RegExp("\\b(more|load|further|mehr|weitere|plus|davantage|suivant|m[aá]s|mais|altr[io]|carica|meer|wi[eę]cej|" +
  "mer|fler|flere|lis[aä][aä]|t[oö]bb|[dv]aha|daha|d[aá]l|viac|mai mult)\\b|もっと|さらに|続き|更多|加载|載入|더 ?보기|ещ[её]|больше|показать|" +
  "ще|المزيد|עוד|और|เพิ่ม|xem thêm|περισσότερ|lagi|muat", "i");
const AGAINST = new RegExp("cookie|consent|log ?in|sign ?(in|up)|register|subscribe|newsletter|share|tweet|comment|report|less|weniger|moins|" +
  "menos|back to top|top$|close|cancel|menu|language|privacy|impressum|imprint|terms|contact|cart|delete|logout|download", "i");
const MARKS = /more|load|next|append|infinite|expand|mehr/i;
const NEXT = /^(next|weiter|nächste.*|suivant.*|siguiente.*|próxim.*|avanti|successiv.*|volgende|dalej|далее|следующ.*|次.*|下一.*|다음.*|[›»→>]+|.{0,12}[›»→>]+)$/i;

api.buttons = [];
const duds = new WeakSet();
const visible = (node) => {
  if (node.checkVisibility && !node.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) return false;
  const box = node.getBoundingClientRect();
  return box.width >= 8 && box.height >= 8 && !node.disabled && node.getAttribute("aria-disabled") !== "true";
};
const wordsOf = (node) =>
  `${node.innerText || node.value || ""} ${node.getAttribute("aria-label") || ""} ${node.title || ""}`.replace(/\s+/g, " ").trim();
const marksOf = (node) =>
  `${node.id} ${typeof node.className === "string" ? node.className : ""} ${Object.keys(node.dataset).join(" ")} ${node.getAttribute("rel") || ""}`;

// Where a link leads: "" stays here, "page" to another view of this site, null somewhere else.
function destination(node) {
  const raw = node.localName === "a" ? node.getAttribute("href") : null;
  if (raw === null || raw === "" || raw.startsWith("#") || /^javascript:/i.test(raw)) return "";
  const url = new URL(node.href, location.href);
  return url.origin === location.origin && !/\.(jpe?g|png|webp|gif|zip|pdf)$/i.test(url.pathname) ? "page" : null;
}

// How far down the pictures of a document are: the place below which most of them no longer are.
function middle(root) {
  const tops = [...root.querySelectorAll("img, canvas, picture")].filter(visible).map((image) => image.getBoundingClientRect().top);
  tops.sort((a, b) => a - b);
  return tops.length ? tops[Math.floor(tops.length * 0.6)] : 0;
}

function score(node, below) {
  const box = node.getBoundingClientRect();
  const [words, marks] = [wordsOf(node), marksOf(node)];
  if (words.length > 80 || box.top < below || AGAINST.test(words) || AGAINST.test(marks)) return -1;
  if (node.closest('nav, header, dialog, [role="navigation"], [role="dialog"], [aria-modal="true"]')) return -1;
  const form = node.closest("form");
  if (form && form.querySelector('input[type="text"], input[type="search"], input[type="email"], input[type="password"], textarea')) return -1;
  if ([...node.querySelectorAll("img")].some((image) => image.getBoundingClientRect().width > 60)) return -1;
  const where = destination(node);
  const told = WORDS.test(words);
  if (where === null || (where === "page" && !told && !MARKS.test(marks))) return -1;
  const footer = node.closest("footer") ? 2 : 0;
  return (told ? 4 : 0) + (MARKS.test(marks) ? 3 : 0) + (where === "" ? 2 : 0) + (node.localName === "button" ? 1 : 0) - footer;
}

// How many buttons there are that may bring more, the likeliest first; `press` takes their numbers.
api.more = function () {
  const found = [];
  for (const root of trees(document)) {
    const below = middle(root);
    for (const node of root.querySelectorAll('button, [role="button"], a, input[type="button"], input[type="submit"], [onclick], [tabindex="0"]')) {
      if (duds.has(node) || !visible(node)) continue;
      const value = score(node, below);
      if (value >= 2) found.push({ node, value });
    }
  }
  found.sort((a, b) => b.value - a.value);
  api.buttons = found.map((one) => one.node);
  return found.length;
};

// Press one. Links that the page's program does not take up itself are not followed, until `released`.
const stay = (event) => { if (!event.defaultPrevented) event.preventDefault(); };
api.press = async function (number) {
  const node = api.buttons[number];
  if (!node || !node.isConnected) return false;
  api.mark(false);
  api.pressed = node;
  for (const kind of ["click", "submit"]) node.ownerDocument.defaultView.addEventListener(kind, stay);
  node.scrollIntoView({ block: "center", behavior: "instant" });
  await pause(50);
  node.click();
  return true;
};
api.released = function () {
  const [node, grown] = [api.pressed, api.known.size > api.marked.seen];
  const home = node && node.ownerDocument.defaultView;
  if (home) for (const kind of ["click", "submit"]) home.removeEventListener(kind, stay);
  if (node && !grown) duds.add(node);
  return grown;
};

// The address of the next page of this view, "" when none is named.
api.next = function () {
  const same = (node) => destination(node) === "page" && node.href.split("#")[0] !== location.href.split("#")[0];
  const named = document.querySelector('link[rel~="next"][href], a[rel~="next"][href]');
  if (named && new URL(named.href).origin === location.origin) return named.href;
  const links = [...document.querySelectorAll("a[href]")].filter((node) => visible(node) && same(node) && !node.querySelector("img"));
  const told = links.find((node) => [wordsOf(node), node.getAttribute("aria-label") || "", (node.innerText || "").trim()].some((text) => NEXT.test(text)));
  if (told) return told.href;
  const current = document.querySelector('[aria-current="page"], .current, .active, .selected');
  const number = current && parseInt((current.innerText || "").trim(), 10);
  const following = number ? links.find((node) => (node.innerText || "").trim() === String(number + 1)) : null;
  return following ? following.href : "";
};
