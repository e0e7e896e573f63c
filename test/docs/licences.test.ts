/** Licences of all packages that the lock file names, and the list of parts that is written beside the package. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { ROOT } from "../support/cli";

/** Licences that ask for no more than their own text. */
const PERMISSIVE = new Set(
  "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BlueOak-1.0.0 CC0-1.0 ISC MIT PSF-2.0 Python-2.0 Unlicense".split(
    " ",
  ),
);
/** Others, each with its reason in docs/decisions.md. */
const EXPLAINED: Readonly<Record<string, string>> = {
  "axe-core": "MPL-2.0",
  zeromq: "MIT AND MPL-2.0",
};

interface Package {
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
}
const { packages }: { packages: Record<string, Package> } = JSON.parse(
  readFileSync(join(ROOT, "package-lock.json"), "utf8"),
);
const installed = Object.entries(packages)
  .filter(([path]) => path !== "")
  .map(([path, facts]) => ({ name: path.replace(/^.*node_modules\//, ""), ...facts }));

/** `A OR B` leaves the choice; `A AND B` asks for both. */
function isPermissive(licence: string): boolean {
  return licence
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((one) => PERMISSIVE.has(one.trim())));
}

test("every package has a permissive licence, or its licence is explained", () => {
  assert.ok(installed.length > 100);
  const others = installed.filter(({ license }) => license === undefined || !isPermissive(license));
  assert.deepEqual(Object.fromEntries(others.map(({ name, license }) => [name, license])), EXPLAINED);
  const decisions = readFileSync(join(ROOT, "docs/decisions.md"), "utf8");
  for (const [name, licence] of Object.entries(EXPLAINED))
    assert.ok(decisions.includes(name) && decisions.includes(licence), `docs/decisions.md explains ${name}`);
});

test("licences of strangers are told apart from permissive ones", () => {
  for (const licence of ["MIT", "(MIT OR GPL-3.0)", "MIT AND ISC"]) assert.ok(isPermissive(licence), licence);
  for (const licence of ["GPL-3.0", "MIT AND MPL-2.0", "", "SEE LICENSE IN x"])
    assert.ok(!isPermissive(licence), licence);
});

test("the list of parts names every package that is installed with this one, and is the same each time", () => {
  const folder = mkdtempSync(join(tmpdir(), "pageblock-sbom-"));
  try {
    const written = () => {
      const run = spawnSync(process.execPath, [join(ROOT, "kernel-setup/write-sbom.mjs")], {
        env: { ...process.env, npm_config_pack_destination: folder },
        encoding: "utf8",
      });
      assert.equal(run.status, 0, run.stderr);
      return readFileSync(join(folder, "pageblock-0.1.0.cdx.json"), "utf8");
    };
    const text = written();
    assert.equal(written(), text);
    const sbom = JSON.parse(text);
    assert.equal(sbom.bomFormat, "CycloneDX");
    const parts = new Set(sbom.components.map((one: { purl: string }) => decodeURIComponent(one.purl)));
    const direct = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).dependencies;
    for (const name of Object.keys(direct).filter((one) => !String(direct[one]).startsWith("npm:")))
      assert.ok(parts.has(`pkg:npm/${name}@${packages[`node_modules/${name}`]!.version}`), name);
    assert.ok(![...parts].some((part) => /esbuild@|biome@/.test(String(part))), "none of development");
    const locked = installed
      .filter(({ dev }) => dev !== true)
      .map(({ name, version }) => `${name}@${version}`);
    assert.equal(sbom.components.length, new Set(locked).size, "as many parts as the lock file has");
    // An alias goes by the name that its address has.
    const named = locked.filter((part) => !part.startsWith("node-types-"));
    assert.deepEqual(
      named.filter((part) => !parts.has(`pkg:npm/${part}`)),
      [],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
