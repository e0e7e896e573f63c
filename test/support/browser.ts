/** A headless Chromium for tests: the system's, or the one PAGEBLOCK_CHROMIUM names. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { Browser } from "playwright-core";

const PLACES = [
  process.env.PAGEBLOCK_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Path of a Chromium, or undefined where there is none. */
export const chromiumPath = (): string | undefined =>
  PLACES.find((p) => p !== undefined && p !== "" && existsSync(p));

/** For `skip` of a test: false when a browser is there. */
export const noChromium = (): string | false =>
  chromiumPath() === undefined ? "no Chromium: install the package chromium" : false;

/** Reports of crashes and settings of the desktop go here, not into the home directory: a profile of its own does not move them. */
let settings: string | undefined;
process.once("exit", () => {
  if (settings !== undefined) rmSync(settings, { recursive: true, force: true });
});

export async function launch(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  settings ??= mkdtempSync(join(tmpdir(), "pageblock-browser-"));
  return chromium.launch({
    executablePath: chromiumPath()!,
    env: { ...process.env, XDG_CONFIG_HOME: settings, XDG_CACHE_HOME: settings },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A browser and a folder for the tests of a file; `skip`: for tests that need the browser. */
export function browserSuite(prefix: string) {
  const skip = noChromium();
  const scratch = mkdtempSync(join(tmpdir(), prefix));
  let browser: Browser | undefined;
  before(async () => {
    if (!skip) browser = await launch();
  });
  after(async () => {
    await browser?.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  return {
    skip,
    scratch,
    get browser(): Browser {
      return browser!;
    },
  };
}
