#!/bin/sh
# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# Installs the Debian packages that the demo and the tests use: the real
# High-Performance Backend with Janus, Redis, PostgreSQL, a browser and gettext. Without
# the rights to do so it says what to run and succeeds: the demo then simulates the HPB,
# and the tests name what they cannot run.
set -eu

packages=""

missing() {
    for path in /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin; do
        if [ -x "$path/$1" ]; then return 1; fi
    done
    return 0
}

if missing janus; then packages="$packages janus"; fi
if missing redis-server; then packages="$packages redis-server"; fi
if missing postgres && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    packages="$packages postgresql"
fi
if missing msgfmt; then packages="$packages gettext"; fi
if missing chromium; then packages="$packages chromium"; fi
if missing nextcloud-spreed-signaling-server && missing nextcloud-spreed-signaling; then
    packages="$packages nextcloud-spreed-signaling"
fi
if [ -z "$packages" ]; then exit 0; fi

if ! command -v apt-get >/dev/null; then
    echo "Not installed:$packages. This is not a Debian system: install them yourself" \
        "to use the real High-Performance Backend." >&2
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "Not installed:$packages. To use the real High-Performance Backend run once:" >&2
    echo "    sudo sh devkit/packages.sh" >&2
    exit 0
fi

# Services that the packages bring must not start: the devkit starts its own.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
# shellcheck source=/dev/null
. /etc/os-release

install() {
    echo "Installing$packages ..."
    apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1
}

# Debian 12 has a signaling server too old for Talk; its backports have a good one,
# on the same mirror that this machine already uses.
add_backports() {
    # shellcheck disable=SC2016 # apt's own variable
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
        "Codename: ${VERSION_CODENAME:-unknown}" 'Component: main' | head -n 1)
    printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\nSigned-By: %s\n' \
        "$mirror" "${VERSION_CODENAME:-unknown}" /usr/share/keyrings/debian-archive-keyring.gpg \
        >/etc/apt/sources.list.d/live-transcription-backports.sources
    apt-get update -q >>"$log" 2>&1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    apt-get update -q >"$log" 2>&1
    if [ "${VERSION_CODENAME:-unknown}" = bookworm ]; then
        case "$packages" in *signaling*) add_backports ;; esac
        # shellcheck disable=SC2086
        install -t bookworm-backports $packages || install $packages
    else
        # shellcheck disable=SC2086
        install $packages
    fi
} || {
    tail -n 20 "$log" >&2
    echo "Could not install$packages; going on without." >&2
}
