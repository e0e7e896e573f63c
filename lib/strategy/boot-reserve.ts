/** Memory kept from Linux at boot and mapped by a process through device-dax. */
import type { System } from "../machine/system";
import type { OutOf } from "../schema/field";
import { CARVE_OUT_PARAMETERS, PreparedCarveOut } from "./carve-out";
import { type Access, PROCESS_PARAMETERS } from "./constraints";
import { refused } from "./contig-attempt";
import { withoutCma } from "./prepared";
import { type Attempt, type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = { ...CARVE_OUT_PARAMETERS, ...PROCESS_PARAMETERS };

export const bootReserve = defineStrategy({
  name: "boot-reserve",
  title: "reserved at boot (memmap=, device-dax)",
  summary:
    "memmap=nn!ss hands a range to the pmem driver. device-dax gives it to processes as a character device and maps it with pages of 2 MiB or 1 GiB if its alignment allows. The memory is contiguous for the adapter and in 2 MiB pages for the CPU, which no interface of the page allocator offers. The price is memory that nothing else can use. Modelled as a carve-out.",
  configure:
    "memmap=nn!ss on the command line, ndctl create-namespace --mode=devdax --align 2M; access rights to /dev/dax",
  control: "whoever boots the machine; processes with access rights to the device",
  since: "4.7 (device-dax)",
  sources: [
    "Documentation/admin-guide/kernel-parameters.txt memmap=; drivers/dax/device.c: only shared mappings, aligned",
    "LWN, 1 May 2018: the kernel could allocate contiguous areas at boot",
  ],
  parameters: PARAMETERS,
  machine: withoutCma,
  takesAtBoot: true,
  prepare: (system, parameters, request) => new PreparedBootReserve(system, parameters, request),
});

class PreparedBootReserve extends PreparedCarveOut<OutOf<typeof PARAMETERS>> {
  constructor(system: System, parameters: OutOf<typeof PARAMETERS>, request: MemoryRequest) {
    super(system, parameters, request, "boot-reserve", { wholePages: true });
  }

  protected override attempt(): Attempt {
    const limit = this.memlock(this.parameters);
    return this.asked.longtermPin && !limit.ok ? refused(-12, limit.text) : super.attempt();
  }

  protected override access(): Access {
    return { owner: "user" };
  }

  protected override rules(): Constraint[] {
    return [
      this.memlock(this.parameters),
      { name: "fork", ok: true, text: "device-dax allows only shared mappings: fork() copies nothing" },
      {
        name: "longterm-device",
        ok: true,
        text: "pins for long are refused for files on DAX file systems, not for device-dax",
      },
    ];
  }
}
