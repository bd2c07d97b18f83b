/** The stylesheet of the console: light and dark, phone and desktop. */
import { COLOURS } from '../../brand/colours.js';

/** The rules of every page. */
export const STYLE = `${COLOURS}* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem; z-index: 1; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.1rem; align-items: center; padding: .6rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--box); }
header .brand { display: flex; align-items: center; gap: .5rem; font-weight: 700; color: var(--text); text-decoration: none; }
header nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
header search { flex: 1 1 10rem; } header search form { display: flex; gap: .5rem; }
header form { margin: 0; } header form input { margin: 0; min-width: 0; width: 100%; } header button { padding: .45rem .65rem; }
header .who { flex: 0 1 13.5rem; color: var(--quiet); font-size: .9rem; }
main { max-width: 78rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }
h1 { line-height: 1.2; margin: .8rem 0; } h2 { margin: 2.2rem 0 .6rem; } h3 { margin: 1.4rem 0 .4rem; }
.crumbs { color: var(--quiet); font-size: .9rem; margin: .3rem 0; }
nav.tabs { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; border-bottom: 1px solid var(--line); margin: 1rem 0; }
nav.tabs a { padding: .4rem 0; text-decoration: none; border-bottom: .2rem solid transparent; }
nav.tabs a[aria-current] { border-color: var(--action); color: var(--text); font-weight: 600; }
a { color: var(--action); }
bdi { overflow-wrap: anywhere; } td ul { margin: .3rem 0; padding-left: 1.2rem; }
pre { background: var(--box); padding: .8rem 1rem; overflow-x: auto; }
code { background: var(--box); padding: .1em .3em; border-radius: .2rem; font-size: .95em; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--quiet); padding-bottom: .4rem; }
th, td { border-bottom: 1px solid var(--line); padding: .45rem .7rem .45rem 0; text-align: left; vertical-align: top; overflow-wrap: break-word; }
th { font-weight: 600; color: var(--quiet); } time { white-space: nowrap; } td .row { margin: 0; }
@media (min-width: 40rem) { td { min-width: 4.5rem; } td:has(> bdi, > a > bdi) { min-width: 18.5rem; } td:has(> ul) { min-width: 20rem; } td:has(> .type) { min-width: 13rem; } tr:has(.type) td:has(> bdi, > a > bdi) { min-width: 9rem; } }
.type { overflow-wrap: anywhere; }
table:has(> tbody:empty), .scroll:has(> table > tbody:not(:empty)) > .none { display: none; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
dl.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1.5rem; margin: 1rem 0; }
dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; min-width: 0; }
.quiet { color: var(--quiet); } .error { color: var(--error); font-weight: 600; } .good { color: var(--good); font-weight: 600; } .warn { color: var(--warn); font-weight: 600; }
.note { border-left: .3rem solid var(--line); padding: .5rem 1rem; background: var(--box); margin: 1rem 0; }
.note p { margin: .4rem 0 0; } .note.bad { border-color: var(--error); } .note.fine { border-color: var(--good); }
form.act { margin: .6rem 0; max-width: 34rem; }
form.filter { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin: 1rem 0; }
label { display: block; font-weight: 600; font-size: .95rem; } label.check { font-weight: 400; display: flex; gap: .5rem; align-items: baseline; }
input, select, textarea { display: block; width: 100%; margin: .25rem 0 .8rem; padding: .5rem .6rem; background: var(--ground); color: var(--text);
  border: 1px solid var(--quiet); border-radius: .3rem; font: inherit; font-weight: 400; }
textarea { font-family: monospace; } label .quiet { font-weight: 400; }
input[type=checkbox] { display: inline; width: auto; margin: 0; } form.filter input, form.filter select { margin-bottom: 0; } form.filter input:not([type=checkbox]), form.filter select { height: 2.75rem; }
form.filter button { height: 2.75rem; } label.check + label:not(.check) { margin-top: 1rem; }
form.filter label:not(.check) { min-width: 9rem; } form.filter label.check { padding-bottom: .65rem; }
button, .button { display: inline-block; padding: .45rem 1rem; background: var(--action); color: var(--ground); border: 1px solid var(--action);
  border-radius: .3rem; font: inherit; font-weight: 600; cursor: pointer; text-decoration: none; white-space: nowrap; }
.second { background: var(--ground); color: var(--action); } .danger { background: var(--error); border-color: var(--error); }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: .8rem 0; } .row form { margin: 0; }
:focus-visible { outline: .2rem solid var(--action); outline-offset: .15rem; }
.narrow { max-width: 30rem; margin: 8vh auto 0; }
figure { margin: 1rem 0; max-width: 40rem; } figcaption { display: flex; justify-content: space-between; gap: 1rem; color: var(--quiet); font-size: .9rem; }
.chart { display: block; width: 100%; height: 4rem; } .chart .ok { fill: var(--action); } .chart .bad { fill: var(--error); }
.body { margin: 0 0 1rem; padding: .7rem; max-height: 30rem; overflow: auto; background: var(--box); border-radius: .3rem; }
.body pre { margin: 0; padding: 0; font-size: .85rem; white-space: pre-wrap; word-break: break-all; }
h3 { font-size: 1rem; margin: .8rem 0 .4rem; }
.secret { font-size: 1.1rem; user-select: all; } code + button { margin-top: .4rem; }
.row.end { margin: 0; } .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2.5rem; }
@media (max-width: 40rem) {
  header, main { padding-left: 1rem; padding-right: 1rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: .6rem; }
  .row.end { margin: 0; } .columns { grid-template-columns: 1fr; }
  .stack thead { display: none; } .stack, .stack tbody, .stack tr, .stack td, .stack th, .stack caption { display: block; }
  .stack tr { border: 1px solid var(--line); border-radius: .3rem; padding: .4rem .7rem; margin-bottom: .6rem; }
  .stack td:empty { display: none; }
  .stack td[data-name]::before { content: attr(data-name); display: inline-block; white-space: nowrap; color: var(--quiet); font-size: .9rem; margin-right: .6rem; }
  form.filter label:not(.check) { flex: 1 1 9rem; } form.filter label:has([type=datetime-local]) { flex: 1 1 100%; } nav.tabs { gap: .2rem .65rem; font-size: .875rem; }
  header .who { flex: 1 1 8rem; } .narrow { margin-top: 1rem; }
  .stack td, .stack th { border: 0; padding: .1rem 0; text-align: left; }
}
`;
