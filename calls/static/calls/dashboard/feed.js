// SPDX-FileCopyrightText: The live_transcription contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

// Brings updates: over a WebSocket, and by asking again and again where there is none.

const POLL_MS = 2000;
const SLOWEST_POLL_MS = 15000;
const FIRST_RETRY_MS = 2000;
const SLOWEST_RETRY_MS = 60000;
const STILL_MS = 6000; // without news the connection is as good as none
const ANSWER_EVERY = 5; // the server stops after ten updates without an answer

export class Feed {
  constructor({ socketPath, pollUrl, onUpdate, onState }) {
    this.socketPath = socketPath;
    this.pollUrl = pollUrl;
    this.onUpdate = onUpdate;
    this.onState = onState;
    this.retryMs = FIRST_RETRY_MS;
    this.pollMs = POLL_MS;
    this.socket = null;
    this.timer = 0;
    this.newsAt = Date.now();
    this.isPolling = false;
  }

  start() {
    if (this.socketPath) {
      this.connect();
    } else {
      this.poll();
    }
    setInterval(() => this.check(), 1000);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.isOpen()) this.poll();
    });
  }

  isOpen() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.socketPath}`);
    this.socket = socket;
    socket.addEventListener("message", (event) => {
      clearTimeout(this.timer);
      this.retryMs = FIRST_RETRY_MS;
      const update = this.take(event.data, "live");
      if (update && update.number % ANSWER_EVERY === 0) socket.send(String(update.number));
    });
    socket.addEventListener("close", () => {
      this.onState("disconnected");
      this.poll();
      setTimeout(() => this.connect(), this.retryMs * (1 + Math.random() / 5));
      this.retryMs = Math.min(2 * this.retryMs, SLOWEST_RETRY_MS);
    });
  }

  async poll() {
    clearTimeout(this.timer);
    if (this.isOpen() || this.isPolling) return;
    if (!document.hidden) {
      this.isPolling = true;
      try {
        const response = await fetch(this.pollUrl, { cache: "no-store", redirect: "error" });
        if (!response.ok) throw new Error(`status ${response.status}`);
        const text = await response.text();
        if (!this.isOpen()) this.take(text, "polling");
        this.pollMs = POLL_MS;
      } catch {
        if (!this.isOpen()) this.onState("disconnected");
        this.pollMs = Math.min(2 * this.pollMs, SLOWEST_POLL_MS);
      } finally {
        this.isPolling = false;
      }
    }
    if (!this.isOpen()) this.timer = setTimeout(() => this.poll(), this.pollMs);
  }

  take(text, state) {
    let update;
    try {
      update = JSON.parse(text);
    } catch {
      this.onState("disconnected");
      return null;
    }
    this.newsAt = Date.now();
    this.onState(state);
    this.onUpdate(update);
    return update;
  }

  check() {
    if (this.isOpen() && Date.now() - this.newsAt > STILL_MS) this.onState("disconnected");
  }
}
