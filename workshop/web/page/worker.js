// The worker: Python, Twisted and the tool. It carries out one ask at a time; engine.js sends them.

import { place } from "./packed.js"; // before Python: it answers for files that are packed
import { loadPyodide } from "../pyodide/pyodide.mjs";
import { Machine } from "./machine.js";

const COURSE = "/course";
const PACKAGES = "/lib/python3.14/site-packages";
// Imported once, for every process.
const AHEAD = `
import sys
sys.path.insert(0, "${COURSE}")
from workshop.browser.machine import install
install()
import twisted.trial.runner, twisted.trial.reporter, twisted.trial.unittest
import twisted.internet.endpoints, twisted.internet.testing
import twisted.plugins.simulated_reactor, workshop.simulated.trial, workshop.simulated.unix
import workshop.browser.process
# Twisted looks through its plugins for reactors, and keeps what it has found in a file.
from twisted.application.reactors import getReactorTypes
list(getReactorTypes())
`;

let pyodide;
let answer;

const tell = (fact) => self.postMessage({ fact });

/** Write files below the course; null removes one. */
function write(files) {
  const { FS } = pyodide;
  for (const [path, data] of Object.entries(files ?? {})) {
    const full = `${COURSE}/${path}`;
    if (data === null) {
      if (FS.analyzePath(full).exists) FS.unlink(full);
      continue;
    }
    FS.mkdirTree(full.slice(0, full.lastIndexOf("/")));
    FS.writeFile(full, data);
  }
}

async function archive(name, base) {
  const found = await fetch(new URL(name, base));
  if (!found.ok) throw new Error(`${name}: ${found.status}`);
  return new Uint8Array(await found.arrayBuffer());
}

async function start({ base, files }) {
  const packages = archive("site.zip", base);
  const course = archive("course.zip", base);
  tell({ progress: "Loading Python" });
  pyodide = await loadPyodide({ indexURL: new URL("pyodide/", base).href });
  tell({ progress: "Loading Twisted" });
  place(pyodide.FS, await packages, PACKAGES);
  place(pyodide.FS, await course, COURSE);
  const machine = new Machine(pyodide, tell);
  pyodide.runPython(AHEAD);
  machine.keep("base");
  write(files);
  pyodide.runPython("from workshop.browser.engine import answer, prepare\nprepare()");
  answer = pyodide.globals.get("answer");
}

function ask(name, facts, files) {
  write(files);
  const found = JSON.parse(answer(name, JSON.stringify(facts)));
  const { changed, removed, ...rest } = found;
  rest.files = Object.fromEntries([
    ...changed.map((path) => [path, pyodide.FS.readFile(`${COURSE}/${path}`)]),
    ...removed.map((path) => [path, null]),
  ]);
  // It grows, and is never given back.
  rest.memory = pyodide._module.HEAPU8.length;
  return rest;
}

self.onmessage = async ({ data: { id, name, facts, files } }) => {
  try {
    const done = name === "start" ? await start({ ...facts, files }) : ask(name, facts, files);
    self.postMessage({ id, done });
  } catch (error) {
    self.postMessage({ id, failed: String(error?.message ?? error) });
  }
};
