/** docs/fidelity.md's tables of releases, drawn from the tables of switches. `UPDATE_TABLES=1 node test/run.mjs docs/allocator` writes them. */
import { BOOT_RULES } from "../../lib/hardware/kernel-boot-rules";
import { KERNEL_RELEASES, valueIn } from "../../lib/hardware/kernel-release";
import type { Arrival, KernelSwitch, SwitchValue } from "../../lib/hardware/kernel-switch";
import { ALLOCATOR_SWITCHES, MODELLED_KERNELS } from "../../lib/hardware/kernel-switches";

/** First column's heading → the table it heads. */
export const RELEASE_TABLES: Readonly<Record<string, Readonly<Record<string, KernelSwitch>>>> = {
  switch: ALLOCATOR_SWITCHES,
  rule: BOOT_RULES,
};

const shown = (value: SwitchValue) => (value === true ? "yes" : value === false ? "no" : String(value));
const dated = ({ release, known }: Arrival) => (known ? release : `about ${release}`);

/** The lines of one table. */
export function releaseTable(heading: string): string[] {
  const columns = MODELLED_KERNELS.map(({ standsFor }) => standsFor);
  return [
    `| ${heading} | ${columns.join(" | ")} | in mainline since |`,
    `|${"---|".repeat(columns.length + 2)}`,
    ...Object.entries(RELEASE_TABLES[heading]!).map(([name, s]) => {
      const values = KERNEL_RELEASES.map((release) => shown(valueIn(s, release)));
      const since = s.values.map(([, arrival]) => dated(arrival)).join(", ");
      return `| \`${name}\` | ${values.join(" | ")} | ${since} |`;
    }),
  ];
}

/** `text` with its table under `heading` replaced. */
export function withReleaseTable(text: string, heading: string): string {
  const lines = text.split("\n");
  const from = lines.findIndex((l) => l.startsWith(`| ${heading} | 4.17`));
  if (from < 0) throw new Error(`there is no table of a ${heading}`);
  let to = from;
  while (lines[to]?.startsWith("|")) to++;
  return [...lines.slice(0, from), ...releaseTable(heading), ...lines.slice(to)].join("\n");
}
