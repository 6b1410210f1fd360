// Runs pack.py in Pyodide, since only the Python that will load a compiled module can compile it.
// node pack.mjs FOLDER: the folder has job.json, npm's packages, and the files that the job names.

import { readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const pyodide = join(folder, "npm", "node_modules", "pyodide") + sep;
try {
  const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")).href);
  const python = await loadPyodide({
    indexURL: pyodide,
    // Without the columns of each instruction, compiled modules are a fifth smaller. They only place the ^^^ in tracebacks.
    env: { HOME: "/home/pyodide", PYTHONNODEBUGRANGES: "1", PYTHONHASHSEED: "0" },
  });
  python.mountNodeFS("/folder", folder);
  python.FS.chdir("/folder");
  const program = readFileSync(fileURLToPath(new URL("pack.py", import.meta.url)), "utf8");
  python.runPython(program, { filename: "pack.py" });
} catch (error) {
  // Node would show the line of Pyodide's source that threw, which has a million characters.
  console.error(String(error.message ?? error).trim());
  process.exit(1);
}
