/** Thrown if a law does not hold: a defect in the engine, never in the input. */
export class LawBroken extends Error {
  readonly law: string;
  readonly zone: string;
  /** First frame of the page at fault, or −1. */
  readonly pfn: number;
  constructor(law: string, zone: string, pfn: number, detail: string) {
    super(`law broken: ${law}: zone ${zone}${pfn < 0 ? "" : `, frame ${pfn}`}: ${detail}`);
    this.name = "LawBroken";
    this.law = law;
    this.zone = zone;
    this.pfn = pfn;
  }
}
