// A run from the page: what to collect, how far it is, what comes in and what is lost.
import { at, attempt, count, link, made, post, read, say } from "/common.js";
import { follow, table } from "/job.js";

const order = at("order");
let sources = {}, before = null, newest = "";

function choices() {
  const wanted = new Set([...order.sources.selectedOptions].flatMap((option) => Object.keys(sources[option.value].filters)));
  const fields = [...wanted].sort().map((name) => {
    const values = [...order.sources.selectedOptions].flatMap((option) => sources[option.value].filters[name] ?? []);
    if (!values.length) return made("label", {}, name, made("input", { name: `filter ${name}`, autocomplete: "off" }));
    const box = made("select", { name: `filter ${name}` }, made("option", { value: "" }, "any"));
    box.append(...new Set(values.map((value) => value)).values().map((value) => made("option", { value }, value)));
    return made("label", {}, name, box);
  });
  at("filters").replaceChildren(made("legend", {}, "Filters"), ...fields);
  at("filters").hidden = !fields.length;
}

function show(state) {
  const { job, total } = state, now = performance.now();
  const rate = before ? Math.max(0, (total.saved - before.saved) / ((now - before.now) / 1000)) : 0;
  before = { saved: total.saved, now };
  const going = job.running ? "running" : job.ended === null ? "nothing was started here" : `ended with ${job.ended}`;
  const speed = rate || job.running ? `, ${rate.toFixed(1)} pictures/s` : "";  // A run in a terminal shows, too.
  at("state").textContent = `${going} · ${count(total.saved)} saved${speed}, ${count(total.waiting)} to do`;
  table(at("keywords"), ["keyword", "class", "search", "found", "saved", "wanted", "to do", "lost"],
    state.keywords.map((one) => [one.keyword, one.label, one.state, count(one.found), count(one.saved), one.wanted === null ? "all" : count(one.wanted),
      count(one.waiting), count(one.lost)]));
  table(at("lost"), ["reason", "pictures", "what it means", "for example"],
    state.losses.map((one) => [one.reason, count(one.count), one.meaning, link(one.example, one.example.slice(0, 60))]));
  if (newest !== String(state.newest)) {
    newest = String(state.newest);
    at("newest").replaceChildren(...state.newest.map((id) => made("img", { src: `/thumbnail/${id}`, alt: "" })));
  }
  at("lists").replaceChildren(...state.lists.flatMap((name) => {
    const again = made("button", { type: "button" }, `Go on with ${name}`);
    again.disabled = job.running;
    again.addEventListener("click", () => start({ again: name }));
    return [again, " "];
  }));
}

const start = (wanted) => attempt(async () => { await post("/jobs", { kind: "run", ...wanted }); await ask(); say("started"); });

order.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const data = new FormData(order), file = order.csv.files[0];
    const filters = Object.fromEntries([...data].filter(([name, value]) => name.startsWith("filter ") && value)
      .map(([name, value]) => [name.slice(7), value]));
    await start({
      keywords: order.keywords.value.split("\n").map((line) => line.trim()).filter(Boolean), label: order.label.value.trim(),
      limit: order.limit.value ? Number(order.limit.value) : null, sources: data.getAll("sources"), filters,
      relevant: order.relevant.checked, name: file?.name ?? "", csv: file ? await file.text() : "",
    });
    order.csv.value = "";
  });
});
order.sources.addEventListener("change", choices);
const ask = follow("/status", show);
attempt(async () => {
  sources = await read("/sources");
  order.sources.replaceChildren(...Object.entries(sources).map(([name, one]) => made("option", { value: name, title: one.about }, name)));
  choices();
});
