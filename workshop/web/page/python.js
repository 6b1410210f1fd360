// The interpreter, as the page uses it: one command at a time, after the last one and after what was typed.

import { app } from "./app.js";
import { $, notice } from "./dom.js";
import { Engine } from "./engine.js";
import { columns } from "./results.js";

export function start_engine() {
  if (window.courseLacks) {
    show_state("failed", "Python cannot run here");
    notice("engine", window.courseLacks);
    return;
  }
  app.engine = new Engine({ base: "./", onState: show_state });
  app.started = app.engine.start(app.work.everything());
  app.started.catch(error => {
    show_state("failed", "Python did not start");
    notice("engine", `Python did not start (${error?.message ?? error}): your files are safe; reload the page to try again.`);
  });
}

function show_state(state, text) {
  $("state").dataset.state = state;
  $("state-text").textContent = text || { loading: "Python is loading", ready: "Ready", busy: "Running", restarting: "Starting again", failed: "Python has failed" }[state];
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

const STOPPED = "Stopped. Your files are as they were.\n";
let give_up = () => {};

// End what runs, or what waits for its turn.
export function stop() {
  give_up();
  app.engine?.stop();
}

async function its_turn() {
  await app.work.save();
  await app.started;
  await settled();
}

// Ask the interpreter; while it works, the buttons wait. Returns null if it cannot.
export async function command(ask_for, words, { keeps = true } = {}) {
  if (app.running) return null;
  if (window.courseLacks) {
    notice("engine", window.courseLacks);
    return null;
  }
  app.running = true;
  document.body.dataset.running = "true";
  $("stop").hidden = false;
  $("run").disabled = true;
  if (!keeps) app.editor.setLocked(true);
  try {
    const given_up = new Promise(resolve => (give_up = () => resolve(true)));
    if (await Promise.race([its_turn(), given_up])) return { exit: 1, text: STOPPED, html: STOPPED, data: null, stopped: true };
    const files = app.work.news();
    const answer = await app.engine.ask(ask_for, ask_for === "status" ? words : { ...words, columns: columns() }, { files, onProgress: text => ($("state-text").textContent = text) });
    if (answer.files && app.work.owned) await app.work.replace(answer.files, true);
    return answer;
  } catch (error) {
    notice("engine", `Python could not answer: ${error?.message ?? error}. Your files are safe; reload the page to try again.`);
    return null;
  } finally {
    app.running = false;
    delete document.body.dataset.running;
    $("stop").hidden = true;
    $("run").disabled = false;
    app.editor.setLocked(!app.work.owned);
  }
}
