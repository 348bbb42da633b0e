/** A template that is no Jinja, or that fails where Python's Jinja2 would fail too. */
export class TemplateError extends Error {
  /** Says where in the template it was. */
  at(line: number): this {
    this.message += ` (line ${line})`;
    return this;
  }
}

/** A construct that Python's Jinja2 has and this interpreter does not render, by its name. */
export class UnsupportedError extends TemplateError {
  constructor(construct: string) {
    super(`${construct} is not supported in chat templates here`);
  }
}

/** What the template says itself, with `raise_exception`. */
export class RaisedByTemplate extends TemplateError {}

/** A template did something that none may: it loops, or makes more than a prompt needs. */
export class TemplateLimitError extends Error {}
