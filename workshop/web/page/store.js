// The learner's work in IndexedDB. One tab owns it: each write checks that, in its own transaction.
//
// A tab that slept through a takeover therefore cannot overwrite what the new owner has written since.

const FILES = "files", META = "meta", OWNER = "owner";

export const NO_STORAGE =
  "This browser keeps nothing for this page (a private window, or storage is switched off): export your work before you close the tab.";
export const FULL =
  "The browser's storage is full: your last changes are only in this tab. Export them now, or free some space and type on.";
export const NOT_SAVED =
  "The browser could not save your last changes: they are only in this tab. Export them now.";

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Store {
  // After open(), `problem` is one sentence if nothing can be kept; else "".
  constructor(name, tab) {
    this.name = name;
    this.tab = tab;
    this.problem = "";
    this.database = null;
  }

  async open() {
    try {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(FILES);
        request.result.createObjectStore(META);
      };
      this.database = await done(request);
      // A newer page may need another version of the database.
      this.database.onversionchange = () => this.database.close();
    } catch {
      this.problem = NO_STORAGE;
    }
    return this;
  }

  // {files: Map of path → bytes, meta: {name: value}}.
  async read() {
    if (!this.database) return { files: new Map(), meta: {} };
    const transaction = this.database.transaction([FILES, META]);
    const [files, meta] = [transaction.objectStore(FILES), transaction.objectStore(META)];
    const [paths, data, names, values] = await Promise.all(
      [files.getAllKeys(), files.getAll(), meta.getAllKeys(), meta.getAll()].map(done));
    return {
      files: new Map(paths.map((path, n) => [path, data[n]])),
      meta: Object.fromEntries(names.map((name, n) => [name, values[n]])),
    };
  }

  // Make this tab the owner; resolves with the one before.
  async claim() {
    return this.database ? this.#write((files, meta) => meta.put(this.tab, OWNER), false) : "";
  }

  // Note what there is no time to write, since the tab is being closed. localStorage does that at once.
  rescue(changes, meta) {
    try {
      const files = [...changes].map(([path, data]) => [path, data && Array.from(data, byte => String.fromCharCode(byte)).join("")]);
      localStorage.setItem(this.name, JSON.stringify({ tab: this.tab, files, meta }));
    } catch {
      // There is no storage, or no room in it: IndexedDB may still be in time.
    }
  }

  // What was noted so: {tab, files: Map, meta}, or null. It is noted no longer.
  rescued() {
    try {
      const { tab, files, meta } = JSON.parse(localStorage.getItem(this.name));
      localStorage.removeItem(this.name);
      const bytes = data => data && Uint8Array.from(data, letter => letter.charCodeAt(0));
      return { tab, files: new Map(files.map(([path, data]) => [path, bytes(data)])), meta };
    } catch {
      return null;
    }
  }

  // Write files (null removes one) and meta. Resolves with "saved", "taken" if another tab is the owner, or a sentence.
  async write(changes, meta = {}) {
    if (!this.database) return this.problem;
    try {
      await this.#write((files, about) => {
        for (const [path, data] of changes) {
          if (data === null) files.delete(path);
          else files.put(data, path);
        }
        for (const [name, value] of Object.entries(meta)) about.put(value, name);
      }, true);
      return "saved";
    } catch (error) {
      if (error === OWNER) return "taken";
      return error?.name === "QuotaExceededError" ? FULL : NOT_SAVED;
    }
  }

  #write(change, mustOwn) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction([FILES, META], "readwrite");
      const files = transaction.objectStore(FILES), meta = transaction.objectStore(META);
      let why = null, owner;
      transaction.oncomplete = () => resolve(owner);
      transaction.onabort = () => reject(why ?? transaction.error ?? new DOMException("aborted"));
      meta.get(OWNER).onsuccess = ({ target }) => {
        owner = target.result;
        if (mustOwn && owner !== this.tab) {
          why = OWNER;
          transaction.abort();
          return;
        }
        try {
          change(files, meta);
        } catch (error) {
          why = error;
          transaction.abort();
        }
      };
    });
  }
}
