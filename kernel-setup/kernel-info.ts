/** What the notebook kernel tells front ends about itself. */
import ts from "typescript";
import type { KernelLanguage } from "./kernelspec";
import { packageManifest } from "./package-resolution";
import { tslabVersion } from "./tslab-internals";
import { PROTOCOL_VERSION } from "./wire";

/** How each language is shown and stored. */
const LANGUAGE_INFO = {
  typescript: {
    name: "typescript",
    mimetype: "text/typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: { name: "javascript", mode: "typescript", typescript: true },
  },
  javascript: {
    name: "javascript",
    mimetype: "text/javascript",
    file_extension: ".js",
    pygments_lexer: "javascript",
    codemirror_mode: "javascript",
  },
} as const;

export function kernelInfo(language: KernelLanguage = "typescript") {
  const { name, version } = packageManifest();
  return {
    status: "ok",
    protocol_version: PROTOCOL_VERSION,
    implementation: name,
    implementation_version: version,
    language_info: { ...LANGUAGE_INFO[language], version: ts.version, nbconvert_exporter: "script" },
    banner: `${name} ${version}: TypeScript ${ts.version}, displays of tslab ${tslabVersion}, Node ${process.version}`,
    debugger: true,
    supported_features: ["debugger"],
    help_links: [],
  };
}
