// Play the one sound of a step, show which part of it sounds, and let keys answer.
"use strict";
(() => {
  const box = document.querySelector("[data-hear]");
  const form = document.querySelector("form[data-trial]");
  if (!box || !form) return;
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const button = box.querySelector("button"), state = box.querySelector(".state"), ring = box.querySelector(".ring");
  const next = form.querySelector("button[type=submit]"), parts = [...form.querySelectorAll("[data-starts-s]")];
  const lengthS = Number(box.dataset.lengthS), partS = Number(form.querySelector("[data-interval-s]")?.dataset.intervalS);
  const Context = window.AudioContext || window.webkitAudioContext;
  const audio = Context ? new Context() : null;
  let sound = null, source = null, startedAt = 0;

  function show(now) {
    box.dataset.state = now;
    state.textContent = words[now];
    button.setAttribute("aria-label", now === "playing" ? box.dataset.stop : box.dataset.play);
  }

  function follow() {
    const playedS = source ? audio.currentTime - startedAt : -1;
    for (const part of parts) {
      const sinceS = playedS - Number(part.dataset.startsS);
      part.toggleAttribute("data-sounding", sinceS >= 0 && sinceS < partS);
    }
    if (!source) return;
    ring.style.strokeDashoffset = String(1.01 * (1 - Math.min(1, playedS / lengthS)));
    requestAnimationFrame(follow);
  }

  function stop(ended) {
    if (!source) return;
    source.onended = null;
    source.stop();
    source = null;
    box.toggleAttribute("data-heard", ended || box.hasAttribute("data-heard"));
    show(box.hasAttribute("data-heard") ? "heard" : "part");
    ring.style.strokeDashoffset = box.hasAttribute("data-heard") ? "0" : "1.01";
    follow();
  }

  async function play() {
    if (!sound) return;
    if (source) return stop(false);
    if (audio.state !== "running") await audio.resume(); // browsers start silent until a tap or a key
    if (source) return; // a second tap while the sound woke up
    source = audio.createBufferSource();
    source.buffer = sound;
    source.connect(audio.destination);
    source.onended = () => stop(true);
    startedAt = audio.currentTime;
    source.start();
    show("playing");
    follow();
  }

  async function load() {
    try {
      const answer = await fetch(box.dataset.src);
      if (!answer.ok) throw new Error(String(answer.status));
      sound = await audio.decodeAudioData(await answer.arrayBuffer());
      button.disabled = false;
      show("ready");
    } catch {
      show("failed");
      document.querySelector("[data-no-audio]").hidden = false;
    }
  }

  function playPlainly() {
    const plain = document.createElement("audio"); // a browser without Web Audio may still play a file
    plain.controls = true;
    plain.src = box.dataset.src;
    box.replaceWith(plain);
  }

  const inControl = (target) => target.closest("input, textarea, select, button, a, summary, audio, [contenteditable]");

  function answer(number) {
    const typed = form.querySelector("input[type=number]");
    if (typed) typed.value = number;
    else form.querySelector(`input[type=radio][value="${number}"]`)?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || inControl(event.target)) return;
    if (event.key === " ") {
      event.preventDefault(); // no scrolling
      play();
    } else if (/^[0-9]$/.test(event.key)) {
      answer(event.key);
    } else if (event.key === "Enter") {
      event.preventDefault();
      form.requestSubmit(next);
    }
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // the way back shows what is asked now
  });
  if (!audio) return playPlainly();
  button.addEventListener("click", (event) => {
    if (event.detail) button.blur(); // after a tap, the keys answer again
    play();
  });
  audio.addEventListener("statechange", () => { if (audio.state !== "running") stop(false); }); // a call, another app
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(false); });
  load();
})();
