// Among the page's own scripts: tells the program what they ask for and what is answered, and the values that they hold.

const tell = (...detail) => { try { window.dispatchEvent(new CustomEvent(name, { detail })); } catch { /* the page's request goes on */ } };
const fetchNow = window.fetch;
const send = XMLHttpRequest.prototype.send;

XMLHttpRequest.prototype.send = function (...sent) {
  tell("began");
  this.addEventListener("loadend", () => {
    tell("ended");
    tell("answered", this.status, this.responseURL, this.getAllResponseHeaders());
    if (this.responseType === "" || this.responseType === "text") tell("body", this.responseText);
    else if (this.responseType === "json") tell("body", JSON.stringify(this.response));
  });
  return send.apply(this, sent);
};
window.fetch = function (...sent) {
  tell("began");
  const answer = fetchNow.apply(this, sent);
  answer.then((response) => {
    tell("answered", response.status, response.url, [...response.headers.keys()].join("\n"));
    return response.clone().text();
  }).then((text) => tell("body", text), () => undefined).finally(() => tell("ended"));
  return answer;
};
window.addEventListener(`${name}?`, (event) => {
  const values = window.W_jd || {};
  for (const key of event.detail) {
    try {
      if (values[key] !== undefined) tell("value", JSON.stringify(values[key]));
    } catch { /* a value that cannot be written as JSON holds no row */ }
  }
});
