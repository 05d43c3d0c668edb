/**
 * Asks to go on with an address, as a DHCP client does that cannot reach its server (RFC 2131 §4.4.5, REBINDING):
 *   dhcp-request.mjs IP MAC
 * Writes the answer as JSON: its type (5 is DHCPACK), the address, and options by number as lists of bytes.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers';

const LIMIT_MS = 20_000;
const RETRY_MS = 1_000;
const COOKIE = [0x63, 0x82, 0x53, 0x63];
const END = 255;
const MESSAGE_TYPE = 53;
const PARAMETER_LIST = 55;
const DHCPREQUEST = 3;

function request(ip, mac) {
  const packet = Buffer.alloc(300);
  packet.set([1, 1, 6, 0, 0x5e, 0x1f, 0xad, 0x01]);
  packet.set(ip.split('.').map(Number), 12);
  packet.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  packet.set([...COOKIE, MESSAGE_TYPE, 1, DHCPREQUEST, PARAMETER_LIST, 4, 1, 3, 51, 54, END], 236);
  return packet;
}

function optionsOf(packet) {
  const options = {};
  for (let at = 240; at + 1 < packet.length && packet[at] !== END; at += packet[at] === 0 ? 1 : 2 + packet[at + 1]) {
    if (packet[at] !== 0) options[packet[at]] = [...packet.subarray(at + 2, at + 2 + packet[at + 1])];
  }
  return options;
}

const [ip, mac] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.bind(68);
await once(socket, 'listening');
socket.setBroadcast(true);
setTimeout(() => {
  console.error(`no answer within ${LIMIT_MS} ms`);
  process.exit(1);
}, LIMIT_MS).unref();
const send = () => {
  socket.send(request(ip, mac), 67, '255.255.255.255', (error) => {
    if (error) throw error;
  });
  setTimeout(send, RETRY_MS).unref();
};
send();
const [packet] = await once(socket, 'message');
const { [MESSAGE_TYPE]: type, ...options } = optionsOf(packet);
console.log(JSON.stringify({ type: type?.[0], address: [...packet.subarray(16, 20)].join('.'), options }));
socket.close();
