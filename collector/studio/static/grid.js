// The grid of pictures: what is drawn, where one stands, what is selected.
import { asked, at, count, made } from "/common.js";
import { rowAt, rows } from "/layout.js";

const WORDS = ["", "left out", "keep", "drop"], CLASSES = ["", "out", "keep", "drop"];
const GAP = 6, HEIGHT = 190, SOON = 80;
const grid = at("grid"), main = document.querySelector("main");

export const view = { ids: new Uint32Array(), states: new Uint8Array(), here: 0, picked: new Set(), moved: () => {}, open: () => {} };
let ratios = new Uint16Array(), layout = rows(ratios, 1, HEIGHT, GAP), anchor = 0, scrolling = false, calm = 0;
const drawn = new Map();

/** Fetch what the address asks for, and show it from its beginning. */
export async function load() {
  const body = await (await asked("/pictures" + location.search)).arrayBuffer(), size = body.byteLength / 7;
  view.ids = new Uint32Array(body, 0, size);
  ratios = new Uint16Array(body, 4 * size, size);
  view.states = new Uint8Array(body, 6 * size, size);
  view.here = anchor = 0;
  view.picked.clear();
  at("count").textContent = size === 1 ? "1 picture" : `${count(size)} pictures`;
  main.scrollTop = 0;
  place();
}

/** id -> state of everything, as the ledger has it: a word taken back lets a rule's decision hold again. */
export async function states() {
  const body = await (await asked("/pictures")).arrayBuffer(), size = body.byteLength / 7;
  const all = new Uint32Array(body, 0, size), state = new Uint8Array(body, 6 * size, size);
  return new Map(Array.from(all, (id, n) => [id, state[n]]));
}

function place() {
  layout = rows(ratios, main.clientWidth - 2, HEIGHT, GAP);
  grid.style.height = `${layout.total}px`;
  for (const tile of drawn.values()) away(tile);
  drawn.clear();
  draw();
}

const end = (row) => layout.first[row + 1] ?? view.ids.length;

export function draw() {
  const from = Math.max(0, rowAt(layout.top, main.scrollTop) - 2);
  const to = Math.min(layout.top.length - 1, rowAt(layout.top, main.scrollTop + main.clientHeight) + 2);
  const first = layout.first[from] ?? 0;
  for (const [number, tile] of drawn) if (number < first || number >= end(to)) { away(tile); drawn.delete(number); }
  for (let row = from; row <= to; row++) {
    for (const [number, x, wide] of across(row)) {
      if (!drawn.has(number)) drawn.set(number, tile(number, x, layout.top[row], wide, layout.tall[row]));
      mark(number);
    }
  }
}

/** (number, left, width) of each picture of a row. */
function* across(row) {
  let x = 1;
  for (let number = layout.first[row]; number < end(row); number++) {
    const wide = layout.tall[row] * ratios[number] / 1000;
    yield [number, x, wide];
    x += wide + GAP;
  }
}

function tile(number, x, y, wide, high) {
  const box = made("div", { class: "picture", role: "option", id: `p${number}` });
  Object.assign(box.style, { left: `${x}px`, top: `${y + 1}px`, width: `${wide}px`, height: `${high}px` });
  const image = made("img", { alt: "", fetchpriority: "low", draggable: "false" });
  box.append(image, made("span", { class: "state" }));
  // What is only scrolled past is not asked for: browsers have six connections, and strokes must not wait for them.
  setTimeout(() => { if (box.isConnected) image.src = `/thumbnail/${view.ids[number]}`; }, scrolling ? SOON : 0);
  box.addEventListener("click", (event) => { if (dragged) return; go(number, event.shiftKey); if (event.detail > 1) view.open(); });
  grid.append(box);
  return box;
}

/** Take a tile away and end what it still loads. */
function away(tile) {
  tile.firstChild.removeAttribute("src");
  tile.remove();
}

export function mark(number) {
  const box = drawn.get(number);
  if (!box) return;
  const word = WORDS[view.states[number]], label = box.lastChild;
  label.textContent = word;
  label.className = `state ${CLASSES[view.states[number]]}`;
  label.hidden = !word;
  box.setAttribute("aria-label", `picture ${number + 1}${word ? ", " + word : ""}`);
  box.setAttribute("aria-selected", String(view.picked.has(number)));
  box.classList.toggle("here", number === view.here);
}

/** Stand on a picture; `extend` selects from where the selection began. */
export function go(number, extend = false) {
  if (!view.ids.length) return;
  view.here = Math.max(0, Math.min(view.ids.length - 1, number));
  view.picked.clear();
  if (!extend) anchor = view.here;
  else for (let n = Math.min(anchor, view.here); n <= Math.max(anchor, view.here); n++) view.picked.add(n);
  const row = rowAt(layout.first, view.here), top = layout.top[row], bottom = top + layout.tall[row] + GAP;
  if (top < main.scrollTop) main.scrollTop = top;
  else if (bottom > main.scrollTop + main.clientHeight) main.scrollTop = bottom - main.clientHeight;
  draw();
  grid.setAttribute("aria-activedescendant", `p${view.here}`);
  view.moved();
}

/** The picture so many rows below (or above), by the middle of this one. */
export function vertical(step) {
  const row = rowAt(layout.first, view.here), next = row + step;
  if (next < 0 || next >= layout.first.length) return view.here;
  const middles = (row) => Array.from(across(row), ([number, x, wide]) => [number, x + wide / 2]);
  const target = middles(row).find(([number]) => number === view.here)[1];
  return middles(next).reduce((best, one) => Math.abs(one[1] - target) < Math.abs(best[1] - target) ? one : best)[0];
}

/** The selection, or the picture one stands on. */
export const chosen = () => view.picked.size ? [...view.picked] : view.ids.length ? [view.here] : [];

// --------------------------------------------------------------------------- a rectangle drawn with the pointer

let start = null, dragged = false;
const box = made("div", { class: "rectangle", hidden: "" });
grid.append(box);

function point(event) {
  const edge = grid.getBoundingClientRect();
  return [event.clientX - edge.left, event.clientY - edge.top];
}

grid.addEventListener("pointerdown", (event) => {
  if (event.button === 0 && event.pointerType === "mouse") { start = point(event); dragged = false; }
});
addEventListener("pointermove", (event) => {
  if (!start) return;
  const [x, y] = point(event), [left, right] = [Math.min(x, start[0]), Math.max(x, start[0])];
  const [top, bottom] = [Math.min(y, start[1]), Math.max(y, start[1])];
  if (!dragged && right - left < 6 && bottom - top < 6) return;
  dragged = true;
  box.hidden = false;
  Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  view.picked.clear();
  for (let row = rowAt(layout.top, top); row < layout.top.length && layout.top[row] < bottom; row++) {
    if (layout.top[row] + layout.tall[row] < top) continue;
    for (const [number, from, wide] of across(row)) if (from < right && from + wide > left) view.picked.add(number);
  }
  draw();
});
addEventListener("pointerup", () => {
  start = null;
  box.hidden = true;
  setTimeout(() => { dragged = false; });  // After the click that ends a drag.
});

main.addEventListener("scroll", () => {
  scrolling = true;
  clearTimeout(calm);
  calm = setTimeout(() => { scrolling = false; }, SOON);
  requestAnimationFrame(draw);
}, { passive: true });
new ResizeObserver(() => place()).observe(main);
