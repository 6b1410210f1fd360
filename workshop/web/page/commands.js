// What the buttons do that need the interpreter.

import { app, part, say } from "./app.js";
import { back } from "./carry.js";
import { $, ask, h, notice } from "./dom.js";
import { open, short, tests_in_hand, trial_target } from "./files.js";
import { forget, is_known, note, print, progress, show_progress, to_do } from "./progress.js";
import { command, stop } from "./python.js";
import { read } from "./read.js";
import { clear_results, printed, show_result, show_verdict, waiting } from "./results.js";
import { draw, rowsOf } from "./timeline.js";
import { name, statuses } from "./words.js";

const CHECK = "Run what has changed";
let checking = false;

// Run all of a stage; or only the step at which the learner is, or only some numbers, "1-5".
export async function run(only, numbers = null) {
  const { stage, step } = app.at;
  if (!stage || app.running) return;
  part("result");
  const ready = $("state").dataset.state === "ready";
  waiting("verdict", ready ? "Running the tests." : "Python is still loading; the tests run as soon as it has.");
  const before = print(stage);
  const asked = only ? numbers ?? step?.number ?? null : null;
  const answer = await command("run", { stage: stage.name, ...(asked === null ? {} : { step: String(asked) }) });
  if (!answer) {
    $("verdict").replaceChildren(h("p", { class: "idle" }, "Nothing was run."));
    return;
  }
  if (!answer.stopped && answer.data && !answer.data.refused && before === print(stage)) {
    note(stage, statuses(stage, answer.data), asked === null && answer.data.passed === true, asked === null);
  }
  if (app.at.stage !== stage) return;
  show_verdict(stage, asked, answer);
  if (app.at.step) {
    const state = progress(stage).steps[app.at.step.number] ?? "";
    const head = $("read").querySelector(".step-head");
    if (head && head.dataset.state !== state) {
      const top = $("read").scrollTop;
      read(stage, app.at.step, { state, whole: Boolean($("read").querySelector('[aria-pressed="true"]')), open });
      $("read").scrollTop = top;
    }
  }
}

