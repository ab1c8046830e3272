// In the page: what Google shows for a card on hover and on click. Every wait watches the DOM.

const THUMBNAIL_HOST = /(^|\.)gstatic\.com$|^(www\.)?google\.[a-z.]+$/;
const THUMBNAIL_URL = /[?&]q=tbn(:|%3A)/i;
const LARGEST_THUMBNAIL = 700;
const PICTURE_REQUESTS = new Set(["img", "image", "fetch", "xmlhttprequest", "css", "other"]);
// Milliseconds that a copy in the picture's place is given to turn into the picture.
const COPY_PATIENCE = 700;
const RELATED = "[data-ri], [data-lpage], [data-docid]";
const ownerOf = new Map();
// How often a picture came after a stand-in that is known as one, and after one that could have been a picture.
const habits = { plain: 0, tricky: 0 };
const recognised = (url, context) => !isWeb(url) || context.thumbnails.has(url) || THUMBNAIL_URL.test(url) || THUMBNAIL_HOST.test(hostOf(url).hostname);
// Milliseconds of the slowest of so many swaps: what is much slower will not come.
let slowest = 0;
let swaps = 0;

// A page may hold URLs that no parser takes; they belong to no host.
function hostOf(url) {
  try { return new URL(url); } catch { return { host: "", hostname: "" }; }
}

function targetOf(card) {
  return biggestImage(card) || card.querySelector('[role="button"]') || card.querySelector("a:not([href])") || card.querySelector("a") || card;
}

function fire(element, types) {
  const box = element.getBoundingClientRect();
  const place = {
    bubbles: true, cancelable: true, composed: true, view: window, button: 0,
    clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
  };
  for (const type of types) {
    const pressed = /down$/.test(type) ? 1 : 0;
    if (type.startsWith("pointer")) element.dispatchEvent(new PointerEvent(type, { ...place, buttons: pressed, pointerId: 1, pointerType: "mouse", isPrimary: true }));
    else element.dispatchEvent(new MouseEvent(type, { ...place, buttons: pressed, detail: type === "click" ? 1 : 0 }));
  }
}

// mouseenter does not bubble: everything between the card and the target gets its own.
function hoverOver(card) {
  const target = targetOf(card);
  fire(target, ["pointerover", "mouseover"]);
  for (let node = target; node && node !== card; node = node.parentElement) {
    node.dispatchEvent(new MouseEvent("mouseenter", { composed: true, view: window }));
  }
  fire(target, ["pointermove", "mousemove"]);
}

const PRESS = ["pointerdown", "mousedown", "pointerup", "mouseup"];

// Result addresses of the cards asked for. Every card gets the events at once; those that stay silent get
// them again, and at last a press of the button, on which the layouts before 2024 write the address.
api.hover = async function (ids, patience, limit) {
  const found = {};
  const start = performance.now();
  let progress = start;
  let round = 0;
  const missing = () => {
    const { cards } = grid();
    const left = [];
    for (const id of ids) {
      if (found[id] !== undefined || !cards.has(id)) continue;
      const link = resultLink(cards.get(id));
      if (link) [found[id], progress] = [link.href, performance.now()];
      else left.push(cards.get(id));
    }
    return left;
  };
  let left = missing();
  left.forEach(hoverOver);
  while ((left = missing()).length && performance.now() - start < limit) {
    await mutation(60);
    if (performance.now() - progress < patience) continue;
    round += 1;
    if (round > 2) break;
    progress = performance.now();
    for (const card of missing()) {
      hoverOver(card);
      if (round === 2) fire(targetOf(card), PRESS);
    }
  }
  return found;
};

function mutation(milliseconds) {
  return new Promise((resume) => {
    const done = () => { observer.disconnect(); clearTimeout(timer); resume(); };
    const observer = new MutationObserver(done);
    observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["href"] });
    const timer = setTimeout(done, milliseconds);
  });
}

// ---- the side panel

function outside(element, roots) { return !roots.some((root) => root.contains(element)); }

