// All pictures of a page: as they are found, from their hosts where these show them to others, else from our copies.
import { at, attempt, link, made, post, read, say } from "/common.js";
import { follow } from "/job.js";

const order = at("order"), boxes = new Map();
let address = new URLSearchParams(location.search).get("of") ?? "", tested = false, asking = false;

function show(state) {
  at("state").textContent = state.job.running ? "reading" : "";
  if (!address || asking || tested) return;
  asking = true;
  attempt(() => found(!state.job.running)).finally(() => { asking = false; });
}

async function found(whole) {
  const shown = await read(`/found?${new URLSearchParams({ address, test: whole ? "each" : "none" })}`);
  tested = whole;
  const before = new Set([...boxes].filter(([, box]) => !box.checked).map(([id]) => id));
  boxes.clear();
  at("found").replaceChildren(...shown.map((one) => item(one, before)));
  at("actions").hidden = !boxes.size;
  if (whole) say(shown.length ? "" : "no picture was found there");
}

function item(one, unticked) {
  const picture = made("img", { src: one.from_host ? one.url : one.id ? `/thumbnail/${one.id}` : "data:,", alt: one.title || "picture",
    loading: "lazy", referrerpolicy: "no-referrer" });
  const told = [one.state, one.told, one.loss].filter(Boolean).join(" · ");
  const line = made("p", {}, link(one.url, one.url.slice(0, 80)), ` ${told}`);
  if (!one.id) return made("li", {}, picture, line);
  const box = made("input", { type: "checkbox" });
  box.checked = !unticked.has(one.id);
  boxes.set(one.id, box);
  return made("li", {}, made("label", {}, box, picture), line);
}

const ticked = (wanted) => [...boxes].filter(([, box]) => box.checked === wanted).map(([id]) => id);
const words = (ids, word) => Object.fromEntries(ids.map((id) => [id, word]));

order.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const started = await post("/jobs", { kind: "page", address: order.address.value, label: order.label.value.trim(), gallery: order.gallery.checked });
    ({ address } = started);
    history.replaceState(null, "", `/address?${new URLSearchParams({ of: address })}`);
    tested = false;
    await ask();
  });
});
at("all").addEventListener("click", () => { for (const box of boxes.values()) box.checked = true; });
at("drop").addEventListener("click", () => attempt(async () => {
  const ids = ticked(false);
  await post("/decisions", { words: words(ids, "drop") });
  say(`dropped: ${ids.length}`);
}));
at("move").addEventListener("click", () => attempt(async () => {
  const ids = ticked(true), label = at("label").value.trim();
  if (!label) return say("write the class", true);
  await post("/labels", { words: words(ids, label) });
  return say(`moved to ${label}: ${ids.length}`);
}));
const ask = follow("/status?job", show);
