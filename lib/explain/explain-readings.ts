/** From readings to answers: one report after the other. */
import type { ExplainAnswer, ReportAnswer, Topic } from "./answer";
import { type Around, areasFinder, NO_AREAS } from "./areas-around";
import { askedBy } from "./asked-by";
import { cmaAllocAnswer, type PartAnswer } from "./cma-answer";
import { cmaReservationAnswer } from "./cma-reservation";
import { harmOf } from "./harmless";
import { hugetlbAnswer } from "./hugetlb-answer";
import { type AreaMap, areaMapOf, machineReader } from "./map-search";
import { memcgCauses, memcgRemedies } from "./memcg-answer";
import { missingOf, RELEASE } from "./missing";
import { noticeAnswer } from "./notices";
import { asOneMachine, type DraftAnswer } from "./one-machine";
import { capital } from "./quantities";
import type { Place, Reading } from "./reading";
import { remediesIfHarmless, remediesOf } from "./remedies";
import { type Asked, askedOf, kernelOf } from "./request";
import { bootAnswer, stateAnswer, traceAnswer } from "./state-answer";
import type { InputText } from "./text-lines";
import { openReasons, type VerdictOf, verdictOf } from "./verdict";
import { type JudgedZone, judgeZones } from "./zone-words";

/** A report with what its pictures are drawn from. */
export interface ExplainedReport {
  reading: Reading;
  asked: Asked;
  zones: readonly JudgedZone[];
  answer: ReportAnswer;
}

const placeOf = ({ source, first, last }: Place) => ({ source, first, last });

/** Answers to all reports of some texts. A map of memory in one of them serves those of the same texts. */
export function explainReadings(
  readings: readonly Reading[],
  inputs: readonly InputText[] = [],
): ExplainedReport[] {
  const maps = mapFinder(readings, inputs);
  const areas = areasFinder(readings);
  const stateFor = stateFinder(readings);
  const areaBytes = areaSizes(readings);
  const drafts = readings.map((reading) => {
    const refused = isRefused(reading);
    const lent = refused && reading.zones.length === 0 ? stateFor(reading) : null;
    const around = { map: refused ? null : maps(reading), areas: areas(reading) };
    return draftOf(withAreaBytes(reading, areaBytes), around, lent);
  });
  const answers = asOneMachine(drafts.map(({ answer }) => answer));
  return drafts.map((draft, i) => ({ ...draft, answer: answers[i]! }));
}

/** The size of the area of a name, or of any area, as lines of the boot tell it; null if they tell of several sizes, or of none. */
type AreaSizes = (named: string | null) => number | null;

function areaSizes(readings: readonly Reading[]): AreaSizes {
  const all = new Set<number | null>();
  const byName = new Map<string | null, Set<number | null>>();
  for (const { cma } of readings)
    for (const { event, area, bytes } of cma) {
      if (event !== "reserved") continue;
      all.add(bytes);
      const sizes = byName.get(area);
      if (sizes) sizes.add(bytes);
      else byName.set(area, new Set([bytes]));
    }
  return (named) => {
    const own = named === null ? [all] : [byName.get(null), byName.get(named)];
    // Of several areas none is known to be the one that refused.
    const sizes = new Set(own.flatMap((some) => (some === undefined ? [] : [...some].slice(0, 2))));
    const [bytes] = sizes;
    return sizes.size === 1 ? bytes! : null;
  };
}

/** A refusal by an area whose size only the lines of the boot tell. */
function withAreaBytes(reading: Reading, areaBytes: AreaSizes): Reading {
  const { kind, totals } = reading;
  if (kind !== "cma-alloc-failure" || totals.CmaTotal !== undefined) return reading;
  const bytes = areaBytes(reading.cma.find(({ area }) => area !== null)?.area ?? null);
  return bytes === null ? reading : { ...reading, totals: { ...totals, CmaTotal: bytes } };
}

const isRefused = ({ kind }: Reading) => kind === "page-allocation-failure" || kind === "oom";

/** Memory as another part of the texts shows it, for a report that was cut before its own: of the same text if possible. */
function stateFinder(readings: readonly Reading[]): (reading: Reading) => Reading | null {
  const states = readings.filter(({ kind, zones }) => kind === "memory-state" && zones.length > 0);
  const bySource = firstBySource(states);
  return ({ place }) => bySource.get(place.source) ?? states[0] ?? null;
}

/** The first reading of each text. */
function firstBySource(readings: readonly Reading[]): Map<string, Reading> {
  const found = new Map<string, Reading>();
  for (const reading of readings) {
    const { source } = reading.place;
    if (!found.has(source)) found.set(source, reading);
  }
  return found;
}

/** The JSON of all answers. */
export function answerJson(
  reports: readonly ExplainedReport[],
  passedOver: readonly Place[],
  topics: readonly Topic[],
): ExplainAnswer {
  return {
    format: 1,
    reports: reports.map(({ answer }) => answer),
    passedOver: passedOver.map(placeOf),
    topics: [...topics],
  };
}

