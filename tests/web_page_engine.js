// Takes the place of the page's engine.js in tests: the test answers, in Python, in place of an interpreter.

const encode = text => new TextEncoder().encode(text), decode = data => new TextDecoder().decode(data);

export class Engine {
  constructor({ onState }) {
    this.onState = onState;
  }

  async start(files) {
    this.onState("loading", "Python is loading");
    await window.loading;
    if (window.startFails) throw new Error("no Python today");
    this.files = texts(files);
    this.onState("ready", "Ready");
  }

  stop() {
    this.end?.({ stopped: true });
  }

  async ask(name, { columns, ...words }, { files = {} } = {}) {
    if (name !== "status" && !(columns >= 40 && columns <= 100)) throw new Error(`${columns} columns`);
    if (this.starting) throw new Error("It starts again");
    this.onState("busy", "Running");
    this.files = { ...this.files, ...texts(files) };
    const said = await Promise.race([
      window.answer(name, words, this.files).then(answer => answer ?? new Promise(() => {})),
      new Promise(resolve => (this.end = resolve)),
    ]);
    if (said.stopped) {
      this.starting = true;
      this.onState("restarting", "");
      setTimeout(() => {
        this.starting = false;
        this.onState("ready", "");
      }, 300);
      return said;
    }
    this.onState("ready", "");
    const escaped = said.text.replace(/[&<>]/g, letter => `&#${letter.charCodeAt(0)};`);
    const changed = Object.entries(said.files ?? {}).map(([path, text]) => [path, text === null ? null : encode(text)]);
    return { exit: 1, data: null, html: escaped, ...said, files: Object.fromEntries(changed) };
  }
}

function texts(files) {
  return Object.fromEntries(Object.entries(files).map(([path, data]) => [path, data && decode(data)]));
}
