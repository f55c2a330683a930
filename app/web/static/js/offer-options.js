// Suggests offers while staff type a film's title into a line of the new order form.
// Without this script, the Search button of the line does the same.
const list = document.getElementById("offer-options");
const WAIT = 150;
let timer = 0;
let request = null;

function valueOf(name) {
  return document.getElementById(name)?.value ?? "";
}

async function suggest(text) {
  request?.abort();
  if (text.length < 2 || [...list.options].some((option) => option.value === text)) {
    return;
  }
  request = new AbortController();
  const query = new URLSearchParams({
    q: text.slice(0, 100),
    class: valueOf("buyer/class"),
    size: valueOf("buyer/size"),
    country: valueOf("billing_address/country"),
  });
  try {
    const answer = await fetch(`/console/new-order/offers?${query}`, { signal: request.signal });
    if (answer.ok) {
      const offers = await answer.json();
      list.replaceChildren(
        ...offers.map((offer) => {
          const option = document.createElement("option");
          option.value = offer.sku;
          option.label = offer.label;
          return option;
        }),
      );
    }
  } catch {
    // Typed on, or offline: the form works as it is.
  }
}

document.addEventListener("input", (event) => {
  if (event.target.getAttribute("list") === list.id) {
    clearTimeout(timer);
    timer = setTimeout(suggest, WAIT, event.target.value.trim());
  }
});
