// Buy a film's first license with a client whose types openapi-typescript makes of the description,
// and print what came of it as JSON.
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
const mine = { path: { number: placed.number }, header: { "x-order-token": placed.token } };
const checkout = given(
  await client.POST("/api/v1/orders/{number}/checkout", { params: mine }),
);
const session = new URL(checkout.url).pathname.split("/").pop();
await fetch(`${sandboxUrl}/sandbox/sessions/${session}/pay`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: "{}",
});
const order = given(await client.GET("/api/v1/orders/{number}", { params: mine }));
console.log(
  JSON.stringify({
    outcome: row.outcome,
    offers: row.licensing!.offers.map((each) => each.sku),
    amount: offer.price.amount,
    sku: offer.sku,
    number: order.number,
    token: placed.token,
    total: order.total.amount,
  }),
);
