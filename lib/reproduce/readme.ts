/** README.md of a folder: what the script does, takes and needs, and what it leaves out. */
import { formatSize, KiB } from "../base/units";
import type { Amounts } from "./amounts";
import type { LeftOut } from "./left-out";

/** What each share is made of, in the order of the table. */
const MEANS: readonly (readonly [keyof Amounts["shares"], string])[] = [
  [
    "anon",
    "`anon.c`: memory is mapped and touched; pieces of 16 pages at random are unmapped and mapped again",
  ],
  ["holes", "`anon.c`: single pages at random places are given back, so that free memory is scattered"],
  ["file", "`files.c`: files are written below the scratch folder and read, some stay dirty"],
  ["pipe", "`pipes.c`: pages in pipes, which do not move; they stand for slab, kernel stacks and drivers"],
  ["socket", "`sockets.c`: bytes sent through pairs of local sockets and not read"],
  ["table", "`tables.c`: one page is read of each range of a large mapping, so that it needs a page table"],
  [
    "dentry",
    "`dentries.c`: names are looked up that do not exist; if the file system keeps none, empty files",
  ],
  ["pins", "`pins.c`: buffers registered with io_uring; if that is refused, pages in pipes through vmsplice"],
  ["left", "`ask.c`: what the request may take"],
];

/** The text of README.md. Of the plan only numbers, names of fields, and what is said of its change are in it. */
export function readmeOf(
  { planHash, settings, shares, scaled }: Amounts,
  without: readonly LeftOut[],
): string {
  const { MEMORY_KIB: memory = 0, HOLD_SECONDS: seconds = 0, FLOOR_KIB: floor = 0 } = settings;
  return `# A plan of pageblock on a real machine

\`sh run.sh\` brings this machine into a state that is comparable with that of the plan, and measures it.

| | |
| --- | --- |
| plan | \`${planHash}\` (plan.json) |
| memory | ${memory === 0 ? "a quarter of MemAvailable" : formatSize(memory * KiB)}; \`--memory MIB\` changes it; never more than half of MemAvailable |
| floor | ${floor === 0 ? "a quarter of MemAvailable at the start" : formatSize(floor * KiB)}; the script ends if MemAvailable falls below it |
| time | the state is held for ${seconds} s; \`--seconds N\` changes it. To compile and to take the memory comes on top |
| needs | Linux with MemAvailable in /proc/meminfo, sh, cc, mktemp, sleep, getconf, grep, and free space of twice the file memory |
| root | not needed. As root more is read (pagetypeinfo, slabinfo). Only \`--root-allowed\` changes settings |

## What is made

Shares of the memory that the script may use, which stands for the memory of the plan's machine.

| share | how |
| --- | --- |
${MEANS.map(([name, how]) => `| ${(100 * shares[name]).toFixed(2)} % | ${how} |`).join("\n")}
${scaled < 1 ? `\nThe plan's state was scaled down to ${(100 * scaled).toFixed(1)} %, so that a sixteenth of the memory is left to the request.\n` : ""}
All programs start together, so that their requests mix as those of a machine do. Each checks the limits again, ends with
the script however that ends, and has a time limit of its own. On INT, TERM and at the end the script ends each of its
programs by its process id and removes its scratch folder.

\`--root-allowed\` sets the plan's sysctls, sets the pool of huge pages if the plan asks for hugetlb, counts
mm_page_alloc_extfrag in a trace instance of its own, and asks CMA through debugfs. It puts all of this back.

Nothing is written but the scratch folder and the results, both below this folder unless options say otherwise.
Nothing is sent over a network.

## What is measured

\`results/steps/\` has a folder for each moment: before, filled, during, asked, held, after. Each holds copies of the
machine's files in the layout of pageblock's snapshots, so that \`pageblock show\`, \`explain\` and \`advise\` read it.
\`holders.txt\` has a line for each program: name, process id, and KiB of resident, huge, page-table and pinned memory.
\`results/holders/\` has what the programs report, \`results/notes.txt\` what was refused or left out.

\`pageblock reproduce --read\` with this folder puts the machine's figures beside those of the model (model.json).

## What is not reproduced

${without.map(({ part, why }) => `- \`${part}\`: ${why}`).join("\n")}
- the state of a machine that is nearly full: the script uses at most half of what is available. A virtual machine of
  the size of the plan comes nearer
- the place of each page, and the order of free lists
- CMA: user space cannot ask for it. As root, with \`--root-allowed\` and CONFIG_CMA_DEBUGFS, the script asks through
  \`/sys/kernel/debug/cma/*/alloc\`
`;
}
