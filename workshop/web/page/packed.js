// Lets fetch() find the files that the build has packed into others. Import it first of all in a worker that loads Python:
//
//   python.pack   pyodide/python_stdlib.zip and site.zip
//   course.pack   course.zip
//
// A pack is compressed as a whole, by Zstandard: a third smaller than zips. In it, a line of JSON has the names and lengths
// of the files, whose content follows.

import { decompress } from "../lib/fzstd.js";

const BASE = new URL("../", import.meta.url).href;
const PACKS = { "python.pack": ["pyodide/python_stdlib.zip", "site.zip"], "course.pack": ["course.zip"] };
const plain = self.fetch.bind(self);

// What is opened and not asked for yet, by pack. Both packs are sent for while this is imported.
const opened = new Map(Object.keys(PACKS).map((pack) => [pack, open(pack)]));
// Without somebody who waits, a failure would count as an error of the worker.
for (const files of opened.values()) files.catch(() => {});

self.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input, self.location.href).href;
  const name = url.startsWith(BASE) ? url.slice(BASE.length) : "";
  const pack = Object.keys(PACKS).find((one) => PACKS[one].includes(name));
  if (!pack) return plain(input, init);
  if (!opened.has(pack)) opened.set(pack, open(pack));
  try {
    const files = await opened.get(pack);
    const data = files.get(name);
    files.delete(name);
    // Nobody asks twice; twenty megabytes need not be kept for that.
    if (!files.size) opened.delete(pack);
    if (data) return new Response(data, { headers: { "Content-Type": "application/zip" } });
    opened.delete(pack);
    return self.fetch(input, init);
  } catch (error) {
    opened.delete(pack);
    throw error;
  }
};

async function open(pack) {
  const response = await plain(BASE + pack, { credentials: "same-origin" });
  if (!response.ok) throw new TypeError(`${pack}: ${response.status}`);
  const whole = decompress(new Uint8Array(await response.arrayBuffer()));
  const end = whole.indexOf(10);
  const files = new Map();
  let from = end + 1;
  for (const [name, length] of Object.entries(JSON.parse(new TextDecoder().decode(whole.subarray(0, end))))) {
    files.set(name, whole.subarray(from, from + length));
    from += length;
  }
  return files;
}

/**
 * Write the files of a zip, in which nothing is compressed, below a folder of Pyodide's file system. This takes a fifth of
 * the time of unpackArchive(), which runs in Python.
 */
export function place(FS, data, folder) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const end = data.length - 22; // nothing follows the record of the end
  const folders = new Set();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    const size = view.getUint32(at + 20, true);
    const [names, extra, comment] = [28, 30, 32].map((n) => view.getUint16(at + n, true));
    const local = view.getUint32(at + 42, true);
    const path = `${folder}/${new TextDecoder().decode(data.subarray(at + 46, at + 46 + names))}`;
    at += 46 + names + extra + comment;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!folders.has(parent)) FS.mkdirTree(parent);
    folders.add(parent);
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    FS.writeFile(path, data.slice(from, from + size), { canOwn: true });
  }
}
