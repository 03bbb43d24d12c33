// The flows of jsforce against an organisation; what came out is printed as JSON.
// node jsforce_flow.cjs MODULE SETTINGS-AS-JSON
const [, , modulePath, given] = process.argv;
const jsforce = require(modulePath);
const { url, username, password, clientId, clientSecret } = JSON.parse(given);

const connection = new jsforce.Connection({
  version: "59.0",
  oauth2: { clientId, clientSecret, loginUrl: url },
});
Object.assign(connection.bulk2, { pollInterval: 20, pollTimeout: 30000 });

const load = (operation, input, more = {}) =>
  connection.bulk2.loadAndWaitForResults({ object: "Contact", operation, input, ...more });

async function refusal(work) {
  try {
    await work();
  } catch (error) {
    return [error.name, error.message];
  }
  return null;
}

async function jobs() {
  const found = {};
  const aborted = connection.bulk2.createJob({ object: "Contact", operation: "insert" });
  await aborted.open();
  found.deletedOpen = await refusal(() => aborted.delete());
  await aborted.abort();
  found.aborted = (await aborted.check()).state;
  await aborted.delete();
  found.gone = await refusal(() => aborted.check());

  const empty = connection.bulk2.createJob({ object: "Contact", operation: "insert" });
  await empty.open();
  await empty.close();
  await empty.poll();
  found.empty = empty.getInfo();
  found.emptyResults = await empty.getAllResults();

  const list = await connection.request("/services/data/v59.0/jobs/ingest?jobType=V2Ingest");
  found.listed = list.records.map((job) => [job.id, job.state, job.jobType]);
  found.done = list.done;
  found.emptyId = empty.id;
  return found;
}

async function main() {
  const found = {};
  found.wrongPassword = await refusal(() => connection.login(username, "wrong"));
  found.user = await connection.login(username, password);
  found.identity = (await connection.identity()).username;
  found.objects = (await connection.describeGlobal()).sobjects.map((each) => each.name);
  found.fields = (await connection.sobject("Contact").describe()).fields.length;
  found.requests = (await connection.limits()).DailyApiRequests;

  found.inserted = await load("insert", [
    { Ext__c: "c-1", LastName: "Hübner", Email: "no" },
    { Ext__c: "c-2", LastName: 'two\nlines, "quoted"' },
  ]);
  found.upserted = await load(
    "upsert",
    "Ext__c,LastName,ReportsTo.Ext__c\nc-2,B,\nc-3,C,c-2\nc-4,D,c-9\n",
    { externalIdFieldName: "Ext__c" },
  );
  const ids = found.upserted.successfulResults.map((row) => row.sf__Id);
  found.updated = await load("update", ids.map((Id) => ({ Id, LastName: "Z", Title: null })));
  found.deleted = await load("delete", [{ Id: ids[0] }]);
  found.unknownColumn = await refusal(() => load("insert", [{ Foo: "1" }]));
  found.jobs = await jobs();
  found.usage = connection.limitInfo.apiUsage;
  const token = connection.accessToken;
  await connection.logout();
  const after = new jsforce.Connection({ version: "59.0", instanceUrl: url, accessToken: token });
  found.afterLogout = await refusal(() => after.limits());
  console.log(JSON.stringify(found));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
