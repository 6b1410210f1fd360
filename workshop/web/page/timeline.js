// A history of connections, drawn: a lane for each end, a row for each event, time downwards.
//
// Rows are evenly spaced; where time passes, the gap says how much. Bytes are arrows from whoever sends to whoever reads.

const SVG = "http://www.w3.org/2000/svg";
const TIME = 84, TOP = 56, ROW = 38, GAP = 24, EDGE = 16, LETTER = 7.3;
const WEATHER = "~", TEST = "test"; // TEST is the lane of what belongs to no connection
const LONG = 0.001; // seconds

function make(parent, name, attributes = {}, text = "") {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.textContent = text;
  parent.append(one);
  return one;
}

// The rows of an answer, as {who, what, seconds}.
export function rowsOf(data) {
  const rows = Array.isArray(data) ? data : data?.rows ?? data?.timeline ?? [];
  return rows.map(row => (Array.isArray(row) ? { who: row[0], what: row[1], seconds: row[2] } : row))
    .filter(row => typeof row?.what === "string").map(row => ({ ...row, who: row.who || TEST }));
}

function peer(who) {
  if (who.endsWith(".client")) return who.replace(/client$/, "server");
  return who.endsWith(".server") ? who.replace(/server$/, "client") : "";
}

// Arrows, as pairs of row numbers: who reads gets the bytes in the order in which they were sent.
function arrows(rows) {
  const found = [], sent = new Map();
  const queue = who => sent.get(who) ?? sent.set(who, []).get(who);
  rows.forEach(({ who, what }, n) => {
    const count = Number(/^(?:sends|reads) (\d+) bytes?/.exec(what)?.[1] ?? 0);
    const other = peer(who);
    if (what.startsWith("sends")) queue(who).push({ from: n, left: count });
    else if (what === "ends its half" || what === "over") queue(who).push({ from: n, left: 0 });
    else if (what === "asks to connect") queue(who).asks = n;
    else if (what === "is accepted" && queue(other).asks !== undefined) found.push([queue(other).asks, n, "asks"]);
    else if (what === "reads the end") {
      const end = queue(other).find(one => one.left === 0 && !one.used);
      if (end) {
        end.used = true;
        found.push([end.from, n, "end"]);
      }
    } else if (what.startsWith("reads")) {
      for (let left = count; left > 0;) {
        const next = queue(other).find(one => one.left > 0);
        if (!next) break;
        const part = Math.min(left, next.left);
        found.push([next.from, n, "bytes"]);
        next.left -= part;
        if (next.left === 0) next.used = true;
        left -= part;
      }
    }
  });
  return found;
}

export function duration(seconds) {
  if (seconds >= 1) return `${Number(seconds.toFixed(2))} s`;
  return `${Number((seconds * 1000).toFixed(seconds < 0.01 ? 2 : 1))} ms`;
}

export function draw(rows, title) {
  const lanes = [...new Set(rows.map(row => row.who).filter(who => who !== WEATHER))];
  const widest = who => Math.max(who.length + 2,
    ...rows.filter(row => row.who === who).map(row => row.what.length + 2));
  const places = new Map();
  let right = TIME + EDGE;
  for (const who of lanes) {
    places.set(who, right + 8);
    // The test's words may run over the next lanes: no other event is in their rows.
    right += who === TEST ? 70 : Math.max(110, widest(who) * LETTER + 26);
  }
  const notes = rows.filter(row => [WEATHER, TEST].includes(row.who)).map(row => row.what.length * LETTER + TIME + 40);
  const width = Math.ceil(Math.max(right + EDGE, ...notes));
  const svg = document.createElementNS(SVG, "svg");
  const ys = [];
  let y = TOP, last = 0;
  const gaps = [];
  for (const { seconds } of rows) {
    if (seconds - last >= LONG) {
      gaps.push([y, seconds - last]);
      y += GAP;
    }
    last = seconds;
    ys.push(y);
    y += ROW;
  }
  const height = y + 6;
  for (const [key, value] of Object.entries({ role: "img", width, height, viewBox: `0 0 ${width} ${height}`, class: "timeline" })) {
    svg.setAttribute(key, value);
  }
  make(svg, "title", {}, title);
  make(svg, "desc", {}, rows.map(({ who, what, seconds }) => `${duration(seconds)}: ${who} ${what}.`).join(" "));
  const definitions = make(svg, "defs");
  const tip = make(definitions, "marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  make(tip, "path", { d: "M0 0 8 4 0 8z", class: "tip" });
  for (const who of lanes) {
    const x = places.get(who);
    const mine = rows.map((row, n) => (row.who === who ? n : -1)).filter(n => n >= 0);
    const over = rows[mine.at(-1)].what === "over";
    make(svg, "line", { x1: x, y1: 34, x2: x, y2: over ? ys[mine.at(-1)] : height, class: "lane" });
    make(svg, "text", { x: x - 8, y: 24, class: "name" }, who);
  }
  for (const [at, seconds] of gaps) {
    make(svg, "line", { x1: TIME, y1: at - 3, x2: width - EDGE, y2: at - 3, class: "gap" });
    make(svg, "text", { x: TIME - 10, y: at + 2, class: "later" }, `+ ${duration(seconds)}`);
  }
  // What an arrow leaves to the right is said above it, and what one from the right reaches, below.
  const shift = rows.map(() => 5);
  for (const [from, to, kind] of arrows(rows)) {
    if (places.get(rows[to].who) > places.get(rows[from].who)) shift[from] = -5;
    else shift[to] = 14;
    const [x1, x2] = [places.get(rows[from].who), places.get(rows[to].who)];
    const towards = Math.sign(x2 - x1) * 6;
    make(svg, "line", { x1: x1 + towards, y1: ys[from], x2: x2 - towards, y2: ys[to], class: `arrow ${kind}`, "marker-end": "url(#tip)" });
  }
  rows.forEach(({ who, what, seconds }, n) => {
    const at = ys[n];
    if (who === WEATHER) {
      make(svg, "rect", { x: TIME, y: at - 11, width: width - TIME - EDGE, height: 22, rx: 5, class: "weather" });
      make(svg, "text", { x: TIME + 10, y: at + 5, class: "said" }, `~ ${what}`);
    } else {
      const x = places.get(who);
      const ending = what === "over";
      if (ending) make(svg, "path", { d: `M${x - 5} ${at - 5}l10 10m0-10l-10 10`, class: "over" });
      else make(svg, "circle", { cx: x, cy: at, r: 4.5, class: "event" });
      // The lines of the lanes stop behind the test's words.
      if (who === TEST) make(svg, "rect", { x: x + 8, y: at - 9, width: what.length * LETTER + 8, height: 18, class: "under" });
      make(svg, "text", { x: x + 12, y: at + shift[n], class: who === TEST ? "what test" : "what" }, what);
    }
    if (n === 0 || duration(seconds) !== duration(rows[n - 1].seconds)) {
      make(svg, "text", { x: TIME - 10, y: at + 5, class: "time" }, duration(seconds));
    }
  });
  return svg;
}
