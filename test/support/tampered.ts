/** An executed notebook whose results are real, and ways to change one thing in it. */
import { machine } from "../../lib";
import { bars } from "../../lib/chart/bars";
import { markdown as prose } from "../../lib/notebook/markdown";
import { bundleOf } from "../../lib/notebook/show";
import { marked } from "../../lib/report/executed-mark";
import { chart, code, markdown, notebook, shown, stream } from "./notebooks";

const virt = machine("qemu-virt").pageSize("64K").memory("2GiB").cma("64M").kernel("6.1").boot();
const pi = machine("raspberry-pi-3").thp("never").boot();

/** One chart of two runs, one machine, one sentence, one printed line. Numbers that are looked for stand once. */
export function executedNotebook(): object {
  const figure = bars({
    title: "Reserved",
    yTitle: "reserved (MiB)",
    categories: ["qemu-virt", "raspberry-pi-3"],
    series: [{ name: "reserved", values: [virt.cma.reservedBytes / 2 ** 20, 777] }],
    from: [virt, pi],
  });
  return notebook(
    markdown("# Two boards\n\nAs [@corbet] wrote.\n\n## More"),
    code("show(figure)", stream("printed 4711\n"), chart(figure)),
    code("virt", { ...shown(bundleOf(virt)), output_type: "execute_result", execution_count: 2 }),
    code("show(markdown())", shown(bundleOf(prose("The answer is **4242**.")))),
    markdown("## References\n\n- [@corbet]: Jonathan Corbet, *Large allocations*, 2018."),
  );
}

/** The same as `pageblock notebook run` writes it. */
export const markedNotebook = (): object => marked(executedNotebook(), "n.ipynb") as object;
