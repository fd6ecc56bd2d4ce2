/* Runs before everything else of the page. Gradio's sign that the page loads asks for sixty frames a second for ever, also
   when it is long gone: a tenth of a processor that a model could have. Who goes on asking gets a few a second; who pauses
   begins anew. Who is who is told by the text of the function. */
{
  const MOST = 300; // five seconds of animation
  const frame = window.requestAnimationFrame.bind(window);
  const left = new Map(); // by the text of a function: the frames it may still have, and when that was counted
  window.requestAnimationFrame = (callback) => {
    const now = performance.now();
    const who = String(callback);
    const known = left.get(who) ?? { frames: MOST, at: now };
    const since = (now - known.at) / 1000;
    const frames = (since > 1.5 ? MOST : Math.min(MOST, known.frames + 2 * since)) - 1;
    left.set(who, { frames: Math.max(frames, 0), at: now });
    if (frames >= 0) return frame(callback);
    setTimeout(() => frame(callback), 1000);
    return 0; // no frame's number: who cancels it cancels nobody else's
  };
}
