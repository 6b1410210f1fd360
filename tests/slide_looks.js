// What test_slides_browser.py asks of a page. Lengths are in pixels of a window of 1280 by 720, in which nothing is scaled.

const SMALLEST = 26.66; // 20 pt
const CONTRAST = 4.5; // WCAG 2, level AA
const EDGE = { left: 39, top: 0, right: 1241, bottom: 665 };

function walk() {
  const wrong = new Set();
  for (let step = 0; step < 1000; step++) {
    const slide = Reveal.getCurrentSlide();
    const title = slide.querySelector("h1, h2").textContent.trim();
    for (const said of [...texts(slide), ...images(slide), ...spoken(slide)]) wrong.add(`${title}: ${said}`);
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
      if (parseFloat(style.fontSize) < SMALLEST) yield `${style.fontSize} letters: ${quoted}`;
      const contrast = ratio(luminance(colour(style.color)), luminance(ground(parent)));
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

// A handout's pages: what is in each fits into it.
function pages() {
  const wrong = [];
  document.querySelectorAll("article").forEach((article, n) => {
    const section = article.querySelector("section");
    const high = [article, section].some((one) => one.scrollHeight > one.clientHeight + 1);
    const wide = [article, section].some((one) => one.scrollWidth > one.clientWidth + 1);
    if (high || wide) wrong.push(`page ${n + 1}: sticks out`);
  });
  return wrong;
}
