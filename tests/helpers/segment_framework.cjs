// Ask Segment's framework: a question per line in JSON on stdin, an answer per line on stdout.
const home = process.argv[2] + '/dist/cjs/'
const { fieldsToJsonSchema } = require(home + 'destination-kit/fields-to-jsonschema.js')
const { validateSchema } = require(home + 'schema-validation.js')
const { removeEmptyValues } = require(home + 'remove-empty-values.js')
const { transform } = require(home + 'mapping-kit/index.js')
const { Action, MultiStatusResponse } = require(home + 'destination-kit/action.js')

const { parseFql, validate } = require(
  require.resolve('@segment/destination-subscriptions', { paths: [home] }),
)

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
  fql: ({ text, event }) => validate(parseFql(text), event),
  fields({ fields, payload, mode }, number) {
    const schema = fieldsToJsonSchema(fields)
    const own = removeEmptyValues(payload, schema, mode === 'batch' ? undefined : true)
    validateSchema(own, schema, { schemaKey: `schema-${number}` })
    return own
  },
  transform: ({ mapping, input }) => transform(mapping, input),
  async batch({ fields, mapping, events, syncMode, ops, throws, title }, number) {
    const calls = []
    const performBatch = (request, { payload, audienceMembership, syncMode, matchingKey }) => {
      calls.push({ payload, audienceMembership, syncMode, matchingKey })
      if (throws) throw new Error(throws)
      return ops ? multiStatus(ops) : { done: true }
    }
    const perform = () => {}
    const definition = { title: title ?? `Act ${number}`, fields, syncMode, perform, performBatch }
    const rows = await new Action('Judge', definition).executeBatch({ mapping, data: events })
    return { rows, calls }
  },
}

function multiStatus(ops) {
  const made = new MultiStatusResponse()
  for (const op of ops) {
    if (op.push_ok) made.pushSuccessResponse(op.push_ok)
    else if (op.push_err) made.pushErrorResponse(op.push_err)
    else if (op.set_ok) made.setSuccessResponseAtIndex(op.at, op.set_ok)
    else if (op.set_err) made.setErrorResponseAtIndex(op.at, op.set_err)
    else made.unsetResponseAtIndex(op.unset)
  }
  return made
}

async function answer(question, number) {
  try {
    return { output: plain(await questions[question.op](question, number)) }
  } catch (error) {
    const members = error.errors ? [...error.errors] : [error]
    return { errors: members.map((each) => each.message), kind: error.constructor.name }
  }
}

const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)
Promise.all(lines.map((line, number) => answer(JSON.parse(line), number))).then((answers) =>
  process.stdout.write(answers.map((each) => JSON.stringify(each)).join('\n')),
)
