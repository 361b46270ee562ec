// SPDX-FileCopyrightText: The live_transcription contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

// The delay of one speaker's captions over the last two minutes, drawn by uPlot.

const SPAN_S = 120;
const HEIGHT = 40;
const LEAST_MS = 500; // what little there is should not look like much
const CALM_MS = 5000;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class Sparkline {
  constructor(node) {
    this.node = node;
    this.times = [];
    this.values = [];
    this.plot = null;
    this.drawnAt = 0;
  }

  add(atMs, value) {
    const at = atMs / 1000;
    if (at <= (this.times.at(-1) ?? 0)) return;
    this.times.push(at);
    this.values.push(value);
    while (this.times[0] < at - SPAN_S) {
      this.times.shift();
      this.values.shift();
    }
    if (calm.matches && atMs - this.drawnAt < CALM_MS) return;
    this.drawnAt = atMs;
    this.draw();
  }

  draw() {
    const width = this.node.clientWidth;
    if (!width || !window.uPlot) return;
    const data = [this.times, this.values];
    if (this.plot === null) {
      this.plot = new window.uPlot(this.options(width), data, this.node);
    } else {
      if (this.plot.width !== width) this.plot.setSize({ width, height: HEIGHT });
      this.plot.setData(data);
    }
  }

  options(width) {
    return {
      width,
      height: HEIGHT,
      padding: [3, 2, 3, 2],
      legend: { show: false },
      cursor: { show: false },
      select: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: false, range: (plot, min, max) => [max - SPAN_S, max] },
        y: { range: (plot, min, max) => [0, Math.max(LEAST_MS, max ?? 0)] },
      },
      series: [
        {},
        {
          // Asked for at each drawing, as light and dark may change.
          stroke: () => colour("--link-fg"),
          width: 1.5,
          points: { show: (plot, index, from, to) => to - from < 3, size: 4 },
        },
      ],
    };
  }

  close() {
    this.plot?.destroy();
  }
}
