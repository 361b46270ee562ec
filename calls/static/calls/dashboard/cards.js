// SPDX-FileCopyrightText: The live_transcription contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

// One call and its speakers.

import { Copies, ago, mark, number, problem, say, show, slots, text, time } from "./parts.js";
import { Sparkline } from "./sparkline.js";

export class SpeakerCard {
  constructor(node, clock) {
    this.node = node;
    this.clock = clock;
    this.slots = slots(node);
    this.chart = new Sparkline(this.slots.chart);
  }

  follow(speaker) {
    const s = this.slots;
    const name = speaker.name || text("unnamed");
    const delay = speaker.delay_ms;
    const delayText = delay === null ? "–" : text("ms", { number: number(delay) });
    say(s.name, name);
    say(s.voice, text(speaker.speaking ? "speaking" : "quiet"));
    mark(this.node, "data-speaking", speaker.speaking);
    mark(this.node, "data-state", speaker.state);
    mark(s.level, "aria-label", text("level", { name }));
    s.level.value = Math.max(-70, speaker.level);
    mark(s.chart, "aria-label", text("delay", {
      name,
      delay: delay === null ? text("nothing") : delayText,
    }));
    this.chart.add(this.clock.at, delay);
    say(s.state, text(`speaker.${speaker.state}`));
    say(s.pace, number(speaker.pace));
    say(s.delay, delayText);
    for (const key of ["lost_packets", "dropped_frames", "reconnects"]) {
      say(s[key], number(speaker[key]));
    }
    problem(s.problem, speaker.problem);
  }

  close() {
    this.chart.close();
  }
}

export class CallCard {
  constructor(node, root, clock, preview) {
    this.node = node;
    this.root = root;
    this.slots = slots(node);
    this.id = 0;
    this.isPreviewed = false;
    this.speakers = new Copies(root, "speaker", this.slots["speaker-list"],
      (copy) => new SpeakerCard(copy, clock));
    this.slots.preview.addEventListener("click", () => preview(this.id, !this.isPreviewed));
  }

  follow(call) {
    const s = this.slots;
    this.id = call.id;
    say(s.room, call.room);
    mark(s.room, "href", this.root.dataset.call.replace("/0/", `/${call.id}/`));
    say(s.state, text(`call.${call.state}`));
    mark(this.node, "data-state", call.state);
    say(s.language, call.language);
    say(s.recipients, number(call.recipients));
    if (call.since) say(s.since, time(call.since));
    if (call.words_dropped !== undefined) say(s.words_dropped, number(call.words_dropped));
    if (call.reconnects !== undefined) say(s.reconnects, number(call.reconnects));
    problem(s.problem, call.problem);
    this.speakers.follow(call.speakers ?? [], (speaker) => speaker.id);
    show(s.more, Boolean(call.more));
    if (call.more) say(s.more, text("more", { number: number(call.more) }));
    this.followPreview(call);
  }

  followPreview(call) {
    const s = this.slots;
    const preview = call.preview ?? null;
    this.isPreviewed = preview !== null;
    show(s.preview, call.speakers !== undefined);
    say(s.preview, text(this.isPreviewed ? "preview.on" : "preview.off"));
    mark(s.preview, "aria-pressed", this.isPreviewed);
    show(s.words, this.isPreviewed);
    if (!this.isPreviewed) {
      s.captions.replaceChildren();
      return;
    }
    say(s.left, text("preview.left", { number: number(preview.left_s) }));
    const lines = preview.captions.map((caption) => {
      const line = document.createElement("li");
      const name = document.createElement("strong");
      name.textContent = caption.name || text("unnamed");
      line.append(name, " ", caption.text);
      return line;
    });
    s.captions.replaceChildren(...lines);
  }

  close() {
    this.speakers.follow([], (speaker) => speaker.id);
  }
}

export class WorkerRow {
  constructor(node, clock) {
    this.slots = slots(node);
    this.clock = clock;
  }

  follow(worker) {
    const s = this.slots;
    const told = worker.told;
    say(s.name, worker.name);
    say(s.speakers, number(told ? told.speakers : worker.speakers));
    say(s.lag, told ? text("ms", { number: number(told.lag_ms, 1) }) : "–");
    say(s.cpu, told ? `${number(told.cpu * 100)} %` : "–");
    say(s.slots, told ? text("used", told.slots) : "–");
    const seen = Math.max(0, Math.round((this.clock.at - worker.seen) / 1000));
    say(s.seen, worker.alive ? ago(seen) : `${text("lost")}, ${ago(seen)}`);
  }
}
