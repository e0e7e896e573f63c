/** What the pages of the site that are no write-ups have in common: policy, style, head. */
import { htmlDocument } from "./html-document";
import { STYLE } from "./style";

/** `csp`: the hash of the page's only script, which may start workers. */
export interface SitePage {
  title: string;
  style: string;
  body: string;
  script?: { html: string; csp: string };
}

/** The whole page; `body` and the script are safe HTML. */
export function sitePage({ title, style, body, script }: SitePage): string {
  return htmlDocument({
    title,
    scripts: script === undefined ? [] : [`script-src '${script.csp}'`, "worker-src blob:"],
    pictures: "data:",
    style: `${STYLE}.sheet{display:block;max-width:76rem}${style}`,
    body: `<main class="sheet">\n${body}\n</main>\n${script?.html ?? ""}`,
  });
}
