/** Reads traces of real machines as a stream: one text, or a text for each CPU, which are merged by time. */
import { InputError } from "../../base/errors";
import { outsideLines } from "../../base/outside-file";
import { type LineCounts, RecordReader, type TraceRecord } from "./trace-record";

const FILES_MOST = 1024;

/** Called with every record in the order of time. */
export type RecordHandler = (record: TraceRecord) => boolean;

/** Hands over every record of the texts; what their lines were. */
export async function eachRecord(paths: readonly string[], handler: RecordHandler): Promise<LineCounts> {
  if (paths.length === 0 || paths.length > FILES_MOST)
    throw new InputError(`trace: 1 to ${FILES_MOST} files can be read together: got ${paths.length}`);
  let records = 0;
  const counting: RecordHandler = (record) => {
    records++;
    return handler(record);
  };
  const [only] = paths;
  const counts = paths.length === 1 ? [await oneText(only!, counting)] : await merged(paths, counting);
  const lines = counts.reduce(sumOf);
  if (records === 0) {
    const first = lines.firstPassedOver;
    throw new InputError(
      `${only}: no event of kmem, compaction, cma or vmscan is in its ${lines.lines} lines${first === null ? "" : `; line ${first.line} is ${JSON.stringify(first.text)}`}`,
    );
  }
  return lines;
}

async function oneText(path: string, handler: RecordHandler): Promise<LineCounts> {
  const reader = new RecordReader(path, handler);
  for await (const [line, number] of outsideLines(path)) reader.line(line, number);
  reader.end();
  return reader.counts;
}

/** The records of one text that were read and not yet handed over. */
class Ahead {
  private readonly waiting: TraceRecord[] = [];
  private at = 0;
  private readonly reader: RecordReader;
  private readonly lines: AsyncGenerator<[string, number]>;
  private done = false;

  constructor(path: string) {
    this.reader = new RecordReader(path, (record) => this.waiting.push(record) > 0);
    this.lines = outsideLines(path);
  }

  /** The next record without taking it; undefined at the end. */
  async next(): Promise<TraceRecord | undefined> {
    while (this.at >= this.waiting.length && !this.done) {
      this.waiting.length = this.at = 0;
      const { value, done } = await this.lines.next();
      if (done === true) {
        this.done = true;
        this.reader.end();
      } else this.reader.line(value[0], value[1]);
    }
    return this.waiting[this.at];
  }

  /** Takes the next record. */
  take(handler: RecordHandler): void {
    const record = this.waiting[this.at++]!;
    if (!handler(record)) this.reader.refused(record);
  }

  get counts(): LineCounts {
    return this.reader.counts;
  }
}

/** Records without a time follow the one before them in their text. */
async function merged(paths: readonly string[], handler: RecordHandler): Promise<LineCounts[]> {
  const texts = paths.map((path) => new Ahead(path));
  const times = new Map<Ahead, number>(texts.map((text) => [text, Number.NEGATIVE_INFINITY]));
  for (;;) {
    let first: Ahead | undefined;
    for (const text of texts) {
      const record = await text.next();
      if (record === undefined) continue;
      if (!Number.isNaN(record.seconds)) times.set(text, record.seconds);
      if (first === undefined || times.get(text)! < times.get(first)!) first = text;
    }
    if (first === undefined) return texts.map((text) => text.counts);
    first.take(handler);
  }
}

function sumOf(a: LineCounts, b: LineCounts): LineCounts {
  return {
    lines: a.lines + b.lines,
    otherEvents: a.otherEvents + b.otherEvents,
    passedOver: a.passedOver + b.passedOver,
    firstPassedOver: a.firstPassedOver ?? b.firstPassedOver,
    malformed: a.malformed + b.malformed,
    firstMalformed: a.firstMalformed ?? b.firstMalformed,
    lostPlaces: a.lostPlaces + b.lostPlaces,
    lostEvents: a.lostEvents + b.lostEvents,
    cpusOfMachine: Math.max(a.cpusOfMachine, b.cpusOfMachine),
  };
}
