/**
 * Loads what cells import. Packages are Node's to load, as CommonJS or as ES modules. The user's own files are compiled
 * and run here, whatever their ending, so that an edited file can be loaded anew, with all that depends on it.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import type ts from "typescript";
import { compileModule } from "./compile-module";
import { type LocalModule, LocalModules } from "./local-modules";
import { type Namespace, namespaceOf, starExports } from "./namespaces";
import { CELL_FILE, type Found, type Mode, resolve } from "./resolve";
import type { Traces } from "./traces";

/** A step that has to be waited for. */
type Steps<T> = Generator<Promise<unknown>, T, unknown>;

/** Node's own `import()`, which the compiler would make a `require`. */
const nativeImport = new Function("name", "return import(name)") as (name: string) => Promise<Namespace>;
const EXIT = new Set(["url", "esm"]);

export class Loader {
  readonly modules = new LocalModules((specifier, from) => this.find(specifier, from, "import"));

  constructor(
    private readonly options: () => ts.CompilerOptions,
    private readonly traces: Traces,
    /** Runs while the compiler works, which must not be stopped. */
    private readonly compiling: <T>(work: () => T) => T,
    /** Sees every package of Node's before it is loaded. */
    private readonly before: (specifier: string) => void,
  ) {}

  /** `import(specifier)` in the file `from`. */
  async import(specifier: string, from: string, attributesOf?: LocalModule): Promise<Namespace> {
    return this.waiting(this.load(String(specifier), from, "import", attributesOf, []));
  }

  /** `require` for the file `from`. */
  requireOf(from: string, needing?: LocalModule): NodeJS.Require {
    const native = createRequire(from);
    const load = (specifier: string): unknown => {
      const found = this.find(specifier, from, "require");
      if (found.kind === "local") {
        this.modules.note(found.path, needing);
        return this.atOnce(this.local(found.path, []), specifier).module.exports;
      }
      return found.kind === "builtin" ? native(found.name) : native((found as { path: string }).path);
    };
    const find = (specifier: string) => {
      const found = this.find(specifier, from, "require");
      return "path" in found ? found.path : found.name;
    };
    const resolver = Object.assign(find, { paths: native.resolve.paths });
    return Object.assign(load, {
      resolve: resolver,
      cache: native.cache,
      main: native.main,
      extensions: native.extensions,
    });
  }

  /** The file that `specifier` names in `from`, if it is one of the user's own. */
  localPath(specifier: string, from: string): string | undefined {
    const found = this.find(specifier, from, "import");
    return found.kind === "local" ? found.path : undefined;
  }

  private find(specifier: string, from: string, mode: Mode): Found {
    this.before(specifier);
    return resolve(specifier, from, mode, this.options());
  }

  private *load(
    specifier: string,
    from: string,
    mode: Mode,
    needing: LocalModule | undefined,
    chain: readonly string[],
  ): Steps<Namespace> {
    const found = this.find(specifier, from, mode);
    if (found.kind === "local") {
      this.modules.note(found.path, needing);
      if (needing !== undefined && chain.at(-1) === needing.path) needing.waitsFor = found.path;
      return namespaceOf((yield* this.local(found.path, chain)).module.exports);
    }
    if (EXIT.has(found.kind)) {
      const url = "path" in found ? pathToFileURL(found.path).href : found.name;
      return (yield nativeImport(url)) as Namespace;
    }
    const native = createRequire(from);
    if (!("path" in found)) return namespaceOf(native(found.name));
    try {
      return namespaceOf(native(found.path));
    } catch (error) {
      // An ES module whose package does not say so.
      const { code, name } = error as { code?: string; name?: string };
      if (code !== "ERR_REQUIRE_ESM" && !(name === "SyntaxError" && /\bimport|export\b/.test(String(error))))
        throw error;
      return (yield nativeImport(pathToFileURL(found.path).href)) as Namespace;
    }
  }

  /** A local file, loaded; `chain` are those that wait for it. */
  private *local(path: string, chain: readonly string[]): Steps<LocalModule> {
    const known = this.modules.get(path);
    if (known !== undefined) {
      if (!known.module.loaded && !this.modules.waitsForOne(path, chain) && known.whole !== undefined)
        yield known.whole;
      return known;
    }
    const one = this.modules.begin(path);
    const { module } = one;
    let done = () => {};
    one.whole = new Promise<void>((r) => (done = r));
    try {
      yield* this.run(one, [...chain, path]);
      module.loaded = true;
    } finally {
      if (!module.loaded) this.modules.forget(path);
      done();
      one.whole = undefined;
    }
    return one;
  }

  private *run(one: LocalModule, chain: readonly string[]): Steps<void> {
    const { path, module } = one;
    const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
    if (extname(path) === ".json") {
      try {
        module.exports = JSON.parse(text);
      } catch (error) {
        throw new SyntaxError(`${path}: ${(error as Error).message}`);
      }
      return;
    }
    const { js, map, imports, isAsync, isModule } = this.compiling(() =>
      compileModule(path, text, this.options()),
    );
    // Modules that import each other see this one before it has run.
    if (isModule) Object.defineProperty(module.exports, "__esModule", { value: true });
    const loaded = new Map<string, Namespace>();
    for (const specifier of imports)
      loaded.set(specifier, yield* this.load(specifier, path, "import", one, chain));
    one.waitsFor = undefined;
    this.traces.add(path, { map, lineOffset: 1, prefix: 0, text });
    const require = this.requireOf(path, one);
    const make = vm.runInThisContext(js, { filename: path, displayErrors: false });
    const body = make(
      module.exports,
      require,
      module,
      path,
      dirname(path),
      require,
      (specifier: string) => loaded.get(specifier),
      (specifier: string) => this.import(specifier, path, one),
      metaOf(path, (specifier) => this.find(specifier, path, "import")),
      starExports(),
    );
    const ended = body.call(isAsync ? undefined : module.exports);
    if (isAsync) yield ended;
  }

  private async waiting<T>(steps: Steps<T>): Promise<T> {
    let step = steps.next();
    while (!step.done) {
      try {
        const value = await step.value;
        step = steps.next(value);
      } catch (error) {
        step = steps.throw(error);
      }
    }
    return step.value;
  }

  private atOnce<T>(steps: Steps<T>, specifier: string): T {
    const step = steps.next();
    if (step.done) return step.value;
    const error = new Error(`require() of '${specifier}', which must be awaited: use import() instead`);
    Promise.resolve(step.value).catch(() => {});
    steps.return(undefined as never);
    throw Object.assign(error, { code: "ERR_REQUIRE_ASYNC_MODULE" });
  }
}

/** `import.meta` of the file `path`. */
export function metaOf(path: string, find: (specifier: string) => Found): Record<string, unknown> {
  const resolveUrl = (specifier: string) => {
    const found = find(specifier);
    if (found.kind === "builtin") return `node:${found.name.replace(/^node:/, "")}`;
    return "path" in found ? pathToFileURL(found.path).href : found.name;
  };
  const url = pathToFileURL(path).href;
  return Object.assign(Object.create(null), {
    url,
    filename: path,
    dirname: dirname(path),
    resolve: resolveUrl,
  });
}

/** The file name by which a cell in `cwd` imports. */
export const cellPath = (cwd: string) => join(cwd, CELL_FILE);
