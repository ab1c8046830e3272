// The page: the grid, its filters in the address, the keyboard, decisions. Texts from outside are only ever textContent.
import { rowAt, rows } from "/layout.js";

const NAMES = { label: "Class", split: "Split", source: "Source", site: "Site", licence_url: "Licence",
  left_out: "Left out", review: "Your word" };
const SORTS = { newest: "newest", doubtful: "most doubtful", rank: "rank", largest: "largest" };
const WORDS = ["", "left out", "keep", "drop"], CLASSES = ["", "out", "keep", "drop"];
const GAP = 6, HEIGHT = 190, SOON = 80;
const at = (id) => document.getElementById(id);
const grid = at("grid"), main = document.querySelector("main"), one = at("one");

let ids = new Uint32Array(), ratios = new Uint16Array(), states = new Uint8Array();
let layout = rows(ratios, 1, HEIGHT, GAP), here = 0, anchor = 0, picked = new Set(), drawn = new Map();
let done = [], undone = [], queue = Promise.resolve(), scrolling = false, calm = 0;

function made(tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

function say(text, bad = false) {
  at("said").textContent = text;
  at("said").classList.toggle("bad", bad);
}

async function asked(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

async function load() {
  const body = await (await asked("/pictures" + location.search)).arrayBuffer();
  const count = body.byteLength / 7;
  ids = new Uint32Array(body, 0, count);
  ratios = new Uint16Array(body, 4 * count, count);
  states = new Uint8Array(body, 6 * count, count);
  here = anchor = 0;
  picked.clear();
  at("count").textContent = count === 1 ? "1 picture" : `${count.toLocaleString("en")} pictures`;
  main.scrollTop = 0;
  place();
}

function place() {
  layout = rows(ratios, main.clientWidth - 2, HEIGHT, GAP);
  grid.style.height = `${layout.total}px`;
  for (const tile of drawn.values()) away(tile);
  drawn.clear();
  draw();
}

function draw() {
  const from = Math.max(0, rowAt(layout.top, main.scrollTop) - 2);
  const to = Math.min(layout.top.length - 1, rowAt(layout.top, main.scrollTop + main.clientHeight) + 2);
  const first = layout.first[from] ?? 0, end = layout.first[to + 1] ?? ids.length;
  for (const [number, tile] of drawn) if (number < first || number >= end) { away(tile); drawn.delete(number); }
  for (let row = from; row <= to; row++) {
    let x = 1;
    for (let number = layout.first[row]; number < (layout.first[row + 1] ?? ids.length); number++) {
      const wide = layout.tall[row] * ratios[number] / 1000;
      if (!drawn.has(number)) drawn.set(number, tile(number, x, layout.top[row], wide, layout.tall[row]));
      x += wide + GAP;
      mark(number);
    }
  }
}

function tile(number, x, y, wide, high) {
  const box = made("div", { class: "picture", role: "option", id: `p${number}` });
  Object.assign(box.style, { left: `${x}px`, top: `${y + 1}px`, width: `${wide}px`, height: `${high}px` });
  const image = made("img", { alt: "", fetchpriority: "low" });
  box.append(image, made("span", { class: "state" }));
  // What is only scrolled past is not asked for: browsers have six connections, and strokes must not wait for them.
  setTimeout(() => { if (box.isConnected) image.src = `/thumbnail/${ids[number]}`; }, scrolling ? SOON : 0);
  box.addEventListener("click", (event) => { go(number, event.shiftKey); if (event.detail > 1) look(); });
  grid.append(box);
  return box;
}

/** Take a tile away and end what it still loads. */
function away(tile) {
  tile.firstChild.removeAttribute("src");
  tile.remove();
}

function mark(number) {
  const box = drawn.get(number);
  if (!box) return;
  const word = WORDS[states[number]], label = box.lastChild;
  label.textContent = word;
  label.className = `state ${CLASSES[states[number]]}`;
  label.hidden = !word;
  box.setAttribute("aria-label", `picture ${number + 1}${word ? ", " + word : ""}`);
  box.setAttribute("aria-selected", String(picked.has(number)));
  box.classList.toggle("here", number === here);
}

function go(number, extend = false) {
  if (!ids.length) return;
  here = Math.max(0, Math.min(ids.length - 1, number));
  picked.clear();
  if (!extend) anchor = here;
  else for (let n = Math.min(anchor, here); n <= Math.max(anchor, here); n++) picked.add(n);
  const row = rowAt(layout.first, here), top = layout.top[row], bottom = top + layout.tall[row] + GAP;
  if (top < main.scrollTop) main.scrollTop = top;
  else if (bottom > main.scrollTop + main.clientHeight) main.scrollTop = bottom - main.clientHeight;
  draw();
  grid.setAttribute("aria-activedescendant", `p${here}`);
  if (one.open) look();
}

/** The picture above or below, by the middle of this one. */
function vertical(step) {
  const row = rowAt(layout.first, here), next = row + step;
  if (next < 0 || next >= layout.first.length) return here;
  const middle = (row, number) => {
    let x = 0;
    for (let n = layout.first[row]; n < number; n++) x += ratios[n] * layout.tall[row];
    return x + ratios[number] * layout.tall[row] / 2;
  };
  const target = middle(row, here), end = layout.first[next + 1] ?? ids.length;
  let best = layout.first[next];
  for (let n = best; n < end; n++) if (Math.abs(middle(next, n) - target) < Math.abs(middle(next, best) - target)) best = n;
  return best;
}

/** Send (id -> word); nothing is drawn before it is kept. The words before, for undo. */
async function send(decisions) {
  const body = JSON.stringify({ decisions });
  const headers = { "Content-Type": "application/json" };
  return (await (await asked("/decisions", { method: "POST", body, headers })).json()).before;
}

const inTurn = (work) => { queue = queue.then(work).catch((error) => say(`not kept: ${error.message}`, true)); };

async function show(decisions) {
  const wanted = new Map(Object.entries(decisions).map(([id, word]) => [Number(id), word]));
  const fresh = Object.values(decisions).includes("") ? await current() : null;
  for (let n = 0; n < ids.length; n++) {
    const word = wanted.get(ids[n]);
    if (word === undefined) continue;
    states[n] = word === "keep" ? 2 : word === "drop" ? 3 : fresh.get(ids[n]) ?? 0;
    mark(n);
  }
}

/** id -> state of all that is shown, as the ledger has it: a word taken back lets a rule's decision hold again. */
async function current() {
  const body = await (await asked("/pictures")).arrayBuffer(), count = body.byteLength / 7;
  const all = new Uint32Array(body, 0, count), state = new Uint8Array(body, 6 * count, count);
  return new Map(Array.from(all, (id, n) => [id, state[n]]));
}

function judge(word) {
  if (!ids.length) return;
  const chosen = picked.size ? [...picked] : [here];
  const after = Object.fromEntries(chosen.map((number) => [ids[number], word]));
  const many = chosen.length > 1;
  inTurn(async () => {
    const before = await send(after);
    done.push({ before, after });
    undone = [];
    await show(after);
    say(`${word}: ${chosen.length.toLocaleString("en")}`);
  });
  if (!many) go(here + 1);
}

function step(from, to, side, text) {
  inTurn(async () => {
    const stroke = from().pop();
    if (!stroke) return say(`nothing to ${text}`);
    try { await send(stroke[side]); } catch (error) { from().push(stroke); throw error; }
    to().push(stroke);
    await show(stroke[side]);
    say(`${text}: ${Object.keys(stroke[side]).length.toLocaleString("en")}`);
  });
}

async function look() {
  const id = ids[here];
  at("full").src = `/original/${id}`;
  at("full").alt = `picture ${here + 1} in full`;
  if (!one.open) one.showModal();
  const known = await (await asked(`/facts/${id}`)).json();
  if (ids[here] !== id) return;
  const lines = known.flatMap(([name, value]) => {
    const cell = made("dd");
    if (/^https?:\/\//i.test(value)) cell.append(made("a", { href: value, rel: "noopener noreferrer nofollow", target: "_blank" }, value));
    else cell.textContent = value;
    return [made("dt", {}, name.replaceAll("_", " ")), cell];
  });
  at("facts").replaceChildren(...lines);
}

const KEYS = {
  k: () => judge("keep"), d: () => judge("drop"), Enter: look,
  z: () => step(() => done, () => undone, "before", "undo"), y: () => step(() => undone, () => done, "after", "redo"),
  a: () => { picked = new Set(ids.keys()); draw(); },
  ArrowRight: (shift) => go(here + 1, shift), ArrowLeft: (shift) => go(here - 1, shift),
  ArrowDown: (shift) => go(vertical(1), shift), ArrowUp: (shift) => go(vertical(-1), shift),
  Home: (shift) => go(0, shift), End: (shift) => go(ids.length - 1, shift),
};
document.addEventListener("keydown", (event) => {
  if (event.target.closest("select, a") || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action(event.shiftKey);
});

async function filters() {
  const facets = await (await asked("/facets")).json(), form = at("filters");
  const now = new URLSearchParams(location.search);
  form.replaceChildren();
  const choice = (name, title, options) => {
    const box = made("select", { name });
    for (const [value, text] of options) box.append(made("option", { value }, text));
    const label = made("label", {}, title);
    label.append(box);
    form.append(label);
    box.value = now.has(name) ? `=${now.get(name)}` : "";
  };
  for (const [name, title] of Object.entries(NAMES)) {
    const values = facets[name];
    if (values.length < 2) continue;
    choice(name, title, [["", "all"], ...values.map(([value, count]) => [`=${value}`, `${value || "none"} (${count.toLocaleString("en")})`])]);
  }
  choice("sort", "Sort", Object.entries(SORTS).map(([value, text]) => [value === "newest" ? "" : `=${value}`, text]));
}

at("filters").addEventListener("change", () => {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(at("filters"))) if (value) wanted.set(name, value.slice(1));
  history.pushState(null, "", wanted.size ? `/?${wanted}` : "/");
  load().catch((error) => say(error.message, true));
});
addEventListener("popstate", () => start());
main.addEventListener("scroll", () => {
  scrolling = true;
  clearTimeout(calm);
  calm = setTimeout(() => { scrolling = false; }, SOON);
  requestAnimationFrame(draw);
}, { passive: true });
new ResizeObserver(() => place()).observe(main);

async function start() {
  try { await load(); await filters(); grid.focus(); } catch (error) { say(error.message, true); }
}
start();
