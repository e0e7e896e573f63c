/**
 * The texts of one call are those of one machine. It has every setting once, so reports that ask for different values of
 * one setting get the largest that is needed; and one event that was reported many times is one event.
 */
import { largestOf, leastOf } from "../base/extremes";
import type { Remedy, ReportAnswer, Setting, ValuedRemedy } from "./answer";

/** An answer before the settings of the machine are brought together. */
export interface DraftAnswer extends Omit<ReportAnswer, "remedies"> {
  remedies: ValuedRemedy[];
}

/** The value of every setting that reports ask for, as the remedy that says so. */
interface Settled {
  remedy: ValuedRemedy;
  setting: Setting;
}

/** The answers with one value per setting, and with how often each event is told. */
export function asOneMachine(answers: readonly DraftAnswer[]): ReportAnswer[] {
  const settled = settledOf(answers);
  const events = new Map<string, { first: number; times: number }>();
  const eventOf = answers.map((answer, i) => {
    const key = eventKey(answer);
    const event = events.get(key) ?? { first: i, times: 0 };
    event.times++;
    events.set(key, event);
    return event;
  });
  return answers.map((answer, i) => {
    const { first, times } = eventOf[i]!;
    return { ...withSettings(answer, settled), times, sameAs: first === i ? null : first };
  });
}

/** The same request, by the same caller, refused for the same reasons, is one event; its numbers differ from time to time. */
function eventKey(answer: DraftAnswer): string {
  const { place: _place, ...same } = answer;
  const { kind, release, order, gfp, askedBy, reasons, harmless, zones } = answer;
  if ((kind !== "page-allocation-failure" && kind !== "oom") || zones.length === 0)
    return JSON.stringify(same);
  const refused = zones.map((zone) => [zone.node, zone.name, zone.allowed, zone.reasons]);
  return JSON.stringify([kind, release, order, gfp, askedBy, reasons, harmless, refused]);
}

function settledOf(answers: readonly DraftAnswer[]): Map<string, Settled> {
  const byName = new Map<string, Settled[]>();
  for (const { remedies } of answers)
    for (const remedy of remedies) {
      const { setting } = remedy;
      if (setting === undefined) continue;
      const asked = byName.get(setting.name);
      if (asked) asked.push({ remedy, setting });
      else byName.set(setting.name, [{ remedy, setting }]);
    }
  return new Map(Array.from(byName, ([name, asked]) => [name, largest(asked)]));
}

/** The largest value asked for that is no larger than what the machine has room for. */
function largest(asked: readonly Settled[]): Settled {
  const most = leastOf(asked.map(({ setting }) => setting.most ?? Infinity));
  const had = asked.filter(({ setting }) => setting.values.every((value) => value <= most));
  const first = (had.length > 0 ? had : asked).reduce((a, b) =>
    total(b.setting.values) > total(a.setting.values) ? b : a,
  );
  const { write } = first.setting;
  const lists = asked.map(({ setting }) => setting.values);
  if (write === undefined || lists.some(({ length }) => length !== first.setting.values.length)) return first;
  const values = first.setting.values.map((_, i) => largestOf(lists.map((list) => list[i]!)));
  return { remedy: { ...first.remedy, how: write(values) }, setting: { ...first.setting, values } };
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

function withSettings(answer: DraftAnswer, settled: ReadonlyMap<string, Settled>): DraftAnswer {
  const told = new Set<string>();
  const verdict = [...answer.verdict];
  const remedies = answer.remedies.flatMap((remedy): Remedy[] => {
    const { setting, silences: _silences, ...own } = remedy;
    if (setting === undefined) return [own];
    const { name, values } = setting;
    const one = settled.get(name)!;
    if (`${values}` === `${one.setting.values}`) {
      told.add(name);
      return [own];
    }
    if (setting.yields !== undefined) {
      verdict.push(setting.yields);
      return [];
    }
    if (told.has(name)) return [];
    told.add(name);
    const { setting: _setting, silences: _quiet, ...shared } = one.remedy;
    return [shared];
  });
  return { ...answer, verdict, remedies };
}
