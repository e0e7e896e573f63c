/** The style of an exported page: system fonts, light and dark, wide and narrow screens, and paper. */

const COLORS = `
:root{color-scheme:light dark;--ink:#1c2024;--soft:#57606a;--line:#d0d7de;--paper:#fff;--well:#f5f7f9;--link:#0060a8;--bad:#b3261e;
--keyword:#8250a8;--string:#0a6b4a;--number:#9a4600;--title:#0060a8;--mark:#e8f1f9}
@media (prefers-color-scheme:dark){:root{--ink:#dfe3e7;--soft:#a3adb7;--line:#3b424a;--paper:#14171a;--well:#1d2125;--link:#6cb6ff;--bad:#ff8a80;
--keyword:#d2a8ff;--string:#7ee0b5;--number:#ffb86b;--title:#79c0ff;--mark:#1b2733}}
`;

const TEXT = `
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:17px/1.6 Georgia,"Times New Roman",serif;text-rendering:optimizeLegibility;overflow-wrap:break-word}
h1,h2,h3,h4,h5,h6{font-family:system-ui,sans-serif;line-height:1.25;margin:2em 0 .6em;font-weight:650;text-wrap:balance}
h1{font-size:2em;margin-top:0}h2{font-size:1.4em}h3{font-size:1.1em}h4,h5,h6{font-size:1em}
p,ul,ol,blockquote{margin:0 0 1em}blockquote{margin-left:0;padding-left:1em;border-left:3px solid var(--line);color:var(--soft)}
li+li{margin-top:.35em}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:3px}
main:focus{outline:none}
.skip{position:absolute;left:-999em;top:0;padding:.5em 1em;background:var(--paper);z-index:9}.skip:focus{left:0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.83em}
.prose code,.summary code,.byline code{background:var(--well);padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}
pre{margin:0 0 1rem;padding:.7rem .9rem;line-height:1.45;border-radius:5px;white-space:pre-wrap;overflow-wrap:anywhere}
pre.code,pre.columns{white-space:pre;overflow-wrap:normal;overflow-x:auto}
pre.lines span{display:block;padding-left:2ch;text-indent:-2ch}
.prose pre code{background:none;padding:0}
.prose pre,pre.code{background:var(--well)}
pre.output{border-left:3px solid var(--line);border-radius:0;padding:.2rem .9rem}
pre.stderr{border-color:var(--number)}pre.error{border-color:var(--bad);color:var(--bad)}
summary{cursor:pointer;width:fit-content}
button{font:inherit;color:var(--link);background:none;border:1px solid var(--line);border-radius:5px;padding:.15em .6em;cursor:pointer}
details.how{margin:0 0 1.2rem}details.data{margin:0 0 .4rem}details.how,details.data{font-family:system-ui,sans-serif}
details.how>summary,details.data>summary,.byline,.note,.contents,figcaption{font:.85em/1.45 system-ui,sans-serif}
details.how>summary,details.data>summary,.byline,.note{color:var(--soft)}
details[open].how>summary{margin-bottom:.5rem}
`;

const FIGURES = `
figure{margin:1.6rem 0 .5rem}img{max-width:100%;height:auto}
figcaption{font-size:.95em;margin-bottom:.5rem}figcaption .note{display:block;font-size:.92em}
.pageblock-chart{color:var(--ink)}.pageblock-chart>img,figure>img{display:block}.pageblock-chart>img[hidden]{display:none}
.scroll{overflow-x:auto;margin:0 0 1.2rem}
table{border-collapse:collapse;font:.82em/1.4 system-ui,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:normal}
th,td{padding:.3em .8em .3em 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}caption{text-align:left}
table.values tbody th{font-weight:400}
table.names td:first-child,table.names th:first-child{white-space:nowrap}
@media(max-width:34rem){main .stacks{width:100%}main .stacks td:empty{display:none}main .stacks thead{position:absolute;clip-path:inset(50%);white-space:nowrap}main .stacks tr{display:block;padding:.5em 0;border-bottom:2px solid var(--line)}
main .stacks td,main .stacks th{display:flex;gap:.8em;border:0;padding:.1em 0;overflow-wrap:anywhere}main .stacks [data-label]::before{content:attr(data-label);flex:0 0 44%;color:var(--soft)}main .stacks tbody tr>:first-child{font-weight:650}}
.output td{white-space:pre-wrap}figure.table figcaption{font-size:.85em}
.pageblock-player{font:.85em system-ui,sans-serif;margin:.2rem 0 .6rem}
`;

