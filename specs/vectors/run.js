// SPDX-License-Identifier: CC0-1.0
// node run.js HOST PORT [BEGINNING...]: runs the vectors of boot-rom.jsonl (those whose names begin so) against a
// loader behind a TCP port. Each connection must find a chip that has just been powered up in download mode, with
// a blank flash of 4 MiB and the recorder's eFuses. Prints a line for each vector that differs, and a count; exits
// with 1 if any does.
"use strict";
const fs = require("fs");
const net = require("net");
const path = require("path");

const ANSWER_MS = 10000; // how long an answer may take in all
const QUIET_MS = 60; // as long as this nothing more comes
const SYNC = Buffer.from("c00008240000000000" + "07071220" + "55".repeat(32) + "c0", "hex");

const [host, port, ...beginnings] = process.argv.slice(2);
const lines = fs.readFileSync(path.join(__dirname, "boot-rom.jsonl"), "utf8").trim().split("\n");

// What can be set up by nothing but power and bytes.
function canRun({ setup, state }) {
    const plain = setup.flash_put.length + setup.ram_put.length + setup.io.length === 0;
    const usual = setup.flash_fill === "ff" && setup.spi_miso_stuck === null && setup.strap[0] === 1;
    const leavesBlank = state.flash_changed.length === 0; // or the next vector would find it
    return plain && leavesBlank && usual && ["autobaud", "synced"].includes(setup.start) && !state.still_printing;
}

// Opens a connection; `exchange` writes bytes, and returns what comes until there are `size` bytes and a pause.
function open() {
    const socket = net.connect(Number(port), host);
    let heard = Buffer.alloc(0);
    let wake = () => {};
    socket.on("data", (data) => {
        heard = Buffer.concat([heard, data]);
        wake();
    });
    const pause = (ms) => new Promise((done) => {
        const timer = setTimeout(done, ms);
        wake = () => { clearTimeout(timer); done(); };
    });
    async function exchange(bytes, size) {
        heard = Buffer.alloc(0);
        socket.write(bytes);
        const end = Date.now() + ANSWER_MS;
        while (heard.length < size && Date.now() < end) await pause(end - Date.now());
        for (let before = -1; before !== heard.length;) {
            before = heard.length;
            await pause(QUIET_MS);
        }
        return heard;
    }
    const ready = new Promise((done, failed) => socket.once("connect", done).once("error", failed));
    const close = () => new Promise((done) => socket.once("close", done).end());
    return { ready, exchange, close };
}

// Returns in words what differs, or nothing.
async function differs({ setup, tx_hex, rx_hex }) {
    const { ready, exchange, close } = open();
    await ready;
    await exchange(SYNC, 1); // the banner comes, and the rate is measured: this one has no answer
    if (setup.start === "synced") await exchange(SYNC, 8 * 12);
    let found;
    for (let at = 0; at < tx_hex.length && !found; at++) {
        const heard = (await exchange(Buffer.from(tx_hex[at], "hex"), rx_hex[at].length / 2)).toString("hex");
        const expected = rx_hex[at];
        if (heard !== expected) found = `answer ${at} is ${heard || "missing"}, and should be ${expected || "none"}`;
    }
    await close();
    return found;
}

async function main() {
    if (!port) throw new Error("usage: node run.js HOST PORT [BEGINNING...]");
    const all = lines.map((line) => JSON.parse(line)).filter(canRun);
    const asked = ({ name }) => !beginnings.length || beginnings.some((beginning) => name.startsWith(beginning));
    const chosen = all.filter(asked);
    let failures = 0;
    for (const vector of chosen) {
        const found = await differs(vector);
        if (found) console.log(`${vector.name}: ${found}`);
        failures += found ? 1 : 0;
    }
    console.log(`${chosen.length} run, ${failures} differ, ${lines.length - all.length} need more than bytes`);
    process.exitCode = failures || !chosen.length ? 1 : 0;
}

main().catch((error) => {
    console.error(String(error));
    process.exitCode = 2;
});
