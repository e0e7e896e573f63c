// Makes the compiled door of the library lazy: `import { machine } from "pageblock"` then loads what `machine` needs, and
// the rest when it is first used. TypeScript writes a re-export as a getter over a module loaded beforehand; here the
// getter loads it. Programs that import the door as an ES module read its names from the list at its end.
import { readFileSync, renameSync, writeFileSync } from "node:fs";

const LOADED = /^(?:var|const) (\w+) = (require\("[^"]+"\));$/;
const WHOLE = /^exports\.(\w+) = __importStar\((require\("[^"]+"\))\);$/;
const NAMED =
  /^Object\.defineProperty\(exports, "(\w+)", \{ enumerable: true, get: function \(\) \{ return (\w+)\.(\w+); \} \}\);$/;

/** The text of a compiled door, made lazy. Throws on a line that it can't read: the compiler then writes another form. */
export function lazyDoor(text) {
  const modules = new Map();
  const loads = [];
  const lines = [];
  for (const line of text.split("\n")) {
    const loaded = LOADED.exec(line);
    const whole = WHOLE.exec(line);
    const named = NAMED.exec(line);
    if (loaded !== null) modules.set(loaded[1], loaded[2]);
    else if (whole !== null) {
      loads.push([whole[1], whole[2]]);
    } else if (named !== null) {
      const from = modules.get(named[2]);
      if (from === undefined) throw new Error(`lazy door: ${named[2]} is not loaded before: ${line}`);
      loads.push([named[1], `${from}.${named[3]}`]);
    } else if (/require\(/.test(line)) throw new Error(`lazy door: this line loads something: ${line}`);
    else if (!/^exports\.\w+ = .*void 0;$/.test(line)) lines.push(line);
  }
  // In a table: Node reads the names for ES modules from the text, and leaves out those with a getter it can't read.
  lines.push("const loads = {", ...loads.map(([name, load]) => `  ${name}: () => ${load},`), "};");
  lines.push("for (const [name, get] of Object.entries(loads))");
  lines.push("  Object.defineProperty(exports, name, { enumerable: true, get });");
  lines.push(`0 && (module.exports = { ${loads.map(([name]) => name).join(", ")} });`, "");
  return lines.join("\n");
}

/** Makes the door at `path` lazy, unless it is. */
export function makeDoorLazy(path) {
  const text = readFileSync(path, "utf8");
  if (text.includes("0 && (module.exports")) return;
  writeFileSync(`${path}.tmp`, lazyDoor(text));
  renameSync(`${path}.tmp`, path);
}
