// The panel below the editor: the words of the commands, in tabs.

import { app, part, say } from "./app.js";
import { $, CROSS, h, icon, TICK } from "./dom.js";
import { open, put_back, short } from "./files.js";
import { name, summary } from "./words.js";

// A file's name, with a line or not; or a command of the tool.
const DOOR = new RegExp([
  /\b(?<path>(?:exercises\/)?[\w/]+\.(?:py|md))(?:"?, line (?<line>\d+)|:(?<colon>\d+))?/,
  /\.workshop\/saved\/(?<copy>[\w-]+)/,
  /python3? -m workshop (?<command>run|hint|lab|solution) (?<stage>\w+)(?: (?<step>\d+)\b)?/,
  /python3? -m workshop reset (?<restored>\w+) --provided/,
  /\btrial (?<options>(?:(?:-x|--force-gc|--order \w+) )*)(?<target>exercises\.[\w.]*\w)/,
].map(one => one.source).join("|"), "g");

export function show_result(which) {
  for (const tab of $("results").children) {
    const selected = tab.id === `tab-${which}`;
    if (selected) tab.hidden = false;
    tab.ariaSelected = String(selected);
    tab.tabIndex = selected ? 0 : -1;
    $(tab.id.replace("tab-", "")).hidden = !selected;
  }
}

export function clear_results() {
  for (const which of ["trial", "hints", "timeline", "difference"]) {
    $(`tab-${which}`).hidden = true;
    $(which).replaceChildren();
  }
  $("verdict").replaceChildren(h("p", { class: "idle" }, app.at.stage.away ? app.at.stage.elsewhere : app.at.stage.judged ? "Press Run for the verdict on your tests." : "Press Run to see the first step that fails."));
  show_result("verdict");
}

export function waiting(which, text) {
  $(which).replaceChildren(h("p", { class: "idle busy" }, text));
  show_result(which);
  say(text);
}

// The words that a command prints. Names of files in them open the file, and commands do what they say.
export function printed(answer) {
  const pre = h("pre", { class: "printed", html: answer.html ?? "" });
  put_doors(pre);
  return pre;
}

// Make buttons of the commands and of the names of files in an element.
function put_doors(element) {
  const texts = [];
  for (const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT); walker.nextNode();) texts.push(walker.currentNode);
  for (const text of texts) {
    const parts = [];
    let from = 0;
    for (const found of text.data.matchAll(DOOR)) {
      // What needs a machine is no command for here.
      const away = /On a machine\s+$/.test(text.data.slice(0, found.index));
      const act = !away && door(found.groups);
      if (!act) continue;
      parts.push(text.data.slice(from, found.index), h("button", { type: "button", class: "link", onclick: act }, found[0]));
      from = found.index + found[0].length;
    }
    if (parts.length) text.replaceWith(...parts, text.data.slice(from));
  }
}

// What a file's name or a command does when it is pressed; null if nothing.
function door({ copy, path, line, colon, command: word, stage: first, step, restored, target, options }) {
  if (copy) return app.doors.saved;
  if (target) return () => app.doors.trial(target, options.split(" ").filter(Boolean));
  if (restored) return restored === app.at.stage.name ? put_back : null;
  if (path) {
    const readme = /^exercises\/(\w+)\/README\.md$/.exec(path);
    if (readme) return () => (location.hash = readme[1]);
    // Tracebacks have whole paths.
    const below = path.indexOf("exercises/");
    const file = below >= 0 ? path.slice(below) : `exercises/${app.at.stage.name}/${path}`;
    if (!app.at.stage.edit.includes(file) && !(file in app.at.stage.given) && !(file in app.course.shared)) return null;
    return () => {
      open(file, Number(line ?? colon ?? 0), true);
      part("code");
      app.editor.focus();
    };
  }
  const stage = app.course.stages.find(one => [one.name, one.number].includes(first));
  if (!stage) return null;
  if (word === "lab") return stage.lecture ? () => window.open(stage.lecture, "_blank", "noopener") : null;
  return async () => {
    if (stage !== app.at.stage || (word === "hint" && step)) {
      location.hash = step ? `${stage.name}/${step}` : stage.name;
      await app.doors.go();
    }
    app.doors[word]();
  };
}

