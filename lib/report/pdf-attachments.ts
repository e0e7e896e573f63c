/**
 * Attaches files to a PDF in the form that every PDF reader lists (ISO 32000-1, 7.11.4). They are appended as an
 * incremental update (7.5.6): the original bytes remain, so that a change can be detected.
 */
import { deflateSync, inflateSync } from "node:zlib";
import { InputError } from "../base/errors";

/** One attached file; `packed` is its content, compressed with zlib. */
interface Attachment {
  name: string;
  packed: Buffer;
}

const MARK = "%pageblock-attachments\n";
/** All files together. */
const UNPACKED_MAX = 128 * 2 ** 20;

/** `pdf` with `files` attached. Throws an Error for a PDF without the plain structure that Chromium writes. */
export function withAttachments(
  pdf: Uint8Array,
  files: ReadonlyMap<string, string | Uint8Array>,
): Uint8Array {
  const attachments = [...files].map(([name, content]) => ({ name, packed: deflateSync(content) }));
  return Uint8Array.from(updated(Buffer.from(pdf), attachments));
}

function updated(pdf: Buffer, attachments: readonly Attachment[]): Buffer {
  const { size, root, catalog, info, startxref } = structureOf(pdf.toString("latin1"));
  const parts: Buffer[] = [pdf, Buffer.from(`\n${MARK}`)];
  const offsets = new Map<number, number>();
  let length = parts[0]!.length + parts[1]!.length;
  const put = (number: number, ...content: (string | Buffer)[]) => {
    offsets.set(number, length);
    for (const piece of [`${number} 0 obj\n`, ...content, "\nendobj\n"]) {
      parts.push(Buffer.from(piece as string, "latin1"));
      length += parts.at(-1)!.length;
    }
  };
  attachments.forEach(({ name, packed }, i) => {
    const stream = size + 2 * i;
    const text = pdfText(name);
    put(
      stream,
      `<</Type /EmbeddedFile /Filter /FlateDecode /Length ${packed.length}>>\nstream\n`,
      packed,
      "\nendstream",
    );
    put(stream + 1, `<</Type /Filespec /F ${text} /UF ${text} /EF <</F ${stream} 0 R>>>>`);
  });
  const names = attachments
    .map(({ name }, i) => ({ name, reference: `${pdfText(name)} ${size + 2 * i + 1} 0 R` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ reference }) => reference);
  put(
    root,
    `<<${catalog.slice(2, -2)}\n/Names <</EmbeddedFiles <</Names [${names.join(" ")}]>>>>\n/PageMode /UseAttachments>>`,
  );
  const table = [...offsets]
    .sort(([a], [b]) => a - b)
    .map(([number, offset]) => `${number} 1\n${String(offset).padStart(10, "0")} 00000 n \n`);
  const trailer = `<</Size ${size + 2 * attachments.length} /Root ${root} 0 R${info} /Prev ${startxref}>>`;
  parts.push(Buffer.from(`xref\n${table.join("")}trailer\n${trailer}\nstartxref\n${length}\n%%EOF\n`));
  return Buffer.concat(parts);
}

/** Positions in a PDF with one plain cross-reference table. */
function structureOf(text: string) {
  const trailer = /^trailer\s*<<([\s\S]*?)>>\s*startxref\s+(\d+)\s+%%EOF\s*$/.exec(
    text.slice(Math.max(0, text.lastIndexOf("trailer"))),
  );
  const size = Number(/\/Size (\d+)/.exec(trailer?.[1] ?? "")?.[1]);
  const root = Number(/\/Root (\d+) 0 R/.exec(trailer?.[1] ?? "")?.[1]);
  const at = text.lastIndexOf(`\n${root} 0 obj`);
  const catalog =
    at < 0 ? undefined : text.slice(at, text.indexOf("endobj", at)).replace(/^\n\d+ 0 obj\s*/, "");
  const dictionary = catalog?.trim();
  if (
    trailer === null ||
    !dictionary?.startsWith("<<") ||
    !dictionary.endsWith(">>") ||
    /\/Names\b/.test(dictionary)
  )
    throw new Error("pdf: its structure is not the one expected: nothing can be attached");
  const info = /\/Info \d+ 0 R/.exec(trailer[1]!)?.[0];
  return {
    ...{ size, root, catalog: dictionary, startxref: Number(trailer[2]) },
    info: info === undefined ? "" : ` ${info}`,
  };
}

/** An ASCII name as a PDF string. */
function pdfText(name: string): string {
  return `(${name.replace(/[^\x20-\x7e]/g, "_").replace(/[\\()]/g, "\\$&")})`;
}

const ATTACHED =
  /\d{1,10} 0 obj\n<<\/Type \/EmbeddedFile \/Filter \/FlateDecode \/Length (\d{1,10})>>\nstream\n|\d{1,10} 0 obj\n<<\/Type \/Filespec \/F \(((?:[^\\()]|\\.)*)\)/g;

/** The PDF before files were attached, and the files. Throws InputError that names `file`. */
export function attachmentsOf(
  bytes: Uint8Array,
  file: string,
): { pdf: Uint8Array; files: Map<string, Uint8Array> } {
  const whole = Buffer.from(bytes);
  const end = whole.lastIndexOf(`\n${MARK}`);
  const refused = (why: string) => new InputError(`${file}: ${why}`);
  if (end < 0)
    throw refused(
      "holds no record of a write-up: it was not written by `pageblock export`, or it was cut off",
    );
  const pdf = whole.subarray(0, end);
  const attachments = attachedIn(whole.toString("latin1"), whole, end);
  try {
    if (!updated(pdf, attachments).equals(whole)) throw new Error("changed");
    let left = UNPACKED_MAX;
    const files = attachments.map(({ name, packed }): [string, Uint8Array] => {
      const content = inflateSync(packed, { maxOutputLength: Math.max(1, left) });
      left -= content.length;
      return [name, content];
    });
    return { pdf, files: new Map(files) };
  } catch {
    throw refused("its attachments are damaged, or the PDF was written anew by another program");
  }
}

function attachedIn(text: string, whole: Buffer, start: number): Attachment[] {
  const streams: Buffer[] = [];
  const names: string[] = [];
  ATTACHED.lastIndex = start;
  for (let found = ATTACHED.exec(text); found !== null; found = ATTACHED.exec(text)) {
    const [all, length, name] = found;
    if (length === undefined) names.push(name!.replace(/\\(.)/g, "$1"));
    else {
      const at = found.index + all.length;
      streams.push(whole.subarray(at, at + Number(length)));
      ATTACHED.lastIndex = at + Number(length);
    }
  }
  return streams.slice(0, names.length).map((packed, i) => ({ name: names[i]!, packed }));
}
