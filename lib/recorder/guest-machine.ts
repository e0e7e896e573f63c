/** Boots the guest in QEMU, and waits until it has powered itself off. */
import { spawn } from "node:child_process";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { InputError } from "../base/errors";
import { printable } from "../base/printable";
import type { Architecture } from "./architectures";
import { missingTool } from "./tool";

/** Of whoever stops a recording. */
const STOPPED = "record: stopped before the recording had ended: nothing is kept";

/** One boot. Sizes in MiB. */
export interface Boot {
  arch: Architecture;
  kernel: string;
  initramfs: string;
  /** The file that holds the ring; it is made anew. */
  ring: string;
  ringMiB: number;
  memoryMiB: number;
  cpus: number;
  /** Of the kernel's command line, behind what every recording has. */
  parameters: string;
  minutesMost: number;
}

/** No NUMA, no random places, no zeroing; RCU callbacks run in threads, not in interrupts. */
const PARAMETERS = "panic=-1 quiet nokaslr numa=off init_on_alloc=0 rcutree.use_softirq=0";

export function qemuArguments(boot: Boot): string[] {
  const { arch, ring, ringMiB } = boot;
  const parameters = `${arch.parameters} ${PARAMETERS} ${boot.parameters}`;
  return [
    // One thread runs all virtual CPUs in turn: they are not slower than they are many.
    ...arch.machine,
    ...["-accel", "tcg,thread=single", "-smp", String(boot.cpus), "-m", `${boot.memoryMiB}M`],
    ...["-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...[
      "-object",
      `memory-backend-file,id=ring,size=${ringMiB}M,mem-path=${ring.replaceAll(",", ",,")},share=on`,
    ],
    ...["-device", "ivshmem-plain,memdev=ring"],
    ...["-kernel", boot.kernel, "-initrd", boot.initramfs, "-append", parameters],
  ];
}

function makeRing(path: string, mebibytes: number): void {
  const file = openSync(path, "w");
  ftruncateSync(file, mebibytes * 2 ** 20);
  closeSync(file);
}

/**
 * Boots; `note` gets the lines of the guest. Throws InputError if it does not say at the end that it is complete. QEMU ends with `stop`:
 * a signal to this process alone does not reach it.
 */
export async function bootGuest(boot: Boot, note: (text: string) => void, stop?: AbortSignal): Promise<void> {
  if (stop?.aborted) throw new InputError(STOPPED);
  makeRing(boot.ring, boot.ringMiB);
  const child = spawn(boot.arch.qemu, qemuArguments(boot), { stdio: ["ignore", "pipe", "pipe"] });
  const end = () => child.kill("SIGKILL");
  stop?.addEventListener("abort", end);
  const last: string[] = [];
  let complete = false;
  let full = false;
  let rest = "";
  const hear = (bytes: Buffer) => {
    rest = (rest + bytes.toString("latin1")).slice(-65536);
    const lines = rest.split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === "recorder: complete") complete = true;
      // The guest has no other file that could be full: the module refuses a snapshot that does not fit, or once a record did not.
      if (line.startsWith("recorder: FAILED ") && line.includes("No space left on device")) full = true;
      if (line.startsWith("recorder: ")) note(printable(line.slice(0, 200)));
      if (line.trim() !== "") last.push(printable(line.slice(0, 100)));
      if (last.length > 4) last.shift();
    }
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill();
  }, boot.minutesMost * 60_000);
  const failed = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    child.on("error", resolve);
    child.on("close", () => resolve(undefined));
  });
  clearTimeout(timer);
  stop?.removeEventListener("abort", end);
  if (stop?.aborted) throw new InputError(STOPPED);
  if (failed?.code === "ENOENT") missingTool(boot.arch.qemu);
  if (failed !== undefined) throw new InputError(`record: ${boot.arch.qemu}: ${failed.message}`);
  if (late)
    throw new InputError(
      `record: the guest did not end within ${boot.minutesMost} minutes: give it fewer --ops, or more --minutes`,
    );
  if (!complete && full)
    throw new InputError(
      `record: the ring of ${boot.ringMiB} MiB was full before the recording had ended: give it a larger --ring-size, or fewer --ops`,
    );
  if (!complete) throw new InputError(`record: the guest did not end its recording: ${last.join(" | ")}`);
}
