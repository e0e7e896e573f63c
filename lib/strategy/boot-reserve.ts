/** Memory kept from Linux at boot and mapped by a process through device-dax. */
import type { System } from "../machine/system";
import { carveOut, PreparedCarveOut } from "./carve-out";
import { type Access, PROCESS_DEFAULTS, PROCESS_MEANINGS } from "./constraints";
import { refused } from "./contig-attempt";
import type { Attempt, Constraint, MemoryRequest, Strategy, StrategySpec } from "./strategy";

export const bootReserve: Strategy = {
  name: "boot-reserve",
  title: "reserved at boot (memmap=, device-dax)",
  summary:
    "memmap=nn!ss hands a range to the pmem driver, device-dax gives it to processes as a character device, mapped with pages of 2 MiB or 1 GiB as its alignment allows: contiguous for the adapter and in 2 MiB pages for the CPU, which no interface of the page allocator offers. The price is memory that nothing else can use. Modelled as a carve-out.",
  configure:
    "memmap=nn!ss on the command line, ndctl create-namespace --mode=devdax --align 2M; rights on /dev/dax",
  control: "whoever boots the machine; processes with rights on the device",
  since: "4.7 (device-dax)",
  sources: [
    "Documentation/admin-guide/kernel-parameters.txt memmap=; drivers/dax/device.c: only shared mappings, aligned",
    "LWN, 1 May 2018: the kernel could allocate contiguous areas at boot",
  ],
  defaults: { ...carveOut.defaults, ...PROCESS_DEFAULTS },
  meanings: { ...carveOut.meanings, ...PROCESS_MEANINGS },
  machine: (base) => ({ ...base, cma: base.cma ?? { kind: "off" } }),
  takesAtBoot: true,
  prepare: (system, spec, request) => new PreparedBootReserve(system, spec, request),
};

class PreparedBootReserve extends PreparedCarveOut {
  constructor(system: System, spec: StrategySpec, request: MemoryRequest) {
    super(system, spec, request, { wholePages: true });
  }

  protected override attempt(): Attempt {
    const limit = this.memlock();
    return this.asked.longtermPin && !limit.ok ? refused(-12, limit.text) : super.attempt();
  }

  protected override access(): Access {
    return { owner: "user" };
  }

  protected override rules(): Constraint[] {
    return [
      this.memlock(),
      { name: "fork", ok: true, text: "device-dax allows only shared mappings: fork() copies nothing" },
      {
        name: "longterm-device",
        ok: true,
        text: "pins for long are refused for files on DAX file systems, not for device-dax",
      },
    ];
  }
}
