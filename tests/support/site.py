"""A loopback web of hostile and friendly pages for the browser tests: path -> what happens there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGES: dict[str, str] = {
    "/plain": "<title>plain</title><h1>Plain</h1><p id=p>text äöü 猫</p>",
    "/fooling": "<h1>fooling</h1><img src="
    "'data:image/gif;base64,R0lGODlhAQABAAAAACw='><a href='/real.jpg'>real</a><script>"
    "const lie = () => { throw new Error('fooled'); }, names = []; "
    "for (const owner of [Array, Object, JSON, Promise, Map, Set, WeakMap,"
    "String, RegExp, NodeList, Node, Element, HTMLImageElement, HTMLAnchorElement, Document, EventTarget, Performance])"
    "for (const place of [owner, owner.prototype]) for (const name of place ? Object.getOwnPropertyNames(place) : [])"
    "if (name !== 'prototype' && name !== 'constructor') names.push([place, name]);"
    "const define = Object.defineProperty, own = names.length; for (let n = 0; n < own; n += 1)"
    "try { define(names[n][0], names[n][1], {value: lie}); } catch {}"
    "window.getComputedStyle = window.setTimeout = window.PerformanceObserver = lie; window.fooled = 1;</script>",
    "/seized": "<h1>seized</h1><script>const lie = () => { throw 1; };"
    "Object.defineProperty(Object.prototype, 'id', {get: lie}); Object.prototype.toString = lie;"
    "Array.prototype[Symbol.iterator] = lie;"
    "for (const name of ['then', 'catch', 'finally']) Promise.prototype[name] = lie;"
    "window.MutationObserver = window.fetch = lie; const P = new Proxy(document, {get: lie});"
    "try { Object.defineProperty(window, 'document', {value: P}); } catch {}</script>",
    "/alerts": "<h1>alerts</h1><script>alert(1);alert(2);"
    "let n = 0; const timer = setInterval(() => {if (++n > 8) clearInterval(timer); alert(3)}, 50)</script>",
    "/alerting": "<h1>alerting</h1><script>setInterval(() => alert(1), 1)</script>",
    "/prompts": "<h1>prompts</h1><script>window.answers = [confirm('?'), prompt('?')]</script>",
    "/popups": "<h1>popups</h1><script>for (let i = 0; i < 50; i++) window.open('/plain?' + i)</script>",
    "/reloading": "<h1>reloading</h1><script>setTimeout(() => location.reload(), 100)</script>",
    "/download": "<h1>download</h1><script>for (const n of [1, 2]) {const a = document.createElement('a');"
    "a.href = '/evil.exe?' + n; a.download = '../../evil.exe'; document.body.append(a); a.click()}</script>",
    "/staying": "<h1>staying</h1><script>onbeforeunload = event => {event.preventDefault(); return 'stay'}</script>",
    "/file": "<h1>file</h1><a id=a href='file:///etc/passwd'>x</a><script>a.click(); "
    "try {location = 'file:///etc/passwd'} catch (e) {}</script>",
    "/stuck": "<h1>stuck</h1><script>setTimeout(() => {const x = new XMLHttpRequest(); x.open('GET', '/never', false);"
    "x.send()}, 100)</script>",
    "/closing": "<h1>closing</h1><script>setTimeout(() => window.close(), 50)</script>",
    "/new-window": "<body style='margin:0'><a href='/plain' target=_blank style='position:absolute;left:0;top:0;"
    "width:200px;height:100px'>open</a>",
    "/permissions": "<h1>permissions</h1><script>Notification.requestPermission().then(a => window.answer = a);"
    "navigator.geolocation.getCurrentPosition(() => window.place = 'given', () => window.place = 'denied')</script>",
    "/input": "<body style='margin:0;height:5000px'><script>window.log = [];"
    "for (const name of ['mouseover', 'mousedown', 'mouseup', 'click', 'keydown', 'keyup'])"
    "addEventListener(name, e => window.log.push([name, e.isTrusted, e.clientX || 0, e.clientY || 0, e.key || '']))"
    "</script><input id=field style='position:absolute;left:10px;top:300px;width:200px;height:30px'>",
    "/xhr": "<h1>xhr</h1><script>fetch('/data/1').then(r => r.text()).then(() => {const x = new XMLHttpRequest();"
    "x.open('GET', '/data/2'); x.onload = () => {window.ready = true}; x.send()})</script>",
}


class Site(ThreadingHTTPServer):
    """`hits` lists the paths asked for, in order."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.home = f"http://127.0.0.1:{self.server_port}"
        self.ending = threading.Event()
        self.hits: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that was killed in the middle of an answer is what we test."""


class Handler(BaseHTTPRequestHandler):
    """Serves PAGES and a few addresses that misbehave on the wire."""

    server: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.hits.append(self.path)
        if path == "/never":
            self.server.ending.wait(60)
        elif path == "/drip":
            self._drip()
        elif path == "/empty":
            self.connection.close()
        elif path.startswith("/data/"):
            self._send(f'{{"data": "{path[6:]}", "text": "ä猫"}}', "application/json")
        elif path == "/nothing":
            self.send_response(204)
            self.end_headers()
        elif path == "/evil.exe":
            self._send("MZ", "application/octet-stream")
        else:
            self._send(
                "<!doctype html><meta charset=utf-8>" + PAGES.get(path, ""), status=200 if path in PAGES else 404
            )

    def _send(self, text: str, kind: str = "text/html; charset=utf-8", status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        """A page that has something to show and never ends."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><h1>drip</h1>" + b"<p>x</p>" * 500)
        while not self.server.ending.wait(0.1):
            self.wfile.write(b"<p>more</p>")
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield site
    finally:
        site.ending.set()
        site.shutdown()
        thread.join()
        site.server_close()
