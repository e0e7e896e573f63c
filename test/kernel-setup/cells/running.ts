/** Runs cells in this process, with what the notebook kernel runs them with. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import "../../support/clean-environment";
import { inspect } from "node:util";
import type { CellError } from "../../../kernel-setup/cell-error";
import { CellRunner } from "../../../kernel-setup/cell-runner";

export interface Ended {
  /** The value as a console shows it; undefined if there was none. */
  readonly shown: string | undefined;
  readonly error: CellError | undefined;
  /** What was printed. */
  readonly printed: string;
}

/** A notebook of its own folder. One process has one at a time: cells share the process. */
export class Notebook {
  readonly folder = mkdtempSync(join(tmpdir(), "pageblock-cells-"));
  readonly runner: CellRunner;
  private count = 0;

  /** `files` by their paths in the folder; the notebook is in its folder `inside`. */
  constructor(files: Readonly<Record<string, string>> = {}, inside = ".") {
    this.write(files);
    this.runner = new CellRunner(join(this.folder, inside), new Int32Array(new SharedArrayBuffer(64)));
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  async run(code: string): Promise<Ended> {
    let printed = "";
    const { stdout, stderr } = process;
    const writes = [stdout.write, stderr.write] as const;
    stdout.write = stderr.write = (text: string | Uint8Array) => {
      printed += text;
      return true;
    };
    try {
      const outcome = await this.runner.run(code, ++this.count);
      const [value] = outcome.ok ? outcome.values : [];
      const isShown = outcome.ok && outcome.values.length > 0;
      return {
        shown: isShown ? inspect(value) : undefined,
        error: outcome.ok ? undefined : outcome.error,
        printed,
      };
    } finally {
      [stdout.write, stderr.write] = writes;
    }
  }

  /** The value of the last of some cells; throws if one of them fails. */
  async value(...cells: string[]): Promise<string | undefined> {
    let shown: string | undefined;
    for (const code of cells) {
      const ended = await this.run(code);
      if (ended.error !== undefined) throw new Error(`${code}: ${ended.error.traceback.join("\n")}`);
      shown = ended.shown;
    }
    return shown;
  }

  /** The error of a cell that must fail. */
  async failure(code: string): Promise<CellError> {
    const { error } = await this.run(code);
    if (error === undefined) throw new Error(`did not fail: ${code}`);
    return error;
  }

  get number(): number {
    return this.count;
  }
}
