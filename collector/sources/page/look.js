// In the page: which pictures it shows now, with everything written around each. Only reads; nothing is said twice.
// Looks through open shadow roots and frames of the same origin.

const api = { buffer: [], sent: new WeakMap(), swept: new WeakMap(), marked: { seen: 0, tall: Infinity }, resources: [], made: new Set(), known: new Set() };
const inert = document.implementation.createHTMLDocument("");  // nothing in it is ever loaded
const isWeb = (url) => /^(https?:|data:image\/)/i.test(url || "");
const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
api.pause = pause;

performance.setResourceTimingBufferSize(20000);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const drawn = ["img", "image", "input", "css"].includes(entry.initiatorType);
    if (drawn || /\.(jpe?g|png|webp|gif|avif|hei[cf]|jxl)([?#]|$)/i.test(entry.name)) api.resources.push(entry.name);
  }
}).observe({ type: "resource", buffered: true });

// The documents and shadow trees that make up what is seen; frames of other origins keep to themselves.
function* trees(root) {
  yield root;
  for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) yield* trees(element.shadowRoot);
    if (element.localName === "iframe" || element.localName === "frame") {
      let inside = null;
      try { inside = element.contentDocument; } catch { continue; }
      if (inside && inside.documentElement) yield* trees(inside);
    }
  }
}
const documentOf = (root) => root.ownerDocument || root;

// The image in a copy of its surroundings that loads nothing: link, <picture>, caption.
function surroundings(image) {
  const picture = image.parentNode && image.parentNode.localName === "picture" ? image.parentNode : null;
  let piece = inert.importNode(picture || image, picture !== null);
  const link = image.closest("a[href]");
  if (link && link.querySelector("img") === image) {
    const around = inert.importNode(link, false);
    around.setAttribute("href", link.href);
    around.append(piece);
    piece = around;
  }
  const figure = image.closest("figure");
  const caption = figure && figure.querySelector("figcaption");
  if (caption) {
    const around = inert.createElement("figure");
    const words = inert.createElement("figcaption");
    words.textContent = caption.textContent.slice(0, 500);
    around.append(piece, words);
    piece = around;
  }
  return piece.outerHTML;
}

// How much was seen so far: the same picture in a new element is nothing new.
api.fresh = () => { api.collect(); return api.known.size; };

function keep(found, key) {
  api.known.add(key);
  api.buffer.push(found);
}

function record(image, base) {
  const current = image.currentSrc || image.src || "";
  const html = surroundings(image);
  const signature = `${image.complete ? image.naturalWidth : 0} ${current} ${html}`;
  if (api.sent.get(image) === signature) return;
  api.sent.set(image, signature);
  if (current.startsWith("blob:")) api.made.add(image);
  const exact = image.complete && !image.srcset && !(image.parentNode && image.parentNode.localName === "picture");
  keep({
    html, base, current: isWeb(current) ? current : "",
    width: exact ? image.naturalWidth : 0, height: exact ? image.naturalHeight : 0,
  }, /^https?:/i.test(current) ? current : html);
}

const PLACES = "video, svg image, input[type=image], embed, object, amp-img, [background], [data-bg], [data-background], " +
  "[data-background-image], [data-src], [data-full], [data-large], [data-zoom-image], a[href]";
const PICTURE = /\.(jpe?g|png|webp|gif|avif|bmp|tiff?|hei[cf]|jxl)([?#]|$)/i;

function others(root, base) {
  for (const element of root.querySelectorAll(PLACES)) {
    if (element.localName === "img" || (element.localName === "a" && (!PICTURE.test(element.href) || element.querySelector("img")))) continue;
    const html = inert.importNode(element, element.localName === "video").outerHTML.slice(0, 20000);
    if (api.sent.get(element) === html) continue;
    api.sent.set(element, html);
    keep({ html, base, current: "", width: 0, height: 0 }, html);
  }
}

// Backgrounds as the browser has worked them out, whichever sheet they come from.
function backgrounds(root, base) {
  for (const element of root.querySelectorAll("body, body *")) {
    if (["IMG", "SCRIPT", "STYLE", "BR"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const value = style.backgroundImage;
    if (!value || value === "none" || !value.includes("url(") || api.swept.get(element) === value) continue;
    api.swept.set(element, value);
    const box = element.getBoundingClientRect();
    keep({ html: "", base, style: value, width: Math.round(box.width), height: Math.round(box.height), current: "" }, value);
  }
}

api.collect = function () {
  for (const root of trees(document)) {
    const base = documentOf(root).baseURI;
    for (const image of root.querySelectorAll("img")) record(image, base);
    others(root, base);
    backgrounds(root, base);
    for (const canvas of root.querySelectorAll("canvas")) if (canvas.width * canvas.height >= 2500) api.made.add(canvas);
  }
};

// Everything new since the last look.
api.look = function () {
  api.collect();
  const [records, resources] = [api.buffer, api.resources];
  [api.buffer, api.resources] = [[], []];
  return { records, resources, made: api.made.size };
};
