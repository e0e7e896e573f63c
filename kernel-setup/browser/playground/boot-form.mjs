/** The form of a machine: each change boots it anew in the worker; the map and the reason stand beside it. */
import { memoryPicture } from "./memory-picture.mjs";

/** Milliseconds after the last key, and the longest a boot may take. */
const PAUSE_MS = 200;
const LIMIT_MS = 20_000;

const FLAGS = {
  board: "--board",
  memory: "--memory",
  pageSize: "--page-size",
  kernel: "--kernel",
  cma: "--cma",
};

export class BootForm {
  constructor(form, client) {
    this.form = form;
    this.client = client;
    this.box = document.getElementById("boot-answer");
    this.asked = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.boot();
    });
    form.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.boot(), PAUSE_MS);
    });
    form.elements.board.addEventListener("change", () => this.boardChanged());
    this.boardChanged(false);
  }

  /** What a board has otherwise stands in the empty fields; page sizes that it has not cannot be chosen. */
  boardChanged(forget = true) {
    const { memory, board, pageSize } = this.form.elements;
    const { dataset } = board.selectedOptions[0];
    memory.placeholder = dataset.memory;
    const sizes = dataset.pages.split(" ");
    for (const one of pageSize.options) one.disabled = one.value !== "" && !sizes.includes(one.value);
    pageSize.options[0].textContent = `${sizes[0].replace("K", " KiB")}, as the board has it`;
    if (!forget) return;
    memory.value = "";
    pageSize.value = "";
  }

  /** Of several changes only the last one's answer is shown. */
  async boot() {
    const mine = ++this.asked;
    const fields = Object.fromEntries(
      Object.keys(FLAGS).map((name) => [name, this.form.elements[name].value]),
    );
    this.client.stop();
    const answer = await this.client.ask("boot", fields, LIMIT_MS).then(
      (value) => value,
      (error) => ({ refused: error.message }),
    );
    if (mine === this.asked) this.show(fields, answer);
  }

  show(fields, answer) {
    const { refused, ok, text, figure } = answer;
    const verdict = document.getElementById("boot-verdict");
    this.box.dataset.state = refused !== undefined ? "refused" : ok ? "ok" : "failed";
    verdict.textContent = verdictOf(answer);
    const picture = document.getElementById("boot-map");
    picture.replaceChildren(...(figure === undefined ? [] : [memoryPicture(figure)]));
    document.getElementById("boot-text").textContent = text ?? "";
    document.getElementById("boot-details").hidden = text === undefined;
    document.getElementById("boot-command").textContent = commandOf(fields);
  }
}

/** Whether there is an area: how large and where, or why not. */
function verdictOf({ refused, ok, asked, area, reason }) {
  // The field's name leads an error, and so does the kernel's word for the area, which is the same.
  if (refused !== undefined) return `This machine cannot be: ${refused.replace(/^(\w+: )\1/, "$1")}`;
  if (!ok) return `No CMA area: ${reason.replace(/^cma: /, "")}`;
  if (asked === null || area === null) return "No area was asked for.";
  const more = area.bytes === asked ? "" : ` (${asked} were asked for)`;
  return `The CMA area is reserved: ${area.bytes} at ${area.base}${more}.`;
}

/** The same as a command. */
function commandOf(fields) {
  const quoted = (value) => (/^[\w.,@:+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`);
  const flags = Object.entries(FLAGS).flatMap(([name, flag]) => {
    const value = fields[name].trim();
    return value === "" ? [] : [`${flag} ${quoted(value)}`];
  });
  return `pageblock boot ${flags.join(" ")}`;
}
