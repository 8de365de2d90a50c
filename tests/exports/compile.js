// SPDX-License-Identifier: Apache-2.0
// node compile.js LANGUAGE < FILE.ksy: prints what Kaitai's compiler makes of it, as JSON {file name: text}.
const fs = require("fs");
const compiler = require("kaitai-struct-compiler");
const yaml = require("js-yaml");

const importer = { importYaml: (name) => Promise.reject(new Error(`${name}: nothing is imported`)) };
compiler.compile(process.argv[2], yaml.load(fs.readFileSync(0, "utf8")), importer, false).then(
    (files) => process.stdout.write(JSON.stringify(files)),
    (error) => {
        console.error(String(error));
        process.exit(1);
    },
);
