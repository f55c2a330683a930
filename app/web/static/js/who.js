// Asks for the size in the measure of the chosen class: students, residents, staff or members.
// Without this script the help text under the question says the same for all classes.
const chosen = document.getElementById("class");
const label = document.getElementById("size-label");
const help = document.getElementById("size-help");
const general = label && label.textContent;

function ask() {
  const question = chosen.selectedOptions[0].dataset.sizeQuestion;
  label.textContent = question || general;
  if (help) {
    help.hidden = Boolean(question);
  }
}

if (chosen && label) {
  chosen.addEventListener("change", ask);
  ask();
}
