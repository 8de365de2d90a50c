// SPDX-License-Identifier: Apache-2.0
// node drive.mjs BUNDLE HOST PORT BAUD IMAGE OFFSET BACK: identify, write an image, read as much into BACK.
// esptool-js is told nothing but the baud rate; what it found goes to stdout as JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { TcpSerialPort } from "./webserial_tcp.mjs";

const [bundle, host, port, baud, image, offset, back] = process.argv.slice(2);
globalThis.navigator ??= {};
globalThis.window ??= globalThis;
const say = console.log;
console.log = () => {};
const { ESPLoader, Transport } = await import(pathToFileURL(bundle));
const transport = new Transport(new TcpSerialPort(host, Number(port)), false);
const said = [];
const terminal = { clean() {}, writeLine: (line) => said.push(line), write: (text) => said.push(text) };
const loader = new ESPLoader({ transport, baudrate: Number(baud), romBaudrate: 115200, terminal });
const chip = await loader.main("no_reset");
const mac = await loader.chip.readMac(loader);
const data = readFileSync(image);
await loader.writeFlash({
  fileArray: [{ data: new Uint8Array(data), address: Number(offset) }],
  flashSize: "keep", flashMode: "keep", flashFreq: "keep", eraseAll: false, compress: true,
});
writeFileSync(back, Buffer.from(await loader.readFlash(Number(offset), data.length)));
say(JSON.stringify({ chip, mac, said: said.join("\n") }));
process.exit(0);
