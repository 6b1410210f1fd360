// The page: what is shown, and what the buttons do.

import { $, ask, CROSS, h, icon, notice, splitter, tablist, TICK } from "./dom.js";
import { Editor } from "./editor.js";
import { Engine } from "./engine.js";
import { begin, map, title } from "./home.js";
import { read } from "./read.js";
import { draw, rowsOf } from "./timeline.js";
import { label, name, statuses, summary } from "./words.js";
import { digest, Work } from "./work.js";
import { BadZip } from "./zip.js";

const LARGEST = 10_000_000; // bytes of a zip
const FEW = 6; // files that fit as tabs
const WIDE = matchMedia("(min-width: 900px)");
// A file's name, with a line or not; or a command of the tool.
const DOOR = new RegExp([
  /\b(?<path>(?:exercises\/)?[\w/]+\.(?:py|md))(?:, line (?<line>\d+)|:(?<colon>\d+))?/,
  /python3? -m workshop (?<command>run|hint|lab|solution) (?<stage>\w+)(?: (?<step>\d+)\b)?/,
].map(one => one.source).join("|"), "g");
const CHECK = "Run what has changed";
const TEST_FILE = /(?:^|\/)test_[^/]*\.py$/;

let course, work, editor, engine, started;
let at = { stage: null, step: null };
let running = false, checking = false;

// --- Progress -------------------------------------------------------------------------------------

function print(stage) {
  return digest(stage.edit.map(path => work.text(path)));
}

// A stage's steps as the last run left them: "passes", "fails", "stale" (passed, and the files have changed since).
function progress(stage) {
  const known = work.meta.progress?.[stage.name];
  if (!known) return { steps: {}, passed: false };
  const same = known.print === print(stage);
  const steps = Object.fromEntries(Object.entries(known.steps)
    .filter(([, state]) => same || state === "passes").map(([number, state]) => [number, same ? state : "stale"]));
  return { steps, passed: same && known.passed };
}

function note(stage, found, passed, whole) {
  const before = progress(stage).steps;
  const kept = Object.fromEntries(Object.entries(before).filter(([, state]) => state === "passes"));
  const all = { ...work.meta.progress, [stage.name]: { print: print(stage), steps: whole ? found : { ...kept, ...found }, passed } };
  work.remember("progress", all);
  show_progress();
}

function next_step() {
  for (const stage of course.stages) {
    if (!progress(stage).passed) return { stage, step: to_do(stage) };
  }
  return null;
}

function show_progress() {
  const next = next_step();
  map(course, progress, next);
  begin(next, Boolean(Object.keys(work.meta.progress ?? {}).length || work.files.size));
  if (at.stage) show_steps();
}

