/** What differs between the architectures that can be recorded. */
export interface Architecture {
  /** As `--arch` and the kernel's own sources call it. */
  name: string;
  /** Command that compiles for it inside a root. */
  compiler: string;
  strip: string;
  /** More words of make for its kernel and modules. */
  make: string;
  qemu: string;
  /** Machine and processor of QEMU. */
  machine: readonly string[];
  /** First words of the kernel's command line. */
  parameters: string;
}

/** On a busy host a PC's check of its timer fails and ends the boot, so there is none. */
const X86: Architecture = {
  name: "x86-64",
  // The compiler is the newest gcc of the root: the headers name theirs, but only as a command of their own.
  compiler: "$(ls /usr/bin/x86_64-linux-gnu-gcc-[0-9]* | sort -V | tail -n 1)",
  strip: "strip",
  make: 'CC="$cc"',
  qemu: "qemu-system-x86_64",
  machine: [],
  parameters: "console=ttyS0 no_timer_check",
};

const ARM64: Architecture = {
  name: "arm64",
  compiler: "aarch64-linux-gnu-gcc",
  strip: "aarch64-linux-gnu-strip",
  make: "ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-",
  qemu: "qemu-system-aarch64",
  machine: ["-machine", "virt,gic-version=3", "-cpu", "cortex-a57"],
  parameters: "console=ttyAMA0 preempt=voluntary",
};

export const ARCHITECTURES: readonly Architecture[] = [X86, ARM64];
