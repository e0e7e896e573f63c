#!/usr/bin/env node
// The command `pageblock`, as package.json names it: starts dist/cli/main.js. A fresh clone has no dist/ yet; npm
// would answer "pageblock: not found" there, so this file, which needs no build, says what to do instead.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const main = join(root, "dist/cli/main.js");
if (existsSync(main)) require(main);
else {
  const installed = existsSync(join(root, "node_modules/.package-lock.json"));
  const first = installed ? "npm run build" : "npm ci && npm run build";
  process.stderr.write(`pageblock: not built yet: run \`${first}\` in ${root} first\n`);
  process.exitCode = 2;
}
