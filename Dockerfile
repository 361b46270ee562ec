# syntax=docker/dockerfile:1
# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The image that AppAPI deploys. Two stages: the first one installs, the second one runs.

ARG PYTHON=python:3.11-slim-bookworm

# --- Packages and frpc ----------------------------------------------------------------
FROM ${PYTHON} AS build

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*

# frpc, HaRP's tunnel, by the checksums of its release.
ARG TARGETARCH
ARG FRP_VERSION=0.61.1
ARG FRP_SHA256_AMD64=bff260b68ca7b1461182a46c4f34e9709ba32764eed30a15dd94ac97f50a2c40
ARG FRP_SHA256_ARM64=af6366f2b43920ebfe6235dba6060770399ed1fb18601e5818552bd46a7621f8
WORKDIR /build
RUN case "${TARGETARCH}" in \
        amd64) checksum="${FRP_SHA256_AMD64}" ;; \
        arm64) checksum="${FRP_SHA256_ARM64}" ;; \
        *) echo "no frpc for ${TARGETARCH}" >&2; exit 1 ;; \
    esac \
    && curl --fail --silent --show-error --location --output frp.tar.gz \
        "https://github.com/fatedier/frp/releases/download/v${FRP_VERSION}/frp_${FRP_VERSION}_linux_${TARGETARCH}.tar.gz" \
    && echo "${checksum}  frp.tar.gz" > frp.sha256 \
    && sha256sum --check frp.sha256 \
    && tar --extract --file frp.tar.gz --strip-components 1 --wildcards '*/frpc' \
    && install -m 755 frpc /usr/local/bin/frpc

# Wheels only: nothing is compiled, on either architecture.
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary=:all: --require-hashes --requirement requirements.lock

# --- What runs ------------------------------------------------------------------------
FROM ${PYTHON}

LABEL org.opencontainers.image.title="live_transcription" \
    org.opencontainers.image.description="Live captions for Nextcloud Talk" \
    org.opencontainers.image.source="https://github.com/codemyriad/live_transcription" \
    org.opencontainers.image.licenses="AGPL-3.0-or-later"

# curl for the health check, ca-certificates for those that AppAPI brings, setpriv (of
# util-linux) to become unprivileged.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl util-linux \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin captions

COPY --from=build /usr/local/bin/frpc /usr/local/bin/frpc
COPY --from=build /venv /venv

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

WORKDIR /app
COPY manage.py LICENSE ./
COPY appinfo appinfo
COPY calls calls
COPY livetranscription livetranscription
COPY signaling signaling
# The folder for static files says that they are to have hashes in their names.
RUN python -m compileall -q /app \
    && mkdir -p build/static \
    && APP_PERSISTENT_STORAGE=/tmp/build python manage.py collectstatic --no-input \
    && rm -rf /tmp/build

# Healthy within seconds; the first start may take longer on small machines.
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=5 \
    CMD ["/app/appinfo/healthcheck.sh"]

# Becomes unprivileged by itself, after what AppAPI's certificates need root for.
ENTRYPOINT ["/app/appinfo/start.sh"]
CMD ["serve"]
