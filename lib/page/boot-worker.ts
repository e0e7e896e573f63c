/**
 * The program of a Web Worker that boots described machines: `boot` with the fields of a form gives what `pageblock boot` prints, the
 * reason of the default area, and the map of the memory.
 */
import { unknownName } from "../base/errors";
import { formatSize, hex } from "../base/units";
import { pageblockMap } from "../chart/pageblock-map";
import { BootedMachine } from "../fluent/booted-machine";
import { boot } from "../machine/boot";
import { MACHINE } from "../machine/boot-request";
import { check, isObject } from "../schema/check";
import { fieldPath } from "../schema/place";
import { bootText } from "./boot-text";
import { answerMessages } from "./worker-scope";

/** Fields of a machine that a form asks for. */
export const BOOT_FORM = ["board", "memory", "pageSize", "kernel", "cma"] as const;

/** The answer to `boot`. Fields that are empty have their defaults. Throws InputError for a machine that cannot be. */
export async function bootAnswer(ask: string, given: unknown): Promise<object> {
  if (ask !== "boot") throw unknownName("page", ask, ["boot"]);
  const fields = isObject(given) ? given : {};
  const stated = BOOT_FORM.map((name) => [name, String(fields[name] ?? "").trim()] as const);
  const request = check(MACHINE, Object.fromEntries(stated.filter(([, value]) => value !== "")), fieldPath);
  const booted = new BootedMachine(request, boot(request));
  const { data, layout } = pageblockMap(booted);
  const { ok, requestedBytes, reservedBytes, base, reason } = booted.cma;
  return {
    text: bootText(booted),
    ok,
    asked: requestedBytes === 0 ? null : formatSize(requestedBytes),
    area: base === null ? null : { bytes: formatSize(reservedBytes), base: hex(base) },
    reason,
    figure: { data, layout },
  };
}

answerMessages(bootAnswer);
