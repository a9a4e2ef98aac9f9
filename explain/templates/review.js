const given = JSON.parse(document.getElementById("given").textContent);
const form = document.getElementById("form");
form.addEventListener("submit", event => {
  event.preventDefault();
  const ratings = Array.from({length: given.cases}, (_, i) => ({
    useful: Number(form.elements["useful-" + (i + 1)].value),
    reasons: Number(form.elements["reasons-" + (i + 1)].value),
    act: form.elements["act-" + (i + 1)].value === "yes",
    comment: form.elements["comment-" + (i + 1)].value.trim(),
  }));
  const content = {review: given.review, name: form.elements.name.value.trim(), ratings};
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1) + "\n"], {type: "application/json"}));
  link.download = "review-ratings.json";
  link.click();
  document.getElementById("saved").hidden = false;
  document.getElementById("saved").focus();
});
