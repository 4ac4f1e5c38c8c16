// On the page around a package: passes on to the server what the package says of its learner.
(() => {
  const frame = document.querySelector('iframe[data-commit]');
  const fault = document.querySelector('[data-fault]');
  const LEAVE_MS = 400;
  const KEEPALIVE_BYTES = 50_000;
  let [latest, isSending, isLeft] = [null, false, false];

  const isWithin = (source) => {
    for (let one = source; one; one = one.parent) {
      if (one === frame.contentWindow) return true;
      if (one === one.parent) return false;
    }
    return false;
  };

  const send = async () => {
    if (isSending) return;
    isSending = true;
    while (latest !== null) {
      const data = JSON.stringify(latest);
      latest = null;
      const body = new URLSearchParams({ csrf: frame.dataset.csrf, data });
      try {
        // Goes on when the page is left, if it is short.
        const keepalive = body.toString().length < KEEPALIVE_BYTES;
        const answer = await fetch(frame.dataset.commit, { method: 'POST', body, keepalive, redirect: 'manual' });
        fault.hidden = answer.ok;
      } catch {
        fault.hidden = false;
      }
    }
    isSending = false;
  };

  addEventListener('message', ({ source, data }) => {
    // Of a window that has closed meanwhile nothing more is known than that it has.
    const isHeard = source === null ? isLeft : isWithin(source);
    if (data?.rollbook !== 'attempt' || typeof data.attempt !== 'object' || !isHeard) return;
    latest = data.attempt;
    send();
  });

  // A package has its last word when its window closes, and the page must be there to hear it.
  for (const link of document.querySelectorAll('a[href]'))
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      isLeft = true;
      frame.src = 'about:blank';
      setTimeout(() => location.assign(link.href), LEAVE_MS);
    });
})();
