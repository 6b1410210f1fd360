// What the page itself says about the course's data: a verdict in short, a stage's progress.

// What is known of a stage's steps after a run: {number: "passes" or "fails"}. Steps that a run did not reach are left out.
// `asked` is the number of the only step that ran, if it was one.
export function statuses(stage, data, asked) {
  if (!stage.judged) {
    return Object.fromEntries((data.steps ?? [])
      .filter(step => step.number !== null && ["passes", "fails"].includes(step.status))
      .map(step => [step.number, step.status]));
  }
  // Without tests that ran, nothing is known about any kind.
  if (!data.tests?.length || !data.not_caught) return {};
  const missed = new Set(data.not_caught.map(kind => kind.number));
  const judged = asked ? stage.steps.filter(step => step.number === asked) : stage.steps;
  return Object.fromEntries(judged.map(({ number }) => [number, missed.has(number) ? "fails" : "passes"]));
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

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// A verdict in one line, and whether it is good: {good: true, false or null, text, step}.
export function summary(stage, answer, asked) {
  if (answer.stopped) return { good: null, text: "Stopped." };
  const data = answer.data ?? {};
  if (data.passed) {
    const step = asked && stage.steps.find(one => one.number === asked);
    if (step) return { good: true, text: `${name(stage, step)} passes.`, step };
    return { good: true, text: `Stage ${stage.number} passes, all of it.` };
  }
  const failing = (data.steps ?? []).find(step => step.status === "fails");
  if (failing) {
    const step = stage.steps.find(one => one.number === failing.number);
    const failed = (failing.tests ?? []).filter(test => !["passed", "skipped"].includes(test.status)).length;
    const of = failed ? `: ${failed} of ${count(Math.max(failing.tests.length, failed), "test")}` : "";
    return { good: false, text: `${step ? name(stage, step) : "One of your own tests"} fails${of}.`, step, tests: failing.tests ?? [] };
  }
  if (stage.judged && data.tests?.length && data.not_caught) {
    const [left, all] = [data.not_caught.length, stage.steps.length];
    if (left && left < all) return { good: false, text: `${all - left} of ${all} kinds of mistake are caught.` };
    if (!left) return { good: false, text: "All kinds of mistake are caught; one thing is left." };
  }
  return { good: answer.exit === 0 ? true : false, text: "It does not pass yet." };
}

export const states = { passes: "passes", fails: "fails", stale: "passed; changed since then", todo: "to do" };
