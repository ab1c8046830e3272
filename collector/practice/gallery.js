// The program of the practice galleries: the same list shown in different ways.

const { home, kind } = document.body.dataset;
const list = document.getElementById("list");
const address = (item) => item.thumb || `${home}/pictures/${item.name}.jpg`;
let next = 0;
let busy = false;

async function batch(count) {
  if (next === null || busy) return [];
  busy = true;
  const answer = await (await fetch(`items?kind=${kind}&from=${next}${count ? `&count=${count}` : ""}`)).json();
  next = answer.next;
  busy = false;
  return answer.items;
}

function image(item) {
  const made = document.createElement("img");
  made.src = address(item);
  made.alt = item.title;
  return made;
}

// A placeholder until it comes near, as lazy loaders do.
function lazy(item) {
  const made = document.createElement("img");
  made.src = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
  made.dataset.src = address(item);
  made.alt = item.title;
  new IntersectionObserver(([entry], observer) => {
    if (entry.isIntersecting) { made.src = made.dataset.src; observer.disconnect(); }
  }).observe(made);
  return made;
}

async function append(make, into) {
  const items = await batch();
  into.append(...items.map(make));
}

function onScroll(make, into) {
  const mark = document.getElementById("after");
  mark.style.height = "10px";
  new IntersectionObserver(async ([entry]) => {
    while (entry.isIntersecting && next !== null && mark.getBoundingClientRect().top < innerHeight + 50) {
      await append(make, into);
      await new Promise((resume) => setTimeout(resume, 30));
    }
  }, { rootMargin: "50px" }).observe(mark);
}

function onPress(text, role) {
  const button = document.createElement(role ? "div" : "button");
  button.textContent = text;
  if (role) { button.setAttribute("role", "button"); button.style.cssText = "width: 60px; height: 30px"; button.className = "gallery-append"; }
  button.addEventListener("click", async () => {
    await append(image, list);
    if (next === null) button.remove();
  });
  document.getElementById("after").append(button);
  append(image, list);
}

// Only the rows in view are in the page; those left behind are taken out.
async function virtual() {
  list.innerHTML = '<div id="box"><div id="whole"></div></div>';
  const [box, whole] = [document.getElementById("box"), document.getElementById("whole")];
  const items = await batch(1000);
  whole.style.height = `${items.length * 160}px`;
  const show = () => {
    const first = Math.max(0, Math.floor(box.scrollTop / 160) - 1);
    whole.replaceChildren(...items.slice(first, first + 6).map((item, at) => {
      const made = image(item);
      made.style.top = `${(first + at) * 160}px`;
      return made;
    }));
  };
  box.addEventListener("scroll", show);
  show();
}

class Tiles extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = "<style>img { display: block; width: 200px; height: 150px }</style><section></section>";
    onScroll(image, root.querySelector("section"));
  }
}
customElements.define("practice-tiles", Tiles);

async function drawn() {
  const items = await batch(6);
  for (const [at, item] of items.entries()) {
    if (at % 2) {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [200, 150];
      const pen = canvas.getContext("2d");
      pen.fillStyle = `hsl(${at * 50} 80% 50%)`;
      pen.fillRect(0, 0, 200, 150);
      list.append(canvas);
    } else {
      const blob = new Blob([`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>${item.title}</text></svg>`], { type: "image/svg+xml" });
      const made = document.createElement("img");
      made.src = URL.createObjectURL(blob);
      list.append(made);
    }
  }
}

function tile(item) {
  const made = document.createElement("div");
  made.className = "tile";
  made.style.backgroundImage = `url(${address(item)})`;
  return made;
}

const ways = {
  scroll: () => onScroll(lazy, list),
  button: () => onPress("Mehr anzeigen"),
  wordless: () => onPress("⊕", true),
  shadow: () => list.append(document.createElement("practice-tiles")),
  virtual,
  canvas: drawn,
  frame: () => { list.innerHTML = '<iframe src="scroll" style="width: 100%; height: 700px; border: 0"></iframe>'; },
  backgrounds: () => onScroll(tile, list),
  sizes: () => onScroll(image, list),
};
ways[kind]();
