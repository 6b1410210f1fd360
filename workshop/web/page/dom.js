// Small helpers for elements.

export const $ = id => document.getElementById(id);

// Make an element: h("a", {href: "#"}, "text", other). Properties that begin with "on" are listeners.
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "html") element.innerHTML = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(path, label = "") {
  const span = h("span", { class: "icon", "aria-hidden": "true" });
  span.innerHTML = `<svg viewBox="0 0 20 20"><path d="${path}"/></svg>`;
  return label ? h("span", {}, span, h("span", { class: "hidden" }, label)) : span;
}

export const TICK = "m4 10.5 4 4 8-9", CROSS = "m5 5 10 10M15 5 5 15";

// A sentence that stays until it is closed, or until another of the same kind takes its place; "" removes it.
export function notice(kind, text, ...actions) {
  const there = document.querySelector(`.notice[data-kind="${kind}"]`);
  there?.remove();
  if (!text) return;
  const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => box.remove() }, icon(CROSS));
  const box = h("div", { class: "notice", role: "alert", "data-kind": kind }, h("p", {}, text), ...actions, close);
  $("notices").append(box);
}

// Ask something in a dialog. Resolves with the value of the button, or "" if it was closed.
export function ask(title, content, buttons) {
  const dialog = $("dialog");
  dialog.replaceChildren(
    h("form", { method: "dialog" },
      h("h2", { id: "dialog-title" }, title),
      ...content,
      h("div", { class: "buttons" },
        ...buttons.map(([value, text, primary]) =>
          h("button", { value, class: primary ? "primary" : "quiet", autofocus: !value && buttons.length > 1 }, text)))));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(resolve => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

// Tabs with the arrow keys, as the ARIA practices have them.
export function tablist(element) {
  element.addEventListener("keydown", event => {
    const tabs = [...element.querySelectorAll('[role="tab"]:not([hidden])')];
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}

// A separator that is dragged, or moved with the arrow keys: sets a custom property to per cents.
export function splitter(element, property, keys, measure) {
  const root = document.documentElement;
  const set = value => {
    const [low, high] = [Number(element.ariaValueMin), Number(element.ariaValueMax)];
    const percent = Math.min(high, Math.max(low, Math.round(value)));
    root.style.setProperty(property, `${percent}%`);
    element.ariaValueNow = percent;
  };
  element.addEventListener("keydown", event => {
    const by = keys[event.key];
    if (!by) return;
    event.preventDefault();
    set(Number(element.ariaValueNow) + by);
  });
  element.addEventListener("pointerdown", event => {
    element.setPointerCapture(event.pointerId);
    element.onpointermove = moved => set(measure(moved));
    element.onpointerup = element.onpointercancel = () => (element.onpointermove = null);
    event.preventDefault();
  });
  return set;
}
