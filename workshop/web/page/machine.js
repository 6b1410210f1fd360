// Processes in one WebAssembly interpreter.
//
// An interpreter's whole state is its linear memory. So a process is an image of that memory: to run one, the memory is
// copied aside, the image is copied in, Python code runs, and the first memory comes back. Whoever asked for it goes on as a
// parent does after waitpid(). A process whose time is up ends by an exception of JavaScript, which no Python code can catch;
// Python asks for signals every few bytecodes, and that question is where it is thrown.
//
// Processes ask for all this by writing JSON to /dev/machine and reading the answer. A file is used, and no JavaScript
// object, since pyodide's table of objects is outside the memory and would not be copied.

const KEPT_OUTPUT = 4096;
const RECURSED = "RecursionError";
const SIGUSR1 = 10;
const SIGALRM = 14;
const LAST_WORDS = 300; // milliseconds to write where it is, for a process that is to end

/** The end of a process from outside: by time, or by what it printed. */
class Killed extends Error {
  constructor(why, process) {
    super(why);
    this.process = process;
  }
}

/** The end of a process by its own wish. */
class Exited extends Error {
  constructor(status) {
    super(`exit code ${status}`);
    this.status = status;
  }
}

/** What a process printed: its size, its last part, and whether it mentions recursion. */
class Output {
  size = 0;
  recursed = false;
  all = "";

  add(text) {
    this.size += text.length;
    this.all += text;
    if (this.all.length > 4 * KEPT_OUTPUT) this.trim();
  }

  trim() {
    this.recursed ||= this.all.includes(RECURSED);
    this.all = this.all.slice(-KEPT_OUTPUT);
  }
}

class Process {
  /** See Machine.run for the arguments. */
  constructor({ limit = null, most = Infinity, grace = 0, whole = false }) {
    this.output = new Output();
    this.whole = whole ? ["", ""] : null; // all that it prints, if somebody wants it
    this.events = [];
    this.partial = "";
    this.asked = false; // where it is
    this.most = most;
    this.grace = grace;
    this.deadline = Infinity; // set by the process itself, for what it does now
    this.alarm = Infinity;
    this.end = limit === null ? Infinity : performance.now() + limit * 1000;
    this.flooded = Infinity; // when it is asked where it is, since it has printed too much
  }

  /** Why it must end now; "" if it may go on. */
  why(now) {
    if (now > this.flooded + LAST_WORDS) return "output";
    return now > this.deadline || now > this.end ? "time" : "";
  }

  print(text, channel) {
    this.output.add(text);
    if (this.whole !== null && this.output.size <= this.most) this.whole[channel] += text;
    if (this.output.size > this.most && this.flooded === Infinity) {
      this.flooded = performance.now() + this.grace * 1000;
    }
  }
}

export class Machine {
  /**
   * @param {object} pyodide The interpreter, in which nothing of the learner's was imported yet.
   * @param {(fact: object) => void} tell Called with what a process tells the page.
   */
  constructor(pyodide, tell) {
    this.module = pyodide._module;
    this.tell = tell;
    this.processes = [new Process({})];
    this.images = new Map();
    this.asides = []; // by the number of processes above
    this.answer = new Uint8Array();
    this.#devices(pyodide.FS);
    this.#signals();
  }

  get current() {
    return this.processes[this.processes.length - 1];
  }

