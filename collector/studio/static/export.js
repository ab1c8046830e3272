// An export: chosen, previewed, written by the same command as in a terminal.
import { at, attempt, count, made, post, read, say } from "/common.js";
import { follow, table } from "/job.js";

const order = at("order");

function wanted() {
  const data = Object.fromEntries(new FormData(order));
  const number = (name) => data[name] ? Number(data[name]) : 0;
  return { ...data, side: number("side"), min_side: number("min_side"), max_per_class: number("max_per_class"),
    reviewed: order.reviewed.checked, skip_small: order.skip_small.checked };
}

async function preview() {
  const made = await post("/preview", { kind: "export", ...wanted() });
  const left = made.left.map(([why, number]) => `${count(number)} ${why}`).join(", ");
  at("summary").textContent = `${count(made.pictures)} pictures of ${count(made.rows.length)} classes${left ? `; not in it: ${left}` : ""}` +
    (made.unsplit ? "; their splits are dealt when it is written" : "");
  table(at("counts"), ["class", ...made.splits.map((name) => name || "pictures")], made.rows.map(([label, ...numbers]) => [label, ...numbers.map(count)]));
}

at("preview").addEventListener("click", () => attempt(preview));
order.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => { await preview(); await post("/jobs", { kind: "export", ...wanted() }); say("started"); await ask(); });
});
const ask = follow("/status?job", ({ job }) => {
  const ours = job.command.startsWith("collector export");
  at("state").textContent = !ours ? "" : job.running ? "writing" : job.ended === 0 ? "done" : `ended with ${job.ended}`;
});
attempt(async () => {
  const known = await read("/formats");
  order.format.replaceChildren(...known.formats.map((name) => made("option", {}, name)));
  order.dest.value = known.dest;
  await preview();
});
