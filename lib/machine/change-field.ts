/** The field of a machine that holds a change: its source travels in the plan, and its SHA-256 is part of the plan's name. */

import { unknownName } from "../base/errors";
import { type ChangeCode, SOURCE_MOST, sha256OfSource, sourceFault } from "../change/code";
import { POINT_NAMES } from "../change/points";
import { type Field, type Fields, list, type ObjectField, object, optional, text } from "../schema/field";
import { FieldError } from "../schema/place";

const IN_FORCE: Field<readonly string[], readonly string[]> = list(
  "those of its decision points that are in force; the kernel decides the others",
  text("a decision point", { longest: 40 }),
  { least: 1, most: POINT_NAMES.length, default: "all of them" },
);

const CHANGE_FIELDS = {
  name: text("its name, as the source has it", { longest: 60 }),
  sha256: text("SHA-256 of the source, in hexadecimal digits", { longest: 64 }),
  source: text("the module, in TypeScript or JavaScript", { longest: SOURCE_MOST }),
  points: optional(IN_FORCE),
} satisfies Fields;

const EXAMPLE = 'export default change({ name: "tail", listEnd: () => "tail" });\n';

export interface ChangeField extends ObjectField<typeof CHANGE_FIELDS> {}

/** `change "no boost" (1f3a…)`, and its points if not all are in force: what results of a machine with a change are called. */
export function changeWords({
  name,
  sha256,
  points,
}: Pick<ChangeCode, "name" | "sha256" | "points">): string {
  const part = points === undefined ? "" : `, of which only ${points.join(", ")}`;
  return `change ${JSON.stringify(name)} (${sha256.slice(0, 12)})${part}`;
}

/** The note under results; none for the kernel as it is. */
export function changeNotes({ change }: { readonly change?: ChangeCode | undefined }): string[] {
  return change === undefined ? [] : [`The kernel has the ${changeWords(change)}: it is no released kernel.`];
}

/** A change as a plan states it. It is not run here: whoever boots the machine must be allowed to. */
export const CHANGE: ChangeField = object(
  "a change of the kernel as code; a plan file may say `{ file: ./c.ts }`, for commands with `--allow-code`",
  CHANGE_FIELDS,
  {
    flag: "change",
    example: { name: "tail", sha256: sha256OfSource(EXAMPLE), source: EXAMPLE },
    gone: {
      file: "is read from plan files on the command line, with --allow-code; elsewhere use loadChange()",
    },
    refine: (given) => {
      const fault = sourceFault(given.source);
      if (fault !== null) throw new FieldError(["source"], fault);
      const found = sha256OfSource(given.source);
      if (found !== given.sha256)
        throw new FieldError(
          ["sha256"],
          `must be the SHA-256 of the source, ${found}: got ${JSON.stringify(given.sha256)}`,
        );
      given.points?.forEach((point, i) => {
        if (!(POINT_NAMES as string[]).includes(point))
          throw new FieldError(["points", i], unknownName("decision point", point, POINT_NAMES).message);
      });
      return given;
    },
  },
);
