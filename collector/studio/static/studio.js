// The page of pictures: its filters in the address, the keyboard, decisions.
import { at, attempt, count, made, read, say } from "/common.js";
import { chosen, draw, go, load, mark, states, vertical, view } from "/grid.js";
import { begin, judged, look, open, zoom } from "/one.js";
import { onKept, redo, stroke, undo } from "/strokes.js";

const NAMES = { label: "Class", split: "Split", source: "Source", site: "Site", licence_url: "Licence", size: "Size",
  relevance: "Relevance", found: "Found on", left_out: "Left out", review: "Your word" };
const SORTS = { newest: "newest", doubtful: "most doubtful", relevance: "least relevant", rank: "rank", largest: "largest" };

onKept(async (kind, words) => {
  if (kind !== "decisions") return;
  const wanted = new Map(Object.entries(words).map(([id, word]) => [Number(id), word]));
  const fresh = Object.values(words).includes("") ? await states() : null;
  for (let n = 0; n < view.ids.length; n++) {
    const word = wanted.get(view.ids[n]);
    if (word === undefined) continue;
    view.states[n] = word === "keep" ? 2 : word === "drop" ? 3 : fresh.get(view.ids[n]) ?? 0;
    mark(n);
  }
});

const about = (numbers, word) => Object.fromEntries(numbers.map((number) => [view.ids[number], word]));

function judge(word) {
  const numbers = chosen();
  if (!numbers.length) return;
  stroke("decisions", about(numbers, word), word);
  judged();
  if (numbers.length === 1) go(view.here + 1);
}

// --------------------------------------------------------------------------- classes

const classes = at("classes");
let beside = false;

async function ask(also) {
  if (!chosen().length) return;
  beside = also;
  const facets = await read("/facets");
  at("known").replaceChildren(...facets.label.map(([label]) => made("option", { value: label })));
  at("question").textContent = also ? "Also of these classes (separated by commas; empty for none)" : "Move to class";
  at("label").value = "";
  classes.showModal();
}

classes.addEventListener("close", () => {
  const text = at("label").value.trim();
  if (classes.returnValue !== "ok" || (!text && !beside)) return;
  if (beside) stroke("beside", about(chosen(), text.split(",").map((one) => one.trim()).filter(Boolean)), "also of other classes");
  else stroke("labels", about(chosen(), text), `moved to ${text}`);
});

// --------------------------------------------------------------------------- where one is

function visit(wanted) {
  history.pushState(null, "", wanted.size ? `/?${wanted}` : "/");
  return start();
}

const like = (name) => () => { at("one").close(); visit(new URLSearchParams({ [name]: view.ids[view.here] })); };

async function queue() {
  if (open()) return;
  const wanted = new URLSearchParams(location.search);
  wanted.set("sort", "doubtful");
  wanted.set("review", "");
  await visit(wanted);
  if (view.ids.length) await begin(); else say("nothing is left to judge here");
}

const KEYS = {
  k: () => judge("keep"), d: () => judge("drop"), u: () => judge(""), z: undo, y: redo,
  m: () => attempt(() => ask(false)), c: () => attempt(() => ask(true)),
  s: like("like"), o: like("unlike"), q: () => attempt(queue), f: zoom, Enter: () => attempt(look),
  a: () => { view.picked = new Set(view.ids.keys()); draw(); },
  ArrowRight: (shift) => go(view.here + 1, shift), ArrowLeft: (shift) => go(view.here - 1, shift),
  ArrowDown: (shift) => go(vertical(1), shift), ArrowUp: (shift) => go(vertical(-1), shift),
  Home: (shift) => go(0, shift), End: (shift) => go(view.ids.length - 1, shift),
};
document.addEventListener("keydown", (event) => {
  if (event.target.closest("select, a, input, button") || classes.open || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action(event.shiftKey);
});
view.open = () => attempt(look);
view.moved = () => { if (open()) attempt(look); };

async function filters() {
  const facets = await read("/facets"), form = at("filters"), now = new URLSearchParams(location.search);
  form.replaceChildren();
  const choice = (name, title, options) => {
    const box = made("select", { name });
    for (const [value, text] of options) box.append(made("option", { value }, text));
    form.append(made("label", {}, title, box));
    box.value = now.has(name) ? `=${now.get(name)}` : "";
  };
  for (const [name, title] of Object.entries(NAMES)) {
    const values = facets[name];
    if (values.length < 2 && !now.has(name)) continue;
    choice(name, title, [["", "all"], ...values.map(([value, number]) => [`=${value}`, `${value || "none"} (${count(number)})`])]);
  }
  const near = now.get("like") ?? now.get("unlike");
  if (near) {
    const away = made("button", { type: "button" }, now.has("like") ? "most like one picture ×" : "least like one picture ×");
    away.addEventListener("click", () => visit(new URLSearchParams()));
    form.append(away);
  } else choice("sort", "Sort", Object.entries(SORTS).map(([value, text]) => [value === "newest" ? "" : `=${value}`, text]));
}

at("filters").addEventListener("change", () => {
  const wanted = new URLSearchParams();
  for (const [name, value] of new FormData(at("filters"))) if (value) wanted.set(name, value.slice(1));
  for (const name of ["like", "unlike"]) {
    const one = new URLSearchParams(location.search).get(name);
    if (one) wanted.set(name, one);
  }
  visit(wanted);
});
addEventListener("popstate", () => start());

const start = () => attempt(async () => { await load(); await filters(); at("grid").focus(); });
start();
