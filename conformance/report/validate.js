// node validate.js MODULES SCHEMA FILE: holds FILE to a JSON Schema (2020-12).
const fs = require("fs"), path = require("path");
const [modules, schema, file] = process.argv.slice(2);
const load = (name) => require(path.join(modules, name));
const Ajv = load("ajv/dist/2020").default;
const ajv = new Ajv({ strict: false, allErrors: true });
load("ajv-formats").default(ajv);
const validate = ajv.compile(JSON.parse(fs.readFileSync(schema)));
if (!validate(JSON.parse(fs.readFileSync(file)))) {
  console.error(JSON.stringify(validate.errors.slice(0, 20), null, 1));
  process.exit(1);
}
