// SPDX-FileCopyrightText: The live_transcription contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

// Shows checks as they finish. Without this the page loads itself anew.

const EVERY_MS = 1000;

const results = document.getElementById("doctor");
const begin = document.getElementById("doctor-begin");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function look() {
  const response = await fetch(results.dataset.state, { cache: "no-store" });
  if (!response.ok) {
    return true; // the next one may do better
  }
  const state = await response.json();
  const open = openDetails();
  // Made by the server's template, which escapes all that it is given.
  results.innerHTML = state.html;
  open.forEach((index) => {
    const details = results.querySelectorAll("details")[index];
    if (details) {
      details.open = true;
    }
  });
  return state.running;
}

function openDetails() {
  return [...results.querySelectorAll("details")].flatMap((details, index) => (details.open ? [index] : []));
}

async function follow() {
  let isRunning = results.dataset.running === "yes";
  while (isRunning) {
    await pause(EVERY_MS);
    isRunning = await look().catch(() => true);
  }
  begin.disabled = false;
}

follow();
