/** The reports as Markdown, and into a document. */
import { readFileSync, writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import { barCells } from './bars.js';
import { describeMachine } from './machine.js';
import { cellsOf, loadNote, type Report } from './report.js';

/** Between these two lines of a document stands what the benchmark wrote. */
const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** All reports under headings, the bars first. */
export async function formatMarkdown(reports: readonly Report[]): Promise<string> {
  const sections = [
    describeMachine() + '.',
    `### Bars\n\n${table(barCells(reports), 2)}`,
    ...reports.map(
      (report) =>
        `### ${report.title}\n\n\`npm run bench -- --only ${report.name}\`\n\n${table(cellsOf(report), 1)}\n\n${notes(report)}`,
    ),
  ];
  return format(sections.join('\n\n'), { ...(await resolveConfig('docs/performance.md')), parser: 'markdown' });
}

/** Puts text between the two lines of a document that are for it. Throws an Error when it lacks them. */
export function replaceMeasured(path: string, text: string): void {
  const document = readFileSync(path, 'utf8');
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} has no lines ${BEGIN} and ${END}`);
  writeFileSync(path, `${document.slice(0, begin + BEGIN.length)}\n\n${text.trim()}\n\n${document.slice(end)}`);
}

function notes(report: Report): string {
  return [...report.notes, loadNote(report)].map((note) => `- ${note}`).join('\n');
}

function table(cells: readonly (readonly string[])[], flushLeft: number): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const [head = [], ...rows] = cells;
  return [line(head), line(head.map((_, i) => (i < flushLeft ? '---' : '--:'))), ...rows.map(line)].join('\n');
}
