/** How the pages look. One style element, named by its hash in the policy: nothing else is let in. */
import { hash } from 'node:crypto'

export const style = `:root{color-scheme:light;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--ground:#f6f7f9;--go:#0b57a4;--stop:#a3231c;--on:#1a6b3c;--guess:#7a4b00}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:1rem}
body{margin:0;font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);background:var(--ground);overflow-wrap:anywhere}
header,main,footer{max-width:46rem;margin:0 auto;padding:0 1rem}header{padding-top:1.5rem}main{padding-bottom:4rem}
h1{font-size:1.7rem;line-height:1.25;margin:.5rem 0 1rem}h2{font-size:1.3rem;margin:0 0 .75rem}h3{font-size:1.05rem;margin:1.5rem 0 .5rem}
p{margin:.5rem 0}a{color:var(--go)}a[aria-current]{color:var(--ink);font-weight:600;text-decoration:none}.soft{color:var(--soft);font-size:.92rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem 1rem}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem 1.25rem;margin:.75rem 0;padding:0}nav.languages ul{justify-content:flex-end;margin:0}
nav a{display:inline-block;padding:.25rem 0}
section.block{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1.25rem;margin:1.25rem 0}
ul.cards{list-style:none;margin:0;padding:0}ul.cards>li{border-top:1px solid var(--line);padding:.8rem 0}ul.cards>li:first-child{border-top:0}
.card{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between;align-items:center}.card>div{flex:1 1 18rem}.card .from{margin-bottom:0}
.what{font-weight:600;margin:0}.from{margin:.15rem 0 .5rem;color:var(--soft);font-size:.92rem}
.mark{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .6rem;font-size:.85rem;margin-right:.4rem;color:var(--soft)}
.mark.inferred{color:var(--guess);border-style:dashed}.mark.urgent{color:var(--stop);font-weight:600}nav.desk{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:.5rem 1.5rem}input[type=email],input[type=password],input[type=datetime-local]{font:inherit;width:100%;max-width:26rem;min-height:2.5rem;padding:.35rem .6rem;border:1px solid #6e7781;border-radius:.45rem;background:var(--paper);color:var(--ink)}
.mark.on{color:var(--on)}.mark.off{color:var(--soft)}
form{margin:0}.row{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
button{font:inherit;font-size:.95rem;min-height:2.4rem;padding:.3rem .85rem;border:1px solid var(--go);border-radius:.45rem;background:var(--paper);color:var(--go);cursor:pointer}
button:hover{background:#eaf2fb}button.stop{border-color:var(--stop);color:var(--stop)}button.stop:hover{background:#fbecea}
button.now{background:var(--go);color:#fff}button.now:hover{background:#084580}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}
input+.row,select+.row,fieldset+.row,label+.row{margin-top:.5rem}details{margin-top:.25rem}details li{padding:.15rem 0}summary{cursor:pointer;color:var(--go);padding:.3rem 0;width:fit-content}
label{display:block;margin:.5rem 0 .2rem}label.check{display:flex;gap:.6rem;align-items:flex-start}
input[type=text],select{font:inherit;width:100%;max-width:26rem;min-height:2.5rem;padding:.35rem .6rem;border:1px solid #6e7781;border-radius:.45rem;background:var(--paper);color:var(--ink)}
input[type=radio],input[type=checkbox]{width:1.2rem;height:1.2rem;margin:.15rem 0;flex:none}
textarea,input[type=date]{font:inherit;padding:.35rem .6rem;border:1px solid #6e7781;border-radius:.45rem;background:var(--paper);color:var(--ink);min-height:2.5rem}
textarea{width:100%}.question{margin:0 0 1.6rem}.question legend,label.what{margin-bottom:.4rem;font-weight:600}.wrong{color:var(--stop);font-weight:600}
.scale{display:flex;flex-wrap:wrap;gap:.35rem}label.mark-of{margin:0;display:flex;flex-direction:column;align-items:center;gap:.2rem;min-width:2.6rem;padding:.45rem .3rem;border:1px solid #6e7781;border-radius:.45rem}label.mark-of:has(:checked){background:#eaf2fb;border-color:var(--go)}
.marks{width:fit-content}.ends{display:flex;justify-content:space-between;gap:1rem}a.back{padding:.5rem}
input.code{max-width:11rem;letter-spacing:.25em;font-variant-numeric:tabular-nums}
fieldset{border:0;margin:0;padding:0;min-width:0}legend{padding:0;font-weight:600}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:.5rem;max-width:26rem}
.say{border-left:.35rem solid var(--on);background:#e9f5ee;padding:.75rem 1rem;margin:1rem 0;border-radius:.3rem}.say.bad{border-color:var(--stop);background:#fbecea}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:var(--soft)}dd{margin:0}
ol.shown{margin:.4rem 0 0;padding-left:1.3rem}ol.shown li{padding:.3rem 0}ol.shown .card>div{flex-basis:14rem}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media(max-width:30rem){section.block{padding:1rem}dl{grid-template-columns:1fr}}
@media print{button,nav,details,.skip{display:none}}`

/** For the Content-Security-Policy: SHA-256, base64. */
export const styleHash = hash('sha256', style, 'base64')
