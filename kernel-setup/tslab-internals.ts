/**
 * The parts of the pinned tslab (1.0.22) that the kernel uses: its display functions, which a cell gets by
 * `import * as tslab from "tslab"`, and its zeromq. tslab exposes no way to catch what they show, hence the exact pin.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const manifest = require.resolve("tslab/package.json");
const requireOfTslab = createRequire(manifest);

export const tslabVersion: string = requireOfTslab(manifest).version;

export const zeromqPath = requireOfTslab.resolve("zeromq");

type Write = (message: DisplayMessage, update: boolean) => void;

/**
 * Lets tslab's display functions write through `write`. Called when a cell imports tslab: it loads most of it, except its
 * compiler, in whose place it gets the kernel's.
 */
export function catchDisplays(write: Write): void {
  const compiler = requireOfTslab.resolve("@tslab/typescript-for-tslab");
  require.cache[compiler] ??= {
    ...{ id: compiler, path: dirname(compiler), filename: compiler, loaded: true, children: [], paths: [] },
    ...{ exports: require("typescript"), parent: null, isPreloading: false, require },
  };
  const displays: { lastWriteDisplayData: Write | null } = requireOfTslab(
    join(dirname(manifest), "dist", "jupyter.js"),
  );
  displays.lastWriteDisplayData = write;
}

/** Content of a Jupyter `display_data` message. */
export interface DisplayMessage {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  transient?: Record<string, unknown>;
}
