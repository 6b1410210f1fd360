// The tabs of the editor: the stage's files to edit, and those that are given.

import { app, part } from "./app.js";
import { $, h } from "./dom.js";

const FEW = 6; // files that fit as tabs
export const TEST_FILE = /(?:^|\/)test_[^/]*\.py$/;

// Whether a file of the stage has tests: its name says so, or a class in it.
function has_tests(stage, path) {
  if (!path.startsWith(`exercises/${stage.name}/`) || !path.endsWith(".py")) return false;
  if (TEST_FILE.test(path)) return true;
  const text = stage.given[path] ?? app.work.text(path);
  return /^class \w+\(.*TestCase\):/m.test(text) && /^    (?:async )?def test/m.test(text);
}

// The tests that are in hand, as trial names them: those that are open, or else those of the step; "" if neither.
export function tests_in_hand() {
  const { stage, step } = app.at;
  const path = has_tests(stage, app.editor.path) ? app.editor.path : relevant(stage, step).find(one => TEST_FILE.test(one));
  return path?.replace(/\.py$/, "").replaceAll("/", ".") ?? "";
}

// What plain trial runs: the tests in hand, or the step's, or all of the stage.
export const trial_target = () => tests_in_hand() || app.at.step?.test?.target || `exercises.${app.at.stage.name}`;

// A file's name in its stage.
export const short = (stage, path) => path.replace(`exercises/${stage.name}/`, "").replace("exercises/", "");

// Open the file in which a step is written, at the line that names the step.
export function begin_step(stage, step) {
  const own = relevant(stage, step);
  if (own.length > 1) editor_files();
  const named = new RegExp(`\\b(?:Step|Number) ${step.number}\\b`);
  const path = step.place || own[0] || stage.edit.find(one => named.test(app.work.text(one))) || stage.edit[0];
  if (!path) return;
  open(path);
  app.editor.find(named);
}

// The files of a step, if its name has some: Step02Journal has journal.py and test_journal.py.
function relevant(stage, step) {
  const word = step?.test?.target.split(".").at(-1).replace(/^\D+\d\d/, "").toLowerCase();
  return word ? stage.edit.filter(path => path.split("/").at(-1).replace(/^test_|\.py$/g, "").replace(/\.py$/, "") === word) : [];
}

function tabs_of(stage, step) {
  if (stage.edit.length <= FEW) return [...stage.edit, ...stage.breaks];
  const own = relevant(stage, step);
  const chosen = new Set([stage.edit[0], ...(own.length ? own : stage.edit.slice(0, FEW))]);
  return stage.edit.filter(path => chosen.has(path) || path === app.editor.path);
}

export function editor_files() {
  const { stage, step } = app.at;
  const tabs = tabs_of(stage, step);
  $("files").replaceChildren(...tabs.map(path =>
    h("button", {
      type: "button", role: "tab", id: `file-${tabs.indexOf(path)}`, "aria-controls": "editor", "data-path": path,
      onclick: () => open(path),
    }, short(stage, path))));
  const option = path => h("option", { value: path }, short(stage, path));
  const rest = stage.edit.filter(path => !tabs.includes(path));
  const tests = Object.keys(stage.given).filter(path => TEST_FILE.test(path));
  const given = Object.keys(stage.given).filter(path => !tests.includes(path) && !stage.breaks.includes(path) && !path.endsWith("__init__.py"));
  const shared = Object.keys(app.course.shared).filter(path => !path.endsWith("__init__.py"));
  const group = (label, paths) => (paths.length ? h("optgroup", { label }, ...paths.map(option)) : null);
  $("others").replaceChildren(...[
    h("option", { value: "" }, "Given files\u2026"),
    group("To edit", rest), group("Tests, to read", tests), group("Given, to read", given), group("For all stages, to read", shared),
  ].filter(Boolean));
  select_file();
  show_broken();
}

// Offer to put given files back, as long as they are broken.
export function show_broken() {
  const { stage } = app.at;
  const broken = stage?.breaks.filter(path => app.work.changed(path)) ?? [];
  $("put-back").hidden = !broken.length;
  if (broken.length) $("put-back").textContent = `Put ${broken.map(path => short(stage, path)).join(", ")} back`;
}

export async function put_back() {
  await app.work.replace(Object.fromEntries(app.at.stage.breaks.map(path => [path, null])));
  show_broken();
}

function select_file() {
  $("editor").dataset.given = String(app.editor.given.has(app.editor.path));
  for (const tab of $("files").children) {
    const selected = tab.dataset.path === app.editor.path;
    tab.ariaSelected = String(selected);
    tab.tabIndex = selected ? 0 : -1;
    if (selected) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  if (![...$("files").children].some(tab => tab.tabIndex === 0)) $("files").firstElementChild.tabIndex = 0;
  const others = $("others");
  others.value = [...others.options].some(one => one.value === app.editor.path) ? app.editor.path : "";
  $("run-trial").title = `trial ${trial_target()}`;
}

// Open a file of the stage, or a shared one, at a line.
export function open(path, line = 0, marks = false, focus = false) {
  const { stage } = app.at;
  const known = [path, `exercises/${stage.name}/${path}`, `exercises/${path}`];
  const mine = known.find(one => stage.edit.includes(one) || stage.breaks.includes(one));
  const given = known.find(one => one in stage.given || one in app.course.shared);
  if (!mine && !given) return false;
  if (mine) app.editor.open(mine, app.work.text(mine));
  else app.editor.open(given, stage.given[given] ?? app.course.shared[given], true);
  if (![...$("files").children].some(tab => tab.dataset.path === mine) && mine) editor_files();
  select_file();
  if (line) {
    app.editor.line(line, marks);
    part("code");
  }
  if (focus) app.editor.focus();
  return true;
}
