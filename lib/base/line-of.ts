/** What was thrown, in one line: a refusal as it is, a fault of ours or of the browser with its name. */
export function lineOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
  const line = message.split("\n")[0]!;
  return name === "InputError" || name === "" ? line : `${name}: ${line}`;
}
