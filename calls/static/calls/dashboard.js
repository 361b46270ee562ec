// SPDX-FileCopyrightText: The live_transcription contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

// The live page: what the workers tell, once a second. Everything is set as text.

import { CallCard, WorkerRow } from "./dashboard/cards.js";
import { Feed } from "./dashboard/feed.js";
import { Copies, mark, number, say, show, slots, text, time } from "./dashboard/parts.js";

const root = document.getElementById("lt-live");
const page = slots(root);
const clock = { at: 0 }; // the server's, in ms; seconds ago are counted by one clock
const known = new Set();
let isFirst = true;

const calls = new Copies(root, "call", page["call-list"],
  (node) => new CallCard(node, root, clock, switchPreview));
const workers = new Copies(root, "worker", page.workers, (node) => new WorkerRow(node, clock));

async function switchPreview(callId, isOn) {
  const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams({ csrfmiddlewaretoken: token, on: isOn ? "1" : "0" });
  const url = root.dataset.preview.replace("/0/", `/${callId}/`);
  try {
    const response = await fetch(url, { method: "POST", body });
    if (!response.ok) throw new Error(`status ${response.status}`);
  } catch {
    say(page.announcement, text("preview.failed"));
  }
}

// Calls as rows have them, and over that what their workers tell.
function openCalls(update) {
  const found = new Map(update.rows.calls.map((call) => [call.id, call]));
  for (const worker of update.workers) {
    for (const call of worker.calls) {
      found.set(call.id, { ...found.get(call.id), ...call });
    }
  }
  return [...found.values()].sort((a, b) => a.id - b.id);
}

function workerList(update) {
  const told = new Map(update.workers.map((worker) => [worker.name, worker]));
  return update.rows.workers.map((worker) => ({ ...worker, told: told.get(worker.name) }));
}

function followSums(update, open) {
  const sum = { used: 0, waiting: 0, all: 0 };
  for (const worker of update.workers) {
    for (const key of Object.keys(sum)) sum[key] += worker.slots[key];
  }
  const speakers = update.workers.reduce((count, worker) => count + worker.speakers, 0);
  const { speech_s: speech, stt_s: stt } = update.rows.today;
  say(page.calls, number(open.length));
  say(page.speakers, number(speakers));
  say(page.slots, sum.all ? text(sum.waiting ? "waiting" : "used", sum) : "–");
  say(page.speech, text("minutes", { number: number(speech / 60, 1) }));
  say(page.stt, text("minutes", { number: number(stt / 60, 1) }));
}

// Only what is new is read out, and nothing of what was there when the page opened.
function announce(open) {
  const now = new Map();
  for (const call of open) {
    const all = [{ ...call, name: call.room }, ...(call.speakers ?? [])];
    for (const one of all) {
      if (one.problem) {
        const words = `${one.problem.code} ${one.problem.text}`;
        now.set(`${call.id} ${one.name} ${words}`, text("problem", {
          where: one.name || text("unnamed"), problem: words,
        }));
      }
    }
  }
  const fresh = [...now].filter(([key]) => !known.has(key)).map(([, words]) => words);
  known.clear();
  for (const key of now.keys()) known.add(key);
  if (fresh.length && !isFirst) say(page.announcement, fresh.slice(0, 3).join(" "));
  isFirst = false;
}

function follow(update) {
  if (update.rows === null) return; // nobody looked before: the next one has it all
  clock.at = update.at;
  const open = openCalls(update);
  say(page.time, text("of", { time: time(update.at) }));
  calls.follow(open, (call) => call.id);
  workers.follow(workerList(update), (worker) => worker.name);
  show(page.empty, open.length === 0);
  show(page["no-workers"], update.rows.workers.length === 0);
  followSums(update, open);
  announce(open);
}

new Feed({
  socketPath: root.dataset.socket,
  pollUrl: root.dataset.poll,
  onUpdate: follow,
  onState: (state) => {
    say(page.connection, text(state));
    mark(root.querySelector(".lt-connection"), "data-state", state);
  },
}).start();
