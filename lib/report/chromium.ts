/** Prints an HTML page to PDF, or makes a picture of it, with the Chromium (or Chrome, or Edge) found on this computer. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../base/errors";
import { type Ended, ranWithin } from "./child-program";

const NAMES = [
  ...["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  ...["microsoft-edge", "chrome.exe", "msedge.exe"],
];
const ELSEWHERE = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];
/** A Chromium that works prints a page with many charts on a busy computer within this. */
const PRINT_SECONDS_MAX = 120;
/** It says what it is, and makes its profile, within a second or two: one that does not in this time hangs. */
const ANSWER_SECONDS_MAX = 8;
const PROFILE_SECONDS_MAX = 10;

/** What is made; error messages begin with it. */
type Made = "pdf" | "png";

/**
 * The one in PAGEBLOCK_CHROMIUM, otherwise the first on the PATH, otherwise one in a usual place. Throws InputError.
 */
export function chromiumPath(made: Made = "pdf"): string {
  const named = process.env.PAGEBLOCK_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new InputError(`${made}: PAGEBLOCK_CHROMIUM must name a Chromium: ${named} is not there`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...ELSEWHERE];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new InputError(
    `${made}: needs Chromium, and none was found: install it (on Debian: apt install chromium), or name one in PAGEBLOCK_CHROMIUM`,
  );
}

/** Chromium has no sandbox when it runs as root. The pages it prints contain no script that may run. */
const asRoot = () => (process.getuid?.() === 0 ? ["--no-sandbox"] : []);

/** The PDF of `html`, which must not need the network. Throws a one-line InputError if it cannot be printed. */
export function printedPdf(html: string): Promise<Uint8Array> {
  return made("pdf", html, (file) => ["--no-pdf-header-footer", `--print-to-pdf=${file}`]);
}

/** Pixels of a picture for each pixel of the page: for screens of twice the density, and for print. */
const PIXEL_RATIO = 2;

/** A picture of the upper left corner of `html`, in pixels of the page. Throws like printedPdf(). */
export function picturedPng(html: string, width: number, height: number): Promise<Uint8Array> {
  return made("png", html, (file) => [
    "--hide-scrollbars",
    `--force-device-scale-factor=${PIXEL_RATIO}`,
    `--window-size=${width},${height}`,
    `--screenshot=${file}`,
  ]);
}

async function made(what: Made, html: string, flags: (file: string) => string[]): Promise<Uint8Array> {
  const chromium = chromiumPath(what);
  const folder = mkdtempSync(join(tmpdir(), `pageblock-${what}-`));
  try {
    await checkChromium(what, chromium, folder);
    const page = join(folder, "page.html");
    const file = join(folder, `page.${what}`);
    const profile = join(folder, "profile");
    writeFileSync(page, html);
    const ended = await ranWithin(
      chromium,
      [
        ...["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        ...asRoot(),
        ...[`--user-data-dir=${profile}`, ...flags(file)],
        pathToFileURL(page).href,
      ],
      { seconds: PRINT_SECONDS_MAX, signOfLife: { seconds: PROFILE_SECONDS_MAX, file: profile } },
    );
    if (!existsSync(file)) throw new InputError(`${what}: ${chromium} made nothing: ${reasonOf(ended)}`);
    return Uint8Array.from(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Throws InputError unless the program says that it is a Chromium: any other would be given a page and waited for. */
async function checkChromium(what: Made, chromium: string, folder: string): Promise<void> {
  const args = ["--version", `--user-data-dir=${join(folder, "asked")}`];
  const ended = await ranWithin(chromium, args, { seconds: ANSWER_SECONDS_MAX });
  if (/\b(?:chromium|chrome|edge)\b/i.test(ended.printed)) return;
  // On Windows the program answers nothing; that it ended well must do.
  if (process.platform === "win32" && ended.status === 0) return;
  const said = ended.printed.trim().split("\n")[0]!.slice(0, SHOWN_CHARACTERS);
  const answer = ended.status === 0 ? `it answers ${JSON.stringify(said)}` : reasonOf(ended);
  throw new InputError(`${what}: ${chromium} is no Chromium: asked for its version, ${answer}`);
}

const SHOWN_CHARACTERS = 80;

function reasonOf({ stopped, cannotStart, complained, status }: Ended): string {
  if (cannotStart !== undefined) return `it cannot be started (${cannotStart})`;
  if (stopped !== undefined) return `it was ended after ${stopped} s without an answer`;
  const last = complained.trim().split("\n").pop()!;
  return last === "" ? `exit status ${status}` : last.slice(0, 3 * SHOWN_CHARACTERS);
}
