// The pane beside the editor: the README of the stage, or of one step, and what the step asks for.

import { part } from "./app.js";
import { $, h, icon, TICK } from "./dom.js";
import { begin_step } from "./files.js";
import { press } from "./press.js";
import { name } from "./words.js";

const HOW = "To run a command that a text has, press it, or the button of its name; reset is in the menu.";

function step_head(stage, step, state, open) {
  const test = step.test;
  const code = stage.judged && in_code(stage, step);
  const title = step.title || "For you to find";
  return h("header", { class: "step-head", "data-state": state },
    h("p", { class: "number" }, name(stage, step), state === "passes" ? h("span", { class: "passes" }, icon(TICK), "passes") : null),
    // An option such as --poem stays in one piece.
    h("h2", { tabindex: "-1" }, ...title.split(/(--\w+)/).map((part, n) => (n % 2 ? h("span", { class: "nowrap" }, part) : part))),
    step.requirement ? h("div", { class: "requirement", html: step.requirement }) : null,
    test ? h("p", { class: "test" }, h("button", { type: "button", class: "link", onclick: () => open(test.path, test.line, false) },
      `The tests: ${test.target.split(".").at(-1)}`)) : null,
    code ? h("p", { class: "test" }, h("button", { type: "button", class: "link", onclick: () => {
      begin_step(stage, step);
      part("code");
    } }, code)) : null);
}

// What the code calls a number of a stage whose tests the learner writes: a test, or a step; "" if nothing.
function in_code(stage, step) {
  const texts = Object.values(stage.starters).join("\n");
  const test = new RegExp(`# Number ${step.number}\\n +(?:async )?def (\\w+)`).exec(texts);
  if (test) return `The test: ${test[1]}`;
  return new RegExp(`\\bStep ${step.number}\\b`).test(texts) ? `In the code: step ${step.number}` : "";
}

// What a page without a section for the number has of it: the row of a table, or the item of a list; null if neither.
function row_of(body, number, count) {
  const list = [...body.querySelectorAll("ol")].find(one => one.children.length === count);
  if (list) return h("section", {}, h("ol", { start: number }, list.children[number - 1].cloneNode(true)));
  const row = [...body.querySelectorAll("tbody tr")].find(one => one.cells[0].textContent === String(number));
  if (!row) return null;
  const table = h("table", {}, row.closest("table").tHead.cloneNode(true), h("tbody", {}, row.cloneNode(true)));
  return h("section", {}, h("div", { class: "table", tabindex: "0" }, table));
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
  const row = step && !own ? row_of(body, step.number, stage.steps.length) : null;
  if (row && !whole) body.replaceChildren(row);
  // The tool calls it a number; a README may have another word.
  if (stage.judged) for (const one of body.querySelectorAll("[data-step] > h2")) one.textContent = one.textContent.replace(/^Description /, "Number ");
  // Names in a narrow column break after an underscore.
  for (const one of body.querySelectorAll("td code")) {
    if (!one.firstElementChild) one.replaceChildren(...one.textContent.split(/(?<=\w_)(?=\w)/).flatMap((part, n) => (n ? [h("wbr"), part] : [part])));
  }
  const stepped = body.querySelector("[data-step]") !== null;
  for (const section of body.children) {
    if (whole) section.classList.toggle("mine", section === own);
    else if (own) section.hidden = section !== own;
    else if (stepped) section.hidden = section.hasAttribute("data-step");
  }
  const facts = [
    stage.alone && `On your own: ${stage.alone} minutes`,
    // The README of the stage has the link itself.
    step && stage.lecture && h("a", { href: stage.lecture, target: "_blank", rel: "noopener" }, "The lecture", h("span", { class: "hidden" }, " (in a new tab)")),
  ].filter(Boolean);
  // Who begins with the first step has not read the page about the stage.
  const first = step && step === stage.steps.find(one => !one.test?.given);
  const head = h("header", { class: "stage-head" },
    h("p", { class: "number" }, `Stage ${stage.number}`),
    h("h2", {}, step ? h("a", { href: `#${stage.name}` }, stage.title) : stage.title),
    first || !step ? h("p", { class: "facts" }, ...facts.flatMap((fact, n) => (n ? [" \u00b7 ", fact] : [fact]))) : null,
    (step && !stage.away) || !stage.elsewhere ? null : h("p", { class: "elsewhere" }, stage.elsewhere),
    (step && !first) || stage.away ? null : h("p", { class: "how" }, HOW));
  const toggle = (own || row) && h("p", { class: "toggle" }, h("button", {
    type: "button", class: "link", "aria-pressed": String(whole),
    onclick: () => read(stage, step, { state, whole: !whole, open }),
  }, whole ? "Show only this step" : "Show the whole page"));
  pane.replaceChildren(head, ...(step ? [step_head(stage, step, state, open)] : []), ...(toggle ? [toggle] : []), body, around(stage, step));
  pane.scrollTop = 0;
  if (whole && own) own.scrollIntoView({ block: "start" });
}
