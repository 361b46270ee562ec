// SPDX-FileCopyrightText: The live_transcription contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

// Small things the page is made of: text, copies of templates, lists that follow data.

const texts = JSON.parse(document.getElementById("lt-texts").textContent);
const language = document.documentElement.lang || undefined;

export function text(name, values = {}) {
  const pattern = texts[name] ?? name;
  return pattern.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

export function number(value, digits = 0) {
  return value.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function time(ms) {
  return new Date(ms).toLocaleTimeString(language, { hour12: false });
}

export function ago(seconds) {
  return seconds < 100
    ? text("seconds_ago", { number: seconds })
    : text("minutes_ago", { number: Math.round(seconds / 60) });
}

// Nodes that are not touched keep their place for screen readers.
export function say(node, words) {
  const wanted = String(words);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function show(node, isShown) {
  if (node.hidden === isShown) node.hidden = !isShown;
}

export function mark(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

export function slots(node) {
  const found = {};
  for (const slot of node.querySelectorAll("[data-slot]")) found[slot.dataset.slot] = slot;
  return found;
}

export function problem(node, found) {
  show(node, Boolean(found));
  if (found) say(node, `${found.code} (${ago(found.age_s)}) ${found.text}`);
}

// A list of copies of a template that follows a list of data, by id.
export class Copies {
  constructor(root, template, list, make) {
    this.template = root.querySelector(`template[data-template="${template}"]`);
    this.list = list;
    this.make = make;
    this.byId = new Map();
  }

  follow(items, idOf) {
    const gone = new Set(this.byId.keys());
    for (const item of items) {
      const id = idOf(item);
      gone.delete(id);
      if (!this.byId.has(id)) {
        const node = this.template.content.firstElementChild.cloneNode(true);
        this.list.append(node);
        this.byId.set(id, { node, part: this.make(node) });
      }
      this.byId.get(id).part.follow(item);
    }
    for (const id of gone) {
      const { node, part } = this.byId.get(id);
      part.close?.();
      node.remove();
      this.byId.delete(id);
    }
  }
}
