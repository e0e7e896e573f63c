/** The kernel as a process: what is written to its descriptors, the programs that it leaves behind, and its end. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { KernelClient } from "../../kernel-setup/kernel-client";
import { kernelSpec } from "../../kernel-setup/kernelspec";
import { BEGINS, printed, result, whenBegun } from "../support/kernel";

const isLinux = process.platform === "linux";
const scratch = mkdtempSync(join(tmpdir(), "pageblock-process-test-"));
const log = join(scratch, "log");
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Waits until `done`, at most a generous time on a busy machine. */
async function until(done: () => boolean): Promise<void> {
  for (let waited = 0; !done() && waited < 20_000; waited += 20) await new Promise((r) => setTimeout(r, 20));
}

/** A kernel whose descriptor 2 is a file, as the log of a Jupyter server is one. */
function started(): Promise<KernelClient> {
  return KernelClient.start(scratch, ["sh", "-c", `exec "$0" "$@" 2>>'${log}'`, ...kernelSpec().argv]);
}

/** The words of a process; undefined if it has ended. */
function running(pid: number): string[] | undefined {
  try {
    const isZombie = /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
    return isZombie ? undefined : readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return undefined;
  }
}

const hasEnded = (pid: number) => running(pid) === undefined;

/** The processes that sleep so many seconds, with one more digit. */
const sleeping = (nap: number) =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      const [name, time] = running(pid) ?? [];
      return pid > 0 && name === "sleep" && time?.slice(0, -1) === String(nap);
    });

/** What a program that leaves its session is started with in a cell. */
const SETSID = `import { spawn, execSync } from "node:child_process";
  const first = async (child: any) => Number(String(await new Promise((r) => child.stdout.once("data", r))));`;

test("whatever is written to descriptors 1 and 2 is shown under its cell, in order", async () => {
  const kernel = await started();
  try {
    const written = await kernel.execute(
      `import * as fs from "node:fs"; import { promisify } from "node:util";
       console.log("a"); fs.writeSync(1, "b\\n"); fs.writeFileSync(1, "c\\n"); fs.appendFileSync(2, "x\\n");
       fs.writevSync(1, [Buffer.from("d"), Buffer.from("\\n")]);
       const { bytesWritten } = await promisify(fs.write)(1, Buffer.from("--e\\n--"), 2, 2);
       await new Promise((r) => fs.createWriteStream("", { fd: 1, autoClose: false }).end("f\\n", r as () => void));
       bytesWritten`,
    );
    assert.deepEqual(
      [printed(written), printed(written, "stderr"), result(written)],
      ["a\nb\nc\nd\ne\nf\n", "x\n", "2"],
    );
    if (!isLinux) return;
    const others = [
      `const file = await (await import("node:fs/promises")).open("/dev/stdout", "a"); await file.write("é handle\\n"); await file.close();`,
      `process.stdin; (process as any)._rawDebug("é handle");`,
      `import { Worker } from "node:worker_threads";
       await new Promise((r) => new Worker('require("fs").writeSync(1, "é handle\\\\n")', { eval: true }).on("exit", r));`,
      `await new Promise((r) => new Worker('require("child_process").spawnSync("echo", ["é handle"], { stdio: "inherit" })', { eval: true }).on("exit", r));`,
    ];
    for (const code of others) {
      const answer = await kernel.execute(code);
      assert.equal(printed(answer) + printed(answer, "stderr"), "é handle\n", code);
    }
    const flood = await kernel.execute(
      `await new Promise((r) => new Worker('const t = "0123456789abcde\\\\n".repeat(4096); for (let i = 0; i < 20; i++) require("fs").writeSync(1, t)', { eval: true }).on("exit", r));`,
    );
    assert.ok(
      printed(flood) === "0123456789abcde\n".repeat(4096 * 20),
      `${printed(flood).length} characters`,
    );
    assert.match(
      readFileSync(log, "utf8"),
      /é handle/,
      "descriptor 2 is in the log too: a crash is told there",
    );
  } finally {
    await kernel.stop();
  }
});

test("programs end with the kernel also in other sessions, and when they start each other anew", {
  skip: isLinux ? false : "found by /proc",
}, async () => {
  const kernel = await KernelClient.start(scratch);
  const nap = process.pid;
  const answer = await kernel.execute(
    `${SETSID}
     const session = await first(spawn("setsid", ["sh", "-c", "echo $$; exec sleep ${nap}1"]));
     const job = Number(execSync("setsid sh -c 'sleep ${nap}2 >/dev/null 2>&1 & echo $!'"));
     const bare = Number(execSync("setsid sh -c 'sleep ${nap}3 >/dev/null 2>&1 & echo $!'", { env: { PATH: process.env.PATH } }));
     const free = await first(spawn("sh", ["-c", "sleep ${nap}4 >/dev/null 2>&1 & echo $!"], { detached: true }));
     const again = () => { spawn("sleep", ["${nap}5"]).on("exit", again); }; again();
     spawn("setsid", ["sh", "-c", "trap '' TERM; while :; do sleep ${nap}6; done"]);
     [session, job, bare, free]`,
  );
  const [session, job, bare, free] = result(answer).match(/\d+/g).map(Number);
  assert.ok(![session!, job!, bare!, free!].some(hasEnded));
  await kernel.stop();
  // Not `isAlive`: who takes over what is left need not have fetched the ended ones yet.
  await until(() => [session!, job!, bare!].every(hasEnded) && sleeping(nap).length === 1);
  assert.deepEqual(sleeping(nap), [free], "only the detached one lives on");
  process.kill(free!);
});

test("SIGTERM ends a kernel whose cell loops, with its programs, and no file is left", {
  skip: isLinux ? false : "signals in a thread are tried on Linux",
}, async () => {
  const before = new Set(readdirSync(tmpdir()));
  const kernel = await KernelClient.start(scratch);
  const answer = await kernel.execute(`${SETSID} const pid = spawn("sleep", ["321"]).pid; pid`);
  const begun = whenBegun(kernel);
  kernel.execute(`execSync("echo started", { stdio: "inherit" }); ${BEGINS} for (;;);`).catch(() => {});
  await begun;
  await kernel.request("kernel_info_request", {}, { channel: "control" });
  const ours = () =>
    readdirSync(tmpdir()).filter((name) => /^pageblock-(?:pipes|\d+)-/.test(name) && !before.has(name));
  assert.deepEqual(ours(), []);
  process.kill(kernel.pid, "SIGTERM");
  await kernel.ended;
  await kernel.stop();
  await until(() => hasEnded(Number(result(answer))));
  assert.equal(hasEnded(Number(result(answer))), true);
  assert.deepEqual(ours(), []);
});