/** The map of a reading itself or, without one, of its text; each is made once, since a log may hold many reports. */
function mapFinder(
  readings: readonly Reading[],
  inputs: readonly InputText[],
): (reading: Reading) => AreaMap | null {
  const listing = readings.filter(({ kind, boot }) => kind === "boot-memory" && boot.ram.length > 0);
  const listedIn = firstBySource(listing);
  const readers = new Map([...inputs].reverse().map(({ name, text }) => [name, machineReader(text)]));
  const made = new Map<string, AreaMap | null>();
  const mapIn = (source: string, from: Reading): AreaMap | null => {
    const { release } = kernelOf(from);
    const key = `${release}\n${from.arch}\n${source}`;
    const readMachine = readers.get(source);
    if (!made.has(key)) made.set(key, readMachine === undefined ? null : areaMapOf(readMachine, from));
    return made.get(key)!;
  };
  return (reading) => {
    const own = reading.boot.ram.length > 0 ? reading : listedIn.get(reading.place.source);
    const from = own ?? (listing.length === 1 ? listing[0] : undefined);
    if (from === undefined) return null;
    // Files of one folder are one reading: one of its parts lists the ranges.
    const parts = [from, ...(listing.length === 1 ? listing : [])].flatMap((one) => [
      one.place,
      ...one.parts,
    ]);
    for (const source of new Set(parts.map((part) => part.source))) {
      const map = mapIn(source, from);
      if (map !== null) return map;
    }
    return null;
  };
}

/** The answer to one report alone. */
export function explainReading(
  own: Reading,
  around: Around = { map: null, areas: NO_AREAS },
  lent: Reading | null = null,
): ExplainedReport {
  const draft = draftOf(own, around, lent);
  return { ...draft, answer: asOneMachine([draft.answer])[0]! };
}

interface DraftReport extends Omit<ExplainedReport, "answer"> {
  answer: DraftAnswer;
}

function draftOf(own: Reading, around: Around, lent: Reading | null): DraftReport {
  const reading = lent === null ? own : withState(own, lent);
  const asked = askedOf(reading);
  const zones = judgeZones(reading, asked);
  const by = askedBy(reading.stack, reading.task);
  const refused = isRefused(reading);
  const part = refused
    ? refusedAnswer({ reading, asked, by, zones, areas: around.areas })
    : otherAnswer({ reading, asked, by, zones, areas: around.areas }, around);
  if (lent !== null) part.verdict.unshift(lentSentence(lent.place));
  const answer: DraftAnswer = {
    kind: reading.kind,
    place: placeOf(reading.place),
    release: reading.release,
    rules: { release: asked.kernel.series, notes: zones.length > 0 || refused ? asked.kernel.notes : [] },
    order: asked.order,
    bytes: asked.bytes,
    gfp: {
      text: asked.gfpKnown ? asked.text : null,
      flags: asked.gfpKnown ? asked.gfp.flags : [],
      words: asked.gfpKnown ? asked.inWords : null,
    },
    askedBy:
      reading.stack.length === 0 && reading.task === null
        ? null
        : { who: by.who, function: by.function, module: by.module },
    zones: zones.map((zone) => zone.answer),
    ...part,
    times: 1,
    sameAs: null,
  };
  return { reading, asked, zones, answer };
}

function withState(reading: Reading, state: Reading): Reading {
  const { zones, nodes, totals, pageblockOrder } = state;
  return {
    ...reading,
    zones,
    nodes,
    totals,
    pageblockOrder,
    pageBytes: state.pageBytes ?? reading.pageBytes,
    assumed: state.assumed,
    arch: reading.arch ?? state.arch,
  };
}

const lentSentence = ({ source, first, last }: Place) =>
  `The report ends before its own Mem-Info: the zones are those of ${source}, lines ${first} to ${last}, as such a request would find them there.`;

function refusedAnswer(of: VerdictOf): PartAnswer {
  const { reading, asked, by, zones } = of;
  const harm = harmOf(reading, asked, by);
  const limited = reading.oom?.memcg === true;
  const verdict = [
    ...constraint(reading),
    ...(limited ? [] : verdictOf(of)),
    ...(harm.sentence === null ? [] : [harm.sentence]),
  ].map(capital);
  return {
    reasons: limited ? [] : openReasons(zones),
    verdict,
    harmless: harm.harmless,
    remedies: limited
      ? memcgRemedies(reading.oom!)
      : harm.harmless === true
        ? remediesIfHarmless(of)
        : remediesOf(of),
    missing: limited ? [] : missingOf(reading),
  };
}

/** What limited the request of an OOM report beside memory. */
function constraint({ oom, nodemask, memsAllowed }: Reading): string[] {
  if (oom === null) return [];
  if (oom.memcg || oom.constraint === "CONSTRAINT_MEMCG") return memcgCauses(oom);
  if (oom.constraint === "CONSTRAINT_CPUSET")
    return [
      `The cpuset allows only nodes ${memsAllowed ?? "of its own"}; memory of other nodes did not count.`,
    ];
  if (oom.constraint === "CONSTRAINT_MEMORY_POLICY")
    return [
      `The memory policy of the process allows only nodes ${nodemask ?? "of its own"}; memory of other nodes did not count.`,
    ];
  return [];
}

function otherAnswer(of: VerdictOf, around: Around): PartAnswer {
  const { map } = around;
  const { reading, asked } = of;
  const release = reading.release === null ? [RELEASE] : [];
  const withRelease = (part: PartAnswer): PartAnswer => ({ ...part, missing: [...part.missing, ...release] });
  switch (reading.kind) {
    case "cma-alloc-failure":
      return withRelease(cmaAllocAnswer(reading, around));
    case "cma-reservation":
      return withRelease(cmaReservationAnswer(reading, around));
    case "hugetlb":
      return hugetlbAnswer(reading, asked.kernel.series, around);
    case "boot-memory":
      return bootAnswer(reading, map);
    case "notice":
      return withRelease({ reasons: [], missing: [], ...noticeAnswer(reading) });
    case "trace":
      return traceAnswer(reading);
    default:
      return stateAnswer(of);
  }
}
