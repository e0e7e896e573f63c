/** Parses untrusted JSON, and refuses it if it could harm its reader. */
import { at, errorOf, InputError } from "../base/errors";
import { refuseHarmfulKeys } from "../base/harmful-keys";
import { isDeeperThan, valuesIn } from "../base/json-depth";

/** Deeper JSON would exhaust the stack of recursive readers; notebooks and figures are far below. */
const DEPTH_MAX = 200;
/** As objects they take some hundred megabytes; the largest of our notebooks has a hundredth of it. */
const VALUES_MAX = 4_000_000;

/**
 * The value of `json`, the content of `file`; `what` describes it in messages. Throws InputError that names the file.
 */
export function safeJson(json: string, file: string, what: string): unknown {
  if (isDeeperThan(json, DEPTH_MAX + 1))
    throw new InputError(`${at(file)}: ${what}: JSON must be at most ${DEPTH_MAX} levels deep`);
  const values = valuesIn(json);
  if (values > VALUES_MAX)
    throw new InputError(`${at(file)}: ${what}: JSON may have ${VALUES_MAX} values: got up to ${values}`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(`${at(file)}: ${what} must be JSON: ${errorOf(error).message.split("\n")[0]}`);
  }
  refuseHarmfulKeys(value, `${at(file)}: ${what}`);
  return value;
}
