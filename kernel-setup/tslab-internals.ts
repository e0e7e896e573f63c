/**
 * The parts of the pinned tslab (1.0.22) that the kernel uses, loaded from tslab's own point of view, so that they
 * are the very instances that `import "tslab"` in a cell gets. tslab exposes only its display functions
 * publicly; everything else here is internal to it, hence the exact pin.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as TS from "@tslab/typescript-for-tslab";
import type { Converter, ConverterOptions } from "tslab/dist/converter";
import type { ConsoleInterface, ConverterSet, Executor } from "tslab/dist/executor";

const manifest = require.resolve("tslab/package.json");
export const requireOfTslab = createRequire(manifest);
const inside = (file: string) => requireOfTslab(join(dirname(manifest), "dist", file));

export const tslabVersion: string = requireOfTslab(manifest).version;

/** tslab's own build of TypeScript 5.0.4. */
export const typescriptPath = requireOfTslab.resolve("@tslab/typescript-for-tslab");
export const ts: typeof TS = requireOfTslab(typescriptPath);

export const zeromqPath = requireOfTslab.resolve("zeromq");

/** Loaded on call, after the compiler has been prepared (package-resolution.ts). */
export function loadTslab(): {
  createConverter(options?: ConverterOptions): Converter;
  createExecutor(rootDir: string, converters: ConverterSet, console: ConsoleInterface): Executor;
  isCompleteCode(code: string): { completed: boolean; indent?: string };
  printQuickInfo(info: TS.QuickInfo): string;
  /** tslab's display functions write through its `lastWriteDisplayData`. */
  jupyter: { lastWriteDisplayData: ((message: DisplayMessage, update: boolean) => void) | null };
} {
  const { createConverter, isCompleteCode } = inside("converter.js");
  const { createExecutor } = inside("executor.js");
  const { printQuickInfo } = inside("inspect.js");
  return { createConverter, createExecutor, isCompleteCode, printQuickInfo, jupyter: inside("jupyter.js") };
}

/** Content of a Jupyter `display_data` message. */
export interface DisplayMessage {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  transient?: Record<string, unknown>;
}
