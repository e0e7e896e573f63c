/**
 * Every board, by name. To add one, describe it in the file of its kind and add it to the list at the end of that
 * file.
 */
import { unknownName } from "../../base/errors";
import type { Board } from "../board";
import { VIRTUAL_MACHINES } from "./qemu-virt";
import { RASPBERRY_PIS } from "./raspberry-pi";
import { SERVERS } from "./servers";

const DESCRIBED = [...VIRTUAL_MACHINES, ...RASPBERRY_PIS, ...SERVERS] as const;

/** The known boards. */
export type BoardName = (typeof DESCRIBED)[number]["name"];

export const BOARDS: readonly Board[] = DESCRIBED;

/** Names of the known boards. */
export const BOARD_NAMES: readonly BoardName[] = DESCRIBED.map((b) => b.name);

/** The board of that name; throws InputError that lists the known ones and suggests the nearest. */
export function findBoard(name: string): Board {
  const board = BOARDS.find((b) => b.name === name);
  if (board === undefined) throw unknownName("board", name, BOARD_NAMES);
  return board;
}
