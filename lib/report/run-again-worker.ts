/** The thread of run-again.ts: a plan comes in, its result or the reason why there is none goes out. */
import { parentPort, workerData } from "node:worker_threads";
import { allowCode } from "../change/allowed";
import { runPlan } from "./plan-kinds";
import type { RunAnswer } from "./run-again";

const { allowCode: allowed = [] } = (workerData ?? {}) as { allowCode?: string[] };
allowCode(...allowed);

parentPort?.on("message", (plan: unknown) => {
  const say = (answer: RunAnswer) => parentPort!.postMessage(answer);
  runPlan(plan).then(
    (result) => say({ result }),
    (error: unknown) => {
      const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
      const line = message.split("\n")[0]!;
      say({ failed: name === "InputError" ? line : `${name}: ${line}` });
    },
  );
});
