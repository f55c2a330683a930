// The player of a watch page. It streams through hls.js, keeps the play alive, and ties captions,
// transcript, chapters, and clips to the picture. Without this script the same form starts the
// browser's own player, with captions.

const BEAT_SECONDS = 60;
const CUE_STYLES = ["cueSize", "cueLook"];
const page = document.getElementById("watch");
const resumeKey = `watch:${page.dataset.film}`;

// Browsers may keep nothing for a page in a frame: then nothing is kept.
const kept = {
  read(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  },
  write(name, value) {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch { /* the film plays all the same */ }
  },
};

// --- Times -----------------------------------------------------------------------------------

function inClockTime(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, place) => (place === 0 ? part : String(part).padStart(2, "0"))).join(":");
}

function inSeconds(text) {
  if (!/^\d+(:\d{1,2}){0,2}$/.test(text.trim())) return NaN;
  return text.trim().split(":").reduce((all, part) => all * 60 + Number(part), 0);
}

// --- A play: begun by a form, kept alive by beats --------------------------------------------

let play = null;

class Play {
  constructor(player) {
    this.player = player;
    this.video = player.querySelector("video");
    this.token = player.dataset.token;
    this.expires = Date.now() + Number(player.dataset.seconds) * 1000;
    this.hls = null;
    this.clipEnd = Number(page.dataset.clipEnd) || null;
  }

  // Every request takes the newest token: an old one may have expired during a pause.
  address(url) {
    return url.replace(/\/media\/[^/]+\//, `/media/${this.token}/`);
  }

  attach() {
    const source = this.video.querySelector("source");
    if (!canStream()) return; // the browser plays the list by itself
    const sourceUrl = source.src;
    this.hls = new Hls({
      enableWorker: false,
      enableWebVTT: false,
      xhrSetup: (request, url) => request.open("GET", this.address(url), true),
    });
    this.hls.on(Hls.Events.ERROR, (_event, data) => this.recover(data));
    this.hls.on(Hls.Events.MANIFEST_PARSED, () => fillChoices(this));
    this.hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, () => fillChoices(this));
    this.hls.loadSource(sourceUrl);
    this.hls.attachMedia(this.video);
  }

  async recover(data) {
    if (!data.fatal) {
      if (data.response?.code === 403) await this.beat();
      return;
    }
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      this.hls.recoverMediaError();
    } else if (await this.beat()) {
      this.hls.startLoad(this.video.currentTime);
    } else if (!play.stopped) {
      say("The connection was lost. Press play to try again.");
    }
  }

  // Return whether the play goes on. The store says why if it does not.
  async beat() {
    this.beating ??= this.sendBeat().finally(() => { this.beating = null; });
    return this.beating;
  }

  async sendBeat() {
    let answer;
    try {
      answer = await fetch(this.player.dataset.beat, {
        method: "POST",
        headers: { "X-Play-Secret": this.player.dataset.secret, Accept: "application/json" },
      });
    } catch {
      return false; // the network is away: the next beat may do
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) {
      this.token = told.token;
      this.expires = Date.now() + told.seconds * 1000;
      return true;
    }
    if (answer.status >= 500 || answer.status === 429) return false;
    this.stop(told.detail || "This film can no longer be played here.");
    return false;
  }

  stop(reason) {
    this.stopped = true;
    clearInterval(this.timer);
    remember(this.video);
    this.hls?.destroy();
    this.video.pause();
    this.player.querySelector(".player-again").hidden = false;
    say(reason);
  }

  keepAlive() {
    this.timer = setInterval(() => this.beat(), BEAT_SECONDS * 1000);
    const wake = () => {
      if (!this.stopped && Date.now() > this.expires - BEAT_SECONDS * 1000) {
        this.beat().then((goesOn) => goesOn && this.hls?.startLoad(this.video.currentTime));
      }
    };
    this.video.addEventListener("play", wake);
    document.addEventListener("visibilitychange", () => document.hidden || wake());
  }
}

function canStream() {
  return typeof Hls !== "undefined" && Hls.isSupported();
}

