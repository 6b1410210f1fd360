// The page's side of the service worker: after the first visit, the page works with no network.

// How long a browser may take to answer, in milliseconds.
const PATIENCE = 5000;

/**
 * Keep this version of the page in the browser, and watch for a newer one. Call it when the page works: it downloads what
 * the page has not needed so far.
 *
 * onKept: called once the page works with no network.
 * onNewer: called with a function, once a newer version is there completely: it lets that version take over, in all tabs.
 * beforeReload: waited for before this tab is loaded again; for what has not been saved.
 *
 * Returns "" or, if this browser cannot keep the page, why not.
 */
export async function keepOffline({ onKept = () => {}, onNewer = () => {}, beforeReload = async () => {} } = {}) {
  const container = navigator.serviceWorker;
  if (!container) return "This browser keeps no page for use without a network.";
  const controlled = Boolean(container.controller);
  container.addEventListener("controllerchange", async () => {
    // At the first visit, it is the version that this tab has shown from the beginning.
    if (!controlled && !container.newer) return;
    await beforeReload();
    location.reload();
  });
  try {
    const registration = await container.register("sw.js", { updateViaCache: "none" });
    const offer = () => {
      if (!registration.waiting || !registration.active) return;
      onNewer(() => {
        container.newer = true;
        registration.waiting?.postMessage("take over");
      });
    };
    registration.addEventListener("updatefound", () => {
      const found = registration.installing;
      found?.addEventListener("statechange", () => found.state === "installed" && offer());
    });
    offer();
    await container.ready;
    if (!controlled && (await sameVersion(registration.active))) registration.active.postMessage("control");
    onKept();
    return "";
  } catch (error) {
    return `The page cannot be kept for use without a network: ${error.message}`;
  }
}

// Whether the service worker has the version that this tab shows. A tab without one was loaded from the network, perhaps
// just before a newer version came.
async function sameVersion(worker) {
  const mine = document.querySelector("meta[name=version]")?.content;
  const theirs = await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("message", (event) => event.data.version && resolve(event.data.version));
    worker.postMessage("version");
    setTimeout(resolve, PATIENCE);
  });
  return Boolean(theirs) && (!mine || theirs === mine);
}
