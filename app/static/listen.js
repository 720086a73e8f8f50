// Play the two clips of a trial, and count what has truly sounded, by the audio clock.
"use strict";
(() => {
  const players = [...document.querySelectorAll("[data-player]")];
  if (!players.length) return;
  const END_SLACK_S = 0.03; // the clock ticks in blocks: the last one may be a hair short
  const words = JSON.parse(document.querySelector("main").dataset.words);
  const says = document.querySelector(".waits");
  const Context = window.AudioContext || window.webkitAudioContext;
  const audio = Context ? new Context() : null;
  let sounding = null;

  const clips = players.map((box) => ({
    box, name: box.dataset.player, lengthS: Number(box.dataset.lengthS),
    button: box.querySelector("button"), state: box.querySelector(".state"), ring: box.querySelector(".ring"),
    field: document.querySelector(`input[name="${box.dataset.player}_s"]`),
    buffer: null, source: null, startedAt: 0, coveredS: 0,
  }));

  const isHeard = (clip) => clip.coveredS >= clip.lengthS - END_SLACK_S;

  function show(clip, state) {
    clip.box.dataset.state = state;
    clip.state.textContent = words[state];
    clip.button.setAttribute("aria-label", state === "playing" ? clip.box.dataset.stop : clip.box.dataset.play);
  }

  function turnRing(clip, playedS) {
    clip.ring.style.strokeDashoffset = String(1.01 * (1 - Math.min(1, playedS / clip.lengthS)));
  }

  function playedS(clip) {
    // A context that is interrupted (a call, a sleeping phone) does not tick, so silence is never counted.
    return Math.max(0, Math.min(clip.lengthS, audio.currentTime - clip.startedAt));
  }

  function cover(clip, coveredS) {
    clip.coveredS = coveredS;
    clip.field.value = coveredS.toFixed(3);
  }

  function count(clip, ended) {
    // Every play starts at the beginning, so what has sounded is always one stretch from 0.
    const played = playedS(clip);
    cover(clip, Math.max(clip.coveredS, ended && played >= clip.lengthS - 0.25 ? clip.lengthS : played));
  }

  function rest(clip) {
    clip.box.toggleAttribute("data-heard", isHeard(clip));
    show(clip, isHeard(clip) ? "heard" : clip.coveredS > 0.05 ? "part" : "ready");
    turnRing(clip, isHeard(clip) ? clip.lengthS : 0);
    if (clips.every(isHeard)) document.dispatchEvent(new CustomEvent("earwitness:heard"));
  }

  function silence(clip) {
    clip.source.onended = null;
    try { clip.source.stop(); } catch { /* it never started */ }
    clip.source.disconnect();
    clip.source = null;
    sounding = null;
  }

  function stop(clip, ended = false) {
    if (!clip || !clip.source) return;
    count(clip, ended);
    silence(clip);
    rest(clip);
  }

  function interrupt(everything = false) {
    // Nobody knows what of this play was heard: it counts for nothing, what was heard before it does.
    const clip = sounding;
    if (!clip) return;
    silence(clip);
    if (everything) {
      for (const one of clips) cover(one, 0);
      document.dispatchEvent(new CustomEvent("earwitness:unheard"));
    }
    for (const one of everything ? clips : [clip]) rest(one);
    if (everything || !isHeard(clip)) says.textContent = everything ? words.device : words.interrupted;
  }

  function tick() {
    if (!sounding) return;
    turnRing(sounding, playedS(sounding));
    requestAnimationFrame(tick);
  }

  function start(clip) {
    clip.source = audio.createBufferSource();
    clip.source.buffer = clip.buffer;
    clip.source.connect(audio.destination);
    clip.source.onended = () => stop(clip, true);
    clip.startedAt = audio.currentTime;
    clip.source.start();
    sounding = clip;
    show(clip, "playing");
    requestAnimationFrame(tick);
  }

  async function play(clip) {
    if (!clip.buffer) return;
    if (sounding === clip) return stop(clip);
    stop(sounding);
    if (audio.state !== "running") {
      await audio.resume(); // browsers start silent until a tap or a key
      stop(sounding); // a second tap while the sound woke up
    }
    start(clip);
  }

  async function load(clip) {
    show(clip, "loading");
    try {
      const answer = await fetch(clip.box.dataset.src);
      if (!answer.ok) throw new Error(String(answer.status));
      clip.buffer = await audio.decodeAudioData(await answer.arrayBuffer());
      clip.button.disabled = false;
      rest(clip);
    } catch {
      show(clip, "failed");
      document.querySelector("[data-load-failed]").hidden = false;
    }
  }

  if (!audio) {
    document.querySelector("[data-no-audio]").hidden = false;
    return;
  }
  for (const clip of clips) {
    clip.coveredS = Math.min(clip.lengthS, Number(clip.field.value) || 0); // what was heard before a page came back
    clip.button.addEventListener("click", (event) => {
      if (event.detail) clip.button.blur(); // after a tap, the keys answer again
      play(clip);
    });
  }
  Promise.all(clips.map(load)).then(() => {
    // Both are here: the next pair may come while these are heard, so that nobody waits for it.
    const coming = document.querySelector("[data-coming]")?.dataset.coming.split(" ") ?? [];
    for (const address of coming) fetch(address, { priority: "low" }).catch(() => { /* it is fetched when it is asked */ });
  });
  document.addEventListener("earwitness:play-next", () => {
    if (sounding) return;
    play(clips.find((clip) => !isHeard(clip)) || clips[0]);
  });
  for (const first of ["pointerdown", "keydown"]) { // the sound wakes up while the finger is still down
    document.addEventListener(first, () => { audio.resume().catch(() => { /* a click asks again */ }); }, { once: true, capture: true });
  }
  audio.addEventListener("statechange", () => { if (audio.state !== "running") interrupt(); }); // a call, another app
  document.addEventListener("visibilitychange", () => { if (document.hidden) interrupt(); }); // locked, or another tab
  window.addEventListener("pagehide", () => interrupt());
  navigator.mediaDevices?.addEventListener("devicechange", () => interrupt(true)); // headphones that were pulled out
})();
