// The questions of test_slides_browser.py about a page. Lengths are in pixels of a window of 1280 by 720, in which nothing is scaled.

const SMALLEST = 26.66; // 20 pt
const TEXT = 38; // of all text but that in parts marked as small, in tables, code and pictures
const IN_TABLES = 34;
const CONTRAST = 4.5; // WCAG 2, level AA
const EDGE = { left: 39, top: 0, right: 1241, bottom: 665 };

function walk() {
  const wrong = new Set();
  for (let step = 0; step < 1000; step++) {
    const slide = Reveal.getCurrentSlide();
    const title = slide.querySelector("h1, h2").textContent.trim();
    const all = [...texts(slide), ...images(slide), ...pictures(slide), ...boxes(slide), ...spoken(slide), ...small(slide)];
    for (const said of all) wrong.add(`${title}: ${said}`);
    const before = JSON.stringify(Reveal.getIndices());
    Reveal.next();
    if (JSON.stringify(Reveal.getIndices()) === before) return [...wrong];
  }
  return [...wrong, "it has no end"];
}

function* texts(slide) {
  const number = document.querySelector(".slide-number");
  for (const root of [slide, number]) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode, parent = text.parentElement;
      if (!text.data.trim() || parent.closest("aside, script, style")) continue;
      if (!parent.checkVisibility({ visibilityProperty: true })) continue;
      const style = getComputedStyle(parent), quoted = JSON.stringify(text.data.trim().slice(0, 30));
      const svg = parent.closest("svg"), scale = svg ? parent.getScreenCTM().a : 1;
      const size = +(parseFloat(style.fontSize) * scale).toFixed(1);
      if (size < SMALLEST) yield `${size}px letters: ${quoted}`;
      else if (size < least(parent)) yield `${size}px letters, and not marked as small: ${quoted}`;
      const [ink, below] = svg ? [style.fill, within(parent)] : [style.color, ground(parent)];
      const contrast = ratio(luminance(colour(ink)), luminance(below));
      if (contrast < CONTRAST) yield `contrast ${contrast.toFixed(2)}: ${quoted}`;
      for (let up = parent; up; up = up.parentElement) {
        const opacity = getComputedStyle(up).opacity;
        if (opacity < 1) { yield `opacity ${opacity}: ${quoted}`; break; }
      }
      if (root === number) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const box of range.getClientRects()) if (outside(box)) { yield `${quoted} sticks out`; break; }
      // Also out of its own box: a long line of code, or a word in a table.
      const block = parent.closest("pre, td, th, li, p, h1, h2");
      if (block && block.scrollWidth > block.clientWidth + 1) yield `${quoted} sticks out of its ${block.tagName}`;
    }
  }
}

// The size that this text should have at least.
function least(parent) {
  if (parent.closest("svg, pre, code, .small, .thread, .clock, .slide-number, h1 + ul")) return SMALLEST;
  return parent.closest("table") ? IN_TABLES : TEXT;
}

// A part is marked as small only if it must be.
function* small(slide) {
  for (const part of slide.querySelectorAll(".small")) {
    part.classList.remove("small");
    const fits = ![...sticking(slide)].length;
    part.classList.add("small");
    if (fits) yield "a part is marked as small, and would fit in large letters";
  }
}

function* sticking(slide) {
  for (const said of texts(slide)) if (said.includes("sticks out")) yield said;
  for (const said of [...pictures(slide), ...boxes(slide)]) if (said.includes("sticks out")) yield said;
}

// The ground of a question or of code: none reaches below the text, to the number and the arrows.
function* boxes(slide) {
  for (const part of slide.querySelectorAll(".ask, .cards > div, blockquote, pre")) {
    if (outside(part.getBoundingClientRect())) yield "a box sticks out";
  }
}

// The words in a picture: each is within the picture, within its box if its middle is in one, and over no other.
function* pictures(slide) {
  for (const svg of slide.querySelectorAll("svg")) {
    const picture = svg.parentElement.closest("[role=img]");
    if (picture ? !picture.getAttribute("aria-label")?.trim() : !svg.ariaHidden) yield "no words for a picture";
    const whole = svg.getBoundingClientRect();
    if (outside(whole)) yield "a picture sticks out";
    const words = [...svg.querySelectorAll("text")].filter((one) => one.textContent.trim());
    const boxes = words.map((one) => one.getBoundingClientRect());
    const edges = [...svg.querySelectorAll("rect:not(pattern rect)")].map((one) => one.getBoundingClientRect());
    for (const [n, word] of words.entries()) {
      const box = boxes[n], quoted = JSON.stringify(word.textContent.slice(0, 40)), own = container(word);
      if (!inside(box, whole)) yield `${quoted} sticks out of its picture`;
      if (own && !inside(box, own.getBoundingClientRect())) yield `${quoted} sticks out of its box`;
      if (edges.some((edge) => across(box, edge))) yield `${quoted} sticks out over a box`;
      for (let m = 0; m < n; m++) {
        if (overlap(box, boxes[m])) yield `${quoted} is over ${JSON.stringify(words[m].textContent.slice(0, 40))}`;
      }
    }
  }
}

