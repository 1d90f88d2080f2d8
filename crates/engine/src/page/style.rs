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
.stages{display:flex;gap:4px;margin:16px 0 24px;padding:0;list-style:none;max-width:560px}.stages li{flex:1;border-top:3px solid var(--line);padding-top:6px;color:var(--dim);font-size:13px}.stages .done{border-color:var(--acc)}.stages .now{border-color:var(--fg);color:var(--fg);font-weight:650}
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 48px}
svg{width:100%;display:block;overflow:visible}svg text{fill:var(--dim);font-size:12px}svg .fg{fill:var(--fg)}svg .lower{fill:var(--hold)}svg .thr-t{fill:var(--acc)}svg .bad-t{fill:var(--no)}svg .t-robot{fill:var(--acc)}
.grid{stroke:var(--line)}.axis{stroke:var(--dim)}.thr{stroke:var(--acc);stroke-dasharray:3 3}.zone{fill:var(--band);opacity:.55}.band{fill:var(--band)}
.est{fill:none;stroke:var(--fg);stroke-width:1.6}.low{fill:none;stroke:var(--hold);stroke-width:1.6}.look{fill:var(--fg)}.look.open{fill:var(--bg);stroke:var(--dim)}
.human{fill:var(--human);opacity:.34}.robot{fill:var(--acc);opacity:.42}.l-human{stroke:var(--human);stroke-width:1.6}.l-robot{stroke:var(--acc);stroke-width:1.6}.dashed{stroke-dasharray:4 3}
.fine{fill:var(--acc);opacity:.8}.poor{fill:var(--bg);stroke:var(--no);stroke-width:1.6}.range{stroke:var(--human);opacity:.6}
.sched{fill:var(--line)}.fgood{fill:var(--acc);opacity:.66}.fbad{fill:var(--no)}.fdown{fill:var(--hold)}.fmark{fill:var(--fg)}.fhelp{fill:var(--hold);opacity:.8}.ftest{fill:none;stroke:var(--dim);stroke-width:1.4}
.fhuman{fill:var(--human);opacity:.6}.fmeasured{fill:var(--hold);opacity:.75}.fassumed{fill:none;stroke:var(--hold);stroke-width:1.4;stroke-dasharray:3 2}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;color:var(--dim);font-size:13px;margin:0 0 8px}.legend i{display:inline-block;width:11px;height:9px;margin-right:6px}
.legend .good{background:var(--acc);opacity:.66}.legend .bad{background:var(--no)}.legend .down{background:var(--hold)}.legend .mark{background:var(--fg);width:3px}
.cover .bar{display:inline-block;position:relative;width:200px;height:14px;background:var(--line);vertical-align:middle;margin-right:12px}.cover .bar i{display:block;height:100%;background:var(--acc);opacity:.66}.cover .bar b{position:absolute;top:-3px;bottom:-3px;width:2px;margin-left:-1px;background:var(--fg)}.cover .thin{outline:1.5px dashed var(--no);outline-offset:3px}.cover .beside{color:var(--dim);font-size:13px;white-space:nowrap}
.not-shown{padding-left:20px}footer{margin-top:48px;border-top:1px solid var(--line);padding-top:16px;color:var(--dim);font-size:13px}footer p{margin:4px 0}code{word-break:break-all;font-size:12px}
@media screen and (max-width:760px){main{padding:20px 16px}header{padding:12px 16px}.two{grid-template-columns:1fr}.two svg text{font-size:14.5px}.wide{min-width:760px}.verdict{font-size:17px}
.asks thead{display:none}.asks,.asks tbody,.asks tr,.asks th,.asks td{display:block;border:0;padding:0}.asks tr{padding:12px 0;border-bottom:1px solid var(--line)}.asks td.num{display:inline-block;text-align:left;padding-right:16px}.asks td.num:empty{display:none}.asks .why{min-width:0;padding-top:2px}.asks tbody th{font-weight:600}
.asks td:nth-of-type(1):before{content:\"measured \"}.asks td:nth-of-type(2):not(:empty):before{content:\"bound \"}.asks td:nth-of-type(3):not(:empty):before{content:\"asks \"}.asks td.num:before{color:var(--dim);font-size:13px}
body:has(#zh:checked) .asks td:nth-of-type(1):before{content:\"实测 \"}body:has(#zh:checked) .asks td:nth-of-type(2):not(:empty):before{content:\"界 \"}body:has(#zh:checked) .asks td:nth-of-type(3):not(:empty):before{content:\"要求 \"}
.cover td,.cover th{padding-right:10px}.cover tbody th{min-width:80px}.cover .bar{width:110px}.cover .beside{display:block;white-space:normal}}
@page{size:A4;margin:14mm}
@media print{:root{--bg:#fff;--fg:#1c1e21;--dim:#5f656b;--line:#e0e2df;--acc:#2f6f4f;--ok:#2a7248;--hold:#8a5600;--no:#a92f25;--unk:#666b71;--band:#2f6f4f26;--human:#7d828a}body{print-color-adjust:exact;-webkit-print-color-adjust:exact}.two{gap:0 24px}.two svg{padding-right:4px}header label{display:none}main{padding:0;max-width:none}body{font-size:11.5px}section,tr,li{break-inside:avoid}h2{break-after:avoid}.verdict{font-size:16px}header{padding:0 0 8px}.scroll{overflow:visible}.why{min-width:0;font-size:10.5px}th,td{padding:5px 10px 5px 0}.cover .bar{width:130px}}";
