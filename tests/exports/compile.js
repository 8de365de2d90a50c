// SPDX-License-Identifier: Apache-2.0
// node compile.js LANGUAGE... < FILE.ksy: prints what Kaitai's compiler makes of it, as JSON
// {language: {file name: text}}.
const fs = require("fs");
const compiler = require("kaitai-struct-compiler");
const yaml = require("js-yaml");

const importer = { importYaml: (name) => Promise.reject(new Error(`${name}: nothing is imported`)) };

async function compiled(languages, definition) {
    const made = {};
    for (const language of languages) {
        made[language] = await compiler.compile(language, definition, importer, false);
    }
    return made;
}

compiled(process.argv.slice(2), yaml.load(fs.readFileSync(0, "utf8"))).then(
    (made) => process.stdout.write(JSON.stringify(made)),
    (error) => {
        console.error(String(error));
        process.exit(1);
    },
);
