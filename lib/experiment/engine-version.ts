/**
 * The version of the engine. It is part of the key of stored results, and the workers of a cluster must agree on it.
 * It consists of the package's version and a SHA-256 over the sources that a run depends on, so that it reflects every
 * change of behaviour. The build writes it next to the compiled files; TypeScript sources compute it when they run.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders and files of lib/ that determine the outcome of run(plan). */
const ENGINE_SOURCES = [
  "base",
  "schema",
  "hardware",
  "mm",
  "change",
  "machine",
  "trace",
  "workload",
  "strategy",
  "plan",
  "experiment/plan.ts",
  "experiment/run.ts",
  "experiment/meter.ts",
];

/** SHA-256 of the engine's TypeScript sources below `lib`, with Unix line ends. */
export function hashSources(lib: string): string {
  const hash = createHash("sha256");
  const visit = (path: string) => {
    if (path.endsWith(".ts")) {
      hash.update(`${path}\n${readFileSync(join(lib, path), "utf8").replaceAll("\r\n", "\n")}\n`);
      return;
    }
    const entries = readdirSync(join(lib, path), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1)))
      if (entry.isDirectory() || entry.name.endsWith(".ts")) visit(`${path}/${entry.name}`);
  };
  for (const path of ENGINE_SOURCES) visit(path);
  return hash.digest("hex");
}

let known: string | undefined;

/**
 * The version of the engine, such as `0.1.0+1f3a…` (16 hexadecimal digits).
 * @example
 * ```ts
 * import { engineVersion } from "pageblock";
 *
 * /^\d+\.\d+\.\d+\+/.test(engineVersion()); // => true
 * ```
 */
export function engineVersion(): string {
  if (known === undefined) {
    const root = join(__dirname, "../..");
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const built = join(__dirname, "../engine.json");
    const sources = existsSync(built)
      ? (JSON.parse(readFileSync(built, "utf8")) as { sources: string }).sources
      : hashSources(join(root, "lib"));
    known = `${version}+${sources.slice(0, 16)}`;
  }
  return known;
}