function say(words) {
  document.getElementById("player-status").textContent = words;
}

async function begin(form) {
  const body = new URLSearchParams(new FormData(form));
  body.set("player", canStream() ? "hls" : "native");
  const at = Number(form.dataset.at) || null;
  say("Starting ...");
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  const player = told.getElementById("player");
  if (!player || !player.querySelector("video")) {
    form.submit(); // the answer is a page of its own, which says why
    return;
  }
  document.getElementById("player").replaceWith(player);
  say("");
  open(player, at);
}

function open(player, at) {
  play = new Play(player);
  const video = play.video;
  play.attach();
  play.keepAlive();
  restoreStyles(player);
  video.addEventListener("loadedmetadata", () => {
    video.currentTime = at ?? startingPoint(video);
    video.play().catch(() => {}); // the browser wants a press of its own button
  }, { once: true });
  video.addEventListener("timeupdate", () => follow(video));
  video.addEventListener("pause", () => remember(video));
  for (const again of player.querySelectorAll("form")) {
    again.addEventListener("submit", (event) => {
      event.preventDefault();
      again.dataset.at = video.currentTime;
      begin(again);
    });
  }
  document.getElementById("player-choices").hidden = false;
  video.focus();
}

// --- Resume on this device -------------------------------------------------------------------

let isForgotten = false; // for as long as the page is open

function startingPoint(video) {
  const clip = Number(page.dataset.clipStart);
  if (page.dataset.clipStart) return clip;
  const left = Number(kept.read(resumeKey)) || 0;
  if (left > 10 && left < video.duration - 20) {
    say(`Resumed at ${inClockTime(left)}, where you stopped on this device.`);
    document.getElementById("start-over").hidden = false;
    return left;
  }
  return 0;
}

function remember(video) {
  if (video.currentTime > 0 && !isForgotten) kept.write(resumeKey, String(Math.floor(video.currentTime)));
}

// --- Transcript, chapters, clips -------------------------------------------------------------

const lines = [...document.querySelectorAll("#transcript-lines li")];
const starts = lines.map((line) => Number(line.dataset.start));
let current = -1;

function follow(video) {
  if (play.clipEnd && video.currentTime >= play.clipEnd) {
    video.pause();
    video.currentTime = play.clipEnd; // the browser tells four times a second where it is
    play.clipEnd = null;
    say("The clip ends here. Press play to watch on.");
  }
  if (Math.floor(video.currentTime) % 10 === 0) remember(video);
  const now = starts.findLastIndex((start) => start <= video.currentTime + 0.05);
  if (now === current) return;
  lines[current]?.removeAttribute("aria-current");
  current = now;
  const line = lines[now];
  if (!line) return;
  line.setAttribute("aria-current", "true");
  const box = line.closest(".transcript-box");
  if (document.getElementById("transcript-follow").checked && !box.contains(document.activeElement)) {
    box.scrollTo({ top: line.offsetTop - box.offsetTop - box.clientHeight / 3 });
  }
}

function jump(seconds) {
  if (!play) {
    page.dataset.clipStart = seconds;
    document.querySelector("#player form").requestSubmit();
    return;
  }
  play.clipEnd = null;
  play.video.currentTime = seconds;
  play.video.play().catch(() => {});
}

function search(words) {
  const wanted = words.trim().toLowerCase();
  const found = lines.filter((line) => wanted && line.textContent.toLowerCase().includes(wanted));
  for (const line of lines) line.classList.toggle("is-found", found.includes(line));
  const count = document.getElementById("transcript-count");
  count.textContent = wanted ? `${found.length} ${found.length === 1 ? "line" : "lines"}` : "";
  return found;
}

