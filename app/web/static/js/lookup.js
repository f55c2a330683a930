// Keeps the total of a list in step with what is chosen, and marks a whole column without a reload.
// Without this script the same buttons ask the server.

const total = document.getElementById("chosen-total");
const count = document.getElementById("chosen-count");
const boxes = [...document.querySelectorAll(".lookup-table input[name=offer]")];
const buttons = [...document.querySelectorAll(".lookup-table button[data-mark]")];

function inColumn(button) {
  return boxes.filter((box) => box.dataset.kind === button.dataset.mark);
}

function update() {
  // A film that stands in the list twice is licensed once.
  const chosen = new Map(boxes.filter((box) => box.checked).map((box) => [box.value, Number(box.dataset.amount)]));
  const money = new Intl.NumberFormat("en-US", { style: "currency", currency: total.dataset.currency });
  const decimals = money.resolvedOptions().maximumFractionDigits;
  const sum = [...chosen.values()].reduce((all, amount) => all + amount, 0);
  total.textContent = money.format(sum / 10 ** decimals);
  count.textContent = `${chosen.size} ${chosen.size === 1 ? "license" : "licenses"}`;
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(inColumn(button).every((box) => box.checked)));
  }
}

if (total) {
  document.getElementById("update-total").hidden = true;
  for (const button of buttons) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      const column = inColumn(button);
      const checked = !column.every((box) => box.checked);
      for (const box of column) box.checked = checked;
      update();
    });
  }
  for (const box of boxes) {
    box.addEventListener("change", () => {
      for (const other of boxes) if (other.value === box.value) other.checked = box.checked;
      update();
    });
  }
  update();
}
