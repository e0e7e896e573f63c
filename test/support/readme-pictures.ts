/** The pictures of README.md: real charts, drawn by the tree. `UPDATE_PICTURES=1 node test/run.mjs docs/pictures` draws them anew. */
import { cmaTable, pageblockMap } from "../../lib/chart";
import { machine } from "../../lib/fluent/machine";
import { staticSvg } from "../../lib/report/svg/static-svg";

const pi3 = (page: string, cma: string) =>
  machine("raspberry-pi-3").pageSize(page).memory("1GiB").cma(cma).kernel("4.17").boot();

/** File name in docs/images → SVG. */
export const PICTURES: Record<string, () => string> = {
  "pi3-64k-map.svg": () =>
    staticSvg(
      pageblockMap(pi3("64 KiB", "64M"), { title: "A Raspberry Pi 3 with pages of 64 KiB: two page blocks" }),
    ),
  "pi3-cma.svg": () =>
    staticSvg(
      cmaTable({
        title: "Raspberry Pi 3, 1 GiB, Linux 4.17: what cma= reserves",
        subtitle: "down: the page size; across: what was asked for",
        rows: ["4 KiB", "64 KiB"],
        columns: ["4M", "16M", "64M", "256M", "512M"],
        boot: pi3,
      }),
    ),
};
