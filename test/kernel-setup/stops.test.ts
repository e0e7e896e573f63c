/** What must stop, stops: whatever comes before what, and however slow the computer is. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { pathToFileURL } from "node:url";
import "../support/clean-environment";
import { CellRunner } from "../../kernel-setup/cell-runner";
import { newBusy } from "../../kernel-setup/interrupt-state";
import { KernelClient } from "../../kernel-setup/kernel-client";
import { kernelSpec } from "../../kernel-setup/kernelspec";
import { isUsersCode } from "../../kernel-setup/protocol/stop-main-thread";
import { PORT_TAKEN } from "../../kernel-setup/wire";
import { error, result, whenSeen } from "../support/kernel";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-stops-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Fails, instead of waiting for ever. */
async function within<T>(ms: number, what: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it goes on after ${ms} ms`)), ms);
  });
  return Promise.race([what, late]).finally(() => clearTimeout(timer));
}

async function withKernel(work: (kernel: KernelClient) => Promise<void>): Promise<void> {
  const kernel = await KernelClient.start(scratch);
  try {
    await work(kernel);
  } finally {
    await kernel.stop();
  }
}

/** The compiler needs a while for it. */
const LONG = Array.from({ length: 3000 }, (_, i) => `const long${i}: number = ${i};`).join("\n");

test("a cell that was asked for before the end of its kernel does not keep it", () =>
  withKernel(async (kernel) => {
    kernel.execute(`${LONG} for (;;);`).catch(() => {});
    kernel.request("shutdown_request", { restart: false }, { channel: "control" }).catch(() => {});
    await within(60_000, kernel.ended);
  }));

test("what runs at the end of the process does not keep it", () =>
  withKernel(async (kernel) => {
    await kernel.execute('process.on("exit", () => { for (;;); })');
    kernel.request("shutdown_request", { restart: false }, { channel: "control" }).catch(() => {});
    assert.equal((await within(60_000, kernel.ended)).signal, "SIGKILL");
  }));

test("a kernel that is slow itself is not stopped by an interrupt: all that comes later is answered", () =>
  withKernel(async (kernel) => {
    // After a failure the kernel reads dates. It does so for a second here, without code of the user on its stack.
    const failed = await kernel.execute(
      `const nap = new Int32Array(new SharedArrayBuffer(4));
       Date.parse = (Atomics.wait as any).bind(Atomics, nap, 0, 0, 1000); throw new Error("x")`,
    );
    assert.equal(error(failed).evalue, "x");
    const taken = whenSeen(kernel, (m) => m.content.execution_state === "busy");
    const next = kernel.execute("1");
    await taken;
    await kernel.interrupt();
    // A busy computer may ask for it so late that the kernel need not read dates.
    assert.match((await within(60_000, next)).reply.content.status, /aborted|ok/);
    assert.equal(result(await within(60_000, kernel.execute("6 * 7"))), "42");
  }));

test("code of the user is what is neither the kernel's nor Node's", () => {
  const own = pathToFileURL(join(__dirname, "../../dist/kernel-setup/kernel.js")).href;
  const node = "node:internal/timers";
  assert.equal(isUsersCode([own, node]), false);
  for (const url of ["", "file:///notebook/In[1].ts", "evalmachine.<anonymous>"])
    assert.equal(isUsersCode([own, url, node]), true, url);
});

test("what is interrupted before its turn never begins", async () => {
  const runner = new CellRunner(scratch, newBusy());
  const begun: string[] = [];
  const aside = runner.aside(() => void begun.push("aside"));
  runner.interrupt();
  await assert.rejects(aside);
  Object.assign(globalThis, { begun });
  const cells = [runner.run('(globalThis as any).begun.push("cell")', 1)];
  runner.interrupt();
  cells.push(runner.run('(globalThis as any).begun.push("next")', 2));
  assert.deepEqual(
    (await Promise.all(cells)).map(({ ok }) => ok),
    [false, true],
  );
  assert.deepEqual(begun, ["next"]);
});

/** Lets what `ask` sends say that it was sent later. */
function later<T>(ms: number, ask: () => T): T {
  const { toISOString } = Date.prototype;
  Date.prototype.toISOString = function (this: Date) {
    return toISOString.call(new Date(this.getTime() + ms));
  };
  try {
    return ask();
  } finally {
    Date.prototype.toISOString = toISOString;
  }
}

test("an interrupt that overtakes the request of its cell ends that cell", () =>
  withKernel(async (kernel) => {
    const nap = 'await new Promise((r) => setTimeout(r, 1000)); "slept"';
    // Between the two the kernel waits 200 ms at most: a busy computer may need longer.
    for (let left = 20; ; left--) {
      const [, answer] = await Promise.all([later(5000, () => kernel.interrupt()), kernel.execute(nap)]);
      if (error(answer)?.ename === "Interrupted") break;
      assert.ok(left > 0, "the cell ran to its end, 20 times");
    }
    await kernel.interrupt();
    const answer = await later(5000, () => kernel.execute(nap));
    assert.equal(result(answer), "'slept'", "an interrupt of an earlier moment is not for this cell");
  }));

/** A program that takes a port of the first kernel that it starts, and none of the second one's. */
const THIEF = `
const { createServer } = require("node:net");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { spawn } = require("node:child_process");
const [seen, ...argv] = process.argv.slice(1);
const run = () => {
  const child = spawn(argv[0], argv.slice(1), { stdio: "inherit" });
  child.on("exit", (code) => process.exit(code));
};
if (existsSync(seen)) run();
else {
  const { stdin_port } = JSON.parse(readFileSync(argv.at(-1), "utf8"));
  writeFileSync(seen, String(stdin_port));
  createServer().listen(stdin_port, "127.0.0.1", run);
}`;

test("a kernel whose port another program took ends and says so; another one is started", async () => {
  const seen = join(scratch, "stolen");
  const argv = [process.execPath, "-e", THIEF, seen, ...kernelSpec().argv];
  const kernel = await within(150_000, KernelClient.start(scratch, argv));
  assert.equal(result(await kernel.execute("6 * 7")), "42");
  await kernel.stop();
  const always = [
    process.execPath,
    "-e",
    THIEF.replace("existsSync(seen)", "false"),
    seen,
    ...kernelSpec().argv,
  ];
  const refused = KernelClient.start(scratch, always);
  await assert.rejects(
    within(200_000, refused),
    new RegExp(`the kernel ended: .*${PORT_TAKEN.message}`, "s"),
  );
});

test("a request that is not answered says what was asked and what came", () =>
  withKernel(async (kernel) => {
    const never = { code: 'console.log("so far"); await new Promise(() => {})', allow_stdin: false };
    await assert.rejects(
      kernel.request("execute_request", never, { limitMs: 3000 }),
      /^Error: execute_request "console\.log.* \(came so far: .*so far.*\): no answer in 3000 ms; the kernel runs/,
    );
    await kernel.interrupt();
    // A cell that is asked for before the other one has failed would be aborted.
    await kernel.request("kernel_info_request", {});
    const dies = kernel.execute("process.kill(process.pid, 'SIGKILL'); for (;;);");
    await assert.rejects(within(60_000, dies), /^Error: execute_request .*: the kernel ended/);
    await assert.rejects(within(1000, kernel.execute("1")), /^Error: execute_request .*: the kernel ended/);
  }));

test(
  "a kernel has ended also if a program holds its standard error",
  {
    skip: process.platform === "linux" ? false : "a program leaves its session by setsid",
  },
  () =>
    withKernel(async (kernel) => {
      const pidFile = join(scratch, "holder");
      writeFileSync(pidFile, "");
      // A worker's programs have no mark, and this one has another parent.
      const leave = `require("child_process").spawnSync("setsid", ["sh", "-c", "sleep 60 >/dev/null & echo $! > ${pidFile}"],
      { stdio: ["ignore", "ignore", "inherit"], env: { PATH: process.env.PATH } })`;
      const left = await kernel.execute(
        `import { Worker } from "node:worker_threads"; import { readFileSync } from "node:fs";
       await new Promise((r) => new Worker(${JSON.stringify(leave)}, { eval: true }).on("exit", r));
       readFileSync(${JSON.stringify(pidFile)}, "utf8").trim()`,
      );
      const pid = Number(/\d+/.exec(result(left))![0]);
      const stopped = kernel.stop();
      try {
        assert.equal((await within(60_000, kernel.ended)).code, 0);
        assert.ok(process.kill(pid, 0), "the program lives");
      } finally {
        process.kill(pid);
        await stopped;
      }
    }),
);
