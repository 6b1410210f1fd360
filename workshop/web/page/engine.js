// The page's side of the worker: asks and answers, time limits, and a fresh worker when one has to be ended.

/** Seconds without any sign of life after which a worker is ended: more than the limit of a test, which Python itself keeps. */
const SILENT = 15;
const START = 120;
/** Bytes of an interpreter's memory, of which there are up to four copies, that are too many to go on with. */
const MOST = 125e6;

export class Engine {
  /**
   * @param {object} options base: the folder of static files, an address; onState: called with "loading", "ready", "busy",
   *   "restarting" or "failed", and a sentence; make: makes the worker (for tests).
   */
  constructor({ base = "./", onState = () => {}, silent = SILENT, make = null } = {}) {
    this.base = new URL(base, document.baseURI).href;
    this.onState = onState;
    this.silent = silent;
    this.make = make ?? (() => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
    this.files = {}; // what a fresh worker has to be given: all of the learner's files that are not the course's
    this.asks = 0;
    this.waiting = null; // the message whose answer has not come
    this.asking = false;
    this.stopped = false; // whether the ask is to end before it has begun
  }

  /**
   * Load the worker.
   * @param {Object<string, Uint8Array>} files The learner's files, and the tool's memory of them, by path.
   */
  async start(files = {}) {
    this.files = { ...files };
    await this.#fresh("loading", "Loading Python and Twisted");
  }

  /**
   * Have the tool do something.
   * @param {object} options files: what has changed since the last ask, by path (null: removed); onProgress: called with words.
   * @returns {Promise<object>} exit, html, text, data, files; and stopped or ended if the worker had to be ended.
   */
  async ask(name, facts = {}, { files = {}, onProgress = () => {} } = {}) {
    if (this.asking) throw new Error("One ask at a time.");
    this.asking = true;
    this.stopped = false;
    this.test = "";
    try {
      this.#keep(files);
      await this.#fresh("restarting", "Starting Python again");
      if (this.stopped) return this.#over({ why: "stopped" });
      return await this.#answer(name, facts, files, onProgress);
    } finally {
      this.asking = false;
    }
  }

  async #answer(name, facts, files, onProgress) {
    this.onState("busy", "Running");
    const found = await this.#send(name, facts, files, { seconds: this.silent, onProgress });
    if (found.done) {
      this.#keep(found.done.files);
      this.onState("ready", "");
      if (found.done.memory > MOST) this.#again();
      return found.done;
    }
    this.#again();
    return this.#over(found);
  }

  #over(found) {
    const text = found.failed ? `Python cannot go on: ${found.failed}\n` : this.#why(found.why);
    const html = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    return { exit: 1, html, text, data: null, files: {}, [found.why ?? "failed"]: true };
  }

  /** End what runs, or what waits until Python is loaded, which goes on. Its ask() resolves with stopped: true. */
  stop() {
    this.stopped = true;
    if (this.waiting?.name !== "start") this.waiting?.finish({ why: "stopped" });
  }

  #why(why) {
    const where = this.test ? `${this.test} was running. ` : "";
    if (why === "stopped") return `Stopped. ${where}Your files are as they were.\n`;
    return (
      `Nothing has happened for ${this.silent} s, so this was ended. ${where}Does it wait in a single operation, such as a ` +
      `regular expression or a sum over a huge range? Your files are as they were.\n`
    );
  }

  #keep(files) {
    for (const [path, data] of Object.entries(files)) {
      if (data === null) delete this.files[path];
      else this.files[path] = data;
    }
  }

  #end() {
    this.worker?.terminate();
    this.worker = null;
    this.ready = null;
  }

  /** Have another worker. Not waited for: whoever asked reads the answer meanwhile. */
  #again() {
    this.#end();
    this.#fresh("restarting", "Starting Python again").catch(() => {});
  }

  #fresh(state, text) {
    this.ready ??= this.#load(state, text);
    return this.ready;
  }

  async #load(state, text) {
    this.onState(state, text);
    this.worker = this.make();
    this.worker.onmessage = ({ data }) => this.#heard(data);
    this.worker.onerror = (event) => this.waiting?.finish({ failed: event.message || "the worker could not be loaded" });
    const options = { seconds: START, onProgress: (words) => this.onState(state, words) };
    const found = await this.#send("start", { base: this.base }, this.files, options);
    if (!("done" in found)) {
      this.#end();
      const why = found.failed ?? `nothing came for ${START} s`;
      this.onState("failed", `Python could not be loaded: ${why}.`);
      throw new Error(why);
    }
    this.onState("ready", "");
  }

  #heard({ id, fact, ...found }) {
    if (fact) {
      this.waiting?.alive();
      if (fact.progress) this.waiting?.onProgress(fact.progress);
      if (fact.event) this.#event(JSON.parse(fact.event));
    } else if (id === this.asks) {
      this.waiting?.finish(found);
    }
  }

  #event({ event, test }) {
    if (event !== "start") return;
    this.test = test.split(".").slice(-2).join(".");
    this.waiting?.onProgress(this.test);
  }

  #send(name, facts, files, { seconds, onProgress }) {
    const id = ++this.asks;
    return new Promise((resolve) => {
      let timer;
      const finish = (found) => {
        clearTimeout(timer);
        this.waiting = null;
        resolve(found);
      };
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(() => finish({ why: "ended" }), seconds * 1000);
      };
      this.waiting = { name, finish, alive, onProgress };
      alive();
      this.worker.postMessage({ id, name, facts, files });
    });
  }
}
