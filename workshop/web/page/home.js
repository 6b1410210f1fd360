// The first page: the title as bytes on a wire, and the stages.

import { $, h, icon, TICK } from "./dom.js";
import { label, minutes, name } from "./words.js";

const TITLE = "Trial by Wire";
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const PAUSE = 1500; // milliseconds between two ways to cut the title
// Where the bytes are cut: never twice in the same way, as on a wire. The last is between the words, and stays.
const CUTS = [[2, 6, 9], [1, 4, 11], [5, 8]];

export function title() {
  const cells = [...TITLE].map(letter =>
    h("span", { class: letter === " " ? "byte blank" : "byte", "aria-hidden": "true" }, letter === " " ? "\u00a0" : letter));
  $("title").append(h("span", { class: "wire", "aria-hidden": "true" }), ...cells);
  let way = 0;
  const cut = () => cells.forEach((cell, n) => cell.classList.toggle("cut", CUTS[way].includes(n)));
  cut();
  const timer = setInterval(() => {
    way = STILL.matches ? CUTS.length - 1 : way + 1;
    cut();
    if (way === CUTS.length - 1) clearInterval(timer);
  }, PAUSE);
}

// The stages. progress(stage) returns {steps: {number: state}, passed}; next is {stage, step} or null.
export function map(course, progress, next) {
  $("map").replaceChildren(...course.stages.map(stage => {
    const { steps, passed } = progress(stage);
    const isNext = next?.stage === stage;
    const done = stage.steps.filter(step => steps[step.number] === "passes" || steps[step.number] === "stale").length;
    const count = done || passed ? `${done} of ${stage.steps.length}` : stage.judged ? "you write the tests" : "";
    const cells = stage.steps.map(step => {
      const state = steps[step.number] ?? "todo";
      return h("a", {
        href: `#${stage.name}/${step.number}`,
        class: isNext && next.step === step ? "cell next" : "cell",
        "data-state": state,
        "aria-label": label(stage, step, state),
        title: step.title || null,
      }, state === "passes" ? icon(TICK) : String(step.number));
    });
    return h("li", { class: isNext ? "station next" : "station", "data-passed": String(passed), "data-stage": stage.name },
      h("a", { class: "node", href: `#${stage.name}`, tabindex: "-1", "aria-hidden": "true" }, passed ? icon(TICK) : stage.number),
      h("div", { class: "about" },
        h("h3", {}, h("a", { href: `#${stage.name}` }, h("span", { class: "hidden" }, `Stage ${stage.number}: `), stage.title)),
        h("p", {}, [stage.alone && minutes(stage.alone), stage.track === "extra" && "for home", stage.away ? "needs a machine" : count].filter(Boolean).join(" \u00b7 "))),
      h("div", { class: "cells" }, ...cells));
  }));
}

// The button that begins, or goes on.
export function begin(next, begun) {
  const button = $("begin"), note = $("begin-note");
  if (!next) {
    button.textContent = "Look again";
    button.href = "#stage0_setup";
    note.textContent = "All stages pass.";
    return;
  }
  const { stage, step } = next;
  button.href = `#${stage.name}/${step.number}`;
  button.textContent = begun ? "Go on" : "Make the first red test green";
  note.textContent = begun ? `Stage ${stage.number}, ${name(stage, step).toLowerCase()}` + (step.title ? `: ${step.title}` : "") : "It takes ten minutes.";
}
