/**
 * In place of `node:test`: tests are collected when their files are loaded, and can be run as often as one likes in the
 * same process, each alone.
 */
import Module from "node:module";

export interface CollectedTest {
  /** Path of its file below the root. */
  file: string;
  name: string;
  /** Throws if it fails. */
  run(): Promise<void>;
}

type Body = (context: unknown) => unknown;
type Hook = () => unknown;

interface FileHooks {
  before: Hook[];
  begun: boolean;
}

/** Runs a test's body with as much of a context as the suite's tests ask for. */
async function runBody(name: string, body: Body): Promise<void> {
  const ends: Hook[] = [];
  const context = {
    name,
    after: (hook: Hook) => ends.push(hook),
    diagnostic: () => {},
    skip: () => {},
    test: (sub: string, ...rest: unknown[]) => runBody(sub, rest.at(-1) as Body),
  };
  try {
    const result = body(context);
    if (result instanceof Promise) await result;
  } finally {
    for (const hook of ends) await hook();
  }
}

/** Loads test files; gives their tests in the order in which they stand. */
export function collectTests(root: string, files: readonly string[]): CollectedTest[] {
  const tests: CollectedTest[] = [];
  let file = "";
  let hooks: FileHooks = { before: [], begun: false };
  const test = (name: string, ...rest: unknown[]): void => {
    const body = rest.at(-1) as Body;
    const options = rest.length > 1 ? (rest[0] as { skip?: unknown; todo?: unknown }) : {};
    if (options.skip || options.todo) return;
    const own = hooks;
    tests.push({
      file,
      name,
      run: async () => {
        if (!own.begun) {
          own.begun = true;
          for (const hook of own.before) await hook();
        }
        await runBody(name, body);
      },
    });
  };
  const none = () => {};
  const shim = Object.assign(test, {
    default: test,
    test,
    it: test,
    skip: none,
    todo: none,
    describe: (_: string, ...rest: unknown[]) => (rest.at(-1) as Hook)(),
    before: (hook: Hook) => hooks.before.push(hook),
    after: none,
    beforeEach: () => {
      throw new Error("beforeEach is not known here");
    },
    afterEach: none,
    mock: {},
    __esModule: true,
  });
  const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
  const load = loader._load;
  loader._load = (request, ...rest) => (request === "node:test" ? shim : load.call(loader, request, ...rest));
  for (const path of files) {
    file = path;
    hooks = { before: [], begun: false };
    require(`${root}/${path}`);
  }
  return tests;
}