function inside(box, other) {
  return box.left >= other.left - 1 && box.right <= other.right + 1;
}

function overlap(one, other) {
  // Letters do not fill a line's height, so lines may be close.
  const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 && high > one.height / 3;
}

// A text that begins outside of a box, and ends in it, or the other way round.
function across(text, box) {
  const high = Math.min(text.bottom, box.bottom) - Math.max(text.top, box.top);
  const wide = Math.min(text.right, box.right) - Math.max(text.left, box.left);
  return high > text.height / 2 && wide > 2 && !inside(text, box);
}

// The smallest rectangle drawn before a text that has the text's middle in it.
function container(word) {
  const box = word.getBoundingClientRect(), x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
  let best = null, least = Infinity;
  for (const rect of word.closest("svg").querySelectorAll("rect:not(pattern rect)")) {
    if (!(rect.compareDocumentPosition(word) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
    const its = rect.getBoundingClientRect(), size = its.width * its.height;
    if (its.left <= x && x <= its.right && its.top <= y && y <= its.bottom && size < least) [best, least] = [rect, size];
  }
  return best;
}

// The colour below a picture's text.
function within(parent) {
  const own = container(parent.closest("text")), fill = own && getComputedStyle(own).fill;
  return fill && fill.startsWith("rgb") ? colour(fill) : ground(parent.closest("svg").parentElement);
}

// Make letters as wide as those of DejaVu Sans, for a machine that has a narrower font: what fits now, fits everywhere.
function widen() {
  const sample = "An open port, a connection or a delayed call is an error", wide = 0.493;
  const probe = document.createElement("span");
  probe.textContent = sample;
  probe.style.cssText = "position: absolute; white-space: pre; font-size: 100px; letter-spacing: 0";
  document.querySelector(".slides section section").append(probe);
  const mean = probe.getBoundingClientRect().width / sample.length / 100;
  probe.remove();
  const style = document.createElement("style");
  const spacing = Math.max(0, wide - mean);
  // On each element, since a length in em is inherited in pixels.
  style.textContent = `.reveal, .reveal * { letter-spacing: ${spacing}em }`
    + ".reveal :is(pre, pre *, code, code *, text.code) { letter-spacing: 0 }";
  document.head.append(style);
  return mean;
}

function* images(slide) {
  for (const image of slide.querySelectorAll("img")) {
    const name = image.src.split("/").pop();
    if (!image.alt.trim()) yield `no words for ${name}`;
    if (!image.complete || !image.naturalWidth) { yield `${name} is not there`; continue; }
    const box = image.getBoundingClientRect();
    if (outside(box)) yield `${name} sticks out`;
    if (!name.endsWith(".svg")) continue;
    const request = new XMLHttpRequest();
    request.open("GET", image.src, false);
    request.send();
    const scale = box.width / image.naturalWidth;
    for (const [, size] of request.responseText.matchAll(/font-size="([\d.]+)/g)) {
      if (size * scale < SMALLEST) yield `${+(size * scale).toFixed(1)}px letters in ${name}`;
    }
  }
}

function* spoken(slide) {
  const notes = slide.querySelector("aside.notes");
  if (!notes || !notes.textContent.trim()) yield "no notes";
  if (!(slide.dataset.timing > 0)) yield "no minutes";
}

function outside(box) {
  if (!box.width || !box.height) return false;
  return box.left < EDGE.left || box.top < EDGE.top || box.right > EDGE.right || box.bottom > EDGE.bottom;
}

function colour(text) {
  const parts = text.match(/[\d.]+/g).map(Number);
  return parts.length < 4 ? [...parts, 1] : parts;
}

function ground(element) {
  for (let up = element; up; up = up.parentElement) {
    const found = colour(getComputedStyle(up).backgroundColor);
    if (found[3] === 1) return found;
  }
  return [255, 255, 255, 1];
}

function luminance([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(a, b) {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

// A handout's pages: what is in each fits into it, and into its half.
function pages() {
  const wrong = [];
  document.querySelectorAll("article").forEach((article, n) => {
    const parts = [article, ...article.querySelectorAll(".half, section, .said")];
    const high = parts.some((one) => one.scrollHeight > one.clientHeight + 1);
    const wide = parts.some((one) => one.scrollWidth > one.clientWidth + 1);
    if (high || wide) wrong.push(`page ${n + 1}: sticks out`);
  });
  return wrong;
}
