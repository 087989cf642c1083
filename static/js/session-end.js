// Warns two minutes before the session ends, and makes it last at one press. Without it a form that is sent too late is
// kept through sign-in. Asking how much is left does not make it last.
const dialog = document.getElementById("session-end");
const title = document.getElementById("session-end-title");
const buttons = [...dialog.querySelectorAll("button")];
const account = document.getElementById("account");
const dismiss = () => dialog.close();
// The text of each state, its plain button and its main one.
const STATES = {
  idle: [
    "You have not used the portal for a while.",
    ["Sign out", () => account.requestSubmit()],
    ["Stay signed in", () => stay()],
  ],
  last: ["A session lasts at most 12 hours. Save what you are doing, then sign in again.", ["Close", dismiss]],
  ended: [
    "Sign in to go on. To keep what you entered on this page, close this and send it: the portal asks you to sign in first.",
    ["Close", dismiss],
    ["Sign in", () => location.reload()],
  ],
};
const WARNING = 120;
const AGAIN = 10;
const tabs = new BroadcastChannel("session");
let timer;
let end = 0;

function at(seconds, then) {
  clearInterval(timer);
  timer = setTimeout(then, Math.max(seconds, 1) * 1000);
}

function open(name) {
  const [text, ...actions] = STATES[name];
  if (!dialog.open) dialog.showModal();
  if (dialog.dataset.state === name) return;
  dialog.dataset.state = name;
  document.getElementById("session-end-text").textContent = text;
  buttons.forEach((button, at) => {
    button.hidden = !actions[at];
    [button.textContent, button.onclick] = actions[at] ?? ["", null];
  });
  buttons.findLast((button) => !button.hidden).focus();
}

function close() {
  dialog.close();
  delete dialog.dataset.state;
}

// Clocks that stood still while the machine slept are read again each second.
function count(state) {
  const seconds = Math.round((end - Date.now()) / 1000);
  if (seconds < 0) return ask();
  title.textContent = `You will be signed out in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  open(state);
}

function warn(seconds, last) {
  end = Date.now() + seconds * 1000;
  clearInterval(timer);
  timer = setInterval(count, 1000, last ? "last" : "idle");
  count(last ? "last" : "idle");
}

function ended() {
  clearInterval(timer);
  title.textContent = "You are signed out";
  open("ended");
}

async function ask(options = {}) {
  clearInterval(timer);
  let response;
  try {
    response = await fetch(dialog.dataset.address, { cache: "no-store", headers: { Accept: "application/json" }, ...options });
  } catch {
    return at(AGAIN, ask);
  }
  if (response.status === 401) return ended();
  // A page from before another sign-in has an old token: the session of that sign-in is asked for.
  if (!response.ok) return options.method ? ask() : at(AGAIN, ask);
  const { seconds, last } = await response.json();
  if (seconds <= WARNING) return warn(seconds, last);
  if (dialog.open) close();
  at(seconds - WARNING, ask);
}

async function stay() {
  await ask({ method: "POST", body: new FormData(account) });
  tabs.postMessage("used");
}

// Closed by a person, who knows when the session ends: nothing is shown until then.
dialog.addEventListener("close", () => {
  if (dialog.dataset.state === "last") at((end - Date.now()) / 1000 + 1, ask);
});
// Escape answers the question too.
dialog.addEventListener("cancel", (event) => {
  if (dialog.dataset.state !== "idle") return;
  event.preventDefault();
  stay();
});
// A page that opened in another tab, or a press there.
tabs.addEventListener("message", () => { if (dialog.open) ask(); });
tabs.postMessage("used");
at(Number(dialog.dataset.left) - WARNING, ask);
