/** The part of an output's bundle that holds a live figure, as a notebook stores it. */
import { InputError } from "../../base/errors";
import { isFigure } from "../../chart/figure";
import { isObject } from "../../schema/check";
import { readLiveFigure } from "./live-figure";
import type { StoredLive } from "./live-figure-html";

export const LIVE_MIME = "application/vnd.pageblock.live+json";

/** Undefined for what is no live figure: another form of the output is then shown. */
export function storedLive(value: unknown): StoredLive | undefined {
  if (!isObject(value) || !isFigure(value.figure) || !Array.isArray(value.sentences)) return undefined;
  if (!value.sentences.every((one) => typeof one === "string")) return undefined;
  const { data, layout } = value.figure;
  try {
    return { live: readLiveFigure(value.live), sentences: value.sentences, figure: { data, layout } };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
