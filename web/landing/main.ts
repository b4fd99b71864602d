/** The landing page: from what was typed to the page of the delivery. */
import "../styles/base.css";
import "../styles/landing.css";
import { targetOf } from "./target";

const form = document.querySelector<HTMLFormElement>("#finder");
const input = document.querySelector<HTMLInputElement>("#finder-input");
const problem = document.querySelector<HTMLElement>("#finder-problem");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const target = targetOf(input?.value ?? "");
  if (target !== null) {
    location.assign(target);
    return;
  }
  input?.setAttribute("aria-invalid", "true");
  if (problem) problem.textContent = "That is not a tracking number. It begins with TRK- and is in your message.";
  input?.focus();
});

input?.addEventListener("input", () => {
  input.removeAttribute("aria-invalid");
  if (problem) problem.textContent = "";
});
