// Groups of pictures that look the same, and pictures under several classes: one card, settled with one key.
import { at, attempt, count, made, post, read, say } from "/common.js";
import { onKept, redo, stroke, undo } from "/strokes.js";

let cards = [], here = 0, waiting = 0;

async function load() {
  const found = await read("/cards");
  ({ cards, waiting } = found);
  here = 0;
  if (!found.looked) say("there are too many pictures to look here: run `collector dedupe`");
  else if (!found.hashed) offer();
  draw();
}

function offer() {
  const button = made("button", { type: "button" }, "Look for pictures that look the same");
  button.addEventListener("click", () => attempt(async () => {
    await post("/jobs", { kind: "dedupe" });
    button.disabled = true;
    say("looking");
    while ((await read("/status?job")).job.running) await new Promise((done) => setTimeout(done, 500));
    say("");
    await load();
  }));
  at("said").replaceChildren(button);
}

function draw() {
  const card = cards[here];
  at("waiting").textContent = cards.length ? `group ${count(here + 1)} of ${count(waiting)}` : "no group waits for you";
  if (!card) { at("card").replaceChildren(); return; }
  const choice = card.pictures.length === 1;
  const figures = card.pictures.map((one, number) => made("figure", {},
    made("img", { src: choice ? `/original/${one.id}` : `/thumbnail/${one.id}`, alt: `picture ${number + 1}` }),
    made("figcaption", {}, `${choice || number > 8 ? "" : `${number + 1}: `}${one.label}, ${one.width} × ${one.height}${one.review ? `, ${one.review}` : ""}`)));
  const names = card.labels.length > 1 ? [made("p", {}, choice
    ? `of class ${card.labels.map((label, number) => `${number + 1}: ${label}`).join(", ")}?` : `of several classes: ${card.labels.join(", ")}`)] : [];
  at("card").replaceChildren(...names, made("div", { class: "figures" }, ...figures));
  at("card").focus();
}

const say_of_all = (word) => Object.fromEntries(cards[here].pictures.map(({ id }) => [id, word]));

function settle(words, text) {
  const kept = stroke("decisions", words, text);
  if (here + 1 < cards.length) next(1); else kept.then(() => next(1));
}

function pick(number) {
  const card = cards[here], [one] = card.pictures;
  if (card.pictures.length === 1) {
    const label = card.labels[number];
    if (label === undefined) return;
    if (label !== one.label) stroke("labels", { [one.id]: label }, `moved to ${label}`);
    settle({ [one.id]: "keep" }, "keep");
  } else if (card.pictures[number]) settle({ ...say_of_all("drop"), [card.pictures[number].id]: "keep" }, "one kept");
}

function both() {
  const card = cards[here], [one] = card.pictures;
  if (card.labels.length < 2) return;
  stroke("beside", Object.fromEntries(card.pictures.map(({ id, label }) => [id, card.labels.filter((name) => name !== label)])), "of both");
  settle(card.pictures.length === 1 ? { [one.id]: "keep" } : { ...say_of_all("drop"), [one.id]: "keep" }, "keep");
}

function next(step) {
  here += step;
  if (here >= cards.length) attempt(load); else { here = Math.max(0, here); draw(); }
}

const KEYS = { a: () => settle(say_of_all("keep"), "keep"), x: () => settle(say_of_all("drop"), "drop"), b: both,
  n: () => next(1), p: () => next(-1) };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z") undo(); else if (key === "y") redo();
  else if (!cards[here]) return;
  else if (key >= "1" && key <= "9") pick(Number(key) - 1); else KEYS[key]?.();
});
onKept((kind, words) => {
  if (kind === "decisions") for (const card of cards) for (const one of card.pictures) one.review = words[one.id] ?? one.review;
});
attempt(load);
