/** How a reader cites a write-up: one sentence and a BibTeX entry, from the notebook's metadata and its results. */
import { packageVersion } from "./provenance";
import type { WriteUp } from "./write-up";

export interface HowToCite {
  sentence: string;
  bibtex: string;
}

export function howToCite(writeUp: WriteUp): HowToCite {
  const { authors, year, url, doi } = writeUp.citation;
  const made = `pageblock ${packageVersion()}, results SHA-256 ${writeUp.resultsSha256.slice(0, 16)}`;
  const where = doi === undefined ? url : `https://doi.org/${doi}`;
  const who = authors.length === 0 ? "" : `${authors.join(", ")}. `;
  const when = year === undefined ? "" : ` ${year}.`;
  const key = `pageblock-${writeUp.resultsSha256.slice(0, 8)}`;
  const fields: [string, string | undefined][] = [
    ["title", writeUp.title],
    ["author", authors.length === 0 ? undefined : authors.join(" and ")],
    ["year", year],
    ["doi", doi],
    ["url", url],
    ["note", made],
  ];
  const lines = fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name} = {${bibtexText(value!)}},`);
  return {
    sentence: `${who}${writeUp.title}.${when} Write-up of a notebook, ${made}.${where === undefined ? "" : ` ${where}`}`,
    bibtex: [`@misc{${key},`, ...lines, "}"].join("\n"),
  };
}

/** Escapes TeX commands and braces. */
const bibtexText = (text: string) => text.replace(/[\\{}]/g, "").replace(/[#$%&_~^]/g, "\\$&");
