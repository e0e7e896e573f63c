/** The thread of run-again.ts: a plan comes in, its result or the reason why there is none goes out. */
import { parentPort, workerData } from "node:worker_threads";
import { allowCode } from "../change/allowed";
import { answerTo } from "./run-answer";

const { allowCode: allowed = [] } = (workerData ?? {}) as { allowCode?: string[] };
allowCode(...allowed);

parentPort?.on("message", (plan: unknown) => {
  answerTo(plan).then((answer) => parentPort!.postMessage(answer));
});
