export { answerInTasks } from "./answer-in-tasks.js";
export { passesInTasks } from "./passes-in-tasks.js";
