#!/bin/sh
# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# Healthy: the app answers its heartbeat, and under HaRP frpc runs to bring requests to
# it. Says nothing of Talk, the HPB or speech-to-text: an app that waits for those has
# to be reachable, so that somebody can see what it waits for.
set -eu

run=${RUN_DIRECTORY:-/tmp/live_transcription}

heartbeat() { curl --silent --fail --output /dev/null --max-time 3 "$@"; }

if [ -n "${HP_SHARED_KEY:-}" ]; then
    heartbeat --unix-socket "${HP_EXAPP_SOCK:-/tmp/exapp.sock}" http://localhost/heartbeat
    kill -0 "$(cat "$run/frpc.pid")"
else
    case ${APP_HOST:-127.0.0.1} in
        0.0.0.0) host=127.0.0.1 ;;
        *:*) host="[$APP_HOST]" ;;
        *) host=${APP_HOST:-127.0.0.1} ;;
    esac
    heartbeat "http://$host:${APP_PORT:-23000}/heartbeat"
fi
