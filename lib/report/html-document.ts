/** The frame of every page that is written here: its policy, which admits nothing that is not named, its style and its title. */
import { escapeHtml } from "./escape";

export interface HtmlDocument {
  title: string;
  /** Directives of the Content-Security-Policy for scripts and workers; none in a page without scripts. */
  scripts: readonly string[];
  /** Where pictures come from. */
  pictures: string;
  style: string;
  /** Safe HTML: everything between `<body>` and `</body>`. */
  body: string;
}

export function htmlDocument({ title, scripts, pictures, style, body }: HtmlDocument): string {
  const directives = [
    "default-src 'none'",
    ...scripts,
    "style-src 'unsafe-inline'",
    `img-src ${pictures}`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${directives.join("; ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