const PAGE = `
.sheet{max-width:50rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
header{margin-bottom:1.6rem}header h1{margin-bottom:.4rem}.byline{margin:0}.byline button{margin-left:.4em}
.summary{background:var(--mark);border-radius:8px;padding:1.1rem 1.3rem .4rem;margin:0 0 1.8rem}
.summary h2{margin:0 0 .5rem;font-size:1.1em}.summary ul{padding-left:1.1em}.summary .more{font:.85em system-ui,sans-serif}
.contents{margin:0 0 1.5rem}.contents ul{list-style:none;margin:.4rem 0 0;padding:0}.contents summary{font-weight:650}
.contents a{display:block;padding:.28em .6em;text-decoration:none;border-left:3px solid transparent}.contents a:hover{text-decoration:underline}
.contents .level-3 a{padding-left:1.6em}.contents li{margin:0}
.contents a[aria-current]{border-color:var(--link);background:var(--well);font-weight:600}
.rerun{margin-top:3rem;padding-top:1px;border-top:1px solid var(--line);font-size:.9em}
.rerun td,.rerun li{overflow-wrap:anywhere}.rerun li{margin-bottom:.5em;line-height:1.35}.rerun small,.rerun th{color:var(--soft)}
.hljs-keyword{color:var(--keyword)}.hljs-string{color:var(--string)}.hljs-number,.hljs-literal{color:var(--number)}
.hljs-title,.hljs-title.function_{color:var(--title)}.hljs-comment{color:var(--soft);font-style:italic}
@media screen and (min-width:75rem){
.sheet{display:grid;grid-template-columns:16rem minmax(0,56rem);column-gap:3rem;max-width:79rem}
.sheet>main{grid-column:2}
.contents{position:sticky;top:0;align-self:start;max-height:100vh;overflow-y:auto;padding:1.2rem 0;margin:0}
.prose>:not(.scroll,pre,h1,h2,h3),.rerun>p{max-width:44rem}
}
@media screen and (max-width:40rem){
body{font-size:16px}h1{font-size:1.6em}.sheet{padding:1.2rem 1rem 3rem}
.scroll td:first-child,.scroll th:first-child{position:sticky;left:0;background:var(--paper);max-width:45vw}
pre{font-size:.75em;padding:.6rem .7rem}ul,ol{padding-left:1.3em}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
`;

const PAPER = `
@page{margin:18mm 17mm 20mm;@bottom-center{content:counter(page);font:9pt system-ui,sans-serif;color:#57606a}}
@media print{
:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--well:#f5f7f9;--link:#00467a;--mark:#f2f5f8;--keyword:#6b3f8c;--string:#075a3d;--number:#8a3f00;--title:#00467a;--bad:#9a1f18}
body{font-size:10.5pt;line-height:1.45}.sheet{max-width:none;padding:0}
h1,h2,h3,h4{break-after:avoid;margin-top:1.3em}p,li{orphans:3;widows:3}
.skip,.contents,.byline button,.pageblock-player,.modebar-container,details.data,details.how:not([open]){display:none}
figure,tr,.summary{break-inside:avoid}thead{display:table-header-group}
figure{margin:.8rem 0}figure img{max-height:78mm;width:auto;max-width:100%}figcaption{break-after:avoid}
figure.table{break-inside:auto}.scroll{overflow:visible}table{font-size:8.5pt}.rerun details:not([open]){display:none}
pre,pre.code,pre.columns{white-space:pre-wrap;overflow-wrap:anywhere;overflow:visible;font-size:8pt}
.rerun{margin-top:1.6rem}.rerun pre.code{margin-bottom:.4rem;padding:.4rem .6rem}
}
`;

export const STYLE = COLORS + TEXT + FIGURES + PAGE + PAPER;
