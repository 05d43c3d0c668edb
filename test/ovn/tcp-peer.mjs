/**
 * One side of a transfer over TCP, run in a pod:
 *   listen           waits for one connection, writes how many bytes came and their digest, sends the digest back
 *   send IP PORT N   sends N random bytes and ends with code 0 when the other side's digest is theirs
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers';

const LIMIT_MS = 20_000;
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** All that comes until the other side ends. The socket stays open for an answer. */
async function collect(socket) {
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

function listen() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    server.close();
    void collect(socket).then((bytes) => socket.end(digestOf(bytes)));
  });
  server.listen({ host: '::', port: 0 }, () => console.log(server.address().port));
}

async function send([host, port, length]) {
  const bytes = randomBytes(Number(length));
  const socket = connect({ host, port: Number(port), allowHalfOpen: true });
  socket.end(bytes);
  const answer = (await collect(socket)).toString();
  if (answer !== digestOf(bytes)) throw new Error(`sent ${digestOf(bytes)}, but what came was ${answer}`);
}

const [verb, ...rest] = process.argv.slice(2);
setTimeout(() => {
  console.error(`tcp-peer ${verb} did not finish within ${LIMIT_MS} ms`);
  process.exit(1);
}, LIMIT_MS).unref();
if (verb === 'listen') listen();
else await send(rest);
