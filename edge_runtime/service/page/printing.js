// The report of the exam, printed from a frame that ends with the patient.
export function print(report) {
  document.getElementById("report")?.remove();
  const frame = document.createElement("iframe");
  frame.id = "report";
  frame.title = "";
  frame.setAttribute("aria-hidden", "true");
  frame.tabIndex = -1;
  frame.setAttribute("sandbox", "allow-same-origin allow-modals"); // no script, but it may be asked to print
  frame.addEventListener("load", () => frame.contentWindow.print(), { once: true });
  frame.srcdoc = report;
  document.body.append(frame);
}

export function forgetPrinted() {
  document.getElementById("report")?.remove();
}
