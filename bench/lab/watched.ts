// Loaded into a program that is not ours (`--import`): it answers what it used.
import { answerQuestions, watchUsage } from './answering.ts';

answerQuestions('', { usage: watchUsage() });
