// Play the two clips of a trial, and count what has truly sounded, by the audio clock.
"use strict";
(() => {
  const players = [...document.querySelectorAll("[data-player]")];
  if (!players.length) return;
  const END_SLACK_S = 0.03; // the clock ticks in blocks: the last one may be a hair short
  const words = { loading: "Getting ready", ready: "Not heard yet", playing: "Playing", part: "Not heard to the end", heard: "Heard", failed: "Could not be loaded" };
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
    clip.button.setAttribute("aria-label", `${state === "playing" ? "Stop" : "Play"} the ${clip.name} clip`);
  }

  function turnRing(clip, playedS) {
    clip.ring.style.strokeDashoffset = String(1.01 * (1 - Math.min(1, playedS / clip.lengthS)));
  }

  function playedS(clip) {
    // A context that is interrupted (a call, a sleeping phone) does not tick, so silence is never counted.
    return Math.max(0, Math.min(clip.lengthS, audio.currentTime - clip.startedAt));
  }

  function count(clip, ended) {
    // Every play starts at the beginning, so what has sounded is always one stretch from 0.
    const played = playedS(clip);
    clip.coveredS = Math.max(clip.coveredS, ended && played >= clip.lengthS - 0.25 ? clip.lengthS : played);
    clip.field.value = clip.coveredS.toFixed(3);
  }

  function rest(clip) {
    if (isHeard(clip)) clip.box.dataset.heard = "";
    show(clip, isHeard(clip) ? "heard" : clip.coveredS > 0.05 ? "part" : "ready");
    turnRing(clip, isHeard(clip) ? clip.lengthS : 0);
    if (clips.every(isHeard)) document.dispatchEvent(new CustomEvent("earwitness:heard"));
  }

  function stop(clip, ended = false) {
    if (!clip || !clip.source) return;
    count(clip, ended);
    clip.source.onended = null;
    try { clip.source.stop(); } catch { /* it never started */ }
    clip.source.disconnect();
    clip.source = null;
    if (sounding === clip) sounding = null;
    rest(clip);
  }

  function tick() {
    if (!sounding) return;
    turnRing(sounding, playedS(sounding));
    requestAnimationFrame(tick);
  }

  async function play(clip) {
    if (!clip.buffer) return;
    if (sounding === clip) return stop(clip);
    stop(sounding);
    await audio.resume(); // browsers start silent until a tap or a key
    if (sounding) stop(sounding); // a second tap while the sound woke up
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
  window.addEventListener("pagehide", () => stop(sounding));
})();