function show_steps() {
  const { stage, step } = at;
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

// --- Places ---------------------------------------------------------------------------------------

// Show what the address names: a stage, one of its steps, a page, or all stages.
async function go() {
  const hash = unescaped(location.hash.slice(1));
  const [first, ...rest] = hash.split("/");
  const stage = course.stages.find(one => one.name === first);
  const view = stage ? "stage" : first === "page" ? "page" : first === "file" ? "file" : "home";
  if (view === "file") {
    const path = rest.join("/");
    const home = course.stages.find(one => path in one.starters || path in one.given);
    if (home && home !== at.stage) show_stage(home, null, "");
    if (!at.stage) return location.replace("#");
    history.replaceState(null, "", `#${at.stage.name}${at.step ? `/${at.step.number}` : ""}`);
    return open(path);
  }
  if (view === "page" && !show_page(rest.join("/"))) return location.replace("#");
  if (view === "home" && hash) return location.replace("#");
  document.body.dataset.view = view;
  for (const part of ["home", "stage", "page"]) $(part).hidden = part !== view;
  $("steps").hidden = view !== "stage";
  $("reset").disabled = view !== "stage";
  if (view === "stage") show_stage(stage, stage.steps.find(step => String(step.number) === rest[0]) ?? null, rest[0] ?? "");
  else {
    at = { stage: null, step: null };
    document.title = view === "page" ? `${$("page").querySelector("h1").textContent} \u2013 ${course.title}` : course.title;
    scrollTo(0, 0);
  }
  // What had the focus may be gone.
  if (document.activeElement === document.body && document.body.dataset.ready) {
    (view === "stage" && $("stage").dataset.part === "read" ? $("read") : $("main")).focus({ preventScroll: true });
  }
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function show_page(path) {
  const page = course.pages[path];
  if (!page) return false;
  const back = at.stage ? h("a", { href: `#${at.stage.name}` }, `\u2190 ${at.stage.title}`) : h("a", { href: "#" }, "\u2190 The stages");
  $("page").replaceChildren(h("p", {}, back), h("h1", {}, page.title), h("div", { class: "prose", html: page.html }));
  return true;
}

function show_stage(stage, step, rest) {
  const other = stage !== at.stage;
  at = { stage, step };
  document.body.dataset.view = "stage";
  $("stage-title").textContent = `Stage ${stage.number}: ${stage.title}`;
  document.title = `${step ? `${name(stage, step)}, ` : ""}${stage.title} \u2013 ${course.title}`;
  show_steps();
  read(stage, step, { state: step ? progress(stage).steps[step.number] : "", whole: false, open });
  if (rest.startsWith("readme-")) document.getElementById(rest)?.scrollIntoView();
  $("run-step").hidden = !step || step.test?.given;
  $("run-step").textContent = step ? `Only ${name(stage, step).toLowerCase()}` : "";
  $("hint").disabled = Boolean(step?.test?.given);
  $("hunt").hidden = stage.judged || stage.kind === "check" || !Object.keys(stage.given).some(path => TEST_FILE.test(path));
  if (other) {
    editor_files();
    clear_results();
    notice("files", "");
  }
  if (step) begin_step(stage, step);
  else if (other) open(stage.edit[0]);
  part("read");
}

// Open the file in which a step is written, at the line that names the step.
function begin_step(stage, step) {
  const own = relevant(stage, step);
  if (own.length > 1) editor_files();
  const path = step.place || own[0] || stage.edit[0];
  if (!path) return;
  open(path);
  editor.find(new RegExp(`\\bStep ${step.number}\\b`));
}

// --- Files ----------------------------------------------------------------------------------------

const short = (stage, path) => path.replace(`exercises/${stage.name}/`, "").replace("exercises/", "");

// The files of a step, if its name has some: Step02Journal has journal.py and test_journal.py.
function relevant(stage, step) {
  const word = step?.test?.target.split(".").at(-1).replace(/^\D+\d\d/, "").toLowerCase();
  return word ? stage.edit.filter(path => path.split("/").at(-1).replace(/^test_|\.py$/g, "").replace(/\.py$/, "") === word) : [];
}

function tabs_of(stage, step) {
  if (stage.edit.length <= FEW) return stage.edit;
  const own = relevant(stage, step);
  const chosen = new Set([stage.edit[0], ...(own.length ? own : stage.edit.slice(0, FEW))]);
  return stage.edit.filter(path => chosen.has(path) || path === editor.path);
}

function editor_files() {
  const { stage, step } = at;
  const tabs = tabs_of(stage, step);
  $("files").replaceChildren(...tabs.map(path =>
    h("button", {
      type: "button", role: "tab", id: `file-${stage.edit.indexOf(path)}`, "aria-controls": "editor", "data-path": path,
      onclick: () => open(path),
    }, short(stage, path))));
  const option = path => h("option", { value: path }, short(stage, path));
  const rest = stage.edit.filter(path => !tabs.includes(path));
  const tests = Object.keys(stage.given).filter(path => TEST_FILE.test(path));
  const given = Object.keys(stage.given).filter(path => !tests.includes(path) && !path.endsWith("__init__.py"));
  const shared = Object.keys(course.shared).filter(path => !path.endsWith("__init__.py"));
  const group = (label, paths) => (paths.length ? h("optgroup", { label }, ...paths.map(option)) : null);
  $("others").replaceChildren(...[
    h("option", { value: "" }, "Given files\u2026"),
    group("To edit", rest), group("Tests, to read", tests), group("Given, to read", given), group("For all stages, to read", shared),
  ].filter(Boolean));
  select_file();
}

function select_file() {
  $("editor").dataset.given = String(editor.given.has(editor.path));
  for (const tab of $("files").children) {
    const selected = tab.dataset.path === editor.path;
    tab.ariaSelected = String(selected);
    tab.tabIndex = selected ? 0 : -1;
  }
  if (![...$("files").children].some(tab => tab.tabIndex === 0)) $("files").firstElementChild.tabIndex = 0;
  const others = $("others");
  others.value = [...others.options].some(one => one.value === editor.path) ? editor.path : "";
}

// Open a file of the stage, or a shared one, at a line.
function open(path, line = 0, marks = false, focus = false) {
  const { stage } = at;
  const known = [path, `exercises/${stage.name}/${path}`, `exercises/${path}`];
  const mine = known.find(one => stage.edit.includes(one));
  const given = known.find(one => one in stage.given || one in course.shared);
  if (!mine && !given) return false;
  if (mine) editor.open(mine, work.text(mine));
  else editor.open(given, stage.given[given] ?? course.shared[given], true);
  if (![...$("files").children].some(tab => tab.dataset.path === mine) && mine) editor_files();
  select_file();
  if (line) {
    editor.line(line, marks);
    part("code");
  }
  if (focus) editor.focus();
  return true;
}

// --- Results --------------------------------------------------------------------------------------

function show_result(which) {
  for (const tab of $("results").children) {
    const selected = tab.id === `tab-${which}`;
    if (selected) tab.hidden = false;
    tab.ariaSelected = String(selected);
    tab.tabIndex = selected ? 0 : -1;
    $(tab.id.replace("tab-", "")).hidden = !selected;
  }
}

function clear_results() {
  for (const which of ["hints", "timeline", "difference"]) {
    $(`tab-${which}`).hidden = true;
    $(which).replaceChildren();
  }
  $("verdict").replaceChildren(h("p", { class: "idle" }, at.stage.judged ? "Press Run for the verdict on your tests." : "Press Run to see the first step that fails."));
  show_result("verdict");
}

function say(text) {
  // The same words again are heard only if they change.
  $("live").textContent = "";
  requestAnimationFrame(() => ($("live").textContent = text));
}

// The words that a command prints. Names of files in them open the file, and commands do what they say.
function printed(answer) {
  const pre = h("pre", { class: "printed", html: answer.html ?? "" });
  const texts = [];
  for (const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT); walker.nextNode();) texts.push(walker.currentNode);
  for (const text of texts) {
    const parts = [];
    let from = 0;
    for (const found of text.data.matchAll(DOOR)) {
      const act = door(found.groups);
      if (!act) continue;
      parts.push(text.data.slice(from, found.index), h("button", { type: "button", class: "link", onclick: act }, found[0]));
      from = found.index + found[0].length;
    }
    if (parts.length) text.replaceWith(...parts, text.data.slice(from));
  }
  return pre;
}

// What a file's name or a command does when it is pressed; null if nothing.
function door({ path, line, colon, command: word, stage: first, step }) {
  if (path) {
    const readme = /^exercises\/(\w+)\/README\.md$/.exec(path);
    if (readme) return () => (location.hash = readme[1]);
    const file = path.startsWith("exercises/") ? path : `exercises/${at.stage.name}/${path}`;
    if (!at.stage.edit.includes(file) && !(file in at.stage.given) && !(file in course.shared)) return null;
    return () => {
      open(file, Number(line ?? colon ?? 0), true);
      part("code");
      editor.focus();
    };
  }
  const stage = course.stages.find(one => [one.name, one.number].includes(first));
  if (!stage) return null;
  if (word === "lab") return stage.lecture ? () => window.open(stage.lecture, "_blank", "noopener") : null;
  return async () => {
    if (stage !== at.stage || (word === "hint" && step)) {
      location.hash = step ? `${stage.name}/${step}` : stage.name;
      await go();
    }
    ({ run: () => stage === at.stage && run(false), hint, solution })[word]();
  };
}

function show_verdict(stage, asked, answer) {
  const { good, text, step, tests = [], next } = summary(stage, answer, asked, at.step);
  const mark = good === true ? icon(TICK) : good === false ? icon(CROSS) : null;
  const dots = tests.length > 1 ? h("span", { class: "dots", "aria-hidden": "true" }, ...tests.map(test =>
    h("i", { "data-status": test.status, title: `${test.name.split(".").at(-1)}: ${test.status}` }))) : null;
  const actions = [];
  if (good) {
    const after = next ?? stage.steps[stage.steps.indexOf(step ?? stage.steps.at(-1)) + 1];
    const following = course.stages[course.stages.indexOf(stage) + 1];
    if (after) actions.push(h("a", { class: "button primary", href: `#${stage.name}/${after.number}` }, `Next: ${name(stage, after).toLowerCase()}`));
    else if (following) actions.push(h("a", { class: "button primary", href: `#${following.name}` }, `Next: stage ${following.number}`));
  } else if (good === false && step && step !== at.step) {
    actions.push(h("a", { class: "button quiet", href: `#${stage.name}/${step.number}` }, `Go to ${name(stage, step).toLowerCase()}`));
  }
  $("verdict").replaceChildren(
    h("header", { class: "said", "data-good": String(good) }, mark, h("strong", {}, text), dots, h("span", { class: "space" }), ...actions),
    printed(answer));
  // The lines of the steps are known from the ticks: begin with what failed.
  const head = good === false && [...$("verdict").querySelectorAll(".printed .bold")].at(-1);
  $("verdict").scrollTop = head ? head.offsetTop - $("verdict").firstElementChild.offsetHeight - 20 : 0;
  const place = /\bEdit\s+(exercises\/\S+?), line (\d+)/.exec(answer.text ?? "");
  if (place && good === false && place[1] === editor.path) editor.line(Number(place[2]), true);
  else editor.unmark();
  say(`${text} ${answer.text ?? ""}`);
}

// --- Commands -------------------------------------------------------------------------------------

// How many letters a line of the words may have, to fit their panel.
function columns() {
  const measure = h("pre", { class: "printed", style: "position: absolute; visibility: hidden; white-space: pre" }, "0".repeat(100));
  $("result").append(measure);
  const wide = measure.getBoundingClientRect().width / 100;
  measure.remove();
  return Math.max(40, Math.min(100, Math.floor(($("result").clientWidth - 50) / wide)));
}

// Ask the interpreter; while it works, the buttons wait. Returns null if it cannot.
async function command(ask_for, words, { keeps = true } = {}) {
  if (running) return null;
  if (window.courseLacks) {
    notice("engine", window.courseLacks);
    return null;
  }
  running = true;
  document.body.dataset.running = "true";
  $("stop").hidden = false;
  $("run").disabled = true;
  if (!keeps) editor.setLocked(true);
  try {
    await work.save();
    await started;
    await settled();
    const files = work.news();
    const answer = await engine.ask(ask_for, ask_for === "status" ? words : { ...words, columns: columns() }, { files, onProgress: text => ($("state-text").textContent = text) });
    if (answer.files && work.owned) await work.replace(answer.files, true);
    return answer;
  } catch (error) {
    notice("engine", `Python could not answer: ${error?.message ?? error}. Your files are safe; reload the page to try again.`);
    return null;
  } finally {
    running = false;
    delete document.body.dataset.running;
    $("stop").hidden = true;
    $("run").disabled = false;
    editor.setLocked(!work.owned);
  }
}

function waiting(which, text) {
  $(which).replaceChildren(h("p", { class: "idle busy" }, text));
  show_result(which);
  say(text);
}

async function run(only) {
  const { stage, step } = at;
  if (!stage || running) return;
  part("result");
  const ready = $("state").dataset.state === "ready";
  waiting("verdict", ready ? "Running the tests." : "Python is still loading; the tests run as soon as it has.");
  const before = print(stage);
  const asked = only && step ? step.number : null;
  const answer = await command("run", { stage: stage.name, ...(asked === null ? {} : { step: String(asked) }) });
  if (!answer) {
    $("verdict").replaceChildren(h("p", { class: "idle" }, "Nothing was run."));
    return;
  }
  if (!answer.stopped && answer.data && before === print(stage)) {
    note(stage, statuses(stage, answer.data), asked === null && answer.data.passed === true, asked === null);
  }
  if (at.stage !== stage) return;
  show_verdict(stage, asked, answer);
  if (at.step) {
    const state = progress(stage).steps[at.step.number] ?? "";
    const head = $("read").querySelector(".step-head");
    if (head && head.dataset.state !== state) {
      const top = $("read").scrollTop;
      read(stage, at.step, { state, whole: Boolean($("read").querySelector('[aria-pressed="true"]')), open });
      $("read").scrollTop = top;
    }
  }
}

// The first step of a stage that is left to do, or else its last.
function to_do(stage) {
  const { steps } = progress(stage);
  return stage.steps.find(one => !one.test?.given && steps[one.number] !== "passes") ?? stage.steps.at(-1);
}

async function hint() {
  const { stage } = at;
  const step = at.step ?? to_do(stage);
  part("result");
  const shown = $("hints").dataset.of === `${stage.name}/${step.number}` ? [...$("hints").children] : [];
  show_result("hints");
  const answer = await command("hint", { stage: stage.name, step: String(step.number) });
  if (!answer || answer.stopped || at.stage !== stage) return;
  const pre = printed(answer);
  pre.tabIndex = -1;
  const kept = shown.filter(one => one.tagName === "PRE" && one.textContent !== pre.textContent);
  const more = !/\bThat is all\b/.test(answer.text ?? "") && answer.exit === 0;
  $("hints").dataset.of = `${stage.name}/${step.number}`;
  $("hints").replaceChildren(...kept, pre, h("p", { class: "more" },
    more ? h("button", { type: "button", class: "quiet", onclick: hint }, "The next hint") : "There are no more hints for this step."));
  pre.scrollIntoView({ block: "nearest" });
  say(answer.text ?? "");
}

async function solution() {
  const { stage, step } = at;
  const upto = step && !step.test?.given;
  const part_of = upto ? [["upto", `Up to ${name(stage, step).toLowerCase()}`, true]] : [];
  const choice = await ask("Show the reference?", [
    h("p", {}, "You see how the course itself solves this, as the difference from your files. Have you had all the hints?"),
  ], [["", "Not yet"], ...(stage.judged ? [] : part_of), ["all", "All of the stage", !part_of.length || stage.judged]]);
  if (!choice) return;
  part("result");
  waiting("difference", "Looking for the differences.");
  const words = { stage: stage.name, ...(choice === "upto" ? { upto: String(step.number) } : {}) };
  const answer = await command("solution", words);
  if (!answer || at.stage !== stage) return;
  const same = !/^[-+@]/m.test(answer.text ?? "");
  const apply = h("button", { type: "button", class: "quiet", onclick: () => put_reference(stage, words) }, "Put the reference in place");
  $("difference").replaceChildren(printed(answer), ...(same || answer.exit ? [] : [h("p", { class: "more" }, apply, " Your files are saved first.")]));
  say(same ? answer.text ?? "" : "The differences are shown.");
}

async function put_reference(stage, words) {
  const answer = await command("solution", { ...words, apply: true }, { keeps: false });
  if (!answer || answer.stopped) return;
  show_progress();
  notice("files", "The reference is in place; your files are saved.", ...back(answer));
  $("difference").replaceChildren(printed(answer));
}

// A button that undoes what a command replaced, if it saved something.
function back(answer) {
  const saved = Object.keys(answer.files ?? {}).map(path => /^\.workshop\/saved\/([^/]+)\//.exec(path)?.[1]).find(Boolean);
  return saved ? [h("button", { type: "button", class: "quiet", onclick: () => restore(saved) }, "Bring my files back")] : [];
}

async function restore(folder) {
  const paths = await work.restore(folder);
  show_progress();
  notice("files", paths.length ? `Your files are back: ${paths.map(path => path.split("/").at(-1)).join(", ")}.` : "This copy has no file of the course.");
}

async function reset() {
  const { stage } = at;
  const changed = stage.edit.filter(path => work.changed(path));
  if (!changed.length) return notice("files", "Nothing to do: your files of this stage are the starters.");
  const choice = await ask(`Start stage ${stage.number} again?`, [
    h("p", {}, `The starters take the place of ${changed.map(path => short(stage, path)).join(", ")}. Your files are saved first, and you can bring them back.`),
  ], [["", "Keep my files"], ["reset", "Start again", true]]);
  if (choice !== "reset") return;
  const answer = await command("reset", { stage: stage.name }, { keeps: false });
  if (!answer || answer.stopped) return;
  clear_results();
  $("verdict").replaceChildren(printed(answer));
  forget(stage);
  notice("files", "The starters are in place; your files are saved.", ...back(answer));
  say(answer.text ?? "");
}

function forget(stage) {
  const { [stage.name]: _, ...rest } = work.meta.progress ?? {};
  work.remember("progress", rest);
  show_progress();
}

async function saved() {
  const copies = work.copies();
  const rows = [...copies].map(([folder, paths]) => h("li", {},
    h("p", {}, h("strong", {}, folder.replace(/^(\d+-\d+-\d+)-(\d\d)(\d\d)\d\d/, "$1, $2:$3")), h("br"), paths.map(path => path.replace("exercises/", "")).join(", ")),
    h("button", { value: folder, class: "quiet" }, "Bring back")));
  const choice = await ask("Saved copies", [
    rows.length ? h("p", {}, "What you bring back takes the place of your files, which are saved first.")
      : h("p", {}, "There are none yet. A copy is made whenever a file of yours is replaced."),
    h("ul", { class: "copies" }, ...rows),
  ], [["", "Close", true]]);
  if (choice) await restore(choice);
}

async function hunt() {
  const { stage } = at;
  const file = TEST_FILE.test(editor.path) && editor.path.startsWith(`exercises/${stage.name}/`);
  const target = file ? editor.path.replace(/\.py$/, "").replaceAll("/", ".") : stage.name;
  part("result");
  waiting("timeline", `Looking for a history of the simulated network in which ${file ? editor.path.split("/").at(-1) : "a test of this stage"} fails.`);
  const answer = await command("hunt", { target });
  if (!answer || at.stage !== stage) return;
  const rows = rowsOf(answer.data);
  const drawing = rows.length ? [h("div", { class: "drawn", tabindex: "0", role: "group", "aria-label": "The timeline" }, draw(rows, "What happened in the history that fails"))] : [];
  $("timeline").replaceChildren(...(answer.stopped ? [h("p", { class: "idle" }, "Stopped.")] : [...drawing, printed(answer)]));
  $("timeline").scrollTop = 0;
  say(answer.stopped ? "Stopped." : answer.text ?? "");
}

// Run the stages whose files have changed since they were run.
async function check() {
  if (checking) {
    checking = false;
    engine?.stop();
    return;
  }
  const left = course.stages.filter(stage =>
    stage.edit.some(path => work.changed(path)) && work.meta.progress?.[stage.name]?.print !== print(stage));
  if (!left.length) return say_here("All that you have written was run as it is now.");
  checking = true;
  for (const stage of left) {
    $("check").textContent = `Stop: stage ${stage.number} is running`;
    const before = print(stage);
    const answer = await command("run", { stage: stage.name });
    if (!answer || answer.stopped || !checking) break;
    if (answer.data && before === print(stage)) note(stage, statuses(stage, answer.data), answer.data.passed === true, true);
  }
  $("check").textContent = CHECK;
  if (checking) say_here("All that you have written was run.");
  checking = false;
}

function say_here(text) {
  $("checked").textContent = text;
  say(text);
}

// Take over what the tool remembers about files that it has seen before, such as those of a zip.
async function remembered() {
  if (window.courseLacks) return;
  const answer = await command("status", {});
  for (const one of Array.isArray(answer?.data) ? answer.data : []) {
    const stage = course.stages.find(known => known.name === one.name);
    const found = stage ? statuses(stage, one) : {};
    if (Object.keys(found).length) note(stage, found, one.passed || stage.steps.every(step => found[step.number] === "passes"), true);
  }
}

// --- Zips -----------------------------------------------------------------------------------------

async function export_work() {
  $("menu").open = false;
  await work.save();
  const zip = work.exported();
  if (!zip) return notice("files", "There is nothing to export yet: each of your files is its starter.");
  const link = h("a", { href: URL.createObjectURL(zip), download: `trial-by-wire-${new Date().toISOString().slice(0, 10)}.zip` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function import_zip(file) {
  if (!work.owned) return;
  try {
    if (file.size > LARGEST) throw new BadZip("This file is too large to be one of the course's zips");
    const found = await work.read(new Uint8Array(await file.arrayBuffer()));
    if (found.version) {
      const choice = await ask("Another version", [
        h("p", {}, `This zip is from version ${found.version} of the course and this page has ${course.version}, so its files may not fit the tests here.`),
      ], [["", "Leave all as it is"], ["import", "Import it anyway", true]]);
      if (choice !== "import") return notice("files", "Nothing was imported.");
    }
    const { folder, count } = await work.import(found.files);
    show_progress();
    remembered();
    const left = found.left.length ? ` Left out, since you do not write them: ${found.left.slice(0, 3).join(", ")}${found.left.length > 3 ? ` and ${found.left.length - 3} more` : ""}.` : "";
    const what = count ? `Imported: ${count} file${count === 1 ? "" : "s"}.` : "Imported; all files were the same here already.";
    notice("files", what + (folder ? " What was here is saved." : "") + left,
      ...(folder ? [h("button", { type: "button", class: "quiet", onclick: () => restore(folder) }, "Bring my files back")] : []));
  } catch (error) {
    const why = error instanceof BadZip ? error.message : "This file cannot be read";
    notice("files", `${why}, so nothing was imported.`);
  }
}

// --- Parts ----------------------------------------------------------------------------------------

// On a narrow window, one part is shown at a time.
function part(which) {
  $("stage").dataset.part = which;
  for (const button of $("switch").children) button.ariaPressed = String(button.dataset.part === which);
  if (which === "code" && !WIDE.matches) editor?.view.requestMeasure();
}

function show_owner() {
  editor.setLocked(!work.owned);
  document.body.dataset.owned = String(work.owned);
  for (const id of ["import", "reset"]) $(id).disabled = !work.owned || (id === "reset" && !at.stage);
  if (work.owned) return notice("owner", "");
  const lost = work.unsaved.size ? " Your last changes here were not saved: export them." : "";
  notice("owner", `Your work is open in another tab, so you can only read it here.${lost}`,
    h("button", { type: "button", class: "primary", onclick: () => work.take() }, "Work here"));
}

function show_replaced(paths) {
  for (const path of paths) if (editor.states.has(path)) editor.replace(path, work.text(path));
  show_progress();
}

async function main() {
  title();
  const answer = await fetch("course.json");
  if (!answer.ok) throw new Error(`course.json: ${answer.status}`);
  course = await answer.json();
  work = new Work(course);
  let stale = 0;
  editor = new Editor($("editor"), (path, text) => {
    work.type(path, text);
    clearTimeout(stale);
    stale = setTimeout(show_progress, 300);
  }, () => run(false));
  work.addEventListener("replaced", ({ detail }) => show_replaced(detail));
  work.addEventListener("owner", show_owner);
  work.addEventListener("saving", ({ detail }) => notice("storage", detail));
  await work.open();
  if (work.problem) notice("storage", work.problem);
  editor.setLocked(true);
  start_engine();
  await work.settle();
  show_progress();

  const set_columns = splitter($("split-columns"), "--read", { ArrowLeft: -2, ArrowRight: 2 },
    event => (100 * event.clientX) / innerWidth);
  const set_rows = splitter($("split-rows"), "--result", { ArrowUp: 2, ArrowDown: -2 }, event => {
    const { top, height } = $("work").getBoundingClientRect();
    return 100 - (100 * (event.clientY - top)) / height;
  });
  set_columns(40);
  set_rows(42);
  tablist($("files"));
  tablist($("results"));
  for (const tab of $("results").children) tab.addEventListener("click", () => show_result(tab.id.replace("tab-", "")));
  for (const button of $("switch").children) button.addEventListener("click", () => part(button.dataset.part));
  $("others").addEventListener("change", event => event.target.value && open(event.target.value));
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  $("run-key").textContent = mac ? "\u2318 Enter" : "Ctrl-Enter";
  const does = { run: () => run(false), "run-step": () => run(true), stop: () => engine.stop(), hint, hunt, solution, reset, saved, check, export: export_work, import: () => $("file").click() };
  for (const [id, act] of Object.entries(does)) {
    $(id).addEventListener("click", () => {
      $("menu").open = false;
      act();
    });
  }
  $("file").addEventListener("change", async event => {
    const [file] = event.target.files;
    if (file) await import_zip(file);
    event.target.value = "";
  });
  addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented && at.stage && !$("dialog").open) {
      event.preventDefault();
      run(false);
    }
    if (event.key === "Escape" && $("menu").open) {
      $("menu").open = false;
      $("menu").firstElementChild.focus();
    }
  });
  addEventListener("pointerdown", event => {
    if (!$("menu").contains(event.target)) $("menu").open = false;
  });
  // The last moments in which something can be saved.
  document.addEventListener("visibilitychange", () => document.hidden && work.owned && work.save());
  addEventListener("pagehide", () => work.leave());
  addEventListener("beforeunload", event => {
    if (work.problem && work.unsaved.size) event.preventDefault();
  });
  addEventListener("pageshow", event => event.persisted && location.reload());
  document.querySelector(".skip").addEventListener("click", event => {
    event.preventDefault();
    $("main").focus();
  });
  addEventListener("hashchange", go);
  await go();
  document.body.dataset.ready = "true";
  if (work.meta.version && work.meta.version !== course.version) {
    notice("version", `The course is now version ${course.version}. Your files are as you left them; run a stage to see what has changed.`);
  }
  if (work.owned) work.remember("version", course.version);
  stay();
}

// Keep the page for use without a network; a newer version comes when the learner wants it.
async function stay() {
  const { keepOffline } = await import("./offline.js");
  await keepOffline({
    onKept: () => ($("offline").textContent = "The page works with no network, too."),
    onNewer: take => notice("version", "There is a newer version of this page.",
      h("button", { type: "button", class: "primary", onclick: take }, "Load it")),
    beforeReload: () => work.save(),
  });
}

function start_engine() {
  if (window.courseLacks) {
    show_state("failed", "Python cannot run here");
    notice("engine", window.courseLacks);
    return;
  }
  engine = new Engine({ base: "./", onState: show_state });
  started = engine.start(work.everything());
  started.catch(error => {
    show_state("failed", "Python did not start");
    notice("engine", `Python did not start (${error?.message ?? error}): your files are safe; reload the page to try again.`);
  });
}

// Wait while the interpreter starts again, after a run that had to be ended.
function settled() {
  return new Promise(resolve => {
    const look = () => $("state").dataset.state !== "restarting" && (resolve(), true);
    if (look()) return;
    const watch = new MutationObserver(() => look() && watch.disconnect());
    watch.observe($("state"), { attributes: true });
  });
}

function show_state(state, text) {
  $("state").dataset.state = state;
  $("state-text").textContent = text || { loading: "Python is loading", ready: "Ready", busy: "Running", restarting: "Starting again", failed: "Python has failed" }[state];
}

main().catch(error => {
  notice("page", `The course could not be shown (${error.message}): reload the page; what you have saved is kept.`);
});
