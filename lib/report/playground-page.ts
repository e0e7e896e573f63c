/**
 * The playground: a machine's boot and a kernel log, answered in the page by the bundled engine. Nothing is sent anywhere: the page's
 * policy admits no connection.
 */
import { formatSize } from "../base/units";
import type { Board } from "../hardware/board";
import { BOARDS } from "../hardware/boards";
import { KERNEL_RELEASES } from "../hardware/kernel-release";
import { playgroundHtml } from "./assets";
import { escapeHtml } from "./escape";
import { sitePage } from "./site-page";

/** What the form begins with: the case of the debate of 2018. */
const FIRST = { board: "raspberry-pi-3", pageSize: "64K", memory: "1GiB", kernel: "6.1", cma: "64MiB" };
const PAGE_SIZES = ["4K", "16K", "64K"];

const STYLE = `
main{max-width:64rem}h2{margin-top:2.4rem}
form{font:15px/1.4 system-ui,sans-serif}fieldset{border:0;margin:0;padding:0;min-width:0}
.fields{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem 1rem;margin-bottom:1rem}
.fields .wide{grid-column:1/-1}
label{display:block;font-weight:600;margin-bottom:.2rem}small{color:var(--soft)}
input,select,textarea,button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:5px;padding:.45rem .6rem;max-width:100%}
input:not([type=file]),select,textarea{width:100%}
textarea{font:13px/1.45 ui-monospace,Menlo,Consolas,monospace;min-height:9rem;resize:vertical}
button{cursor:pointer;background:var(--link);border-color:var(--link);color:var(--paper);font-weight:600}button:disabled{opacity:.5}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.row{display:flex;flex-wrap:wrap;gap:.8rem;align-items:center;margin:.6rem 0}
.answer{border-left:4px solid var(--line);padding:.2rem 0 .2rem 1rem;margin:1rem 0}
.answer[data-state=ok]{border-color:var(--string)}.answer[data-state=failed],.answer[data-state=refused]{border-color:var(--bad)}
#boot-verdict{font-weight:600;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--well)}
svg{display:block;width:100%;height:auto;max-width:44rem}svg .block{fill:none;stroke:var(--ink);stroke-width:2}
figcaption{font:14px/1.4 system-ui,sans-serif;color:var(--soft);margin-bottom:.5rem}
.legend{list-style:none;padding:0;margin:.6rem 0 0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font:14px/1.5 system-ui,sans-serif}
.legend li+li{margin-top:0}
.legend span{display:inline-block;width:.9em;height:.9em;margin-right:.4em;vertical-align:-.1em}
@media(max-width:40rem){pre{font-size:11px}}
summary{cursor:pointer;font:600 15px/1.4 system-ui,sans-serif;padding:.3rem 0}[hidden]{display:none!important}`;

/** The page; `home`: the address of the page that links it, relative. */
export function playgroundPage(home: string): string {
  return sitePage({
    title: "pageblock: playground",
    style: STYLE,
    body: bodyOf(home),
    script: playgroundHtml(),
  });
}

function bodyOf(home: string): string {
  return `<p><a href="${encodeURI(home)}">All questions</a></p>
<h1>Playground</h1>
<p>The model of the kernel runs in this page. What you write or paste is sent nowhere.</p>
<noscript><p><strong>Scripts are off, so nothing can be computed here.</strong> <code>pageblock boot</code> and <code>pageblock explain</code> give the same answers.</p></noscript>
<h2 id="machine">Does the CMA area fit?</h2>
<form id="boot"><fieldset disabled><legend hidden>A machine</legend>
<div class="fields">
<div class="wide"><label for="board">Board</label><select id="board" name="board">${boardOptions()}</select></div>
<div><label for="memory">Memory</label><input id="memory" name="memory" value="${FIRST.memory}" autocomplete="off" spellcheck="false"></div>
<div><label for="pageSize">Page size</label><select id="pageSize" name="pageSize"><option value="">as the board has it</option>${PAGE_SIZES.map((size) => option(size, `${size.slice(0, -1)} KiB`, size === FIRST.pageSize)).join("")}</select></div>
<div><label for="kernel">Linux</label><input id="kernel" name="kernel" list="kernels" value="${FIRST.kernel}" autocomplete="off" spellcheck="false"><datalist id="kernels">${KERNEL_RELEASES.map((one) => `<option value="${one}">`).join("")}</datalist></div>
<div><label for="cma">cma=</label><input id="cma" name="cma" value="${FIRST.cma}" autocomplete="off" spellcheck="false"></div>
</div></fieldset></form>
<div class="answer" id="boot-answer">
<p id="boot-verdict" role="status" aria-live="polite">Starting …</p>
<div id="boot-map"></div>
<details id="boot-details" hidden><summary>All that <code>pageblock boot</code> prints</summary>
<pre id="boot-text" tabindex="0"></pre></details>
<p><small>As a command: <code id="boot-command"></code></small></p>
</div>
<h2 id="log">Why did this fail?</h2>
<form id="explain"><fieldset disabled><legend hidden>A kernel log</legend>
<label for="log-text">Kernel log</label>
<textarea id="log-text" name="log" spellcheck="false" autocomplete="off" aria-describedby="log-hint"></textarea>
<p id="log-hint"><small>Paste what <code>dmesg</code> or <code>journalctl -k</code> printed, or files of <code>/proc</code> (<code>buddyinfo</code>, <code>zoneinfo</code>, <code>meminfo</code>). Ctrl+Enter explains.</small></p>
<div class="row"><button type="submit" name="explain">Explain</button>
<label for="log-file">or a file</label><input type="file" id="log-file" name="file"></div>
</fieldset></form>
<div class="row"><p id="explain-status" role="status" aria-live="polite"></p><button type="button" id="explain-stop" hidden>Stop</button></div>
<pre id="explain-text" tabindex="0" hidden></pre>
<p id="explain-saves" hidden>Save <a id="explain-save-text" download="explained.txt">the text</a> or <a id="explain-save-json" download="explained.json">the answer as JSON</a>.</p>`;
}

function boardOptions(): string {
  const groups = new Map<string, Board[]>();
  for (const board of BOARDS)
    groups.set(board.architecture, [...(groups.get(board.architecture) ?? []), board]);
  return [...groups]
    .map(
      ([architecture, boards]) =>
        `<optgroup label="${escapeHtml(architecture)}">${boards.map(boardOption).join("")}</optgroup>`,
    )
    .join("");
}

/** With the memory and the page sizes that the board has, its own page size first. */
function boardOption({ name, title, memory, pageSizes }: Board): string {
  const pages = pageSizes.map((bytes) => `${bytes / 1024}K`).join(" ");
  const data = ` data-memory="${escapeHtml(formatSize(memory.default))}" data-pages="${pages}"`;
  return option(name, title, name === FIRST.board, data);
}

const option = (value: string, words: string, selected: boolean, data = "") =>
  `<option value="${escapeHtml(value)}"${selected ? " selected" : ""}${data}>${escapeHtml(words)}</option>`;
