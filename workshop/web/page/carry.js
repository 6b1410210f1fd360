// What goes out of the page and comes in: zips, and the saved copies of files that were replaced.

import { app } from "./app.js";
import { $, ask, h, notice } from "./dom.js";
import { is_known, note, show_progress } from "./progress.js";
import { command } from "./python.js";
import { clear_results } from "./results.js";
import { name, statuses } from "./words.js";
import { BadZip } from "./zip.js";

const LARGEST = 10_000_000; // bytes of a zip

export async function export_work() {
  $("menu").open = false;
  await app.work.save();
  const zip = app.work.exported();
  if (!zip) return notice("files", "There is nothing to export yet: each of your files is its starter.");
  const link = h("a", { href: URL.createObjectURL(zip), download: `trial-by-wire-${new Date().toISOString().slice(0, 10)}.zip` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export async function import_zip(file) {
  if (!app.work.owned) return;
  try {
    if (file.size > LARGEST) throw new BadZip("This file is too large to be one of the course's zips");
    const found = await app.work.read(new Uint8Array(await file.arrayBuffer()));
    if (found.version) {
      const choice = await ask("Another version", [
        h("p", {}, `This zip is from version ${found.version} of the course and this page has ${app.course.version}, so its files may not fit the tests here.`),
      ], [["", "Leave all as it is"], ["import", "Import it anyway", true]]);
      if (choice !== "import") return notice("files", "Nothing was imported.");
    }
    const { folder, count } = await app.work.import(found);
    show_progress();
    remembered();
    const left = found.left.length ? ` Left out, since you do not write them: ${found.left.slice(0, 3).join(", ")}${found.left.length > 3 ? ` and ${found.left.length - 3} more` : ""}.` : "";
    const what = count ? `Imported: ${count} file${count === 1 ? "" : "s"}.` : "Imported; all files were the same here already.";
    notice("files", what + (folder ? " What was here is saved." : "") + left + unjudged(found.files),
      ...(folder ? [h("button", { type: "button", class: "quiet", onclick: () => restore(folder) }, "Bring my files back")] : []));
  } catch (error) {
    const why = error instanceof BadZip ? error.message : "This file cannot be read";
    notice("files", `${why}, so nothing was imported.`);
  }
}

// Stages whose tests came without what they catch: only a run knows it.
function unjudged(files) {
  const stages = app.course.stages.filter(stage =>
    stage.judged && !stage.away && !is_known(stage) && stage.edit.some(path => path in files && app.work.changed(path)));
  if (!stages.length) return "";
  const numbers = stages.map(stage => stage.number).join(", ").replace(/, (?=[^,]*$)/, " and ");
  return ` What your tests of stage${stages.length > 1 ? "s" : ""} ${numbers} catch is known after a run: press \u201cRun what has changed\u201d below the list of stages.`;
}

// A button that undoes what a command replaced, if it saved something.
export function back(answer) {
  const saved = Object.keys(answer.files ?? {}).map(path => /^\.workshop\/saved\/([^/]+)\//.exec(path)?.[1]).find(Boolean);
  return saved ? [h("button", { type: "button", class: "quiet", onclick: () => restore(saved) }, "Bring my files back")] : [];
}

async function restore(folder) {
  const paths = await app.work.restore(folder);
  // The words there are about what was replaced.
  if (app.at.stage && paths.some(path => app.at.stage.edit.includes(path))) clear_results();
  show_progress();
  notice("files", paths.length ? `Your files are back: ${paths.map(path => path.split("/").at(-1)).join(", ")}.` : "This copy has no file of the course.");
}

// A copy's time, and the step that passed then, if it was made for that.
function title_of(folder) {
  const [, day, hour, minute, stage, number] = /^(\d+-\d+-\d+)-(\d\d)(\d\d)\d\d(?:-\d+)?(?:-(stage\w+)-(\d+))?/.exec(folder) ?? [];
  if (!day) return folder;
  const known = app.course.stages.find(one => one.name === stage);
  const step = known?.steps.find(one => String(one.number) === number);
  return `${day}, ${hour}:${minute}${step ? `: ${name(known, step).toLowerCase()} ${known.judged ? "caught" : "passed"}` : ""}`;
}

export async function saved() {
  const copies = app.work.copies();
  const rows = [...copies].map(([folder, paths]) => h("li", {},
    h("p", {}, h("strong", {}, title_of(folder)), h("br"), paths.map(path => path.replace("exercises/", "")).join(", ")),
    h("button", { value: folder, class: "quiet" }, "Bring back")));
  const choice = await ask("Saved copies", [
    rows.length ? h("p", {}, "What you bring back takes the place of your files, which are saved first.")
      : h("p", {}, "There are none yet. A copy is made when a file of yours is replaced, and when a step passes for the first time."),
    h("ul", { class: "copies" }, ...rows),
  ], [["", "Close", true]]);
  if (choice) await restore(choice);
}

// Take over what the tool remembers about files that it has seen before, such as those of a zip.
async function remembered() {
  if (window.courseLacks) return;
  const answer = await command("status", {});
  for (const one of Array.isArray(answer?.data) ? answer.data : []) {
    const stage = app.course.stages.find(known => known.name === one.name);
    const found = stage ? statuses(stage, one) : {};
    if (Object.values(found).some(state => state !== "todo")) note(stage, found, one.passed || stage.steps.every(step => found[step.number] === "passes"), true);
  }
}
