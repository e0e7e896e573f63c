// What test/run.mjs reads: a line of JSON for every test that ended.
export default async function* jsonReporter(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, skip, details } = data;
    const error = details?.error;
    const line = {
      passed: type === "test:pass",
      name,
      ms: details?.duration_ms ?? 0,
      suite: details?.type === "suite",
      skipped: skip === undefined ? null : String(skip === true ? "" : skip),
      inSubtests: error?.failureType === "subtestsFailed",
      error: error === undefined ? null : String(error.cause?.stack ?? error.stack ?? error),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}
