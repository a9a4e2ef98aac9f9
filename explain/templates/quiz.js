const given = JSON.parse(document.getElementById("given").textContent);
const form = document.getElementById("form");
const answer = number => form.elements["task-" + number].value;
form.addEventListener("submit", event => {
  event.preventDefault();
  const right = given.key.map((side, i) => answer(i + 1) === side);
  right.forEach((yes, i) => {
    document.getElementById("task-" + (i + 1)).disabled = true;
    const note = document.getElementById("note-" + (i + 1));
    note.textContent = (yes ? "Right" : "Not right") + ": the model takes it to be " + given.key[i] + " likely to be left.";
    note.hidden = false;
  });
  document.getElementById("check").disabled = true;
  document.getElementById("verdict").textContent = given.verdicts[right.filter(yes => yes).length];
  document.getElementById("result").hidden = false;
  document.getElementById("result").focus();
});
document.getElementById("save").addEventListener("click", () => {
  const answers = given.key.map((_, i) => answer(i + 1));
  const text = JSON.stringify({quiz: given.quiz, name: form.elements.name.value.trim(), answers}, null, 1) + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  link.download = "quiz-answers.json";
  link.click();
});
