/** What the inputs of a test file take of the memory, beyond what the process has when it begins: the first time, the compiler of the tests too. */
import { peakRssBytes } from "../../lib/base/peak-rss";

const LOADED_BYTES = peakRssBytes();

export const takenBytes = (): number => peakRssBytes() - LOADED_BYTES;
