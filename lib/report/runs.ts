/** Where an output's bundle keeps the runs it was computed from: `{ runs: [{ plan, result, sha256 }] }`. */
export const RUNS_MIME = "application/vnd.pageblock.result+json";