function related(image, slide) {
  const card = image.closest(RELATED);
  return (card !== null && card !== slide && !card.contains(slide)) || image.closest('a[href*="/imgres?"]') !== null;
}

// Slides are marked with their picture's id from 2022 on: the clicked one, others, or none at all.
function slideOf(id, cards, roots) {
  const isSlide = (element) => !element.closest(RELATED) && outside(element, roots) && element.querySelector("img") !== null;
  const name = CSS.escape(id);
  const own = `[data-tbnid="${name}"], [data-id="${name}"], [jsdata*="j0Opre;${name};"]`;
  const slides = [...document.querySelectorAll(own)].filter(isSlide);
  const slide = slides.find(shown) || null;
  if (slide || slides.length) return { marked: true, slide };
  const others = [...document.querySelectorAll("[data-tbnid], [data-id]")];
  const isKnown = (element) => cards.has(element.getAttribute("data-tbnid")) || cards.has(element.getAttribute("data-id"));
  return { marked: others.some((element) => isKnown(element) && isSlide(element)), slide: null };
}

const sameAddress = (one, other) => one.replace(/[#/]+$/, "") === other.replace(/[#/]+$/, "");

function expectedWidth(image, card) {
  const style = /^(\d+)px$/.exec(image.style.maxWidth || "");
  return style ? Number(style[1]) : parseInt(card.getAttribute("data-ow") || "0", 10) || 0;
}

// Where thumbnails and pictures come from one host, only a size that no thumbnail has tells them apart at once.
function isLarge(image, card) {
  const expected = expectedWidth(image, card);
  const small = biggestImage(card);
  const longest = Math.max(image.naturalWidth, image.naturalHeight);
  const known = small ? Math.max(small.naturalWidth, small.naturalHeight) : 0;
  if (!expected || known <= 1) return longest > LARGEST_THUMBNAIL;
  return image.naturalWidth >= 0.9 * expected && longest > 1.05 * known;
}

// Larger than the grid shows it and without an address of its own: what will not turn into the picture any more.
function isLargeCopy(image, card) {
  const small = biggestImage(card);
  const longest = Math.max(image.naturalWidth, image.naturalHeight);
  return image.complete && longest > 300 && small !== null && longest > 1.3 * Math.max(small.naturalWidth, small.naturalHeight);
}

// "full": the picture; "small": a stand-in for it; "stale": another card's picture; "maybe": time will tell.
function judge(image, url, card, context) {
  if (!isWeb(url) || context.thumbnails.has(url) || THUMBNAIL_URL.test(url)) return "small";
  const { host, hostname } = hostOf(url);
  if (!host || THUMBNAIL_HOST.test(hostname)) return "small";
  if (ownerOf.has(url) && ownerOf.get(url) !== context.id) return "stale";
  if (host !== location.host && !context.hosts.has(host)) return "full";
  const link = image.closest("a") || image.parentElement;
  if ([...link.querySelectorAll("img")].some((other) => other !== image && !shown(other))) return "full";
  return isLarge(image, card) ? "full" : "maybe";
}

// The images of the active slide that are as prominent as the picture is, not its icons and related cards.
function prominent(slide, context) {
  const images = [...(slide || document).querySelectorAll("img")].filter((image) => {
    if (!outside(image, context.roots) || related(image, slide) || !shown(image)) return false;
    if (image.complete && image.naturalWidth > 0 && Math.max(image.naturalWidth, image.naturalHeight) <= 48) return false;
    if (slide !== null) return true;
    const link = image.closest("a[href]");
    const page = link ? destination(link.href) : "";
    return link !== null && (!context.page || !isWeb(page) || sameAddress(page, context.page));
  });
  const main = images.reduce((best, image) => (best === null || area(image) > area(best) ? image : best), null);
  const link = main && main.closest("a");
  return images.filter((image) => area(image) >= area(main) / 4 || (link !== null && image.closest("a") === link));
}

// Layouts before 2024 have one image whose address is swapped in place: what first held no address of the web, were it
// a single pixel, holds the picture as soon as it does.
function noteStandIns(slide, context) {
  for (const image of (slide || document).querySelectorAll("a[href] img")) {
    if (outside(image, context.roots) && image.src && !isWeb(image.src)) context.standIns.add(image);
  }
}

// The best picture of the active slide now, { url, image, verdict }, or null. What came before it in the same
// slide was its stand-in: this is how a page is understood whose stand-ins look like pictures.
function bigPicture(card, context) {
  const { marked, slide } = slideOf(context.id, context.cards, context.roots);
  if (marked && slide === null) return null;
  noteStandIns(slide, context);
  let best = null;
  for (const image of prominent(slide, context)) {
    const url = image.currentSrc || image.src;
    if (!url) continue;
    let verdict = judge(image, url, card, context);
    if (verdict === "stale") continue;
    if (verdict === "small" && context.shown.size > 0 && isLargeCopy(image, card)) context.copied = context.copied || performance.now();
    context.shown.add(url);
    if (verdict === "maybe" && context.shown.size > 1 && context.first !== url) verdict = "full";
    if (verdict === "maybe" && context.standIns.has(image)) verdict = "full";
    context.first = context.first || url;
    if (verdict === "full") return { url, image, verdict };
    if (verdict === "maybe") best = { url, image, verdict };
  }
  return best;
}

// Clicks never leave the page: a result's own link is for people who open it in a new tab, and the address
// of a button is for browsers without scripts. Listens last, so that the page's own handlers have had their say.
window.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link || !isWeb(link.href)) return;
  const foreign = hostOf(link.href).origin !== location.origin;
  if (/\/imgres\?/.test(link.href) || (foreign && link.matches('[role="button"]'))) event.preventDefault();
});

