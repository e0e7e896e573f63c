/**
 * A statement on the results of a comparison: a strategy reaches a value, or has more (or less) of something than another. In
 * words: `cma >= 0.5`, `cma > buddy`, `probeThpGranted of cma > buddy`.
 */
import { InputError } from "../base/errors";
import { isObject, readField } from "../schema/check";
import { type Field, filled, number, object, parsed, text } from "../schema/field";

const SHARED = {
  metric: filled(
    text("what is looked at: success, the share of requests granted, or the name of a metric", {
      default: "success",
    }),
  ),
  of: text("the label of the strategy"),
};
const anyNumber = (doc: string) => number(doc, "", { least: -Number.MAX_SAFE_INTEGER });
const by = filled(
  number("by more than this; below 0, also if it is not much less", "", {
    least: -Number.MAX_SAFE_INTEGER,
    default: 0,
  }),
);

const FORMS = {
  atLeast: object("it is at least a value", { ...SHARED, atLeast: anyNumber("the value") }),
  atMost: object("it is at most a value", { ...SHARED, atMost: anyNumber("the value") }),
  moreThan: object("it is more than another strategy's", {
    ...SHARED,
    moreThan: text("the label of the other strategy"),
    by,
  }),
  lessThan: object("it is less than another strategy's", {
    ...SHARED,
    lessThan: text("the label of the other strategy"),
    by,
  }),
} as const;

type Form = keyof typeof FORMS;

/** A checked statement. Exactly one of the last four fields of its form is there. */
export interface Statement {
  metric: string;
  of: string;
  atLeast?: number;
  atMost?: number;
  moreThan?: string;
  lessThan?: string;
  by?: number;
}

interface SharedIn {
  readonly metric?: string;
  readonly of: string;
}
/** A statement as people write it: an object, or text such as `cma > buddy`. */
export type StatementIn =
  | string
  | (SharedIn & { readonly atLeast: number })
  | (SharedIn & { readonly atMost: number })
  | (SharedIn & { readonly moreThan: string; readonly by?: number })
  | (SharedIn & { readonly lessThan: string; readonly by?: number });

export const STATEMENT: Field<Statement, StatementIn, never> = parsed(
  "the statement on the results of the comparison",
  (given: StatementIn): Statement => {
    const value = typeof given === "string" ? inObject(given) : given;
    if (!isObject(value)) throw new InputError(MUST);
    const forms = (Object.keys(FORMS) as Form[]).filter((form) => Object.hasOwn(value, form));
    if (forms.length !== 1) throw new InputError(MUST);
    return readField(FORMS[forms[0]!], value, []) as Statement;
  },
  Object.values(FORMS),
);

const MUST =
  'must name a strategy (of) and have one of atLeast, atMost, moreThan and lessThan, or be text such as "cma >= 0.5" or "cma > buddy"';

/** `metric of label op number or label`. */
const WORDS = /^(?:([\w-]+) of )?(.+?)\s{0,20}(>=|≥|<=|≤|>|<)\s{0,20}(?:[\w-]+ of )?(.+)$/s;
const FORM_OF: Readonly<Record<string, Form>> = {
  ">=": "atLeast",
  "≥": "atLeast",
  "<=": "atMost",
  "≤": "atMost",
  ">": "moreThan",
  "<": "lessThan",
};

function inObject(words: string): Record<string, unknown> {
  const [, metric, of, operator, than] = WORDS.exec(words.trim()) ?? [];
  const form = FORM_OF[operator ?? ""];
  if (form === undefined) throw new InputError(MUST);
  const wantsNumber = form === "atLeast" || form === "atMost";
  const value = wantsNumber ? Number(than) : than;
  if (wantsNumber && !Number.isFinite(value))
    throw new InputError(`${operator} must be followed by a number: got ${than!.slice(0, 40)}`);
  return { ...(metric !== undefined && { metric }), of, [form]: value };
}

/** `success of cma is at least 0.5`. */
export function statementText({
  metric,
  of,
  atLeast,
  atMost,
  moreThan,
  lessThan,
  by = 0,
}: Statement): string {
  const what = metric === "success" ? `the share granted of ${of}` : `${metric} of ${of}`;
  const margin = by === 0 ? "" : ` by ${by}`;
  if (atLeast !== undefined) return `${what} is at least ${atLeast}`;
  if (atMost !== undefined) return `${what} is at most ${atMost}`;
  if (moreThan !== undefined) return `${what} is more than that of ${moreThan}${margin}`;
  return `${what} is less than that of ${lessThan}${margin}`;
}

/** `cma ≥ 0.5`, for a title. */
export function shortStatement({ metric, of, by = 0, ...form }: Statement): string {
  const { atLeast, atMost, moreThan, lessThan } = form;
  const what = metric === "success" ? of : `${metric} of ${of}`;
  const margin = (sign: number) => (by === 0 ? "" : ` ${sign * by > 0 ? "+" : "−"} ${Math.abs(by)}`);
  if (atLeast !== undefined) return `${what} ≥ ${atLeast}`;
  if (atMost !== undefined) return `${what} ≤ ${atMost}`;
  return moreThan !== undefined ? `${what} > ${moreThan}${margin(1)}` : `${what} < ${lessThan}${margin(-1)}`;
}

/** The labels of strategies that a statement is about. */
export function labelsOf({ of, moreThan, lessThan }: Statement): string[] {
  const other = moreThan ?? lessThan;
  return other === undefined || other === of ? [of] : [of, other];
}
