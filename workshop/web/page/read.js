// The pane beside the editor: the README of the stage, or of one step, and what the step asks for.

import { $, h, icon, TICK } from "./dom.js";
import { press } from "./press.js";
import { name } from "./words.js";

const HOW = "Run, Hint, Hunt and Reference are below the editor. A command for a terminal needs the course on a machine.";

function step_head(stage, step, state, open) {
  const test = step.test;
  const title = step.title || "For you to find";
  return h("header", { class: "step-head", "data-state": state },
    h("p", { class: "number" }, name(stage, step), state === "passes" ? h("span", { class: "passes" }, icon(TICK), "passes") : null),
    // An option such as --poem stays in one piece.
    h("h2", { tabindex: "-1" }, ...title.split(/(--\w+)/).map((part, n) => (n % 2 ? h("span", { class: "nowrap" }, part) : part))),
    step.requirement ? h("div", { class: "requirement", html: step.requirement }) : null,
    test ? h("p", { class: "test" }, h("button", { type: "button", class: "link", onclick: () => open(test.path, test.line, false) },
      `The tests: ${test.target.split(".").at(-1)}`)) : null);
}

function around(stage, step) {
  const at = step ? stage.steps.indexOf(step) : -1;
  const link = (one, text, kind) => h("a", { class: `button ${kind}`, href: one ? `#${stage.name}/${one.number}` : `#${stage.name}` }, text);
  const before = step && (at > 0 ? link(stage.steps[at - 1], `\u2190 ${name(stage, stage.steps[at - 1])}`, "quiet") : link(null, "\u2190 About this stage", "quiet"));
  const after = stage.steps[at + 1] && link(stage.steps[at + 1],
    step ? `${name(stage, stage.steps[at + 1])} \u2192` : `Begin with ${name(stage, stage.steps[at + 1]).toLowerCase()} \u2192`, step ? "quiet" : "primary");
  return h("p", { class: "around" }, before || h("span"), after || h("span"));
}

export function pressed(event) {
  const button = event.target.closest("[data-press]");
  if (!button) return;
  event.preventDefault();
  press(button.dataset);
}

// Show a stage's README: with a step, only its section, unless `whole`.
export function read(stage, step, { state, whole, open }) {
  const pane = $("read");
  const body = h("div", { class: "prose", html: stage.readme, onclick: pressed });
  const own = step?.anchor && body.querySelector(`#${CSS.escape(step.anchor)}`);
  const stepped = body.querySelector("[data-step]") !== null;
  for (const section of body.children) {
    const mine = section === own || (own && !whole && false);
    if (whole) section.classList.toggle("mine", section === own);
    else if (own) section.hidden = !mine;
    else if (stepped) section.hidden = section.hasAttribute("data-step");
  }
  const facts = [
    stage.alone && `On your own: ${stage.alone} minutes`,
    stage.lecture && h("a", { href: stage.lecture, target: "_blank", rel: "noopener" }, "The lecture", h("span", { class: "hidden" }, " (in a new tab)")),
  ].filter(Boolean);
  const head = h("header", { class: "stage-head" },
    h("p", { class: "number" }, `Stage ${stage.number}`),
    h("h2", {}, step ? h("a", { href: `#${stage.name}` }, stage.title) : stage.title),
    step ? null : h("p", { class: "facts" }, ...facts.flatMap((fact, n) => (n ? [" \u00b7 ", fact] : [fact]))),
    (step && !stage.away) || !stage.elsewhere ? null : h("p", { class: "elsewhere" }, stage.elsewhere),
    step || stage.away ? null : h("p", { class: "how" }, HOW));
  const toggle = own && h("p", { class: "toggle" }, h("button", {
    type: "button", class: "link", "aria-pressed": String(whole),
    onclick: () => read(stage, step, { state, whole: !whole, open }),
  }, whole ? "Show only this step" : "Show the whole page"));
  pane.replaceChildren(head, ...(step ? [step_head(stage, step, state, open)] : []), ...(toggle ? [toggle] : []), body, around(stage, step));
  pane.scrollTop = 0;
  if (whole && own) own.scrollIntoView({ block: "start" });
}
