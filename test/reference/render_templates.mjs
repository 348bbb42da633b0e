// Renders what fuzz_templates.py sends: a line of JSON with a template and its variables for each answer.

import { createInterface } from 'node:readline';
import { UnsupportedError } from '../../dist/prompt/jinja/errors.js';
import { JinjaTemplate } from '../../dist/prompt/jinja/template.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { template, variables } = JSON.parse(line);
  let answer;
  try {
    answer = { text: new JinjaTemplate(template).render(variables, 1000) };
  } catch (error) {
    answer = { error: String(error?.message), refused: error instanceof UnsupportedError };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
