# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Django settings, read once from the environment in the order of the README's table.

A wrong value stops the start with a sentence that names the variable.
"""

import hashlib
import hmac
import importlib.util
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import environ

from livetranscription import __version__, environment

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = environment.flag("DEBUG")

# --- High-Performance Backend -----------------------------------------------------
LT_HPB_URL = environment.url("LT_HPB_URL", ("wss", "ws", "https", "http"))
LT_INTERNAL_SECRET = environment.text("LT_INTERNAL_SECRET")
LT_BACKEND_URL = environment.url("LT_BACKEND_URL", ("https", "http"))
SKIP_CERT_VERIFY = environment.flag("SKIP_CERT_VERIFY")

# --- Speech-to-text ---------------------------------------------------------------
MODAL_WORKSPACE = environment.text("MODAL_WORKSPACE")
MODAL_KEY = environment.text("MODAL_KEY")
MODAL_SECRET = environment.text("MODAL_SECRET")
MODAL_STT_HOST_SUFFIX = environment.text(
    "MODAL_STT_HOST_SUFFIX", "kyutai-stt-rust-kyutaisttrustservice-serve.modal.run"
)
LT_STT_URL = environment.url("LT_STT_URL", ("wss", "ws", "https", "http"))
LT_STT_WIRE = environment.choice(
    "LT_STT_WIRE", "auto", ("auto", "modal-pcm", "modal-opus", "moshi")
)
LT_STT_TEXT = environment.choice("LT_STT_TEXT", "auto", ("auto", "word", "subword"))
LT_STT_API_KEY = environment.text("LT_STT_API_KEY", "public_token")
LT_STT_MAX_STREAMS = environment.whole_number("LT_STT_MAX_STREAMS", 80, 1, 10_000)
LT_STT_IDLE_SECONDS = environment.number("LT_STT_IDLE_SECONDS", 20, 2, 3600)
LT_STT_CONNECT_TIMEOUT = environment.number("LT_STT_CONNECT_TIMEOUT", 120, 1, 900)
LT_STT_RENEW_SECONDS = environment.number(
    "LT_STT_RENEW_SECONDS", 0, 10, 86_400, or_zero=True
)
LT_STT_PREWARM = environment.flag("LT_STT_PREWARM")

# --- Calls ------------------------------------------------------------------------
LT_DEFAULT_LANGUAGE = environment.choice("LT_DEFAULT_LANGUAGE", "en", ("en", "fr"))
LT_LEAVE_SECONDS = environment.number("LT_LEAVE_SECONDS", 10, 0, 300)
LT_MAX_CALLS = environment.whole_number("LT_MAX_CALLS", 0, 0, 100_000)
LT_MAX_SPEAKERS = environment.whole_number("LT_MAX_SPEAKERS", 0, 0, 100_000)

# --- Metrics ----------------------------------------------------------------------
LT_METRICS_TOKEN = environment.text("LT_METRICS_TOKEN")

# --- Pages for operators ----------------------------------------------------------
LT_PROXY_PREFIX = environment.path("LT_PROXY_PREFIX")

# --- From AppAPI ------------------------------------------------------------------
APP_ID = environment.text("APP_ID", "live_transcription")
APP_VERSION = environment.text("APP_VERSION", __version__)
APP_SECRET = environment.text("APP_SECRET")
APP_HOST = environment.text("APP_HOST", "127.0.0.1")
APP_PORT = environment.whole_number("APP_PORT", 23000, 1, 65535)
# Under HaRP the app listens on a socket file instead, to which frpc forwards.
HP_SHARED_KEY = environment.text("HP_SHARED_KEY")
HP_EXAPP_SOCK = environment.text("HP_EXAPP_SOCK", "/tmp/exapp.sock")  # noqa: S108
APP_PERSISTENT_STORAGE = Path(
    environment.text("APP_PERSISTENT_STORAGE", str(BASE_DIR / "data"))
)
AA_VERSION = environment.text("AA_VERSION", "32.0.0")
NEXTCLOUD_URL = environment.url("NEXTCLOUD_URL", ("https", "http")).removesuffix(
    "/index.php"
)

# --- Django -----------------------------------------------------------------------
# Signs CSRF tokens and development logins. Derived, so that it survives restarts
# and is the same in every process without one more secret to configure.
SECRET_KEY = (
    hmac.new(APP_SECRET.encode(), b"django", hashlib.sha256).hexdigest()
    if APP_SECRET
    else secrets.token_hex(32)
)
# Nextcloud's name is in the Host header; what keeps strangers out is APP_SECRET.
ALLOWED_HOSTS = ["*"]
# Passwords are for development; the other backend knows nobody.
AUTHENTICATION_BACKENDS = [
    f"django.contrib.auth.backends.{'ModelBackend' if DEBUG else 'BaseBackend'}"
]
ROOT_URLCONF = "livetranscription.urls"
ASGI_APPLICATION = "livetranscription.asgi.application"
AUTHENTICATION = "calls.appapi.AppApiAuthentication"  # wraps the whole application
OPERATOR_PAGES = "calls.proxies.OperatorPages"  # within it
SOCKETS = "calls.dashboard.consumer.sockets"  # and what is no HTTP within that
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # bytes; Talk's largest body is under 1 KiB
# Nextcloud ends TLS and is the only one who reaches us, over its own network: what
# browsers see of HSTS, redirects to HTTPS and cookies is Nextcloud's.
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS
    "security.W008",  # redirect to HTTPS
    "security.W012",  # secure session cookie: sessions exist in development only
    "security.W016",  # secure CSRF cookie
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]  # of the pages for operators
LOCALE_PATHS = [BASE_DIR / "livetranscription" / "locale"]

INSTALLED_APPS = [
    "calls",  # before the admin, whose templates it refines
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "signaling",
]
if importlib.util.find_spec("devkit"):  # not part of the image
    INSTALLED_APPS.append("devkit")

MIDDLEWARE = [
    "calls.views.metrics.request_times",
    "django.middleware.security.SecurityMiddleware",
    # Sets Content-Length: Nextcloud's proxy breaks chunked answers.
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "calls.operators.operator_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
# Collected while the image is built, with hashes in the names; else from the source.
COLLECTED = STATIC_ROOT.is_dir() and not DEBUG
MIDDLEWARE.insert(2, "whitenoise.middleware.WhiteNoiseMiddleware")
WHITENOISE_USE_FINDERS = not COLLECTED
WHITENOISE_AUTOREFRESH = not COLLECTED
STORAGES = {
    # Nothing is stored in files; Django wants a default all the same.
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": f"calls.statics.{'HashedStatic' if COLLECTED else 'PrefixedStatic'}"
    },
}
# Through Nextcloud's PHP proxy one cookie survives, and this is the one.
CSRF_COOKIE_NAME = "lt_csrf"
SESSION_COOKIE_NAME = "lt_session"
MESSAGE_STORAGE = "calls.notices.OperatorNotices"
X_FRAME_OPTIONS = "DENY"


def _database() -> dict[str, Any]:
    """PostgreSQL and others by DATABASE_URL, else SQLite on the data volume."""
    default = f"sqlite:///{APP_PERSISTENT_STORAGE / 'live_transcription.sqlite3'}"
    config = environ.Env.db_url_config(environment.text("DATABASE_URL", default))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        Path(config["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        config["OPTIONS"] = {
            # Writers queue up for this long instead of failing at once.
            "timeout": 2,  # seconds; Talk waits for 3 s
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    return dict(config)


DATABASES = {"default": _database()}


def _channel_layer() -> dict[str, Any]:
    """Redis by CHANNEL_LAYER_URL, else the layer inside this process."""
    url = environment.url("CHANNEL_LAYER_URL", ("redis", "rediss"))
    if not url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    return {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # Reading waits 5 s for a message, so silence becomes a failure later.
        "CONFIG": {"hosts": [{"address": url, "socket_timeout": 15}]},
    }


CHANNEL_LAYERS = {"default": _channel_layer()}


def _metrics_folder() -> str:
    """Where processes that share Redis add up their metrics; empty for a single one.

    In memory, if TMPDIR wants nothing else: a full disk must not end a process that
    writes to a mapped file.
    """
    if CHANNEL_LAYERS["default"]["BACKEND"].endswith("InMemoryChannelLayer"):
        return ""
    place = str(APP_PERSISTENT_STORAGE.resolve())
    name = hashlib.sha256(f"{os.getuid()} {APP_ID} {place}".encode()).hexdigest()[:16]
    shared = Path("/dev/shm")  # noqa: S108 - ours alone, see `metrics`
    is_wanted = shared.is_dir() and "TMPDIR" not in os.environ
    folder = shared if is_wanted else Path(tempfile.gettempdir())
    return str(folder / f"live_transcription-{name}")


METRICS_FOLDER = _metrics_folder()
# The library looks for it while it is imported, which is later.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
if METRICS_FOLDER:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = METRICS_FOLDER

LOG_LEVEL = environment.choice(
    "LOG_LEVEL", "info", ("debug", "info", "warning", "error")
).upper()
# Text, because people read `docker logs`; who collects logs for a program says so.
LT_LOG_FORMAT = environment.choice("LT_LOG_FORMAT", "text", ("text", "json"))
LT_NEXTCLOUD_LOG = environment.choice(
    "LT_NEXTCLOUD_LOG", "warning", ("warning", "error", "off")
)
# Without these Nextcloud cannot be told anything.
TELLS_NEXTCLOUD = LT_NEXTCLOUD_LOG != "off" and bool(NEXTCLOUD_URL and APP_SECRET)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "call": {"()": "livetranscription.logs.CallFilter"},
        "unavailable": {"()": "livetranscription.logs.UnavailableFilter"},
    },
    "formatters": {
        "text": {"()": "livetranscription.logs.LineFormatter"},
        "json": {"()": "livetranscription.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["call"],
            "formatter": LT_LOG_FORMAT,
        },
        "nextcloud": {
            "()": "calls.nextcloudlog.handler",
            "filters": ["call"],
            "level": "ERROR" if LT_NEXTCLOUD_LOG == "error" else "WARNING",
        },
    },
    "root": {
        "handlers": ["console", "nextcloud"] if TELLS_NEXTCLOUD else ["console"],
        "level": LOG_LEVEL,
    },
    "loggers": {
        # At DEBUG these print whole packets, headers or query strings.
        "aioice": {"level": "WARNING"},
        "aiortc": {"level": "WARNING"},
        "asyncio": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "django.db": {"level": "WARNING"},
        "django.request": {"filters": ["unavailable"]},
        "httpcore": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "websockets": {"level": "WARNING"},
    },
}
