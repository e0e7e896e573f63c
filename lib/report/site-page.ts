/** What the pages of the site that are no write-ups have in common: policy, style, head. */
import { escapeHtml } from "./escape";
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
  const policy = [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src '${script.csp}'`, "worker-src blob:"]),
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${STYLE}.sheet{display:block;max-width:76rem}${style}</style>
</head>
<body>
<main class="sheet">
${body}
</main>
${script?.html ?? ""}
</body>
</html>
`;
}
