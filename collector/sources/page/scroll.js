// In the page: on to what is further down, in steps, so that nothing lazy is jumped over and no virtual row is missed.

const height = () => Math.max(0, ...[document.documentElement, document.body].map((part) => (part ? part.scrollHeight : 0)));

// The document and every box with its own scrollbar that holds pictures, in frames too.
function scrollers() {
  const found = [];
  for (const root of trees(document)) {
    if (root.nodeType === Node.DOCUMENT_NODE) found.push(root.scrollingElement || root.documentElement);
    const boxes = new Set();
    for (const image of root.querySelectorAll("img, canvas, [style*=url]")) {
      for (let node = image.parentElement; node && node !== documentOf(root).body; node = node.parentElement) {
        if (boxes.has(node)) break;
        boxes.add(node);
        if (node.scrollHeight <= node.clientHeight + 40 || node.clientHeight < 100) continue;
        const flow = getComputedStyle(node).overflowY;
        if (flow === "auto" || flow === "scroll") found.push(node);
      }
    }
  }
  return found.filter(Boolean);
}

const view = (node) => (node === node.ownerDocument.scrollingElement ? node.ownerDocument.defaultView.innerHeight : node.clientHeight);
const atBottom = (node) => node.scrollTop + view(node) >= node.scrollHeight - 4;

function loading() {
  for (const image of document.images) {
    if (image.complete || !image.getAttribute("src")) continue;
    const box = image.getBoundingClientRect();
    if (box.bottom > -200 && box.top < innerHeight + 200 && box.width > 0) return true;
  }
  return false;
}

// From here on, other pictures are news, and so is a taller page if it is to count.
api.mark = (taller) => { api.marked = { seen: api.fresh(), tall: taller ? height() + 20 : Infinity }; };
const news = () => api.known.size > api.marked.seen || height() > api.marked.tall;

// Whether there is news within `milliseconds`, and whether pictures in view are still loading.
api.news = async function (milliseconds) {
  const end = performance.now() + milliseconds;
  for (;;) {
    api.collect();
    if (news()) return { grown: true, loading: false };
    if (performance.now() >= end) return { grown: false, loading: loading() };
    await pause(50);
  }
};

// A few steps down; what was seen on the way stays in the buffer for the next look.
api.further = async function (limit) {
  const deadline = performance.now() + limit;
  api.mark(true);
  const open = scrollers().filter((node) => !atBottom(node));
  for (const node of open) {
    for (let step = 0; step < 8 && !atBottom(node) && performance.now() < deadline; step += 1) {
      node.scrollBy({ top: Math.max(view(node) * 0.8, 150), behavior: "instant" });
      await pause(60);
      api.collect();
    }
  }
  return { grown: news(), bottom: scrollers().every(atBottom) };
};

// Some pages look only when the position changes: a little up and down again at the bottom.
api.nudge = async function () {
  for (const node of scrollers()) {
    node.scrollBy({ top: -Math.min(view(node) / 2, 400), behavior: "instant" });
    await pause(60);
    node.scrollTo({ top: node.scrollHeight, behavior: "instant" });
  }
};
