/** `npm run example NAME`: runs an example as a user would, on a database of its own unless it is given one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { isOvsdbServerInstalled } from 'ovn-northbound/testing';

import { openPlace, STEP_MS, type Place } from './places.js';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const USAGE = `npm run example NAME                   runs it on a private database
npm run example NAME -- --embedded     runs it on one in memory, which is also done where no ovsdb-server is installed
npm run example NAME REMOTE            runs it on a database of yours, as does OVN_NB_DB=REMOTE
`;

/** What the examples print when somebody else may begin. */
const READY = /Ctrl-C ends it|beat +2 /;

/** Runs what the arguments say; resolves with the exit code. */
export async function runExample(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args.filter((arg) => arg !== '--embedded');
  const examples = listExamples();
  if (name === undefined || name === '--help') {
    const width = Math.max(...[...examples.keys()].map((known) => known.length));
    for (const [known, says] of examples) console.log(`${known.padEnd(width)}  ${says}`);
    console.log(`\n${USAGE}`);
    return 0;
  }
  if (!examples.has(name)) {
    console.error(`There is no example ${name}; there are ${[...examples.keys()].join(', ')}.`);
    return 2;
  }
  const embedded = args.includes('--embedded') || !isOvsdbServerInstalled();
  const isGiven = rest.length > 0 || (process.env['OVN_NB_DB'] ?? '') !== '';
  if (isGiven && !args.includes('--embedded')) return play(name, rest);
  const place = await openPlace(name, embedded);
  try {
    console.log(`(on ${place.description})\n`);
    return await play(name, rest, place);
  } finally {
    await place.close();
  }
}

/** The examples by name, with what each says of itself. */
export function listExamples(): ReadonlyMap<string, string> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && file !== 'demo.ts');
  return new Map(
    files.sort().map((file) => {
      const [, says = ''] = /^\/\*\*\n \* (.*)$/m.exec(readFileSync(join(FOLDER, file), 'utf8')) ?? [];
      return [basename(file, '.ts'), says];
    }),
  );
}

async function play(name: string, args: readonly string[], place?: Place): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(FOLDER, `${name}.ts`), ...args], {
    env: { ...process.env, ...place?.environment },
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Ctrl-C reaches everybody at a terminal; the example must not count it twice.
    process.on(signal, () => (signal === 'SIGINT' && isTerminal ? undefined : child.kill(signal)));
  }
  const ended = once(child, 'close') as Promise<[code: number | null]>;
  let printed = '';
  let begun = false;
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    printed += chunk.toString();
    if (begun || place?.story === undefined || !READY.test(printed)) return;
    begun = true;
    tellStory(place.story, isTerminal).then(
      () => {
        if (isTerminal) console.log(`\nThat was all that happens by itself. Ctrl-C ends it.`);
        else child.kill('SIGINT');
      },
      (error: unknown) => {
        console.error(error);
        child.kill('SIGTERM');
      },
    );
  });
  const [code] = await ended;
  return code ?? 1;
}

async function tellStory(story: NonNullable<Place['story']>, isTerminal: boolean): Promise<void> {
  const pauseMs = isTerminal ? STEP_MS : STEP_MS / 3;
  await story(async (step) => {
    await sleep(pauseMs);
    console.log(`\n> ${step}`);
  });
  await sleep(pauseMs);
}
