// The learner's files: what differs from the course's own, and how it is saved, exported and imported.

import { Store } from "./store.js";
import { Tabs } from "./tabs.js";
import { BadZip, pack, unpack } from "./zip.js";

const PAUSE = 400; // milliseconds without a change, after which it is saved
const EXPORTED = /^\.workshop\/(passed|hints|asked)\.json$/;
const ABOUT = ".workshop/export.json";
const FEW = 5; // copies of a stage's files as they passed
const SAVED = ".workshop/saved/";

export const encode = text => new TextEncoder().encode(text);
export const decode = data => new TextDecoder().decode(data);

function same(one, other) {
  return one.length === other.length && one.every((byte, n) => byte === other[n]);
}

// A short digest of texts, to see whether they have changed; not for secrets.
export function digest(texts) {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (const text of texts) {
    for (let n = 0; n < text.length; n++) {
      high = Math.imul(high ^ text.charCodeAt(n), 2654435761);
      low = Math.imul(low ^ text.charCodeAt(n), 1597334677);
    }
    high = Math.imul(high ^ 0x1f, 2654435761);
  }
  return `${(high >>> 0).toString(16)}-${(low >>> 0).toString(16)}`;
}

export class Work extends EventTarget {
  // Events: "replaced" (files have other content: {detail: paths}), "owner" (owned or not), "saving" ({detail: a sentence or ""}).
  constructor(course) {
    super();
    this.course = course;
    this.starters = new Map(course.stages.flatMap(stage => Object.entries(stage.starters)));
    // Given files that may be broken for a while; they are not the learner's, and do not go out.
    this.breaks = new Map(course.stages.flatMap(stage => stage.breaks.map(path => [path, stage.given[path]])));
    this.files = new Map();
    this.meta = {};
    this.unsaved = new Map();
    this.unsavedMeta = {};
    this.unsent = new Set();
    this.problem = "";
    this.writing = Promise.resolve();
    // The work belongs to a folder of a server, which may have several courses.
    const name = `trial-by-wire ${new URL("./", location.href).pathname}`;
    const tab = `${Date.now()}-${Math.random()}`;
    this.store = new Store(name, tab);
    this.tabs = new Tabs(name, tab, async () => {
      await this.save();
      this.#say("owner");
    });
  }

  get owned() {
    return this.tabs.owner;
  }

  #say(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // Read what is kept. Whose it is takes a moment longer: see settle().
  async open() {
    await this.store.open();
    this.problem = this.store.problem;
    await this.#read();
  }

  // Own the work, unless another tab does.
  async settle() {
    if (await this.tabs.othersOwn()) this.#say("owner");
    else await this.#own();
  }

  // Take the work over from another tab.
  async take() {
    await this.tabs.ask();
    await this.#own();
  }

