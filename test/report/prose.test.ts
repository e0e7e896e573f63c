/** Prose that came with a notebook is never live HTML. */
import assert from "node:assert/strict";
import test from "node:test";
import MarkdownIt from "markdown-it";
import { fenced, proseHtml, safeMarkdown } from "../../lib/report/prose";
import { sanitizedHtml } from "../../lib/report/sanitize";

test("HTML in prose is text, in pages and in Markdown", () => {
  const evil = "a <script>alert(1)</script> <img src=x onerror=alert(1)> b\n\n<iframe src=//x></iframe>";
  assert.doesNotMatch(proseHtml(evil), /<(script|img|iframe)/);
  assert.doesNotMatch(safeMarkdown(evil), /<(script|img|iframe)/);
});

test("prose without HTML stays as it is in Markdown, code included", () => {
  const good = "# T\n\n`<b>` and a < b and\n\n```\n<script>\n```\n[x](https://example.org) [y](#z)";
  assert.equal(safeMarkdown(good), good);
});

test("links that run something are not links", () => {
  const trusting = new MarkdownIt({ html: true });
  trusting.validateLink = () => true;
  const live = /(?:href|src)="\s*(?:javascript|data|vbscript|file):/i;
  for (const url of [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
  ]) {
    const prose = `[x](${url}) [y][z] <${url}>\n\n[z]: ${url}`;
    assert.match(trusting.render(prose), live, "the test can fail");
    assert.doesNotMatch(proseHtml(prose), live, url);
    assert.doesNotMatch(trusting.render(safeMarkdown(prose)), live, url);
  }
});

test("pictures from elsewhere become links, pictures as data stay", () => {
  assert.match(
    proseHtml("![p](https://example.org/p.png)"),
    /<a href="https:\/\/example\.org\/p\.png">p<\/a>/,
  );
  assert.match(
    proseHtml("![p](data:image/png;base64,AAAA)"),
    /<img alt="p" src="data:image\/png;base64,AAAA">/,
  );
  const attached = { "p.png": { mime: "image/png", base64: "BBBB" } };
  assert.match(proseHtml("![p](attachment:p.png)", attached), /src="data:image\/png;base64,BBBB"/);
});

test("a fence is longer than any run of backticks in it", () => {
  assert.match(fenced("a ```` b"), /^`````text\n/);
});

test("tables survive sanitising; scripts, styles, handlers, forms, frames and addresses do not", () => {
  const html = `<style>*{}</style><table onclick="x()"><tr><td style="position:fixed" colspan="2">1</td></tr></table>
    <script>x()</script><a href="javascript:x()">l</a><form action="//x"><input></form><iframe src="//x"></iframe>
    <img src="//x/p.png"><img src="data:image/png;base64,AAAA"><svg onload="x()"></svg><math><mi xlink:href="x"></mi></math>`;
  const clean = sanitizedHtml(html);
  assert.match(clean, /<td colspan="2">1<\/td>/);
  assert.match(clean, /<img src="data:image\/png;base64,AAAA" \/>/);
  assert.doesNotMatch(clean, /script|style|onclick|href|form|input|iframe|svg|math|\/\/x/);
});

test("a picture with a bad percent sign, or named like a property of every object, is a link", () => {
  for (const name of ["%E0", "attachment:%E0%A4%A", "attachment:constructor", "attachment:__proto__"])
    assert.match(proseHtml(`![x](${name})`), /<a href="[^"]*">x<\/a>/);
  const picture = { mime: "image/png", base64: "AAAA" };
  assert.match(
    proseHtml("![x](attachment:a%20b.png)", { "a b.png": picture }),
    /src="data:image\/png;base64,AAAA"/,
  );
});

test("any number of runs of backticks is fenced", () => {
  const text = "` ".repeat(300_000);
  assert.ok(fenced(text).startsWith("```text\n"));
});
