/**
 * The words of findings follow from their numbers, with any number of seeds: the cells `findings-verdicts…` hold them as functions, and
 * every branch is tried here.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { groupBy } from "lodash";
import ts from "typescript";

const FOLDER = join(__dirname, "../../notebooks");

interface Cell {
  id: string;
  source: string[];
}

/** Notebooks with such cells: number and source. */
const sources = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => {
      const { cells }: { cells: Cell[] } = JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
      const words = cells.filter(({ id }) => id.startsWith("findings-verdicts"));
      return [name.slice(0, 2), words.map(({ source }) => source.join("")).join("\n")] as const;
    })
    .filter(([, source]) => source !== ""),
);

// biome-ignore lint/suspicious/noExplicitAny: functions of any arguments
type Words = Record<string, (...given: any[]) => unknown>;

/** The functions of a notebook's cells. They use nothing but what stands in them, and lodash. */
function wordsOf(number: string): Words {
  const source = sources.get(number)!;
  const names = [...source.matchAll(/^const (\w+)(?:: [^=]{1,60})? = (?:\(|\{)/gm)].map(([, name]) => name);
  const { outputText } = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  return new Function("groupBy", `${outputText}\nreturn { ${names.join(", ")} };`)(groupBy) as Words;
}

const counts = (granted: number, asked: number) => ({ granted, asked });
const idea = { role: "server", best: 71.2, stock: 58, name: "defrag-mode", moved: "1.8" };

/** Shares granted, with intervals: surely most, surely few, and on either side of a half but not for sure. */
const MORE = { low: 0.8, mid: 0.9, high: 1 };
const LESS = { low: 0, mid: 0.05, high: 0.2 };
const UNSURE_MORE = { low: 0.34, mid: 1, high: 1 };
const UNSURE_LESS = { low: 0, mid: 0, high: 0.66 };
const SHARES = ["11 %", "60 %"];
const sides = (size: string, on: object, off: object) => ({ size, on, off });
const rate = (granted: number, asked: number, high: number | null) => ({ granted, asked, high });

/** Notebook, function, and what it says of which arguments; `…` stands for any words. */
const TRIED: readonly [string, string, readonly (readonly [unknown[], unknown])[]][] = [
  [
    "10",
    "lieVerdict",
    [
      [
        [[role(48, 0), role(51, 2), role(29, 32)]],
        "Where such pages lie decides, not only how many they are",
      ],
      [[[role(48, 0), role(51, 0), role(29, 2)]], "More of such pages, fewer clean ranges"],
    ],
  ],
  [
    "10",
    "groupingVerdict",
    [
      [
        [[sides("2 MiB", UNSURE_LESS, UNSURE_MORE), sides("64 MiB", UNSURE_MORE, UNSURE_LESS)], 2],
        "is seen to help for 64 MiB and to hurt for 2 MiB, not sure with 2 machines",
      ],
      [[[sides("4 MiB", MORE, LESS), sides("64 MiB", MORE, LESS)], 32], "helps for 4 MiB and 64 MiB"],
      [[[sides("4 MiB", MORE, LESS), sides("2 MiB", LESS, MORE)], 32], "helps for 4 MiB; hurts for 2 MiB"],
      [
        [[sides("4 MiB", MORE, LESS), sides("2 MiB", UNSURE_LESS, UNSURE_MORE)], 8],
        "helps for 4 MiB; is seen to hurt for 2 MiB, not sure with 8 machines",
      ],
      [[[sides("4 MiB", MORE, MORE)], 32], "makes no difference that is seen"],
    ],
  ],
  [
    "10",
    "ageVerdict",
    [
      [[MORE, LESS, true, 32], "holds on this server"],
      [[UNSURE_MORE, UNSURE_LESS, true, 2], "seen on this server, not sure with 2 machines"],
      [[MORE, MORE, true, 32], "does not hold here"],
      [[MORE, LESS, false, 32], "does not hold here"],
    ],
  ],
  [
    "10",
    "limitWords",
    [
      [[[MORE, LESS], SHARES, 32], "on most machines up to 11 % and on less than half of them from 60 % on"],
      [[[MORE, MORE], SHARES, 32], "on most machines up to 60 %"],
      [[[LESS, LESS], SHARES, 32], "on less than half of them from 11 % on"],
      [
        [[UNSURE_LESS, UNSURE_LESS], SHARES, 2],
        "on less than half of the machines from 11 % on (seen, not sure with 2 machines)",
      ],
      [
        [[UNSURE_MORE, UNSURE_LESS], SHARES, 2],
        "on half of the machines or more up to 11 % and less from 60 % on (seen, not sure with 2 machines)",
      ],
      [
        [[UNSURE_MORE, UNSURE_MORE], SHARES, 2],
        "on half of the machines or more up to 60 % (seen, not sure with 2 machines)",
      ],
    ],
  ],
  [
    "10",
    "smallVerdict",
    [
      [[true], ["Small requests do not suffer", " That is the reason to ask for nothing larger."]],
      [[false], ["Small requests suffer, too", ""]],
    ],
  ],
  [
    "10",
    "indexVerdict",
    [
      [[1, 0.16], "The unusable index alone misleads"],
      [[1, 0.5], "Compaction hardly changes the unusable index"],
    ],
  ],
  [
    "20",
    "reclaimVerdict",
    [
      [[false, true], "holds only if memory is full"],
      [[false, false], "holds"],
      [[true, true], "does not hold"],
    ],
  ],
  [
    "20",
    "compactionVerdict",
    [
      [[true, false], "holds only if by compaction one means migration"],
      [[true, true], "does not hold"],
      [[false, false], "holds"],
    ],
  ],
  [
    "20",
    "unlessVerdict",
    [
      [["is", true, "enough"], "is enough"],
      [["is", false, "enough"], "is not enough"],
    ],
  ],
  [
    "20",
    "needVerdict",
    [
      [
        [192, ["reclaim", "migration", "compaction"], got([2, 2, 192])],
        "needs reclaim and migration, does without compaction",
      ],
      [
        [12, ["reclaim", "migration", "compaction"], got([6, 12, 5])],
        "does better with reclaim, does without migration, needs compaction",
      ],
    ],
  ],
  [
    "22",
    "doesWithout",
    [
      [[counts(10, 10)], "holds here"],
      [[counts(7, 160)], "holds only if one can live with refusals"],
      [[counts(0, 10)], "does not hold here"],
    ],
  ],
  [
    "22",
    "areaVerdict",
    [
      [[[counts(10, 10), counts(10, 10)]], "An area does not depend on it"],
      [[[counts(10, 10), counts(9, 10)]], "An area depends on it, too"],
    ],
  ],
  [
    "22",
    "belowVerdict",
    [
      [[[rate(9, 10, 1), rate(0, 160, 0.02)], SHARES, 32], "fewer than half from 60 % on"],
      [
        [[rate(0, 10, 0.66), rate(0, 10, 0.66)], SHARES, 2],
        "fewer than half from 11 % on (seen, not sure with 2 machines)",
      ],
      [[[rate(5, 10, 1), rate(9, 10, null)], SHARES, 2], "at least half at each of them"],
    ],
  ],
  [
    "22",
    "pairVerdict",
    [
      [[16, 0, 0.0001], "fewer"],
      [[0, 16, 0.0001], "more"],
      [[2, 0, 0.5], "seen fewer"],
      [[0, 2, 0.5], "seen more"],
      [[0, 0, 1], "equal"],
    ],
  ],
  [
    "22",
    "hugeVerdict",
    [
      [[["fewer", "fewer"], 32], "holds"],
      [[["fewer", "equal"], 32], "holds in part"],
      [[["seen fewer", "equal"], 2], "seen, not sure with 2 machines"],
      [[["equal", "seen more"], 2], "not seen in these runs"],
    ],
  ],
  [
    "22",
    "lentWords",
    [
      [[[]], "no time"],
      [[[{ name: "A", ms: 1.52 }]], "time (19 of 20 answers come within 1.5 ms by A; modelled)"],
      [
        [
          [
            { name: "A", ms: 27.2 },
            { name: "B", ms: 1.52 },
            { name: "C", ms: 12 },
          ],
        ],
        "time (19 of 20 answers come within 1.5 ms by B, and within 27 ms by A, the slowest; modelled)",
      ],
    ],
  ],
  [
    "22",
    "winnerVerdict",
    [
      [
        [
          [128, 0],
          [51, 6],
        ],
        "There is no winner between memory that is kept and memory that is lent",
      ],
      [
        [
          [51, 0],
          [51, 6],
        ],
        "One of memory that is kept and memory that is lent costs no more in either price",
      ],
      [
        [
          [128, 7],
          [51, 6],
        ],
        "One of memory that is kept and memory that is lent costs no more in either price",
      ],
    ],
  ],
  [
    "23",
    "told",
    [
      [[true], "holds"],
      [[false], "does not hold here"],
    ],
  ],
  [
    "23",
    "bootVerdict",
    [
      [[9, 9], "holds only if somebody writes it"],
      [[8, 9], "does not hold here"],
    ],
  ],
  [
    "23",
    "shipVerdict",
    [
      [["4K"], "one kernel, with pages of 4 KiB"],
      [["64K + 16K + 4K"], "3 kernels, with pages of 64 KiB and of 16 KiB and of 4 KiB"],
    ],
  ],
  [
    "30",
    "poolVerdict",
    [
      [[true, false], "holds for sure only if the pages are taken at boot"],
      [[true, true], "holds"],
      [[false, true], "does not hold here"],
    ],
  ],
  [
    "30",
    "sidesVerdict",
    [
      [[[0, 1]], "lie on both sides of it"],
      [[[0.5, 1]], "have a clean range in most cases"],
      [[[0, 0.4]], "have no clean range in most cases"],
    ],
  ],
  [
    "30",
    "moreVerdict",
    [
      [[2, 1], "more"],
      [[1, 2], "less"],
      [[1, 1], "as much"],
    ],
  ],
  [
    "30",
    "mappedWords",
    [
      [
        [
          [
            { name: "hugetlb-boot", page: "1 GiB" },
            { name: "boot-reserve", page: "2 MiB" },
            { name: "cma", page: "4 KiB" },
            { name: "iommu", page: "4 KiB" },
          ],
        ],
        "boot-reserve gives them; pages of 1 GiB by hugetlb-boot; pages of 4 KiB by cma, iommu",
      ],
      [[[{ name: "cma", page: "4 KiB" }]], "no way gives them; pages of 4 KiB by cma"],
    ],
  ],
  [
    "31",
    "controlVerdict",
    [
      [[1524, 2048], "holds"],
      [[64, 2048], "holds in part"],
      [[0, 2048], "does not hold here"],
    ],
  ],
  [
    "31",
    "bootVerdict",
    [
      [[2, 2], "always comes"],
      [[1, 2], "does not always come"],
      [[0, 2], "never comes here"],
    ],
  ],
  [
    "32",
    "sharedVerdict",
    [
      [[1], 'it holds only if "best" is shared'],
      [[1.4], "it holds"],
    ],
  ],
  [
    "32",
    "smallVerdict",
    [
      [
        [3, 3],
        "holds only if the work has few hot places or streams in more gigabytes than there are entries",
      ],
      [[3, 0], "holds only if the work has few hot places in more gigabytes than there are entries"],
      [[0, 1], "holds only if the work streams in more gigabytes than there are entries"],
      [[0, 0], "does not hold here"],
    ],
  ],
  [
    "32",
    "uniformVerdict",
    [
      [[0], "It does not hold"],
      [[1], "It holds in part"],
    ],
  ],
  [
    "40",
    "searchVerdict",
    [
      [[128, 0], "holds only if nothing unmovable lies in every range"],
      [[3, 3], "is not seen to help here"],
    ],
  ],
  [
    "40",
    "rangeVerdict",
    [
      [[[null, 0.12, 0.03]], "Unmovable memory decides, and the larger the range the less of it"],
      [[[0.2, 0.3, 0.03]], "Unmovable memory"],
      [[[null, null, null]], "Unmovable memory"],
    ],
  ],
  [
    "60",
    "bestVerdict",
    [
      [
        [idea],
        "on a server defrag-mode grants 71 % of the pages of 2 MiB that were asked for, the kernel as it is 58 %, for 1.8 times the pages moved",
      ],
      [[{ ...idea, best: 58 }], "on a server no idea grants more than the kernel as it is, 58 %"],
    ],
  ],
  [
    "61",
    "ideaVerdict",
    [
      [[true], "keeps memory that does not move together"],
      [[false], "is not seen to keep memory that does not move together"],
    ],
  ],
  [
    "61",
    "seedsVerdict",
    [
      [[true, 40, 32], "suffice"],
      [[false, 40, 32], "do not suffice, about 40 would"],
      [[false, 0, 2], "do not suffice"],
    ],
  ],
];

function role(blocks: number, clean: number) {
  return { blocks, clean };
}

/** What is granted without reclaim, migration and compaction. */
function got(granted: readonly number[]) {
  return (off: string) => granted[["reclaim", "migration", "compaction"].indexOf(off)];
}

for (const [number, name, cases] of TRIED)
  test(`notebook ${number}: ${name} says what its numbers say`, () => {
    const words = wordsOf(number)[name]!;
    for (const [given, said] of cases) assert.deepEqual(words(...given), said);
  });

test("every such function is tried", () => {
  const tried = new Set(TRIED.map(([number, name]) => `${number} ${name}`));
  // Tried through needVerdict, groupingVerdict and limitWords.
  for (const name of ["20 needWord", "10 groupingSeen", "10 limitSeen"]) tried.add(name);
  const all = [...sources.keys()].flatMap((number) =>
    Object.entries(wordsOf(number))
      .flatMap(([name, word]) => (typeof word === "function" ? [name] : []))
      .map((name) => `${number} ${name}`),
  );
  assert.deepEqual(all.sort(), [...tried].sort());
});
