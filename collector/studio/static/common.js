// What every page of the studio uses. Texts from outside are only ever textContent.

export const at = (id) => document.getElementById(id);
export const count = (number) => number.toLocaleString("en");

/** A new element with attributes, a text or children. */
export function made(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

/** A link when the address is one of the web, else its text. */
export function link(address, text = address) {
  if (!/^https?:\/\//i.test(address)) return made("span", {}, text);
  return made("a", { href: address, rel: "noopener noreferrer nofollow", target: "_blank" }, text);
}

export function say(text, bad = false) {
  at("said").textContent = text;
  at("said").classList.toggle("bad", bad);
}

/** The answer to a request; an Error with the server's words when it refuses. */
export async function asked(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

export const read = async (address) => (await asked(address)).json();

export async function post(address, body = {}) {
  const headers = { "Content-Type": "application/json" };
  return (await asked(address, { method: "POST", body: JSON.stringify(body), headers })).json();
}

/** Do something and say what went wrong with it, if anything did. */
export async function attempt(work) {
  try { return await work(); } catch (error) { say(error.message, true); return undefined; }
}
