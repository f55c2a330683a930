// Shows times in the time zone of the reader. Without it they are UTC, as the page then says.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const options = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const thisYear = new Intl.DateTimeFormat("en-US", options);
const otherYear = new Intl.DateTimeFormat("en-US", { ...options, year: "numeric" });
const now = new Date();
for (const time of document.querySelectorAll("time[data-local]")) {
  const moment = new Date(time.dateTime);
  const format = moment.getFullYear() === now.getFullYear() ? thisYear : otherYear;
  time.textContent = format.format(moment);
}
const note = document.getElementById("time-zone");
if (note && zone) note.textContent = `Times are in your time zone, ${zone}. Point at one to see it in UTC.`;