let last = null; // the verdict that is shown: {stage, asked, answer}

// A verdict's first line, for who is at this step now.
function head({ stage, asked, answer }) {
  const { good, text, step, tests = [], next } = summary(stage, answer, asked, app.at.step);
  const mark = good === true ? icon(TICK) : good === false ? icon(CROSS) : null;
  const dots = tests.length > 1 ? h("span", { class: "dots", "aria-hidden": "true" }, ...tests.map(test =>
    h("i", { "data-status": test.status, title: `${test.name.split(".").at(-1)}: ${test.status}` }))) : null;
  const actions = [];
  if (good) {
    const after = next ?? stage.steps[stage.steps.indexOf(step ?? stage.steps.at(-1)) + 1];
    const following = app.course.stages[app.course.stages.indexOf(stage) + 1];
    if (after && after !== app.at.step) actions.push(h("a", { class: "button primary", href: `#${stage.name}/${after.number}` }, `Next: ${name(stage, after).toLowerCase()}`));
    else if (!after && following) actions.push(h("a", { class: "button primary", href: `#${following.name}` }, `Next: stage ${following.number}`));
  } else if (good === false && step && step !== app.at.step) {
    actions.push(h("a", { class: "button quiet", href: `#${stage.name}/${step.number}` }, `Go to ${name(stage, step).toLowerCase()}`));
  }
  if (answer.data?.refused && stage.breaks.includes(answer.data.refused)) {
    actions.push(h("button", { type: "button", class: "quiet", onclick: put_back }, `Put ${short(stage, answer.data.refused)} back`));
  }
  return h("header", { class: "said", "data-good": String(good) }, mark, h("strong", {}, text), dots, h("span", { class: "space" }), ...actions);
}

// The learner has gone to another step: the verdict stays.
export function show_head() {
  const there = $("verdict").querySelector(".said");
  if (there && last?.stage === app.at.stage) there.replaceWith(head(last));
}

export function show_verdict(stage, asked, answer) {
  const { good, text } = summary(stage, answer, asked, app.at.step);
  last = { stage, asked, answer };
  $("verdict").replaceChildren(head(last), printed(answer));
  // The lines of the steps are known from the ticks: begin with what failed.
  $("verdict").scrollTop = 0;
  if (good === false && !stage.judged) {
    const top = below_the_steps($("verdict").querySelector(".printed"));
    const above = $("verdict").firstElementChild.getBoundingClientRect();
    if (top !== null) $("verdict").scrollTop += top - above.bottom - 10;
  }
  const place = /\bEdit\s+(exercises\/\S+?), line (\d+)/.exec(answer.text ?? "") ?? /^(exercises\/\S+?),\s+line (\d+): /m.exec(answer.text ?? "");
  if (place && good === false && place[1] === app.editor.path) app.editor.mark(Number(place[2]));
  else app.editor.unmark();
  say(`${text} ${answer.text ?? ""}`);
}

// Where, in the window, the first line is that follows the lines of the steps; null if there are none.
function below_the_steps(pre) {
  const rows = /(?:^  (?:Step +\d|Check |Your own tests).*\n)+\n*/m.exec(pre.textContent);
  if (!rows) return null;
  let left = rows.index + rows[0].length;
  for (const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT); walker.nextNode();) {
    const text = walker.currentNode;
    if (left < text.length) {
      const range = document.createRange();
      range.setStart(text, left);
      range.setEnd(text, left + 1);
      return range.getBoundingClientRect().top;
    }
    left -= text.length;
  }
  return null;
}

// How many letters a line of the words may have, to fit their panel.
export function columns() {
  const measure = h("pre", { class: "printed", style: "position: absolute; visibility: hidden; white-space: pre" }, "0".repeat(100));
  $("result").append(measure);
  const wide = measure.getBoundingClientRect().width / 100;
  measure.remove();
  return Math.max(40, Math.min(100, Math.floor(($("result").clientWidth - 50) / wide)));
}
