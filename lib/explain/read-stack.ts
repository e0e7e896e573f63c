/** Call traces, and the registers and stack words around them. */
import { archOfLine } from "./read-headlines";
import type { StackReading } from "./reading";
import { extend, type LineReader } from "./session";

const ENTRIES_MOST = 200;

/** `fn+0x12/0x34 [module]` behind addresses, a question mark and, on ppc64, a dot. */
function entryOf(text: string): StackReading | null {
  let rest = text.slice(0, 400).replace(/^(?:#\d{1,3} |<(?:IRQ|EOI|NMI|TASK)>\s{0,4})/, "");
  for (let n = 0; n < 4; n++) rest = rest.replace(/^\(?\[?[<[][0-9a-f]{4,16}[>\]]\]?\)?\s{0,4}/, "");
  const uncertain = /^\?\s/.test(rest) || rest.includes("(unreliable)");
  rest = rest.replace(/^\?\s{0,4}/, "");
  const from =
    /^[\w.$]{1,160} from (\S{1,200})/.exec(rest) ??
    /^\(([^)]{1,160})\) from \[<[0-9a-f]{4,16}>\] \(([^)]{1,160})\)/.exec(rest);
  if (from) rest = from[2] ?? from[1]!;
  const found =
    /^\(?\.?([A-Za-z_$][\w.$]{0,160})\+0x[0-9a-f]{1,8}(?:\/0x[0-9a-f]{1,8})?\)?(?: \[([\w-]{1,80}))?/.exec(
      rest,
    );
  return found ? { function: found[1]!, module: found[2] ?? null, uncertain } : null;
}

const START = /^(?:Call [Tt]race|Backtrace|Call chain|Stack traceback)\b/;
const AROUND =
  /^(?:<\/?(?:TASK|IRQ|NMI|EOI|SOFTIRQ|ENTRY_TRAMPOLINE|#\w{1,3})>|RIP: |EIP: |[ER](?:[A-D]X|[SD]I|[BSI]P): |R[A-Z0-9]{2}: |Code: |CS: |FS: |DR\d: |CR\d: |[ED]S: |ORIG_[RE]AX|pstate: |pc : |lr : |sp : |x\d{1,2} ?: |r\d{1,2} ?: |NIP: |NIP \[|LR \[|GPR\d\d: |MSR: |REGS: |CFAR: |Exception stack|Stack : |Modules linked in|={10}|---\[ |--- |------------\[|epc |ra |[0-9a-f]{4}:(?: [0-9a-f]{8}| {8})|(?:[0-9a-f]{8}|[0-9a-f]{16})(?: |$)|sp=e0|\.\.\.$|Instruction dump|INFO: lockdep|irq event stamp|hardirqs last|softirqs last|Last user-space|task: |task\.stack|ti: )/;

/** The OOM killer of a memory cgroup; the machine's own has none of these in its trace. */
const OF_CGROUP = /^mem_cgroup_(?:out_of_memory|oom_synchronize|oom|handle_oom)(?:\.|$)/;

const stack: LineReader = (line, session) => {
  const { report, section } = session;
  const ofReport = report !== null && section === "head";
  if (START.test(line.text)) {
    if (ofReport) {
      extend(report, line.place);
      // Only arm64 spells it with a small letter, once superh is left aside.
      if (line.text.startsWith("Call trace")) report.reading.arch ??= "arm64";
    }
    return "call trace";
  }
  const entry = entryOf(line.text);
  if (entry === null) {
    if (!AROUND.test(line.text)) return null;
    session.arch ??= archOfLine(line.text);
    if (ofReport) report.reading.arch ??= archOfLine(line.text);
    return "registers and stack";
  }
  session.arch ??= archOfLine(line.text);
  if (ofReport) {
    const { reading } = report;
    extend(report, line.place);
    reading.arch ??= archOfLine(line.text);
    if (reading.oom && !entry.uncertain && OF_CGROUP.test(entry.function)) reading.oom.memcg = true;
    if (reading.stack.length < ENTRIES_MOST) reading.stack.push(entry);
  }
  return "call trace";
};

export const STACKS: readonly LineReader[] = [stack];
