// Compresses build/ into dist/, which is committed and embedded. A file whose
// content is unchanged keeps its bytes: zlib's output differs between versions of
// Node, and a rebuild by another one must not look like a change.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const files = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));

const same = (path, content) => {
  try {
    return gunzipSync(readFileSync(path)).equals(content);
  } catch {
    return false; // it is not there, or broken
  }
};

mkdirSync("dist", { recursive: true });
const built = new Set(files("build").map((name) => `${name}.gz`));
for (const name of files("dist")) {
  if (!built.has(name)) rmSync(join("dist", name));
}
let raw = 0;
let packed = 0;
for (const name of built) {
  const content = readFileSync(join("build", name.slice(0, -".gz".length)));
  const path = join("dist", name);
  if (!same(path, content)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, gzipSync(content, { level: 9 }));
  }
  raw += content.length;
  packed += readFileSync(path).length;
}
console.log(`dist: ${built.size} files, ${raw} bytes, ${packed} compressed`);
