// The page begins here: it loads what is kept, shows it, and gives the buttons what they do.

import { app, part } from "./app.js";
import { export_work, import_zip, saved } from "./carry.js";
import { check, hint, hunt, reset, run, solution, trial } from "./commands.js";
import { $, h, notice, splitter, tablist } from "./dom.js";
import { Editor } from "./editor.js";
import { open, put_back, show_broken } from "./files.js";
import { title } from "./home.js";
import { go } from "./places.js";
import { show_progress } from "./progress.js";
import { start_engine, stop } from "./python.js";
import { show_result } from "./results.js";
import { Work } from "./work.js";

function show_owner() {
  app.editor.setLocked(!app.work.owned);
  document.body.dataset.owned = String(app.work.owned);
  for (const id of ["import", "reset"]) $(id).disabled = !app.work.owned || (id === "reset" && !app.at.stage);
  if (app.work.owned) return notice("owner", "");
  const lost = app.work.unsaved.size ? " Your last changes here were not saved: export them." : "";
  notice("owner", `Your work is open in another tab, so you can only read it here.${lost}`,
    h("button", { type: "button", class: "primary", onclick: () => app.work.take() }, "Work here"));
}

function show_replaced(paths) {
  for (const path of paths) if (app.editor.states.has(path)) app.editor.replace(path, app.work.text(path));
  show_progress();
}

async function main() {
  title();
  const answer = await fetch("course.json");
  if (!answer.ok) throw new Error(`course.json: ${answer.status}`);
  app.course = await answer.json();
  if (app.course.source) $("source").append(h("a", { href: app.course.source, target: "_blank", rel: "noopener noreferrer" }, "The course's source"));
  app.work = new Work(app.course);
  let stale = 0;
  app.editor = new Editor($("editor"), (path, text) => {
    app.work.type(path, text);
    show_broken();
    clearTimeout(stale);
    stale = setTimeout(show_progress, 300);
  }, () => run(false));
  app.work.addEventListener("replaced", ({ detail }) => show_replaced(detail));
  app.work.addEventListener("owner", show_owner);
  app.work.addEventListener("saving", ({ detail }) => notice("storage", detail));
  await app.work.open();
  if (app.work.problem) notice("storage", app.work.problem);
  app.editor.setLocked(true);
  start_engine();
  await app.work.settle();
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
  $("trial-key").textContent = mac ? "\u21e7 \u2318 Enter" : "Ctrl-Shift-Enter";
  const does = { run: () => run(false), "run-step": () => run(true), stop, hint, hunt, solution, reset, "run-trial": trial, "trial-open": trial, "put-back": put_back, saved, check, export: export_work, import: () => $("file").click() };
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
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented && app.at.stage && !$("dialog").open) {
      event.preventDefault();
      if (event.shiftKey) trial();
      else run(false);
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
  document.addEventListener("visibilitychange", () => document.hidden && app.work.owned && app.work.save());
  addEventListener("pagehide", () => app.work.leave());
  addEventListener("beforeunload", event => {
    if (app.work.problem && app.work.unsaved.size) event.preventDefault();
  });
  addEventListener("pageshow", event => event.persisted && location.reload());
  document.querySelector(".skip").addEventListener("click", event => {
    event.preventDefault();
    $("main").focus();
  });
  addEventListener("hashchange", go);
  app.doors = { go, run: () => run(false), run_only: numbers => run(true, numbers), hint, hunt, solution, saved, trial };
  await go();
  document.body.dataset.ready = "true";
  if (app.work.meta.version && app.work.meta.version !== app.course.version) {
    notice("version", `The course is now version ${app.course.version}. Your files are as you left them; run a stage to see what has changed.`);
  }
  if (app.work.owned) app.work.remember("version", app.course.version);
  stay();
}

// Keep the page for use without a network; a newer version comes when the learner wants it.
async function stay() {
  const { keepOffline } = await import("./offline.js");
  await keepOffline({
    onKept: () => ($("offline").textContent = "The page works with no network, too."),
    onNewer: take => notice("version", "There is a newer version of this page.",
      h("button", { type: "button", class: "primary", onclick: take }, "Load it")),
    beforeReload: () => app.work.save(),
  });
}

main().catch(error => {
  notice("page", `The course could not be shown (${error.message}): reload the page; what you have saved is kept.`);
});
