/** The page's style: two themes by variables, the reader's choice before the system's. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fcfcfa; --text: #1c2024; --soft: #5b636b; --faint: #a5adb5; --line: #dfe3e6; --card: #fff;
  --bar: #4878a8; --accent: #c2541b; --third: #2f7d5b; --fourth: #7a55a8; }
@media (prefers-color-scheme: dark) { :root { --page: #15181b; --text: #e6e9ec; --soft: #a3abb3; --faint: #68717a; --line: #2d3338;
  --card: #1c2024; --bar: #6f9fd0; --accent: #f08a4b; --third: #62b58e; --fourth: #ae8ade; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 800px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 26px; line-height: 1.25; margin: 8px 0 4px; }
h2 { font-size: 19px; margin: 40px 0 8px; padding-top: 8px; border-top: 1px solid var(--line); }
p { margin: 6px 0; max-width: 70ch; }
.soft { color: var(--soft); }
figure { margin: 12px 0; overflow-x: auto; }
figure svg { max-width: 100%; min-width: 520px; height: auto; }
figcaption { color: var(--soft); font-size: 14px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(max(140px, 30%), 1fr)); gap: 8px; margin: 16px 0; padding: 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
.facts dt { color: var(--soft); font-size: 13px; }
.facts dd { margin: 0; font-size: 20px; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; min-width: 9em; }
th { color: var(--soft); font-weight: 600; }
input[type=range] { width: 100%; accent-color: var(--accent); }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
.command { display: block; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; overflow-wrap: anywhere; user-select: all; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 6px 0; padding: 6px 12px; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { font-variant-numeric: tabular-nums; margin-right: 8px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 8px 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media print { details { break-inside: avoid; } input[type=range] { display: none; } }
`;