// What does not change while a few cards are clicked: the grid, and every URL that is known to be small.
function surroundings(known, spared, network) {
  const { cards, roots } = grid();
  const images = roots.flatMap((root) => [...root.querySelectorAll("img")]);
  const thumbnails = new Set([...images.flatMap((image) => [image.currentSrc, image.src, thumbnailOf(image)]), ...known].filter(isWeb));
  const hosts = new Set([...thumbnails].map((url) => hostOf(url).host));
  return { cards, roots, thumbnails, hosts, spared: new Set(spared), network };
}

// The pictures that the page asks for while a panel is open: settled once one of another host than the small ones'
// has come and nothing followed for a moment, a longer one after what may have been data. Whose they are is decided outside, by time, size and look.
function watchedRequests(start, context) {
  let [last, patience] = [0, 0];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.startTime < start || !PICTURE_REQUESTS.has(entry.initiatorType)) continue;
      if (!isWeb(entry.name) || recognised(entry.name, context) || !/^(image\/|$)/.test(entry.contentType || "")) continue;
      const picture = /^(img|image)$/.test(entry.initiatorType) || /^image\//.test(entry.contentType || "");
      [last, patience] = [performance.now(), picture ? 250 : Math.max(patience, 900)];
    }
  });
  observer.observe({ type: "resource" });
  return { stop: () => observer.disconnect(), settled: (now) => last > 0 && now - last > patience };
}

