/**
 * Every board, by name. To add one, describe it in the file of its kind and add it to the list at the end of that
 * file.
 */
import { unknownName } from "../../base/errors";
import type { Board } from "../board";
import { ALLWINNER_BOARDS } from "./allwinner";
import { APPLE_BOARDS } from "./apple";
import { BLANK_BOARDS } from "./blank";
import { MEDIATEK_BOARDS } from "./mediatek";
import { NVIDIA_BOARDS } from "./nvidia";
import { NXP_BOARDS } from "./nxp";
import { VIRTUAL_MACHINES } from "./qemu-virt";
import { RASPBERRY_PIS } from "./raspberry-pi";
import { RISCV_BOARDS } from "./riscv";
import { ROCKCHIPS } from "./rockchip";
import { SERVERS } from "./servers";
import { TI_BOARDS } from "./texas-instruments";
import { XILINX_BOARDS } from "./xilinx";

const DESCRIBED = [
  ...VIRTUAL_MACHINES,
  ...RASPBERRY_PIS,
  ...SERVERS,
  ...ROCKCHIPS,
  ...NXP_BOARDS,
  ...NVIDIA_BOARDS,
  ...XILINX_BOARDS,
  ...TI_BOARDS,
  ...ALLWINNER_BOARDS,
  ...RISCV_BOARDS,
  ...APPLE_BOARDS,
  ...MEDIATEK_BOARDS,
] as const;

/** The known boards. */
export type BoardName = (typeof DESCRIBED)[number]["name"];

export const BOARDS: readonly Board[] = DESCRIBED;

/** Boards without memory of their own, for machines that a plan describes: `blank-arm64`, … */
export const BLANK_NAMES = BLANK_BOARDS.map((b) => b.name);

/** Names of the known boards. */
export const BOARD_NAMES: readonly BoardName[] = DESCRIBED.map((b) => b.name);

/** The board of that name; throws InputError that lists the known ones and suggests the nearest. */
export function findBoard(name: string): Board {
  const board = [...BOARDS, ...BLANK_BOARDS].find((b) => b.name === name);
  if (board === undefined) throw unknownName("board", name, BOARD_NAMES);
  return board;
}
