// The command that runs: started, shown while it goes on, stopped.
import { at, attempt, made, post, read } from "/common.js";

let wait = 0;

/** Ask every second how things stand while the page is open, and hand it on. */
export function follow(address, show) {
  const ask = async () => {
    clearTimeout(wait);
    const state = await attempt(() => read(address));
    if (state) { tell(state.job); show(state); }
    wait = setTimeout(ask, document.hidden ? 5000 : 1000);
  };
  ask();
  at("stop").addEventListener("click", () => attempt(async () => { await post("/stop"); await ask(); }));
  return ask;
}

function tell(job) {
  at("stop").disabled = !job.running;
  at("output").hidden = !job.lines.length;
  at("output").textContent = job.lines.join("\n");
  if (job.command) at("output").prepend(made("b", {}, `$ ${job.command}\n`));
}

/** A table with a heading. */
export function table(place, heads, rows) {
  place.replaceChildren(made("thead", {}, made("tr", {}, ...heads.map((head) => made("th", { scope: "col" }, head)))),
    made("tbody", {}, ...rows.map((row) => made("tr", {}, ...row.map((cell) => made("td", {}, cell))))));
}
