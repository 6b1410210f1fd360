// The places in the page, by the address after #: a stage, one of its steps, another page, or all stages.

import { app, part } from "./app.js";
import { $, h, notice } from "./dom.js";
import { begin_step, editor_files, open, TEST_FILE, trial_target } from "./files.js";
import { progress, show_steps } from "./progress.js";
import { pressed, read } from "./read.js";
import { clear_results, show_head } from "./results.js";
import { name } from "./words.js";

// Show what the address names: a stage, one of its steps, a page, or all stages.
export async function go() {
  const hash = unescaped(location.hash.slice(1));
  const [first, ...rest] = hash.split("/");
  const stage = app.course.stages.find(one => one.name === first);
  const view = stage ? "stage" : first === "page" ? "page" : first === "file" ? "file" : "home";
  if (view === "file") {
    const path = rest.join("/");
    const home = app.course.stages.find(one => path in one.starters || path in one.given);
    if (home && home !== app.at.stage) show_stage(home, null, "");
    if (!app.at.stage) return location.replace("#");
    history.replaceState(null, "", `#${app.at.stage.name}${app.at.step ? `/${app.at.step.number}` : ""}`);
    return open(path);
  }
  if (view === "page" && !show_page(rest.join("/"))) return location.replace("#");
  if (view === "home" && hash) return location.replace("#");
  document.body.dataset.view = view;
  for (const part of ["home", "stage", "page"]) $(part).hidden = part !== view;
  $("steps").hidden = view !== "stage";
  for (const id of ["reset", "trial-open"]) $(id).disabled = view !== "stage";
  if (view === "stage") show_stage(stage, stage.steps.find(step => String(step.number) === rest[0]) ?? null, rest[0] ?? "");
  else {
    app.at = { stage: null, step: null };
    document.title = view === "page" ? `${$("page").querySelector("h1").textContent} \u2013 ${app.course.title}` : app.course.title;
    scrollTo(0, 0);
  }
  // What had the focus is gone, or hidden, unless it is in the editor.
  const focused = document.activeElement;
  if ((focused === document.body || !focused?.getClientRects().length) && document.body.dataset.ready) {
    (view === "stage" ? document.querySelector(".step-head h2") ?? $("read") : $("main")).focus({ preventScroll: true });
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
  const page = app.course.pages[path];
  if (!page) return false;
  const back = app.at.stage ? h("a", { href: `#${app.at.stage.name}` }, `\u2190 ${app.at.stage.title}`) : h("a", { href: "#" }, "\u2190 The stages");
  $("page").replaceChildren(h("p", {}, back), h("h1", {}, page.title), h("div", { class: "prose", html: page.html, onclick: pressed }));
  return true;
}

function show_stage(stage, step, rest) {
  const other = stage !== app.at.stage;
  if (step !== app.at.step) notice("files", "");
  app.at = { stage, step };
  document.body.dataset.view = "stage";
  $("stage-title").textContent = `Stage ${stage.number}: ${stage.title}`;
  document.title = `${step ? `${name(stage, step)}, ` : ""}${stage.title} \u2013 ${app.course.title}`;
  show_steps();
  read(stage, step, { state: step ? progress(stage).steps[step.number] : "", whole: false, open });
  if (rest.startsWith("readme-")) document.getElementById(rest)?.scrollIntoView();
  $("run-step").hidden = !step || step.test?.given;
  $("run-step").textContent = step ? `Only ${name(stage, step).toLowerCase()}` : "";
  $("hint").disabled = Boolean(step?.test?.given);
  $("hunt").hidden = stage.away || stage.judged || stage.kind === "check" || !Object.keys(stage.given).some(path => TEST_FILE.test(path));
  if (other) {
    editor_files();
    clear_results();
    notice("files", "");
  } else show_head();
  if (step) begin_step(stage, step);
  else if (other) open(stage.edit[0]);
  $("run-trial").title = `trial ${trial_target()}`;
  part("read");
}
