// A page that the browser kept for its Back button may be older than an order: load it again.

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
