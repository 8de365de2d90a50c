// SPDX-License-Identifier: Apache-2.0
// node job.mjs BUNDLE HOST PORT JOB [OFFSET SIZE FILE]: one job of esptool-js; JOB is identify, read or write.
// (It erases whole flashes only.) Exit code 1 and the reason where esptool-js throws, as a page would show it.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { TcpSerialPort } from "./webserial_tcp.mjs";

const [bundle, host, port, job, offset, size, file] = process.argv.slice(2);
globalThis.navigator ??= {};
globalThis.window ??= globalThis;
const { ESPLoader, Transport } = await import(pathToFileURL(bundle));
const terminal = { clean() {}, writeLine: (line) => console.log(line), write: (text) => process.stdout.write(text) };
const md5 = (image) => createHash("md5").update(image).digest("hex");

async function run(loader) {
  await loader.main("no_reset");
  switch (job) {
    case "identify":
      console.log(await loader.chip.readMac(loader));
      break;
    case "read":
      writeFileSync(file, Buffer.from(await loader.readFlash(Number(offset), Number(size))));
      break;
    case "write":
      await loader.writeFlash({
        fileArray: [{ data: new Uint8Array(readFileSync(file)), address: Number(offset) }],
        flashSize: "keep", flashMode: "keep", flashFreq: "keep", eraseAll: false, compress: true,
        calculateMD5Hash: md5,
      });
      break;
    default:
      throw new Error(`there is no job ${job}`);
  }
}

try {
  const transport = new Transport(new TcpSerialPort(host, Number(port)), false);
  await run(new ESPLoader({ transport, baudrate: 115200, romBaudrate: 115200, terminal }));
} catch (error) {
  console.log(`failed: ${error}`);
  process.exit(1);
}
process.exit(0);
