#!/bin/sh
# Installs what the tests use beside a Rust toolchain, where it may (Debian, as root). Without it the tests that need
# a missing tool say that they skip; nothing else depends on it. `prepare.sh cc`: only the C compiler, for building.
set -u
wanted=""
need() { command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"; }
need cc gcc
if [ "${1:-}" != cc ]; then
    need systemd-analyze systemd
    need openssl openssl
    [ -x /usr/sbin/postfix ] || wanted="$wanted postfix"
fi
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$wanted" >&2
    # A service that its package starts is not wanted here: policy-rc.d forbids it while installing.
    policy=/usr/sbin/policy-rc.d
    mine=""
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && mine=yes
    fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted; } >/dev/null 2>&1 ||
        echo "could not install$wanted; the tests that need them will skip" >&2
    [ -z "$mine" ] || rm -f "$policy"
else
    echo "missing:$wanted; the tests that need them will skip" >&2
fi
command -v cc >/dev/null 2>&1 || { echo "a C compiler is needed to build: install gcc" >&2; exit 1; }
exit 0
