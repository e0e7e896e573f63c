/** What tests ask of a kernel's messages. */
import type { Answer, KernelClient, Received } from "../../kernel-setup/kernel-client";

/** What a cell printed to a stream. */
export const printed = ({ output }: Answer, name = "stdout"): string =>
  output
    .filter((m) => m.type === "stream" && m.content.name === name)
    .map((m) => m.content.text)
    .join("");

/** The text of a cell's value. */
export const result = ({ output }: Answer) =>
  output.find((m) => m.type === "execute_result")?.content.data["text/plain"];

/** The error that a cell ended with. */
export const error = ({ output }: Answer) => output.find((m) => m.type === "error")?.content;

/** A cell prints this when what a test waits for has begun. */
export const BEGINS = 'console.log("it begins");';

/** Fulfilled by the first output for which `is` holds. */
export function whenSeen(kernel: KernelClient, is: (message: Received) => boolean): Promise<void> {
  return new Promise((resolve) => {
    kernel.onOutput = (message) => {
      if (is(message)) resolve();
    };
  });
}

/** Fulfilled when a cell prints what {@link BEGINS} prints. */
export const whenBegun = (kernel: KernelClient) =>
  whenSeen(kernel, (m) => m.type === "stream" && m.content.text.includes("it begins"));

/** Runs `code`, and interrupts it once, when it has printed what {@link BEGINS} prints. */
export async function interruptedWhenBegun(
  kernel: KernelClient,
  code: string,
): Promise<{ answer: Answer; ms: number }> {
  const begun = whenBegun(kernel);
  const running = kernel.execute(code);
  // A cell that never begins is told by its own limit.
  await Promise.race([begun, running]);
  const asked = performance.now();
  await kernel.interrupt();
  return { answer: await running, ms: performance.now() - asked };
}
