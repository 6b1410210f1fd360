// Two tabs with the same work: one owns it, the others read. They talk over a BroadcastChannel.

const PATIENCE = 150, LONG = 1500; // milliseconds

export class Tabs {
  // `handOver` saves what is not saved yet, and makes this tab a reader.
  constructor(name, tab, handOver) {
    this.tab = tab;
    this.owner = false;
    this.waiting = new Map();
    this.channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
    if (!this.channel) return;
    this.channel.onmessage = async ({ data }) => {
      if (data.to && data.to !== tab) return;
      if (data.kind === "whose" && this.owner) this.#send("mine", data.from);
      else if (data.kind === "give" && this.owner) {
        this.owner = false;
        await handOver();
        this.#send("given", data.from);
      } else if (data.kind === "taken" && this.owner) {
        this.owner = false;
        await handOver();
      } else this.waiting.get(data.kind)?.();
    };
  }

  #send(kind, to = "") {
    this.channel?.postMessage({ kind, from: this.tab, to });
  }

  // Whether an answer comes in time.
  #answered(kind, milliseconds) {
    return new Promise(resolve => {
      const end = answer => {
        clearTimeout(timer);
        this.waiting.delete(kind);
        resolve(answer);
      };
      const timer = setTimeout(end, milliseconds, false);
      this.waiting.set(kind, () => end(true));
    });
  }

  // Whether another tab owns the work.
  async othersOwn() {
    if (!this.channel) return false;
    const answer = this.#answered("mine", PATIENCE);
    this.#send("whose");
    return answer;
  }

  // Ask the owner to hand over; it may be asleep, so this does not wait for ever.
  async ask() {
    if (!this.channel) return;
    const answer = this.#answered("given", LONG);
    this.#send("give");
    await answer;
  }

  // Say that this tab is the owner from now on.
  own() {
    this.owner = true;
    this.#send("taken");
  }
}
