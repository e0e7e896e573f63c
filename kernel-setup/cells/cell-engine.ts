/**
 * Compiles and runs cells: joins the names of earlier cells, the compiler, the loader and the traces. One cell at a
 * time; the runner (../cell-runner.ts) sees to turns and interrupts.
 */
import { join } from "node:path";
import vm from "node:vm";
import { catchDisplays, type DisplayMessage } from "../tslab-internals";
import { type EmittedCell, emitCell } from "./cell-emit";
import { CellLanguage } from "./cell-language";
import { CellNames } from "./cell-names";
import { type CellSource, type Complaint, readCell } from "./cell-source";
import { type CellVariable, isUndefined, variablesOf } from "./cell-variables";
import { seenByFunctions } from "./fast-loops";
import { keptName, reserve, typedName } from "./global-names";
import { assign, declareAll, follow, hold } from "./global-variables";
import { Imported } from "./imported";
import { cellPath, Loader, metaOf } from "./loader";
import { exportsOf } from "./namespaces";
import { resolve } from "./resolve";
import { isTooDeep, TooDeepError } from "./too-deep";
import { Traces } from "./traces";

/** What mistakes in types do: stop the cell, are printed, or are not looked for. */
export type TypeMistakes = "stop" | "warn" | "off";

/** A compiled cell. */
export interface ReadyCell {
  /** Runs it: an array with its value, nothing if it has none, or a promise of that. */
  execute(): unknown;
  /** Takes over what it declared; called once, when it has ended, failed or been interrupted. */
  settle(ok: boolean): void;
  /** Mistakes in types that did not stop it. */
  readonly warnings: readonly Complaint[];
}

export class CellEngine {
  readonly traces = new Traces();
  readonly names = new CellNames();
  readonly language: CellLanguage;
  private readonly loader: Loader;
  private readonly from: string;
  /** Variables of cells that exist, under the names by which they are kept. */
  private readonly existing = new Set<string>();
  private readonly imported: Imported;
  /** Names that functions of cells mention. */
  private readonly seen = new Set<string>();
  /** Variables, as they are kept, that show what a module's `export let` is at any time. */
  private readonly following = new Set<string>();
  private readonly used = new Set<string>();
  /** Statements that write back what loops of cells keep to themselves. */
  private readonly writingBack = new Set<string>();
  /** What compiled cells reach of the kernel. */
  private readonly door: object;

  constructor(
    private readonly cwd: string,
    compiling: <T>(work: () => T) => T,
    private readonly display: (message: DisplayMessage, update: boolean) => void,
  ) {
    this.language = new CellLanguage(cwd);
    this.from = cellPath(cwd);
    this.loader = new Loader(
      () => this.language.options,
      this.traces,
      compiling,
      (specifier) => {
        if (specifier === "tslab") catchDisplays((message, update) => this.display(message, update));
      },
    );
    this.traces.install();
    this.door = this.newDoor();
    this.imported = new Imported(this.loader, this.from);
  }

  /** Reads and checks a cell. Complaints are why it is not run. */
  prepare(
    code: string,
    count: number,
    mistakes: TypeMistakes,
  ): ReadyCell | { complaints: readonly Complaint[] } {
    return this.language.steadily(() => this.compile(code, count, mistakes));
  }

  private compile(
    code: string,
    count: number,
    mistakes: TypeMistakes,
  ): ReadyCell | { complaints: readonly Complaint[] } {
    const source = readCell(code);
    if (source.complaints.length > 0) return { complaints: source.complaints };
    const imported = [source.text, ...this.names.imports(source)];
    const text = (exported: string[]) => `${[...imported, ...exported].join("\n")}\n`;
    const path = this.language.open(text(this.names.exports(source)), source.extension);
    const unchecked = source.unchecked || mistakes === "off";
    const complaints = unchecked ? [] : this.language.mistakes(source);
    if (complaints.length > 0 && mistakes === "stop") return { complaints };
    for (const name of seenByFunctions(source.file)) this.seen.add(name);
    for (const name of this.language.changing(source)) {
      if (this.existing.has(name) || this.existing.has(keptName(name))) continue;
      reserve(name);
      this.following.add(keptName(name));
    }
    const emitted = emitCell(this.language.program(), path, source, this.seen);
    const kept = text(this.names.exports(source, this.language.narrowable(source)));
    for (const one of emitted.writingBack) this.writingBack.add(one);
    const progress = { step: 0 };
    return {
      warnings: complaints,
      execute: () => this.execute(emitted, this.nameOf(count, emitted, source), progress),
      settle: (ok) => this.settle(String(count), source, kept, emitted, ok ? undefined : progress.step),
    };
  }

