// What is known of the stages and steps, and where it is shown.

import { app } from "./app.js";
import { $, h, icon, TICK } from "./dom.js";
import { begin, map } from "./home.js";
import { label } from "./words.js";
import { digest } from "./work.js";

export function print(stage) {
  return digest(stage.edit.map(path => app.work.text(path)));
}

// A stage's steps as the last run of each left them: "passes", "fails", "stale" (passed, and the files have changed since).
export function progress(stage) {
  const known = app.work.meta.progress?.[stage.name];
  if (!known) return { steps: {}, passed: false };
  const now = print(stage);
  const steps = Object.entries(known.steps)
    .map(([number, [state, then]]) => [number, then === now ? state : state === "passes" ? "stale" : "todo"]);
  return { steps: Object.fromEntries(steps), passed: known.passed === now };
}

// Whether the stage was run as it is now.
export function is_known(stage) {
  return app.work.meta.progress?.[stage.name]?.print === print(stage);
}

// Remember what a run has found: {number: state}. A run of a judged stage, if it is whole, finds all that there is.
export function note(stage, found, passed, whole) {
  const now = print(stage);
  const last = app.work.meta.progress?.[stage.name];
  const before = stage.judged && whole ? {} : last?.steps;
  const fresh = Object.keys(found).filter(number => found[number] === "passes" && last?.steps[number]?.[0] !== "passes");
  if (fresh.length) app.work.keepPassed(stage, fresh.at(-1));
  const steps = Object.fromEntries(Object.entries(found).map(([number, state]) => [number, [state, now]]));
  const known = { print: whole ? now : last?.print, steps: { ...before, ...steps }, passed: passed && now };
  app.work.remember("progress", { ...app.work.meta.progress, [stage.name]: known });
  show_progress();
}

export function forget(stage) {
  const rest = { ...app.work.meta.progress };
  delete rest[stage.name];
  app.work.remember("progress", rest);
  const hinted = Object.entries(app.work.meta.hinted ?? {}).filter(([place]) => !place.startsWith(`${stage.name}/`));
  app.work.remember("hinted", Object.fromEntries(hinted));
  show_progress();
}

// The first step of a stage that is left to do, or else its last.
export function to_do(stage) {
  const { steps } = progress(stage);
  return stage.steps.find(one => !one.test?.given && steps[one.number] !== "passes") ?? stage.steps.at(-1);
}

function next_step() {
  // What needs a machine comes last.
  for (const stage of [...app.course.stages].sort((one, other) => one.away - other.away)) {
    if (!progress(stage).passed) return { stage, step: to_do(stage) };
  }
  return null;
}

export function show_progress() {
  const next = next_step();
  map(app.course, progress, next);
  begin(next, Boolean(Object.keys(app.work.meta.progress ?? {}).length || app.work.files.size));
  if (app.at.stage) show_steps();
}

export function show_steps() {
  const { stage, step } = app.at;
  const { steps } = progress(stage);
  $("steps").replaceChildren(
    h("a", { href: `#${stage.name}`, class: "cell about", "aria-current": step ? null : "page" }, `Stage ${stage.number}`),
    ...stage.steps.map(one => {
      const state = steps[one.number] ?? "todo";
      return h("a", {
        href: `#${stage.name}/${one.number}`, class: "cell", "data-state": state,
        "aria-current": one === step ? "step" : null, title: one.title || null,
        "aria-label": label(stage, one, state),
      }, state === "passes" ? icon(TICK) : String(one.number));
    }));
  $("steps").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