export async function hint() {
  const { stage } = app.at;
  const step = app.at.step ?? to_do(stage);
  part("result");
  const shown = $("hints").dataset.of === `${stage.name}/${step.number}` ? [...$("hints").children] : [];
  show_result("hints");
  const answer = await command("hint", { stage: stage.name, step: String(step.number) });
  if (!answer || answer.stopped || app.at.stage !== stage) return;
  const last = /\bThat is all\b/.test(answer.text ?? "");
  // The button below leads to the next; and all of them at once take the place of each.
  const pre = printed({ ...answer, html: (answer.html ?? "").replace(/\n*More: .*\n*$/, "\n") });
  pre.tabIndex = -1;
  const kept = last && /\(1 of/.test(answer.text) ? [] : shown.filter(one => one.tagName === "PRE" && one.textContent !== pre.textContent);
  const more = !last && answer.exit === 0;
  if (last) app.work.remember("hinted", { ...app.work.meta.hinted, [`${stage.name}/${step.number}`]: true });
  $("hints").dataset.of = `${stage.name}/${step.number}`;
  $("hints").replaceChildren(...kept, pre, h("p", { class: "more" },
    more ? h("button", { type: "button", class: "quiet", onclick: hint }, "The next hint") : "There are no more hints for this step."));
  pre.scrollIntoView({ block: "nearest" });
  say(answer.text ?? "");
}

export async function solution() {
  const { stage, step } = app.at;
  const upto = step && !step.test?.given;
  const hinted = step && app.work.meta.hinted?.[`${stage.name}/${step.number}`];
  const part_of = upto ? [["upto", `Up to ${name(stage, step).toLowerCase()}`, true]] : [];
  const choice = await ask("Show the solution?", [
    h("p", {}, `You see how the course itself solves this, as the difference from your files.${hinted ? "" : " Have you had all the hints?"}`),
  ], [["", "Not yet"], ...(stage.judged ? [] : part_of), ["all", "All of the stage", !part_of.length || stage.judged]]);
  if (!choice) return;
  part("result");
  waiting("difference", "Looking for the differences.");
  const words = { stage: stage.name, ...(choice === "upto" ? { upto: String(step.number) } : {}) };
  const answer = await command("solution", words);
  if (!answer || app.at.stage !== stage) return;
  const same = !/^[-+@]/m.test(answer.text ?? "");
  const apply = h("button", { type: "button", class: "quiet", onclick: () => put_solution(stage, words) }, "Put the solution in place");
  $("difference").replaceChildren(printed(answer), ...(same || answer.exit ? [] : [h("p", { class: "more" }, apply, " Your files are saved first.")]));
  say(same ? answer.text ?? "" : "The differences are shown.");
}

async function put_solution(stage, words) {
  const answer = await command("solution", { ...words, apply: true }, { keeps: false });
  if (!answer || answer.stopped) return;
  show_progress();
  notice("files", "The solution is in place; your files are saved.", ...back(answer));
  $("difference").replaceChildren(printed(answer));
}

export async function reset() {
  const { stage } = app.at;
  const changed = stage.edit.filter(path => app.work.changed(path));
  if (!changed.length) return notice("files", "Nothing to do: your files of this stage are the starters.");
  const choice = await ask(`Reset stage ${stage.number}?`, [
    h("p", {}, `The starters take the place of ${changed.map(path => short(stage, path)).join(", ")}. Your files are saved first, and you can bring them back.`),
  ], [["", "Keep my files"], ["reset", "Reset", true]]);
  if (choice !== "reset") return;
  const answer = await command("reset", { stage: stage.name }, { keeps: false });
  if (!answer || answer.stopped) return;
  clear_results();
  $("verdict").replaceChildren(printed(answer));
  forget(stage);
  notice("files", "The starters are in place; your files are saved.", ...back(answer));
  say(answer.text ?? "");
}

export async function hunt() {
  const { stage } = app.at;
  const tests = tests_in_hand();
  const target = tests || stage.name;
  part("result");
  waiting("timeline", `Looking for a history of the simulated network in which a test of ${tests ? tests.split(".").at(-1) : "this stage"} fails.`);
  const answer = await command("hunt", { target });
  if (!answer || app.at.stage !== stage) return;
  const rows = rowsOf(answer.data);
  const drawing = rows.length ? [h("div", { class: "drawn", tabindex: "0", role: "group", "aria-label": "The timeline" }, draw(rows, "What happened in the history that fails"))] : [];
  const test = answer.data?.test;
  const which = test ? [h("p", { class: "which" }, h("strong", {}, test.split(".").slice(-2).join(".")), " fails")] : [];
  $("timeline").replaceChildren(...(answer.stopped ? [h("p", { class: "idle" }, "Stopped.")] : [...which, ...drawing, printed(answer)]));
  $("timeline").scrollTop = 0;
  say(answer.stopped ? "Stopped." : answer.text ?? "");
}

// Run plain trial, on what is in hand or what a text names, and show what it prints.
export async function trial(target = trial_target(), options = []) {
  const { stage } = app.at;
  if (!stage || app.running) return;
  const words = ["trial", ...options, target].join(" ");
  part("result");
  waiting("trial", words);
  const answer = await command("trial", { target, ...(options.length ? { options } : {}) });
  if (app.at.stage !== stage) return;
  if (!answer || answer.stopped) {
    const why = answer ? "Stopped." : "Nothing was run.";
    $("trial").replaceChildren(h("p", { class: "idle" }, why));
    return say(why);
  }
  const lacks = stage.elsewhere && /emscripten|it needs (?:TLS|a real socket)|^Ran 0 tests/m.test(answer.text) ? [h("p", { class: "elsewhere" }, stage.elsewhere)] : [];
  const log = answer.data?.log ? [h("details", {}, h("summary", {}, "_trial_temp/test.log"), h("pre", { class: "printed" }, answer.data.log))] : [];
  $("trial").replaceChildren(h("p", { class: "which" }, h("code", {}, words), " on the simulated network"), printed(answer), ...lacks, ...log);
  // Its verdict is the last line.
  const pre = $("trial").querySelector(".printed");
  $("trial").scrollTop = pre.offsetTop + pre.offsetHeight - $("trial").clientHeight + 40;
  say(answer.text.trimEnd().split("\n").at(-1));
}

// Run the stages whose files have changed since they were run.
export async function check() {
  if (checking) {
    checking = false;
    stop();
    return;
  }
  const left = app.course.stages.filter(stage =>
    stage.edit.some(path => app.work.changed(path)) && !is_known(stage));
  if (!left.length) return say_here("Nothing has changed since it was run.");
  checking = true;
  for (const stage of left) {
    $("check").textContent = `Stop: stage ${stage.number} is running`;
    const before = print(stage);
    const answer = await command("run", { stage: stage.name });
    if (!answer || answer.stopped || !checking) break;
    if (answer.data && !answer.data.refused && before === print(stage)) note(stage, statuses(stage, answer.data), answer.data.passed === true, true);
  }
  $("check").textContent = CHECK;
  if (checking) say_here("Everything you changed has been run.");
  checking = false;
}

function say_here(text) {
  $("checked").textContent = text;
  say(text);
}