  /** Loads edited local files anew and gives their exports to the names that were imported from them. */
  async refresh(complain: (message: string) => void): Promise<void> {
    const groups = this.loader.modules.takeEdited();
    for (const group of groups) {
      const reason = await this.imported.loadAnew(group, ({ name, namespace, exported, value }) => {
        if (this.following.has(name)) follow(name, namespace, exported);
        else assign(name, value);
      });
      if (reason !== undefined) complain(reason);
    }
  }

  /** Forgets what cells declared: the names are unknown to later cells, and hold nothing any more. */
  reset(): void {
    for (const name of this.existing) assign(name, undefined);
    this.imported.clear();
    this.names.clear();
  }

  /** Run in the frame of a cell that is stopped, saves what a loop has counted. */
  get saving(): string {
    return [...this.writingBack].map((one) => `try { ${one} } catch {}`).join(" ");
  }

  /** The variables of cells that have a value or a type, with their values now. */
  variables(): CellVariable[] {
    return variablesOf(this.existing, this.names);
  }

  forgetHalfLoaded(): void {
    this.loader.modules.forgetHalfLoaded();
  }

  private newDoor(): object {
    const { from } = this;
    const require = this.loader.requireOf(from);
    const module = { exports: {}, id: ".", filename: from, loaded: false, children: [], paths: [], require };
    const find = (specifier: string) => resolve(specifier, from, "import", this.language.options);
    const folder = metaOf(join(this.cwd, "x"), find);
    const url = (folder.url as string).slice(0, -1);
    return {
      require,
      module,
      exports: module.exports,
      __filename: from,
      __dirname: this.cwd,
      meta: Object.assign(Object.create(null), folder, { url, filename: from }),
      import: (specifier: unknown) => this.loader.import(String(specifier), from),
      load: async (specifier: string, names: readonly string[], targets: readonly string[]) => {
        const namespace = await this.loader.import(specifier, from);
        const values = exportsOf(namespace, names, specifier);
        for (const [i, target] of targets.entries())
          if (this.following.has(target)) follow(target, namespace, names[i]!);
        if (names.length === 0) this.imported.addEffects(specifier);
        return values;
      },
      early: (name: string) => {
        throw new ReferenceError(`Cannot access '${name}' before initialization`);
      },
    };
  }

  /** `In[3]`; `In[3.2]` for a second cell of that count, as silent requests make. */
  private nameOf(count: number, { map }: EmittedCell, source: CellSource): string {
    let name = `In[${count}]`;
    for (let i = 2; this.used.has(name); i++) name = `In[${count}.${i}]`;
    this.used.add(name);
    this.traces.add(name, { map, lineOffset: 1, prefix: source.prefix.length, text: source.code });
    return name;
  }

  private execute(emitted: EmittedCell, filename: string, progress: { step: number }): unknown {
    const fresh = [...emitted.assigned.keys()].filter((name) => !this.existing.has(name));
    for (const name of fresh) this.existing.add(name);
    const plain = fresh.filter((name) => !this.following.has(name));
    for (const name of fresh) if (this.following.has(name)) hold(name, undefined);
    if (plain.length > 0) declareAll(plain);
    for (const [name, { loose }] of emitted.assigned)
      if (loose && !fresh.includes(name)) assign(name, undefined);
    const { progress: at, door } = emitted.own;
    const parameters = `(${at}, ${door})`;
    const text = `(${emitted.isAsync ? "async " : ""}${parameters} => {"use strict";\n${emitted.js}\n})`;
    return compiled(text, filename)(progress, this.door);
  }

  /** `reached` is the step at which the cell failed; undefined if it did not. */
  private settle(
    cell: string,
    source: CellSource,
    text: string,
    emitted: EmittedCell,
    reached: number | undefined,
  ): void {
    const without = new Set<string>();
    const lost = new Set<string>();
    for (const [kept, { step, loose, during, imported }] of emitted.assigned) {
      const name = typedName(kept);
      const missed = reached !== undefined && (loose ? isUndefined(kept) : reached < step);
      if (missed) without.add(name);
      if (missed && (loose || (during !== undefined && reached >= during))) lost.add(name);
      if (!missed) this.imported.set(kept, imported);
    }
    this.names.drop(lost);
    if (source.declared.size === 0 && source.augments === undefined) return;
    let id = cell;
    for (let i = 2; this.language.has(id); i++) id = `${cell}.${i}`;
    this.language.keep(id, text, source.extension);
    this.names.add(id, source, without);
  }
}

/** A function of the text. What V8 alone refuses is told as an error of the cell, without V8's excerpt of it. */
function compiled(text: string, filename: string): (progress: { step: number }, door: object) => unknown {
  try {
    return vm.runInThisContext(text, { filename, displayErrors: false });
  } catch (error) {
    if (isTooDeep(error)) throw new TooDeepError();
    if (error instanceof SyntaxError) error.stack = `SyntaxError: ${error.message}\n    at ${filename}`;
    throw error;
  }
}
