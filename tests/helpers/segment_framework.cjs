// Ask Segment's framework: a question per line in JSON on stdin, an answer per line on stdout.
const home = process.argv[2] + '/dist/cjs/'
const { fieldsToJsonSchema } = require(home + 'destination-kit/fields-to-jsonschema.js')
const { validateSchema } = require(home + 'schema-validation.js')
const { removeEmptyValues } = require(home + 'remove-empty-values.js')
const { transform } = require(home + 'mapping-kit/index.js')

console.warn = () => {} // Of the schema validator, about schemas it takes all the same.

// JSON has no undefined, NaN and infinity.
function plain(value) {
  if (value === undefined) return { $undefined: true }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) }
  if (Array.isArray(value)) return Array.from(value, plain)
  if (value === null || typeof value !== 'object') return value
  const filled = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(filled.map(([key, each]) => [key, plain(each)]))
}

const questions = {
  fields({ fields, payload, mode }, number) {
    const schema = fieldsToJsonSchema(fields)
    const own = removeEmptyValues(payload, schema, mode === 'batch' ? undefined : true)
    validateSchema(own, schema, { schemaKey: `schema-${number}` })
    return own
  },
  transform: ({ mapping, input }) => transform(mapping, input),
}

function answer(question, number) {
  try {
    return { output: plain(questions[question.op](question, number)) }
  } catch (error) {
    const members = error.errors ? [...error.errors] : [error]
    return { errors: members.map((each) => each.message), kind: error.constructor.name }
  }
}

const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)
const answers = lines.map((line, number) => JSON.stringify(answer(JSON.parse(line), number)))
process.stdout.write(answers.join('\n'))
