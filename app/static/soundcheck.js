// A few tones and a question, so that a worker knows that the sound works before the first clip.
"use strict";
(() => {
  const check = document.querySelector("[data-sound-check]");
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!check || !Context) return;
  const button = check.querySelector("button"), count = check.querySelector("input"), says = check.querySelector("[role=status]");
  const TONE_S = 0.35, GAP_S = 0.35, LOUDNESS = 0.12;
  let audio = null, tones = 0;
  check.hidden = false;

  button.addEventListener("click", async () => {
    audio = audio || new Context();
    await audio.resume();
    tones = 2 + Math.floor(Math.random() * 3);
    button.disabled = true;
    says.textContent = "";
    for (let tone = 0; tone < tones; tone++) {
      const from = audio.currentTime + 0.1 + tone * (TONE_S + GAP_S);
      const sound = audio.createOscillator(), level = audio.createGain();
      sound.frequency.value = [440, 660, 550, 880][tone];
      level.gain.setValueAtTime(0, from);
      level.gain.linearRampToValueAtTime(LOUDNESS, from + 0.03);
      level.gain.setValueAtTime(LOUDNESS, from + TONE_S - 0.05);
      level.gain.linearRampToValueAtTime(0, from + TONE_S);
      sound.connect(level).connect(audio.destination);
      sound.start(from);
      sound.stop(from + TONE_S);
      if (tone === tones - 1) sound.onended = () => { button.disabled = false; count.disabled = false; count.value = ""; count.focus(); };
    }
  });
  count.addEventListener("input", () => {
    if (!count.value) return;
    says.textContent = Number(count.value) === tones
      ? "That is right. Your sound works."
      : "Not quite. Turn the sound up a little and play them once more.";
  });
})();
