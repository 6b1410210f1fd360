// What the page itself says about the course's data: a verdict in short, a stage's progress.

// What is known of a stage's steps, or kinds of mistake, after a run: {number: "passes" or "fails"}. What a run did not reach
// is left out. A kind that is not caught yet is "todo": that is no failure.
export function statuses(stage, data) {
  return Object.fromEntries((data.steps ?? [])
    .filter(step => step.number !== null && (stage.judged || ["passes", "fails"].includes(step.status)))
    .map(step => [step.number, stage.judged && step.status !== "passes" ? "todo" : step.status]));
}

export function name(stage, step) {
  if (stage.judged) return `Number ${step.number}`;
  return step.test?.given ? "Check" : `Step ${step.number}`;
}

// The same for who cannot see the number beside it.
export function label(stage, step, state) {
  const number = step.test?.given ? `Check ${step.number}` : name(stage, step);
  return `${number}: ${step.title || "for you to find"} (${states[state]})`;
}

const has = (kinds, one) => kinds.some(kind => kind.number === one.number && kind.status === "passes");

// The minutes of somebody who works alone, all of them: "70 to 90 for steps 1 to 7, then 90 to 120" is "160 to 210".
export function minutes(alone) {
  const ranges = [...alone.replace(/ for [^,]*/g, "").matchAll(/(\d+) to (\d+)/g)];
  const sum = n => ranges.reduce((all, range) => all + Number(range[n]), 0);
  return ranges.length ? `${sum(1)} to ${sum(2)} minutes` : `${alone} minutes`;
}

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// A verdict in one line, and whether it is good: {good: true, false or null, text, step, tests of a step that fails, next}.
// `current` is the step that the learner reads: if it passes, a later one that fails is only the next.
export function summary(stage, answer, asked, current) {
  if (answer.stopped) return { good: null, text: "Stopped." };
  if (answer.ended) return { good: false, text: "It had to be ended." };
  const data = answer.data ?? {};
  if (data.refused) return { good: false, text: `No verdict: ${data.refused.split("/").at(-1)} ${stage.breaks.includes(data.refused) ? "is changed" : "cannot be used"}.` };
  if (typeof asked === "string" && data.steps?.length) {
    const caught = data.steps.filter(kind => kind.status === "passes").length;
    const step = stage.steps.find(one => one.number === data.steps.at(-1).number);
    return { good: data.passed === true, text: `Numbers ${asked}: ${caught} of ${data.steps.length} kinds of mistake are caught.`, step };
  }
  if (data.away) return { good: null, text: "This stage needs a machine." };
  if (data.passed) {
    const step = asked && stage.steps.find(one => one.number === asked);
    if (step) return { good: true, text: `${name(stage, step)} ${stage.judged ? "is caught" : "passes"}.`, step };
    return { good: true, text: `Stage ${stage.number} passes, all of it.` };
  }
  const steps = data.steps ?? [];
  if (stage.judged && asked) {
    const caught = steps.some(kind => kind.number === asked && kind.status === "passes");
    return { good: false, text: `Number ${asked} is ${caught ? "caught; something else is left" : "not caught yet"}.` };
  }
  if (stage.judged) {
    const caught = steps.filter(kind => kind.status === "passes").length;
    const left = stage.steps.find(one => one.number > current?.number && !has(steps, one)) ?? stage.steps.find(one => !has(steps, one));
    if (current && left && has(steps, current)) {
      return { good: true, text: `${name(stage, current)} is caught: ${caught} of ${stage.steps.length} are.`, step: current, next: left };
    }
    if (caught === stage.steps.length) return { good: false, text: "All kinds of mistake are caught; one thing is left." };
    if (caught) return { good: false, text: `${caught} of ${stage.steps.length} kinds of mistake are caught.` };
    return { good: false, text: "No kind of mistake is caught yet." };
  }
  const failing = steps.find(step => step.status === "fails");
  if (failing) {
    const step = stage.steps.find(one => one.number === failing.number);
    const before = steps.find(one => one.number === current?.number);
    if (step && before?.status === "passes" && steps.indexOf(before) < steps.indexOf(failing) && !current.test?.given) {
      return { good: true, text: `${name(stage, current)} passes.`, step: current, next: step };
    }
    const failed = (failing.tests ?? []).filter(test => !["passed", "skipped"].includes(test.status)).length;
    const number = step ? name(stage, step) : "One of your own tests";
    if (data.unloaded) return { good: false, text: `${number} fails: its tests cannot be loaded.`, step };
    if (data.broken_off) return { good: false, text: `${number} is broken off.`, step, tests: failing.tests ?? [] };
    const of = failed ? `: ${failed} of ${count(Math.max(failing.tests.length, failed), "test")}` : "";
    return { good: false, text: `${number} fails${of}.`, step, tests: failing.tests ?? [] };
  }
  return { good: false, text: "It does not pass yet." };
}

export const states = { passes: "passes", fails: "fails", stale: "passed; changed since then", todo: "to do" };
