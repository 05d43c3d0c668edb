/** Draws the live view: what it shows in so many lines and columns. It looks only at what is to be seen. */
import { counted } from '../ports/table.js';
import { printable } from '../printable.js';
import { clockTime, type ChangeLog, type LogEntry } from './change-log.js';
import type { Line, Span, Style } from './frame.js';
import type { WatchModel } from './model.js';
import type { OutlineLine } from './outline.js';
import type { PortCounts, WatchedPort } from './port-group.js';
import { fit, textWidth } from './text-width.js';
import type { WatchView } from './view.js';
import { portDetail } from './watch-event.js';
import { portAddressTexts } from './watched-port.js';
import { VIEW_HELP } from './help.js';

/** How true the picture is. */
export interface LinkState {
  /** Where the database is. */
  readonly remote: string;
  /** What to say of the connection. */
  readonly text: string;
  /** Is what is shown what the server has? */
  readonly isCurrent: boolean;
}

/** Everything that is drawn. */
export interface Scene {
  readonly model: WatchModel;
  readonly view: WatchView;
  readonly log: ChangeLog;
  readonly link: LinkState;
}

/** The terminal that is drawn for. */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  /** May characters beyond ASCII be drawn? */
  readonly isUnicode: boolean;
}

interface Signs {
  readonly open: string;
  readonly closed: string;
  readonly more: string;
  readonly arrows: string;
}
const UNICODE: Signs = { open: '▾', closed: '▸', more: '…', arrows: '↑↓' };
const ASCII: Signs = { open: '-', closed: '+', more: '~', arrows: 'arrows' };

const STATE_STYLES: Readonly<Record<WatchedPort['facts']['state'], Style>> = {
  up: 'good',
  down: 'bad',
  retained: 'kept',
  unknown: 'dim',
};

/** Where things are. */
interface Layout {
  readonly body: number;
  readonly detail: number;
  readonly log: number;
  readonly name: number;
  readonly ip: number;
  readonly mac: number;
}

/** The lines of the whole screen, as many as it has. */
export function drawWatch(scene: Scene, canvas: Canvas): Line[] {
  const { columns, rows, isUnicode } = canvas;
  scene.view.settle();
  const signs = isUnicode ? UNICODE : ASCII;
  const layout = layoutOf(columns, rows);
  const lines: Line[] = [titleLine(scene, columns, signs), countLine(scene, columns, signs)];
  if (scene.view.isHelpShown) {
    const help = VIEW_HELP.split('\n').map((text) => [
      { text: fit(text, columns, signs.more), style: 'plain' as const },
    ]);
    return [...lines, ...help].slice(0, rows - 1).concat(filler(rows - 3 - help.length), [[dim('any key goes back')]]);
  }
  lines.push([{ text: headText(layout), style: 'dim' }], ...bodyLines(scene, layout, columns, signs));
  if (layout.detail > 0) lines.push([dim(fit(detailText(scene.view.chosen), columns, signs.more))]);
  if (layout.log > 0) {
    lines.push([{ text: 'LAST CHANGES', style: 'dim' }]);
    const entries = scene.log.last(layout.log);
    lines.push(...entries.map((entry) => logSpans(entry, columns, signs)), ...filler(layout.log - entries.length));
  }
  const keyTexts = keyTextsOf(scene.view, signs);
  const keys = keyTexts.find((text) => textWidth(text) <= columns) ?? keyTexts.at(-1) ?? '';
  lines.push([dim(fit(keys, columns, signs.more))]);
  return lines.slice(0, rows);
}

/** So many lines of ports are drawn. */
export function layoutOf(columns: number, rows: number): Layout {
  const log = rows >= 24 ? Math.floor(rows / 6) : rows >= 16 ? 2 : 0;
  const detail = rows >= 12 ? 1 : 0;
  const body = Math.max(1, rows - 4 - detail - (log > 0 ? log + 1 : 0));
  const mac = columns >= 72 ? 17 : 0;
  const least = 9 + 6 + (mac === 0 ? 0 : mac + 1);
  const room = columns - least - 16;
  const ip = columns >= 52 ? 15 + Math.max(0, Math.min(40, room - 45)) : 0;
  return { body, detail, log, mac, ip, name: Math.max(8, columns - least - (ip === 0 ? 0 : ip + 1)) };
}

function titleLine({ link }: Scene, columns: number, { more }: Signs): Line {
  const status = fit(link.text, Math.min(textWidth(printable(link.text)), Math.max(0, columns - 22)), more);
  const room = Math.max(0, columns - textWidth(status) - 2);
  return [
    { text: fit(`ovn-northbound watch  ${link.remote}`, room, more), style: 'title' },
    { text: '  ', style: 'plain' },
    { text: status, style: link.isCurrent ? 'good' : 'alarm' },
  ];
}

function countLine({ model, view }: Scene, columns: number, { more }: Signs): Line {
  const switches = counted(model.switches.length, 'switch', 'switches');
  const sets = counted(model.statefulSets, 'StatefulSet');
  const missing = model.missing.map((name) => `no switch ${name}`).join(', ');
  const text = [switches, sets, countsText(model.counts), missing].filter((part) => part !== '').join(', ');
  if (!view.isFiltered && !view.isTyping) return [plain(fit(text, columns, more))];
  const state = view.stateFilter === 'all' ? '' : ` ${view.stateFilter}`;
  const filter = `shown${state}${view.filterText === '' ? '' : ` "${view.filterText}"`}: ${model.shownPorts}`;
  const width = Math.min(textWidth(filter), columns);
  return [
    plain(fit(text, Math.max(0, columns - width - 2), more)),
    plain('  '),
    { text: fit(filter, width, more), style: 'bold' },
  ];
}

