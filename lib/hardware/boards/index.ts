/** Every board, by name. A new one is described in the file of its kind, whose list at the end names it. */
import { unknownName } from "../../base/errors";
import type { Board } from "../board";
import { VIRTUAL_MACHINES } from "./qemu-virt";
import { RASPBERRY_PIS } from "./raspberry-pi";
import { SERVERS } from "./servers";

const DESCRIBED = [...VIRTUAL_MACHINES, ...RASPBERRY_PIS, ...SERVERS] as const;

/** The boards that are described. */
export type BoardName = (typeof DESCRIBED)[number]["name"];

export const BOARDS: readonly Board[] = DESCRIBED;

/** Names of the known boards. */
export const BOARD_NAMES: readonly BoardName[] = DESCRIBED.map((b) => b.name);

/** The board of that name; throws InputError listing the known ones and suggesting the nearest. */
export function findBoard(name: string): Board {
  const board = BOARDS.find((b) => b.name === name);
  if (board === undefined) throw unknownName("board", name, BOARD_NAMES);
  return board;
}
