// Sends a master in pieces (tus 1.0), so that a cut connection, or a closed page, costs one piece. Without this script
// the form sends the file whole. tus.min.js is tus-js-client, MIT license.
const PIECE = 32 * 1024 * 1024;
const RETRIES = [0, 2000, 5000, 15000, 30000, 60000];
const form = document.querySelector("#master-upload");
const bar = document.querySelector("#upload-progress");
const words = document.querySelector("#upload-words");
const button = form.querySelector("button");

function say(text) {
  words.textContent = text;
}

function send(file) {
  const value = (name) => form.elements[name].value;
  const told = { filename: file.name, version: value("version"), role: value("role"), language: value("language") };
  const about = [file.name, file.size, file.lastModified, form.dataset.uploads, told.version, told.role].join("|");
  const upload = new window.tus.Upload(file, {
    endpoint: form.dataset.uploads,
    chunkSize: PIECE,
    retryDelays: RETRIES,
    metadata: told,
    fingerprint: () => Promise.resolve(about),
    removeFingerprintOnSuccess: true,
    onProgress(sent, whole) {
      const percent = Math.floor((100 * sent) / whole);
      bar.hidden = false;
      bar.value = percent;
      say(`Uploading: ${percent}%. Keep this page open. If the connection ends, choose the same file again to go on.`);
    },
    onSuccess() {
      window.onbeforeunload = null;
      location.assign(form.dataset.then);
    },
    onError(error) {
      window.onbeforeunload = null;
      button.disabled = false;
      let detail = "The upload stopped. Check your connection, choose the same file again, and it goes on.";
      try {
        const problem = JSON.parse(error.originalResponse.getBody());
        detail = problem.errors?.[0]?.detail ?? problem.detail ?? detail;
      } catch {
        // no answer, or none of ours
      }
      say(detail);
    },
  });
  window.onbeforeunload = () => true;
  upload.findPreviousUploads().then((earlier) => {
    if (earlier.length) {
      upload.resumeFromPreviousUpload(earlier[0]);
    }
    upload.start();
  });
}

form.addEventListener("submit", (event) => {
  const file = form.elements.file.files[0];
  if (!file || !window.tus?.isSupported) {
    return;
  }
  event.preventDefault();
  button.disabled = true;
  say("Uploading …");
  send(file);
});
