/** Which parts of a page are as they were made, and whether the results they rest on are identical. */
import { sha256OfShown } from "../../../lib/report/shown-text";

/**
 * `recorded`: SHA-256 and runs of every part; `here`: the parts of the document; `first`: their texts when it was read.
 * A part is changed if it was changed in the file, or since.
 */
export function judgedParts(recorded, here, first) {
  const list = here.slice(0, recorded.length).map(({ element, mark, text }, i) => {
    const { sha256, runs } = recorded[i];
    const asMade =
      first[i] !== undefined &&
      sha256OfShown(first[i].strict) === sha256 &&
      first[i].text === text &&
      mark === runs.join(" ");
    return { element, runs, judge: (verdicts) => judged(asMade, runs, verdicts) };
  });
  return { list, missing: Math.abs(recorded.length - here.length) };
}

function judged(asMade, runs, verdicts) {
  if (!asMade) return { state: "changed", words: "changed after it was made" };
  if (runs.length === 0) return { state: "open", words: "not verified: it rests on no result" };
  const found = runs.map((index) => verdicts[index]);
  const of = (verdict) => found.findIndex((one) => one?.verdict === verdict);
  for (const verdict of ["differs", "changed"])
    if (of(verdict) >= 0) {
      const at = of(verdict);
      const what = verdict === "differs" ? "comes out otherwise" : "was changed after it was made";
      return {
        state: "changed",
        words: `result ${runs[at] + 1}, which this rests on, ${what}: ${found[at].why}`,
      };
    }
  for (const verdict of ["cannot be run", "too long"])
    if (of(verdict) >= 0) {
      const at = of(verdict);
      return { state: "open", words: `not verified: result ${runs[at] + 1}: ${found[at].why}` };
    }
  if (found.some((one) => one === undefined)) return { state: null, words: "" };
  const results = runs.length === 1 ? "its result was" : `its ${runs.length} results were`;
  return { state: "same", words: `as it was made; ${results} computed again: identical` };
}
