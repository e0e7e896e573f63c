/** Jupyter's own tests of kernels, jupyter_kernel_test: all twelve pass, none is skipped. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after } from "node:test";
import { KERNEL_NAME, kernelSpec } from "../../kernel-setup/kernelspec";
import { jupyter, testPackage } from "../support/venv";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-kernel-tests-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

test("jupyter_kernel_test 0.7: all 12 tests pass", async (t) => {
  const found = await jupyter();
  if ("missing" in found) return t.skip(found.missing);
  const suite = testPackage(found.python, "jupyter_kernel_test", "0.7.0");
  if ("missing" in suite) return t.skip(suite.missing);
  const kernel = join(scratch, "kernels", KERNEL_NAME);
  mkdirSync(kernel, { recursive: true });
  writeFileSync(join(kernel, "kernel.json"), JSON.stringify(kernelSpec()));
  const script = resolve(__dirname, "../fixtures/jupyter/kernel_tests.py");
  const env = { ...process.env, KERNEL_NAME, JUPYTER_PATH: scratch, PYTHONPATH: suite.folder };
  const running = spawn(found.python, [script], { cwd: scratch, env, stdio: ["ignore", "pipe", "pipe"] });
  let [output, complaints] = ["", ""];
  running.stdout.on("data", (text) => (output += text));
  running.stderr.on("data", (text) => (complaints += text));
  await once(running, "close");
  const results = JSON.parse(output.trim().split("\n").pop() || "null") as Record<string, string> | null;
  assert.ok(results !== null, complaints);
  const failed = Object.entries(results).filter(([, how]) => how !== "ok");
  assert.deepEqual(failed, []);
  assert.equal(Object.keys(results).length, 12);
});