  /** Keep the present memory under a name. */
  keep(name) {
    this.images.set(name, this.#image(this.images.get(name)));
  }

  /**
   * Run Python code as a process of its own.
   * @param {object} asked code; image: the name of its memory, or null for a copy of the present one; keep: a name under which
   *   its memory is kept afterwards, or null; limit: its seconds; most: the characters that it may print, and grace: the seconds
   *   that it may go on after more; whole: whether to return all that it prints, up to that many.
   * @returns status (null if it was ended), killed ("time", "output", or what broke it; "" if it was not ended), events (lines
   *   of JSON), output (size, recursed, tail), whole ([from file 1, from file 2]).
   */
  run(asked) {
    const { code, image = null, keep = null } = asked;
    const { module } = this;
    const { FS } = module;
    const before = this.#aside();
    const streams = FS.streams.slice();
    const folder = FS.cwd();
    const stack = module.stackSave();
    const process = new Process(asked);
    this.processes.push(process);
    let status = null;
    let killed = "";
    try {
      if (image !== null) this.#copy(this.images.get(image));
      // The present memory is that of a system call, during which Python has put its lock down.
      module._PyGILState_Ensure();
      const size = module.lengthBytesUTF8(code) + 1;
      const text = module._malloc(size);
      module.stringToUTF8(code, text, size);
      status = module._PyRun_SimpleString(text) ? 1 : 0;
      if (keep !== null) this.keep(keep);
    } catch (error) {
      if (error instanceof Killed && error.process !== process) throw error;
      if (error instanceof Killed) killed = error.message;
      else if (typeof error?.status === "number") status = error.status;
      else killed = `${error?.name}: ${error?.message}`;
    } finally {
      this.processes.pop();
      this.#copy(before);
      module.stackRestore(stack);
      FS.streams.length = streams.length;
      for (const [n, stream] of streams.entries()) {
        FS.streams[n] = stream;
        // It may have been closed meanwhile.
        if (stream) stream.fd = n;
      }
      FS.chdir(folder);
    }
    process.output.trim();
    const { size, recursed, all } = process.output;
    const { events, whole } = process;
    return { status, killed, events, whole, output: { size, recursed, tail: all } };
  }

  /** How much of the memory was ever taken into use: it grows, and is never given back. */
  get #used() {
    return this.module.HEAPU32[this.module._emscripten_get_sbrk_ptr() >>> 2];
  }

  /** A copy of the memory until this process is over. */
  #aside() {
    const level = this.processes.length;
    this.asides[level] = this.#image(this.asides[level]);
    return this.asides[level];
  }

  /** A copy of the memory, in place of an old one if it fits: large arrays are seldom collected soon. */
  #image(old) {
    const used = this.#used;
    const room = old?.buffer.byteLength >= used ? old.buffer : new ArrayBuffer(used + (1 << 22));
    const image = new Uint8Array(room, 0, used);
    image.set(this.module.HEAPU8.subarray(0, used));
    return image;
  }

  #copy(image) {
    const used = this.#used;
    const memory = this.module.HEAPU8;
    memory.set(image);
    // Memory that is taken into use must look new.
    if (used > image.length) memory.fill(0, image.length, used);
  }

  #devices(FS) {
    const decoder = new TextDecoder();
    const device = (name, number, write, read = () => 0) => {
      const made = FS.makedev(64, number);
      FS.registerDevice(made, {
        read: (stream, buffer, offset, length) => read(buffer, offset, length),
        write: (stream, buffer, offset, length) => {
          write(decoder.decode(buffer.slice(offset, offset + length)));
          return length;
        },
      });
      FS.mkdev(`/dev/${name}`, made);
    };
    device("printed", 1, (text) => this.current.print(text, 0));
    device("complained", 2, (text) => this.current.print(text, 1));
    device("events", 3, (text) => {
      const lines = (this.current.partial + text).split("\n");
      this.current.partial = lines.pop();
      this.current.events.push(...lines);
      for (const line of lines) this.tell({ event: line });
    });
    device(
      "machine",
      4,
      (text) => {
        const answer = this.#do(JSON.parse(text)) ?? null;
        this.answer = new TextEncoder().encode(JSON.stringify(answer));
      },
      (buffer, offset, length) => {
        const part = this.answer.subarray(0, length);
        buffer.set(part, offset);
        this.answer = this.answer.subarray(part.length);
        return part.length;
      },
    );
  }

  #do(asked) {
    const { current } = this;
    const until = asked.seconds ? performance.now() + asked.seconds * 1000 : Infinity;
    switch (asked.do) {
      case "run":
        return this.run(asked);
      case "deadline":
        current.deadline = until;
        return null;
      case "alarm":
        current.alarm = until;
        return null;
      case "exit":
        throw new Exited(asked.status);
      case "tell":
        this.tell(asked.fact);
        return null;
      default:
        throw new Error(`The machine cannot ${asked.do}.`);
    }
  }

  #signals() {
    const machine = this;
    const signals = {
      get 0() {
        const { current } = machine;
        const now = performance.now();
        if (now > current.flooded && !current.asked) {
          current.asked = true;
          return SIGUSR1;
        }
        if (now < current.alarm) return 0;
        current.alarm = Infinity;
        return SIGALRM;
      },
      set 0(value) {},
    };
    Object.defineProperty(this.module, "Py_EmscriptenSignalBuffer", {
      get() {
        const now = performance.now();
        for (const process of machine.processes) {
          const why = process.why(now);
          if (why) throw new Killed(why, process);
        }
        return signals;
      },
      set() {},
    });
    this.module.HEAP8[this.module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 1;
  }
}