// Resolves to { url, width, height, target, moved, began, ended } once the active slide shows the clicked card's picture,
// or to an empty url. `spared`: there is another way to this picture, so that waiting long is no use.
function picture(id, card, around, limit, begin) {
  const context = { ...around, id, page: destination(pageOf(card, sourceLink(card))), shown: new Set(), standIns: new WeakSet(), first: "", copied: 0 };
  const start = performance.now();
  return new Promise((resume, fail) => {
    let maybe = null;
    const asked = around.network ? watchedRequests(start, context) : null;
    let moved = false;
    const hash = location.hash;
    const stop = () => {
      observer.disconnect();
      clearInterval(timer);
      if (asked) asked.stop();
      for (const type of ["load", "error"]) document.removeEventListener(type, look, true);
    };
    const finish = (found) => {
      stop();
      if (found) {
        ownerOf.set(found.url, id);
        swaps += 1;
        slowest = Math.max(slowest, performance.now() - start);
        if (found.verdict === "full" && context.shown.size > 1) habits[recognised(context.first, context) ? "plain" : "tricky"] += 1;
      }
      const target = resultLink(card);
      resume({
        id, url: found ? found.url : "", width: found ? found.image.naturalWidth : 0, height: found ? found.image.naturalHeight : 0,
        target: target ? target.href : "", began: (performance.timeOrigin + start) / 1000,
        ended: (performance.timeOrigin + performance.now()) / 1000, moved: moved || found !== null || location.hash !== hash,
      });
    };
    const patience = () => {
      if (!moved && location.hash === hash && !resultLink(card)) return Math.min(limit, 3000);
      const spared = around.spared.has(id) || resultLink(card) !== null;
      if (spared && swaps > 0) return Math.min(limit, Math.max(1500, 5 * slowest));
      return swaps > 2 ? Math.min(limit, Math.max(3000, 8 * slowest)) : limit;
    };
    // an error in here would otherwise be nobody's, and the wait endless
    const look = () => {
      try { consider(); } catch (error) { stop(); fail(error); }
    };
    const consider = () => {
      const found = bigPicture(card, context);
      if (found && found.verdict === "full") return finish(found);
      const now = performance.now();
      if (asked && asked.settled(now)) return finish(null);
      if (context.copied > 0 && now - context.copied > COPY_PATIENCE) return finish(null);
      if (found === null || maybe === null || found.url !== maybe.url) maybe = found && { ...found, since: now };
      const trusted = habits.plain > 0 && habits.tricky === 0;
      if (maybe && trusted && maybe.image.complete && now - maybe.since > 1000) return finish(maybe);
      return now - start > patience() ? finish(null) : undefined;
    };
    const observer = new MutationObserver((records) => {
      if (!moved) moved = records.some((record) => outside(record.target, context.roots));
      look();
    });
    observer.observe(document, {
      subtree: true, childList: true, attributes: true,
      attributeFilter: ["src", "srcset", "style", "class", "aria-hidden", "href", "data-id", "data-tbnid", "hidden"],
    });
    for (const type of ["load", "error"]) document.addEventListener(type, look, true);
    const timer = setInterval(look, 50);
    begin();
    look();
  });
}

// Click the cards one after the other until `budget` milliseconds are used; stops at a card that stays inert.
api.click = async function (ids, known, spared, network, limit, budget) {
  const start = performance.now();
  const results = [];
  const around = surroundings(known, spared, network);
  for (const id of ids) {
    const card = around.cards.get(id);
    if (!card || !card.isConnected) {
      results.push({ id, moved: true });
      continue;
    }
    const result = await picture(id, card, around, limit, () => {
      if (!displayed(targetOf(card))) targetOf(card).scrollIntoView({ block: "center" });
      hoverOver(card);
      fire(targetOf(card), [...PRESS, "click"]);
    });
    results.push(result);
    if (!result.moved || performance.now() - start > budget) break;
  }
  return results;
};

// For a real mouse: bring the card into view and say where to click, or null when something covers it.
api.aim = function (id) {
  const card = grid().cards.get(id);
  if (!card) return null;
  const target = targetOf(card);
  target.scrollIntoView({ block: "center", behavior: "instant" });
  const box = target.getBoundingClientRect();
  for (const across of [0.5, 0.25, 0.75]) {
    const [x, y] = [box.left + box.width * across, box.top + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    if (hit && (hit === target || card.contains(hit))) return { x, y };
  }
  return null;
};

api.arm = function (id, known, spared, network, limit) {
  const around = surroundings(known, spared, network);
  const card = around.cards.get(id);
  api.armed = card ? picture(id, card, around, limit, () => undefined) : Promise.resolve(null);
};
api.outcome = () => api.armed;
