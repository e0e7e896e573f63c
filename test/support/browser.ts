/** A headless Chromium for tests: the system's, or the one PAGEBLOCK_CHROMIUM names. */
import { existsSync } from "node:fs";
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

export async function launch(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath: chromiumPath()!,
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
