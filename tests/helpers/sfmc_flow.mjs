// The flows of sfmc-sdk against an account; what came out is printed as JSON.
// node sfmc_flow.mjs MODULE SETTINGS-AS-JSON
const [, , modulePath, given] = process.argv;
const { default: SDK } = await import(modulePath);
const { auth_url, client_id, client_secret, account_id } = JSON.parse(given);

function client(secret) {
  // Its constructor accepts addresses of the vendor alone.
  const vendor = `https://mc${"x".repeat(26)}.auth.marketingcloudapis.com/`;
  const sdk = new SDK({ client_id, client_secret: secret, account_id, auth_url: vendor });
  sdk.auth.authObject.auth_url = auth_url;
  return sdk.rest;
}

async function refusal(work) {
  try {
    await work();
  } catch (error) {
    return [error.code ?? null, error.message];
  }
  return null;
}

const rest = client(client_secret);
const rows = "/data/v1/async/dataextensions/key:Customers/rows";
const status = (id) => rest.get(`/data/v1/async/${id}/status`);

async function ended(id) {
  const seen = [];
  for (let tries = 0; tries < 500; tries += 1) {
    const answer = await status(id);
    seen.push(answer.status?.requestStatus ?? answer.resultMessages[0].resultCode);
    if (["Complete", "Error"].includes(answer.status?.requestStatus)) return { seen, answer };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not ended: ${seen}`);
}

async function done(answer) {
  const found = await ended(answer.requestId);
  const path = `/data/v1/async/${answer.requestId}/results`;
  const results = await rest.getBulk(path);
  return { ...found, requestId: answer.requestId, first: await rest.get(path), results };
}

const items = Array.from({ length: 120 }, (_, at) => ({ customer_id: `c-${at}`, Name: "Ö" }));
const found = {
  wrongSecret: await refusal(() => client("wrong").get("/data/v1/async/1/status")),
  upserted: await done(await rest.put(rows, { items })),
  inserted: await done(
    await rest.post(rows, { items: [items[0], { customer_id: "new", Name: "Z", City: null }] }),
  ),
  unknown: await status("110c7be1-26f4-475c-b561-7756a79ed602"),
  noTable: await refusal(() => rest.put(rows.replace("Customers", "Nothing"), { items })),
  noRows: await refusal(() => rest.put(rows, { items: [] })),
};
console.log(JSON.stringify(found));
