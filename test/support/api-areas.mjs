// A plugin of TypeDoc: sorts what lib/index.ts exports into pages by area (docs/api), by the file that declares it,
// so that a new export lands on the right page without a tag. A declaration that no rule knows fails the build.
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Comment, Converter, DeclarationReflection, PageEvent, ReflectionKind } from "typedoc";

const LIB = resolve(fileURLToPath(import.meta.url), "../../../lib");

/** The first rule that matches a file of lib decides: name of the page, what is on it, files. */
export const AREAS = [
  ["running-machine", /^(?:fluent\/(?:running|huge-pages)|machine\/(?:system|page-slots|hugetlb))/],
  ["explain", /^(?:explain\/|fluent\/(?:explanation|field-case|case-trial))/],
  ["machine-and-boot", /^(?:fluent\/(?:booted-)?machine|machine\/|hardware\/(?:boards?|kernel-release)\b)/],
  ["recordings", /^(?:trace\/|fluent\/recording)/],
  ["workloads", /^(?:calibration\/|workload\/|fluent\/workload)/],
  ["strategies", /^(?:strategy\/|fluent\/strategies)/],
  ["hardware", /^(?:hardware\/|fluent\/curves)/],
  ["allocator", /^mm\//],
  ["changes", /^(?:change|ideas)\//],
  ["charts", /^chart\//],
  ["write-ups-and-notebook", /^(?:report|notebook)\//],
  ["robustness", /^(?:experiment|fluent|plan)\/(?:robust|statement)/],
  ["scorecards", /^(?:experiment|fluent)\/(?:scorecard|threshold|search-threshold)/],
  [
    "kernels-compared",
    /^(?:(?:experiment|fluent|plan)\/(?:kernel|compare-kernels|ablation|record|paired-statistics)|experiment\/(?:fallback-table|bounded-series))/,
  ],
  ["plans", /^(?:plan|schema)\//],
  ["experiments-and-results", /^(?:experiment|metrics|fluent|cli)\//],
  ["real-machines", /^reproduce\//],
  ["values-and-errors", /^base\//],
];

/** What each page begins with. */
const ABOUT = {
  "machine-and-boot": "Describe a machine, boot it on paper, and read what became of its memory.",
  "running-machine": "A booted machine that runs: fill it, pin pages, ask for contiguous memory.",
  explain: "From kernel logs and files of /proc to the reason of a failure, and what to change.",
  allocator: "The page allocator itself: requests and frees, compaction, contiguous ranges, reports, laws.",
  changes:
    "Decide in place of the kernel: write or load a change, take an idea that is written already, and allow code of others.",
  plans: "Every kind of plan: its check, its types, its JSON Schema.",
  "experiments-and-results": "Runs, comparisons and sweeps; statistics; what a run gives.",
  scorecards:
    "Every way to serve a request, its price, and up to how much unmovable memory a search finds its range.",
  "kernels-compared":
    "Variants of a machine against one another, which difference carries an effect, and what a run records.",
  robustness: "In which part of a grid of machines a statement on a comparison is true.",
  workloads: "What uses the machine's memory before and between the requests.",
  strategies: "The ways to get contiguous memory.",
  hardware: "Models of RDMA adapters, TLBs, lockable caches and DMA masks, with their data and sources.",
  charts: "Builders of figures: plain data and layout, as Plotly takes them.",
  "write-ups-and-notebook": "Show values in a notebook.",
  recordings: "Recordings of real kernels against the model.",
  "real-machines": "Bring a real machine into the state of a plan, and compare what it measured.",
  "values-and-errors": "Sizes, canonical JSON, and the error that every wrong argument throws.",
};

const INTRODUCTION = `Everything that \`lib/index.ts\` exports, by area. \`npm run docs\` writes these pages from the doc comments. A test
checks that they are current, and runs every example.

| page | what is on it |
| --- | --- |
`;

/** The area of a file, by its path from lib/. */
export function areaOf(file) {
  const rule = AREAS.find(([, files]) => files.test(file));
  if (rule === undefined) throw new Error(`test/support/api-areas.mjs: no area for lib/${file}`);
  return rule[0];
}

/** A namespace is where most of its names are declared: a few may come from other folders. */
function oftenest(ids) {
  const folder = (id) => id.packagePath.split("/").slice(0, -1).join("/");
  const count = (id) => ids.filter((other) => folder(other) === folder(id)).length;
  return [...ids].sort((a, b) => count(b) - count(a))[0];
}

function fileOf(project, reflection) {
  // A second name of an export (`export { PageAllocator as Kernel }`) goes to the page of the first.
  if (reflection.isReference()) return fileOf(project, reflection.getTargetReflection());
  const declared = project.getSymbolIdFromReflection(reflection);
  const inside = (reflection.children ?? []).flatMap((c) => project.getSymbolIdFromReflection(c) ?? []);
  const id = reflection.kind === ReflectionKind.Namespace ? (oftenest(inside) ?? declared) : declared;
  if (id === undefined) throw new Error(`${reflection.name}: TypeDoc does not say where it is declared`);
  return relative(LIB, resolve(LIB, "..", id.packagePath));
}

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    const { project } = context;
    const pages = new Map();
    for (const child of [...(project.children ?? [])]) {
      const area = areaOf(fileOf(project, child).replaceAll("\\", "/"));
      if (!pages.has(area)) pages.set(area, []);
      pages.get(area).push(child);
    }
    const index = [{ kind: "text", text: INTRODUCTION }];
    for (const area of Object.keys(ABOUT).filter((a) => pages.has(a))) {
      const page = new DeclarationReflection(area, ReflectionKind.Module, project);
      page.comment = new Comment([{ kind: "text", text: ABOUT[area] }]);
      project.addChild(page);
      project.registerReflection(page, undefined, undefined);
      for (const child of pages.get(area)) {
        project.removeChild(child);
        child.parent = page;
        page.addChild(child);
      }
      index.push({ kind: "text", text: "| " });
      index.push({
        kind: "inline-tag",
        tag: "@link",
        text: area.replaceAll("-", " ").replace("write ups", "write-ups"),
        target: page,
      });
      index.push({ kind: "text", text: ` | ${ABOUT[area]} |\n` });
    }
    project.comment = new Comment(index);
  });
  // The table says what TypeDoc's own list of modules would say again.
  app.renderer.on(PageEvent.END, (page) => {
    if (page.url === "README.md") page.contents = page.contents.replace(/\n## Modules\n[\s\S]*$/, "");
  });
}
