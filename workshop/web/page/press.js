// The buttons in a README, which stand for commands in a terminal: doors.py of the tool makes them.

import { app } from "./app.js";
import { open } from "./files.js";

// Open the file of a dotted name's tests, at the class; the folder's name alone opens none.
function open_tests(target) {
  const parts = target.split(".");
  for (let n = parts.length; n > 1; n--) {
    const path = `${parts.slice(0, n).join("/")}.py`;
    if (!open(path)) continue;
    if (parts[n]) app.editor.find(new RegExp(`^class ${parts[n]}\\b`));
    return;
  }
}

export async function press({ press: word, stage: name, step = "", target = "", options = "" }) {
  const stage = app.course.stages.find(one => one.name === name);
  if (!stage) return;
  const [first] = step.split("-");
  if (stage !== app.at.stage || (first && String(app.at.step?.number) !== first)) {
    location.hash = first ? `${name}/${first}` : name;
    await app.doors.go();
  }
  if (word === "run" && step) return app.doors.run_only(step.includes("-") ? step : null);
  if (target) open_tests(target);
  return app.doors[word]?.(target, options.split(" ").filter(Boolean));
}
