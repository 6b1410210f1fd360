// What the page's modules share. main.js fills it in before anything is shown.

import { $ } from "./dom.js";

export const app = {
  course: null, // course.json
  work: null, // the learner's files
  editor: null,
  engine: null, // the interpreter
  started: null, // a promise: it has been loaded
  running: false, // whether it carries out a command
  at: { stage: null, step: null }, // what is shown
  doors: {}, // what the names of commands in printed words do
};

// On a narrow window, one part of a stage is shown at a time.
export function part(which) {
  $("stage").dataset.part = which;
  for (const button of $("switch").children) button.ariaPressed = String(button.dataset.part === which);
  if (which === "code") app.editor.view.requestMeasure();
  // Before, it had no place.
  $("files").querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function say(text) {
  // The same words again are heard only if they change.
  $("live").textContent = "";
  requestAnimationFrame(() => ($("live").textContent = text));
}
