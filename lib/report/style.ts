/** The style of an exported page: system fonts, one column, light and dark, and print. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5d6670;--line:#d9dee3;--paper:#fff;--well:#f5f7f9;--link:#0060a8;--bad:#b3261e;
--keyword:#8250a8;--string:#0a6b4a;--number:#a04a00;--title:#0060a8}
@media (prefers-color-scheme:dark){:root{--ink:#dfe3e7;--soft:#9aa4ae;--line:#353b42;--paper:#14171a;--well:#1d2125;--link:#6cb6ff;--bad:#ff8a80;
--keyword:#d2a8ff;--string:#7ee0b5;--number:#ffb86b;--title:#79c0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 Georgia,"Times New Roman",serif;text-rendering:optimizeLegibility}
main{max-width:50rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
h1,h2,h3,h4{font-family:system-ui,sans-serif;line-height:1.25;margin:2.2em 0 .6em;font-weight:650}
h1{font-size:2rem;margin-top:0}h2{font-size:1.4rem}h3{font-size:1.1rem}
p,ul,ol,blockquote{margin:0 0 1em}blockquote{margin-left:0;padding-left:1em;border-left:3px solid var(--line);color:var(--soft)}
a{color:var(--link)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.83em}
.prose code{background:var(--well);padding:.1em .3em;border-radius:3px}
pre{margin:0 0 1rem;padding:.7rem .9rem;overflow-x:auto;line-height:1.45;border-radius:5px}
.prose pre code{background:none;padding:0}
.prose pre,pre.code{background:var(--well)}
pre.output{border-left:3px solid var(--line);border-radius:0;padding:.2rem .9rem}
pre.stderr{border-color:var(--number)}pre.error{border-color:var(--bad);color:var(--bad)}
figure{margin:0 0 1.4rem;overflow-x:auto}img{max-width:100%;height:auto}
.pageblock-chart{color:var(--ink);min-width:44rem}.pageblock-chart img{display:block}.pageblock-chart img[hidden]{display:none}
.pageblock-knobs .pageblock-chart{min-width:0}
table{border-collapse:collapse;font:14px/1.4 system-ui,sans-serif;font-variant-numeric:tabular-nums;margin:0 0 1.2rem}
.table,.prose{overflow-x:auto}
th,td{padding:.3em .8em .3em 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}caption{text-align:left;color:var(--soft);padding-bottom:.4em}
.rerun{margin-top:4rem;padding-top:1px;border-top:1px solid var(--line);font-size:15px}
.rerun td,.rerun li{overflow-wrap:anywhere}.rerun li{margin-bottom:.5em;line-height:1.35}.rerun th{white-space:nowrap}.rerun td{font-size:12.5px}.rerun small,.rerun th{color:var(--soft)}
.hljs-keyword{color:var(--keyword)}.hljs-string{color:var(--string)}.hljs-number,.hljs-literal{color:var(--number)}
.hljs-title,.hljs-title.function_{color:var(--title)}.hljs-comment{color:var(--soft);font-style:italic}
@media print{body{background:#fff;color:#000;font-size:10.5pt}main{max-width:none;padding:0}pre{white-space:pre-wrap}figure,table,pre{break-inside:avoid}h2,h3{break-after:avoid}}
`;