  async #own() {
    // What this tab typed after another had taken over.
    const late = new Map(this.unsaved);
    let before;
    try {
      before = await this.store.claim();
    } catch {
      // Writing says so.
    }
    this.tabs.own();
    await this.#read();
    this.#say("owner");
    await this.#copy(late);
    const rescued = this.store.rescued();
    if (!rescued) return;
    // If another tab has worked on since, its files stay.
    if (rescued.tab !== before) return this.#copy(rescued.files);
    for (const [name, value] of Object.entries(rescued.meta)) this.remember(name, value);
    await this.replace(Object.fromEntries(rescued.files));
  }

  // Keep files that are not to take the place of what is there, as a saved copy.
  async #copy(files) {
    const mine = [...files].filter(([path, data]) => data && this.starters.has(path) && !same(data, encode(this.text(path))));
    const folder = this.#folder();
    if (mine.length) await this.replace(Object.fromEntries(mine.map(([path, data]) => [`${SAVED}${folder}/${path}`, data])));
  }

  // The tab is being closed, or may be.
  leave() {
    if (this.owned && this.#waits()) this.store.rescue(this.unsaved, this.unsavedMeta);
  }

  #waits() {
    return this.unsaved.size > 0 || Object.keys(this.unsavedMeta).length > 0;
  }

  async #read() {
    const { files, meta } = await this.store.read();
    for (const path of new Set([...this.files.keys(), ...files.keys()])) this.unsent.add(path);
    const all = [...this.unsent];
    this.files = files;
    this.meta = meta;
    this.unsaved.clear();
    this.unsavedMeta = {};
    this.#say("replaced", all);
  }

  // What the course has under a path; undefined if the learner may not write it.
  #course(path) {
    return this.starters.get(path) ?? this.breaks.get(path);
  }

  // A file's text: the learner's, or else the course's.
  text(path) {
    const data = this.files.get(path);
    return data ? decode(data) : this.#course(path) ?? "";
  }

  // Whether it differs from the starter.
  changed(path) {
    return this.files.has(path);
  }

  // The learner has typed.
  type(path, text) {
    this.#put(path, encode(text));
    this.#later();
  }

  #put(path, data) {
    const starter = this.#course(path);
    const plain = data === null || (starter !== undefined && same(data, encode(starter)));
    if (plain) this.files.delete(path);
    else this.files.set(path, data);
    this.unsaved.set(path, plain ? null : data);
    this.unsent.add(path);
  }

  // Take over what a command has changed: {path: bytes or null}.
  async replace(files, sent = false) {
    for (const [path, data] of Object.entries(files)) {
      this.#put(path, data);
      if (sent) this.unsent.delete(path);
    }
    this.#say("replaced", Object.keys(files));
    await this.save();
  }

  // Remember something that is no file: the place, the progress.
  remember(name, value) {
    this.meta[name] = value;
    if (!this.owned) return;
    this.unsavedMeta[name] = value;
    this.#later();
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  // Save now. Writes follow each other, so that an older one never ends last.
  save() {
    clearTimeout(this.timer);
    this.writing = this.writing.then(() => this.#save());
    return this.writing;
  }

  async #save() {
    if (!this.#waits()) return;
    // Until they are written, they are unsaved: a tab that is closed meanwhile has them to rescue.
    const [files, meta] = [new Map(this.unsaved), { ...this.unsavedMeta }];
    const answer = await this.store.write(files, meta);
    if (answer === "saved") {
      for (const [path, data] of files) if (this.unsaved.get(path) === data) this.unsaved.delete(path);
      for (const name in meta) if (this.unsavedMeta[name] === meta[name]) delete this.unsavedMeta[name];
      this.#problem("");
      return;
    }
    if (answer === "taken") {
      this.tabs.owner = false;
      this.#say("owner");
    } else this.#problem(answer);
  }

  #problem(text) {
    if (text !== this.problem) {
      this.problem = text;
      this.#say("saving", text);
    }
  }

  // What an interpreter has to be told since the last time: {path: bytes or null}.
  news() {
    const files = {};
    for (const path of this.unsent) {
      const starter = this.#course(path);
      files[path] = this.files.get(path) ?? (starter === undefined ? null : encode(starter));
    }
    this.unsent.clear();
    return files;
  }

  // Everything, for an interpreter that starts.
  everything() {
    this.unsent.clear();
    return Object.fromEntries(this.files);
  }

  // Keep copies of these files below .workshop/saved/, as `reset` does; return the folder, or "" if nothing differs.
  #keep(paths) {
    const mine = paths.filter(path => this.files.has(path));
    if (!mine.length) return "";
    const folder = this.#folder();
    for (const path of mine) this.#put(`${SAVED}${folder}/${path}`, this.files.get(path));
    return folder;
  }

  // Keep a copy of a stage's files as they are, now that this step passes which did not; of a stage, the last few stay.
  keepPassed(stage, number) {
    const mine = stage.edit.filter(path => this.files.has(path));
    if (!mine.length || !this.owned) return;
    const folder = `${this.#folder()}-${stage.name}-${number}`;
    for (const path of mine) this.#put(`${SAVED}${folder}/${path}`, this.files.get(path));
    const copies = [...this.copies()].filter(([one]) => one.includes(`-${stage.name}-`));
    for (const [old, paths] of copies.slice(FEW)) for (const path of paths) this.#put(`${SAVED}${old}/${path}`, null);
    this.#later();
  }

  // The name of a new folder of copies: the time, here.
  #folder() {
    const now = new Date(Date.now() - 60_000 * new Date().getTimezoneOffset()).toISOString();
    const stamp = now.slice(0, 19).replace("T", "-").replaceAll(":", "");
    let folder = stamp;
    for (let n = 2; this.copies().has(folder); n++) folder = `${stamp}-${n}`;
    return folder;
  }

  // The saved copies: a Map of folder → paths, newest first.
  copies() {
    const found = new Map();
    for (const path of this.files.keys()) {
      if (!path.startsWith(SAVED)) continue;
      const [folder, ...rest] = path.slice(SAVED.length).split("/");
      found.set(folder, [...found.get(folder) ?? [], rest.join("/")]);
    }
    return new Map([...found].sort(([one], [other]) => (one < other ? 1 : -1)));
  }

  // Put a saved copy back; what it replaces is saved.
  async restore(folder) {
    const paths = (this.copies().get(folder) ?? []).filter(path => this.starters.has(path));
    const back = Object.fromEntries(paths.map(path => [path, this.files.get(`${SAVED}${folder}/${path}`)]));
    this.#keep(paths.filter(path => this.files.has(path) && !same(this.files.get(path), back[path])));
    await this.replace(back);
    return paths;
  }

  // A zip of all that differs from the course, with the starters of these files: so another version can merge its changes
  // in. null if nothing differs.
  exported() {
    const mine = [...this.files].filter(([path]) => this.starters.has(path) || EXPORTED.test(path));
    const starters = Object.fromEntries(mine.filter(([path]) => this.starters.has(path)).map(([path]) => [path, this.starters.get(path)]));
    if (!Object.keys(starters).length) return null;
    const about = { course: this.course.title, version: this.course.version, starters, ...this.#caught() };
    return pack(new Map([...mine.sort(), [ABOUT, encode(JSON.stringify(about, null, 1))]]));
  }

  // What is known of stages whose tests the learner writes, which only the page remembers.
  #caught() {
    const known = this.course.stages.filter(stage => stage.judged && this.meta.progress?.[stage.name]);
    return known.length ? { caught: Object.fromEntries(known.map(stage => [stage.name, this.meta.progress[stage.name]])) } : {};
  }

  // Read a zip: {files, left: paths that are not taken, version: the one that it is from, if its starters are others than
  // those here, caught: what the tests of a stage catch, by its name}; BadZip if it has nothing for this course.
  async read(data) {
    const all = await unpack(data);
    const found = { files: {}, left: [], version: "", caught: {} };
    let about = {};
    for (const [path, bytes] of all) {
      if (path.split("/").includes("..")) continue;
      // A zip of the whole course has one folder around everything.
      const below = path.replace(/^[^/]+\/(?=exercises\/|\.workshop\/)/, "");
      if (below === ABOUT) about = json(bytes) ?? {};
      else if (this.starters.has(below) || (EXPORTED.test(below) && isObject(bytes))) found.files[below] = bytes;
      else if (below.endsWith(".py") || below.endsWith(".md")) found.left.push(below);
    }
    if (!Object.keys(found.files).some(path => this.starters.has(path))) {
      throw new BadZip("This zip has no file of the course's exercises");
    }
    if (about.course && about.course !== this.course.title) throw new BadZip(`This zip is from another course, ${about.course}`);
    const began = path => about.starters?.[path] ?? null;
    const fits = Object.keys(found.files).every(path => !this.starters.has(path) || began(path) === this.starters.get(path));
    if (about.version && about.version !== this.course.version && !fits) found.version = String(about.version);
    if (about.version === this.course.version && isKnown(about.caught)) found.caught = about.caught;
    return found;
  }

  // Take a zip's files, and what is known of them; return the folder with copies of what they replace ("" if nothing), and how many differ from those here.
  async import({ files, caught }) {
    const here = path => this.files.get(path) ?? encode(this.starters.get(path));
    const other = Object.entries(files).filter(([path, data]) => this.starters.has(path) && !same(data, here(path)));
    const folder = this.#keep(other.map(([path]) => path));
    const about = Object.entries(files).filter(([path]) => EXPORTED.test(path))
      .map(([path, data]) => [path, merged(this.files.get(path), data)]);
    await this.replace(Object.fromEntries([...other, ...about]));
    this.remember("progress", { ...this.meta.progress, ...caught });
    return { folder, count: other.length };
  }
}

function json(data) {
  try {
    return JSON.parse(decode(data));
  } catch {
    return null;
  }
}

function isObject(data) {
  const value = json(data);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Whether this is progress by stage, as progress.js notes it.
function isKnown(caught) {
  const plain = value => typeof value === "object" && value !== null && !Array.isArray(value);
  const step = value => Array.isArray(value) && value.every(one => typeof one === "string");
  return plain(caught) && Object.values(caught).every(one => plain(one) && plain(one.steps) && Object.values(one.steps).every(step));
}

// What the tool remembers by stage or step: the imported entries over those here.
function merged(mine, theirs) {
  return encode(JSON.stringify({ ...(mine ? json(mine) : {}), ...json(theirs) }, null, 1));
}
