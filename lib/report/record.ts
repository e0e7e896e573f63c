/**
 * The record of a write-up: everything needed to run it again and to see that nothing in it was changed. Pages and PDF
 * files carry it inside, Markdown beside; `pageblock verify` reads it. Plain JSON, packed with gzip inside pages.
 */
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { InputError } from "../base/errors";
import { CHUNK_BYTES } from "../base/packing";
import type { Run } from "../chart/figure";
import { packageVersion } from "./provenance";
import { safeJson } from "./safe-json";
import { type ShownPart, shownOf } from "./shown-text";
import type { WriteUp } from "./write-up";

export interface WriteUpRecord {
  format: 1;
  title: string;
  /** Versions it was made with. */
  pageblock: string;
  node: string;
  runs: Run[];
  resultsSha256: string;
  sourceSha256: string;
  /** SHA-256 of the page without this record. */
  page: string;
  /** SHA-256 of the files beside the page, by their path from it. */
  files: Record<string, string>;
  /** Of a page that can verify itself: what it shows. */
  shown?: { page: string; parts: ShownPart[] } | undefined;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z.strictObject({
  format: z.literal(1),
  title: z.string(),
  pageblock: z.string(),
  node: z.string(),
  runs: z.array(z.strictObject({ plan: z.unknown(), result: z.unknown(), sha256: z.string() })),
  resultsSha256: sha256,
  sourceSha256: sha256,
  page: sha256,
  files: z.record(z.string(), sha256),
  shown: z
    .strictObject({
      page: sha256,
      parts: z.array(z.strictObject({ sha256, runs: z.array(z.number().int().nonnegative()) })),
    })
    .optional(),
});

/** Larger than any write-up of ours by far; a small file may unpack to more than the memory holds. */
const UNPACKED_MAX = 64 * 2 ** 20;

/** Lower-case hexadecimal SHA-256 of a file's content. */
export function sha256OfBytes(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export function recordOf(
  writeUp: WriteUp,
  page: string | Uint8Array,
  files: ReadonlyMap<string, string | Uint8Array> = new Map(),
): WriteUpRecord {
  const { title, runs, resultsSha256, sourceSha256 } = writeUp;
  const beside = Object.fromEntries([...files].map(([name, content]) => [name, sha256OfBytes(content)]));
  return {
    ...{ format: 1, title, pageblock: packageVersion(), node: process.version, runs },
    ...{ resultsSha256, sourceSha256, page: sha256OfBytes(page), files: beside },
  };
}

/** Keys keep their order: the fields that a sweep varies are varied in theirs. */
export const recordText = (record: WriteUpRecord): string => JSON.stringify(record);

/** The record in `text`; throws InputError naming `file` when it is none. */
export function parseRecord(text: string, file: string): WriteUpRecord {
  const parsed = schema.safeParse(safeJson(text, file, "the record of a write-up"));
  if (parsed.success) return parsed.data as WriteUpRecord;
  const issue = parsed.error.issues[0]!;
  throw new InputError(
    `${file}: the record of a write-up: ${issue.path.map(String).join(".") || "top level"}: ${issue.message}`,
  );
}

const OPEN = '<script type="application/gzip+base64" class="pageblock-record">';
const CLOSE = "</script>";
/** Where a page's record will stand; the SHA-256 of the page is that of the page with this. */
export const RECORD_SLOT = `${OPEN}${CLOSE}`;

/** `page`, which holds one RECORD_SLOT, with the record in it; `files` lie beside it. `live`: the page verifies itself. */
export function pageWithRecord(
  writeUp: WriteUp,
  page: string,
  files: ReadonlyMap<string, Uint8Array> = new Map(),
  live = false,
): string {
  const record = { ...recordOf(writeUp, page, files), ...(live && { shown: shownOf(page, RECORD_SLOT) }) };
  const packed = gzipSync(recordText(record), { level: 9 }).toString("base64");
  return page.replace(RECORD_SLOT, () => `${OPEN}${packed}${CLOSE}`);
}

/** The record of a page, and the page without it. Throws InputError when it has none, two, or one that is damaged. */
export function recordOfPage(html: string, file: string): { record: WriteUpRecord; page: string } {
  const start = html.indexOf(OPEN);
  const end = html.indexOf(CLOSE, start);
  if (start < 0 || end < 0)
    throw new InputError(
      `${file}: holds no record of a write-up: it was not written by \`pageblock export\`, or it was cut off`,
    );
  if (html.indexOf(OPEN, end) >= 0)
    throw new InputError(`${file}: must hold one record of a write-up: has two`);
  const packed = html.slice(start + OPEN.length, end);
  const bytes = Buffer.from(packed, "base64");
  // Signs that are no base64 are passed over by the reader of it: the page would be another one and pass.
  if (bytes.toString("base64") !== packed)
    throw new InputError(
      `${file}: the record of the write-up is damaged: it is not the base64 that was written`,
    );
  const text = unpacked(bytes, file);
  return { record: parseRecord(text, file), page: html.slice(0, start + OPEN.length) + html.slice(end) };
}

function unpacked(packed: Uint8Array, file: string): string {
  try {
    return gunzipSync(packed, { maxOutputLength: UNPACKED_MAX, chunkSize: CHUNK_BYTES }).toString("utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "ERR_BUFFER_TOO_LARGE" ? `unpacks to more than ${UNPACKED_MAX / 2 ** 20} MiB` : message;
    throw new InputError(`${file}: the record of the write-up is damaged: ${why}`);
  }
}