function updateClip() {
  const from = inSeconds(document.getElementById("clip-from").value);
  const to = inSeconds(document.getElementById("clip-to").value);
  const isClip = Number.isFinite(from) && (document.getElementById("clip-to").value === "" || to > from);
  const link = document.getElementById("clip-link");
  const url = new URL(page.dataset.permalink);
  if (isClip) url.search = Number.isFinite(to) ? `?t=${from},${to}` : `?t=${from}`;
  link.value = decodeURIComponent(url.href);
  document.getElementById("clip-problem").textContent = isClip
    ? "" : "Enter times such as 1:05, with the end after the start.";
  const cite = document.getElementById("clip-citation");
  cite.textContent = isClip ? `${cite.dataset.citation} ${inClockTime(from)}${Number.isFinite(to) ? `–${inClockTime(to)}` : ""}.` : "";
}

// --- Choices: quality, sound, speed, captions, picture in picture ------------------------------

function fillChoices({ hls }) {
  const quality = document.getElementById("choose-quality");
  const chosen = quality.value || "-1";
  quality.replaceChildren(new Option("Automatic", "-1"),
    ...hls.levels.map((level, number) => new Option(`${level.height}p`, number)).reverse());
  quality.value = chosen;
  quality.onchange = () => { hls.nextLevel = Number(quality.value); };
  quality.closest(".field").hidden = hls.levels.length < 2;
  const sound = document.getElementById("choose-sound");
  sound.replaceChildren(...hls.audioTracks.map((track, number) => new Option(track.name, number)));
  sound.value = Math.max(0, hls.audioTrack);
  sound.onchange = () => { hls.audioTrack = Number(sound.value); };
  sound.closest(".field").hidden = hls.audioTracks.length < 2;
}

function restoreStyles(player) {
  for (const name of CUE_STYLES) {
    const field = document.querySelector(`[data-style=${name}]`);
    field.value = kept.read(`watch:${name}`) ?? field.value;
    player.dataset[name] = field.value;
  }
}

function connect() {
  const form = document.querySelector("#player form");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    begin(form).catch(() => form.submit());
  });
  for (const link of document.querySelectorAll("[data-jump]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      jump(Number(link.dataset.jump));
    });
  }
  for (const field of document.querySelectorAll("[data-style]")) {
    field.addEventListener("change", () => {
      kept.write(`watch:${field.dataset.style}`, field.value);
      document.getElementById("player").dataset[field.dataset.style] = field.value;
    });
  }
  document.getElementById("choose-speed").addEventListener("change", (event) => {
    play.video.playbackRate = Number(event.target.value);
  });
  const small = document.getElementById("picture-in-picture");
  small.hidden = !document.pictureInPictureEnabled;
  small.addEventListener("click", () => {
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else play.video.requestPictureInPicture().catch(() => say("Picture in picture is not available here."));
  });
  document.getElementById("start-over").addEventListener("click", (event) => {
    event.target.hidden = true;
    jump(0);
  });
  document.getElementById("forget").addEventListener("click", () => {
    isForgotten = true;
    kept.write(resumeKey, null);
    say("The position on this device is forgotten.");
  });
  const transcript = document.getElementById("transcript-search");
  transcript?.addEventListener("input", () => search(transcript.value));
  transcript?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = search(transcript.value);
    const next = found.find((line) => Number(line.dataset.start) > (play?.video.currentTime ?? -1)) ?? found[0];
    if (next) jump(Number(next.dataset.start));
  });
  for (const button of document.querySelectorAll("[data-set-time]")) {
    button.addEventListener("click", () => {
      document.getElementById(button.dataset.setTime).value = inClockTime(play?.video.currentTime ?? 0);
      updateClip();
    });
  }
  for (const id of ["clip-from", "clip-to"]) document.getElementById(id).addEventListener("input", updateClip);
  document.getElementById("clip-copy").addEventListener("click", async () => {
    const link = document.getElementById("clip-link");
    link.select();
    const copied = await navigator.clipboard?.writeText(link.value).then(() => true, () => false);
    document.getElementById("clip-problem").textContent = copied
      ? "The link is copied." : "The link is selected. Copy it with your keyboard.";
  });
  for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
  const started = document.querySelector("#player video");
  if (started) open(document.getElementById("player"), null); // the page was the answer to the form
}

connect();
