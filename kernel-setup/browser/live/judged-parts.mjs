/** Which parts of a page are as they were made, and whether the results they rest on are identical. */
import { judgedPart } from "../../../lib/report/judged-part";
import { sha256OfShown } from "../../../lib/report/shown-text";

/**
 * `recorded`: SHA-256 and runs of every part; `here`: the parts of the document; `first`: their texts and names when it was read.
 * A part is changed if it was changed in the file, or since.
 */
export function judgedParts(recorded, here, first) {
  const list = here.slice(0, recorded.length).map(({ element, mark, text }, i) => {
    const { sha256, runs } = recorded[i];
    const asMade =
      first.parts[i] !== undefined &&
      sha256OfShown(first.parts[i].strict) === sha256 &&
      first.parts[i].text === text &&
      mark === runs.join(" ");
    const name = first.names[i] ?? `part ${i + 1}`;
    return { element, runs, name, judge: (verdicts) => judgedPart(asMade, runs, verdicts) };
  });
  return { list, missing: Math.abs(recorded.length - here.length) };
}
