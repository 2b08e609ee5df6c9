// `node fhir_faults.cjs FILE ...`: a JSON list of what npm fhir calls an error in each file; example codings are no error.
const fs = require('fs');
const { Fhir } = require('fhir');

const fhir = new Fhir();
const faults = process.argv.slice(2).map((file) =>
  fhir
    .validate(JSON.parse(fs.readFileSync(file, 'utf8')), { errorOnUnexpected: true })
    .messages.filter((message) => !['info', 'warning', 'information'].includes(message.severity))
    .map((message) => `${message.location}: ${message.message}`),
);
console.log(JSON.stringify(faults));
