// Every five seconds, the table gives way to the newest one. If the board has ended, the page says so.
const late = document.getElementById("late");

async function renew() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(4000) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    late.hidden = true;
  } catch {
    late.hidden = false;
  }
}

setInterval(renew, 5000);
