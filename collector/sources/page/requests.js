// Among the page's own scripts: tells the program when a request begins and when it has ended.

const tell = (count) => { try { window.dispatchEvent(new CustomEvent(name, { detail: count })); } catch { /* the page's request goes on */ } };
const fetchNow = window.fetch;
const send = XMLHttpRequest.prototype.send;
window.fetch = function (...given) {
  tell(1);
  return fetchNow.apply(this, given).finally(() => tell(-1));
};
XMLHttpRequest.prototype.send = function (...given) {
  tell(1);
  this.addEventListener("loadend", () => tell(-1), { once: true });
  return send.apply(this, given);
};
