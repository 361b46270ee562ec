#!/bin/sh
# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# How the container starts, in each of AppAPI's modes:
#   HaRP with FRP        HP_SHARED_KEY is set: frpc brings requests to a socket file
#   direct, Kubernetes   requests come to APP_HOST:APP_PORT
#   docker socket proxy  the same
# Arguments go to manage.py; `serve` without any. SIGTERM ends the app first, which
# takes leave of its calls, and frpc after it. The exit code is the app's.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
user=10001  # the image's unprivileged user
storage=${APP_PERSISTENT_STORAGE:-$here/data}
certificates=${HP_FRP_CERTIFICATES:-/certs/frp}
run=${RUN_DIRECTORY:-/tmp/live_transcription}

say() { echo "start: $*" >&2; }

# AppAPI stops the container seconds after its first start. The first process of a
# container gets no signal that it does not ask for.
trap 'exit 0' TERM INT

# --- As root: what needs it, then never again ---------------------------------------

# AppAPI copies certificates of Nextcloud and HaRP into the container.
trust_certificates() {
    if [ -n "$(ls /usr/local/share/ca-certificates 2>/dev/null)" ]; then
        update-ca-certificates >/dev/null 2>&1 || say "update-ca-certificates failed"
    fi
}

give_away() {
    mkdir -p "$storage" "$run"
    if [ -d "$certificates" ]; then
        rm -rf "$run/frp"
        cp -r "$certificates" "$run/frp"
    fi
    chown -R "$user:$user" "$storage" "$run" || say "cannot give away $storage"
}

if [ "$(id -u)" = 0 ]; then
    trust_certificates
    umask 077
    give_away
    export HP_FRP_CERTIFICATES="$run/frp" HOME="$run"
    exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs "$0" "$@"
fi

# --- As the unprivileged user -------------------------------------------------------

umask 077
mkdir -p "$run"
cd "$here"
# Python's HTTP client brings certificates of its own: use the container's instead.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export SSL_CERT_FILE="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
fi
if [ $# = 0 ]; then set -- serve; fi

child=""    # what SIGTERM goes to: the preparation, then the app
tunnel=""   # the loop that keeps frpc running
ending=""

# shellcheck disable=SC2329 # called by the trap
end() {
    ending="${ending}x"
    if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null || true; fi
}
trap end TERM INT

# Runs a command in the background, so that signals arrive at once; sets `code`.
run_child() {
    code=0
    if [ -n "$ending" ]; then return; fi
    "$@" &
    child=$!
    while :; do
        before=$ending
        code=0
        wait "$child" || code=$?
        # A signal has interrupted `wait`: go back to it.
        if [ "$before" = "$ending" ]; then break; fi
    done
    child=""
}

# A value as TOML wants it.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

write_frpc_config() {
    {
        cat <<END
serverAddr = $(quoted "$HP_FRP_ADDRESS")
serverPort = $HP_FRP_PORT
loginFailExit = false
metadatas.token = $(quoted "$HP_SHARED_KEY")
END
        if [ -d "$certificates" ]; then
            cat <<END
transport.tls.enable = true
transport.tls.certFile = $(quoted "$certificates/client.crt")
transport.tls.keyFile = $(quoted "$certificates/client.key")
transport.tls.trustedCaFile = $(quoted "$certificates/ca.crt")
transport.tls.serverName = "harp.nc"
END
        else
            echo 'transport.tls.enable = false'
        fi
        cat <<END
[[proxies]]
name = $(quoted "${APP_ID:-live_transcription}")
type = "tcp"
remotePort = $APP_PORT
[proxies.plugin]
type = "unix_domain_socket"
unixPath = $(quoted "${HP_EXAPP_SOCK:-/tmp/exapp.sock}")
END
    } >"$run/frpc.toml"
}

# Keeps frpc running, with pauses of 1 to 30 s when it keeps ending; SIGTERM ends both.
keep_frpc() {
    running=""
    trap 'if [ -n "$running" ]; then kill "$running" 2>/dev/null; wait "$running"; fi; exit 0' TERM
    trap '' INT
    pause=1
    while :; do
        began=$(date +%s)
        frpc -c "$run/frpc.toml" &
        running=$!
        echo "$running" >"$run/frpc.pid"
        code=0
        wait "$running" || code=$?
        rm -f "$run/frpc.pid"
        if [ $(($(date +%s) - began)) -gt 60 ]; then pause=1; fi
        say "frpc ended with code $code; starting it again in $pause s"
        sleep "$pause" &
        running=$!
        wait "$running"
        pause=$((pause * 2))
        if [ "$pause" -gt 30 ]; then pause=30; fi
    done
}

run_child python manage.py prepare
if [ "$code" != 0 ] || [ -n "$ending" ]; then
    if [ -n "$ending" ]; then code=0; fi
    exit "$code"
fi

if [ "$1" = serve ] && [ -n "${HP_SHARED_KEY:-}" ]; then
    write_frpc_config
    keep_frpc &
    tunnel=$!
fi

run_child python manage.py "$@"
if [ -n "$tunnel" ]; then
    kill -TERM "$tunnel" 2>/dev/null || true
    wait "$tunnel" || true
fi
# Stopped before it could listen to signals: 143 is SIGTERM's own end.
if [ -n "$ending" ] && [ "$code" = 143 ]; then code=0; fi
exit "$code"
