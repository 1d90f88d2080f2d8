//! The style sheet of the report. Colour carries meaning only, and never alone.

pub(super) const STYLE: &str = "\
:root{--bg:#fbfbfa;--fg:#1c1e21;--dim:#5f656b;--line:#e0e2df;--acc:#2f6f4f;--ok:#2a7248;--hold:#8a5600;--no:#a92f25;--unk:#666b71;--band:#2f6f4f26;--human:#7d828a;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--bg:#141618;--fg:#e8e9ea;--dim:#a0a6ac;--line:#2d3034;--acc:#6fbf93;--ok:#6fbf93;--hold:#e0a94a;--no:#ef8277;--unk:#a0a6ac;--band:#6fbf9330;--human:#9a9fa7}}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,\"Noto Sans SC\",sans-serif;background:var(--bg);color:var(--fg);font-variant-numeric:tabular-nums}
input[name=lang]{position:absolute;opacity:0}
.zh{display:none}body:has(#zh:checked) .zh{display:inline}body:has(#zh:checked) .en{display:none}
header{display:flex;justify-content:space-between;padding:16px 32px;border-bottom:1px solid var(--line)}header b{font-size:17px}
header label{color:var(--dim);cursor:pointer;margin-left:16px}body:has(#en:checked) label[for=en],body:has(#zh:checked) label[for=zh]{color:var(--fg);font-weight:600}
body:has(#en:focus-visible) label[for=en],body:has(#zh:focus-visible) label[for=zh]{outline:2px solid var(--acc);outline-offset:4px}
main{max-width:1216px;margin:0 auto;padding:32px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;letter-spacing:-.02em;font-weight:650}
h2{font-size:15px;margin:40px 0 8px;font-weight:650}small,.sub{color:var(--dim);font-weight:400}small{font-size:13px;margin-left:8px}
.banner{border:2px dashed var(--hold);color:var(--hold);padding:8px 16px;font-weight:650;margin:0 0 24px}
.verdict{font-size:19px;line-height:1.45;max-width:860px;margin:24px 0 8px}
.ok{color:var(--ok)}.hold{color:var(--hold)}.no{color:var(--no)}.unk{color:var(--unk)}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:9px 16px 9px 0;border-bottom:1px solid var(--line);font-weight:400;vertical-align:baseline}
thead th{color:var(--dim);font-size:13px;padding-top:0}.num{text-align:right;white-space:nowrap}.why{color:var(--dim);font-size:13px;min-width:280px}tbody th{min-width:150px}.why em{color:var(--hold);font-style:normal}
.st{font-size:13px;white-space:nowrap}.st:before{content:\"\";display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px;background:currentColor}
.st.hold:before{background:linear-gradient(90deg,currentColor 50%,transparent 50%);border:1.5px solid}.st.no:before{border-radius:0}.st.unk:before{background:repeating-linear-gradient(45deg,currentColor 0 2px,transparent 2px 4px);border-radius:0}
.scroll{overflow-x:auto}.counts{max-width:480px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:32px}
svg{width:100%;display:block;overflow:visible}svg text{fill:var(--dim);font-size:12px}svg .fg{fill:var(--fg)}svg .lower{fill:var(--hold)}
.grid{stroke:var(--line)}.thr{stroke:var(--acc);stroke-dasharray:3 3}.zone{fill:var(--band);opacity:.55}.band{fill:var(--band)}
.est{fill:none;stroke:var(--fg);stroke-width:1.6}.low{fill:none;stroke:var(--hold);stroke-width:1.6}
.human{fill:var(--human);opacity:.38}.robot{fill:var(--acc);opacity:.48}
.sched{fill:var(--line)}.fgood{fill:var(--acc);opacity:.66}.fbad{fill:var(--no)}.fdown{fill:var(--hold)}.fmark{fill:var(--fg)}
.legend{display:flex;flex-wrap:wrap;gap:20px;color:var(--dim);font-size:13px;margin:0 0 8px}.legend i{display:inline-block;width:11px;height:9px;margin-right:6px}
.legend .good{background:var(--acc);opacity:.66}.legend .bad{background:var(--no)}.legend .down{background:var(--hold)}.legend .mark{background:var(--fg);width:3px}
.not-shown{padding-left:20px}footer{margin-top:48px;border-top:1px solid var(--line);padding-top:16px;color:var(--dim);font-size:13px}footer p{margin:4px 0}code{word-break:break-all;font-size:12px}
@media(max-width:760px){main{padding:20px 16px}header{padding:12px 16px}.two{grid-template-columns:1fr}}
@media print{header label{display:none}}";
