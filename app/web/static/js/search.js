// Suggests films, people and subjects while someone types into the header's search box.
// Without this script the box is an ordinary form; with it, Enter still searches as before.
const box = document.getElementById("site-search");
const list = document.createElement("ul");
const said = document.createElement("p");
const WAIT = 120;
let timer = 0;
let asking = null;
let chosen = -1;

function close() {
  list.hidden = true;
  list.replaceChildren();
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function option(group, path, name, note) {
  const item = document.createElement("li");
  item.id = `suggestion-${list.children.length}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.path = path;
  const words = document.createElement("span");
  words.textContent = name;
  const kind = document.createElement("span");
  kind.className = "quiet";
  kind.textContent = `${group}, ${note}`;
  item.append(words, kind);
  list.append(item);
}

function show(found) {
  list.replaceChildren();
  for (const film of found.titles) {
    option("Film", `/films/${film.slug}`, film.name, film.release_year);
  }
  const films = (count) => (count === 1 ? "1 film" : `${count} films`);
  for (const person of found.people) {
    option("Person", `/people/${person.slug}`, person.name, films(person.film_count));
  }
  for (const subject of found.subjects) {
    option("Subject", `/subjects/${subject.slug}`, subject.name, films(subject.film_count));
  }
  const count = list.children.length;
  said.textContent = count === 1 ? "1 suggestion" : `${count} suggestions`;
  list.hidden = count === 0;
  chosen = -1;
  box.setAttribute("aria-expanded", String(count > 0));
  box.removeAttribute("aria-activedescendant");
}

async function ask() {
  const typed = box.value.trim();
  if (asking) {
    asking.abort();
  }
  if (typed.length < 2) {
    close();
    return;
  }
  asking = new AbortController();
  try {
    const path = `/api/v1/suggestions?q=${encodeURIComponent(typed)}`;
    const answer = await fetch(path, { signal: asking.signal });
    if (answer.ok && document.activeElement === box) {
      show(await answer.json());
    }
  } catch {
    // Typed on, or offline: the form works as it is.
  }
}

function choose(place) {
  const items = [...list.children];
  chosen = (place + items.length + 1) % (items.length + 1);
  items.forEach((item, number) => item.setAttribute("aria-selected", String(number === chosen)));
  if (chosen < items.length) {
    box.setAttribute("aria-activedescendant", items[chosen].id);
    items[chosen].scrollIntoView({ block: "nearest" });
  } else {
    chosen = -1;
    box.removeAttribute("aria-activedescendant");
  }
}

function pressed(event) {
  if (event.key === "Escape") {
    close();
  } else if (!list.hidden && event.key === "ArrowDown") {
    event.preventDefault();
    choose(chosen + 1);
  } else if (!list.hidden && event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosen < 0 ? list.children.length - 1 : chosen - 1);
  } else if (event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    window.location.assign(list.children[chosen].dataset.path);
  }
}

if (box) {
  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  said.className = "visually-hidden";
  // Not a status: that is what a page says of what was just done.
  said.setAttribute("aria-live", "polite");
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", "suggestions");
  box.setAttribute("aria-expanded", "false");
  box.form.append(list, said);
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  box.addEventListener("keydown", pressed);
  box.addEventListener("blur", close);
  // Before the box loses the focus, and the list closes.
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("li");
    if (item) {
      event.preventDefault();
      window.location.assign(item.dataset.path);
    }
  });
}
