/** Prints an HTML page to PDF, with the Chromium (or Chrome, or Edge) found on this computer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../base/errors";

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
const PRINT_SECONDS_MAX = 120;

/**
 * The one in PAGEBLOCK_CHROMIUM, otherwise the first on the PATH, otherwise one in a usual place. Throws InputError.
 */
export function chromiumPath(): string {
  const named = process.env.PAGEBLOCK_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new InputError(`pdf: PAGEBLOCK_CHROMIUM must name a Chromium: ${named} is not there`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ...ELSEWHERE];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new InputError(
    "pdf: needs Chromium, and none was found: install it (on Debian: apt install chromium), or name one in PAGEBLOCK_CHROMIUM",
  );
}

/** Chromium has no sandbox when it runs as root. The pages it prints contain no script that may run. */
const asRoot = () => (process.getuid?.() === 0 ? ["--no-sandbox"] : []);

/** The PDF of `html`, which must not need the network. Throws a one-line InputError if it cannot be printed. */
export async function printedPdf(html: string): Promise<Uint8Array> {
  const chromium = chromiumPath();
  const folder = mkdtempSync(join(tmpdir(), "pageblock-pdf-"));
  try {
    const page = join(folder, "page.html");
    const pdf = join(folder, "page.pdf");
    writeFileSync(page, html);
    const child = spawn(
      chromium,
      [
        ...["--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        ...asRoot(),
        ...["--no-pdf-header-footer", `--user-data-dir=${join(folder, "profile")}`, `--print-to-pdf=${pdf}`],
        pathToFileURL(page).href,
      ],
      { stdio: ["ignore", "ignore", "pipe"], timeout: PRINT_SECONDS_MAX * 1000 },
    );
    let complained = "";
    child.stderr.on("data", (text) => (complained += text));
    const [status] = await once(child, "close").catch((error: Error) => {
      throw new InputError(`pdf: ${chromium} cannot be started: ${error.message}`);
    });
    if (!existsSync(pdf)) {
      const last = complained.trim().split("\n").pop() || `exit status ${status}`;
      throw new InputError(`pdf: ${chromium} printed nothing: ${last}`);
    }
    return Uint8Array.from(readFileSync(pdf));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
