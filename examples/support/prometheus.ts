/**
 * The text exposition format of Prometheus (version 0.0.4), as far as the figures of a client need it: per metric a
 * HELP line, a TYPE line and its samples. Names of counters end in `_total`, units are seconds and bytes.
 */

/** What tells the series of one metric apart. */
export type Labels = Readonly<Record<string, string>>;

/** A histogram whose buckets count what they and the smaller ones hold; the last bound is `Infinity`. */
export interface HistogramValue {
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

/** Collects metrics and prints them. */
export class Exposition {
  readonly #lines: string[] = [];

  /** A number that only grows while the process runs; one series for each entry. */
  counter(name: string, help: string, ...series: readonly (readonly [labels: Labels, value: number])[]): void {
    this.#metric(name, 'counter', help, series);
  }

  /** A number that goes up and down; one series for each entry. */
  gauge(name: string, help: string, ...series: readonly (readonly [labels: Labels, value: number])[]): void {
    this.#metric(name, 'gauge', help, series);
  }

  histogram(name: string, help: string, labels: Labels, { buckets, count, sum }: HistogramValue): void {
    this.#head(name, 'histogram', help);
    for (const { le, count: inBucket } of buckets) {
      this.#sample(`${name}_bucket`, { ...labels, le: printNumber(le) }, inBucket);
    }
    this.#sample(`${name}_sum`, labels, sum);
    this.#sample(`${name}_count`, labels, count);
  }

  toString(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #metric(name: string, type: string, help: string, series: readonly (readonly [Labels, number])[]): void {
    this.#head(name, type, help);
    for (const [labels, value] of series) this.#sample(name, labels, value);
  }

  #head(name: string, type: string, help: string): void {
    this.#lines.push(`# HELP ${name} ${escapeText(help)}`, `# TYPE ${name} ${type}`);
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(
      ([label, text]) => `${label}="${escapeText(text).replaceAll('"', '\\"')}"`,
    );
    this.#lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${printNumber(value)}`);
  }
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function printNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
