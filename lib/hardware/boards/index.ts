/** Every board, by name. */
import { unknownName } from "../../base/errors";
import type { Board } from "../board";
import { QEMU_VIRT } from "./qemu-virt";
import { RASPBERRY_PI_3, RASPBERRY_PI_4, RASPBERRY_PI_5, RASPBERRY_PI_CM4_8GB } from "./raspberry-pi";
import { DATABASE_X86_64, PC_X86_64, POWER_64K, SERVER_ARM64, SERVER_X86_64 } from "./servers";

const DESCRIBED = [
  QEMU_VIRT,
  RASPBERRY_PI_3,
  RASPBERRY_PI_4,
  RASPBERRY_PI_CM4_8GB,
  RASPBERRY_PI_5,
  PC_X86_64,
  SERVER_ARM64,
  POWER_64K,
  SERVER_X86_64,
  DATABASE_X86_64,
] as const;

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
