/**
 * Loads TypeScript for tests: `node --require ./test/support/register.cjs …`. The compiler of the build, so that tests run what users run
 * (loaders that make exports getters run the engine at half its speed); types are checked by `npm run check`, not here. What was compiled
 * stays in build/test-cache, by its contents.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { join } = require("node:path");

const cache = join(__dirname, "..", "..", "build", "test-cache");
mkdirSync(cache, { recursive: true });

function compiled(source, file) {
  const key = createHash("sha256").update(process.version).update(source).digest("hex");
  const kept = join(cache, `${key}.js`);
  try {
    return readFileSync(kept, "utf8");
  } catch {
    const ts = require("typescript");
    const { outputText } = ts.transpileModule(source, {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
        useDefineForClassFields: false,
        inlineSourceMap: true,
      },
    });
    const half = `${kept}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    writeFileSync(half, outputText);
    renameSync(half, kept);
    return outputText;
  }
}

/** Compiles a text in the place of the file's own; test/mutate plants defects so. */
const ofText = (module, file, text) => module._compile(compiled(text, file), file);
Module._extensions[".ts"] = Object.assign(
  (module, file) => ofText(module, file, readFileSync(file, "utf8")),
  {
    ofText,
  },
);
