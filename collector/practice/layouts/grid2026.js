// The result page of July 2026: mosaic of docid cards, panel #sZmt3b with three slides.
const slide2026 = (item, place) => {
  const active = place === 1;
  const hidden = active ? 'aria-hidden="false"' : `aria-hidden="true" inert style="display:none"`;
  if (!item) return `<div class="${C.slide}" jsname="Qzjw6d" ${hidden} data-sci="${place + 1}"></div>`;
  const full = active
    ? `<img class="${C.full}" style="max-width:${item.w}px;display:none" alt="${clean(item.t)}" jsname="kn3ccd">`
    : "";
  return `<div class="${C.slide}" jsname="Qzjw6d" data-sci="${place + 1}" ${hidden}><div data-lhcontainer="1">
<div data-id="${item.id}"><button jsname="tqp7ud" class="${C.close}" aria-label="Close">×</button>
<div jsname="figiqf" class="${C.stage}"><a rel="noopener" target="_blank" href="${clean(item.p)}" role="link"
 tabindex="0" aria-label="${clean(item.visit)}">${full}<img src="${clean(item.th)}" class="${C.full}"
 alt="${clean(item.t)}" jsname="JuXqh" style="max-width:${item.w}px"><span class="${C.size}">${item.w.toLocaleString(
   "en",
 )} × ${item.h.toLocaleString("en")}</span></a><div jsname="wOKxyc" data-tbnid="${item.id}"></div></div>
<div style="display:none">You turned off SafeSearch, which means that you may see explicit images.</div>
<h1 class="${C.heading}"><a href="${clean(item.p)}">${clean(item.t)}</a></h1><div class="${C.site}">${clean(item.s)}</div>
${active ? `<div data-practice-related class="${C.related}"></div>` : ""}</div></div></div>`;
};

const layout = {
  idName: "data-docid",
  cards: "#rso [data-docid][data-lpage]",
  anyCard: "[data-docid][data-lpage]",
  hoverEvents: ["mouseover"],
  hoverTarget: 'div[jsname="G3m5s"]',
  clickTarget: 'div[jsname="qQjpJ"] a',
  lateImages: 'img[id^="dimg_"][data-late]',
  lateThumbnail: (image) => (google.ldi || {})[image.id],
  panelId: "sZmt3b",
  buttonSelector: 'a[jsname="oHxHid"]',
  retrySelector: 'a[jsname="a79Lwf"]',
  hash: (id) => `#sv=${btoa(`\n\x10e-${id}`).replace(/=+$/, "")}`,
  panel: (slides) =>
    `<div jsname="ujKaBc" role="dialog" aria-hidden="false"><div jsname="lHGsle">${slides
      .map(slide2026)
      .join("")}</div></div>`,
  swapped: (panel, item) => {
    const slide = panel.querySelector('[jsname="Qzjw6d"][aria-hidden="false"]');
    const full = slide.querySelector('[jsname="kn3ccd"]');
    full.src = item.u;
    full.style.display = "";
    const small = slide.querySelector('[jsname="JuXqh"]');
    small.style.position = "absolute";
    small.style.visibility = "hidden";
  },
  failed: (panel) => {
    const full = panel.querySelector('[aria-hidden="false"] [jsname="kn3ccd"]');
    if (full) full.remove();
  },
  ask: (start) => fetch(`${CONFIG.more}&start=${start}`),
  read: (text) => JSON.parse(text.slice(text.indexOf("\n"))),
  append: (batch) => {
    google.ldi = Object.assign(google.ldi || {}, batch.ldi);
    document.querySelector('#rso [data-id="mosaic"] > div').insertAdjacentHTML("beforeend", html(batch.html));
  },
  button: (visible) => (document.querySelector(layout.buttonSelector).style.display = visible ? "block" : "none"),
  retry: (visible) => (document.querySelector(layout.retrySelector).style.display = visible ? "block" : "none"),
  end: () => {},
};
