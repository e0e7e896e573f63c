/** What the notebook kernel tells front ends about itself. */
import ts from "typescript";
import { packageManifest } from "./package-resolution";
import { tslabVersion } from "./tslab-internals";
import { PROTOCOL_VERSION } from "./wire";

export function kernelInfo() {
  const { name, version } = packageManifest();
  return {
    status: "ok",
    protocol_version: PROTOCOL_VERSION,
    implementation: name,
    implementation_version: version,
    language_info: {
      name: "typescript",
      version: ts.version,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "javascript", mode: "typescript", typescript: true },
      nbconvert_exporter: "script",
    },
    banner: `${name} ${version}: TypeScript ${ts.version}, displays of tslab ${tslabVersion}, Node ${process.version}`,
    debugger: false,
    help_links: [],
  };
}
