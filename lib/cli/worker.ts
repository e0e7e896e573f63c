/** `pageblock worker --redis URL`: lends this computer's cores to the sweeps of a cluster until it is stopped. */
import type { Command } from "commander";
import { InputError, told } from "../base/errors";
import { serveCluster, WORKER_DEFAULTS } from "../experiment/cluster-worker";
import { wholeNumber } from "./running";

export function register(program: Command): void {
  program
    .command("worker")
    .description("work for the sweeps of a cluster (`pageblock sweep --cluster URL`)")
    .requiredOption("--redis <url>", "redis://[user:password@]host:port, or rediss:// for TLS")
    .option("--workers <n>", "number of threads (default: one per core)", wholeNumber)
    .option(
      "--lock <seconds>",
      "seconds without a sign of life before another worker gets the plans",
      wholeNumber,
      WORKER_DEFAULTS.lockSeconds,
    )
    .option(
      "--allow-code <sha256>",
      "run the change with this SHA-256, may be repeated; jobs with other code are refused",
      (value: string, before: string[]) => [...before, value],
      [] as string[],
    )
    .action(async (flags: { redis: string; workers?: number; lock: number; allowCode: string[] }) => {
      if (flags.lock < 1 || flags.lock > 3600)
        throw new InputError(`--lock: must be from 1 to 3600 seconds: got ${flags.lock}`);
      const stop = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const)
        process.on(signal, () => (stop.signal.aborted ? process.exit(0) : stop.abort()));
      await serveCluster(flags.redis, stop.signal, {
        ...(flags.workers !== undefined && { workers: flags.workers }),
        lockSeconds: flags.lock,
        allowCode: flags.allowCode,
        report: (line) => process.stderr.write(`pageblock worker: ${told(line)}\n`),
      });
      process.exit(0);
    });
}
