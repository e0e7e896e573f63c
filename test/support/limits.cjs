/**
 * Gives every test of a file a limit, so that one that hangs is named and the others run, and notes where a test begins, so that
 * one that never lets go is named too: `node --require …/limits.cjs file`. Node 20.20 heeds its own `--test-timeout` only with
 * `--test`, not in a file that is run by itself. A test that says its own limit keeps it.
 */
const { appendFileSync } = require("node:fs");
const Module = require("node:module");

/** The slowest test takes a minute of CPU time, which was 295 s on a computer with ten times as much to do as it has cores. */
const LIMIT_MS = Number(process.env.PAGEBLOCK_TEST_LIMIT_MS ?? 500_000);
/** The file that gets a line for every test that begins; test/run.mjs reads it. */
const begun = process.env.PAGEBLOCK_TESTS_BEGUN;

/** The same function, that notes when it begins. One that takes `done` is told by its number of parameters, and left as it is. */
function noted(name, run) {
  if (begun === undefined || run.length > 1) return run;
  return function (context) {
    appendFileSync(begun, `${JSON.stringify(name)}\n`);
    return run.call(this, context);
  };
}

/** `test(name?, options?, run?)`, with a limit among the options. */
function limited(test) {
  const own = (...given) => {
    const options = given.find((one) => typeof one === "object" && one !== null);
    const run = given.find((one) => typeof one === "function");
    const name = typeof given[0] === "string" ? given[0] : (run?.name ?? "");
    const rest = run === undefined ? [] : [noted(name, run)];
    return test(name, { timeout: LIMIT_MS, ...options }, ...rest);
  };
  return Object.assign(own, test);
}

/** `before(run, options?)` and its like. */
const limitedHook =
  (hook) =>
  (run, options = {}) =>
    hook(run, { timeout: LIMIT_MS, ...options });

const test = require("node:test");
const whole = limited(test);
for (const name of ["test", "it"]) if (name in test) whole[name] = limited(test[name]);
for (const name of ["before", "after", "beforeEach", "afterEach"]) whole[name] = limitedHook(test[name]);
whole.default = whole;

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === "node:test" ? whole : load.call(this, request, ...rest);
};
