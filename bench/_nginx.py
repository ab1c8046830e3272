"""A real nginx on loopback that serves the fixture: plainly, late, slowly, and with trouble."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import psutil
from _fixture import FAULTY, LINE, PLAIN, SLOW

MODULES = Path("/usr/lib/nginx/modules")
CONFIG = """
daemon off; user root; worker_processes auto; worker_rlimit_nofile 65536; pid {run}/nginx.pid;
error_log {run}/error.log;
load_module {modules}/ndk_http_module.so; load_module {modules}/ngx_http_lua_module.so;
events {{ worker_connections 16384; multi_accept on; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 75s; keepalive_requests 1000000;
  types {{ image/jpeg jpg; text/html html; }} open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;
  client_body_temp_path {run}; proxy_temp_path {run}; fastcgi_temp_path {run}; uwsgi_temp_path {run};
  scgi_temp_path {run}; lua_shared_dict asked 1m; reset_timedout_connection on;
  server {{ listen {plain} backlog=4096; root {root}; }}
  server {{ listen {line} backlog=4096; root {root}; limit_rate 100k; }}
  server {{ listen {slow} backlog=4096; root {root};
    location / {{ access_by_lua_block {{ ngx.sleep(0.1 + 0.2 * (ngx.crc32_short(ngx.var.uri) % 1000) / 1000) }} }} }}
  server {{ listen {faulty} backlog=4096; root {root};
    location = /robots.txt {{ return 404; }}
    location = /forget {{ content_by_lua_block {{ ngx.shared.asked:flush_all() ngx.say("forgotten") }} }}
    location /truncated/ {{ keepalive_timeout 0; content_by_lua_block {{
      local file = io.open("{root}/web/" .. ngx.var.uri:match("[^/]+$"), "rb")
      local body = file:read("*a") file:close()
      ngx.header["Content-Type"] = "image/jpeg" ngx.header["Content-Length"] = #body
      ngx.print(body:sub(1, math.floor(#body * 2 / 3))) }} }}
    location / {{ content_by_lua_block {{
      local kind, name = ngx.var.uri:match("^/([^/]+)/(.+)$")
      local file = io.open("{root}/web/" .. name, "rb")
      local body = file:read("*a") file:close()
      local function answer(text) ngx.header["Content-Type"] = "image/jpeg" ngx.header["Content-Length"] = #body
        ngx.print(text) end
      if kind == "404" then return ngx.exit(404) end
      if kind == "loop" then return ngx.redirect(ngx.var.uri, 302) end
      if kind == "html" then ngx.header["Content-Type"] = "text/html"
        return ngx.print(("<html><body>Please log in</body></html>"):rep(50)) end
      if kind == "referer" and not ngx.var.http_referer then return ngx.exit(403) end
      if kind == "429" and ngx.shared.asked:add(name, 1) then
        ngx.header["Retry-After"] = 1 ngx.status = 429 return ngx.print("slow down") end
      if kind == "reset" then answer(body:sub(1, 2000)) ngx.flush(true) ngx.sleep(0.01) return ngx.exit(444) end
      if kind == "stall" then
        answer(body:sub(1, math.floor(#body / 2))) ngx.flush(true) ngx.sleep(10)
        return ngx.print(body:sub(math.floor(#body / 2) + 1)) end
      answer(body) }} }} }}
}}
"""


def missing() -> str:
    """One line about what has to be installed first; "" when everything is there."""
    if shutil.which("nginx") is None or not (MODULES / "ngx_http_lua_module.so").is_file():
        return "bench/fetch.py needs a real server: apt-get install nginx libnginx-mod-http-lua"
    return ""


def _die_with_parent() -> None:
    """Linux: the server ends with the benchmark, however that ends (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Nginx:
    """`with Nginx(folder):` the server runs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Nginx:
        self._run = tempfile.TemporaryDirectory(prefix="collector-nginx-")
        config = Path(self._run.name) / "nginx.conf"
        values = {"run": self._run.name, "modules": MODULES, "root": self._root}
        config.write_text(CONFIG.format(**values, plain=PLAIN, slow=SLOW, line=LINE, faulty=FAULTY))
        command = ["nginx", "-p", self._run.name, "-c", str(config)]
        self._process = subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_parent)
        for _ in range(100):
            try:
                self.forget()
                return self
            except OSError:
                time.sleep(0.05)
        log = (Path(self._run.name) / "error.log").read_text(errors="replace").strip()
        self.__exit__()
        sys.exit(f"nginx did not start: {log.splitlines()[-1] if log else 'it says nothing'}")

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
        self._run.cleanup()

    def cpu(self) -> float:
        """Seconds that it has spent so far."""
        return sum(sum(one.cpu_times()[:2]) for one in psutil.Process(self._process.pid).children())

    def forget(self) -> None:
        """Have every 429 answered anew."""
        urlopen(f"http://127.0.0.2:{FAULTY}/forget", timeout=2).read()
