// In the page: the facts from which collector tells the kinds of pages apart.
// Location, forms, visibility and the result root; never a search through the page's source.

const FRAMES = "#rso, #islrg, #islmp, #center_col, #rcnt, #search";
const ROOTS = '#rso, #islrg, [data-id="mosaic"]';
const REJECT = "#W0wltc";
const CONSENT = '#W0wltc, #L2AGLb, #xe7COe, form[action*="//consent."], form:has(input[name="set_eom"])';

function coveringFrame() {
  const top = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  for (const frame of document.querySelectorAll("iframe")) {
    if (!displayed(frame) || area(frame) < 0.6 * innerWidth * innerHeight) continue;
    if (top === frame || (top && top.contains(frame) && top !== document.body && top !== document.documentElement)) return frame;
  }
  return null;
}

function bigImages(root) {
  let count = 0;
  for (const image of (root || document).querySelectorAll("img")) {
    const box = image.getBoundingClientRect();
    if (box.width >= 60 && box.height >= 60 && !image.closest(PANEL)) count += 1;
  }
  return count;
}

function isScriptWall() {
  const gate = /\/httpservice\/retry\/enablejs/;
  if ([...document.querySelectorAll("noscript")].some((part) => gate.test(part.textContent))) return true;
  return [...document.querySelectorAll("iframe[src], a[href], meta[content]")].some((part) => gate.test(part.src || part.href || part.content));
}

function thumbnailLinks() {
  const inLink = document.querySelectorAll('a[href*="/url?"] img, a[href*="/imgres?"] img');
  return Math.max(inLink.length, [...document.images].filter((image) => /images\?q=tbn/.test(image.src)).length);
}

api.state = function (count, grid) {
  const root = grid || document.querySelector(ROOTS);
  const consent = [...document.querySelectorAll(CONSENT)].some(displayed);
  const captcha = [...document.querySelectorAll("form#captcha-form, .g-recaptcha, [data-sitekey]")];
  const cover = count ? coveringFrame() : null;
  const timing = performance.getEntriesByType("navigation")[0];
  const bare = count === 0;
  return {
    host: location.hostname,
    path: location.pathname,
    status: (timing && timing.responseStatus) || 0,
    ready: document.readyState === "complete",
    root: root !== null,
    frame: document.querySelector(FRAMES) !== null,
    consent,
    captcha: captcha.some((part) => part.id === "captcha-form" || bare),
    cover: cover ? cover.getAttribute("src") || "about:blank" : "",
    wall: bare && isScriptWall(),
    legacy: bare ? thumbnailLinks() : 0,
    images: bare ? bigImages(root || document.querySelector(FRAMES)) : 0,
    links: bare && root ? root.querySelectorAll("a[href]").length : 0,
    text: bare && document.body ? document.body.innerText.trim().length : 0,
  };
};

// Say no to cookies with the page's own button, found by its id or by its form's meaning, in any language.
api.reject = function () {
  const button = document.querySelector(REJECT);
  if (button && displayed(button)) {
    button.click();
    return true;
  }
  for (const input of document.querySelectorAll('form input[name="set_eom"][value="true"]')) {
    const submit = input.form.querySelector('button, input[type="submit"]');
    if (submit) submit.click();
    else input.form.requestSubmit();
    return true;
  }
  return false;
};
