/** Lines of the bounce buffer: kernel/dma/swiotlb.c. */
import { begin, extend, type LineReader } from "./session";

/** `nvme 0000:01:00.0: swiotlb buffer is full (sz: 65536 bytes), total 32768 (slots), used 7 (slots)`; no slots before 5.2. */
const FULL =
  /^(?:(\S.{0,80}?): )?(?:DMA: Out of SW-IOMMU space for|swiotlb buffer is full) ?\(?(?:sz: )?(\d{1,15}) bytes\)?(?:, total (\d{1,12}) \(slots\), used (\d{1,12}) \(slots\))?(?: at device (\S{1,80}))?/;

const full: LineReader = (line, session) => {
  const found = /swiotlb buffer is full|SW-IOMMU space/.test(line.text) ? FULL.exec(line.text) : null;
  if (!found) return null;
  session.swiotlb ??= begin(session, "swiotlb", line.place);
  extend(session.swiotlb, line.place);
  const number = (text: string | undefined) => (text === undefined ? null : Number(text));
  const { reading } = session.swiotlb;
  reading.swiotlb ??= { device: null, bytes: 0, slots: null, used: null, times: 0 };
  const told = reading.swiotlb;
  told.times++;
  told.device ??= found[1] ?? found[5] ?? null;
  if (Number(found[2]) <= told.bytes) return "bounce buffer";
  told.bytes = Number(found[2]);
  told.slots = number(found[3]);
  told.used = number(found[4]);
  return "bounce buffer";
};

export const SWIOTLB: readonly LineReader[] = [full];