function headText({ name, ip, mac }: Layout): string {
  const cells = [fit('SWITCH / STATEFULSET / PORT', name, '~'), 'STATE   ', 'DRIFT'];
  if (ip > 0) cells.push('IP'.padEnd(ip));
  if (mac > 0) cells.push('MAC');
  return cells.join(' ');
}

function bodyLines({ model, view }: Scene, layout: Layout, columns: number, signs: Signs): Line[] {
  const { top, chosen } = view.window(layout.body);
  const lines: Line[] = [];
  for (let place = top; place < top + layout.body; place++) {
    const line = view.outline.at(place);
    if (line === undefined) break;
    const spans = line.kind === 'port' ? portSpans(line.port, layout, signs) : headSpans(line, view, layout, columns, signs); // prettier-ignore
    lines.push(place === chosen ? [{ text: spans.map(({ text }) => text).join(''), style: 'chosen' }] : spans);
  }
  if (lines.length === 0) {
    lines.push([dim(model.counts.ports > 0 && view.isFiltered ? 'no port fits' : 'no logical switches')]);
  }
  return [...lines, ...filler(layout.body - lines.length)];
}

function headSpans(
  line: Exclude<OutlineLine, { kind: 'port' }>,
  view: WatchView,
  { name }: Layout,
  columns: number,
  { open, closed, more }: Signs,
): Line {
  const sign = view.isClosed(line) ? closed : open;
  const { counts } = line.kind === 'switch' ? line.logicalSwitch : line.group;
  const room = Math.max(0, columns - name - 1);
  if (line.kind === 'switch') {
    const { name: text, subnet } = line.logicalSwitch;
    const title = `${sign} ${text}`;
    // Some of the subnet is of no use.
    const rest = `  ${subnet}`;
    const isRoom = textWidth(printable(title)) + textWidth(printable(rest)) <= name;
    const width = isRoom && subnet !== '' ? textWidth(printable(title)) : name;
    return [
      { text: fit(title, width, more), style: 'bold' },
      plain(fit(rest, name - width, more)),
      plain(` ${fit(countsText(counts), room, more)}`),
    ];
  }
  const text = line.group.statefulSet ?? 'other ports';
  return [plain(fit(`  ${sign} ${text}`, name, more)), dim(` ${fit(countsText(counts), room, more)}`)];
}

function portSpans({ row, facts }: WatchedPort, { name, ip, mac }: Layout, { more }: Signs): Line {
  const { state, drift, kept } = facts;
  const addresses = portAddressTexts(row);
  const ordinal = kept === undefined ? '' : `${String(kept.ordinal).padStart(3)} `;
  const spans: Span[] = [
    plain(fit(`    ${ordinal}${facts.name}`, name, more)),
    { text: ` ${(state === 'unknown' ? '-' : state).padEnd(8)}`, style: STATE_STYLES[state] },
    { text: drift === undefined ? '      ' : ' drift', style: 'alarm' },
  ];
  if (ip > 0) spans.push(plain(` ${fit(addresses.ip || '-', ip, more)}`));
  if (mac > 0) spans.push(plain(` ${fit(addresses.mac || '-', mac, more)}`));
  return spans;
}

/** How many ports of what state; what there is none of is left out. */
export function countsText(counts: PortCounts): string {
  const { ports, up, retained, down, unknown, drifting } = counts;
  const parts = [
    counted(ports, 'port'),
    ...(up > 0 ? [`${up} up`] : []),
    ...(retained > 0 ? [`${retained} retained`] : []),
    ...(down > 0 ? [`${down} down`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    ...(drifting > 0 ? [`${drifting} drifting`] : []),
  ];
  return parts.join(', ');
}

function detailText(line: OutlineLine | undefined): string {
  if (line === undefined) return '';
  if (line.kind === 'port') return portDetail(line.port);
  if (line.kind === 'switch') return `logical switch ${line.logicalSwitch.name} (${line.logicalSwitch.uuid})`;
  const { statefulSet, logicalSwitch } = line.group;
  return statefulSet === undefined
    ? `ports of ${logicalSwitch.name} that are kept for no StatefulSet`
    : `ports of ${logicalSwitch.name} that are kept for StatefulSet ${statefulSet}`;
}

function logSpans({ at, where, text }: LogEntry, columns: number, { more }: Signs): Line {
  const time = clockTime(at);
  return [dim(`${time} `), plain(fit([...where, text].join('  '), Math.max(0, columns - time.length - 1), more))];
}

/** What keys do, at length and more briefly. */
function keyTextsOf(view: WatchView, { arrows }: Signs): string[] {
  if (view.isTyping) {
    const typed = `find: ${printable(view.filterText)}_`;
    return [`${typed}   (name, address, StatefulSet; Enter keeps it, Esc clears it)`, typed];
  }
  const escape = view.isFiltered ? 'Esc all  ' : '';
  return [
    `q quit  ${arrows} PgUp PgDn move  Enter open/close  / find  s state  ${escape}? help`,
    `q quit  ${arrows} move  / find  s state  ${escape}? help`,
    `q quit  ${escape}? help`,
  ];
}

function filler(count: number): Line[] {
  return Array.from({ length: Math.max(0, count) }, () => []);
}

function plain(text: string): Span {
  return { text, style: 'plain' };
}

function dim(text: string): Span {
  return { text, style: 'dim' };
}
