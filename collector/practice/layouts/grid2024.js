// The result page of September 2024: h3 cards, panel #Sva75c with previous, current and next slide.
const NAMES_2024 = ["sG7ZCe", "CGzTgf", "R5S48d"];
const slide2024 = (item, place) => {
  const active = place === 1;
  const hidden = active ? 'style="display:block"' : 'aria-hidden="true" style="display:none"';
  if (!item) return `<div jsname="${NAMES_2024[place]}" aria-hidden="true" style="display:none"></div>`;
  const full = active
    ? `<img class="${C.full}" style="max-width:${item.w}px;display:none" alt="${clean(item.t)}" jsname="kn3ccd">`
    : "";
  return `<div jsname="${NAMES_2024[place]}" class="${C.slide}" ${hidden} data-tbnid="${item.id}" data-lhcontainer="1">
<c-wiz><button jsname="tqp7ud" class="${C.close}" aria-label="Close">×</button><div jsname="figiqf" class="${C.stage}">
<a rel="noopener" target="_blank" href="${clean(item.p)}" role="link" tabindex="0" aria-label="${clean(item.visit)}">${full}
<img src="${clean(item.th)}" class="${C.full}" alt="${clean(item.t)}" jsname="JuXqh" style="max-width:${item.w}px">
<span class="${C.size}">${item.w} × ${item.h}</span></a></div>
<div style="display:none">You turned off SafeSearch, which means you may see explicit images.</div>
<h1 class="${C.heading}"><a href="${clean(item.p)}">${clean(item.t)}</a></h1><div class="${C.site}">${clean(item.s)}</div>
${active ? `<div data-practice-related data-cid="related" class="${C.related}"></div>` : ""}</c-wiz></div>`;
};

const layout = {
  idName: "data-docid",
  cards: "#rso [data-docid][data-lpage]",
  anyCard: "[data-docid][data-lpage]",
  hoverEvents: ["mouseover"],
  hoverTarget: 'h3 > a > div[role="button"]',
  clickTarget: 'div[jsname="qQjpJ"] a',
  lateImages: 'img[id^="dimg_"][data-late]',
  lateThumbnail: (image) => (google.ldi || {})[image.id],
  panelId: "Sva75c",
  buttonSelector: 'a[jsname="oHxHid"]',
  retrySelector: 'a[jsname="a79Lwf"]',
  hash: (id) => `#vhid=${id}&vssid=mosaic`,
  panel: (slides) => `<div role="dialog" data-viewer-id="mosaic" data-sv="1">${slides.map(slide2024).join("")}</div>`,
  swapped: (panel, item) => {
    const slide = panel.querySelector('[jsname="CGzTgf"]');
    const full = slide.querySelector('[jsname="kn3ccd"]');
    full.src = item.u;
    full.style.display = "";
    const small = slide.querySelector('[jsname="JuXqh"]');
    small.style.position = "absolute";
    small.style.visibility = "hidden";
  },
  failed: (panel) => {
    const full = panel.querySelector('[jsname="CGzTgf"] [jsname="kn3ccd"]');
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
