// Buy a film's first license twice, once by a quote, with a client whose types openapi-typescript
// makes of the description, and print what came of it as JSON.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [url, sandboxUrl, film] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl: url });

function given<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const licensing = given(
  await client.GET("/api/v1/films/{slug}/licensing", {
    params: { path: { slug: film }, query: { class: "college", size: 4200 } },
  }),
);
const offer = licensing.offers[0]!;

const available = given(
  await client.POST("/api/v1/availability", {
    body: { class: "college", size: 4200, country: "US", rows: [{ slug: film }] },
  }),
);
const row = available.rows[0]!;

const address = {
  line1: "1 College Row",
  city: "Ithaca",
  region: "NY",
  postal_code: "14850",
  country: "US",
};
const placed = given(
  await client.POST("/api/v1/orders", {
    params: { header: { "idempotency-key": "generated-typescript" } },
    body: {
      lines: [{ offer: offer.sku, quantity: 1 }],
      buyer: {
        institution: "Generated College",
        class: "college",
        size: 4200,
        contact_name: "Ada Reader",
        email: "ada@generated.example.edu",
      },
      billing_address: address,
      shipping_address: address,
      accepted_texts: [{ code: offer.license_text.code, version: offer.license_text.version }],
    },
  }),
);

async function pay(number: string, token: string) {
  const params = { path: { number }, header: { "x-order-token": token } };
  const checkout = given(await client.POST("/api/v1/orders/{number}/checkout", { params }));
  const session = new URL(checkout.url).pathname.split("/").pop();
  await fetch(`${sandboxUrl}/sandbox/sessions/${session}/pay`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{}",
  });
  return given(await client.GET("/api/v1/orders/{number}", { params }));
}

const order = await pay(placed.number, placed.token!);

const quote = given(
  await client.POST("/api/v1/quotes", {
    params: { header: { "idempotency-key": "generated-typescript-quote" } },
    body: {
      lines: [{ offer: offer.sku, quantity: 1 }],
      buyer: { class: "college", size: 4200, email: "ada@generated.example.edu" },
    },
  }),
);
const held = { path: { number: quote.number }, header: { "x-quote-token": quote.token } };
const quoted = given(
  await client.POST("/api/v1/quotes/{number}/accept", {
    params: held,
    body: {
      billing_address: address,
      shipping_address: address,
      institution: "Generated College",
      contact_name: "Ada Reader",
      accepted_texts: quote.license_texts.map(({ code, version, sha256 }) => ({ code, version, sha256 })),
    },
  }),
);
const paid = await pay(quoted.number, quoted.token!);
const accepted = given(await client.GET("/api/v1/quotes/{number}", { params: held }));
if (accepted.order_number !== paid.number || paid.total.amount !== quote.total.amount) {
  throw new Error(JSON.stringify({ accepted, paid }));
}
console.log(
  JSON.stringify({
    outcome: row.outcome,
    offers: row.licensing!.offers.map((each) => each.sku),
    amount: offer.price.amount,
    sku: offer.sku,
    number: order.number,
    token: placed.token,
    total: order.total.amount,
    quoted: { number: paid.number, token: quoted.token },
  }),
);
