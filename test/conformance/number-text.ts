/** How C and Python print numbers, which differs from JavaScript in where exponents begin. */

/** A JSON number as the reference clients print it: integers whole, reals as `%.15g`. */
export function jsonNumber(value: number | bigint): string {
  return integerText(value) ?? placePoint((value as number).toExponential(14), 15);
}

/** A column's number as Python prints it: integers whole, reals with the fewest digits that say which they are. */
export function pythonNumber(value: number | bigint): string {
  return integerText(value) ?? placePoint((value as number).toExponential(), 16);
}

/** Numbers that have no fraction and fit 64 bits are integers to the reference clients. */
function integerText(value: number | bigint): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value).toString() : undefined;
}

/** Writes what `toExponential` gave without an exponent where that is from -4 to below `limit`. */
function placePoint(exponential: string, limit: number): string {
  const [, sign = '', first = '', fraction = '', power = ''] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(exponential) ?? [];
  const exponent = Number(power);
  const digits = (first + fraction).replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= limit) {
    const mantissa = digits.length === 1 ? digits : `${digits.charAt(0)}.${digits.slice(1)}`;
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, '0');
  const rest = whole.slice(exponent + 1);
  return `${sign}${whole.slice(0, exponent + 1)}${rest === '' ? '' : `.${rest}`}`;
}
