/**
 * The page's only script: the slider. It reads the thresholds from the element that holds them as JSON and writes texts, never markup.
 */
export const SCRIPT = `
const { thresholds, rows, characters, command } = JSON.parse(document.getElementById('thresholds').textContent);
const slider = document.getElementById('slider');
const line = document.getElementById('cut');
const count = new Intl.NumberFormat('en-US');
function show() {
  const [score, kept, text, x] = thresholds[slider.value];
  line.setAttribute('x1', x);
  line.setAttribute('x2', x);
  const parts = [count.format(kept) + ' of ' + count.format(rows) + ' rows (' + (100 * kept / rows).toFixed(1) + ' %)'];
  if (characters > 0) parts.push((100 * text / characters).toFixed(1) + ' % of the answers\\u2019 characters');
  const said = 'Scores from ' + score + ' on: ' + parts.join(', ');
  document.getElementById('kept').textContent = said;
  slider.setAttribute('aria-valuetext', said);
  document.getElementById('command').textContent = command.replace('THRESHOLD', score);
}
slider.addEventListener('input', show);
show();
`;
