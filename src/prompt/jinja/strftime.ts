import { TemplateError, UnsupportedError } from './errors.js';

/** A day of the calendar, without a time. */
export interface CalendarDate {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  readonly day: number;
}

/** "2024-07-26"; undefined for what is no day of the calendar in that form. */
export function parseDate(text: string): CalendarDate | undefined {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const utc = utcOf(date);
  const isDay = date.year > 0 && utc.getUTCMonth() + 1 === date.month && utc.getUTCDate() === date.day;
  return isDay ? date : undefined;
}

const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Python's `strftime` in the C locale, of a date alone: a directive of the time of day is refused by name. */
export function strftime(date: CalendarDate, format: string): string {
  return format.replaceAll(/%(-?[A-Za-z%]?)/g, (_, directive: string) => {
    const text = directiveOf(date, directive);
    if (text === undefined)
      throw new UnsupportedError(`strftime_now with %${directive}, for which a date is not enough,`);
    return text;
  });
}

function directiveOf(date: CalendarDate, directive: string): string | undefined {
  const { year, month, day } = date;
  const monthName = MONTHS[month - 1] ?? '';
  const dayName = DAYS[utcOf(date).getUTCDay()] ?? '';
  switch (directive) {
    case 'd':
      return padded(day, 2);
    case '-d':
      return String(day);
    case 'm':
      return padded(month, 2);
    case '-m':
      return String(month);
    case 'Y':
      return String(year);
    case 'y':
      return padded(year % 100, 2);
    case 'B':
      return monthName;
    case 'b':
      return monthName.slice(0, 3);
    case 'A':
      return dayName;
    case 'a':
      return dayName.slice(0, 3);
    case 'F':
      return `${String(year)}-${padded(month, 2)}-${padded(day, 2)}`;
    case '%':
      return '%';
    case '':
      throw new TemplateError('strftime_now has a format that ends in %');
    default:
      return undefined;
  }
}

function utcOf({ year, month, day }: CalendarDate): Date {
  return new Date(Date.UTC(year, month - 1, day));
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
