/** A process of plan-processes.ts: takes batches of plans and answers with their texts, until whoever started it ends. */
import { Worker } from "node:worker_threads";
import runBatch, { type Batch } from "./worker-thread";

/** A batch may take long, and this thread hears of nothing meanwhile: another one looks whether the parent is still there. */
const WATCH = `
const { ppid } = process;
setInterval(() => process.ppid === ppid || process.kill(process.pid, "SIGKILL"), 500);
`;

new Worker(WATCH, { eval: true, execArgv: [] }).unref();
process.on("message", (batch: Batch) => process.send!(runBatch(batch)));
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
