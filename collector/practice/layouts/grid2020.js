// The result page of 2020 to 2022: #islrg with numbered cards, one panel image whose src is swapped in place.
const slide2020 = (item, place) => {
  const active = place === 1;
  const state = active ? `class="BIB1wf ${C.slide}"` : 'class="LRNLRb" aria-hidden="true" style="display:none"';
  if (!item) return `<div ${state}></div>`;
  return `<div jsname="${active ? "CGzTgf" : "sG7ZCe"}" ${state} data-tbnid="${item.id}"><c-wiz>
<button jsname="tqp7ud" class="${C.close}" aria-label="Close">×</button><div class="${C.stage}" jsname="OrqX8">
<a role="link" tabindex="0" rel="noopener" target="_blank" href="${clean(item.p)}" aria-label="${clean(item.visit)}"
 class="eHAdSb"><img src="${clean(item.th)}" alt="${clean(item.t)}" jsaction="load:XAeZkd;" jsname="HiaYvf" class="n3VNCb"
 data-noaft="1" style="max-width:100%"><span class="${C.size}">${item.w} × ${item.h}</span></a></div>
<h1 class="${C.heading}"><a href="${clean(item.p)}">${clean(item.t)}</a></h1><div class="${C.site}">${clean(item.s)}</div>
${active ? `<div data-practice-related class="${C.related}"></div>` : ""}</c-wiz></div>`;
};

const layout = {
  idName: "data-id",
  cards: "#islrg [data-ri][data-tbnid]",
  anyCard: "[data-ri][data-tbnid]",
  hoverEvents: ["mousedown", "touchstart"],
  hoverTarget: 'a[jsname="sTFXNd"]',
  clickTarget: 'a[jsname="sTFXNd"]',
  lateImages: "img[data-src]",
  lateThumbnail: (image) => image.dataset.src,
  panelId: "Sva75c",
  buttonSelector: 'input[type="button"].mye4qd',
  retrySelector: ".Rd6Tye .sGx53d",
  hash: (id) => `#imgrc=${id}`,
  panel: (slides) => slides.map(slide2020).join(""),
  swapped: (panel, item) => {
    const image = panel.querySelector(".BIB1wf .n3VNCb");
    image.src = item.u;
    image.classList.add("KAlRDb");
  },
  failed: () => {}, // the placeholder simply stays
  waiting: CONFIG.waiting,
  fromData: () => {
    const next = layout.waiting;
    layout.waiting = "";
    if (next) document.querySelector("#islrg .islrc").insertAdjacentHTML("beforeend", html(next));
    return Boolean(next);
  },
  ask: (start) =>
    fetch(CONFIG.more, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8" },
      body: `f.req=${encodeURIComponent(JSON.stringify([[["HoAMBc", JSON.stringify([null, start, CONFIG.q]), null, "generic"]]]))}`,
    }),
  read: (text) => {
    const lines = text.split("\n");
    return JSON.parse(JSON.parse(lines[3])[0][2]).at(-1);
  },
  append: (batch) => document.querySelector("#islrg .islrc").insertAdjacentHTML("beforeend", html(batch.html)),
  button: (visible) => (document.querySelector(".YstHxe").style.display = visible ? "" : "none"),
  retry: (visible) => layout.note(".Rd6Tye", visible),
  end: () => layout.note(".Yu2Dnd", true),
  note: (selector, visible) => {
    const block = document.querySelector(".K25wae");
    block.setAttribute("aria-hidden", String(!visible));
    block.style.visibility = visible ? "visible" : "hidden";
    block.querySelectorAll(".OuJzKb").forEach((part) => (part.style.display = part.matches(selector) && visible ? "" : "none"));
  },
};
