// Keeps the progress on the page up to date while the reader waits, and shows the page that follows.
// Only the text and its progress bar change. Without this script, the link below
// them looks.
const EVERY = 2000;

async function look() {
  const bar = document.querySelector("progress");
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) {
    return;
  }
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  const moved = now.querySelector("progress");
  if (!moved) {
    location.reload();
    return;
  }
  const words = bar.previousElementSibling;
  const said = moved.previousElementSibling.textContent;
  if (words.textContent !== said) {
    words.textContent = said;
    bar.replaceWith(moved);
    document.title = now.title;
  }
}

setInterval(() => {
  if (!document.hidden) {
    look().catch(() => {}); // the network is away: the next time may do
  }
}, EVERY);
