/** Runs in the playground: starts the workers for machines and for logs, and connects the two forms to them. */
import { EngineClient, programUrl } from "../live/engine-client.mjs";
import { BootForm } from "./boot-form.mjs";
import { ExplainForm } from "./explain-form.mjs";

const client = async (name, sha256) =>
  new EngineClient(await programUrl(document.querySelector(`script.pageblock-${name}`), sha256));

async function start() {
  const boot = new BootForm(document.getElementById("boot"), await client("boot", BOOT_SHA256));
  await boot.boot();
  new ExplainForm(document.getElementById("explain"), await client("explain", EXPLAIN_SHA256));
  for (const form of document.forms) form.querySelector("fieldset").disabled = false;
  document.documentElement.dataset.ready = "";
}

start().catch((error) => {
  document.getElementById("boot-verdict").textContent = `The playground cannot start: ${error.message}`;
});
