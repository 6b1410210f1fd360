// Zip files: written without compression, which any browser can do; read with the browser's own inflate.

const MOST = 20_000_000; // bytes that a zip may unpack to
const END = 0x06054b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50;

export class BadZip extends Error {}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(data) {
  let crc = ~0;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

// The numbers, each in so many bytes, little end first.
function record(...fields) {
  const data = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of fields) {
    for (let n = 0; n < size; n++) data[at++] = (value >>> (8 * n)) & 255;
  }
  return data;
}

// Return a zip (a Blob) of the files, a Map of path → bytes.
export function pack(files, when = new Date()) {
  const time = (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1);
  const date = (Math.max(0, when.getFullYear() - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
  const parts = [], central = [];
  let at = 0, size = 0;
  for (const [path, data] of files) {
    const name = new TextEncoder().encode(path);
    // Names are UTF-8; nothing is compressed.
    const common = [[2, 20], [2, 0x0800], [2, 0], [2, time], [2, date], [4, checksum(data)],
      [4, data.length], [4, data.length], [2, name.length], [2, 0]];
    const head = record([4, LOCAL], ...common);
    parts.push(head, name, data);
    const entry = record([4, CENTRAL], [2, 0x0314], ...common, [2, 0], [2, 0], [2, 0], [4, 0o100644 << 16], [4, at]);
    central.push(entry, name);
    at += head.length + name.length + data.length;
    size += entry.length + name.length;
  }
  const count = files.size;
  const end = record([4, END], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]);
  return new Blob([...parts, ...central, end], { type: "application/zip" });
}

// Return a zip's files, a Map of path → bytes; BadZip says in a sentence what is wrong with it.
export async function unpack(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let end = data.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw new BadZip("This file is not a zip");
  try {
    return await entries(data, view, end);
  } catch (error) {
    if (error instanceof BadZip) throw error;
    throw new BadZip("This zip is damaged");
  }
}

async function entries(data, view, end) {
  const found = new Map();
  let at = view.getUint32(end + 16, true), left = MOST;
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    if (view.getUint32(at, true) !== CENTRAL) throw new BadZip("This zip is damaged");
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [crc, packed, size] = [16, 20, 24].map(n => view.getUint32(at + n, true));
    const [names, extra, comment] = [28, 30, 32].map(n => view.getUint16(at + n, true));
    const local = view.getUint32(at + 42, true);
    const path = new TextDecoder().decode(data.subarray(at + 46, at + 46 + names)).replaceAll("\\", "/");
    at += 46 + names + extra + comment;
    if (path.endsWith("/")) continue;
    if (flags & 1) throw new BadZip("This zip has a password");
    left -= size;
    if (left < 0) throw new BadZip("This zip is too large to be one of the course's");
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const raw = data.subarray(begin, begin + packed);
    const plain = method === 0 ? raw : method === 8 ? await inflate(raw, size) : null;
    if (!plain || plain.length !== size || checksum(plain) !== crc) throw new BadZip("This zip is damaged");
    found.set(path, plain.slice());
  }
  return found;
}

async function inflate(raw, size) {
  const reader = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const plain = new Uint8Array(size);
  for (let at = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return at === size ? plain : null;
    // It may say that it is small, and be large.
    if (at + value.length > size) {
      await reader.cancel();
      return null;
    }
    plain.set(value, at);
    at += value.length;
  }
}
