// One picture in full, with all that is known of it.
import { at, count, link, made, read } from "/common.js";
import { view } from "/grid.js";

const dialog = at("one"), full = at("full"), progress = at("progress");
let queue = null;

export const open = () => dialog.open;

/** Show the picture one stands on. */
export async function look() {
  const id = view.ids[view.here];
  if (id === undefined) { dialog.close(); return; }
  full.src = `/original/${id}`;
  full.alt = `picture ${view.here + 1} in full`;
  if (!dialog.open) dialog.showModal();
  tell();
  const known = await read(`/facts/${id}`);
  if (view.ids[view.here] !== id) return;
  const lines = [...known.facts, ...known.rules].flatMap(([name, value]) =>
    [made("dt", {}, name.replaceAll("_", " ")), made("dd", {}, link(value))]);
  const twins = known.alike.map((twin) => made("img", { src: `/thumbnail/${twin}`, alt: "looks the same", class: "twin" }));
  if (twins.length) lines.push(made("dt", {}, `looks the same as ${count(twins.length)}`), made("dd", {}, ...twins));
  at("facts").replaceChildren(...lines);
}

/** Begin to judge one after the other, the most doubtful first. */
export async function begin() {
  queue = { judged: 0, of: view.ids.length, agreement: await read("/agreement") };
  await look();
}

export function judged() { if (queue) { queue.judged += 1; tell(); } }

function tell() {
  progress.hidden = !queue;
  if (!queue) return;
  const seen = queue.agreement.reduce((sum, one) => sum + one.dropped + one.kept, 0);
  const overruled = queue.agreement.reduce((sum, one) => sum + one.kept, 0);
  const rules = seen ? ` · rules overruled in ${count(overruled)} of ${count(seen)} (${Math.round(100 * overruled / seen)} %)` : "";
  progress.textContent = `${count(queue.judged)} of ${count(queue.of)} judged${rules}`;
}

dialog.addEventListener("close", () => { queue = null; dialog.classList.remove("zoomed"); });
/** Between fitting the window and the picture's own pixels. */
export const zoom = () => dialog.classList.toggle("zoomed");
full.addEventListener("click", zoom);
