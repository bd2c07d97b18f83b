/** The one stylesheet, which every page holds. */
import { createHash } from 'node:crypto';
import { COLOURS } from '../../brand/colours.js';

/** The rules of every page. */
export const STYLE = `${COLOURS}body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
.brand { display: flex; align-items: center; gap: .6rem; color: var(--quiet); font-weight: 600; }
.mark { width: 1.75rem; height: 1.75rem; fill: var(--ground); } .mark rect { fill: var(--action); }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin-top: 1.8rem; }
li { margin: .4rem 0; }
code { background: var(--box); padding: .1em .3em; border-radius: .2rem; font-size: .95em; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; color: var(--quiet); padding-bottom: .4rem; }
th, td { border: 1px solid var(--line); padding: .45rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--box); } th[scope=row] code { white-space: nowrap; }
dt { font-weight: 600; margin-top: 1rem; } dd { margin: .2rem 0 0 1rem; }
.quiet { color: var(--quiet); }
form { margin: 1.5rem 0; }
label { display: block; font-weight: 600; }
input { display: block; box-sizing: border-box; width: 100%; margin: .4rem 0 1rem; padding: .65rem .75rem;
  background: var(--ground); color: var(--text); border: 1px solid var(--quiet); border-radius: .3rem; font: inherit; }
button, .button { padding: .65rem 1.4rem; background: var(--action); color: var(--ground); border: 1px solid var(--action);
  border-radius: .3rem; font: inherit; font-weight: 600; cursor: pointer; }
.narrow button, .button { display: block; box-sizing: border-box; width: 100%; text-align: center; text-decoration: none;
  overflow-wrap: anywhere; }
button + button { margin-top: .8rem; }
.second { background: var(--ground); color: var(--action); }
a { color: var(--action); }
:focus-visible { outline: .2rem solid var(--action); outline-offset: .15rem; }
.error { color: var(--error); font-weight: 600; }
.narrow { max-width: 24rem; margin: 0 auto; }
@media (min-width: 34rem) and (min-height: 34rem) { .brand.narrow { margin-top: 8vh; } }
.note { border-left: .3rem solid var(--line); padding: .2rem 1rem; background: var(--box); }
button.copy { padding: .05em .6em; background: var(--ground); color: var(--action); font-size: .85em; }
.checks { padding: 0; list-style: none; }
.checks li { display: grid; grid-template-columns: 5.5rem 1fr; gap: .6rem; }
.checks .state { font-weight: 600; } .done .state { color: var(--good); } .failed .state { color: var(--error); }
.remark { display: block; color: var(--quiet); }
@media (max-width: 34rem) {
  .stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
  .stack thead { display: none; }
  .stack tr { border: 1px solid var(--line); border-bottom: 0; } .stack tbody:last-of-type tr:last-child { border-bottom: 1px solid var(--line); }
  .stack th, .stack td { border: 0; } .stack td:first-child { font-weight: 600; padding-bottom: 0; }
}
@media print {
  button.copy, nav { display: none; }
  :root { --text: #000; --quiet: #000; --line: #777; --ground: #fff; --box: #fff; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, dt { break-after: avoid; } tr, li, dt, dd { break-inside: avoid; }
}
`;

/** The source of the stylesheet in a Content-Security-Policy. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;
